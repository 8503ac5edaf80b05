"""A report on its way from one body to another: offered, taken over or refused, and never without a body."""

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from authorities.models import Role
from reports.case_models import Transfer
from reports.desk_models import OfficerNews
from reports.models import Conflict, Handling, Report
from reports.officer_news import tell_officers
from reports.queue import Desk
from reports.services import StepNotAllowed, Words, offered_steps, take_step
from reports.tests.desk_cases import file, page, step
from reports.timeline import public_timeline
from reports.why import why_here
from tests.cast import make_person
from tests.lasting_cast import *  # noqa: F403

pytestmark = pytest.mark.django_db
Outcome, Why = Transfer.Outcome, OfficerNews.Why


@pytest.fixture
def report(body_a, body_b, department, portal, binh, chi, diep, pothole, spot_a):
    return take_step(file(pothole, spot_a).pk, step="accept", actor=binh)


@pytest.fixture
def offer(report, binh, body_b):
    """Offers the report to B."""
    return lambda body=body_b: take_step(report.pk, step="transfer", actor=binh, words=Words(body=body, note="Đoạn này thuộc xã bạn."))


def now(report):
    return Report.objects.select_related("authority").get(pk=report.pk)


def names(user, report):
    return {step.name for step in offered_steps(user, now(report))}


def told(report):
    """To whom the last event of a report is news, and why."""
    OfficerNews.objects.all().delete()
    tell_officers(report.events.last().pk)
    return sorted(OfficerNews.objects.values_list("user__username", "why"))


def test_while_an_offer_waits_the_first_body_stays_responsible_and_goes_on(report, offer, binh, chi, body_a):
    offer()
    assert (now(report).authority, now(report).officer, now(report).status) == (body_a, binh, "accepted")
    assert {"work", "draft_reply", "withdraw_transfer"} <= names(binh, report)
    assert "transfer" not in names(binh, report)
    assert names(chi, report) == {"accept_transfer", "refuse_transfer"}
    assert told(report) == [("chi", Why.OFFERED)]


def test_who_takes_it_over_is_in_charge_and_the_first_body_still_reads_it(report, offer, binh, chi, body_a, body_b):
    offer()
    due = now(report).due_at
    take_step(report.pk, step="accept_transfer", actor=chi)
    assert (now(report).authority, now(report).officer, now(report).status) == (body_b, chi, "accepted")
    assert now(report).due_at == due  # whoever has it: the citizen was promised a day
    assert names(binh, report) == set()
    assert Report.objects.visible_to(binh).filter(pk=report.pk).exists()
    assert told(report) == [("binh", Why.TAKEN)]
    event = now(report).events.last()
    assert (event.public, event.data["from"], event.data["to"], event.data["by"]) == (True, body_a.code, body_b.code, body_b.code)
    assert [moment.text for moment in public_timeline(report)][-1] == f"{body_b.name} nhận xử lý"
    assert [move.text for move in why_here(now(report), list(report.events.filter(public=True))).moves] == [f"{body_b.name} nhận xử lý"]


def test_who_refuses_says_why_and_it_is_offered_to_the_next(report, offer, client_of, binh, chi, body_a, department):
    offer()
    with pytest.raises(ValidationError):
        take_step(report.pk, step="refuse_transfer", actor=chi)
    take_step(report.pk, step="refuse_transfer", actor=chi, words=Words(note="Cầu này do Sở quản lý."))
    assert (now(report).authority, now(report).status) == (body_a, "accepted")
    assert told(report) == [("binh", Why.REFUSED)]
    assert "Cầu này do Sở quản lý." in client_of(binh).get(page(report)).content.decode()
    offer(department)
    doctor = make_person("so", "Cán bộ Sở", department, Role.OFFICER)
    take_step(report.pk, step="accept_transfer", actor=doctor)
    assert now(report).authority == department
    assert list(report.transfers.values_list("outcome", flat=True)) == [Outcome.REFUSED, Outcome.ACCEPTED]
    assert not report.events.filter(kind="refuse_transfer", public=True).exists()  # the public reads where it went, not who asked whom


def test_an_offer_stands_in_both_queues(report, offer, client_of, binh, chi, body_a, body_b):
    offer()
    mine = client_of(binh).get(reverse("reports:desk"), {"view": "mine"}).content.decode()
    assert f"đã đề nghị {body_b.name}" in mine
    theirs = client_of(chi).get(reverse("reports:desk"), {"view": "asked"}).content.decode()
    assert report.code in theirs
    assert Desk.of(chi).asked == [report.pk]
    before = Desk.of(chi).state(timezone.now())
    take_step(report.pk, step="refuse_transfer", actor=chi, words=Words(note="Không phải."))
    assert Desk.of(chi).asked == []
    assert Desk.of(chi).state(timezone.now()) != before  # so that an open queue is drawn anew
    assert f"{body_b.name} từ chối" in client_of(binh).get(reverse("reports:desk"), {"view": "mine"}).content.decode()


