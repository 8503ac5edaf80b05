"""Areas with what was counted in them and what was to be expected: units of a day or cells of a grid, and who lies beside whom."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from boundaries.models import BaseLayer, Unit
from boundaries.population import LAYER
from insights.hotspots.methods import Floats, Neighbours
from insights.planner.language import Choice, Group, Query, refuse
from insights.planner.running import Answer, run

LEAST_EXPECTED = 1.0  # an area where fewer are to be expected says nothing
LEAST_AREAS = 12
MOST_AREAS = 1_500
BESIDE_DEGREES = 0.0005  # some 50 m: outlines of neighbours need not meet to the millimetre
BESIDE = """
SELECT first.unit_id, second.unit_id FROM boundaries_unitshape AS first JOIN boundaries_unitshape AS second
  ON second.geometry && ST_Expand(first.geometry, %s) AND second.unit_id <> first.unit_id AND ST_DWithin(first.geometry, second.geometry, %s)
WHERE first.current AND second.current AND first.unit_id = ANY(%s) AND second.unit_id = ANY(%s)
"""


@dataclass(frozen=True)
class Areas:
    """Areas that say something, in the order of their keys; `left_out` are too small to say anything."""

    keys: list[str]
    names: list[str]
    geometries: list[Any]  # GeoJSON, None where the outline is not known
    counts: Floats
    expected: Floats
    neighbours: Neighbours
    left_out: int

    def __len__(self) -> int:
        return len(self.keys)


def areas_of(query: Query, user: User | AnonymousUser, expected: str, *, fewest: float = LEAST_EXPECTED) -> Areas:
    """The areas by which a query is grouped (units or cells). `expected`: "habit" (what else is reported there), "population", or "equal".

    Raises QueryError where there are too few or too many, or where what to expect is not known.
    """
    if query.group.by not in ("unit", "cell"):
        refuse("group", _("Hot spots are found among units or cells."))
    counted = run(query, user)
    others = run(_without_category(query), user) if expected == "habit" else None
    if counted.truncated or (others is not None and others.truncated):
        refuse("group", _("There are too many areas: take larger cells."))
    table = _units(query.group) if query.group.by == "unit" else _cells(others or counted)
    counts = {row["key"]: row["count"] for row in counted.rows if row["key"] is not None}
    keys = sorted(table)
    observed = np.array([counts.get(key, 0) for key in keys], dtype=float)
    base = _expected(keys, observed, others, expected, query.group)
    if not observed.sum() or not base.sum():
        refuse("query", _("There are no reports from which something could be expected."))
    scaled = base * observed.sum() / base.sum()
    kept = np.flatnonzero(scaled >= fewest)
    if not LEAST_AREAS <= len(kept) <= MOST_AREAS:
        refuse("group", _("%(count)d areas say something; %(least)d to %(most)d are needed.") % {
            "count": len(kept), "least": LEAST_AREAS, "most": MOST_AREAS,
        })  # fmt: skip
    chosen = [keys[at] for at in kept]
    geometries = {row["key"]: row["geometry"] for row in [*(others.rows if others else []), *counted.rows]}
    beside = _beside_units(chosen, table) if query.group.by == "unit" else _beside_cells(chosen)
    return Areas(
        chosen, [table[key][0] for key in chosen], [geometries.get(key) for key in chosen], observed[kept], base[kept], beside, len(keys) - len(kept)
    )  # fmt: skip


def _without_category(query: Query) -> Query:
    """The same of all other categories: who reports much of one thing reports much."""
    chosen = [condition for condition in query.conditions if isinstance(condition, Choice) and condition.field == "category"]
    if len(chosen) != 1:
        refuse("expected", _("“habit” compares with other categories: choose one condition of categories."))
    turned = replace(chosen[0], negated=not chosen[0].negated)
    return replace(query, conditions=tuple(turned if condition is chosen[0] else condition for condition in query.conditions))


def _units(group: Group) -> dict[str, tuple[str, int]]:
    """Name and key of each unit of the level on the day, by code."""
    day: date = group.on or timezone.localdate()
    return {code: (name, pk) for code, name, pk in Unit.objects.in_force(day).of_level(group.level).values_list("code", "name", "pk")}


def _cells(answer: Answer) -> dict[str, tuple[str, int]]:
    return {row["key"]: (row["name"], 0) for row in answer.rows if row["key"] is not None}


def _expected(keys: list[str], observed: Floats, others: Answer | None, expected: str, group: Group) -> Floats:
    if expected == "equal":
        return np.ones(len(keys))
    if others is not None:
        counts = {row["key"]: row["count"] for row in others.rows}
        return np.array([counts.get(key, 0) for key in keys], dtype=float)
    people = _population(group)
    if missing := [key for key in keys if not people.get(key)]:
        refuse("expected", _("No plausible population is on record for %(count)d of %(all)d areas: compare by habit.") % {
            "count": len(missing), "all": len(keys),
        })  # fmt: skip
    return np.array([people[key] for key in keys], dtype=float)


def _population(group: Group) -> dict[str, float]:
    """People by code, of the base layer `population`; a feature with `plausible` false says nothing, nor does one of a unit of another time."""
    found = {}
    units = Unit.objects.in_force(group.on or timezone.localdate()).of_level(group.level) if group.by == "unit" else Unit.objects.none()
    since = {unit.code: unit.valid_from.isoformat() if unit.valid_from else "" for unit in units}
    for properties in BaseLayer.objects.filter(name=LAYER).values_list("properties", flat=True):
        if properties.get("since") not in (None, since.get(str(properties.get("code", "")))):
            continue
        number = properties.get("population")
        if isinstance(number, int | float) and number > 0 and properties.get("plausible", True) is not False:
            found[str(properties.get("code", ""))] = float(number)
    return found


def _beside_units(keys: list[str], table: dict[str, tuple[str, int]]) -> list[npt.NDArray[np.int64]]:
    numbers = {table[key][1]: at for at, key in enumerate(keys)}
    ids = list(numbers)
    pairs: dict[int, list[int]] = {at: [] for at in range(len(keys))}
    with connection.cursor() as cursor:
        cursor.execute(BESIDE, [BESIDE_DEGREES, BESIDE_DEGREES, ids, ids])
        for first, second in cursor.fetchall():
            pairs[numbers[first]].append(numbers[second])
    return [np.array(sorted(pairs[at]), dtype=np.int64) for at in range(len(keys))]


def _beside_cells(keys: list[str]) -> list[npt.NDArray[np.int64]]:
    """Cells that share a side or a corner."""
    where = {}
    for at, key in enumerate(keys):
        x, y = key.split(":")
        where[int(x), int(y)] = at
    steps = [(dx, dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1) if dx or dy]
    return [np.array(sorted(where[x + dx, y + dy] for dx, dy in steps if (x + dx, y + dy) in where), dtype=np.int64) for x, y in where]
