"""Drawings of figures as numbers for SVG: the template only writes them down. No style stands in them, colours are classes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from django.db import connection

from boundaries.models import Unit
from insights.figures.read import PARTS, Sums
from insights.figures.table import Row

WIDTH = 640
CLASSES = 5  # of a map; more cannot be told apart
SHARE_EDGES = (0.5, 0.7, 0.85, 0.95)
# One unit of the drawing is 100 m of the web map; whole numbers keep it small
OUTLINES = """
SELECT unit.id, ST_AsSVG(ST_Scale(ST_Transform(outline.geometry, 3857), 0.01, 0.01), 1, 0),
       ST_XMin(box.edge), ST_YMin(box.edge), ST_XMax(box.edge), ST_YMax(box.edge)
FROM unnest(%s::bigint[]) AS unit (id)
JOIN LATERAL (
  SELECT COALESCE(
    (SELECT geometry FROM boundaries_unitoutline WHERE unit_id = unit.id AND max_zoom >= %s ORDER BY max_zoom LIMIT 1),
    (SELECT geometry FROM boundaries_unitshape WHERE unit_id = unit.id AND current LIMIT 1)
  ) AS geometry
) AS outline ON outline.geometry IS NOT NULL
CROSS JOIN LATERAL (SELECT ST_Scale(ST_Transform(ST_Envelope(outline.geometry), 3857), 0.01, 0.01) AS edge) AS box
"""
MAP_ZOOM = 7


@dataclass(frozen=True)
class Part:
    """A piece of the bar of parts: where it begins and how wide it is."""

    name: str
    number: int
    x: float
    width: float


def parts_of(sums: Sums) -> list[Part]:
    """Received as one bar of its five parts."""
    parts, x = [], 0.0
    for name in PARTS:
        width = WIDTH * sums[name] / sums["received"] if sums["received"] else 0.0
        parts.append(Part(name, sums[name], round(x, 1), round(width, 1)))
        x += width
    return parts


@dataclass(frozen=True)
class Column:
    """A month: two columns side by side, of what was received and what of it is resolved, with their tops and the lists behind them."""

    row: Row
    links: tuple[str, str]
    x: float
    width: float
    received: float
    resolved: float
    is_named: bool

    @property
    def name(self) -> str:
        """The month as people write it."""
        code = self.row.labels[0].code or ""
        return f"{code[5:]}/{code[:4]}"


@dataclass(frozen=True)
class Columns:
    """The months and the lines behind them: height and number of each."""

    columns: list[Column]
    lines: list[tuple[float, int]]
    height: int = 200


def columns_of(rows: Sequence[Row], link: Callable[[str, Row], str], height: int = 200) -> Columns:
    """Months in their order."""
    most = max((row.sums["received"] for row in rows), default=0)
    step = _round_step(most)
    top = max(step * -(-most // step), 1)
    width = WIDTH / max(len(rows), 1)
    named = -(-len(rows) // 6)
    columns = [
        Column(
            row,
            (link("received", row), link("resolved", row)),
            round(place * width + width * 0.12, 1),
            round(width * 0.36, 1),
            round(height * row.sums["received"] / top, 1),
            round(height * row.sums["resolved"] / top, 1),
            place % named == 0,
        )
        for place, row in enumerate(rows)
    ]
    return Columns(columns, [(round(height - height * number / top, 1), number) for number in range(0, top + 1, step)], height)


def _round_step(most: int) -> int:
    """A step of 1, 2 or 5 times a power of ten, with at most five of them."""
    power = 1
    while True:
        for step in (power, 2 * power, 5 * power):
            if step * 5 >= most:
                return step
        power *= 10


@dataclass(frozen=True)
class Area:
    """A unit of a map: its outline, the class of its value (None: too few), its row; of how many reports the value is, and their list."""

    row: Row
    path: str
    rank: int | None
    value: float | None
    number: int
    href: str


@dataclass(frozen=True)
class Map:
    """The areas with the drawing's frame, and the lower and upper edge of each class."""

    areas: list[Area]
    frame: str
    classes: list[tuple[float, float]]
    is_share: bool


def map_of(rows: Sequence[Row], value: Callable[[Row], tuple[float | None, int, str]], *, is_share: bool) -> Map | None:
    """A map of units by class of a value; with it go of how many reports it is and where they are listed. None where there is no unit to draw."""
    units: dict[int, tuple[Row, Unit]] = {row.labels[0].unit.pk: (row, row.labels[0].unit) for row in rows if row.labels[0].unit}
    with connection.cursor() as cursor:
        cursor.execute(OUTLINES, [list(units), MAP_ZOOM])
        outlines = cursor.fetchall()
    if not outlines:
        return None
    values = {key: value(row) for key, (row, _unit) in units.items()}
    known = [told for told, *_behind in values.values() if told is not None]
    edges = list(SHARE_EDGES) if is_share else _fifths(known)
    ends = [0.0, *edges, 1.0 if is_share else max(known, default=0.0)]
    areas = [Area(units[key][0], path, _class_of(values[key][0], edges), *values[key]) for key, path, *_box in outlines]
    west, south = min(row[2] for row in outlines), min(row[3] for row in outlines)
    east, north = max(row[4] for row in outlines), max(row[5] for row in outlines)
    margin = (east - west) / 50
    frame = f"{west - margin:.0f} {-north - margin:.0f} {east - west + 2 * margin:.0f} {north - south + 2 * margin:.0f}"
    return Map(areas, frame, list(pairwise(ends)), is_share)


def _class_of(value: float | None, edges: Sequence[float]) -> int | None:
    return None if value is None else 1 + sum(value >= edge for edge in edges)


def _fifths(values: Sequence[float]) -> list[float]:
    """Where each fifth of the values ends, without repeating."""
    ordered = sorted(values)
    return sorted({ordered[len(ordered) * part // CLASSES] for part in range(1, CLASSES)} - {0}) if ordered else []
