"""Counts the map's clusters anew, while the site goes on."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from insights.pyramid.build import build


class Command(BaseCommand):
    help = (
        "Counts all public reports anew for the map, in tables beside those that are read, and exchanges them in a moment: the site goes on, and "
        "what is filed meanwhile is counted too. The worker does it by itself the first time; after a restore of the database it is for you."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        counted = build(self.stderr.write if options["verbosity"] else None)
        if counted is None:
            raise CommandError("Another process folds or builds the counts of the map: try again in a minute.")
        self.stdout.write(self.style.SUCCESS(f"{counted} public reports are counted for the map."))
