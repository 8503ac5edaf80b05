"""Which units fit the readings of an address: two SQL statements, the second only where nothing is written as it was typed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.contrib.gis.geos import Point
from django.db import connection

from boundaries.places.words import Reading, Use

# How well a name fits, by itself; among units that fit alike, those in force and then the nearer come first
SCORES = {"exact": 1.0, "closed": 0.97, "begins": 0.8, "in_order": 0.7, "initials": 0.7, "sounds": 0.71, "alike": 0.4, "likeness": 0.3}
OTHER_KIND, OTHER_LEVEL = 0.12, 0.2  # taken off where another kind or level was written
NAME, WITHIN = 0.6, 0.4  # the weights of the name, and of what it stands among, where something is written there
LATER = 0.03  # taken off for each part that stands before: the smallest unit is written first
CUT = 0.03  # taken off a name that is only a part of what stands together
CUT_MISSPELT = 0.1  # and once more where it is misspelt
ALIKE, CUT_ALIKE = 0.4, 0.55  # trigram similarity below which a name is another name, not a misspelling
WITHIN_ALIKE = 0.55  # the same for the names around
REST_ALIKE = 0.7  # and for a single word that is left where a name was cut out
CLEAR = 0.68  # a unit that fits no worse needs no search for misspellings
SHOWN = 0.3  # units that fit so much worse than the best are left out
MOST_WORDS = 5  # of a name
MOST_MISSPELT = 4  # readings that are looked for as misspelt
MOST_ALIKE = 100  # misspelt names that one reading gives on
MOST = 300  # rows that one way to fit gives on: "x" begins hundreds of names

ASKED = """
asked AS (
  SELECT asked.* FROM unnest(%(numbers)s::int[], %(names)s::text[], %(kinds)s::text[], %(levels)s::text[], %(within)s::text[], %(uses)s::text[],
                       %(patterns)s::text[], %(orders)s::text[], %(places)s::float8[], %(rests)s::float8[])
  AS asked(number, name, kind, levels, within, use, pattern, ordered, place, rest),
  -- Until the end of the statement: names less alike than this are not even fetched
  (SELECT set_config('pg_trgm.similarity_threshold', %(least)s::text, true)) AS setting(least)
)
"""

# Each branch uses an index of its own: unit_plain_name (twice), unit_plain_name_trigram, unit_closed_name, unit_initials, unit_code_level
WRITTEN_SO = """
fits AS (
  SELECT asked.number, unit.id, %(exact)s::float8 AS fit
  FROM asked JOIN boundaries_unit AS unit ON unit.plain_name = asked.name COLLATE "C"
  UNION ALL
  SELECT asked.number, near.id, %(begins)s FROM asked CROSS JOIN LATERAL (
    SELECT unit.id FROM boundaries_unit AS unit
    WHERE unit.plain_name > asked.name COLLATE "C" AND unit.plain_name < (asked.name || '~') COLLATE "C" LIMIT %(most)s
  ) AS near WHERE asked.use = 'whole' AND length(asked.name) >= 2 AND asked.name !~ '[0-9]$'
  UNION ALL
  SELECT asked.number, near.id, %(in_order)s FROM asked CROSS JOIN LATERAL (
    SELECT unit.id FROM boundaries_unit AS unit WHERE unit.plain_name LIKE asked.pattern AND unit.plain_name ~ asked.ordered LIMIT %(most)s
  ) AS near WHERE asked.use = 'whole' AND length(asked.name) >= 3
  UNION ALL
  SELECT asked.number, unit.id, %(closed)s
  FROM asked JOIN boundaries_unit AS unit ON replace(unit.plain_name, ' ', '') = replace(asked.name, ' ', '') COLLATE "C"
  WHERE asked.use = 'whole' AND length(asked.name) >= 4
  UNION ALL
  SELECT asked.number, unit.id, %(initials)s
  FROM asked JOIN boundaries_unit AS unit
    ON regexp_replace(unit.plain_name, '([a-z0-9])[a-z0-9]* ?', '\\1', 'g') = asked.name COLLATE "C"
  WHERE asked.use = 'whole' AND asked.name ~ '^[a-z]{2,6}$'
)
"""

ALIKE_ONLY = """
fits AS (
  SELECT asked.number, unit.id, %(sounds)s::float8 AS fit
  FROM asked JOIN boundaries_unit AS unit ON sounds(unit.plain_name) = sounds(asked.name) COLLATE "C"
  UNION ALL
  SELECT asked.number, near.id, %(alike)s + %(likeness)s * round(near.likeness::numeric, 1) - CASE asked.use WHEN 'cut' THEN %(cut_alike)s ELSE 0 END
  FROM asked CROSS JOIN LATERAL (
    SELECT unit.id, similarity(unit.plain_name, asked.name) AS likeness FROM boundaries_unit AS unit
    WHERE unit.plain_name %% asked.name ORDER BY likeness DESC LIMIT %(most_alike)s
  ) AS near
  WHERE near.likeness >= CASE asked.use WHEN 'cut' THEN %(cut_threshold)s ELSE %(threshold)s END
)
"""

# A name that was only cut out of what was typed counts where the rest of it names what it is part of
RANKED = """
, weighed AS (
  SELECT unit.id, unit.code, unit.validity @> %(today)s::date AS current, unit.level,
         fits.fit - asked.place
         - CASE WHEN asked.kind = '' OR unit.kind = asked.kind THEN 0 WHEN strpos(asked.levels, unit.level) > 0 THEN %(other_kind)s ELSE %(other_level)s END
         - CASE asked.use WHEN 'cut' THEN %(cut)s ELSE 0 END AS name, among.share
  FROM fits JOIN asked USING (number) JOIN boundaries_unit AS unit ON unit.id = fits.id AND unit.active
  LEFT JOIN boundaries_unit AS above ON above.id = unit.parent_id
  LEFT JOIN boundaries_unit AS top ON top.id = above.parent_id
  CROSS JOIN LATERAL (
    SELECT avg(CASE WHEN said.likeness >= %(within_alike)s THEN said.likeness ELSE 0 END) AS share, max(said.likeness) FILTER (WHERE said.at = 1) AS rest
    FROM (
      SELECT at, greatest(
        word_similarity(name, above.plain_name) * CASE WHEN kind IN ('', above.kind) THEN 1 ELSE 0.8 END,
        word_similarity(name, top.plain_name) * CASE kind WHEN top.kind THEN 1 WHEN '' THEN 0.97 ELSE 0.8 END,
        word_similarity(name, concat_ws(' ', above.plain_name, top.plain_name)) * 0.9,
        CASE WHEN name IN (
          regexp_replace(above.plain_name, '([a-z0-9])[a-z0-9]* ?', '\\1', 'g'), regexp_replace(top.plain_name, '([a-z0-9])[a-z0-9]* ?', '\\1', 'g')
        ) THEN 0.9 END
      ) AS likeness
      FROM (
        SELECT at, split_part(part, ':', 1) AS kind, split_part(part, ':', 2) AS name
        FROM unnest(string_to_array(asked.within, '|')) WITH ORDINALITY AS part(part, at)
      ) AS parts
    ) AS said
  ) AS among
  WHERE asked.use <> 'cut' OR among.rest >= asked.rest
), best AS (
  SELECT id, code, current, level, round(max(CASE WHEN share IS NULL THEN name ELSE %(name)s * name + %(around)s * share END)::numeric, 2) AS score
  FROM weighed GROUP BY id, code, current, level
), first AS (
  SELECT best.id, best.score, best.current, shape.id AS shape, shape.label_point,
         row_number() OVER (ORDER BY score DESC, best.current DESC, ST_Distance(shape.label_point, ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326)), code, level)
  FROM best JOIN boundaries_unitshape AS shape ON shape.unit_id = best.id AND shape.current
  ORDER BY row_number LIMIT %(limit)s
)
SELECT first.id, first.score::float8, unit.level, unit.code, unit.name, unit.validity, ST_Y(label_point), ST_X(label_point),
       ARRAY[ST_XMin(box), ST_YMin(box), ST_XMax(box), ST_YMax(box)], array_remove(ARRAY[above.name, top.name]::text[], NULL)
