"""Reports on the map, counted by cell: a cell is a tile three zooms deeper than the map, and is always counted whole."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from django.utils.translation import gettext as _

from gis.cells import DEPTH, cells_touching
from gis.errors import PlaceError
from gis.prepared import one_row
from insights.pyramid.read import SCALE, Mix, Window, rows
from insights.pyramid.words import WORD

FINER = 3  # cells are tiles of zoom + 3
MAX_CELLS = 40_000
MAX_ZOOM = DEPTH - FINER
HALF = 2**31
BREAKDOWNS = ("category", "status")
DIGITS = 5  # of a degree, 1 m: a disc on the map is 30 pixels wide
EXACT_DIGITS = 7  # of what is summed
OF_A_SIDE = 8  # a cluster's box is told to an eighth of the cells into which it falls, outwards: its digits would be most of an answer

Whole = npt.NDArray[np.int64]
Real = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

STAND = """
SELECT pyramid.epoch::text, coalesce(pyramid.folded, 0) + (SELECT count(*) FROM insights_delta),
       (SELECT coalesce(json_object_agg(id, code), '{}')::text FROM authorities_category)
FROM (SELECT) AS always LEFT JOIN insights_pyramid AS pyramid ON true
"""
PART = np.dtype([("length", ">i4"), ("part", ">i8")])  # an element of PostgreSQL's bigint[]


@dataclass(frozen=True)
class Stand:
    """How the public data stand: the version of what is counted (empty: not known), whether there is a pyramid, and categories' codes by key."""

    version: str
    built: bool
    codes_text: str  # JSON; it changes where a category is renamed, of which no delta tells

    @cached_property
    def codes(self) -> Mapping[int, str]:
        """Categories' codes by key."""
        return {int(key): code for key, code in json.loads(self.codes_text).items()}

    @classmethod
    def now(cls) -> Stand:
        """As it is committed. Ask it before what it is the version of: then what is kept under a version is never older than it."""
        epoch, changes, codes = one_row(STAND, {})
        return cls(version=f"{epoch[:8]}-{changes}" if epoch else "", built=epoch is not None, codes_text=codes)


def window_of(extent: tuple[float, float, float, float], zoom: int) -> Window:
    """The cells that touch a box (west, south, east, north in degrees) at a web map zoom (0–21). Raises PlaceError for one too large for its zoom."""
    depth = zoom + FINER
    first_x, last_x, first_y, last_y = cells_touching(extent, depth)
    if (last_x - first_x + 1) * (last_y - first_y + 1) > MAX_CELLS:
        sentence = _("The box is too large for zoom %(zoom)d; ask for a smaller one or a lower zoom.") % {"zoom": zoom}
        raise PlaceError(sentence, errors={"bbox": [sentence]})
    return Window(depth, first_x, last_x, first_y, last_y)


def feature_collection(mix: Mix, window: Window, stand: Stand, by: Collection[str] = BREAKDOWNS) -> str:
    """GeoJSON of the cells of a window: clusters, and single reports. Their counts add up to exactly the matching public reports there.

    `by` says of what clusters tell how many of each they hold: category, status. Put together as text: objects of Python take five times as long.
    """
    features = TOLD.of(rows(mix, window, built=stand.built, by_category="category" in by), window.depth, stand, frozenset(by))
    return f'{{"type":"FeatureCollection","features":[{",".join(features)}]}}'


class Told:
    """Texts of cells that this process has told lately: whoever moves the map a little asks for most of its cells again. A text follows from its row."""

    def __init__(self, most: int = 2048) -> None:
        self._most = most  # of some 2 KB
        self._texts: dict[tuple[int, frozenset[str], str, tuple[Any, ...]], str] = {}

    def of(self, found: Sequence[tuple[Any, ...]], depth: int, stand: Stand, by: frozenset[str]) -> list[str]:
        """A GeoJSON feature for each row of read.rows()."""
        codes = sys.intern(stand.codes_text)  # compared by identity
        keys = [(depth, by, codes, row) for row in found]
        known = {key: text for key in keys if (text := self._texts.get(key)) is not None}
        missing = [key for key in keys if key not in known]
        made = dict(zip(missing, _features([key[3] for key in missing], depth, stand, by), strict=True))
        if len(self._texts) + len(made) > self._most:
            self._texts.clear()
        self._texts.update(made)
        return [known.get(key) or made[key] for key in keys]


TOLD = Told()


