"""Pairs of made-up reports with what a person would say of them, the same matter or not: the list on which the rule of duplicates is measured."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from random import Random

from gis.bbox import METRES_PER_DEGREE
from reports.demo.places import Corner, Places
from reports.demo.retold import Retelling
from reports.demo.stories import Stories, Story

GPS_M = 25  # by which people who stand at the same thing put the pin apart, more or less


@dataclass(frozen=True)
class Told:
    """One of two reports: where (degrees), what it was filed under, its words, and the day since the first of the pair."""

    lat: float
    lon: float
    category: str
    text: str
    day: float


@dataclass(frozen=True)
class Pair:
    """Two reports, whether they are of the same matter, and what makes the pair hard."""

    kind: str
    same: bool
    first: Told
    second: Told

    def as_json(self) -> dict[str, object]:
        """Plain data."""
        return asdict(self)


class Pairs:
    """Makes pairs at the corners of a demonstration."""

    def __init__(self, stories: Stories, places: Places, seed: str) -> None:
        self.stories, self.places = stories, places
        self.retelling = Retelling()
        self.chance = Random(seed)  # noqa: S311  a demonstration is no secret
        self.kinds: dict[str, Callable[[], Pair]] = {
            "in other words": self._in_other_words,
            "in another category": self._in_another_category,
            "seen again, weeks later": self._weeks_later,
            "another thing of the kind, close by": self._close_by,
            "another thing at the same spot": self._same_spot,
            "the same words, elsewhere": self._same_words,
            "the same kind at the same spot, months later": self._months_later,
            "the neighbours' one": self._neighbours,
        }

    def make(self, each: int) -> list[Pair]:
        """So many of each kind."""
        return [make() for make in self.kinds.values() for _ in range(each)]

    # --- the same matter ----------------------------------------------------------------------------------------------
    def _in_other_words(self) -> Pair:
        corner, story = self._story()
        return self._pair("in other words", True, corner, story, self._again(story), GPS_M, self.chance.uniform(0.02, 6))

    def _in_another_category(self) -> Pair:
        corner, story = self._story(mistakable=True)
        again = replace(self._again(story), category=story.looks_like)
        return self._pair("in another category", True, corner, story, again, GPS_M, self.chance.uniform(0.02, 6))

    def _weeks_later(self) -> Pair:
        corner, story = self._story()
        return self._pair("seen again, weeks later", True, corner, story, self._again(story), GPS_M * 1.4, self.chance.uniform(10, 30))

    # --- not the same -------------------------------------------------------------------------------------------------
    def _close_by(self) -> Pair:
        corner, story = self._story()
        other = self._other(corner, story)
        return self._pair("another thing of the kind, close by", False, corner, story, other, 90, self.chance.uniform(0.1, 20))

    def _same_spot(self) -> Pair:
        corner, story = self._story()
        code = self.chance.choice([code for code in ("lighting", "environment", "drainage", "trees", "security") if code != story.category])
        return self._pair(
            "another thing at the same spot", False, corner, story, self.stories.of(code, corner), GPS_M, self.chance.uniform(0.1, 10)
        )

    def _same_words(self) -> Pair:
        corner, story = self._story()
        return self._pair("the same words, elsewhere", False, corner, story, self._again(story), 400, self.chance.uniform(0.1, 10))

    def _months_later(self) -> Pair:
        corner, story = self._story()
        return self._pair(
            "the same kind at the same spot, months later", False, corner, story, self._again(story), GPS_M, self.chance.uniform(75, 300)
        )

    def _neighbours(self) -> Pair:
        corner, story = self._story()
        return self._pair("the neighbours' one", False, corner, story, self._other(corner, story), 45, self.chance.uniform(0.1, 20))

    # --- of what they are made ----------------------------------------------------------------------------------------
    def _story(self, *, mistakable: bool = False) -> tuple[Corner, Story]:
        while True:
            corner = self.places.corner()
            code = self.chance.choice(
                ["pothole", "embankment", "environment", "lighting", "drainage", "trees", "pavement", "water", "traffic"]
            )
            story = self.stories.of(code, corner)
            if story.looks_like or not mistakable:
                return corner, story

    def _again(self, story: Story) -> Story:
        return replace(story, text=self.retelling.retold(story.text, self.chance))

    def _other(self, corner: Corner, story: Story) -> Story:
        """Another story of the category, told from the same corner."""
        while True:
            other = self.stories.of(story.category, corner)
            if other.text[:20] != story.text[:20]:
                return other

    def _pair(self, kind: str, same: bool, corner: Corner, one: Story, two: Story, metres: float, days: float) -> Pair:
        far = metres * self.chance.uniform(0.5, 1.3)
        way = self.chance.uniform(0, 2 * math.pi)
        lat = corner.lat + far * math.sin(way) / METRES_PER_DEGREE
        lon = corner.lon + far * math.cos(way) / (METRES_PER_DEGREE * math.cos(math.radians(corner.lat)))
        first = Told(round(corner.lat, 6), round(corner.lon, 6), one.category, one.text, 0.0)
        return Pair(kind, same, first, Told(round(lat, 6), round(lon, 6), two.category, two.text, round(days, 2)))
