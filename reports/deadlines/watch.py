"""What is said when time runs out: a warning before, that it is overdue, and to the head, each once for each deadline; and the end of a silence.

A job asks every few minutes. What it says of a report is a row that is unique, an event and the jobs of its mails, in one transaction: a worker that
is killed has said all of it or nothing, two workers take turns, and a clock that jumps back finds said what was said. A deadline that a pause moved
is still the same; one that a rule set anew is another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Coalesce
from django.utils import timezone
from procrastinate.types import JSONDict

from authorities.deadline_models import Stage
from reports import tasks
from reports.deadline_models import Notice
from reports.deadlines.clockwork import begin_stage, stand_still
from reports.deadlines.terms import STAGE_OF, Terms
from reports.mails import Purpose
from reports.models import Follow, Message, Report, ReportEvent
from reports.querysets import ReportQuerySet
from reports.workflow import Status

Kind = Notice.Kind
AT_ONCE = 500  # reports a transaction
LOCK = 0x0D0E  # of PostgreSQL's advisory locks: who watches the deadlines
REMINDED_BEFORE_THE_END = timedelta(hours=7.5)  # working time that a reporter has at least after the reminder
EVENTS = {Kind.SOON: "due_soon", Kind.OVERDUE: "overdue", Kind.ESCALATED: "escalated"}
REMINDER = "reminder"


@dataclass(frozen=True)
class Saying:
    """One thing that is said: of the whole or of the next step, what, and of which reports at a moment."""

    whole: bool
    kind: Notice.Kind
    of: Callable[[Terms, datetime], Q]


def _soon(due: str, since: str) -> Callable[[Terms, datetime], Q]:
    """Due within the time of the warning, and not begun within it: who has just got a report need not be reminded of it."""

    def of(terms: Terms, now: datetime) -> Q:
        early = timedelta(hours=settings.DEADLINE_WARNING_HOURS)
        return Q(**{f"{due}__gt": now, f"{due}__lte": terms.calendar.after(now, early), f"{since}__lte": terms.calendar.after(now, -early)})

    return of


def _late(due: str) -> Callable[[Terms, datetime], Q]:
    """Past its due date."""
    return lambda terms, now: Q(**{f"{due}__lt": now})


def _very_late(due: str) -> Callable[[Terms, datetime], Q]:
    """Past its due date by the working time after which the head is told."""
    return lambda terms, now: Q(**{f"{due}__lte": terms.calendar.after(now, -timedelta(hours=settings.DEADLINE_ESCALATION_HOURS))})


SAYINGS = (
    Saying(True, Kind.SOON, _soon("due_at", "set_at")),
    Saying(True, Kind.OVERDUE, _late("due_at")),
    Saying(True, Kind.ESCALATED, _very_late("due_at")),
    Saying(False, Kind.SOON, _soon("stage_due_at", "stage_since")),
    Saying(False, Kind.OVERDUE, _late("stage_due_at")),
    Saying(False, Kind.ESCALATED, _very_late("stage_due_at")),
)


def watch(*, at: datetime | None = None) -> int:
    """Says what is to be said now, reminds reporters, and ends what they have been silent on; how much was said or ended."""
    terms = Terms.of_all(at or timezone.now())
    set_missing(terms, at=at)
    said = sum(_say_all(saying, terms, at) for saying in SAYINGS)
    return said + _remind_all(terms, at) + _end_silences(terms, at)


def set_missing(terms: Terms, *, at: datetime | None = None) -> int:
    """Gives the next step its time where it has none: after a change of territory, and for what was open before steps had deadlines."""
    done = 0
    while True:
        with transaction.atomic():
            now = at or timezone.now()
            waiting = Report.objects.open().filter(stage_since=None).order_by("pk").select_related("category")
            some = list(waiting.select_for_update(of=("self",), no_key=True, skip_locked=True)[:AT_ONCE])
            asked = [report for report in some if report.status == Status.WAITING]
            for report in asked:
                stand_still(report, terms, now)
                report.save(update_fields=["due_at", "stage_since", "stage_due_at", "held"])
            others = [report for report in some if report.status != Status.WAITING]
            for report in others:
                begin_stage(report, terms, now)
            Report.objects.bulk_update(others, ["stage_since", "stage_due_at"])
        done += len(some)
        if len(some) < AT_ONCE:
            return done


# --- saying -------------------------------------------------------------------------------------------------------------


def _to_be_said(saying: Saying, terms: Terms, now: datetime) -> ReportQuerySet:
    reports = Report.objects.open().annotate(set_at=Coalesce("due_set_at", "filed_at")).filter(saying.of(terms, now))
    said = Notice.objects.filter(report=OuterRef("pk"), kind=saying.kind)
    if saying.whole:
        return reports.exclude(Exists(said.filter(stage=Stage.WHOLE, since=OuterRef("set_at"))))
    # What is late as a whole needs no word about its next step; the reporter's time is another matter
    mine = reports.filter(due_at__gt=now).exclude(status=Status.WAITING)
    return mine.exclude(Exists(said.filter(since=OuterRef("stage_since")).exclude(stage=Stage.WHOLE)))


def _say_all(saying: Saying, terms: Terms, at: datetime | None) -> int:
    def write(reports: list[Report], now: datetime) -> None:
        stages = [Stage.WHOLE if saying.whole else STAGE_OF[Status(report.status)] for report in reports]
        sinces = [report.set_at if saying.whole else report.stage_since for report in reports]  # type: ignore[attr-defined]
        dues = [report.due_at if saying.whole else report.stage_due_at for report in reports]
        public = saying.whole and saying.kind == Kind.OVERDUE
        events = _note(saying.kind, EVENTS[saying.kind], reports, stages, sinces, dues, now, public=public)
        jobs: list[JSONDict] = [{"event_id": event.pk} for event in events]
        tasks.tell_officers.batch_defer(*jobs)

    return _in_turns(lambda now: _to_be_said(saying, terms, now), write, at)


def _note(
    kind: Notice.Kind,
    event: str,
    reports: list[Report],
    stages: list[Stage],
    sinces: list[Any],
    dues: list[datetime | None],
    now: datetime,
    *,
    public: bool,
) -> list[ReportEvent]:
    """The unique rows, the events, and the versions, which count events."""
    Notice.objects.bulk_create(
        Notice(report=report, stage=stage, kind=kind, since=since, at=now)
        for report, stage, since in zip(reports, stages, sinces, strict=True)
    )
    Report.objects.filter(pk__in=[report.pk for report in reports]).update(version=F("version") + 1, changed_at=now)
    return ReportEvent.objects.bulk_create(
        ReportEvent(
            report=report,
            at=now,
            kind=event,
            status_before=report.status,
            status_after=report.status,
            body_id=report.authority_id,
            public=public,
            data={"by": "rule", "stage": stage, "due_at": due.isoformat() if due else None},
        )
        for report, stage, due in zip(reports, stages, dues, strict=True)
    )


def _in_turns(found: Callable[[datetime], ReportQuerySet], write: Callable[[list[Report], datetime], None], at: datetime | None) -> int:
    """Writes in batches of a transaction each; whoever watches too waits for its end. What an officer holds is left to the next time."""
    done = 0
    while True:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            now = at or timezone.now()
            some = list(found(now).order_by("pk").select_for_update(of=("self",), no_key=True, skip_locked=True)[:AT_ONCE])
            if some:
                write(some, now)
        done += len(some)
        if len(some) < AT_ONCE:
            return done


# --- the reporter's silence ------------------------------------------------------------------------------------------------


def _remind_all(terms: Terms, at: datetime | None) -> int:
    """Reminds those who were asked and have not answered, a few working days before their time is up."""

    def found(now: datetime) -> ReportQuerySet:
        until = terms.calendar.end_of_day_after(now, settings.ANSWER_REMINDER_DAYS)
        reminded = Notice.objects.filter(report=OuterRef("pk"), kind=Kind.SOON, stage=Stage.ANSWER, since=OuterRef("stage_since"))
        asked_before = terms.calendar.after(now, -REMINDED_BEFORE_THE_END)
        asked = Report.objects.filter(status=Status.WAITING, stage_due_at__lte=until, stage_since__lte=asked_before)
        return asked.exclude(Exists(reminded))

    def write(reports: list[Report], now: datetime) -> None:
        stages = [Stage.ANSWER] * len(reports)
        sinces, dues = [report.stage_since for report in reports], [report.stage_due_at for report in reports]
        events = _note(Kind.SOON, REMINDER, reports, stages, sinces, dues, now, public=False)
        event_of = {event.report_id: event.pk for event in events}
        follows = Follow.objects.told().filter(report__in=reports, is_reporter=True).values_list("pk", "report")
        messages = Message.objects.bulk_create(
            Message(event_id=event_of[report], follow_id=follow, purpose=Purpose.STEP) for follow, report in follows
        )
        jobs: list[JSONDict] = [{"message_id": message.pk} for message in messages]
        if jobs:
            tasks.send_message.batch_defer(*jobs)

    return _in_turns(found, write, at)


def _end_silences(terms: Terms, at: datetime | None) -> int:
    """Ends the reports whose reporters have been reminded and were silent until their time was up."""
    from reports.services import end_for_silence

    now = at or timezone.now()
    reminded = Notice.objects.filter(
        report=OuterRef("pk"), kind=Kind.SOON, stage=Stage.ANSWER, since=OuterRef("stage_since"),
        at__lte=terms.calendar.after(now, -REMINDED_BEFORE_THE_END),
    )  # fmt: skip
    silent = Report.objects.filter(Exists(reminded), status=Status.WAITING, stage_due_at__lt=now).order_by("pk")
    return sum(end_for_silence(pk, at=at) for pk in list(silent.values_list("pk", flat=True)))
