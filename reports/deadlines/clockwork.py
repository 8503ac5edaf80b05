"""What steps do to a report's time. The caller holds the row, and saves it.

The whole deadline is a promise to the reporter: handing a report on neither lengthens nor shortens it. The next step's begins with each step and
with each body. While the report waits for its reporter both stand still: what is left is kept, in working seconds, and counted on from the answer.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from reports.deadlines.terms import STAGE_OF, Terms
from reports.models import Report
from reports.workflow import CLOSED, Status


def begin(report: Report, at: datetime, terms: Terms | None = None) -> None:
    """The time of a report that is filed at a moment; `terms`: those of that day, where they are known."""
    terms = terms or Terms.of(report, at)
    report.due_at = terms.whole(report, at)
    begin_stage(report, terms, at)


def begin_again(report: Report, at: datetime) -> None:
    """The time of a report that is opened again: as much as a new one has."""
    report.term_since = report.due_set_at = at
    report.paused_s = None
    report.due_at = Terms.of(report, at).whole(report, at)


def set_again(report: Report, at: datetime) -> None:
    """The time of a report whose category was corrected: that of the right one, counted from the same beginning, pauses left out."""
    terms = Terms.of(report, at)
    due = terms.whole(report, report.term_since or report.filed_at)
    due = terms.calendar.after(due, timedelta(seconds=report.paused_s or 0))
    report.due_set_at = at
    if report.held is None:
        report.due_at = due
    else:
        report.held = report.held | {"left": terms.calendar.between(_paused_at(report), due).total_seconds()}


def keep_time(report: Report, before: dict[str, Any], at: datetime) -> None:
    """What a step means for the time, by what `before` (services.undo.snapshot) says of status and body before it.

    Not for a step that is taken back: that puts the time back as it was.
    """
    was, now = Status(before["status"]), Status(report.status)
    handed_on = report.authority_id != before["authority"]
    if was == now and not handed_on:
        return
    if now in CLOSED:
        if report.held is not None:
            _go_on(report, Terms.of(report, at), at)
        report.stage_since, report.stage_due_at = at, None
        return
    terms = Terms.of(report, at)
    if now == Status.WAITING and was != Status.WAITING:
        stand_still(report, terms, at, was=was)
    elif report.held is not None and now != Status.WAITING:
        held = _go_on(report, terms, at)
        if held["stage"] == STAGE_OF[now] and not handed_on:
            report.stage_since = datetime.fromisoformat(held["stage_since"]) if held["stage_since"] else at
            report.stage_due_at = _later(terms, at, held["stage_left"])
        else:
            begin_stage(report, terms, at)
    elif STAGE_OF[now] != STAGE_OF.get(was) or handed_on:
        begin_stage(report, terms, at)


def begin_stage(report: Report, terms: Terms, at: datetime) -> None:
    """The time of the next step, where it begins anew."""
    report.stage_since, report.stage_due_at = at, terms.stage(report, at)


def stand_still(report: Report, terms: Terms, at: datetime, *, was: Status = Status.IN_PROGRESS) -> None:
    """Stops the clock of a report that waits for its reporter; `was`: its state before (what waited before clocks could be stopped was at work)."""

    def left(due: datetime | None) -> float | None:
        return None if due is None else terms.calendar.between(at, due).total_seconds()

    report.held = {
        "left": left(report.due_at),
        "stage": STAGE_OF.get(was),
        "stage_left": left(report.stage_due_at),
        "stage_since": report.stage_since.isoformat() if report.stage_since else None,
    }
    report.due_at = None
    begin_stage(report, terms, at)


def _go_on(report: Report, terms: Terms, at: datetime) -> dict[str, Any]:
    """The clock goes on with what was left; what had been kept."""
    held: dict[str, Any] = report.held or {}
    report.paused_s = (report.paused_s or 0) + terms.calendar.between(_paused_at(report), at).total_seconds()
    report.due_at = _later(terms, at, held["left"])
    report.held = None
    return held


def _paused_at(report: Report) -> datetime:
    assert report.stage_since is not None  # noqa: S101  a clock that stands still was stopped at some time
    return report.stage_since


def _later(terms: Terms, at: datetime, left: float | None) -> datetime | None:
    return None if left is None else terms.calendar.after(at, timedelta(seconds=left))
