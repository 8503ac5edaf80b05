"""The two reports that were really filed in July 2022, on real units: where they went, and where they would go today.

The newspapers give no coordinates. The potholes are put half-way between the centres of the town Đầm Dơi and the commune Thanh Tùng, on the road
that joins them; the embankment 35 m inside Lý Văn Lâm, where its border with Lợi An follows the canal.
"""

from datetime import date

import pytest
from django.contrib.gis.geos import Point

from authorities.models import Category
from authorities.routing import explain, route
from boundaries.locate import locate
from boundaries.models import Unit

pytestmark = pytest.mark.realdata

POTHOLES = Point(105.18664, 8.92994, srid=4326)
EMBANKMENT = Point(105.10300, 9.17170, srid=4326)
TODAY = date(2025, 7, 2)


def routed(point, code, on, accuracy_m=None):
    placement = locate(point=point, accuracy_m=accuracy_m, on=on)
    assert placement.unit is not None
    return placement.unit.full_name(), route(placement, Category.objects.get(code=code), on)


def test_the_two_reports_of_july_2022_reach_sensible_bodies_then_and_today(real_units):
    unit, then = routed(POTHOLES, "pothole", date(2022, 7, 17))
    assert (unit, then.body.name) == ("Xã Tân Duyệt, Huyện Đầm Dơi, Tỉnh Cà Mau", "UBND huyện Đầm Dơi")
    assert [other["body"]["name"] for other in then.trace["alternatives"]] == [
        "Sở Giao thông vận tải tỉnh Cà Mau",
        "UBND xã Tân Duyệt, huyện Đầm Dơi",
    ]
    unit, now = routed(POTHOLES, "pothole", TODAY)
    assert (unit, now.body.name) == ("Xã Đầm Dơi, Tỉnh Cà Mau", "UBND xã Đầm Dơi")
    assert [other["body"]["name"] for other in now.trace["alternatives"]] == ["Sở Xây dựng tỉnh Cà Mau"]

    unit, then = routed(EMBANKMENT, "embankment", date(2022, 7, 11), accuracy_m=100)
    assert (unit, then.body.name) == ("Xã Lý Văn Lâm, Thành phố Cà Mau, Tỉnh Cà Mau", "UBND thành phố Cà Mau")
    assert then.trace["ambiguous"]
    assert [found["name"] for found in then.trace["candidates"]] == ["Xã Lý Văn Lâm", "Xã Lợi An"]
    unit, now = routed(EMBANKMENT, "embankment", TODAY, accuracy_m=100)
    assert (unit, now.body.name) == ("Phường Lý Văn Lâm, Tỉnh Cà Mau", "UBND phường Lý Văn Lâm")
    assert not now.trace["ambiguous"]  # both banks are one ward now
    assert [other["body"]["name"] for other in now.trace["alternatives"]] == ["Sở Nông nghiệp và Môi trường tỉnh Cà Mau"]
    assert len(explain(now.trace)) == 4

    for offset in (-0.0006, -0.0003, 0.0, 0.0003, 0.0006):  # from bank to bank
        placement = locate(point=Point(EMBANKMENT.x, EMBANKMENT.y + offset, srid=4326), on=date(2022, 7, 11))
        routing = route(placement, Category.objects.get(code="embankment"), date(2022, 7, 11))
        assert routing.body.name in {"UBND thành phố Cà Mau", "UBND huyện Trần Văn Thời"}

    town = Unit.objects.get(code="32152", name="Thị trấn Đầm Dơi").shapes.get(current=True).geometry.centroid
    commune = Unit.objects.in_force(date(2022, 7, 17)).get(code="32185").shapes.get(current=True).geometry.centroid
    assert ((town.x + commune.x) / 2, (town.y + commune.y) / 2) == pytest.approx((POTHOLES.x, POTHOLES.y), abs=1e-4)
