"""Clusters on the map: exact, whatever the box, zoom and filter."""

import gzip
import json
import random

import brotli
import pytest
from django.contrib.gis.geos import Point
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gis.bbox import DECIMALS
from gis.cells import DEPTH, CellX, CellY, cell_of, corner
from insights.clusters import Stand, Told, _features, window_of
from insights.kept_answers import KeptAnswers, press
from insights.pyramid.build import build
from reports.codes import new_code
from reports.models import Report
from reports.workflow import CLOSED, Status

pytestmark = pytest.mark.django_db


@pytest.fixture
def file(body_a, commune_a, pothole):
    """Writes a report at a place, without the services: what is counted here is rows."""

    def write(lon, lat, *, category=pothole, status=Status.NEW, public=True):
        closed = status in CLOSED
        now = timezone.now()
        return Report.objects.create(
            code=new_code(), category=category, description="x", location=Point(lon, lat, srid=4326), location_at_filing=Point(lon, lat, srid=4326),
            unit=commune_a, unit_at_filing=commune_a, method="inside", authority=body_a, status=status, filed_at=now,
            published_at=now if public else None, closed_at=now if closed else None, authority_at_closing=body_a if closed else None,
        )  # fmt: skip

    return write


def ask(client, **asked):
    response = client.get("/api/v1/map/clusters/", {"bbox": "104,8,106,10", "zoom": 8} | asked)
    assert response.status_code == 200, response.content
    return response.json()["features"]


def total(features):
    return sum(feature["properties"].get("count", 1) for feature in features)


def test_one_report_is_a_single_and_two_together_a_cluster(client, file):
    only = file(105.05, 9.05)
    (single,) = ask(client)
    assert single["properties"] == {"cluster": False, "code": only.code, "category": "pothole", "status": "new"}
    file(105.0501, 9.0501)
    (cluster,) = ask(client)
    assert cluster["properties"]["cluster"] is True
    assert cluster["properties"]["count"] == 2
    assert cluster["properties"]["by_category"] == {"pothole": 2}
    assert cluster["geometry"]["coordinates"] == [105.05005, 9.05005]


def test_what_is_not_public_is_not_counted(client, file, officials):
    file(105.05, 9.05, public=False)
    file(105.05, 9.05, category=officials)
    assert ask(client) == []


def test_at_its_expansion_zoom_a_cluster_falls_apart_and_not_before(client, file):
    file(105.05, 9.05)
    file(105.0512, 9.0503)
    (cluster,) = ask(client)
    zoom = cluster["properties"]["expansion_zoom"]
    west, south, east, north = cluster["properties"]["bbox"]
    around = f"{west - 0.001},{south - 0.001},{east + 0.001},{north + 0.001}"
    assert len(ask(client, zoom=zoom, bbox=around)) == 2
    assert len(ask(client, zoom=zoom - 1, bbox=around)) == 1


def test_reports_on_one_spot_stay_together_at_every_zoom(client, file):
    file(105.05, 9.05)
    file(105.05, 9.05)
    (cluster,) = ask(client, zoom=21, bbox="105.049,9.049,105.051,9.051")
    assert cluster["properties"]["count"] == 2


def test_counts_add_up_to_the_reports_in_the_cells_that_touch_the_box(client, file, law):
    chance = random.Random(7)
    spots = []
    for _ in range(120):
        lon, lat, category = chance.uniform(104.5, 105.9), chance.uniform(8.5, 9.6), chance.choice([None, law])
        status = chance.choice([Status.NEW, Status.WITHDRAWN, Status.ACCEPTED])
        file(lon, lat, status=status, **({"category": category} if category else {}))
        spots.append((lon, lat, category.code if category else "pothole", status))
    for _ in range(60):
        zoom = chance.randint(5, 14)
        west, south = chance.uniform(104.4, 105.8), chance.uniform(8.4, 9.5)
        east, north = west + chance.uniform(0.01, 0.3), south + chance.uniform(0.01, 0.3)
        category, status = chance.choice(["", "law", "pothole"]), chance.choice(["", "open", "closed", "new"])
        first_x, first_y = cell_of(west, north, zoom + 3)
        last_x, last_y = cell_of(east, south, zoom + 3)
        wanted = 0
        for lon, lat, code, state in spots:
            x, y = cell_of(lon, lat, zoom + 3)
            fits = category in ("", code) and (
                status == "" or status == state or ((status == "closed") == (state in CLOSED) and status != "new")
            )
            wanted += first_x <= x <= last_x and first_y <= y <= last_y and fits
        features = ask(client, zoom=zoom, bbox=f"{west},{south},{east},{north}", category=category, status=status)
        assert total(features) == wanted, (zoom, west, south, east, north, category, status)


