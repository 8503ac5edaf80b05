"""The calls about territory, over HTTP."""

import json

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from boundaries.models import BaseLayer
from boundaries.tests.factories import (
    MERGER,
    SIZE,
    SOUTH,
    WEST,
    DistrictFactory,
    EditionFactory,
    ProvinceFactory,
    SuccessionFactory,
    UnitFactory,
    neighbours,
)
from gis.prepared import one_row

pytestmark = pytest.mark.django_db
LOCATE = "/api/v1/units/locate/"


def problem(response, status):
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    body = response.json()
    assert {"title", "status", "detail"} <= body.keys()
    assert body["status"] == status
    assert body["detail"]
    return body


class TestLocate:
    def test_the_answer_has_the_shape_of_the_contract(self, client):
        province = ProvinceFactory(code="96", name="Tỉnh Cà Mau")
        UnitFactory(code="32002", name="Phường An Xuyên", parent=province)
        body = client.get(LOCATE, {"lat": 9.05, "lon": 105.05, "on": "2025-07-02"}).json()
        assert body.keys() == {"unit", "method", "distance_m", "ambiguous", "candidates", "on"}
        assert body["unit"]["code"] == "32002"
        assert body["unit"]["valid_from"] == "2025-07-01"
        assert body["unit"]["valid_to"] is None
        assert [above["name"] for above in body["unit"]["ancestors"]] == ["Tỉnh Cà Mau"]
        assert body["candidates"][0].keys() == {"code", "name", "share", "distance_m"}
        assert body["on"] == "2025-07-02"

    @pytest.mark.parametrize(("moment", "name"), [("2025-06-30T16:59:59Z", "Phường 2"), ("2025-06-30T17:00:00Z", "Phường An Xuyên")])
    def test_today_begins_at_midnight_in_vietnam(self, client, time_machine, moment, name):
        UnitFactory(code="32002", name="Phường 2", valid_from=None, valid_to=MERGER)
        UnitFactory(code="32002", name="Phường An Xuyên")
        time_machine.move_to(moment, tick=False)
        assert client.get(LOCATE, {"lat": 9.05, "lon": 105.05}).json()["unit"]["name"] == name

    def test_swapped_coordinates_are_refused_with_the_right_ones(self, client):
        body = problem(client.get(LOCATE, {"lat": 105.15, "lon": 9.17}), 400)
        assert body["suggestion"] == {"lat": 9.17, "lon": 105.15}

    @pytest.mark.parametrize("asked", [
        {}, {"lat": "9"}, {"lat": "", "lon": ""}, {"lat": "abc", "lon": "105"}, {"lat": "nan", "lon": "105"}, {"lat": "inf", "lon": "105"},
        {"lat": "91", "lon": "181"}, {"lat": "9", "lon": "1e400"}, {"lat": "9", "lon": "105", "accuracy": "-1"}, {"lat": "9", "lon": "105", "accuracy": "nan"},
        {"lat": "9", "lon": "105", "on": "yesterday"}, {"lat": "9", "lon": "105", "on": "2025-02-30"},
        {"lat": "9" * 5000, "lon": "105"}, {"lat": "9;DROP TABLE", "lon": "105"},
    ])  # fmt: skip
    def test_what_is_no_place_or_day_is_refused_in_words(self, client, asked):
        assert "errors" in problem(client.get(LOCATE, asked), 400)

    def test_errors_speak_the_language_of_the_header(self, client):
        vietnamese = client.get(LOCATE, {"lat": "9"}).json()
        english = client.get(LOCATE, {"lat": "9"}, headers={"accept-language": "en-GB,en;q=0.9"}).json()
        assert english["detail"] == "lon is missing."
        assert vietnamese["title"] != english["title"]

    def test_a_day_before_our_records_says_what_is_on_record(self, client):
        UnitFactory(valid_from=MERGER)
        body = problem(client.get(LOCATE, {"lat": 9.05, "lon": 105.05, "on": "2019-01-01"}), 404)
        assert "2025-07-01" in body["detail"]

    def test_the_open_sea_is_an_answer_not_an_error(self, client):
        neighbours()
        body = client.get(LOCATE, {"lat": 8.0, "lon": 104.0}).json()
        assert body["unit"] is None
        assert body["method"] == "none"

    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        lat=st.floats() | st.text(max_size=20),
        lon=st.floats() | st.text(max_size=20),
        accuracy=st.none() | st.floats() | st.text(max_size=8),
    )
    def test_no_input_whatever_breaks_it(self, client, lat, lon, accuracy):
        asked = {"lat": str(lat), "lon": str(lon)} | ({} if accuracy is None else {"accuracy": str(accuracy)})
        assert client.get(LOCATE, asked).status_code in {200, 400, 404}


