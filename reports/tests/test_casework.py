"""What the steps do besides moving: drafts and their publication, new routes, hand-overs, conflicts, reopening."""

import time
from datetime import datetime, timedelta
from threading import Barrier, Event, Thread

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from authorities.models import Body, Membership, ReturnReason, Role
from reports.models import Conflict, Handling, Reply, Report
from reports.services import Filing, ReportChangedMeanwhile, StepNotAllowed, Words, file_report, offered_steps, take_step
from reports.tests.desk_cases import file, waiting_for_a_lock
from reports.workflow import Status
from tests.cast import make_person

pytestmark = pytest.mark.django_db


def names(steps):
    return {step.name for step in steps}


@pytest.fixture
def report(pothole, body_a, portal, spot_a):
    return file(pothole, spot_a)


@pytest.fixture
def drafted(report, binh):
    take_step(report.pk, step="accept", actor=binh)
    return take_step(report.pk, step="draft_reply", actor=binh, words=Words(reply="Đã vá xong ngày 17/7."))


# --- the reply in two steps, by two people ----------------------------------------------------------------------------


def test_a_draft_waits_for_the_coordinator_who_may_edit_it(drafted, diep, binh):
    assert drafted.status == Status.REPLY_REVIEW
    done = take_step(drafted.pk, step="publish_reply", actor=diep, words=Words(reply="Đã vá xong ngày 17/7/2022."))
    reply = Reply.objects.get(report=done)
    assert (done.status, reply.text) == (Status.RESOLVED, "Đã vá xong ngày 17/7/2022.")
    assert (reply.drafted_by, reply.published_by) == (binh, diep)
    assert done.events.get(kind="publish_reply").data["edited"] is True


def test_who_drafted_does_not_publish(drafted, binh, portal, diep):
    Membership.objects.create(user=binh, body=portal, role=Role.COORDINATOR, validity=("2020-01-01", None))
    assert "publish_reply" not in names(offered_steps(binh, drafted))
    with pytest.raises(StepNotAllowed):
        take_step(drafted.pk, step="publish_reply", actor=binh, words=Words(reply="Tôi tự duyệt."))
    assert "publish_reply" in names(offered_steps(diep, drafted))


def test_a_draft_that_was_sent_back_is_replaced_by_the_next_one(drafted, binh, diep):
    take_step(drafted.pk, step="send_back", actor=diep, words=Words(note="Xin ghi rõ ngày."))
    take_step(drafted.pk, step="draft_reply", actor=binh, words=Words(reply="Đã vá xong sáng 17/7."))
    done = take_step(drafted.pk, step="publish_reply", actor=diep, words=Words(reply="Đã vá xong sáng 17/7."))
    assert list(done.replies.filter(published_at__isnull=False).values_list("text", flat=True)) == ["Đã vá xong sáng 17/7."]
    assert done.events.get(kind="publish_reply").data["edited"] is False


def test_a_body_set_to_publish_itself_skips_approval_with_the_same_events(report, binh, body_a):
    Body.objects.filter(pk=body_a.pk).update(approval="nobody")
    take_step(report.pk, step="accept", actor=binh)
    done = take_step(report.pk, step="draft_reply", actor=binh, words=Words(reply="Đã vá xong."))
    assert done.status == Status.RESOLVED
    assert [(event.kind, event.status_before, event.status_after, event.public) for event in done.events.all()][-2:] == [
        ("draft_reply", "accepted", "reply_review", True),
        ("publish_reply", "reply_review", "resolved", True),
    ]
    assert done.version == done.events.count()
    assert (done.replies.get().published_by, done.authority_at_closing) == (binh, body_a)


def test_a_reply_of_ten_thousand_characters_is_taken_and_one_more_is_refused(report, binh):
    take_step(report.pk, step="accept", actor=binh)
    with pytest.raises(ValidationError) as refused:
        take_step(report.pk, step="draft_reply", actor=binh, words=Words(reply="ă" * 10_001))
    assert set(refused.value.message_dict) == {"reply"}
    take_step(report.pk, step="draft_reply", actor=binh, words=Words(reply="  " + "ă" * 10_000 + "\n"))
    assert len(report.replies.get().text) == 10_000


# --- who is in charge -------------------------------------------------------------------------------------------------


def test_who_accepts_is_in_charge_and_stays_so_when_a_colleague_helps(report, binh, hanh):
    take_step(report.pk, step="accept", actor=binh)
    assert take_step(report.pk, step="survey", actor=hanh).officer == binh


def test_a_note_is_kept_with_any_step_and_signed_by_the_body(report, binh, body_a, diep, portal):
    take_step(report.pk, step="accept", actor=binh, words=Words(note="Sáng mai đi xem."))
    take_step(report.pk, step="note", actor=diep, words=Words(note="Báo chí đã hỏi."))
    kept = [(note.text, note.body, note.author) for note in report.notes.all()]
    assert kept == [("Sáng mai đi xem.", body_a, binh), ("Báo chí đã hỏi.", portal, diep)]


