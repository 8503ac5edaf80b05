"""Made-up counts of which we know the truth: noise alone, and noise with a hot spot planted in it; how often each method is right."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

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


def binomial_bounds(times: int, chance: float, level: float = 0.99) -> tuple[int, int]:
    """Between how many of so many times something of that chance happens, with that certainty (equal tails)."""
    from insights.hotspots.methods import binomial_tails

    tail = (1 - level) / 2
    low = next(k for k in range(times + 1) if binomial_tails(k, times, chance)[0] > tail)
    high = next(k for k in range(times, -1, -1) if binomial_tails(k, times, chance)[1] > tail)
    return low, high
