"""Figures by cells: the same folded or not, to the second, and on the units of any date (test_figures_by_sql.py recounts them)."""

from collections import Counter
from datetime import date

import pytest
from django.db.models import Sum
from django.utils import timezone

from boundaries.models import Unit
from insights.figures.check import check
from insights.figures.fold import fold
from insights.figures.measures import CRITERION, mean_with_interval, percentiles, wilson
from insights.figures.question import Question
from insights.figures.read import Span
from insights.figures.table import ranks, rate, table
from insights.filters import start_of
from insights.models import FigureCell, FigureCellOfAll, FigureCellOfSpan
from insights.tests.dense import make_dense
from reports.models import Report
from reports.rating_models import Score
from reports.services import Filing, file_report
from reports.workflow import Status

pytestmark = pytest.mark.django_db


@pytest.fixture
def dense(province, commune_a, commune_b, body_a, body_b, pothole, law, officials, criteria):
    """The dense database."""
    return make_dense(province, [commune_a, commune_b], [body_a, body_b], [pothole, law, officials], criteria)


def test_satisfaction_and_transfers_are_the_same_folded_or_not(dense, criteria):
    def told():
        answer = table(Question(("authority",)))
        return [(row.labels, dict(row.sums.spreads)) for row in answer.rows]

    before = told()
    while fold():
        pass
    assert told() == before
    totals = table(Question(("month",))).totals.sums
    for criterion in criteria:
        by_hand = Counter(Score.objects.filter(criterion=criterion).values_list("value", flat=True))
        assert totals.spreads[CRITERION + criterion.pk][:5] == [by_hand[value] for value in range(1, 6)]


def test_what_changes_is_counted_at_once_although_its_slice_was_folded(dense, pothole, spot_a, portal):
    while fold():
        pass
    assert FigureCell.objects.exists()
    before = table(Question()).totals.sums
    report = Report.objects.filter(status=Status.NEW).exclude(unit=None).first()
    Report.objects.filter(pk=report.pk).update(unit=None, method="none")  # as by hand in the database
    file_report(Filing(location=spot_a, category=pothole, description="Ổ gà"))
    after = table(Question())
    outside = next(row for row in after.rows if row.labels[0].code is None)
    assert after.totals.sums["received"] == before["received"] + 1
    assert outside.sums["received"] == Report.objects.filter(unit=None).count()
    Score.objects.update(value=5)
    assert {
        len([n for n in counts[:4] if n]) for measure, counts in table(Question()).totals.sums.spreads.items() if measure > CRITERION
    } == {0}


def test_the_same_reports_by_old_districts_and_by_new_communes(dense):
    old = table(Question(on=Unit.objects.get(code="910").valid_from, level="district"))
    new = table(Question(on=timezone.localdate()))
    assert {row.labels[0].code for row in old.rows} == {"910", "920", None}
    assert {row.labels[0].code for row in new.rows} == {"90001", "90002", None}
    assert old.totals.sums["received"] == new.totals.sums["received"] == Report.objects.count()
    district = next(row for row in old.rows if row.labels[0].code == "910")
    assert district.sums["received"] == Report.objects.filter(places__unit__parent__code="910").distinct().count()


def test_counts_that_were_tampered_with_are_found_and_shown_in_no_figure(dense):
    while fold():
        pass
    assert check() == []
    cell = FigureCellOfAll.objects.order_by("pk").first()
    FigureCellOfAll.objects.filter(pk=cell.pk).update(reports=cell.reports + 1)
    assert table(Question()).totals.sums["received"] == Report.objects.count() + 1
    assert check() == [(cell.month, cell.unit)]
    assert table(Question()).totals.sums["received"] == Report.objects.count()


@pytest.mark.parametrize("first", [None, "2022-01-01", "2022-04-01", "2022-11-01", "2023-12-01"])
@pytest.mark.parametrize("end", [None, "2022-12-01", "2024-01-01", "2024-02-01", "2025-07-01"])
def test_each_month_of_a_period_lies_in_one_year_quarter_or_month_of_its_pieces(first, end):
    start, stop = (start_of(date.fromisoformat(day)) if day else None for day in (first, end))
    span = Span.of(Question(since=start, until=stop))
    months = [date(year, month, 1) for year in range(2020, 2028) for month in range(1, 13)]
    held = Counter()
    for size, begin, over in span.pieces:
        begins = [
            month for month in months if (month.month - 1) % size == 0 and (not begin or month >= begin) and (not over or month < over)
        ]
        held.update(months[place + step] for month in begins for place in [months.index(month)] for step in range(size))
    inside = [month for month in months if (not first or month.isoformat() >= first) and (not end or month.isoformat() < end)]
    assert held == Counter(inside)
    assert len(span.pieces) <= 5


def test_years_and_quarters_of_a_slice_are_added_up_anew_with_it(dense, pothole):
    """And those that hold something else are found, their slices counted anew."""
    while fold():
        pass
    asked = Question(("unit", "category"))
    before = table(asked)
    assert FigureCellOfSpan.objects.filter(months=12).aggregate(n=Sum("reports"))["n"] == Report.objects.count()
    Report.objects.filter(pk__in=Report.objects.order_by("pk").values("pk")[:20]).update(category=pothole)
    changed = table(asked)
    assert changed.rows != before.rows
    assert fold()
    assert table(asked) == changed
    assert check() == []
    FigureCellOfSpan.objects.filter(pk=FigureCellOfSpan.objects.filter(months=12).values("pk")[:1]).update(reports=99)
    assert check()
    assert fold()
    assert table(asked) == changed


def test_percentiles_lie_within_their_step_and_small_numbers_say_nothing():
    assert percentiles([0, 10], (0.5, 0.9)) == [1.5, 1.9]
    assert percentiles([1] * 20, (0.9, 0.95, 1)) == [90, 180, 180]
    assert percentiles([0, 0], (0.5,)) == percentiles([], (0.5,)) == [None]
    assert wilson(0, 0) is None
    low, high = wilson(10, 10)
    assert (round(low, 3), high) == (0.722, 1.0)
    assert mean_with_interval([0, 0, 0, 0, 1]) is None
    assert mean_with_interval([0, 0, 0, 0, 9]) == (5, 5, 5)


def test_nobody_is_ranked_on_few_cases(dense, settings):
    settings.RANKED_FROM = 10_000
    rows = table(Question()).rows
    assert ranks(rows, "resolution") == {}
    settings.RANKED_FROM = 10
    rows = table(Question(on=timezone.localdate())).rows
    placed = ranks(rows, "resolution")
    assert sorted(placed.values()) == [1, 2]
    best = min(placed, key=placed.get)
    assert rate(rows[best].sums, "resolution").share == max(rate(row.sums, "resolution").share for row in rows if row.labels[0].code)
