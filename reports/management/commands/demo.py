"""Fills an empty portal with a past of three years: people, authorities, and reports in every state."""

from __future__ import annotations

import os
import secrets
import time
from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from tqdm import tqdm

from authorities.models import Body, BodyKind
from reports.demo.crew import played
from reports.demo.life import Demonstration
from reports.demo.places import NoUnits
from reports.models import Report
from reports.workflow import Status

DEFAULT = 400
MOST_JOBS = 4


class Command(BaseCommand):
    help = (
        "Fills an empty portal with a demonstration: accounts to sign in with, the two reports of July 2022 that the newspapers tell of, and made-up "
        "ones over three years, filed and worked through the same services as real ones. Changes nothing where there are reports."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--reports", type=int, default=DEFAULT, metavar="N", help=f"how many reports (default {DEFAULT})")
        parser.add_argument(
            "--seed", default="2022", metavar="S", help="another seed tells other stories; the same one tells the same again"
        )
        parser.add_argument("--jobs", type=int, default=min(len(os.sched_getaffinity(0)), MOST_JOBS), help="processes to share the work")
        parser.add_argument("--more", action="store_true", help="add to the reports that are there")

    def handle(self, *args: Any, **options: Any) -> None:
        number, there = options["reports"], Report.objects.count()
        if number < 0:
            raise CommandError("--reports is a number of reports, 0 or more.")
        if there and not options["more"]:
            self.stdout.write(f"There are {there} reports already: nothing was changed (--more adds others).")
            return
        start = time.monotonic()
        if not Body.objects.filter(kind=BodyKind.COMMUNE_COMMITTEE).exists():
            call_command("load_authorities", verbosity=0)
        seed = options["seed"] if not there else f"{options['seed']} {there}"
        try:
            demonstration = Demonstration(seed=seed, now=timezone.now())
        except NoUnits as problem:
            raise CommandError(str(problem)) from None
        password = settings.DEMO_PASSWORD or secrets.token_urlsafe(9)
        logins = demonstration.people.make_logins(password)
        counts = self.play(demonstration, number, first=not there, jobs=options["jobs"], quiet=options["verbosity"] < 1)
        if options["verbosity"] < 1:
            return
        told = ", ".join(f"{counts[status]} {status}" for status in Status if counts[status])
        self.stdout.write(f"Reports: {counts.total()} ({told}) in {time.monotonic() - start:.1f} s")
        for username, what in logins.items():
            self.stdout.write(f"  {username:12} {what}")
        self.stdout.write("Their password is that of DEMO_PASSWORD." if settings.DEMO_PASSWORD else f"Their password: {password}")

    def play(self, demonstration: Demonstration, number: int, *, first: bool, jobs: int, quiet: bool) -> Counter[Status]:
        """Files and works that many reports; what became of them."""
        counts: Counter[Status] = Counter()
        plans = demonstration.plans(number, real=first)
        bar = tqdm(total=len(plans), desc="reports", unit="", leave=False, disable=True if quiet else None)
        try:
            for status in played(demonstration, plans, jobs):
                counts[status] += 1
                bar.update()
        except KeyboardInterrupt:
            raise CommandError(f"Stopped: {Report.objects.count()} reports are there, each of them whole.", returncode=130) from None
        finally:
            bar.close()
        return counts
