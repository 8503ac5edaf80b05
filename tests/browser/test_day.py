"""A day at the desks, in real browsers: an officer's, a head's, and an inspector's case that the body complained of does not find."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from reports.models import Report
from reports.services import Filing, file_report, offered_steps
from reports.tests.rating_cases import token_of
from tests.browser.conftest import PHONE

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("browser-desk")]
DRAFT = "Đã vá đoạn đường sáng nay."
FINAL = "UBND phường đã vá đoạn đường sáng 22/11. Xin cảm ơn bạn."


@pytest.fixture
def filed(site, pothole, body_a, body_b, portal, inspectorate, spot_a):
    """Files a report of A."""
    return lambda text="Ổ gà sâu trước cổng trường.", category=pothole, **more: file_report(
        Filing(location=spot_a, category=category, description=text, **more)
    )


def press(page, step: str) -> None:
    """Opens the form of a step, or presses its button."""
    page.locator(f"#step-{step} summary, #step-{step} > button").first.click()


def send(page, step: str) -> None:
    """Sends the form of a step."""
    page.locator(f"#step-{step} form button.button--primary, form#step-{step} button").last.click()
    expect(page.locator(".notice--success")).to_be_visible()
    page.wait_for_load_state()


def test_an_officers_day_from_the_queue_to_a_report_that_was_not_fixed_at_first(site, visit, axe, filed, binh, diep, criteria):
    report = filed()
    address = f"{site}/desk/reports/{report.code}/"

    # Bình takes it from the queue by keyboard, and drafts the reply
    officer = visit(user=binh)
    officer.goto(f"{site}/desk/?view=new")
    officer.keyboard.press("j")
    officer.keyboard.press("Enter")
    officer.wait_for_url(re.compile(report.code))
    officer.keyboard.press("a")
    officer.keyboard.press("Enter")
    expect(officer.locator(".notice--success")).to_contain_text("Tiếp nhận")
    expect(officer.locator(".undo-step")).to_be_visible()
    axe(officer)
    press(officer, "draft_reply")
    officer.locator("#draft_reply_reply").fill(DRAFT)
    send(officer, "draft_reply")

    # Điệp reads it, puts it better, and publishes it
    coordinator = visit(user=diep)
    coordinator.goto(f"{site}/desk/?view=review")
    coordinator.locator(".queue-link").first.click()
    coordinator.wait_for_url(re.compile(report.code))
    expect(coordinator.locator("#publish_reply_reply")).to_have_value(DRAFT)
    coordinator.locator("#publish_reply_reply").fill(FINAL)
    send(coordinator, "publish_reply")
    axe(coordinator)

    # The citizen reads it on a phone, and says that it is not fixed
    citizen = visit(**PHONE)
    citizen.goto(f"{site}/reports/{report.code}/?token={token_of(report)}")
    expect(citizen.get_by_text(FINAL)).to_be_visible()
    citizen.locator(".rate-invitation a").click()
    citizen.wait_for_url(re.compile("/rating/"))
    citizen.locator(".rating-choice").last.click()
    citizen.locator(".rating-problem textarea").fill("Mưa là lún lại.")
    citizen.locator("button[type=submit].button--primary").click()
    citizen.wait_for_url(f"{site}{report.get_absolute_url()}")
    assert Report.objects.get(pk=report.pk).status == "accepted"
    axe(citizen)

    # It is on Bình's desk again, with what the citizen wrote; this time it is settled
    officer.goto(f"{site}/desk/?view=mine")
    expect(officer.locator(".queue-row")).to_have_count(1)
    officer.goto(address)
    expect(officer.get_by_text("Mưa là lún lại.").first).to_be_visible()
    press(officer, "draft_reply")
    officer.locator("#draft_reply_reply").fill("Đã đổ bê tông lại.")
    send(officer, "draft_reply")
    coordinator.goto(address)
    send(coordinator, "publish_reply")
    assert Report.objects.get(pk=report.pk).status == "resolved"
    citizen.reload()
    expect(citizen.get_by_text("Đã đổ bê tông lại.")).to_be_visible()


def test_an_officer_asks_and_the_citizen_answers_on_a_phone(site, visit, axe, filed, binh):
    report = filed()
    officer = visit(user=binh)
    officer.goto(f"{site}/desk/reports/{report.code}/")
    press(officer, "accept")
    expect(officer.locator(".notice--success")).to_be_visible()
    press(officer, "ask")
    officer.locator("#ask_question").fill("Ổ gà ở bên nào của cầu?")
    send(officer, "ask")
    citizen = visit(**PHONE)
    citizen.goto(f"{site}/reports/{report.code}/?token={token_of(report)}")
    expect(citizen.locator("#questions")).to_contain_text("Ổ gà ở bên nào của cầu?")
    assert citizen.evaluate("document.documentElement.scrollWidth") == 360
    axe(citizen)
    citizen.locator("#id_answer").fill("Bên phía chợ.")
    citizen.locator("#questions button").click()
    expect(citizen.locator(".notice--success")).to_be_visible()
    officer.reload()
    expect(officer.locator(".case-question")).to_contain_text("Bên phía chợ.")
    axe(officer)


def test_a_wrong_step_is_taken_back_with_one_press(site, visit, filed, binh):
    report = filed()
    officer = visit(user=binh)
    officer.goto(f"{site}/desk/reports/{report.code}/")
    press(officer, "accept")
    officer.locator(".undo-step button").click()
    expect(officer.locator(".notice--success")).to_contain_text("Thu hồi")
    expect(officer.locator(".undo-step")).to_have_count(0)
    assert Report.objects.get(pk=report.pk).status == "new"


def test_a_head_puts_an_officer_in_charge_of_several_reports_at_once(site, visit, axe, filed, hanh, binh):
    reports = [filed(f"Ổ gà số {number}") for number in range(3)]
    head = visit(user=hanh)
    head.goto(f"{site}/desk/?view=new")
    for _ in range(2):
        head.keyboard.press("j")
        head.keyboard.press("x")
    axe(head)
    head.locator("#bulk-more summary").click()
    head.locator('.bulk-step[value="charge"]').click()
    head.wait_for_load_state()
    axe(head)
    head.locator("select[name=officer]").select_option(str(binh.pk))
    head.locator("main form button.button--primary").last.click()
    expect(head.locator(".notice--success").first).to_be_visible()
    charged = Report.objects.filter(officer=binh, status="accepted")
    assert set(charged) == set(reports[:2])
    for report in charged:
        assert [event.kind for event in report.events.all()] == ["filed", "charge"]


def test_the_body_complained_of_does_not_find_the_inspectors_case(site, visit, axe, console, filed, officials, giang, binh, hanh):
    report = filed("Cán bộ một cửa gây khó dễ khi nộp hồ sơ.", category=officials)
    inspector = visit(user=giang)
    inspector.goto(f"{site}/desk/?view=new")
    expect(inspector.locator(".queue-row")).to_have_count(1)
    inspector.goto(f"{site}/desk/reports/{report.code}/")
    assert "accept" in {step.name for step in offered_steps(giang, report)}
    press(inspector, "accept")
    axe(inspector)
    console.forgive("status of 404")
    for person in (binh, hanh):
        page = visit(user=person)
        for query in ("", "?view=open", "?q=một cửa", f"?q={report.code}"):
            page.goto(f"{site}/desk/{query}")
            expect(page.locator(".queue-row")).to_have_count(0)
        assert page.goto(f"{site}/desk/reports/{report.code}/").status == 404
