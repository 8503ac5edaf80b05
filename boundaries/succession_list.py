"""Lists of which old commune went to which new one, as the resolutions of a reform name them: read, checked line by line, loaded whole or not at all."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from django.db import transaction

from boundaries.editions import one_at_a_time
from boundaries.features import CODE_LENGTH
from boundaries.loading import LoadError
from boundaries.models import Edition, Level, Unit, UnitSuccession
from boundaries.names import garbled, tidied
from boundaries.querysets import UnitQuerySet, fold

NEEDED = ("old_code", "new_code", "transfer")
SHARE_COLUMNS = ("share", "area_share_est")
ADDING_UP = 0.01  # what the listed shares of a unit may miss of 1: lists round to two digits
OTHER = 0.5  # of the names: with more of them unlike those of the units, it is the list of another reform
FULL, PARTIAL = UnitSuccession.Transfer.FULL, UnitSuccession.Transfer.PARTIAL


@dataclass(frozen=True)
class Row:
    """One line of a list; `share` of the area of the old unit is None where the list does not give it, provinces are empty where it does not name them."""

    line: int
    old_level: Level
    old_code: str
    old_name: str
    old_province: str
    new_code: str
    new_name: str
    new_province: str
    transfer: str
    share: float | None


@dataclass(frozen=True)
class Pair:
    """A line whose units are loaded."""

    row: Row
    old: Unit
    new: Unit

    def succession(self) -> UnitSuccession:
        """As it is stored, not yet saved; a full transfer has the share 1 even where the list leaves it out."""
        share = 1.0 if self.row.transfer == FULL else self.row.share
        return UnitSuccession(old=self.old, new=self.new, transfer=self.row.transfer, share=share, source=UnitSuccession.Source.LISTED)


@dataclass
class Resolved:
    """A list beside what is loaded: its pairs, and what it names of provinces that are not loaded (number of lines by name)."""

    on: date
    pairs: list[Pair]
    elsewhere: Counter[str]
    other_names: list[str] = field(default_factory=list)
    unlisted: list[Unit] = field(default_factory=list)


@dataclass
class Loaded:
    """What a call stored."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0


# --- reading ----------------------------------------------------------------------------------------------------------