FROM first JOIN boundaries_unit AS unit ON unit.id = first.id
CROSS JOIN LATERAL (SELECT Box2D(geometry) AS box FROM boundaries_unitshape WHERE id = first.shape OFFSET 0) AS extent
LEFT JOIN boundaries_unit AS above ON above.id = unit.parent_id
LEFT JOIN boundaries_unit AS top ON top.id = above.parent_id
ORDER BY row_number
"""

BY_CODE = """
fits AS (SELECT asked.number, unit.id, %(exact)s::float8 AS fit FROM asked JOIN boundaries_unit AS unit ON unit.code = asked.name)
"""


@dataclass(frozen=True)
class Match:
    """A unit that fits, how well (1: written just so), its label point and box (degrees, WGS 84; west, south, east, north), and what it is part of."""

    unit_id: int
    score: float
    level: str
    code: str
    name: str
    validity: Any
    lat: float
    lon: float
    box: list[float]
    above: list[str]


def by_name(
    asked: Sequence[Reading], otherwise: Sequence[Reading], *, near: Point, today: date, limit: int, guess: bool = True
) -> list[Match]:
    """The units that fit the readings, the best first; with `guess` else what the text means `otherwise`, or what is spelt alike.

    At most four statements.
    """
    found = _matches(WRITTEN_SO, asked, near, today, limit)
    if _is_clear(found) or not guess:
        return _near_the_best(found, limit)
    others = _matches(WRITTEN_SO, otherwise, near, today, limit)
    if _is_clear(others):
        return _near_the_best(others, limit)
    alike = _matches(ALIKE_ONLY, _misspelt(asked), near, today, limit)
    # Stable: those in force, and nearer, stay before others that fit as well
    found = sorted(found + others + alike, key=lambda match: -match.score)
    return _near_the_best(found or _matches(WRITTEN_SO, _taken_out(asked), near, today, limit), limit)


def _is_clear(found: Sequence[Match]) -> bool:
    return bool(found) and found[0].score >= CLEAR


def _near_the_best(found: Sequence[Match], limit: int) -> list[Match]:
    """Each unit once, without those that fit much worse than the first."""
    best: dict[int, Match] = {}
    for match in found:
        if match.score >= found[0].score - SHOWN:
            best.setdefault(match.unit_id, match)
    return list(best.values())[:limit]


def _taken_out(asked: Sequence[Reading]) -> list[Reading]:
    """Names of several words within others, whatever stands around them: better than nothing ("Nguyễn Tất Thành Cà Mau")."""
    return [replace(reading, within=(), use=Use.EXACT) for reading in asked if reading.use is Use.CUT and " " in reading.name]


def _misspelt(asked: Sequence[Reading]) -> list[Reading]:
    """Those that are looked for as misspelt: not what is no unit, nor what is shorter or longer than names are."""
    return [
        reading
        for reading in asked
        if not reading.name.isdigit()
        and (
            (reading.use is Use.WHOLE and len(reading.name) >= 4 and reading.name.count(" ") < MOST_WORDS)
            or (reading.use is Use.CUT and reading.name.count(" ") in (1, 2))
        )
    ][:MOST_MISSPELT]


def by_code(codes: Sequence[str], *, near: Point, today: date, limit: int) -> list[Match]:
    """The units of all times that have one of the codes."""
    return _matches(BY_CODE, [Reading(code) for code in codes], near, today, limit)


def _matches(fits: str, asked: Sequence[Reading], near: Point, today: date, limit: int) -> list[Match]:
    if not asked:
        return []
    with connection.cursor() as cursor:
        cursor.execute(*statement(fits, asked, near=near, today=today, limit=limit))
        return [Match(*row) for row in cursor.fetchall()]


def statement(fits: str, asked: Sequence[Reading], *, near: Point, today: date, limit: int) -> tuple[str, dict[str, Any]]:
    """The SQL that ranks what fits the readings in one of the ways above, and its parameters."""
    return f"WITH {ASKED}, {fits} {RANKED}", _parameters(asked, near, today, limit)


def _parameters(asked: Sequence[Reading], near: Point, today: date, limit: int) -> dict[str, Any]:
    return {
        "numbers": list(range(len(asked))),
        "names": [reading.name for reading in asked],
        "kinds": [str(reading.kind or "") for reading in asked],
        "levels": [" ".join(reading.levels) for reading in asked],
        "within": ["|".join(reading.within) for reading in asked],
        "uses": [str(reading.use) for reading in asked],
        # Names are letters, digits and spaces: nothing in them means anything in a pattern
        "patterns": [f"%{'%'.join(reading.name.split())}%" for reading in asked],
        "orders": [r"\m" + r".*\m".join(reading.name.split()) for reading in asked],
        "rests": [WITHIN_ALIKE if reading.within and " " in reading.within[0] else REST_ALIKE for reading in asked],
        "places": [LATER * reading.place for reading in asked],
        **SCORES,
        "most": MOST,
        "most_alike": MOST_ALIKE,
        "threshold": ALIKE,
        "least": min(ALIKE, CUT_ALIKE),
        "cut_threshold": CUT_ALIKE,
        "cut": CUT,
        "cut_alike": CUT_MISSPELT,
        "other_kind": OTHER_KIND,
        "other_level": OTHER_LEVEL,
        "within_alike": WITHIN_ALIKE,
        "name": NAME,
        "around": WITHIN,
        "today": today,
        "lon": near.x,
        "lat": near.y,
        "limit": limit,
    }
