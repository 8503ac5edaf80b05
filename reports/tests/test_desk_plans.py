"""How PostgreSQL reads the queue and the public lists once there is something to read: from an index, never the whole table."""

import json

import pytest
from django.db import connection
from django.utils import timezone

from reports import queue as queues
from reports import searching
from reports.api.filters import filtered
from reports.models import Contact, Handling, Report
from reports.queue import Asked, Desk, Queue
from reports.same_reporter import others_of_reporter
from reports.searching import ReportWords, search_condition
from reports.tests.desk_cases import file
from tests.lasting_cast import *  # noqa: F403

pytestmark = pytest.mark.django_db

MANY = 6000
READ = ("reports_report", "reports_handling", "reports_contact", "authorities_body", "authorities_category", "boundaries_unit")
COPY = """
INSERT INTO reports_report (
  code, category_id, description, place_note, location_at_filing, location, unit_at_filing_id, unit_id, method, distance_m, ambiguous, authority_id,
  authority_at_closing_id, status, severity, published_at, filed_at, due_at, closed_at, changed_at, version, channel, language, token_generation
)
SELECT lpad(number::text, 10, '0'), category_id, description, place_note, location_at_filing, location, unit_at_filing_id, unit_id, method, distance_m,
       ambiguous, CASE WHEN number %% 16 > 3 THEN authority_id ELSE %(other)s END, CASE WHEN number %% 8 > 0 THEN authority_id END,
       CASE WHEN number %% 8 > 0 THEN 'resolved' ELSE 'new' END, 1 + number %% 3, CASE WHEN number %% 3 > 0 THEN published_at END, filed_at, due_at + number * interval '1 hour',
       CASE WHEN number %% 8 > 0 THEN filed_at END, changed_at, 1, channel, language, token_generation
FROM reports_report CROSS JOIN generate_series(1, %(many)s) AS number WHERE id = %(id)s
"""


@pytest.fixture(scope="module")
def report(body_a, body_b, portal, inspectorate, pothole, law, spot_a, an, binh, chi, diep):
    """One of six thousand; one in eight is open, three in four with A, the others with B; one in three is not public."""
    report = file(pothole, spot_a, name=an.name, phone=an.phone)
    with connection.cursor() as cursor:
        cursor.execute(COPY, {"other": body_b.pk, "many": MANY, "id": report.pk})
        cursor.execute(
            "INSERT INTO reports_handling (report_id, body_id, since) SELECT id, authority_id, now() FROM reports_report WHERE id <> %s",
            [report.pk],
        )
        cursor.execute(
            "INSERT INTO reports_contact (report_id, name, phone, email) SELECT id, '', '09' || code, '' FROM reports_report WHERE id <> %s",
            [report.pk],
        )
        # What other tests left behind in a table's file costs, too: without it the plans are the same whatever ran before
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in READ:
            cursor.execute(f"CLUSTER {table} USING {table}_pkey")
        cursor.execute(f"ANALYZE {', '.join(READ)}")
    assert Handling.objects.count() == MANY + 1
    return report


def nodes(rows):
    """All nodes of the plan of a query, as (node, table, index)."""

    def walk(plan):
        yield plan["Node Type"], plan.get("Relation Name", ""), plan.get("Index Name", "")
        for part in plan.get("Plans", []):
            yield from walk(part)

    (found,) = json.loads(rows.explain(format="json"))
    return set(walk(found["Plan"]))


def page_of(user, **asked):
    desk = Desk.of(user)
    queue = Queue(desk, Asked(view=desk.view_called("open"), **asked), timezone.now())
    return queue.reports.for_queue()[:51]


def test_the_queue_of_one_body_is_read_in_order_from_its_index(report, binh):
    found = nodes(page_of(binh))
    assert {index for node, _table, index in found if node == "Index Scan"} & {
        "report_queue_of_body",
        "report_queue",
    }  # as A has few or most
    assert not [node for node, table, _index in found if node == "Seq Scan" and table == "reports_report"]
    assert not [node for node, _table, _index in found if "Sort" in node]


def test_the_queue_of_a_body_with_few_is_read_from_its_own_index(report, chi):
    found = nodes(page_of(chi))  # B has one in four
    assert ("Index Scan", "reports_report", "report_queue_of_body") in found
    assert not [node for node, _table, _index in found if "Sort" in node]


def test_pages_far_behind_are_found_by_their_keys(report, diep):
    queue = Queue(desk := Desk.of(diep), Asked(view=desk.view_called("open"), page=11), timezone.now())
    rows, has_more = queue.page()
    assert [row.pk for row in rows] == list(queue.reports.for_queue().values_list("pk", flat=True)[500:550])
    assert has_more


