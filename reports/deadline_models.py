"""What was said of deadlines: each warning, each overdue, each escalation once."""

from __future__ import annotations

from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from authorities.deadline_models import Stage
from reports.models import Report


class Notice(models.Model):
    """That something was said of a deadline, written in one transaction with its event and its jobs.

    `since` is when the deadline was set: another deadline of the same report is another matter, a moved one is the same.
    """

    class Kind(models.TextChoices):
        """What is said of a deadline, in its order."""

        SOON = "soon"
        OVERDUE = "overdue"
        ESCALATED = "escalated"

    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="notices")
    stage = models.CharField(max_length=10)
    kind = models.CharField(max_length=10)
    since = models.DateTimeField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            UniqueConstraint(fields=["report", "stage", "kind", "since"], name="notice_once_a_deadline"),
            CheckConstraint(condition=Q(stage__in=Stage.values), name="notice_stage_is_known"),
            CheckConstraint(condition=Q(kind__in=["soon", "overdue", "escalated"]), name="notice_kind_is_known"),
        ]
