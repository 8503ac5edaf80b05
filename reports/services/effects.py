"""What each step of the table does besides moving the report to its next state. The caller holds the row, and saves it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from authorities.models import Body, Membership, Publication, ReturnReason
from authorities.routing import Routing, route
from boundaries.locate import locate
from gis.functions import GeodesicDistance
from reports.case_models import Transfer
from reports.deadlines import begin_again, set_again
from reports.models import Conflict, Handling, Question, Reply, Report, ReportPlace
from reports.services.asked import exists, note_hand_over
from reports.services.filing import placed_again, places_of
from reports.services.other_bodies import OTHER_BODIES
from reports.services.proof import keep_proof, needs_proof, publish_photos
from reports.services.said import Words
from reports.services.split import split
from reports.services.undo import take_back
from reports.workflow import CLOSED, HANDLERS, Status

if TYPE_CHECKING:
    from accounts.models import User

LEAST_METRES, MOST_METRES = 1, 50_000  # by which a place is corrected
NO_ANSWER = "no-answer"  # the reason for returning what its reporter was silent on

Effect = Callable[[Report, Words, "User | None", datetime], dict[str, Any]]


def waiting_draft(report: Report) -> Reply | None:
    """The newest draft of a reply that is not published: what a publisher looks at, and what goes back to its author to be mended."""
    return report.replies.filter(published_at__isnull=True).last()


def nothing_besides(report: Report, words: Words, actor: User | None, at: datetime) -> dict[str, Any]:
    return {}


def _accept(report: Report, words: Words, actor: User | None, at: datetime) -> dict[str, Any]:
    report.officer = actor
    return {}


def _charge(report: Report, words: Words, actor: User | None, at: datetime) -> dict[str, Any]:
    officer = words.officer
    assert officer is not None  # noqa: S101  require saw to it
    on = timezone.localdate(at)
    if not Membership.objects.held_by(officer, on=on).filter(body=report.authority, role__in=HANDLERS).exists():
        raise ValidationError({"officer": [_("This person does not handle reports for the body.")]})
    if officer == report.officer:
        raise ValidationError({"officer": [_("This person is in charge already.")]})
    former, report.officer = report.officer_id, officer
    if report.status == Status.NEW:
        report.status = Status.ACCEPTED
    return {"officer": officer.pk, "officer_before": former}


def _ask(report: Report, words: Words, actor: User | None, at: datetime) -> dict[str, Any]:
    asked = Question.objects.create(
        report=report, body=report.authority, asked_by=actor, asked_at=at, question=words.question, status_before=report.status
    )
    return {"question": asked.pk}


def _answer(report: Report, words: Words, actor: User | None, at: datetime) -> dict[str, Any]:
    """The newest question has its answer, and the work goes on where it stood."""
    asked = report.questions.filter(answered_at__isnull=True).last()
    if asked is None:  # who asked took the question back, and another step led here
        raise ValidationError({"answer": [_("No question waits for an answer.")]})
    asked.answer, asked.answered_at = words.answer, at
    asked.save(update_fields=["answer", "answered_at"])
    data: dict[str, Any] = {"question": asked.pk}
    if report.status == Status.RETURNED:  # ended for want of this answer: opened again
        data |= _back_to_work(report, at)
    if "to" not in data:
        report.status = asked.status_before
    return data


def _silence(report: Report, words: Words, actor: User | None, at: datetime) -> dict[str, Any]:
    """Nobody answered: returned for a reason of the list, which is made where nobody has set it up."""
    report.return_reason, _made = ReturnReason.objects.get_or_create(
        code=NO_ANSWER,
        defaults={
            "name": "Người phản ánh không trả lời câu hỏi",
            "name_en": "The reporter did not answer",
            "channel": "Bạn vẫn có thể trả lời câu hỏi qua đường dẫn riêng của phản ánh; phản ánh sẽ được mở lại.",
            "channel_en": "You can still answer the question by the private link of the report; it is then opened again.",
            "position": 90,
        },
    )
    return {"reason": NO_ANSWER}


def _duplicate(report: Report, words: Words, actor: User | None, at: datetime) -> dict[str, Any]:
    original = words.original
    assert original is not None  # noqa: S101  require saw to it
    if not (original.is_public or (actor and Report.objects.visible_to(actor).filter(pk=original.pk).exists())):
        raise ValidationError({"original": [_("No report that you may see has this code.")]})
    original = original.duplicate_of or original
    if original.pk == report.pk:
        raise ValidationError({"original": [_("A report is no duplicate of itself.")]})
    if report.duplicates.exists():
        raise ValidationError({"original": [_("Other reports are duplicates of this one: keep it, and mark the other as the duplicate.")]})
    if original.status in {Status.WITHDRAWN, Status.RETURNED}:
        raise ValidationError({"original": [_("That report was withdrawn or returned: nobody works on it.")]})
    report.duplicate_of = original
    return {"original": original.code}


def _undo(report: Report, words: Words, actor: User | None, at: datetime) -> dict[str, Any]:
    return take_back(report, actor, at)


def _draft(report: Report, words: Words, actor: User | None, at: datetime) -> dict[str, Any]:
    reply = Reply.objects.create(report=report, body=report.authority, text=words.reply, drafted_by=actor, drafted_at=at)
    if report.category.physical:
        keep_proof(report, reply, words, at)
    return {"reply": reply.pk}


def publish(report: Report, words: Words, actor: User | None, at: datetime) -> dict[str, Any]:
    reply = waiting_draft(report) or Reply(report=report, body=report.authority, drafted_by=actor, drafted_at=at)
    edited = reply.text != words.reply
    reply.text = words.reply
    reply.published_by, reply.published_at = actor, at
    reply.save()
    if needs_proof(report, reply):  # drafted before the category was set to need it
        keep_proof(report, reply, words, at)
    return {"reply": reply.pk, "edited": edited, "photos": publish_photos(report)}


def _return(report: Report, words: Words, actor: User | None, at: datetime) -> dict[str, Any]:
    assert words.reason is not None  # noqa: S101  require saw to it
    report.return_reason = words.reason
    reply = Reply.objects.create(
        report=report, body=report.authority, text=words.reply, drafted_by=actor, drafted_at=at, published_by=actor, published_at=at
    )
    return {"reply": reply.pk, "reason": words.reason.code}


def _to_triage(report: Report, words: Words, actor: User | None, at: datetime) -> dict[str, Any]:
    former = report.authority
    _hand_over(report, Body.objects.portal_of(former, timezone.localdate(at)), at, Transfer.How.PORTAL)
    return {"from": former.code, "to": report.authority.code}


def _recategorise(report: Report, words: Words, actor: User | None, at: datetime) -> dict[str, Any]:
    category = words.category
    assert category is not None  # noqa: S101  require saw to it
    former, former_body = report.category, report.authority
    if category == former:
        raise ValidationError({"category": [_("The report has this category already.")]})
    if not category.in_scope:
        raise ValidationError({"category": [_("This category is out of scope: return the report with the right channel instead.")]})
    report.category = category
    if category.publication != Publication.AT_ONCE and former.publication == Publication.AT_ONCE:
        report.published_at = None
    routing = _route_again(report, at)
    conflicts_before = _renew_conflicts(report, routing)
    if routing.body != former_body:
        _hand_over(report, routing.body, at)
        report.status = Status.TRIAGE if routing.needs_triage else Status.NEW
    set_again(report, at)  # once the body is known: it may have deadlines of its own
    return {
        "category_before": former.code,
        "category_after": category.code,
        "from": former_body.code,
        "to": report.authority.code,
        "trace": routing.trace,
        "conflicts_before": conflicts_before,
    }


def _assign(report: Report, words: Words, actor: User | None, at: datetime) -> dict[str, Any]:
    body = words.body
    assert body is not None  # noqa: S101  require saw to it
    former = report.authority
    if Conflict.objects.filter(report=report, body=body).exists():
        raise ValidationError({"body": [_("The report is about this body; it must not get it.")]})
    if not exists(body, timezone.localdate(at)):
        raise ValidationError({"body": [_("This body does not exist today.")]})
    if body == former and report.status != Status.TRIAGE:
        raise ValidationError({"body": [_("This body has the report already.")]})
    _hand_over(report, body, at, Transfer.How.PORTAL)
    return {"from": former.code, "to": body.code}


def _relocate(report: Report, words: Words, actor: User | None, at: datetime) -> dict[str, Any]:
    """To the spot that somebody saw to be right. The report goes to another body where the rules say so of the new spot, and said otherwise of the former.

    What was filed is never rewritten: spot, unit, and the trace of the filing stay.
    """
    spot = words.spot
    assert spot is not None  # noqa: S101  require saw to it
    on, former_body, unit_before = timezone.localdate(at), report.authority, report.unit
    metres = Report.objects.values_list(GeodesicDistance("location", spot), flat=True).get(pk=report.pk)
    if metres < LEAST_METRES:
        raise ValidationError({"spot": [_("This is where the pin stands already.")]})
    if metres > MOST_METRES:
        raise ValidationError({"spot": [_("This is more than %(km)d km from where the pin stands.") % {"km": MOST_METRES // 1000}]})
    before = route(placed_again(report, on), report.category, on)
    report.location, report.accuracy_m = spot, None
    placement = locate(point=spot, on=on)
    report.unit, report.method, report.distance_m = placement.unit, placement.method, placement.distance_m
    report.ambiguous = placement.ambiguous
    places = ReportPlace.objects.filter(report=report)
    places_before = list(places.order_by("edition").values_list("edition", "unit", "method", "distance_m"))
    places.delete()
    ReportPlace.objects.bulk_create(places_of(report))
    routing = route(placement, report.category, on)
    data = {
        "metres": round(metres),
        "unit_before": unit_before.code if unit_before else "",
        "unit_after": report.unit.code if report.unit else "",
        "trace": routing.trace,
        "conflicts_before": _renew_conflicts(report, routing),
        "places_before": places_before,
    }
    # A body that a person chose stays, unless the rules say of the new spot what they did not say of the former
    involved = Conflict.objects.filter(report=report, body=former_body).exists()
    if routing.body != former_body and (routing.body != before.body or involved):
        _hand_over(report, routing.body, at)
        report.status = Status.TRIAGE if routing.needs_triage else Status.NEW
        data |= {"from": former_body.code, "to": report.authority.code}
    return data


def _renew_conflicts(report: Report, routing: Routing) -> list[str]:
    """The bodies that a report complains of are those of the routing now; which they were before."""
    conflicts = Conflict.objects.filter(report=report)
    before = sorted(conflicts.values_list("body__code", flat=True))
    conflicts.delete()
    Conflict.objects.bulk_create(Conflict(report=report, body=body) for body in routing.conflicts)
    return before


def _show(report: Report, words: Words, actor: User | None, at: datetime) -> dict[str, Any]:
    report.published_at = at
    return {}


def _hide(report: Report, words: Words, actor: User | None, at: datetime) -> dict[str, Any]:
    report.published_at = None
    return {}


def _reopen(report: Report, words: Words, actor: User | None, at: datetime) -> dict[str, Any]:
    return _back_to_work(report, at)


def _back_to_work(report: Report, at: datetime) -> dict[str, Any]:
    """Back to the body that answered, with the time that a new report has; to its successor where that body is no more."""
    on = timezone.localdate(at)
    report.status = Status.ACCEPTED
    if report.officer and not Membership.objects.held_by(report.officer, on=on).filter(body=report.authority).exists():
        report.officer = None
    if exists(report.authority, on):
        begin_again(report, at)
        return {}
    former = report.authority
    routing = _route_again(report, at)
    _hand_over(report, routing.body, at)
    begin_again(report, at)
    report.status = Status.TRIAGE if routing.needs_triage else Status.NEW
    return {"from": former.code, "to": report.authority.code, "trace": routing.trace}


def reopen_by_rule(report: Report, *, to_portal: bool, at: datetime) -> dict[str, Any]:
    """Reopens a locked report without anybody of the bodies deciding it: back to the body that answered, or to the Portal to be routed.

    Neither saves the report nor writes the event; the answer belongs into the event's data.
    """
    on = timezone.localdate(at)
    if to_portal:
        former = report.authority
        _hand_over(report, Body.objects.portal_of(former, on), at, Transfer.How.PORTAL)
        report.status = Status.TRIAGE
        begin_again(report, at)
        data: dict[str, Any] = {"from": former.code, "to": report.authority.code}
    else:
        data = _back_to_work(report, at)
    close_or_open(report, at)
    return data


def close_or_open(report: Report, at: datetime) -> None:
    """What a closed report says of its end, and an open one does not."""
    if report.status in CLOSED:
        report.closed_at = report.closed_at or at
        report.authority_at_closing = report.authority_at_closing or report.authority
    else:
        report.closed_at = None
        report.authority_at_closing = None
        report.return_reason = None
    if report.status != Status.DUPLICATE:
        report.duplicate_of = None


def _hand_over(report: Report, body: Body, at: datetime, how: str = Transfer.How.RULES) -> None:
    former, report.authority = report.authority, body
    note_hand_over(report, former, how, at)
    report.officer = None
    Handling.objects.get_or_create(report=report, body=body, defaults={"since": at})


def _route_again(report: Report, at: datetime) -> Routing:
    """Asks the rules of the day anew, and moves the report to the unit of the day."""
    on = timezone.localdate(at)
    placement = placed_again(report, on)
    if placement.unit == report.unit:
        placement = replace(placement, ambiguous=report.ambiguous)
    else:
        report.unit, report.method, report.distance_m = placement.unit, placement.method, placement.distance_m
        report.ambiguous = placement.ambiguous
    return route(placement, report.category, on)


EFFECTS: dict[str, Effect] = {
    "accept": _accept,
    "charge": _charge,
    "ask": _ask,
    "answer": _answer,
    "silence": _silence,
    "duplicate": _duplicate,
    "undo": _undo,
    "draft_reply": _draft,
    "publish_reply": publish,
    "return": _return,
    "to_triage": _to_triage,
    "recategorise": _recategorise,
    "assign": _assign,
    "relocate": _relocate,
    "split": split,
    **OTHER_BODIES,
    "show": _show,
    "hide": _hide,
    "reopen": _reopen,
}
