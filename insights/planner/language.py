"""A planner's query as data: what may be asked, checked before anything reaches the database.

    {"conditions": [{"field": "category", "is": ["embankment"]}, {"field": "filed", "since": "2023-01-01"}],
     "places": [{"relation": "near", "layer": "base:rivers", "metres": 300}],
     "group": {"by": "unit", "level": "district", "on": "2025-06-30"}}

All conditions and places hold together; the values of one are alternatives. Nothing nests, so that a query stays a sentence.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NoReturn

from django.contrib.gis.geos import GEOSGeometry, Polygon
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from boundaries.models import Level
from gis.errors import PlaceError
from reports.api.filters import parse_area, parse_moment
from reports.models import Channel
from reports.workflow import GROUPS, Status

MAX_BYTES = 400_000  # of a query: an area of 5,000 corners fits
MAX_CONDITIONS = 10
MAX_PLACES = 6
MAX_VALUES = 50
MAX_TEXT = 200
MAX_METRES = 50_000
MAX_NEAREST = 1_000
MIN_CELL, MAX_CELL = 100, 100_000  # metres
MAX_WIDTH = 10.0  # degrees: an area drawn over the antimeridian would cover half the world

CODES = "category", "authority"
CHOICES = {
    "status": frozenset({*Status.values, *GROUPS}),
    "channel": frozenset(Channel.values),
    "severity": frozenset({"1", "2", "3"}),
}
PERIODS = "filed", "closed"
FIELDS = (*CODES, *CHOICES, *PERIODS, "overdue")
RELATIONS = "within", "intersects", "near"
GROUPINGS = "unit", "month", "category", "status", "cell", "feature"


class QueryError(PlaceError):
    """Why a query is refused; `errors` names the part of it."""


def refuse(where: str, sentence: str) -> NoReturn:
    """Raises the refusal of a part of the query."""
    raise QueryError(sentence, errors={where: [sentence]})


@dataclass(frozen=True)
class Choice:
    """A field has one of these values, or (`negated`) none of them."""

    field: str
    values: tuple[str, ...]
    negated: bool = False


@dataclass(frozen=True)
class Period:
    """Filed or closed in [since, until); None is open. As it was written, for the sentence."""

    field: str
    since: datetime | None
    until: datetime | None
    since_text: str = ""
    until_text: str = ""


@dataclass(frozen=True)
class Overdue:
    """Open after the due date, or (`wanted` false) not."""

    wanted: bool


@dataclass(frozen=True)
class Spot:
    """A point in WGS 84 degrees."""

    lon: float
    lat: float


@dataclass(frozen=True)
class LayerPart:
    """A layer ("base:rivers", "own:…"), or only its features of that name."""

    layer: str
    feature: str = ""


@dataclass(frozen=True)
class UnitOn:
    """A unit's code on a day (None: today)."""

    code: str
    on: date | None = None


@dataclass(frozen=True)
class Drawn:
    """An area that somebody drew, valid, in WGS 84; `geojson` as it came."""

    area: GEOSGeometry
    geojson: str

    @property
    def corners(self) -> int:
        """How many corners it has, those where its rings close counted once."""
        polygons = [self.area] if isinstance(self.area, Polygon) else list(self.area)  # type: ignore[call-overload]
        return sum(len(ring) - 1 for polygon in polygons for ring in polygon)


Target = Spot | LayerPart | UnitOn | Drawn


@dataclass(frozen=True)
class Place:
    """Within or touching something, or (`near`) at most some metres from it."""

    relation: str
    target: Target
    metres: float = 0.0
    negated: bool = False


@dataclass(frozen=True)
class Nearest:
    """Only the n nearest to a point or to a layer."""

    count: int
    target: Spot | LayerPart


@dataclass(frozen=True)
class Group:
    """What the rows of the answer stand for; "" one row a report."""

    by: str = ""
    level: str = ""
    on: date | None = None
    metres: float = 0.0  # of a cell's side; of the way to a feature
    part: LayerPart | None = None


@dataclass(frozen=True)
class Query:
    """A whole query."""

    conditions: tuple[Choice | Period | Overdue, ...] = ()
    places: tuple[Place, ...] = ()
    nearest: Nearest | None = None
    group: Group = Group()


def read_json(content: bytes) -> Any:
    """JSON from outside, at most MAX_BYTES, of finite numbers only; QueryError otherwise."""
    if len(content) > MAX_BYTES:
        raise too_long()

    def no_number(name: str) -> NoReturn:
        raise ValueError(name)

    try:
        return json.loads(content, parse_constant=no_number)
    except (ValueError, RecursionError):
        sentence = _("The query is not JSON, or holds NaN or Infinity, or nests too deep.")
        raise QueryError(sentence, errors={"query": [sentence]}) from None


