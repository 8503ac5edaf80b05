"""Areas as published, to compare outlines with: a table with the codes of an edition's units."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from boundaries.features import CODE_LENGTH, MAX_AREA_KM2
from boundaries.loading import LoadError
from boundaries.models import Edition, Level, Unit

COLUMNS = ("published_area_km2", "area_km2_published", "area_km2")


def load_published_areas(path: Path, edition: Edition) -> tuple[int, list[str]]:
    """Stores the areas (km²) of a CSV with the column `code` on the units of an edition; how many, and codes that none of them has.

    A line without an area is passed over. LoadError names every line that is wrong; then nothing is changed.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise LoadError([f"{path}: it cannot be read as UTF-8 ({error})."]) from None
    table = csv.DictReader(io.StringIO(text, newline=""))
    column = next((name for name in COLUMNS if name in (table.fieldnames or [])), None)
    if column is None or "code" not in (table.fieldnames or []):
        raise LoadError([f"{path.name}: it needs the column code and one of {', '.join(COLUMNS)}."])
    areas: dict[str, float] = {}
    problems = []
    for row in table:
        code, given = (row["code"] or "").strip(), (row[column] or "").strip()
        if not given:
            continue
        try:
            areas[code] = float(given)
        except ValueError:
            areas[code] = 0.0
        if not 0 < areas[code] < MAX_AREA_KM2:
            problems.append(f"{path.name}, line {table.line_num}: the area of {code} is “{given[:30]}”, not a number of km².")
    if problems:
        raise LoadError(problems)
    units = {unit.code: unit for unit in edition.units.order_by("-level")}  # of a number that two levels have, the commune is meant
    padded = {code: code if code in units else code.zfill(CODE_LENGTH[Level.COMMUNE]) for code in areas}
    found = {padded[code]: km2 for code, km2 in areas.items()}
    known = [units[code] for code in found if code in units]
    for unit in known:
        unit.published_area_km2 = found[unit.code]
    Unit.objects.bulk_update(known, ["published_area_km2"], batch_size=1000)
    return len(known), sorted(set(found) - set(units))
