"""The public page of a report, and the reporter's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from boundaries.models import Unit
from reports.case_models import Split
from reports.codes import normalised
from reports.models import Photo, Report
from reports.reporter_forms import AnswerForm, reporters_part
from reports.services import ratable
from reports.survey_models import Proof
from reports.timeline import Moment, next_step, public_timeline
from reports.tokens import tracking_token
from reports.tracking import is_reporter, may_read, readable_report, swap_token
from reports.urgency import span
from reports.views.follow import FollowForm
from reports.why import why_here
from reports.workflow import CLOSED, Status

MAX_OTHERS = 4  # outlines beside that of the report's unit
EXCERPT = 160
SHAPES = {  # of statuses in the timeline; those at work share one
    Status.ACCEPTED: "progress",
    Status.SURVEYING: "progress",
    Status.IN_PROGRESS: "progress",
    Status.REPLY_REVIEW: "progress",
}


@login_not_required
@require_safe
def report(request: HttpRequest, code: str) -> HttpResponse:
    """A report, to those who may see it; the token of a tracking link is first swapped for a cookie."""
    named = Report.objects.filter(code=normalised(code) or "").first()
    swapped = swap_token(request, named) if named else None
    if swapped is not None:
        return swapped
    report = readable_report(request, code)
    if code != report.code:
        return redirect(f"{report.get_absolute_url()}{_query(request)}", permanent=True)
    return render(request, "reports/report.html", report_context(request, report))


def report_context(request: HttpRequest, report: Report, answer: AnswerForm | None = None) -> dict[str, Any]:
    """All that the page of a report shows to whoever asks for it."""
    mine = is_reporter(request, report)
    original = report.duplicate_of
    return (
        _shown(report)
        | {
            "is_reporter": mine,
            "open_now": ratable(report) if mine else None,
            "may_work": Report.objects.visible_to(request.user).filter(pk=report.pk).exists(),
            "splits": _splits(request, report, mine),
            "original": original if original is not None and may_read(request, original) else None,
        }
        | (reporters_part(report, answer) if mine else {})
    )


@dataclass(frozen=True)
class OtherHalf:
    """The other of two reports that came in one: where it stands, for this reader, and whether it is the first."""

    report: Report
    address: str
    is_first: bool


def _splits(request: HttpRequest, report: Report, mine: bool) -> list[OtherHalf]:
    """The reports that were split off from this one, and that from which it was: those that the reader may see; to the reporter all are known."""
    halves = (
        Split.objects.filter(Q(original=report) | Q(report=report)).select_related("report__category", "original__category").order_by("pk")
    )
    found = []
    for half in halves:
        is_first = half.report_id == report.pk
        other = half.original if is_first else half.report
        if mine or may_read(request, other):
            token = f"?token={tracking_token(other.code, other.token_generation)}" if mine else ""
            found.append(OtherHalf(other, other.get_absolute_url() + token, is_first))
    return found


def _query(request: HttpRequest) -> str:
    return f"?{request.META['QUERY_STRING']}" if request.META.get("QUERY_STRING") else ""


def _shown(report: Report) -> dict[str, Any]:
    moments = public_timeline(report)
    photos = report.shown_photos
    today = timezone.localdate()
    before = [photo for photo in photos if photo.kind == Photo.Kind.REPORT]
    after = [photo for photo in photos if photo.kind == Photo.Kind.ANSWER]
    unit = report.unit
    why = why_here(report, [moment.event for moment in moments])
    former_unit = unit if unit is not None and not unit.in_force_on(today) else None
    return {
        "report": report,
        "title": f"{report.category.label} – {unit.dated_name if unit else _('outside all communes')}",
        "excerpt": _excerpt(report.public_description),
        "address": f"{settings.SITE_URL}{report.get_absolute_url()}",
        "site_url": settings.SITE_URL,
        "locale": "en_GB" if get_language() == "en" else "vi_VN",
        "next_step": next_step(report.status, report.authority.name),
        "timeline": [_line(moment) for moment in moments],
        "replies": report.replies.filter(published_at__isnull=False)
        .select_related("body", "rating", "proof")
        .prefetch_related("rating__scores__criterion")
        .annotate(
            say_fixed=Count("voices", filter=Q(voices__is_fixed=True)), say_not_fixed=Count("voices", filter=Q(voices__is_fixed=False))
        ),
        "photos": photos,
        "photos_of_duplicates": [
            photo for other in report.duplicates.public().prefetch_related("photos") for photo in other.reporters_photos
        ],
        "before": before[0] if before and after else None,
        "after": _proving(report, after) if before and after else None,
        "why": why,
        "follow_form": FollowForm(),
        "map_config": {
            "lat": report.location.y,
            "lon": report.location.x,
            "accuracy": report.accuracy_m,
            "code": unit.code if unit else None,
            "on": former_unit.a_day_in_force().isoformat() if former_unit else None,
            "border": [why.border.point.x, why.border.point.y] if why.border else None,
            "others": [_area(other) for other in _others(report, [found["code"] for found in why.candidates])],
        },
    }


def _proving(report: Report, after: list[Photo]) -> Photo:
    """The photo that proves the newest reply; the newest of the body where none does."""
    proofs = Proof.objects.filter(reply__report=report, reply__published_at__isnull=False, photo__in=after)
    newest = proofs.select_related("photo").order_by("reply__published_at", "pk").last()
    return newest.photo if newest is not None and newest.photo is not None else after[-1]


def _others(report: Report, codes: list[str]) -> list[Unit]:
    """The unit of the filing where it is another one now, and those that came into question then."""
    filed_in = report.unit_at_filing
    if filed_in is None or (not codes and filed_in == report.unit):
        return []
    asked = Unit.objects.filter(edition=filed_in.edition_id, level=filed_in.level, code__in=[*codes, filed_in.code])
    return [other for other in asked.order_by("code") if other != report.unit][:MAX_OTHERS]


def _area(unit: Unit) -> dict[str, str]:
    """What a map asks the outline of a unit by."""
    return {"code": unit.code, "on": unit.a_day_in_force().isoformat()}


def _line(moment: Moment) -> dict[str, Any]:
    event = moment.event
    status = event.status_after or Status.NEW
    return {
        "at": event.at,
        "text": moment.text,
        "after": span(event.at - moment.after, event.at) if moment.after is not None else "",
        "due": moment.due,
        "shape": SHAPES.get(Status(status), status),
        "ends": status in CLOSED,
    }


def _excerpt(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= EXCERPT else words[: EXCERPT - 1].rsplit(" ", 1)[0] + "…"
