"""Loads how many people live in each unit."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from boundaries.layers import LayerError
from boundaries.loading import shortened
from boundaries.population import COLUMNS, load_population


class Command(BaseCommand):
    help = f"Loads the population of units, in place of what was there, from a CSV in UTF-8 with the columns {', '.join(COLUMNS)}."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with options["file"].open(encoding="utf-8", newline="") as lines:
                count = load_population(lines)
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"Nothing was changed.\n{options['file']} could not be read: {error}") from None
        except LayerError as error:
            raise CommandError("Nothing was changed.\n" + shortened(error.problems)) from None
        if options["verbosity"] > 0:
            self.stdout.write(f"Population of {count} units")
