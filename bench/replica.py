"""Whoever files a report sees it in the list at once, though lists are read from a replica: while it follows, while it stands still, and when it is gone.

Wants a streaming replica of the server, whose address without a database stands in REPLICA_SERVER (postgis://user:password@host:port) of somebody who may stop its
replay.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import threading
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection

from bench.scene import make_desk, say
from bench.serving import served
from boundaries.models import UnitShape

CLIENTS = 4
EACH = 50


def run(number: int, open_percent: int) -> dict[str, Any]:
    """How many lists were asked for, and how many of them the replica answered, by what it does meanwhile. Raises where a report is missed."""
    server = os.environ.get("REPLICA_SERVER", "")
    if not server:
        return {"seconds": {}, "ratios": {}, "notes": {"not run": "REPLICA_SERVER names no replica of this server"}}
    make_desk(number, open_percent)
    spots = [(s.label_point.y, s.label_point.x) for s in UnitShape.objects.filter(current=True, unit__active=True, unit__level="commune")]
    address = f"{server}/{settings.DATABASES['default']['NAME']}"
    _caught_up(address)
    found: dict[str, Any] = {"seconds": {}, "ratios": {}}
    env = {"REPLICA_URL": address, "THROTTLE_FILE": "100000000/h", "HTTPS": "0"}
    with served(env=env) as port, psycopg.connect(address.replace("postgis", "postgresql", 1), autocommit=True) as replica:
        for state, command in (
            ("follows", None),
            ("stands still", "SELECT pg_wal_replay_pause()"),
            ("follows again", "SELECT pg_wal_replay_resume()"),
        ):
            if command:
                replica.execute(command)
                if "resume" in command:
                    _caught_up(address)
            before = _answered(replica)
            asked = _all(port, spots)
            found[f"lists, replica {state}"] = asked
            found["ratios"][f"rows that the replica read a list, replica {state}"] = (_answered(replica) - before) / asked
            say(f"{state}: {asked} lists, each with the report just filed")
    return found


def _answered(replica: Any) -> int:
    """Rows that the replica has read in this database, the counts of its other connections flushed."""
    threading.Event().wait(1.2)  # a connection tells its counts once a second
    replica.execute("SELECT pg_stat_clear_snapshot()")
    row = replica.execute("SELECT tup_fetched + tup_returned FROM pg_stat_database WHERE datname = current_database()").fetchone()
    return int(row[0])


def _caught_up(address: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_wal_lsn()")
        reached = cursor.fetchone()[0]
    for _ in range(300):
        try:
            with psycopg.connect(address.replace("postgis", "postgresql", 1)) as replica:
                row = replica.execute("SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", [reached]).fetchone()
                if row and row[0]:
                    return
        except psycopg.OperationalError:
            pass
        threading.Event().wait(0.1)
    raise SystemExit("The replica does not follow.")


def _all(port: int, spots: list[tuple[float, float]]) -> int:
    missed: list[str] = []
    threads = [threading.Thread(target=_one, args=(port, spots, missed)) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if missed:
        raise AssertionError(f"{len(missed)} did not see what they had just filed: {missed[:3]}")
    return CLIENTS * EACH


def _one(port: int, spots: list[tuple[float, float]], missed: list[str]) -> None:
    """Files and looks, as a browser that keeps its cookies; and looks once as somebody who has filed nothing."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    for number in range(EACH):
        lat, lon = random.choice(spots)  # noqa: S311
        content = {"lat": lat, "lon": lon, "category": "pothole", "description": f"Ổ gà {number}", "name": "An", "phone": "0912345678"}
        line.request("POST", "/api/v1/reports/", json.dumps(content).encode(), {"Content-Type": "application/json"})
        answer = line.getresponse()
        code, cookie = json.loads(answer.read())["code"], answer.headers["Set-Cookie"].partition(";")[0]
        for headers in ({"Cookie": cookie}, {}):
            line.request("GET", "/api/v1/reports/", headers=headers)
            answer = line.getresponse()
            features = json.loads(answer.read())["features"]
            if headers and code not in {feature["id"] for feature in features}:
                missed.append(code)
    line.close()
