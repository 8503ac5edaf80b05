"""What a survey on the spot asks, as an administrator sets it."""

from __future__ import annotations

from django.db import models
from django.db.models import CheckConstraint, Q
from django.utils.translation import gettext_lazy as _

from authorities.languages import NamedInBothLanguages, reads_english
from authorities.models import Category
from authorities.querysets import SurveyFieldQuerySet


class SurveyField(NamedInBothLanguages, models.Model):
    """One thing that a survey on the spot finds out, of one category or of all."""

    class Kind(models.TextChoices):
        NUMBER = "number", _("number")
        CHOICE = "choice", _("choice")
        TEXT = "text", _("text")
        YES_NO = "yes_no", _("yes or no")

    code = models.SlugField(_("code"), max_length=60, unique=True)
    category = models.ForeignKey(
        Category,
        verbose_name=_("category"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="survey_fields",
        help_text=_("Empty: every category"),
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    name = models.CharField(_("name"), max_length=100)
    name_en = models.CharField(_("name in English"), max_length=100)
    unit = models.CharField(_("unit of measurement"), max_length=20, blank=True, help_text=_("Of a number: m, cm, đồng"))
    lowest = models.FloatField(_("lowest"), null=True, blank=True)
    highest = models.FloatField(_("highest"), null=True, blank=True)
    choices = models.TextField(_("choices"), blank=True, help_text=_("One a line: Vietnamese | English"))
    required = models.BooleanField(_("must be filled in"), default=False)
    position = models.PositiveSmallIntegerField(_("position"), default=100)

    objects = SurveyFieldQuerySet.as_manager()

    class Meta:
        verbose_name = _("field of surveys")
        verbose_name_plural = _("fields of surveys")
        ordering = ["position", "code"]
        constraints = [
            CheckConstraint(condition=Q(kind__in=["number", "choice", "text", "yes_no"]), name="survey_field_kind_is_known"),
            CheckConstraint(
                condition=(Q(kind="choice") & ~Q(choices="")) | (~Q(kind="choice") & Q(choices="")),
                name="survey_field_has_choices_iff_it_is_a_choice",
                violation_error_message=_("Give choices for a choice, and for nothing else."),
            ),
            CheckConstraint(
                condition=Q(kind="number") | Q(unit="", lowest__isnull=True, highest__isnull=True),
                name="survey_field_only_numbers_are_measured",
                violation_error_message=_("Only a number has a unit and limits."),
            ),
            CheckConstraint(
                condition=Q(lowest__isnull=True) | Q(highest__isnull=True) | Q(lowest__lte=models.F("highest")),
                name="survey_field_lowest_is_not_above_highest",
                violation_error_message=_("The lowest is above the highest."),
            ),
        ]

    @property
    def both_choices(self) -> list[tuple[str, str]]:
        """The choices in Vietnamese and English; the same word twice where there is only one."""
        pairs = [line.partition("|") for line in self.choices.splitlines() if line.strip()]
        return [(first.strip(), second.strip() or first.strip()) for first, _bar, second in pairs]

    @property
    def shown_choices(self) -> list[tuple[str, str]]:
        """The choices as they are kept, in Vietnamese, and as the reader reads them."""
        english = reads_english()
        return [(first, second if english else first) for first, second in self.both_choices]
