"""Folds the deltas into the counts. One transaction: readers see all of it or nothing, and either way the same sums."""

# ruff: noqa: S608  the parts of a statement are our own words; what comes from outside is bound
from __future__ import annotations

from django.db import connection, transaction

from insights.pyramid.build import build
from insights.pyramid.models import Delta, Pyramid
from insights.pyramid.words import (
    BOTH,
    CLOSED_NUMBERS,
    COUNT_DEPTHS,
    DEEPEST,
    HAS_MONTH,
    LOCK,
    MONTH_DEPTHS,
    TOTAL_DEPTHS,
)

BUILD_FROM = 60_000  # deltas: so many are counted anew sooner than they are folded

TAKE = """
WITH gone AS (DELETE FROM insights_delta RETURNING *), netted AS (
  INSERT INTO insights_folding (category_id, status, month, x, y, count, lon, lat, ids)
  SELECT category_id, status, month, cell_x, cell_y, sum(sign), sum(sign * lon), sum(sign * lat), sum(sign * report_id)
  FROM gone GROUP BY category_id, status, month, cell_x, cell_y
  HAVING sum(sign) <> 0 OR sum(sign * lon) <> 0 OR sum(sign * lat) <> 0 OR sum(sign * report_id) <> 0
)
SELECT count(*) FROM gone
"""

_SUMS = "sum(count)::bigint AS count, sum(lon) AS lon, sum(lat) AS lat, sum(ids) AS ids"
_EDGES = """
min(x) FILTER (WHERE count > 0) AS west, max(x) FILTER (WHERE count > 0) AS east,
min(y) FILTER (WHERE count > 0) AS north, max(y) FILTER (WHERE count > 0) AS south,
min(x) FILTER (WHERE count < 0) AS west_gone, max(x) FILTER (WHERE count < 0) AS east_gone,
min(y) FILTER (WHERE count < 0) AS north_gone, max(y) FILTER (WHERE count < 0) AS south_gone
"""
_ADDED = """
count = kept.count + net.count, lon = kept.lon + net.lon, lat = kept.lat + net.lat, ids = kept.ids + net.ids,
west = least(kept.west, net.west), east = greatest(kept.east, net.east),
north = least(kept.north, net.north), south = greatest(kept.south, net.south)
"""
_LOOSENED = """kept.loose OR coalesce(
  net.west_gone <= kept.west OR net.east_gone >= kept.east OR net.north_gone <= kept.north OR net.south_gone >= kept.south, false)"""

FOLD_COUNTS = f"""
MERGE INTO insights_cellcount AS kept
USING (
  SELECT depth, category_id, x >> (24 - depth) AS cell_x, y >> (24 - depth) AS cell_y, status, {_SUMS}, {_EDGES}
  FROM insights_folding CROSS JOIN unnest(%(depths)s::int[]) AS depth GROUP BY 1, 2, 3, 4, 5
) AS net
ON kept.depth = net.depth AND kept.category_id = net.category_id AND kept.x = net.cell_x AND kept.y = net.cell_y AND kept.status = net.status
WHEN MATCHED AND kept.count + net.count = 0 THEN DELETE
WHEN MATCHED THEN UPDATE SET {_ADDED}, loose = {_LOOSENED}
WHEN NOT MATCHED THEN INSERT (depth, category_id, x, y, status, count, lon, lat, ids, west, east, north, south)
  VALUES (net.depth, net.category_id, net.cell_x, net.cell_y, net.status, net.count, net.lon, net.lat, net.ids, net.west, net.east, net.north, net.south)
"""

FOLD_TOTALS = f"""
MERGE INTO insights_celltotal AS kept
USING (
  SELECT depth, month, side, cell_x, cell_y, {_SUMS}, min(west) AS west, max(east) AS east, min(north) AS north, max(south) AS south,
         min(west_gone) AS west_gone, max(east_gone) AS east_gone, min(north_gone) AS north_gone, max(south_gone) AS south_gone,
         array_agg(part_of(category_id, status, count)) AS parts
  FROM (
    SELECT depth, CASE WHEN monthly THEN month ELSE 0 END AS month, status = ANY(%(closed)s::int[]) AS closed,
           x >> (24 - depth) AS cell_x, y >> (24 - depth) AS cell_y, category_id, status, {_SUMS}, {_EDGES}
    FROM insights_folding CROSS JOIN (
      SELECT unnest(%(depths)s::int[]) AS depth, false AS monthly UNION ALL SELECT unnest(%(month_depths)s::int[]), true
    ) AS level
    WHERE {HAS_MONTH.format(x="insights_folding.x", y="insights_folding.y")}
    GROUP BY 1, 2, 3, 4, 5, 6, 7
  ) AS stood CROSS JOIN LATERAL (VALUES (closed::int), ({BOTH})) AS counted_in (side) GROUP BY depth, month, side, cell_x, cell_y
) AS net
ON kept.depth = net.depth AND kept.month = net.month AND kept.side = net.side AND kept.x = net.cell_x AND kept.y = net.cell_y
WHEN MATCHED AND kept.count + net.count = 0 THEN DELETE
WHEN MATCHED THEN UPDATE SET {_ADDED}, parts = tallied(kept.parts, net.parts), loose = net.month = 0 AND ({_LOOSENED})
WHEN NOT MATCHED THEN INSERT (depth, month, side, x, y, count, lon, lat, ids, west, east, north, south, parts)
  VALUES (net.depth, net.month, net.side, net.cell_x, net.cell_y, net.count, net.lon, net.lat, net.ids, net.west, net.east, net.north, net.south,
          CASE WHEN cardinality(net.parts) = 1 THEN net.parts ELSE tallied(net.parts, NULL) END)
"""

