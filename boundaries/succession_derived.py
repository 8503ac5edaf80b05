"""Successions from the current outlines, where no list says them, and what a list and the outlines say differently."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from django.db import connection
from django.db.models import Q

from boundaries.loading import LoadError, Track, untracked
from boundaries.models import Level, Unit, UnitSuccession
from boundaries.succession_list import standing

BATCH = 10
# Borders that were drawn twice do not lie on each other: between such a pair stands a strip that is long and thin, whatever its area. In Cà Mau's full
# files these strips are on average 0.02 to 1.7 m wide, and the thinnest true transfer 27 m.
STRIP_M = 5.0
MAY_BE_A_STRIP = 0.2  # of the area of the old unit: more cannot be one, and its width is not computed
COVERED = 0.5  # of an old unit that the new ones must cover, for shares to be derived from them
SAME_SHARE = 0.01  # listed shares are taken for the derived ones up to this difference

# What old and new units have in common. One intersection for each two pieces that meet; pieces of whole coasts would take minutes.
COMMON = """
WITH common AS MATERIALIZED (
  SELECT old.id AS old_id, new.id AS new_id, ST_CollectionExtract(ST_Intersection(old_piece.geometry, new_piece.geometry), 3) AS geometry
  FROM boundaries_unit AS old JOIN boundaries_unitpiece AS old_piece ON old_piece.unit_id = old.id
  JOIN boundaries_unitpiece AS new_piece ON new_piece.geometry && old_piece.geometry
  JOIN boundaries_unit AS new ON new.id = new_piece.unit_id AND new.level = old.level
  WHERE old.id = ANY(%(olds)s) AND new.id = ANY(%(news)s)
), pair AS (
  SELECT old_id, new_id, sum(ST_Area(geometry::geography)) AS area FROM common GROUP BY old_id, new_id
)
SELECT pair.old_id, pair.new_id, pair.area, shape.area_m2,
       CASE WHEN pair.area < %(large)s * shape.area_m2 THEN (
         SELECT 2 * pair.area / nullif(ST_Perimeter(ST_Union(common.geometry)::geography), 0)
         FROM common WHERE common.old_id = pair.old_id AND common.new_id = pair.new_id
       ) END
FROM pair JOIN boundaries_unitshape AS shape ON shape.unit_id = pair.old_id AND shape.current
WHERE pair.area > 0.01
"""


@dataclass(frozen=True)
class Common:
    """What the outlines of an old and a new unit have in common: m², m² of the whole old unit, and the mean width in metres where it is small."""

    old: Unit
    new: Unit
    area_m2: float
    of_m2: float
    width_m: float | None

    @property
    def share(self) -> float:
        """Of the old unit's area."""
        return self.area_m2 / self.of_m2

    def is_strip(self, tolerance: float) -> bool:
        """Whether it only shows that a border was drawn twice."""
        return self.width_m is not None and self.width_m < tolerance


def last_change() -> date:
    """The last day on which units with outlines begin and others had been in force before; LoadError where there is none."""
    for day in (
        standing()
        .filter(validity__startswith__isnull=False)
        .order_by("-validity__startswith")
        .values_list("validity__startswith", flat=True)
        .distinct()
    ):
        if standing().of_level(Level.COMMUNE).filter(_before(day)).exists():
            return day  # type: ignore[no-any-return]
    raise LoadError(["There are no units of two periods: load the outlines of those before and after the change first (load_boundaries)."])


def _before(on: date) -> Q:
    """In force on the day before, and not beyond (what a draft would replace is still in force)."""
    return Q(validity__contains=on - timedelta(days=1)) & (Q(validity__endswith=on) | Q(validity__endswith__isnull=True))


def common_areas(on: date, levels: Collection[str] = tuple(Level.values), track: Track = untracked) -> list[Common]:
    """What units that end and units that begin on a day have in common, level by level; set-based, on the pieces of the current outlines."""
    news = {unit.pk: unit for unit in standing().filter(level__in=levels, validity__startswith=on)}
    olds = {unit.pk: unit for unit in standing().filter(_before(on), level__in=levels).exclude(pk__in=news)}
    if not news or not olds:
        raise LoadError([f"No units with outlines end and begin on {on}: both periods must be loaded (load_boundaries)."])
    ids, found = list(olds), []
    for start in track("comparing outlines", range(0, len(ids), BATCH)):
        with connection.cursor() as cursor:
            cursor.execute(COMMON, {"olds": ids[start : start + BATCH], "news": list(news), "large": MAY_BE_A_STRIP})
            found += [Common(olds[old], news[new], area, whole, width) for old, new, area, whole, width in cursor.fetchall()]
    return found


def derived(commons: Iterable[Common], tolerance: float = STRIP_M) -> list[UnitSuccession]:
    """Successions that the outlines show, not yet saved; shares of what the new units cover, so that those of an old unit add up to 1.

    Strips thinner than the tolerance (mean width in metres) are no transfers. An old unit of which the new ones cover less than half is left out.
    """
    rows: list[UnitSuccession] = []
    for parts in _by_old(commons).values():
        kept = [part for part in parts if not part.is_strip(tolerance)]
        covered = sum(part.area_m2 for part in kept)
        if covered < COVERED * parts[0].of_m2:
            continue
        for part in kept:
            transfer, share = UnitSuccession.Transfer.PARTIAL, min(part.area_m2 / covered, 1.0)
            if len(kept) == 1:
                transfer, share = UnitSuccession.Transfer.FULL, 1.0
            rows.append(UnitSuccession(old=part.old, new=part.new, transfer=transfer, share=share, source=UnitSuccession.Source.DERIVED))
    return rows


def _by_old(commons: Iterable[Common]) -> dict[int, list[Common]]:
    by_old: dict[int, list[Common]] = defaultdict(list)
    for common in commons:
        by_old[common.old.pk].append(common)
    return by_old


