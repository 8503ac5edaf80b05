"""Each event is chained to the one before it, whoever writes it."""

import json
import threading
from datetime import UTC, datetime, timedelta
from importlib import import_module

import pytest
from django.contrib.gis.geos import Point
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reports.history import chain
from reports.models import Report, ReportEvent
from reports.services import Filing, file_report, take_step
from reports.tests.desk_cases import file, waiting_for_a_lock
from reports.tests.worker import forget_jobs

pytestmark = pytest.mark.django_db

BROKEN = """
SELECT report.code, event.number FROM (
  SELECT row_number() OVER whole AS place, lag(event.hash) OVER whole AS previous, event.* FROM reports_reportevent AS event
  WINDOW whole AS (PARTITION BY event.report_id ORDER BY event.number)
) AS found
JOIN reports_reportevent AS event ON event.id = found.id
JOIN reports_report AS report ON report.id = event.report_id
WHERE found.place <> event.number OR event.hash <> history_link(found.previous, history_content(report.code, event))
"""


def broken():
    with connection.cursor() as cursor:
        cursor.execute(BROKEN)
        return cursor.fetchall()


def test_events_of_a_report_are_numbered_and_linked_in_the_order_of_their_writing(pothole, body_a, binh, spot_a):
    report = file(pothole, spot_a)
    take_step(report.pk, step="accept", actor=binh)
    other = file(pothole, spot_a)
    assert list(report.events.order_by("pk").values_list("number", flat=True)) == [1, 2]
    assert list(other.events.values_list("number", flat=True)) == [1]
    assert len(set(ReportEvent.objects.values_list("hash", flat=True))) == 3
    assert broken() == []


def test_python_computes_the_hashes_of_the_database(pothole, body_a, binh, spot_a):
    report = file(pothole, spot_a)
    take_step(report.pk, step="accept", actor=binh)
    previous = chain.NOTHING
    for event in report.events.order_by("number"):
        with connection.cursor() as cursor:
            cursor.execute("SELECT history_closed_digest(salt, actor_id, data) FROM reports_reportevent WHERE id = %s", [event.pk])
            (closed,) = cursor.fetchone()
        line = chain.open_text(
            report.code, event.number, event.at, event.kind, event.status_before, event.status_after, event.body_id, event.public
        )
        previous = chain.link(previous, chain.content(line, bytes(closed)))
        assert previous == bytes(event.hash)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    code=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=10),
    at=st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
    body=st.none() | st.integers(1, 2**62),
    public=st.booleans(),
)
def test_the_open_text_is_the_same_line_in_python_and_in_the_database(db, code, at, body, public):
    with connection.cursor() as cursor:
        cursor.execute("SELECT history_open_text(%s, 7, %s, 'accept', 'new', 'accepted', %s::bigint, %s)", [code, at, body, public])
        (line,) = cursor.fetchone()
    assert line == chain.open_text(code, 7, at, "accept", "new", "accepted", body, public)
    assert json.loads(line)[0] == code


def test_what_a_writer_says_of_number_salt_and_hash_does_not_count(pothole, body_a, spot_a):
    report = file(pothole, spot_a)
    ReportEvent.objects.create(report=report, kind="note", number=17, hash=b"\1" * 32)
    event = report.events.get(kind="note")
    assert event.number == 2
    assert bytes(event.hash) != b"\1" * 32
    assert event.salt.int != 0
    assert broken() == []


def test_many_events_of_one_report_in_one_statement_are_chained_in_order(pothole, body_a, spot_a):
    reports = [file(pothole, spot_a) for _ in range(3)]
    ReportEvent.objects.bulk_create(ReportEvent(report=report, kind="note", data={"turn": turn}) for turn in range(4) for report in reports)
    for report in reports:
        turns = report.events.filter(kind="note").order_by("number").values_list("number", "data__turn")
        assert list(turns) == [(2, 0), (3, 1), (4, 2), (5, 3)]
    assert broken() == []


def test_an_event_of_no_report_is_refused(db):
    with pytest.raises(DatabaseError, match="There is no report"), transaction.atomic():
        ReportEvent.objects.create(report_id=1, kind="note")


@pytest.mark.parametrize(
    "statement",
    ["UPDATE reports_reportevent SET public = NOT public", "DELETE FROM reports_reportevent", "UPDATE reports_reportevent SET number = 9"],
)
def test_the_database_refuses_to_change_history(statement, pothole, body_a, spot_a):
    file(pothole, spot_a)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_the_database_refuses_to_empty_history_unless_it_is_a_test_s(pothole, body_a, spot_a):
    file(pothole, spot_a)
    with connection.cursor() as cursor:
        cursor.execute("SELECT prosrc FROM pg_proc WHERE proname = 'refuse_emptying_of_history'")
        (source,) = cursor.fetchone()
        assert "'test\\_%'" in source
        cursor.execute(  # the same function, as it stands where the database is not a test's
            "CREATE FUNCTION pg_temp.refuse() RETURNS trigger LANGUAGE plpgsql AS %s", [source.replace("test", "other")]
        )
        cursor.execute("CREATE TRIGGER really BEFORE TRUNCATE ON reports_reportevent EXECUTE FUNCTION pg_temp.refuse()")
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            cursor.execute("TRUNCATE reports_reportevent")
    assert ReportEvent.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_writers_at_once_on_one_report_give_an_unbroken_chain(pothole, body_a, spot_a):
    report = file(pothole, spot_a)
    errors = []
    inserted, go_on = threading.Event(), threading.Event()

    def first():
        try:
            with transaction.atomic():
                ReportEvent.objects.create(report=report, kind="note", data={"who": "first"})
                inserted.set()
                go_on.wait(10)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    def second():
        try:
            inserted.wait(10)
            ReportEvent.objects.create(report=report, kind="note", data={"who": "second"})  # waits for the first one's end
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=target) for target in (first, second)]
    for thread in threads:
        thread.start()
    until = timezone.now() + timedelta(seconds=10)
    while not waiting_for_a_lock() and timezone.now() < until:
        pass
    go_on.set()
    for thread in threads:
        thread.join()
    forget_jobs()
    assert errors == []
    assert list(report.events.order_by("number").values_list("number", "data__who")) == [(1, None), (2, "first"), (3, "second")]
    assert broken() == []


def test_the_migration_chains_what_was_written_before_it(pothole, body_a, binh, spot_a):
    reports = [file(pothole, spot_a) for _ in range(3)]
    for report in reports[1:]:
        take_step(report.pk, step="accept", actor=binh)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE reports_reportevent DROP CONSTRAINT event_number_once_a_report, DISABLE TRIGGER history_is_append_only")
        cursor.execute("UPDATE reports_reportevent SET number = 0, hash = '', salt = '00000000-0000-0000-0000-000000000000'")
        assert len(broken()) == 5
        cursor.execute(import_module("reports.migrations.0007_history_chain").BACKFILL)
    assert broken() == []
    assert [list(report.events.order_by("pk").values_list("number", flat=True)) for report in reports] == [[1], [1, 2], [1, 2]]
    take_step(reports[0].pk, step="accept", actor=binh)
    assert broken() == []
    with pytest.raises(DatabaseError, match="append-only"):
        ReportEvent.objects.update(public=False)


def test_a_report_s_code_stands_in_its_chain(pothole, body_a, spot_a):
    """An event carried over to another report does not fit there."""
    report = file_report(Filing(location=Point(spot_a.x, spot_a.y, srid=4326), category=pothole, description="Ổ gà"))
    Report.objects.filter(pk=report.pk).update(code="0" * 10)
    assert broken() == [("0" * 10, 1)]
