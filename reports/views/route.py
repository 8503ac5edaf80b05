"""The day's route of an officer: what has to be looked at or answered today, in a sensible order, on a map and to print."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from authorities.models import Territory
from boundaries.models import UnitShape
from reports.codes import normalised
from reports.day_route import Spot, in_order, legs
from reports.models import Report
from reports.querysets import ReportQuerySet
from reports.queue import Desk
from reports.survey_models import Survey
from reports.urgency import Urgency, soon_until
from reports.views.desk import elsewhere, user_of
from reports.workflow import AT_WORK, Status

MOST = 40  # stops: more is no day's work


@dataclass(frozen=True)
class Stop:
    """One stop: its report, how far it is from the one before (metres), and whether somebody has surveyed it."""

    report: Report
    urgency: Urgency
    metres: float
    is_surveyed: bool


@dataclass(frozen=True)
class Start:
    """Where the day begins, and what that place is called."""

    spot: Spot
    name: str
    is_here: bool


@require_safe
@cache_control(private=True, no_store=True)
def route(request: HttpRequest) -> HttpResponse:
    """The stops: those asked for (`code`, several), else all in hand that wait for a survey or are due; from the phone's place (`lat`, `lon`), else the body's."""
    mine = Desk.of(user_of(request))
    if not has_route(mine):
        return elsewhere(request, mine)
    context = planned(request, mine)
    context["config"] = _config(context["start"], context["stops"])
    return render(request, "desk/route.html", context)


def has_route(mine: Desk) -> bool:
    """Whether somebody goes to spots at all."""
    return mine.is_open and bool(mine.acts_for or mine.user.is_superuser)


def planned(request: HttpRequest, mine: Desk) -> dict[str, Any]:
    """The stops that the address asks for, in order, with what the page and the paper say of them."""
    now = timezone.now()
    soon = soon_until(now)
    asked = [code for text in request.GET.getlist("code") if (code := normalised(text))]
    surveyed = Exists(Survey.objects.filter(report=OuterRef("pk")))
    found = _asked(mine, asked) if asked else _today(mine, now)
    reports: list[Any] = list(found.for_queue().annotate(is_surveyed=surveyed)[: MOST + 1])
    too_many, reports = len(reports) > MOST, reports[:MOST]
    start = _start(request, mine, reports)
    spots = [(report.location.x, report.location.y) for report in reports]
    order = in_order(start.spot, spots) if start else []
    away = legs(start.spot, [spots[position] for position in order]) if start else []
    stops = [
        Stop(reports[position], Urgency(reports[position], now, soon), metres, reports[position].is_surveyed)
        for position, metres in zip(order, away, strict=True)
    ]
    return {
        "desk": mine,
        "stops": stops,
        "start": start,
        "total": sum(away),
        "too_many": too_many,
        "is_chosen": bool(asked),
        "today": timezone.localdate(now),
        "query": request.GET.urlencode(),
    }


def _asked(mine: Desk, codes: list[str]) -> ReportQuerySet:
    return Report.objects.visible_to(mine.sight).open().filter(code__in=codes)


def _today(mine: Desk, now: datetime) -> ReportQuerySet:
    """What somebody is in charge of and has to go to: not surveyed yet, or due by the end of the day."""
    tomorrow = timezone.make_aware(datetime.combine(timezone.localdate(now) + timedelta(days=1), time.min))
    unseen = Q(status__in=[Status.ACCEPTED, Status.SURVEYING]) & ~Exists(Survey.objects.filter(report=OuterRef("pk")))
    in_charge = Report.objects.in_hand_of(mine.sight).filter(officer__in=mine.works_for, status__in=AT_WORK)
    return in_charge.filter(unseen | Q(due_at__lt=tomorrow))


def _start(request: HttpRequest, mine: Desk, reports: list[Report]) -> Start | None:
    """The place of the phone, else the middle of what the body covers, else the most urgent stop."""
    try:
        lat, lon = float(request.GET.get("lat", "")), float(request.GET.get("lon", ""))
        if abs(lat) <= 90 and abs(lon) <= 180:
            return Start((lon, lat), _("your position"), is_here=True)
    except ValueError:
        pass
    covered = Territory.objects.filter(body__in=mine.acts_for, validity__contains=timezone.localdate())
    shape = UnitShape.objects.filter(unit__in=covered.values("unit"), current=True).select_related("unit").order_by("unit__code").first()
    if shape is not None:
        return Start((shape.label_point.x, shape.label_point.y), shape.unit.dated_name, is_here=False)
    if reports:
        return Start((reports[0].location.x, reports[0].location.y), reports[0].category.label, is_here=False)
    return None


def _config(start: Start | None, stops: list[Stop]) -> dict[str, Any]:
    """What the map draws: [lon, lat] each."""
    return {
        "start": start.spot if start else None,
        "here": bool(start and start.is_here),
        "stops": [[round(stop.report.location.x, 6), round(stop.report.location.y, 6)] for stop in stops],
    }
