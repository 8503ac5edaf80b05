"""The layers of which there are tiles."""

from __future__ import annotations

from datetime import date

from boundaries.models import Level, Unit
from gis.prepared import all_rows
from gis.tiles import BUFFER, EXTENT, LIMIT, InTile, Tile, drawn, drawn_rows
from insights.pyramid.read import Mix, Window, statement_for
from insights.pyramid.words import CLOSED_NUMBERS

COMMUNES_FROM = 8  # the zoom from which communes are drawn, where no level is asked for
FINER = 5  # of a tile's side there are 32 cells
REPORTS_FROM = 16  # the zoom from which reports stand one by one
MOST_REPORTS = 4000  # of a tile on whose few spots very many stand, the latest

# A cell stands at the middle of its reports
CELLS = """
SELECT ST_AsMVTGeom(
         ST_Transform(ST_SetSRID(ST_MakePoint(sum(lon) / sum(count) / 10000000.0, sum(lat) / sum(count) / 10000000.0), 4326), 3857),
         ST_TileEnvelope(%(z)s, %(column)s, %(row)s), {extent}, 64, true
       ) AS geom,
       sum(count)::int AS count, sum(open)::int AS open, sum(count - open)::int AS closed
FROM (
  SELECT cell.x, cell.y, cell.count, cell.lon, cell.lat, (
    SELECT coalesce(sum(part - (((part + 2147483648) >> 32) << 32)), 0) FROM unnest(cell.parts) AS part
    WHERE NOT ((part + 2147483648) >> 32 & 15) = ANY(%(ended)s::int[])
  ) AS open
  FROM ({cells}) AS cell (x, y, count, lon, lat, ids, west, east, north, south, parts)
) AS cell GROUP BY x, y HAVING sum(count) > 0
"""

# Of all that stand in the tile the latest: were the order looked for first, an empty tile would be the slowest of all
REPORTS = f"""
SELECT ST_AsMVT(tile, 'reports', {EXTENT}, 'geom') FROM (
  SELECT ST_AsMVTGeom(ST_Transform(location, 3857), ST_TileEnvelope(%(z)s, %(x)s, %(y)s), {EXTENT}, {BUFFER}, true) AS geom, code, status, kind
  FROM (
    SELECT report.id, report.filed_at, report.location, report.code, report.status, category.code AS kind
    FROM reports_report AS report JOIN authorities_category AS category ON category.id = report.category_id
    WHERE report.published_at IS NOT NULL AND category.publication <> 'never'
      AND report.location && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
    OFFSET 0
  ) AS here ORDER BY filed_at DESC, id DESC LIMIT %(most)s
) AS tile
"""  # noqa: S608  whole numbers


def units_tile(tile: Tile, *, on: date, level: str | None = None) -> bytes:
    """The outlines of the units in force on a day, simplified for the zoom, and more where the tile would grow too large.

    Attributes: code, name, level, schematic.
    """
    wanted = level or (Level.COMMUNE if tile.z >= COMMUNES_FROM else Level.PROVINCE)
    detail = tile.z
    while True:
        rows = Unit.objects.in_force(on).of_level(wanted).touching(tile.box).with_outline(detail).order_by("code")
        drawing = drawn_rows("units", rows.annotate(geom=InTile("outline", tile)).values("geom", "code", "name", "level", "schematic"))
        if len(drawing) <= LIMIT or detail <= 0:
            return drawing
        detail -= 2


def reports_tile(tile: Tile, *, built: bool) -> bytes:
    """Public reports one by one (code, kind: the category's code, status), at lower zooms how many lie in each of 32 × 32 cells.

    Attributes of a cell: count, open, closed. `built` says whether there is a pyramid.
    """
    if tile.z < REPORTS_FROM:
        return _cells_tile(tile, built=built)
    west, south, east, north = tile.extent
    given = {"z": tile.z, "x": tile.x, "y": tile.y, "west": west, "south": south, "east": east, "north": north, "most": MOST_REPORTS}
    ((drawing,),) = all_rows(REPORTS, given)
    return bytes(drawing)


def _cells_tile(tile: Tile, *, built: bool) -> bytes:
    side = 2**FINER
    window = Window(tile.z + FINER, tile.x * side, tile.x * side + side - 1, tile.y * side, tile.y * side + side - 1)
    cells, given = statement_for(Mix.of({}), window, built=built)
    named = given | {"z": tile.z, "column": tile.x, "row": tile.y, "ended": CLOSED_NUMBERS}
    return drawn("reports", CELLS.format(cells=cells, extent=EXTENT), named)
