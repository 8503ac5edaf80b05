"""A report filed in two statements: one that looks up the place, one that writes everything. By hand for speed (docs/adr/0024); what they
write is what the models say, one by one, and a test compares them row by row.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache, partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.gis.geos import Point
from django.db.models import Model
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector
from psycopg.types.json import Jsonb

from boundaries.locate import CANDIDATES, COVERING, IN_EVERY_EDITION, MAX_ACCURACY_M, Place, place
from gis.bbox import degrees_around
from gis.prepared import one_row
from reports import tasks
from reports.models import Conflict, Contact, Follow, Handling, IdempotencyKey, Report, ReportEvent, ReportPlace

PARTS = (ReportPlace, Handling, Conflict, Contact, Follow, IdempotencyKey)

# --- looking up -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Found:
    """What the database knows of a spot: the version of the settings, the rows of `locate`, and the place in each active edition.

    And whether a report was filed with the key.
    """

    version: Decimal | None
    rows: Sequence[tuple[int, float, float]]
    places: Sequence[Place]
    key_is_known: bool


def look_up(point: Point, accuracy_m: float | None, on: date, *, key: str = "", level: str = "commune") -> Found:
    """Asks what `locate` and `place_in_every_edition` ask, in one statement; rows are empty where no unit covers a point without a circle.

    No report has the key "".
    """
    radius = min(accuracy_m, MAX_ACCURACY_M) if accuracy_m else 0.0
    dx, dy = degrees_around(point, settings.SNAP_DISTANCE_M)
    lon, lat = point.coords
    asked = {"lon": lon, "lat": lat, "on": on, "level": level, "dx": dx, "dy": dy, "limit": float(settings.SNAP_DISTANCE_M)}
    asked["key"] = key
    if radius:
        wide_x, wide_y = degrees_around(point, max(settings.SNAP_DISTANCE_M, radius))
        asked |= {"radius": radius, "wide_x": wide_x, "wide_y": wide_y}
    version, rows, places, known = one_row(_look_up(bool(radius)), asked)
    return Found(version, [(pk, float(distance), float(share)) for pk, distance, share in rows], [place(*row) for row in places], known)


@cache
def _look_up(circle: bool) -> str:
    found = CANDIDATES.replace("%(dx)s", "%(wide_x)s").replace("%(dy)s", "%(wide_y)s") if circle else COVERING
    return f"""
    SELECT (SELECT sum(mark) FROM authorities_settingchange),
           (SELECT coalesce(json_agg(json_build_array(id, distance, share)), '[]') FROM ({found}) AS found),
           (SELECT coalesce(json_agg(json_build_array(id, unit_id, distance)), '[]') FROM ({IN_EVERY_EDITION}) AS everywhere),
           EXISTS (SELECT FROM reports_idempotencykey WHERE key = %(key)s)
    """  # noqa: S608  constants only


# --- writing ----------------------------------------------------------------------------------------------------------


def write_at_once(report: Report, parts: Sequence[Model], event: ReportEvent) -> None:
    """Writes a new report, its parts (of PARTS), its first event and the event's jobs in one statement, and gives report and event their keys."""
    given: dict[str, Any] = {model._meta.db_table: [] for model in PARTS}
    for part in parts:
        given[part._meta.db_table].append(_values(part))
    given["report"], given["event"] = _values(report), _values(event)
    # Where another connector takes the jobs, as a demonstration's that forgets them, none goes to the database
    waiting = (tasks.tell_followers, tasks.tell_officers) if isinstance(app.connector, DjangoConnector) else ()
    given["jobs"] = [_job(task) for task in waiting]
    document = Jsonb(given, dumps=partial(json.dumps, default=_plain, ensure_ascii=False))
    report.pk, event.pk, _jobs = one_row(_write(), {"given": document})
    for written in (report, event):
        written._state.adding, written._state.db = False, "default"


@cache
def _columns(model: type[Model]) -> tuple[tuple[str, Any], ...]:
    """(column, field) of what is written: not the key, which the database gives, and not what it computes."""
    return tuple((str(field.column), field) for field in model._meta.concrete_fields if not field.primary_key and not field.generated)


def _values(written: Model) -> dict[str, Any]:
    return {column: field.pre_save(written, True) for column, field in _columns(type(written))}


def _plain(value: Any) -> str:
    """A value as PostgreSQL reads it from text."""
    if isinstance(value, date):  # a moment is one too
        return value.isoformat()
    if isinstance(value, Point):
        return _EWKB.pack(1, _POINT_WITH_SRID, value.srid, *value.coords).hex()
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"There is no plain form of {type(value).__name__}")


_EWKB = struct.Struct("<BIIdd")  # what `Point.hexewkb` says, without a call of GEOS for each of its parts
_POINT_WITH_SRID = 0x20000001


def _job(task: Any) -> Mapping[str, Any]:
    return {
        "queue_name": task.queue,
        "task_name": task.name,
        "priority": task.priority,
        "lock": task.lock,
        "queueing_lock": task.queueing_lock,
    }


@cache
def _write() -> str:
    """The statement: types and order of the columns are the tables' own; the report comes first, so that triggers find it."""
    head = ", ".join(column for column, _ in _columns(Report))
    parts = ",\n".join(f"{model._meta.db_table}_ AS ({_part(model, f'given.d -> {model._meta.db_table!r}')})" for model in PARTS)
    event = _part(ReportEvent, "jsonb_build_array(given.d -> 'event')")
    return f"""
    WITH given AS MATERIALIZED (SELECT %(given)s::jsonb AS d),
    report AS (
      INSERT INTO {Report._meta.db_table} ({head})
      SELECT {head} FROM given, jsonb_populate_record(NULL::{Report._meta.db_table}, given.d -> 'report') RETURNING id
    ),
    {parts},
    event AS ({event} RETURNING id)
    SELECT report.id, event.id, procrastinate_defer_jobs_v1((
      SELECT coalesce(array_agg(
        (job.queue_name, job.task_name, job.priority, job.lock, job.queueing_lock, jsonb_build_object('event_id', event.id), NULL)
        ::procrastinate_job_to_defer_v1
      ), '{{}}') FROM jsonb_populate_recordset(NULL::procrastinate_job_to_defer_v1, given.d -> 'jobs') AS job
    )) FROM given, report, event
    """  # noqa: S608  names of tables and columns only


def _part(model: type[Model], rows: str) -> str:
    columns = [column for column, _ in _columns(model) if column != "report_id"]
    names, values = ", ".join(f'"{column}"' for column in columns), ", ".join(f'part."{column}"' for column in columns)
    table = model._meta.db_table
    return f"""
      INSERT INTO {table} (report_id, {names})
      SELECT report.id, {values} FROM report, given, jsonb_populate_recordset(NULL::{table}, {rows}) AS part"""  # noqa: S608  names only