def test_the_body_that_is_asked_reads_the_report_without_the_reporters_contact(
    body_b, body_a, portal, binh, chi, pothole, spot_a, an, client_of
):
    report = file(pothole, spot_a, name=an.name, phone=an.phone)
    assert client_of(chi).get(page(report)).status_code == 404
    take_step(report.pk, step="transfer", actor=binh, words=Words(body=body_b, note="Của xã bạn."))
    said = client_of(chi).get(page(report)).content.decode()
    assert report.description in said
    assert an.phone not in said


def test_it_is_never_offered_to_the_body_complained_of(report, offer, client_of, binh, body_b, body_a, portal):
    Conflict.objects.create(report=report, body=body_b)
    with pytest.raises(ValidationError):
        offer()
    said = client_of(binh).get(page(report)).content.decode()
    assert f'<option value="{body_b.pk}"' not in said
    for body in (body_a, portal):
        with pytest.raises(ValidationError):
            offer(body)
    assert not Transfer.objects.exists()


def test_an_offer_lapses_when_the_report_goes_elsewhere_ends_or_is_answered(report, offer, binh, diep, chi, department, pothole, spot_b):
    other = file(pothole, spot_b)
    ways = [
        ("assign", diep, Words(body=department)),
        ("to_triage", binh, Words(note="Không rõ.")),
        ("duplicate", binh, Words(original=other)),
        ("draft_reply", binh, Words(reply="Đã vá.")),
    ]
    for name, actor, words in ways:
        offer()
        take_step(report.pk, step=name, actor=actor, words=words)
        assert report.transfers.filter(how="offered").last().outcome == Outcome.LAPSED, name
        assert "accept_transfer" not in names(chi, report)
        take_step(report.pk, step="undo", actor=actor)  # and with the step it is taken back
        assert report.transfers.filter(how="offered").last().outcome == Outcome.WAITING, name
        take_step(report.pk, step="withdraw_transfer", actor=binh)


def test_every_step_about_an_offer_can_be_taken_back(report, offer, binh, chi, body_a, body_b):
    offer()
    take_step(report.pk, step="undo", actor=binh)
    assert not Transfer.objects.exists()
    assert not Handling.objects.filter(body=body_b).exists()
    offer()
    for name, words in (("accept_transfer", Words()), ("refuse_transfer", Words(note="Không."))):
        take_step(report.pk, step=name, actor=chi, words=words)
        take_step(report.pk, step="undo", actor=chi)
        assert (now(report).authority, now(report).officer) == (body_a, binh)
        assert Transfer.objects.get().outcome == Outcome.WAITING
    take_step(report.pk, step="withdraw_transfer", actor=binh)
    with pytest.raises(StepNotAllowed):
        take_step(report.pk, step="accept_transfer", actor=chi)
    take_step(report.pk, step="undo", actor=binh)
    assert Transfer.objects.get().outcome == Outcome.WAITING


def test_of_two_answers_one_counts(report, offer, chi, binh):
    offer()
    version = now(report).version
    take_step(report.pk, step="accept_transfer", actor=chi, version=version)
    with pytest.raises(StepNotAllowed):
        take_step(report.pk, step="refuse_transfer", actor=chi, words=Words(note="Không."))
    assert Transfer.objects.get().outcome == Outcome.ACCEPTED


def test_a_transfer_goes_through_the_forms_of_the_desk(report, client_of, binh, chi, body_b):
    officer, neighbour = client_of(binh), client_of(chi)
    sent = {"version": now(report).version, "body": body_b.pk, "note": "Thuộc địa bàn xã bạn."}
    assert officer.post(step(report, "transfer"), sent).status_code == 302
    said = neighbour.get(page(report)).content.decode()
    assert "Thuộc địa bàn xã bạn." in said
    assert officer.post(step(report, "accept_transfer"), {"version": now(report).version}).status_code == 409
    assert neighbour.post(step(report, "accept_transfer"), {"version": now(report).version}).status_code == 302
    assert now(report).authority == body_b


def test_every_hand_over_is_counted_once_and_what_is_taken_back_is_not(report, offer, binh, diep, chi, department, body_a, body_b, portal):
    take_step(report.pk, step="to_triage", actor=binh, words=Words(note="Không rõ."))
    take_step(report.pk, step="assign", actor=diep, words=Words(body=department))
    take_step(report.pk, step="undo", actor=diep)
    take_step(report.pk, step="assign", actor=diep, words=Words(body=body_a))
    take_step(report.pk, step="accept", actor=binh)
    offer()
    take_step(report.pk, step="accept_transfer", actor=chi)
    done = Transfer.objects.filter(outcome=Outcome.ACCEPTED)
    assert [(row.from_body, row.to_body) for row in done] == [(body_a, portal), (portal, body_a), (body_a, body_b)]
