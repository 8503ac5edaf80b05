"""The statistics over all reports: whole answers of the call and whole pages over HTTP, and what a plain count by SQL costs beside them.

With `--keep` the million reports are made once; `--scene DATABASE` measures them again in five minutes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.db import connection

from bench.scene import make_desk, say
from bench.serving import Caller, served
from boundaries.models import Level, Unit
from insights.figures.fold import fold
from insights.figures.question import Question
from insights.figures.table import as_json, table
from insights.models import FigureChange
from reports.models import Report

CALLS = 20
PLAIN_CALLS = 2
# Five states and the median of the whole time only: no steps, no satisfaction, no places of other days
PLAIN = """
SELECT {keys}, count(*), count(*) FILTER (WHERE status NOT IN ('resolved', 'returned', 'duplicate', 'withdrawn')),
       count(*) FILTER (WHERE status = 'resolved'), count(*) FILTER (WHERE status = 'returned'),
       percentile_disc(0.5) WITHIN GROUP (ORDER BY closed_at - filed_at) FILTER (WHERE status = 'resolved')
FROM reports_report WHERE {where} GROUP BY {keys}
"""
KEYS = {
    "unit": "unit_id",
    "authority": "authority_id",
    "category": "category_id",
    "month": "date_trunc('month', filed_at AT TIME ZONE 'Asia/Ho_Chi_Minh')",
}
# What the scene's reports went through, beside their filing
EVENTS = """
ALTER TABLE reports_reportevent DISABLE TRIGGER USER;
INSERT INTO reports_reportevent (report_id, at, kind, status_before, status_after, body_id, public, data, number, salt, hash)
SELECT id, filed_at + (id % 97) * interval '1 hour', 'accept', 'new', 'accepted', authority_id, true, '{}'::jsonb, 2, gen_random_uuid(), '\\x'::bytea
FROM reports_report WHERE status <> 'new'
UNION ALL
SELECT id, filed_at + (97 + id % 17) * interval '1 hour', 'draft_reply', 'accepted', 'reply_review', authority_id, true, '{}', 3, gen_random_uuid(), '\\x'
FROM reports_report WHERE status = 'resolved';
ALTER TABLE reports_reportevent ENABLE TRIGGER USER;
"""
# One resolved report in ten is rated, by every criterion
RATINGS = """
INSERT INTO reports_reply (report_id, body_id, text, drafted_at, published_at)
SELECT id, authority_id, 'Đã xử lý.', filed_at, closed_at FROM reports_report WHERE status = 'resolved' AND id % 10 = 0;
INSERT INTO reports_rating (reply_id, given_at, changed_at, comment, comment_state) SELECT id, published_at, published_at, '', 'none' FROM reports_reply;
INSERT INTO reports_score (rating_id, criterion_id, value)
SELECT rating.id, criterion.id, 1 + (rating.id * 7 + criterion.id * 3) % 5 FROM reports_rating AS rating CROSS JOIN authorities_criterion AS criterion;
"""


def run(number: int, open_percent: int) -> dict[str, Any]:
    """The median and the 95th percentile in seconds of each question and page, beside a plain count of the same reports."""
    folding = make_scene(number, open_percent)
    unit = Unit.objects.in_force().of_level(Level.COMMUNE).order_by("code")[0]
    questions: dict[str, tuple[dict[str, str], str]] = {
        "by unit, everything": ({}, "true"),
        "by unit, twelve months": (
            {"since": "2024-06-01", "until": "2025-06-01"},
            "filed_at >= '2024-06-01 00:00+07' AND filed_at < '2025-06-01 00:00+07'",
        ),
        "by unit, from and until the middle of a month": (
            {"since": "2023-03-13", "until": "2024-09-17"},
            "filed_at >= '2023-03-13 00:00+07' AND filed_at < '2024-09-17 00:00+07'",
        ),
        "by category, from and until the middle of a month": (
            {"group": "category", "since": "2023-03-13", "until": "2024-09-17"},
            "filed_at >= '2023-03-13 00:00+07' AND filed_at < '2024-09-17 00:00+07'",
        ),
        "by body": ({"group": "authority"}, "true"),
        "by category": ({"group": "category"}, "true"),
        "by month": ({"group": "month"}, "true"),
        "by category and month": ({"group": "category", "by": "month"}, "true"),
        "by unit and category": ({"group": "unit", "by": "category"}, "true"),
        "by unit and month": ({"group": "unit", "by": "month"}, "true"),
        "by the units of another day": ({"on_units_of": "2025-08-01"}, "true"),
        "one category by unit": (
            {"category": "pothole"},
            "category_id = (SELECT id FROM authorities_category WHERE code = 'pothole')",
        ),
        "one unit by category": ({"unit": unit.code, "group": "category"}, f"unit_id = {unit.pk}"),
        "open ones": ({"status": "open"}, "status NOT IN ('resolved', 'returned', 'duplicate', 'withdrawn')"),
    }
    seconds: dict[str, float] = {}
    ratios: dict[str, float] = {}
    for name, (asked, where) in questions.items():
        keys = ", ".join(KEYS[asked[part]] for part in ("group", "by") if part in asked) or KEYS["unit"]
        plain = _spent(partial(_execute, PLAIN.format(keys=keys, where=where)), PLAIN_CALLS)[0]
        _tell(seconds, name, _spent(partial(_answer, asked), CALLS))
        seconds[f"{name}: plain SQL"] = plain
        ratios[f"{name}: plain SQL / p50"] = plain / seconds[f"{name}: p50"]
    Report.objects.filter(pk__in=Report.objects.order_by("-pk").values("pk")[:200]).update(version=2)
    changed = FigureChange.objects.values("month", "unit").distinct().count()
    for name, asked in (("by unit", {}), ("by category", {"group": "category"})):
        _tell(seconds, f"{name}, everything, {changed} slices changed since", _spent(partial(_answer, asked), CALLS))
    while fold():
        pass
    with served() as port:
        caller = Caller(port)
        for name, asked in {
            "as it opens": {},
            "everything by unit": {"period": "all"},
            "everything by category": {"period": "all", "group": "category"},
            "one body, everything": {
                "period": "all",
                "authority": Report.objects.order_by("pk").values_list("authority__code", flat=True)[0],
            },
        }.items():
            _tell(seconds, f"the page over HTTP, {name}", _spent(partial(_page, caller, f"/statistics/?{urlencode(asked)}"), CALLS))
    return {"reports": Report.objects.count(), "seconds": seconds | ({"folding everything": folding} if folding else {}), "ratios": ratios}


def make_scene(number: int, open_percent: int) -> float:
    """Reports with what they went through, and their figures folded; nothing where there are reports already. Seconds of the folding."""
    if Report.objects.exists():
        while fold():
            pass
        return 0.0
    make_desk(number, open_percent)
    with connection.cursor() as cursor:
        cursor.execute(EVENTS)
        cursor.execute(RATINGS)
        cursor.execute("VACUUM ANALYZE")
    start = time.perf_counter()
    while fold():
        pass
    folding = time.perf_counter() - start
    say(f"folded in {folding:.0f} s")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return folding


def _answer(asked: dict[str, str]) -> None:
    as_json(table(Question.of(asked)))


def _page(caller: Caller, path: str) -> None:
    _seconds, status, _body, _etag = caller.get(path)
    if status != 200:
        raise SystemExit(f"{path} answers {status}.")


def _execute(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        cursor.fetchall()


def _spent(work: Callable[[], Any], calls: int) -> list[float]:
    """The seconds of so many calls, the quickest first, after one that warms up."""
    work()
    spent = []
    for _call in range(calls):
        start = time.perf_counter()
        work()
        spent.append(time.perf_counter() - start)
    return sorted(spent)


def _tell(seconds: dict[str, float], name: str, spent: list[float]) -> None:
    seconds[f"{name}: p50"] = spent[len(spent) // 2]
    seconds[f"{name}: p95"] = spent[int(len(spent) * 0.95) - 1]
