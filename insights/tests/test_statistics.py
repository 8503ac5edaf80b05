"""Figures that add up."""

import random
from datetime import timedelta

import pytest
from django.contrib.gis.geos import Point
from django.utils import timezone

from authorities.models import ReturnReason
from insights.figures.question import Question
from insights.figures.table import table
from reports.codes import new_code
from reports.models import Report
from reports.services import Filing, Words, file_report, take_reporters_step, take_step
from reports.workflow import CLOSED, Status

pytestmark = pytest.mark.django_db
PARTS = ("open", "resolved", "returned", "duplicate", "withdrawn")


@pytest.fixture
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


def test_an_unknown_group_is_refused_in_words(client):
    response = client.get("/api/v1/statistics/", {"group": "phone"})
    assert response.status_code == 400
    assert "unit" in response.json()["detail"]


def test_the_list_and_the_figures_count_the_same_public_reports(client, many):
    rows = client.get("/api/v1/statistics/", {"group": "category"}).json()["rows"]
    for row in rows:
        listed, address = 0, f"/api/v1/reports/?category={row['key']}&limit=500"
        while address:
            page = client.get(address).json()
            listed += len(page["features"])
            address = page["next"]
        assert listed == row["received"] - row["not_public"]


def test_a_transfer_is_a_column_of_its_own_and_a_body_that_only_passed_on_has_a_row(
    client, pothole, spot_a, body_a, body_b, portal, binh, chi
):
    report = file_report(Filing(location=spot_a, category=pothole, description="Ổ gà"))
    take_step(report.pk, step="transfer", actor=binh, words=Words(body=body_b, note="Của xã bạn."))

    def rows():
        answer = client.get("/api/v1/statistics/", {"group": "authority"}).json()
        return {row["key"]: row for row in answer["rows"]} | {"totals": answer["totals"]}

    offered = rows()
    assert (offered[body_a.code]["received"], offered["totals"]["transferred"]) == (1, 0)
    take_step(report.pk, step="accept_transfer", actor=chi)
    done = rows()
    assert (done[body_a.code]["received"], done[body_a.code]["transferred_out"], done[body_a.code]["transferred_in"]) == (0, 1, 0)
    assert (done[body_b.code]["received"], done[body_b.code]["transferred_out"], done[body_b.code]["transferred_in"]) == (1, 0, 1)
    assert [done["totals"][name] for name in ("transferred", "transferred_in", "transferred_out")] == [1, 1, 1]


def test_what_was_split_off_counts_as_received_and_is_told_apart(client, pothole, law, spot_a, body_a, portal, binh):
    report = file_report(Filing(location=spot_a, category=pothole, description="Ổ gà, đèn hỏng"))
    take_step(report.pk, step="split", actor=binh, words=Words(description="Đèn hỏng", category=law))
    totals = client.get("/api/v1/statistics/", {"group": "category"}).json()["totals"]
    assert (totals["received"], totals["received_by_split"]) == (2, 1)


def test_what_waits_for_its_reporter_is_overdue_in_no_figure(pothole, body_a, body_b, portal, spot_a, binh):
    long_ago = timezone.now() - timedelta(days=60)
    report = file_report(Filing(location=spot_a, category=pothole, description="Ổ gà"), at=long_ago)
    assert table(Question()).totals.sums["overdue"] == Report.objects.overdue().count() == 1
    take_step(report.pk, step="accept", actor=binh, at=long_ago + timedelta(hours=1))
    take_step(report.pk, step="ask", actor=binh, words=Words(question="Ở đâu?"), at=long_ago + timedelta(hours=2))
    assert table(Question()).totals.sums["overdue"] == Report.objects.overdue().count() == 0
    take_reporters_step(report.pk, step="answer", words=Words(answer="Trước chợ."))
    assert table(Question()).totals.sums["overdue"] == Report.objects.overdue().count() == 0  # its time goes on from now


def test_a_matter_that_was_reported_twice_is_resolved_once(client, pothole, spot_a, body_a, portal, binh, diep):
    original, again = (file_report(Filing(location=spot_a, category=pothole, description="Ổ gà")) for _ in range(2))
    take_step(again.pk, step="duplicate", actor=binh, words=Words(original=original))
    for step, actor in (("accept", binh), ("draft_reply", binh), ("publish_reply", diep)):
        take_step(original.pk, step=step, actor=actor, words=Words(reply="Đã vá xong."))
    totals = client.get("/api/v1/statistics/", {"group": "category"}).json()["totals"]
    assert (totals["received"], totals["resolved"], totals["duplicate"], totals["open"]) == (2, 1, 1, 0)
