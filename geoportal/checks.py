"""Rules that hold between settings; a broken one stops the start with a sentence."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from reports.clock import hours_from
from reports.throttling import parse_rate


@register
def map_extent_is_a_box(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """MAP_EXTENT is west, south, east, north in degrees."""
    extent = settings.MAP_EXTENT
    if len(extent) == 4 and -180 <= extent[0] < extent[2] <= 180 and -90 <= extent[1] < extent[3] <= 90:
        return []
    return [
        Error(
            "MAP_EXTENT is not a box.",
            hint="Give west,south,east,north in degrees, for example 104.5,8.4,105.95,9.75.",
            id="geoportal.E001",
        )
    ]


@register
def tile_server_says_who_made_the_map(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A tile server without attribution would break its licence on every page."""
    if settings.TILE_URL and not settings.TILE_ATTRIBUTION:
        return [Error("TILE_URL is set without TILE_ATTRIBUTION.", hint="Say whose map it is.", id="geoportal.E002")]
    return []


@register
def snap_distance_is_sensible(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Snapping further than 20 km would hand a point at sea to a commune that never sees it."""
    if 0 <= settings.SNAP_DISTANCE_M <= 20_000:
        return []
    return [Error("SNAP_DISTANCE_M is not between 0 and 20000 metres.", id="geoportal.E003")]


@register
def throttles_are_rates(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A limit that cannot be read would be an error at the first call."""
    wrong = []
    for scope, rate in settings.THROTTLES.items():
        try:
            parse_rate(rate)
        except ValueError as error:
            wrong.append(Error(f"THROTTLE_{scope.upper()}: {error}", id="geoportal.E004"))
    return [*wrong]


@register
def working_hours_can_be_read(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Without hours no deadline can be told."""
    try:
        hours_from(settings.WORKING_HOURS)
    except ValueError as error:
        return [Error(f"WORKING_HOURS: {error}", hint="For example 7:30-11:30,13:30-17:00.", id="geoportal.E005")]
    return []
