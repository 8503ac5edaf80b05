"""Before and after: the slider by keyboard, without scripts side by side; and the proof that a reply asks for, with the route of the day."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.gis.geos import Point
from django.utils import timezone
from playwright.sync_api import expect

from reports.media import prepare_photo
from reports.services import Filing, Words, file_report, take_step
from reports.tests.photos import encoded, picture
from tests.browser.conftest import PHONE

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("browser-survey")]


@pytest.fixture
def report(site, pothole, body_a, portal, spot_a, binh):
    pothole.physical = True
    pothole.save()
    before = prepare_photo(encoded(picture((640, 480))))
    filed = file_report(
        Filing(location=spot_a, category=pothole, description="Ổ gà sâu trước cổng trường.", photos=[before]),
        at=timezone.now() - timedelta(days=1),
    )
    return take_step(filed.pk, step="accept", actor=binh)


def test_a_reply_asks_for_the_photo_and_the_slider_shows_before_and_after(site, visit, axe, console, binh, diep, report, spot_a):
    console.forgive("status of 422")
    desk = visit(user=binh, geolocation={"latitude": 9.0502, "longitude": 105.05, "accuracy": 10}, **PHONE)
    desk.goto(f"{site}/desk/reports/{report.code}/")
    desk.locator("#step-draft_reply summary").tap()
    desk.locator("#draft_reply_reply").fill("Đã vá xong.")
    desk.get_by_role("button", name="Gửi duyệt").tap()
    expect(desk.locator(".error-summary")).to_contain_text("Thêm ảnh chụp vị trí sau khi làm")
    axe(desk)
    after = {"name": "sau.jpg", "mimeType": "image/jpeg", "buffer": encoded(picture((800, 600)).rotate(180))}
    desk.locator("#draft_reply_after").set_input_files([after])
    expect(desk.locator("#step-draft_reply [role=status]")).to_contain_text("sai số 10 m")
    desk.get_by_role("button", name="Gửi duyệt").tap()
    expect(desk.locator(".notice--success")).to_be_visible()
    take_step(report.pk, step="publish_reply", actor=diep, words=Words(reply="Đã vá xong."))

    page = visit(**PHONE)
    page.goto(f"{site}/reports/{report.code}/")
    slider = page.get_by_role("slider", name="Ảnh trước")
    top = page.locator(".before-after-top")
    height = page.locator(".before-after").bounding_box()["height"]
    assert "50%" in top.evaluate("element => getComputedStyle(element).clipPath")
    slider.focus()
    page.keyboard.press("End")
    assert slider.input_value() == "100"
    page.keyboard.press("Home")
    assert "100%" in top.evaluate("element => getComputedStyle(element).clipPath")
    page.evaluate("Promise.all([...document.querySelectorAll('.before-after img')].map((image) => image.decode()))")
    assert page.locator(".before-after").bounding_box()["height"] == height  # nothing jumped as the photos came
    axe(page)

    plain = visit(java_script_enabled=False, **PHONE)
    plain.goto(f"{site}/reports/{report.code}/")
    first, second = (plain.locator(f".before-after img >> nth={number}").bounding_box() for number in (1, 0))
    assert first["x"] + first["width"] <= second["x"]  # before on the left, after on the right
    assert plain.locator(".before-after input").is_hidden()


def test_the_route_of_the_day_is_in_order_from_where_the_officer_is(site, visit, axe, binh, report, pothole):
    for step in (20, 10):
        filed = file_report(Filing(location=Point(105.05 + step / 1000, 9.05, srid=4326), category=pothole, description=f"Cách {step}"))
        take_step(filed.pk, step="accept", actor=binh)
    page = visit(user=binh, geolocation={"latitude": 9.05, "longitude": 105.04, "accuracy": 10}, **PHONE)
    page.goto(f"{site}/desk/route/")
    page.get_by_role("button", name="Bắt đầu từ chỗ tôi").tap()
    page.wait_for_url("**/desk/route/?lat=*")
    expect(page.locator(".route-stop .route-text").nth(0)).to_contain_text("Ổ gà sâu")
    expect(page.locator(".route-stop .route-text").nth(1)).to_contain_text("Cách 10")
    expect(page.locator(".route-pin")).to_have_count(3)
    expect(page.locator(".lead .number")).to_have_text("3,3 km")
    axe(page)
    page.locator(".route-tick input").nth(1).uncheck()
    page.get_by_role("button", name="Chỉ đi các điểm đã đánh dấu").tap()
    expect(page.locator(".route-stop")).to_have_count(2)
