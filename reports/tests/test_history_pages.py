"""Everybody can check a report's history, and learns nothing that is not public."""

import csv
import hashlib

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import translation

from reports.history.roots import publish_root
from reports.history.shown import history_of
from reports.models import ReportEvent
from reports.services import take_step
from reports.services.casework import Words
from reports.tests.desk_cases import file
from reports.tests.test_history_roots import tamper

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def in_english(client, settings):
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    with translation.override("en"):
        yield


@pytest.fixture
def worked_on(pothole, body_a, binh, spot_a):
    report = file(pothole, spot_a)
    take_step(report.pk, step="accept", actor=binh)
    take_step(report.pk, step="note", actor=binh, words=Words(note="Chỉ nội bộ."))
    return report


def page(client, report):
    return client.get(reverse("reports:history", args=[report.code])).content.decode()


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def check_by_hand(told):
    """What docs/history.md tells a reader to do, with nothing of ours: the number of the last event that the root holds."""
    before = bytes(32)
    heads = {}
    for event in told["events"]:
        content = bytes.fromhex(event["content"])
        if event["line"]:
            assert content == sha(event["line"].encode(), bytes.fromhex(event["closed"]))
        before = sha(before, content)
        assert before.hex() == event["hash"]
        heads[event["number"]] = event["hash"]
    proof = told["proof"]
    assert heads[proof["number"]] in proof["leaf"]
    here, place = sha(b"\0", proof["leaf"].encode()), proof["place"]
    for beside in map(bytes.fromhex, proof["beside"]):
        here, place = (sha(b"\1", beside, here) if place & 1 else sha(b"\1", here, beside)), place >> 1
    assert here.hex() == proof["root"]["tree"]
    assert sha(proof["root"]["line"].encode()).hex() == proof["root"]["hash"]
    return proof["number"]


def test_a_reader_can_check_everything_with_sha256_alone(client, worked_on, pothole, spot_a):
    for _ in range(4):
        file(pothole, spot_a)
    publish_root()
    told = client.get(f"/api/v1/reports/{worked_on.code}/history/").json()
    assert told["whole"]
    assert check_by_hand(told) == 3


def test_the_page_says_that_a_history_is_whole_and_which_root_holds_it(client, worked_on):
    publish_root()
    text = page(client, worked_on)
    assert "This history is whole: 3 events" in text
    assert "holds this history up to event 3" in text
    assert "at the full hour" not in text
    ReportEvent.objects.create(report=worked_on, kind="note")
    assert "What came after it will be in the next root" in page(client, worked_on)


def test_a_report_that_is_in_no_root_yet_says_so(client, worked_on):
    assert "not in a published root yet" in page(client, worked_on)
    assert client.get(f"/api/v1/reports/{worked_on.code}/history/").json()["proof"] is None


def test_the_page_says_where_a_chain_breaks(client, worked_on):
    tamper("UPDATE reports_reportevent SET status_after = 'resolved' WHERE number = 2")
    assert "From event 2 on, this history is not the one that was written" in page(client, worked_on)


@pytest.mark.parametrize("written_anew", [False, True])
def test_the_page_says_that_an_end_was_cut_off(written_anew, client, worked_on):
    publish_root()
    tamper("DELETE FROM reports_reportevent WHERE number = 3")
    if written_anew:
        ReportEvent.objects.create(report=worked_on, kind="note")
    assert "This history is not the one that root 1 holds: there it went up to event 3" in page(client, worked_on)
    assert not client.get(f"/api/v1/reports/{worked_on.code}/history/").json()["whole"]


def test_of_an_internal_step_only_hashes_are_public(client, worked_on, binh):
    hidden = client.get(f"/api/v1/reports/{worked_on.code}/history/").json()["events"][2]
    assert (hidden["line"], hidden["closed"]) == (None, None)
    text = page(client, worked_on)
    assert "An internal step: only its hash is public" in text
    for secret in ('"note"', "nội bộ", binh.full_name, binh.username, str(worked_on.events.get(number=3).salt)):
        assert secret not in text


def test_who_acted_cannot_be_guessed_from_the_digest(worked_on, binh):
    """The same step of the same person has another digest each time."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT history_closed_digest(salt, actor_id, '{}') FROM reports_reportevent WHERE actor_id = %s", [binh.pk])
        digests = cursor.fetchall()
    assert len(digests) == len(set(digests)) == 2


def test_the_history_of_a_report_that_is_not_public_is_not_found(client, client_of, officials, inspectorate, body_a, spot_a, admin_user):
    report = file(officials, spot_a)
    assert client.get(reverse("reports:history", args=[report.code])).status_code == 404
    assert client.get(f"/api/v1/reports/{report.code}/history/").status_code == 404
    assert client_of(admin_user).get(reverse("reports:history", args=[report.code])).status_code == 200


def test_a_check_costs_the_same_for_few_events_and_for_many(client, worked_on, django_assert_num_queries, binh):
    publish_root()
    with django_assert_num_queries(4):
        history_of(worked_on), list(worked_on.events.filter(public=True).select_related("body"))
    ReportEvent.objects.bulk_create(ReportEvent(report=worked_on, kind="note", public=True) for _ in range(20))
    with django_assert_num_queries(4):
        history_of(worked_on), list(worked_on.events.filter(public=True).select_related("body"))


def test_published_roots_are_listed_and_can_be_downloaded(client, worked_on):
    roots = [publish_root()]
    for _ in range(60):
        ReportEvent.objects.create(report=worked_on, kind="note")
        roots.append(publish_root())
    text = client.get(reverse("reports:roots")).content.decode()
    assert roots[-1].hex in text
    assert roots[0].hex not in text
    older = client.get(reverse("reports:roots"), {"before": roots[-50].number}).content.decode()
    assert roots[0].hex in older
    rows = list(csv.DictReader(client.get(reverse("reports:roots_csv")).getvalue().decode().splitlines()))
    assert [row["hash"] for row in rows] == [root.hex for root in roots]
    assert [row["previous"] for row in rows[1:]] == [row["hash"] for row in rows[:-1]]
    told = client.get("/api/v1/history/roots/").json()
    assert [root["number"] for root in told["results"]] == list(range(61, 0, -1))
    assert told["next"] is None
    assert client.get("/api/v1/history/roots/?before=nonsense").status_code == 200


def test_the_list_of_roots_says_so_while_there_is_none(client, db):
    assert "No root has been published yet" in client.get(reverse("reports:roots")).content.decode()
