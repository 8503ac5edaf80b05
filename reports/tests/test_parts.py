"""Several bodies at one report: the responsible one asks others for a part, and writes the reply."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from reports.case_models import Part
from reports.desk_models import OfficerNews
from reports.models import Conflict, Report
from reports.officer_news import tell_officers
from reports.queue import Desk
from reports.services import StepNotAllowed, Words, offered_steps, take_step
from reports.tests.desk_cases import file, page, step
from reports.working_days import calendar
from tests.lasting_cast import *  # noqa: F403

pytestmark = pytest.mark.django_db
Outcome, Why = Part.Outcome, OfficerNews.Why


@pytest.fixture
def report(body_a, body_b, department, portal, binh, chi, diep, pothole, spot_a, an):
    return take_step(file(pothole, spot_a, name=an.name, phone=an.phone).pk, step="accept", actor=binh)


@pytest.fixture
def ask(report, binh, body_b):
    """Asks B for its part."""
    return lambda body=body_b, days=2: take_step(
        report.pk, step="ask_help", actor=binh, words=Words(body=body, task="Đo độ lún phía xã bạn.", days=days)
    )


def names(user, report):
    return {step.name for step in offered_steps(user, Report.objects.select_related("authority").get(pk=report.pk))}


def told(report):
    OfficerNews.objects.all().delete()
    tell_officers(report.events.last().pk)
    return sorted(OfficerNews.objects.values_list("user__username", "why"))


def test_a_part_has_what_is_asked_and_when_it_is_due_and_only_it_is_theirs(report, ask, client_of, binh, chi, body_a, an):
    ask()
    part = Part.objects.get()
    assert (part.task, part.asked_by, part.due_at) == ("Đo độ lún phía xã bạn.", binh, calendar().end_of_day_after(part.asked_at, 2))
    assert Report.objects.get(pk=report.pk).authority == body_a
    assert names(chi, report) == {"answer_part"}
    assert Desk.of(chi).asked == [report.pk]
    assert told(report) == [("chi", Why.PART)]
    said = client_of(chi).get(page(report)).content.decode()
    assert part.task in said
    assert an.phone not in said  # the part is done on the spot; whoever has the report speaks with the reporter


def test_the_answer_to_a_part_is_read_by_who_asked_and_the_report_goes_on(report, ask, client_of, binh, chi):
    ask()
    assert client_of(chi).post(step(report, "answer_part"), {"version": 3, "result": "Lún 20 cm."}).status_code == 302
    part = Part.objects.get()
    assert (part.outcome, part.answer, part.answered_by) == (Outcome.ANSWERED, "Lún 20 cm.", chi)
    assert told(report) == [("binh", Why.PART_DONE)]
    assert "Lún 20 cm." in client_of(binh).get(page(report)).content.decode()
    assert names(chi, report) == {"undo"}
    assert Desk.of(chi).asked == []
    take_step(report.pk, step="undo", actor=chi)
    assert Part.objects.get().outcome == Outcome.OPEN
    assert names(chi, report) == {"answer_part"}


def test_nothing_of_a_part_is_public(report, ask, client, chi):
    ask()
    take_step(report.pk, step="answer_part", actor=chi, words=Words(result="Lún 20 cm."))
    assert [event["kind"] for event in client.get(f"/api/v1/reports/{report.code}/events/").json()["results"]] == ["filed", "accept"]
    assert "Lún 20 cm." not in client.get(report.get_absolute_url()).content.decode()


def test_a_reply_is_drafted_without_an_open_part_only_by_who_says_so(report, ask, client_of, binh, body_b):
    ask()
    officer = client_of(binh)
    sent = {"version": 3, "reply": "Đã vá xong."}
    refused = officer.post(step(report, "draft_reply"), sent)
    assert refused.status_code == 422
    assert body_b.name in refused.context["shown_form"].errors["without_parts"][0]
    assert officer.post(step(report, "draft_reply"), sent | {"without_parts": "on"}).status_code == 302
    assert Part.objects.get().outcome == Outcome.OPEN  # it may still be answered while the draft is read


def test_what_is_asked_ends_with_the_report_and_begins_again_with_an_undo(report, ask, binh, pothole, spot_b):
    ask()
    take_step(report.pk, step="duplicate", actor=binh, words=Words(original=file(pothole, spot_b)))
    assert Part.objects.get().outcome == Outcome.DROPPED
    take_step(report.pk, step="undo", actor=binh)
    assert Part.objects.get().outcome == Outcome.OPEN


def test_parts_are_asked_of_bodies_that_can_do_them_once(report, ask, body_a, body_b, portal, department):
    Conflict.objects.create(report=report, body=department)
    for body, days in ((body_a, 2), (portal, 2), (department, 2), (body_b, 0), (body_b, 90)):
        with pytest.raises(ValidationError):
            ask(body, days)
    ask()
    with pytest.raises(ValidationError):
        ask()
    assert Part.objects.count() == 1


def test_a_part_that_is_no_longer_needed_leaves_the_other_desk(report, ask, binh, chi):
    ask()
    take_step(report.pk, step="drop_part", actor=binh, words=Words(part=Part.objects.get()))
    assert Desk.of(chi).asked == []
    with pytest.raises(StepNotAllowed):
        take_step(report.pk, step="answer_part", actor=chi, words=Words(result="Muộn."))


def test_the_queue_of_who_is_asked_says_what_and_by_when(report, ask, client_of, chi, body_b):
    ask()
    Part.objects.update(due_at=timezone.now() - timedelta(days=1))
    said = client_of(chi).get(reverse("reports:desk"), {"view": "asked"}).content.decode()
    assert f"{body_b.name} phối hợp" in said
