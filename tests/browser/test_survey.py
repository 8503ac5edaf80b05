"""An officer surveys the spot over a line that breaks, with a tab that is closed in the middle."""

from __future__ import annotations

import hashlib
import re

import pytest
from playwright.sync_api import Page, expect

from authorities.survey_models import SurveyField
from reports.models import Photo, ReportEvent
from reports.services import Filing, file_report
from reports.survey_models import Survey
from reports.tests.photos import encoded, exif, jpeg_with, picture
from tests.browser.conftest import PHONE

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("browser-survey")]

# As page.wait_for_function, which our content security policy does not allow
SENT = """new Promise((done) => {
  const opening = indexedDB.open("field", 1);
  opening.onsuccess = () => {
    const change = opening.result.transaction("surveys", "readwrite");
    change.objectStore("surveys").clear();
    change.oncomplete = () => { opening.result.close(); done(); };
  };
})"""
UNTIL = "(async () => {{ for (let left = 600; left && !(await {}); left -= 1) await new Promise(requestAnimationFrame); }})()"


@pytest.fixture
def report(site, pothole, body_a, portal, spot_a):
    SurveyField.objects.create(code="depth", kind="number", name="Độ sâu", name_en="Depth", unit="cm", lowest=0, highest=500, required=True)
    SurveyField.objects.create(code="danger", kind="yes_no", name="Có nguy hiểm?", name_en="Dangerous?")
    return file_report(Filing(location=spot_a, category=pothole, description="Ổ gà sâu trước cổng trường."))


def add_photo(page: Page, data: bytes, told: str) -> None:
    page.locator("#id_photos").set_input_files([{"name": "ảnh.jpg", "mimeType": "image/jpeg", "buffer": data}])
    expect(page.locator("#photos-told")).to_contain_text(told)


def test_a_survey_survives_a_closed_tab_and_a_broken_line_and_is_sent_once_byte_by_byte(site, visit, axe, console, binh, report):
    photos = [jpeg_with(exif()), encoded(picture((320, 240)))]
    console.forgive("Failed to load resource")
    page = visit(user=binh, **PHONE)
    context, address = page.context, f"{site}/desk/reports/{report.code}/survey/"

    # Begun, and the tab closed in the middle
    page.goto(address)
    expect(page.locator("#position-told")).to_contain_text("sai số 12 m")
    expect(page.locator("path.map-accuracy")).to_have_count(1)
    page.get_by_label("Độ sâu").fill("12.5")
    add_photo(page, photos[0], "1 ảnh")
    expect(page.locator("#draft-told")).to_have_text(re.compile("Đã lưu trên máy này"))
    page.close()

    # Everything is there again; the line breaks after the first photo
    page = context.new_page()
    page.goto(address)
    expect(page.get_by_label("Độ sâu")).to_have_value("12.5")
    expect(page.locator(".photo-slot--filled")).to_have_count(1)
    add_photo(page, photos[1], "2 ảnh")
    page.get_by_text("Có", exact=True).tap()
    axe(page)
    arrived: list[str] = []

    def break_off(route):
        arrived.append(route.request.url)
        route.continue_() if len(arrived) == 1 else route.abort("internetdisconnected")

    page.route(re.compile(r"/photos/$"), break_off)
    page.get_by_role("button", name="Hoàn tất khảo sát").tap()
    expect(page.locator("#kept")).to_contain_text("Khi có mạng máy sẽ tự gửi")
    expect(page.locator("#outbox")).to_contain_text("1 lần khảo sát trên máy này đang chờ gửi.")
    axe(page)
    assert Survey.objects.get().photos_missing == [hashlib.sha256(photos[1]).hexdigest()]
    page.close()

    # The line is back: any page of the desk sends the rest
    page = context.new_page()
    page.goto(f"{site}/desk/")
    expect(page.locator("#toasts")).to_contain_text("Đã gửi 1 lần khảo sát.")
    expect(page.locator("#outbox")).to_be_hidden()
    survey = Survey.objects.get()
    assert (survey.officer, survey.photos_missing, survey.accuracy_m) == (binh, [], 12)
    assert {found["code"]: found["value"] for found in survey.findings} == {"depth": 12.5, "danger": True}
    assert sorted(Photo.objects.values_list("digest", flat=True)) == sorted(hashlib.sha256(photo).hexdigest() for photo in photos)
    assert ReportEvent.objects.filter(kind="surveyed").count() == 1

    # Nothing is left to send, and the desk shows it
    page.goto(f"{site}/desk/reports/{report.code}/")
    expect(page.locator("#surveys .photos li")).to_have_count(2)
    expect(page.locator("#surveys")).to_contain_text("12,5 cm")
    axe(page)


