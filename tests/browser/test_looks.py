"""What pages look like where a machine can tell: within a phone's width, large enough for a thumb, readable at every moment."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Route, expect

from reports.media import prepare_photo
from reports.services import Filing, file_report
from reports.tests.photos import encoded, picture
from tests.browser.conftest import PHONE

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("browser-looks")]

# What is pressed and smaller than a thumb (44 pixels), but for links within a sentence and the map's sources
SMALL = """() => {
  const small = [];
  for (const control of document.querySelectorAll("a[href], button, select, summary, textarea, input:not([type=hidden])")) {
    if (control.closest(".visually-hidden, .skip, .leaflet-control-attribution") || !control.checkVisibility({ visibilityProperty: true })) continue;
    const inSentence = getComputedStyle(control).display === "inline" && control.parentElement.textContent.trim() !== control.textContent.trim();
    const label = [...(control.labels || [])].find((label) => label.contains(control));
    const { width, height } = (label || control).getBoundingClientRect();
    if (!inSentence && width && (width < 43.5 || height < 43.5)) small.push(`${control.outerHTML.slice(0, 80)} ${width}×${height}`);
  }
  return small;
}"""


def file(category, spot, text="Ổ gà sâu trước cổng trường.", photos=()):
    return file_report(Filing(location=spot, category=category, description=text, photos=photos))


def width(page: Page) -> int:
    return page.evaluate("document.documentElement.scrollWidth")


def test_rows_stay_readable_while_the_next_ones_are_on_their_way(site, desk, axe, body_a, portal, pothole, spot_a):
    file(pothole, spot_a)
    desk.goto(site)
    expect(desk.locator("#count")).to_have_text(re.compile("^1 "))
    held: list[Route] = []
    desk.route(re.compile("fragment=list"), lambda route: held.append(route))  # Playwright cannot take a built-in method
    desk.locator("#status").select_option("open")
    expect(desk.locator("#list")).to_have_attribute("aria-busy", "true")
    expect(desk.locator("#map-note")).to_have_text("Đang tải…")
    axe(desk)
    for route in held:
        route.continue_()
    expect(desk.locator("#list")).not_to_have_attribute("aria-busy", "true")
    expect(desk.locator("#map-note")).to_be_hidden()


def test_a_report_at_the_desk_fits_a_phone_with_every_form_open(site, visit, diep, body_a, body_b, pothole, spot_a):
    body_b.name = "Ủy ban nhân dân xã có cái tên dài nhất trong cả tỉnh Cà Mau mới"
    body_b.save(update_fields=["name"])
    report = file(pothole, spot_a, photos=[prepare_photo(encoded(picture((1600, 1200)))) for _ in range(2)])
    page = visit(user=diep, **PHONE)
    page.goto(f"{site}/desk/reports/{report.code}/", wait_until="networkidle")
    assert width(page) == 360
    for summary in page.locator("details.step > summary").all():
        summary.tap()
        assert width(page) == 360, summary.inner_text()


def test_a_thumb_hits_what_is_to_be_pressed(site, phone, body_a, portal, pothole, spot_a):
    report = file(pothole, spot_a)
    for path in (
        "/",
        "/reports/new/",
        "/communes/",
        "/communes/90001/",
        "/where/?lat=9.05&lon=105.05",
        "/accounts/login/",
        f"/reports/{report.code}/",
    ):
        phone.goto(site + path, wait_until="networkidle")
        assert phone.evaluate(SMALL) == [], path


def test_a_thumb_hits_what_is_to_be_pressed_at_the_desk(site, visit, binh, pothole, law, spot_a):
    report, _other = file(pothole, spot_a), file(law, spot_a)
    page = visit(user=binh, **PHONE)
    for path in ("/desk/?view=new", f"/desk/reports/{report.code}/"):
        page.goto(site + path, wait_until="networkidle")
        assert page.evaluate(SMALL) == [], path
