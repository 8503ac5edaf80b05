"""A report at the desk: what is shown, what is kept when a step is not taken, and two people at once."""

import time
from datetime import UTC, datetime
from threading import Barrier, Thread

import pytest
from django.contrib.gis.geos import Point
from django.db import connection, transaction
from django.urls import reverse

from authorities.models import Body, ReturnReason
from reports.models import Report
from reports.services import Words, take_step
from reports.tests.desk_cases import drafted, file, page, step, waiting_for_a_lock

pytestmark = pytest.mark.django_db
SCRIPT = "<script>alert('1')</script><img src=x onerror=alert(1)>"


@pytest.fixture
def report(pothole, body_a, body_b, portal, inspectorate, spot_a):
    return file(pothole, spot_a)


@pytest.fixture
def reason(db):
    return ReturnReason.objects.create(
        code="procedure", name="Thủ tục hành chính", name_en="A procedure", channel="Mời bạn gọi 1022.", channel_en="Please call 1022."
    )


def names(response):
    return [form.step.name for form in response.context["forms"]]


def test_the_steps_of_the_moment_are_offered(client_of, binh, diep, report):
    assert names(client_of(binh).get(page(report))) == [
        "accept", "transfer", "relocate", "split", "recategorise", "return", "duplicate", "to_triage", "note",
    ]  # fmt: skip
    assert names(client_of(diep).get(page(report))) == [
        "assign", "relocate", "split", "recategorise", "return", "duplicate", "hide", "note",
    ]  # fmt: skip
    drafted(report, binh)
    assert names(client_of(binh).get(page(report))) == ["note"]
    assert names(client_of(diep).get(page(report))) == ["publish_reply", "send_back", "hide", "note"]


def test_the_whole_way_by_the_forms_of_the_pages(client_of, binh, diep, report):
    def press(person, name, **said):
        form = next(form for form in client_of(person).get(page(report)).context["forms"] if form.step.name == name)
        prefilled = {field.name: field.value() for field in form if field.value() is not None}
        response = client_of(person).post(step(report, name), {**prefilled, **said}, follow=True)
        assert response.status_code == 200
        assert "Đã thực hiện" in response.content.decode()

    press(binh, "accept")
    press(binh, "survey")
    press(binh, "work")
    press(binh, "draft_reply", reply="Đã vá xong.")
    press(diep, "send_back", note="Xin ghi ngày.")
    assert "Xin ghi ngày." in client_of(binh).get(page(report)).content.decode()
    press(binh, "draft_reply", note="Ngày 17.")  # the draft that came back stands in the form
    press(diep, "publish_reply")  # and the coordinator's holds the officer's text
    report.refresh_from_db()
    assert report.status == "resolved"
    assert report.replies.get(published_at__isnull=False).text == "Đã vá xong."


def test_a_stale_form_keeps_the_text_and_says_what_changed_and_by_whom(client_of, binh, hanh, report, body_a):
    take_step(report.pk, step="accept", actor=binh)
    take_step(report.pk, step="survey", actor=hanh, words=Words(note="Đang ở hiện trường."))
    response = client_of(binh).post(step(report, "draft_reply"), {"version": 2, "reply": "Đã vá xong hôm qua."})
    text = response.content.decode()
    assert response.status_code == 409
    assert [line.moment.event.kind for line in response.context["refused"].changes] == ["survey"]
    assert hanh.full_name in text
    assert body_a.name in text
    again = next(form for form in response.context["forms"] if form.step.name == "draft_reply")
    assert (again["reply"].value(), again["version"].value(), response.context["open_step"]) == ("Đã vá xong hôm qua.", 3, "draft_reply")
    report.refresh_from_db()
    assert (report.status, report.version) == ("surveying", 3)
    sent_again = client_of(binh).post(step(report, "draft_reply"), {"version": 3, "reply": again["reply"].value()})
    assert sent_again.status_code == 302


def test_a_step_that_is_no_longer_open_says_what_is_and_keeps_the_text_to_copy(client_of, binh, hanh, report):
    drafted(report, hanh)
    response = client_of(binh).post(step(report, "draft_reply"), {"version": 1, "reply": "Bài viết dài của Bình."})
    assert response.status_code == 409
    assert response.context["refused"].typed[0][1] == "Bài viết dài của Bình."
    assert "Bài viết dài của Bình.</textarea>" in response.content.decode()
    fresh = client_of(binh).post(step(report, "draft_reply"), {"version": 3, "reply": "Bài viết dài của Bình."})
    assert fresh.status_code == 409
    assert "Thêm ghi chú" in fresh.context["refused"].sentence
    assert "Bài viết dài của Bình.</textarea>" in fresh.content.decode()


