"""Re-routing after a merger, beside the best SQL that only says which unit each point lies in, and beside one that also writes that down."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

from django.db import connection, transaction

from bench.scene import make_merger
from reports.models import Report
from reports.territory import activate_and_reroute, rehearse
from reports.territory.places import write_places
from reports.workflow import OPEN

# The unit first, so that its outline is prepared once for all points; OFFSET 0 keeps the planner from turning the loop around
ASSIGN = """
SELECT count(*) FROM (
  SELECT unit.id, shape.geometry FROM boundaries_unit AS unit JOIN boundaries_unitshape AS shape ON shape.unit_id = unit.id AND shape.current
  WHERE unit.edition_id = %(edition)s AND unit.level = 'commune' OFFSET 0
) AS unit
CROSS JOIN LATERAL (
  SELECT report.id FROM reports_report AS report WHERE report.location && unit.geometry AND ST_Covers(unit.geometry, report.location) OFFSET 0
) AS report
"""
WRITE = """
CREATE TEMPORARY TABLE assigned ON COMMIT DROP AS
""" + ASSIGN.replace("count(*)", "report.id AS report_id, unit.id AS unit_id")
UPDATE = "UPDATE reports_report AS report SET unit_id = assigned.unit_id FROM assigned WHERE assigned.report_id = report.id AND report.status = ANY(%(open)s)"
PLACES = """
INSERT INTO reports_reportplace (report_id, edition_id, unit_id, method, distance_m)
SELECT report_id, %(edition)s, unit_id, 'inside', 0 FROM assigned
"""

PLACES_AT_ONCE = PLACES.replace("SELECT report_id, %(edition)s, unit_id,", "SELECT report.id, %(edition)s, unit.id,").replace(
    "FROM assigned", ASSIGN.partition("count(*) ")[2].strip()
)


def run(number: int, open_percent: int) -> dict[str, Any]:
    """Seconds of each way, the best of three for the bare ones; and the memory of this process in MB before and after."""
    edition = make_merger(number, open_percent)
    asked = {"edition": edition.pk, "open": sorted(OPEN)}
    total, open_ = Report.objects.count(), Report.objects.open().count()
    bare = min(_timed(lambda: _execute(ASSIGN, asked)) for _ in range(3))
    written = min(_written(asked) for _ in range(2))
    before = _memory_mb()
    looking = _timed(lambda: rehearse(edition=edition, on=date(2025, 7, 1)))
    start = time.monotonic()
    done = activate_and_reroute(edition=edition, on=date(2025, 7, 1))
    ours = time.monotonic() - start
    bare_places = min(_places(asked, lambda: _execute(PLACES_AT_ONCE, asked)) for _ in range(2))
    our_places = min(_places(asked, write_places) for _ in range(2))
    return {
        "reports": total,
        "open": open_,
        "moved": done.moved,
        "places": done.places,
        "seconds": {
            "bare SQL: which unit each point lies in": bare,
            "bare SQL: and written, for open reports and as places of all": written,
            "rehearsal": looking,
            "activation with re-routing": ours,
            "bare SQL: the unit of each point, written as its place": bare_places,
            "places of all reports in the edition, by the rules": our_places,
        },
        "ratios": {
            "activation / bare": ours / bare,
            "activation / bare written": ours / written,
            "rehearsal / bare": looking / bare,
            "places / bare": our_places / bare_places,
        },
        "memory_mb": {"before": before, "after": _memory_mb()},
    }


def _places(asked: dict[str, Any], write: Callable[[], Any]) -> float:
    """Seconds of writing all places of the edition anew, foreign keys checked; taken back."""
    with transaction.atomic():
        _execute("DELETE FROM reports_reportplace WHERE edition_id = %(edition)s", asked)
        seconds = _timed(write) + _timed(lambda: _execute("SET CONSTRAINTS ALL IMMEDIATE", asked))
        transaction.set_rollback(True)
    return seconds


def _written(asked: dict[str, Any]) -> float:
    with transaction.atomic():
        # The last checks the foreign keys, as a commit does
        seconds = sum(_timed(partial(_execute, statement, asked)) for statement in (WRITE, UPDATE, PLACES, "SET CONSTRAINTS ALL IMMEDIATE"))
        transaction.set_rollback(True)
    return seconds


def _execute(sql: str, asked: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, asked)


def _timed(work: Any) -> float:
    start = time.monotonic()
    work()
    return time.monotonic() - start


def _memory_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
