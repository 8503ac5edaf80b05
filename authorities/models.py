"""Who is responsible: bodies and their territory, the people who work for them, categories, and the rules that bring them together."""

import secrets

from django.contrib.gis.db import models
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.core.exceptions import ValidationError
from django.db.models import CheckConstraint, Q, UniqueConstraint
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from authorities.languages import NamedInBothLanguages, in_readers_language
from authorities.querysets import (
    DEPTH,
    BodyQuerySet,
    CategoryQuerySet,
    CriterionQuerySet,
    MembershipQuerySet,
    RuleQuerySet,
)
from boundaries.models import Level, Unit


def new_mark() -> int:
    """A number that was not there before."""
    return secrets.randbits(63)


class BodyKind(models.TextChoices):
    """What sort of body handles reports."""

    PROVINCE_COMMITTEE = "province_committee", _("provincial People's Committee")
    DISTRICT_COMMITTEE = "district_committee", _("district People's Committee")
    COMMUNE_COMMITTEE = "commune_committee", _("commune People's Committee")
    DEPARTMENT = "department", _("provincial department")
    POLICE = "police", _("police")
    UTILITY = "utility", _("utility")
    INSPECTORATE = "inspectorate", _("inspectorate")
    PORTAL = "portal", _("Portal")


class Approval(models.TextChoices):
    """Who reads a drafted reply before it is published."""

    PORTAL = "portal", _("the Portal")
    HEAD = "head", _("the body's head, or the Portal")
    NOBODY = "nobody", _("nobody: the body publishes its replies itself")


