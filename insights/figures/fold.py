"""Counts the slices anew that have changed, and forgets the lines that said so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from insights.figures.facts import BUCKETS, OF_SLICES, STEPS, UNITS_OF_REPORT, counted_buckets, facts, opinions

SLICES_AT_ONCE = 200
LOCK = 0x66_69_67_73  # the number of the advisory lock: one folds at a time

CHANGED = "SELECT month, unit_id FROM insights_figurechange GROUP BY month, unit_id ORDER BY month DESC, unit_id LIMIT %s"
_THESE = "(month, unit_id) IN (SELECT * FROM unnest(%(slice_months)s::date[], %(slice_units)s::bigint[]))"
TABLES = ("figurechange", "figurecell", "figurecellofall", "figurespread", "figurespreadofall", "figurefact", "figureopinion")
FORGET = tuple(f"DELETE FROM insights_{table} WHERE {_THESE}" for table in TABLES)  # noqa: S608  constants only
PLACES = f"""
INSERT INTO insights_figureplace (units)
SELECT DISTINCT {UNITS_OF_REPORT} FROM ({OF_SLICES}) AS report
ON CONFLICT (units) DO NOTHING
"""  # noqa: S608  constants only
_PLACE = f"(SELECT place.id FROM insights_figureplace AS place WHERE place.units = {UNITS_OF_REPORT})"  # noqa: S608
_UNIT = "COALESCE(report.unit_id, 0)"
_SLICE = "month, unit_id, place_id, authority_id, category_id, status"
# Category 0 for all together, but for those that are never public, which a count of what is not public must tell apart
_OF_ALL = """
month, unit_id, place_id, authority_id,
(SELECT COALESCE(max(category.id), 0) FROM authorities_category AS category WHERE category.id = line.category_id AND category.publication = 'never'), status
"""
_FACT = f"filed_at, {_SLICE}, published, due, split, reopened, transferred, dated, on_time, m1, m2, m3, m4"
_KINDS = "published, due, reports, split, reopened, transferred, dated, on_time"
_SUMS = "published, due, count(*), sum(split), sum(reopened), sum(transferred), sum(dated), sum(on_time)"
COUNT = f"""
WITH chosen AS MATERIALIZED ({OF_SLICES}),
facts AS MATERIALIZED ({facts("chosen", _UNIT, _PLACE)}),
opinions AS MATERIALIZED ({opinions("chosen", _UNIT, _PLACE)}),
spread AS MATERIALIZED ({STEPS} UNION ALL SELECT * FROM opinions),
cells AS (
  INSERT INTO insights_figurecell ({_SLICE}, {_KINDS})
  SELECT {_SLICE}, {_SUMS} FROM facts AS line GROUP BY {_SLICE}, published, due
),
cells_of_all AS (
  INSERT INTO insights_figurecellofall ({_SLICE}, {_KINDS})
  SELECT {_OF_ALL}, {_SUMS} FROM facts AS line GROUP BY 1, 2, 3, 4, 5, 6, published, due
),
spread_of_all AS (
  INSERT INTO insights_figurespreadofall ({_SLICE}, measure, {BUCKETS})
  SELECT {_OF_ALL}, measure, {counted_buckets("line")} FROM spread AS line GROUP BY 1, 2, 3, 4, 5, 6, measure
),
facts_kept AS (
  INSERT INTO insights_figurefact (report_id, {_FACT}) SELECT id, {_FACT} FROM facts
),
opinions_kept AS (
  INSERT INTO insights_figureopinion ({_SLICE}, measure, bucket, filed_at) SELECT {_SLICE}, measure, bucket, filed_at FROM opinions
)
INSERT INTO insights_figurespread ({_SLICE}, measure, {BUCKETS})
SELECT {_SLICE}, measure, {counted_buckets("line")} FROM spread AS line GROUP BY {_SLICE}, measure
"""  # noqa: S608  constants only
_MONTHS = "month = ANY(%(slice_months)s::date[])"
_SUM_BUCKETS = ", ".join(f"sum({bucket})" for bucket in BUCKETS.split(", "))
ADD_UP_MONTHS = (
    f"DELETE FROM insights_figurecellofmonth WHERE {_MONTHS}",  # noqa: S608  constants only
    f"DELETE FROM insights_figurespreadofmonth WHERE {_MONTHS}",  # noqa: S608
    f"""