class TestUnits:
    def test_a_list_is_of_one_day(self, client):
        UnitFactory(code="32002", name="Phường 2", valid_from=None, valid_to=MERGER)
        UnitFactory(code="32002", name="Phường An Xuyên")

        def names(on):
            features = client.get("/api/v1/units/", {"on": on, "level": "commune"}).json()["features"]
            return [feature["properties"]["name"] for feature in features]

        assert names("2025-06-30") == ["Phường 2"]
        assert names("2025-07-01") == ["Phường An Xuyên"]

    def test_drafts_are_in_no_list(self, client):
        UnitFactory(active=False)
        assert client.get("/api/v1/units/").json()["features"] == []

    @pytest.mark.parametrize("typed", ["ly van lam", "LÝ VĂN", "Ly Van Lâm", "32032"])
    def test_names_are_found_without_tone_marks(self, client, typed):
        UnitFactory(code="32032", name="Xã Lý Văn Lâm")
        UnitFactory(code="32001", name="Xã Khác", west=106)
        features = client.get("/api/v1/units/", {"q": typed}).json()["features"]
        assert [feature["properties"]["code"] for feature in features] == ["32032"]

    @pytest.mark.parametrize(("typed", "on", "codes"), [
        ("phuong 2", "2025-07-01", ["32002", "33002"]), ("phuong 2", "2025-06-30", ["32001"]), ("32001", "2025-07-01", ["32002"]),
    ])  # fmt: skip
    def test_units_are_found_by_the_names_that_are_no_more(self, client, typed, on, codes):
        former = UnitFactory(code="32001", name="Phường 2", valid_from=None, valid_to=MERGER)
        SuccessionFactory(old=former, new=UnitFactory(code="32002", name="Phường An Xuyên"))
        UnitFactory(code="33002", name="Phường 21", west=106)
        features = client.get("/api/v1/units/", {"q": typed, "on": on}).json()["features"]
        assert [feature["properties"]["code"] for feature in features] == codes

    def test_a_province_gives_the_communes_below_its_districts_too(self, client):
        province = ProvinceFactory(code="96")
        district = DistrictFactory(code="964", parent=province, valid_from=MERGER, valid_to=None)
        UnitFactory(code="32002", parent=district)
        UnitFactory(code="32003", west=106)
        features = client.get("/api/v1/units/", {"parent": "96", "level": "commune"}).json()["features"]
        assert [feature["properties"]["code"] for feature in features] == ["32002"]

    def test_a_box_gives_what_it_touches(self, client):
        west, _east = neighbours()
        features = client.get("/api/v1/units/", {"bbox": "104.9,8.9,105.05,9.05"}).json()["features"]
        assert [feature["properties"]["code"] for feature in features] == [west.code]

    @pytest.mark.parametrize("asked", [
        {"bbox": "1,2,3"}, {"bbox": "10,0,5,5"}, {"bbox": "a,b,c,d"}, {"bbox": "nan,0,1,1"}, {"bbox": "-200,0,1,1"}, {"level": "village"},
        {"zoom": "99"}, {"zoom": "deep"}, {"on": "2025-13-01"},
    ])  # fmt: skip
    def test_wrong_parameters_are_refused_in_words(self, client, asked):
        problem(client.get("/api/v1/units/", asked), 400)

    def test_pages_follow_each_other_without_gap_or_repetition(self, client):
        for number in range(7):
            UnitFactory(code=f"{32000 + number}", west=105 + number)
        seen, address = [], "/api/v1/units/?limit=3&geometry=none&level=commune"
        while address:
            page = client.get(address).json()
            seen += [feature["properties"]["code"] for feature in page["features"]]
            address = page["next"]
        assert seen == [f"{32000 + number}" for number in range(7)]

    def test_a_list_costs_the_same_for_one_unit_and_for_six(self, client, django_assert_num_queries):
        UnitFactory()
        with django_assert_num_queries(1):
            client.get("/api/v1/units/", {"level": "commune"})
        for number in range(5):
            UnitFactory(west=106 + number)
        with django_assert_num_queries(1):
            client.get("/api/v1/units/", {"level": "commune"})

    def test_a_code_means_the_unit_of_the_day(self, client):
        UnitFactory(code="32002", name="Phường 2", valid_from=None, valid_to=MERGER)
        UnitFactory(code="32002", name="Phường An Xuyên")
        old = client.get("/api/v1/units/32002/", {"on": "2025-06-30"}).json()["properties"]
        assert old["name"] == "Phường 2"
        assert [other["name"] for other in old["same_code"]] == ["Phường An Xuyên"]

    def test_a_code_out_of_its_time_says_when_it_was_in_force(self, client):
        UnitFactory(code="32032", name="Xã Lý Văn Lâm", valid_from=None, valid_to=MERGER)
        assert "Xã Lý Văn Lâm" in problem(client.get("/api/v1/units/32032/", {"on": "2026-01-01"}), 404)["detail"]
        problem(client.get("/api/v1/units/99999/"), 404)


