"""Rating an answer on a small phone, and blurring a photo at the desk by pointer and by keyboard, in a real browser."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from playwright.sync_api import expect

from reports.media import prepare_photo
from reports.models import Photo, Report
from reports.rating_models import Rating
from reports.services import Filing, file_report
from reports.tests.rating_cases import answer, answered, token_of
from tests.browser.conftest import PHONE

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("browser-rating")]


def test_the_reporter_rates_by_thumb_on_a_phone(site, visit, axe, pothole, body_a, portal, spot_a, binh, diep, criteria):
    report = answered(pothole, spot_a, binh, diep)
    page = visit(**PHONE)
    page.goto(f"{site}/reports/{report.code}/rating/?token={token_of(report)}")
    assert "token" not in page.url
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    for label in page.locator(".rating-star, .rating-choice").all():
        box = label.bounding_box()
        assert box["width"] >= 44
        assert box["height"] >= 44
    expect(page.locator(".rating-problem")).to_be_hidden()
    axe(page)
    page.locator(".rating-choice").first.tap()
    for question, stars in enumerate((5, 4, 3)):
        page.locator(".rating-question").nth(question).locator(".rating-star").nth(stars - 1).tap()
    page.get_by_label("Nhận xét").fill("Làm nhanh!")
    page.locator("button[type=submit].button--primary").tap()
    page.wait_for_url(f"{site}{report.get_absolute_url()}")
    expect(page.locator(".rated .stars--5")).to_have_count(1)
    axe(page)
    assert [score.value for score in Rating.objects.get().scores.all()] == [5, 4, 3]


def test_the_reporter_says_by_keyboard_that_it_is_not_fixed_without_scripts(
    site, visit, pothole, body_a, portal, spot_a, binh, diep, criteria
):
    report = answered(pothole, spot_a, binh, diep)
    page = visit(java_script_enabled=False)
    page.goto(f"{site}/reports/{report.code}/rating/?token={token_of(report)}")
    page.locator("input[name=fixed]").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.type("Mưa là lún lại")
    page.locator("button[type=submit].button--primary").press("Enter")
    page.wait_for_url(f"{site}{report.get_absolute_url()}")
    assert Report.objects.get(pk=report.pk).status == "accepted"
    answer(Report.objects.get(pk=report.pk), binh, diep)
    page.reload()
    expect(page.locator(".rate-invitation")).to_be_visible()


@pytest.fixture
def photo(settings, tmp_path, law, body_a, portal, spot_a) -> Photo:
    settings.MEDIA_ROOT = tmp_path
    stream = io.BytesIO()
    Image.effect_noise((800, 600), 90).convert("RGB").save(stream, "JPEG", quality=90)
    filing = Filing(location=spot_a, category=law, description="Đổ rác, xe 69C1-123.45", photos=[prepare_photo(stream.getvalue())])
    return file_report(filing).photos.get()


def test_a_face_is_blurred_with_the_pointer_and_a_plate_with_the_keyboard_then_all_is_published(site, visit, axe, diep, photo):
    report = photo.report
    page = visit(user=diep)
    page.goto(f"{site}/desk/reports/{report.code}/look/")
    axe(page)
    page.locator(".look-photos .button").click()
    stage = page.locator("#stage")
    expect(page.locator("#photo")).to_have_js_property("complete", True)
    box = stage.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.1, box["y"] + box["height"] * 0.1)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.4, steps=4)
    page.mouse.up()
    page.locator("#add").press("Enter")
    expect(page.locator(".blur-area")).to_have_count(2)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    page.locator("#add").press("Enter")
    page.keyboard.press("Delete")
    expect(page.locator(".blur-area")).to_have_count(2)
    axe(page)
    page.locator("button[value=areas]").click()
    page.wait_for_url(f"{site}/desk/reports/{report.code}/look/")
    photo.refresh_from_db()
    first, second = photo.blurs
    assert first == pytest.approx([0.1, 0.1, 0.2, 0.3], abs=0.01)
    assert second == pytest.approx([0.41, 0.4, 0.2, 0.21], abs=0.001)
    page.locator("button[value=show]").click()
    expect(page.locator(".notice--success, .toast")).to_contain_text("công khai")
    public = visit()
    public.goto(f"{site}{report.get_absolute_url()}")
    expect(public.locator(".report-said")).to_contain_text("[biển số xe đã ẩn]")
    assert "69C1" not in public.content()
