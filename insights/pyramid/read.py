"""Which reports of a mix lie in which cells: one statement over what is folded and what waits, or over the reports themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any

from psycopg.types.numeric import Int8

from gis.cells import extent_of, ranges_of_codes
from gis.prepared import all_rows
from insights.pyramid.words import (
    ALL_MONTHS,
    BOTH,
    CLOSED_NUMBERS,
    DEEPEST,
    ENDED_ONES,
    MONTH_DEEPEST,
    NUMBER,
    OPEN_ONES,
    UP,
    WORD,
    bits,
    month_of,
    start_of_month,
)
from reports.api.filters import asked_statuses, parse_moment, words
from reports.workflow import GROUPS

SCALE = 10**7  # sums of coordinates are whole numbers of 10⁻⁷ degree: they add up exactly, in any order
FIRST_MONTH, FAR_MONTH = 1, 2**30
EARLIEST, LATEST = (
    datetime(1970, 1, 2, tzinfo=UTC),
    datetime(2200, 1, 1, tzinfo=UTC),
)  # what lies beyond is no month; no report is filed there
MONTHS_FROM, MONTHS_TO = month_of(EARLIEST), month_of(LATEST) + 1


@dataclass(frozen=True)
class Window:
    """The cells of a depth from a first to a last column and row."""

    depth: int
    first_x: int
    last_x: int
    first_y: int
    last_y: int

    @property
    def finest(self) -> dict[str, int]:
        """First and last column and row of the finest cells within."""
        shift = bits(self.depth)
        return {
            "west": self.first_x << shift,
            "east": ((self.last_x + 1) << shift) - 1,
            "north": self.first_y << shift,
            "south": ((self.last_y + 1) << shift) - 1,
        }


@dataclass(frozen=True)
class Mix:
    """Which public reports are counted; None and empty choose all. `asked` is what it was read from: category, status, since, until, authority."""

    asked: Mapping[str, str]
    categories: tuple[str, ...]
    statuses: tuple[int, ...] | None
    since: datetime | None
    until: datetime | None
    bodies: tuple[str, ...]

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> Mix:
        """The mix in a query; PlaceError names what is not right."""
        names = asked_statuses(asked.get("status", ""))
        numbers = {NUMBER[status] for name in names for status in GROUPS.get(name, (name,))}
        return cls(
            asked={key: asked[key] for key in ("category", "status", "since", "until", "authority") if asked.get(key)},
            categories=tuple(words(asked.get("category", ""))),
            statuses=tuple(sorted(numbers)) if names else None,
            since=_within_reason(parse_moment(asked.get("since", ""), "since")),
            until=_within_reason(parse_moment(asked.get("until", ""), "until")),
            bodies=tuple(words(asked.get("authority", ""))),
        )

    @property
    def key(self) -> frozenset[tuple[str, str]]:
        """What tells it from other mixes."""
        return frozenset(self.asked.items())

    @property
    def side(self) -> int | None:
        """Open ones, ended ones, or both, of whatever status; None where a status alone is asked for."""
        asked = set(NUMBER.values() if self.statuses is None else self.statuses)
        ended = set(CLOSED_NUMBERS)
        whole = {OPEN_ONES: set(NUMBER.values()) - ended, ENDED_ONES: ended, BOTH: set(NUMBER.values())}
        return next((side for side, statuses in whole.items() if statuses == asked), None)

    @property
    def is_timed(self) -> bool:
        """Whether reports of some time only are counted."""
        return self.since is not None or self.until is not None

    @property
    def months(self) -> tuple[int, int] | None:
        """The first and the last month that lie whole in the time asked for; None where there are none."""
        first, last = FIRST_MONTH, FAR_MONTH
        if self.since is not None:
            first = month_of(self.since)
            if start_of_month(first) < self.since:
                first += 1
        if self.until is not None:
            last = month_of(self.until) - 1
        return (first, last) if first <= last else None

    @property
    def ragged(self) -> list[tuple[datetime, datetime]]:
        """The times [since, until) that are asked for, but in none of the whole months."""
        if self.months is None:
            return []
        first, last = self.months
        before = [(self.since, start_of_month(first))] if self.since is not None else []
        after = [(start_of_month(last + 1), self.until)] if self.until is not None else []
        return [(since, until) for since, until in before + after if since < until]


def _within_reason(moment: datetime | None) -> datetime | None:
    return moment and min(max(moment, EARLIEST), LATEST)


# --- statements ---------------------------------------------------------------------------------------------------------

# The shape of a row, whichever way it was counted. `parts` says how many of each category and status (models.CellTotal)
COLUMNS = ("x", "y", "count", "lon", "lat", "ids", "west", "east", "north", "south", "parts")

# Column by column of the view, each from the index: a range over both would read all rows of the province between two meridians
TOTALS = """
SELECT cell.x, cell.y, cell.count::bigint, cell.lon, cell.lat, cell.ids, cell.west, cell.east, cell.north, cell.south, {parts}
FROM {months} AS month (month) CROSS JOIN {columns} AS column_of (x)
CROSS JOIN LATERAL (
  SELECT * FROM insights_celltotal AS cell
  WHERE cell.depth = %(depth)s AND cell.month = month.month AND cell.side = %(side)s AND cell.x = column_of.x AND cell.y BETWEEN %(first_y)s AND %(last_y)s
  OFFSET 0
) AS cell
"""
COUNTS = """
SELECT cell.x >> %(finer)s, cell.y >> %(finer)s, sum(cell.count), sum(cell.lon), sum(cell.lat), sum(cell.ids),
       min(cell.west), max(cell.east), min(cell.north), max(cell.south),
       ARRAY[part_of(cell.category_id, cell.status, sum(cell.count))]
