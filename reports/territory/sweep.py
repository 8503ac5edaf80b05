"""Re-routing in sets: the reports that lie well inside a unit, which are nearly all, by a few statements whose number does not grow.

A report is left to `rerouting`, which looks at each, where its accuracy circle may touch another unit, where a person chose its body, where it is
about officials or a body must not see it. The readable rules stand there; a test asks that both give the same.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection

from authorities.models import Body, Category
from authorities.routing import Routing, RulesOfADay, route
from boundaries.locate import Candidate, Method, Placement
from boundaries.models import Unit
from gis.bbox import METRES_PER_DEGREE
from reports.workflow import AT_WORK, OPEN, UNTOUCHED, Status

# A circle up to one of these radii is judged by a strip of that width along the border; wider ones are looked at one by one
NEAR_M, FAR_M = 40.0, 250.0
DEGREES_A_METRE = 1.02 / METRES_PER_DEGREE / 0.9  # of longitude as far north as Vietnam reaches (cos 24° = 0.91)
COARSENESS = 0.25  # of a strip: the line that bounds it may be drawn so much simpler

LOCK = "SELECT count(*) FROM (SELECT FROM reports_report WHERE status = ANY(%(open)s) ORDER BY id FOR UPDATE) AS locked"

# Each open report that lies inside one unit, farther from its border than the circle reaches. The unit comes first, so that its outline is prepared once
SPOTS = """
CREATE TEMPORARY TABLE rerouting_spot ON COMMIT DROP AS
WITH unit AS MATERIALIZED (
  SELECT unit.id, shape.geometry, INNER_PART(near) AS without_near, INNER_PART(far) AS without_far
  FROM boundaries_unit AS unit JOIN boundaries_unitshape AS shape ON shape.unit_id = unit.id AND shape.current
  WHERE unit.active AND unit.level = 'commune' AND unit.validity @> %(on)s::date
)
SELECT report.id AS report_id, unit.id AS unit_id, report.category_id
FROM unit CROSS JOIN LATERAL (
  SELECT report.id, report.category_id FROM reports_report AS report
  WHERE report.location && unit.geometry AND report.status = ANY(%(open)s)
    AND CASE WHEN coalesce(report.accuracy_m, 0) = 0 THEN ST_ContainsProperly(unit.geometry, report.location)
             WHEN report.accuracy_m <= %(near_m)s THEN ST_ContainsProperly(unit.without_near, report.location)
             WHEN report.accuracy_m <= %(far_m)s THEN ST_ContainsProperly(unit.without_far, report.location)
             ELSE false END
  OFFSET 0
) AS report
JOIN authorities_category AS category ON category.id = report.category_id AND NOT category.about_officials
WHERE NOT EXISTS (SELECT FROM reports_conflict AS conflict WHERE conflict.report_id = report.id)
  AND NOT EXISTS (SELECT FROM reports_reportevent AS event WHERE event.report_id = report.id AND event.kind IN ('assign', 'to_triage', 'accept_transfer'))
"""
for name in ("near", "far"):
    inner_part = f"ST_Buffer(ST_SimplifyPreserveTopology(shape.geometry, %({name})s * %(coarseness)s), -%({name})s * (1 + %(coarseness)s))"
    SPOTS = SPOTS.replace(f"INNER_PART({name})", inner_part)
PAIRS = "SELECT DISTINCT unit_id, category_id FROM rerouting_spot"
REST = "SELECT id FROM reports_report WHERE status = ANY(%(open)s) AND id NOT IN (SELECT report_id FROM rerouting_spot) ORDER BY id"

ANSWERS = """
CREATE TEMPORARY TABLE rerouting_answer (unit_id bigint, category_id bigint, body_id bigint, triage boolean, trace jsonb) ON COMMIT DROP
"""
# As one JSON: arrays of texts are quoted letter by letter on the way
ADD_ANSWERS = """
INSERT INTO rerouting_answer
SELECT * FROM jsonb_to_recordset(%(answers)s::jsonb) AS answer (unit_id bigint, category_id bigint, body_id bigint, triage boolean, trace jsonb)
"""
ANSWERS_AT_ONCE = 2000

# What moves, with what it was before: rows are locked, so that this is what the statements below find
MOVES = """
CREATE TEMPORARY TABLE rerouting_move ON COMMIT DROP AS
SELECT report.id AS report_id, spot.unit_id, answer.body_id, report.accuracy_m,
       report.unit_id AS unit_before, report.method AS method_before, report.distance_m AS distance_before, report.ambiguous AS ambiguous_before,
       report.authority_id AS body_before, report.officer_id AS officer_before, report.status AS status_before, report.version + 1 AS version,
       answer.body_id <> report.authority_id AS changes_hands,
       answer.body_id <> report.authority_id AND report.status = ANY(%(begun_anew)s) AS begins_anew,
       CASE WHEN answer.body_id = report.authority_id OR NOT report.status = ANY(%(begun_anew)s) THEN report.status
            WHEN answer.triage THEN %(triage)s ELSE %(new)s END AS status_after,
       answer.unit_id AS answer_unit, answer.category_id AS answer_category
