"""What is kept of the tree over all chains: its nodes as they are, its published roots for ever."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC
from typing import Any, Self

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


class RootQuerySet(models.QuerySet["HistoryRoot"]):
    """Published roots."""

    def before(self, number: str) -> Self:
        """Those with a lower number, as it stands in an address; all, where that is no number."""
        return self.filter(number__lt=int(number)) if number.isdecimal() and len(number) < 10 else self


class HistoryRoot(models.Model):
    """A root that was published: what all chains were at a time. The database refuses to change or delete it."""

    number = models.PositiveIntegerField(_("number"), unique=True)
    at = models.DateTimeField(_("published at"))
    tree = models.BinaryField(max_length=32)
    reports = models.BigIntegerField(_("reports"))
    administration = models.BinaryField(max_length=32, default=bytes, help_text="Over the chains of administrators' changes")
    previous = models.BinaryField(max_length=32)
    hash = models.BinaryField(max_length=32)

    objects = RootQuerySet.as_manager()

    class Meta:
        app_label = "reports"
        verbose_name = _("published root")
        verbose_name_plural = _("published roots")
        ordering = ["-number"]

    def __str__(self) -> str:
        return f"{self.number}"

    @property
    def fields(self) -> dict[str, Any]:
        """Everything that is published of it, as text and numbers; hashes in hexadecimal, the time in UTC with microseconds."""
        return {
            "number": self.number,
            "at": self.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "tree": bytes(self.tree).hex(),
            "reports": self.reports,
            "administration": bytes(self.administration).hex(),
            "previous": bytes(self.previous).hex(),
            "hash": bytes(self.hash).hex(),
        }

    @property
    def line(self) -> str:
        """What is hashed: a line of JSON with all of that but the hash itself."""
        return json.dumps(list(self.fields.values())[:-1])

    def computed_hash(self) -> bytes:
        """The hash that its line has."""
        return hashlib.sha256(self.line.encode()).digest()

    @property
    def hex(self) -> str:
        """Its hash, as people compare it."""
        return bytes(self.hash).hex()
