"""Telling people at the desk what is new for them: at once or in a digest of the day, as each has chosen.

Nothing of the reporter and nothing that was written stands in these mails. What a boundary change moves by the thousand is told by the desk alone.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from authorities.models import Approval, Body, Membership, Role
from authorities.querysets import DEPTH
from reports import tasks
from reports.case_models import Part, Transfer
from reports.desk_models import DeskSettings, OfficerNews, Telling
from reports.mails import Purpose
from reports.models import Message, Report, ReportEvent
from reports.workflow import HANDLERS, Status

Why = OfficerNews.Why
KEPT = timedelta(days=90)
DEADLINES = {"due_soon": Why.SOON, "overdue": Why.OVERDUE, "escalated": Why.ESCALATED}


@transaction.atomic
def tell_officers(event_id: int) -> None:
    """Notes for whom an event is news, and writes a mail at once to those who want it so. Two workers at one event take turns."""
    event = ReportEvent.objects.filter(pk=event_id).first()
    if event is None:
        return
    report = Report.objects.select_related("authority").select_for_update(of=("self",), no_key=True).get(pk=event.report_id)
    readers = _readers(event, report)
    readers.pop(event.actor_id or 0, None)
    known = set(OfficerNews.objects.filter(event_id=event.pk).values_list("user", flat=True))
    wanted = dict(DeskSettings.objects.filter(user__in=readers).values_list("user", "telling"))
    for user in User.objects.filter(pk__in=readers.keys() - known, is_active=True).exclude(email="").order_by("pk"):
        telling = wanted.get(user.pk, Telling.DAILY)
        if telling == Telling.NEVER or not Report.objects.visible_to(user).filter(pk=report.pk).exists():
            continue
        message = _message(user) if telling == Telling.AT_ONCE else None
        OfficerNews.objects.create(user=user, report=report, event_id=event.pk, why=readers[user.pk], message=message)


def tell_daily() -> int:
    """Writes a digest to each person for whom something is new that no mail has told; how many. Again is no error: nothing is left then."""
    written = 0
    for user in User.objects.filter(pk__in=OfficerNews.objects.filter(message=None).values("user")).order_by("pk"):
        with transaction.atomic():
            untold = OfficerNews.objects.select_for_update(skip_locked=True, of=("self",)).filter(user=user, message=None)
            keys = list(untold.order_by("pk").values_list("pk", flat=True))
            if not keys:
                continue
            OfficerNews.objects.filter(pk__in=keys).update(message=_message(user))
            written += 1
    return written


def forget_told(*, now: datetime | None = None) -> int:
    """Deletes what is long told: how many rows."""
    return OfficerNews.objects.filter(at__lt=(now or timezone.now()) - KEPT).delete()[0]


def _message(user: User) -> Message:
    message = Message.objects.create(person=user, purpose=Purpose.OFFICER)
    tasks.send_message.defer(message_id=message.pk)
    return message


def _readers(event: ReportEvent, report: Report) -> dict[int, OfficerNews.Why]:
    """The people for whom an event is news, and why; one reason each, the nearest."""
    told: dict[int, OfficerNews.Why] = {}
    body = event.body or report.authority
    came = event.kind == "filed" or ("to" in event.data and event.data["to"] != event.data.get("from"))
    if came and event.status_after == Status.TRIAGE:
        told |= dict.fromkeys(_coordinators(body), Why.TRIAGE)
    elif came:
        told |= dict.fromkeys(_members(body, *HANDLERS), Why.CAME)
    told |= _of_other_bodies(event, report)
    if event.kind == "draft_reply" and report.status == Status.REPLY_REVIEW:
        told |= dict.fromkeys(_approvers(report), Why.REVIEW)
    personal = {
        "charge": Why.CHARGED,
        "reopen": Why.CHARGED,
        "send_back": Why.SENT_BACK,
        "note": Why.NOTE,
        "answer": Why.ANSWERED,
        "silence": Why.SILENT,
    }
    if event.kind in DEADLINES and event.status_after == report.status:  # what has gone on meanwhile needs no word
        told |= dict.fromkeys(_heads(report) if event.kind == "escalated" else _in_turn(report), DEADLINES[event.kind])
    if report.officer_id and event.kind in personal:
        told[report.officer_id] = personal[event.kind]
    return told


def _of_other_bodies(event: ReportEvent, report: Report) -> dict[int, OfficerNews.Why]:
    """For whom an offer, a part that is asked, or the answer to one is news."""
    asked = Body.objects.filter(code=event.data.get("offered_to") or event.data.get("part_of") or "").first()
    if asked and event.kind in {"transfer", "ask_help"}:
        return dict.fromkeys(_members(asked, *HANDLERS), Why.OFFERED if event.kind == "transfer" else Why.PART)
    if event.kind in {"accept_transfer", "refuse_transfer"}:
        offer = Transfer.objects.filter(pk=event.data["transfer"]).first()
        by = {offer.offered_by_id} if offer and offer.offered_by_id else set()
        return dict.fromkeys(by, Why.TAKEN if event.kind == "accept_transfer" else Why.REFUSED)
    if event.kind == "answer_part":
        part = Part.objects.filter(pk=event.data["part"]).first()
        people = {part.asked_by_id if part else None, report.officer_id} - {None}
        return {pk: Why.PART_DONE for pk in people if pk is not None}
    return {}


def _members(body: Body, *roles: Role) -> list[int]:
    held = Membership.objects.filter(body=body, role__in=roles, validity__contains=timezone.localdate())
    return list(held.values_list("user", flat=True))


def _coordinators(body: Body) -> list[int]:
    """Those whose province the body stands in: the other way round than Membership.top_id."""
    above, top = [body.pk], body
    for _step in range(1, DEPTH):
        if top.parent is None:
            break
        top = top.parent
        above.append(top.pk)
    tops = Q(body__parent__in=above) | Q(body__parent=None, body__in=above)
    held = Membership.objects.filter(tops, role=Role.COORDINATOR, validity__contains=timezone.localdate())
    return list(held.values_list("user", flat=True))


def _in_turn(report: Report) -> list[int]:
    """Who has to take the next step: whoever is in charge, else all who handle reports for the body; the Portal where it routes or approves."""
    if report.status == Status.TRIAGE:
        return _coordinators(report.authority)
    if report.status == Status.REPLY_REVIEW:
        return _approvers(report)
    handlers = _members(report.authority, *HANDLERS)
    return [report.officer_id] if report.officer_id in handlers else handlers


def _heads(report: Report) -> list[int]:
    """To whom it is passed up: the heads of the body, else of the next one above that has any, else the coordinators.

    Of the Portal, where it is the Portal's turn.
    """
    body: Body | None = report.authority
    if report.status == Status.REPLY_REVIEW and report.authority.approval == Approval.PORTAL:
        body = Body.objects.portal_of(report.authority, timezone.localdate())
    for _step in range(DEPTH):
        if body is None:
            break
        if heads := _members(body, Role.HEAD):
            return heads
        body = body.parent
    return _coordinators(report.authority)


def _approvers(report: Report) -> list[int]:
    """Who may publish the draft: the heads where the body's head approves and there is one that did not write it, else the Portal."""
    from reports.services import waiting_draft

    draft = waiting_draft(report)
    heads = _members(report.authority, Role.HEAD) if report.authority.approval == Approval.HEAD else []
    for people in (heads, _coordinators(report.authority)):
        others = [pk for pk in people if draft is None or pk != draft.drafted_by_id]
        if others:
            return others
    return []
