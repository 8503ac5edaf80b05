"""The public pages: the map with its list, communes, one unit, "which commune am I in?"; without scripts, in both languages."""

import json
import re
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.contrib.gis.geos import Point
from django.contrib.staticfiles import finders
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from authorities.models import Body, BodyKind
from boundaries.tests.factories import MERGER, SIZE, WEST, DistrictFactory, EditionFactory, ProvinceFactory, SuccessionFactory, UnitFactory
from insights.templatetags.modules import imported_by
from insights.territory import initial
from reports.codes import new_code
from reports.models import Report
from reports.workflow import CLOSED, Status
from tests.cast import make_body

pytestmark = pytest.mark.django_db

PAGES = [
    "/",
    "/communes/",
    "/communes/90001/",
    "/communes/90/",
    "/where/",
    "/where/?lat=9.05&lon=105.05",
    "/where/?q=an+lac",
    "/accounts/login/",
]


@pytest.fixture
def write(body_a: Body, commune_a, pothole):
    """Writes a report without the services: these tests look at pages."""

    def make(text="Ổ gà trước chợ", *, category=pothole, status=Status.NEW, lon=105.05, lat=9.05, filed_at=None, public=True):
        filed_at = filed_at or timezone.now()
        closed = status in CLOSED
        spot = Point(lon, lat, srid=4326)
        return Report.objects.create(
            code=new_code(), category=category, description=text, location=spot, location_at_filing=spot, unit=commune_a,
            unit_at_filing=commune_a, method="inside", authority=body_a, status=status, filed_at=filed_at, due_at=filed_at,
            published_at=filed_at if public else None, closed_at=filed_at if closed else None, authority_at_closing=body_a if closed else None,
        )  # fmt: skip

    return make


