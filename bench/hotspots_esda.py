"""Gi* and local Moran of made-up counts beside PySAL's esda, which shares nothing with ours."""

from __future__ import annotations

import warnings

import numpy as np

from insights.hotspots.methods import getis_ord, local_moran, residuals
from insights.hotspots.simulation import planted


def differences(side: int, seed: int) -> dict[str, float]:
    """By method the largest difference of any area, as a share of the largest value."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what their packages say about each other
        from esda import G_Local, Moran_Local
        from libpysal.weights import W

    counts, expected, beside, _hot = planted(side=side, mean=20, factor=2.0, seed=seed)
    values = residuals(counts, expected)
    near = {at: others.tolist() for at, others in enumerate(beside)}
    with_itself = {at: [at, *others] for at, others in near.items()}
    # Its scores do not change where all values are moved, but esda divides by their sum, and turns the sign where that is below 0
    gi = G_Local(values - values.min() + 1, W(with_itself, silence_warnings=True), transform="B", star=True, permutations=0)
    rows = W(near, silence_warnings=True)
    rows.transform = "R"
    moran = Moran_Local(values, rows, permutations=0)
    pairs = {
        "gi": (getis_ord(values, beside, seed=seed, permutations=9).score, gi.Zs),
        "moran": (local_moran(values, beside, seed=seed, permutations=9).statistic, moran.Is),
    }
    return {method: float(np.abs(ours - theirs).max() / np.abs(theirs).max()) for method, (ours, theirs) in pairs.items()}
