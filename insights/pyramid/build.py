"""Counts all reports anew, beside what is read meanwhile, and compares what is kept with such a count."""

# ruff: noqa: S608  the parts of a statement are our own words; what comes from outside is bound
from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from insights.pyramid.words import (
    BOTH,
    CLOSED_NUMBERS,
    COUNT_DEPTHS,
    DEEPEST,
    DENSE_FROM,
    HAS_MONTH,
    LOCK,
    MONTH_DEEPEST,
    MONTH_DEPTHS,
    TOTAL_DEPTHS,
)

Said = Callable[[str], None]

_SUMS = "sum(count)::bigint AS count, sum(lon) AS lon, sum(lat) AS lat, sum(ids) AS ids"
_EDGES = "min(west) AS west, max(east) AS east, min(north) AS north, max(south) AS south"
_OF_POINTS = """
count(*) AS count, sum(round(ST_X(report.location) * 10000000)::bigint) AS lon, sum(round(ST_Y(report.location) * 10000000)::bigint) AS lat,
sum(report.id) AS ids, min(report.cell_x) AS west, max(report.cell_x) AS east, min(report.cell_y) AS north, max(report.cell_y) AS south
"""
_REPORTS = "reports_report AS report JOIN authorities_category AS category ON category.id = report.category_id"
_ARE_PUBLIC = "report.published_at IS NOT NULL AND category.publication <> 'never'"  # as reports.querysets.is_public() says

# In the order in which they are read: neighbours on the map are neighbours on the disk
COUNTS_OF_POINTS = f"""
INSERT INTO {{counts}} (depth, category_id, x, y, status, count, lon, lat, ids, west, east, north, south)
SELECT {DEEPEST}, report.category_id, report.cell_x >> {24 - DEEPEST}, report.cell_y >> {24 - DEEPEST}, status_number(report.status), {_OF_POINTS}
FROM {_REPORTS} WHERE {_ARE_PUBLIC} GROUP BY 1, 2, 3, 4, 5 ORDER BY 2, 3, 4
"""
COUNTS_OF_CELLS = f"""
INSERT INTO {{counts}} (depth, category_id, x, y, status, count, lon, lat, ids, west, east, north, south)
SELECT %(depth)s, category_id, x >> 2, y >> 2, status, {_SUMS}, {_EDGES} FROM {{counts}} WHERE depth = %(depth)s + 2 GROUP BY 2, 3, 4, 5 ORDER BY 2, 3, 4
"""
CHOOSE_DENSE = f"""
INSERT INTO insights_densecell (x, y, depth)
SELECT x, y, max(level.depth) FROM {{totals}} AS cell JOIN unnest(%(depths)s::int[], %(least)s::int[]) AS level (depth, least) ON cell.count >= level.least
WHERE cell.depth = {MONTH_DEEPEST} AND month = 0 AND side = {BOTH} GROUP BY 1, 2
"""
# Each at the lowest depth that has months there
MONTHS_OF_POINTS = f"""
CREATE TEMPORARY TABLE of_months ON COMMIT DROP AS
SELECT lowest.depth, month_number(report.filed_at) AS month, report.category_id, report.cell_x >> 24 - lowest.depth AS x, report.cell_y >> 24 - lowest.depth AS y,
       status_number(report.status) AS status, {_OF_POINTS}
FROM {_REPORTS}
LEFT JOIN insights_densecell AS dense ON dense.x = report.cell_x >> {24 - MONTH_DEEPEST} AND dense.y = report.cell_y >> {24 - MONTH_DEEPEST}
CROSS JOIN LATERAL (SELECT coalesce(dense.depth, {MONTH_DEEPEST})::int AS depth) AS lowest
WHERE {_ARE_PUBLIC} GROUP BY 1, 2, 3, 4, 5, 6
"""
MONTHS_OF_CELLS = f"""
INSERT INTO of_months (depth, month, category_id, x, y, status, count, lon, lat, ids, west, east, north, south)
SELECT %(depth)s, month, category_id, x >> 1, y >> 1, status, {_SUMS}, {_EDGES} FROM of_months WHERE depth = %(depth)s + 1 GROUP BY 2, 3, 4, 5, 6
"""
TOTALS = f"""
INSERT INTO {{totals}} (depth, month, side, x, y, count, lon, lat, ids, west, east, north, south, parts)
SELECT %(depth)s, month, side, x, y, {_SUMS}, {_EDGES}, array_agg(part_of(category_id, status, count) ORDER BY category_id, status)
FROM ({{cells}}) AS cell CROSS JOIN LATERAL (VALUES ((status = ANY(%(closed)s::int[]))::int), ({BOTH})) AS counted_in (side)
GROUP BY month, side, x, y ORDER BY month, side, x, y
"""
OF_MONTHS = "SELECT * FROM of_months WHERE depth = %(depth)s"
EVEN_DEPTH = "SELECT 0 AS month, * FROM {counts} WHERE depth = %(depth)s"
ODD_DEPTH = f"""
SELECT 0 AS month, x >> 1 AS x, y >> 1 AS y, category_id, status, {_SUMS}, {_EDGES} FROM {{counts}} WHERE depth = %(depth)s + 1 GROUP BY 2, 3, 4, 5
"""
COUNT_KEY, TOTAL_KEY = "depth, category_id, x, y, status", "depth, month, side, x, y"
KINDS = {"cellcount": (COUNT_KEY, "cell_count_loose"), "celltotal": (TOTAL_KEY, "cell_total_loose")}


