"""What counts as what in the figures."""

from datetime import timedelta

import pytest
from django.utils import timezone

from insights.figures.question import Question
from insights.figures.table import table
from reports.models import Report
from reports.services import Filing, Words, file_report, take_reporters_step, take_step

pytestmark = pytest.mark.django_db
PARTS = ("open", "resolved", "returned", "duplicate", "withdrawn")


def test_an_unknown_group_is_refused_in_words(client):
    response = client.get("/api/v1/statistics/", {"group": "phone"})
    assert response.status_code == 400
    assert "unit" in response.json()["detail"]


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
