"""A database for benchmarks: units of both periods, their bodies and rules, and as many reports as asked for, written by SQL; the same ones each time."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection

from boundaries.models import Edition, Level, Unit
from reports.models import Report

DATA = Path(settings.BASE_DIR).parent / "shared" / "data"
OLD, NEW = DATA / "camau_baclieu_pre2025_15m.geojson", DATA / "camau_2025_15m.geojson"
CLOSED = ("resolved", "returned")
MOST_WITH_EVERYTHING = (
    2_000_000  # reports that get events, handlings and contacts too; of more there are only the rows that the map and the lists read
)

# In each commune as many: six in ten around a place of its own, the others anywhere. Random numbers are hashes of the number: the same each time
REPORTS = """
INSERT INTO reports_report (
  code, category_id, description, place_note, location_at_filing, location, accuracy_m, unit_at_filing_id, unit_id, method, distance_m, ambiguous,
  authority_id, authority_at_closing_id, status, severity, followers, published_at, filed_at, due_at, closed_at, changed_at, version, return_reason_id, channel, language,
  token_generation
)
SELECT lpad(to_hex(number), 10, '0'), category.id, 'Báo cáo thử số ' || number, '', point, point,
       CASE WHEN number % 3 > 0 THEN 4 + number % 60 END, unit.id, unit.id, 'inside', 0, false,
       body.id, CASE WHEN status IN ('resolved', 'returned') THEN body.id END, status, 1 + (number / 17 %% 10 > 0)::int + (number / 17 %% 10 > 7)::int, CASE WHEN number / 19 %% 10 = 0 THEN number / 190 %% 12 ELSE 0 END,
       filed, filed, date_trunc('day', filed AT TIME ZONE 'Asia/Ho_Chi_Minh' + (7 + number / 23 %% 14) * interval '1 day') AT TIME ZONE 'Asia/Ho_Chi_Minh' + interval '17 hours',
       CASE WHEN status IN ('resolved', 'returned') THEN filed + interval '5 days' END, filed, 1,
       CASE WHEN status = 'returned' THEN (SELECT min(id) FROM authorities_returnreason) END, 'web', 'vi', 1
FROM (
  SELECT unit.id, (row_number() OVER (ORDER BY unit.code)) AS place, shape.geometry, shape.label_point
  FROM boundaries_unit AS unit JOIN boundaries_unitshape AS shape ON shape.unit_id = unit.id AND shape.current
  WHERE unit.active AND unit.level = 'commune'
) AS unit
JOIN LATERAL (
  SELECT body.id FROM authorities_territory AS territory JOIN authorities_body AS body ON body.id = territory.body_id
  WHERE territory.unit_id = unit.id AND body.kind = 'commune_committee' LIMIT 1
) AS body ON true
CROSS JOIN LATERAL (
  SELECT (ST_Dump(ST_GeneratePoints(unit.geometry, (%(each)s * 0.4)::int, 1 + unit.place::int))).geom AS point
  UNION ALL
  SELECT (ST_Dump(ST_GeneratePoints(ST_Intersection(unit.geometry, ST_Buffer(unit.label_point, 0.008)), (%(each)s * 0.6)::int, 7 + unit.place::int))).geom
) AS spot
CROSS JOIN LATERAL (SELECT hashtextextended(ST_AsBinary(point)::text, 1) & 9223372036854775807 AS number) AS hashed
CROSS JOIN LATERAL (
  SELECT CASE WHEN (number / 100) %% 100 < %(open)s THEN (ARRAY['new', 'accepted', 'in_progress', 'surveying'])[1 + (number / 7) %% 4]
              WHEN (number / 7) %% 7 = 0 THEN 'returned' ELSE 'resolved' END AS status,
         timestamptz '2022-07-01 08:00+07' + ((number / 11) %% 1576800) * interval '1 minute' AS long_ago,
         timestamptz '2025-05-01 08:00+07' + ((number / 11) %% 86400) * interval '1 minute' AS lately
) AS stood
CROSS JOIN LATERAL (SELECT CASE WHEN status IN ('resolved', 'returned') THEN long_ago ELSE lately END AS filed) AS made
JOIN (SELECT id, row_number() OVER (ORDER BY code) - 1 AS place, count(*) OVER () AS many FROM authorities_category WHERE in_scope AND NOT about_officials)
  AS category ON category.place = (number / 13) %% category.many
