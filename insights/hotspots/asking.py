"""A question about hot spots from outside, checked: {"method": "gi", "query": {…, "group": …}, "expected": "habit", "alpha": 0.05, …}."""

from __future__ import annotations

from typing import Any

from insights.hotspots.finding import ALPHA, EXPECTED, METHODS, Ask
from insights.hotspots.methods import PERMUTATIONS
from insights.planner.language import members, number, one_of, parse_query, whole

FIELDS = {"method", "query", "expected", "alpha", "permutations", "seed", "metres", "fewest"}


def parse_ask(data: Any) -> Ask:
    """The question. Raises QueryError, which names the part that is not right."""
    told = members(data, "hotspots", FIELDS)
    seed = told.get("seed")
    return Ask(
        method=one_of(told.get("method"), "method", tuple(METHODS)),
        query=parse_query(told.get("query")),
        expected=one_of(told.get("expected", "habit"), "expected", EXPECTED),
        alpha=number(told.get("alpha", ALPHA), "alpha", 0.0001, 0.2),
        permutations=whole(told.get("permutations", PERMUTATIONS), "permutations", PERMUTATIONS, PERMUTATIONS),
        seed=None if seed is None else int(number(seed, "seed", 0, 2**53)),
        metres=number(told.get("metres", 500), "metres", 10, 20_000),
        fewest=whole(told.get("fewest", 5), "fewest", 2, 1_000),
    )
