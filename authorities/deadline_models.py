"""By when bodies have to act: days that are worked or not, otherwise than the calendar says."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


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
