"""By when who has to act: deadlines per category and body, and the days that are worked otherwise than the calendar says."""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from authorities.models import Body, Category
from authorities.querysets import DeadlineRuleQuerySet

MOST_DAYS = 366


class DayChange(models.Model):
    """A day on which people work although the calendar says otherwise, or do not: a swapped day, a mourning, a storm."""

    day = models.DateField(_("day"), unique=True)
    works = models.BooleanField(
        _("working day"), default=False, help_text=_("Ticked: a weekend or holiday that is worked. Not ticked: a day off.")
    )
    note = models.CharField(_("reason or source"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("changed working day")
        verbose_name_plural = _("changed working days")
        ordering = ["-day"]

    def __str__(self) -> str:
        return f"{self.day}"


class Stage(models.TextChoices):
    """What a deadline is for: the whole report, or the step that comes next."""

    WHOLE = "whole", _("the whole report")
    ACCEPT = "accept", _("acceptance")
    SURVEY = "survey", _("beginning the survey or the work")
    REPLY = "reply", _("the reply")
    APPROVAL = "approval", _("approval of the reply")
    ANSWER = "answer", _("the reporter's answer")


class Measure(models.TextChoices):
    """How a deadline is counted."""

    HOURS = "hours", _("working hours")
    DAYS = "days", _("working days")


class DeadlineRule(models.Model):
    """How long something may take, of one category and body or of all; the most specific rule of the day wins."""

    stage = models.CharField(_("deadline for"), max_length=10, choices=Stage.choices)
    category = models.ForeignKey(
        Category,
        verbose_name=_("category"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="deadlines",
        help_text=_("Empty: every category"),
    )
    body = models.ForeignKey(
        Body,
        verbose_name=_("body"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="deadlines",
        help_text=_("Empty: every body"),
    )
    amount = models.PositiveSmallIntegerField(_("amount"))
    amount_in_danger = models.PositiveSmallIntegerField(
        _("amount where people are in danger"), null=True, blank=True, help_text=_("Empty: the same")
    )
    measure = models.CharField(
        _("counted in"),
        max_length=10,
        choices=Measure.choices,
        default=Measure.DAYS,
        help_text=_("Days end with the working day; the day on which they begin does not count."),
    )
    validity = DateRangeField(_("in force"), help_text=_("The upper date is the first day on which it no longer held."))
    note = models.CharField(_("reason or source"), max_length=300, blank=True)
    code = models.SlugField(
        _("code"), max_length=100, blank=True, editable=False, help_text=_("Set by load_authorities; empty for rules that were made here")
    )

    objects = DeadlineRuleQuerySet.as_manager()

    class Meta:
        verbose_name = _("deadline")
        verbose_name_plural = _("deadlines")
        ordering = ["stage", F("category").asc(nulls_first=True), F("body").asc(nulls_first=True), "validity"]
        constraints = [
            CheckConstraint(condition=Q(stage__in=Stage.values), name="deadline_stage_is_known"),
            CheckConstraint(condition=Q(measure__in=Measure.values), name="deadline_measure_is_known"),
            CheckConstraint(
                condition=Q(amount__range=(1, MOST_DAYS)),
                name="deadline_leaves_time",
                violation_error_message=_("Give a number from 1 to 366."),
            ),
            CheckConstraint(
                condition=Q(amount_in_danger=None) | Q(amount_in_danger__gte=1, amount_in_danger__lte=F("amount")),
                name="deadline_is_no_longer_in_danger",
                violation_error_message=_("Danger can only shorten a deadline."),
            ),
            CheckConstraint(condition=Q(validity__isempty=False), name="deadline_held_some_day"),
            UniqueConstraint(fields=["code"], condition=~Q(code=""), name="deadline_of_the_files_once"),
            ExclusionConstraint(
                name="deadline_once_at_a_time",
                expressions=[
                    ("stage", RangeOperators.EQUAL),
                    (Coalesce("category", Value(0)), RangeOperators.EQUAL),
                    (Coalesce("body", Value(0)), RangeOperators.EQUAL),
                    ("validity", RangeOperators.OVERLAPS),
                ],
                violation_error_message=_("There is such a deadline in that period already."),
            ),
        ]

    def __str__(self) -> str:
        what = self.category.label if self.category else _("every category")
        who = self.body.name if self.body else _("every body")
        return f"{self.get_stage_display()} · {what} · {who}: {self.in_words()}"

    def in_words(self, *, in_danger: bool = False) -> str:
        """How long: "8 working hours"."""
        count = (in_danger and self.amount_in_danger) or self.amount
        if self.measure == Measure.HOURS:
            return ngettext("%(count)d working hour", "%(count)d working hours", count) % {"count": count}
        return ngettext("%(count)d working day", "%(count)d working days", count) % {"count": count}
