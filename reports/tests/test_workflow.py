"""The table of steps: everything in it can be done, nothing outside it can."""

from contextlib import contextmanager
from dataclasses import replace
from operator import attrgetter

import pytest
from django.contrib.gis.geos import Point
from django.core.exceptions import ValidationError
from django.db import transaction

from authorities.models import Approval, Body, Membership, ReturnReason, Role
from reports.models import Question, Report, ReportEvent
from reports.services import Filing, StepNotAllowed, Words, file_report, offered_steps, take_reporters_step, take_step
from reports.tests.asked_cases import asked_of, is_theirs
from reports.workflow import CLOSED, HANDLERS, OPEN, PUBLISHERS, STEPS, Status, can_become, steps_for
from tests.cast import make_person
from tests.lasting_cast import *  # noqa: F403

pytestmark = pytest.mark.django_db

REACHED = frozenset(step.to for step in STEPS.values() if step.to) | {Status.NEW}


@pytest.fixture
def reason(db):
    return ReturnReason.objects.create(
        code="procedure", name="Thủ tục hành chính", name_en="A procedure", channel="Mời bạn gọi 1022.", channel_en="Please call 1022."
    )


@pytest.fixture
def original(pothole, body_b, portal, spot_b):
    """A report of which another may be a duplicate."""
    return file_report(Filing(location=spot_b, category=pothole, description="Ổ gà to trước chợ."))


@pytest.fixture
def words(law, department, reason, binh, original):
    """Something for every field that a step may ask for."""
    return Words(
        reply="Đã vá xong.", note="Theo đường dây nóng.", reason=reason, category=law, body=department, officer=binh, original=original,
        question="Ổ gà ở bên nào?", answer="Bên trái.", task="Tắt điện đường.", days=3, result="Đã tắt.", spot=Point(105.051, 9.05, srid=4326),
        description="Đèn đường trước trường cũng hỏng.",
    )  # fmt: skip


@pytest.fixture
def report(pothole, body_a, portal, spot_a):
    return file_report(Filing(location=spot_a, category=pothole, description="Ổ gà sâu trước cổng trường."))


@contextmanager
def undone():
    """What happens inside is rolled back, so that one test may try many things on one report."""
    point = transaction.savepoint()
    yield
    transaction.savepoint_rollback(point)


def put(report: Report, status: Status, reason: ReturnReason) -> None:
    """Sets a report into a state, past every step: only a test may."""
    closed = status in CLOSED
    Report.objects.filter(pk=report.pk).update(
        status=status,
        closed_at=report.filed_at if closed else None,
        authority_at_closing=report.authority if closed else None,
        return_reason=reason if status == Status.RETURNED else None,
        duplicate_of=Report.objects.exclude(pk=report.pk).first() if status == Status.DUPLICATE else None,
    )
    report.refresh_from_db()


def actor_with(role: Role, report: Report, portal, body=None):
    return make_person(f"{role}", "Người thử", portal if role == Role.COORDINATOR else body or report.authority, role)


