"""The checks, each one statement over the pieces of many units at once; those that could take minutes go in batches, so that progress shows."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from boundaries.loading import Track
from boundaries.models import Edition, Unit, UnitShape
from boundaries.models import Kind as UnitKind
from boundaries.querysets import fold
from boundaries.topology.findings import (
    AREA_NOTE,
    AREA_WARNING,
    NOTHING_M2,
    SAME_PLACE,
    SLIVER_M,
    Finding,
    Kind,
    Severity,
    severity_of,
)  # fmt: skip

BATCH = 100
MOVED_TONE = re.compile("(o|u)([\u0300\u0301\u0303\u0309\u0323])([aey])(?!\\w)")  # old style òa, óe, ùy for oà, oé, uỳ
TINY_PART_M2 = 100.0  # a separate part smaller than a house is what a cut has left, not an island
CORNERS_KEPT = 2_000  # of a place in a finding: more is drawn with fewer

# What remains to be said of places that a check has found: `part (one, other, geometry)`, units by id, each place a Polygon. Wide ones are told one by
# one, the thin ones of a pair together. `reach`: how far the middle of a place is from its edge.
TOLD = """,
sized AS (
  SELECT one, other, geometry, ST_Area(geometry::geography) AS area, ST_Perimeter(geometry::geography) AS perimeter FROM part
), classed AS (
  SELECT *, 2 * area < %(sliver)s * perimeter AS thin, row_number() OVER () AS number FROM sized WHERE area > %(nothing)s
), told AS (
  SELECT one, other, thin, sum(area) AS area, 2 * sum(area) / sum(perimeter) AS width, count(*) AS places,
         ST_PointOnSurface((array_agg(geometry ORDER BY area DESC))[1]) AS place, ST_Multi(ST_Collect(geometry)) AS geometry
  FROM classed GROUP BY one, other, thin, CASE WHEN thin THEN 0 ELSE number END
)
SELECT one, other, thin, area, width, places, ST_X(place), ST_Y(place),
       ST_AsGeoJSON(CASE WHEN ST_NPoints(geometry) > %(corners)s THEN ST_SimplifyPreserveTopology(geometry, 0.0001) ELSE geometry END, 7),
       CASE WHEN NOT thin THEN (
         SELECT ST_Distance(circle.center::geography, circle.nearest::geography) FROM ST_MaximumInscribedCircle(geometry) AS circle
       ) END
