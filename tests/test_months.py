"""Figures that reconcile: the first month of the real channel replayed through the services, and 200 random months counted by hand."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random

import pytest
from django.contrib.gis.geos import Point
from django.utils import timezone

from authorities.models import ReturnReason
from insights.figures.question import GROUPS, Question
from insights.figures.table import as_json, table
from reports.case_models import Transfer
from reports.codes import new_code
from reports.models import Report
from reports.services import Filing, Words, file_report, take_step
from reports.workflow import CLOSED, Status

pytestmark = pytest.mark.django_db
STATISTICS = "/api/v1/statistics/"
PARTS = ("open", "resolved", "returned", "duplicate", "withdrawn")
LAUNCH = datetime(2022, 7, 8, tzinfo=timezone.get_default_timezone())


@pytest.fixture
def reason(db):
    return ReturnReason.objects.create(
        code="procedure", name="Thủ tục hành chính", name_en="A procedure", channel="Bộ phận một cửa.", channel_en="The one-stop desk."
    )


def test_the_first_month_of_the_channel_comes_out_of_the_database_as_it_went(
    client, pothole, law, body_a, body_b, portal, spot_a, spot_b, binh, chi, diep, reason, an
):
    """115 reports: 75 resolved, 4 in progress, 36 returned as out of scope (domain.md)."""
    chance = Random(2022)
    fates = ["resolved"] * 75 + ["in progress"] * 4 + ["returned"] * 36
    chance.shuffle(fates)
    minutes = sorted(chance.sample(range(30 * 24 * 60), len(fates)))
    for fate, minute in zip(fates, minutes, strict=True):
        spot, officer = chance.choice([(spot_a, binh), (spot_b, chi)])
        filed_at = LAUNCH + timedelta(minutes=minute)
        filing = Filing(
            location=spot, category=chance.choice([pothole, law]), description="Nhiều ổ gà, ổ voi.", name=an.name, phone=an.phone
        )
        report = file_report(filing, at=filed_at)
        way = {
            "resolved": [("accept", officer), ("survey", officer), ("draft_reply", officer), ("publish_reply", diep)],
            "in progress": [("accept", officer), ("work", officer)],
            "returned": [("return", chance.choice([officer, diep]))],
        }[fate]
        for hours, (step, actor) in enumerate(way, start=1):
            words = Words(reply="Đã vá xong.", reason=reason if step == "return" else None)
            take_step(report.pk, step=step, actor=actor, words=words, at=filed_at + timedelta(hours=8 * hours))
    expected = {"received": 115, "resolved": 75, "open": 4, "returned": 36, "duplicate": 0, "withdrawn": 0}
    for group in GROUPS:
        answer = client.get(STATISTICS, {"group": group, "since": "2022-07-08", "until": "2022-08-07"}).json()
        assert {name: answer["totals"][name] for name in expected} == expected
        for row in [*answer["rows"], answer["totals"]]:
            assert row["received"] == sum(row[part] for part in PARTS)
        assert sum(row["received"] for row in answer["rows"]) == 115
    assert Report.objects.filter(status=Status.IN_PROGRESS).count() == 4
    for report in Report.objects.all():
        assert report.version == report.events.count()


def test_two_hundred_random_months_reconcile_with_a_count_by_hand(
    client, pothole, law, officials, body_a, body_b, commune_a, commune_b, reason
):
    chance = Random(200)
    first = datetime(2020, 1, 1, tzinfo=timezone.get_default_timezone())
    starts = [first.replace(year=2020 + month // 12, month=month % 12 + 1) for month in range(201)]
    places = [(commune_a, body_a), (commune_b, body_b), (None, body_b)]
    rows = []
    for start, end in pairwise(starts):
        for _ in range(chance.choice([0, 1, 2, 5, 13, 40])):
            filed = start + chance.random() * (end - start)
            # The last and the first minute of a month are where another time zone would count amiss
            filed = chance.choice([filed, filed, start, end - timedelta(minutes=1)])
            unit, body = chance.choice(places)
            status = chance.choice([status for status in Status if status != Status.DUPLICATE])
            closed = status in CLOSED
            category = chance.choice([pothole, law, officials])
            rows.append(
                Report(
                    code=new_code(), category=category, description="Ổ gà", location_at_filing=Point(105.05, 9.05, srid=4326),
                    location=Point(105.05, 9.05, srid=4326), unit_at_filing=unit, unit=unit, method="inside" if unit else "none", authority=body,
                    status=status, filed_at=filed, closed_at=filed + timedelta(days=3) if closed else None,
                    authority_at_closing=body if closed else None, published_at=chance.choice([None, filed]),
                    return_reason=reason if status == Status.RETURNED else None,
                )
            )  # fmt: skip
    reports = Report.objects.bulk_create(rows)
    for duplicate in chance.sample(reports, len(reports) // 10):
        Report.objects.filter(pk=duplicate.pk).update(
            status=Status.DUPLICATE, duplicate_of=reports[0] if duplicate != reports[0] else reports[1], return_reason=None,
            closed_at=duplicate.filed_at, authority_at_closing=duplicate.authority,
        )  # fmt: skip
    transfers = [
        Transfer(report=report, from_body=a, to_body=b, how="portal", at=report.filed_at, answered_at=report.filed_at, outcome=outcome)
        for report in chance.sample(reports, len(reports) // 8)
        for a, b, outcome in [(body_a, body_b, "accepted"), (body_b, body_a, "refused"), (body_b, body_a, "accepted")][
            : chance.randint(1, 3)
        ]
    ]
    Transfer.objects.bulk_create(transfers)
    done = [transfer for transfer in transfers if transfer.outcome == "accepted"]
    by_hand = {group: Counter() for group in GROUPS}
    for report in Report.objects.select_related("unit", "authority", "category"):
        part = report.status if report.status in CLOSED else "open"
        keys = {
            "unit": report.unit.code if report.unit else None,
            "authority": report.authority.code,
            "category": report.category.code,
            "month": f"{timezone.localtime(report.filed_at):%Y-%m}",
        }
        for group, key in keys.items():
            by_hand[group][key, part] += 1
            by_hand[group][key, "received"] += 1
    for group in GROUPS:
        counted = as_json(table(Question((group,))))
        assert counted["totals"]["received"] == len(reports)
        found = {(row["key"], part): row[part] for row in counted["rows"] for part in ("received", *PARTS) if row[part]}
        assert found == dict(by_hand[group])
        for row in [*counted["rows"], counted["totals"]]:
            assert row["received"] == sum(row[part] for part in PARTS)
        assert counted["totals"]["transferred"] == sum(row["transferred"] for row in counted["rows"]) == len(done)
    bodies = {row["key"]: row for row in as_json(table(Question(("authority",))))["rows"]}
    for body in (body_a, body_b):
        assert bodies[body.code]["transferred_in"] == sum(transfer.to_body == body for transfer in done)
        assert bodies[body.code]["transferred_out"] == sum(transfer.from_body == body for transfer in done)
    months = as_json(table(Question(("month",))))["rows"]
    assert len(months) >= 150
    for start in chance.sample(starts[:-1], 12):
        until = starts[starts.index(start) + 1]
        asked = {"group": "category", "since": f"{start:%Y-%m-%d}", "until": f"{until:%Y-%m-%d}"}
        assert client.get(STATISTICS, asked).json()["totals"]["received"] == by_hand["month"][f"{start:%Y-%m}", "received"]
