"""Whether a web process grows: one of gunicorn's, never ended for its age, under a hundred thousand mixed requests; what it holds is looked at on the way."""

from __future__ import annotations

import itertools
import json
import random
import threading
import time
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

from django.contrib.gis.geos import Point
from django.db import connection

from authorities.models import Category
from bench.load import answer, connect
from bench.scene import make_desk, say
from bench.serving import memory_mb, served
from boundaries.models import UnitShape
from reports.services import Filing, file_report

FORK = get_context("fork")
CLIENTS = 4
WARM = 0.1  # of the requests: modules, plans, caches and the threads' own memory come with them
LOOKS = 20
FLAT = 0.05


def run(number: int, open_percent: int, requests: int) -> dict[str, Any]:
    """Megabytes after the first tenth, on the way and at the end. Raises where the end is more than 5 % above what it was when warm."""
    make_desk(number, open_percent)
    spots = [(s.label_point.y, s.label_point.x) for s in UnitShape.objects.filter(current=True, unit__active=True, unit__level="commune")]
    codes = _filed(spots)
    connection.close()
    held: list[float] = []
    start = time.monotonic()
    with served(workers=1, env={"THROTTLE_FILE": "", "THROTTLE_LOCATE": ""}) as port:
        _ask(port, spots, codes, int(requests * WARM))
        held.append(memory_mb())
        say(f"warm: {held[0]:.1f} MB")
        for part in range(LOOKS):
            _ask(port, spots, codes, int(requests * (1 - WARM) / LOOKS))
            held.append(memory_mb())
            say(f"{WARM + (1 - WARM) * (part + 1) / LOOKS:.0%} of {requests}: {held[-1]:.1f} MB")
    growth = held[-1] / held[0] - 1
    found = {
        "requests": requests,
        "seconds": {"in all": time.monotonic() - start},
        "ratios": {"at the end / when warm": held[-1] / held[0], "most / when warm": max(held) / held[0]},
        "memory_mb": {"before": held[0], "after": held[-1]},
        "held": held,
    }
    if growth > FLAT:
        raise AssertionError(f"grown by {growth:.1%}: {[round(value) for value in held]}")
    return found


def _filed(spots: list[tuple[float, float]]) -> list[str]:
    """Codes of reports that can be looked at: those of the scene are no codes."""
    category = Category.objects.get(code="pothole")
    drafts = [
        Filing(location=Point(lon, lat, srid=4326), category=category, description="Ổ gà sâu", name="An", phone="0912345678")
        for lat, lon in spots
    ]
    return [file_report(draft).code for draft in drafts[:50]]


def _ask(port: int, spots: list[tuple[float, float]], codes: list[str], many: int) -> None:
    """So many requests by CLIENTS in a process of their own, so that what is looked at is the server's alone."""
    ours, theirs = FORK.Pipe()
    process = FORK.Process(target=_clients, args=(theirs, port, spots, codes, many))
    process.start()
    wrong = ours.recv()
    process.join()
    if wrong:
        raise AssertionError(f"{len(wrong)} wrong answers: {wrong[:3]}")


def _clients(answers: Connection, port: int, spots: list[tuple[float, float]], codes: list[str], many: int) -> None:
    wrong: list[str] = []
    threads = [threading.Thread(target=_client, args=(port, spots, codes, many // CLIENTS, wrong)) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    answers.send(wrong)


def _client(port: int, spots: list[tuple[float, float]], codes: list[str], many: int, wrong: list[str]) -> None:
    line = connect(port)
    for request in itertools.islice(_requests(spots, codes), many):
        try:
            line.sendall(request)
            status, body = answer(line)
        except ConnectionError:
            line = connect(port)
            line.sendall(request)
            status, body = answer(line)
        if status not in {200, 201}:
            wrong.append(f"{request[:120]!r}: {status} {body[:100]!r}")
    line.close()


def _requests(spots: list[tuple[float, float]], codes: list[str]) -> Any:
    """What people ask for: mostly the map and the unit of a point, sometimes pages, lists and reports, one in forty files a report."""
    chance = random.Random()  # noqa: S311
    while True:
        lat, lon = chance.choice(spots)
        kind = chance.random()
        if kind < 0.45:
            zoom = chance.randint(8, 16)
            yield _get(
                f"/api/v1/map/clusters/?bbox={lon - 40 / 2**zoom},{lat - 30 / 2**zoom},{lon + 40 / 2**zoom},{lat + 30 / 2**zoom}&zoom={zoom}"
            )
        elif kind < 0.85:
            yield _get(f"/api/v1/units/locate/?lat={lat}&lon={lon}")
        elif kind < 0.90:
            yield _get(f"/api/v1/tiles/reports/12/{int((lon + 180) / 360 * 4096)}/1945.mvt")
        elif kind < 0.93:
            yield _get("/api/v1/categories/")
        elif kind < 0.95:
            yield _get(f"/reports/{chance.choice(codes)}/")
        elif kind < 0.965:
            yield _get("/api/v1/reports/?category=pothole")
        elif kind < 0.975:
            yield _get(chance.choice(("/", "/statistics/", "/communes/", "/data/")))
        else:
            content = {
                "lat": lat,
                "lon": lon,
                "category": "pothole",
                "description": "Ổ gà sâu",
                "name": "Nguyễn Văn An",
                "phone": "0912345678",
            }
            body = json.dumps(content).encode()
            head = f"POST /api/v1/reports/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            yield head.encode() + body


def _get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Encoding: gzip\r\n\r\n".encode()