@pytest.mark.parametrize("asked", [
    {"bbox": ""}, {"bbox": "a"}, {"zoom": ""}, {"zoom": "x"}, {"zoom": "-1"}, {"zoom": "23"}, {"bbox": "-180,-85,180,85", "zoom": 18}, {"status": "lost"},
    {"since": "tomorrow"},
])  # fmt: skip
def test_a_box_or_filter_that_is_not_right_is_refused_in_words(client, asked):
    response = client.get("/api/v1/map/clusters/", {"bbox": "104,8,106,10", "zoom": 8} | asked)
    assert response.status_code == 400
    assert response.json()["detail"]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lon=st.floats(-180, 180), lat=st.floats(-85, 85).map(lambda lat: round(lat, DECIMALS)))
def test_the_cell_in_sql_is_the_cell_in_python(db, lon, lat):
    x, y = CellX.template % {"expressions": "p"}, CellY.template % {"expressions": "p"}
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {x}, {y} FROM (SELECT ST_SetSRID(ST_MakePoint(%s, %s), 4326) AS p) AS given", [lon, lat])
        in_sql = cursor.fetchone()
    in_python = cell_of(lon, lat, DEPTH)
    assert abs(in_sql[0] - in_python[0]) <= 1  # the last bit of a float may fall on the other side of a line of 2 m
    assert abs(in_sql[1] - in_python[1]) <= 1


@given(x=st.integers(0, 2**12 - 1), y=st.integers(0, 2**12 - 1))
def test_a_corner_lies_in_its_own_cell(x, y):
    lon, lat = corner(x, y, 12)
    assert cell_of(lon + 1e-9, lat - 1e-9, 12) == (x, y)


def test_an_answer_that_is_kept_is_never_older_than_the_reports(client, file):
    build()
    for many in (1, 2, 3):
        file(105.05 + many / 10, 9.05)
        for _ in range(2):
            assert total(ask(client)) == many


@pytest.mark.parametrize(
    ("taken", "coding", "opened"),
    [
        ("gzip, deflate, br, zstd", "br", brotli.decompress),
        ("gzip", "gzip", gzip.decompress),
        ("br;q=0, gzip;q=0.5", "gzip", gzip.decompress),
        ("BR; q=0.000, GZIP", "gzip", gzip.decompress),
        ("br;q=0.001", "br", brotli.decompress),
        ("identity", None, bytes),
        ("brown, gzipped", None, bytes),
    ],
)
def test_an_answer_is_pressed_as_the_asker_takes_it(client, file, taken, coding, opened):
    file(105.05, 9.05)
    build()
    for _ in range(2):  # made, and kept
        answer = client.get("/api/v1/map/clusters/", {"bbox": "104,8,106,10", "zoom": 8}, headers={"Accept-Encoding": taken})
        assert answer.headers.get("Content-Encoding") == coding
        assert "Accept-Encoding" in answer.headers["Vary"]
        assert total(json.loads(opened(answer.content))["features"]) == 1


