"""Two hundred worlds of noise and as many with a planted hot spot: how often each method is wrong, against what it promises, and how often it finds."""

from __future__ import annotations

import time
from typing import Any

from bench.scene import say
from insights.hotspots.methods import PERMUTATIONS
from insights.hotspots.simulation import ALPHA, STATISTICS, binomial_bounds, power, share_of_noise_marked

SEEDS = range(200)
POWER_SEEDS = range(50)
SIDE = 8  # 64 areas, as many as Cà Mau has communes
FACTORS = (1.5, 2.0, 3.0)


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
    return {"worlds": len(SEEDS), "bound_low": low, "bound_high": high, "shares": shares, "seconds": seconds, "ratios": {}}
