"""Two hundred worlds of noise and as many with a planted hot spot: how often each method is wrong, against what it promises, and how often it finds."""

from __future__ import annotations

import time
from typing import Any

from bench import installed
from bench.scene import say
from insights.hotspots import warning
from insights.hotspots.methods import PERMUTATIONS
from insights.hotspots.simulation import (
    ALPHA,
    STATISTICS,
    binomial_bounds,
    power,
    share_of_noise_marked,
    share_of_quiet_weeks_warned,
    share_of_rises_warned,
)

SEEDS = range(200)
POWER_SEEDS = range(50)
SIDE = 8  # 64 areas, as many as Cà Mau has communes
FACTORS = (1.5, 2.0, 3.0)
WEEKS = range(1000)  # of the early warning
PROVINCE = {"bodies": 64, "categories": 12}


def run() -> dict[str, Any]:
    """Shares of worlds; seconds of one question of each method."""
    shares, seconds = {}, {}
    low, high = binomial_bounds(len(SEEDS), ALPHA)
    for method in STATISTICS:
        start = time.monotonic()
        wrong = share_of_noise_marked(method, seeds=SEEDS, side=SIDE, permutations=PERMUTATIONS)
        seconds[f"{method}: one question, {SIDE * SIDE} areas, {PERMUTATIONS} permutations"] = (time.monotonic() - start) / len(SEEDS)
        times = round(wrong * len(SEEDS))
        say(f"{method}: noise marked {times} times of {len(SEEDS)}; promised at most α = {ALPHA:.0%}; 99 % bounds {low} to {high}")
        shares[f"{method}: worlds of noise in which anything is marked"] = wrong
        for factor in FACTORS:
            found, part = power(method, seeds=POWER_SEEDS, side=SIDE, factor=factor, permutations=9_999)
            shares[f"{method}: planted block of 9 with {factor} times as many: found"] = found
            shares[f"{method}:   of its areas marked"] = part
    low_weeks, high_weeks = binomial_bounds(len(WEEKS), warning.ALPHA)
    for mean in (1.0, 5.0):
        alarms = share_of_quiet_weeks_warned(seeds=WEEKS, mean=mean, **PROVINCE)
        say(
            f"early warning, {mean:g} reports a week: {alarms * len(WEEKS):.0f} of {len(WEEKS)} quiet weeks; 99 % bounds {low_weeks} to {high_weeks}"
        )
        shares[f"early warning, {mean:g} reports a week: quiet weeks in which anybody is warned"] = alarms
        for factor in (2.0, 3.0, 5.0):
            told = share_of_rises_warned(seeds=POWER_SEEDS, mean=mean, factor=factor, **PROVINCE)
            shares[f"early warning, {mean:g} reports a week: a rise to {factor:g} times is told"] = told
    agreed = _compared()
    return {
        "as_esda": agreed,
        "worlds": len(SEEDS),
        "bound_low": low,
        "bound_high": high,
        "shares": shares,
        "seconds": seconds,
        "ratios": {},
    }


def _compared() -> int:
    """In how many worlds Gi*'s score and Moran's I of every area are those of esda, to twelve digits; stops at the first in which they are not."""
    if missing := installed.oracles():
        say(f"esda is not here, nothing is compared: {missing}")
        return 0
    from bench.hotspots_esda import differences

    for seed in POWER_SEEDS:
        for method, difference in differences(SIDE, seed).items():
            if not difference <= 1e-12:
                raise SystemExit(f"{method}, seed {seed}: {difference} beside esda")
    say(f"Gi* and Moran: as esda in {len(POWER_SEEDS)} worlds")
    return len(POWER_SEEDS)
