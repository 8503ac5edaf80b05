"""Finding places: what is read out of a text, what fits it best, and what the answer says."""

from datetime import timedelta

import pytest
from django.contrib.gis.geos import Point
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from boundaries.models import Level, Unit
from boundaries.places import search_places
from boundaries.places.words import readings, without_telex
from boundaries.tests.factories import MERGER, SIZE, WEST, DistrictFactory, ProvinceFactory, SuccessionFactory, UnitFactory

pytestmark = pytest.mark.django_db


def former(**fields):
    """A unit that ended with the merger."""
    return UnitFactory(valid_from=None, valid_to=MERGER, **fields)


def labels(text, **options):
    """The names of the places found."""
    return [place.label for place in search_places(text, **options)]


@pytest.fixture
def camau():
    """Cà Mau before and since: a district with a commune and a town, a city with two wards, and a new commune of the district's name."""
    old = ProvinceFactory(code="96", name="Tỉnh Cà Mau", valid_from=None, valid_to=MERGER)
    new = ProvinceFactory(code="96", name="Tỉnh Cà Mau")
    dam_doi = DistrictFactory(code="970", name="Huyện Đầm Dơi", parent=old)
    city = DistrictFactory(code="964", name="Thành phố Cà Mau", parent=old)
    return {
        "province": new,
        "district": dam_doi,
        "tan_duyet": former(code="32173", name="Xã Tân Duyệt", parent=dam_doi),
        "town": former(code="32152", name="Thị trấn Đầm Dơi", parent=dam_doi),
        "ward5": former(code="32008", name="Phường 5", parent=city),
        "ward2": former(code="32002", name="Phường 2", parent=city),
        "dam_doi": UnitFactory(code="32152", name="Xã Đầm Dơi", parent=new),
        "an_xuyen": UnitFactory(code="32002", name="Phường An Xuyên", parent=new, west=WEST + SIZE),
    }


class TestOrder:
    def test_a_name_written_out_comes_before_one_that_it_begins_and_that_before_one_that_holds_it(self):
        UnitFactory(name="Xã Đông Tân Hưng", west=105.1)
        UnitFactory(name="Xã Tân Hưng Tây", west=105.2)
        UnitFactory(name="Xã Tân Hưng", west=105.9)
        assert labels("tân hưng") == ["Xã Tân Hưng", "Xã Tân Hưng Tây", "Xã Đông Tân Hưng"]

    def test_misspelt_names_are_looked_for_only_where_nothing_is_written_so(self):
        UnitFactory(name="Xã Tân Duyệt")
        UnitFactory(name="Xã Tân Duyên", west=106)
        assert labels("Tân Duyệt") == ["Xã Tân Duyệt"]
        assert set(labels("Tân Duyệk")) == {"Xã Tân Duyệt", "Xã Tân Duyên"}

    def test_units_in_force_come_before_ended_ones_and_the_nearer_before_the_farther(self):
        for west in (105.0, 106.0, 107.0):
            UnitFactory(code=f"3{west:.0f}", name="Xã Tân Hưng", west=west)
        former(code="30", name="Xã Tân Hưng", west=106.0)
        near = Point(105.9, 9.05, srid=4326)
        assert [place.code for place in search_places("tan hung", near=near)] == ["3106", "3105", "3107", "30"]

    def test_what_stands_around_the_name_decides_between_units_of_one_name(self, camau):
        baclieu = DistrictFactory(
            code="954", name="Thành phố Bạc Liêu", parent=ProvinceFactory(name="Tỉnh Bạc Liêu", valid_from=None, valid_to=MERGER)
        )
        former(code="31819", name="Phường 5", parent=baclieu)
        assert [place.code for place in search_places("P5, TP Bạc Liêu")] == ["31819"]
        assert [place.code for place in search_places("P5, TP Cà Mau")] == ["32008"]

    def test_a_kind_that_is_written_comes_first_and_another_kind_is_found_too(self, camau):
        assert labels("TT Đầm Dơi") == ["Thị trấn Đầm Dơi", "Xã Đầm Dơi", "Huyện Đầm Dơi"]
        assert labels("huyện Đầm Dơi")[0] == "Huyện Đầm Dơi"
        assert labels("thị xã Tân Duyệt") == ["Xã Tân Duyệt"]

    @pytest.mark.parametrize(
        "text", ["tan duyet dam doi", "Tân Duyệt Đầm Dơi Cà Mau", "Đầm Dơi - Tân Duyệt", "cà mau đầm dơi tân duyệt", "tân duyẹc, đầm dơi"]
    )
    def test_unit_and_whole_are_told_apart_without_commas_in_either_order(self, camau, text):
        assert labels(text)[0] == "Xã Tân Duyệt"

    def test_a_part_of_a_text_is_a_name_only_where_the_rest_is_what_it_is_part_of(self, camau):
        former(name="Xã Thanh", west=106)
        assert set(labels("Nguyễn Tất Thành Cà Mau")) == {"Tỉnh Cà Mau", "Thành phố Cà Mau"}

    def test_drafts_and_units_without_an_outline_are_not_found(self):
        UnitFactory(name="Xã Bản Nháp", active=False)
        Unit.objects.filter(pk=UnitFactory(name="Xã Không Hình", west=106).pk).get().shapes.all().delete()
        assert labels("Bản Nháp") == labels("Không Hình") == []


