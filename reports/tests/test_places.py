"""Where all reports lie, written at once, is where each was found when it was filed: on a border, too, and each time."""

from __future__ import annotations

import pytest
from django.contrib.gis.geos import Point

from boundaries.tests.factories import SIZE, WEST
from reports.models import ReportPlace
from reports.services import Filing, file_report
from reports.territory.places import write_places

pytestmark = pytest.mark.django_db


@pytest.mark.usefixtures("body_a", "body_b", "portal", "commune_b")
def test_a_point_on_a_border_always_lies_in_the_unit_of_the_lower_code(pothole, an, commune_a):
    x = WEST + SIZE  # the border, its ends, and a step to each side of it
    spots = [(x, 9.0), (x, 9.01), (x, 9.05), (x, 9 + SIZE), (x - 1e-9, 9.03), (x + 1e-9, 9.03), (x + 1e-3, 9.03), (WEST - 1, 9.03)]
    for number, (lon, lat) in enumerate(spots):
        content = Filing(location=Point(lon, lat, srid=4326), category=pothole, description=f"Ổ gà {number}", name=an.name, phone=an.phone)
        assert file_report(content).unit == commune_a or lon != x
    rows = ReportPlace.objects.order_by("report", "edition").values_list("report", "edition", "unit", "method")
    found = list(rows)
    for _time in range(3):
        ReportPlace.objects.all().delete()
        assert write_places() == len(found)
        assert list(rows.all()) == found
