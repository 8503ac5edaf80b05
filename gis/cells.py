"""Web map tiles as whole numbers: a point's cell at DEPTH, from which the cell at every zoom is a shift of bits."""

import math

import numpy as np
import numpy.typing as npt
from django.db.models import BigIntegerField, Func, IntegerField

DEPTH = 24  # about 2.4 m at the equator
MAX_LATITUDE = 85.0511287798066  # where the Web Mercator square ends


class CellX(Func):
    """Column of the tile of a WGS 84 point at zoom DEPTH, from west."""

    template = f"LEAST(floor((ST_X(%(expressions)s) + 180.0) / 360.0 * {2**DEPTH}), {2**DEPTH - 1})::integer"
    output_field = IntegerField()


class CellY(Func):
    """Row of the tile of a WGS 84 point at zoom DEPTH, from north (the slippy map's formula)."""

    template = (
        f"GREATEST(LEAST(floor((1.0 - asinh(tan(radians(GREATEST(LEAST(ST_Y(%(expressions)s), {MAX_LATITUDE}), -{MAX_LATITUDE})))) / pi())"
        f" / 2.0 * {2**DEPTH}), {2**DEPTH - 1}), 0)::integer"
    )
    output_field = IntegerField()


class CellCode(Func):
    """A finest cell's column and row in one number, bit by bit in turn (Morton order): the cells within a cell of any zoom follow one another."""

    function = "cell_code"  # reports/migrations/0028
    output_field = BigIntegerField()


def cell_of(lon: float, lat: float, zoom: int) -> tuple[int, int]:
    """Column and row of the tile of a WGS 84 position (degrees) at a zoom."""
    last = 2**zoom - 1
    lat = max(-MAX_LATITUDE, min(MAX_LATITUDE, lat))
    x = math.floor((lon + 180.0) / 360.0 * 2**zoom)
    y = math.floor((1.0 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2.0 * 2**zoom)
    return max(0, min(last, x)), max(0, min(last, y))


def cells_touching(extent: tuple[float, float, float, float], zoom: int) -> tuple[int, int, int, int]:
    """First and last column, first and last row of the tiles that touch a box (west, south, east, north in degrees) at a zoom."""
    west, south, east, north = extent
    first_x, first_y = cell_of(west, north, zoom)
    last_x, last_y = cell_of(east, south, zoom)
    return first_x, last_x, first_y, last_y


def corner(x: int, y: int, zoom: int) -> tuple[float, float]:
    """The north-west corner (lon, lat in degrees) of a tile."""
    lon = x / 2**zoom * 360.0 - 180.0
    lat = math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * y / 2**zoom))))
    return lon, lat


def extent_of(first_x: int, last_x: int, first_y: int, last_y: int, zoom: int) -> tuple[float, float, float, float]:
    """West, south, east, north (degrees) of the box that holds some columns and rows of tiles, a finest cell to spare at each side."""
    west, north = corner(first_x, first_y, zoom)
    east, south = corner(last_x + 1, last_y + 1, zoom)
    spare = 360.0 / 2**DEPTH
    return west - spare, south - spare, east + spare, north + spare


MOST_RANGES = 500


def ranges_of_codes(first_x: int, last_x: int, first_y: int, last_y: int, zoom: int, *, within: int) -> tuple[list[int], list[int]]:
    """First and last codes (CellCode) of the ranges in which all finest cells of some columns and rows of tiles lie.

    None goes beyond a tile of zoom `within`, the lower one. Where there would be more than MOST_RANGES they are of coarser tiles up to that zoom, and hold
    cells beside the box too.
    """
    while True:
        x, y = np.meshgrid(np.arange(first_x, last_x + 1), np.arange(first_y, last_y + 1))
        codes = np.sort((_spread(x) | _spread(y) << 1).ravel())
        apart = 2 * (zoom - within)
        breaks = np.flatnonzero((np.diff(codes) > 1) | (np.diff(codes >> apart) > 0))
        if len(breaks) < MOST_RANGES or zoom == within:
            shift = 2 * (DEPTH - zoom)
            starts, ends = codes[np.concatenate(([0], breaks + 1))], codes[np.append(breaks, len(codes) - 1)]
            return (starts << shift).tolist(), ((ends + 1 << shift) - 1).tolist()
        first_x, last_x, first_y, last_y, zoom = first_x >> 1, last_x >> 1, first_y >> 1, last_y >> 1, zoom - 1


def _spread(number: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The bits of whole numbers below 2³², each followed by an empty one."""
    for shift, kept in (
        (16, 0x0000FFFF0000FFFF),
        (8, 0x00FF00FF00FF00FF),
        (4, 0x0F0F0F0F0F0F0F0F),
        (2, 0x3333333333333333),
        (1, 0x5555555555555555),
    ):
        number = (number | number << shift) & kept
    return number
