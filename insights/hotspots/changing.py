"""Emerging and vanishing: areas in which the second half of a period differs from the first by more than elsewhere, and than chance."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import User
from insights.hotspots.methods import benjamini_hochberg, binomial_tails, two_sided
from insights.hotspots.results import Findings
from insights.planner.language import Period, Query, refuse
from insights.planner.running import run

FEWEST = 5  # reports of both halves together, below which an area says nothing


def changes(query: Query, user: User | AnonymousUser, alpha: float) -> Findings:
    """Areas by how surprising their change is. Exact: of an area's reports, how many fall into the second half, against the share elsewhere.

    Raises QueryError where the query names no period with a beginning.
    """
    if query.group.by not in ("unit", "cell"):
        refuse("group", _("Hot spots are found among units or cells."))
    first, second, middle = _halves(query)
    before, after = (run(half, user) for half in (first, second))
    if before.truncated or after.truncated:
        refuse("group", _("There are too many areas: take larger cells."))
    known = {row["key"]: row for answer in (before, after) for row in answer.rows if row["key"] is not None}
    counts = [{row["key"]: row["count"] for row in answer.rows} for answer in (before, after)]
    keys = sorted(key for key in known if counts[0].get(key, 0) + counts[1].get(key, 0) >= FEWEST)
    if not keys:
        refuse("query", _("There are no reports from which something could be expected."))
    was = np.array([counts[0].get(key, 0) for key in keys])
    now = np.array([counts[1].get(key, 0) for key in keys])
    others_was, others_now = before.total - was, after.total - now
    chance = np.divide(others_now, others_now + others_was, out=np.full(len(keys), 0.5), where=others_now + others_was > 0)
    p = np.array([two_sided(*binomial_tails(int(a), int(a + b), float(share))) for a, b, share in zip(now, was, chance, strict=True)])
    q = benjamini_hochberg(p)
    expected = (was + now) * chance
    rows: list[dict[str, Any]] = [
        {
            "key": keys[at], "name": known[keys[at]]["name"], "count": int(now[at]), "before": int(was[at]), "expected": round(float(expected[at]), 2),
            "score": round(float((now[at] - expected[at]) / max((expected[at] * (1 - chance[at])) ** 0.5, 1e-9)), 4),
            "p": float(f"{p[at]:.6g}"), "q": float(f"{q[at]:.6g}"),
            "kind": ("emerging" if now[at] > expected[at] else "vanishing") if q[at] <= alpha else "",
            "geometry": known[keys[at]]["geometry"],
        }
        for at in np.lexsort((np.array(keys), p))
    ]  # fmt: skip
    parameters = {
        "alpha": alpha,
        "tails": 2,
        "correction": "Benjamini–Hochberg",
        "split": middle.isoformat(),
        "areas": len(keys),
        "left_out": len(known) - len(keys),
    }
    notes = [
        _("The reports since %(day)s are compared with those of the same time before; what changed everywhere alike is no change here.")
        % {"day": date_format(timezone.localtime(middle))},
        _("It shows where reporting changed, not why; areas with fewer than %(fewest)d reports in both halves are left out (%(count)d).")
        % {"fewest": FEWEST, "count": len(known) - len(keys)},
    ]
    return Findings("change", parameters, before.total + after.total, sum(bool(row["kind"]) for row in rows), rows, notes)


def _halves(query: Query) -> tuple[Query, Query, datetime]:
    """The query of the first half of its period, of the second, and the moment between; the period ends now unless it says when."""
    periods = [condition for condition in query.conditions if isinstance(condition, Period) and condition.field == "filed"]
    if len(periods) != 1 or periods[0].since is None:
        refuse("query", _("Say since when reports were filed: the two halves of the period are compared."))
    since, until = periods[0].since, periods[0].until or timezone.now()
    middle = since + (until - since) / 2
    halves = [Period("filed", since, middle), Period("filed", middle, until)]
    first, second = (replace(query, conditions=tuple(half if one is periods[0] else one for one in query.conditions)) for half in halves)
    return first, second, middle
