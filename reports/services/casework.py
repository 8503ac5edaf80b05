"""What bodies and coordinators do with a report: each step locks the row, asks the table, writes its event and defers its jobs."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from authorities.models import Body, Publication, Role
from reports import tasks
from reports.deadlines import keep_time
from reports.media import files_undone_on_error
from reports.models import Conflict, Note, Report, ReportEvent
from reports.services import asked as others
from reports.services.asked import Asked, Standing
from reports.services.effects import EFFECTS, close_or_open, nothing_besides, publish, waiting_draft
from reports.services.errors import ReportChangedMeanwhile, StepNotAllowed
from reports.services.said import Words, require, stripped
from reports.services.undo import COLUMNS, Kept, changed_since, last_step_of, snapshot
from reports.sight import Sight
from reports.workflow import CLOSED, HANDLERS, STEPS, UNTOUCHED, Status, Step, Whose, is_told, reporters_steps, steps_for

if TYPE_CHECKING:
    from accounts.models import User


def roles_on(user: User, report: Report, on: date | None = None) -> frozenset[Role]:
    """The roles that somebody may act in on a report: those held in the body that has it now, and the coordinator's over its province.

    Whoever belongs to a body that the report complains of has none. Memberships are those held on a day (default: today).
    """
    return _roles(user, _standing(report, Sight.of(user, on)))


def _roles(user: User, standing: Standing) -> frozenset[Role]:
    return frozenset(Role) if user.is_superuser else frozenset(role for role, _body in standing)


def _standing(report: Report, sight: Sight) -> Standing:
    """The roles in which somebody may act on a report, each with its body; the body that has the report first."""
    if Conflict.objects.filter(report=report, body__in=sight.own).exists():
        return []
    here = [
        (Role(membership.role), membership.body)
        for membership in sight.held
        if membership.body_id == report.authority_id and membership.role != Role.COORDINATOR
    ]
    if report.authority_id in sight.coordinated:
        return here + [(Role.COORDINATOR, membership.body) for membership in sight.held if membership.role == Role.COORDINATOR]
    return here


def offered_steps(who: User | Sight, report: Report, on: date | None = None) -> list[Step]:
    """The steps that somebody may take on a report now, in the order of the table."""
    sight = who if isinstance(who, Sight) else Sight.of(who, on)
    if not sight.user.is_authenticated:
        return []
    return _offered(sight.user, report, _standing(report, sight), Asked.of(report, sight.held), timezone.now())


def _offered(user: User, report: Report, standing: Standing, asked: Asked, at: datetime) -> list[Step]:
    roles, asked_roles = _roles(user, standing), _roles(user, asked.standing)
    possible = steps_for(Status(report.status), roles, report.authority.approval, asked_roles)
    return [step for step in possible if _makes_sense(step, report, user, asked, at)]


def _makes_sense(step: Step, report: Report, user: User, asked: Asked, at: datetime) -> bool:
    if step.name in others.NAMES:
        return asked.makes_sense(step.name, report, user)
    if step.second_person:
        draft = waiting_draft(report)
        return draft is None or draft.drafted_by_id != user.pk
    if step.name == "show":
        return report.published_at is None and report.category.publication != Publication.NEVER
    if step.name == "hide":
        return report.published_at is not None or Report.objects.filter(pk=report.pk).to_be_looked_at().exists()
    if step.name == "undo":
        return last_step_of(user, report, at) is not None
    return True


@files_undone_on_error()
@transaction.atomic
def take_step(
    report_id: int, *, step: str, actor: User, words: Words | None = None, version: int | None = None, at: datetime | None = None
) -> Report:
    """Takes a step of the workflow table on a report that the actor may see.

    `version` is the one that the form was opened with. Raises Report.DoesNotExist for a stranger, ReportChangedMeanwhile for a stale form,
    StepNotAllowed for a step outside the table or the actor's roles, ValidationError where words are missing. Then nothing is changed.
    `at` sets another time than now, for demonstrations and replays; the actor's memberships are those of that day.
    """
    words = stripped(words or Words())
    on = timezone.localdate(at) if at else None
    report, sight = _locked(report_id, actor, on)
    at = at or timezone.now()  # read under the lock: who came second is second in the history
    if version is not None and version != report.version:
        raise ReportChangedMeanwhile(report)
    standing = _standing(report, sight)
    asked = Asked.of(report, sight.held)
    allowed = _offered(actor, report, standing, asked, at)
    wanted = STEPS.get(step)
    if wanted is None or wanted not in allowed:
        raise StepNotAllowed(report, allowed)
    # For the body that has the report before a Portal, and before one that was asked; for none, where an administrator is of none
    roles = wanted.roles_in(report.authority.approval)
    able = (standing if Whose.RESPONSIBLE in wanted.whose else []) + (asked.standing if Whose.ASKED in wanted.whose else [])
    acting = next((body for role, body in able if role in roles), None)
    _carry_out(wanted, report, words, actor, acting, at)
    return report


@transaction.atomic
def take_reporters_step(report_id: int, *, step: str, words: Words | None = None, at: datetime | None = None) -> Report:
    """Takes a step that is the reporter's; whether the caller holds the private link, the view has seen.

    Raises StepNotAllowed for a step that is not open to the reporter now, ValidationError where words are missing. Then nothing is changed.
    """
    words = stripped(words or Words())
    Report.objects.select_for_update().only("pk").get(pk=report_id)
    report = Report.objects.select_related("category", "authority", "unit").get(pk=report_id)
    allowed = open_to_reporter(report)
    wanted = STEPS.get(step)
    if wanted is None or wanted not in allowed:
        raise StepNotAllowed(report, allowed)
    _carry_out(wanted, report, words, None, None, at or timezone.now())
    return report


def open_to_reporter(report: Report) -> list[Step]:
    """The steps that the reporter may take now; what was returned opens by an answer only where it ended for want of one."""
    steps = reporters_steps(Status(report.status))
    if report.status == Status.RETURNED and steps:
        ended = ReportEvent.objects.filter(report=report, status_after=Status.RETURNED).exclude(status_before=Status.RETURNED).last()
        return [step for step in steps if ended is not None and ended.kind == "silence"]
    return steps


@transaction.atomic
def end_for_silence(report_id: int, *, at: datetime | None = None) -> bool:
    """Ends a report whose reporter has not answered in time; whether it was so, seen under the lock."""
    Report.objects.select_for_update().only("pk").get(pk=report_id)
    report = Report.objects.select_related("category", "authority", "unit").get(pk=report_id)
    at = at or timezone.now()
    step = STEPS["silence"]
    if Status(report.status) not in step.sources or report.stage_due_at is None or report.stage_due_at >= at:
        return False
    _carry_out(step, report, Words(), None, None, at)
    return True


def _carry_out(step: Step, report: Report, words: Words, actor: User | None, acting: Body | None, at: datetime) -> None:
    """The step on the report that its caller has locked: what it changes, its event, its jobs."""
    require(step, words)
    before = snapshot(report)
    data = EFFECTS.get(step.name, nothing_besides)(report, words, actor, at)
    if step.to is not None:
        report.status = step.to
    if (
        actor
        and report.officer_id is None
        and step.roles <= HANDLERS
        and Whose.RESPONSIBLE in step.whose
        and report.status not in CLOSED | UNTOUCHED
    ):
        report.officer = actor  # whoever goes on with what nobody is in charge of
    close_or_open(report, at)
    if step.name != "undo":
        keep_time(report, before, at)
        others.let_lapse(report, before["authority"], at)
    if report.status not in CLOSED and report.due_at != COLUMNS["due_at"].to_python(before["due_at"]):
        data["due_at"] = report.due_at.isoformat() if report.due_at else None
    if words.note:
        data["note"] = Note.objects.create(report=report, author=actor, body=acting, at=at, text=words.note).pk
    _remember(report, step, before, actor, acting, data, at)
    if step.name == "draft_reply" and report.authority.publishes_itself:
        # The second step of a body that is set to skip approval: its readers find the same two events as everywhere
        between = report.status
        data = publish(report, words, actor, at)
        report.status = Status.RESOLVED
        close_or_open(report, at)
        keep_time(report, before, at)
        _remember(report, STEPS["publish_reply"], before, actor, acting, data, at, status_before=between)
    report.save()


def _locked(report_id: int, actor: User, on: date | None) -> tuple[Report, Sight]:
    """The report, locked and then read anew, and what the actor is.

    Whoever had to wait for the lock judges by what the winner left: a statement that waits re-reads only the locked row, not what it is
    joined with (the body that has it now, conflicts found meanwhile).
    """
    Report.objects.select_for_update().only("pk").get(pk=report_id)
    sight = Sight.of(actor, on)
    return Report.objects.visible_to(sight).select_related("category", "authority", "unit").get(pk=report_id), sight


def _remember(
    report: Report,
    step: Step,
    before: Kept,
    actor: User | None,
    acting: Body | None,
    data: dict[str, Any],
    at: datetime,
    status_before: str = "",
) -> None:
    """Writes the event of a step and defers its jobs; the version counts events. What changes the state is public, whatever the step."""
    report.changed_at = at
    report.version += 1
    status_before = status_before or before["status"]
    event = ReportEvent.objects.create(
        report=report,
        at=at,
        kind=step.name,
        status_before=status_before,
        status_after=report.status,
        body=report.authority,
        actor_id=actor.pk if actor else None,
        public=step.public or status_before != report.status or data.get("was_public", False),
        data={
            **({"by": acting.code} if acting else {"by": "rule" if step.by_rule else "reporter"} if actor is None else {}),
            **data,
            "before": changed_since(before, report),
        },
    )
    if event.public and is_told(event.kind, event.data):
        tasks.tell_followers.defer(event_id=event.pk)
    if event.kind in tasks.NEWS_AT_THE_DESK:
        tasks.tell_officers.defer(event_id=event.pk)
