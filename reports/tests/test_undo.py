"""A wrong step is taken back within minutes, by an event of its own; nothing is erased and nothing stays behind."""

from datetime import timedelta

import pytest
from django.utils import timezone

from authorities.models import ReturnReason
from reports.models import Conflict, Handling, Report
from reports.services import Filing, StepNotAllowed, Words, file_report, offered_steps, take_reporters_step, take_step
from reports.services.undo import FIELDS, snapshot
from reports.workflow import UNDO_WITHIN, Status
from tests.lasting_cast import *  # noqa: F403

pytestmark = pytest.mark.django_db

REPLY = Words(reply="Đã vá xong.", note="Gọi 10 giờ.")


@pytest.fixture
def report(pothole, body_a, body_b, portal, spot_a):
    return file_report(Filing(location=spot_a, category=pothole, description="Ổ gà sâu trước cổng trường."))


@pytest.fixture
def reason(db):
    return ReturnReason.objects.create(
        code="procedure", name="Thủ tục", name_en="A procedure", channel="Gọi 1022.", channel_en="Call 1022."
    )


@pytest.fixture
def way(report, law, department, reason, binh, hanh, diep, body_b):
    """Steps that follow each other, each with who takes it."""
    return {
        "accept": ("accept", hanh, Words()),
        "charge": ("charge", hanh, Words(officer=binh)),
        "ask": ("ask", binh, Words(question="Ở bên nào?")),
        "work": ("work", binh, Words()),
        "survey": ("survey", binh, Words()),
        "draft_reply": ("draft_reply", binh, REPLY),
        "send_back": ("send_back", diep, Words(note="Ghi rõ ngày.")),
        "draft again": ("draft_reply", binh, REPLY),
        "publish_reply": ("publish_reply", diep, Words(reply="Đã vá xong sáng 17/7.")),
        "reopen": ("reopen", diep, Words(note="Vẫn còn.")),
        "hide": ("hide", diep, Words(note="Lộ số điện thoại.")),
        "show": ("show", diep, Words()),
        "assign": ("assign", diep, Words(body=body_b)),
        "recategorise": ("recategorise", diep, Words(category=law)),
        "return": ("return", diep, Words(reply="Không xử lý được.", reason=reason)),
    }


def test_every_step_taken_back_leaves_the_report_as_it_was_with_two_events_more(report, way):
    for step, actor, words in way.values():
        before, handled = Report.objects.get(pk=report.pk), set(Handling.objects.values_list("body", flat=True))
        events, published = report.events.count(), report.replies.filter(published_at__isnull=False).count()
        take_step(report.pk, step=step, actor=actor, words=words)
        done = take_step(report.pk, step="undo", actor=actor)
        assert snapshot(Report.objects.get(pk=report.pk)) == snapshot(before), step
        assert done.version == done.events.count() == events + 2
        assert set(Handling.objects.values_list("body", flat=True)) == handled
        assert report.replies.filter(published_at__isnull=False).count() == published
        taken, back = list(done.events.all())[-2:]
        assert (back.kind, back.data["undoes"], back.data["step"], back.public) == ("undo", taken.pk, step, taken.public)
        take_step(report.pk, step=step, actor=actor, words=words)


def test_the_words_of_a_draft_taken_back_are_not_lost(report, binh):
    take_step(report.pk, step="accept", actor=binh)
    take_step(report.pk, step="draft_reply", actor=binh, words=REPLY)
    take_step(report.pk, step="undo", actor=binh)
    assert (report.replies.get().text, report.notes.get().text) == (REPLY.reply, REPLY.note)


def test_only_whoever_took_it_takes_it_back_and_only_within_minutes(report, binh, hanh, diep):
    at = timezone.now()
    take_step(report.pk, step="accept", actor=binh, at=at)
    for actor, when in ((hanh, at), (diep, at), (binh, at + UNDO_WITHIN + timedelta(seconds=1))):
        with pytest.raises(StepNotAllowed):
            take_step(report.pk, step="undo", actor=actor, at=when)
    assert take_step(report.pk, step="undo", actor=binh, at=at + UNDO_WITHIN).status == Status.NEW


def test_what_somebody_else_built_upon_is_not_taken_back(report, binh, hanh):
    take_step(report.pk, step="accept", actor=binh)
    take_step(report.pk, step="note", actor=hanh, words=Words(note="Tôi đã gọi."))
    assert "undo" not in {step.name for step in offered_steps(binh, report)}


def test_what_was_taken_back_is_not_put_back_by_taking_that_back(report, binh):
    take_step(report.pk, step="accept", actor=binh)
    take_step(report.pk, step="undo", actor=binh)
    with pytest.raises(StepNotAllowed):
        take_step(report.pk, step="undo", actor=binh)


def test_the_filing_itself_is_not_taken_back(report, binh, admin_user):
    for actor in (binh, admin_user):
        assert "undo" not in {step.name for step in offered_steps(actor, report)}


def test_conflicts_that_a_wrong_category_made_are_gone_with_it(report, diep, officials, inspectorate):
    take_step(report.pk, step="recategorise", actor=diep, words=Words(category=officials))
    assert Conflict.objects.filter(report=report).exists()
    take_step(report.pk, step="undo", actor=diep)
    assert not Conflict.objects.filter(report=report).exists()


def test_a_reply_that_was_public_at_once_is_a_draft_again_in_one_go(report, binh, body_a):
    body_a.approval = "nobody"
    body_a.save()
    take_step(report.pk, step="accept", actor=binh)
    take_step(report.pk, step="draft_reply", actor=binh, words=REPLY)
    done = take_step(report.pk, step="undo", actor=binh)
    assert (done.status, done.closed_at, done.replies.get().published_at) == (Status.ACCEPTED, None, None)


def test_a_question_taken_back_waits_for_no_answer(report, binh):
    take_step(report.pk, step="accept", actor=binh)
    take_step(report.pk, step="ask", actor=binh, words=Words(question="Ở bên nào?"))
    assert take_step(report.pk, step="undo", actor=binh).status == Status.ACCEPTED
    with pytest.raises(StepNotAllowed):
        take_reporters_step(report.pk, step="answer", words=Words(answer="Bên trái."))


def test_all_that_steps_change_on_a_report_is_remembered():
    """A new field that a step writes has to be put back too: whoever adds one decides here."""
    never = {
        "id", "code", "description", "place_note", "folded_text", "location_at_filing", "location", "cell_x", "cell_y", "accuracy_m",
        "unit_at_filing", "severity", "filed_at", "observed_at", "changed_at", "version", "channel", "language", "filed_by", "token_generation", "followers", "masks",
    }  # fmt: skip
    assert {field.name for field in Report._meta.concrete_fields} == never | set(FIELDS)
