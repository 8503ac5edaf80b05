"""How long things may take: the rules of a day and the calendar, read once for one report or for many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from authorities.deadline_models import DeadlineRule, Measure, Stage
from reports.clock import Calendar
from reports.models import Report
from reports.workflow import Status
from reports.working_days import calendar

DANGER = 3  # the severity at which people are in danger

STAGE_OF: dict[Status, Stage] = {
    Status.NEW: Stage.ACCEPT,
    Status.TRIAGE: Stage.ACCEPT,
    Status.ACCEPTED: Stage.SURVEY,
    Status.SURVEYING: Stage.REPLY,
    Status.IN_PROGRESS: Stage.REPLY,
    Status.REPLY_REVIEW: Stage.APPROVAL,
    Status.WAITING: Stage.ANSWER,
}


@dataclass(frozen=True)
class Terms:
    """Rules, the most specific first, and the calendar, as they stand at a moment."""

    rules: Sequence[DeadlineRule]
    calendar: Calendar

    @classmethod
    def of(cls, report: Report, at: datetime) -> Terms:
        """Those that a report can be under; two queries."""
        rules = DeadlineRule.objects.in_force(timezone.localdate(at)).fitting(report.category_id, report.authority_id)
        return cls(list(rules), calendar())

    @classmethod
    def of_all(cls, at: datetime) -> Terms:
        """Those of all reports; two queries."""
        return cls(list(DeadlineRule.objects.in_force(timezone.localdate(at))), calendar())

    def whole(self, report: Report, since: datetime) -> datetime:
        """By when a report has to have its answer, counted from a moment; where no rule says so, by its category's working days."""
        return self._due(Stage.WHOLE, report, since) or self.calendar.end_of_day_after(since, report.category.days_to_answer)

    def stage(self, report: Report, since: datetime) -> datetime | None:
        """By when the next step has to be taken, counted from a moment; None where no rule says so, or where the whole is due before.

        Of a report that waits for its reporter: by when he or she has to answer, which a setting says where no rule does (0: never).
        """
        stage = STAGE_OF[Status(report.status)]
        due = self._due(stage, report, since)
        if stage == Stage.ANSWER:
            days = settings.ANSWER_DAYS
            return due or (self.calendar.end_of_day_after(since, days) if days else None)
        return due if due is not None and (report.due_at is None or due < report.due_at) else None

    def _due(self, stage: Stage, report: Report, since: datetime) -> datetime | None:
        rule = next((rule for rule in self.rules if rule.stage == stage and _fits(rule, report)), None)
        if rule is None:
            return None
        amount = (report.severity >= DANGER and rule.amount_in_danger) or rule.amount
        if rule.measure == Measure.HOURS:
            return self.calendar.after(since, timedelta(hours=amount))
        return self.calendar.end_of_day_after(since, amount)


def _fits(rule: DeadlineRule, report: Report) -> bool:
    return rule.category_id in (None, report.category_id) and rule.body_id in (None, report.authority_id)
