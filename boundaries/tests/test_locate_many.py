"""Many points at once get the answers that each gets alone."""

from datetime import date

import pytest
from django.contrib.gis.geos import MultiPolygon, Point, Polygon
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from boundaries.locate import Spot, locate, locate_many
from boundaries.tests.factories import SIZE, SOUTH, WEST, UnitFactory, neighbours

BORDER = WEST + SIZE
MIDDLE = SOUTH + SIZE / 2

offsets = st.one_of(st.floats(-0.02, 2 * SIZE + 0.02), st.sampled_from([0.0, SIZE, 2 * SIZE, SIZE - 0.0005, SIZE + 0.0005]))
spots = st.builds(
    lambda x, y, accuracy: Spot(Point(WEST + x, SOUTH + y, srid=4326), accuracy),
    offsets,
    offsets,
    st.one_of(st.none(), st.floats(0, 9000)),
)


@pytest.fixture
def territory(db: None) -> None:
    """Two neighbours, and a third to the north of the west one across a channel of some 200 m: a triangle, which does not fill its box."""
    west, _east = neighbours()
    south, north = SOUTH + SIZE + 0.002, SOUTH + 2 * SIZE
    triangle = Polygon(((WEST, south), (BORDER, south), (WEST, north), (WEST, south)))
    UnitFactory(code="32003", name="Xã Bắc", edition=west.edition, parent=west.parent, geometry=MultiPolygon(triangle, srid=4326))


def test_a_point_in_the_box_of_a_unit_that_does_not_cover_it_is_looked_for_farther_off(territory):
    spot = Spot(Point(BORDER - 0.001, SOUTH + SIZE + 0.004, srid=4326))
    assert locate_many([spot]) == [locate(point=spot.point)]
    assert len(locate_many([spot])[0].candidates) == 3


@given(asked=st.lists(spots, max_size=8))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_each_of_many_points_gets_the_answer_that_it_gets_alone(territory, asked):
    assert locate_many(asked) == [locate(point=spot.point, accuracy_m=spot.accuracy_m) for spot in asked]


def test_many_points_take_no_more_queries_than_few(territory, django_assert_max_num_queries):
    few = [Spot(Point(WEST + 0.05, MIDDLE, srid=4326)), Spot(Point(BORDER, MIDDLE, srid=4326), 300.0), Spot(Point(1, 1, srid=4326))]
    with django_assert_max_num_queries(3):
        locate_many(few * 20)


def test_the_day_is_that_of_the_call(territory):
    asked = [Spot(Point(WEST + 0.05, MIDDLE, srid=4326))]
    assert locate_many(asked)[0].unit is not None
    assert locate_many(asked, on=date(2020, 1, 1))[0].unit is None