def read_list(path: Path) -> list[Row]:
    """The lines of a list (CSV with a line of column names, UTF-8, comma or semicolon); LoadError names every line that breaks a rule."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise LoadError([f"{path}: it cannot be read ({error.strerror})."]) from None
    text = _text(path.name, data)
    header = text.partition("\n")[0]
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=";" if header.count(";") > header.count(",") else ",", strict=True)
    columns = [(name or "").strip().casefold() for name in reader.fieldnames or []]
    if missing := [name for name in NEEDED if name not in columns]:
        found = ", ".join(filter(None, columns)) or "none"
        raise LoadError([f"{path.name}: it has no column {' and no '.join(missing)} (its columns: {found})."])
    reader.fieldnames = columns
    problems: list[str] = []
    rows = []
    try:
        for values in reader:
            wrong: list[str] = ["it has more fields than there are columns"] if None in values else []
            rows.append(
                _row(reader.line_num, {name: tidied(text) for name, text in values.items() if name and isinstance(text, str)}, wrong)
            )
            problems += [f"{path.name}, line {reader.line_num}: {rule}." for rule in wrong]
    except csv.Error as error:
        problems.append(f"{path.name}, line {reader.line_num}: it is no CSV ({error}).")
    if not rows and not problems:
        problems.append(f"{path.name}: it holds no lines.")
    problems += _contradictions(path.name, rows)
    if problems:
        raise LoadError(problems)
    return rows


def _text(name: str, data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in data[:1000]:
        raise LoadError([f"{name}: it is UTF-16, or no text at all; save it as “CSV UTF-8”."])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise LoadError([f"{name}, line {line}: it is not UTF-8; save it as “CSV UTF-8”."]) from None


def _row(line: int, values: dict[str, str], wrong: list[str]) -> Row:
    level = Level.DISTRICT if values.get("old_level", "").startswith(Level.DISTRICT) else Level.COMMUNE
    names = {column: garbled(values.get(column, "")) for column in ("old_name", "new_name")}
    wrong += [f"its {column} is garbled by a wrong encoding: {trace}" for column, trace in names.items() if trace]
    transfer = values.get("transfer", "").casefold()
    if transfer not in UnitSuccession.Transfer.values:
        wrong.append(f"its transfer is “{transfer[:30]}”, not full or partial")
    share = _share(next((values[column] for column in SHARE_COLUMNS if values.get(column)), ""), wrong)
    if transfer == FULL and share is not None and share < 1 - ADDING_UP:
        wrong.append(f"its transfer is full, but its share is {share:g}")
    return Row(
        line=line,
        old_level=level,
        old_code=_code(values, "old_code", level, wrong),
        old_name=values.get("old_name", ""),
        old_province=_province(values, "old_province_code"),
        new_code=_code(values, "new_code", Level.COMMUNE, wrong),
        new_name=values.get("new_name", ""),
        new_province=_province(values, "new_province_code"),
        transfer=transfer,
        share=share,
    )


def _code(values: dict[str, str], column: str, level: Level, wrong: list[str]) -> str:
    """The code with the zeros that a table took for a number has lost."""
    text = values.get(column, "")
    if not re.fullmatch(r"[0-9]{1,10}", text):
        wrong.append(f"its {column} is {f'“{text[:30]}”, not a number of at most 10 digits' if text else 'empty'}")
    return text.zfill(CODE_LENGTH[level])


def _province(values: dict[str, str], column: str) -> str:
    """The code of a province; empty where the list does not say it."""
    text = values.get(column, "")
    return text.zfill(CODE_LENGTH[Level.PROVINCE]) if text else ""


def _share(text: str, wrong: list[str]) -> float | None:
    if not text:
        return None
    try:
        share = float(text.replace(",", "."))
    except ValueError:
        share = -1.0
    if not 0 < share <= 1 + 1e-9:
        wrong.append(f"its share is “{text[:30]}”, not a number above 0 and at most 1")
        return None
    return min(share, 1.0)


def _contradictions(name: str, rows: Sequence[Row]) -> list[str]:
    """What the lines of one old unit say against each other."""
    by_old: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        by_old[row.old_level, row.old_code].append(row)
    return [problem for group in by_old.values() for problem in _contradictions_of_one(name, group)]


def _contradictions_of_one(name: str, group: Sequence[Row]) -> list[str]:
    first, where = group[0], f"{name}, line {group[-1].line}"
    old = f"{first.old_code} {first.old_name}".strip()
    lines: dict[str, int] = {}
    problems = []
    for row in group:
        if row.new_code in lines:
            problems.append(f"{name}, line {row.line}: that {old} went to {row.new_code} stands in line {lines[row.new_code]} already.")
        lines[row.new_code] = row.line
    if problems:
        return problems
    full = [row for row in group if row.transfer == FULL]
    if full and len(group) > 1:
        others = ", ".join(row.new_code for row in group if row is not full[0])
        return [f"{name}, line {full[0].line}: {old} went to {full[0].new_code} in full, but to {others} too."]
    if not full and len(group) == 1:
        return [f"{where}: only a part of {old} went to {first.new_code}; where did the rest go?"]
    total = sum(row.share or 0 for row in group)
    if all(row.share is not None for row in group) and not full and abs(total - 1) > ADDING_UP:
        return [f"{where}: the shares of {old} add up to {total:.4g}, not to 1."]
    if total > 1 + ADDING_UP:
        return [f"{where}: the shares of {old} that are given add up to {total:.4g} already, and one is open."]
    return []


# --- the units that are meant -----------------------------------------------------------------------------------------


def standing() -> UnitQuerySet:
    """Units that are in force at some time, or would be: those of drafts too."""
    return Unit.objects.exclude(edition__state=Edition.State.WITHDRAWN)


def day_of_the_change(rows: Sequence[Row]) -> date:
    """The day on which most of the new units of a list begin; LoadError where none is loaded."""
    lines = Counter(row.new_code for row in rows)
    days: Counter[date] = Counter()
    begun = standing().of_level(Level.COMMUNE).filter(code__in=lines, validity__startswith__isnull=False)
    for code, period in begun.values_list("code", "validity").distinct():
        days[period.lower] += lines[code]
    if not days:
        raise LoadError(["None of the new units of the list is loaded: load their outlines first (load_boundaries)."])
    return max(days, key=lambda day: (days[day], day))


def resolve(rows: Sequence[Row], name: str, on: date) -> Resolved:
    """The units that the lines mean, if the change came on a day; lines of provinces without communes in the database are counted, not errors.

    LoadError names every line with a code that is unknown in a province that is loaded, and every unit that does not end or begin that day.
    """
    before = on - timedelta(days=1)
    olds = _by_code(standing().filter(level__in=[Level.COMMUNE, Level.DISTRICT]), {row.old_code for row in rows}, before, on)
    news = _by_code(standing().of_level(Level.COMMUNE), {row.new_code for row in rows}, on, on)
    old_provinces, new_provinces = provinces_loaded(before), provinces_loaded(on)
    found = Resolved(on, [], Counter())
    problems = []
    for row in rows:
        old, new = olds.get((row.old_level, row.old_code)), news.get((Level.COMMUNE, row.new_code))
        if not _is_loaded(row.old_province, old, old_provinces) or not _is_loaded(row.new_province, new, new_provinces):
            found.elsewhere[f"{row.old_province or '?'} → {row.new_province or '?'}"] += 1
        elif problem := _mismatch(row, old, new, on):
            problems.append(f"{name}, line {row.line}: {problem}.")
        elif old is not None and new is not None:
            found.pairs.append(Pair(row, old, new))
    if problems:
        raise LoadError(problems)
    if not found.pairs:
        raise LoadError([f"{name}: no line is about provinces whose communes are loaded for {on}."])
    _refuse_another_reform(found, name)
    listed = {pair.old.pk for pair in found.pairs}
    ended = standing().of_level(Level.COMMUNE).filter(validity__endswith=on).exclude(pk__in=listed)
    found.unlisted = list(ended.order_by("code"))
    return found


def provinces_loaded(day: date) -> set[str]:
    """Codes of the provinces of which communes are on record for a day, in force or in a draft."""
    communes = standing().of_level(Level.COMMUNE).filter(validity__contains=day)
    above = communes.values_list("parent__level", "parent__code", "parent__parent__code").distinct()
    return {code if level == Level.PROVINCE else higher for level, code, higher in above}


def _by_code(units: UnitQuerySet, codes: Collection[str], day: date, change: date) -> dict[tuple[str, str], Unit]:
    """Units on record for a day by level and code: rather those that end or begin with the change, and rather those in force than drafts."""
    found = units.filter(code__in=codes, validity__contains=day).select_related("edition")
    ranked = sorted(found, key=lambda unit: (change in (unit.valid_from, unit.valid_to), unit.active, unit.pk))
    return {(unit.level, unit.code): unit for unit in ranked}


def _is_loaded(province: str, unit: Unit | None, loaded: Collection[str]) -> bool:
    return unit is not None or (bool(province) and province in loaded)


def _mismatch(row: Row, old: Unit | None, new: Unit | None, on: date) -> str | None:
    """Why a line cannot be about these units; None where it can."""
    if old is None:
        return f"no {row.old_level} {row.old_code} {row.old_name} was in force on the day before {on}"
    if new is None:
        return f"no commune {row.new_code} {row.new_name} is in force on {on}"
    if new.valid_from != on:
        return f"{new.code} {new.name} does not begin on {on}: it is in force since {new.valid_from or 'before our records begin'}"
    # What a draft would replace ends when the draft is activated
    if new.active and old.active and old.valid_to != on:
        return f"{old.code} {old.name} did not end on {on}: it is in force until {old.valid_to or 'further notice'}"
    return None


def _refuse_another_reform(found: Resolved, name: str) -> None:
    """Notes names that are not those of the units; codes are used again, so if most are other ones, another day is meant."""
    named = [
        (given, unit) for pair in found.pairs for given, unit in ((pair.row.old_name, pair.old), (pair.row.new_name, pair.new)) if given
    ]
    others = [f"{unit.code} {given} (here: {unit.name})" for given, unit in named if fold(given) != fold(unit.name)]
    found.other_names = list(dict.fromkeys(others))
    if len(others) > OTHER * len(named):
        raise LoadError(
            [f"{name}: {len(others)} of {len(named)} names are not those of the units with these codes around {found.on}"
             f" ({'; '.join(found.other_names[:3])}, …): is it the list of another reform? --on gives its day."]
        )  # fmt: skip


# --- loading ----------------------------------------------------------------------------------------------------------


@transaction.atomic
def load_successions(successions: Sequence[UnitSuccession]) -> Loaded:
    """Stores what became of units, in place of what stood about those that are named as old ones."""
    one_at_a_time()
    before = {(row.old_id, row.new_id): row for row in UnitSuccession.objects.filter(old__in={row.old_id for row in successions})}
    done = Loaded()
    for row in successions:
        stood = before.pop((row.old_id, row.new_id), None)
        if stood is None:
            done.new += 1
        elif (stood.transfer, stood.share, stood.source) == (row.transfer, row.share, row.source):
            done.unchanged += 1
        else:
            done.changed += 1
    done.removed = len(before)
    UnitSuccession.objects.filter(old__in={row.old_id for row in successions}).delete()
    UnitSuccession.objects.bulk_create(successions, batch_size=2000)
    return done
