"""How people in Cà Mau, Bạc Liêu and elsewhere write places, and how well a search finds what they mean."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boundaries.places import Place

FILE = Path(__file__).with_name("spellings.csv")


@dataclass(frozen=True)
class Spelling:
    """A text, and what is meant by it: the unit that has the code at the level, before the merger of 2025 (old) or since (new)."""

    text: str
    code: str
    period: str
    level: str
    area: str
    difficulty: str

    def means(self, place: Place) -> bool:
        """Whether a place is the one meant."""
        return (place.code, place.level, "new" if place.on is None else "old") == (self.code, self.level, self.period)


def read_spellings(area: str | None = None) -> list[Spelling]:
    """All spellings, or those of an area (camau, country)."""
    with FILE.open(encoding="utf-8", newline="") as file:
        spellings = [Spelling(**row) for row in csv.DictReader(file)]
    return [spelling for spelling in spellings if area in (None, spelling.area)]


def ranks(spellings: Iterable[Any], search: Callable[[str], list[Place]]) -> dict[Any, int]:
    """At which place of the answer (from 1) each was found; 0 where it was not."""
    found = {}
    for spelling in spellings:
        places = search(spelling.text)
        found[spelling] = next((rank for rank, place in enumerate(places, start=1) if spelling.means(place)), 0)
    return found


def share(found: dict[Any, int], first: int) -> float:
    """The share that was found among the first so many."""
    return sum(0 < rank <= first for rank in found.values()) / len(found)
