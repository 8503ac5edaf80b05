"""What became of units that ended, for many at once: by the successions, else by the unit that stands where theirs was."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateRange

from boundaries.models import Level, Unit

# A unit goes where its own successions say, else (a district whose communes alone have successors) where those of its parts say;
# the largest share first, by the number of former communes where there are several
SUCCEEDED = """
WITH RECURSIVE origin AS (
  SELECT unit.id AS root, unit.id AS part, 0 AS depth FROM boundaries_unit AS unit WHERE unit.id = ANY(%(units)s)
  UNION ALL
  SELECT origin.root, part.id, origin.depth + 1 FROM origin JOIN boundaries_unit AS part ON part.parent_id = origin.part AND part.active
), going AS (
  SELECT origin.root, origin.depth, row.new_id AS unit, coalesce(row.share, 0.1) AS share
  FROM origin JOIN boundaries_unitsuccession AS row ON row.old_id = origin.part
  UNION ALL
  SELECT going.root, going.depth, row.new_id, going.share * coalesce(row.share, 0.1)
  FROM going JOIN boundaries_unit AS unit ON unit.id = going.unit JOIN boundaries_unitsuccession AS row ON row.old_id = going.unit
  WHERE NOT unit.validity @> %(today)s::date
)
SELECT going.root, unit.id, unit.code, unit.name
FROM going JOIN boundaries_unit AS unit ON unit.id = going.unit
WHERE unit.active AND unit.validity @> %(today)s::date
  AND going.depth = (SELECT min(other.depth) FROM going AS other WHERE other.root = going.root)
GROUP BY going.root, unit.id
ORDER BY going.root, sum(going.share) DESC, unit.code
"""

STANDING_THERE = """
SELECT DISTINCT former.id, unit.id, unit.code, unit.name
FROM boundaries_unit AS former JOIN boundaries_unitshape AS shape ON shape.unit_id = former.id AND shape.current
JOIN boundaries_unitpiece AS piece ON ST_Covers(piece.geometry, shape.label_point)
JOIN boundaries_unit AS unit ON unit.id = piece.unit_id
WHERE former.id = ANY(%(units)s) AND unit.active AND unit.validity @> %(today)s::date
  AND unit.level = CASE former.level WHEN %(province)s THEN %(province)s ELSE %(commune)s END
ORDER BY former.id, unit.code
"""

ASKED_FOR = 200  # former units that a text may mean; one that fits more is too short to mean any


@dataclass(frozen=True)
class Heir:
    """A unit in force, by its key, to which another went."""

    unit_id: int
    code: str
    name: str


def heirs_of(units: Iterable[int], today: date) -> dict[int, list[Heir]]:
    """The units in force today to which each of those that ended (by their keys) went, the largest part first; at most two statements."""
    ended = list(units)
    went = _asked(SUCCEEDED, ended, today)
    return went | _asked(STANDING_THERE, [pk for pk in ended if pk not in went], today)


def heirs_of_units_called(text: str, on: date) -> set[int]:
    """The keys of the units in force on a day to which those went that ended by then and whose name contains the text, or whose code it is.

    None where more than 200 are called so.
    """
    former = list(
        Unit.objects.filter(active=True, validity__fully_lt=DateRange(on, None)).called(text).values_list("pk", flat=True)[: ASKED_FOR + 1]
    )
    return set() if len(former) > ASKED_FOR else {heir.unit_id for heirs in heirs_of(former, on).values() for heir in heirs}


def _asked(sql: str, units: list[int], today: date) -> dict[int, list[Heir]]:
    went: dict[int, list[Heir]] = defaultdict(list)
    if units:
        with connection.cursor() as cursor:
            cursor.execute(sql, {"units": units, "today": today, "province": Level.PROVINCE, "commune": Level.COMMUNE})
            for former, unit, code, name in cursor.fetchall():
                went[former].append(Heir(unit, code, name))
    return dict(went)