class Page(HTMLParser):
    """What a page is made of, as far as these tests ask."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def all(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]


def text_of(response):
    return response.content.decode()


def get(client, path, expected=200, /, **query):
    response = client.get(path, query)
    assert response.status_code == expected, response.content
    return response


# --- every page -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_page_has_one_heading_its_language_and_a_way_past_the_menu(client, body_a, write, path, language):
    write()
    response = client.get(path, {"lang": language, **dict(pair.split("=") for pair in path.partition("?")[2].split("&") if pair)})
    page = Page(text_of(response))
    assert response.status_code == 200
    assert len(page.all("h1")) == 1
    assert page.all("html")[0]["lang"] == language
    assert {"skip"} <= {attrs.get("class") for attrs in page.all("a") if attrs.get("href") == "#main"}


@pytest.mark.parametrize("path", PAGES)
def test_nothing_on_a_page_needs_a_weaker_content_security_policy(client, body_a, write, path):
    write()
    page = Page(text_of(client.get(path)))
    for tag, attrs in page.tags:
        assert "style" not in attrs, (tag, attrs)
        assert not [name for name in attrs if name.startswith("on")], (tag, attrs)
        assert tag != "style"
        if tag == "script":
            assert attrs.get("src") or attrs.get("type") == "application/json", attrs
        for address in (attrs.get("src"), attrs.get("href") if tag == "link" else None):
            assert not address or address.startswith("/") or address.startswith("data:"), address


@pytest.mark.parametrize("path", PAGES)
def test_labels_and_images_are_named(client, body_a, write, path):
    write()
    page = Page(text_of(client.get(path)))
    labelled = {attrs.get("for") for attrs in page.all("label")}
    for tag in ("input", "select", "textarea"):
        for attrs in page.all(tag):
            assert attrs.get("type") in ("hidden", "submit") or attrs.get("id") in labelled, attrs
    assert all("alt" in attrs for attrs in page.all("img"))
    ids = [attrs["id"] for _tag, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids)), sorted(name for name in ids if ids.count(name) > 1)


def test_an_unknown_address_is_answered_in_words(client):
    assert "Không có gì ở địa chỉ này" in text_of(get(client, "/nowhere/", 404))


def test_the_page_of_a_failure_needs_nothing_at_all(settings, monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError

    monkeypatch.setattr("insights.views.home.Filters.of", fail)
    response = Client(raise_request_exception=False).get("/")
    assert response.status_code == 500
    assert "Có lỗi ở phía chúng tôi" in text_of(response)


# --- home -------------------------------------------------------------------------------------------------------------


def test_the_home_page_lists_public_reports_the_newest_first(client, write, officials):
    old = write("cũ", filed_at=timezone.make_aware(timezone.datetime(2026, 1, 2)))
    new = write("mới")
    hidden = write("chưa công khai", public=False)
    secret = write("cán bộ", category=officials)
    text = text_of(get(client, "/"))
    assert text.index(new.code) < text.index(old.code)
    assert hidden.code not in text
    assert secret.code not in text


def test_coordinates_in_the_list_are_numbers_for_machines_in_every_language(client, write):
    write(lon=105.054321, lat=9.012345)
    for language in ("vi", "en"):
        text = text_of(get(client, "/", lang=language))
        assert 'data-lat="9.012345"' in text
        assert 'data-lon="105.054321"' in text


def test_filters_choose_and_nonsense_is_left_aside(client, write, law):
    wanted = write("đã xong", status=Status.RESOLVED)
    other = write("luật", category=law)
    closed = text_of(get(client, "/", status="closed"))
    assert wanted.code in closed
    assert other.code not in closed
    assert other.code in text_of(get(client, "/", category="law"))
    assert wanted.code not in text_of(get(client, "/", category="law"))
    both = text_of(get(client, "/", category="nonsense", status="x' OR 1=1", period="-1", bbox="1,2", page="-7"))
    assert wanted.code in both
    assert other.code in both


def test_a_period_begins_at_midnight_in_vietnam(client, write):
    today = timezone.localdate()
    first = timezone.make_aware(timezone.datetime.combine(today - timezone.timedelta(days=6), timezone.datetime.min.time()))
    inside, outside = write(filed_at=first), write(filed_at=first - timezone.timedelta(seconds=1))
    text = text_of(get(client, "/", period="7d"))
    assert inside.code in text
    assert outside.code not in text


def test_the_fragment_holds_the_rows_of_a_box_and_nothing_of_the_page(client, write):
    here, there = write(lon=105.02), write(lon=105.08)
    text = text_of(get(client, "/", fragment="list", bbox="105.0,9.0,105.05,9.1"))
    assert here.code in text
    assert there.code not in text
    assert "<html" not in text


def test_the_fragment_of_a_code_is_that_report_only_where_it_is_public(client, write):
    shown, hidden = write(), write(public=False)
    assert shown.code in text_of(get(client, "/", fragment="list", code=shown.code))
    assert hidden.code not in text_of(get(client, "/", fragment="list", code=hidden.code))


def test_an_empty_list_says_what_to_do(client, write):
    assert "Chưa ai gửi phản ánh trong vùng này" in text_of(get(client, "/", fragment="list", bbox="100,5,101,6"))
    assert "bỏ bớt bộ lọc" in text_of(get(client, "/", fragment="list", status="resolved"))


def test_the_list_goes_on_by_pages(client, write):
    codes = {write(f"Việc {n}").code for n in range(25)}
    first, second = (text_of(get(client, "/", fragment="list", page=page)) for page in (1, 2))
    on = [{code for code in codes if code in text} for text in (first, second)]
    assert [len(part) for part in on] == [20, 5]
    assert not on[0] & on[1]
    assert 'data-page="2"' in first
    assert "data-page" not in second


def test_a_list_costs_the_same_for_one_report_and_for_six(client, write):
    def cost():
        with CaptureQueriesContext(connection) as queries:
            get(client, "/", fragment="list")
        return len(queries)

    write()
    one = cost()
    for n in range(5):
        write(f"Việc {n}")
    assert cost() == one


def test_what_somebody_writes_is_shown_not_run(client, write):
    write("<script>alert(1)</script> & <b>đậm</b>")
    text = text_of(get(client, "/"))
    assert "<script>alert" not in text
    assert "&lt;script&gt;" in text


# --- communes ---------------------------------------------------------------------------------------------------------


def test_communes_stand_under_their_letter(client, commune_a, commune_b, edition, province):
    UnitFactory(code="90003", name="Xã Đất Mũi", edition=edition, parent=province, west=WEST + 2 * SIZE, valid_from=date(2020, 1, 1))
    UnitFactory(code="90004", name="Phường 2", edition=edition, parent=province, west=WEST + 3 * SIZE, valid_from=date(2020, 1, 1))
    text = text_of(get(client, "/communes/"))
    letters = re.findall(r'class="letter-name">([^<]+)<', text)
    assert letters == ["A", "B", "Đ", "P"]
    assert "4 xã, phường" in text


@pytest.mark.parametrize(
    ("name", "letter"), [("Ấp Mới", "Â"), ("Ông Đốc", "Ô"), ("đất", "Đ"), ("U Minh", "U"), ("Ưu", "Ư"), ("2", "0–9"), ("Ý", "Y")]
)
def test_tone_marks_do_not_make_another_letter(name, letter):
    assert initial(name) == letter


@pytest.mark.parametrize("text", ["an lac", "An Lạc", "P. An Lac", "90001"])
def test_a_commune_is_found_without_tone_marks(client, commune_a, commune_b, text):
    page = text_of(get(client, "/communes/", q=text))
    assert "Phường An Lạc" in page
    assert "Xã Bình Yên" not in page


def test_a_former_name_leads_to_the_former_unit(client, commune_a):
    district = DistrictFactory(code="971", name="Huyện Cũ")
    UnitFactory(code="33333", name="Xã Tên Xưa", parent=district, valid_from=None, valid_to=MERGER, edition=district.edition)
    page = text_of(get(client, "/communes/", q="ten xua"))
    assert "/communes/33333/?on=2025-06-30" in page
    assert "Có phải bạn tìm" in page
    assert "Huyện Cũ" in text_of(get(client, "/communes/", on="2025-06-30"))


def test_a_date_that_is_none_is_told(client, commune_a):
    for path in ("/communes/", "/communes/90001/"):
        assert "không phải là ngày" in text_of(get(client, path, 400, on="2025-13-45"))


# --- one unit ---------------------------------------------------------------------------------------------------------


def test_the_page_of_a_commune_names_its_body_and_hotline(client, commune_a, body_a):
    Body.objects.filter(pk=body_a.pk).update(hotline="0290 3 831 234", address="12 Trần Hưng Đạo")
    text = text_of(get(client, "/communes/90001/"))
    assert "UBND phường An Lạc" in text
    assert 'href="tel:02903831234"' in text
    assert "12 Trần Hưng Đạo" in text


def test_without_a_body_of_its_own_the_one_above_answers(client, commune_b, province_body):
    assert "UBND tỉnh Phú Hải" in text_of(get(client, "/communes/90002/"))


def test_a_department_is_never_taken_for_the_committee(client, commune_a, department):
    assert "Sở Y tế" not in text_of(get(client, "/communes/90001/"))


def test_a_code_means_another_unit_at_another_time(client):
    old = UnitFactory(code="32002", name="Phường 2", valid_from=None, valid_to=MERGER)
    UnitFactory(code="32002", name="Phường An Xuyên")
    today = text_of(get(client, "/communes/32002/"))
    assert "<h1>Phường An Xuyên</h1>" in today
    assert old.get_absolute_url() in today
    assert "đến hết 30/6/2025" in today
    assert "<h1>Phường 2 (đến hết 30/6/2025)</h1>" in text_of(get(client, "/communes/32002/", on="2025-06-30"))
    assert "<h1>Phường An Xuyên</h1>" in text_of(get(client, "/communes/32002/", on="2025-07-01"))


def test_a_unit_that_is_gone_says_so_and_gives_no_hotline(client):
    old = UnitFactory(code="32002", name="Phường 2", valid_from=None, valid_to=MERGER)
    body = make_body("ubnd-phuong-2", "UBND phường 2", BodyKind.COMMUNE_COMMITTEE, old)
    Body.objects.filter(pk=body.pk).update(hotline="0290 3 000 000")
    text = text_of(get(client, "/communes/32002/", on="2025-06-30"))
    assert "Đơn vị này không còn" in text
    assert "UBND phường 2" in text
    assert "tel:0290" not in text


def test_a_unit_tells_what_it_was_formed_from_and_a_former_one_what_became_of_it(client):
    province = ProvinceFactory(name="Tỉnh Cà Mau", code="96")
    act = EditionFactory(decree="1655/NQ-UBTVQH15", decree_url="https://example.gov.vn/1655")
    new = UnitFactory(code="32002", name="Phường An Xuyên", edition=act, parent=province)
    old = UnitFactory(code="32002", name="Phường 2", valid_from=None, valid_to=MERGER)
    SuccessionFactory(old=old, new=new, share=0.26)
    SuccessionFactory(old=old, new=UnitFactory(name="Xã Đất Mới", edition=act), share=0.0011)
    SuccessionFactory(old=UnitFactory(name="Phường 5", valid_from=None, valid_to=MERGER), new=new, full=True)
    SuccessionFactory(old=UnitFactory(name="Xã Tân Lợi", valid_from=None, valid_to=MERGER), new=new, share=None)
    text = text_of(get(client, "/communes/32002/"))
    assert "Hình thành ngày 1/7/2025 từ:" in text
    assert re.search(r"Phường 5</a>.*Phường 2</a> <span[^>]*>\(26 % diện tích\).*Xã Tân Lợi</a> <span[^>]*>\(một phần\)", text, re.S)
    text = text_of(get(client, "/communes/32002/", on="2025-06-30"))
    assert "Từ ngày 1/7/2025, địa bàn chuyển về:" in text
    assert re.search(
        r"Phường An Xuyên</a>, Tỉnh Cà Mau <span[^>]*>\(26 % diện tích\).*Xã Đất Mới</a> <span[^>]*>\(dưới 1 % diện tích\)", text, re.S
    )
    assert '<a href="https://example.gov.vn/1655" rel="noopener">1655/NQ-UBTVQH15</a>' in text
    english = text_of(get(client, "/communes/32002/", lang="en"))
    assert re.search(r"Formed on [^<]*2025 from:", english)


def test_a_unit_two_reforms_ago_says_whose_its_territory_is_today(client):
    old = UnitFactory(code="32001", name="Phường 1", valid_from=None, valid_to=date(2020, 1, 1))
    middle = UnitFactory(code="32002", name="Phường 2", valid_from=date(2020, 1, 1), valid_to=MERGER)
    SuccessionFactory(old=old, new=middle, full=True)
    SuccessionFactory(old=middle, new=UnitFactory(code="32002", name="Phường An Xuyên"), full=True)
    text = text_of(get(client, "/communes/32001/", on="2019-12-31"))
    assert re.search(
        r"Nay địa bàn thuộc: <a[^>]*>Phường An Xuyên</a>\..*Từ ngày 1/1/2020, địa bàn chuyển về:.*Phường 2 \(đến hết 30/6/2025\)</a>",
        text,
        re.S,
    )
    assert "Nay địa bàn thuộc" not in text_of(get(client, "/communes/32002/"))


def test_a_unit_of_which_nothing_is_known_has_no_history(client, commune_a):
    assert "Quá trình" not in text_of(get(client, "/communes/90001/"))


def test_a_code_without_a_unit_on_that_day_tells_when_it_had_one(client):
    UnitFactory(code="32002", name="Phường 2", valid_from=None, valid_to=MERGER)
    text = text_of(get(client, "/communes/32002/", 404))
    assert "Phường 2" in text
    assert "/communes/32002/?on=2025-06-30" in text
    assert "Không có đơn vị nào mang mã 99999" in text_of(get(client, "/communes/99999/", 404))


def test_a_schematic_outline_is_said_to_be_one(client):
    UnitFactory(code="32002", name="Phường An Xuyên", schematic=True)
    text = text_of(get(client, "/communes/32002/"))
    assert "Ranh giới này là sơ đồ" in text
    assert "vẽ sơ lược từ mã, tâm và khung bao công khai" in text


def test_a_note_on_a_page_does_not_take_the_title_of_the_page_for_its_own(client):
    UnitFactory(code="32002", name="Phường An Xuyên", schematic=True)
    assert "<strong>Phường An Xuyên</strong>" not in get(client, "/communes/32002/").content.decode()


# --- which commune am I in? -------------------------------------------------------------------------------------------


def test_a_spot_is_answered_with_its_commune_and_body(client, commune_a, body_a):
    text = text_of(get(client, "/where/", lat="9.05", lon="105.05"))
    assert "Phường An Lạc" in text
    assert "UBND phường An Lạc" in text
    assert "/reports/new/?lat=9.05&amp;lon=105.05" in text


def test_decimal_commas_are_understood(client, commune_a):
    assert "Phường An Lạc" in text_of(get(client, "/where/", lat="9,05", lon="105,05"))


def test_a_spot_on_water_goes_to_the_nearest_commune_and_tells_how_far(client, commune_a):
    text = text_of(get(client, "/where/", lat="9.05", lon="104.999"))
    assert "Xã, phường gần nhất là" in text
    assert re.search(r"cách Phường An Lạc 11\d m", text)


def test_a_spot_outside_everything_is_told(client, commune_a):
    assert "ngoài mọi xã, phường" in text_of(get(client, "/where/", lat="8.5", lon="104.6"))


def test_a_spot_on_the_border_names_both(client, commune_a, commune_b):
    text = text_of(get(client, "/where/", lat="9.05", lon="105.1"))
    assert "gần ranh giới" in text
    assert "Phường An Lạc" in text
    assert "Xã Bình Yên" in text


def test_swapped_coordinates_are_offered_the_right_way_round(client, commune_a):
    text = text_of(get(client, "/where/", 400, lat="105.05", lon="9.05"))
    assert 'href="?lat=9.05&amp;lon=105.05"' in text
    assert 'role="alert"' in text


@pytest.mark.parametrize(("lat", "lon"), [("", "105"), ("abc", "105"), ("nan", "105"), ("1e999", "5"), ("99", "199"), ("9", "")])
def test_what_is_no_spot_is_told_and_what_was_typed_stays(client, lat, lon):
    text = text_of(get(client, "/where/", 400, lat=lat, lon=lon))
    assert "Chưa tìm được chỗ này" in text
    assert f'value="{lat}"' in text


def test_a_name_leads_to_places_and_coordinates_to_their_commune(client, commune_a):
    assert "/communes/90001/" in text_of(get(client, "/where/", q="an lac"))
    assert "Điểm này thuộc" in text_of(get(client, "/where/", q="9.05, 105.05"))
    assert "Không có nơi nào tên" in text_of(get(client, "/where/", q="atlantis"))


def test_a_former_name_leads_to_its_page_and_says_what_it_is_part_of_now(client, commune_a):
    SuccessionFactory(old=UnitFactory(code="33333", name="Xã Tên Xưa", valid_from=None, valid_to=MERGER), new=commune_a, full=True)
    page = text_of(get(client, "/where/", q="ten xua"))
    assert 'href="/communes/33333/?on=2025-06-30"' in page
    assert "Nay thuộc Phường An Lạc" in page


def test_swapped_coordinates_and_plus_codes_are_answered_without_scripts(client, commune_a):
    assert 'href="/where/?lat=9.05&amp;lon=105.05"' in text_of(get(client, "/where/", q="105.05, 9.05"))
    assert "Điểm này thuộc" in text_of(get(client, "/where/", q="6PX73322+22"))


def test_a_day_in_the_past_is_answered_with_its_units(client):
    UnitFactory(code="32001", name="Phường 1", valid_from=None, valid_to=MERGER)
    UnitFactory(code="32002", name="Phường An Xuyên")
    assert "Phường 1" in text_of(get(client, "/where/", lat="9.05", lon="105.05", on="2022-07-17"))
    assert "Phường An Xuyên" in text_of(get(client, "/where/", lat="9.05", lon="105.05"))


# --- scripts and links ------------------------------------------------------------------------------------------------


def test_every_public_page_is_open_without_signing_in(client):
    for name in ("home", "communes", "where"):
        assert client.get(reverse(f"insights:{name}")).status_code == 200


@pytest.mark.parametrize("entry", sorted(path.name for path in (django_settings.BASE_DIR / "static/js/pages").glob("*.js")))
def test_every_import_of_a_script_can_be_found_and_hashed(entry):
    modules = (f"js/pages/{entry}", *imported_by(f"js/pages/{entry}"))
    for module in modules:
        found = finders.find(module)
        assert found, f"{module} is imported but does not exist"
        text = Path(found).read_text(encoding="utf-8")
        statements = re.findall(r"^(?:import|export)\b[^;]*?\bfrom\s[^\n]*$|^import\s+[\"'][^\n]*$", text, re.MULTILINE)
        assert all(re.search(r'"\.{1,2}/[^"]+";$', line) for line in statements), f"{module}: {statements}"


def test_only_the_map_knows_leaflet():
    for path in (django_settings.BASE_DIR / "static/js").rglob("*.js"):
        text = path.read_text(encoding="utf-8")
        if path.parent.name != "map":
            assert not re.search(r"\bglobalThis\.L\b|\bwindow\.L\b", text), path
            assert not re.search(r"import \{[^}]*\bL\b[^}]*\} from", text), path


def test_pure_modules_touch_no_page():
    for path in (django_settings.BASE_DIR / "static/js/lib").glob("*.js"):
        assert not re.search(
            r"\bdocument\.(?!createElement\(\"canvas\")|\b(window|location|localStorage)\.", path.read_text(encoding="utf-8")
        ), path


def test_every_icon_that_a_template_names_is_drawn():
    drawn = set(re.findall(r'id="([\w-]+)"', (django_settings.BASE_DIR / "static/icons.svg").read_text()))
    for path in (django_settings.BASE_DIR / "templates").rglob("*.html"):
        for name in re.findall(r'partials/_icon\.html" with name="([\w-]+)"(?!\|)', path.read_text(encoding="utf-8")):
            assert name in drawn, f"{path.name}: {name}"


def test_every_category_of_the_fixtures_has_its_icon():
    drawn = set(re.findall(r'id="category-([\w-]+)"', (django_settings.BASE_DIR / "static/icons.svg").read_text()))
    categories = json.loads((django_settings.BASE_DIR / "fixtures/categories.json").read_text(encoding="utf-8"))
    assert {category["icon"] for category in categories} <= drawn