FROM told
"""

# Materialised, for else the planner intersects first and asks afterwards whether the two units are to be compared at all (six times slower)
OVERLAPS = """
WITH meeting AS MATERIALIZED (
  SELECT a.id AS one, b.id AS other, a_piece.geometry AS a_geometry, b_piece.geometry AS b_geometry
  FROM boundaries_unit AS a JOIN boundaries_unitpiece AS a_piece ON a_piece.unit_id = a.id
  JOIN boundaries_unitpiece AS b_piece ON b_piece.geometry && a_piece.geometry
  JOIN boundaries_unit AS b ON b.id = b_piece.unit_id AND b.level = a.level
  WHERE a.id = ANY(%(batch)s) AND ((b.id > a.id AND b.id = ANY(%(own)s)) OR b.id = ANY(%(beside)s))
), common AS MATERIALIZED (
  SELECT one, other, ST_CollectionExtract(ST_Intersection(a_geometry, b_geometry), 3) AS geometry FROM meeting
), part AS (
  SELECT one, other, (ST_Dump(ST_Union(geometry))).geom AS geometry FROM common WHERE NOT ST_IsEmpty(geometry) GROUP BY one, other
)
"""

# The pieces of parts that no piece of the whole covers, less what the pieces of the whole around them cover together
OUTSIDE = """
WITH beyond AS (
  SELECT part.id AS one, part.parent_id AS other, coalesce(ST_Difference(piece.geometry, around.geometry), piece.geometry) AS geometry
  FROM boundaries_unit AS part JOIN boundaries_unitpiece AS piece ON piece.unit_id = part.id
  CROSS JOIN LATERAL (
    SELECT ST_Union(whole.geometry) AS geometry FROM boundaries_unitpiece AS whole
    WHERE whole.unit_id = part.parent_id AND whole.geometry && piece.geometry
  ) AS around
  WHERE part.id = ANY(%(batch)s) AND part.parent_id = ANY(%(usable)s)
    AND NOT EXISTS (
      SELECT FROM boundaries_unitpiece AS whole WHERE whole.unit_id = part.parent_id AND ST_Covers(whole.geometry, piece.geometry)
    )
), part AS (
  SELECT one, other, (ST_Dump(ST_CollectionExtract(ST_Union(geometry), 3))).geom AS geometry
  FROM beyond WHERE NOT ST_IsEmpty(geometry) GROUP BY one, other
)
"""

JOIN_PARTS = """
INSERT INTO topology_union (parent_id, level, geometry)
SELECT unit.parent_id, unit.level, ST_Union(shape.geometry)
FROM boundaries_unit AS unit JOIN boundaries_unitshape AS shape ON shape.unit_id = unit.id AND shape.current
WHERE unit.id = ANY(%(all)s) AND unit.parent_id IS NOT DISTINCT FROM %(parent)s::bigint
GROUP BY unit.parent_id, unit.level
"""

# Holes in all units of a level together, less the units that lie in them like islands
HOLES = """
WITH polygon AS (
  SELECT joined.level, (ST_Dump(joined.geometry)).geom AS geometry
  FROM (SELECT level, ST_Union(geometry) AS geometry FROM topology_union GROUP BY level) AS joined
), hole AS (
  SELECT polygon.level, ring.geom AS geometry FROM polygon, ST_DumpRings(polygon.geometry) AS ring WHERE ring.path[1] > 0
)
INSERT INTO topology_gap (level, geometry)
SELECT hole.level, (ST_Dump(coalesce(ST_Difference(hole.geometry, islands.geometry), hole.geometry))).geom
FROM hole CROSS JOIN LATERAL (
  SELECT ST_Union(polygon.geometry) AS geometry FROM polygon
  WHERE polygon.level = hole.level AND polygon.geometry && hole.geometry AND ST_Covers(hole.geometry, polygon.geometry)
) AS islands
"""

# Those next to one of our units, with the first two units around each
GAPS = """
WITH part AS (
  SELECT around.ids[1] AS one, around.ids[2] AS other, hole.geometry
  FROM topology_gap AS hole CROSS JOIN LATERAL (
    SELECT array_agg(DISTINCT unit.id) AS ids, bool_or(unit.id = ANY(%(own)s)) AS ours
    FROM boundaries_unitpiece AS piece JOIN boundaries_unit AS unit ON unit.id = piece.unit_id
    WHERE ST_DWithin(piece.geometry, hole.geometry, 1e-9) AND unit.level = hole.level AND unit.id = ANY(%(all)s)
  ) AS around
  WHERE around.ours
)
"""

# What of a whole none of its parts covers: of our wholes everywhere, of others where ours are. Holes between the parts are told as gaps.
UNCOVERED = """
WITH joined AS (
  SELECT parent_id, ST_Union(geometry) AS geometry FROM topology_union WHERE parent_id = ANY(%(batch)s) GROUP BY parent_id
), bare AS (
  SELECT joined.parent_id AS one, (ST_Dump(ST_CollectionExtract(ST_Difference(shape.geometry, joined.geometry), 3))).geom AS geometry
  FROM joined JOIN boundaries_unitshape AS shape ON shape.unit_id = joined.parent_id AND shape.current
), part AS (
  SELECT one, NULL::bigint AS other, geometry FROM bare
  WHERE NOT EXISTS (SELECT FROM topology_gap AS gap WHERE ST_Covers(gap.geometry, ST_PointOnSurface(bare.geometry)))
    AND (one = ANY(%(own)s) OR EXISTS (
      SELECT FROM boundaries_unitpiece AS piece WHERE piece.unit_id = ANY(%(own)s) AND ST_DWithin(piece.geometry, bare.geometry, 1e-9)
    ))
)
"""

TINY_PARTS = """
WITH separate AS (
  SELECT unit.id AS one, NULL::bigint AS other, polygon.geom AS geometry, ST_Area(polygon.geom::geography) AS area,
         ST_Perimeter(polygon.geom::geography) AS perimeter
  FROM boundaries_unit AS unit JOIN boundaries_unitshape AS shape ON shape.unit_id = unit.id AND shape.current, ST_Dump(shape.geometry) AS polygon
  WHERE unit.id = ANY(%(batch)s) AND ST_NumGeometries(shape.geometry) > 1
), part AS (
  SELECT one, other, geometry FROM separate WHERE area < %(tiny)s OR 2 * area < %(sliver)s * perimeter
)
"""

BROKEN = """
SELECT unit.id, reason, ST_X(location), ST_Y(location)
FROM boundaries_unit AS unit LEFT JOIN boundaries_unitshape AS shape ON shape.unit_id = unit.id AND shape.current
LEFT JOIN LATERAL ST_IsValidDetail(shape.geometry) AS detail ON true
WHERE unit.id = ANY(%(own)s) AND (shape.id IS NULL OR NOT detail.valid)
"""

# Units of the same level that were, or would be, in force beside ours: those of other active editions that this one does not replace, around it, and
# wherever they are parts of the same whole
BESIDE = """
SELECT other.id
FROM boundaries_unit AS other JOIN boundaries_unitshape AS shape ON shape.unit_id = other.id AND shape.current
JOIN (
  SELECT unit.level, range_merge(range_agg(unit.validity)) AS validity, ST_Expand(ST_Extent(piece.geometry)::geometry, 0.01) AS box
  FROM boundaries_unit AS unit JOIN boundaries_unitpiece AS piece ON piece.unit_id = unit.id
  WHERE unit.id = ANY(%(own)s) GROUP BY unit.level
) AS ours ON ours.level = other.level AND ours.validity && other.validity
WHERE other.active AND (shape.geometry && ours.box OR other.parent_id IN (SELECT own.parent_id FROM boundaries_unit AS own WHERE own.id = ANY(%(own)s))) AND other.id <> ALL(%(own)s)
  AND NOT EXISTS (SELECT FROM boundaries_unit AS own WHERE own.id = ANY(%(own)s) AND own.level = other.level AND own.code = other.code)
  AND NOT EXISTS (
    SELECT FROM boundaries_unitpiece AS piece WHERE piece.unit_id = ANY(%(own)s) AND NOT %(active)s AND ST_Covers(piece.geometry, shape.label_point)
  )