@pytest.mark.parametrize("front", [1000, 60, 10])
@pytest.mark.parametrize("who", ["diep", "chi"])
def test_words_that_all_reports_hold_are_found_at_the_front_of_the_queue(report, diep, chi, who, front, monkeypatch):
    words = report.description
    queue = Queue(Desk.of({"diep": diep, "chi": chi}[who]), Asked(q=words), timezone.now())
    expected = list(queue.reports.open().for_queue().values_list("pk", flat=True)[:50])
    monkeypatch.setattr(searching, "FEW", 100)
    monkeypatch.setattr(queues, "FRONT", front)
    assert searching.are_common(words)
    assert not searching.are_common("khongdaucả")
    rows, has_more = queue.page()
    assert [row.pk for row in rows] == expected
    assert has_more


def test_the_queue_of_a_province_is_read_in_order_from_the_index_of_all(report, diep):
    found = nodes(page_of(diep))
    assert ("Index Scan", "reports_report", "report_queue") in found
    assert not [node for node, table, _index in found if node == "Seq Scan" and table == "reports_report"]
    assert not [node for node, _table, _index in found if "Sort" in node]


def test_what_waits_to_be_routed_is_read_from_its_index(report, diep):
    found = nodes(page_of(diep, status="triage"))
    assert ("Index Scan", "reports_report", "report_queue_of_status") in found
    assert not [node for node, _table, _index in found if "Sort" in node]


def test_a_rare_category_is_found_by_its_index_and_not_by_going_through_the_queue(report, diep, law):
    found = nodes(page_of(diep, category=law.code))
    assert not [node for node, table, _index in found if node == "Seq Scan" and table == "reports_report"]
    assert not {index for _node, _table, index in found} & {"report_queue", "report_queue_of_body"}


@pytest.mark.parametrize("who", ["binh", "diep"])
def test_whether_anything_changed_is_read_from_an_index_alone(who, report, request):
    user = request.getfixturevalue(who)
    found = nodes(Desk.of(user).work.open().values("pk", "version", "changed_at", "status", "officer", "due_at"))
    assert not [node for node, table, _index in found if node == "Seq Scan" and table == "reports_report"]


def test_other_reports_of_a_phone_are_found_by_an_index(report, diep, pothole, spot_a, an):
    file(pothole, spot_a, phone=an.phone)
    found = nodes(others_of_reporter(report, report.contact, diep))
    assert not [node for node, table, _index in found if node == "Seq Scan" and table == "reports_report"]
    phones = nodes(Contact.objects.filter(phone=an.phone))
    assert "contact_phone" in {index for _node, _table, index in phones}


FAR = {"type": "Polygon", "coordinates": [[[106, 10], [106.1, 10], [106.1, 10.1], [106, 10]]]}


@pytest.mark.parametrize(("asked", "index", "in_order"), [
    ({}, "report_newest_public", True),
    ({"status": "open"}, "report_newest_public", True),
    ({"since": "2020-01-01"}, "report_newest_public", True),
    ({"since": "2030-01-01"}, "report_newest_public", True),
    ({"category": "law"}, ("reports_report_category_id", "report_public_counted"), False),
    ({"authority": "portal"}, "reports_report_authority_id", False),
    ({"bbox": "106,10,106.1,10.1"}, "reports_report_location", False),
    ({"near": "10.05,106.05,300"}, "reports_report_location", False),
    ({"within": json.dumps(FAR)}, "reports_report_location", False),
    ({"within": "commune"}, "reports_reportplace_unit_id", False),
    ({"unit": "commune", "category": "law"}, "reports_reportplace_unit_id", False),
], ids=str)  # fmt: skip
def test_a_page_of_the_public_list_is_read_from_an_index(asked, index, in_order, report, commune_b, portal):
    asked = {name: {"commune": commune_b.code, "portal": portal.code}.get(text, text) for name, text in asked.items()}
    rows = filtered(Report.objects.public(), asked).for_list().order_by("-filed_at", "-id")[:51]
    found = nodes(rows)
    assert any(name.startswith(index) for _node, _table, name in found), found
    assert not [table for node, table, _index in found if node == "Seq Scan" and table in {"reports_report", "reports_reportplace"}]
    if in_order:
        assert "Sort" not in {node for node, _table, _index in found}


def test_a_page_far_behind_begins_where_the_cursor_stands(report):
    rows = filtered(Report.objects.public(), {}).for_list().order_by("-filed_at", "-id")
    (found,) = json.loads(rows.filter(filed_at__lte=timezone.now())[:51].explain(format="json"))
    assert "filed_at <=" in json.dumps(found)
    assert '"Index Cond": "(filed_at <=' in json.dumps(found)


@pytest.mark.parametrize("text", ["dam phá", "dam pha"])
def test_a_search_with_and_without_tone_marks_reads_its_index(text, report, diep):
    found = nodes(Report.objects.alias(words=ReportWords()).filter(search_condition(text, diep)))
    assert "report_words" in {index for _node, _table, index in found}, found
    assert not [table for node, table, _index in found if node == "Seq Scan" and table == "reports_report"]
