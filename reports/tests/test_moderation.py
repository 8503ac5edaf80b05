"""The coordinator's look: what is masked, who decides, and that masked words show nowhere in public."""

import json

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from reports.masking import Span
from reports.models import Follow, Report, ReportEvent
from reports.services import ReportChangedMeanwhile
from reports.services.errors import NotAllowed
from reports.services.moderation import choose_masks
from reports.tests.desk_cases import file
from reports.tests.rating_cases import answered, reporter_of

pytestmark = pytest.mark.django_db

TEXT = "Ông Tư Lé đổ rác, gọi 0977 123 456 hoặc xe 69C1-123.45"
PHONE, PLATE = "0977 123 456", "69C1-123.45"


@pytest.fixture
def waiting(law, body_a, portal, spot_a) -> Report:
    """A report that is public only after a look."""
    return file(law, spot_a, description=TEXT, place_note="Cạnh nhà 0966.777.888")


def look(report):
    return f"/desk/reports/{report.code}/look/"


def spans_on(client, report):
    """What the page offers to be masked, by text."""
    from html.parser import HTMLParser

    class Boxes(HTMLParser):
        found: list[tuple[str, str]] = []

        def handle_starttag(self, tag, attrs):
            given = dict(attrs)
            if given.get("type") == "checkbox":
                self.found = [*self.found, (given["name"], given["value"])]

    boxes = Boxes()
    boxes.feed(client.get(look(report)).content.decode())
    return boxes.found


def said(report, boxes=(), **more):
    """What the form sends."""
    by_name: dict[str, list[str]] = {}
    for name, value in boxes:
        by_name.setdefault(name, []).append(value)
    return {"version": report.version, "decision": "save", **by_name, **more}


# --- masked in public ---------------------------------------------------------------------------------------------------


def test_what_is_personal_in_a_public_report_shows_in_no_public_place_and_to_the_body_as_written(
    pothole, body_a, portal, spot_a, binh, diep, chi, criteria, client_of
):
    reply = "Anh Sáu 0944 555 666 sẽ tới sửa; xe 69C-555.66 chở đá."
    report = answered(pothole, spot_a, binh, diep, description=TEXT, place_note="Cạnh nhà 0966.777.888", reply=reply)
    secrets = (PHONE, PLATE, "0966.777.888", "0944 555 666", "69C-555.66")
    addresses = (
        report.get_absolute_url(), "/communes/90001/", "/", f"/api/v1/reports/{report.code}/", "/api/v1/reports/",
        f"/reports/new/where/?lat={report.location.y}&lon={report.location.x}&category=pothole",
        "/api/v1/map/clusters/?bbox=105.04,9.04,105.06,9.06&zoom=15",
    )  # fmt: skip
    for client in (Client(), client_of(chi)):
        for address in addresses:
            body = client.get(address).content.decode()
            assert not [secret for secret in secrets if secret in body], address
    for officer in (binh, diep):
        body = client_of(officer).get(f"/desk/reports/{report.code}/").content.decode()
        assert all(secret in body for secret in secrets)


def test_a_followers_mail_is_masked_and_the_reporters_is_not(pothole, body_a, portal, spot_a, binh, diep, an, criteria, mailoutbox):
    from reports.notifications import deliver, tell_followers
    from reports.tests.worker import forget_jobs, jobs

    forget_jobs()
    report = answered(pothole, spot_a, binh, diep, reply="Gọi anh Sáu 0944 555 666.", name=an.name, phone=an.phone, email=an.email)
    Follow.objects.create(report=report, email="khac@hopthu.example", confirmed_at=timezone.now())
    tell_followers(report.events.get(kind="publish_reply").pk)
    for job in jobs("send_message"):
        deliver(job["args"]["message_id"])
    by_reader = {mail.to[0]: str(mail.body) + str(mail.alternatives) for mail in mailoutbox}
    assert "0944 555 666" in by_reader[an.email]
    assert "0944 555 666" not in by_reader["khac@hopthu.example"]


