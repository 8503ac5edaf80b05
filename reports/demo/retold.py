"""How another citizen tells of the same matter: shorter, in other words, hurried on a phone, without tone marks."""

from __future__ import annotations

import re
from random import Random

from boundaries.querysets import fold
from reports.demo.places import read

LEAST = 25  # characters of a sentence that stands alone


class Retelling:
    """Retells texts of the demonstration."""

    def __init__(self) -> None:
        self._words = read("retelling")

    def retold(self, text: str, chance: Random) -> str:
        """The same matter in the words of somebody else."""
        told = self._shortened(text, chance)
        for word, other in self._words["other_words"]:
            if chance.random() < 0.6:
                told = re.sub(rf"\b{word}\b", other, told, count=1, flags=re.IGNORECASE)
        told = chance.choice(self._words["before"]) + told[:1].lower() + told[1:] + chance.choice(self._words["after"])
        if chance.random() < 0.3:
            for word, short in self._words["short"]:
                told = re.sub(rf"\b{word}\b", short, told)
        if chance.random() < 0.25:
            return fold(told)
        return told[:1].upper() + told[1:]

    def _shortened(self, text: str, chance: Random) -> str:
        """One or two of the clauses, sometimes the other way round."""
        clauses = [clause for clause in re.split(r"(?<=[.,;]) ", text.strip()) if clause]
        if len(clauses) < 2 or chance.random() < 0.25:
            return text
        kept = clauses[: chance.choice((1, 2))] if len(clauses[0]) >= LEAST else clauses[:2]
        if len(kept) == 2 and chance.random() < 0.3:
            kept.reverse()
        return " ".join(kept).rstrip(",;. ") + "."
