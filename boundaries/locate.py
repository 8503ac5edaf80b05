"""Which commune a point lies in on a day: the one that covers it, else the nearest within a limit; and whom its accuracy circle touches."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.gis.geos import Point
from django.db import connection
from django.utils import timezone

from boundaries.models import Edition, Unit
from gis.bbox import degrees_around

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_ACCURACY_M = 5_000.0  # a wider circle says no more than "somewhere in the province"; it is cut to this
NEGLIGIBLE_SHARE = 0.005  # of the circle: thinner slivers are errors of the outline, not candidates

# One statement: the pieces near the point, each unit once, with its distance (0 where it covers) and its share of the circle.
# Distances are geodesic metres; shares are planar ratios of areas of at most 10 km, where the error of degrees cancels out.
CANDIDATES = """
WITH asked AS (
  SELECT point, CASE WHEN %(radius)s > 0 THEN ST_Buffer(point::geography, %(radius)s, 'quad_segs=16')::geometry END AS circle
  FROM (SELECT ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326) AS point) AS given
)
SELECT unit.id,
       min(CASE WHEN ST_Covers(piece.geometry, point) THEN 0 ELSE ST_Distance(piece.geometry::geography, point::geography) END) AS distance,
       coalesce(sum(ST_Area(ST_Intersection(piece.geometry, circle))) / nullif(min(ST_Area(circle)), 0), 0) AS share
FROM asked, boundaries_unitpiece AS piece JOIN boundaries_unit AS unit ON unit.id = piece.unit_id
WHERE piece.geometry && ST_Expand(point, %(dx)s, %(dy)s)
  AND unit.active AND unit.level = %(level)s AND unit.validity @> %(on)s::date
GROUP BY unit.id, unit.code
ORDER BY distance, unit.code
"""

COVERING = """
SELECT unit.id, 0::float8 AS distance, 0::float8 AS share
FROM boundaries_unitpiece AS piece JOIN boundaries_unit AS unit ON unit.id = piece.unit_id
WHERE ST_Covers(piece.geometry, ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326))
  AND unit.active AND unit.level = %(level)s AND unit.validity @> %(on)s::date
GROUP BY unit.id, unit.code
ORDER BY unit.code
"""


# The same for many points, each with its number, radius and box; a box of no width finds only what covers the point
CANDIDATES_OF_MANY = """
WITH asked AS (
  SELECT number, point, CASE WHEN radius > 0 THEN ST_Buffer(point::geography, radius, 'quad_segs=16')::geometry END AS circle,
         ST_Expand(point, dx, dy) AS box
  FROM unnest(%(numbers)s::int[], %(lons)s::float8[], %(lats)s::float8[], %(radii)s::float8[], %(dx)s::float8[], %(dy)s::float8[])
         AS given(number, lon, lat, radius, dx, dy),
       LATERAL (SELECT ST_SetSRID(ST_MakePoint(lon, lat), 4326) AS point) AS made
)
SELECT asked.number, unit.id,
       min(CASE WHEN ST_Covers(piece.geometry, point) THEN 0 ELSE ST_Distance(piece.geometry::geography, point::geography) END) AS distance,
       coalesce(sum(ST_Area(ST_Intersection(piece.geometry, circle))) / nullif(min(ST_Area(circle)), 0), 0) AS share
