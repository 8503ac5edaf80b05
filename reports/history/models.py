"""What is kept of the tree over all chains: its nodes as they are, its published roots for ever."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import UniqueConstraint
from django.utils.translation import gettext_lazy as _


class HistoryChange(models.Model):
    """A bucket of 256 reports whose chains have grown since the last root. A trigger writes it; publishing takes it away."""

    bucket = models.BigIntegerField()

    class Meta:
        app_label = "reports"


class HistoryNode(models.Model):
    """A node of the tree as of the newest root: 256 children; on level 0 they are reports, with the number of each chain's last event."""

    level = models.PositiveSmallIntegerField()
    place = models.BigIntegerField()
    children = ArrayField(models.BinaryField(null=True))
    numbers = ArrayField(models.IntegerField(null=True), null=True)
    filled = models.BigIntegerField(help_text="How many reports stand below")
    hash = models.BinaryField()

    class Meta:
        app_label = "reports"
        constraints = [UniqueConstraint(fields=["level", "place"], name="node_once_in_the_tree")]


class HistoryRoot(models.Model):
    """A root that was published: what all chains were at a time. The database refuses to change or delete it."""

    number = models.PositiveIntegerField(_("number"), unique=True)
    at = models.DateTimeField(_("published at"))
    tree = models.BinaryField(max_length=32)
    reports = models.BigIntegerField(_("reports"))
    administration = models.BinaryField(max_length=32, default=bytes, help_text="Over the chains of administrators' changes")
    previous = models.BinaryField(max_length=32)
    hash = models.BinaryField(max_length=32)

    class Meta:
        app_label = "reports"
        verbose_name = _("published root")
        verbose_name_plural = _("published roots")
        ordering = ["-number"]

    def __str__(self) -> str:
        return f"{self.number}"

    @property
    def line(self) -> str:
        """What is hashed: a line of JSON."""
        time = self.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        hashes = [bytes(found).hex() for found in (self.tree, self.administration, self.previous)]
        return json.dumps([self.number, time, hashes[0], self.reports, hashes[1], hashes[2]])

    def computed_hash(self) -> bytes:
        """The hash that its line has."""
        return hashlib.sha256(self.line.encode()).digest()

    @property
    def hex(self) -> str:
        """Its hash, as people compare it."""
        return bytes(self.hash).hex()
