"""Which commune am I in, who is responsible there, and what is its hotline?"""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from boundaries.locate import Placement, locate
from boundaries.places import Place, search_places
from gis.bbox import parse_number, parse_point
from gis.errors import PlaceError
from insights.territory import committee_of, parse_on


@require_safe
@login_not_required
def where(request: HttpRequest) -> HttpResponse:
    """The form, and the answer to a point (`lat`, `lon`, optional `accuracy` and `on`) or the places of a name (`q`)."""
    asked = {name: request.GET.get(name, "").strip() for name in ("lat", "lon", "accuracy", "on", "q")}
    context: dict[str, Any] = {"asked": asked, "today": timezone.localdate(), "map_config": {}}
    if asked["q"] and not (asked["lat"] or asked["lon"]):
        places = search_places(asked["q"])
        if [place.kind for place in places] == ["coordinates"] and not places[0].swapped:
            asked["lat"], asked["lon"] = str(places[0].lat), str(places[0].lon)
        else:
            return render(request, "insights/where.html", context | {"places": [_with_address(place) for place in places]})
    if not (asked["lat"] or asked["lon"]):
        return render(request, "insights/where.html", context)
    try:
        placement = _placement(asked)
    except PlaceError as error:
        context |= {"error": str(error), "suggestion": error.extra.get("suggestion"), "faulty": set(error.extra.get("errors", {}))}
        return render(request, "insights/where.html", context, status=error.status)
    return render(request, "insights/where.html", context | _answer(placement))


def _placement(asked: dict[str, str]) -> Placement:
    point = parse_point(asked["lat"], asked["lon"])
    accuracy = parse_number(asked["accuracy"], "accuracy") if asked["accuracy"] else None
    return locate(point=point, accuracy_m=accuracy if accuracy and accuracy > 0 else None, on=parse_on(asked["on"], timezone.localdate()))


def _answer(placement: Placement) -> dict[str, Any]:
    unit = placement.unit
    return {
        "placement": placement,
        "unit": unit,
        "body": committee_of(unit, placement.on) if unit else None,
        "candidates": [candidate for candidate in placement.candidates if candidate.unit != unit] if placement.ambiguous else [],
        "map_config": {
            "lat": placement.point.y,
            "lon": placement.point.x,
            "accuracy": placement.accuracy_m,
            "code": unit.code if unit else None,
            "on": None if placement.on == timezone.localdate() else placement.on.isoformat(),
        },
    }


def _with_address(place: Place) -> dict[str, Any]:
    """A place with the address of the page that tells of it."""
    if place.code is None:
        return place.as_dict() | {"href": reverse("insights:where", query={"lat": place.lat, "lon": place.lon})}
    return place.as_dict() | {"href": reverse("insights:unit", args=[place.code], query={"on": place.on} if place.on else None)}
