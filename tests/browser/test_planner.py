"""A planner's work in a browser: an area drawn on the map, its answer, kept and shared."""

from __future__ import annotations

import re

import pytest
from django.contrib.gis.geos import LineString
from playwright.sync_api import expect

from boundaries.models import BaseLayer
from insights.tests.planner_cases import put
from tests.browser.conftest import PHONE

pytestmark = [pytest.mark.django_db(transaction=True)]


def test_a_planner_draws_an_area_reads_the_answer_keeps_it_and_another_opens_the_link(
    site, visit, axe, pothole, body_a, commune_a, commune_b, portal, dung, hanh
):
    for lat in (9.05, 9.051):
        put(pothole, commune_a, body_a, 105.05, lat)
    put(pothole, commune_b, body_a, 105.19, 9.01)
    page = visit(user=dung)
    page.goto(f"{site}/planner/", wait_until="networkidle")
    axe(page)
    page.get_by_role("button", name="Vẽ vùng").click()
    box = page.locator("#map").bounding_box()
    for corner, (x, y) in enumerate([(0.35, 0.2), (0.44, 0.2), (0.44, 0.8), (0.35, 0.8)], 1):
        page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
        expect(page.locator("#draw-state")).to_have_text(f"{corner} đỉnh")
    drawn = [tuple(map(float, corner.split(","))) for corner in page.locator("#id_area").input_value().split()]
    inside = sum(min(x for x, _ in drawn) < lon < max(x for x, _ in drawn) for lon in (105.05, 105.05, 105.19))
    assert inside == 2
    page.get_by_label("Mỗi dòng là").select_option("category")
    page.get_by_role("button", name="Hỏi").click()
    expect(page.locator(".planner-figures b").first).to_have_text(str(inside))
    expect(page.locator("#answer-title")).to_contain_text("trong vùng đã vẽ (4 đỉnh)")
    axe(page)
    page.get_by_label("Tên truy vấn").fill("Vùng của tôi")
    page.get_by_label("Ai được mở").select_option("link")
    page.get_by_role("button", name="Lưu").click()
    expect(page.locator("h1")).to_have_text("Vùng của tôi")
    link = page.locator("#link").input_value()
    other = visit(user=hanh, **PHONE, color_scheme="dark")
    other.goto(link, wait_until="networkidle")
    expect(other.locator(".planner-figures b").first).to_have_text(str(inside))
    assert other.evaluate("document.documentElement.scrollWidth") <= 360
    axe(other)


def test_an_area_is_drawn_by_keyboard_without_dragging(site, visit, pothole, body_a, commune_a, portal, dung):
    page = visit(user=dung)
    page.goto(f"{site}/planner/", wait_until="networkidle")
    page.get_by_role("button", name="Vẽ vùng").press("Enter")
    for key in ("ArrowRight", "ArrowDown", "ArrowLeft"):
        page.get_by_role("button", name=re.compile("Thêm đỉnh")).press("Enter")
        page.locator("#map").press(key)
        page.wait_for_timeout(400)
    expect(page.locator("#draw-state")).to_have_text("3 đỉnh")
    page.locator("#map").press("Backspace")
    expect(page.locator("#draw-state")).to_have_text("2 đỉnh")
    page.locator("#map").press("Enter")
    expect(page.get_by_role("button", name="Vẽ vùng")).to_have_attribute("aria-pressed", "false")
    assert len(page.locator("#id_area").input_value().split()) == 2


def test_layers_are_put_over_each_other_and_the_base_map_is_thinned(site, visit, axe, body_a, commune_a, dung):
    line = LineString((105.0, 9.05), (105.1, 9.05), srid=4326)
    for name in ("ranh-quy-hoach", "tuyen-de"):
        BaseLayer.objects.create(name=name, attribution="Sở Xây dựng", geometry=line)
    page = visit(user=dung)
    page.goto(f"{site}/planner/", wait_until="networkidle")
    lines = page.locator("#layer-order li")
    expect(lines).to_have_count(2)
    first, second = (line.get_attribute("data-key") for line in lines.all())
    for box in lines.locator("input").all():
        box.check()
    expect(page.locator("#map path.leaflet-interactive")).to_have_count(2)

    def height(key):
        return int(page.locator(f"#map [data-pane='{key}']").evaluate("pane => pane.style.zIndex"))

    assert height(first) > height(second)
    down = lines.first.get_by_role("button", name="xuống")
    down.press("Enter")
    assert height(second) > height(first)
    assert lines.first.get_attribute("data-key") == second
    expect(page.locator("#draw-state")).to_contain_text("lớp 2 trên 2")
    rivers = page.locator("#map .leaflet-rivers-pane")
    expect(rivers).not_to_have_css("display", "none")
    page.get_by_label("Sông, kênh").uncheck()
    expect(rivers).to_have_css("display", "none")
    axe(page)
