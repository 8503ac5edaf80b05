"""A leader's way from a number to its reports."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from reports.models import Report
from reports.services import Filing, file_report
from tests.browser.conftest import PHONE

pytestmark = [pytest.mark.django_db(transaction=True)]


def test_a_leader_goes_from_a_number_to_its_reports_and_a_stranger_sees_how_many_are_withheld(
    site, visit, axe, pothole, law, spot_a, body_a, portal, lan
):
    for category in (pothole, pothole, law):
        file_report(Filing(location=spot_a, category=category, description="Ổ gà trước chợ"))
    hidden = Report.objects.get(category=law)
    page = visit(user=lan)
    page.goto(f"{site}/statistics/", wait_until="networkidle")
    axe(page)
    page.get_by_role("link", name="Cơ quan của tôi").click()
    expect(page.locator("h1")).to_have_text("Số liệu cơ quan của tôi")
    row = page.get_by_role("row", name="UBND phường An Lạc")
    row.get_by_role("link", name="3").first.click()
    expect(page.locator(".lead")).to_have_text("3 phản ánh")
    expect(page.locator(".list-item")).to_have_count(3)
    axe(page)
    page.get_by_text(hidden.readable_code).click()
    expect(page).to_have_url(f"{site}/desk/reports/{hidden.code}/")
    stranger = visit(**PHONE, color_scheme="dark")
    stranger.goto(f"{site}/statistics/", wait_until="networkidle")
    axe(stranger)
    assert stranger.evaluate("document.documentElement.scrollWidth") <= 360
    stranger.locator(".key-figures a").first.click()
    expect(stranger.locator(".list-item")).to_have_count(2)
    expect(stranger.locator(".lead")).to_contain_text("1 phản ánh không hiện ở đây vì không công khai")
    stranger.goto(f"{site}/statistics/wall/", wait_until="networkidle")
    expect(stranger.locator(".wall-number dd").first).to_have_text("3")
    axe(stranger)
