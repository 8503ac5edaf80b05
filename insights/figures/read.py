"""Reads the figures of a question: whole months from the cells, what changed since they were counted and parts of months from the reports.

All in one view of the database, so that a report counts once, and to the second: a change that is committed is counted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cached_property
from operator import add
from typing import Any, Self

from django.db import connection
from django.utils import timezone

from authorities.models import Category, Publication
from insights.figures.facts import BUCKETS, COLUMNS, MONTH, OF_SLICES, OF_SPANS, ZONE, facts, in_buckets, opinions
from insights.figures.fold import one_view
from insights.figures.measures import EDGES, RESPONSE_DAYS
from insights.figures.question import Question
from reports.workflow import CLOSED, UNTOUCHED

COUNTS = (
    "received", "open", "resolved", "returned", "duplicate", "withdrawn",
    "received_by_split", "not_public", "overdue", "reopened", "transferred", "dated", "on_time", "not_yet_answered",
)  # fmt: skip
PARTS = COUNTS[1:6]  # received is their sum
_PLACES = {name: place for place, name in enumerate(COUNTS)}
_CLOSED = ", ".join(f"'{status}'" for status in sorted(CLOSED))
_UNTOUCHED = ", ".join(f"'{status}'" for status in sorted(UNTOUCHED))
_KINDS = (
    f"NOT line.status IN ({_CLOSED})",
    *(f"line.status = '{status}'" for status in ("resolved", "returned", "duplicate", "withdrawn")),
)
# A column for each of COUNTS, of lines with `reports`; {hidden} is the condition that a line is not public
_COUNTED = f"""
  sum(line.reports)::bigint, {", ".join(f"COALESCE(sum(line.reports) FILTER (WHERE {kind}), 0)::bigint" for kind in _KINDS)},
  sum(line.split)::bigint, COALESCE(sum(line.reports) FILTER (WHERE {{hidden}}), 0)::bigint,
  COALESCE(sum(line.reports) FILTER (WHERE line.due < %(this_month)s), 0)::bigint,
  sum(line.reopened)::bigint, sum(line.transferred)::bigint, sum(line.dated)::bigint, sum(line.on_time)::bigint, 0::bigint
"""
_OF_LINES = _COUNTED.format(hidden="NOT line.published OR line.category_id = ANY(%(never)s)")
_OF_KINDS = _COUNTED.format(hidden="NOT line.published") + ", 0::bigint" * (len(EDGES) - len(COUNTS))  # as wide as a line of buckets
_SUMMED = ", ".join(f"sum(line.b{number})" for number in range(1, len(EDGES) + 1))
LOCATED = """
SELECT place.id AS place_id, min(unit.id) AS unit_id FROM insights_figureplace AS place CROSS JOIN unnest(place.units) AS held (id)
JOIN boundaries_unit AS unit ON unit.id = held.id WHERE unit.active AND unit.validity @> %(on)s::date GROUP BY place.id
"""
_UNIT_THEN = """
COALESCE((SELECT min(unit.id) FROM reports_reportplace AS place JOIN boundaries_unit AS unit ON unit.id = place.unit_id
          WHERE place.report_id = report.id AND unit.active AND unit.validity @> %(on)s::date), 0)
