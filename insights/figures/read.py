"""Reads the figures of a question: whole months from the cells, what changed since they were counted and parts of months from the reports.

All in one view of the database, so that a report counts once, and to the second: a change that is committed is counted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from authorities.models import Category, Publication
from insights.figures.facts import BUCKETS, COLUMNS, OF_SLICES, OF_SPANS, STEPS, ZONE, counted_buckets, facts, opinions
from insights.figures.fold import one_view
from insights.figures.measures import EDGES, RESPONSE_DAYS
from insights.figures.question import Question
from reports.workflow import CLOSED, UNTOUCHED

COUNTS = (
    "received", "open", "resolved", "returned", "duplicate", "withdrawn",
    "received_by_split", "not_public", "overdue", "reopened", "transferred", "dated", "on_time", "not_yet_answered",
)  # fmt: skip
PARTS = COUNTS[1:6]  # received is their sum
_CLOSED = ", ".join(f"'{status}'" for status in sorted(CLOSED))
_UNTOUCHED = ", ".join(f"'{status}'" for status in sorted(UNTOUCHED))
_COUNTED = f"""ARRAY[
  sum(line.reports), sum(line.reports) FILTER (WHERE NOT line.status IN ({_CLOSED})),
  {", ".join(f"sum(line.reports) FILTER (WHERE line.status = '{status}')" for status in ("resolved", "returned", "duplicate", "withdrawn"))},
  sum(line.split), sum(line.reports) FILTER (WHERE NOT line.published OR line.category_id = ANY(%(never)s)),
  sum(line.reports) FILTER (WHERE line.due < %(this_month)s), sum(line.reopened), sum(line.transferred), sum(line.dated), sum(line.on_time), 0
]::bigint[]"""
_SUMMED = "ARRAY[" + ", ".join(f"sum(line.b{number})" for number in range(1, len(EDGES) + 1)) + "]::bigint[]"
LOCATED = """
SELECT place.id AS place_id, min(unit.id) AS unit_id FROM insights_figureplace AS place CROSS JOIN unnest(place.units) AS held (id)
JOIN boundaries_unit AS unit ON unit.id = held.id WHERE unit.active AND unit.validity @> %(on)s::date GROUP BY place.id
"""
_UNIT_THEN = """
COALESCE((SELECT min(unit.id) FROM reports_reportplace AS place JOIN boundaries_unit AS unit ON unit.id = place.unit_id
          WHERE place.report_id = report.id AND unit.active AND unit.validity @> %(on)s::date), 0)
