"""What bodies and coordinators do with a report: each step locks the row, asks the table, writes its event and defers its jobs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
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
from reports.workflow import CLOSED, STEPS, Status, Step, steps_for

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


def roles_on(user: User, report: Report, on: Any = None) -> frozenset[Role]:
    """The roles that somebody may act in on a report: those held in the body that has it now, and the coordinator's over its province.

    Whoever belongs to a body that the report complains of has none.
    """
    if user.is_superuser:
        return frozenset(Role)
    held = list(Membership.objects.held_by(user, on=on).select_related("body"))
    if Conflict.objects.filter(report=report, body__in=[membership.body_id for membership in held]).exists():
        return frozenset()
    roles = {
        Role(membership.role) for membership in held if membership.body_id == report.authority_id and membership.role != Role.COORDINATOR
    }
    portals = [membership.body for membership in held if membership.role == Role.COORDINATOR]
    if portals:
        roots = {portal.parent_id or portal.pk for portal in portals} | {portal.pk for portal in portals}
        if Body.objects.filter(pk__in=roots).with_those_below().filter(pk=report.authority_id).exists():
            roles.add(Role.COORDINATOR)
    return frozenset(roles)


def offered_steps(user: User, report: Report) -> list[Step]:
    """The steps that somebody may take on a report now, in the order of the table."""
    return [step for step in steps_for(Status(report.status), roles_on(user, report)) if _makes_sense(step, report)]


def _makes_sense(step: Step, report: Report) -> bool:
    if step.name == "show":
        return report.published_at is None and report.category.publication != Publication.NEVER
    if step.name == "hide":
        return report.published_at is not None
    return True


@transaction.atomic
def take_step(
    report_id: int, *, step: str, actor: User, words: Words | None = None, version: int | None = None, at: datetime | None = None
) -> Report:
    """Takes a step of the workflow table on a report that the actor may see.

    `version` is the one that the form was opened with. Raises Report.DoesNotExist for a stranger, ReportChangedMeanwhile for a stale form,
    StepNotAllowed for a step outside the table or the actor's roles, ValidationError where words are missing. Then nothing is changed.
    """
    words = words or Words()
    at = at or timezone.now()
    report = (
        Report.objects.visible_to(actor).select_for_update(of=("self",)).select_related("category", "authority", "unit").get(pk=report_id)
    )
    if version is not None and version != report.version:
        raise ReportChangedMeanwhile(report)
    wanted = STEPS.get(step)
    allowed = offered_steps(actor, report)
    if wanted is None or wanted not in allowed:
        raise StepNotAllowed(report, allowed)
    _require(wanted, words)
    before = report.status
    data = _EFFECTS.get(wanted.name, _only_move)(report, wanted, words, actor, at)
    if report.status == before and wanted.to is not None and wanted.name not in _SETS_STATUS:
        report.status = wanted.to
    _close_or_open(report, at)
    report.changed_at = at
    report.version += 1
    report.save()
    event = ReportEvent.objects.create(
        report=report,
        at=at,
        kind=wanted.name,
        status_before=before,
        status_after=report.status,
        body=report.authority,
        actor_id=actor.pk,
        public=wanted.public or (before not in CLOSED and report.status in CLOSED),
        data=data,
    )
    if event.public:
        tasks.tell_followers.defer(event_id=event.pk)
    return report


def _require(step: Step, words: Words) -> None:
    missing = {name: [_("This is required.")] for name in step.needs if not getattr(words, name)}
    if isinstance(words.reply, str) and len(words.reply) > Reply._meta.get_field("text").max_length:
        missing["reply"] = [_("A reply has at most 10,000 characters.")]
    if missing:
        raise ValidationError(missing)


def _close_or_open(report: Report, at: datetime) -> None:
    if report.status in CLOSED:
        report.closed_at = report.closed_at or at
        report.authority_at_closing = report.authority_at_closing or report.authority
    else:
        report.closed_at = None
        report.authority_at_closing = None
        report.return_reason = None


# --- what each step does besides moving ---------------------------------------------------------------------------------


def _only_move(report: Report, step: Step, words: Words, actor: User, at: datetime) -> dict[str, Any]:
    return _note(report, words, actor, at)


def _accept(report: Report, step: Step, words: Words, actor: User, at: datetime) -> dict[str, Any]:
    report.officer = actor
    return {}


def _draft(report: Report, step: Step, words: Words, actor: User, at: datetime) -> dict[str, Any]:
    reply = Reply.objects.create(report=report, body=report.authority, text=words.reply.strip(), drafted_by=actor, drafted_at=at)
    report.status = Status.REPLY_REVIEW
    if report.authority.publishes_itself:
        return _publish_text(report, reply, reply.text, actor, at)
    return {"reply": reply.pk}


def _publish(report: Report, step: Step, words: Words, actor: User, at: datetime) -> dict[str, Any]:
    reply = report.replies.filter(published_at__isnull=True).last()
    if reply is None:
        reply = Reply(report=report, body=report.authority, drafted_by=actor, drafted_at=at)
    return _publish_text(report, reply, words.reply.strip(), actor, at)


def _publish_text(report: Report, reply: Reply, text: str, actor: User, at: datetime) -> dict[str, Any]:
    edited = reply.text != text
    reply.text = text
    reply.published_by, reply.published_at = actor, at
    reply.save()
    report.status = Status.RESOLVED
    return {"reply": reply.pk, "edited": edited}


def _return(report: Report, step: Step, words: Words, actor: User, at: datetime) -> dict[str, Any]:
    report.return_reason = words.reason
    report.status = Status.RETURNED
    reply = Reply.objects.create(
        report=report, body=report.authority, text=words.reply.strip(), drafted_by=actor, drafted_at=at, published_by=actor, published_at=at
    )
    return {"reply": reply.pk, "reason": words.reason.code if words.reason else ""}


def _to_triage(report: Report, step: Step, words: Words, actor: User, at: datetime) -> dict[str, Any]:
    handed_by = report.authority
    portal = Body.objects.portal_of(handed_by, timezone.localdate(at))
    _hand_over(report, portal, at)
    report.status = Status.TRIAGE
    return {"from": handed_by.code, "to": portal.code, **_note(report, words, actor, at)}


def _recategorise(report: Report, step: Step, words: Words, actor: User, at: datetime) -> dict[str, Any]:
    assert words.category is not None  # noqa: S101  _require saw to it
    former, former_body = report.category, report.authority
    report.category = words.category
    report.due_at = due_after(report.filed_at, words.category.days_to_answer)
    if words.category.publication != Publication.AT_ONCE and former.publication == Publication.AT_ONCE:
        report.published_at = None
    routing = _routed_again(report, at)
    Conflict.objects.filter(report=report).delete()
    Conflict.objects.bulk_create(Conflict(report=report, body=body) for body in routing.conflicts)
    if routing.body != former_body:
        _hand_over(report, routing.body, at)
        report.status = Status.TRIAGE if routing.needs_triage else Status.NEW
    return {
        "category_before": former.code,
        "category_after": words.category.code,
        "from": former_body.code,
        "to": report.authority.code,
        "trace": routing.trace,
    }


def _assign(report: Report, step: Step, words: Words, actor: User, at: datetime) -> dict[str, Any]:
    assert words.body is not None  # noqa: S101  _require saw to it
    if Conflict.objects.filter(report=report, body=words.body).exists():
        raise ValidationError({"body": [_("The report is about this body; it must not get it.")]})
    former = report.authority
    _hand_over(report, words.body, at)
    report.status = Status.NEW
    return {"from": former.code, "to": words.body.code, **_note(report, words, actor, at)}


def _show(report: Report, step: Step, words: Words, actor: User, at: datetime) -> dict[str, Any]:
    report.published_at = at
    return {}


def _hide(report: Report, step: Step, words: Words, actor: User, at: datetime) -> dict[str, Any]:
    report.published_at = None
    return _note(report, words, actor, at)


def _note(report: Report, words: Words, actor: User, at: datetime) -> dict[str, Any]:
    if not words.note.strip():
        return {}
    note = Note.objects.create(report=report, author=actor, body=report.authority, at=at, text=words.note.strip())
    return {"note": note.pk}


def _hand_over(report: Report, body: Body, at: datetime) -> None:
    report.authority = body
    report.officer = None
    Handling.objects.get_or_create(report=report, body=body, defaults={"since": at})


def _routed_again(report: Report, at: datetime) -> Routing:
    on = timezone.localdate(at)
    return route(locate(point=report.location, accuracy_m=report.accuracy_m, on=on), report.category, on)


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
}
_SETS_STATUS = frozenset({"draft_reply", "publish_reply", "return", "to_triage", "recategorise", "assign"})