ON CONFLICT (code) DO NOTHING
"""
PLACES = """
INSERT INTO reports_reportplace (report_id, edition_id, unit_id, method, distance_m)
SELECT report.id, unit.edition_id, unit.id, 'inside', 0 FROM reports_report AS report JOIN boundaries_unit AS unit ON unit.id = report.unit_id
"""
HANDLINGS = "INSERT INTO reports_handling (report_id, body_id, since) SELECT id, authority_id, filed_at FROM reports_report"
CONTACTS = """
INSERT INTO reports_contact (report_id, name, phone, email)
SELECT id, 'Người gửi số ' || id, '09' || lpad((id * 7919 %% 100000000)::text, 8, '0'), '' FROM reports_report
""".replace("%%", "%")
EVENTS = """
INSERT INTO reports_reportevent (report_id, at, kind, status_before, status_after, body_id, public, data)
SELECT id, filed_at, 'filed', '', 'new', authority_id, true, '{}' FROM reports_report
"""


def say(text: str) -> None:
    """A line at once, on the way to nowhere else."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def make_merger(number: int, open_percent: int) -> Edition:
    """An empty database becomes the day before the merger: reports of the old units, and the new edition as a draft."""
    start = time.monotonic()
    made = _units_and_reports(OLD, number, open_percent)
    call_command("load_boundaries", str(NEW), verbosity=0)
    call_command("load_authorities", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    say(f"{made} reports made in {time.monotonic() - start:.0f} s")
    return Edition.objects.get(state=Edition.State.DRAFT)


def make_desk(number: int, open_percent: int) -> None:
    """An empty database becomes a province at work: reports of the units of today, with their bodies, handlings and contacts. A scene stays as it is."""
    start = time.monotonic()
    if Report.objects.exists():
        say("the scene stands")
        return
    made = _units_and_reports(NEW, number, open_percent)
    with connection.cursor() as cursor:
        if number <= MOST_WITH_EVERYTHING:
            cursor.execute(HANDLINGS)
            cursor.execute(CONTACTS)
        cursor.execute("VACUUM ANALYZE")
    say(f"{made} reports made in {time.monotonic() - start:.0f} s")


def _units_and_reports(outlines: Path, number: int, open_percent: int) -> int:
    """Loads the units of a file with their bodies, and makes about as many reports in them; how many."""
    if not (OLD.exists() and NEW.exists()):
        raise SystemExit("This benchmark compares on real outlines, which are not here (../shared/data).")
    call_command("load_boundaries", str(outlines), "--activate", verbosity=0)
    call_command("load_authorities", verbosity=0)
    communes = Unit.objects.filter(active=True, level=Level.COMMUNE).count()
    statement = REPORTS.replace("number % 3", "number %% 3").replace("number % 60", "number %% 60")
    asked = {"each": number / communes, "open": open_percent}
    with connection.cursor() as cursor:
        if number > MOST_WITH_EVERYTHING:
            with _only_rows("reports_report"):
                cursor.execute(statement, asked)
                made = int(cursor.rowcount)
            with _only_rows("reports_reportplace"):
                cursor.execute(PLACES)
            return made
        # The index of words is made after the rows, as a restore does
        cursor.execute("DROP INDEX report_words")
        cursor.execute(statement, asked)
        made = int(cursor.rowcount)
        cursor.execute(PLACES)
        cursor.execute(EVENTS)
        cursor.execute("CREATE INDEX report_words ON reports_report USING gin (report_words(description, place_note))")
    return made


@contextmanager
def _only_rows(table: str) -> Iterator[None]:
    """The table without triggers, foreign keys and what indexes are not unique, which come back at the end, as a restore does it: what triggers keep has to be counted anew."""
    start = time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'f'", [table]
        )
        keys = cursor.fetchall()
        cursor.execute(
            "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = %s::regclass AND NOT indisunique",
            [table],
        )
        indexes = cursor.fetchall()
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for name, _definition in keys:
            cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
        for name, _definition in indexes:
            cursor.execute(f"DROP INDEX {name}")
        yield
        say(f"{table}: rows after {time.monotonic() - start:.0f} s")
        for _name, definition in indexes:
            cursor.execute(definition)
        for name, definition in keys:
            cursor.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        say(f"{table}: indexes and foreign keys after {time.monotonic() - start:.0f} s")
