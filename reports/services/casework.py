"""What bodies and coordinators do with a report: each step locks the row, asks the table, writes its event and defers its jobs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from authorities.models import Body, Category, Membership, Publication, ReturnReason, Role
from authorities.routing import Routing, route
from boundaries.locate import locate
from reports import tasks
from reports.clock import due_after
from reports.models import Conflict, Handling, Note, Reply, Report, ReportEvent
from reports.services.errors import ReportChangedMeanwhile, StepNotAllowed
from reports.services.filing import placed_in
from reports.workflow import CLOSED, HANDLERS, STEPS, UNTOUCHED, Status, Step, steps_for

if TYPE_CHECKING:
    from accounts.models import User


@dataclass(frozen=True)
class Words:
    """What was said with a step; which of these a step needs stands in the table."""

    reply: str = ""
    note: str = ""
    reason: ReturnReason | None = None
    category: Category | None = None
    body: Body | None = None


def roles_on(user: User, report: Report, on: date | None = None) -> frozenset[Role]:
    """The roles that somebody may act in on a report: those held in the body that has it now, and the coordinator's over its province.

    Whoever belongs to a body that the report complains of has none. Memberships are those held on a day (default: today).
    """
    return _roles(user, _standing(report, _held(user, on)))


def _roles(user: User, standing: list[tuple[Role, Body]]) -> frozenset[Role]:
    return frozenset(Role) if user.is_superuser else frozenset(role for role, _body in standing)


def _held(user: User, on: date | None) -> list[Membership]:
    return list(Membership.objects.held_by(user, on=on).select_related("body").order_by("pk"))


def _standing(report: Report, held: list[Membership]) -> list[tuple[Role, Body]]:
    """The roles in which somebody with these memberships may act on a report, each with its body; the body that has the report first."""
    if Conflict.objects.filter(report=report, body__in=[membership.body_id for membership in held]).exists():
        return []
    here = [
        (Role(membership.role), membership.body)
        for membership in held
        if membership.body_id == report.authority_id and membership.role != Role.COORDINATOR
    ]
    portals = [membership for membership in held if membership.role == Role.COORDINATOR]
    reached = Body.objects.filter(pk=report.authority_id).below([membership.top_id for membership in portals])
    if portals and reached.exists():
        return here + [(Role.COORDINATOR, membership.body) for membership in portals]
    return here


def offered_steps(user: User, report: Report, on: date | None = None) -> list[Step]:
    """The steps that somebody may take on a report now, in the order of the table."""
    return _offered(user, report, roles_on(user, report, on))


def _offered(user: User, report: Report, roles: frozenset[Role]) -> list[Step]:
    return [step for step in steps_for(Status(report.status), roles) if _makes_sense(step, report, user)]


def _makes_sense(step: Step, report: Report, user: User) -> bool:
    if step.second_person:
        draft = waiting_draft(report)
        return draft is None or draft.drafted_by_id != user.pk
    if step.name == "show":
        return report.published_at is None and report.category.publication != Publication.NEVER
    if step.name == "hide":
        return report.published_at is not None or Report.objects.filter(pk=report.pk).to_be_looked_at().exists()
    return True


def waiting_draft(report: Report) -> Reply | None:
    """The newest draft of a reply that is not published: what a publisher looks at, and what goes back to its author to be mended."""
    return report.replies.filter(published_at__isnull=True).last()


@transaction.atomic
def take_step(
    report_id: int, *, step: str, actor: User, words: Words | None = None, version: int | None = None, at: datetime | None = None
) -> Report:
    """Takes a step of the workflow table on a report that the actor may see.

    `version` is the one that the form was opened with. Raises Report.DoesNotExist for a stranger, ReportChangedMeanwhile for a stale form,
    StepNotAllowed for a step outside the table or the actor's roles, ValidationError where words are missing. Then nothing is changed.
    `at` sets another time than now, for demonstrations and replays; the actor's memberships are those of that day.
    """
    words = _stripped(words or Words())
    on = timezone.localdate(at) if at else None
    report, held = _locked(report_id, actor, on)
    at = at or timezone.now()  # read under the lock: who came second is second in the history
    if version is not None and version != report.version:
        raise ReportChangedMeanwhile(report)
    wanted = STEPS.get(step)
    standing = _standing(report, held)
    roles = _roles(actor, standing)
    if wanted is None or wanted not in steps_for(Status(report.status), roles) or not _makes_sense(wanted, report, actor):
        raise StepNotAllowed(report, _offered(actor, report, roles))
    _require(wanted, words)
    # For the body that has the report before a Portal; for none, where an administrator is of none
    acting = next((body for role, body in standing if role in wanted.roles), None)
    before = report.status
    data = _EFFECTS.get(wanted.name, _nothing_besides)(report, words, actor, at)
    if wanted.to is not None and wanted.name not in _CHOOSES_STATUS:
        report.status = wanted.to
    if report.officer_id is None and wanted.roles <= HANDLERS and report.status not in CLOSED | UNTOUCHED:
        report.officer = actor  # whoever goes on with what nobody is in charge of
    _close_or_open(report, at)
    if words.note:
        data["note"] = Note.objects.create(report=report, author=actor, body=acting, at=at, text=words.note).pk
    _remember(report, wanted, before, actor, acting, data, at)
    if wanted.name == "draft_reply" and report.authority.publishes_itself:
        _publish_at_once(report, words, actor, acting, at)
    report.save()
    return report


def _locked(report_id: int, actor: User, on: date | None) -> tuple[Report, list[Membership]]:
    """The report, locked and then read anew, and what the actor is.

    Whoever had to wait for the lock judges by what the winner left: a statement that waits re-reads only the locked row, not what it is
    joined with (the body that has it now, conflicts found meanwhile).
    """
    Report.objects.select_for_update().only("pk").get(pk=report_id)
    held = _held(actor, on)
    return Report.objects.visible_to(actor, on, held).select_related("category", "authority", "unit").get(pk=report_id), held


def _stripped(words: Words) -> Words:
    return Words(reply=words.reply.strip(), note=words.note.strip(), reason=words.reason, category=words.category, body=words.body)


def _require(step: Step, words: Words) -> None:
    wrong = {name: [_("This is required.")] for name in step.needs if not getattr(words, name)}
    if len(words.reply) > (Reply._meta.get_field("text").max_length or 0):
        wrong["reply"] = [_("A reply has at most 10,000 characters.")]
    if len(words.note) > (Note._meta.get_field("text").max_length or 0):
        wrong["note"] = [_("A note has at most 5,000 characters.")]
    if wrong:
        raise ValidationError(wrong)


def _remember(report: Report, step: Step, before: str, actor: User, acting: Body | None, data: dict[str, Any], at: datetime) -> None:
    """Writes the event of a step and defers its jobs; the version counts events."""
    report.changed_at = at
    report.version += 1
    event = ReportEvent.objects.create(
        report=report,
        at=at,
        kind=step.name,
        status_before=before,
        status_after=report.status,
        body=report.authority,
        actor_id=actor.pk,
        public=step.public,
        data={"by": acting.code, **data} if acting else data,
    )
    if event.public:
        tasks.tell_followers.defer(event_id=event.pk)


def _close_or_open(report: Report, at: datetime) -> None:
    if report.status in CLOSED:
        report.closed_at = report.closed_at or at
        report.authority_at_closing = report.authority_at_closing or report.authority
    else:
        report.closed_at = None
        report.authority_at_closing = None
        report.return_reason = None


# --- what each step does besides moving ---------------------------------------------------------------------------------


def _nothing_besides(report: Report, words: Words, actor: User, at: datetime) -> dict[str, Any]:
    return {}


def _accept(report: Report, words: Words, actor: User, at: datetime) -> dict[str, Any]:
    report.officer = actor
    return {}


def _draft(report: Report, words: Words, actor: User, at: datetime) -> dict[str, Any]:
    reply = Reply.objects.create(report=report, body=report.authority, text=words.reply, drafted_by=actor, drafted_at=at)
    return {"reply": reply.pk}


def _publish_at_once(report: Report, words: Words, actor: User, acting: Body | None, at: datetime) -> None:
    """The second step of a body that is set to skip approval: its readers find the same two events as everywhere."""
    before = report.status
    data = _publish(report, words, actor, at)
    report.status = Status.RESOLVED
    _close_or_open(report, at)
    _remember(report, STEPS["publish_reply"], before, actor, acting, data, at)


def _publish(report: Report, words: Words, actor: User, at: datetime) -> dict[str, Any]:
    reply = waiting_draft(report) or Reply(report=report, body=report.authority, drafted_by=actor, drafted_at=at)
    edited = reply.text != words.reply
    reply.text = words.reply
    reply.published_by, reply.published_at = actor, at
    reply.save()
    return {"reply": reply.pk, "edited": edited}


def _return(report: Report, words: Words, actor: User, at: datetime) -> dict[str, Any]:
    assert words.reason is not None  # noqa: S101  _require saw to it
    report.return_reason = words.reason
    reply = Reply.objects.create(
        report=report, body=report.authority, text=words.reply, drafted_by=actor, drafted_at=at, published_by=actor, published_at=at
    )
    return {"reply": reply.pk, "reason": words.reason.code}


def _to_triage(report: Report, words: Words, actor: User, at: datetime) -> dict[str, Any]:
    former = report.authority
    _hand_over(report, Body.objects.portal_of(former, timezone.localdate(at)), at)
    return {"from": former.code, "to": report.authority.code}


def _recategorise(report: Report, words: Words, actor: User, at: datetime) -> dict[str, Any]:
    category = words.category
    assert category is not None  # noqa: S101  _require saw to it
    former, former_body = report.category, report.authority
    if category == former:
        raise ValidationError({"category": [_("The report has this category already.")]})
    if not category.in_scope:
        raise ValidationError({"category": [_("This category is out of scope: return the report with the right channel instead.")]})
    report.category = category
    report.due_at = due_after(report.filed_at, category.days_to_answer)
    if category.publication != Publication.AT_ONCE and former.publication == Publication.AT_ONCE:
        report.published_at = None
    routing = _route_again(report, at)
    Conflict.objects.filter(report=report).delete()
    Conflict.objects.bulk_create(Conflict(report=report, body=body) for body in routing.conflicts)
    if routing.body != former_body:
        _hand_over(report, routing.body, at)
        report.status = Status.TRIAGE if routing.needs_triage else Status.NEW
    return {
        "category_before": former.code,
        "category_after": category.code,
        "from": former_body.code,
        "to": report.authority.code,
        "trace": routing.trace,
    }


def _assign(report: Report, words: Words, actor: User, at: datetime) -> dict[str, Any]:
    body = words.body
    assert body is not None  # noqa: S101  _require saw to it
    former = report.authority
    if Conflict.objects.filter(report=report, body=body).exists():
        raise ValidationError({"body": [_("The report is about this body; it must not get it.")]})
    if not _exists(body, timezone.localdate(at)):
        raise ValidationError({"body": [_("This body does not exist today.")]})
    if body == former and report.status != Status.TRIAGE:
        raise ValidationError({"body": [_("This body has the report already.")]})
    _hand_over(report, body, at)
    return {"from": former.code, "to": body.code}


def _show(report: Report, words: Words, actor: User, at: datetime) -> dict[str, Any]:
    report.published_at = at
    return {}


def _hide(report: Report, words: Words, actor: User, at: datetime) -> dict[str, Any]:
    report.published_at = None
    return {}


def _reopen(report: Report, words: Words, actor: User, at: datetime) -> dict[str, Any]:
    return _back_to_work(report, at)


def _back_to_work(report: Report, at: datetime) -> dict[str, Any]:
    """Back to the body that answered, with the time that a new report has; to its successor where that body is no more."""
    on = timezone.localdate(at)
    report.status = Status.ACCEPTED
    report.due_at = due_after(at, report.category.days_to_answer)
    if report.officer and not Membership.objects.held_by(report.officer, on=on).filter(body=report.authority).exists():
        report.officer = None
    if _exists(report.authority, on):
        return {}
    former = report.authority
    routing = _route_again(report, at)
    _hand_over(report, routing.body, at)
    report.status = Status.TRIAGE if routing.needs_triage else Status.NEW
    return {"from": former.code, "to": report.authority.code, "trace": routing.trace}


def reopen_by_rule(report: Report, *, to_portal: bool, at: datetime) -> dict[str, Any]:
    """Reopens a locked report without anybody of the bodies deciding it: back to the body that answered, or to the Portal to be routed.

    Neither saves the report nor writes the event; the answer belongs into the event's data.
    """
    on = timezone.localdate(at)
    if to_portal:
        former = report.authority
        _hand_over(report, Body.objects.portal_of(former, on), at)
        report.status = Status.TRIAGE
        report.due_at = due_after(at, report.category.days_to_answer)
        data: dict[str, Any] = {"from": former.code, "to": report.authority.code}
    else:
        data = _back_to_work(report, at)
    _close_or_open(report, at)
    return data


def _exists(body: Body, on: date) -> bool:
    return Body.objects.existing(on).filter(pk=body.pk).exists()


def _hand_over(report: Report, body: Body, at: datetime) -> None:
    report.authority = body
    report.officer = None
    Handling.objects.get_or_create(report=report, body=body, defaults={"since": at})


def _route_again(report: Report, at: datetime) -> Routing:
    """Asks the rules of the day anew, and moves the report to the unit of the day; the unit chosen on a border is kept while it lasts."""
    on = timezone.localdate(at)
    code = report.unit.code if report.unit else ""
    placement = placed_in(code, locate(point=report.location, accuracy_m=report.accuracy_m, on=on))
    if placement.unit == report.unit:
        placement = replace(placement, ambiguous=report.ambiguous)
    else:
        report.unit, report.method, report.distance_m = placement.unit, placement.method, placement.distance_m
        report.ambiguous = placement.ambiguous
    return route(placement, report.category, on)


_EFFECTS = {
    "accept": _accept,
    "draft_reply": _draft,
    "publish_reply": _publish,
    "return": _return,
    "to_triage": _to_triage,
    "recategorise": _recategorise,
    "assign": _assign,
    "show": _show,
    "hide": _hide,
    "reopen": _reopen,
}
_CHOOSES_STATUS = frozenset({"recategorise", "reopen"})  # by where the rules send the report
