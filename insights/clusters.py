"""Reports on the map, counted by cell: a cell is a tile three zooms deeper than the map, and is always counted whole."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from django.contrib.gis.geos import Polygon
from django.db.models import BigIntegerField, Count, Func, IntegerField, Max, Min, QuerySet, Sum
from django.utils.translation import gettext as _

from gis.cells import DEPTH, cells_touching, corner
from gis.errors import PlaceError
from reports.models import Report

FINER = 3  # cells are tiles of zoom + 3
MAX_CELLS = 40_000
MAX_ZOOM = DEPTH - FINER
SCALE = 10**7  # sums of coordinates are whole numbers of 10⁻⁷ degree: they add up exactly, in any order


class _Ordinate(Func):
    """A coordinate of a point as a whole number of 10⁻⁷ degree."""

    output_field = BigIntegerField()

    def __init__(self, axis: str) -> None:
        super().__init__("location", template=f"round(ST_{axis}(%(expressions)s) * {SCALE})::bigint")


class _Shifted(Func):
    """A whole number without its lowest bits."""

    output_field = IntegerField()

    def __init__(self, name: str, bits: int) -> None:
        super().__init__(name, template=f"(%(expressions)s >> {bits:d})")


@dataclass
class _Cell:
    count: int = 0
    lon: int = 0
    lat: int = 0
    categories: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    code: str = ""
    west: int = 2**31
    east: int = -1
    north: int = 2**31
    south: int = -1


def clusters(reports: QuerySet[Report], *, box: Polygon, zoom: int) -> list[dict[str, Any]]:
    """GeoJSON features for the cells that touch a WGS 84 box at a web map zoom (0–21): clusters, and single reports.

    The counts add up to exactly the matching reports in those cells. Raises PlaceError for a box too large for its zoom.
    """
    depth = zoom + FINER
    first_x, last_x, first_y, last_y = cells_touching(box, depth)
    if (last_x - first_x + 1) * (last_y - first_y + 1) > MAX_CELLS:
        sentence = _("The box is too large for zoom %(zoom)d; ask for a smaller one or a lower zoom.") % {"zoom": zoom}
        raise PlaceError(sentence, errors={"bbox": [sentence]})
    bits = DEPTH - depth
    rows = (
        reports.order_by()
        .filter(cell_x__range=(first_x << bits, ((last_x + 1) << bits) - 1), cell_y__range=(first_y << bits, ((last_y + 1) << bits) - 1))
        .values("category__code", "status", x=_Shifted("cell_x", bits), y=_Shifted("cell_y", bits))
        .annotate(
            count=Count("pk"),
            lon=Sum(_Ordinate("X")),
            lat=Sum(_Ordinate("Y")),
            sample=Min("code"),
            west=Min("cell_x"),
            east=Max("cell_x"),
            north=Min("cell_y"),
            south=Max("cell_y"),
        )
    )
    cells: dict[tuple[int, int], _Cell] = {}
    for row in rows:
        cell = cells.setdefault((row["x"], row["y"]), _Cell())
        cell.count += row["count"]
        cell.lon += int(row["lon"])
        cell.lat += int(row["lat"])
        cell.categories[row["category__code"]] += row["count"]
        cell.statuses[row["status"]] += row["count"]
        cell.code = row["sample"]
        cell.west, cell.east = min(cell.west, row["west"]), max(cell.east, row["east"])
        cell.north, cell.south = min(cell.north, row["north"]), max(cell.south, row["south"])
    return [_feature(cell) for _key, cell in sorted(cells.items())]


def _feature(cell: _Cell) -> dict[str, Any]:
    point = {"type": "Point", "coordinates": [round(cell.lon / cell.count / SCALE, 6), round(cell.lat / cell.count / SCALE, 6)]}
    if cell.count == 1:
        properties: dict[str, Any] = {
            "cluster": False,
            "code": cell.code,
            "category": next(iter(cell.categories)),
            "status": next(iter(cell.statuses)),
        }
    else:
        properties = {
            "cluster": True,
            "count": cell.count,
            "by_category": dict(cell.categories.most_common()),
            "by_status": dict(cell.statuses.most_common()),
            "expansion_zoom": _expansion_zoom(cell),
            "bbox": _bbox(cell),
        }
    return {"type": "Feature", "geometry": point, "properties": properties}


def _expansion_zoom(cell: _Cell) -> int:
    """The lowest zoom at which the cluster falls into several cells; the highest of all where its reports lie on one spot."""
    differing = (cell.west ^ cell.east) | (cell.north ^ cell.south)
    return MAX_ZOOM if not differing else min(MAX_ZOOM, DEPTH - differing.bit_length() + 1 - FINER)


def _bbox(cell: _Cell) -> list[float]:
    """West, south, east, north (degrees) of the finest cells that hold the cluster's reports."""
    west, north = corner(cell.west, cell.north, DEPTH)
    east, south = corner(cell.east + 1, cell.south + 1, DEPTH)
    return [round(number, 6) for number in (west, south, east, north)]
