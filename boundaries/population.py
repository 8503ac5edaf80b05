"""How many people live in each unit: read from a table, checked line by line, and kept as the base layer `population`; all of it or nothing."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from datetime import date

from django.db import transaction
from django.utils.dateparse import parse_date

from boundaries.layers import MAX_ATTRIBUTION, LayerError
from boundaries.models import BaseLayer, Unit, UnitShape

LAYER = "population"
COLUMNS = ("code", "on", "year", "people", "source")
FIRST_YEAR = 1990
MOST_PEOPLE = 100_000_000  # in one unit: more than any province has


@transaction.atomic
def load_population(lines: Iterable[str]) -> int:
    """Replaces the figures by those of a CSV (comma or semicolon) with the columns COLUMNS; how many there are.

    `on` is a day (YYYY-MM-DD) on which the unit has that code: a code alone means nothing. Raises LayerError with a sentence for each line that is
    not right: an unknown unit or one without an outline, a year or a number that is none, no source, a unit named twice.
    """
    text = list(lines)
    head = text[0].lstrip("\ufeff") if text else ""
    rows = csv.DictReader([head, *text[1:]], delimiter=";" if head.count(";") > head.count(",") else ",", skipinitialspace=True)
    if missing := [name for name in COLUMNS if name not in (rows.fieldnames or [])]:
        raise LayerError([f"The table has no column {', '.join(missing)}: its first line names {', '.join(COLUMNS)}."])
    problems: list[str] = []
    found: dict[int, tuple[int, BaseLayer]] = {}
    for row in _each(rows):
        said = {name: (row[name] or "").strip() for name in COLUMNS}
        if not any(said.values()):
            continue
        try:
            unit, feature = _feature(said)
        except ValueError as error:
            problems.append(f"Line {rows.line_num}: {error}.")
            continue
        if unit.pk in found:
            problems.append(f"Line {rows.line_num}: {unit.name} ({unit.code}) stands in line {found[unit.pk][0]} already.")
        found.setdefault(unit.pk, (rows.line_num, feature))
    if not found and not problems:
        problems.append("The table holds no figures.")
    if problems:
        raise LayerError(problems)
    BaseLayer.objects.filter(name=LAYER).delete()
    BaseLayer.objects.bulk_create([feature for _line, feature in found.values()], batch_size=500)
    return len(found)


def _each(rows: csv.DictReader[str]) -> Iterator[dict[str, str]]:
    """The lines; LayerError at one that is no line of a table, such as a text that never ends."""
    try:
        yield from rows
    except csv.Error as error:
        raise LayerError([f"Line {rows.line_num}: it cannot be read as a line of a table ({error})."]) from error


def _feature(said: dict[str, str]) -> tuple[Unit, BaseLayer]:
    """The unit of a line and its figure. Raises ValueError with what is wrong."""
    if not "".join(said.values()).isprintable():
        raise ValueError("it holds signs that nobody sees")  # a NUL the database would refuse
    try:
        day = parse_date(said["on"])
    except ValueError:
        day = None
    if day is None:
        raise ValueError(f"“{said['on'][:20]}” is no day: write YYYY-MM-DD")
    unit = Unit.objects.in_force(day).filter(code=said["code"]).lowest_first().first()
    if unit is None:
        raise ValueError(f"no unit has the code “{said['code'][:20]}” on {day} (leading zeros count)")
    year = said["year"]
    if not (year.isascii() and year.isdecimal() and len(year) == 4 and FIRST_YEAR <= int(year) <= date.today().year):
        raise ValueError(f"“{year[:20]}” is no year from {FIRST_YEAR} on")
    people = said["people"]
    if not (people.isascii() and people.isdecimal() and len(people) < 12 and 0 < int(people) <= MOST_PEOPLE):
        raise ValueError(f"“{people[:20]}” is no number of people: write digits only, without separators")
    if not said["source"] or len(said["source"]) > MAX_ATTRIBUTION:
        raise ValueError(f"who says so? A source is needed, of at most {MAX_ATTRIBUTION} characters")
    shape = UnitShape.objects.filter(unit=unit, current=True).first()
    if shape is None:
        raise ValueError(f"{unit.name} ({unit.code}) has no outline in which to lie")
    properties = {
        "code": unit.code, "since": unit.valid_from.isoformat() if unit.valid_from else "", "year": int(year), "population": int(people),
    }  # fmt: skip
    return unit, BaseLayer(name=LAYER, label=unit.name, attribution=said["source"], properties=properties, geometry=shape.label_point)
