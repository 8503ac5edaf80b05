"""Loads what became of units: from a list, from the outlines where no list says it, or both compared."""

from __future__ import annotations

import csv
import time
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from boundaries.loading import LoadError
from boundaries.management.commands.load_boundaries import day, track
from boundaries.models import Level, UnitSuccession
from boundaries.succession_derived import (
    STRIP_M,
    Difference,
    Discrepancy,
    common_areas,
    derived,
    discrepancies,
    last_change,
)  # fmt: skip
from boundaries.succession_list import Loaded, Resolved, day_of_the_change, load_successions, read_list, resolve

SHOWN = 5


class Command(BaseCommand):
    help = (
        "Loads which old commune went to which new one from a list (CSV), derives it from the outlines where no list says it (--derive), or lists what "
        "both say differently (--compare, which changes nothing). One broken rule, and nothing is changed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "file", nargs="?", type=Path, metavar="CSV", help="columns old_code, new_code, transfer, and more (docs/boundaries.md)"
        )
        parser.add_argument("--on", type=day, metavar="D", help="the day of the change; default: the day on which most new units begin")
        parser.add_argument("--derive", action="store_true", help="from the outlines, for units that no list names")
        parser.add_argument(
            "--compare", action="store_true", help="list the differences between the list and the outlines; nothing is changed"
        )
        parser.add_argument("--differences", type=Path, metavar="FILE", help="write the differences to a CSV file, strips included")
        parser.add_argument(
            "--tolerance", type=float, default=STRIP_M, metavar="M", help=f"mean width in metres below which common land is no transfer ({STRIP_M:g})"
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        start = time.monotonic()
        if not options["file"] and not options["derive"]:
            raise CommandError("Give a list (CSV), or --derive.")
        if options["compare"] and not options["file"]:
            raise CommandError("--compare needs a list (CSV).")
        try:
            self.load(options)
        except LoadError as error:
            raise CommandError(f"Nothing was changed.\n{error}") from None
        self.say(f"{time.monotonic() - start:.1f} s", options)

    def load(self, options: dict[str, Any]) -> None:
        """What the options ask for; LoadError before anything is written."""
        found: Resolved | None = None
        if options["file"]:
            rows = read_list(options["file"])
            found = resolve(rows, options["file"].name, options["on"] or day_of_the_change(rows))
            self.tell_list(found, options)
        listed = [pair.succession() for pair in found.pairs] if found else []
        if options["compare"] and found:
            self.compare(listed, found, options)
            return
        on = found.on if found else options["on"] or last_change()
        from_outlines = self.derive(listed, on, options) if options["derive"] else []
        with transaction.atomic():
            if listed:
                self.tell_loaded("From the list", load_successions(listed), options)
            if options["derive"]:
                self.tell_loaded("From the outlines", load_successions(from_outlines), options)

    def derive(self, listed: Sequence[UnitSuccession], on: Any, options: dict[str, Any]) -> list[UnitSuccession]:
        """Successions from the outlines of the units that no list names, this one or one loaded before."""
        known = UnitSuccession.objects.filter(source=UnitSuccession.Source.LISTED).values_list("old_id", flat=True)
        named = {row.old_id for row in listed} | set(known)
        commons = common_areas(on, track=lambda *steps: track(*steps, quiet=options["verbosity"] < 1))
        return [row for row in derived(commons, options["tolerance"]) if row.old_id not in named]

    def compare(self, listed: Sequence[UnitSuccession], found: Resolved, options: dict[str, Any]) -> None:
        """Writes what the list and the outlines say differently."""
        commons = common_areas(found.on, [Level.COMMUNE], track=lambda *steps: track(*steps, quiet=options["verbosity"] < 1))
        differences = discrepancies(listed, commons, found.unlisted, options["tolerance"])
        if options["differences"]:
            write_csv(options["differences"], differences)
        kinds = Counter(one.kind for one in differences)
        pairs = {(one.old.pk, one.new.pk) for one in differences if one.new and one.listed != "–"}
        self.say(f"Pairs that agree: {len(listed) - len(pairs)} of {len(listed)}", options)
        for kind in Difference:
            if not kinds[kind]:
                continue
            self.say(f"\n{kind[:1].upper()}{kind[1:]}: {kinds[kind]}. {kind.explained}", options)
            if kind is Difference.STRIP:
                strips = [one for one in differences if one.kind is kind]
                widest, area = max(one.width_m or 0 for one in strips), sum(one.area_m2 for one in strips)
                self.say(f"  together {area:,.0f} m², the widest {widest:.2f} m on average", options)
                continue
            for one in differences:
                if one.kind is kind:
                    self.say("  " + line(one), options)
        self.say("\nNothing was changed.", options)

    def tell_list(self, found: Resolved, options: dict[str, Any]) -> None:
        """What of the list is about units that are loaded."""
        self.say(f"The change of {found.on}: {len(found.pairs)} pairs of units that are loaded", options)
        if found.elsewhere:
            provinces = ", ".join(f"{which}: {count}" for which, count in found.elsewhere.most_common(SHOWN))
            more = f", … and {len(found.elsewhere) - SHOWN} more" if len(found.elsewhere) > SHOWN else ""
            self.say(f"Of provinces whose communes are not loaded: {found.elsewhere.total()} lines ({provinces}{more})", options)
        for what, texts in (
            ("Other names than the units have", found.other_names),
            ("Ended, and not in the list", [f"{unit.code} {unit.name}" for unit in found.unlisted]),
        ):
            if texts:
                more = f", … and {len(texts) - SHOWN} more" if len(texts) > SHOWN else ""
                self.say(f"{what}: {len(texts)} ({'; '.join(texts[:SHOWN])}{more})", options)

    def tell_loaded(self, what: str, done: Loaded, options: dict[str, Any]) -> None:
        """What was stored."""
        self.say(f"{what}: {done.new} new, {done.changed} changed, {done.unchanged} unchanged, {done.removed} removed", options)

    def say(self, text: str, options: dict[str, Any]) -> None:
        """Writes a line, unless nobody wants to hear it."""
        if options["verbosity"] > 0:
            self.stdout.write(text)


def line(one: Discrepancy) -> str:
    """A difference in one line of the table."""
    pair = f"{one.old.code} {one.old.name}" + (f" → {one.new.code} {one.new.name}" if one.new else "")
    width = f", {one.width_m:.1f} m wide" if one.width_m is not None else ""
    return f"{pair}: {one.listed} {percent(one.listed_share)} in the list, {percent(one.outlined_share)} in the outlines ({one.area_m2:,.0f} m²{width})"


def percent(share: float | None) -> str:
    """A share for people; a dash where it is unknown."""
    return "–" if share is None else f"{100 * share:.2f} %"


def write_csv(path: Path, differences: Sequence[Discrepancy]) -> None:
    """The differences as a table; shares as fractions, areas in m², mean widths in metres."""
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(
            [
                "difference",
                "old_code",
                "old_name",
                "new_code",
                "new_name",
                "listed",
                "listed_share",
                "outlined_share",
                "area_m2",
                "width_m",
                "explanation",
            ]
        )
        for one in differences:
            table.writerow(
                [
                    one.kind, one.old.code, one.old.name, one.new.code if one.new else "", one.new.name if one.new else "", one.listed,
                    *("" if share is None else f"{share:.6f}" for share in (one.listed_share, one.outlined_share)),
                    f"{one.area_m2:.1f}", "" if one.width_m is None else f"{one.width_m:.2f}", one.kind.explained,
                ]
            )  # fmt: skip
