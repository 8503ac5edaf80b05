"""Where every report lies in every edition, written by two statements however many reports there are."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.db import connection

from gis.bbox import METRES_PER_DEGREE

# Whose reporter named another unit than the nearest: the trace of the filing tells. %(some)s: ids, or NULL for all
CHOSEN = """
SELECT event.report_id FROM reports_reportevent AS event
WHERE event.kind = 'filed' AND (%(some)s::bigint[] IS NULL OR event.report_id = ANY(%(some)s))
  AND event.data #>> '{trace,unit,code}' <> (
    SELECT found ->> 'code' FROM jsonb_array_elements(event.data #> '{trace,candidates}') AS found
    ORDER BY (found ->> 'distance_m')::float8, found ->> 'code' LIMIT 1
  )
"""

# Most reports lie well inside a unit. The unit comes first and its outline is prepared once for all points; a point strictly inside one unit of an
# edition is in no other, so that the rule of the lower code is not needed. OFFSET 0 keeps the planner from turning the loop around.
INSIDE = """
INSERT INTO reports_reportplace (report_id, edition_id, unit_id, method, distance_m)
SELECT report.id, unit.edition_id, unit.id, 'inside', 0
FROM (
  SELECT unit.id, unit.edition_id, shape.geometry
  FROM boundaries_unit AS unit
  JOIN boundaries_unitshape AS shape ON shape.unit_id = unit.id AND shape.current
  JOIN boundaries_edition AS edition ON edition.id = unit.edition_id AND edition.state = 'active'
  WHERE unit.active AND unit.level = 'commune' AND unit.edition_id = ANY(%(editions)s)
  OFFSET 0
) AS unit
CROSS JOIN LATERAL (
  SELECT report.id FROM reports_report AS report
  WHERE report.location && unit.geometry AND ST_ContainsProperly(unit.geometry, report.location)
  OFFSET 0
) AS report
ON CONFLICT (report_id, edition_id) DO NOTHING
"""

# The others, and corrections. Where the reporter named the unit on a border, that answer stands in the edition of the unit
NEAREST = """
INSERT INTO reports_reportplace (report_id, edition_id, unit_id, method, distance_m)
SELECT report.id, edition.id, near.unit_id,
       CASE WHEN near.unit_id IS NULL THEN 'none' WHEN near.distance = 0 THEN 'inside' ELSE 'snapped' END, coalesce(near.distance, 0)
FROM reports_report AS report
LEFT JOIN boundaries_unit AS filed ON filed.id = report.unit_at_filing_id
CROSS JOIN boundaries_edition AS edition
LEFT JOIN reports_reportplace AS place ON place.report_id = report.id AND place.edition_id = edition.id
LEFT JOIN LATERAL (
  SELECT unit.id AS unit_id,
         CASE WHEN ST_Covers(piece.geometry, report.location) THEN 0 ELSE ST_Distance(piece.geometry::geography, report.location::geography) END AS distance
  FROM boundaries_unitpiece AS piece JOIN boundaries_unit AS unit ON unit.id = piece.unit_id
  WHERE piece.geometry && ST_Expand(report.location, %(dy)s / greatest(cos(radians(ST_Y(report.location))), 0.01), %(dy)s)
    AND unit.edition_id = edition.id AND unit.active AND unit.level = 'commune'
  ORDER BY distance, unit.code
  LIMIT 1
) AS near ON near.distance <= %(limit)s
WHERE edition.state = 'active' AND (place.id IS NULL OR %(renew)s)
  AND (%(some)s::bigint[] IS NULL OR report.id = ANY(%(some)s))
  AND (place.id IS NULL OR place.unit_id IS DISTINCT FROM near.unit_id OR abs(place.distance_m - coalesce(near.distance, 0)) > 1)
  AND (place.id IS NULL OR filed.edition_id IS DISTINCT FROM edition.id OR report.id NOT IN (CHOSEN))
ON CONFLICT (report_id, edition_id)
DO UPDATE SET unit_id = excluded.unit_id, method = excluded.method, distance_m = excluded.distance_m
""".replace("CHOSEN", CHOSEN)

# Editions for which no report has a place yet: those that came since
WITHOUT_PLACES = """
SELECT edition.id FROM boundaries_edition AS edition
WHERE edition.state = 'active' AND NOT EXISTS (SELECT FROM reports_reportplace AS place WHERE place.edition_id = edition.id)
"""


def write_places(some: Sequence[int] | None = None, *, renew: bool = False) -> int:
    """Writes places of these reports (None: all), open or closed, in the active editions: those that are missing, with `renew` also those
    that are wrong. Returns how many rows were written.
    """
    asked = {
        "some": None if some is None else list(some),
        "renew": renew,
        "limit": settings.SNAP_DISTANCE_M,
        "dy": settings.SNAP_DISTANCE_M / METRES_PER_DEGREE * 1.01,
    }
    written = 0
    with connection.cursor() as cursor:
        if some is None:
            cursor.execute(WITHOUT_PLACES)
            asked["editions"] = [edition for (edition,) in cursor.fetchall()]
            if asked["editions"]:
                cursor.execute(INSIDE, asked)
                written += cursor.rowcount
        cursor.execute(NEAREST, asked)
        return written + int(cursor.rowcount)


def chosen_on_a_border(some: Sequence[int]) -> set[int]:
    """Those of these reports whose reporter named another unit than the nearest."""
    with connection.cursor() as cursor:
        cursor.execute(CHOSEN, {"some": list(some)})
        return {pk for (pk,) in cursor.fetchall()}
