"""Which commune a point lies in."""

from datetime import date

import pytest
from django.contrib.gis.geos import Point
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from boundaries.locate import Method, locate, place_in_every_edition
from boundaries.models import Edition, Unit
from boundaries.tests.factories import MERGER, SIZE, SOUTH, WEST, DistrictFactory, EditionFactory, ProvinceFactory, UnitFactory, neighbours

BORDER = WEST + SIZE
METRE = 1 / 111_320


def at(lon: float, lat: float) -> Point:
    return Point(lon, lat, srid=4326)


@pytest.mark.django_db
class TestCover:
    def test_a_point_belongs_to_the_commune_that_covers_it(self):
        west, east = neighbours()
        assert locate(point=at(105.05, 9.05)).unit == west
        assert locate(point=at(105.15, 9.05)).unit == east

    def test_a_point_on_a_shared_border_belongs_to_the_lower_code_and_says_so(self):
        west, east = neighbours()
        placement = locate(point=at(BORDER, 9.05))
        assert placement.unit == west
        assert placement.ambiguous
        assert [found.unit for found in placement.candidates] == [west, east]

    def test_the_lower_code_wins_whichever_commune_was_loaded_first(self):
        edition = EditionFactory()
        UnitFactory(code="32009", edition=edition)
        lower = UnitFactory(code="32001", edition=edition, west=BORDER)
        assert locate(point=at(BORDER, 9.05)).unit == lower

    def test_a_draft_is_never_the_answer(self):
        UnitFactory(active=False)
        assert locate(point=at(105.05, 9.05)).unit is None

    def test_provinces_and_districts_are_ancestors_never_the_answer(self):
        province = ProvinceFactory(valid_from=None, valid_to=MERGER)
        district = DistrictFactory(parent=province)
        commune = UnitFactory(parent=district, valid_from=None, valid_to=MERGER, size=0.05)
        inside = locate(point=at(105.01, 9.01), on=date(2024, 1, 1))
        assert inside.unit == commune
        assert [unit.level for unit in inside.unit.ancestors()] == ["district", "province"]
        assert locate(point=at(105.09, 9.09), on=date(2024, 1, 1)).unit is None

    def test_the_unit_is_what_the_models_read_with_its_edition_and_all_above_it(self, django_assert_num_queries):
        commune = UnitFactory(parent=DistrictFactory(parent=ProvinceFactory()))
        read = Unit.objects.with_ancestors().get(pk=commune.pk)
        with django_assert_num_queries(2):
            found = locate(point=at(105.05, 9.05)).unit
            for ours, theirs in (
                (found, read),
                (found.parent, read.parent),
                (found.parent.parent, read.parent.parent),
                (found.edition, read.edition),
            ):
                fields = [field.attname for field in type(theirs)._meta.concrete_fields]
                assert {name: getattr(ours, name) for name in fields} == {name: getattr(theirs, name) for name in fields}
                assert type(ours) is type(theirs)
                assert not ours._state.adding
            assert [unit.level for unit in found.ancestors()] == ["district", "province"]

    def test_the_day_decides_between_two_units_with_one_code(self):
        old = UnitFactory(code="32002", name="Phường 2", valid_from=None, valid_to=MERGER)
        new = UnitFactory(code="32002", name="Phường An Xuyên", valid_from=MERGER)
        assert locate(point=at(105.05, 9.05), on=date(2025, 6, 30)).unit == old
        assert locate(point=at(105.05, 9.05), on=MERGER).unit == new

    def test_it_costs_two_queries_at_most(self):
        neighbours()
        for point, accuracy in ((at(105.05, 9.05), None), (at(BORDER, 9.05), 300.0), (at(104.9995, 9.05), None), (at(100.0, 9.0), None)):
            with CaptureQueriesContext(connection) as queries:
                placement = locate(point=point, accuracy_m=accuracy)
                _ = [unit.name for found in placement.candidates for unit in (found.unit, *found.unit.ancestors())]
            assert len(queries) <= (3 if accuracy is None and placement.method != Method.INSIDE else 2), [query["sql"] for query in queries]