"""

# The unit that had the code on the day before, with what both have in common of what they cover together
BEFORE = """
SELECT unit.id, former.name, common.area / nullif(unit_shape.area_m2 + former_shape.area_m2 - common.area, 0)
FROM boundaries_unit AS unit
JOIN boundaries_unit AS former ON former.level = unit.level AND former.code = unit.code AND former.id <> unit.id AND former.active
  AND former.validity @> (lower(unit.validity) - 1) AND former.name <> unit.name
JOIN boundaries_unitshape AS unit_shape ON unit_shape.unit_id = unit.id AND unit_shape.current
JOIN boundaries_unitshape AS former_shape ON former_shape.unit_id = former.id AND former_shape.current
CROSS JOIN LATERAL (
  SELECT coalesce(sum(ST_Area(ST_Intersection(now.geometry, was.geometry)::geography)), 0) AS area
  FROM boundaries_unitpiece AS now JOIN boundaries_unitpiece AS was ON was.geometry && now.geometry
  WHERE now.unit_id = unit.id AND was.unit_id = former.id
) AS common
WHERE unit.id = ANY(%(batch)s)
"""


@dataclass(frozen=True)
class Scope:
    """What is checked: the units of an edition with usable outlines and those beside them, by id; the names of all, and what ours are part of."""

    own: list[int]
    beside: list[int]
    names: dict[int, dict[str, str]]
    parents: list[int | None]
    wholes: list[int]

    @property
    def all(self) -> list[int]:
        """Ours and those beside them."""
        return self.own + self.beside

    def called(self, *ids: int | None) -> list[dict[str, str]]:
        """Units by code, name and level, as findings name them."""
        return [self.names[pk] for pk in ids if pk is not None and pk in self.names]


def scope_of(edition: Edition) -> tuple[list[Finding], Scope]:
    """The units that can be checked, and findings about those that cannot."""
    own = list(edition.units.order_by("pk").values_list("pk", flat=True))
    beside = [pk for (pk,) in _rows(BESIDE, {"own": own, "active": edition.state == Edition.State.ACTIVE})]
    units = Unit.objects.filter(pk__in=[*own, *beside]) | Unit.objects.filter(children__in=own)
    names = {unit.pk: {"code": unit.code, "name": unit.name, "level": str(unit.level)} for unit in units.distinct()}
    broken = {
        pk: Finding(
            kind=Kind.INVALID, severity=Severity.ERROR, units=[names[pk]], what="geometry" if reason else "missing",
            place=None if lon is None else (lon, lat), data={"reason": reason} if reason else {},
        )
        for pk, reason, lon, lat in _rows(BROKEN, {"own": own})
    }  # fmt: skip
    usable = [pk for pk in own if pk not in broken]
    parents: list[int | None] = list(
        dict.fromkeys(Unit.objects.filter(pk__in=usable).order_by("parent_id").values_list("parent_id", flat=True))
    )
    wholes = [parent for parent in parents if parent is not None and parent not in broken]
    return list(broken.values()), Scope(usable, beside, names, parents, wholes)


def overlaps(scope: Scope, track: Track) -> list[Finding]:
    """Places that two units of a level cover."""
    return _in_batches(OVERLAPS, Kind.OVERLAP, scope, "overlaps", track, {})


def outside(scope: Scope, track: Track) -> list[Finding]:
    """Places of units beyond what they are part of."""
    return _in_batches(OUTSIDE, Kind.OUTSIDE, scope, "parts beyond their whole", track, {"usable": scope.wholes})


def small_parts(scope: Scope, track: Track) -> list[Finding]:
    """Separate parts of units that are smaller than a house, or as thin as a strip."""
    return _in_batches(TINY_PARTS, Kind.SLIVER, scope, "small parts", track, {"tiny": TINY_PART_M2}, what="part")


def _in_batches(sql: str, kind: Kind, scope: Scope, label: str, track: Track, asked: dict[str, Any], *, what: str = "") -> list[Finding]:
    found: list[Finding] = []
    for start in track(label, range(0, len(scope.own), BATCH)):
        found += _told(sql, kind, scope, {"batch": scope.own[start : start + BATCH], **asked}, what=what)
    return found


def _told(sql: str, kind: Kind, scope: Scope, asked: dict[str, Any], *, what: str = "") -> list[Finding]:
    """The places that a check finds, each with its severity."""
    limits = {"sliver": SLIVER_M, "nothing": NOTHING_M2, "corners": CORNERS_KEPT}
    found = []
    for one, other, thin, area, width, places, lon, lat, geometry, reach in _rows(
        sql + TOLD, {"own": scope.own, "beside": scope.beside, "all": scope.all, **limits, **asked}
    ):
        told = Kind.SLIVER if thin or what else kind
        found.append(
            Finding(
                kind=told,
                severity=severity_of(told, area, reach),
                units=scope.called(one, other),
                what=what or (str(kind) if thin else ""),
                size_m2=area,
                width_m=width,
                place=(lon, lat),
                geometry=json.loads(geometry),
                data={"places": places} if places > 1 else {},
            )
        )
    return found


@transaction.atomic  # the joined outlines stand in temporary tables
def coverage(scope: Scope, track: Track) -> list[Finding]:
    """Gaps between units of a level, and places of a whole that none of its parts covers."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS topology_union, topology_gap")
        cursor.execute("CREATE TEMPORARY TABLE topology_union (parent_id bigint, level text, geometry geometry) ON COMMIT DROP")
        cursor.execute("CREATE TEMPORARY TABLE topology_gap (level text, geometry geometry) ON COMMIT DROP")
        parents = [*scope.parents, *_parents_beside(scope)]
        for number in track("joining parts", range(len(parents))):
            cursor.execute(JOIN_PARTS, {"all": scope.all, "parent": parents[number]})
        cursor.execute(HOLES)
    found = _told(GAPS, Kind.GAP, scope, {})
    for number in track("wholes without parts", range(len(scope.wholes))):
        found += _told(UNCOVERED, Kind.UNCOVERED, scope, {"batch": [scope.wholes[number]]})
    return found


