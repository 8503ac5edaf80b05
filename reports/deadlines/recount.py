"""A change of the working days moves what is due: each report keeps the working time that it has left."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from reports.clock import Calendar
from reports.models import Report, ReportEvent
from reports.querysets import ReportQuerySet
from reports.working_days import calendar

AT_ONCE = 500
MOVED = "due_moved"


@contextmanager
def recounted(*, at: datetime | None = None) -> Iterator[None]:
    """What is done inside to the working days moves the due dates of open reports, in one transaction with it; those in the past stay."""
    with transaction.atomic():
        before = calendar()
        yield
        _recount(before, calendar(), at or timezone.now())


def _recount(old: Calendar, new: Calendar, now: datetime) -> None:
    whole, step = (_moved(name, old, new, now) for name in ("due_at", "stage_due_at"))
    concerned = Report.objects.open().filter(Q(due_at__in=whole) | Q(stage_due_at__in=step))
    keys = list(concerned.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(keys), AT_ONCE):
        _move(concerned.filter(pk__in=keys[start : start + AT_ONCE]), whole, step, now)


def _moved(name: str, old: Calendar, new: Calendar, now: datetime) -> dict[datetime, datetime]:
    """The due dates to come that are otherwise by the new calendar: many reports share few."""
    dues = Report.objects.open().filter(**{f"{name}__gt": now}).order_by().values_list(name, flat=True).distinct()
    left = {due: old.between(now, due) for due in dues}
    return {due: new.after(now, time) for due, time in left.items() if new.after(now, time) != old.after(now, time)}


def _move(reports: ReportQuerySet, whole: dict[datetime, datetime], step: dict[datetime, datetime], now: datetime) -> None:
    locked = list(reports.order_by("pk").select_for_update(of=("self",), no_key=True))
    events = []
    for report in locked:
        is_whole = report.due_at in whole
        if report.due_at is not None:
            report.due_at = whole.get(report.due_at, report.due_at)
        if report.stage_due_at is not None:
            report.stage_due_at = step.get(report.stage_due_at, report.stage_due_at)
        report.changed_at = now
        report.version += 1
        due = report.due_at if is_whole else report.stage_due_at
        events.append(
            ReportEvent(
                report=report,
                at=now,
                kind=MOVED,
                status_before=report.status,
                status_after=report.status,
                body_id=report.authority_id,
                public=is_whole,
                data={"by": "rule", "due_at": due.isoformat() if due else None},
            )
        )
    Report.objects.bulk_update(locked, ["due_at", "stage_due_at", "changed_at", "version"])
    ReportEvent.objects.bulk_create(events)
