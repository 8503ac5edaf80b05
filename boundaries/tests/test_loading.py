import pytest
from django.contrib.gis.geos import Point

from boundaries.locate import locate
from boundaries.tests.factories import ProvinceFactory, neighbours


@pytest.mark.django_db
def test_factories_make_units_that_are_found():
    west, east = neighbours(parent=ProvinceFactory())
    assert locate(point=Point(105.05, 9.05, srid=4326)).unit == west
    assert locate(point=Point(105.15, 9.05, srid=4326)).unit == east
    assert locate(point=Point(105.1, 9.05, srid=4326)).unit == west