def too_long() -> QueryError:
    """The refusal of a query of too many bytes."""
    sentence = _("The query is longer than %(limit)d bytes: draw the area with fewer corners, or upload it as a layer.") % {
        "limit": MAX_BYTES
    }
    return QueryError(sentence, status=413, errors={"query": [sentence]})


def parse_query(data: Any) -> Query:
    """The query that some JSON says. Raises QueryError, which names the part that is not right."""
    told = members(data, "query", {"source", "conditions", "places", "nearest", "group"})
    if told.get("source", "reports") != "reports":
        refuse("source", _("source is one of: %(known)s.") % {"known": "reports"})
    conditions = _list(told.get("conditions"), "conditions", MAX_CONDITIONS)
    places = _list(told.get("places"), "places", MAX_PLACES)
    nearest, group = told.get("nearest"), told.get("group")
    return Query(
        conditions=tuple(_condition(given, f"conditions.{at}") for at, given in enumerate(conditions)),
        places=tuple(_place(given, f"places.{at}") for at, given in enumerate(places)),
        nearest=None if nearest is None else _nearest(nearest),
        group=Group() if group is None else _group(group),
    )


def members(data: Any, where: str, known: set[str]) -> dict[str, Any]:
    """An object of known members."""
    if not isinstance(data, dict):
        refuse(where, _("%(where)s is not an object.") % {"where": where})
    if unknown := [str(name) for name in data if name not in known]:
        refuse(where, _("%(where)s has no “%(name)s”. Known: %(known)s.") % {
            "where": where, "name": unknown[0][:40], "known": ", ".join(sorted(known)),
        })  # fmt: skip
    return data


def _list(data: Any, where: str, most: int) -> list[Any]:
    if data is None:
        return []
    if not isinstance(data, list) or len(data) > most:
        refuse(where, _("%(where)s is a list of at most %(most)d.") % {"where": where, "most": most})
    return data


def _condition(data: Any, where: str) -> Choice | Period | Overdue:
    told = members(data, where, {"field", "is", "not", "since", "until"})
    field = one_of(told.get("field"), f"{where}.field", FIELDS)
    negated = _flag(told.get("not"), f"{where}.not")
    if field in PERIODS:
        _without(told, where, "is", "not")
        return _period(told, field, where)
    _without(told, where, "since", "until")
    if field == "overdue":
        return Overdue(_flag(told.get("is", True), f"{where}.is") != negated)
    given = told.get("is")
    values = given if isinstance(given, list) else [given]
    if not 0 < len(values) <= MAX_VALUES:
        refuse(f"{where}.is", _("%(where)s takes one to %(most)d values.") % {"where": f"{where}.is", "most": MAX_VALUES})
    if field == "severity":
        values = [str(value) if type(value) is int else value for value in values]
    read = tuple(dict.fromkeys(_text(value, f"{where}.is") for value in values))
    if field in CHOICES and (unknown := [value for value in read if value not in CHOICES[field]]):
        refuse(f"{where}.is", _("%(name)s is no %(field)s. Known: %(known)s.") % {
            "name": unknown[0][:40], "field": field, "known": ", ".join(sorted(CHOICES[field])),
        })  # fmt: skip
    return Choice(field, read, negated)


def _period(told: dict[str, Any], field: str, where: str) -> Period:
    texts = [_text(told[name], f"{where}.{name}") if told.get(name) is not None else "" for name in ("since", "until")]
    try:
        since, until = parse_moment(texts[0], "since"), parse_moment(texts[1], "until")
    except PlaceError as error:
        refuse(where, str(error))
    except OverflowError:
        since = until = None
    if since is None and until is None:
        refuse(where, _("%(where)s needs since or until.") % {"where": where})
    if since is not None and until is not None and since >= until:
        refuse(where, _("A period must begin before it ends."))
    if any(moment is not None and not 1900 <= moment.year <= 2200 for moment in (since, until)):
        refuse(where, _("A period lies between the years 1900 and 2200."))
    return Period(field, since, until, *texts)


def _place(data: Any, where: str) -> Place:
    told = members(data, where, {"relation", "area", "unit", "on", "layer", "feature", "point", "metres", "not"})
    relation = one_of(told.get("relation"), f"{where}.relation", RELATIONS)
    target = _target(told, where)
    negated = _flag(told.get("not"), f"{where}.not")
    if relation != "near":
        _without(told, where, "metres")
        if isinstance(target, Spot):
            refuse(f"{where}.point", _("A point holds nothing: ask for what is near it."))
        return Place(relation, target, 0.0, negated)
    if isinstance(target, UnitOn):
        refuse(f"{where}.unit", _("near takes a point, a drawn area or a layer."))
    return Place(relation, target, number(told.get("metres"), f"{where}.metres", 0, MAX_METRES), negated)


