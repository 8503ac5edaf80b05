"""Lists where nobody is responsible, so that no report ends in triage for want of a rule."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone, translation

from authorities.coverage import bodies_without_territory, gaps, rules_leading_nowhere
from boundaries.models import Level, Unit

SHOWN = 8


class Command(BaseCommand):
    help = "Lists categories × communes for which nobody is responsible on a day, rules that lead to no body, and bodies without territory."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--on", type=day, default=None, metavar="DATE", help="the day (YYYY-MM-DD; default today)")

    def handle(self, *args: Any, **options: Any) -> None:
        on = options["on"] or timezone.localdate()
        if not Unit.objects.in_force(on).of_level(Level.COMMUNE).exists():
            raise CommandError(f"No commune is in force on {on}: load units first.")
        with translation.override("en"):
            problems = self.report(on)
        if problems:
            raise CommandError(f"{problems} findings on {on}.")
        self.stdout.write(f"Somebody is responsible for every category in every commune on {on}.")

    def report(self, on: date) -> int:
        """Writes what is missing and counts it."""
        missing, useless, idle = gaps(on), rules_leading_nowhere(on), bodies_without_territory(on)
        for gap in missing:
            names = ", ".join(f"{unit.name} ({unit.code})" for unit in gap.units[:SHOWN])
            more = f" and {len(gap.units) - SHOWN} more" if len(gap.units) > SHOWN else ""
            self.stdout.write(f"Nobody is responsible for {gap.category.code} in {names}{more}.")
        for rule in useless:
            self.stdout.write(f"Rule {rule.code or rule.pk} leads to no body: {rule}.")
        for body in idle:
            self.stdout.write(f"{body} ({body.code}) covers no unit.")
        return len(missing) + len(useless) + len(idle)


def day(text: str) -> date:
    """A day as YYYY-MM-DD."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"“{text}” is not a day written as 2025-07-01") from None
