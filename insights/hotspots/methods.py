"""Local statistics over areas, in numpy alone: Getis-Ord Gi*, local Moran, exact binomial tails, false discovery. Knows no database.

Areas are numbered 0…n-1; `neighbours[i]` are the numbers of those beside i, i itself not among them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Neighbours = Sequence[npt.NDArray[np.int64]]

PERMUTATIONS = 99_999
AT_ONCE = 4_000_000  # random numbers that are held at a time: 32 MB


@dataclass(frozen=True)
class Local:
    """A statistic of each area, its standard score, and its two-sided p-value."""

    statistic: Floats
    score: Floats
    p: Floats


def residuals(counts: Floats, expected: Floats) -> Floats:
    """What was counted less what was expected, in units of chance: (n - e) / √e, with e scaled to the same total. Expected must be above 0."""
    scaled = expected * counts.sum() / expected.sum()
    return np.asarray((counts - scaled) / np.sqrt(scaled))


def getis_ord(values: Floats, neighbours: Neighbours, *, seed: int, permutations: int = PERMUTATIONS) -> Local:
    """Gi* with binary weights, each area its own neighbour: how high the values in and around it are.

    The score is that of Getis and Ord (1995); p counts, two-sided, random relabellings of all areas whose sum around here is as extreme.
    """
    n, mean = len(values), values.mean()
    spread = math.sqrt(float(((values - mean) ** 2).mean()))
    sums = np.array([values[i] + values[beside].sum() for i, beside in enumerate(neighbours)])
    sizes = np.array([1 + len(beside) for beside in neighbours])
    scale = spread * np.sqrt(np.maximum(n * sizes - sizes**2, 0) / max(n - 1, 1))
    score = np.divide(sums - mean * sizes, scale, out=np.zeros(n), where=scale > 0)
    return Local(sums, score, _placed(values, sizes, sums, np.random.default_rng(seed), permutations))


def local_moran(values: Floats, neighbours: Neighbours, *, seed: int, permutations: int = PERMUTATIONS) -> Local:
    """Local Moran's I (Anselin 1995) with row-standardised weights: whether an area is like those beside it, or unlike.

    p counts, two-sided, relabellings of the other areas while this one stays (conditional permutation). Areas without neighbours get p = 1.
    """
    n = len(values)
    z = values - values.mean()
    variance = float((z**2).sum() / max(n - 1, 1)) or 1.0
    statistic, score, p = np.zeros(n), np.zeros(n), np.ones(n)
    draws = np.random.default_rng(seed)
    most = max((len(beside) for beside in neighbours), default=0)
    if not most:
        return Local(statistic, score, p)
    lags = np.array([z[beside].mean() if len(beside) else 0.0 for beside in neighbours])
    statistic = z * lags / variance
    above, below = np.zeros(n), np.zeros(n)
    total, squares = np.zeros(n), np.zeros(n)
    for order in _orders(n - 1, most, permutations, draws):
        for i, beside in enumerate(neighbours):
            if not len(beside):
                continue
            others = np.delete(z, i)
            lag = others[order[:, : len(beside)]].mean(axis=1)
            above[i] += np.count_nonzero(lag >= lags[i] - 1e-12)
            below[i] += np.count_nonzero(lag <= lags[i] + 1e-12)
            total[i] += lag.sum()
            squares[i] += (lag**2).sum()
    mean = total / permutations
    spread = np.sqrt(np.maximum(squares / permutations - mean**2, 0))
    score = np.divide((lags - mean) * np.sign(z), spread, out=np.zeros(n), where=spread > 0)
    has = np.array([len(beside) > 0 for beside in neighbours])
    p = np.where(has, np.minimum(1.0, 2 * (np.minimum(above, below) + 1) / (permutations + 1)), 1.0)
    return Local(statistic, score, p)


def _placed(values: Floats, sizes: npt.NDArray[np.int64], sums: Floats, draws: np.random.Generator, permutations: int) -> Floats:
    """Two-sided p of the sum of so many values at random, for each area."""
    above, below = np.zeros(len(sums)), np.zeros(len(sums))
    wanted = sorted(set(sizes.tolist()))
    for order in _orders(len(values), max(wanted), permutations, draws):
        running = np.cumsum(values[order], axis=1)
        for size in wanted:
            here = np.flatnonzero(sizes == size)
            random = np.sort(running[:, size - 1])
            above[here] += len(random) - np.searchsorted(random, sums[here] - 1e-12, side="left")
            below[here] += np.searchsorted(random, sums[here] + 1e-12, side="right")
    return np.minimum(1.0, 2 * (np.minimum(above, below) + 1) / (permutations + 1))


def _orders(n: int, most: int, permutations: int, draws: np.random.Generator) -> list[npt.NDArray[np.int64]]:
    """Random choices of `most` of n without repetition, as many as permutations, in blocks; the same ones for the same seed."""
    most = min(most, n)
    block = max(1, AT_ONCE // max(n, 1))
    found = []
    for start in range(0, permutations, block):
        rows = min(block, permutations - start)
        random = draws.random((rows, n))
        # The positions of the smallest come in no random order among themselves, and a running sum needs one
        chosen = np.argpartition(random, min(most, n - 1), axis=1)[:, :most] if most < n else np.broadcast_to(np.arange(n), (rows, n))
        keys = np.take_along_axis(random, chosen, axis=1)
        found.append(np.take_along_axis(chosen, np.argsort(keys, axis=1), axis=1))
    return found


def benjamini_hochberg(p: Floats) -> Floats:
    """q-values: the least false discovery rate at which each is still marked (Benjamini and Hochberg 1995)."""
    n = len(p)
    order = np.argsort(p)
    ranked = p[order] * n / np.arange(1, n + 1)
    q = np.empty(n)
    q[order] = np.minimum(1.0, np.minimum.accumulate(ranked[::-1])[::-1])
    return q


def binomial_tails(successes: int, trials: int, chance: float) -> tuple[float, float]:
    """P(X ≤ successes) and P(X ≥ successes) of a binomial count, summed exactly."""
    if trials == 0 or chance <= 0 or chance >= 1:
        sure = 0 if chance <= 0 else trials
        return float(successes >= sure), float(successes <= sure)
    k = np.arange(trials + 1)
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, trials + 1)))])
    density = np.exp(logs[trials] - logs[k] - logs[trials - k] + k * math.log(chance) + (trials - k) * math.log1p(-chance))
    return min(1.0, float(density[: successes + 1].sum())), min(1.0, float(density[successes:].sum()))


def two_sided(lower: float, upper: float) -> float:
    """Twice the smaller tail."""
    return min(1.0, 2 * min(lower, upper))


def hypergeometric_upper(found: int, row: int, column: int, total: int) -> float:
    """P(X ≥ found) of Fisher's exact test: of `total` things `row` are here and `column` are recent; `found` are both."""
    most = min(row, column)
    least = max(0, row + column - total)
    if found <= least:
        return 1.0
    k = np.arange(found, most + 1)
    if not len(k):
        return 0.0
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, total + 1)))])

    def choose(n: int, of: npt.NDArray[np.int64]) -> Floats:
        return np.asarray(logs[n] - logs[of] - logs[n - of])

    density = choose(row, k) + choose(total - row, column - k) - choose(total, np.array([column]))[0]
    return min(1.0, float(np.exp(density).sum()))


def density_surface(points: Floats, *, cell: float, bandwidth: float) -> tuple[Floats, tuple[float, float]]:
    """Things per km² by a Gaussian kernel, on a grid of square cells (metres); rows from south. With the south-western corner."""
    reach = 3 * bandwidth
    west, south = np.floor((points.min(axis=0) - reach) / cell) * cell
    east, north = points.max(axis=0) + reach
    columns, rows = math.ceil((east - west) / cell), math.ceil((north - south) / cell)
    counted = np.zeros((rows, columns))
    x, y = ((points - (west, south)) // cell).astype(np.int64).T
    np.add.at(counted, (y, x), 1.0)
    steps = math.ceil(reach / cell)
    kernel = np.exp(-0.5 * (np.arange(-steps, steps + 1) * cell / bandwidth) ** 2)
    kernel /= kernel.sum()
    smooth = np.apply_along_axis(lambda line: np.convolve(line, kernel, mode="same"), 0, counted)
    smooth = np.apply_along_axis(lambda line: np.convolve(line, kernel, mode="same"), 1, smooth)
    return smooth / (cell / 1_000) ** 2, (float(west), float(south))
