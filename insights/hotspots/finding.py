"""One question about hot spots, and its answer: method, parameters, n, what it shows and what not; the same to the last digit for the same seed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from insights.hotspots.areas import Areas, areas_of
from insights.hotspots.changing import changes
from insights.hotspots.methods import (
    PERMUTATIONS,
    Local,
    benjamini_hochberg,
    binomial_tails,
    density_surface,
    getis_ord,
    local_moran,
    residuals,
    two_sided,
)
from insights.hotspots.results import Findings
from insights.planner.compiling import compiled
from insights.planner.language import Group, Query, refuse

METHODS = {
    "gi": gettext_lazy("Getis-Ord Gi*: groups of areas with many, or few"),
    "moran": gettext_lazy("Local Moran: areas like those beside them, or unlike"),
    "binomial": gettext_lazy("Each area by itself, exact"),
    "silence": gettext_lazy("Silence: areas that report far less than expected"),
    "change": gettext_lazy("Emerging and vanishing: what changed more than elsewhere"),
    "dbscan": gettext_lazy("Clusters of spots (DBSCAN)"),
    "density": gettext_lazy("Density of spots"),
}
EXPECTED = ("habit", "population", "equal")
ALPHA = 0.05
LEAST_POINTS, MOST_POINTS = 5, 50_000
CLUSTERS = """
SELECT cluster, count(*), ST_AsGeoJSON(ST_Transform(ST_ConvexHull(ST_Collect(metric)), 4326), 6), ST_Area(ST_ConvexHull(ST_Collect(metric)))
FROM (SELECT metric, ST_ClusterDBSCAN(metric, eps => %s, minpoints => %s) OVER (ORDER BY code) AS cluster
      FROM (SELECT report.code, ST_Transform(report.location, %s) AS metric FROM reports_report AS report WHERE report.code = ANY(%s)) AS spot) AS clustered
WHERE cluster IS NOT NULL GROUP BY cluster ORDER BY count(*) DESC, cluster
"""


@dataclass(frozen=True)
class Ask:
    """What is asked: a method, the query whose reports it looks at (grouped by the areas), and the method's parameters."""

    method: str
    query: Query
    expected: str = "habit"
    alpha: float = ALPHA
    permutations: int = PERMUTATIONS
    seed: int | None = None
    metres: float = 500.0  # DBSCAN's radius; the kernel's width
    fewest: int = 5  # DBSCAN's least number


def find(ask: Ask, user: User | AnonymousUser) -> Findings:
    """Answers; QueryError where the reports do not bear the question."""
    if ask.method in ("dbscan", "density"):
        return _of_spots(ask, user)
    if ask.method == "change":
        return changes(ask.query, user, ask.alpha)
    areas = areas_of(ask.query, user, ask.expected)
    seed = ask.seed if ask.seed is not None else seed_of(areas)
    scaled = areas.expected * areas.counts.sum() / areas.expected.sum()
    found = _tested(ask, areas, seed)
    q = benjamini_hochberg(found.p)
    rows = [
        {
            "key": areas.keys[at], "name": areas.names[at], "count": int(areas.counts[at]), "expected": round(float(scaled[at]), 2),
            "score": round(float(found.score[at]), 4), "p": float(f"{found.p[at]:.6g}"), "q": float(f"{q[at]:.6g}"),
            "kind": _kind(ask.method, found, areas, at) if q[at] <= ask.alpha else "",
            "geometry": areas.geometries[at],
        }
        for at in np.lexsort((np.array(areas.keys), found.p))
    ]  # fmt: skip
    parameters = {
        "expected": ask.expected, "alpha": ask.alpha, "tails": 1 if ask.method == "silence" else 2, "correction": "Benjamini–Hochberg",
        "permutations": ask.permutations if ask.method in ("gi", "moran") else None, "seed": seed if ask.method in ("gi", "moran") else None,
        "areas": len(areas), "left_out": areas.left_out,
    }  # fmt: skip
    return Findings(ask.method, parameters, int(areas.counts.sum()), sum(bool(row["kind"]) for row in rows), rows, _notes(ask, areas))


def seed_of(areas: Areas) -> int:
    """A seed that the data themselves give: whoever asks the same gets the same."""
    told = json.dumps([areas.keys, areas.counts.tolist(), areas.expected.tolist()])
    return int.from_bytes(hashlib.sha256(told.encode()).digest()[:6])


def _tested(ask: Ask, areas: Areas, seed: int) -> Local:
    if ask.method == "gi":
        return getis_ord(residuals(areas.counts, areas.expected), areas.neighbours, seed=seed, permutations=ask.permutations)
    if ask.method == "moran":
        return local_moran(residuals(areas.counts, areas.expected), areas.neighbours, seed=seed, permutations=ask.permutations)
    return by_itself(areas.counts, areas.expected, one_sided=ask.method == "silence", known=ask.expected != "habit")


def by_itself(counts: Any, expected: Any, *, one_sided: bool, known: bool) -> Local:
    """Each area against all others: exact, given the totals. `known`: what is expected is a share (people), not itself counted.

    Where it is counted (habit), how many of an area's reports are of the kind is asked against the share in the other areas: a binomial of all its reports.
    """
    total, base = int(counts.sum()), expected.sum()
    p = np.ones(len(counts))
    for at, count in enumerate(counts):
        if known:
            trials, chance = total, float(expected[at] / base)
        else:
            trials = int(count + expected[at])
            chance = float((total - count) / ((total - count) + (base - expected[at])))
        lower, upper = binomial_tails(int(count), trials, chance)
        p[at] = lower if one_sided else two_sided(lower, upper)
    return Local(counts, residuals(counts, expected), p)


