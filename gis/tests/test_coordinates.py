"""Coordinates and plus codes as people paste them."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from gis.coordinates import find_coordinates
from gis.pluscodes import decode, find_code, recover


@pytest.mark.parametrize(
    "text",
    [
        "9.17, 105.15", "9.17 105.15", "9.17,105.15", " (9.17; 105.15) ", "9,17 105,15", "9,17, 105,15", "9,17;105,15", "9,17,105,15",
        "9.17N 105.15E", "N9.17 E105.15", "N 9.17, E 105.15", "9.17° N, 105.15° E", "9.17°B 105.15°Đ", "105.15E 9.17N",
        "lat 9.17 lon 105.15", "lat: 9.17, lng: 105.15", "vĩ độ 9.17, kinh độ 105.15", "Kinh độ: 105,15; vĩ độ: 9,17", "Toạ độ: 9.17, 105.15",
        "9°10'12\"N 105°09'E", "9°10′12″N, 105°9′0″E", "9º10’12”B 105º09’00”Đ", "9°10'12'' 105°9'0''", "9°10.2'N 105°9'E", "9 10 12 N 105 9 0 E",
        "N 9 10.2 E 105 9", "9 độ 10 phút 12 giây Bắc, 105 độ 9 phút Đông", "9°10,2'N 105°9,0'E", "+9.17 +105.15",
        "geo:9.17,105.15", "geo:9.17,105.15?z=17", "https://www.google.com/maps/@9.17,105.15,17z", "https://maps.google.com/?q=9.17,105.15",
        "https://www.google.com/maps/place/X/@9.2,105.2,17z/data=!3m1!4b1!4m5!3m4!1s0x0:0x0!8m2!3d9.17!4d105.15",
        "https://www.google.com/maps/search/?api=1&query=9.17%2C105.15", "https://www.openstreetmap.org/#map=15/9.17/105.15",
        "https://www.openstreetmap.org/?mlat=9.17&mlon=105.15#map=12/9.0/105.0", "https://www.google.com/maps/search/9.17,+105.15",
    ],
)  # fmt: skip
def test_a_point_is_found_however_it_is_written(text):
    found = find_coordinates(text)
    assert found is not None
    assert (round(found.lat, 6), round(found.lon, 6), found.swapped) == (9.17, 105.15, False)


@pytest.mark.parametrize("text", ["105.15, 9.17", "105,15 9,17", "105°9' 9°10'12\"", "105.15 9.17"])
def test_numbers_in_the_wrong_order_are_told(text):
    found = find_coordinates(text)
    assert found is not None
    assert (round(found.lat, 6), round(found.lon, 6), found.swapped) == (9.17, 105.15, True)


@pytest.mark.parametrize(
    ("text", "lat", "lon"), [("9, 105", 9, 105), ("-33.86, 151.21", -33.86, 151.21), ("33°51'S 70°40'W", -33.85, -70.6666667)]
)
def test_the_whole_world_has_coordinates(text, lat, lon):
    found = find_coordinates(text)
    assert found is not None
    assert (found.lat, found.lon) == (pytest.approx(lat), pytest.approx(lon))


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "P5", "32002", "9", "9,17", "5 1", "999, 999", "91, 91", "200 9", "9.17", "9.17, 105.15, 3", "ấp 3, xã Khánh Bình", "1 2 3",
        "9.17N 105.15N", "9°70'N 105°E", "9.1.7, 105", "9..17 105.15", "http://127.0.0.1:8000/", "https://maps.app.goo.gl/abc123", "khóm 4 phường 5",
        "\x00", "🙂", "٩٫١٧", "9" * 400, "9,1 " * 100, "°" * 100, "n" * 400,
    ],
)  # fmt: skip
def test_what_is_no_pair_of_coordinates_is_none(text):
    assert find_coordinates(text) is None


@given(some.text(max_size=60))
def test_no_text_breaks_the_reading(text):
    find_coordinates(text)
    find_code(text)


@given(some.floats(8, 24), some.floats(102, 118))
def test_what_is_written_out_is_read_back(lat, lon):
    for text in (f"{lat:.7f}, {lon:.7f}", f"{lat:.7f}; {lon:.7f}".replace(".", ",")):
        found = find_coordinates(text)
        assert found is not None
        assert (found.lat, found.lon) == (pytest.approx(lat, abs=1e-6), pytest.approx(lon, abs=1e-6))


# From the test data of the specification
@pytest.mark.parametrize(
    ("code", "south", "west", "north", "east"),
    [
        ("7FG49Q00+", 20.35, 2.75, 20.4, 2.8), ("7FG49QCJ+2V", 20.37, 2.782125, 20.370125, 2.78225),
        ("7FG49QCJ+2VX", 20.3701, 2.78221875, 20.370125, 2.78225), ("4VCPPQGP+Q9", -41.273125, 174.785875, -41.273, 174.786),
        ("22220000+", -90, -180, -89, -179), ("CFX3X2X2+X2", 89.999875, 1, 90, 1.000125), ("84000000+", 30, -140, 50, -120),
        ("849VGJQF+VX7QR3J7QR3J", 37.53966912, -122.3750698242, 37.53966916, -122.3750697021),
    ],
)  # fmt: skip
def test_a_full_plus_code_is_its_cell(code, south, west, north, east):
    cell = decode(code)
    assert (cell.lat, cell.lon) == (pytest.approx((south + north) / 2, abs=1e-9), pytest.approx((west + east) / 2, abs=1e-9))
    assert cell.height == pytest.approx(north - south, abs=1e-9)


@pytest.mark.parametrize(
    ("full", "lat", "lon", "short"),
    [
        ("9C3W9QCJ+2VX", 51.3708675, -1.217765625, "CJ+2VX"), ("9C3W9QCJ+2VX", 51.3693575, -1.217765625, "CJ+2VX"),
        ("9C3W9QCJ+2VX", 51.3852125, -1.217765625, "9QCJ+2VX"), ("9C3W9QCJ+2VX", 51.3701125, -1.202665625, "9QCJ+2VX"),
        ("8FJFW222+22", 42.899, 9.012, "22+22"), ("796RXG22+22", 14.95125, -23.5001, "22+22"), ("8FRCXGRF+PM", 47.00, 8.55, "XGRF+PM"),
        ("CFX22222+22", 89.6, 0.0, "2222+22"), ("2CXXXXXX+XX", -81.0, 0.0, "XXXXXX+XX"), ("8FRCXGRF+PM", 0, 0, "8FRCXGRF+PM"),
    ],
)  # fmt: skip
def test_a_short_plus_code_is_the_nearest_of_its_kind(full, lat, lon, short):
    found, meant = recover(short, lat, lon), decode(full)
    assert (found.lat, found.lon) == (pytest.approx(meant.lat, abs=1e-6), pytest.approx(meant.lon, abs=1e-6))


@pytest.mark.parametrize(
    ("text", "code", "rest"),
    [
        ("6PX75552+22", "6PX75552+22", ""), ("54f2+9v Phường 5, Cà Mau", "54F2+9V", "Phường 5, Cà Mau"), ("Cà Mau 54F2+9V", "54F2+9V", "Cà Mau"),
    ],
)  # fmt: skip
def test_a_plus_code_is_found_in_a_text(text, code, rest):
    assert find_code(text) == (code, rest)


@pytest.mark.parametrize(
    "text", ["", "5+2", "AAAA+22", "54F2+", "54F29V", "54F2+9", "FFFFFFFF+22", "12345678+90", "ZZ+ZZ", "54F2+9V2222222222"]
)
def test_what_only_looks_like_a_plus_code_is_none(text):
    assert find_code(text) is None
