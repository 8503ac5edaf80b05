"""Writes the labelled list of pairs on which the rule of duplicates is measured; once made it is kept, and mended by hand."""

import json
from argparse import ArgumentParser
from pathlib import Path
from random import Random
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from authorities.models import Category
from reports.demo.pairs import Pairs
from reports.demo.places import Places
from reports.demo.stories import Stories


class Command(BaseCommand):
    help = "Writes pairs of made-up reports, each with whether it is the same matter, as JSON to FILE. Needs units and categories, changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--each", type=int, default=30, help="pairs of each kind (default 30)")
        parser.add_argument("--seed", default="2022")

    def handle(self, *args: Any, **options: Any) -> None:
        rng = Random(options["seed"])  # noqa: S311  a demonstration is no secret
        places = Places(rng, timezone.localdate())
        stories = Stories(rng, places, set(Category.objects.fileable().values_list("code", flat=True)))
        pairs = Pairs(stories, places, options["seed"]).make(options["each"])
        lines = ",\n".join(json.dumps(pair.as_json(), ensure_ascii=False) for pair in pairs)
        options["file"].write_text(f"[\n{lines}\n]\n", encoding="utf-8")
        self.stdout.write(f"{len(pairs)} pairs, {sum(pair.same for pair in pairs)} of them of the same matter")