def test_what_was_handed_on_is_still_seen_but_no_longer_acted_on(report, binh, chi, body_b, diep):
    take_step(report.pk, step="assign", actor=diep, words=Words(body=body_b))
    moved = Report.objects.visible_to(binh).get(pk=report.pk)
    assert offered_steps(binh, moved) == []
    with pytest.raises(StepNotAllowed):
        take_step(report.pk, step="accept", actor=binh)
    assert not Report.objects.in_hand_of(binh).exists()
    assert take_step(report.pk, step="accept", actor=chi).officer == chi


def test_an_officer_of_the_superior_body_sees_but_does_not_act(report, province_body):
    above = make_person("tren", "Cán bộ tỉnh", province_body, Role.OFFICER)
    assert Report.objects.visible_to(above).get() == report
    assert offered_steps(above, report) == []


# --- routes -----------------------------------------------------------------------------------------------------------


def test_correcting_the_category_routes_again(report, binh, health, department):
    take_step(report.pk, step="accept", actor=binh)
    moved = take_step(report.pk, step="recategorise", actor=binh, words=Words(category=health))
    assert (moved.authority, moved.status, moved.officer) == (department, Status.NEW, None)
    event = moved.events.get(kind="recategorise")
    assert (event.data["from"], event.data["to"], event.data["trace"]["body"]["code"]) == ("ubnd-an-lac", department.code, department.code)


def test_a_category_that_keeps_the_body_leaves_the_work_where_it_stands(report, binh, law):
    take_step(report.pk, step="accept", actor=binh)
    kept = take_step(report.pk, step="recategorise", actor=binh, words=Words(category=law))
    assert (kept.status, kept.officer) == (Status.ACCEPTED, binh)
    assert kept.published_at is None  # this category is looked at before it is public


def test_the_same_category_and_one_out_of_scope_are_refused(report, binh, pothole, procedures):
    for category in (pothole, procedures):
        with pytest.raises(ValidationError):
            take_step(report.pk, step="recategorise", actor=binh, words=Words(category=category))
    assert report.events.count() == 1


def test_once_it_is_about_officials_the_body_complained_of_cannot_find_it(report, binh, hanh, officials, giang, inspectorate, body_a):
    take_step(report.pk, step="accept", actor=binh)
    moved = take_step(report.pk, step="recategorise", actor=binh, words=Words(category=officials))
    assert moved.authority == inspectorate
    assert set(Conflict.objects.values_list("body__code", flat=True)) == {body_a.code}
    for local in (binh, hanh):
        assert not Report.objects.visible_to(local).exists()
        assert offered_steps(local, moved) == []
        with pytest.raises(Report.DoesNotExist):
            take_step(report.pk, step="note", actor=local, words=Words(note="Ai kể?"))
    assert "accept" in names(offered_steps(giang, moved))


def test_the_coordinator_cannot_give_a_report_to_the_body_it_is_about(officials, body_a, inspectorate, portal, spot_a, diep):
    report = file(officials, spot_a)
    with pytest.raises(ValidationError):
        take_step(report.pk, step="assign", actor=diep, words=Words(body=body_a))
    assert Report.objects.get().authority == inspectorate


def test_a_coordinator_who_works_for_the_body_complained_of_sees_nothing(officials, body_a, inspectorate, spot_a, diep):
    Membership.objects.create(user=diep, body=body_a, role=Role.TEAM, validity=("2020-01-01", None))
    report = file(officials, spot_a)
    assert not Report.objects.visible_to(diep).exists()
    assert offered_steps(diep, report) == []


def test_a_route_is_only_to_a_body_of_today_that_has_not_the_report_already(report, diep, body_a, department):
    Body.objects.filter(pk=department.pk).update(validity=("2020-01-01", "2025-07-01"))
    for body in (body_a, department):
        with pytest.raises(ValidationError):
            take_step(report.pk, step="assign", actor=diep, words=Words(body=body))
    assert report.events.count() == 1


def test_the_unit_that_the_reporter_chose_on_a_border_is_kept_when_routed_again(pothole, law, body_a, body_b, portal, diep, spot_on_border):
    report = file(pothole, spot_on_border, chosen_unit="90002", accuracy_m=50)
    assert report.authority == body_b
    again = take_step(report.pk, step="recategorise", actor=diep, words=Words(category=law))
    assert (again.authority, again.unit.code, again.status) == (body_b, "90002", Status.NEW)


