"""A sensible order for a day's stops: pure geometry, as the crow flies; the roads are the officer's knowledge."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

EARTH_M = 6_371_009
Spot = tuple[float, float]  # longitude, latitude (WGS 84)


def metres_between(one: Spot, other: Spot) -> float:
    """Metres between two spots on a sphere: good to half a percent, which orders stops well enough; what is measured, PostGIS measures."""
    lon, lat, to_lon, to_lat = map(math.radians, (*one, *other))
    part = math.sin((to_lat - lat) / 2) ** 2 + math.cos(lat) * math.cos(to_lat) * math.sin((to_lon - lon) / 2) ** 2
    return 2 * EARTH_M * math.asin(min(1.0, math.sqrt(part)))


def in_order(start: Spot, stops: Sequence[Spot]) -> list[int]:
    """The positions of the stops in the order in which to visit them from the start, without coming back.

    Nearest neighbour, then parts are turned round (2-opt) and moved elsewhere (Or-opt) until nothing shortens it: the same answer for the same stops.
    """
    spots = [start, *stops]
    away = [[metres_between(one, other) for other in spots] for one in spots]
    order = _nearest_neighbours(away)
    while _turned(order, away) or _moved(order, away):
        pass
    return [position - 1 for position in order[1:]]


def legs(start: Spot, stops: Sequence[Spot]) -> list[float]:
    """Metres from each stop's predecessor, the start before the first."""
    return [metres_between(one, other) for one, other in zip([start, *stops], stops, strict=False)]


def _nearest_neighbours(away: list[list[float]]) -> list[int]:
    order, left = [0], set(range(1, len(away)))
    while left:
        nearest = min(left, key=lambda position: (away[order[-1]][position], position))
        order.append(nearest)
        left.remove(nearest)
    return order


def _turned(order: list[int], away: list[list[float]]) -> bool:
    """Turns round the first part whose turning shortens the way; whether there was one. The start stays, the end is free."""
    last = len(order) - 1
    for first in range(1, last + 1):
        for end in range(first, last + 1):
            before, begin, finish = order[first - 1], order[first], order[end]
            now, turned = away[before][begin], away[before][finish]
            if end < last:
                now += away[finish][order[end + 1]]
                turned += away[begin][order[end + 1]]
            if turned < now - 1e-6:
                order[first : end + 1] = order[first : end + 1][::-1]
                return True
    return False


def _moved(order: list[int], away: list[list[float]]) -> bool:
    """Moves the first part of up to three stops to where that shortens the way, turned round if that is shorter still; whether there was one."""
    now = _length(order, away)
    for size in range(1, 4):
        for first in range(1, len(order) - size + 1):
            part, rest = order[first : first + size], order[:first] + order[first + size :]
            for place in range(1, len(rest) + 1):
                for moved in (part, part[::-1]):
                    wanted = rest[:place] + moved + rest[place:]
                    if _length(wanted, away) < now - 1e-6:
                        order[:] = wanted
                        return True
    return False


def _length(order: list[int], away: list[list[float]]) -> float:
    return sum(away[one][other] for one, other in pairwise(order))
