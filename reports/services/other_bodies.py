"""What the steps about other bodies do: a report offered and taken over or refused, a part asked of another body and answered."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from authorities.models import Body, BodyKind, Membership
from reports.case_models import Part, Transfer
from reports.models import Conflict, Handling, Report
from reports.services.asked import answered, exists
from reports.services.said import Words
from reports.working_days import calendar

if TYPE_CHECKING:
    from accounts.models import User

MOST_DAYS = 60  # working days for a part


def _transfer(report: Report, words: Words, actor: User | None, at: datetime) -> dict[str, Any]:
    """The other body sees the report from now on, so that it can decide; this one stays responsible until it does."""
    body = words.body
    assert body is not None  # noqa: S101  require saw to it
    _may_be_asked(report, body, at)
    offer = Transfer.objects.create(
        report=report, from_body=report.authority, to_body=body, how=Transfer.How.OFFERED, offered_by=actor, at=at
    )
    Handling.objects.get_or_create(report=report, body=body, defaults={"since": at})
    return {"transfer": offer.pk, "offered_to": body.code}


def _may_be_asked(report: Report, body: Body, at: datetime) -> None:
    """Raises ValidationError for a body that must not or cannot be asked to take a report over or to help with it."""
    wrong = ""
    if Conflict.objects.filter(report=report, body=body).exists():
        wrong = _("The report is about this body; it must not get it.")
    elif not exists(body, timezone.localdate(at)):
        wrong = _("This body does not exist today.")
    elif body == report.authority:
        wrong = _("This body has the report already.")
    elif body.kind == BodyKind.PORTAL:
        wrong = _("The Portal routes reports, it handles none: hand it to the coordinator instead.")
    if wrong:
        raise ValidationError({"body": [wrong]})


def _waiting(report: Report) -> Transfer:
    return Transfer.objects.select_related("to_body").get(report=report, outcome=Transfer.Outcome.WAITING)


def _accept_transfer(report: Report, words: Words, actor: User | None, at: datetime) -> dict[str, Any]:
    offer, former = _waiting(report), report.authority
    if not exists(offer.to_body, timezone.localdate(at)):
        raise ValidationError({"__all__": [_("This body does not exist today.")]})
    data = answered(offer, Transfer.Outcome.ACCEPTED, at)
    report.authority, report.officer = offer.to_body, actor
    return {"from": former.code, "to": report.authority.code, **data}


def _refuse_transfer(report: Report, words: Words, actor: User | None, at: datetime) -> dict[str, Any]:
    return answered(_waiting(report), Transfer.Outcome.REFUSED, at)


def _withdraw_transfer(report: Report, words: Words, actor: User | None, at: datetime) -> dict[str, Any]:
    return answered(_waiting(report), Transfer.Outcome.WITHDRAWN, at)


def _ask_help(report: Report, words: Words, actor: User | None, at: datetime) -> dict[str, Any]:
    """The other body sees the report from now on, without the reporter's contact; the responsible one stays so."""
    body, days = words.body, words.days
    assert body is not None and days is not None  # noqa: S101, PT018  require saw to it
    _may_be_asked(report, body, at)
    if not 1 <= days <= MOST_DAYS:
        raise ValidationError({"days": [_("From 1 to %(most)d working days.") % {"most": MOST_DAYS}]})
    if Part.objects.filter(report=report, body=body, outcome=Part.Outcome.OPEN).exists():
        raise ValidationError({"body": [_("This body has an open part already.")]})
    part = Part.objects.create(
        report=report,
        body=body,
        asked_by_body=report.authority,
        asked_by=actor,
        asked_at=at,
        task=words.task,
        due_at=calendar().end_of_day_after(at, days),
    )
    Handling.objects.get_or_create(report=report, body=body, defaults={"since": at})
    return {"part": part.pk, "part_of": body.code}


def _answer_part(report: Report, words: Words, actor: User | None, at: datetime) -> dict[str, Any]:
    """The open part of the body that the actor acts for; an administrator's is the oldest."""
    open_parts = Part.objects.filter(report=report, outcome=Part.Outcome.OPEN).select_related("body")
    mine = open_parts.filter(body__in=Membership.objects.held_by(actor, on=timezone.localdate(at)).values("body")) if actor else open_parts
    part = mine.first() or open_parts.first()
    assert part is not None  # noqa: S101  the step is offered only where there is one
    part.answer, part.answered_by = words.result, actor
    return _ended(part, Part.Outcome.ANSWERED, at)


def _drop_part(report: Report, words: Words, actor: User | None, at: datetime) -> dict[str, Any]:
    part = words.part
    assert part is not None  # noqa: S101  require saw to it
    if part.report_id != report.pk or part.outcome != Part.Outcome.OPEN:
        raise ValidationError({"part": [_("This part is not open any more.")]})
    return _ended(part, Part.Outcome.DROPPED, at)


def _ended(part: Part, outcome: str, at: datetime) -> dict[str, Any]:
    part.outcome, part.ended_at = outcome, at
    part.save(update_fields=["outcome", "ended_at", "answer", "answered_by"])
    return {"part": part.pk, "part_of": part.body.code}


OTHER_BODIES = {
    "transfer": _transfer,
    "withdraw_transfer": _withdraw_transfer,
    "accept_transfer": _accept_transfer,
    "refuse_transfer": _refuse_transfer,
    "ask_help": _ask_help,
    "answer_part": _answer_part,
    "drop_part": _drop_part,
}
