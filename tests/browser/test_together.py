"""Several bodies and several citizens at one matter, in real browsers: a transfer refused and sent on, a duplicate joined and separated, a report not filed twice."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from authorities.models import Role
from reports.media import prepare_photo
from reports.models import Report
from reports.services import Filing, file_report, take_step
from reports.tests.photos import encoded, picture
from tests.browser.conftest import PHONE
from tests.browser.test_day import press, send
from tests.cast import make_person

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("browser-desk")]
TEXT = "Ổ gà sâu trước cổng trường Phan Bội Châu."


@pytest.fixture
def report(site, body_a, body_b, department, portal, inspectorate, pothole, spot_a, binh):
    filed = file_report(Filing(location=spot_a, category=pothole, description=TEXT))
    return take_step(filed.pk, step="accept", actor=binh)


def test_a_transfer_is_refused_and_sent_on(site, visit, axe, report, binh, chi, body_b, department):
    address = f"{site}/desk/reports/{report.code}/"
    doctor = make_person("so", "Cán bộ Sở", department, Role.OFFICER)
    officer, neighbour, other = visit(user=binh), visit(user=chi, **PHONE), visit(user=doctor)

    # Bình offers it to the neighbour
    officer.goto(address)
    press(officer, "transfer")
    officer.locator("#transfer_body").select_option(str(body_b.pk), force=True)
    officer.locator("#transfer_note").fill("Đoạn này thuộc xã bạn.")
    send(officer, "transfer")
    axe(officer)

    # Chi finds it on the phone, and refuses with a reason
    neighbour.goto(f"{site}/desk/?view=asked")
    expect(neighbour.locator(".queue-row")).to_have_count(1)
    neighbour.locator(".queue-link").first.click()
    neighbour.wait_for_url(re.compile(report.code))
    expect(neighbour.get_by_text("Đoạn này thuộc xã bạn.").first).to_be_visible()
    assert neighbour.evaluate("document.documentElement.scrollWidth") == 360
    axe(neighbour)
    press(neighbour, "refuse_transfer")
    neighbour.locator("#refuse_transfer_note").fill("Cầu này do Sở quản lý.")
    send(neighbour, "refuse_transfer")

    # It never left Bình's desk; it goes on to the department, which takes it over
    officer.goto(f"{site}/desk/?view=mine")
    expect(officer.locator(".queue-mark--warns")).to_contain_text("từ chối")
    axe(officer)
    officer.goto(address)
    expect(officer.get_by_text("Cầu này do Sở quản lý.").first).to_be_visible()
    press(officer, "transfer")
    officer.locator("#transfer_body").select_option(str(department.pk), force=True)
    officer.locator("#transfer_note").fill("Theo xã bạn, cầu do Sở quản lý.")
    send(officer, "transfer")
    other.goto(address)
    press(other, "accept_transfer")
    expect(other.locator(".notice--success")).to_be_visible()
    assert Report.objects.get(pk=report.pk).authority == department
    other.goto(f"{site}{report.get_absolute_url()}")
    expect(other.locator(".timeline")).to_contain_text(f"{department.name} nhận xử lý")
    expect(other.locator(".timeline")).not_to_contain_text("từ chối")


def test_a_duplicate_is_joined_and_separated(site, visit, axe, report, binh, pothole, spot_a):
    photo = prepare_photo(encoded(picture()))
    again = file_report(
        Filing(location=spot_a, category=pothole, description="Trước trường Phan Bội Châu có ổ gà rất sâu.", photos=[photo])
    )
    officer, public = visit(user=binh), visit(**PHONE)
    officer.goto(f"{site}/desk/?view=new")
    expect(officer.locator(".queue-mark")).to_contain_text(report.readable_code)
    officer.goto(f"{site}/desk/reports/{again.code}/")
    expect(officer.locator("#alike")).to_be_visible()
    axe(officer)
    officer.locator(".alike-merge button").click()
    expect(officer.locator(".notice--success")).to_be_visible()
    public.goto(f"{site}{report.get_absolute_url()}")
    expect(public.locator(".report-more-photos + .photos img")).to_have_count(1)
    axe(public)
    assert public.evaluate("document.documentElement.scrollWidth") == 360
    officer.goto(f"{site}/desk/reports/{report.code}/")
    expect(officer.locator("#merged")).to_be_visible()
    officer.goto(f"{site}/desk/reports/{again.code}/")
    officer.locator(".undo-step button").click()
    expect(officer.locator(".notice--success")).to_be_visible()
    assert Report.objects.get(pk=again.pk).status == "new"
    public.reload()
    expect(public.locator(".report-more-photos")).to_have_count(0)


def test_who_files_what_was_filed_is_asked_on_the_phone_and_follows_it(site, visit, axe, report, settings):
    settings.THROTTLES = dict.fromkeys(settings.THROTTLES, "")
    phone = visit(**PHONE)
    phone.goto(f"{site}/reports/new/?lat=9.05&lon=105.0501")
    phone.get_by_role("radio", name="Ổ gà, hư hỏng mặt đường").tap()
    phone.locator("#id_description").press_sequentially("Có ổ gà sâu trước trường Phan Bội Châu", delay=5)
    asked = phone.locator("#similar .similar")
    expect(asked).to_contain_text("Ổ gà sâu trước cổng trường")
    expect(phone.locator("#id_description")).to_be_focused()
    axe(phone)
    assert phone.evaluate("document.documentElement.scrollWidth") == 360
    with phone.context.expect_page() as opened:
        asked.locator("a").first.tap()
    other = opened.value
    expect(other.locator("#follow")).to_be_visible()
    expect(phone.locator("#id_description")).to_have_value("Có ổ gà sâu trước trường Phan Bội Châu")
    assert Report.objects.count() == 1


def test_without_scripts_the_question_comes_before_sending(site, visit, axe, report, an, settings):
    settings.THROTTLES = dict.fromkeys(settings.THROTTLES, "")
    page = visit(java_script_enabled=False, **PHONE)
    page.goto(f"{site}/reports/new/?lat=9.05&lon=105.0501")
    page.get_by_role("radio", name="Ổ gà, hư hỏng mặt đường").check()
    page.locator("#id_description").fill(TEXT)
    page.locator("#id_name").fill(an.name)
    page.locator("#id_phone").fill(an.phone)
    page.locator("#send").click()
    expect(page.locator("#asked")).to_be_visible()
    assert page.locator("#id_description").input_value() == TEXT
    page.locator("#asked button").click()
    page.wait_for_url(re.compile("/filed/"))
    assert Report.objects.count() == 2


def test_the_pin_is_dragged_over_the_border(site, visit, axe, report, binh, body_b):
    officer = visit(user=binh)
    officer.goto(f"{site}/desk/reports/{report.code}/")
    press(officer, "relocate")
    pin = officer.locator(".map-pin--movable")
    expect(pin).to_be_visible()
    officer.locator("#map").scroll_into_view_if_needed()
    box = pin.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    officer.mouse.move(x, y)
    officer.mouse.down()
    officer.mouse.move(x + 20, y, steps=3)
    officer.mouse.move(x + 40, y, steps=3)
    officer.mouse.up()
    field = officer.locator("#relocate_spot")
    expect(field).not_to_have_value("9.050000, 105.050000")
    field.fill("9.05, 105.15")
    axe(officer)
    send(officer, "relocate")
    assert Report.objects.get(pk=report.pk).authority == body_b
    officer.locator(".undo-step button").click()
    expect(officer.locator(".notice--success")).to_be_visible()
    assert Report.objects.get(pk=report.pk).authority != body_b