def _parents_beside(scope: Scope) -> list[int | None]:
    """The wholes of which only units beside ours are part."""
    above = Unit.objects.filter(pk__in=scope.beside).order_by("parent_id").values_list("parent_id", flat=True).distinct()
    return [parent for parent in above if parent not in scope.parents]


def areas(scope: Scope, _track: Track) -> list[Finding]:
    """Outlines that are much larger or smaller than what was published. Never an error: published areas are often those of another time."""
    shapes = UnitShape.objects.filter(unit__in=scope.own, current=True, schematic=False, unit__published_area_km2__gt=0)
    found = []
    for pk, area, point, km2 in shapes.values_list("unit_id", "area_m2", "label_point", "unit__published_area_km2"):
        published = float(km2 or 0)
        difference = area - published * 1e6
        share = difference / (published * 1e6)
        if abs(share) < AREA_NOTE:
            continue
        data = {"drawn_km2": round(area / 1e6, 2), "published_km2": round(published, 2), "percent": f"{100 * share:+.0f}"}
        severity = Severity.WARNING if abs(share) >= AREA_WARNING else Severity.NOTE
        found.append(Finding(Kind.AREA, severity, scope.called(pk), size_m2=abs(difference), place=(point.x, point.y), data=data))
    return found


def names(scope: Scope, track: Track) -> list[Finding]:
    """The same name twice within one unit, and other names than the codes had before."""
    points = dict(UnitShape.objects.filter(unit__in=scope.own, current=True).values_list("unit_id", "label_point"))
    found = []
    alike: dict[tuple[int | None, str, str], list[tuple[int, str]]] = defaultdict(list)
    for pk, parent, level, name in Unit.objects.filter(pk__in=scope.own).order_by("code").values_list("pk", "parent_id", "level", "name"):
        alike[parent, level, fold(name)].append((pk, spelled(name)))
    for group in alike.values():
        if len(group) > 1:
            same = len({name for _pk, name in group}) < len(group)
            severity, what = (Severity.WARNING, "duplicate") if same else (Severity.NOTE, "alike")
            ids = [pk for pk, _name in group]
            point = points[ids[0]]
            found.append(Finding(Kind.NAME, severity, scope.called(*ids), what=what, place=(point.x, point.y)))
    for start in track("former names", range(0, len(scope.own), BATCH)):
        for pk, before, common in _rows(BEFORE, {"batch": scope.own[start : start + BATCH]}):
            point, unit = points[pk], scope.names[pk]
            what = _change_of_name(before, unit["name"], common or 0.0)
            found.append(
                Finding(
                    Kind.NAME,
                    Severity.NOTE,
                    [unit],
                    what=what,
                    place=(point.x, point.y),
                    data={"before": before, "common": round(common or 0, 3)},
                )
            )
    return found


def _change_of_name(before: str, now: str, common: float) -> str:
    """How a name differs from the one that the code had before; `common` is the share of both outlines together that they share."""
    if common < SAME_PLACE:
        return "reused"
    if fold(before) == fold(now):
        return "spelling"
    return "kind" if _bare(before) == _bare(now) else "renamed"


def spelled(name: str) -> str:
    """A name as it is compared: without case, and with one of the two places where a tone mark may stand (Hòa, Hoà)."""
    letters = unicodedata.normalize("NFD", name.casefold())
    return MOVED_TONE.sub(r"\1\3\2", letters)


def _bare(name: str) -> str:
    """A name without its kind, folded."""
    kind = UnitKind.of_name(name)
    return fold(name[len(kind.label) :] if kind is not UnitKind.OTHER else name).strip()


CHECKS = (overlaps, outside, coverage, small_parts, areas, names)


def _rows(sql: str, asked: dict[str, Any]) -> Iterable[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, asked)
        return list(cursor.fetchall())