def test_a_late_form_that_lacks_a_word_is_told_of_the_change_first(client_of, binh, hanh, report):
    take_step(report.pk, step="accept", actor=hanh)
    response = client_of(binh).post(step(report, "to_triage"), {"version": 1, "note": ""})
    assert response.status_code == 409
    assert response.context["refused"].is_stale


@pytest.mark.parametrize("version", ["", "x", "-1", "99999999999999999999"])
def test_a_form_without_a_version_is_refused_with_its_text(version, client_of, binh, report):
    response = client_of(binh).post(step(report, "to_triage"), {"version": version, "note": "Không phải của phường."})
    assert response.status_code in {409, 422}
    assert "Không phải của phường." in response.content.decode()
    report.refresh_from_db()
    assert report.version == 1


def test_a_reply_of_10001_characters_is_refused_and_kept(client_of, binh, report):
    take_step(report.pk, step="accept", actor=binh)
    text = "ă" * 10_001
    response = client_of(binh).post(step(report, "draft_reply"), {"version": 2, "reply": text})
    assert response.status_code == 422
    assert text in response.content.decode()
    assert response.context["shown_form"].errors.keys() == {"reply"}
    assert report.replies.count() == 0


def test_line_breaks_of_browsers_count_as_one_character(client_of, binh, report):
    take_step(report.pk, step="accept", actor=binh)
    text = "\r\n".join(["ă" * 99] * 100)  # 9,999 as people count
    assert client_of(binh).post(step(report, "draft_reply"), {"version": 2, "reply": text}).status_code == 302
    assert len(report.replies.get().text) == 9_999


@pytest.mark.parametrize("name", ["return", "recategorise", "to_triage", "note"])
def test_what_is_missing_is_said_beside_its_field(name, client_of, binh, report):
    response = client_of(binh).post(step(report, name), {"version": 1})
    assert response.status_code == 422
    assert response.context["open_step"] == name
    assert response.content.decode().count('class="error-summary"') == 1


def test_what_the_service_refuses_is_said_beside_its_field(client_of, diep, report, body_b, monkeypatch):
    """The list of bodies holds only those that may have it: a body that ended while the form stood open."""
    monkeypatch.setattr("reports.services.effects.exists", lambda body, on: False)
    response = client_of(diep).post(step(report, "assign"), {"version": 1, "body": body_b.pk})
    assert response.status_code == 422
    assert response.context["shown_form"].errors.keys() == {"body"}


def test_only_bodies_of_today_that_the_report_is_not_about_can_be_chosen(
    client_of, diep, officials, body_a, body_b, department, portal, inspectorate, spot_a
):
    report = file(officials, spot_a)
    Body.objects.filter(pk=department.pk).update(validity=("2020-01-01", "2025-07-01"))
    form = next(form for form in client_of(diep).get(page(report)).context["forms"] if form.step.name == "assign")
    offered = set(form.fields["body"].queryset)
    assert {body_b, inspectorate} <= offered
    assert not {body_a, department} & offered
    assert client_of(diep).post(step(report, "assign"), {"version": 1, "body": body_a.pk}).status_code == 422


def test_a_return_without_a_text_takes_that_of_the_reason_in_the_reporters_language(
    client_of, binh, pothole, body_a, portal, spot_a, reason
):
    for language, words in (("vi", "Mời bạn gọi 1022."), ("en", "Please call 1022.")):
        report = file(pothole, spot_a, language=language)
        shown = client_of(binh).get(page(report)).context["return_texts"][str(reason.pk)]
        assert words in shown
        client_of(binh).post(step(report, "return"), {"version": 1, "reason": reason.pk, "reply": ""})
        assert report.replies.get().text == shown


def test_what_people_write_is_shown_as_text(client_of, binh, diep, pothole, body_a, portal, spot_a):
    report = file(pothole, spot_a, description=f"Ổ gà {SCRIPT}", place_note=SCRIPT, name=SCRIPT, phone="0912345678")
    take_step(report.pk, step="accept", actor=binh, words=Words(note=SCRIPT))
    take_step(report.pk, step="draft_reply", actor=binh, words=Words(reply=SCRIPT))
    refused = client_of(binh).post(step(report, "note"), {"version": 1, "note": SCRIPT})
    assert refused.status_code == 409
    pages = [
        client_of(diep).get(page(report)),
        client_of(diep).get(reverse("reports:desk"), {"view": "review", "q": ""}),
        client_of(diep).get(reverse("reports:desk"), {"q": SCRIPT}),
        refused,
    ]
    for response in pages:
        text = response.content.decode()
        assert "<script>alert" not in text
        assert "<img src=x" not in text
        assert "&lt;script&gt;" in text
    queue = client_of(diep).get(reverse("reports:desk_queue"), {"view": "review"}).json()
    assert "<script>alert" not in queue["rows"]


