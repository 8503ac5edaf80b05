"""Filing over HTTP: JSON without photo, as in production, in the two ways that there are, by one client and by eight, alone and with a commit of 2 ms.

Every request has a key of its own; a tenth of them are sent twice. Afterwards each answer's report is looked for, and none may be there twice.
"""

from __future__ import annotations

import json
import os
import random
import threading
import time
from collections.abc import Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

from django.db import connection

from bench.load import answer, connect, percentile
from bench.scene import make_desk, say
from bench.serving import processor_seconds, served
from boundaries.models import UnitShape
from reports.models import IdempotencyKey, Report

FORK = get_context("fork")
WAYS = {"one statement": {"FILING_AT_ONCE": "true"}, "the models, one by one": {"FILING_AT_ONCE": "false"}}
CLIENTS = 8
SLEEPING = """
CREATE OR REPLACE FUNCTION bench_sleep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(%s); RETURN NULL; END $$
"""
LATE = """
CREATE CONSTRAINT TRIGGER bench_commit_takes_long AFTER INSERT ON reports_report DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION bench_sleep()
"""
AGAIN = 10  # every so many-th request is sent twice


def run(number: int, open_percent: int, seconds: float = 4) -> dict[str, Any]:
    """Requests a second and percentiles in seconds, by way, clients and commit; ratios of the ways. Raises where a report is lost or doubled."""
    make_desk(number, open_percent)
    spots = [(s.label_point.y, s.label_point.x) for s in UnitShape.objects.filter(current=True, unit__active=True, unit__level="commune")]
    found: dict[str, dict[str, float]] = {}
    for delay in (0, 0.002):
        _commit_delay(delay)
        for way, env in WAYS.items():
            with served(env={**env, "THROTTLE_FILE": "100000000/h"}) as port:
                _measured(port, spots, CLIENTS, 3)  # then connections, plans, modules and pages of the database are warm
                for clients in (1, CLIENTS):
                    name = f"{way}, {clients} client{'s' * (clients > 1)}{', commit of 2 ms' * (delay > 0)}"
                    found[name] = _measured(port, spots, clients, seconds)
                    say(f"{name}: " + ", ".join(f"{what} {value:.1f}" for what, value in found[name].items()))
    _commit_delay(0)
    ratios = {
        f"{name}: one statement / the models, requests a second": figures["a second"]
        / found[name.replace("one statement", "the models, one by one")]["a second"]
        for name, figures in found.items()
        if name.startswith("one statement")
    }
    return {
        "reports": Report.objects.count(),
        "by_way": found,
        "load_before": os.getloadavg()[0],
        "seconds": {f"{name}, {p}": figures[p] / 1e3 for name, figures in found.items() for p in figures if p != "a second"},
        "rates": {name: figures["a second"] for name, figures in found.items()},
        "ratios": ratios,
    }


def _commit_delay(seconds: float) -> None:
    """Makes every commit that files a report wait, as a disk with a slow flush does. (PostgreSQL's `commit_delay` only a superuser may set.)"""
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER IF EXISTS bench_commit_takes_long ON reports_report")
        if seconds:
            cursor.execute(SLEEPING, [seconds])
            cursor.execute(LATE)


def _measured(port: int, spots: list[tuple[float, float]], clients: int, seconds: float) -> dict[str, float]:
    """One process with a thread a client, each with a kept connection; milliseconds."""
    ours, theirs = FORK.Pipe()
    process = FORK.Process(target=_clients, args=(theirs, port, spots, clients, seconds))
    before = Report.objects.count()
    at_first = processor_seconds()
    process.start()
    spent, codes, took = ours.recv()
    process.join()
    at_last = processor_seconds()
    kept = dict(IdempotencyKey.objects.filter(key__in=codes).values_list("key", "report__code"))
    if kept != codes or Report.objects.count() - before != len(codes):
        raise AssertionError(f"lost or doubled: {len(codes)} answered, {len(kept)} kept, {Report.objects.count() - before} more")
    milliseconds = sorted(second * 1e3 for second in spent)
    worked = {f"processor, {name}": 1e3 * (at_last[name] - at_first[name]) / len(codes) for name in at_first}
    return {"a second": len(codes) / took, **{f"p{p}": percentile(milliseconds, p) for p in (50, 95, 99)}, **worked}


def _clients(answers: Connection, port: int, spots: list[tuple[float, float]], clients: int, seconds: float) -> None:
    spent: list[float] = []
    codes: dict[str, str] = {}
    until, start = time.perf_counter() + seconds, time.perf_counter()
    threads = [threading.Thread(target=_client, args=(port, spots, until, spent, codes)) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    answers.send((spent, codes, time.perf_counter() - start))


def _client(port: int, spots: list[tuple[float, float]], until: float, spent: list[float], codes: dict[str, str]) -> None:
    """Sends until the time is up."""
    line = connect(port)
    for number, (key, request) in enumerate(_requests(spots)):
        if time.perf_counter() > until:
            break
        for again in range(1 + (number % AGAIN == 0)):
            start = time.perf_counter()
            line.sendall(request)
            status, body = answer(line)
            if status != (200 if again else 201) or codes.setdefault(key, json.loads(body)["code"]) != json.loads(body)["code"]:
                raise AssertionError(f"{status}: {body[:300]!r}")
            if not again:
                spent.append(time.perf_counter() - start)
    line.close()


def _requests(spots: list[tuple[float, float]]) -> Iterator[tuple[str, bytes]]:
    chance = random.Random()  # noqa: S311
    name = f"{chance.getrandbits(48):x}"
    for number in range(1_000_000):
        lat, lon = chance.choice(spots)
        text = f"Ổ gà sâu trước cổng trường, số {number}"
        content = {"lat": lat, "lon": lon, "category": "pothole", "description": text, "name": "Nguyễn Văn An", "phone": "0912345678"}
        body, key = json.dumps(content).encode(), f"{name}-{number}"
        head = f"POST /api/v1/reports/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\nIdempotency-Key: {key}\r\n\r\n"
        yield key, head.encode() + body