class TestAnswer:
    def test_a_former_unit_says_until_when_it_was_in_force_what_it_was_part_of_and_what_it_is_part_of_now(self, camau):
        SuccessionFactory(old=camau["ward2"], new=camau["an_xuyen"], full=True)
        with translation.override("vi"):
            (place,) = search_places("phường 2")
        assert place.detail == "Thành phố Cà Mau, Tỉnh Cà Mau · đến hết 30/6/2025"
        assert place.now_text == "nay thuộc Phường An Xuyên"
        assert (place.on, place.valid_from, place.valid_to) == ("2025-06-30", None, "2025-07-01")
        assert place.now_part_of == [{"code": "32002", "name": "Phường An Xuyên"}]

    def test_a_divided_unit_names_all_its_successors_the_largest_first(self, camau):
        for share, name in ((0.2, "Xã Một"), (0.7, "Xã Hai"), (0.1, "Xã Ba")):
            SuccessionFactory(old=camau["tan_duyet"], new=UnitFactory(name=name, west=106), share=share)
        (place,) = search_places("xã tân duyệt")
        assert [unit["name"] for unit in place.now_part_of] == ["Xã Hai", "Xã Một", "Xã Ba"]

    def test_an_abolished_district_is_part_of_what_its_communes_are_part_of(self, camau):
        others = [UnitFactory(name=f"Xã {number}", west=106 + number) for number in range(4)]
        for number, heir in enumerate(others):
            SuccessionFactory(old=former(name=f"Xã Cũ {number}", parent=camau["district"]), new=heir, full=True)
        SuccessionFactory(old=camau["tan_duyet"], new=camau["dam_doi"], full=True)
        SuccessionFactory(old=camau["town"], new=camau["dam_doi"], full=True)
        with translation.override("vi"):
            place = search_places("huyện đầm dơi")[0]
        assert len(place.now_part_of) == 5
        assert place.now_text == "nay thuộc Xã Đầm Dơi, Xã 0, Xã 1 và 2 đơn vị khác"

    def test_what_ended_twice_is_part_of_what_stands_today(self, camau):
        between = UnitFactory(name="Xã Ở Giữa", valid_from=MERGER, valid_to=MERGER + timedelta(days=30), west=106)
        SuccessionFactory(old=camau["tan_duyet"], new=between, full=True)
        SuccessionFactory(old=between, new=camau["an_xuyen"], full=True)
        assert [unit["name"] for unit in search_places("tân duyệt")[0].now_part_of] == ["Phường An Xuyên"]

    def test_where_no_succession_is_known_the_unit_that_stands_there_is_told(self, camau):
        assert [unit["name"] for unit in search_places("xã tân duyệt")[0].now_part_of] == ["Xã Đầm Dơi"]

    def test_a_code_means_a_unit_of_today_before_those_of_former_days(self, camau):
        assert labels("32002") == ["Phường An Xuyên", "Phường 2"]
        assert labels("mã 964") == ["Thành phố Cà Mau"]

    def test_coordinates_say_which_commune_they_lie_in(self, camau):
        (place,) = search_places("9.05, 105.15")
        assert (place.kind, place.lat, place.lon, place.swapped) == ("coordinates", 9.05, 105.15, False)
        assert place.detail.endswith("Phường An Xuyên")

    def test_swapped_coordinates_are_offered_the_right_way_round(self):
        (place,) = search_places("105.15, 9.05")
        assert (place.lat, place.lon, place.swapped) == (9.05, 105.15, True)

    def test_a_plus_code_is_a_spot_and_a_short_one_lies_near_the_place_named_beside_it(self, camau):
        (full,) = search_places("6PX73522+22")
        assert (full.kind, full.label) == ("coordinates", "6PX73522+22")
        (short,) = search_places("3522+22 Xã Đầm Dơi", near=Point(150, -30, srid=4326))
        assert (short.lat, short.lon) == (full.lat, full.lon)

    def test_a_search_costs_three_queries_however_much_is_found(self, camau):
        for number in range(20):
            former(name=f"Xã Đầm Dơi {number}", parent=camau["district"])
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert len(search_places("xã đầm dơi")) > 5
        assert len(asked) <= 3