def test_what_a_body_hands_to_the_coordinator_goes_to_the_portal_with_the_reason(report, binh, portal, diep):
    moved = take_step(report.pk, step="to_triage", actor=binh, words=Words(note="Đường do Sở quản lý."))
    assert (moved.authority, moved.status, moved.officer) == (portal, Status.TRIAGE, None)
    assert "assign" in names(offered_steps(diep, moved))
    assert moved.notes.get().text == "Đường do Sở quản lý."


def test_what_lies_outside_every_unit_waits_at_the_triage(pothole, portal, diep, body_b, spot_outside):
    report = file(pothole, spot_outside)
    assert (report.status, report.authority) == (Status.TRIAGE, portal)
    assert take_step(report.pk, step="assign", actor=diep, words=Words(body=body_b)).status == Status.NEW


# --- returning, public view, reopening --------------------------------------------------------------------------------


@pytest.fixture
def reason(db):
    return ReturnReason.objects.create(code="procedure", name="Thủ tục", name_en="Procedure", channel="Gọi 1022.", channel_en="Call 1022.")


def test_a_return_says_why_and_answers_at_once(report, binh, reason):
    done = take_step(report.pk, step="return", actor=binh, words=Words(reason=reason, reply="Mời ông bà gọi 1022."))
    assert (done.status, done.return_reason, done.replies.get().published_at) == (Status.RETURNED, reason, done.closed_at)


def test_a_report_of_a_category_to_be_looked_at_is_shown_or_kept_out_by_the_coordinator(law, body_a, portal, spot_a, diep, binh):
    report = file(law, spot_a)
    assert Report.objects.to_be_looked_at().get() == report
    assert {"show", "hide"} <= names(offered_steps(diep, report))
    assert not {"show", "hide"} & names(offered_steps(binh, report))
    take_step(report.pk, step="hide", actor=diep, words=Words(note="Có tên người."))
    assert not Report.objects.to_be_looked_at().exists()
    assert take_step(report.pk, step="show", actor=diep).is_public
    assert "show" not in names(offered_steps(diep, Report.objects.get()))


def test_what_is_never_public_cannot_be_shown(officials, inspectorate, body_a, portal, spot_a, diep):
    report = file(officials, spot_a)
    with pytest.raises(StepNotAllowed):
        take_step(report.pk, step="show", actor=diep)


def test_a_reopened_report_goes_back_to_its_officer_with_a_new_due_date(drafted, diep, binh):
    take_step(drafted.pk, step="publish_reply", actor=diep, words=Words(reply="Đã vá xong."))
    later = timezone.now() + timedelta(days=40)
    reopened = take_step(drafted.pk, step="reopen", actor=diep, words=Words(note="Mưa lại hỏng."), at=later)
    assert (reopened.status, reopened.officer, reopened.closed_at, reopened.authority_at_closing) == (Status.ACCEPTED, binh, None, None)
    assert reopened.due_at > later


def test_a_report_reopened_after_its_officer_left_waits_for_somebody(drafted, diep, hanh, binh):
    take_step(drafted.pk, step="publish_reply", actor=diep, words=Words(reply="Đã vá xong."))
    Membership.objects.filter(user=binh).delete()
    assert take_step(drafted.pk, step="reopen", actor=diep, words=Words(note="Hỏng lại.")).officer is None
    assert take_step(drafted.pk, step="work", actor=hanh).officer == hanh


def test_a_report_reopened_after_its_body_ended_goes_to_the_body_of_today(drafted, diep, body_a, commune_rule, commune_a):
    take_step(drafted.pk, step="publish_reply", actor=diep, words=Words(reply="Đã vá xong."))
    Body.objects.filter(pk=body_a.pk).update(validity=("2020-01-01", "2025-07-01"))
    successor = Body.objects.create(code="ubnd-moi", name="UBND mới", kind=body_a.kind, parent=body_a.parent, validity=("2025-07-01", None))
    successor.territories.create(unit=commune_a, validity=("2025-07-01", None))
    reopened = take_step(drafted.pk, step="reopen", actor=diep, words=Words(note="Hỏng lại."))
    assert (reopened.authority, reopened.status, reopened.officer) == (successor, Status.NEW, None)
    assert Handling.objects.filter(report=drafted, body=successor).exists()


# --- history, jobs, time ----------------------------------------------------------------------------------------------


def test_history_holds_no_free_text_and_no_contact(report, binh, diep, an, reason, body_b, law):
    take_step(report.pk, step="accept", actor=binh, words=Words(note=f"Gọi {an.name} {an.phone}"))
    take_step(report.pk, step="recategorise", actor=binh, words=Words(category=law, note=an.email))
    take_step(report.pk, step="assign", actor=diep, words=Words(body=body_b, note=an.phone))
    take_step(report.pk, step="return", actor=diep, words=Words(reason=reason, reply=f"Chào {an.name}"))
    written = " ".join(str(event.data) for event in report.events.all())
    assert not any(secret in written for secret in (an.name, an.phone, an.email, "Chào", "Gọi"))


