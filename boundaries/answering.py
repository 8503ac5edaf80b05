"""The answer to "which commune is this?" for most points, by one prepared statement and without objects: those that a unit covers.

What `locate` and the API's serializer say together takes some times as long; for every other point they answer.
"""

from __future__ import annotations

import json
from datetime import date
from functools import lru_cache
from typing import Any

from boundaries.models import Level
from gis.prepared import all_rows

FIELDS = ("code", "name", "level", "kind", "valid_from", "valid_to")
NAMED = "{0}.code, {0}.name, {0}.level, {0}.kind, lower({0}.validity)::text, upper({0}.validity)::text"
ABOVE = "LEFT JOIN LATERAL (SELECT * FROM boundaries_unit WHERE id = {1}.parent_id OFFSET 0) AS {0} ON true"
# What covers the point is looked for first, and units by their keys, whatever PostgreSQL expects of units and days
COVERING = f"""
SELECT {", ".join(NAMED.format(name) for name in ("unit", "parent", "grandparent"))}
FROM boundaries_unitpiece AS piece CROSS JOIN LATERAL (SELECT * FROM boundaries_unit WHERE id = piece.unit_id OFFSET 0) AS unit
{ABOVE.format("parent", "unit")}
{ABOVE.format("grandparent", "parent")}
WHERE ST_Covers(piece.geometry, ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326))
  AND unit.active AND unit.level = '{Level.COMMUNE}' AND unit.validity @> %(on)s::date
"""  # noqa: S608  names of columns and a level


def covering(lon: float, lat: float, on: date) -> str | None:
    """The API's answer (JSON) for a WGS 84 point without a circle, where a commune of that day covers it; None where none does."""
    # A unit has several pieces. By code: on a shared border the lower one has the point
    found = sorted(set(all_rows(COVERING, {"lon": lon, "lat": lat, "on": on})))
    if not found:
        return None
    candidates = ",".join(_candidate(*row[:2]) for row in found)
    return (
        f'{{"unit":{_unit(found[0])},"method":"inside","distance_m":0.0,"ambiguous":{"true" if len(found) > 1 else "false"},'
        f'"candidates":[{candidates}],"on":"{on.isoformat()}"}}'
    )


@lru_cache(maxsize=4096)
def _unit(row: tuple[str | None, ...]) -> str:
    """A unit with what it is part of, from the columns of COVERING."""
    unit, *above = (dict(zip(FIELDS, row[first:], strict=False)) for first in range(0, len(row), len(FIELDS)))
    return _text({**unit, "ancestors": [part for part in above if part["code"] is not None]})


@lru_cache(maxsize=4096)
def _candidate(code: str, name: str) -> str:
    return _text({"code": code, "name": name, "share": 0.0, "distance_m": 0.0})


def _text(content: dict[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))
