"""Which features of a file are units that stand already. A code alone says nothing: 32002 was Phường 2, and is Phường An Xuyên."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain

import shapely

from boundaries.features import Feature, Period
from boundaries.models import Edition, Level, Replacement, Unit, UnitShape
from boundaries.outlines import current_outlines
from boundaries.querysets import fold

ALIKE = 0.5  # of the features whose dates leave it open must look like their units, for all of them to be taken for the same
SAME_AREA = 0.8  # shared by two surveyed outlines, of what they cover together


@dataclass(frozen=True, eq=False)
class Standing:
    """A unit of the database, active or draft, with its current outline; `declared` is its period before any activation ended it."""

    unit: Unit
    declared: Period
    geometry: shapely.MultiPolygon | None
    schematic: bool
    revision: int

    @property
    def code(self) -> str:
        """Code of the unit."""
        return self.unit.code

    @property
    def level(self) -> str:
        """Level of the unit."""
        return self.unit.level

    @property
    def valid_from(self) -> date | None:
        """First day in force; None: unknown."""
        return self.unit.valid_from

    @property
    def period(self) -> Period:
        """[valid_from, valid_to) as it stands now."""
        return self.unit.valid_from, self.unit.valid_to

    def has_outline_of(self, feature: Feature) -> bool:
        """Whether the file brings nothing new."""
        same = self.geometry is not None and shapely.equals_exact(self.geometry, feature.geometry, 0)
        return bool(same) and self.schematic == feature.schematic

    def may_learn_dates_from(self, feature: Feature) -> bool:
        """Whether the file knows an end that was unknown, or (for a draft) a beginning."""
        start, end = self.declared
        return (end is None and feature.valid_to is not None) or (start is None and feature.valid_from is not None and not self.unit.active)

    def contradicts_dates_of(self, feature: Feature) -> bool:
        """Whether the file gives another day for a bound that stays."""
        start, end = self.declared
        other_start = feature.valid_from is not None and feature.valid_from != start and (start is not None or self.unit.active)
        return other_start or (feature.valid_to is not None and end is not None and feature.valid_to != end)


def standing_units(features: Sequence[Feature]) -> list[Standing]:
    """The units, active or draft, that have a code of the features, or of their parents."""
    codes = {feature.code for feature in features} | {code for feature in features for code in feature.parent_codes}
    units = Unit.objects.filter(code__in=codes).exclude(edition__state=Edition.State.WITHDRAWN).select_related("parent", "edition")
    by_id = {unit.pk: unit for unit in units.order_by("-active", "pk")}  # active ones come first into question
    shapes = dict(UnitShape.objects.filter(unit__in=by_id, current=True).values_list("unit_id", "schematic"))
    # Revisions are numbered for good: an outline that is no longer current keeps its number
    revisions = dict(UnitShape.objects.filter(unit__in=by_id).order_by("revision").values_list("unit_id", "revision"))
    declared = dict(Replacement.objects.filter(unit__in=by_id).values_list("unit_id", "validity_before"))
    outlines = current_outlines(by_id)
    return [
        Standing(
            unit=unit,
            declared=(declared.get(pk, unit.validity).lower, declared.get(pk, unit.validity).upper),
            geometry=outlines.get(pk),
            schematic=shapes.get(pk, True),
            revision=revisions.get(pk, 0),
        )
        for pk, unit in by_id.items()
    ]


def was_in_force_with(parent: Period, child: Period) -> bool:
    """Whether a parent was in force on the first day of its child, or (where the child's beginning is unknown) on its last."""
    start, end = child
    if start is not None:
        return _holds(parent, start)
    return parent[0] is None or (end is not None and _holds(parent, end - timedelta(days=1)))


def _holds(period: Period, day: date) -> bool:
    return (period[0] is None or period[0] <= day) and (period[1] is None or day < period[1])


def _overlap(one: Period, other: Period) -> bool:
    starts = [period[0] for period in (one, other) if period[0] is not None]
    ends = [period[1] for period in (one, other) if period[1] is not None]
    return not starts or not ends or max(starts) < min(ends)


def match(features: Sequence[Feature], known: Sequence[Standing]) -> dict[Feature, Standing]:
    """The unit that each feature is, for those that stand: same level and code, and in force on the same day.

    Equal first days, or equal last days, settle it; a unit is taken once. Where an unknown bound leaves it open (a file without dates may hold the units of today
    or those before the reform, under the same codes), the look of all such features together decides: names, parents, and outlines.
    """
    by_key: dict[tuple[str, str], list[Standing]] = defaultdict(list)
    for standing in known:
        by_key[standing.level, standing.code].append(standing)
    pairs = [(feature, standing) for feature in features for standing in by_key[feature.key] if _overlap(feature.period, standing.period)]
    in_doubt = [pair for pair in pairs if None in (pair[0].valid_from, pair[1].valid_from) and not _end_together(pair)]
    matched: dict[Feature, Standing] = {}
    taken: set[int] = set()
    for feature, standing in chain(filter(_begin_together, pairs), filter(_end_together, pairs), _look_like_their_units(in_doubt)):
        if feature not in matched and standing.unit.pk not in taken:
            matched[feature] = standing
            taken.add(standing.unit.pk)
    return matched


Pair = tuple[Feature, Standing]


def _begin_together(pair: Pair) -> bool:
    feature, standing = pair
    return feature.valid_from is not None and feature.valid_from == standing.valid_from


def _end_together(pair: Pair) -> bool:
    feature, standing = pair
    return feature.valid_to is not None and feature.valid_to in (standing.unit.valid_to, standing.declared[1])


def _look_like_their_units(pairs: Sequence[Pair]) -> list[Pair]:
    """The pairs of those groups (features of one period, units of one edition) that look alike, the most alike first."""
    groups: dict[tuple[Period, int], list[Pair]] = defaultdict(list)
    for feature, standing in pairs:
        groups[feature.period, standing.unit.edition_id].append((feature, standing))
    alike = sorted(((_likeness(group), group) for group in groups.values()), key=lambda item: -item[0])
    return [pair for likeness, group in alike if likeness >= ALIKE for pair in group]


def _likeness(pairs: Sequence[Pair]) -> float:
    """The share of pairs that look the same."""
    return sum(_look_alike(feature, standing) for feature, standing in pairs) / len(pairs)


def _look_alike(feature: Feature, standing: Standing) -> bool:
    parent = standing.unit.parent.code if standing.unit.parent else None
    if fold(feature.name) != fold(standing.unit.name) or (parent is not None and parent not in feature.parent_codes):
        return False
    if parent is None and standing.level != Level.PROVINCE:
        return False
    if feature.schematic or standing.schematic or standing.geometry is None:
        return True
    union = shapely.union(feature.geometry, standing.geometry).area
    return bool(shapely.intersection(feature.geometry, standing.geometry).area >= SAME_AREA * union)
