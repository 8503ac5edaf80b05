"""Writers, readers and a folding job at once, some of them killed in between, the database too: every answer has to be exact, and so has the end.

Each reader compares what the pyramid answers with a count of the reports in the same snapshot. Afterwards every cell is compared.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import random
import signal
import time
from collections.abc import Callable
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import Any

from django.db import DatabaseError, InterfaceError, connection, connections, transaction

FORK = multiprocessing.get_context("fork")
FIRST = """
INSERT INTO reports_report (
  code, category_id, description, place_note, location_at_filing, location, unit_at_filing_id, unit_id, method, distance_m, ambiguous, authority_id,
  status, severity, published_at, filed_at, changed_at, version, channel, language, token_generation
)
SELECT upper(substr(md5(random()::text), 1, 10)), category.id, 'x', '', spot, spot, NULL, NULL, 'none', 0, false, body.id, 'new', 2,
       CASE WHEN random() < 0.9 THEN now() END, now() - random() * interval '900 days', now(), 1, 'web', 'vi', 1
FROM (SELECT id FROM authorities_category ORDER BY random() LIMIT 1) AS category,
     (SELECT id FROM authorities_body ORDER BY id LIMIT 1) AS body,
     generate_series(1, %(many)s) AS number,
     LATERAL (SELECT ST_SetSRID(ST_MakePoint(104.8 + (%(place)s %% 7) * 0.1 + random() * 0.01, 8.7 + random() * 0.8), 4326) AS spot) AS made