class Body(models.Model):
    """An authority that handles reports, as it stood over one period."""

    code = models.SlugField(_("code"), max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=200)
    kind = models.CharField(_("kind"), max_length=20, choices=BodyKind.choices)
    parent = models.ForeignKey(
        "self", verbose_name=_("superior body"), null=True, blank=True, on_delete=models.PROTECT, related_name="below"
    )
    validity = DateRangeField(_("in existence"), help_text=_("The upper date is the first day on which it no longer existed."))
    hotline = models.CharField(_("hotline"), max_length=30, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    address = models.CharField(_("address"), max_length=300, blank=True)
    website = models.URLField(_("website"), blank=True)
    approval = models.CharField(_("replies are approved by"), max_length=10, choices=Approval.choices, default=Approval.PORTAL)

    objects = BodyQuerySet.as_manager()

    class Meta:
        verbose_name = _("body")
        verbose_name_plural = _("bodies")
        constraints = [
            CheckConstraint(condition=Q(kind__in=BodyKind.values), name="body_kind_is_known"),
            CheckConstraint(condition=Q(approval__in=Approval.values), name="body_approval_is_known"),
            CheckConstraint(condition=Q(validity__isempty=False), name="body_existed_some_day"),
            CheckConstraint(condition=~Q(parent=models.F("id")), name="body_is_not_its_own_superior"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def publishes_itself(self) -> bool:
        """Whether its replies are public as soon as they are written."""
        return self.approval == Approval.NOBODY

    def clean(self) -> None:
        """A body must not stand above itself, nor deeper than the look-ups of those below reach."""
        above, depth = self.parent, 1
        while above is not None and depth <= DEPTH:
            if above.pk == self.pk:
                raise ValidationError({"parent": _("This body stands below the one that you edit.")})
            above, depth = above.parent, depth + 1
        if depth > DEPTH:
            raise ValidationError({"parent": _("Bodies stand at most four deep.")})


class Territory(models.Model):
    """A unit that a body covers, over a period."""

    body = models.ForeignKey(Body, verbose_name=_("body"), on_delete=models.CASCADE, related_name="territories")
    unit = models.ForeignKey(Unit, verbose_name=_("unit"), on_delete=models.PROTECT, related_name="territories")
    validity = DateRangeField(_("covered"), help_text=_("The upper date is the first day on which it no longer covered the unit."))

    class Meta:
        verbose_name = _("territory")
        verbose_name_plural = _("territories")
        constraints = [
            ExclusionConstraint(
                name="territory_unit_once_at_a_time_a_body",
                expressions=[("body", RangeOperators.EQUAL), ("unit", RangeOperators.EQUAL), ("validity", RangeOperators.OVERLAPS)],
                violation_error_message=_("The body covers this unit in that period already."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.body} – {self.unit}"


class BodySuccession(models.Model):
    """Which body took over from which, on a day."""

    old = models.ForeignKey(Body, verbose_name=_("former body"), on_delete=models.CASCADE, related_name="successions")
    new = models.ForeignKey(Body, verbose_name=_("successor"), on_delete=models.CASCADE, related_name="predecessions")
    on = models.DateField(_("on"))

    class Meta:
        verbose_name = _("succession of bodies")
        verbose_name_plural = _("successions of bodies")
        constraints = [UniqueConstraint(fields=["old", "new"], name="body_succession_once")]

    def __str__(self) -> str:
        return f"{self.old} → {self.new}"


class Role(models.TextChoices):
    """What somebody does for a body."""

    OFFICER = "officer", _("officer")
    HEAD = "head", _("head")
    COORDINATOR = "coordinator", _("coordinator")
    INSPECTOR = "inspector", _("inspector")
    LEADER = "leader", _("leader")
    PLANNER = "planner", _("planner")
    TEAM = "team", _("community digital team")


class Membership(models.Model):
    """Somebody's role in a body, over a period."""

    user = models.ForeignKey(User, verbose_name=_("person"), on_delete=models.CASCADE, related_name="memberships")
    body = models.ForeignKey(Body, verbose_name=_("body"), on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(_("role"), max_length=15, choices=Role.choices)
    validity = DateRangeField(_("in office"), help_text=_("The upper date is the first day on which it no longer held."))
    standing_in_for = models.ForeignKey(
        User,
        verbose_name=_("standing in for"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="stand_ins",
        help_text=_("During a leave: whose work this person does. Empty for an office of one's own."),
    )

    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            CheckConstraint(condition=Q(role__in=Role.values), name="membership_role_is_known"),
            CheckConstraint(
                condition=~Q(standing_in_for=models.F("user")),
                name="membership_nobody_stands_in_for_himself",
                violation_error_message=_("Nobody stands in for himself or herself."),
            ),
            ExclusionConstraint(
                name="membership_role_once_at_a_time",
                expressions=[
                    ("user", RangeOperators.EQUAL),
                    ("body", RangeOperators.EQUAL),
                    ("role", RangeOperators.EQUAL),
                    ("validity", RangeOperators.OVERLAPS),
                ],
                condition=Q(standing_in_for__isnull=True),
                violation_error_message=_("The person has this role in that period already."),
            ),
            ExclusionConstraint(
                name="membership_stand_in_once_at_a_time",
                expressions=[
                    ("user", RangeOperators.EQUAL),
                    ("body", RangeOperators.EQUAL),
                    ("role", RangeOperators.EQUAL),
                    ("standing_in_for", RangeOperators.EQUAL),
                    ("validity", RangeOperators.OVERLAPS),
                ],
                violation_error_message=_("The person stands in for that person in that period already."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} – {self.get_role_display()} – {self.body}"

    @property
    def top_id(self) -> int:
        """The body from which it reaches downwards: its own; a coordinator's, the superior of the Portal, and so the whole province."""
        return (self.role == Role.COORDINATOR and self.body.parent_id) or self.body_id


class Publication(models.TextChoices):
    """When a report of a category may be seen by all."""

    AT_ONCE = "at_once", _("at once")
    AFTER_A_LOOK = "after_a_look", _("after a look")
    NEVER = "never", _("never")


class Category(NamedInBothLanguages, models.Model):
    """What a report is about (lĩnh vực). Names are data in both languages, not messages."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=100)
    name_en = models.CharField(_("English name"), max_length=100)
    group = models.CharField(_("group"), max_length=100, blank=True)
    group_en = models.CharField(_("group in English"), max_length=100, blank=True)
    guidance = models.TextField(_("guidance"), blank=True, help_text=_("Said to the citizen before sending."))
    guidance_en = models.TextField(_("guidance in English"), blank=True)
    icon = models.SlugField(_("icon"), max_length=40, blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=100)
    in_scope = models.BooleanField(_("in scope"), default=True, help_text=_("Out of scope: shown with its guidance, and cannot be sent."))
    publication = models.CharField(_("publication"), max_length=15, choices=Publication.choices, default=Publication.AT_ONCE)
    about_officials = models.BooleanField(
        _("about officials"), default=False, help_text=_("Goes to the inspectorate, never to the body complained of.")
    )
    anonymous_allowed = models.BooleanField(_("may be anonymous"), default=False)
    days_to_answer = models.PositiveSmallIntegerField(_("working days to answer"), default=7)
    physical = models.BooleanField(
        _("repaired on the spot"),
        default=False,
        help_text=_("A reply that resolves it needs a photo of the spot after the work, or a reason why there is none."),
    )

    objects = CategoryQuerySet.as_manager()

    class Meta:
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        ordering = ["position", "code"]
        constraints = [
            CheckConstraint(condition=Q(publication__in=Publication.values), name="category_publication_is_known"),
            CheckConstraint(
                condition=Q(about_officials=False) | ~Q(publication="at_once"),
                name="category_about_officials_is_never_public_at_once",
                violation_error_message=_("Reports about officials are never published at once."),
            ),
            CheckConstraint(condition=Q(days_to_answer__gte=1), name="category_has_a_day_to_answer"),
        ]

    @property
    def group_label(self) -> str:
        """The group in the reader's language."""
        return in_readers_language(self, "group")

    @property
    def guidance_text(self) -> str:
        """The guidance in the reader's language."""
        return in_readers_language(self, "guidance")


class Rule(models.Model):
    """A responsibility rule: category × territory × level → body. The first that fits and leads to a body wins."""

    category = models.ForeignKey(
        Category,
        verbose_name=_("category"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="rules",
        help_text=_("Empty: every category"),
    )
    territory = models.ForeignKey(
        Unit,
        verbose_name=_("territory"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="rules",
        help_text=_("Holds in this unit and those below it. Empty: everywhere"),
    )
    level = models.CharField(
        _("level"), max_length=10, choices=Level.choices, blank=True, help_text=_("The level whose body is responsible")
    )
    body_kind = models.CharField(_("kind of body"), max_length=20, choices=BodyKind.choices, blank=True)
    body = models.ForeignKey(
        Body, verbose_name=_("body"), null=True, blank=True, on_delete=models.PROTECT, related_name="rules", help_text=_("One named body")
    )
    priority = models.PositiveSmallIntegerField(_("priority"), default=100, help_text=_("The lower number is asked first."))
    validity = DateRangeField(_("in force"), help_text=_("The upper date is the first day on which it no longer held."))
    note = models.CharField(_("reason or source"), max_length=300, blank=True)
    note_en = models.CharField(_("reason or source in English"), max_length=300, blank=True)
    code = models.SlugField(
        _("code"), max_length=150, blank=True, editable=False, help_text=_("Set by load_authorities; empty for rules that were made here")
    )

    objects = RuleQuerySet.as_manager()

    class Meta:
        verbose_name = _("responsibility rule")
        verbose_name_plural = _("responsibility rules")
        ordering = ["priority", "pk"]
        constraints = [
            CheckConstraint(
                condition=Q(body__isnull=False, body_kind="", level="")
                | Q(body__isnull=True, body_kind__in=BodyKind.values, level__in=Level.values),
                name="rule_names_a_body_or_a_kind_and_level",
                violation_error_message=_("Give either one body, or a kind of body and its level."),
            ),
            CheckConstraint(condition=Q(validity__isempty=False), name="rule_held_some_day"),
            UniqueConstraint(fields=["code"], condition=~Q(code=""), name="rule_of_the_files_once"),
        ]

    def __str__(self) -> str:
        what = self.category.label if self.category else _("every category")
        where = self.territory.name if self.territory else _("everywhere")
        who = self.body.name if self.body else f"{self.get_body_kind_display()} ({self.get_level_display()})"
        return f"{what} · {where} → {who}"


class ReturnReason(NamedInBothLanguages, models.Model):
    """Why a report may be returned, and the channel that is right for it."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("reason"), max_length=200)
    name_en = models.CharField(_("reason in English"), max_length=200)
    channel = models.TextField(_("right channel"))
    channel_en = models.TextField(_("right channel in English"))
    position = models.PositiveSmallIntegerField(_("position"), default=100)

    class Meta:
        verbose_name = _("reason for returning")
        verbose_name_plural = _("reasons for returning")
        ordering = ["position", "code"]

    @property
    def channel_text(self) -> str:
        """The right channel in the reader's language."""
        return in_readers_language(self, "channel")


class Criterion(NamedInBothLanguages, models.Model):
    """One thing on which reporters rate a body's answer, from 1 to 5, over the period in which it is asked."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=80)
    name_en = models.CharField(_("name in English"), max_length=80)
    question = models.CharField(_("question"), max_length=200)
    question_en = models.CharField(_("question in English"), max_length=200)
    position = models.PositiveSmallIntegerField(_("position"), default=100)
    validity = DateRangeField(_("asked"), help_text=_("The upper date is the first day on which it was no longer asked."))

    objects = CriterionQuerySet.as_manager()

    class Meta:
        verbose_name = _("criterion of ratings")
        verbose_name_plural = _("criteria of ratings")
        ordering = ["position", "code"]
        constraints = [CheckConstraint(condition=Q(validity__isempty=False), name="criterion_asked_some_day")]

    @property
    def question_text(self) -> str:
        """The question in the reader's language."""
        return in_readers_language(self, "question")

    @property
    def is_asked(self) -> bool:
        """Whether it is asked today."""
        return bool(timezone.localdate() in self.validity)


class SettingChange(models.Model):
    """A mark of a statement that changed what is asked at every filing (shelf.py); drawn by chance. A trigger writes it."""

    mark = models.BigIntegerField(default=new_mark)


import authorities.deadline_models  # noqa: E402  Django looks for models here
import authorities.survey_models  # noqa: E402, F401  and here