FROM (SELECT id FROM authorities_category WHERE publication <> 'never' {of_category}) AS category
CROSS JOIN unnest(%(finer_columns)s::int[]) AS column_of (x)
CROSS JOIN LATERAL (
  SELECT * FROM insights_cellcount AS cell
  WHERE cell.depth = %(depth)s + %(finer)s AND cell.category_id = category.id AND cell.x = column_of.x
    AND cell.y BETWEEN %(first_y)s << %(finer)s AND ((%(last_y)s + 1) << %(finer)s) - 1 {of_status}
  OFFSET 0
) AS cell
GROUP BY cell.x >> %(finer)s, cell.y >> %(finer)s, cell.category_id, cell.status
"""
DELTAS = """
SELECT cell_x >> %(bits)s, cell_y >> %(bits)s, sum(sign), sum(sign * lon), sum(sign * lat), sum(sign * report_id),
       min(cell_x) FILTER (WHERE sign > 0), max(cell_x) FILTER (WHERE sign > 0), min(cell_y) FILTER (WHERE sign > 0), max(cell_y) FILTER (WHERE sign > 0),
       ARRAY[part_of(category_id, status, sum(sign))]
FROM insights_delta AS cell
WHERE cell_x BETWEEN %(west)s AND %(east)s AND cell_y BETWEEN %(north)s AND %(south)s {of_category} {of_status} {of_month} {of_dense}
GROUP BY 1, 2, category_id, status
"""
COLUMNS_OF_VIEW = "unnest(%(columns)s::int[])"
# Of the view the cells that have months at its depth
DENSE = f"""
WITH dense AS MATERIALIZED (
  SELECT x, y, code FROM insights_densecell
  WHERE x BETWEEN %(west)s >> {UP} AND %(east)s >> {UP} AND y BETWEEN %(north)s >> {UP} AND %(south)s >> {UP} AND depth >= %(depth)s
)
"""  # noqa: S608  a whole number
OF_DENSE = f"AND (cell_x >> {UP}, cell_y >> {UP}) IN (SELECT x, y FROM dense)"  # noqa: S608
DENSE_COLUMNS = "(SELECT x FROM unnest(%(columns)s::int[]) AS x WHERE x >> %(deeper)s IN (SELECT dense.x FROM dense))"

# Reports themselves. Far in they are found by place alone, in an index that holds all that is asked of them (report_by_cell): by how many PostgreSQL thinks
# to be of a status or a month it would take them from elsewhere. Of a wide view by what it thinks best, the box being for the index: the cells decide
EVERYWHERE = "unnest(%(starts)s::bigint[], %(ends)s::bigint[])"
BESIDE_DENSE = f"(SELECT * FROM {EVERYWHERE} AS range_of (first, last) WHERE first >> {2 * UP} NOT IN (SELECT code FROM dense))"  # noqa: S608
HERE = """
{ranges} AS range_of (first, last) CROSS JOIN LATERAL (
  SELECT * FROM reports_report AS report
  WHERE report.published_at IS NOT NULL AND cell_code(report.cell_x, report.cell_y) BETWEEN range_of.first AND range_of.last
  OFFSET 0
) AS report
"""
AMONG_ALL = "(SELECT * FROM reports_report WHERE published_at IS NOT NULL) AS report"
BOX = "AND report.location && ST_MakeEnvelope(%(box_west)s, %(box_south)s, %(box_east)s, %(box_north)s, 4326)"
POINTS = f"""
SELECT report.cell_x >> %(bits)s, report.cell_y >> %(bits)s, count(*),
       sum(round(ST_X(report.location) * {SCALE})::bigint), sum(round(ST_Y(report.location) * {SCALE})::bigint), sum(report.id),
       min(report.cell_x), max(report.cell_x), min(report.cell_y), max(report.cell_y),
       array_agg(part_of(report.category_id, status_number(report.status), 1))