def test_without_a_line_a_finished_survey_waits_and_goes_when_the_line_is_back(site, visit, console, binh, report):
    console.forgive("Failed to load resource|ERR_INTERNET_DISCONNECTED")
    page = visit(user=binh, **PHONE)
    page.goto(f"{site}/desk/reports/{report.code}/survey/")
    page.context.set_offline(True)
    page.get_by_role("button", name="Hoàn tất khảo sát").tap()
    expect(page.locator("#kept")).to_be_hidden()  # the depth is missing
    page.get_by_label("Độ sâu").fill("30")
    page.get_by_role("button", name="Hoàn tất khảo sát").tap()
    expect(page.locator("#kept")).to_contain_text("Khi có mạng máy sẽ tự gửi")
    assert not Survey.objects.exists()
    tried = []

    def carries_nothing_at_first(route):
        tried.append(route.request.url)
        route.abort("internetdisconnected") if len(tried) == 1 else route.continue_()

    page.route(re.compile(r"/surveys/who/$"), carries_nothing_at_first)
    page.context.set_offline(False)
    page.wait_for_url(re.compile(rf"/desk/reports/{report.code}/#surveys"))
    assert Survey.objects.count() == 1


def test_what_the_service_worker_has_sent_meanwhile_is_seen_to_be_gone(site, visit, console, binh, report):
    """The worker tells no page what it sends: here it is taken away as the worker does."""
    console.forgive("Failed to load resource|ERR_INTERNET_DISCONNECTED")
    page = visit(user=binh, **PHONE)
    page.goto(f"{site}/desk/reports/{report.code}/survey/")
    page.get_by_label("Độ sâu").fill("30")
    page.context.set_offline(True)
    page.get_by_role("button", name="Hoàn tất khảo sát").tap()
    expect(page.locator("#kept")).to_contain_text("Khi có mạng máy sẽ tự gửi")
    page.evaluate(SENT)
    page.context.set_offline(False)
    page.wait_for_url(re.compile(rf"/desk/reports/{report.code}/#surveys"))


def test_a_page_that_was_fetched_ahead_opens_and_finishes_without_a_line(site, visit, console, binh, report):
    """From the report the officer drives to where there is no line, and opens the survey there for the first time."""
    console.forgive("Failed to load resource|ERR_INTERNET_DISCONNECTED")
    page = visit(user=binh, **PHONE)
    page.goto(f"{site}/desk/reports/{report.code}/")
    page.evaluate(UNTIL.format("navigator.serviceWorker.getRegistration().then((found) => found?.active)"))
    page.reload()  # now by the worker
    page.evaluate(
        UNTIL.format(
            "caches.open('field-files').then((cache) => cache.keys()).then((files) => files.some((file) => file.url.includes('js/pages/survey')))"
        )
    )
    page.context.set_offline(True)
    page.goto(f"{site}/desk/reports/{report.code}/survey/")
    page.get_by_label("Độ sâu").fill("7")
    page.get_by_role("button", name="Hoàn tất khảo sát").tap()
    expect(page.locator("#kept")).to_contain_text("Khi có mạng máy sẽ tự gửi")
    page.context.set_offline(False)
    page.wait_for_url(re.compile(rf"/desk/reports/{report.code}/#surveys"))
    assert Survey.objects.get().findings[0]["value"] == 7
    page.goto(f"{site}/accounts/logout/")
    page.evaluate(UNTIL.format("caches.has('field-pages').then((there) => !there)"))
