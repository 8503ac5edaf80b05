"""Mapbox vector tiles of any rows that have a geometry: the ORM says which rows, PostgreSQL draws them. Knows no model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.gis.db.models import GeometryField
from django.contrib.gis.geos import Polygon
from django.db import connection
from django.db.models import Func, QuerySet
from django.utils.translation import gettext as _

from gis.cells import corner
from gis.errors import PlaceError

CONTENT_TYPE = "application/vnd.mapbox-vector-tile"
LIMIT = 500_000  # bytes, before they are pressed: more is slow on every phone
DEEPEST = 22
EXTENT, BUFFER = 4096, 64  # units of a tile's own grid: its side, and what is drawn beyond it so that lines meet


@dataclass(frozen=True)
class Tile:
    """A tile of the web map: zoom, column from west, row from north."""

    z: int
    x: int
    y: int

    @classmethod
    def of(cls, z: str, x: str, y: str) -> Tile:
        """The tile of an address. Raises PlaceError for what is no number (400), and for a tile that there is not (404)."""
        if not all(part.isascii() and part.isdigit() and len(part) < 9 for part in (z, x, y)):
            sentence = _("A tile has three whole numbers: zoom, column and row.")
            raise PlaceError(sentence, errors={"tile": [sentence]})
        tile = cls(int(z), int(x), int(y))
        if tile.z > DEEPEST or max(tile.x, tile.y) >= 2**tile.z:
            raise PlaceError(_("There is no such tile; zooms go from 0 to %(deepest)d.") % {"deepest": DEEPEST}, status=404)
        return tile

    @property
    def box(self) -> Polygon:
        """The same as `extent`, as a WGS 84 polygon."""
        box = Polygon.from_bbox(self.extent)
        box.srid = 4326
        return box

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """What it shows, with its buffer: west, south, east, north in WGS 84 degrees."""
        west, north = corner(self.x, self.y, self.z)
        east, south = corner(self.x + 1, self.y + 1, self.z)
        dx, dy = (east - west) * BUFFER / EXTENT, (north - south) * BUFFER / EXTENT
        return max(west - dx, -180), max(south - dy, -90), min(east + dx, 180), min(north + dy, 90)


class InTile(Func):
    """A WGS 84 geometry in a tile's own grid, cut to it; NULL where nothing of it is seen."""

    output_field = GeometryField(srid=0)

    def __init__(self, geometry: Any, tile: Tile, *, buffer: int = BUFFER) -> None:
        envelope = f"ST_TileEnvelope({tile.z:d}, {tile.x:d}, {tile.y:d})"
        super().__init__(geometry, template=f"ST_AsMVTGeom(ST_Transform(%(expressions)s, 3857), {envelope}, {EXTENT}, {buffer}, true)")


def drawn(layer: str, statement: str, given: Any) -> bytes:
    """A tile of one layer from a statement whose column `geom` is in the tile's grid; the other columns are attributes."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT ST_AsMVT(tile, '{layer}', {EXTENT}, 'geom') FROM ({statement}) AS tile", given)  # noqa: S608  our own words
        return bytes(cursor.fetchone()[0])


def drawn_rows(layer: str, rows: QuerySet[Any, Any]) -> bytes:
    """The same of rows that the ORM says, by values() with `geom` among them."""
    return drawn(layer, *rows.query.sql_with_params())
