"""The first reports stand on the map before Leaflet has come, and stay where they stand when it has."""

import re

import pytest
from django.contrib.gis.geos import Point
from django.utils import timezone
from playwright.sync_api import expect

from insights.pyramid.build import build
from reports.codes import new_code
from reports.models import Report
from reports.workflow import Status
from tests.browser.conftest import DESK, PHONE

PLACES = """selector => [...document.querySelectorAll(selector)].map(mark => { const { x, y, width, height } = mark.getBoundingClientRect();
  return [x, y, width, height, mark.className.match(/map-\\w+/)[0], mark.querySelector("text")?.textContent || mark.querySelector("use").getAttribute("href")] })
  .sort((one, other) => one[0] - other[0] || one[1] - other[1])"""
SHIFTS = """() => new Promise(done => new PerformanceObserver(list => done(list.getEntries().reduce((sum, entry) => sum + entry.value, 0)))
  .observe({ type: "layout-shift", buffered: true }) || setTimeout(() => done(0), 100))"""


@pytest.fixture
def reports(pothole, commune_a, body_a):
    now = timezone.now()
    for lon, lat in ((105.05, 9.05), (105.051, 9.05), (104.75, 8.65), (105.5, 9.3), (105.35, 8.9)):
        spot = Point(lon, lat, srid=4326)
        Report.objects.create(
            code=new_code(), category=pothole, description="x", location=spot, location_at_filing=spot, unit=commune_a, unit_at_filing=commune_a,
            method="inside", authority=body_a, status=Status.NEW, filed_at=now, due_at=now, published_at=now,
        )  # fmt: skip
    build()


@pytest.mark.parametrize("screen", [PHONE, DESK], ids=["phone", "desk"])
def test_the_first_marks_stand_where_leaflet_puts_them_and_work_when_it_has_come(site, visit, reports, screen):
    page = visit(**screen, color_scheme="dark")
    held, asked = [], []
    page.route("**/leaflet/leaflet.*.js", lambda route: held.append(route))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(site, wait_until="commit")
    expect(page.locator("#first-marks > *").first).to_be_visible()
    first = page.evaluate(PLACES, "#first-marks > *")
    assert [mark[4:] for mark in first if mark[4] == "map-cluster"] == [["map-cluster", "2"]]
    assert len(first) == 4
    sheet = page.locator("#sheet").bounding_box()
    held[0].continue_()
    expect(page.locator(".leaflet-marker-icon").first).to_be_visible()
    expect(page.locator("#first-marks")).to_have_count(0)
    assert page.evaluate(PLACES, ".leaflet-marker-icon") == first
    expect(page.locator("#count")).to_have_text("5 phản ánh trong khung nhìn")
    assert not [url for url in asked if "/map/clusters/" in url]
    assert page.locator("#sheet").bounding_box() == sheet
    assert page.evaluate(SHIFTS) < 0.02
    page.locator(".map-cluster").first.click()
    expect(page).to_have_url(re.compile("at="))
