"""A point's commune, beside the barest statement that finds what covers a point: round trips of one connection, without HTTP.

The statements are prepared, so that running them is compared and not planning them; `locate()` is the whole call as it is, planned each time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date
from random import Random
from statistics import median, quantiles
from typing import Any

import psycopg
from django.contrib.gis.geos import Point
from django.core.management import call_command
from django.db import connection

from bench.scene import NEW, OLD
from boundaries.locate import COVERING, locate

BARE = "SELECT unit_id FROM boundaries_unitpiece WHERE ST_Covers(geometry, ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326))"
ROUNDS = 5
EXTENT = (104.75, 8.65, 105.75, 9.55)  # of Cà Mau's land, mostly: west, south, east, north


def run(calls: int) -> dict[str, Any]:
    """Microseconds of a round trip: the best median of five rounds, and its 95th percentile; ratios to the bare statement."""
    call_command("load_boundaries", str(OLD), str(NEW), "--activate", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    chance = Random(1)  # noqa: S311
    points = [(chance.uniform(EXTENT[0], EXTENT[2]), chance.uniform(EXTENT[1], EXTENT[3])) for _ in range(calls)]
    on = date(2026, 1, 1)

    def nothing(lon: float, lat: float) -> None:
        raw.execute("SELECT 1", prepare=True).fetchall()

    def bare(lon: float, lat: float) -> None:
        raw.execute(BARE, {"lon": lon, "lat": lat}, prepare=True).fetchall()

    def sql(lon: float, lat: float) -> None:
        raw.execute(COVERING, {"lon": lon, "lat": lat, "on": on, "level": "commune"}, prepare=True).fetchall()

    def whole(lon: float, lat: float) -> None:
        locate(point=Point(lon, lat, srid=4326), on=on)

    ways = (("SELECT 1", nothing), ("bare SELECT", bare), ("the statement of locate()", sql), ("locate()", whole))
    with psycopg.Cursor(connection.connection) as raw:
        found = {name: _microseconds(call, points) for name, call in ways}
    return {
        "calls": calls,
        "seconds": {f"{name}, {which}": value / 1e6 for name, (p50, p95) in found.items() for which, value in (("p50", p50), ("p95", p95))},
        "ratios": {f"{name} / bare SELECT": p50 / found["bare SELECT"][0] for name, (p50, _) in found.items()},
    }


def _microseconds(call: Callable[[float, float], None], points: list[tuple[float, float]]) -> tuple[float, float]:
    best: list[float] = []
    for _ in range(ROUNDS):
        took = []
        for lon, lat in points:
            start = time.perf_counter()
            call(lon, lat)
            took.append((time.perf_counter() - start) * 1e6)
        if not best or median(took) < median(best):
            best = took
    return median(best), quantiles(best, n=20)[-1]