FROM {{reports}}
WHERE report.category_id = ANY(ARRAY(SELECT id FROM authorities_category WHERE publication <> 'never' {{of_category}}))
  AND report.cell_x BETWEEN %(west)s AND %(east)s AND report.cell_y BETWEEN %(north)s AND %(south)s
  {{which}}
GROUP BY report.cell_x >> %(bits)s, report.cell_y >> %(bits)s
"""  # noqa: S608  a whole number
# Nothing but a hint: an array, with which an index by category and time is asked category by category
OF_ANY_CATEGORY = "AND report.category_id = ANY(ARRAY(SELECT id FROM authorities_category))"

# Each cell once, with code, category and status of a single report, in the same snapshot: what was added up may leave out the category. Parts as bytes that numpy reads at once: objects of Python for each of
# twenty thousand parts take longer than the query. Of what array_send() gives, the first 20 bytes say that it is an array
CODE = "CASE WHEN count = 1 THEN (SELECT code FROM reports_report WHERE id = ids) END"
MERGED = """
SELECT cell.x, cell.y, cell.count, cell.lon, cell.lat, cell.ids, cell.west, cell.east, cell.north, cell.south,
       CASE WHEN cell.count = 1 THEN alone.part ELSE cell.parts END, alone.code
FROM (
  SELECT x, y, sum(count)::bigint AS count, sum(lon)::bigint AS lon, sum(lat)::bigint AS lat, sum(ids)::bigint AS ids,
         min(west) AS west, max(east) AS east, min(north) AS north, max(south) AS south, string_agg(substr(array_send(parts), 21), '') AS parts
  FROM ({statement}) AS found (x, y, count, lon, lat, ids, west, east, north, south, parts)
  GROUP BY x, y HAVING sum(count) > 0
) AS cell
LEFT JOIN LATERAL (
  SELECT code, substr(array_send(ARRAY[part_of(category_id, status_number(status), 1)]), 21) AS part FROM reports_report WHERE cell.count = 1 AND id = cell.ids
) AS alone ON true
"""
# Where a cell is one row of totals it is read as it stands: adding up costs more than reading. Only cells in which something waits to be folded are
# added up. How many of each status is the shorter list; of a single report parts tell both
ONCE = f"""
WITH fresh (x, y, count, lon, lat, ids, west, east, north, south, parts) AS MATERIALIZED ({{deltas}})
SELECT x, y, count, lon, lat, ids, west, east, north, south, substr(array_send(parts), 21), {CODE}
FROM ({{totals}}) AS cell (x, y, count, lon, lat, ids, west, east, north, south, parts)
WHERE (x, y) NOT IN (SELECT x, y FROM fresh)
UNION ALL
{{merged}}
"""  # noqa: S608
# Of the same cells what is folded, and what waits
FRESH = """
SELECT cell.x, cell.y, cell.count, cell.lon, cell.lat, cell.ids, cell.west, cell.east, cell.north, cell.south, cell.parts
FROM (SELECT DISTINCT x, y FROM fresh) AS changed CROSS JOIN LATERAL (
  SELECT * FROM insights_celltotal AS cell
  WHERE cell.depth = %(depth)s AND cell.month = %(month)s AND cell.side = %(side)s AND cell.x = changed.x AND cell.y = changed.y
  OFFSET 0
) AS cell
UNION ALL SELECT * FROM fresh
"""
WHOLE, SHORT = "cell.parts", "coalesce(cell.states, cell.parts)"


def rows(mix: Mix, window: Window, *, built: bool, by_category: bool = True) -> list[tuple[Any, ...]]:
    """The cells of a window in which something lies, by column and row: COLUMNS, parts as bytes, and the code where it is a single report. One statement.

    `built` says whether there is a pyramid. Without `by_category` the parts of several reports may leave out the category.
    """
    statement, given = question(mix, window, built=built, by_category=by_category)
    # Whether the place, the time or the body finds fewer reports only a plan for these values can know
    return sorted(all_rows(statement, given, prepare=AMONG_ALL not in statement), key=itemgetter(0, 1))


def question(mix: Mix, window: Window, *, built: bool, by_category: bool) -> tuple[str, dict[str, Any]]:
    """What `rows` asks, and its parameters."""
    month = _one_of_totals(mix, window, built=built)
    if month is None:
        statement, given = statement_for(mix, window, built=built, by_category=by_category)
        return MERGED.format(statement=statement), given
    totals = TOTALS.format(months="(VALUES (%(month)s))", columns=COLUMNS_OF_VIEW, parts=WHOLE if by_category else SHORT)
    statement = ONCE.format(deltas=_deltas(mix), totals=totals, merged=MERGED.format(statement=FRESH))
    return statement, _given(mix, window) | {"month": month}


def _one_of_totals(mix: Mix, window: Window, *, built: bool) -> int | None:
    """The month of totals of which each cell is one row: all months, or the only one that is asked for; None where a cell is more than one row."""
    if not built or mix.bodies or mix.categories or mix.side is None:
        return None
    if not mix.is_timed:
        return ALL_MONTHS if window.depth <= DEEPEST else None
    first, last = mix.months or (FIRST_MONTH, FAR_MONTH)
    return first if first == last and not mix.ragged and window.depth <= MONTH_DEEPEST else None


def statement_for(mix: Mix, window: Window, *, built: bool, by_category: bool = True) -> tuple[str, dict[str, Any]]:
    """The statement that counts a mix, and its parameters: from totals, counts, or reports. Without `by_category` parts may leave out the category."""
    if not built or mix.bodies or window.depth > DEEPEST:
        return _of_reports(mix, window)
    if not mix.is_timed:
        return _of_totals(mix, window) if mix.side is not None and not mix.categories else _of_counts(mix, window)
    if mix.categories or mix.side is None or mix.months is None:
        return _of_reports(mix, window)
    return _of_months(mix, window, WHOLE if by_category else SHORT)


def _given(mix: Mix, window: Window) -> dict[str, Any]:
    first, last = mix.months or (FIRST_MONTH, FAR_MONTH)
    finer = window.depth & 1
    return {
        "depth": window.depth,
        "bits": bits(window.depth),
        "columns": list(range(window.first_x, window.last_x + 1)),
        "finer_columns": list(range(window.first_x << finer, (window.last_x + 1) << finer)),
        "first_y": window.first_y,
        "last_y": window.last_y,
        "finer": finer,
        "categories": list(mix.categories),
        "statuses": list(mix.statuses or ()),
        "first_month": first,
        "last_month": last,
        "side": mix.side,
        "deeper": max(0, window.depth - MONTH_DEEPEST),
        **window.finest,
    }


def _deltas(mix: Mix, *, only_dense: bool = False) -> str:
    return DELTAS.format(
        of_category="AND category_id IN (SELECT id FROM authorities_category WHERE code = ANY(%(categories)s))" if mix.categories else "",
        of_status="" if mix.statuses is None else "AND status = ANY(%(statuses)s)",
        of_month="AND month BETWEEN %(first_month)s AND %(last_month)s" if mix.is_timed else "",
        of_dense=OF_DENSE if only_dense else "",
    )


def _of_totals(mix: Mix, window: Window) -> tuple[str, dict[str, Any]]:
    whole = TOTALS.format(months=f"(VALUES ({ALL_MONTHS}))", columns=COLUMNS_OF_VIEW, parts=WHOLE)
    return f"{whole} UNION ALL {_deltas(mix)}", _given(mix, window)


def _of_counts(mix: Mix, window: Window) -> tuple[str, dict[str, Any]]:
    counts = COUNTS.format(
        of_category="AND code = ANY(%(categories)s)" if mix.categories else "",
        of_status="" if mix.statuses is None else "AND cell.status = ANY(%(statuses)s)",
    )
    return f"{counts} UNION ALL {_deltas(mix)}", _given(mix, window)


MONTHS = "(SELECT DISTINCT month FROM insights_celltotal WHERE depth = 3 AND month BETWEEN %(first_month)s AND %(last_month)s)"


def _of_months(mix: Mix, window: Window, parts: str) -> tuple[str, dict[str, Any]]:
    """Whole months from their totals, where there are such totals; the days before and after, and elsewhere all of it, from the reports."""
    given = _given(mix, window)
    deep = window.depth > MONTH_DEEPEST
    statements = [
        TOTALS.format(months=MONTHS, columns=DENSE_COLUMNS if deep else COLUMNS_OF_VIEW, parts=parts),
        _deltas(mix, only_dense=deep),
    ]
    first, last = mix.months or (FIRST_MONTH, FAR_MONTH)
    whole = (start_of_month(max(first, MONTHS_FROM)), start_of_month(min(last + 1, MONTHS_TO)))
    counted = [(since, until, EVERYWHERE) for since, until in mix.ragged] + ([(*whole, BESIDE_DENSE)] if deep else [])
    for number, (since, until, where) in enumerate(counted):
        days, more = _points(mix, window, f"AND report.filed_at >= %(since_{number})s AND report.filed_at < %(until_{number})s", where)
        statements.append(days)
        given |= more | {f"since_{number}": since, f"until_{number}": until}
    return (DENSE if deep else "") + " UNION ALL ".join(statements), given


def _of_reports(mix: Mix, window: Window) -> tuple[str, dict[str, Any]]:
    after = "AND report.filed_at >= %(since)s" if mix.since is not None else ""
    before = "AND report.filed_at < %(until)s" if mix.until is not None else ""
    statement, given = _points(mix, window, f"{after} {before}")
    return statement, given | {"since": mix.since, "until": mix.until}


def _points(mix: Mix, window: Window, of_time: str, where: str = EVERYWHERE) -> tuple[str, dict[str, Any]]:
    """The statement that counts the reports themselves."""
    which = " ".join(
        (
            "" if mix.statuses is None else "AND report.status = ANY(%(words)s)",
            of_time,
            "AND report.authority_id IN (SELECT id FROM authorities_body WHERE code = ANY(%(bodies)s))" if mix.bodies else "",
        )
    )
    of_category = "AND code = ANY(%(categories)s)" if mix.categories else ""
    given = {**_given(mix, window), "words": [WORD[number] for number in mix.statuses or ()], "bodies": list(mix.bodies)}
    if window.depth > MONTH_DEEPEST:
        columns_and_rows = window.first_x, window.last_x, window.first_y, window.last_y
        starts, ends = ranges_of_codes(*columns_and_rows, window.depth, within=MONTH_DEEPEST)
        return POINTS.format(reports=HERE.format(ranges=where), of_category=of_category, which=which), given | {
            "starts": list(map(Int8, starts)),
            "ends": list(map(Int8, ends)),
        }
    west, south, east, north = extent_of(window.first_x, window.last_x, window.first_y, window.last_y, window.depth)
    box = {"box_west": west, "box_south": south, "box_east": east, "box_north": north}
    among = f"{BOX} {which} {OF_ANY_CATEGORY if mix.is_timed else ''}"
    return POINTS.format(reports=AMONG_ALL, of_category=of_category, which=among), given | box