def _kind(method: str, found: Local, areas: Areas, at: int) -> str:
    if method == "silence":
        return "silent"
    if method != "moran":
        return "hot" if found.score[at] > 0 else "cold"
    values = residuals(areas.counts, areas.expected)
    high, beside = values[at] > values.mean(), values[areas.neighbours[at]].mean() > values.mean()
    return {(True, True): "hot", (False, False): "cold", (True, False): "high beside low", (False, True): "low beside high"}[
        (high, bool(beside))
    ]


def _of_spots(ask: Ask, user: User | AnonymousUser) -> Findings:
    codes = _codes(ask.query, user)
    if ask.method == "dbscan":
        with connection.cursor() as cursor:
            cursor.execute(CLUSTERS, [ask.metres, ask.fewest, settings.METRIC_SRID, codes])
            rows = [
                {"key": str(at), "name": _("Cluster %(number)d") % {"number": at}, "count": count, "area_km2": round(area / 1e6, 4), "kind": "cluster",
                 "geometry": json.loads(hull)}
                for at, (_cluster, count, hull, area) in enumerate(cursor.fetchall(), 1)
            ]  # fmt: skip
        parameters: dict[str, Any] = {"metres": ask.metres, "fewest": ask.fewest, "system": settings.METRIC_SYSTEM}
        notes = [
            _(
                "A cluster is at least %(fewest)d spots, each at most %(metres)g m from the next; nothing is said of chance: where much is reported, clusters form by themselves."
            )
            % {"fewest": ask.fewest, "metres": ask.metres}
        ]
        return Findings(ask.method, parameters, len(codes), len(rows), rows, notes)
    return _density(ask, codes)


def _codes(query: Query, user: User | AnonymousUser) -> list[str]:
    """The codes of the reports that a query finds, whatever it groups by."""
    statement = compiled(Query(query.conditions, query.places, query.nearest, Group()), user, MOST_POINTS + 1)
    with connection.cursor() as cursor:
        cursor.execute(statement.sql, statement.params)
        names = [column.name for column in cursor.description or ()]
        codes = [row[names.index("key")] for row in cursor.fetchall() if row[names.index("position")] is not None]
    if len(codes) > MOST_POINTS:
        refuse("query", _("More than %(most)d spots: ask for a shorter period or a smaller area.") % {"most": MOST_POINTS})
    if len(codes) < LEAST_POINTS:
        refuse("query", _("Fewer than %(least)d spots say nothing.") % {"least": LEAST_POINTS})
    return codes


def _density(ask: Ask, codes: list[str]) -> Findings:
    with connection.cursor() as cursor:
        sql = "SELECT ST_X(metric), ST_Y(metric) FROM (SELECT ST_Transform(location, %s) AS metric FROM reports_report WHERE code = ANY(%s)) AS spot"
        cursor.execute(sql, [settings.METRIC_SRID, codes])
        points = np.array(cursor.fetchall(), dtype=float)
        cell = ask.metres
        surface, (west, south) = density_surface(points, cell=cell, bandwidth=2 * ask.metres)
        ranked = [(float(surface[y, x]), int(x), int(y)) for y, x in zip(*np.nonzero(surface > surface.max() / 20), strict=True)]
        ranked = sorted(ranked, reverse=True)[:2_000]
        boxes = [(west + x * cell, south + y * cell, west + (x + 1) * cell, south + (y + 1) * cell) for _value, x, y in ranked]
        cursor.execute(
            "SELECT ST_AsGeoJSON(ST_Transform(ST_MakeEnvelope(w, s, e, n, %s), 4326), 6) FROM unnest(%s::float[], %s::float[], %s::float[], %s::float[])"
            " WITH ORDINALITY AS box (w, s, e, n, place) ORDER BY place",
            [settings.METRIC_SRID, *([list(side) for side in zip(*boxes, strict=True)])],
        )
        rows = [
            {"key": f"{x}:{y}", "name": f"{value:.2f} / km²", "count": round(value, 4), "kind": "", "geometry": json.loads(geometry)}
            for (value, x, y), (geometry,) in zip(ranked, cursor.fetchall(), strict=True)
        ]
    parameters = {"cell_m": cell, "bandwidth_m": 2 * ask.metres, "kernel": "Gauss", "system": settings.METRIC_SYSTEM}
    notes = [_("Reports per km², smoothed; it shows where people report much, not where more is wrong than elsewhere.")]
    return Findings("density", parameters, len(codes), 0, rows, notes)


def _notes(ask: Ask, areas: Areas) -> list[str]:
    notes = [
        {
            "habit": _(
                "Expected: in each area as large a share as of all other categories there, so that places that report much do not stand out by that alone."
            ),
            "population": _("Expected: in proportion to the people who live there."),
            "equal": _("Expected: the same in each area, which is hardly ever so: it shows where many people live and report."),
        }[ask.expected]
    ]
    alpha = number_format(ask.alpha)
    notes.append(
        _("Marked is what stands out after correction for %(areas)d areas (Benjamini–Hochberg, α = %(alpha)s, %(tails)s): where nothing is the matter anywhere, something is marked in at most %(percent)g %% of such questions.")
        % {"areas": len(areas), "alpha": alpha, "tails": _("one-sided") if ask.method == "silence" else _("two-sided"), "percent": 100 * ask.alpha}
    )  # fmt: skip
    if areas.left_out:
        notes.append(_("%(count)d areas are left out: less than one report is to be expected there.") % {"count": areas.left_out})
    notes.append(
        _(
            "It shows where more or less is reported than expected, not why: a campaign, a new road, or people who know the portal can be the reason. Areas that are not marked may be out of the ordinary all the same."
        )
    )
    return notes
