"""What the made-up reports say, and what is answered: texts of the data files, filled in for one place."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from django.utils import timezone

from authorities.models import Body
from reports.demo.places import Corner, Places, read

RAINY = frozenset(range(5, 12))  # months
SCENE_OF_ANYTHING = "none"
PLACE_NOTES = (
    "Gần {spot}.",
    "Cách {spot} khoảng {metres} mét.",
    "Đối diện {spot}.",
    "Khu vực {hamlet}.",
    "Ngay {spot}, {hamlet}.",
    "Trên {road}, {hamlet}.",
)


@dataclass(frozen=True)
class Story:
    """One report's content: the category that it truly belongs to, its words, and the answer that fits it."""

    category: str
    text: str
    place_note: str
    severity: int
    reply: str
    scene: str = SCENE_OF_ANYTHING
    looks_like: str = ""  # the category that a citizen may choose by mistake
    reason: str = ""  # for which it is returned
    words: dict[str, str] = field(default_factory=dict)

    def answer(self, body: Body, at: datetime) -> str:
        """The reply of a body that writes on a day: the work was done a day or two before."""
        done = timezone.localdate(at - timedelta(days=1))
        return sentences(self.reply, {**self.words, "body": body.name, "day": f"{done.day}/{done.month}/{done.year}"})


class Stories:
    """The stories of one demonstration."""

    def __init__(self, rng: Random, places: Places, known: set[str]) -> None:
        self._rng = rng
        self._places = places
        self._all = {code: story for code, story in read("stories").items() if code in known}
        self._casework = read("casework")
        self._told: dict[str, int] = {}

    def at(self, corner: Corner, when: datetime) -> Story:
        """Something that may be seen at a corner in that season."""
        season = "wet" if timezone.localtime(when).month in RAINY else "dry"
        codes = list(self._all)
        code = self._rng.choices(codes, [self._all[code]["weight"] * self._all[code][season] for code in codes])[0]
        return self.of(code, corner)

    def of(self, code: str, corner: Corner) -> Story:
        """A story of a category; each text comes once before any comes again."""
        entry = self._all[code]
        texts = entry["any"] + entry.get("town" if corner.town else "country", [])
        fresh = min(self._told.get(text, 0) for text, _replies in texts)
        text, replies = self._rng.choice([pair for pair in texts if self._told.get(pair[0], 0) == fresh])
        self._told[text] = fresh + 1
        words = self._places.words_at(corner)
        looks_like = [other for other in entry["looks_like"] if other in self._all]
        return Story(
            category=code,
            text=sentences(text, words),
            place_note=self._place_note(words),
            severity=self._rng.choices((1, 2, 3), entry["severity"])[0],
            reply=entry["replies"][self._rng.choice(replies)],
            scene=entry["scene"],
            looks_like=self._rng.choice(looks_like) if looks_like else "",
            words=words,
        )

    def returned(self, corner: Corner, reasons: set[str]) -> Story:
        """What is sent back with the right channel: a question of procedure, a quarrel, something already done."""
        told = {code: entry for code, entry in self._casework["returned"].items() if code in reasons}
        reason = self._rng.choices(list(told), [len(entry["stories"]) for entry in told.values()])[0]
        words = self._places.words_at(corner)
        category = self._rng.choice([code for code in ("other", "suggestion", "urban", "lighting") if code in self._all] or list(self._all))
        text = sentences(self._rng.choice(told[reason]["stories"]), words)
        return Story(category, text, self._place_note(words), 1, told[reason]["reply"], reason=reason, words=words)

    def by_water(self, corner: Corner) -> Story:
        """Something at the edge of the water."""
        code, text, reply = self._rng.choice([entry for entry in self._casework["water_side"] if entry[0] in self._all])
        words = self._places.words_at(corner)
        return Story(
            code, sentences(text, words), self._place_note(words), 2, reply, scene="bank" if code == "embankment" else "none", words=words
        )

    def far_out(self, where: str, corner: Corner) -> Story:
        """Something at sea (`sea`), or over the border of the province (`neighbour`), which is returned."""
        told = self._casework["sea" if where == "sea" else "outside"]
        code, text = self._rng.choice([entry for entry in told["stories"] if entry[0] in self._all])
        reason = "" if where == "sea" else "outside-province"
        return Story(code, text, "", 2, told["reply"], reason=reason, words=self._places.words_at(corner))

    def real(self) -> list[dict[str, Any]]:
        """The two reports that were really filed in July 2022, as the newspapers tell them; the replies are ours."""
        return list(self._casework["real"])

    def note(self, step: str, chance: Random) -> str:
        """What somebody notes with a step."""
        return str(chance.choice(self._casework["notes"][step]))

    def scene_of(self, category: str) -> str:
        """What a photo of a report of a category shows."""
        return str(self._all[category]["scene"]) if category in self._all else SCENE_OF_ANYTHING

    def again(self, reply: str) -> str:
        """The answer after a report was reopened."""
        return str(self._casework["again"]).format(reply=reply)

    def _place_note(self, words: dict[str, str]) -> str:
        return sentences(self._rng.choice(PLACE_NOTES), words) if self._rng.random() < 0.6 else ""


def sentences(text: str, words: dict[str, str]) -> str:
    """A text with its slots filled in, each sentence beginning with a capital."""
    filled = text.format_map(words)
    return re.sub(r"(^|[.?!] )(\w)", lambda found: found[1] + found[2].upper(), filled)