class TestLayers:
    def test_a_layer_is_cut_to_the_box(self, client):
        BaseLayer.objects.create(name="rivers", attribution="© somebody", geometry="SRID=4326;LINESTRING(105 9, 106 9)")
        body = client.get("/api/v1/layers/rivers/", {"bbox": "105.2,8.9,105.4,9.1", "zoom": 12}).json()
        assert body["features"][0]["geometry"]["coordinates"] == [[105.2, 9.0], [105.4, 9.0]]
        assert client.get("/api/v1/layers/").json() == [{"name": "rivers", "features": 1, "attribution": "© somebody"}]

    def test_an_unknown_layer_is_a_problem_in_words(self, client):
        problem(client.get("/api/v1/layers/canals/"), 404)


class TestPlaces:
    def found(self, client, text):
        return client.get("/api/v1/places/", {"q": text}).json()["results"]

    def test_today_comes_before_former_days_and_former_ones_say_until_when(self, client):
        UnitFactory(code="32032", name="Xã Lý Văn Lâm", valid_from=None, valid_to=MERGER)
        UnitFactory(code="32014", name="Phường Lý Văn Lâm")
        first, second = self.found(client, "ly van lam")
        assert (first["label"], second["label"]) == ("Phường Lý Văn Lâm", "Xã Lý Văn Lâm")
        assert second["on"] == "2025-06-30"
        assert "30/6/2025" in second["detail"]

    @pytest.mark.parametrize("typed", ["P.5", "p5", "phuong 5", "Phường 5", "PHUONG 5"])
    def test_abbreviations_are_understood(self, client, typed):
        UnitFactory(name="Phường 5")
        UnitFactory(name="Phường 15", west=106)
        assert self.found(client, typed)[0]["label"] == "Phường 5"

    @pytest.mark.parametrize("typed", ["9.1768, 105.1524", "9.1768 105.1524", "105.1524, 9.1768"])
    def test_coordinates_are_a_place_whichever_comes_first(self, client, typed):
        (place,) = self.found(client, typed)
        assert (place["kind"], place["lat"], place["lon"]) == ("coordinates", 9.1768, 105.1524)
        assert place["label"] == "9.1768, 105.1524"

    @pytest.mark.parametrize("typed", ["", " ", "%", "_", "\\", "'; DROP TABLE", "x" * 5000, "999, 999"])
    def test_nonsense_finds_nothing_and_breaks_nothing(self, client, typed):
        UnitFactory(name="Phường 5")
        assert self.found(client, typed) == []


@pytest.mark.parametrize("path", ["/api/v1/places/?q=%00", "/api/v1/units/%00/", "/api/v1/units/?q=a%00b", "/communes/%00/"])
def test_a_null_byte_is_refused_at_the_door(client, path):
    assert client.get(path).status_code == 400


class TestSchema:
    def test_the_description_is_openapi_3_1_and_covers_every_call(self, client):
        body = json.loads(client.get("/api/v1/schema/", {"format": "json"}).content)
        assert body["openapi"].startswith("3.1")
        assert {"/api/v1/units/locate/", "/api/v1/units/", "/api/v1/units/{code}/", "/api/v1/reports/"} <= body["paths"].keys()


