"""What is measured of reports, in which steps of size it is counted, and what is read from such counts: percentiles, means, intervals."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from enum import IntEnum
from itertools import accumulate, pairwise
from operator import mul

# Days from which on each bucket begins: single days of the first week, then wider; the last is open
EDGES = (0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 17, 21, 25, 30, 45, 60, 90, 180)
_WIDTHS = (*(end - start for start, end in pairwise(EDGES)), 0)
RESPONSE_DAYS = 3  # the first response is in time within these days; an edge of a bucket
SCORES = range(1, 6)
SATISFIED_FROM = 4  # the mean of a rating's scores, 1 to 5
CRITERION = 100  # criterion 7 is measure 107
Z95 = 1.959964  # of the normal distribution, for intervals of 95 %


class Measure(IntEnum):
    """What is counted by size: days of a step, how a reporter rated, and transfers by the bodies between which they went."""

    RESPONSE = 1  # from filing until the body first responds: accepts, returns, asks, …
    WORK = 2  # from the response until the reply is drafted
    APPROVAL = 3  # from the draft until the end
    WHOLE = 4  # from filing until it is resolved
    RATED = 5  # bucket 0 not satisfied, 1 satisfied
    CAME = 6  # transfers that were accepted, by the body that took them
    WENT = 7  # and by the body that gave them


STEPS = {Measure.RESPONSE: "response", Measure.WORK: "work", Measure.APPROVAL: "approval", Measure.WHOLE: "whole"}


def percentiles(counts: Sequence[int], shares: Sequence[float]) -> list[float | None]:
    """The days within which each share of what was counted lies, evenly spread within its bucket; in the open one, where it begins. None of nothing."""
    ends = list(accumulate(counts))
    if not ends or not ends[-1]:
        return [None] * len(shares)
    found: list[float | None] = []
    for share in shares:
        wanted = share * ends[-1]
        place = bisect_left(ends, wanted)
        start, width = EDGES[place], _WIDTHS[place]
        found.append(round(start + width * (wanted - ends[place] + counts[place]) / counts[place], 1))
    return found


def wilson(part: int, whole: int) -> tuple[float, float] | None:
    """The 95 % interval of a share by Wilson, which stays within 0 and 1 and holds for small numbers; None of nothing."""
    if not whole:
        return None
    rate, spread = part / whole, Z95**2 / whole
    middle = rate + spread / 2
    width = Z95 * math.sqrt(rate * (1 - rate) / whole + spread / (4 * whole))
    low, high = (middle - width) / (1 + spread), (middle + width) / (1 + spread)
    return (0.0 if part == 0 else low), (1.0 if part == whole else high)


def mean_with_interval(counts: Sequence[int]) -> tuple[float, float, float] | None:
    """The mean of scores 1 to 5 from how often each was given, and its 95 % interval; None of fewer than two."""
    number = sum(counts)
    if number < 2:
        return None
    mean = sum(map(mul, counts, SCORES)) / number
    variance = sum([count * (score - mean) ** 2 for score, count in zip(SCORES, counts, strict=False)]) / (number - 1)
    width = Z95 * math.sqrt(variance / number)
    return mean, max(mean - width, 1.0), min(mean + width, 5.0)
