"""Counts of reports by slice, a month of filing (Asia/Ho_Chi_Minh) in one unit: what the figures are added up from (docs/adr/0021-figures.md).

A slice is exactly what the reports say as long as no line of `FigureChange` names it; else it is counted anew from the reports themselves. The
tables hold plain numbers, no foreign keys: they are thrown away and made again. A unit of 0 stands for no unit.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import UniqueConstraint
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User


class FigurePlace(models.Model):
    """The units of all editions in which some reports lie, sorted: as many as there are pieces of territory between all borders of all dates."""

    units = ArrayField(models.BigIntegerField())

    class Meta:
        constraints = [UniqueConstraint(fields=["units"], name="figure_place_once")]


class Slice(models.Model):
    """What every line of the figures is counted by."""

    month = models.DateField()
    unit = models.BigIntegerField(db_column="unit_id")
    place = models.IntegerField(db_column="place_id")
    authority = models.BigIntegerField(db_column="authority_id")
    category = models.BigIntegerField(db_column="category_id")
    status = models.CharField(max_length=15)

    class Meta:
        abstract = True


class Cell(Slice):
    """How many reports there are of one kind; `due` is the first day of the month of the due date while they are open."""

    published = models.BooleanField()
    due = models.DateField(null=True)
    reports = models.IntegerField()
    split = models.IntegerField()
    reopened = models.IntegerField()
    transferred = models.IntegerField()
    dated = models.IntegerField(help_text="Resolved, with a due date")
    on_time = models.IntegerField(help_text="Of those, resolved by it")

    class Meta:
        abstract = True


class Spread(Slice):
    """How often each size occurs of something that is measured (figures/measures.py): days of a step, scores of a criterion."""

    measure = models.IntegerField()
    # A column for each bucket: PostgreSQL adds columns up three times as fast as elements of arrays
    b1 = models.IntegerField()
    b2 = models.IntegerField()
    b3 = models.IntegerField()
    b4 = models.IntegerField()
    b5 = models.IntegerField()
    b6 = models.IntegerField()
    b7 = models.IntegerField()
    b8 = models.IntegerField()
    b9 = models.IntegerField()
    b10 = models.IntegerField()
    b11 = models.IntegerField()
    b12 = models.IntegerField()
    b13 = models.IntegerField()
    b14 = models.IntegerField()
    b15 = models.IntegerField()
    b16 = models.IntegerField()
    b17 = models.IntegerField()
    b18 = models.IntegerField()
    b19 = models.IntegerField()
    b20 = models.IntegerField()

    class Meta:
        abstract = True


class FigureCell(Cell):
    """By category too."""

    class Meta:
        indexes = [
            models.Index(fields=["month", "unit"], name="figure_cell_of_slice"),
            models.Index(fields=["category", "month"], name="figure_cell_of_category"),
        ]


class FigureCellOfAll(Cell):
    """Of all categories together (category 0), but those that are never public: a tenth of the lines, for whoever asks for no category."""

    class Meta:
        indexes = [models.Index(fields=["month", "unit"], name="figure_cell_of_all_of_slice")]


class FigureCellOfMonth(Cell):
    """Of all units and bodies together (0), by category: the sums of FigureCell by month, for whoever asks for no unit and no body.

    What of it has changed since is taken off as FigureCell holds it, and counted from the reports.
    """

    class Meta:
        indexes = [models.Index(fields=["month"], name="figure_cell_of_month")]


class FigureCellOfSpan(Cell):
    """The sums of FigureCell by unit over a quarter or a year, for whoever asks for categories of units over a long time; of what has changed since
    as in FigureCellOfMonth.
    """

    months = models.SmallIntegerField(help_text="3 or 12, from `month` on")

    class Meta:
        indexes = [
            models.Index(fields=["months", "month", "unit"], name="figure_cell_of_span"),
            models.Index(fields=["category", "months", "month"], name="figure_cell_span_of_category"),
        ]


class FigureSpread(Spread):
    """By category too."""

    class Meta:
        indexes = [
            models.Index(fields=["month", "unit"], name="figure_spread_of_slice"),
            models.Index(fields=["category", "month"], name="figure_spread_of_category"),
        ]


class FigureSpreadOfAll(Spread):
    """Of all categories together, as FigureCellOfAll."""

    class Meta:
        indexes = [models.Index(fields=["month", "unit"], name="figure_spread_of_all_of_slice")]


class FigureSpreadOfMonth(Spread):
    """Of all units and bodies together, as FigureCellOfMonth."""

    class Meta:
        indexes = [models.Index(fields=["month"], name="figure_spread_of_month")]


class FigureSpreadOfSpan(Spread):
    """The sums of FigureSpread by unit over a quarter or a year, as FigureCellOfSpan."""

    months = models.SmallIntegerField(help_text="3 or 12, from `month` on")

    class Meta:
        indexes = [
            models.Index(fields=["months", "month", "unit"], name="figure_spread_of_span"),
            models.Index(fields=["category", "months", "month"], name="figure_spread_span_of_category"),
        ]


class FigureFact(Slice):
    """All that the figures say of one report, a line of its slice like the others: for the parts of months with which a period begins and ends.

    A report that has left a slice may have two lines for a moment; that slice is named as changed, and its lines are not read.
    """

    report = models.BigIntegerField(db_column="report_id")
    filed_at = models.DateTimeField()
    published = models.BooleanField()
    due = models.DateField(null=True)
    split = models.SmallIntegerField()
    reopened = models.SmallIntegerField()
    transferred = models.SmallIntegerField()
    dated = models.SmallIntegerField()
    on_time = models.SmallIntegerField()
    # The bucket of each step (figures/measures.py), none where it did not happen
    m1 = models.SmallIntegerField(null=True)
    m2 = models.SmallIntegerField(null=True)
    m3 = models.SmallIntegerField(null=True)
    m4 = models.SmallIntegerField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["filed_at"], name="figure_fact_by_time"),
            models.Index(fields=["month", "unit"], name="figure_fact_of_slice"),
        ]


class FigureOpinion(Slice):
    """One score, one rating, one side of a transfer, by the body that it is about: as FigureFact, for parts of months."""

    filed_at = models.DateTimeField(help_text="When its report was")
    measure = models.IntegerField()
    bucket = models.SmallIntegerField()

    class Meta:
        indexes = [
            models.Index(fields=["filed_at"], name="figure_opinion_by_time"),
            models.Index(fields=["month", "unit"], name="figure_opinion_of_slice"),
        ]


class FigureChange(models.Model):
    """That something of a slice changed since it was counted: appended by triggers in the transaction of the change, so it waits for nobody."""

    month = models.DateField()
    unit = models.BigIntegerField(db_column="unit_id")


class FigureReport(models.Model):
    """That somebody wants the figures of his or her bodies by e-mail, as a PDF, each week or month."""

    class Every(models.TextChoices):
        WEEK = "week", _("every week, on Monday")
        MONTH = "month", _("every month, on the first")

    person = models.OneToOneField(User, on_delete=models.CASCADE, related_name="figure_report")
    every = models.CharField(_("how often"), max_length=5, choices=Every.choices, default=Every.MONTH)
    told_until = models.DateField(default=timezone.localdate, help_text="The period of the last mail ended before this day")

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(every__in=["week", "month"]), name="figure_report_every_is_known")]