class TestSuccession:
    def test_both_sides_of_a_change_are_told_with_shares_and_act(self, client):
        act = EditionFactory(decree="1655/NQ-UBTVQH15")
        old = UnitFactory(code="32053", name="Xã Nguyễn Phích", valid_from=None, valid_to=MERGER)
        news = [UnitFactory(code=f"3206{n}", name=f"Xã {n}", edition=act) for n in range(3)]
        for new, share in zip(news, (0.4, 0.14, None), strict=True):
            SuccessionFactory(old=old, new=new, share=share)
        body = client.get("/api/v1/units/32053/succession/", {"on": "2025-06-30"}).json()
        assert body.keys() == {"unit", "on", "formed_from", "became", "today"}
        assert (body["unit"]["name"], body["on"], body["formed_from"]) == ("Xã Nguyễn Phích", "2025-06-30", [])
        assert [(side["unit"]["code"], side["share"], side["transfer"], side["known_from"]) for side in body["became"]] == [
            ("32060", 0.4, "partial", "listed"), ("32061", 0.14, "partial", "listed"), ("32062", None, "partial", "listed"),
        ]  # fmt: skip
        assert body["became"][0]["edition"]["decree"] == "1655/NQ-UBTVQH15"
        assert [(heir["unit"]["code"], heir["share"]) for heir in body["today"]] == [("32060", 0.4), ("32061", 0.14), ("32062", None)]
        back = client.get("/api/v1/units/32060/succession/").json()
        assert [(side["unit"]["code"], side["unit"]["valid_to"], side["share"]) for side in back["formed_from"]] == [
            ("32053", "2025-07-01", 0.4)
        ]
        assert (back["became"], back["today"][0]["unit"]["code"]) == ([], "32060")

    def test_the_same_code_on_two_days_is_two_units(self, client):
        old = UnitFactory(code="32002", name="Phường 2", valid_from=None, valid_to=MERGER)
        new = UnitFactory(code="32002", name="Phường An Xuyên")
        SuccessionFactory(old=old, new=new, full=True)
        for on, side in (("2025-06-30", "became"), ("2025-07-01", "formed_from")):
            body = client.get("/api/v1/units/32002/succession/", {"on": on}).json()
            assert [len(body[name]) for name in ("formed_from", "became")] == [int(side == "formed_from"), int(side == "became")]

    def test_what_only_a_draft_would_bring_is_not_public(self, client):
        old = UnitFactory(code="32001")
        SuccessionFactory(old=old, new=UnitFactory(code="32009", active=False), full=True)
        assert client.get("/api/v1/units/32001/succession/").json()["became"] == []

    def test_a_code_without_a_unit_is_told(self, client):
        UnitFactory(code="32002", name="Phường 2", valid_from=None, valid_to=MERGER)
        assert "Phường 2" in problem(client.get("/api/v1/units/32002/succession/", {"on": "2025-07-01"}), 404)["detail"]
        problem(client.get("/api/v1/units/99999/succession/"), 404)
        problem(client.get("/api/v1/units/32002/succession/", {"on": "x"}), 400)

    def test_its_cost_does_not_grow_with_the_number_of_parts(self, client, django_assert_max_num_queries):
        old = UnitFactory(code="32002", valid_from=None, valid_to=MERGER)
        for n in range(5):
            SuccessionFactory(old=old, new=UnitFactory(code=f"3210{n}"), share=0.2)
        with django_assert_max_num_queries(6):
            client.get("/api/v1/units/32002/succession/", {"on": "2025-06-30"})


def test_the_short_way_to_a_unit_answers_what_the_long_one_does(client, monkeypatch):
    old, new = EditionFactory(), EditionFactory()
    district = DistrictFactory(
        parent=ProvinceFactory(edition=old, valid_from=None, valid_to=MERGER), edition=old, valid_from=None, valid_to=MERGER
    )
    UnitFactory(code="31001", parent=district, edition=old, valid_from=None, valid_to=MERGER)
    neighbours(edition=new)
    points = [(WEST + SIZE * x / 4, SOUTH + SIZE * y / 4) for x in range(-1, 10) for y in range(-1, 6)]  # corners, borders, water
    asked = [f"{LOCATE}?lat={lat}&lon={lon}{more}" for lon, lat in points for more in ("", "&on=2024-01-01", "&accuracy=0")]

    def answers():
        return [(response.status_code, response.json()) for response in map(client.get, asked)]

    short = answers()
    assert {answer["method"] for status, answer in short if status == 200} == {"inside", "none"}
    assert any(answer["ambiguous"] for status, answer in short if status == 200)
    assert any(len(answer["unit"]["ancestors"]) == 2 for status, answer in short if status == 200 and answer["unit"])
    monkeypatch.setattr("boundaries.api.covering", lambda lon, lat, on: None)
    assert answers() == short


@pytest.mark.django_db(transaction=True)
def test_a_connection_to_the_database_that_was_lost_is_not_noticed(client):
    UnitFactory()

    def lose():
        """As after a restart of the database, at the beginning of the next request."""
        other = connection.copy()
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [connection.connection.info.backend_pid])
        other.close()
        connection.health_check_enabled, connection.health_check_done = True, False

    for ask in (lambda: client.get(LOCATE, {"lat": 9.05, "lon": 105.05}).json()["method"], lambda: one_row("SELECT 'inside'", {})[0]):
        assert ask() == "inside"
        lose()
        assert ask() == "inside"
