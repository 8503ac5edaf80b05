"""The map stays calm: what is new appears by itself, what was there stays as it is."""

import pytest
from django.contrib.gis.geos import Point
from playwright.sync_api import expect

from insights.pyramid.build import build
from reports.services import Filing, file_report

SHIFTS = """() => { window.shifts = 0; new PerformanceObserver(list => { for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifts += entry.value; })
  .observe({ type: "layout-shift", buffered: true }); }"""


@pytest.fixture
def file(an, pothole, body_a):
    def filed(lon, lat, text="Ổ gà sâu giữa đường."):
        spot = Point(lon, lat, srid=4326)
        return file_report(Filing(location=spot, category=pothole, description=text, name=an.name, phone=an.phone))

    return filed


def test_a_new_report_appears_by_itself_and_nothing_else_moves(site, desk, file):
    file(105.02, 9.05)
    file(105.08, 9.02)
    build()
    desk.clock.install()
    desk.goto(f"{site}/?at=9.05,105.05,12")
    expect(desk.locator("#count")).to_have_text("2 phản ánh trong khung nhìn")
    expect(desk.locator(".map-single")).to_have_count(2)
    desk.evaluate("() => document.querySelectorAll('.map-single').forEach(marker => { marker.dataset.stood = '1'; })")
    desk.evaluate(SHIFTS)
    before = desk.evaluate("() => window.shifts")
    with desk.expect_response(lambda response: "/map/clusters/" in response.url) as nothing_new:
        desk.clock.fast_forward(5000)
    assert "ETag".lower() in nothing_new.value.headers
    file(105.06, 9.07)
    desk.clock.fast_forward(5000)
    expect(desk.locator(".map-single")).to_have_count(3)
    expect(desk.locator("#count")).to_have_text("3 phản ánh trong khung nhìn")
    expect(desk.locator("#rows li")).to_have_count(3)
    assert desk.locator(".map-single[data-stood]").count() == 2
    assert desk.evaluate("() => window.shifts") - before < 0.02


def test_reports_on_one_spot_are_listed_there(site, desk, file, axe):
    for number in range(3):
        file(105.05, 9.05, text=f"Ổ gà thứ {number + 1} ở cùng một chỗ.")
    desk.goto(f"{site}/?at=9.05,105.05,13")
    desk.locator(".map-cluster").click()
    expect(desk.locator(".leaflet-popup .map-list li")).to_have_count(3)
    expect(desk.locator(".leaflet-popup")).to_have_css("opacity", "1")  # half faded in, its words have too little contrast
    axe(desk)
    desk.keyboard.press("Escape")
    expect(desk.locator(".leaflet-popup")).to_have_count(0)
