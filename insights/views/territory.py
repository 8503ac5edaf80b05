"""The communes, and one unit with who is responsible there."""

from datetime import date, timedelta
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from boundaries.models import Level, Unit
from boundaries.places import Place, search_places
from gis.errors import PlaceError
from insights.ratings import ratings
from insights.territory import Period, alphabetical, by_initial, committee_of, history_of, other_periods, parse_on
from reports.models import Report
from reports.views.follow import FollowForm

NEWEST = 5
MOST_FOUND = 100
MOST_OTHERS = 10


@require_safe
@login_not_required
def communes(request: HttpRequest) -> HttpResponse:
    """All communes of a day by letter, or those that a name fits."""
    today = timezone.localdate()
    text = request.GET.get("q", "").strip()[:100]
    context: dict[str, Any] = {"text": text, "today": today, "former_day": _last_day_of_former_units(today)}
    try:
        day = parse_on(request.GET.get("on"), today)
    except PlaceError as error:
        return render(request, "insights/communes.html", context | {"error": str(error), "day": today, "total": 0}, status=400)
    units = Unit.objects.in_force(day).of_level(Level.COMMUNE).select_related("parent__parent")
    places = search_places(text, limit=MOST_FOUND) if text else []
    here = {place.code for place in places if _is_commune_of(place, day)}
    found = list(alphabetical(units.filter(code__in=here) if text else units))
    context |= {
        "day": day,
        "groups": by_initial(found),
        "total": len(found),
        "others": [place for place in places if not _is_commune_of(place, day)][:MOST_OTHERS],
        "map_config": {"on": None if day == today else day.isoformat()},
    }
    return render(request, "insights/communes.html", context)


def _is_commune_of(place: Place, day: date) -> bool:
    """Whether a place found is a commune that was in force on a day."""
    since, until = place.valid_from or "", place.valid_to or "9999"
    return place.level == Level.COMMUNE and since <= day.isoformat() < until


def _last_day_of_former_units(today: date) -> date | None:
    """The last day on which communes stood that are no longer in force; None where we know none."""
    ended = Unit.objects.filter(active=True, level=Level.COMMUNE, validity__endswith__lte=today)
    last: date | None = ended.aggregate(last=Max("validity__endswith"))["last"]
    return last - timedelta(days=1) if last else None


@require_safe
@login_not_required
def unit(request: HttpRequest, code: str) -> HttpResponse:
    """The unit that has the code on a day (default: today)."""
    today = timezone.localdate()
    try:
        day = parse_on(request.GET.get("on"), today)
    except PlaceError as error:
        return render(request, "insights/unit_unknown.html", {"code": code, "error": str(error)}, status=400)
    units = Unit.objects.filter(code=code, active=True)
    found = units.in_force(day).with_ancestors().with_outline(None).lowest_first().first()
    if found is None:
        known = [(other, Period.of(other)) for other in units.select_related("parent").order_by("-validity")]
        return render(request, "insights/unit_unknown.html", {"code": code, "day": day, "known": known}, status=404)
    above, outline = found.ancestors(), _outline(found)
    parts = Unit.objects.in_force(day).of_level(Level.COMMUNE).below(found) if found.level != Level.COMMUNE else Unit.objects.none()
    body = committee_of(found, day)
    return render(
        request,
        "insights/unit.html",
        {
            "unit": found,
            "above": above,
            "day": day,
            "is_current": found.in_force_on(today),
            "period": Period.of(found),
            "body": body,
            "rated": ratings(bodies=[body.code]).total if body else None,
            "others": other_periods(found),
            "history": history_of(found, today),
            "communes": list(alphabetical(parts)),
            "area_km2": outline["area_km2"],
            "reports": list(Report.objects.public().in_unit(found).for_list().newest_first()[:NEWEST]),
            "map_config": {
                "code": found.code,
                "level": found.level,
                "on": None if day == today else day.isoformat(),
                "bbox": outline["bbox"],
            },
            "follow_form": FollowForm(),
            "title": _("%(name)s on %(day)s") % {"name": found.name, "day": f"{day:%Y-%m-%d}"} if day != today else found.name,
        },
    )


def _outline(unit: Any) -> dict[str, Any]:
    """Area and box of a unit that `with_outline()` has annotated."""
    return {
        "area_km2": round(unit.area_m2 / 1e6, 1) if unit.area_m2 else None,
        "bbox": [round(degree, 5) for degree in unit.extent.extent] if unit.extent else None,
    }