"""
Key = tuple[Any, ...]
Piece = tuple[int, date | None, date | None]  # spans of so many months that begin in [from, to), None open


@dataclass
class Sums:
    """What is counted of some reports: COUNTS in their order, and by measure how often each size occurs."""

    counts: list[int] = field(default_factory=lambda: [0] * len(COUNTS))
    spreads: dict[int, list[int]] = field(default_factory=dict)

    def add(self, measure: int, numbers: Iterable[int]) -> None:
        """Adds numbers of a measure; measure 0 are the counts."""
        if not measure:
            self.counts = list(map(add, self.counts, numbers))
        elif (own := self.spreads.get(measure)) is None:
            self.spreads[measure] = list(numbers)
        else:
            self.spreads[measure] = list(map(add, own, numbers))

    @classmethod
    def of(cls, all_of_them: Iterable[Sums]) -> Self:
        """All together, added up by columns."""
        counts, spreads = [], defaultdict(list)
        for own in all_of_them:
            counts.append(own.counts)
            for measure, numbers in own.spreads.items():
                spreads[measure].append(numbers)
        return cls(
            list(map(sum, zip(*counts, strict=True))) or [0] * len(COUNTS),
            {measure: list(map(sum, zip(*lines, strict=True))) for measure, lines in spreads.items()},
        )

    def take(self, other: Sums) -> None:
        """Adds all that another has counted."""
        self.add(0, other.counts)
        for measure, counts in other.spreads.items():
            self.add(measure, counts)

    def drop_empty(self) -> bool:
        """Forgets measures of which there is nothing; whether anything is left."""
        self.spreads = {measure: counts for measure, counts in self.spreads.items() if any(counts)}
        return any(self.counts) or bool(self.spreads)

    names = COUNTS

    def __getitem__(self, name: str) -> int:
        return self.counts[_PLACES[name]]


def read(question: Question, now: datetime | None = None) -> dict[Key, Sums]:
    """The sums by key: for each group in the question's order a number (0: no unit) or, of a month, its first day."""
    now = now or timezone.now()
    span = Span.of(question)
    asked: dict[str, Any] = {
        "this_month": timezone.localdate(now).replace(day=1),
        "start_of_month": _start(timezone.localdate(now).replace(day=1)),
        "now": now,
        "young": now - timedelta(days=RESPONSE_DAYS),
        "on": question.on,
        "categories": question.categories,
        "statuses": question.statuses,
        "bodies": question.bodies,
        "units": question.units,
        "since": question.since,
        "until": question.until,
        "first_month": span.first,
        "end_month": span.end,
        **span.edges,
        "span_starts": [start for start, _end in span.parts],
        "span_ends": [end for _start, end in span.parts],
        "months_of_parts": [timezone.localdate(start).replace(day=1) for start, _end in span.parts],
    }
    found: dict[Key, Sums] = defaultdict(Sums)
    depth = len(question.groups)
    with one_view(), connection.cursor() as cursor:
        asked["never"] = list(Category.objects.filter(publication=Publication.NEVER).values_list("pk", flat=True))
        if question.units is not None:
            cursor.execute("SELECT id FROM insights_figureplace WHERE units && %(units)s::bigint[]", asked)
            asked["places"] = [key for (key,) in cursor.fetchall()]
        cursor.execute(f"SELECT DISTINCT month, unit_id, {span.months()} FROM insights_figurechange AS line WHERE {span.touched()}", asked)  # noqa: S608
        changed = cursor.fetchall()
        for name, is_whole in (("slice", True), ("part", False)):
            asked[f"{name}_months"] = [month for month, _unit, whole in changed if whole is is_whole]
            asked[f"{name}_units"] = [unit for _month, unit, whole in changed if whole is is_whole]
        for statement in _statements(question, span, bool(asked["slice_months"]), bool(asked["part_months"])):
            cursor.execute(statement, asked)
            for row in cursor.fetchall():
                found[row[:depth]].add(row[depth], row[depth + 1 :])
    # What was taken off may leave nothing
    return {key: own for key, own in found.items() if own.drop_empty()}


