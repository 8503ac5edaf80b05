"""One search for the filing page, the map, the desk and the pages of communes: units of all times, codes, coordinates, plus codes."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from django.conf import settings
from django.contrib.gis.geos import Point
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from boundaries.locate import locate
from boundaries.models import Unit
from boundaries.places.heirs import Heir, heirs_of
from boundaries.places.matching import Match, by_code, by_name
from boundaries.places.words import readings, without_telex
from gis.coordinates import find_coordinates
from gis.pluscodes import find_code, recover

LIMIT = 10
MAX_LENGTH = 400  # characters that are read at all; addresses of maps are long
MAX_NAME_LENGTH = 160  # and those of names
SURE = 0.9  # a name that fits so well was written just so
NAMED = 3  # successors told by name; of more, how many there are
CODE = re.compile(r"(?:(?:mã|ma|code)\s*:?\s*)?(\d{2,5})", re.IGNORECASE)


@dataclass(frozen=True)
class Place:
    """A place found: `kind` unit or coordinates, its name, what it is part of and when it was in force, and where to put the map (degrees).

    `on` is a day on which a former unit was in force (ISO), `now_part_of` what became of it, in words in `now_text`; `swapped` coordinates
    make sense only in the other order than they were typed.
    """

    kind: str
    label: str
    detail: str
    lat: float
    lon: float
    code: str | None = None
    on: str | None = None
    bbox: list[float] | None = None
    level: str | None = None
    part_of: list[str] = field(default_factory=list)
    valid_from: str | None = None
    valid_to: str | None = None
    now_part_of: list[dict[str, str]] = field(default_factory=list)
    now_text: str = ""
    swapped: bool = False

    def told(self) -> str:
        """What is said beside the label."""
        return " · ".join(part for part in (self.detail, self.now_text) if part)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def search_places(text: str, *, near: Point | None = None, limit: int = LIMIT, guess: bool = True) -> list[Place]:
    """The best places for what somebody typed, the nearer to a point (WGS 84) first among those that fit alike; none where nothing fits.

    Without a point the middle of the portal's map stands in for it. Without `guess` only what is surely meant.
    """
    text = text.strip()[:MAX_LENGTH]
    near = near or _middle()
    today = timezone.localdate()
    exact = _coordinates(text) or _plus_code(text, near, today)
    if exact is not None:
        return [exact]
    found = _matches(text[:MAX_NAME_LENGTH], near, today, limit, guess)
    return _places(found if guess else [match for match in found if match.score >= SURE], today)


def _middle() -> Point:
    west, south, east, north = settings.MAP_EXTENT
    return Point((west + east) / 2, (south + north) / 2, srid=4326)


def _matches(text: str, near: Point, today: date, limit: int, guess: bool = True) -> list[Match]:
    code = CODE.fullmatch(text)
    if code:
        with_code = by_code([code[1]] if len(code[1]) < 3 else [code[1], code[1].zfill(5)], near=near, today=today, limit=limit)
        if with_code:
            return with_code
    meant = without_telex(text)
    return by_name(readings(text), readings(meant) if meant else [], near=near, today=today, limit=limit, guess=guess)


def _coordinates(text: str) -> Place | None:
    found = find_coordinates(text)
    if found is None:
        return None
    label = f"{_written(found.lat)}, {_written(found.lon)}"
    what = _("Latitude and longitude look swapped. Did you mean this?") if found.swapped else _("Coordinates (latitude, longitude)")
    return _spot(label, what, found.lat, found.lon, swapped=found.swapped)


def _written(degrees: float) -> str:
    """To six decimals (a decimetre), without empty ones: what is searched again must mean the same spot."""
    return f"{degrees:.6f}".rstrip("0").rstrip(".")


def _plus_code(text: str, near: Point, today: date) -> Place | None:
    """The spot of a plus code; a short one is that nearest to the place that is named beside it, else to the middle of the map."""
    found = find_code(text)
    if found is None:
        return None
    code, beside = found
    named = _places(_matches(beside[:MAX_NAME_LENGTH], near, today, 1), today) if beside else []
    cell = recover(code, named[0].lat, named[0].lon) if named else recover(code, near.y, near.x)
    return _spot(code, _("Plus code"), cell.lat, cell.lon)


def _spot(label: str, what: str, lat: float, lon: float, *, swapped: bool = False) -> Place:
    point = Point(lon, lat, srid=4326)
    unit = locate(point=point).unit
    return Place(
        kind="coordinates",
        label=label,
        detail=" · ".join(part for part in (what, unit.name if unit else "") if part),
        lat=round(lat, 6),
        lon=round(lon, 6),
        swapped=swapped,
    )


def _places(matches: list[Match], today: date) -> list[Place]:
    units = {match.unit_id: Unit(level=match.level, code=match.code, name=match.name, validity=match.validity) for match in matches}
    heirs = heirs_of([pk for pk, unit in units.items() if unit.valid_to is not None and unit.valid_to <= today], today)
    return [_place(match, units[match.unit_id], heirs.get(match.unit_id, []), today) for match in matches]


def _place(match: Match, unit: Unit, heirs: list[Heir], today: date) -> Place:
    return Place(
        kind="unit",
        label=unit.name,
        detail=" · ".join(part for part in (", ".join(match.above), unit.period_text()) if part),
        lat=round(match.lat, 6),
        lon=round(match.lon, 6),
        code=unit.code,
        on=None if unit.in_force_on(today) else unit.a_day_in_force().isoformat(),
        bbox=[round(degree, 5) for degree in match.box],
        level=unit.level,
        part_of=match.above,
        valid_from=unit.valid_from.isoformat() if unit.valid_from else None,
        valid_to=unit.valid_to.isoformat() if unit.valid_to else None,
        now_part_of=[{"code": heir.code, "name": heir.name} for heir in heirs],
        now_text=_now_text([heir.name for heir in heirs]),
    )


def _now_text(names: list[str]) -> str:
    """ "now part of Phường An Xuyên", with all successors where there are few; "" where none is known."""
    if not names:
        return ""
    told = ", ".join(names[:NAMED])
    rest = len(names) - NAMED
    if rest <= 0:
        return _("now part of %(units)s") % {"units": told}
    return ngettext("now part of %(units)s and %(rest)d other", "now part of %(units)s and %(rest)d others", rest) % {
        "units": told,
        "rest": rest,
    }