# --- a list beside the outlines ---------------------------------------------------------------------------------------


class Difference(StrEnum):
    """What a list and the outlines say differently of a pair of units, and why that may be."""

    STRIP = "strip"
    NOT_IN_OUTLINES = "not in the outlines"
    STRIP_ONLY = "a strip only in the outlines"
    NOT_IN_LIST = "not in the list"
    OTHER_SHARE = "other share"
    SHARE_FILLED = "no share in the list"
    WHOLE_IN_OUTLINES = "partial in the list, all of it in the outlines"
    PART_IN_OUTLINES = "full in the list, a part of it in the outlines"
    OLD_NOT_LISTED = "old unit not in the list"
    OLD_NOT_COVERED = "old unit partly outside the new ones"

    @property
    def explained(self) -> str:
        """The likely reason in one sentence."""
        return EXPLANATIONS[self]


EXPLANATIONS = {
    Difference.STRIP: "The border was drawn twice, a few metres apart: no transfer.",
    Difference.NOT_IN_OUTLINES: "The list names a transfer of which the outlines show nothing: too small for them, or of people and not of land.",
    Difference.STRIP_ONLY: "The list names a transfer; the outlines have less than a border drawn twice would give.",
    Difference.NOT_IN_LIST: "The outlines give the new unit land that the list does not: an outline is wrong, or the list forgot a part.",
    Difference.OTHER_SHARE: "Both know the transfer, with shares that differ: the line inside the old unit is an estimate.",
    Difference.SHARE_FILLED: "The list leaves the share open; the outlines give one.",
    Difference.WHOLE_IN_OUTLINES: "Legally a part, but in the outlines nothing is left for the other new units.",
    Difference.PART_IN_OUTLINES: "Legally all of it, but in the outlines other new units have a part.",
    Difference.OLD_NOT_LISTED: "The unit ended, and the list does not say what became of it.",
    Difference.OLD_NOT_COVERED: "A part of the old unit lies in no new one: coasts move, and outlines of two times end differently at the sea.",
}


@dataclass(frozen=True)
class Discrepancy:
    """One difference: the pair (new is None where it is about the old unit alone), what each side says, and how large it is on the ground."""

    kind: Difference
    old: Unit
    new: Unit | None
    listed: str
    listed_share: float | None
    outlined_share: float | None
    area_m2: float
    width_m: float | None


def discrepancies(
    listed: Sequence[UnitSuccession], commons: Sequence[Common], unlisted: Iterable[Unit] = (), tolerance: float = STRIP_M
) -> list[Discrepancy]:
    """Every difference between the successions of a list and the outlines; pairs that agree (strips apart, shares within 0.01) give none."""
    said = {(row.old_id, row.new_id): row for row in listed}
    drawn = {(common.old.pk, common.new.pk): common for common in commons}
    olds = {row.old_id for row in listed}
    of_drawn = {pair: row for row in derived(commons, tolerance) for pair in [(row.old_id, row.new_id)]}
    found = [one for pair, row in said.items() if (one := _said(row, drawn.get(pair), of_drawn.get(pair), tolerance))]
    found += [_only_drawn(common, of_drawn, tolerance) for pair, common in drawn.items() if pair not in said and common.old.pk in olds]
    found += [Discrepancy(Difference.OLD_NOT_LISTED, unit, None, "–", None, None, 0.0, None) for unit in unlisted]
    found += _not_covered(olds, commons, tolerance)
    return sorted(found, key=lambda one: (list(Difference).index(one.kind), one.old.code, one.new.code if one.new else ""))


def _said(row: UnitSuccession, common: Common | None, outlined: UnitSuccession | None, tolerance: float) -> Discrepancy | None:
    """How the outlines contradict a line of the list, if they do."""

    def of(kind: Difference) -> Discrepancy:
        share = outlined.share if outlined else (common.share if common else None)
        area, width = (common.area_m2, common.width_m) if common else (0.0, None)
        return Discrepancy(kind, row.old, row.new, row.transfer, row.share, share, area, width)

    if common is None:
        return of(Difference.NOT_IN_OUTLINES)
    if outlined is None:
        return of(Difference.STRIP_ONLY if common.is_strip(tolerance) else Difference.OLD_NOT_COVERED)
    if row.transfer != outlined.transfer:
        whole = outlined.transfer == UnitSuccession.Transfer.FULL
        return of(Difference.WHOLE_IN_OUTLINES if whole else Difference.PART_IN_OUTLINES)
    if row.share is None:
        return of(Difference.SHARE_FILLED)
    return of(Difference.OTHER_SHARE) if abs(row.share - (outlined.share or 0)) > SAME_SHARE else None


def _only_drawn(common: Common, outlined: Mapping[tuple[int, int], UnitSuccession], tolerance: float) -> Discrepancy:
    kind = Difference.STRIP if common.is_strip(tolerance) else Difference.NOT_IN_LIST
    row = outlined.get((common.old.pk, common.new.pk))
    share = row.share if row else common.share
    return Discrepancy(kind, common.old, common.new, "–", None, share, common.area_m2, common.width_m)


def _not_covered(olds: Collection[int], commons: Sequence[Common], tolerance: float) -> list[Discrepancy]:
    """Old units of which more than a hundredth lies in no new unit."""
    found = []
    for pk, parts in _by_old(commons).items():
        missing = parts[0].of_m2 - sum(part.area_m2 for part in parts)
        if pk in olds and missing > SAME_SHARE * parts[0].of_m2:
            share = missing / parts[0].of_m2
            found.append(Discrepancy(Difference.OLD_NOT_COVERED, parts[0].old, None, "–", None, share, missing, None))
    return found