@dataclass(frozen=True)
class Span:
    """A period as whole months [first, end), None open, and parts of months [start, end)."""

    first: date | None
    end: date | None
    parts: list[tuple[datetime, datetime]]
    is_empty: bool = False  # no whole month

    @classmethod
    def of(cls, question: Question) -> Span:
        """The period of a question."""
        since, until = question.since, question.until
        first = _month_from(since) if since else None
        end = timezone.localdate(until).replace(day=1) if until else None
        if since and until and first and end and first > end:  # within one month, or nothing
            return cls(None, None, [(since, until)] if since < until else [], is_empty=True)
        parts = [(since, _start(first))] if since and first and since < _start(first) else []
        parts += [(_start(end), until)] if until and end and _start(end) < until else []
        return cls(first, end, parts, is_empty=first is not None and first == end)

    def months(self) -> str:
        """The condition on `line.month`."""
        if self.is_empty:
            return "false"
        return " AND ".join(
            ["true", *["line.month >= %(first_month)s"] * bool(self.first), *["line.month < %(end_month)s"] * bool(self.end)]
        )

    def touched(self) -> str:
        """The condition on `line.month` that it is one of the whole months, or one of which only a part is asked for."""
        return f"({self.months()} OR line.month = ANY(%(months_of_parts)s))" if self.parts else self.months()

    @cached_property
    def pieces(self) -> list[Piece]:
        """The whole months as years, quarters and single months."""
        return [] if self.is_empty else _split(self.first, self.end)

    @property
    def edges(self) -> dict[str, date | None]:
        """The parameters of the conditions of `pieces`."""
        return {
            f"{name}_{number}": edge for number, piece in enumerate(self.pieces) for name, edge in (("from", piece[1]), ("to", piece[2]))
        }

    def piece(self, number: int) -> str:
        """The condition on `line.month` that it begins one of the spans of a piece."""
        _months, first, end = self.pieces[number]
        return " AND ".join(["true", *[f"line.month >= %(from_{number})s"] * bool(first), *[f"line.month < %(to_{number})s"] * bool(end)])


def _split(first: date | None, end: date | None, sizes: tuple[int, ...] = (12, 3, 1)) -> list[Piece]:
    """Whole months [first, end), None open, as pieces of spans of so many months each, the longest that fit."""
    months, *smaller = sizes
    start, stop = first and _span_of(first, months, up=True), end and _span_of(end, months)
    if start and stop and start >= stop:
        return _split(first, end, tuple(smaller)) if smaller else []
    return [
        *(_split(first, start, tuple(smaller)) if first and first != start else []),
        (months, start, stop),
        *(_split(stop, end, tuple(smaller)) if end and end != stop else []),
    ]


