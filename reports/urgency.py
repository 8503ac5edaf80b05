"""How urgent a report is: the time it has, as words and as a bar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from authorities.deadline_models import Stage
from reports.deadlines.terms import STAGE_OF
from reports.models import Report
from reports.workflow import Status
from reports.working_days import calendar

SOON_DAYS = 2  # working days before the due date from which a report counts as due soon


def soon_until(now: datetime) -> datetime:
    """What is due by then is due soon; reads the calendar: ask once for many reports."""
    return calendar().end_of_day_after(now, SOON_DAYS)


def span(earlier: datetime, later: datetime) -> str:
    """The time between, in words: hours below two days, days below three months, then months."""
    hours = int((later - earlier).total_seconds() // 3600)
    days, months = hours // 24, hours // (24 * 30)
    if hours < 1:
        return _("less than an hour")
    if days < 2:
        return ngettext("%(count)d hour", "%(count)d hours", hours) % {"count": hours}
    if months < 3:
        return ngettext("%(count)d day", "%(count)d days", days) % {"count": days}
    return ngettext("%(count)d month", "%(count)d months", months) % {"count": months}


@dataclass(frozen=True)
class Urgency:
    """A report's time at a moment; what is due until `soon` is due soon. `tone` is one of late, soon, calm, ended, none."""

    report: Report
    now: datetime
    soon: datetime

    @cached_property
    def tone(self) -> str:
        """How it should look."""
        if self.report.is_closed:
            return "ended"
        if self.report.due_at is None:
            return "none"
        if self.report.due_at < self.now:
            return "late"
        return "soon" if self.report.due_at <= self.soon else "calm"

    @property
    def words(self) -> str:
        """What is left, or by how much it is late."""
        due = self.report.due_at
        if self.report.is_closed:
            closed = self.report.closed_at or self.now
            return _("took %(time)s") % {"time": span(self.report.filed_at, closed)}
        if due is None:
            return _("the clock stands still") if self.report.held is not None else _("no due date")
        if due < self.now:
            return _("%(time)s late") % {"time": span(due, self.now)}
        if timezone.localdate(due) == timezone.localdate(self.now):
            return _("due today")
        return _("%(time)s left") % {"time": span(self.now, due)}

    @property
    def step(self) -> str:
        """The time that the next step has, in words; "" where it has none of its own, or where the whole is late."""
        due = self.report.stage_due_at
        if due is None or self.report.is_closed or self.tone == "late":
            return ""
        stage = STAGE_OF[Status(self.report.status)]
        if stage == Stage.ANSWER:
            return _("the reporter has until %(day)s") % {"day": date_format(timezone.localdate(due), "SHORT_DATE_FORMAT")}
        if self.step_is_late:
            return _("%(step)s %(time)s late") % {"step": stage.label, "time": span(due, self.now)}
        return _("%(step)s within %(time)s") % {"step": stage.label, "time": span(self.now, due)}

    @property
    def step_is_late(self) -> bool:
        """Whether the next step ought to have been taken; a reporter is never late."""
        due = self.report.stage_due_at
        return due is not None and due < self.now and self.report.status != Status.WAITING

    @property
    def age(self) -> str:
        """How long ago it was filed."""
        return span(self.report.filed_at, self.now)

    @property
    def used(self) -> int:
        """How much of its time is used up, in hundredths: 100 when it is due and after."""
        due, filed = self.report.due_at, self.report.filed_at
        if due is None or self.tone == "ended":
            return 0
        if due <= filed or due <= self.now:
            return 100
        return max(2, min(100, round((self.now - filed) / (due - filed) * 100)))
