"""The search for places in a browser: by keyboard, on a phone, over a bad line, and without scripts."""

import re

import pytest
from playwright.sync_api import expect

from boundaries.tests.factories import MERGER, DistrictFactory, SuccessionFactory, UnitFactory
from tests.browser.conftest import PHONE


@pytest.fixture
def former(site, commune_a, commune_b, body_a):
    """A commune of an abolished district, most of which went to A, the rest to B."""
    district = DistrictFactory(code="777", name="Huyện Vùng Xa")
    unit = UnitFactory(code="33333", name="Xã Tên Xưa", valid_from=None, valid_to=MERGER, parent=district)
    SuccessionFactory(old=unit, new=commune_a, share=0.8)
    SuccessionFactory(old=unit, new=commune_b, share=0.2)
    return unit


def test_places_are_chosen_by_keyboard_and_say_what_they_are_part_of_now(site, desk, axe, former):
    desk.goto(f"{site}/where/")
    box = desk.get_by_role("combobox", name="Tìm địa điểm")
    box.press_sequentially("ten xua, h. vung xa")
    option = desk.get_by_role("option")
    expect(option).to_contain_text("Xã Tên Xưa")
    expect(option).to_contain_text("Huyện Vùng Xa · đến hết 30/6/2025")
    expect(option).to_contain_text("Nay thuộc Phường An Lạc, Xã Bình Yên")
    expect(box).to_have_attribute("aria-expanded", "true")
    axe(desk)
    box.press("ArrowDown")
    expect(option).to_have_attribute("aria-selected", "true")
    expect(box).to_have_attribute("aria-activedescendant", option.get_attribute("id"))
    box.press("Escape")
    expect(desk.get_by_role("listbox")).to_be_hidden()
    expect(box).to_have_attribute("aria-expanded", "false")
    box.fill("ten xua")
    expect(option).to_be_visible()
    box.press("ArrowDown")
    box.press("Enter")
    desk.wait_for_url(re.compile(r"/communes/33333/\?on=2025-06-30$"))
    expect(desk.get_by_role("heading", level=1)).to_have_text("Xã Tên Xưa (đến hết 30/6/2025)")


def test_only_the_answer_to_the_latest_question_is_shown(site, desk, former):
    held = []

    def hold(route):
        held.append(route) if "an+lac" in route.request.url else route.continue_()

    desk.route("**/api/v1/places/**", hold)
    desk.goto(f"{site}/")
    box = desk.locator("#place")
    with desk.expect_request(lambda request: "an+lac" in request.url):
        box.fill("an lac")
    box.fill("binh yen")
    expect(desk.get_by_role("listbox", name="Địa điểm tìm thấy").get_by_role("option")).to_contain_text("Xã Bình Yên")
    for route in held:
        route.abort()  # the page has given it up already
    expect(desk.get_by_role("listbox", name="Địa điểm tìm thấy").get_by_role("option")).to_contain_text("Xã Bình Yên")


def test_on_a_phone_the_answers_stand_inside_the_screen_and_can_be_tapped(site, phone, axe, former):
    phone.goto(f"{site}/")
    phone.locator("#place").fill("xã tên xưa")
    option = phone.get_by_role("listbox", name="Địa điểm tìm thấy").get_by_role("option")
    expect(option).to_contain_text("Nay thuộc Phường An Lạc, Xã Bình Yên")
    box = option.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= PHONE["viewport"]["width"]
    assert box["height"] >= 44
    axe(phone)
    option.tap()
    expect(phone.locator("#place")).to_have_value("Xã Tên Xưa")


def test_nothing_found_says_what_to_try(site, phone, former):
    phone.goto(f"{site}/reports/new/")
    phone.locator("#id_place").fill("xyzxyz")
    expect(phone.get_by_role("listbox")).to_contain_text("Không có địa điểm tên này")


def test_without_scripts_the_search_of_the_map_leads_to_a_list_of_links(site, visit, former):
    page = visit(java_script_enabled=False, **PHONE)
    page.goto(f"{site}/")
    page.locator("#place").fill("tên xưa")
    page.get_by_role("button", name="Tìm").first.click()
    link = page.get_by_role("link", name=re.compile("Xã Tên Xưa"))
    expect(link).to_contain_text("Nay thuộc Phường An Lạc, Xã Bình Yên")
    link.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Xã Tên Xưa (đến hết 30/6/2025)")


def test_at_the_desk_a_place_that_is_searched_for_is_offered(site, visit, axe, diep, former):
    page = visit(user=diep)
    page.goto(f"{site}/desk/?q=t%C3%AAn+x%C6%B0a")
    page.get_by_role("navigation", name="Địa danh mang tên này").get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Xã Tên Xưa (đến hết 30/6/2025)")
    axe(page)
