"""Web map tiles as whole numbers: a point's cell at DEPTH, from which the cell at every zoom is a shift of bits."""

import math

from django.db.models import Func, IntegerField

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
