"""What the features of boundary files say, checked one by one: codes, names, periods and outlines; what is safe to repair is repaired and told."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import Any

import shapely

from boundaries.models import Level, Unit, UnitShape
from boundaries.names import garbled, tidied
from boundaries.outlines import mended
from boundaries.readers import Layer

FIELDS = ("code", "name", "level", "parent_code", "valid_from", "valid_to", "source", "published_area_km2")
NEEDED = ("code", "name", "level")
CODE_LENGTH = {Level.PROVINCE: 2, Level.DISTRICT: 3, Level.COMMUNE: 5}  # of the General Statistics Office
RANK = {Level.PROVINCE: 0, Level.DISTRICT: 1, Level.COMMUNE: 2}
NAME_LENGTH = Unit._meta.get_field("name").max_length or 0
SOURCE_LENGTH = UnitShape._meta.get_field("source").max_length or 0

MAX_AREA_KM2 = 100_000.0  # a tenth of it is the largest province

Period = tuple[date | None, date | None]


@dataclass(frozen=True, eq=False)
class Feature:
    """One unit as a file gives it; `geometry` is a valid shapely MultiPolygon in WGS 84, `valid_to` the first day no longer in force."""

    file: str
    number: int
    code: str
    name: str
    level: Level
    parent_codes: tuple[str, ...]  # one; two where a number may be that of a province or of a district; none for a province
    valid_from: date | None
    valid_to: date | None
    source: str
    schematic: bool
    geometry: shapely.MultiPolygon
    published_area_km2: float | None = None

    @property
    def period(self) -> Period:
        """[valid_from, valid_to), either of them None where unknown."""
        return self.valid_from, self.valid_to

    @property
    def key(self) -> tuple[str, str]:
        """Level and code: together with a date they name a unit."""
        return self.level, self.code

    def __str__(self) -> str:
        return f"{self.file}, feature {self.number} ({self.code} {self.name})"


@dataclass(frozen=True)
class Given:
    """What the call says about all features; it fills in what they leave open."""

    valid_from: date | None = None
    valid_to: date | None = None
    source: str = ""
    schematic: bool = False


@dataclass
class Findings:
    """What was wrong (the call fails) and what was repaired (it is told), feature by feature."""

    problems: list[str] = field(default_factory=list)
    repairs: dict[str, list[str]] = field(default_factory=dict)

    def wrong(self, where: object, rule: str) -> None:
        """Notes a broken rule."""
        self.problems.append(f"{where}: {rule}.")

    def repaired(self, what: str, unit: str) -> None:
        """Notes a repair of a unit."""
        self.repairs.setdefault(what, []).append(unit)


def read_features(layer: Layer, given: Given, findings: Findings) -> list[Feature]:
    """The features of a layer that keep all rules; the others are noted in the findings."""
    if not len(layer):
        findings.wrong(layer.label, "it holds no features")
        return []
    columns = _columns(layer.columns)
    if missing := [name for name in NEEDED if name not in columns]:
        found = ", ".join(sorted(layer.columns)) or "none"
        findings.wrong(layer.label, f"its features have no {' and no '.join(missing)} (their properties: {found})")
        return []
    geometries, broken, repairs = mended(layer.outlines)
    features = []
    for index, geometry in enumerate(geometries):
        row = {name: values[index] for name, values in columns.items()}
        problems: list[str] = [broken[index]] if index in broken else []
        feature, notes = _feature(layer.label, index + 1, row, geometry, given, problems)
        for problem in problems:
            findings.wrong(feature, problem)
        for note in (*notes, *repairs.get(index, ())):
            findings.repaired(note, f"{feature.code} {feature.name}")
        if not problems:
            features.append(feature)
    return features


def _columns(columns: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Our fields among those of the file: in any case, and cut to the ten letters that a Shapefile allows."""
    by_name = {name.strip().casefold(): values for name, values in columns.items()}
    return {name: by_name[key] for name in FIELDS for key in (name, name[:10]) if key in by_name}