def _span_of(month: date, months: int, *, up: bool = False) -> date:
    """The first month of the span of so many months that holds a month; `up`: or of the next, where it begins none."""
    number = month.year * 12 + month.month - 1
    number = (-(-number // months) if up else number // months) * months
    return date(number // 12, number % 12 + 1, 1)


def _month_from(moment: datetime) -> date:
    """The first month that begins at a moment or after it."""
    day = timezone.localdate(moment).replace(day=1)
    return day if _start(day) >= moment else (day + timedelta(days=32)).replace(day=1)


def _start(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


_OF_SLICE = "line.month, line.unit_id, line.place_id, line.authority_id, line.category_id, line.status"
_OF_CELL = "published, due, reports, split, reopened, transferred, dated, on_time"
_OF_FACT = "published, due, split, reopened, transferred, dated, on_time, m1, m2, m3, m4"
_TAKEN_OFF = ", ".join(f"-{name} AS {name}" for name in ("reports", "split", "reopened", "transferred", "dated", "on_time"))
_BUCKETS_OFF = ", ".join(f"-{name} AS {name}" for name in BUCKETS.split(", "))


def _statements(question: Question, span: Span, has_changed: bool, has_changed_parts: bool) -> list[str]:
    """Each gives rows of the groups, the measure, and its numbers: columns, which are read three times as fast as arrays."""
    keys = ", ".join(f"line.{'month' if group == 'month' else group + '_id'}" for group in question.groups)
    filters = [
        *["{0}.category_id = ANY(%(categories)s)"] * (question.categories is not None),
        *["{0}.status = ANY(%(statuses)s)"] * (question.statuses is not None),
    ]
    of_body = ["{0}.authority_id = ANY(%(bodies)s)"] * (question.bodies is not None)
    in_place = ["{0}.place_id = ANY(%(places)s)"] * (question.units is not None)
    in_units = ["EXISTS (SELECT FROM reports_reportplace AS place WHERE place.report_id = {0}.id AND place.unit_id = ANY(%(units)s))"] * (
        question.units is not None
    )
    unit = _UNIT_THEN if question.on and "unit" in question.groups else "COALESCE(report.unit_id, 0)"
    where = " AND ".join([*filters, *in_units, "true"]).format("report")
    bodies = "".join(of_body).format("report") or "true"
    statements = []
    if not span.is_empty:
        condition = " AND ".join([*filters, *of_body, *in_place, "true"]).format("line")
        statements += _of_whole_months(question, span, keys, condition, has_changed)
    if span.parts:
        of_lines = " AND ".join([*filters, *of_body, *in_place, *[_not_in("part")] * has_changed_parts, "true"]).format("line")
        statements.append(_of_parts(question, keys, of_lines))
    sources = [*[OF_SLICES] * has_changed, *[_of_changed_parts()] * has_changed_parts]
    if sources:
        chosen = " UNION ALL ".join(f"({source})" for source in sources)
        said = opinions("chosen", unit, bodies=bodies.replace("report.", "said."))
        statements.append(f"""
WITH chosen AS MATERIALIZED (SELECT {COLUMNS} FROM ({chosen}) AS report WHERE {where}),
{_counted_by_kind(keys, facts("chosen", unit, where=bodies), said)}
""")  # noqa: S608  constants only
    # What no cell can know, for it is so only now: due earlier this month, and too young to have been answered
    period = ["report.filed_at >= %(since)s"] * bool(question.since) + ["report.filed_at < %(until)s"] * bool(question.until)
    now = " AND ".join([where, bodies, *period])
    for name, condition in (
        ("overdue", "report.due_at >= %(start_of_month)s AND report.due_at < %(now)s"),
        ("not_yet_answered", f"report.filed_at >= %(young)s AND report.status IN ({_UNTOUCHED})"),
    ):
        numbers = ", ".join("count(*)" if name == count else "0" for count in COUNTS)
        statements.append(f"""
SELECT {keys}, 0, {numbers} FROM (
  SELECT date_trunc('month', report.filed_at AT TIME ZONE '{ZONE}')::date AS month, {unit} AS unit_id, report.authority_id, report.category_id
  FROM reports_report AS report WHERE {condition} AND NOT report.status IN ({_CLOSED}) AND {now}
) AS line GROUP BY {keys}
""")  # noqa: S608  constants only
    return statements


def _slices(name: str) -> str:
    """The changed slices of whole months (slice) or of parts of months (part), as rows."""
    return f"unnest(%({name}_months)s::date[], %({name}_units)s::bigint[]) AS slice (month, unit)"


def _not_in(name: str) -> str:
    return f"NOT EXISTS (SELECT FROM {_slices(name)} WHERE slice.month = {{0}}.month AND slice.unit = {{0}}.unit_id)"


def _of_whole_months(question: Question, span: Span, keys: str, condition: str, has_changed: bool) -> list[str]:
    """From the lines of slices that have not changed; or from sums of them, less what the lines of changed slices hold."""
    by_unit = question.units is not None or "unit" in question.groups
    by_body = question.bodies is not None or "authority" in question.groups
    by_category = question.categories is not None or "category" in question.groups
    statements = []
    for kind, measure, numbers, off in (("cell", "0", _OF_LINES, _TAKEN_OFF), ("spread", "line.measure", _SUMMED, _BUCKETS_OFF)):
        columns = f"measure, {BUCKETS}" if kind == "spread" else _OF_CELL
        first = "measure" if kind == "spread" else "published, due"
        less = (
            f"SELECT {_OF_SLICE}, {first}, {off} FROM {_slices('slice')}"  # noqa: S608  constants only
            f" JOIN insights_figure{kind} AS line ON line.month = slice.month AND line.unit_id = slice.unit WHERE {condition}"
        )
        if not by_unit and not by_body:
            lines = [f"SELECT {_OF_SLICE}, {columns} FROM insights_figure{kind}ofmonth AS line WHERE {span.months()} AND {condition}"]  # noqa: S608
        elif by_category and "month" not in question.groups:
            lines = [
                f"SELECT {_OF_SLICE}, {columns} FROM insights_figure{kind}{'ofspan' * (months > 1)} AS line"  # noqa: S608
                f" WHERE {span.piece(number)}{f' AND line.months = {months}' * (months > 1)} AND {condition}"
                for number, (months, _first, _end) in enumerate(span.pieces)
            ]
        else:
            table = f"insights_figure{kind}" if by_category else f"insights_figure{kind}ofall"
            unchanged = f" AND {_not_in('slice').format('line')}" if has_changed else ""
            lines = [f"SELECT {_OF_SLICE}, {columns} FROM {table} AS line WHERE {span.months()} AND {condition}{unchanged}"]  # noqa: S608
            less = ""
        source = _located(question, " UNION ALL ".join([*lines, *[less] * (has_changed and bool(less))]), columns)
        by = f"{keys}, line.measure" if kind == "spread" else keys
        statements.append(f"SELECT {keys}, {measure}, {numbers} FROM ({source}) AS line GROUP BY {by}")  # noqa: S608
    return statements


def _located(question: Question, source: str, columns: str) -> str:
    """Lines with the unit of the day asked for, in place of that of now."""
    if not (question.on and "unit" in question.groups):
        return source
    return (
        f"SELECT line.month, COALESCE(located.unit_id, 0) AS unit_id, authority_id, category_id, status, {columns} FROM ({source}) AS line"  # noqa: S608
        f" LEFT JOIN ({LOCATED}) AS located ON located.place_id = line.place_id"
    )


def _of_parts(question: Question, keys: str, condition: str) -> str:
    """From the facts and opinions of reports filed in parts of months, those of slices that have not changed."""
    spans = "unnest(%(span_starts)s::timestamptz[], %(span_ends)s::timestamptz[]) AS span (since, until)"
    of_facts, of_opinions = (
        _located(
            question,
            f"SELECT line.* FROM {spans} JOIN insights_figure{table} AS line"  # noqa: S608  constants only
            f" ON line.filed_at >= span.since AND line.filed_at < span.until WHERE {condition}",
            f"line.place_id, {columns}, filed_at",
        )
        for table, columns in (("fact", _OF_FACT), ("opinion", "measure, bucket"))
    )
    opinions_kept = (
        f"SELECT month, unit_id, place_id, authority_id, category_id, status, measure, bucket, filed_at FROM ({of_opinions}) AS opinion"  # noqa: S608
    )
    return f"WITH {_counted_by_kind(keys, of_facts, opinions_kept)}"


def _counted_by_kind(keys: str, facts: str, opinions: str) -> str:
    """From lines of facts and of opinions: counts and buckets by keys, what follows `WITH`.

    The facts are passed once, and counted by what tells them apart and by the bucket of each step at the same time; only what comes of it is added up.
    """
    steps = [f"line.m{number}" for number in range(1, 5)]
    buckets = f"""
  SELECT {keys}, CASE without WHEN 7 THEN 1 WHEN 11 THEN 2 WHEN 13 THEN 3 ELSE 4 END AS measure, bucket, reports AS number
  FROM kinds AS line WHERE without < 15 AND bucket IS NOT NULL
  UNION ALL
  SELECT {keys}, measure, bucket, count(*) FROM ({opinions}) AS line GROUP BY {keys}, measure, bucket
"""  # noqa: S608  constants only
    return f"""
kinds AS MATERIALIZED (
  SELECT {keys}, GROUPING({", ".join(steps)}) AS without, COALESCE({", ".join(steps)}) AS bucket, line.status, line.published, line.due,
         count(*) AS reports, sum(line.split) AS split, sum(line.reopened) AS reopened, sum(line.transferred) AS transferred,
         sum(line.dated) AS dated, sum(line.on_time) AS on_time
  FROM (
    SELECT month, unit_id, authority_id, category_id, status, published AND category_id <> ALL(%(never)s) AS published,
           due, split, reopened, transferred, dated, on_time, m1, m2, m3, m4
    FROM ({facts}) AS fact
  ) AS line
  GROUP BY GROUPING SETS (({keys}, line.status, line.published, line.due), {", ".join(f"({keys}, {step})" for step in steps)})
)
SELECT {keys}, 0, {_OF_KINDS} FROM kinds AS line WHERE without = 15 GROUP BY {keys}
UNION ALL
{in_buckets(keys, buckets)}
"""  # noqa: S608  constants only


def _of_changed_parts() -> str:
    """The reports filed in parts of months, of slices that have changed."""
    return f"""
SELECT {COLUMNS} FROM ({OF_SPANS}) AS report
JOIN {_slices("part")} ON slice.month = {MONTH} AND slice.unit = COALESCE(report.unit_id, 0)
"""  # noqa: S608  constants only
