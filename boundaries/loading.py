"""Loads features of boundary files as drafts of new editions, and revises the outlines of units that stand: all of a call, or nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import shapely
from django.db import transaction
from django.utils import timezone

from boundaries.editions import declare_validity, one_at_a_time, take_stock
from boundaries.features import RANK, Feature, Findings, Period, check_duplicates, period_text
from boundaries.models import Edition, Kind, Level, Unit, UnitShape
from boundaries.outlines import cut_pieces, draw_outlines, to_django
from boundaries.standing import Standing, match, standing_units, was_in_force_with

MAX_PROBLEMS = 20
BATCH = 50
COARSER = 0.5  # a surveyed outline is not replaced by one with less than this share of its vertices

SCOPE_NAMES = 3  # an edition of more units of its highest level says how many
CALLED = {Level.PROVINCE: "tỉnh, thành phố", Level.DISTRICT: "huyện, quận, thị xã, thành phố", Level.COMMUNE: "xã, phường, thị trấn"}

Track = Callable[[str, Sequence[int]], Iterable[int]]


class LoadError(Exception):
    """Why a call changed nothing: one sentence a problem, at most MAX_PROBLEMS of them."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = list(problems)
        super().__init__(shortened(problems))


def shortened(problems: Sequence[str]) -> str:
    """The first problems, a line each, and how many more there are."""
    more = len(problems) - MAX_PROBLEMS
    return "\n".join([*problems[:MAX_PROBLEMS], *([f"… and {more} more problems."] if more > 0 else [])])


@dataclass(frozen=True)
class Act:
    """The legal act behind an edition, as the caller knows it; empty where unknown."""

    name: str = ""
    source: str = ""
    decree: str = ""
    decree_date: date | None = None
    decree_url: str = ""


@dataclass
class Loaded:
    """What a call did."""

    editions: list[Edition] = field(default_factory=list)
    new: int = 0
    revised: int = 0
    unchanged: int = 0
    changes: dict[str, list[str]] = field(default_factory=dict)  # what was repaired or taken over, and in which units
    notes: list[str] = field(default_factory=list)
    touched: set[int] = field(default_factory=set)  # ids of the editions that the features belong to


def untracked(_label: str, steps: Sequence[int]) -> Iterable[int]:
    """Progress that nobody watches."""
    return steps


@transaction.atomic
def load_features(
    *, features: Sequence[Feature], findings: Findings, act: Act | None = None, coarser: bool = False, track: Track = untracked
) -> Loaded:
    """Brings features into the database: new units as drafts of one new edition for each period, better outlines to units that stand.

    A feature is a unit that stands when level and code are equal and both were in force on the same day (boundaries/standing.py). Raises
    LoadError with every broken rule of the call, those already in `findings` included; then nothing has changed.
    """
    check_duplicates(features, findings)
    if findings.problems:
        raise LoadError(findings.problems)
    one_at_a_time()
    known = standing_units(features)
    matched = match(features, known)
    parents = _find_parents(features, known, findings)
    if findings.problems:
        raise LoadError(findings.problems)
    done = Loaded(changes={f"repaired: {what}": units for what, units in findings.repairs.items()})
    units: dict[Feature, Unit] = {feature: standing.unit for feature, standing in matched.items()}
    _create(features, matched, parents, units, act or Act(), done, track)
    _revise(matched, parents, units, coarser, done, track)
    done.touched = {unit.edition_id for unit in units.values()}
    take_stock()
    return done


def _find_parents(features: Sequence[Feature], known: Sequence[Standing], findings: Findings) -> dict[Feature, Feature | Unit]:
    """The parent of each feature, in the call or in the database, in force together with it; the one that began last is meant."""
    by_code: dict[str, list[Feature | Standing]] = defaultdict(list)
    others: list[Feature | Standing] = [*known, *features]
    for other in others:
        by_code[other.code].append(other)
    found: dict[Feature, Feature | Unit] = {}
    for child in features:
        above = [
            other
            for code in child.parent_codes
            for other in by_code[code]
            if RANK[Level(other.level)] < RANK[child.level] and was_in_force_with(other.period, child.period)
        ]
        if child.parent_codes and not above:
            findings.wrong(
                child,
                f"its parent {' or '.join(child.parent_codes)} is found neither in the files nor in the database, in force at the same time"
                f" ({period_text(child.period)})",
            )
        elif len({other.level for other in above}) > 1:
            findings.wrong(child, f"its parent {' or '.join(child.parent_codes)} is a number that a province and a district have: use text")
        elif above:
            # The last of equals: features of the call come after the units of the database
            parent = max(enumerate(above), key=lambda item: (item[1].valid_from or date.min, item[0]))[1]
            found[child] = parent.unit if isinstance(parent, Standing) else parent
    return found


