"""An officer's and a coordinator's work in a real browser: by keyboard, with the map, two at once, and on a phone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from authorities.models import Body, BodyKind, ReturnReason
from reports.models import Report
from reports.services import Filing, Words, file_report, take_step
from tests.browser.conftest import PHONE

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("browser-desk")]


def file(category, spot, text="Ổ gà sâu trước cổng trường.", **more):
    return file_report(Filing(location=spot, category=category, description=text, **more))


@pytest.fixture
def reports(site, pothole, law, body_a, body_b, portal, inspectorate, spot_a):
    """Three reports of A, in the order of the queue."""
    return [file(pothole, spot_a, text, severity=severity) for text, severity in (("Nguy hiểm nhất", 3), ("Thường", 2), ("Nhẹ", 1))]


def ask_now(page) -> None:
    """Lets the page ask at once whether anything has changed, as it does when the line is back."""
    with page.expect_response(re.compile(r"/desk/queue/")):
        page.evaluate("window.dispatchEvent(new Event('online'))")


def test_the_queue_is_worked_by_keyboard(site, visit, axe, binh, reports):
    page = visit(user=binh)
    page.goto(f"{site}/desk/?view=new")
    chosen = page.locator(".queue-row.is-chosen")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(chosen).to_contain_text("Thường")
    expect(page.locator("#peek")).to_contain_text("Thường")
    expect(page.locator(".map-single.is-lit")).to_have_count(1)
    page.keyboard.press("k")
    expect(chosen).to_contain_text("Nguy hiểm nhất")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    axe(page)
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type("jk")  # while somebody types, keys are letters
    expect(page.locator("#q")).to_have_value("jk")
    page.locator("#q").fill("")
    page.locator(".queue-link").first.focus()
    page.keyboard.press("o")
    page.wait_for_url(f"{site}/desk/reports/{reports[0].code}/?view=new")
    page.keyboard.press("a")
    expect(page.locator("#step-accept button")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".notice--success")).to_contain_text("Tiếp nhận")
    page.wait_for_load_state()
    page.keyboard.press("j")
    page.wait_for_url(f"{site}/desk/reports/{reports[1].code}/?view=new")
    page.keyboard.press("u")
    page.wait_for_url(f"{site}/desk/?view=new")
    expect(page.locator(".queue-row")).to_have_count(2)


def test_list_and_map_point_at_each_other(site, visit, binh, reports):
    page = visit(user=binh)
    Report.objects.filter(pk=reports[2].pk).update(location=f"SRID=4326;POINT({105.06} {9.06})")
    page.goto(f"{site}/desk/?view=new")
    page.locator(f'[data-code="{reports[2].code}"]').hover()
    expect(page.locator(".map-single.is-lit")).to_have_count(1)
    page.locator(".desk-head").hover()
    expect(page.locator(".map-single.is-lit")).to_have_count(0)
    page.locator(".map-single").last.click()
    expect(page.locator(".queue-row.is-chosen")).to_have_attribute("data-code", reports[2].code)
    expect(page.locator("#peek")).to_contain_text("Nhẹ")


def test_what_is_new_appears_without_a_reload_and_takes_nothing_away(site, visit, binh, hanh, reports, pothole, spot_a):
    page = visit(user=binh)
    page.goto(f"{site}/desk/?view=new")
    page.keyboard.press("j")
    page.keyboard.press("j")
    fresh = file(pothole, spot_a, "Vừa gửi")
    take_step(reports[0].pk, step="accept", actor=hanh)
    ask_now(page)
    expect(page.locator(".queue-row.is-fresh")).to_have_attribute("data-code", fresh.code)
    expect(page.locator(".queue-row")).to_have_count(3)
    expect(page.locator("#note")).to_have_text("1 phản ánh mới hoặc vừa thay đổi.")
    expect(page.locator('[data-view="new"] .desk-count')).to_have_text("3")
    expect(page.locator(".queue-row.is-chosen")).to_have_attribute("data-code", reports[1].code)
    expect(page.locator(f'[data-code="{reports[1].code}"] a')).to_be_focused()
    with page.expect_response(re.compile(r"/desk/queue/")) as asked:
        page.evaluate("window.dispatchEvent(new Event('online'))")
    assert asked.value.status == 304


def test_reports_are_accepted_from_the_queue_by_a_key_alone_or_several(site, visit, axe, binh, reports, pothole, spot_a):
    page = visit(user=binh)
    page.goto(f"{site}/desk/?view=new")
    page.keyboard.press("j")
    with page.expect_response(re.compile(r"/desk/bulk/")):
        page.keyboard.press("a")
    expect(page.locator(".queue-row")).to_have_count(2)
    expect(page.locator("#note")).to_have_text("Đã tiếp nhận.")
    expect(page.locator(".queue-row.is-chosen")).to_have_attribute("data-code", reports[1].code)
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("#bulk-count")).to_have_text("Đã chọn 2 phản ánh")
    file(pothole, spot_a, "Vừa gửi")
    ask_now(page)
    expect(page.locator(".queue-row")).to_have_count(3)
    expect(page.locator("#bulk-count")).to_have_text("Đã chọn 2 phản ánh")
    axe(page)
    page.keyboard.press("a")
    expect(page.locator(".notice--success")).to_contain_text("Tiếp nhận (2 phản ánh)")
    assert {report.status for report in Report.objects.filter(pk__in=[one.pk for one in reports])} == {"accepted"}


def test_a_range_is_chosen_a_filter_kept_and_a_colleague_seen(site, visit, axe, binh, hanh, reports):
    page = visit(user=binh)
    page.goto(f"{site}/desk/?view=new&category=pothole")
    boxes = page.locator(".queue-tick input")
    boxes.nth(0).click()
    boxes.nth(2).click(modifiers=["Shift"])
    expect(page.locator("#bulk-count")).to_have_text("Đã chọn 3 phản ánh")
    page.locator("details.desk-save summary").click()
    page.get_by_label("Tên bộ lọc").fill("Ổ gà mới")
    axe(page)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    page.goto(f"{site}/desk/?view=open")
    page.get_by_role("link", name="Ổ gà mới").click()
    page.wait_for_url(re.compile(r"category=pothole"))
    expect(page.locator("[aria-current]", has_text="Ổ gà mới")).to_be_visible()
    expect(page.locator(".queue-row")).to_have_count(3)
    with page.expect_response(re.compile(r"/presence/")):
        page.goto(f"{site}/desk/reports/{reports[0].code}/")
    other = visit(user=hanh)
    other.goto(f"{site}/desk/reports/{reports[0].code}/")
    expect(other.locator("#presence")).to_contain_text("Trần Văn Bình")


def test_the_line_goes_and_comes_back(site, visit, console, binh, reports):
    page = visit(user=binh)
    page.goto(f"{site}/desk/?view=new")
    console.forgive("ERR_INTERNET_DISCONNECTED|Failed to fetch")
    page.context.set_offline(True)
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page.locator("#note")).to_contain_text("Mất kết nối")
    page.context.set_offline(False)
    expect(page.locator("#note")).to_be_empty()
    assert page.locator(".queue-row").count() == 3


def test_two_officers_write_at_once_and_the_slower_keeps_the_text(site, visit, axe, console, binh, hanh, reports):
    take_step(reports[0].pk, step="accept", actor=binh)
    page = visit(user=binh)
    page.goto(f"{site}/desk/reports/{reports[0].code}/")
    page.locator("#step-draft_reply summary").click()
    page.locator("#draft_reply_reply").fill("Bài của Bình, viết đã lâu.")
    take_step(reports[0].pk, step="survey", actor=hanh, words=Words(note="Đang ở hiện trường."))
    console.forgive("status of 409")
    page.locator("#step-draft_reply .button--primary").last.click()
    told = page.locator("#refused")
    expect(told).to_be_focused()
    expect(told).to_contain_text("Phạm Thị Hạnh")
    expect(told).to_contain_text("Đang ở hiện trường.")
    expect(page.locator("#draft_reply_reply")).to_have_value("Bài của Bình, viết đã lâu.")
    expect(page.locator("#draft_reply_reply")).to_be_visible()
    axe(page)
    page.locator("#step-draft_reply .button--primary").last.click()
    expect(page.locator(".notice--success")).to_be_visible()
    assert Report.objects.get(pk=reports[0].pk).status == "reply_review"


def test_the_reason_of_a_return_writes_the_reply_unless_somebody_has(site, visit, binh, reports):
    for code, channel in (("a", "Mời gọi 1022."), ("b", "Mời đến một cửa.")):
        ReturnReason.objects.create(code=code, name=f"Lý do {code}", name_en=code, channel=channel, channel_en=channel)
    page = visit(user=binh)
    page.goto(f"{site}/desk/reports/{reports[0].code}/")
    page.locator("#step-return summary").click()
    reply = page.locator("#return_reply")
    page.locator("#return_reason").select_option(label="Lý do a")
    expect(reply).to_have_value(re.compile("Mời gọi 1022"))
    page.locator("#return_reason").select_option(label="Lý do b")
    expect(reply).to_have_value(re.compile("Mời đến một cửa"))
    reply.fill("Lời riêng.")
    page.locator("#return_reason").select_option(label="Lý do a")
    expect(reply).to_have_value("Lời riêng.")


def test_a_coordinator_finds_the_body_without_tone_marks(site, visit, axe, diep, body_b, department, reports):
    for number in range(8):
        Body.objects.create(
            code=f"x{number}",
            name=f"UBND xã Số {number}",
            kind=BodyKind.COMMUNE_COMMITTEE,
            parent=body_b.parent,
            validity=("2020-01-01", None),
        )
    page = visit(user=diep)
    page.goto(f"{site}/desk/reports/{reports[0].code}/")
    page.locator("#step-assign summary").click()
    expect(page.locator("#assign_body_search")).to_be_focused()
    page.keyboard.type("binh yen")
    expect(page.locator("#assign_body option")).to_have_count(1)
    axe(page)
    page.locator("#step-assign button").click()
    expect(page.locator(".notice--success")).to_be_visible()
    assert Report.objects.get(pk=reports[0].pk).authority == body_b


def test_on_a_phone_list_then_report_then_step(site, visit, axe, binh, reports):
    page = visit(user=binh, **PHONE)
    page.goto(f"{site}/desk/?view=new")
    expect(page.locator("#side")).to_be_hidden()
    axe(page)
    page.locator("#toggle").tap()
    expect(page.locator(".map-single").first).to_be_visible()
    axe(page)
    page.locator("#toggle").tap()
    page.locator(".queue-link").first.tap()
    page.wait_for_url(re.compile(r"/desk/reports/"))
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    page.locator(".case-jump a").tap()
    expect(page.locator("#step-accept button")).to_be_in_viewport()
    axe(page)
    page.locator("#step-accept button").tap()
    expect(page.locator(".notice--success")).to_be_visible()


def test_a_report_is_worked_without_scripts(site, visit, binh, reports):
    page = visit(user=binh, java_script_enabled=False)
    page.goto(f"{site}/desk/?view=new")
    page.locator("#q").fill("nguy hiem")
    page.locator("#q").press("Enter")
    page.locator(".queue-link").click()
    page.locator("#step-accept button").click()
    page.locator("#step-draft_reply summary").click()
    page.locator("#draft_reply_reply").fill("Đã xong.")
    page.locator("#step-draft_reply form button").click()
    expect(page.locator(".notice--success")).to_be_visible()
    assert Report.objects.get(pk=reports[0].pk).status == "reply_review"
