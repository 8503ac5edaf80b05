"""The statistics over all reports: whole answers of the call, and what the plainest count by SQL costs beside them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from django.db import connection

from bench.scene import make_desk
from boundaries.models import Level, Unit
from insights.figures.fold import fold
from insights.figures.question import Question
from insights.figures.table import as_json, table
from insights.models import FigureChange
from reports.models import Report

CALLS = 10
# Three states only, no time, no satisfaction, no places of other days
LIMIT = """
SELECT unit_id, count(*), count(*) FILTER (WHERE status = 'resolved'), count(*) FILTER (WHERE status = 'returned') FROM reports_report GROUP BY unit_id
"""
# What the scene's reports went through, beside their filing
EVENTS = """
ALTER TABLE reports_reportevent DISABLE TRIGGER USER;
INSERT INTO reports_reportevent (report_id, at, kind, status_before, status_after, body_id, public, data, number, salt, hash)
SELECT id, filed_at + (id % 97) * interval '1 hour', 'accept', 'new', 'accepted', authority_id, true, '{}'::jsonb, 2, gen_random_uuid(), ''
FROM reports_report WHERE status <> 'new'
UNION ALL
SELECT id, filed_at + (97 + id % 17) * interval '1 hour', 'draft_reply', 'accepted', 'reply_review', authority_id, true, '{}', 3, gen_random_uuid(), ''
FROM reports_report WHERE status = 'resolved';
ALTER TABLE reports_reportevent ENABLE TRIGGER USER;
"""


def run(number: int, open_percent: int) -> dict[str, Any]:
    """The median and the worst in seconds of each question."""
    make_desk(number, open_percent)
    with connection.cursor() as cursor:
        cursor.execute(EVENTS)
        cursor.execute("VACUUM ANALYZE reports_reportevent")
    start = time.perf_counter()
    while fold():
        pass
    folding = time.perf_counter() - start
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    unit = Unit.objects.in_force().of_level(Level.COMMUNE).order_by("code")[0]
    questions = {
        "by unit, everything": {},
        "by unit, twelve months": {"since": "2024-06-01", "until": "2025-06-01"},
        "by unit, from and until the middle of a month": {"since": "2023-03-13", "until": "2024-09-17"},
        "by body": {"group": "authority"},
        "by category": {"group": "category"},
        "by month": {"group": "month"},
        "by the units of another day": {"on_units_of": "2025-08-01"},
        "one category by unit": {"category": "pothole"},
        "one unit by category": {"unit": unit.code, "group": "category"},
        "open ones": {"status": "open"},
    }
    seconds = {"bare SQL: three states by unit": _median(lambda: _execute(LIMIT))}
    for name, asked in questions.items():
        seconds[name] = _median(partial(_answer, asked))
    Report.objects.filter(pk__in=Report.objects.order_by("-pk").values("pk")[:200]).update(version=2)
    changed = FigureChange.objects.values("month", "unit").distinct().count()
    seconds[f"by unit, everything, {changed} slices changed since"] = _median(partial(_answer, {}))
    bare = seconds["bare SQL: three states by unit"]
    return {
        "reports": Report.objects.count(),
        "seconds": seconds | {"folding everything": folding},
        "ratios": {f"{name} / bare": spent / bare for name, spent in seconds.items()},
    }


def _answer(asked: dict[str, str]) -> None:
    as_json(table(Question.of(asked)))


def _execute(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        cursor.fetchall()


def _median(work: Callable[[], Any]) -> float:
    spent = []
    for _call in range(CALLS):
        start = time.perf_counter()
        work()
        spent.append(time.perf_counter() - start)
    return statistics.median(spent)