def state_of(report: Report) -> tuple[object, ...]:
    return (*Report.objects.filter(pk=report.pk).values_list().get(), report.events.count(), report.notes.count(), report.replies.count())


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("status", Status)
def test_every_step_that_is_not_in_the_table_is_refused_and_changes_nothing(status, role, report, words, reason, portal):
    put(report, status, reason)
    actor = actor_with(role, report, portal)
    before = state_of(report)
    assert all(step.by_reporter or step.by_rule or step.roles for step in STEPS.values())
    refused = [step for step in STEPS.values() if status not in step.sources or role not in step.roles]
    assert not set(refused) & set(offered_steps(actor, report))
    # What is not offered is refused: two of them are tried, others in each state and role; test_permission_matrix.py tries all over HTTP
    turn = list(Status).index(status) * len(Role) + list(Role).index(role)
    for step in (refused[turn % len(refused)], refused[(turn + len(refused) // 2) % len(refused)]):
        # A planner and a digital team do not even see the report
        with pytest.raises((StepNotAllowed, Report.DoesNotExist)):
            take_step(report.pk, step=step.name, actor=actor, words=words)
    assert state_of(report) == before


def found(step, status):
    """Where a step leads that finds the state itself."""
    return {"charge": Status.ACCEPTED if status == Status.NEW else status, "reopen": Status.ACCEPTED}.get(step.name, status)


@pytest.mark.parametrize("step", [step for step in STEPS.values() if step.name != "undo" and step.roles], ids=attrgetter("name"))
def test_every_step_of_the_table_leads_where_it_says_and_writes_its_event(step, report, words, reason, portal, body_b):
    asked_of(body_b, step, report)
    acting = body_b if is_theirs(step) else report.authority
    actors = {role: actor_with(role, report, portal, acting) for role in step.roles}
    ways = [(status, role) for status in sorted(step.sources) for role in actors]
    for number, (status, role) in enumerate(ways):
        with undone():
            put(report, status, reason)
            Report.objects.update(published_at=report.filed_at if step.name == "hide" else None)
            report.refresh_from_db()
            assert step in offered_steps(actors[role], report)
            if number >= len(actors) and number % len(actors) != number // len(actors) % len(actors):
                continue  # offered is allowed; taken in the first state by each role, then in each state by the next one
            said = replace(words, part=report.parts.first())
            done = take_step(report.pk, step=step.name, actor=actors[role], words=said, version=report.version)
            assert done.status == (step.to or found(step, status))
            assert can_become(status, done.status) or done.status == status
            assert done.version == report.version + 1
            event = ReportEvent.objects.filter(report=report).latest("pk")
            assert (event.kind, event.status_before, event.status_after) == (step.name, status, done.status)
            assert (event.actor_id, event.public) == (actors[role].pk, step.public or done.status != status)
            assert event.data["by"] == (portal.code if role == Role.COORDINATOR else acting.code)
            assert (done.closed_at is not None) == (done.status in CLOSED)


@pytest.mark.parametrize("step", [step for step in STEPS.values() if step.by_reporter], ids=attrgetter("name"))
def test_the_reporters_steps_are_the_reporters_alone(step, report, words, reason, portal, binh):
    for status in Status:
        with undone():
            put(report, status, reason)
            if status in {Status.WAITING, Status.RETURNED} and step.name == "answer":
                ReportEvent.objects.create(report=report, kind="silence", status_before="waiting", status_after=Status.RETURNED)
                Question.objects.create(report=report, body=report.authority, question="Ở đâu?", status_before="in_progress")
            assert step not in offered_steps(binh, report)
            if status not in step.sources:
                with pytest.raises(StepNotAllowed):
                    take_reporters_step(report.pk, step=step.name, words=words)
                continue
            done = take_reporters_step(report.pk, step=step.name, words=words)
            assert done.status == (step.to or Status.IN_PROGRESS)
            event = done.events.last()
            assert (event.kind, event.actor_id, event.data["by"], event.public) == (step.name, None, "reporter", True)


@pytest.mark.parametrize("role", [Role.OFFICER, Role.HEAD, Role.COORDINATOR])
@pytest.mark.parametrize("approval", Approval)
def test_who_approves_a_reply_is_set_for_each_body(approval, role, report, body_a, reason, portal):
    Body.objects.filter(pk=body_a.pk).update(approval=approval)
    put(report, Status.REPLY_REVIEW, reason)
    report = Report.objects.get(pk=report.pk)
    may = role == Role.COORDINATOR or (role == Role.HEAD and approval == Approval.HEAD)
    offered = {step.name for step in offered_steps(actor_with(role, report, portal), report)}
    assert ({"publish_reply", "send_back"} <= offered) == may


def test_a_head_does_not_approve_what_he_or_she_drafted(report, body_a, hanh, diep):
    Body.objects.filter(pk=body_a.pk).update(approval=Approval.HEAD)
    for step in ("accept", "draft_reply"):
        take_step(report.pk, step=step, actor=hanh, words=Words(reply="Đã vá xong."))
    with pytest.raises(StepNotAllowed):
        take_step(report.pk, step="publish_reply", actor=hanh, words=Words(reply="Đã vá xong."))
    assert take_step(report.pk, step="publish_reply", actor=diep, words=Words(reply="Đã vá xong.")).status == Status.RESOLVED


@pytest.mark.parametrize("step", [step for step in STEPS.values() if step.needs and step.roles], ids=attrgetter("name"))
def test_a_step_whose_words_are_missing_is_refused_and_names_them(step, report, reason, portal, original, body_b):
    put(report, min(step.sources), reason)
    asked_of(body_b, step, report)
    actor = actor_with(min(step.roles), report, portal, body_b if is_theirs(step) else None)
    if step.name == "hide":
        Report.objects.update(published_at=report.filed_at)
    before = state_of(report)
    for blank in (Words(), Words(reply=" \n\t", note=" \n\t")):
        with pytest.raises(ValidationError) as refused:
            take_step(report.pk, step=step.name, actor=actor, words=blank)
        assert set(refused.value.message_dict) == set(step.needs)
    assert state_of(report) == before


def test_an_unknown_step_is_refused(report, binh):
    with pytest.raises(StepNotAllowed):
        take_step(report.pk, step="resolve_everything", actor=binh)


def test_every_open_state_that_is_reached_can_be_left_and_leads_to_an_end():
    ends = {status for status in REACHED if any(can_become(status, end) for end in CLOSED)}
    for _ in Status:
        ends |= {status for status in REACHED if any(can_become(status, target) for target in ends)}
    assert ends >= REACHED & OPEN


def test_nobody_but_handlers_and_coordinators_takes_steps():
    assert all(step.roles <= HANDLERS | PUBLISHERS for step in STEPS.values())
    assert steps_for(Status.NEW, frozenset({Role.LEADER, Role.PLANNER, Role.TEAM})) == []


def test_a_role_that_has_ended_counts_no_more(report, binh, body_a):
    Membership.objects.filter(user=binh).update(validity=("2020-01-01", "2024-01-01"))
    with pytest.raises(Report.DoesNotExist):
        take_step(report.pk, step="accept", actor=binh)