def build(said: Said | None = None) -> int | None:
    """Counts all public reports in tables beside those that are read, puts them in their place, and says how many reports those are.

    Nobody waits but for the moment of the exchange. None where another process folds or builds.
    """
    say = said or (lambda _: None)
    counted = _build(say)
    if counted is not None and not connection.in_atomic_block:
        # What was deleted would be looked at by every reader, until PostgreSQL comes by itself
        with connection.cursor() as cursor:
            for table in ("insights_delta", "insights_cellcount", "insights_celltotal"):
                cursor.execute(f"VACUUM {table}")
        say("vacuumed")
    return counted


def _build(say: Said) -> int | None:
    with _snapshot(), connection.cursor() as cursor:
        if not _locked():
            return None
        cursor.execute("SET LOCAL work_mem = '256MB'")
        for kind in KINDS:
            cursor.execute(f"CREATE TABLE insights_{kind}_next (LIKE insights_{kind} INCLUDING DEFAULTS INCLUDING GENERATED)")
        _count(say, counts="insights_cellcount_next", totals="insights_celltotal_next", anew=True)
        for kind, (key, loose) in KINDS.items():
            cursor.execute(f"ALTER TABLE insights_{kind}_next ADD CONSTRAINT insights_{kind}_next_pkey PRIMARY KEY ({key})")
            cursor.execute(f"CREATE INDEX {loose}_next ON insights_{kind}_next (depth) WHERE loose")
            cursor.execute(f"ANALYZE insights_{kind}_next")
        say("indexes")
        # What was not committed when the counting began is no part of it, and waits as a delta on
        cursor.execute("WITH gone AS (DELETE FROM insights_delta RETURNING 1) SELECT count(*) FROM gone")
        (folded,) = cursor.fetchone()
        cursor.execute("LOCK TABLE insights_cellcount, insights_celltotal IN ACCESS EXCLUSIVE MODE")
        for kind, (_key, loose) in KINDS.items():
            cursor.execute(f"DROP TABLE insights_{kind}")
            cursor.execute(f"ALTER TABLE insights_{kind}_next RENAME TO insights_{kind}")
            cursor.execute(f"ALTER TABLE insights_{kind} RENAME CONSTRAINT insights_{kind}_next_pkey TO insights_{kind}_pkey")
            cursor.execute(f"ALTER INDEX {loose}_next RENAME TO {loose}")
        cursor.execute("DELETE FROM insights_pyramid")
        cursor.execute("INSERT INTO insights_pyramid (epoch, folded, built_at) VALUES (%s, %s, now())", [uuid.uuid4(), folded])
        cursor.execute(
            "SELECT coalesce(sum(count), 0) FROM insights_celltotal WHERE depth = %s AND month = 0 AND side = %s", [TOTAL_DEPTHS[-1], BOTH]
        )
        return int(cursor.fetchone()[0])