def test_nearby_reports_of_the_same_category_come_first_and_only_what_may_be_seen(
    client_of, binh, chi, pothole, law, officials, body_a, body_b, portal, inspectorate
):
    def at(metres, category, **more):
        words = {0: "Ổ gà sâu", 20: "Họp chợ lấn chiếm", 300: "Nứt mặt cầu", 10: "Nhũng nhiễu", 700: "Sụt vỉa"}[metres]  # no two alike
        return file(category, Point(105.0999, 9.05 + metres / 111_000, srid=4326), description=words, **more)

    here = at(0, pothole)
    other, same, hidden, far = at(20, law), at(300, pothole), at(10, officials), at(700, pothole)
    across = file(pothole, Point(105.1005, 9.05, srid=4326), description="Cột biển báo gãy")  # of the neighbour, and public
    found = client_of(binh).get(page(here)).context["nearby"]
    assert [near.code for near in found] == [across.code, same.code, other.code]
    assert [near.at_desk for near in found] == [False, True, True]
    assert hidden.code not in client_of(binh).get(page(here)).content.decode()
    assert far not in found


def test_where_and_when_a_photo_was_taken_is_shown_to_those_who_may_call(client_of, binh, lan, report):
    at = datetime(2022, 7, 17, 9, 12, tzinfo=UTC)
    place = Point(report.location.x, report.location.y + 120 / 110_600, srid=4326)
    report.photos.create(image="x.jpg", thumbnail="x.jpg", width=4, height=3, digest="0", taken_at=at, taken_where=place)
    report.photos.create(image="y.jpg", thumbnail="y.jpg", width=4, height=3, digest="1")
    handler, leader = (client_of(person).get(page(report)).content.decode() for person in (binh, lan))
    assert "120 m" in handler
    assert "16:12 17/7/2022" in handler
    assert "120 m" not in leader
    assert "16:12 17/7/2022" not in leader


def test_why_it_is_here_tells_of_the_rules_and_of_who_sent_it_on(client_of, binh, diep, body_b, report):
    why = client_of(binh).get(page(report)).context["why"]
    assert any("Phường An Lạc" in sentence for sentence in why)
    take_step(report.pk, step="assign", actor=diep, words=Words(body=body_b))
    assert body_b.name in client_of(diep).get(page(report)).context["why"][-1]


def test_a_code_in_any_spelling_leads_to_one_address(client_of, binh, report):
    response = client_of(binh).get(reverse("reports:desk_report", args=[report.readable_code.lower()]))
    assert response.headers["Location"] == page(report)


def test_the_timeline_names_people_and_shows_notes_to_those_who_work_on_it(client_of, binh, lan, diep, report):
    take_step(report.pk, step="accept", actor=binh, words=Words(note="Mai đi xem."))
    text = client_of(diep).get(page(report)).content.decode()
    assert "Mai đi xem." in text
    assert binh.full_name in text


# --- two at once, over HTTP -------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_of_two_officers_pressing_at_once_one_wins_and_the_other_keeps_the_text(client_of, binh, hanh, report):
    take_step(report.pk, step="accept", actor=binh)
    clients = {name: client_of(person) for name, person in (("binh", binh), ("hanh", hanh))}
    gate, answers = Barrier(3), {}

    def press(name):
        try:
            gate.wait(timeout=10)
            answers[name] = clients[name].post(step(report, "draft_reply"), {"version": 2, "reply": f"Trả lời của {name}."})
        finally:
            connection.close()

    threads = [Thread(target=press, args=(name,)) for name in clients]
    for thread in threads:
        thread.start()
    # Both stand before the locked row, then the row is let go
    with transaction.atomic():
        Report.objects.select_for_update().get(pk=report.pk)
        gate.wait(timeout=10)
        deadline = time.monotonic() + 10
        while waiting_for_a_lock() < 2 and time.monotonic() < deadline:
            time.sleep(0.02)
        assert waiting_for_a_lock() == 2
    for thread in threads:
        thread.join(timeout=20)
    by_status = {response.status_code: name for name, response in answers.items()}
    assert set(by_status) == {302, 409}
    loser = by_status[409]
    assert f"Trả lời của {loser}." in answers[loser].content.decode()
    assert report.replies.get().text == f"Trả lời của {by_status[302]}."
    report.refresh_from_db()
    assert (report.version, report.events.count()) == (3, 3)