def _create(
    features: Sequence[Feature],
    matched: dict[Feature, Standing],
    parents: dict[Feature, Feature | Unit],
    units: dict[Feature, Unit],
    act: Act,
    done: Loaded,
    track: Track,
) -> None:
    """New units, level by level so that parents come first, with their outlines."""
    by_period: dict[Period, list[Feature]] = defaultdict(list)
    for feature in features:
        if feature not in matched:
            by_period[feature.period].append(feature)
    for period, group in sorted(by_period.items(), key=lambda item: item[0][0] or date.min):
        edition = _new_edition(period, group, act)
        done.editions.append(edition)
        done.new += len(group)
        for level in Level:
            of_level = [feature for feature in group if feature.level is level]
            for feature in of_level:
                units[feature] = Unit(
                    level=level, code=feature.code, name=feature.name, kind=Kind.of_name(feature.name), edition=edition, validity=period,
                    parent=_unit_of(parents.get(feature), units), published_area_km2=feature.published_area_km2,
                )  # fmt: skip
            Unit.objects.bulk_create([units[feature] for feature in of_level])
            _write_shapes({units[feature].pk: (feature, 1) for feature in of_level}, f"writing {level}s", track)
            _draw([units[feature].pk for feature in of_level])


def _new_edition(period: Period, group: Sequence[Feature], act: Act) -> Edition:
    top = min(group, key=lambda feature: RANK[feature.level]).level
    names = [feature.name for feature in group if feature.level is top]
    scope = ", ".join(names) if len(names) <= SCOPE_NAMES else f"{len(names)} {CALLED[top]}"
    sources = sorted({feature.source for feature in group if feature.source})
    return Edition.objects.create(
        name=(act.name or f"{scope}{_dates(period)}")[:200],
        decree=act.decree,
        decree_date=act.decree_date,
        decree_url=act.decree_url,
        source=(act.source or "; ".join(sources))[:500],
        scope=scope[:300],
        valid_from=period[0],
        valid_to=period[1],
    )


def _dates(period: Period) -> str:
    """The period at the end of an edition's name, which is data and so Vietnamese; the last day is meant as people say it."""
    start, end = period
    parts = [f"từ {start:%d/%m/%Y}" if start else "", f"đến hết {end - timedelta(days=1):%d/%m/%Y}" if end else ""]
    text = " ".join(part for part in parts if part)
    return f" ({text})" if text else ""


def _unit_of(parent: Feature | Unit | None, units: dict[Feature, Unit]) -> Unit | None:
    return units[parent] if isinstance(parent, Feature) else parent


def _write_shapes(outlines: dict[int, tuple[Feature, int]], label: str, track: Track) -> None:
    """Current outlines and their pieces; by unit: the feature and the number of the revision."""
    now = timezone.now()
    ids = list(outlines)
    for start in track(label, range(0, len(ids), BATCH)):
        batch = ids[start : start + BATCH]
        UnitShape.objects.bulk_create(
            UnitShape(
                unit_id=unit, revision=outlines[unit][1], source=outlines[unit][0].source, schematic=outlines[unit][0].schematic,
                geometry=to_django(outlines[unit][0].geometry), loaded_at=now,
            )
            for unit in batch
        )  # fmt: skip
        cut_pieces(batch)


def _draw(unit_ids: Collection[int]) -> None:
    if unit_ids:
        draw_outlines(unit_ids)


