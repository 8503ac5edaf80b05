"""Made-up counts of which we know the truth: noise alone, and noise with a hot spot planted in it; how often each method is right."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from insights.hotspots import warning
from insights.hotspots.methods import Floats, benjamini_hochberg, getis_ord, local_moran, residuals

ALPHA = 0.05
STATISTICS = {"gi": getis_ord, "moran": local_moran}


def lattice(side: int) -> list[npt.NDArray[np.int64]]:
    """The neighbours of each cell of a square lattice: those that share a side or a corner."""
    found = []
    for at in range(side * side):
        x, y = at % side, at // side
        beside = [(x + dx, y + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1) if dx or dy]
        found.append(np.array([v * side + u for u, v in beside if 0 <= u < side and 0 <= v < side], dtype=np.int64))
    return found


def noise(*, areas: int, mean: float, seed: int) -> tuple[Floats, Floats]:
    """Counts and what else is counted there (habit), both of chance alone; areas differ several times over in how much they report."""
    draws = np.random.default_rng(seed)
    weights = draws.lognormal(0, 0.6, areas)
    weights = weights / weights.mean()
    return draws.poisson(mean * weights).astype(float), np.maximum(draws.poisson(3 * mean * weights), 1).astype(float)


def planted(*, side: int, mean: float, factor: float, seed: int) -> tuple[Floats, Floats, list[npt.NDArray[np.int64]], set[int]]:
    """Noise on a lattice, with a block of three by three that has `factor` times as many: counts, habit, neighbours, and the block."""
    draws = np.random.default_rng(seed)
    counts, expected = noise(areas=side * side, mean=mean, seed=seed)
    x, y = (int(one) for one in draws.integers(0, side - 2, 2))
    hot = {(y + dy) * side + x + dx for dx in range(3) for dy in range(3)}
    for at in hot:
        counts[at] = draws.poisson(factor * mean * expected[at] / (3 * mean))
    return counts, expected, lattice(side), hot


def marks(method: str, counts: Floats, expected: Floats, beside: list[npt.NDArray[np.int64]], *, seed: int, permutations: int) -> set[int]:
    """The areas that the method marks after correction."""
    found = STATISTICS[method](residuals(counts, expected), beside, seed=seed, permutations=permutations)
    return set(np.flatnonzero(benjamini_hochberg(found.p) <= ALPHA).tolist())


def share_of_noise_marked(method: str, *, seeds: Iterable[int], side: int, permutations: int, mean: float = 20) -> float:
    """Of so many worlds of noise, the share in which anything at all is marked."""
    beside, times, wrong = lattice(side), 0, 0
    for seed in seeds:
        counts, expected = noise(areas=side * side, mean=mean, seed=seed)
        wrong += bool(marks(method, counts, expected, beside, seed=seed, permutations=permutations))
        times += 1
    return wrong / times


def power(method: str, *, seeds: Iterable[int], side: int, factor: float, permutations: int, mean: float = 20) -> tuple[float, float]:
    """Of so many worlds with a planted block: the share in which any of it is marked, and how much of it on average."""
    found, parts, times = 0, 0.0, 0
    for seed in seeds:
        counts, expected, beside, hot = planted(side=side, mean=mean, factor=factor, seed=seed)
        marked = marks(method, counts, expected, beside, seed=seed, permutations=permutations) & hot
        found += bool(marked)
        parts += len(marked) / len(hot)
        times += 1
    return found / times, parts / times


def quiet_weeks(*, bodies: int, categories: int, mean: float, seed: int) -> list[dict[str, int]]:
    """What the early warning counts where nothing is the matter: each body has a habit in each category, each category its own season everywhere.

    `mean` is that of reports a week; bodies and categories differ several times over.
    """
    draws = np.random.default_rng(seed)
    weekly = (
        mean
        * draws.lognormal(0, 0.7, (bodies, 1))
        * draws.lognormal(0, 0.7, (1, categories))
        * draws.lognormal(0, 0.3, (bodies, categories))
    )
    counted = {
        "recent": draws.poisson(weekly * draws.lognormal(0, 0.3, (1, categories))),  # the rains: the same for all bodies
        "before": draws.poisson(8 * weekly),
        "season": draws.poisson(5 * weekly * draws.lognormal(0, 0.3, (1, categories))),
    }
    return [
        {"authority": body, "category": category} | {name: int(counts[body, category]) for name, counts in counted.items()}
        for body in range(bodies)
        for category in range(categories)
    ]


def share_of_quiet_weeks_warned(*, seeds: Iterable[int], bodies: int, categories: int, mean: float) -> float:
    """Of so many weeks in which nothing is the matter, the share in which anybody is warned of anything."""
    alarms = [bool(warning.rising(quiet_weeks(bodies=bodies, categories=categories, mean=mean, seed=seed))) for seed in seeds]
    return sum(alarms) / len(alarms)


def share_of_rises_warned(*, seeds: Iterable[int], bodies: int, categories: int, mean: float, factor: float) -> float:
    """Of so many weeks in which one body has `factor` times its reports of one category (an ordinary one), the share in which that is told."""
    told = []
    for seed in seeds:
        rows = quiet_weeks(bodies=bodies, categories=categories, mean=mean, seed=seed)
        row = min(rows, key=lambda row: (abs(row["before"] - 8 * mean), row["authority"], row["category"]))
        row["recent"] = int(np.random.default_rng(seed).poisson(factor * row["before"] / 8))
        told.append(any((rise.body_id, rise.category_id) == (row["authority"], row["category"]) for rise in warning.rising(rows)))
    return sum(told) / len(told)


def binomial_bounds(times: int, chance: float, level: float = 0.99) -> tuple[int, int]:
    """Between how many of so many times something of that chance happens, with that certainty (equal tails)."""
    from insights.hotspots.methods import binomial_tails

    tail = (1 - level) / 2
    low = next(k for k in range(times + 1) if binomial_tails(k, times, chance)[0] > tail)
    high = next(k for k in range(times, -1, -1) if binomial_tails(k, times, chance)[1] > tail)
    return low, high
