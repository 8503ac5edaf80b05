"""What shall become of each made-up report, and when it was filed: fates by fixed shares, days by season and growth, hours as people have time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random

from django.contrib.gis.geos import Point
from django.utils import timezone

from reports.demo.places import Places
from reports.demo.stories import Stories, Story
from reports.workflow import CLOSED, Status

MERGER = date(2025, 7, 1)
YEARS = 3
HOURS = (1, 0, 0, 0, 1, 3, 7, 10, 9, 8, 7, 7, 5, 5, 6, 7, 8, 9, 9, 10, 9, 6, 4, 2)  # how many file from 0:00, 1:00, …
BY_WEEKDAY = (10, 10, 9, 9, 10, 8, 7)


@dataclass(frozen=True)
class Fate:
    """How a report ends for now: the status, how old it is (days; None: anything up to three years), and by which detour."""

    name: str
    share: float
    goal: Status
    age: tuple[float, float] | None = None
    detour: str = ""

    @property
    def is_twin(self) -> bool:
        """Whether it is of the same matter as another, recognised by now or not."""
        return self.goal == Status.DUPLICATE or self.detour == "twin"


# In the order in which a small demonstration takes them: each status first, then the detours
FATES = (
    Fate("resolved", 0.5, Status.RESOLVED),
    Fate("returned", 0.12, Status.RETURNED),
    Fate("new", 0.045, Status.NEW, (0.02, 6)),
    Fate("triage", 0.02, Status.TRIAGE, (0.2, 6)),
    Fate("accepted", 0.03, Status.ACCEPTED, (1, 8)),
    Fate("surveying", 0.02, Status.SURVEYING, (2.5, 10)),
    Fate("in progress", 0.035, Status.IN_PROGRESS, (3, 12)),
    Fate("reply under review", 0.02, Status.REPLY_REVIEW, (3.5, 14)),
    Fate("waiting for the reporter", 0.015, Status.WAITING, (1.5, 8)),
    Fate("withdrawn", 0.01, Status.WITHDRAWN),
    Fate("duplicate", 0.015, Status.DUPLICATE),
    Fate("asked and answered", 0.015, Status.RESOLVED, detour="ask"),
    Fate("across the merger", 0.015, Status.RESOLVED, detour="across"),
    Fate("reopened", 0.04, Status.RESOLVED, detour="reopen"),
    Fate("sent back", 0.03, Status.RESOLVED, detour="send_back"),
    Fate("recategorised", 0.03, Status.RESOLVED, detour="recategorise"),
    Fate("handed on", 0.03, Status.RESOLVED, detour="hand_on"),
    Fate("late", 0.015, Status.IN_PROGRESS, (18, 45)),
    Fate("not begun", 0.008, Status.NEW, (12, 30)),
    Fate("taken over by another body", 0.02, Status.RESOLVED, detour="transfer"),
    Fate("offered to another body", 0.006, Status.ACCEPTED, (0.5, 4), detour="offer"),
    Fate("with the help of another body", 0.015, Status.RESOLVED, detour="help"),
    Fate("another body asked to help", 0.006, Status.ACCEPTED, (0.5, 4), detour="ask_help"),
    Fate("place corrected", 0.012, Status.RESOLVED, detour="move"),
    Fate("split in two", 0.008, Status.RESOLVED, detour="split"),
    Fate("seen by two", 0.012, Status.NEW, (0.1, 4), detour="twin"),
    Fate("open again", 0.007, Status.ACCEPTED, (15, 60), detour="reopen"),
)


@dataclass(frozen=True)
class Plan:
    """One report to be: when, where, what, and what becomes of it; `chance` drives everything that is decided on the way."""

    when: datetime
    spot: Point
    accuracy_m: float | None
    story: Story
    fate: Fate
    chance: Random


def make_plans(number: int, seed: str, now: datetime, places: Places, stories: Stories, reasons: set[str]) -> list[Plan]:
    """The plans of that many reports, the earliest first."""
    rng = Random(seed)  # noqa: S311  a demonstration is no secret
    begins = _begins(places.begins, now)
    fates = [fate for fate in FATES if fate.detour != "across" or begins < MERGER]
    times = sorted(
        ((_filed(fate, begins, now, rng), place, fate) for place, fate in enumerate(_dealt(number, fates))), key=lambda row: row[:2]
    )
    return [_plan(when, fate, Random(f"{seed} {place}"), places, stories, reasons) for place, (when, _, fate) in enumerate(times)]  # noqa: S311


def _begins(possible: date, now: datetime) -> date:
    """The first day of the story: three years ago, or at the latest a year before the merger, where the units allow it."""
    today = timezone.localdate(now)
    return max(possible, min(today - timedelta(days=365 * YEARS), MERGER - timedelta(days=365)))


def _dealt(number: int, fates: list[Fate]) -> list[Fate]:
    """That many fates by their shares; each at least once while there are enough reports."""
    total = sum(fate.share for fate in fates)
    counts = {fate: int(number * fate.share / total) for fate in fates}
    for fate in fates:
        if not counts[fate] and number >= 2 * len(fates):
            counts[fate] = 1
    for fate in fates[:11]:
        if not counts[fate] and number >= 11:
            counts[fate] = 1
    counts[fates[0]] += number - sum(counts.values())
    return [fate for fate, count in counts.items() for _ in range(max(count, 0))][:number]


def _filed(fate: Fate, begins: date, now: datetime, rng: Random) -> datetime:
    if fate.age is not None:
        return now - timedelta(days=rng.uniform(*fate.age))
    if fate.detour == "across":
        return _at_an_hour(date(2025, 6, rng.randint(16, 29)), rng)
    last = timezone.localdate(now) - timedelta(days=12)
    days = (last - begins).days
    while True:
        # More each year, and less at weekends: rejected days are drawn again
        day = begins + timedelta(days=rng.randint(0, days))
        likely = (0.45 + 0.55 * (day - begins).days / days) * BY_WEEKDAY[day.weekday()] / 10
        if rng.random() < likely:
            return _at_an_hour(day, rng)


def _at_an_hour(day: date, rng: Random) -> datetime:
    hour = rng.choices(range(24), HOURS)[0]
    return datetime.combine(day, time(hour, rng.randrange(60), rng.randrange(60)), tzinfo=timezone.get_default_timezone())


def _plan(when: datetime, fate: Fate, chance: Random, places: Places, stories: Stories, reasons: set[str]) -> Plan:
    on = timezone.localdate(when)
    corner = places.corner()
    accuracy = round(min(4 + chance.expovariate(1 / 14), 120), 1) if chance.random() < 0.65 else None
    throw = 0.5 if fate.detour else chance.random()  # a detour is enough: it starts from an ordinary spot
    if fate.goal == Status.RETURNED:
        if throw < 0.1 and (spot := places.outside("neighbour", on)):
            return Plan(when, spot, accuracy, stories.far_out("neighbour", corner), fate, chance)
        return Plan(when, corner.near(chance), accuracy, stories.returned(corner, reasons), fate, chance)
    if (throw < 0.012 or (fate.goal == Status.TRIAGE and throw < 0.4)) and (spot := places.outside("sea", on)):
        return Plan(when, spot, accuracy, stories.far_out("sea", corner), fate, chance)
    if throw < 0.04 and (spot := places.on_water(on)):
        corner = places.corner_nearest(spot)
        return Plan(when, spot, accuracy, stories.by_water(corner), fate, chance)
    if throw > 0.975 and (spot := places.on_border(on, 250.0)):
        corner = places.corner_nearest(spot)
        return Plan(when, spot, 250.0, stories.at(corner, when), fate, chance)
    story = stories.at(corner, when)
    while fate.detour == "recategorise" and not story.looks_like:
        story = stories.at(corner, when)  # one that a citizen may file under another category
    return Plan(when, corner.near(chance), accuracy, story, fate, chance)


def is_closed(fate: Fate) -> bool:
    """Whether the report is done with."""
    return fate.goal in CLOSED
