"""Vector tiles: what everybody may see, of any day, cut to the tile, and never too large."""

from datetime import date

import pytest
from django.contrib.gis.geos import Point
from django.utils import timezone

from gis.cells import cell_of
from gis.tiles import CONTENT_TYPE, LIMIT
from insights.pyramid.build import build
from insights.pyramid.fold import fold
from insights.tiles import layers
from reports.codes import new_code
from reports.models import Report
from reports.workflow import Status

pytestmark = pytest.mark.django_db
SPOT = (105.05, 9.05)


@pytest.fixture
def file(body_a, commune_a, pothole):
    def saved(lon=SPOT[0], lat=SPOT[1], *, public=True, category=pothole, many=1):
        now, spot = timezone.now(), Point(lon, lat, srid=4326)
        return Report.objects.bulk_create(
            Report(
                code=new_code(), category=category, description="x", location=spot, location_at_filing=spot, unit=commune_a, unit_at_filing=commune_a,
                method="inside", authority=body_a, status=Status.NEW, filed_at=now, published_at=now if public else None,
            )
            for _ in range(many)
        )  # fmt: skip

    return saved


def address(layer, zoom, lon=SPOT[0], lat=SPOT[1]):
    x, y = cell_of(lon, lat, zoom)
    return f"/api/v1/tiles/{layer}/{zoom}/{x}/{y}.mvt"


def test_units_of_a_day_are_drawn_and_of_another_day_not(client, commune_a, commune_b):
    response = client.get(address("units", 11))
    assert response.status_code == 200
    assert response.headers["Content-Type"] == CONTENT_TYPE
    assert commune_a.name.encode() in response.content
    assert commune_b.name.encode() not in client.get(address("units", 14)).content
    assert client.get(address("units", 11), {"on": "2019-12-31"}).content == b""
    assert commune_a.name.encode() not in client.get(address("units", 11), {"level": "province"}).content


@pytest.mark.parametrize("built", [False, True])
def test_reports_are_counted_by_cell_below_zoom_16_and_stand_alone_from_it_on(built, client, file, officials):
    if built:
        build()
    (one, _two, _three) = file(many=3)
    (hidden,), (_secret,) = file(public=False), file(category=officials)
    content = client.get(address("reports", 10)).content
    assert b"count" in content
    assert b"\x28\x03" in content  # a value of 3: the three on one spot
    if built:
        fold()
        assert client.get(address("reports", 10)).content == content
    close = client.get(address("reports", 16)).content
    assert one.code.encode() in close
    assert hidden.code.encode() not in close
    assert close.count(b"pothole") == 1  # a value stands once in a tile
    assert b"officials" not in close


def test_a_tile_of_very_many_reports_stays_small(client, file, monkeypatch):
    monkeypatch.setattr(layers, "MOST_REPORTS", 20)
    file(many=60)
    content = client.get(address("reports", 18)).content
    codes = sum(code.encode() in content for code in Report.objects.values_list("code", flat=True))
    assert codes == 20


def test_units_are_simplified_until_the_tile_is_small_enough(commune_a, monkeypatch):
    asked = []
    with_outline = type(layers.Unit.objects.all()).with_outline
    monkeypatch.setattr(
        type(layers.Unit.objects.all()), "with_outline", lambda units, zoom: asked.append(zoom) or with_outline(units, zoom)
    )
    monkeypatch.setattr(layers, "LIMIT", 10)
    layers.units_tile(layers.Tile(11, *cell_of(*SPOT, 11)), on=date(2026, 1, 1))
    assert asked == [11, 9, 7, 5, 3, 1, -1]
    assert LIMIT == 500_000


def test_a_tile_is_sent_once(client, commune_a, file):
    build()
    for layer in ("units", "reports"):
        first = client.get(address(layer, 11))
        again = client.get(address(layer, 11), headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert "Cache-Control" in again.headers
    etag = client.get(address("reports", 11)).headers["ETag"]
    file()
    assert client.get(address("reports", 11), headers={"If-None-Match": etag}).status_code == 200


@pytest.mark.parametrize(("path", "status"), [
    ("units/1/2/0", 404), ("units/23/0/0", 404), ("units/a/0/0", 400), ("units/-1/0/0", 400), ("reports/99999999999999999999/0/0", 400),
    ("roads/1/0/0", 404), ("units/1/0/1.5", 400), ("reports/3/²/0", 400),
])  # fmt: skip
def test_what_is_no_tile_is_refused_in_words(path, status, client):
    response = client.get(f"/api/v1/tiles/{path}.mvt", headers={"Accept": CONTENT_TYPE})
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["detail"]


def test_a_tile_is_one_statement(client, commune_a, file, django_assert_num_queries):
    build()
    file()
    with django_assert_num_queries(1):
        client.get(address("units", 11))
    with django_assert_num_queries(2):  # and how the data stand
        client.get(address("reports", 11))


def test_a_tile_of_a_sea_without_anything_is_empty(client):
    assert client.get(address("reports", 16, 110.0, 12.0)).content == b""
