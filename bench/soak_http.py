"""The whole site soaked: eight writers and four readers over HTTP, while web processes, the worker and connections of the database are killed.

A writer sends the same request with the same key until it is answered. Afterwards each key has one report, and the map counts what is there.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection, connections

from bench.load import answer, connect
from bench.scene import say
from bench.serving import ROOT, processes_below, served
from bench.soak import until_it_answers
from boundaries.models import UnitShape
from reports.models import IdempotencyKey, Report

FORK = get_context("fork")
WRITERS, READERS = 8, 4
WORKER = ("manage.py", "procrastinate", "worker", "--no-listen-notify", "--fetch-job-polling-interval", "1", "--concurrency", "2")


def run(seconds: float) -> dict[str, int]:
    """Counts of what was done and killed. Raises AssertionError where a report is lost or doubled, or the map miscounts."""
    from insights.pyramid.build import differences
    from insights.pyramid.fold import fold

    spots = [(s.label_point.y, s.label_point.x) for s in UnitShape.objects.filter(current=True, unit__active=True, unit__level="commune")]
    before = Report.objects.count()
    connections.close_all()
    killed = {"web": 0, "worker": 0, "database": 0}
    chance = random.Random(3)  # noqa: S311
    with served(env={"THROTTLE_FILE": ""}) as port:
        ours, theirs = FORK.Pipe()
        clients = FORK.Process(target=_clients, args=(theirs, port, spots, time.time() + seconds))
        clients.start()
        worker = _worker(port)
        until = time.time() + seconds - 5  # the last are asked for again in peace
        while time.time() < until:
            time.sleep(chance.uniform(0.7, 1.7))
            what = chance.choices(("web", "worker", "database"), (5, 2, 1))[0]
            if what == "worker":
                worker.kill()
                worker.wait()
                worker = _worker(port)
            elif what == "web":
                _kill_one(_web_processes(clients.pid or 0, worker.pid))
            else:
                _kill_one(_of_the_database())
            killed[what] += 1
        codes, views = ours.recv()
        clients.join()
        worker.terminate()
        worker.wait(timeout=60)
    until_it_answers()
    kept = dict(IdempotencyKey.objects.filter(key__in=codes).values_list("key", "report__code"))
    if kept != codes or Report.objects.count() - before != len(codes):
        raise AssertionError(f"lost or doubled: {len(codes)} answered, {len(kept)} kept, {Report.objects.count() - before} more")
    left = differences()
    while fold():
        pass
    left += differences()
    if left:
        raise AssertionError(f"the map differs: {left[:5]}")
    found = {
        "filed over HTTP": len(codes),
        "views meanwhile": views,
        **{f"killed: {what}": many for what, many in killed.items()},
        "map differs": len(left),
    }
    say(", ".join(f"{name} {value}" for name, value in found.items()))
    return found


def _worker(port: int) -> subprocess.Popen[bytes]:
    database = settings.DATABASES["default"]
    url = f"postgis://{database['USER']}:{database['PASSWORD']}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
    env = {**os.environ, "DATABASE_URL": url, "SITE_URL": f"http://127.0.0.1:{port}", "EMAIL_URL": "dummymail://"}
    return subprocess.Popen([sys.executable, *WORKER], cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603


def _web_processes(*others: int) -> list[int]:
    """gunicorn's workers: their parent is gunicorn, whose parent is this process."""
    found = []
    for pid in processes_below():
        with suppress(OSError):
            parent = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
            if parent != os.getpid() and pid not in others and b"gunicorn" in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(pid)
    return found


def _of_the_database() -> list[int]:
    """Processes that serve this database's other connections. One that is killed makes the server throw out all and recover from its log."""
    found: list[int] = []
    with suppress(DatabaseError, InterfaceError), connection.cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
        found = [pid for (pid,) in cursor.fetchall()]
    connections.close_all()
    return found


def _kill_one(pids: list[int]) -> None:
    if pids:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(random.choice(pids), signal.SIGKILL)  # noqa: S311


def _clients(answers: Connection, port: int, spots: list[tuple[float, float]], until: float) -> None:
    codes: dict[str, str] = {}
    views = [0] * READERS
    threads = [threading.Thread(target=_write, args=(port, spots, until, number, codes)) for number in range(WRITERS)]
    threads += [threading.Thread(target=_read, args=(port, until, number, views)) for number in range(READERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    answers.send((codes, sum(views)))


def _write(port: int, spots: list[tuple[float, float]], until: float, writer: int, codes: dict[str, str]) -> None:
    chance = random.Random(writer)  # noqa: S311
    number = 0
    while time.time() < until:
        number += 1
        lat, lon = chance.choice(spots)
        key = f"soak-{writer}-{number}"
        content = {
            "lat": lat,
            "lon": lon,
            "category": "pothole",
            "description": f"Ổ gà {key}",
            "name": "Nguyễn Văn An",
            "phone": "0912345678",
        }
        body = json.dumps(content).encode()
        head = f"POST /api/v1/reports/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\nIdempotency-Key: {key}\r\n\r\n"
        codes[key] = json.loads(_until_answered(port, head.encode() + body))["code"]


def _read(port: int, until: float, reader: int, views: list[int]) -> None:
    while time.time() < until:
        path = f"/api/v1/map/clusters/?bbox=104.{5 + reader},8.5,105.{5 + reader},9.6&zoom={8 + reader}"
        _until_answered(port, f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        views[reader] += 1


_lines = threading.local()


def _until_answered(port: int, request: bytes) -> bytes:
    """The body of a good answer; the same request again, over a new line, where the line broke or the site said that it cannot."""
    for _ in range(600):
        try:
            _lines.line = getattr(_lines, "line", None) or connect(port)
            _lines.line.sendall(request)
            status, body = answer(_lines.line)
            if status in {200, 201}:
                return bytes(body)
            if status < 500:
                raise AssertionError(f"{status}: {body[:300]!r}")
        except (OSError, ValueError, IndexError):
            pass
        _lines.line = None
        time.sleep(0.1)
    raise AssertionError("no answer for a minute")
