"""Taking the last step back: by whoever took it, within minutes, by an event of its own that puts back what the step changed."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.contrib.gis.geos import Point

from authorities.models import Body
from boundaries.models import WGS84
from reports.models import Conflict, Question, Reply, Report, ReportEvent, ReportPlace
from reports.services.asked import ask_again
from reports.services.proof import unpublish_photos
from reports.workflow import STEPS, UNDO_WITHIN

if TYPE_CHECKING:
    from accounts.models import User

# What steps change on a report; each event remembers what it changed, as it was before
FIELDS = (
    "status", "officer", "authority", "category", "due_at", "published_at", "location", "accuracy_m", "unit", "method", "distance_m", "ambiguous",
    "closed_at", "authority_at_closing", "return_reason", "duplicate_of",
    "term_since", "due_set_at", "paused_s", "stage_since", "stage_due_at", "held",
)  # fmt: skip
PLACE = ("edition_id", "unit_id", "method", "distance_m")
Kept = dict[str, Any]
COLUMNS: dict[str, Any] = {name: Report._meta.get_field(name) for name in FIELDS}


def snapshot(report: Report) -> Kept:
    """What steps may change, as JSON takes it."""
    values = {name: getattr(report, column.attname) for name, column in COLUMNS.items()}
    return {name: _as_json(value) for name, value in values.items()}


def _as_json(value: Any) -> Any:
    if isinstance(value, Point):
        return [value.x, value.y]
    return value.isoformat() if isinstance(value, datetime) else value


def _as_kept(name: str, value: Any) -> Any:
    if name == "location":
        x, y = value
        return Point(x, y, srid=WGS84)
    return COLUMNS[name].to_python(value)


def changed_since(before: Kept, report: Report) -> Kept:
    """What is not as it was, as it was."""
    now = snapshot(report)
    return {name: value for name, value in before.items() if value != now[name]}


def last_step_of(actor: User, report: Report, at: datetime) -> ReportEvent | None:
    """The last step of a report, if this person took it and may still take it back."""
    event = report.events.last()
    if event is None or event.actor_id != actor.pk or "before" not in event.data or at - event.at > UNDO_WITHIN:
        return None
    step = STEPS.get(event.kind)
    return event if step is not None and step.undoable else None


def take_back(report: Report, actor: User | None, at: datetime) -> dict[str, Any]:
    """Puts back what the last step changed; a reply that it published is a draft again, a question that it asked is no more."""
    event = last_step_of(actor, report, at) if actor else None
    assert event is not None  # noqa: S101  the step is offered only where there is one
    wrong_body = report.authority_id
    for name, value in event.data["before"].items():
        setattr(report, COLUMNS[name].attname, _as_kept(name, value))
    ask_again(report, event.kind, wrong_body, event.at)
    if "conflicts_before" in event.data:
        Conflict.objects.filter(report=report).delete()
        Conflict.objects.bulk_create(
            Conflict(report=report, body=body) for body in Body.objects.filter(code__in=event.data["conflicts_before"])
        )
    if "places_before" in event.data:
        ReportPlace.objects.filter(report=report).delete()
        rows = (dict(zip(PLACE, row, strict=True)) for row in event.data["places_before"])
        ReportPlace.objects.bulk_create(ReportPlace(report=report, **row) for row in rows)
    if event.kind in {"publish_reply", "return"}:
        Reply.objects.filter(pk=event.data["reply"]).update(published_at=None, published_by=None)
    if event.data.get("photos"):
        unpublish_photos(report, event.data["photos"])
    if event.kind == "ask":
        Question.objects.filter(pk=event.data["question"]).delete()
    return {"undoes": event.pk, "step": event.kind, "was_public": event.public}
