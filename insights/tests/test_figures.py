"""Figures by cells: over many filters the same as a count of the reports, whatever has been folded, and to the second."""

import random
from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from boundaries.models import Unit
from insights.figures.check import check
from insights.figures.fold import fold
from insights.figures.measures import CRITERION, EDGES, Measure, mean_with_interval, percentile, wilson
from insights.figures.question import Question
from insights.figures.read import COUNTS, PARTS
from insights.figures.table import ranks, rate, table
from insights.models import FigureCell, FigureCellOfAll
from insights.tests.dense import BEGIN, make_dense
from reports.models import Report, ReportEvent, ReportPlace
from reports.rating_models import Score
from reports.services import Filing, file_report
from reports.workflow import CLOSED, Status

pytestmark = pytest.mark.django_db


@pytest.fixture
def dense(province, commune_a, commune_b, body_a, body_b, pothole, law, officials, criteria):
    """The dense database."""
    return make_dense(province, [commune_a, commune_b], [body_a, body_b], [pothole, law, officials], criteria)


def random_filter(chance):
    """The parameters of a question; some choose nothing."""
    days = sorted(BEGIN + timedelta(days=chance.randint(-5, 210), hours=chance.choice([0, 0, 0, 13])) for _ in range(2))
    days = [chance.choice([day, day.replace(day=1, hour=0)]) for day in days]
    asked = {
        "group": chance.choice(["unit", "authority", "category", "month"]),
        "by": chance.choice(["", "", "", "unit", "category", "month"]),
        "since": chance.choice(["", days[0].isoformat()]),
        "until": chance.choice(["", days[1].isoformat()]),
        "category": chance.choice(["", "", "pothole", "law,officials", "nothing"]),
        "status": chance.choice(["", "", "open", "closed", "resolved", "new,returned"]),
        "authority": chance.choice(["", "", "ubnd-an-lac", "ubnd-binh-yen,ubnd-an-lac"]),
        "on_units_of": chance.choice(["", "", "2025-06-30", "2025-07-01"]),
        "level": chance.choice(["", "", "district", "province"]),
        "unit": chance.choice(["", "", "", "90001", "90"]),
    }
    if chance.random() < 0.2:
        asked |= {"unit": chance.choice(["910", "90003"]), "on": "2025-06-30"}
    return {name: value for name, value in asked.items() if value}


def loaded():
    """All reports with what a count by hand needs."""
    places = {}
    for place in ReportPlace.objects.filter(unit__isnull=False).select_related("unit__parent__parent"):
        places.setdefault(place.report_id, []).append(place.unit)
    events = {}
    for event in ReportEvent.objects.order_by("at"):
        events.setdefault(event.report_id, []).append(event)
    reports = list(Report.objects.select_related("unit__parent__parent", "authority", "category").prefetch_related("transfers"))
    split = set(Report.objects.filter(split_from__isnull=False).values_list("pk", flat=True))
    return [(report, places.get(report.pk, []), events.get(report.pk, []), report.pk in split) for report in reports]


def recounted(question, lines, now):
    """The counts by labels, one report after another."""
    found = {}
    for report, places, events, split in lines:
        if question.categories is not None and report.category_id not in question.categories:
            continue
        if question.statuses is not None and report.status not in question.statuses:
            continue
        if question.bodies is not None and report.authority_id not in question.bodies:
            continue
        if question.units is not None and not any(unit.pk in question.units for unit in places):
            continue
        if (question.since and report.filed_at < question.since) or (question.until and report.filed_at >= question.until):
            continue
        then = report.unit
        if question.on:
            then = next((unit for unit in places if unit.in_force_on(question.on)), None)
        line = [then, *then.ancestors()] if then else []
        unit = next((other for other in line if other.level == question.level), then)
        keys = {
            "unit": unit.code if unit else None,
            "authority": report.authority.code,
            "category": report.category.code,
            "month": f"{timezone.localtime(report.filed_at):%Y-%m}",
        }
        own = found.setdefault(tuple(keys[group] for group in question.groups), Counter())
        own["received"] += 1
        own[report.status if report.status in CLOSED else "open"] += 1
        own["received_by_split"] += split
        own["not_public"] += not report.is_public
        own["overdue"] += report.is_overdue(now)
        own["reopened"] += any(event.kind == "reopen" for event in events)
        own["transferred"] += sum(transfer.outcome == "accepted" for transfer in report.transfers.all())
        own["dated"] += report.status == "resolved" and report.due_at is not None
        own["on_time"] += report.status == "resolved" and report.due_at is not None and report.closed_at <= report.due_at
        answered = next((event.at for event in events if event.status_after not in ("", "new", "triage")), None)
        if answered:
            days = (answered - report.filed_at).total_seconds() / 86400
            own["response", sum(days >= edge for edge in EDGES)] += 1
        if report.status == "resolved":
            own["whole", sum((report.closed_at - report.filed_at).total_seconds() / 86400 >= edge for edge in EDGES)] += 1
        own["not_yet_answered"] += report.status in ("new", "triage") and report.filed_at >= now - timedelta(days=3)
    return found


def read_back(row):
    """What `recounted` counts, from a row."""
    counts = {name: row.sums[name] for name in COUNTS}
    for measure, name in ((Measure.RESPONSE, "response"), (Measure.WHOLE, "whole")):
        counts |= {(name, place): number for place, number in enumerate(row.sums.spreads.get(measure, []), 1)}
    return {name: number for name, number in counts.items() if number}


@pytest.mark.parametrize(("seed", "filters", "folded"), [(1, 100, 0), (2, 150, 5), (3, 375, 999), (4, 375, 999)])
def test_over_a_thousand_random_filters_the_figures_are_those_of_a_count_one_by_one(dense, seed, filters, folded):
    """Nothing folded, some slices, all: four parts, so that processes share them."""
    chance, now, lines = random.Random(seed), timezone.now(), loaded()
    if folded:
        fold(folded)
    seen = 0
    for _ in range(filters):
        asked = random_filter(chance)
        question = Question.of(asked)
        answer = table(question, now)
        expected = {key: {name: count for name, count in own.items() if count} for key, own in recounted(question, lines, now).items()}
        # A row without a report: of a body that passed something on, or gave an answer to what another has now
        found = {tuple(label.code for label in row.labels): read_back(row) for row in answer.rows if row.sums["received"]}
        assert found == expected, asked
        for row in [*answer.rows, answer.totals]:
            assert row.sums["received"] == sum(row.sums[part] for part in PARTS)
        seen += len(found)
    assert seen > filters


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


def test_percentiles_lie_within_their_step_and_small_numbers_say_nothing():
    assert percentile([0, 10], 0.5) == 1.5
    assert percentile([1] * 20, 0.9) == 90
    assert percentile([], 0.5) is None
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