FROM asked JOIN boundaries_unitpiece AS piece ON piece.geometry && asked.box
JOIN boundaries_unit AS unit ON unit.id = piece.unit_id
WHERE unit.active AND unit.level = %(level)s AND unit.validity @> %(on)s::date
GROUP BY asked.number, unit.id, unit.code
ORDER BY asked.number, distance, unit.code
"""


class Method(StrEnum):
    """How a point came to its unit."""

    INSIDE = "inside"
    SNAPPED = "snapped"
    NONE = "none"


@dataclass(frozen=True)
class Candidate:
    """A unit that the point may belong to; `share` of the accuracy circle (0–1), `distance_m` from the point (0 where it covers it)."""

    unit: Unit
    share: float
    distance_m: float


@dataclass(frozen=True)
class Placement:
    """The answer: the unit (None outside everything), how it was found, how far off it lies (metres), and who else comes into question."""

    point: Point
    accuracy_m: float | None
    on: date
    unit: Unit | None
    method: Method
    distance_m: float
    ambiguous: bool
    candidates: Sequence[Candidate]


def locate(*, point: Point, accuracy_m: float | None = None, on: date | None = None, level: str = "commune") -> Placement:
    """The unit of a WGS 84 point on a day (default: today in Asia/Ho_Chi_Minh), in at most two queries.

    On a shared border the lower code has it. A point that no unit covers (water, gaps) goes to the nearest unit within SNAP_DISTANCE_M.
    `accuracy_m` is the radius of the circle in which the point truly lies (cut to 5 km); a second unit with AMBIGUOUS_SHARE of it makes the
    placement ambiguous. Shares only raise a question: the unit is the one that covers the point.
    """
    on = on or timezone.localdate()
    radius = min(accuracy_m, MAX_ACCURACY_M) if accuracy_m else 0.0
    asked = {"lon": point.x, "lat": point.y, "on": on, "level": level, "radius": radius}
    rows = [] if radius else _rows(COVERING, asked)
    if not rows:
        dx, dy = degrees_around(point, max(settings.SNAP_DISTANCE_M, radius))
        rows = _rows(CANDIDATES, {**asked, "dx": dx, "dy": dy})
    return placement(point, accuracy_m, on, rows, _units_of(rows))


@dataclass(frozen=True)
class Spot:
    """A WGS 84 point that is asked for, with the radius (metres) of the circle in which it truly lies."""

    point: Point
    accuracy_m: float | None = None


def locate_many(spots: Sequence[Spot], *, on: date | None = None, level: str = "commune") -> list[Placement]:
    """What `locate` answers for each of many points, in order, in three queries however many they are."""
    on = on or timezone.localdate()
    radii = [min(spot.accuracy_m, MAX_ACCURACY_M) if spot.accuracy_m else 0.0 for spot in spots]
    rows: dict[int, list[tuple[int, float, float]]] = defaultdict(list)

    def ask(numbers: Sequence[int], reach: float) -> None:
        boxes = [degrees_around(spots[number].point, max(reach, radii[number])) for number in numbers]
        asked = {
            "numbers": list(numbers),
            "lons": [spots[number].point.x for number in numbers],
            "lats": [spots[number].point.y for number in numbers],
            "radii": [radii[number] for number in numbers],
            "dx": [dx for dx, _ in boxes],
            "dy": [dy for _, dy in boxes],
        }
        for number, *row in _rows(CANDIDATES_OF_MANY, {**asked, "on": on, "level": level}):
            rows[number].append((row[0], row[1], row[2]))

    # As in `locate`: a point without a circle that a unit covers has no other candidates, and the rest is looked for farther off
    ask([number for number, radius in enumerate(radii) if not radius], 0.0)
    for number in list(rows):
        rows[number] = [row for row in rows[number] if row[1] == 0]
    ask([number for number in range(len(spots)) if not rows[number]], settings.SNAP_DISTANCE_M)
    units = _units_of([row for found in rows.values() for row in found])
    return [placement(spot.point, spot.accuracy_m, on, rows[number], units) for number, spot in enumerate(spots)]


def placement(
    point: Point, accuracy_m: float | None, on: date, rows: Sequence[tuple[int, float, float]], units: Mapping[int, Unit]
) -> Placement:
    """The answer of `locate` from the rows of its query (unit's key, distance in metres, share of the circle) and the units that they name."""
    found = _candidates(rows, bool(accuracy_m), units)
    nearest = min(found, key=lambda candidate: (candidate.distance_m, candidate.unit.code), default=None)
    if nearest is None or nearest.distance_m > settings.SNAP_DISTANCE_M:
        return Placement(point, accuracy_m, on, None, Method.NONE, 0.0, bool(found), found)
    method = Method.INSIDE if nearest.distance_m == 0 else Method.SNAPPED
    on_a_border = sum(candidate.distance_m == 0 for candidate in found) > 1
    second = sum(candidate.share >= settings.AMBIGUOUS_SHARE for candidate in found if candidate.unit != nearest.unit)
    return Placement(point, accuracy_m, on, nearest.unit, method, nearest.distance_m, on_a_border or second > 0, found)


def _rows(sql: str, parameters: dict[str, Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


def _units_of(rows: Sequence[tuple[int, float, float]]) -> dict[int, Unit]:
    """What `Unit.objects.with_ancestors()` gives for these keys; Django would take longer to compose the query than PostgreSQL to answer it."""
    units = {}
    for row in _rows(_units_by_key(), {"keys": list({pk for pk, _, _ in rows})}) if rows else []:
        unit, parent, grandparent, edition = (_made(model, row, first) for model, first in _LINE)
        if parent is not None:
            parent.parent = grandparent
        unit.parent, unit.edition = parent, edition
        units[unit.pk] = unit
    return units


_WIDTH = len(Unit._meta.concrete_fields)
_LINE: tuple[tuple[Any, int], ...] = ((Unit, 0), (Unit, _WIDTH), (Unit, 2 * _WIDTH), (Edition, 3 * _WIDTH))


@cache
def _units_by_key() -> str:
    names = (("unit", Unit), ("parent", Unit), ("grandparent", Unit), ("edition", Edition))
    columns = ", ".join(f'{name}."{field.column}"' for name, model in names for field in model._meta.concrete_fields)
    return f"""
    SELECT {columns} FROM boundaries_unit AS unit JOIN boundaries_edition AS edition ON edition.id = unit.edition_id
    LEFT JOIN boundaries_unit AS parent ON parent.id = unit.parent_id
    LEFT JOIN boundaries_unit AS grandparent ON grandparent.id = parent.parent_id
    WHERE unit.id = ANY(%(keys)s)
    """  # noqa: S608  names of columns only


def _made(model: Any, row: Sequence[Any], first: int) -> Any:
    """The instance whose columns begin at `first`; None where the outer join found nothing. None of these columns needs a conversion."""
    fields = model._meta.concrete_fields
    values = row[first : first + len(fields)]
    return None if values[0] is None else model.from_db("default", [field.attname for field in fields], values)


def _candidates(rows: Sequence[tuple[int, float, float]], by_share: bool, units: Mapping[int, Unit]) -> list[Candidate]:
    """Units that cover the point, share the circle, or (for a point in none) lie within the limit; the largest share first."""
    covered = any(distance == 0 for _, distance, _ in rows)
    near = [
        (pk, distance, min(share, 1.0))
        for pk, distance, share in rows
        if distance == 0 or share >= NEGLIGIBLE_SHARE or (not covered and distance <= settings.SNAP_DISTANCE_M)
    ]
    found = [Candidate(units[pk], round(share, 3), max(round(distance, 1), 0.1) if distance else 0.0) for pk, distance, share in near]
    return sorted(found, key=lambda candidate: (-candidate.share if by_share else 0, candidate.distance_m, candidate.unit.code))


IN_EVERY_EDITION = """
SELECT edition.id, near.unit_id, near.distance
FROM boundaries_edition AS edition
LEFT JOIN LATERAL (
  SELECT unit.id AS unit_id, CASE WHEN ST_Covers(piece.geometry, point) THEN 0 ELSE ST_Distance(piece.geometry::geography, point::geography) END AS distance
  FROM (SELECT ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326) AS point) AS asked,
       boundaries_unitpiece AS piece JOIN boundaries_unit AS unit ON unit.id = piece.unit_id
  WHERE piece.geometry && ST_Expand(point, %(dx)s, %(dy)s) AND unit.edition_id = edition.id AND unit.active AND unit.level = %(level)s
  ORDER BY distance, unit.code
  LIMIT 1
) AS near ON near.distance <= %(limit)s
WHERE edition.state = 'active'
ORDER BY edition.id
"""


@dataclass(frozen=True)
class Place:
    """Where a point lies in one edition: the unit's key, or None outside all of its units."""

    edition_id: int
    unit_id: int | None
    method: Method
    distance_m: float


def place_in_every_edition(*, point: Point, level: str = "commune") -> list[Place]:
    """Where a WGS 84 point lies in each active edition, in one query, by the rules of `locate`; outside is an answer, not an omission."""
    dx, dy = degrees_around(point, settings.SNAP_DISTANCE_M)
    asked = {"lon": point.x, "lat": point.y, "dx": dx, "dy": dy, "limit": settings.SNAP_DISTANCE_M, "level": level}
    return [place(edition, unit, distance) for edition, unit, distance in _rows(IN_EVERY_EDITION, asked)]


def place(edition: int, unit: int | None, distance: float | None) -> Place:
    """The place that a row of the query says."""
    if unit is None or distance is None:
        return Place(edition, None, Method.NONE, 0.0)
    return Place(edition, unit, Method.INSIDE if distance == 0 else Method.SNAPPED, distance)