FROM rerouting_spot AS spot
JOIN reports_report AS report ON report.id = spot.report_id
JOIN rerouting_answer AS answer ON answer.unit_id = spot.unit_id AND answer.category_id = spot.category_id
WHERE answer.body_id <> report.authority_id OR report.unit_id IS DISTINCT FROM spot.unit_id
"""
HANDED_OVER = "SELECT body_before, body_id, count(*) FROM rerouting_move WHERE changes_hands GROUP BY body_before, body_id"
FOLLOWERS = """
SELECT count(*) FROM rerouting_move AS move JOIN reports_follow AS follow ON follow.report_id = move.report_id
WHERE move.changes_hands AND follow.confirmed_at IS NOT NULL AND follow.ended_at IS NULL
"""
UNITS_ONLY = "SELECT count(*) FROM rerouting_move WHERE NOT changes_hands"

CARRY_OUT = (
    """
UPDATE reports_report AS report
SET unit_id = move.unit_id, method = 'inside', distance_m = 0, ambiguous = false, authority_id = move.body_id,
    officer_id = CASE WHEN move.changes_hands THEN NULL ELSE report.officer_id END,
    stage_since = CASE WHEN move.begins_anew THEN NULL ELSE report.stage_since END,
    stage_due_at = CASE WHEN move.begins_anew THEN NULL ELSE report.stage_due_at END,
    status = move.status_after, changed_at = %(at)s, version = move.version
FROM rerouting_move AS move WHERE move.report_id = report.id
""",
    """
INSERT INTO reports_reportplace (report_id, edition_id, unit_id, method, distance_m)
SELECT move.report_id, unit.edition_id, unit.id, 'inside', 0 FROM rerouting_move AS move JOIN boundaries_unit AS unit ON unit.id = move.unit_id
ON CONFLICT (report_id, edition_id) DO UPDATE SET unit_id = excluded.unit_id, method = excluded.method, distance_m = excluded.distance_m
WHERE reports_reportplace.unit_id IS DISTINCT FROM excluded.unit_id OR reports_reportplace.method <> excluded.method
""",
    """
INSERT INTO reports_handling (report_id, body_id, since) SELECT report_id, body_id, %(at)s FROM rerouting_move WHERE changes_hands
ON CONFLICT (report_id, body_id) DO NOTHING
""",
)

# The data are those that `rerouting` writes for one report: a test compares them
EVENTS = """
INSERT INTO reports_reportevent (report_id, at, kind, status_before, status_after, body_id, actor_id, public, data)
SELECT move.report_id, %(at)s, %(kind)s, move.status_before, move.status_after, move.body_id, %(actor)s, true,
       jsonb_build_object(
         'from', former.code, 'to', body.code,
         'trace', answer.trace || jsonb_build_object(
           'accuracy_m', move.accuracy_m,
           'candidates', jsonb_build_array(jsonb_build_object(
             'code', unit.code, 'name', unit.name, 'share', CASE WHEN coalesce(move.accuracy_m, 0) > 0 THEN 1.0 ELSE 0.0 END, 'distance_m', 0.0
           ))
         ),
         'before', jsonb_build_object(
           'unit', move.unit_before, 'method', move.method_before, 'distance_m', move.distance_before, 'ambiguous', move.ambiguous_before,
           'body', move.body_before, 'officer', move.officer_before, 'version', move.version - 1
         )
       )
       || CASE WHEN move.unit_before IS DISTINCT FROM move.unit_id THEN jsonb_build_object('unit_before', former_unit.code) ELSE '{}' END
       || %(more)s::jsonb
FROM rerouting_move AS move
JOIN rerouting_answer AS answer ON answer.unit_id = move.answer_unit AND answer.category_id = move.answer_category
JOIN boundaries_unit AS unit ON unit.id = move.unit_id
LEFT JOIN boundaries_unit AS former_unit ON former_unit.id = move.unit_before
JOIN authorities_body AS body ON body.id = move.body_id
JOIN authorities_body AS former ON former.id = move.body_before
"""
FOLLOWED = """
SELECT event.id FROM reports_reportevent AS event
JOIN rerouting_move AS move ON move.report_id = event.report_id AND move.changes_hands
WHERE event.kind = %(kind)s AND event.at = %(at)s AND EXISTS (SELECT FROM reports_follow AS follow WHERE follow.report_id = event.report_id)
ORDER BY event.id
"""


def swept_bodies() -> dict[int, int]:
    """The bodies of what changes hands by the last sweep of this transaction: keys by keys of reports."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT report_id, body_id FROM rerouting_move WHERE changes_hands")
        return dict(cursor.fetchall())