def test_followers_are_told_of_public_steps_only(report, binh):
    take_step(report.pk, step="accept", actor=binh)
    take_step(report.pk, step="note", actor=binh, words=Words(note="Nội bộ."))
    events = {event.pk: event.public for event in report.events.all()}
    jobs = ProcrastinateJob.objects.filter(task_name__endswith="tell_followers", args__event_id__in=list(events))
    assert sorted(jobs.values_list("args__event_id", flat=True)) == sorted(pk for pk, public in events.items() if public)
    assert list(events.values()) == [True, True, False]


def test_a_step_in_the_past_is_taken_by_who_held_the_role_then(pothole, body_a, portal, spot_a, binh):
    then = datetime(2022, 7, 11, 9, tzinfo=timezone.get_default_timezone())
    report = file_report(Filing(location=spot_a, category=pothole, description="Sụp lún bờ kè."), at=then)
    Membership.objects.filter(user=binh).update(validity=("2020-01-01", "2023-01-01"))
    with pytest.raises(Report.DoesNotExist):
        take_step(report.pk, step="accept", actor=binh)
    assert take_step(report.pk, step="accept", actor=binh, at=then + timedelta(hours=2)).changed_at == then + timedelta(hours=2)


# --- two at once ------------------------------------------------------------------------------------------------------


def at_once(*acts):
    """Runs the acts in threads with connections of their own, all let go at the same moment: what each gave or raised."""
    gate, outcomes = Barrier(len(acts)), [None] * len(acts)

    def run(number, act):
        try:
            gate.wait(timeout=10)
            outcomes[number] = act()
        except Exception as error:
            outcomes[number] = error
        finally:
            connection.close()

    threads = [Thread(target=run, args=(number, act)) for number, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return outcomes


def while_first_is_unfinished(first, second):
    """Runs `second` while `first` has done its work but not committed; what each gave or raised."""
    begun, may_end = Event(), Event()

    def hold():
        with transaction.atomic():
            done = first()
            begun.set()
            may_end.wait(timeout=10)
        return done

    def wait_for_it():
        begun.wait(timeout=10)
        return second()

    def let_go():
        while not waiting_for_a_lock():
            time.sleep(0.02)
        may_end.set()

    return at_once(hold, wait_for_it, let_go)[:2]


@pytest.mark.django_db(transaction=True)
def test_of_two_officers_acting_at_once_one_wins_and_the_other_is_told(report, binh, hanh, reason):
    won, lost = while_first_is_unfinished(
        lambda: take_step(report.pk, step="accept", actor=binh, version=1),
        lambda: take_step(report.pk, step="return", actor=hanh, version=1, words=Words(reason=reason, reply="Ngoài phạm vi.")),
    )
    assert isinstance(won, Report)
    assert isinstance(lost, ReportChangedMeanwhile)
    report.refresh_from_db()
    assert (report.status, report.officer, report.version, report.events.count()) == (Status.ACCEPTED, binh, 2, 2)


@pytest.mark.django_db(transaction=True)
def test_who_waited_while_the_report_went_to_another_body_is_told_so_not_that_it_is_gone(report, binh, diep, body_b):
    _won, lost = while_first_is_unfinished(
        lambda: take_step(report.pk, step="assign", actor=diep, version=1, words=Words(body=body_b)),
        lambda: take_step(report.pk, step="to_triage", actor=binh, version=1, words=Words(note="Không phải đường của phường.")),
    )
    assert isinstance(lost, ReportChangedMeanwhile)
    assert lost.report.authority == body_b


@pytest.mark.django_db(transaction=True)
def test_who_waited_while_the_report_became_one_about_the_own_body_no_longer_finds_it(report, binh, hanh, officials, inspectorate):
    _won, lost = while_first_is_unfinished(
        lambda: take_step(report.pk, step="recategorise", actor=binh, words=Words(category=officials)),
        lambda: take_step(report.pk, step="note", actor=hanh, words=Words(note="Ai kể?")),
    )
    assert isinstance(lost, Report.DoesNotExist)
    assert report.notes.count() == 0


@pytest.mark.django_db(transaction=True)
def test_many_hands_on_one_report_lose_no_step(report, binh, hanh, diep):
    take_step(report.pk, step="accept", actor=binh)
    outcomes = at_once(
        *(lambda n=n: take_step(report.pk, step="note", actor=(binh, hanh, diep)[n % 3], words=Words(note=f"{n}")) for n in range(8))
    )
    assert all(isinstance(outcome, Report) for outcome in outcomes), outcomes
    report.refresh_from_db()
    assert (report.version, report.events.count(), report.notes.count()) == (10, 10, 8)
    events = list(report.events.order_by("pk").values_list("at", flat=True))
    assert events == sorted(events)