def test_the_reporter_is_told_that_something_is_hidden(pothole, body_a, portal, spot_a):
    report = file(pothole, spot_a, description=TEXT)
    assert PHONE not in reporter_of(report).get(report.get_absolute_url()).content.decode()
    assert "being hidden" not in Client().get(report.get_absolute_url() + "?lang=en", follow=True).content.decode()
    assert (
        "are hidden here from everybody" in reporter_of(report).get(report.get_absolute_url(), {"lang": "en"}, follow=True).content.decode()
    )


def test_scripts_in_what_was_written_show_as_text(law, body_a, portal, spot_a, diep, client_of):
    nasty = '<script>alert("0912345678")</script><img src=x onerror=alert(1)>'
    report = file(law, spot_a, description=nasty)
    body = client_of(diep).get(look(report)).content.decode()
    assert "<script>alert" not in body
    assert "<img src=x" not in body
    assert "&lt;script&gt;" in body


# --- the decision -------------------------------------------------------------------------------------------------------


def test_texts_are_masked_and_published_in_one_go(waiting, diep, client_of):
    client = client_of(diep)
    boxes = spans_on(client, waiting)
    assert len(boxes) == 3
    answer = client.post(look(waiting), said(waiting, boxes, also_description="Ông Tư Lé", decision="show"))
    assert answer.status_code == 302
    waiting.refresh_from_db()
    assert waiting.is_public
    body = Client().get(waiting.get_absolute_url()).content.decode()
    assert not [secret for secret in (PHONE, PLATE, "0966.777.888", "Tư Lé") if secret in body]
    assert [event.kind for event in waiting.events.order_by("pk")] == ["filed", "masks", "show"]
    assert waiting.version == waiting.events.count()


def test_after_the_decision_the_next_report_that_waits_is_opened(waiting, law, spot_a, diep, client_of):
    other = file(law, spot_a, description="Một việc khác")
    client = client_of(diep)
    answer = client.post(look(waiting), said(waiting, decision="show"))
    assert answer.headers["Location"] == look(other)
    assert client.post(look(other), said(other, decision="hide", note="Không rõ")).headers["Location"] == "/desk/?view=look"


def test_what_is_let_through_shows_and_better_rules_count_where_nothing_was_chosen(waiting, diep, client_of):
    client = client_of(diep)
    boxes = [(name, value) for name, value in spans_on(client, waiting) if "plate" not in value]
    client.post(look(waiting), said(waiting, boxes, decision="show"))
    waiting.refresh_from_db()
    body = Client().get(waiting.get_absolute_url()).content.decode()
    assert PLATE in body
    assert PHONE not in body
    assert list(waiting.masks) == ["description"]  # of the place note nothing was chosen otherwise than by rule
    client.post(look(waiting), said(waiting, spans_on(client, waiting)))
    waiting.refresh_from_db()
    assert waiting.masks is None


def test_to_keep_it_out_a_reason_has_to_be_given_and_nothing_is_kept_without(waiting, diep, client_of):
    answer = client_of(diep).post(look(waiting), said(waiting, decision="hide", also_description="Ông Tư Lé"))
    assert answer.status_code == 422
    assert "Ông Tư Lé</textarea>" in answer.content.decode()
    assert waiting.events.count() == 1


def test_words_that_do_not_stand_in_the_text_are_refused_and_not_lost(waiting, diep, client_of):
    answer = client_of(diep).post(look(waiting), said(waiting, also_description="Ông Năm", decision="show"))
    assert answer.status_code == 422
    assert "Ông Năm</textarea>" in answer.content.decode()
    waiting.refresh_from_db()
    assert not waiting.is_public


def test_a_stale_page_changes_nothing(waiting, diep, client_of):
    Report.objects.filter(pk=waiting.pk).update(version=5)
    answer = client_of(diep).post(look(waiting), said(waiting, decision="show"))
    assert answer.status_code == 409
    waiting.refresh_from_db()
    assert not waiting.is_public


@pytest.mark.parametrize("boxes", ["9999-10000-phone", "5-2-phone", "0-5-phone", "x", "1-2", "-1-4-phone", "0-1000000000000-phone"])
def test_spans_out_of_range_break_nothing(waiting, diep, client_of, boxes):
    answer = client_of(diep).post(look(waiting), said(waiting, description=[boxes, "3-8-other"]))
    assert answer.status_code in (302, 422)
    assert client_of(diep).get(look(waiting)).status_code == 200


