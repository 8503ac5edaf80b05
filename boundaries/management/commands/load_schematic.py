"""Loads schematic units of Cà Mau and Bạc Liêu, of both periods, for a machine without boundary files."""

from __future__ import annotations

import time
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from boundaries.editions import EditionError, activate_drafts
from boundaries.features import Findings, Given, read_features
from boundaries.loading import Act, LoadError, load_features
from boundaries.models import UnitSuccession
from boundaries.schematic import MERGER, MERGER_ACT, SOURCE, schematic_layers, schematic_list
from boundaries.succession_list import load_successions, resolve


class Command(BaseCommand):
    help = (
        "Loads schematic units of Cà Mau and Bạc Liêu, before and since the merger of 2025, and puts them in force. They are made from public centres "
        "and boxes; units that have surveyed outlines keep them."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        start = time.monotonic()
        counts = []
        try:
            with transaction.atomic():
                for layer, act in zip(schematic_layers(), (Act(), MERGER_ACT), strict=True):
                    findings = Findings()
                    features = read_features(layer, Given(source=SOURCE, schematic=True), findings)
                    loaded = load_features(features=features, findings=findings, act=act)
                    activate_drafts(loaded.touched)
                    counts.append(f"{loaded.new} new, {loaded.revised} revised, {loaded.unchanged} unchanged")
                successions = load_missing_successions()
        except (LoadError, EditionError) as error:
            raise CommandError(f"Nothing was changed.\n{error}") from None
        if options["verbosity"] > 0:
            old, new = counts
            self.stdout.write(f"Schematic units before the merger: {old}; since: {new} ({time.monotonic() - start:.1f} s)")
            self.stdout.write(f"Successions: {successions} new, without shares")


def load_missing_successions() -> int:
    """Stores what the data says became of the old communes, where nothing says it yet; how many pairs that were."""
    pairs = resolve(schematic_list(), SOURCE, date.fromisoformat(MERGER)).pairs
    known = set(UnitSuccession.objects.filter(old__in=[pair.old for pair in pairs]).values_list("old_id", flat=True))
    return load_successions([pair.succession() for pair in pairs if pair.old.pk not in known]).new