ON CONFLICT (code) DO NOTHING
"""
SOME = "(SELECT id FROM reports_report WHERE id %% 8 = %(mine)s ORDER BY random() LIMIT %(many)s)"
CHANGES = (
    f"UPDATE reports_report SET status = (ARRAY['new', 'accepted', 'surveying', 'in_progress', 'waiting'])[1 + (random() * 4)::int] WHERE id IN {SOME}",  # noqa: S608
    f"UPDATE reports_report SET location = ST_Translate(location, random() * 0.02 - 0.01, random() * 0.02 - 0.01) WHERE id IN {SOME}",  # noqa: S608
    f"UPDATE reports_report SET published_at = CASE WHEN published_at IS NULL THEN now() END WHERE id IN {SOME}",  # noqa: S608
    f"DELETE FROM reports_report WHERE id IN {SOME}",  # noqa: S608
)
RECOUNT = """
SELECT count(*), coalesce(sum(report.id), 0) FROM reports_report AS report JOIN authorities_category AS category ON category.id = report.category_id
WHERE published_at IS NOT NULL AND category.publication <> 'never' AND cell_x BETWEEN %(west)s AND %(east)s AND cell_y BETWEEN %(north)s AND %(south)s
"""


def writer(number: int, until: float) -> None:
    """Files, changes and deletes, a few rows at a time; half of its transactions roll back now and then."""
    chance = random.Random(number + os.getpid())  # noqa: S311
    while time.time() < until:
        with _bearing_restarts(), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(FIRST, {"many": chance.randint(1, 4), "place": number})
            cursor.execute(chance.choice(CHANGES), {"mine": number % 8, "many": chance.randint(1, 4)})
            if chance.random() < 0.1:
                transaction.set_rollback(True)


def reader(number: int, until: float, wrong: Any, answers: Any) -> None:
    """Asks for views; notes where the answer is not what a count in the same snapshot gives."""

    from insights.clusters import window_of
    from insights.pyramid.read import Mix, rows

    chance = random.Random(number + os.getpid())  # noqa: S311
    while time.time() < until:
        zoom = chance.randint(6, 17)
        width = 360 / 2**zoom * 3
        west, south = chance.uniform(104.7, 105.5), chance.uniform(8.6, 9.5)
        window = window_of((west, south, west + width, south + width * 0.7), zoom)
        with _bearing_restarts(), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            found = rows(Mix.of({}), window, built=True)
            cursor.execute(RECOUNT, window.finest)
            counted = cursor.fetchone()
            answered = (sum(int(row[2]) for row in found), sum(int(row[5]) for row in found))
            answers.value += 1
            if answered != (int(counted[0]), int(counted[1])):
                wrong.put(f"zoom {zoom}, {window}: {answered} answered, {counted} counted")


def folder(until: float) -> None:
    """Folds without a pause."""
    from insights.pyramid.fold import fold

    while time.time() < until:
        with _bearing_restarts():
            fold()
        time.sleep(0.05)


@contextlib.contextmanager
def _bearing_restarts() -> Any:
    """A server that goes away is a pause, no error; so are two who wait for each other."""
    try:
        yield
    except (DatabaseError, InterfaceError):
        with contextlib.suppress(Exception):
            connections.close_all()
        time.sleep(0.2)


def soak(*, seconds: float, writers: int, readers: int, kill_database: bool) -> dict[str, Any]:
    """Runs them, and kills one of them each second or two; then compares. Raises AssertionError where anything differs."""
    from insights.pyramid.build import build, differences
    from insights.pyramid.fold import fold
    from insights.pyramid.models import Delta
    from reports.models import Report

    with connection.cursor() as cursor:
        cursor.execute(FIRST, {"many": 500, "place": 3})
    build()
    connections.close_all()
    until = time.time() + seconds
    wrong, answers = FORK.SimpleQueue(), FORK.Value("i", 0)
    kinds: list[tuple[Callable[..., None], tuple[Any, ...]]] = [(writer, (number, until)) for number in range(writers)]
    kinds += [(reader, (number, until, wrong, answers)) for number in range(readers)]
    kinds.append((folder, (until,)))
    processes = [_started(kind) for kind in kinds]
    chance, killed, crashes = random.Random(1), 0, 0  # noqa: S311
    while time.time() < until - 1:
        time.sleep(chance.uniform(0.5, 1.5))
        place = chance.randrange(len(processes))
        if kill_database and chance.random() < 0.08:
            crashes += _crash()
        processes[place].kill()
        processes[place].join()
        processes[place] = _started(kinds[place])
        killed += 1
    for process in processes:
        process.join(timeout=60)
        if process.is_alive():
            process.kill()
    told = []
    while not wrong.empty():
        told.append(wrong.get())
    until_it_answers()
    waited = Delta.objects.count()
    left = differences()
    while fold():
        pass
    left += differences()
    found = {
        "killed": killed,
        "crashes": crashes,
        "answers": answers.value,
        "waited": waited,
        "reports": Report.objects.count(),
        "differences": len(left),
    }
    if told or left:
        raise AssertionError(f"{found}: {[*told, *left][:5]}")
    return found


def until_it_answers() -> None:
    """Waits for a database that recovers."""
    for _ in range(300):
        try:
            connections.close_all()
            connection.ensure_connection()
        except (DatabaseError, InterfaceError):
            time.sleep(0.2)
        else:
            return
    raise SystemExit("The database did not recover within a minute.")


def _started(kind: Any) -> ForkProcess:
    work, given = kind
    process = FORK.Process(target=work, args=given, daemon=True)
    process.start()
    return process


def _crash() -> int:
    """Kills a process of the database as the kernel does when memory ends: the server throws all others out and recovers from its log."""
    with contextlib.suppress(DatabaseError, InterfaceError, ProcessLookupError, PermissionError):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() LIMIT 1")
            row = cursor.fetchone()
        connections.close_all()
        if row and Path(f"/proc/{row[0]}").exists():
            os.kill(row[0], signal.SIGKILL)
            time.sleep(3)
            return 1
    return 0


def run(seconds: float) -> dict[str, Any]:
    """Eight writers and four readers, first by SQL and then over HTTP; what is told are counts: the soak either finds nothing, or ends with an error."""
    from django.core.management import call_command

    call_command("load_boundaries", str(_outlines()), "--activate", verbosity=0)
    call_command("load_authorities", verbosity=0)
    found = soak(seconds=seconds, writers=8, readers=4, kill_database=True)
    from bench import soak_http

    found |= soak_http.run(seconds)
    return {**found, "seconds": {"of soaking": seconds}, "ratios": {}}


def _outlines() -> Path:
    from bench.scene import NEW

    return NEW