def test_the_event_says_how_many_and_not_what(waiting, diep):
    choose_masks(waiting.pk, actor=diep, texts={"description": [Span(0, 9)]})
    event = ReportEvent.objects.filter(report=waiting).latest("pk")
    assert (event.kind, event.public, event.actor_id) == ("masks", False, diep.pk)
    assert event.data == {"texts": {"description": {"masked": 1, "unmasked": 2}}}
    assert "Tư" not in json.dumps(event.data, ensure_ascii=False)


def test_a_reply_can_be_masked_further(pothole, body_a, portal, spot_a, binh, diep, criteria, client_of):
    report = answered(pothole, spot_a, binh, diep, reply="Bà Tám đã tự lấp.")
    reply = report.replies.get()
    client_of(diep).post(look(report), said(report, **{f"also_reply_{reply.pk}": "Bà Tám"}))
    assert "Bà Tám" not in Client().get(report.get_absolute_url()).content.decode()
    assert "Bà Tám" in reporter_of(report).get(report.get_absolute_url()).content.decode()


@pytest.mark.parametrize("who", ["binh", "chi", "hanh", "giang", "dung", "lan", "to", None])
def test_nobody_but_the_coordinator_of_the_report_has_that_page(waiting, request, client_of, who):
    client = client_of(request.getfixturevalue(who)) if who else Client()
    for answer in (client.get(look(waiting)), client.post(look(waiting), said(waiting, decision="show"))):
        assert answer.status_code == (404 if who else 302)
    waiting.refresh_from_db()
    assert not waiting.is_public


def test_of_a_case_of_the_inspectorate_the_body_complained_of_learns_nothing_and_it_cannot_be_published(
    officials, body_a, inspectorate, portal, spot_a, binh, diep, client_of
):
    case = file(officials, spot_a, description=TEXT)
    assert client_of(binh).get(look(case)).status_code == 404
    answer = client_of(diep).post(look(case), said(case, decision="show"))
    assert answer.status_code == 409
    case.refresh_from_db()
    assert case.published_at is None


def test_an_officer_cannot_choose_masks_and_a_stranger_finds_no_report(waiting, binh, chi, diep):
    with pytest.raises(NotAllowed):
        choose_masks(waiting.pk, actor=binh, texts={})
    with pytest.raises(Report.DoesNotExist):
        choose_masks(waiting.pk, actor=chi, texts={})
    with pytest.raises(ReportChangedMeanwhile):
        choose_masks(waiting.pk, actor=diep, texts={}, version=7)
    with pytest.raises(ValidationError):
        choose_masks(waiting.pk, actor=diep, texts={"description": [Span(0, 5), Span(3, 8)]})


# --- what officers write ------------------------------------------------------------------------------------------------


def test_an_officer_is_asked_before_sending_somebodys_number_and_the_text_is_not_lost(pothole, body_a, portal, spot_a, binh, client_of):
    from reports.services import take_step
    from reports.tests.desk_cases import step

    report = take_step(file(pothole, spot_a).pk, step="accept", actor=binh)
    client, reply = client_of(binh), "Mời ông gọi anh Sáu 0944 555 666."
    asked = client.post(step(report, "draft_reply"), {"version": report.version, "reply": reply})
    assert asked.status_code == 422
    assert reply in asked.content.decode()
    assert "cá nhân: 0944 555 666." in asked.content.decode()
    assert not report.replies.exists()
    assert client.post(step(report, "draft_reply"), {"version": report.version, "reply": reply, "personal": "on"}).status_code == 302
    assert report.replies.get().text == reply


def test_the_bodys_own_hotline_needs_no_question(pothole, body_a, portal, spot_a, binh, client_of):
    from reports.services import take_step
    from reports.tests.desk_cases import step

    body_a.hotline = "0290 3831 234"
    body_a.save()
    report = take_step(file(pothole, spot_a).pk, step="accept", actor=binh)
    reply = "Cần gì thêm xin gọi 0290.3831.234."
    assert client_of(binh).post(step(report, "draft_reply"), {"version": report.version, "reply": reply}).status_code == 302
    assert report.replies.get().public_text == reply