def _feature(
    file: str, number: int, row: dict[str, Any], geometry: shapely.MultiPolygon, given: Given, problems: list[str]
) -> tuple[Feature, list[str]]:
    notes: list[str] = []
    level = _level(row["level"], problems)
    code = next(iter(_codes(row["code"], [level] if level else [], "code", problems, notes)), "")
    parent_codes = _codes(
        row.get("parent_code"), [above for above in Level if level and RANK[above] < RANK[level]], "parent_code", problems, notes
    )
    name = _name(row["name"], problems, notes)
    valid_from = _date(row.get("valid_from"), "valid_from", given.valid_from, problems)
    valid_to = _date(row.get("valid_to"), "valid_to", given.valid_to, problems)
    if valid_from and valid_to and valid_from >= valid_to:
        problems.append(f"it ends ({valid_to}) before it begins ({valid_from}); valid_to is the first day no longer in force")
    source = tidied(str(row.get("source") or "")) or given.source or file
    if len(source) > SOURCE_LENGTH:
        problems.append(f"its source is longer than {SOURCE_LENGTH} characters")
    if level is Level.PROVINCE and parent_codes:
        problems.append(f"a province has no parent, but parent_code is {parent_codes[0]}")
    elif level in (Level.DISTRICT, Level.COMMUNE) and not parent_codes:
        problems.append(f"a {level} needs a parent_code, and has none")
    return (
        Feature(
            file, number, code, name, level or Level.COMMUNE, parent_codes, valid_from, valid_to, source, given.schematic, geometry,
            _published_area(row.get("published_area_km2"), problems),
        ),
        notes,
    )  # fmt: skip


def _published_area(value: Any, problems: list[str]) -> float | None:
    """The area that was published, in km²; None where the file does not say it."""
    text = "" if value is None else str(value).strip()
    if not text or text == "nan":
        return None
    try:
        area = float(text)
    except ValueError:
        area = 0.0
    if not 0 < area < MAX_AREA_KM2:
        problems.append(f"its published_area_km2 is “{text[:30]}”, not a number of km² above 0")
        return None
    return area


def _level(value: Any, problems: list[str]) -> Level | None:
    text = str(value or "").strip().casefold()
    if text in Level.values:
        return Level(text)
    problems.append(f"its level is {f'“{text}”' if text else 'empty'}, not one of {', '.join(Level.values)}")
    return None


def _codes(value: Any, levels: list[Level], field_name: str, problems: list[str], notes: list[str]) -> tuple[str, ...]:
    """The code as text. A table that took codes for numbers has lost their zeros: then one for each level that it may be of."""
    text = "" if value is None else str(value).strip()
    if not text:
        if field_name == "code":
            problems.append("its code is empty")
        return ()
    if not re.fullmatch(r"[0-9]{1,10}", text):
        problems.append(f"its {field_name} is “{text[:30]}”, not a number of at most 10 digits")
        return (text[:30],)
    if not isinstance(value, int) or not levels:
        return (text,)
    padded = tuple(text.zfill(CODE_LENGTH[level]) for level in levels if len(text) <= CODE_LENGTH[level])
    if padded != (text,) and field_name == "code":
        notes.append("leading zeros of a code that was a number")
    return padded or (text,)


def _name(value: Any, problems: list[str], notes: list[str]) -> str:
    given = str(value or "")
    name = tidied(given)
    if not name:
        problems.append("its name is empty")
    elif trace := garbled(name):
        problems.append(f"its name is garbled by a wrong encoding: {trace}")
    elif len(name) > NAME_LENGTH:
        problems.append(f"its name is longer than {NAME_LENGTH} characters")
    elif name != given:
        notes.append("spaces or composition (NFC) of the name")
    return name


def _date(value: Any, field_name: str, filled_in: date | None, problems: list[str]) -> date | None:
    text = str(value or "").strip()
    if not text:
        return filled_in
    parts = re.fullmatch(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[T ]00:00:00.*)?", text)
    try:
        day = date(int(parts[1]), int(parts[2]), int(parts[3])) if parts else None
    except ValueError:
        day = None
    if day is None:
        problems.append(f"its {field_name} is “{text[:30]}”, not a date (YYYY-MM-DD)")
    elif filled_in is not None and filled_in != day:
        problems.append(f"its {field_name} is {day}, but the call says {filled_in}")
    return day


def check_duplicates(features: Sequence[Feature], findings: Findings) -> None:
    """Notes every two features with the same level and code in the same period.

    A feature of which no end is known may be followed by one with a later beginning: the later edition ends it when it is activated.
    """
    by_key: dict[tuple[str, str], list[Feature]] = {}
    for feature in features:
        by_key.setdefault(feature.key, []).append(feature)
    for group in by_key.values():
        if len(group) == 1:
            continue
        group.sort(key=lambda feature: feature.valid_from or date.min)
        for earlier, later in pairwise(group):
            same_beginning = earlier.valid_from == later.valid_from
            if same_beginning or (earlier.valid_to and later.valid_from and earlier.valid_to > later.valid_from):
                findings.wrong(later, f"level and code are those of {earlier}, in the same period ({period_text(later.period)})")


def period_text(period: Period) -> str:
    """A period in words for messages: "from 2025-07-01", "until before 2025-07-01", "always"."""
    start, end = period
    parts = [f"from {start}" if start else "", f"until before {end}" if end else ""]
    return " ".join(part for part in parts if part) or "without dates"