def _count(say: Said, *, counts: str, totals: str, anew: bool = False) -> None:
    """Counts into two empty tables, depth by depth; `anew`: it is also chosen anew which cells are dense."""
    start = time.monotonic()

    def told(what: str) -> None:
        say(f"{time.monotonic() - start:6.1f} s  {what}")

    with connection.cursor() as cursor:
        cursor.execute(COUNTS_OF_POINTS.format(counts=counts))
        told(f"{cursor.rowcount} cells of depth {DEEPEST} by category and status")
        for depth in COUNT_DEPTHS[1:]:
            cursor.execute(COUNTS_OF_CELLS.format(counts=counts), {"depth": depth})
            told(f"{cursor.rowcount} cells of depth {depth} by category and status")
        for depth in TOTAL_DEPTHS:
            cells = (ODD_DEPTH if depth & 1 else EVEN_DEPTH).format(counts=counts)
            cursor.execute(TOTALS.format(totals=totals, cells=cells), {"depth": depth, "closed": CLOSED_NUMBERS})
            told(f"{cursor.rowcount} cells of depth {depth}")
        if anew:
            cursor.execute("DELETE FROM insights_densecell")
            cursor.execute(CHOOSE_DENSE.format(totals=totals), {"depths": list(DENSE_FROM), "least": list(DENSE_FROM.values())})
            told(f"{cursor.rowcount} dense cells of depth {MONTH_DEEPEST}")
        cursor.execute("DROP TABLE IF EXISTS pg_temp.of_months")
        cursor.execute(MONTHS_OF_POINTS)
        for depth in MONTH_DEPTHS:
            cursor.execute(MONTHS_OF_CELLS, {"depth": depth})
            cursor.execute(TOTALS.format(totals=totals, cells=OF_MONTHS), {"depth": depth, "closed": CLOSED_NUMBERS})
            told(f"{cursor.rowcount} cells of depth {depth} by month")


# --- comparing ----------------------------------------------------------------------------------------------------------

_DELTAS_OF_COUNTS = """
SELECT depth, category_id, cell_x >> (24 - depth), cell_y >> (24 - depth), status, sum(sign), sum(sign * lon), sum(sign * lat), sum(sign * report_id)
FROM insights_delta CROSS JOIN unnest(%(depths)s::int[]) AS depth GROUP BY 1, 2, 3, 4, 5
"""
COMPARE_COUNTS = f"""
WITH kept AS (
  SELECT depth, category_id, x, y, status, sum(count) AS count, sum(lon) AS lon, sum(lat) AS lat, sum(ids) AS ids FROM (
    SELECT depth, category_id, x, y, status, count, lon, lat, ids FROM insights_cellcount UNION ALL {_DELTAS_OF_COUNTS}
  ) AS both_kinds GROUP BY depth, category_id, x, y, status
)
SELECT coalesce(kept.depth, counted.depth), coalesce(kept.x, counted.x), coalesce(kept.y, counted.y),
       coalesce(kept.category_id, counted.category_id), coalesce(kept.status, counted.status), coalesce(kept.count, 0), coalesce(counted.count, 0)
FROM kept FULL JOIN counted_counts AS counted USING ({COUNT_KEY})
WHERE (coalesce(kept.count, 0), coalesce(kept.lon, 0), coalesce(kept.lat, 0), coalesce(kept.ids, 0))
   IS DISTINCT FROM (coalesce(counted.count, 0), coalesce(counted.lon, 0), coalesce(counted.lat, 0), coalesce(counted.ids, 0))
LIMIT 20
"""
# Totals: the sums with the deltas, and what they are made of
COMPARE_TOTALS = f"""
WITH fresh AS (
  SELECT depth, month, side, x, y, {_SUMS}, array_agg(part_of(category_id, status, count)) AS parts
  FROM (
    SELECT depth, CASE WHEN monthly THEN month ELSE 0 END AS month, status = ANY(%(closed)s::int[]) AS closed,
           cell_x >> (24 - depth) AS x, cell_y >> (24 - depth) AS y, category_id, status,
           sum(sign) AS count, sum(sign * lon) AS lon, sum(sign * lat) AS lat, sum(sign * report_id) AS ids
    FROM insights_delta CROSS JOIN (
      SELECT unnest(%(total_depths)s::int[]) AS depth, false AS monthly UNION ALL SELECT unnest(%(month_depths)s::int[]), true
    ) AS level
    WHERE {HAS_MONTH.format(x="cell_x", y="cell_y")}
    GROUP BY 1, 2, 3, 4, 5, 6, 7
  ) AS waiting CROSS JOIN LATERAL (VALUES (closed::int), ({BOTH})) AS counted_in (side) GROUP BY depth, month, side, x, y
), kept AS (
  SELECT depth, month, side, x, y, coalesce(folded.count, 0) + coalesce(fresh.count, 0) AS count,
         coalesce(folded.lon, 0) + coalesce(fresh.lon, 0) AS lon, coalesce(folded.lat, 0) + coalesce(fresh.lat, 0) AS lat,
         coalesce(folded.ids, 0) + coalesce(fresh.ids, 0) AS ids,
         CASE WHEN fresh.parts IS NULL THEN folded.parts ELSE tallied(folded.parts, fresh.parts) END AS parts
  FROM insights_celltotal AS folded FULL JOIN fresh USING ({TOTAL_KEY})
)
SELECT coalesce(kept.depth, counted.depth), coalesce(kept.x, counted.x), coalesce(kept.y, counted.y),
       coalesce(kept.month, counted.month), coalesce(kept.side, counted.side), coalesce(kept.count, 0), coalesce(counted.count, 0)
FROM kept FULL JOIN counted_totals AS counted USING ({TOTAL_KEY})
WHERE (coalesce(kept.count, 0), coalesce(kept.lon, 0), coalesce(kept.lat, 0), coalesce(kept.ids, 0))
   IS DISTINCT FROM (coalesce(counted.count, 0), coalesce(counted.lon, 0), coalesce(counted.lat, 0), coalesce(counted.ids, 0))
   OR (kept.parts IS DISTINCT FROM counted.parts AND tallied(kept.parts, NULL) IS DISTINCT FROM tallied(counted.parts, NULL))
LIMIT 20
"""
# The edges may lie too wide while one that left is not folded, or of a month; never too narrow
COMPARE_EDGES = """
SELECT kept.depth, kept.x, kept.y, kept.category_id, kept.status, kept.west, counted.west
FROM insights_cellcount AS kept JOIN counted_counts AS counted USING (depth, category_id, x, y, status)
WHERE NOT EXISTS (SELECT FROM insights_delta)
  AND (kept.west, kept.east, kept.north, kept.south) <> (counted.west, counted.east, counted.north, counted.south)
LIMIT 20
"""