@dataclass(frozen=True)
class Swept:
    """What a sweep found: how many reports it judged, who hands how many to whom, how many only change their unit,
    how many are told, and the ids it left.
    """

    looked_at: int
    handed_over: Counter[tuple[Body, Body]]
    units_only: int
    followers: int
    rest: list[int]


class Sweep:
    """One re-routing in sets, inside the transaction of its caller: `find` changes nothing, `carry_out` writes what it found."""

    def __init__(self, on: date) -> None:
        self.on = on
        self._rules = RulesOfADay(on)

    def find(self, *, locked: bool) -> Swept:
        """Who moves on the day. With `locked`, open reports stay as they are until the transaction ends."""
        asked: dict[str, Any] = {
            "on": self.on,
            "open": sorted(OPEN),
            "begun_anew": sorted(UNTOUCHED | AT_WORK),
            "triage": Status.TRIAGE,
            "new": Status.NEW,
            "near_m": NEAR_M,
            "far_m": FAR_M,
            "near": NEAR_M * DEGREES_A_METRE,
            "far": FAR_M * DEGREES_A_METRE,
            "coarseness": COARSENESS,
        }
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS rerouting_spot, rerouting_answer, rerouting_move")
            if locked:
                cursor.execute(LOCK, asked)
            cursor.execute(SPOTS, asked)
            looked_at = cursor.rowcount
            cursor.execute("ANALYZE rerouting_spot")
            cursor.execute(PAIRS)
            pairs = cursor.fetchall()
            cursor.execute(ANSWERS)
            for start in range(0, len(pairs), ANSWERS_AT_ONCE):
                cursor.execute(ADD_ANSWERS, {"answers": json.dumps(self._answers(pairs[start : start + ANSWERS_AT_ONCE]))})
            cursor.execute("ANALYZE rerouting_answer")
            cursor.execute(MOVES, asked)
            cursor.execute("ANALYZE rerouting_move")
            cursor.execute(HANDED_OVER)
            handed_over = cursor.fetchall()
            cursor.execute(UNITS_ONLY)
            (units_only,) = cursor.fetchone()
            cursor.execute(FOLLOWERS)
            (followers,) = cursor.fetchone()
            cursor.execute(REST, asked)
            rest = [pk for (pk,) in cursor.fetchall()]
        bodies = Body.objects.in_bulk({pk for row in handed_over for pk in row[:2]})
        return Swept(
            looked_at, Counter({(bodies[old], bodies[new]): count for old, new, count in handed_over}), units_only, followers, rest
        )

    def carry_out(self, *, kind: str, at: datetime, actor_id: int | None, more: dict[str, Any]) -> list[int]:
        """Writes the moves that were found, each with its event; the ids of those events of which somebody is to be told."""
        asked: dict[str, Any] = {"kind": kind, "at": at, "actor": actor_id, "more": json.dumps(more)}
        with connection.cursor() as cursor:
            for statement in (*CARRY_OUT, EVENTS):
                cursor.execute(statement, asked)
            cursor.execute(FOLLOWED, asked)
            return [pk for (pk,) in cursor.fetchall()]

    def _answers(self, pairs: list[tuple[int, int]]) -> list[dict[str, Any]]:
        """Whom the rules name for these units and categories, asked once each, in memory."""
        units = Unit.objects.with_ancestors().in_bulk({unit for unit, _ in pairs})
        categories = Category.objects.in_bulk({category for _, category in pairs})
        found = []
        for unit, category in pairs:
            answer = self._answer(units[unit], categories[category])
            found.append(
                {
                    "unit_id": unit,
                    "category_id": category,
                    "body_id": answer.body.pk,
                    "triage": answer.needs_triage,
                    "trace": answer.trace,
                }
            )
        return found

    def _answer(self, unit: Unit, category: Category) -> Routing:
        shape = Placement(
            point=None,  # type: ignore[arg-type]  # an answer for all spots well inside the unit: what differs between them is added in SQL
            accuracy_m=None,
            on=self.on,
            unit=unit,
            method=Method.INSIDE,
            distance_m=0.0,
            ambiguous=False,
            candidates=[Candidate(unit, 0.0, 0.0)],
        )
        return route(shape, category, self.on, self._rules)