def _target(told: dict[str, Any], where: str) -> Target:
    named = [name for name in ("area", "unit", "layer", "point") if told.get(name) is not None]
    if len(named) != 1:
        refuse(where, _("%(where)s needs exactly one of: area, unit, layer, point.") % {"where": where})
    if named[0] != "unit":
        _without(told, where, "on")
    if named[0] != "layer":
        _without(told, where, "feature")
    if named[0] == "area":
        return _area(told["area"], f"{where}.area")
    if named[0] == "unit":
        return UnitOn(_text(told["unit"], f"{where}.unit"), _day(told.get("on"), f"{where}.on"))
    if named[0] == "point":
        return _spot(told["point"], f"{where}.point")
    return _part(told, where)


def _area(data: Any, where: str) -> Drawn:
    members(data, where, {"type", "coordinates"})
    text = json.dumps(data, separators=(",", ":"))
    try:
        area = parse_area(text)
    except PlaceError as error:
        refuse(where, str(error))
    west, south, east, north = area.extent
    if east - west > MAX_WIDTH or north - south > MAX_WIDTH:
        refuse(where, _("The area is wider than %(limit)d degrees.") % {"limit": MAX_WIDTH})
    return Drawn(area, text)


def _spot(data: Any, where: str) -> Spot:
    numbers = data if isinstance(data, list) and len(data) == 2 else [None, None]
    return Spot(number(numbers[0], where, -180, 180), number(numbers[1], where, -90, 90))


def _part(told: dict[str, Any], where: str) -> LayerPart:
    feature = told.get("feature")
    return LayerPart(_text(told.get("layer"), f"{where}.layer"), "" if feature is None else _text(feature, f"{where}.feature"))


def _nearest(data: Any) -> Nearest:
    told = members(data, "nearest", {"count", "point", "layer", "feature"})
    target = _target(told, "nearest")
    if not isinstance(target, Spot | LayerPart):
        refuse("nearest", _("nearest takes a point or a layer."))
    return Nearest(whole(told.get("count"), "nearest.count", 1, MAX_NEAREST), target)


def _group(data: Any) -> Group:
    told = members(data, "group", {"by", "level", "on", "metres", "layer", "feature"})
    by = one_of(told.get("by"), "group.by", GROUPINGS)
    takes = {"unit": ("level", "on"), "cell": ("metres",), "feature": ("layer", "feature", "metres")}.get(by, ())
    _without(told, "group", *({"level", "on", "metres", "layer", "feature"} - set(takes)))
    if by == "unit":
        level = one_of(told.get("level", Level.COMMUNE), "group.level", tuple(Level.values))
        return Group(by, level=level, on=_day(told.get("on"), "group.on"))
    if by == "cell":
        return Group(by, metres=number(told.get("metres"), "group.metres", MIN_CELL, MAX_CELL))
    if by == "feature":
        metres = number(told.get("metres", 0), "group.metres", 0, MAX_METRES)
        return Group(by, metres=metres, part=_part(told, "group"))
    return Group(by)


def _without(told: dict[str, Any], where: str, *names: str) -> None:
    if given := next((name for name in sorted(names) if told.get(name) is not None), ""):
        refuse(f"{where}.{given}", _("%(name)s does not belong to %(where)s here.") % {"name": given, "where": where})


def _text(data: Any, where: str) -> str:
    if not isinstance(data, str) or not 0 < len(data) <= MAX_TEXT or "\0" in data or not data.isprintable():
        refuse(where, _("%(where)s is a text of one to %(most)d characters.") % {"where": where, "most": MAX_TEXT})
    return data


def one_of(data: Any, where: str, known: tuple[str, ...]) -> str:
    """One of a list of words."""
    if not isinstance(data, str) or data not in known:
        refuse(where, _("%(where)s is one of: %(known)s.") % {"where": where, "known": ", ".join(known)})
    return data


def _flag(data: Any, where: str) -> bool:
    if data is None or isinstance(data, bool):
        return bool(data)
    refuse(where, _("%(where)s is true or false.") % {"where": where})


def number(data: Any, where: str, least: float, most: float) -> float:
    """A finite number within bounds."""
    if (
        isinstance(data, bool)
        or not isinstance(data, int | float)
        or abs(data) > 1e16
        or not math.isfinite(data)
        or not least <= data <= most
    ):
        refuse(where, _("%(where)s is a number from %(least)s to %(most)s.") % {"where": where, "least": f"{least:g}", "most": f"{most:g}"})
    return float(data)


def whole(data: Any, where: str, least: int, most: int) -> int:
    """A whole number within bounds."""
    read = number(data, where, least, most)
    if not read.is_integer():
        refuse(where, _("%(where)s is a whole number.") % {"where": where})
    return int(read)


def _day(data: Any, where: str) -> date | None:
    if data is None:
        return None
    try:
        day = parse_date(_text(data, where))
    except ValueError:
        day = None
    if day is None or not 1900 <= day.year <= 2200:
        refuse(where, _("%(where)s is not a date: write YYYY-MM-DD, for example 2025-06-30.") % {"where": where})
    return day
