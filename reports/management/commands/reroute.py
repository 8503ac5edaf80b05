"""Gives open reports to the units and bodies of today, after units, their outlines, bodies or rules have changed."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from boundaries.editions import EditionError
from boundaries.models import Edition
from reports.territory import Rerouting, activate_and_reroute, rehearse, reroute_open_reports

SHOWN = 40


class Command(BaseCommand):
    help = (
        "Gives each open report whose spot now lies in another unit, or whose body is no more or is not the one that the rules name, to the unit and "
        "the body of today, each with an event. Closed reports are not touched. Notes where every report lies in editions that came since."
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

    def handle(self, *args: Any, **options: Any) -> None:
        if options["on"] and not options["activate"]:
            raise CommandError("--on is the first day of an edition: give --activate EDITION too.")
        done = self.activate(options) if options["activate"] else self.reroute(options)
        self.tell(done, options["dry_run"], options["verbosity"])

    def reroute(self, options: dict[str, Any]) -> Rerouting:
        """Only the reports."""
        return reroute_open_reports(dry_run=options["dry_run"], renew_places=options["places"])

    def activate(self, options: dict[str, Any]) -> Rerouting:
        """An edition and the reports, or a rehearsal of both."""
        edition = Edition.objects.filter(pk=options["activate"]).first()
        if edition is None:
            known = ", ".join(f"{draft.pk} ({draft.name})" for draft in Edition.objects.filter(state=Edition.State.DRAFT)) or "none"
            raise CommandError(f"There is no edition {options['activate']}. Drafts: {known}.")
        try:
            if options["dry_run"]:
                return rehearse(edition=edition, on=options["on"])
            return activate_and_reroute(edition=edition, on=options["on"])
        except EditionError as error:
            raise CommandError(f"Nothing was changed. {error}") from None

    def tell(self, done: Rerouting, dry_run: bool, verbosity: int) -> None:
        """Who gets how many from whom, the largest first, and the sum."""
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
