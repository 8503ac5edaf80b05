"""Files of reports that were made whole: asked for by somebody, or each night for everybody."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import CheckConstraint, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from insights.exports.files import FORMATS


class DataFile(models.Model):
    """A file of public reports, on its way or done."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        RUNNING = "running", _("being made")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=10, choices=[(kind, kind) for kind in FORMATS])
    asked = models.JSONField(default=dict, help_text="Parameters that chose the reports")
    nightly = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    reports = models.PositiveIntegerField(default=0, help_text="Written so far")
    expected = models.PositiveIntegerField(default=0)
    file = models.FileField(upload_to="data/%Y/%m/%d/", blank=True)
    size = models.PositiveBigIntegerField(default=0)
    digest = models.CharField(max_length=64, blank=True, help_text="SHA-256 of the file")
    asked_at = models.DateTimeField(default=timezone.now)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-asked_at", "-pk"]
        constraints = [
            CheckConstraint(condition=Q(state__in=["waiting", "running", "done", "failed"]), name="data_file_state_is_known"),
            CheckConstraint(condition=~Q(state="done") | (Q(done_at__isnull=False) & ~Q(digest="")), name="data_file_done_has_its_digest"),
        ]
        indexes = [models.Index(fields=["nightly", "kind", "-done_at"], name="data_file_nightly")]

    @property
    def name(self) -> str:
        """What it is called when it is saved: phan-anh-2026-11-22.csv."""
        return f"phan-anh-{timezone.localdate(self.done_at or self.asked_at)}{FORMATS[self.kind][1]}"

    @property
    def is_ended(self) -> bool:
        """Whether nothing more happens to it."""
        return self.state in (self.State.DONE, self.State.FAILED)