class TestHostileInput:
    @pytest.mark.parametrize(
        "text",
        [
            "", " ", "\x00", "%", "_", "\\", "%%%%", "'; DROP TABLE boundaries_unit; --", "x" * 10_000, "🙂🙂🙂", "مرحبا بالعالم", "\u202eXYZ",
            "p", "x h tt tp q", "p. x. h.", "tp tp tp tp", "((((((", ",,,,,,,", ". . . .", "a-b-c-d", "(?:a+)+$", "\\m\\M[[:<:]]", "9" * 5_000, "\ud7ff\uffff",
            "+" * 300, "54F2+", "999, 999", "null", "<script>alert(1)</script>", "\u0301\u0301\u0301", "ấp", "số 3", "ubnd",
        ],
    )  # fmt: skip
    def test_nonsense_finds_nothing_and_breaks_nothing(self, camau, text):
        assert search_places(text) == []

    def test_many_different_words_cost_no_more_than_few(self, camau):
        many = ", ".join(f"t{number} a{number} b c d e f" for number in range(2_000))
        assert len(readings(many)) == 40
        with CaptureQueriesContext(connection) as asked:
            search_places(many)
        assert len(asked) <= 4

    def test_signs_of_patterns_are_only_signs(self, camau):
        assert labels("tan%duyet") == labels("tan_duyet") == labels("tan.duyet") == ["Xã Tân Duyệt"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Ddaamf Dowi", "dam doi"), ("Caf Mau", "ca mau"), ("xax Taan Duyeetj", "xa tan duyet"), ("nuwowcs", "nuoc"), ("Ca2 Mau", "ca mau"),
        ("D9a62m Do7i", "dam doi"), ("p5 tx", ""), ("dam doi", ""), ("tpcm", ""),
    ],
)  # fmt: skip
def test_keys_typed_without_an_input_method_are_understood(typed, meant):
    assert without_telex(typed) == meant


@pytest.mark.parametrize(
    "name",
    ["Phường 05", "Xã Tạ An Khương  Đông", "Thị Trấn Năm Căn", "Xã Ea H'leo", "Thành phố Phan Rang - Tháp Chàm", "Xã Hoà Mỹ", "Xã Hòa Mỹ", "Quận 1", "Xã Xà Phiên", "Đặc khu Phú Quốc"],
)  # fmt: skip
def test_a_name_is_read_as_the_database_keeps_it(name):
    unit = UnitFactory(name=name)
    unit.refresh_from_db()
    assert unit.plain_name in {reading.name for reading in readings(name)}


class TestPeriod:
    def test_a_unit_in_force_has_its_name_alone(self):
        assert UnitFactory(name="Phường An Xuyên").dated_name == "Phường An Xuyên"

    def test_a_former_unit_says_until_when_in_both_languages(self):
        unit = former(name="Phường 2")
        with translation.override("vi"):
            assert unit.dated_name == "Phường 2 (đến hết 30/6/2025)"
        with translation.override("en"):
            assert unit.dated_name == "Phường 2 (until 30 Jun 2025)"

    def test_a_future_unit_says_from_when(self):
        tomorrow = timezone.localdate() + timedelta(days=1)
        unit = UnitFactory(name="Phường Mới", valid_from=tomorrow, level=Level.COMMUNE)
        with translation.override("vi"):
            assert unit.dated_name == f"Phường Mới (từ {tomorrow.day}/{tomorrow.month}/{tomorrow.year})"
