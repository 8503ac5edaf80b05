"""Verifies that the map's clusters are what a count of all reports gives."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from insights.pyramid.build import differences
from insights.pyramid.models import Pyramid


class Command(BaseCommand):
    help = (
        "Counts all public reports and compares with what is kept for the map, with what waits to be folded: every cell of every depth, category, "
        "status and month. Names each difference and ends with an error then. `rebuild_clusters` mends it. Takes some minutes for a million reports, "
        "and says how far it is; nobody waits for it."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        if not Pyramid.objects.exists():
            raise CommandError("Nothing is counted yet: the worker does it in its first seconds, or `rebuild_clusters` at once.")
        found = differences(self.stderr.write if options["verbosity"] else None)
        for sentence in found:
            self.stderr.write(self.style.ERROR(sentence))
        if found:
            raise CommandError(f"{len(found)} differences, or more: run `rebuild_clusters`, and tell how it came to be.")
        self.stdout.write(self.style.SUCCESS("Every cell holds what a count of the reports gives."))