def _revise(
    matched: dict[Feature, Standing],
    parents: dict[Feature, Feature | Unit],
    units: dict[Feature, Unit],
    coarser: bool,
    done: Loaded,
    track: Track,
) -> None:
    """Better outlines, other names and parents, and bounds that were unknown, for units that stand."""
    pairs = [(feature, standing) for feature, standing in matched.items() if standing.schematic or not feature.schematic]
    _note_kept(done, "a schematic outline does not replace a surveyed one", len(matched) - len(pairs))
    changed = [(feature, standing) for feature, standing in pairs if not standing.has_outline_of(feature)]
    if not coarser:
        fine = _not_much_coarser(changed)
        _note_kept(done, "the file's outlines are much coarser; --coarser takes them", len(changed) - len(fine))
        changed = fine
    done.revised += len(changed)
    done.unchanged += len(matched) - len(changed)
    UnitShape.objects.filter(unit__in=[standing.unit for _, standing in changed], current=True).update(current=False)
    _write_shapes({standing.unit.pk: (feature, standing.revision + 1) for feature, standing in changed}, "revising", track)
    for edition, level in sorted({(standing.unit.edition_id, standing.unit.level) for _, standing in changed}):
        _draw(Unit.objects.filter(edition=edition, level=level).values_list("pk", flat=True))
        _restate_source(edition)
    _take_over(pairs, parents, units, done)


def _restate_source(edition_id: int) -> None:
    """An edition names the sources of the outlines that it has now."""
    shapes = UnitShape.objects.filter(unit__edition=edition_id, current=True).exclude(source="")
    sources = shapes.order_by("source").values_list("source", flat=True).distinct()
    Edition.objects.filter(pk=edition_id).update(source="; ".join(sources)[:500])


def _not_much_coarser(pairs: Sequence[tuple[Feature, Standing]]) -> list[tuple[Feature, Standing]]:
    """Those that may be revised. Decided for all units of a level of an edition together: neighbours of unlike detail would gape and overlap."""
    groups: dict[tuple[int, str, bool], list[tuple[Feature, Standing]]] = defaultdict(list)
    for feature, standing in pairs:
        groups[standing.unit.edition_id, standing.unit.level, standing.schematic].append((feature, standing))
    fine: list[tuple[Feature, Standing]] = []
    for (_, _, schematic), group in groups.items():
        offered = sum(int(shapely.get_num_coordinates(feature.geometry)) for feature, _ in group)
        standing_now = sum(int(shapely.get_num_coordinates(standing.geometry)) for _, standing in group)
        if schematic or offered >= COARSER * standing_now:
            fine += group
    return fine


def _note_kept(done: Loaded, why: str, count: int) -> None:
    if count:
        done.notes.append(f"outlines kept: {count} ({why})")


def _take_over(
    pairs: Sequence[tuple[Feature, Standing]], parents: dict[Feature, Feature | Unit], units: dict[Feature, Unit], done: Loaded
) -> None:
    """Names, parents, published areas and unknown bounds that the file knows better."""
    changed = []
    for feature, standing in pairs:
        unit, parent = standing.unit, _unit_of(parents.get(feature), units)
        if unit.name != feature.name:
            done.changes.setdefault("renamed", []).append(f"{unit.code} {unit.name} → {feature.name}")
            unit.name, unit.kind = feature.name, Kind.of_name(feature.name)
            changed.append(unit)
        if parent is not None and unit.parent_id != parent.pk:
            done.changes.setdefault("part of another unit", []).append(f"{unit.code} {unit.name} → {parent.code} {parent.name}")
            unit.parent = parent
            changed.append(unit)
        if feature.published_area_km2 not in (None, unit.published_area_km2):
            done.changes.setdefault("another published area", []).append(f"{unit.code} {unit.name}")
            unit.published_area_km2 = feature.published_area_km2
            changed.append(unit)
        if standing.may_learn_dates_from(feature):
            declare_validity(unit=unit, period=feature.period)
    kept = sum(standing.contradicts_dates_of(feature) for feature, standing in pairs)
    if kept:
        done.notes.append(f"dates kept: {kept} (the file has others; withdraw the edition and load again to change them)")
    Unit.objects.bulk_update(set(changed), ["name", "kind", "parent", "published_area_km2"])
