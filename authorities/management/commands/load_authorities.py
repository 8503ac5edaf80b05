"""Loads categories, reasons for returning, criteria of ratings, bodies with their territory, responsibility rules and deadlines from the data files."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from audit.acting import acting
from authorities.loading import FixtureError, load_authorities

SHOWN = 10


class Command(BaseCommand):
    help = (
        "Loads categories, reasons for returning, criteria of ratings, bodies with their territory, responsibility rules and deadlines from the data files in fixtures/. Makes what "
        "is missing and keeps what was changed in the administration; run it again after units were loaded. What names units that are not loaded is "
        "left out."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--folder", type=Path, default=settings.BASE_DIR / "fixtures", metavar="DIR", help="where the data files are")
        parser.add_argument("--overwrite", action="store_true", help="set what stands back to what the files say")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with acting(actor_id=None, cause="load_authorities"):
                done = load_authorities(options["folder"], overwrite=options["overwrite"])
        except FixtureError as error:
            raise CommandError(f"Nothing was changed.\n{error}") from None
        verbosity = options["verbosity"]
        if verbosity < 1:
            return
        for what, tally in done.tallies.items():
            self.stdout.write(f"{what[0].upper()}{what[1:]}: {tally.new} new, {tally.changed} changed, {tally.kept} as they were")
        shown = done.left_out if verbosity > 1 else done.left_out[:SHOWN]
        if done.left_out:
            self.stdout.write(self.style.WARNING(f"Left out ({len(done.left_out)}):"))
        for line in shown:
            self.stdout.write(f"  {line}")
        if len(shown) < len(done.left_out):
            self.stdout.write(f"  … and {len(done.left_out) - len(shown)} more (--verbosity 2 shows all)")
