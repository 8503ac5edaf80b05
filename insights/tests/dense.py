"""A small database in which every filter finds something: 240 reports in all states, before and after a merger, rated, transferred, reopened."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta

from django.contrib.gis.geos import Point
from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from authorities.models import ReturnReason
from boundaries.models import Unit
from boundaries.tests.factories import MERGER, DistrictFactory, EditionFactory, UnitFactory
from reports.case_models import Split, Transfer
from reports.codes import new_code
from reports.models import Reply, Report, ReportEvent, ReportPlace
from reports.rating_models import Rating, Score
from reports.workflow import CLOSED, Status

NUMBER = 240
BEGIN = datetime(2025, 3, 20, tzinfo=timezone.get_default_timezone())


def old_units(province):
    """Two districts of two communes each, in force until the merger."""
    edition = EditionFactory(name="Cũ", valid_from=date(2020, 1, 1), valid_to=MERGER)
    span = {"valid_from": date(2020, 1, 1), "valid_to": MERGER, "edition": edition}
    districts = [DistrictFactory(code=f"9{place}0", name=f"Huyện {place}", parent=province, **span) for place in (1, 2)]
    return [UnitFactory(code=f"9{place:04d}", name=f"Xã cũ {place}", parent=districts[place // 3], **span) for place in (1, 2, 3, 4)]


def make_dense(province, communes, bodies, categories, criteria, seed=7):
    """Writes them by bulk; returns the old communes."""
    chance = random.Random(seed)
    Unit.objects.filter(pk__in=[unit.pk for unit in communes]).update(validity=DateRange(MERGER, None))
    olds = old_units(province)
    reason = ReturnReason.objects.create(code="dense", name="r", name_en="r", channel="c", channel_en="c")
    spot = Point(105.05, 9.05, srid=4326)
    rows = []
    for _ in range(NUMBER):
        unit, body = chance.choice([*zip(communes, bodies, strict=True), (None, bodies[0])])
        status = chance.choice([*(status for status in Status if status != Status.DUPLICATE), *[Status.RESOLVED] * 4])
        filed = BEGIN + timedelta(minutes=chance.randrange(200 * 24 * 60))
        filed = chance.choice([filed, filed, filed, filed.replace(day=1, hour=0, minute=0)])  # a month's first moment
        closed = filed + timedelta(hours=chance.choice([3, 30, 100, 400, 5000])) if status in CLOSED else None
        rows.append(
            Report(
                code=new_code(), category=chance.choice(categories), description="Ổ gà", location=spot, location_at_filing=spot, unit=unit,
                unit_at_filing=unit, method="inside" if unit else "none", authority=body, status=status, filed_at=filed, closed_at=closed,
                due_at=chance.choice([None, filed + timedelta(days=7), timezone.now() + timedelta(hours=chance.randint(-3, 3))]),
                authority_at_closing=body if closed else None, published_at=chance.choice([None, filed, filed]),
                return_reason=reason if status == Status.RETURNED else None,
            )
        )  # fmt: skip
    for row in rows:
        if row.status == Status.WAITING:
            row.due_at = None
    last = rows[-1]  # so young that nobody can have answered
    last.status, last.closed_at, last.authority_at_closing, last.return_reason = Status.NEW, None, None, None
    last.filed_at = timezone.now() - timedelta(hours=1)
    reports = Report.objects.bulk_create(rows)
    for report in reports[5:240:12]:
        Report.objects.filter(pk=report.pk).update(
            status="duplicate",
            duplicate_of=reports[0],
            return_reason=None,
            closed_at=report.filed_at,
            authority_at_closing=report.authority,
        )
    places = []
    for report in reports:
        old = chance.choice([*olds, None])
        for unit, edition in ((report.unit, communes[0].edition), (old, olds[0].edition)):
            places.append(ReportPlace(report=report, edition=edition, unit=unit, method="inside" if unit else "none"))
    ReportPlace.objects.bulk_create(places)
    events = []
    for report in Report.objects.all():
        at, before = report.filed_at, "new"
        for kind, after in (("accept", "accepted"), ("draft_reply", "reply_review"), ("reopen", "accepted"))[: chance.randint(0, 3)]:
            at += timedelta(hours=chance.choice([1, 20, 80, 300]))
            events.append(ReportEvent(report=report, at=at, kind=kind, status_before=before, status_after=after, number=0))
            before = after
    for event in events:
        event.save()
    Transfer.objects.bulk_create(
        Transfer(report=report, from_body=a, to_body=b, how="portal", at=report.filed_at, answered_at=report.filed_at, outcome=outcome)
        for report in chance.sample(reports, 40)
        for a, b, outcome in [(bodies[0], bodies[1], "accepted"), (bodies[1], bodies[0], chance.choice(["refused", "accepted"]))]
    )
    Split.objects.bulk_create(Split(report=one, original=other) for one, other in zip(reports[10:20], reports[30:40], strict=True))
    replies = Reply.objects.bulk_create(
        Reply(report=report, body=chance.choice(bodies), text="Xong", published_at=report.filed_at) for report in chance.sample(reports, 80)
    )
    ratings = Rating.objects.bulk_create(Rating(reply=reply) for reply in replies)
    Score.objects.bulk_create(
        Score(rating=rating, criterion=criterion, value=chance.randint(1, 5)) for rating in ratings for criterion in criteria
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # as in a database that has stood for a minute: without it some plans take long
    return olds


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
