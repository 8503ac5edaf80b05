"""Verifies that nobody has changed, cut or re-ordered the history of reports."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from reports.codes import normalised
from reports.history.verify import against, verify
from reports.models import Report


class Command(BaseCommand):
    help = (
        "Verifies the chain of hashes of each report (or of those named), the tree over all of them and the published roots. Says one sentence "
        "for each break and ends with an error then. With --roots FILE, a list of roots downloaded earlier, it finds roots that were exchanged."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("codes", nargs="*", metavar="CODE", help="codes of reports; none: all, and the tree")
        parser.add_argument(
            "--roots", type=Path, metavar="FILE", help="also compare with a list of roots that was downloaded earlier (CSV)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        found = verify(self.named(options["codes"]), said=self.progress if options["verbosity"] else None)
        if options["roots"]:
            with options["roots"].open(encoding="utf-8") as lines:
                found.breaks += against(lines)
        for sentence in found.breaks:
            self.stderr.write(self.style.ERROR(sentence))
        counted = f"{found.events} events of {found.reports} reports, {found.roots} roots"
        if found.breaks:
            raise CommandError(f"{len(found.breaks)} breaks in {counted}.")
        self.stdout.write(self.style.SUCCESS(f"Whole: {counted}."))

    def named(self, codes: list[str]) -> list[int] | None:
        """The keys of the reports that were named; None where none was."""
        if not codes:
            return None
        wanted = {normalised(code) or code: code for code in codes}
        keys = dict(Report.objects.filter(code__in=wanted).values_list("code", "pk"))
        missing = [code for known, code in wanted.items() if known not in keys]
        if missing:
            raise CommandError(f"There is no report {', '.join(missing)}.")
        return sorted(keys.values())

    def progress(self, done: int, of: int) -> None:
        """How far it has come, on a line of its own that is written over."""
        self.stderr.write(f"\r{100 * done // of} %", ending="" if done < of else "\n")