@pytest.mark.django_db
class TestWaterAndGaps:
    def test_a_point_off_the_coast_goes_to_the_nearest_commune_and_tells_the_distance(self):
        west, _east = neighbours()
        placement = locate(point=at(WEST - 200 * METRE, 9.05))
        assert placement.unit == west
        assert placement.method == Method.SNAPPED
        assert placement.distance_m == pytest.approx(200 * 0.9877, rel=0.02)  # a degree of longitude is shorter at 9° N

    def test_beyond_the_limit_there_is_no_unit(self, settings):
        neighbours()
        settings.SNAP_DISTANCE_M = 100
        placement = locate(point=at(WEST - 200 * METRE, 9.05))
        assert placement.unit is None
        assert placement.method == Method.NONE

    def test_the_nearest_in_metres_wins_not_the_nearest_in_degrees(self):
        """At 60° N a degree of longitude is half as long: the eastern neighbour is nearer although its degrees are more."""
        edition = EditionFactory()
        UnitFactory(code="32001", edition=edition, west=105.0, south=60.0 + 300 * METRE, size=0.01)
        east = UnitFactory(code="32002", edition=edition, west=105.02, south=59.99, size=0.01)
        placement = locate(point=at(105.02 - 400 * METRE, 59.9999))
        assert placement.unit == east

    def test_snapping_does_not_reach_into_another_time(self):
        UnitFactory(valid_from=None, valid_to=MERGER)
        assert locate(point=at(WEST - 100 * METRE, 9.05), on=MERGER).unit is None


@pytest.mark.django_db
class TestAccuracy:
    def test_a_circle_over_a_border_names_both_communes_with_their_shares(self):
        west, east = neighbours()
        placement = locate(point=at(BORDER - 50 * METRE, 9.05), accuracy_m=200)
        assert placement.unit == west
        assert placement.ambiguous
        shares = {found.unit: found.share for found in placement.candidates}
        assert shares[west] > shares[east] > 0.2
        assert sum(shares.values()) == pytest.approx(1, abs=0.01)

    def test_the_larger_share_raises_a_question_and_does_not_move_the_point(self):
        edition = EditionFactory()
        holder = UnitFactory(code="32001", edition=edition, size=100 * METRE)
        UnitFactory(code="32002", edition=edition, west=WEST + 100 * METRE, size=SIZE)
        placement = locate(point=at(WEST + 90 * METRE, SOUTH + 50 * METRE), accuracy_m=1000)
        assert placement.unit == holder
        assert placement.candidates[0].unit != holder
        assert placement.ambiguous

    def test_a_circle_inside_one_commune_raises_no_question(self):
        neighbours()
        placement = locate(point=at(105.05, 9.05), accuracy_m=200)
        assert not placement.ambiguous
        assert [found.share for found in placement.candidates] == [pytest.approx(1, abs=0.001)]

    def test_an_accuracy_of_a_whole_country_is_cut(self):
        neighbours()
        placement = locate(point=at(105.05, 9.05), accuracy_m=1e9)
        assert placement.unit is not None

    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(lon=st.floats(104.98, 105.22), lat=st.floats(8.98, 9.12), accuracy=st.floats(1, 3000))
    def test_shares_never_exceed_one_and_the_answer_does_not_depend_on_accuracy(self, db, lon, lat, accuracy):
        if not Unit.objects.exists():
            neighbours()
        precise, vague = locate(point=at(lon, lat)), locate(point=at(lon, lat), accuracy_m=accuracy)
        assert precise.unit == vague.unit
        assert sum(found.share for found in vague.candidates) <= 1.002


@pytest.mark.django_db
class TestEveryEdition:
    def test_a_point_has_a_place_in_each_active_edition_and_outside_is_a_place_too(self):
        old = UnitFactory(code="32002", valid_from=None, valid_to=MERGER)
        new, _east = neighbours()
        elsewhere = UnitFactory(west=110)
        UnitFactory(edition=EditionFactory(state=Edition.State.DRAFT), active=False)
        places = {place.edition_id: place for place in place_in_every_edition(point=at(105.05, 9.05))}
        assert {key: place.unit_id for key, place in places.items()} == {
            old.edition_id: old.pk,
            new.edition_id: new.pk,
            elsewhere.edition_id: None,
        }
        assert places[elsewhere.edition_id].method == Method.NONE

    def test_it_agrees_with_locate(self):
        neighbours()
        for lon in (WEST - 300 * METRE, WEST, 105.05, BORDER, 105.15, 105.2 + 600 * METRE):
            placement = locate(point=at(lon, 9.05))
            (place,) = place_in_every_edition(point=at(lon, 9.05))
            assert (place.unit_id, place.method) == (placement.unit.pk if placement.unit else None, placement.method)
