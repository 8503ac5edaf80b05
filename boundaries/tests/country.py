"""The names of the whole country, of both periods, in the database within seconds: small squares around public centres, for tests and benchmarks of searches."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import date
from importlib.resources import as_file, files
from typing import Any

from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from boundaries.models import Edition, Kind, Level, Unit

MERGER = date(2025, 7, 1)
MIDDLE = (16.0, 107.0)  # of the country, for what has no centre

SHAPES = """
INSERT INTO boundaries_unitshape (unit_id, revision, source, schematic, geometry, current, loaded_at)
SELECT unit, 1, 'squares around public centres', true, ST_Multi(ST_Expand(ST_SetSRID(ST_MakePoint(lon, lat), 4326), 0.01)), true, now()
FROM unnest(%s::bigint[], %s::float8[], %s::float8[]) AS given(unit, lat, lon)
"""


def load_country() -> tuple[int, int]:
    """Makes every province, district and commune before the merger of 2025 and since, as vietnamadminunits has them; how many of each period."""
    with as_file(files("vietnamadminunits") / "data" / "dataset.db") as path:
        database = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
        database.row_factory = sqlite3.Row
        old = database.execute("SELECT * FROM admin_units_legacy ORDER BY wardCode").fetchall()
        new = database.execute("SELECT * FROM admin_units ORDER BY wardCode").fetchall()
        database.close()
    made = _load(old, "before", DateRange(None, MERGER)), _load(new, "since", DateRange(MERGER, None))
    with connection.cursor() as cursor:  # as load_boundaries does
        cursor.execute("ANALYZE boundaries_unit, boundaries_unitshape")
    return made


def _load(rows: list[Any], name: str, validity: Any) -> int:
    edition = Edition.objects.create(
        name=name, source="vietnamadminunits", state=Edition.State.ACTIVE, activated_at=timezone.now(), valid_from=validity.lower, valid_to=validity.upper
    )  # fmt: skip
    parents: dict[tuple[str, str], Unit] = {}
    made = 0
    for level, units in (
        (Level.PROVINCE, _distinct(rows, "province", None)),
        (Level.DISTRICT, _distinct(rows, "district", "province") if "district" in rows[0].keys() else []),  # noqa: SIM118  a row is no dict
        (Level.COMMUNE, _distinct(rows, "ward", "district" if "district" in rows[0].keys() else "province")),  # noqa: SIM118
    ):
        units = list(units)
        saved = Unit.objects.bulk_create(
            [
                Unit(level=level, code=code, name=called, kind=Kind.of_name(called), parent=parents.get(above), edition=edition, validity=validity, active=True)
                for code, called, above, _lat, _lon in units
            ],
            batch_size=2000,
        )  # fmt: skip
        parents |= {(level.value, unit.code): unit for unit in saved}
        with connection.cursor() as cursor:
            cursor.execute(SHAPES, [[unit.pk for unit in saved], [row[3] for row in units], [row[4] for row in units]])
        made += len(saved)
    return made


LEVEL_OF = {"province": "province", "district": "district", "ward": "commune"}


def _distinct(rows: list[Any], prefix: str, above: str | None) -> Iterator[tuple[str, str, Any, float, float]]:
    seen = set()
    for row in rows:
        code = row[f"{prefix}Code"]
        if code and code not in seen:
            seen.add(code)
            lat, lon = row[f"{prefix}Lat"] or MIDDLE[0], row[f"{prefix}Lon"] or MIDDLE[1]
            yield code, row[prefix], above and (LEVEL_OF[above], row[f"{above}Code"]), lat, lon
