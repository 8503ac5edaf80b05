"""Reports on the map, counted by cell: a cell is a tile three zooms deeper than the map, and is always counted whole."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from django.contrib.gis.geos import Polygon
from django.db import connection
from django.utils.translation import gettext as _

from gis.cells import DEPTH, cells_touching, corner
from gis.errors import PlaceError
from insights.pyramid.read import SCALE, Mix, Window, rows
from insights.pyramid.words import WORD
from reports.models import Report

FINER = 3  # cells are tiles of zoom + 3
MAX_CELLS = 40_000
MAX_ZOOM = DEPTH - FINER
NOWHERE = HALF = 2**31
BREAKDOWNS = ("category", "status")

Whole = npt.NDArray[np.int64]

STAND = """
SELECT pyramid.epoch::text, coalesce(pyramid.folded, 0) + (SELECT count(*) FROM insights_delta), (SELECT json_object_agg(id, code)::text FROM authorities_category)
FROM (SELECT) AS always LEFT JOIN insights_pyramid AS pyramid ON true
"""


@dataclass(frozen=True)
class Stand:
    """How the public data stand: the version of what is counted (empty: not known), whether there is a pyramid, and categories' codes by key."""

    version: str
    built: bool
    codes: Mapping[int, str]

    @property
    def codes_key(self) -> frozenset[tuple[int, str]]:
        """Changes where a category is renamed, of which no delta tells."""
        return frozenset(self.codes.items())

    @classmethod
    def now(cls) -> Stand:
        """As it is committed. Ask it before what it is the version of: then what is kept under a version is never older than it."""
        with connection.cursor() as cursor:
            cursor.execute(STAND)
            epoch, changes, codes = cursor.fetchone()
        return cls(
            version=f"{epoch[:8]}-{changes}" if epoch else "",
            built=epoch is not None,
            codes={int(key): code for key, code in json.loads(codes or "{}").items()},
        )


def window_of(box: Polygon, zoom: int) -> Window:
    """The cells that touch a WGS 84 box at a web map zoom (0–21). Raises PlaceError for a box too large for its zoom."""
    depth = zoom + FINER
    first_x, last_x, first_y, last_y = cells_touching(box, depth)
    if (last_x - first_x + 1) * (last_y - first_y + 1) > MAX_CELLS:
        sentence = _("The box is too large for zoom %(zoom)d; ask for a smaller one or a lower zoom.") % {"zoom": zoom}
        raise PlaceError(sentence, errors={"bbox": [sentence]})
    return Window(depth, first_x, last_x, first_y, last_y)


def clusters(mix: Mix, window: Window, stand: Stand, by: Collection[str] = BREAKDOWNS) -> list[dict[str, Any]]:
    """GeoJSON features for the cells of a window: clusters, and single reports. Their counts add up to exactly the matching public reports there.

    `by` says of what clusters tell how many of each they hold: category, status.
    """
    cells = _added_up(rows(mix, window, built=stand.built))
    singles = [cell.ids for cell in cells if cell.count == 1]
    # A report's code never changes: that this is a second statement cannot be seen
    named = dict(Report.objects.filter(pk__in=singles).values_list("pk", "code")) if singles else {}
    categories, statuses = _broken_down(cells)
    kinds = {key: stand.codes.get(key, "") for key in range(len(categories[0]))} if cells else {}
    return [
        _feature(cell, named, _by_name(of_category, kinds), _by_name(of_status, WORD), by)
        for cell, of_category, of_status in zip(cells, categories, statuses, strict=True)
        if cell.count > 1 or cell.ids in named
    ]


@dataclass(slots=True)
class _Cell:
    count: int
    lon: int
    lat: int
    ids: int
    west: int
    east: int
    north: int
    south: int
    parts: str


def _added_up(found: Iterable[tuple[Any, ...]]) -> list[_Cell]:
    """The cells in which something is left, in the order of their columns and rows."""
    cells: dict[tuple[int, int], _Cell] = {}
    for x, y, count, lon, lat, ids, west, east, north, south, parts in found:
        if west is None:  # only departures
            west, east, north, south = NOWHERE, -1, NOWHERE, -1
        cell = cells.get((x, y))
        if cell is None:
            cells[x, y] = _Cell(count, lon, lat, ids, west, east, north, south, parts)
            continue
        cell.count += count
        cell.lon += lon
        cell.lat += lat
        cell.ids += ids
        cell.west, cell.east = min(cell.west, west), max(cell.east, east)
        cell.north, cell.south = min(cell.north, north), max(cell.south, south)
        cell.parts += f",{parts}"
    return [cell for _key, cell in sorted(cells.items()) if cell.count > 0]


def _feature(
    cell: _Cell, named: Mapping[int, str], by_category: dict[str, int], by_status: dict[str, int], by: Collection[str]
) -> dict[str, Any]:
    point = {"type": "Point", "coordinates": [round(cell.lon / cell.count / SCALE, 6), round(cell.lat / cell.count / SCALE, 6)]}
    if cell.count == 1:
        properties: dict[str, Any] = {
            "cluster": False,
            "code": named[cell.ids],
            "category": next(iter(by_category)),
            "status": next(iter(by_status)),
        }
    else:
        properties = {"cluster": True, "count": cell.count}
        if "category" in by:
            properties["by_category"] = by_category
        if "status" in by:
            properties["by_status"] = by_status
        properties |= {"expansion_zoom": _expansion_zoom(cell), "bbox": _bbox(cell)}
    return {"type": "Feature", "geometry": point, "properties": properties}


def _broken_down(cells: Sequence[_Cell]) -> tuple[list[list[int]], list[list[int]]]:
    """How many of each category's key, and of each status's number, cell by cell (models.CellTotal says how parts are written)."""
    parts = np.fromstring(",".join(cell.parts for cell in cells), dtype=np.int64, sep=",")
    place = np.repeat(np.arange(len(cells)), [cell.parts.count(",") + 1 for cell in cells])
    keys = (parts + HALF) >> 32
    numbers = parts - (keys << 32)
    return _table(len(cells), place, keys >> 4, numbers), _table(len(cells), place, keys & 15, numbers)


def _table(cells: int, place: Whole, columns: Whole, numbers: Whole) -> list[list[int]]:
    """Numbers added up by place and column."""
    width = int(columns.max()) + 1 if len(columns) else 1
    summed = np.bincount(place * width + columns, weights=numbers, minlength=cells * width)
    table: list[list[int]] = summed.astype(np.int64).reshape(cells, width).tolist()
    return table


def _by_name(numbers: Sequence[int], names: Mapping[int, str]) -> dict[str, int]:
    return {names[key]: number for key, number in enumerate(numbers) if number}


def _expansion_zoom(cell: _Cell) -> int:
    """The lowest zoom at which the cluster falls into several cells; the highest of all where its reports lie on one spot."""
    differing = (cell.west ^ cell.east) | (cell.north ^ cell.south)
    return MAX_ZOOM if not differing else min(MAX_ZOOM, DEPTH - differing.bit_length() + 1 - FINER)


def _bbox(cell: _Cell) -> list[float]:
    """West, south, east, north (degrees) of the finest cells that hold the cluster's reports."""
    west, north = corner(cell.west, cell.north, DEPTH)
    east, south = corner(cell.east + 1, cell.south + 1, DEPTH)
    return [round(number, 6) for number in (west, south, east, north)]