INSERT INTO insights_figurecellofmonth ({_SLICE}, {_KINDS})
SELECT month, 0, 0, 0, category_id, status, published, due,
       sum(reports), sum(split), sum(reopened), sum(transferred), sum(dated), sum(on_time)
FROM insights_figurecell WHERE {_MONTHS} GROUP BY month, category_id, status, published, due
""",  # noqa: S608
    f"""
INSERT INTO insights_figurespreadofmonth ({_SLICE}, measure, {BUCKETS})
SELECT month, 0, 0, 0, category_id, status, measure, {_SUM_BUCKETS}
FROM insights_figurespread WHERE {_MONTHS} GROUP BY month, category_id, status, measure
""",  # noqa: S608
)
_ADDED_UP = {
    "cell": ("published, due", "sum(reports), sum(split), sum(reopened), sum(transferred), sum(dated), sum(on_time)", _KINDS),
    "spread": ("measure", _SUM_BUCKETS, f"measure, {BUCKETS}"),
}


def add_up_span(kind: str, months: int, spans: str) -> str:
    """Adds the lines of a kind up over spans of so many months of a unit (rows of `month`, `unit`): quarters of months, years of quarters."""
    by, sums, columns = _ADDED_UP[kind]
    source, step = (f"insights_figure{kind}", 1) if months == 3 else (f"insights_figure{kind}ofspan", 3)
    return f"""
INSERT INTO insights_figure{kind}ofspan (months, {_SLICE}, {columns})
SELECT {months}, span.month, line.unit_id, line.place_id, line.authority_id, line.category_id, line.status, {by}, {sums}
FROM ({spans}) AS span
CROSS JOIN generate_series(span.month::timestamp, span.month + interval '{months - step} months', interval '{step} months') AS part (month)
JOIN {source} AS line ON line.month = part.month::date AND line.unit_id = span.unit{" AND line.months = 3" * (step == 3)}
GROUP BY span.month, line.unit_id, line.place_id, line.authority_id, line.category_id, line.status, {by}
"""  # noqa: S608  constants only


def _spans_of_changed(months: int) -> str:
    word = {3: "quarter", 12: "year"}[months]
    return f"SELECT DISTINCT date_trunc('{word}', month)::date AS month, unit FROM unnest(%(slice_months)s::date[], %(slice_units)s::bigint[]) AS slice (month, unit)"  # noqa: S608


ADD_UP_SPANS = tuple(
    statement
    for kind in _ADDED_UP
    for months in (3, 12)
    for statement in (
        f"DELETE FROM insights_figure{kind}ofspan WHERE months = {months} AND (month, unit_id) IN ({_spans_of_changed(months)})",  # noqa: S608
        add_up_span(kind, months, _spans_of_changed(months)),
    )
)


def fold(most: int = SLICES_AT_ONCE) -> int:
    """Counts up to so many changed slices anew, the latest months first; how many. Zero too where another process is at it."""
    with one_view(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute(CHANGED, [most])
        slices = cursor.fetchall()
        if slices:
            asked = {"slice_months": [month for month, _unit in slices], "slice_units": [unit for _month, unit in slices]}
            for statement in (*FORGET, PLACES, COUNT, *ADD_UP_MONTHS, *ADD_UP_SPANS):
                cursor.execute(statement, asked)
    return len(slices)


@contextmanager
def one_view() -> Iterator[None]:
    """One view of the database for all statements in it: what commits meanwhile is not seen, neither in part nor as a whole."""
    outermost = not connection.in_atomic_block
    with transaction.atomic():
        with connection.cursor() as cursor:
            if outermost:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            cursor.execute("SET LOCAL jit = off")  # its compiling took longer than what it compiled
        yield