def test_a_cluster_tells_only_the_breakdown_that_is_asked_for(client, file):
    file(105.05, 9.05)
    file(105.0501, 9.05)
    (both,), (status,) = ask(client), ask(client, by="status")
    assert {"by_category", "by_status"} <= set(both["properties"])
    assert "by_category" not in status["properties"]
    assert status["properties"]["by_status"] == {"new": 2}
    assert client.get("/api/v1/map/clusters/", {"bbox": "104,8,106,10", "zoom": 8, "by": "officer"}).status_code == 400


def test_a_desk_full_of_clusters_takes_ten_kilobytes_at_most():
    chance = random.Random(5)
    window = window_of((104.2, 8.97, 106.39, 10.37), 8)
    cells = [(x, y) for x in range(window.first_x, window.first_x + 21) for y in range(window.first_y, window.first_y + 14)]
    codes = {key: f"category-{key}" for key in range(12)}

    def row(x, y):
        """Some 300 reports of all categories, in four statuses, anywhere in the cell: a view of 90,000."""
        parts = [((16 * key + chance.choice([1, 3, 8, 9])) << 32) + chance.randint(1, 50) for key in codes]
        count, shift = sum(part & 0xFFFFFFFF for part in parts), DEPTH - window.depth
        lon, lat = corner(x + chance.random(), y + chance.random(), window.depth)
        west, east = sorted(chance.randrange(x << shift, (x + 1) << shift) for _ in range(2))
        north, south = sorted(chance.randrange(y << shift, (y + 1) << shift) for _ in range(2))
        told = b"".join((8).to_bytes(4) + part.to_bytes(8) for part in parts)
        return x, y, count, int(lon * 1e7) * count, int(lat * 1e7) * count, 1, west, east, north, south, told, None

    def size(coding, *by):
        features = _features([row(x, y) for x, y in cells], window.depth, Stand("", True, json.dumps(codes)), by)
        assert len(features) == 294
        return len(press(f"[{','.join(features)}]".encode(), coding))

    assert size("gzip", "status") <= 10_240
    assert size("gzip", "status", "category") <= 20_480
    assert size("br", "status") <= 9_000  # browsers take it so


def test_no_middle_is_told_outside_of_its_cluster():
    x, y, lon, lat = 13267227, 7982457, 104.6838265, 8.6816417  # three on one spot: 104.68383 lies beyond the finest cell's edge
    part = (8).to_bytes(4) + ((16 * 4 + 1 << 32) + 3).to_bytes(8)
    row = (x >> 13, y >> 13, 3, round(lon * 3e7), round(lat * 3e7), 6, x, x, y, y, part, None)
    (feature,) = map(json.loads, _features([row], 11, Stand("", True, '{"4": "law"}'), ("status",)))
    (lon, lat), (west, south, east, north) = feature["geometry"]["coordinates"], feature["properties"]["bbox"]
    assert west <= lon <= east
    assert south <= lat <= north


def test_texts_of_cells_are_kept_by_their_row_and_few():
    told, stand, by = Told(most=3), Stand("", True, '{"4": "pothole"}'), frozenset(["status"])
    part = (8).to_bytes(4) + (((16 * 4 + 1) << 32) + 2).to_bytes(8)

    def row(x, count=2):
        return x, 7, count, 1050000000 * count, 90000000 * count, 3, x << 10, x << 10, 7 << 10, 7 << 10, part, None

    def fresh(rows, codes=stand, of=by):
        return _features(rows, 14, codes, of)

    for rows in ([row(1), row(2)], [row(2), row(3)], [row(2, count=5)], [row(4), row(1)]):
        assert told.of(rows, 14, stand, by) == fresh(rows)
        assert len(told._texts) <= 3
    renamed, both = Stand("", True, '{"4": "hole"}'), frozenset(["status", "category"])
    assert told.of([row(1)], 14, renamed, both) == fresh([row(1)], renamed, both) != told.of([row(1)], 14, stand, both)


def test_kept_answers_are_few():
    kept = KeptAnswers(most=2)
    for key in "abcab":
        assert gzip.decompress(kept.get(key, key.encode, "gzip")) == key.encode()
    assert len(kept._kept) == 2
