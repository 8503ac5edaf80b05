"""Several bodies at one report: offers and hand-overs from one to another, parts that are asked of others, and one report split in two."""

from __future__ import annotations

from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from authorities.models import Body


class Transfer(models.Model):
    """A report on its way from one body to another: offered and answered, or handed over at once by the Portal or by the rules.

    While an offer waits the first body is responsible: no report is ever without one. What was said with it stands in the notes.
    """

    class How(models.TextChoices):
        OFFERED = "offered", _("offered by the body")
        PORTAL = "portal", _("handed to the Portal, or sent on by it")
        RULES = "rules", _("by the rules, asked anew")

    class Outcome(models.TextChoices):
        WAITING = "waiting", _("waiting")
        ACCEPTED = "accepted", _("accepted")
        REFUSED = "refused", _("refused")
        WITHDRAWN = "withdrawn", _("withdrawn")
        LAPSED = "lapsed", _("lapsed")

    report = models.ForeignKey("reports.Report", on_delete=models.CASCADE, related_name="transfers")
    from_body = models.ForeignKey(Body, on_delete=models.PROTECT, related_name="transfers_out")
    to_body = models.ForeignKey(Body, on_delete=models.PROTECT, related_name="transfers_in")
    how = models.CharField(max_length=10, choices=How.choices)
    offered_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.WAITING)
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            CheckConstraint(condition=~Q(from_body=F("to_body")), name="transfer_goes_to_another_body"),
            CheckConstraint(
                condition=Q(outcome__in=["waiting", "accepted", "refused", "withdrawn", "lapsed"]), name="transfer_outcome_is_known"
            ),
            CheckConstraint(
                condition=Q(outcome="waiting", answered_at__isnull=True, how="offered")
                | (~Q(outcome="waiting") & Q(answered_at__isnull=False)),
                name="transfer_waits_iff_not_answered",
            ),
            UniqueConstraint(fields=["report"], condition=Q(outcome="waiting"), name="transfer_one_waits_a_report"),
        ]
        indexes = [models.Index(fields=["to_body"], condition=Q(outcome="waiting"), name="transfer_waiting_for_body")]


class Part(models.Model):
    """What the responsible body asks another body to do for a report, until when, and what became of it."""

    class Outcome(models.TextChoices):
        OPEN = "open", _("open")
        ANSWERED = "answered", _("answered")
        DROPPED = "dropped", _("no longer needed")

    report = models.ForeignKey("reports.Report", on_delete=models.CASCADE, related_name="parts")
    body = models.ForeignKey(Body, on_delete=models.PROTECT, related_name="parts")
    asked_by_body = models.ForeignKey(Body, on_delete=models.PROTECT, related_name="+")
    asked_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    task = models.TextField(max_length=2000)
    due_at = models.DateTimeField()
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.OPEN)
    ended_at = models.DateTimeField(null=True, blank=True)
    answer = models.TextField(max_length=2000, blank=True)
    answered_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["asked_at", "pk"]
        constraints = [
            CheckConstraint(condition=Q(outcome__in=["open", "answered", "dropped"]), name="part_outcome_is_known"),
            CheckConstraint(
                condition=Q(outcome="open", ended_at__isnull=True) | (~Q(outcome="open") & Q(ended_at__isnull=False)),
                name="part_open_iff_not_ended",
            ),
            UniqueConstraint(fields=["report", "body"], condition=Q(outcome="open"), name="part_one_open_a_body"),
        ]
        indexes = [models.Index(fields=["body", "due_at"], condition=Q(outcome="open"), name="part_open_of_body")]

    def __str__(self) -> str:
        return f"{self.body}: {self.task[:60]}"


class Split(models.Model):
    """A report that was made out of a part of another: two problems had come in one."""

    report = models.OneToOneField("reports.Report", on_delete=models.CASCADE, related_name="split_from")
    original = models.ForeignKey("reports.Report", on_delete=models.PROTECT, related_name="split_into")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [CheckConstraint(condition=~Q(report=F("original")), name="split_gives_another_report")]
