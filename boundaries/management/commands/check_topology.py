"""Looks for what is wrong with the outlines of editions."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import translation

from boundaries.loading import LoadError
from boundaries.management.commands.load_boundaries import track
from boundaries.models import Edition, TopologyCheck
from boundaries.topology.findings import Kind, Severity, kind_word, sentence, severity_word, size_text
from boundaries.topology.published import load_published_areas
from boundaries.topology.runs import run_check, write_geojson

SHOWN = 20
CODES_SHOWN = 5


class Command(BaseCommand):
    help = (
        "Looks for broken outlines, overlaps, gaps, slivers, parts beyond their whole, wholes that their parts do not cover, areas unlike the published "
        "ones, and other names than before. Keeps the result for the page in the administration. Ends with an error where there are errors."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "editions", nargs="*", type=int, metavar="EDITION", help="numbers of editions; default: all that are not withdrawn"
        )
        parser.add_argument(
            "--published-areas",
            type=Path,
            metavar="CSV",
            help="areas to compare with: columns code and published_area_km2 (one edition only)",
        )
        parser.add_argument("--geojson", type=Path, metavar="FILE", help="write the findings, to open in QGIS (one edition only)")
        parser.add_argument("--all", action="store_true", help=f"show every finding, not the first {SHOWN}")

    def handle(self, *args: Any, **options: Any) -> None:
        editions = self.chosen(options["editions"])
        for option, what in (("geojson", "writes the findings of"), ("published_areas", "is about the codes of")):
            if options[option] and len(editions) > 1:  # codes are used again: the same table would fit units of another time
                raise CommandError(f"--{option.replace('_', '-')} {what} one edition: name it.")
        quiet = options["verbosity"] < 1
        if options["published_areas"]:
            self.load_areas(options["published_areas"], editions[0], quiet)
        errors = 0
        with translation.override("en"):
            for edition in editions:
                start = time.monotonic()
                check = run_check(edition=edition, track=lambda *steps: track(*steps, quiet=quiet))
                errors += check.errors
                if options["geojson"]:
                    write_geojson(options["geojson"], check)
                if not quiet:
                    self.tell(check, time.monotonic() - start, None if options["all"] else SHOWN)
        if errors:
            raise CommandError(f"{errors} error{'s' if errors > 1 else ''}.")

    def chosen(self, numbers: Sequence[int]) -> list[Edition]:
        """The editions that were named, or all that are not withdrawn."""
        editions = Edition.objects.filter(pk__in=numbers) if numbers else Edition.objects.exclude(state=Edition.State.WITHDRAWN)
        found = list(editions.order_by("pk"))
        if unknown := sorted(set(numbers) - {edition.pk for edition in found}):
            known = ", ".join(f"{edition.pk} ({edition.name})" for edition in Edition.objects.order_by("pk")) or "none"
            raise CommandError(f"There is no edition {', '.join(map(str, unknown))}. On record: {known}.")
        if not found:
            raise CommandError("There is no edition: load boundaries first.")
        return found

    def load_areas(self, path: Path, edition: Edition, quiet: bool) -> None:
        """Published areas, before they are compared with."""
        try:
            count, unknown = load_published_areas(path, edition)
        except LoadError as error:
            raise CommandError(f"Nothing was changed.\n{error}") from None
        if not quiet:
            more = f"; codes of no unit: {', '.join(unknown[:CODES_SHOWN])}{', …' if len(unknown) > CODES_SHOWN else ''}" if unknown else ""
            self.stdout.write(f"Published areas: {count} units{more}")

    def tell(self, check: TopologyCheck, seconds: float, shown: int | None) -> None:
        """What was found, by kind and severity, and the gravest."""
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        sizes: Counter[str] = Counter()
        for one in check.findings:
            counts[one["properties"]["kind"]][one["properties"]["severity"]] += 1
            sizes[one["properties"]["kind"]] += one["properties"]["size_m2"] or 0
        units = check.edition.units.count()
        self.stdout.write(f"Edition {check.edition_id}: {check.edition.name}: {units} units in {seconds:.1f} s")
        for kind in Kind:
            if counts[kind]:
                parts = ", ".join(
                    f"{counts[kind][severity]} {severity_word(severity).lower()}" for severity in Severity if counts[kind][severity]
                )
                self.stdout.write(f"  {kind_word(kind)}: {parts}" + (f" ({size_text(sizes[kind])} together)" if sizes[kind] else ""))
        if not check.findings:
            self.stdout.write("  Nothing is wrong.")
        for one in check.findings[:shown]:
            told = one["properties"]
            where = f" [{told['lat']}, {told['lon']}]" if told["lat"] is not None else ""
            size = f" {size_text(told['size_m2'])}" if told["size_m2"] is not None else ""
            width = f", {told['width_m']:.1f} m wide" if told["width_m"] is not None else ""
            self.stdout.write(f"{severity_word(told['severity'])}: {sentence(told)}{size}{width}{where}")
        if shown is not None and len(check.findings) > shown:
            self.stdout.write(f"… and {len(check.findings) - shown} more (--all shows them)")
        if check.left_off:
            self.stdout.write(f"{check.left_off} more are counted and not kept.")