"""
Key = tuple[Any, ...]


@dataclass
class Sums:
    """What is counted of some reports: COUNTS in their order, and by measure how often each size occurs."""

    counts: list[int] = field(default_factory=lambda: [0] * len(COUNTS))
    spreads: dict[int, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0] * len(EDGES)))

    def add(self, measure: int, numbers: Iterable[int | None]) -> None:
        """Adds numbers of a measure; measure 0 are the counts."""
        own = self.spreads[measure] if measure else self.counts
        for place, number in enumerate(numbers):
            own[place] += number or 0

    def take(self, other: Sums) -> None:
        """Adds all that another has counted."""
        self.add(0, other.counts)
        for measure, counts in other.spreads.items():
            self.add(measure, counts)

    names = COUNTS

    def __getitem__(self, name: str) -> int:
        return self.counts[COUNTS.index(name)]


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
        "span_starts": [start for start, _end in span.parts],
        "span_ends": [end for _start, end in span.parts],
    }
    found: dict[Key, Sums] = defaultdict(Sums)
    depth = len(question.groups)
    with one_view(), connection.cursor() as cursor:
        asked["never"] = list(Category.objects.filter(publication=Publication.NEVER).values_list("pk", flat=True))
        if question.units is not None:
            cursor.execute("SELECT id FROM insights_figureplace WHERE units && %(units)s::bigint[]", asked)
            asked["places"] = [key for (key,) in cursor.fetchall()]
        cursor.execute(f"SELECT DISTINCT month, unit_id FROM insights_figurechange AS line WHERE {span.months()}", asked)  # noqa: S608
        changed = cursor.fetchall()
        asked["slice_months"], asked["slice_units"] = [month for month, _ in changed], [unit for _, unit in changed]
        for statement in _statements(question, span, bool(changed)):
            cursor.execute(statement, asked)
            for row in cursor:
                found[row[:depth]].add(row[depth], row[depth + 1])
    return dict(found)


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


def _month_from(moment: datetime) -> date:
    """The first month that begins at a moment or after it."""
    day = timezone.localdate(moment).replace(day=1)
    return day if _start(day) >= moment else (day + timedelta(days=32)).replace(day=1)


def _start(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _statements(question: Question, span: Span, has_changed: bool) -> list[str]:
    """Each gives rows of the groups, the measure, and an array of numbers."""
    keys = ", ".join(f"line.{'month' if group == 'month' else group + '_id'}" for group in question.groups)
    filters = [
        *["{0}.category_id = ANY(%(categories)s)"] * (question.categories is not None),
        *["{0}.status = ANY(%(statuses)s)"] * (question.statuses is not None),
    ]
    of_body = ["{0}.authority_id = ANY(%(bodies)s)"] * (question.bodies is not None)
    statements = []
    if not span.is_empty:
        where = " AND ".join([*filters, *of_body, *["{0}.place_id = ANY(%(places)s)"] * (question.units is not None), "true"]).format(
            "line"
        )
        not_changed = (
            "NOT EXISTS (SELECT FROM unnest(%(slice_months)s::date[], %(slice_units)s::bigint[]) AS slice (month, unit)"
            " WHERE slice.month = line.month AND slice.unit = line.unit_id)"
        )
        condition = f"{span.months()} AND {where}" + (f" AND {not_changed}" if has_changed else "")
        of_all = "ofall" if question.categories is None and "category" not in question.groups else ""
        for table, measure, numbers in (("figurecell", "0", _COUNTED), ("figurespread", "line.measure", _SUMMED)):
            source = f"SELECT * FROM insights_{table}{of_all} AS line WHERE {condition}"  # noqa: S608  constants only
            if question.on and "unit" in question.groups:
                columns = "line.month, COALESCE(located.unit_id, 0) AS unit_id, line.authority_id, line.category_id, line.status, "
                columns += "line.measure, line." + BUCKETS.replace(", ", ", line.") if measure != "0" else (
                    "line.published, line.due, line.reports, line.split, line.reopened, line.transferred, line.dated, line.on_time"
                )  # fmt: skip
                source = (
                    f"SELECT {columns} FROM ({source}) AS line"  # noqa: S608
                    f" LEFT JOIN ({LOCATED}) AS located ON located.place_id = line.place_id"
                )
            by = f"{keys}, line.measure" if measure != "0" else keys
            statements.append(f"SELECT {keys}, {measure}, {numbers} FROM ({source}) AS line GROUP BY {by}")  # noqa: S608
    in_units = ["EXISTS (SELECT FROM reports_reportplace AS place WHERE place.report_id = {0}.id AND place.unit_id = ANY(%(units)s))"] * (
        question.units is not None
    )
    unit = _UNIT_THEN if question.on and "unit" in question.groups else "COALESCE(report.unit_id, 0)"
    where = " AND ".join([*filters, *in_units, "true"]).format("report")
    bodies = "".join(of_body).format("report") or "true"
    sources = [*[OF_SLICES] * (has_changed and not span.is_empty), *[OF_SPANS] * bool(span.parts)]
    if sources:
        chosen = " UNION ALL ".join(f"({source})" for source in sources)
        said = opinions("chosen", unit, bodies=bodies.replace("report.", "said."))
        statements.append(f"""
WITH chosen AS MATERIALIZED (SELECT {COLUMNS} FROM ({chosen}) AS report WHERE {where}),
facts AS MATERIALIZED ({facts("chosen", unit, where=bodies)})
SELECT {keys}, 0, {_COUNTED} FROM (SELECT *, 1 AS reports FROM facts) AS line GROUP BY {keys}
UNION ALL
SELECT {keys}, line.measure, ARRAY[{counted_buckets("line")}]::bigint[] FROM ({STEPS} UNION ALL {said}) AS line GROUP BY {keys}, line.measure
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
SELECT {keys}, 0, ARRAY[{numbers}] FROM (
  SELECT date_trunc('month', report.filed_at AT TIME ZONE '{ZONE}')::date AS month, {unit} AS unit_id, report.authority_id, report.category_id
  FROM reports_report AS report WHERE {condition} AND NOT report.status IN ({_CLOSED}) AND {now}
) AS line GROUP BY {keys}
""")  # noqa: S608  constants only
    return statements