# OFFSET 0: each cell looks for its parts by the whole key. In another order PostgreSQL reads a row of cells through all the province for each (70 s).
# Where one at the edge has left, the edges are found again: at the deepest from the reports, above from the cells within
TIGHTEN_DEEPEST = """
UPDATE insights_cellcount AS kept SET west = found.west, east = found.east, north = found.north, south = found.south, loose = false
FROM (
  SELECT cell.category_id, cell.x, cell.y, cell.status,
         min(report.cell_x) AS west, max(report.cell_x) AS east, min(report.cell_y) AS north, max(report.cell_y) AS south
  FROM insights_cellcount AS cell
  JOIN reports_report AS report ON report.location && ST_Expand(ST_Transform(ST_TileEnvelope(%(depth)s, cell.x, cell.y), 4326), 0.00001)
  WHERE cell.depth = %(depth)s AND cell.loose AND report.cell_x >> (24 - %(depth)s) = cell.x AND report.cell_y >> (24 - %(depth)s) = cell.y
    AND report.category_id = cell.category_id AND status_number(report.status) = cell.status AND report.published_at IS NOT NULL
  GROUP BY 1, 2, 3, 4
) AS found
WHERE kept.depth = %(depth)s AND kept.category_id = found.category_id AND kept.x = found.x AND kept.y = found.y AND kept.status = found.status
"""
TIGHTEN_COUNTS = """
UPDATE insights_cellcount AS kept SET west = found.west, east = found.east, north = found.north, south = found.south, loose = false
FROM (
  SELECT cell.category_id, cell.x, cell.y, cell.status,
         min(part.west) AS west, max(part.east) AS east, min(part.north) AS north, max(part.south) AS south
  FROM insights_cellcount AS cell
  CROSS JOIN LATERAL generate_series(cell.x << 2, (cell.x << 2) + 3) AS x
  CROSS JOIN LATERAL (
    SELECT * FROM insights_cellcount AS part WHERE part.depth = %(depth)s + 2 AND part.category_id = cell.category_id AND part.x = x.x
      AND part.y BETWEEN cell.y << 2 AND (cell.y << 2) + 3 AND part.status = cell.status
    OFFSET 0
  ) AS part
  WHERE cell.depth = %(depth)s AND cell.loose
  GROUP BY 1, 2, 3, 4
) AS found
WHERE kept.depth = %(depth)s AND kept.category_id = found.category_id AND kept.x = found.x AND kept.y = found.y AND kept.status = found.status
"""
TIGHTEN_TOTALS = f"""
UPDATE insights_celltotal AS kept SET west = found.west, east = found.east, north = found.north, south = found.south, loose = false
FROM (
  SELECT cell.depth, cell.side, cell.x, cell.y,
         min(part.west) AS west, max(part.east) AS east, min(part.north) AS north, max(part.south) AS south
  FROM insights_celltotal AS cell
  CROSS JOIN authorities_category AS category
  CROSS JOIN LATERAL generate_series(cell.x << (cell.depth & 1), ((cell.x + 1) << (cell.depth & 1)) - 1) AS x
  CROSS JOIN LATERAL (
    SELECT * FROM insights_cellcount AS part WHERE part.depth = cell.depth + (cell.depth & 1) AND part.category_id = category.id AND part.x = x.x
      AND part.y BETWEEN cell.y << (cell.depth & 1) AND ((cell.y + 1) << (cell.depth & 1)) - 1 AND cell.side IN ({BOTH}, (part.status = ANY(%(closed)s::int[]))::int)
    OFFSET 0
  ) AS part
  WHERE cell.month = 0 AND cell.loose
  GROUP BY 1, 2, 3, 4
) AS found
WHERE kept.depth = found.depth AND kept.month = 0 AND kept.side = found.side AND kept.x = found.x AND kept.y = found.y
"""


def fold() -> int:
    """Folds what waits, and says how many deltas that were; builds the pyramid where there is none, or where very much waits.

    0 where nothing waits, or where another process folds or builds.
    """
    if not Pyramid.objects.exists() or Delta.objects.all()[:BUILD_FROM].count() == BUILD_FROM:
        return build() or 0
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute(TAKE)
        (folded,) = cursor.fetchone()
        if not folded:
            return 0
        # A few thousand rows among millions: by key, whatever the statistics of a table that is empty between folds say
        cursor.execute("SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_seqscan = off")
        cursor.execute(FOLD_COUNTS, {"depths": COUNT_DEPTHS})
        cursor.execute(FOLD_TOTALS, {"depths": TOTAL_DEPTHS, "month_depths": MONTH_DEPTHS, "closed": CLOSED_NUMBERS})
        cursor.execute(TIGHTEN_DEEPEST, {"depth": DEEPEST})
        for depth in COUNT_DEPTHS[1:]:
            cursor.execute(TIGHTEN_COUNTS, {"depth": depth})
        cursor.execute(TIGHTEN_TOTALS, {"closed": CLOSED_NUMBERS})
        cursor.execute("DELETE FROM insights_folding")
        cursor.execute("UPDATE insights_pyramid SET folded = folded + %s", [folded])
    return int(folded)
