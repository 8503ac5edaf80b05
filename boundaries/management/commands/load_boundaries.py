"""Loads administrative units from GeoJSON (also .gz), GeoPackage or Shapefile."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from tqdm import tqdm

from boundaries.editions import EditionError, activate_drafts
from boundaries.features import Feature, Findings, Given, read_features
from boundaries.loading import Act, Loaded, LoadError, load_features
from boundaries.models import Edition
from boundaries.readers import UnreadableFile, read_layers

SHOWN_UNITS = 5


class Command(BaseCommand):
    help = (
        "Loads administrative units from GeoJSON (also .gz), GeoPackage or Shapefile (also zipped). New units are drafts of a new edition for each "
        "period; units that stand get the better outlines. One broken rule, and nothing is changed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument("--valid-from", type=day, metavar="D", help="first day in force (YYYY-MM-DD), for features that do not say it")
        parser.add_argument("--valid-to", type=day, metavar="D", help="first day no longer in force, for features that do not say it")
        parser.add_argument("--source", default="", metavar="TEXT", help="where the outlines come from, for features that do not say it")
        parser.add_argument("--activate", action="store_true", help="put the editions in force, from their first day")
        parser.add_argument("--name", default="", metavar="TEXT", help="name of the edition")
        parser.add_argument("--decree", default="", metavar="TEXT", help="number of the legal act")
        parser.add_argument("--decree-date", type=day, metavar="D")
        parser.add_argument("--decree-url", default="", metavar="URL")
        parser.add_argument("--coarser", action="store_true", help="let much coarser outlines replace better ones")

    def handle(self, *args: Any, **options: Any) -> None:
        start = time.monotonic()
        quiet = options["verbosity"] < 1
        given = Given(options["valid_from"], options["valid_to"], options["source"])
        act = Act(options["name"], options["source"], options["decree"], options["decree_date"], options["decree_url"])
        findings = Findings()
        features = self.read(options["files"], given, findings, quiet)
        try:
            with transaction.atomic():
                loaded = load_features(
                    features=features,
                    findings=findings,
                    act=act,
                    coarser=options["coarser"],
                    track=lambda *steps: track(*steps, quiet=quiet),
                )
                activated = activate_drafts(loaded.touched) if options["activate"] else []
        except (LoadError, EditionError) as error:
            raise CommandError(f"Nothing was changed.\n{error}") from None
        if not quiet:
            self.tell(loaded, activated, time.monotonic() - start)

    def read(self, files: Sequence[Path], given: Given, findings: Findings, quiet: bool) -> list[Feature]:
        """The features of all files that keep the rules; what breaks them is in the findings."""
        features: list[Feature] = []
        for number in track("reading", range(len(files)), quiet=quiet):
            try:
                for layer in read_layers(files[number]):
                    features += read_features(layer, given, findings)
            except UnreadableFile as error:
                findings.problems.append(str(error))
        return features

    def tell(self, loaded: Loaded, activated: Sequence[Edition], seconds: float) -> None:
        """The summary, a line for each kind of thing that was done."""
        self.stdout.write(f"Units: {loaded.new} new, {loaded.revised} revised, {loaded.unchanged} unchanged ({seconds:.1f} s)")
        for what, units in loaded.changes.items():
            more = f", … and {len(units) - SHOWN_UNITS} more" if len(units) > SHOWN_UNITS else ""
            self.stdout.write(f"{what[:1].upper()}{what[1:]}: {len(units)} ({', '.join(units[:SHOWN_UNITS])}{more})")
        for note in loaded.notes:
            self.stdout.write(note[:1].upper() + note[1:])
        for edition in activated:
            self.stdout.write(f"Edition {edition.pk}: {edition.name}: in force")
        for edition in loaded.editions:
            if edition not in activated:
                self.stdout.write(f"Edition {edition.pk}: {edition.name}: a draft; activate it when it is verified")


def day(text: str) -> date:
    """A date argument (YYYY-MM-DD)."""
    return date.fromisoformat(text)


def track(label: str, steps: Sequence[int], *, quiet: bool = False) -> Iterable[int]:
    """The steps, with a progress bar on standard error where that is a terminal."""
    bar: Iterable[int] = tqdm(steps, desc=label, leave=False, disable=True if quiet else None)
    return bar
