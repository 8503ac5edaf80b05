"""What several bodies do at made-up reports: one offers and another refuses or takes over, one helps; a place is corrected, a report split."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from random import Random

from django.contrib.gis.geos import Point
from django.utils import timezone

from authorities.models import Body, BodyKind, Category
from boundaries.models import WGS84
from reports.demo.people import People
from reports.demo.places import read
from reports.models import Conflict, Report
from reports.services import Words, take_step

DETOURS = frozenset({"transfer", "offer", "help", "ask_help", "move", "split"})
HOURS = timedelta(hours=3)  # between what one body says and the other answers
MOVED_DEGREES = 0.0015  # by which a place is corrected, at most
SECOND = ("environment", "lighting")  # what the second problem of a report is, in the order of its texts


class Together:
    """Plays what bodies do together."""

    def __init__(self, people: People, categories: dict[str, Category], now: datetime) -> None:
        self._people, self._categories, self._now = people, categories, now
        self._said = read("casework")["together"]

    def play(self, detour: str, report: Report, chance: Random, moment: datetime) -> datetime:
        """Plays one detour on an accepted report, as far as its time has come; when it is over."""
        others = self._others(report, timezone.localdate(moment))
        if len(others) < 2 and detour not in {"move", "split"}:
            return moment
        one, two = chance.sample(others, 2) if len(others) > 1 else (None, None)
        if detour == "split":
            number = chance.randrange(len(SECOND))
            words = Words(description=self._said["second"][number], category=self._categories[SECOND[number]])
            self._step(report, "split", report.authority, moment, words)
        elif detour == "move":
            self._move(report, chance, moment)
        elif one and two and detour in {"help", "ask_help"}:
            task = chance.choice(self._said["task"])
            self._step(report, "ask_help", report.authority, moment, Words(body=one, task=task, days=3))
            if detour == "help":
                moment = self._later(moment)
                self._step(report, "answer_part", one, moment, Words(result=chance.choice(self._said["result"])))
        elif one and two:
            moment = self._offer(report, one, chance, moment)
            moment = self._later(moment)
            self._step(report, "refuse_transfer", one, moment, Words(note=chance.choice(self._said["why_not_ours"])))
            moment = self._offer(report, two, chance, self._later(moment))
            if detour == "transfer":
                moment = self._later(moment)
                self._step(report, "accept_transfer", two, moment, Words())
        return moment

    def _offer(self, report: Report, body: Body, chance: Random, moment: datetime) -> datetime:
        words = Words(body=body, note=chance.choice(self._said["why_theirs"]))
        self._step(report, "transfer", report.authority, moment, words)
        return moment

    def _move(self, report: Report, chance: Random, moment: datetime) -> None:
        east, north = (chance.uniform(0.2, 1) * MOVED_DEGREES for _ in range(2))
        spot = Point(round(report.location.x + east, 6), round(report.location.y + north, 6), srid=WGS84)
        self._step(report, "relocate", report.authority, moment, Words(spot=spot, note=chance.choice(self._said["moved"])))

    def _step(self, report: Report, name: str, body: Body, moment: datetime, words: Words) -> None:
        take_step(report.pk, step=name, actor=self._people.officer_of(body), words=words, at=moment)

    def _later(self, moment: datetime) -> datetime:
        """Some hours on, and never past now."""
        return min(moment + HOURS, moment + (self._now - moment) / 2)

    def _others(self, report: Report, on: date) -> list[Body]:
        """Bodies that could be asked: departments of the province, and others of the body's own kind."""
        around = Body.objects.of_the_province_of(report.authority).existing(on).exclude(pk=report.authority_id)
        asked = around.filter(kind__in=[BodyKind.DEPARTMENT, report.authority.kind]).exclude(kind=BodyKind.PORTAL)
        return list(asked.exclude(pk__in=Conflict.objects.filter(report=report).values("body")).order_by("code")[:12])