def _features(found: Sequence[tuple[Any, ...]], depth: int, stand: Stand, by: Collection[str]) -> list[str]:
    if not found:
        return []
    x, y, count, lon, lat, _ids, west, east, north, south, parts, code = zip(*found, strict=True)
    counts, single = np.array(count), np.array(count) == 1
    zoom, box = _extents(*(np.array(edge) for edge in (west, east, north, south)))
    left, bottom, right, top = box
    kinds, statuses = _broken_down(parts, single, by, stand.codes)
    return [
        f'{{"type":"Feature","geometry":{{"type":"Point","coordinates":[{middle_x},{middle_y}]}},"properties":{{'
        + (
            f'"cluster":true,"count":{number}{kind}{status},"expansion_zoom":{falls_apart},"bbox":[{edges}]}}}}'
            if number > 1
            else f'"cluster":false,"code":"{name}","category":{kind},"status":{status}}}}}'
        )
        for middle_x, middle_y, number, kind, status, falls_apart, edges, name in zip(
            _middle(np.array(lon) / counts, (left, right), np.array(x), _column, depth, single),
            _middle(np.array(lat) / counts, (bottom, top), np.array(y), _row, depth, single),
            count,
            kinds,
            statuses,
            zoom,
            [f"{a},{b},{c},{d}" for a, b, c, d in zip(*(edge.tolist() for edge in box), strict=True)],
            code,
            strict=True,
        )
    ]


def _middle(
    exact: Real, box: tuple[Real, Real], cells: Whole, cell_of: Callable[[Real, int], Whole], depth: int, single: Flags
) -> list[float]:
    """Middles in degrees, of single reports their places; none is rounded out of its cell, by which a map knows it, or out of the cluster's box."""
    exact = exact / SCALE
    middle = np.where(single, np.round(exact, DIGITS + 1), np.round(exact, DIGITS).clip(*box))
    told: list[float] = np.where(cell_of(middle, depth) == cells, middle, np.round(exact, EXACT_DIGITS)).tolist()
    return told


def _column(lon: Real, depth: int) -> Whole:
    columns: Whole = np.floor((lon + 180.0) / 360.0 * 2**depth).astype(np.int64)
    return columns


def _row(lat: Real, depth: int) -> Whole:
    found: Whole = np.floor((1.0 - np.arcsinh(np.tan(np.radians(lat))) / np.pi) / 2.0 * 2**depth).astype(np.int64)
    return found


def _extents(west: Whole, east: Whole, north: Whole, south: Whole) -> tuple[list[int], tuple[Real, Real, Real, Real]]:
    """From the finest cells between which reports lie: the lowest zoom at which they fall into several cells, and the box (west, south, east, north).

    The highest zoom of all where they lie on one spot.
    """
    differing = (west ^ east) | (north ^ south)
    zoom = np.where(differing == 0, MAX_ZOOM, np.minimum(MAX_ZOOM, DEPTH - np.frexp(differing)[1] + 1 - FINER))  # frexp: how many bits
    scale = 10.0 ** np.ceil(np.log10(OF_A_SIDE * 2.0 ** (zoom + FINER) / 360.0)).clip(0, DIGITS + 1)
    edges = (
        np.floor(_longitude(west) * scale) / scale,
        np.floor(_latitude(south + 1) * scale) / scale,
        np.ceil(_longitude(east + 1) * scale) / scale,
        np.ceil(_latitude(north) * scale) / scale,
    )
    return zoom.tolist(), edges


def _longitude(x: Whole) -> Real:
    """The western edge of finest cells, in degrees."""
    edges: Real = x / 2**DEPTH * 360.0 - 180.0
    return edges


def _latitude(y: Whole) -> Real:
    """The northern edge of finest cells, in degrees."""
    edges: Real = np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * y / 2**DEPTH))))
    return edges


def _broken_down(parts: Sequence[bytes], single: Flags, by: Collection[str], codes: Mapping[int, str]) -> tuple[list[str], list[str]]:
    """What is said of each cell's categories and of its statuses (models.CellTotal says how parts are written)."""
    part = np.frombuffer(b"".join(parts), PART)["part"].astype(np.int64)
    place = np.repeat(np.arange(len(parts)), [len(of_cell) // PART.itemsize for of_cell in parts])
    keys = (part + HALF) >> 32
    numbers = part - (keys << 32)

    def said(name: str, columns: Whole, names: Callable[[int], str]) -> list[str]:
        asked = np.ones(len(part), bool) if name in by else single[place]  # what a single report is of is always said
        return _said(name, single, place[asked], columns[asked], numbers[asked], names)

    return said("category", keys >> 4, lambda key: codes.get(key, "")), said("status", keys & 15, WORD.__getitem__)


def _said(name: str, single: Flags, place: Whole, columns: Whole, numbers: Whole, names: Callable[[int], str]) -> list[str]:
    """Of a cluster its numbers by column, as members of its properties; of a single report the one column in which it is counted."""
    width = int(columns.max()) + 1 if len(columns) else 1
    table = np.bincount(place * width + columns, weights=numbers, minlength=len(single) * width).reshape(len(single), width)
    cells, kept = np.nonzero(table)
    quoted = {column: json.dumps(names(column)) for column in set(kept.tolist())}
    words = [f"{quoted[column]}:{number}" for column, number in zip(kept.tolist(), table[cells, kept].astype(int).tolist(), strict=True)]
    ends = np.cumsum(np.count_nonzero(table, axis=1)).tolist()
    return [
        words[end - 1].rpartition(":")[0] if is_single else f',"by_{name}":{{{",".join(words[start:end])}}}' if end > start else ""
        for is_single, start, end in zip(single.tolist(), [0, *ends], ends, strict=False)
    ]
