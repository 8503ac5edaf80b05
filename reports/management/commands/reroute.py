"""Gives open reports to the units and bodies of today, after units, their outlines, bodies or rules have changed; puts editions in force."""

from __future__ import annotations

from argparse import ArgumentParser
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from boundaries.editions import EditionError
from boundaries.models import Edition
from reports.models import Activation
from reports.territory import Rehearsal, Rerouting, activate_and_reroute, rehearse, reroute_open_reports, undo_activation
from reports.territory.listing import lines, write_csv

SHOWN = 40


class Command(BaseCommand):
    help = (
        "Gives each open report whose spot now lies in another unit, or whose body is no more or is not the one that the rules name, to the unit and "
        "the body of today, each with an event. Closed reports are not touched. Notes where every report lies in editions that came since. "
        "With --activate an edition is put in force, and its bodies, people and rules are handed over, in the same transaction."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="say who would get what, and change nothing")
        parser.add_argument(
            "--places", action="store_true", help="after outlines were revised: correct where reports lie in each edition, too"
        )
        parser.add_argument(
            "--activate", type=int, metavar="EDITION", help="first put this draft edition in force (its number), in one step"
        )
        parser.add_argument("--on", type=date.fromisoformat, metavar="D", help="with --activate: its first day (YYYY-MM-DD), if another")
        parser.add_argument(
            "--csv", type=Path, metavar="FILE", help="with --activate and --dry-run: every line of the rehearsal as a table"
        )
        parser.add_argument(
            "--undo", type=int, metavar="ACTIVATION", help="take an activation back (its number), while nobody has taken a step since"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["on"] and not options["activate"]:
            raise CommandError("--on is the first day of an edition: give --activate EDITION too.")
        if options["csv"] and not (options["activate"] and options["dry_run"]):
            raise CommandError("--csv is the table of a rehearsal: give --activate EDITION and --dry-run too.")
        if options["undo"] and (options["activate"] or options["dry_run"] or options["places"]):
            raise CommandError("--undo stands alone.")
        try:
            if options["undo"]:
                self.undo(options["undo"])
            elif options["activate"]:
                self.activate(options)
            else:
                self.tell(reroute_open_reports(dry_run=options["dry_run"], renew_places=options["places"]), options)
        except EditionError as error:
            raise CommandError(f"Nothing was changed. {error}") from None

    def activate(self, options: dict[str, Any]) -> None:
        """An edition and the reports, or a rehearsal of both."""
        edition = Edition.objects.filter(pk=options["activate"]).first()
        if edition is None:
            known = ", ".join(f"{draft.pk} ({draft.name})" for draft in Edition.objects.filter(state=Edition.State.DRAFT)) or "none"
            raise CommandError(f"There is no edition {options['activate']}. Drafts: {known}.")
        if not options["dry_run"]:
            self.tell(activate_and_reroute(edition=edition, on=options["on"]), options)
            activation = Activation.objects.filter(edition=edition, state=Activation.State.DONE).latest("done_at")
            if options["verbosity"]:
                self.stdout.write(f"This is activation {activation.pk}; `manage.py reroute --undo {activation.pk}` takes it back.")
            return
        rehearsal = rehearse(edition=edition, on=options["on"])
        if options["csv"]:
            try:
                with options["csv"].open("w", encoding="utf-8", newline="") as file:
                    write_csv(rehearsal, file)
            except OSError as error:
                raise CommandError(f"{options['csv']} cannot be written: {error.strerror}.") from None
        if options["verbosity"]:
            self.tell_plan(rehearsal)
        self.tell(rehearsal.reports, options)

    def undo(self, number: int) -> None:
        """An activation taken back."""
        activation = Activation.objects.filter(pk=number).first()
        if activation is None:
            known = ", ".join(f"{one.pk} ({one})" for one in Activation.objects.filter(state=Activation.State.DONE)) or "none"
            raise CommandError(f"There is no activation {number}. In force: {known}.")
        count = undo_activation(activation=activation)
        self.stdout.write(f"“{activation.edition.name}” is no longer in force; {count} reports are with the bodies of before.")

    def tell_plan(self, rehearsal: Rehearsal) -> None:
        """How many lines of each kind, and what people have to decide."""
        kinds = Counter(line.what for line in lines(rehearsal) if line.what not in ("report", "question"))
        self.stdout.write("Also: " + (", ".join(f"{count} × {kind}" for kind, count in kinds.items()) or "nothing") + ".")
        for line in lines(rehearsal):
            if line.what == "question":
                self.stdout.write(f"  ? {line.from_name}: {line.note}")

    def tell(self, done: Rerouting, options: dict[str, Any]) -> None:
        """Who gets how many from whom, the largest first, and the sum."""
        verbosity, dry_run = options["verbosity"], options["dry_run"]
        if verbosity < 1:
            return
        would, are = ("would go", "would stay") if dry_run else ("went", "stayed")
        for (former, body), count in done.handed_over.most_common(SHOWN if verbosity == 1 else None):
            self.stdout.write(f"{count:6d}  {former.name} → {body.name}")
        if verbosity == 1 and len(done.handed_over) > SHOWN:
            self.stdout.write(f"        … and {len(done.handed_over) - SHOWN} more pairs (--verbosity 2 shows all)")
        day = "" if done.on == timezone.localdate() else f" on {done.on}"
        self.stdout.write(
            f"Open reports{day}: {done.looked_at}; {done.moved} {would} to another body, {done.units_only} {are} with their body in another unit."
        )
        if dry_run:
            self.stdout.write("Nothing was changed.")
        elif done.places:
            self.stdout.write(f"Where reports lie in an edition: {done.places} rows written.")