def differences(said: Said | None = None) -> list[str]:
    """Where what is kept, with what waits to be folded, is not what a count of all reports gives; empty: nowhere. One sentence a cell."""
    with _snapshot(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = '256MB'")
        cursor.execute("CREATE TEMPORARY TABLE counted_counts (LIKE insights_cellcount INCLUDING DEFAULTS) ON COMMIT DROP")
        cursor.execute("CREATE TEMPORARY TABLE counted_totals (LIKE insights_celltotal INCLUDING DEFAULTS) ON COMMIT DROP")
        say = said or (lambda _: None)
        _count(say, counts="counted_counts", totals="counted_totals")
        start = time.monotonic()
        found = []
        given = {
            "depths": COUNT_DEPTHS,
            "total_depths": TOTAL_DEPTHS,
            "month_depths": MONTH_DEPTHS,
            "closed": CLOSED_NUMBERS,
        }
        for what, statement in (
            ("category {3}, status {4}: reports", COMPARE_COUNTS),
            ("month {3}, side {4}: reports", COMPARE_TOTALS),
            ("category {3}, status {4}: western edge", COMPARE_EDGES),
        ):
            cursor.execute(statement, given)
            found += [
                f"depth {row[0]}, cell {row[1]}/{row[2]}, {what.format(*row)} {row[5]} kept, {row[6]} counted" for row in cursor.fetchall()
            ]
            say(f"{time.monotonic() - start:6.1f} s  compared by {what.partition(' {')[0]}")
        for table in ("counted_counts", "counted_totals", "of_months"):
            cursor.execute(f"DROP TABLE {table}")
    return found


def _locked() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        return bool(cursor.fetchone()[0])


@contextmanager
def _snapshot() -> Iterator[None]:
    """One transaction in which every statement sees the same reports and deltas; within another one (a test's) nobody else writes."""
    is_outermost = not connection.in_atomic_block
    with transaction.atomic(), connection.cursor() as cursor:
        if is_outermost:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield
