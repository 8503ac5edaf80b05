"""What a planner's query finds, and what it says of itself."""

from __future__ import annotations

import json
import time
from datetime import timedelta

import pytest
from django.contrib.gis.geos import Polygon
from django.db import connection
from django.utils import timezone

from boundaries.models import Edition
from insights.planner import running
from insights.planner.compiling import Statement
from insights.tests.planner_cases import QUERY, put
from reports.models import ReportPlace

pytestmark = pytest.mark.django_db

BOX = json.loads(Polygon.from_bbox((105.0, 9.0, 105.06, 9.06)).geojson)


@pytest.fixture
def reports(pothole, law, officials, body_a, body_b, commune_a, commune_b, portal):
    """At the river, 111 m and 1.1 km north of it in A; one in B; one at sea; one that nobody may see, one about officials."""
    now = timezone.now()
    return {
        "river": put(pothole, commune_a, body_a, 105.05, 9.05, status="resolved", filed=now - timedelta(days=9), days=4),
        "near": put(pothole, commune_a, body_a, 105.05, 9.051, severity=3),
        "far": put(law, commune_a, body_a, 105.05, 9.06, due_at=now - timedelta(days=1)),
        "b": put(pothole, commune_b, body_b, 105.15, 9.0504, channel="phone"),
        "sea": put(law, None, body_a, 104.6, 8.5, filed=now - timedelta(days=400)),
        "hidden": put(law, commune_a, body_a, 105.05, 9.05, public=False),
        "officials": put(officials, commune_a, body_a, 105.05, 9.05),
    }


def names(reports, body):
    by_code = {report.code: name for name, report in reports.items()}
    return {by_code[row["key"]] for row in body["rows"]}


def near(metres, **more):
    return {"places": [{"relation": "near", "layer": "base:rivers", "feature": "Ông Đốc", "metres": metres, **more}]}


# What is asked → what is found; each as Dũng asks it, all on the same reports
FOUND = [
    ({}, {"river", "near", "far", "b", "sea"}),
    ({"conditions": [{"field": "category", "is": ["pothole"]}]}, {"river", "near", "b"}),
    ({"conditions": [{"field": "category", "is": "pothole", "not": True}]}, {"far", "sea"}),
    ({"conditions": [{"field": "status", "is": ["open"]}]}, {"near", "far", "b", "sea"}),
    ({"conditions": [{"field": "status", "is": ["open"], "not": True}]}, {"river"}),
    ({"conditions": [{"field": "severity", "is": [3]}]}, {"near"}),
    ({"conditions": [{"field": "channel", "is": ["phone"]}]}, {"b"}),
    ({"conditions": [{"field": "overdue"}]}, {"far"}),
    ({"conditions": [{"field": "authority", "is": ["ubnd-binh-yen"]}]}, {"b"}),
    ({"places": [{"relation": "within", "area": BOX}]}, {"river", "near", "far"}),
    ({"places": [{"relation": "within", "area": BOX, "not": True}]}, {"b", "sea"}),
    ({"places": [{"relation": "near", "area": BOX, "metres": 11_000}]}, {"river", "near", "far", "b"}),
    ({"places": [{"relation": "within", "unit": "90002"}]}, {"b"}),
    ({"places": [{"relation": "within", "unit": "90001", "not": True}]}, {"b", "sea"}),
    (near(5), {"river"}),
    (near(60), {"river", "b"}),
    (near(115), {"river", "near", "b"}),
    (near(115, **{"not": True}), {"far", "sea"}),
    ({"places": [{"relation": "intersects", "layer": "base:rivers"}]}, {"river"}),
    ({"places": [{"relation": "near", "point": [105.05, 9.05], "metres": 200}]}, {"river", "near"}),
    ({"nearest": {"point": [105.05, 9.05], "count": 2}}, {"river", "near"}),
    ({"nearest": {"layer": "base:rivers", "feature": "Bắc", "count": 1}}, {"far"}),
    ({**near(115), "conditions": [{"field": "severity", "is": [3]}]}, {"near"}),
]


def test_a_query_finds_the_public_reports_that_it_names(ask, reports, river):
    for query, found in FOUND:
        body = ask(query)
        assert (query, names(reports, body), body["total"]) == (query, found, len(found))


def test_a_period_holds_its_first_day_and_not_its_last(ask, reports):
    today = timezone.localdate()
    body = ask({"conditions": [{"field": "filed", "since": f"{today - timedelta(days=9)}", "until": f"{today}"}]})
    assert names(reports, body) == {"river"}
    assert names(reports, ask({"conditions": [{"field": "closed", "since": f"{today - timedelta(days=6)}"}]})) == {"river"}


def test_the_nearest_come_in_their_order_with_their_distances(ask, reports):
    rows = ask({"nearest": {"point": [105.05, 9.05], "count": 3}})["rows"]
    assert [row["distance_m"] for row in rows] == pytest.approx([0, 110.6, 1105.9], abs=0.2)


COUNTED = [
    ({"by": "category"}, {"pothole": 3, "law": 2}),
    ({"by": "status"}, {"new": 4, "resolved": 1}),
    ({"by": "unit"}, {"90001": 3, "90002": 1, None: 1}),
    ({"by": "unit", "level": "province"}, {"90": 4, None: 1}),
    ({"by": "feature", "layer": "base:rivers", "metres": 4000}, {"Ông Đốc": 4, "Bắc": 1}),
    ({"by": "feature", "layer": "base:rivers"}, {"Ông Đốc": 1}),
]


def test_rows_count_by_group(ask, reports, river):
    for group, rows in COUNTED:
        body = ask({"group": group})
        assert (group, {row["key"]: row["count"] for row in body["rows"]}, body["total"]) == (group, rows, 5)


def test_each_row_counts_open_and_resolved_and_says_the_median_of_days(ask, reports):
    row = next(row for row in ask({"group": {"by": "category"}})["rows"] if row["key"] == "pothole")
    assert (row["count"], row["open"], row["resolved"], row["median_days"]) == (3, 2, 1, 4.0)


def test_cells_are_squares_in_metres_and_hold_every_report_once(ask, reports):
    body = ask({"group": {"by": "cell", "metres": 2000}})
    assert sum(row["count"] for row in body["rows"]) == body["total"] == 5
    assert max(row["count"] for row in body["rows"]) == 3
    west, east = (min(x for x, _y in row["geometry"]["coordinates"][0]) for row in body["rows"][:2])
    assert all(row["geometry"]["type"] == "Polygon" for row in body["rows"])
    assert west != east
    assert any("VN-2000" in note and "5897" in note for note in body["notes"])


def test_the_months_are_those_of_ca_mau(ask, reports):
    rows = ask({"group": {"by": "month"}})["rows"]
    assert sum(row["count"] for row in rows) == 5
    assert [row["key"] for row in rows] == sorted(row["key"] for row in rows)


def test_units_of_another_day_count_by_the_places_that_reports_had(ask, reports, draft, commune_c, province):
    """As if the draft were in force from last month on: every report has a place in it too."""
    Edition.objects.filter(pk=draft.pk).update(state="active", activated_at=timezone.now())
    type(commune_c).objects.filter(edition=province.edition, level="commune").update(validity=("2020-01-01", f"{draft.valid_from}"))
    type(commune_c).objects.filter(pk=commune_c.pk).update(active=True)
    for name in ("river", "near", "far", "b"):
        ReportPlace.objects.create(report=reports[name], edition=draft, unit=commune_c, method="inside")
    assert {row["key"]: row["count"] for row in ask({"group": {"by": "unit"}})["rows"]} == {"90009": 4, None: 1}
    before = ask({"group": {"by": "unit", "on": f"{draft.valid_from - timedelta(days=1)}"}})
    assert {row["key"]: row["count"] for row in before["rows"]} == {"90001": 3, "90002": 1, None: 1}
    assert ask({"places": [{"relation": "within", "unit": "90009"}]})["total"] == 4


def test_the_query_reads_as_a_sentence_in_both_languages(ask, reports, river):
    query = {
        "conditions": [{"field": "category", "is": ["pothole", "law"]}, {"field": "filed", "since": "2023-01-01"}],
        "places": [{"relation": "near", "layer": "base:rivers", "metres": 300}, {"relation": "within", "unit": "90001"}],
        "group": {"by": "unit", "level": "district", "on": "2025-06-30"},
    }
    english = ask(query, headers={"accept-language": "en"})["sentence"]
    assert english.startswith("Public reports, of the category “Potholes and damaged roads” or “Violations of law”, filed since ")
    assert "within 300 m of the layer “rivers”, within Phường An Lạc, by district of " in english
    assert ask(query)["sentence"].startswith("Phản ánh công khai, thuộc lĩnh vực “Ổ gà, hư hỏng mặt đường” hoặc “Vi phạm pháp luật”")


def test_the_answer_comes_as_a_table_and_as_a_map(client_of, dung, reports):
    client = client_of(dung)
    table = client.post(f"{QUERY}?as=csv", "{}", content_type="application/json")
    lines = table.content.decode("utf-8-sig").splitlines()
    assert lines[0] == "key,name,category,status,filed_at,closed_at,unit,distance_m,lon,lat"
    assert len(lines) == 6
    body = json.loads(client.post(f"{QUERY}?as=geojson", "{}", content_type="application/json").content)
    assert body["type"] == "FeatureCollection"
    assert len(body["features"]) == body["total"] == 5
    assert client.post(f"{QUERY}?as=exe", "{}", content_type="application/json").status_code == 400


def test_only_so_many_rows_come_and_the_answer_says_so(ask, reports, settings):
    settings.PLANNER_ROWS = 2
    body = ask({})
    assert (len(body["rows"]), body["total"], body["truncated"]) == (2, 5, True)
    assert any("2" in note for note in body["notes"])


def test_a_query_that_takes_too_long_is_stopped_with_a_sentence_and_the_connection_stays_usable(
    client_of, dung, reports, settings, monkeypatch
):
    settings.PLANNER_TIMEOUT_MS = 200
    monkeypatch.setattr(running, "compiled", lambda *_: Statement("SELECT pg_sleep(60)"))  # whatever made it slow
    began = time.monotonic()
    response = client_of(dung).post(QUERY, json.dumps({"group": {"by": "cell", "metres": 100}}), content_type="application/json")
    assert response.status_code == 503
    assert "0,2" in response.json()["detail"] or "0.2" in response.json()["detail"]
    assert time.monotonic() - began < 30
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone()[0] == "0"
        cursor.execute("SHOW transaction_read_only")
        assert cursor.fetchone()[0] == "off"


def test_only_who_plans_or_leads_may_ask(client, client_of, request, binh, chi, to, hanh, lan, diep, reports):
    for person, status in {binh: 403, chi: 403, to: 403, hanh: 200, lan: 200, diep: 200}.items():
        assert (person.username, client_of(person).post(QUERY, "{}", content_type="application/json").status_code) == (
            person.username,
            status,
        )
    assert client.post(QUERY, "{}", content_type="application/json").status_code == 403
