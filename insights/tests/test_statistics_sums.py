"""Figures that add up: two hundred reports, counted by every group."""

import random
from datetime import timedelta

import pytest
from django.contrib.gis.geos import Point
from django.utils import timezone

from authorities.models import ReturnReason
from reports.codes import new_code
from reports.models import Report
from reports.workflow import CLOSED, Status
from tests.lasting_cast import *  # noqa: F403

pytestmark = pytest.mark.django_db
PARTS = ("open", "resolved", "returned", "duplicate", "withdrawn")


@pytest.fixture(scope="module")
def many(body_a, body_b, commune_a, commune_b, pothole, law, officials):
    """Two hundred reports in every state, category, and also outside every unit."""
    chance = random.Random(3)
    reason = ReturnReason.objects.create(code="r", name="r", name_en="r", channel="c", channel_en="c")
    first = None
    for number in range(200):
        status = chance.choice(list(Status)) if number else Status.NEW
        category = chance.choice([pothole, law, officials])
        unit, body = chance.choice([(commune_a, body_a), (commune_b, body_b), (None, body_a)])
        filed = timezone.now() - timedelta(days=chance.randint(0, 400))
        closed = status in CLOSED
        report = Report.objects.create(
            code=new_code(), category=category, description="x", location=Point(105.05, 9.05, srid=4326), location_at_filing=Point(105.05, 9.05, srid=4326),
            unit=unit, unit_at_filing=unit, method="inside" if unit else "none", authority=body, status=status, filed_at=filed,
            published_at=filed if category == pothole or chance.random() < 0.5 else None, closed_at=timezone.now() if closed else None,
            authority_at_closing=body if closed else None, return_reason=reason if status == Status.RETURNED else None,
            duplicate_of=first if status == Status.DUPLICATE else None,
        )  # fmt: skip
        first = first or report


@pytest.mark.parametrize("group", ["unit", "authority", "category", "month"])
@pytest.mark.parametrize("asked", [{}, {"category": "law"}, {"since": "2026-01-01"}, {"status": "open"}])
def test_received_is_the_sum_of_its_parts_in_every_row_and_in_the_totals(client, many, group, asked):
    body = client.get("/api/v1/statistics/", {"group": group} | asked).json()
    assert body["rows"]
    for row in [*body["rows"], body["totals"]]:
        assert row["received"] == sum(row[part] for part in PARTS)
    for name, number in body["totals"].items():
        if isinstance(number, int):
            assert number == sum(row[name] for row in body["rows"])


def test_rows_count_all_reports_and_say_how_many_are_not_public(client, many):
    totals = client.get("/api/v1/statistics/", {"group": "category"}).json()["totals"]
    assert totals["received"] == 200
    assert totals["not_public"] == 200 - Report.objects.public().count()


def test_reports_outside_every_unit_have_a_row_of_their_own(client, many):
    rows = client.get("/api/v1/statistics/", {"group": "unit"}).json()["rows"]
    outside = next(row for row in rows if row["key"] is None)
    assert outside["received"] == Report.objects.filter(unit=None).count()


def test_the_list_and_the_figures_count_the_same_public_reports(client, many):
    rows = client.get("/api/v1/statistics/", {"group": "category"}).json()["rows"]
    for row in rows:
        listed, address = 0, f"/api/v1/reports/?category={row['key']}&limit=500"
        while address:
            page = client.get(address).json()
            listed += len(page["features"])
            address = page["next"]
        assert listed == row["received"] - row["not_public"]
