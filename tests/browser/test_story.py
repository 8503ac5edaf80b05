"""The whole way of a report, in real browsers: a citizen pins a pothole, its commune answers, the Portal publishes, the citizen reads."""

from __future__ import annotations

import io
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core import mail
from django.db import connections
from PIL import Image

from reports.models import Report
from reports.tests.worker import work

ANSWER = "UBND phường đã vá đoạn đường này sáng nay bằng bê tông nhựa nóng."
FINAL = ANSWER + " Xin cảm ơn bạn đã phản ánh."


@pytest.fixture
def photo() -> dict[str, object]:
    """A photo as a phone's camera gives it."""
    stream = io.BytesIO()
    Image.effect_noise((1600, 1200), 60).convert("RGB").save(stream, "JPEG")
    return {"name": "IMG_2022.jpg", "mimeType": "image/jpeg", "buffer": stream.getvalue()}


def test_a_pothole_is_pinned_answered_published_and_read(
    site, phone, visit, axe, console, photo, an, binh, chi, diep, portal, inspectorate, pothole, commune_b
):
    # An, on a phone, at the spot
    phone.goto(f"{site}/reports/new/")
    phone.get_by_role("button", name="Vị trí của tôi").click()
    phone.locator("#where").get_by_text("UBND phường An Lạc").first.wait_for()
    phone.locator(f"input[name=category][value={pothole.code}]").check(force=True)
    phone.locator("#id_description").fill("Ổ gà lớn giữa đường, xe máy dễ ngã.")
    phone.locator("#id_photos").set_input_files(photo)
    phone.locator("#photos img").first.wait_for()
    phone.locator("#id_name").fill(an.name)
    phone.locator("#id_phone").fill(an.phone)
    phone.locator("#id_email").fill(an.email)
    axe(phone)
    phone.locator("#send").click()
    phone.wait_for_url(re.compile(r"/filed/"))
    report = Report.objects.get()
    assert report.readable_code in phone.content()
    assert report.authority.name == "UBND phường An Lạc"
    assert report.photos.count() == 1
    assert report.accuracy_m == 12
    axe(phone)

    # Chi, officer of the neighbour, does not find it
    neighbour = visit(user=chi)
    neighbour.goto(f"{site}/desk/")
    assert report.readable_code not in neighbour.content()
    console.forgive("status of 404")
    assert neighbour.goto(f"{site}/desk/reports/{report.code}/").status == 404

    # Bình, officer of the commune, accepts and drafts the reply
    officer = visit(user=binh)
    officer.goto(f"{site}/desk/")
    officer.get_by_text("Ổ gà lớn giữa đường").first.wait_for()
    axe(officer)
    officer.goto(f"{site}/desk/reports/{report.code}/")
    officer.locator("#step-accept button").click()
    officer.locator("#step-draft_reply summary").click()
    officer.locator("#step-draft_reply textarea[name=reply]").fill(ANSWER)
    axe(officer)
    officer.locator("#step-draft_reply button.button--primary").click()
    officer.wait_for_load_state()
    report.refresh_from_db()
    assert report.status == "reply_review"

    # The citizen sees no draft
    phone.goto(f"{site}{report.get_absolute_url()}")
    assert ANSWER not in phone.content()

    # Điệp, coordinator at the Portal, edits and publishes
    coordinator = visit(user=diep)
    coordinator.goto(f"{site}/desk/reports/{report.code}/")
    if not coordinator.locator("#step-publish_reply textarea").is_visible():
        coordinator.locator("#step-publish_reply summary").click()
    assert coordinator.locator("#step-publish_reply textarea[name=reply]").input_value() == ANSWER
    coordinator.locator("#step-publish_reply textarea[name=reply]").fill(FINAL)
    axe(coordinator)
    coordinator.locator("#step-publish_reply button.button--primary").click()
    coordinator.wait_for_load_state()
    report.refresh_from_db()
    assert report.status == "resolved"

    # The citizen reads it, on the page and in the mail
    phone.goto(f"{site}{report.get_absolute_url()}")
    assert FINAL in phone.content()
    assert "UBND phường An Lạc" in phone.content()
    axe(phone)

    with ThreadPoolExecutor(1) as other_thread:  # Playwright's event loop runs in this one, and the worker wants its own
        other_thread.submit(work_and_leave).result()
    (last,) = (sent for sent in mail.outbox if FINAL in sent.body)  # that of the acceptance may have been sent after it
    assert last.to == [an.email]
    assert f"/reports/{report.code}/" in last.body


def work_and_leave() -> None:
    """Lets a worker do what is due, and closes this thread's connection."""
    work()
    connections.close_all()
