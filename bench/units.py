"""The unit of a point over HTTP: beside a plain view with one prepared query behind the same middleware, and by how fine and how many outlines are."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connection

from bench.load import load
from bench.scene import DATA, say
from bench.serving import ROOT, served

PROVINCE = (DATA / "camau_2025_full.geojson.gz",)
COUNTRY = (DATA / "vietnam_provinces_2025_60m.geojson.gz", DATA / "vietnam_communes_2025_60m.geojson.gz")
CLIENTS = 8
SECONDS = 0.7
ROUNDS = 15  # short ones, to and fro: what else the machine does then falls on all alike
# Around the middle of each commune: what both outlines cover
SPOTS = """
SELECT ST_X(point), ST_Y(point) FROM boundaries_unit AS unit JOIN boundaries_unitshape AS shape ON shape.unit_id = unit.id AND shape.current
CROSS JOIN LATERAL (SELECT (ST_Dump(ST_GeneratePoints(ST_Intersection(shape.geometry, ST_Buffer(shape.label_point, 0.01)), 20, 1))).geom AS point) AS made
WHERE unit.active AND unit.level = 'commune' ORDER BY unit.code
"""


def run() -> dict[str, Any]:
    """Requests a second by eight clients, in turns, medians: of the province in full resolution, and of the whole country, simplified."""
    country = _country()
    try:
        call_command("load_boundaries", *map(str, PROVINCE), "--activate", verbosity=0)
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
            cursor.execute(SPOTS)
            spots = cursor.fetchall()
        ours = [f"/api/v1/units/locate/?lat={lat:.6f}&lon={lon:.6f}" for lon, lat in spots]
        plain = [f"/bench/unit/?lat={lat:.6f}&lon={lon:.6f}" for lon, lat in spots]
        unlimited = {"THROTTLE_LOCATE": ""}
        with served(env=unlimited) as here, served(env=unlimited | {"DATABASE_URL": country}) as there:
            ways = {
                "a full-resolution province": (here, ours),
                "the simplified country": (there, ours),
                "a plain view with one prepared query (province)": (here, plain),
                "a plain view with one prepared query (country)": (there, plain),
            }
            for port, paths in ways.values():
                load(port, paths, clients=CLIENTS, seconds=1)
            told: dict[str, list[dict[str, float]]] = {name: [] for name in ways}
            for number in range(ROUNDS):
                for name, (port, paths) in list(ways.items())[:: 1 if number % 2 else -1]:
                    told[name].append(load(port, paths, clients=CLIENTS, seconds=SECONDS))
                say(f"round {number + 1} of {ROUNDS}: " + ", ".join(f"{name} {of[-1]['a second']:.0f}/s" for name, of in told.items()))
    finally:
        _without(country)
    rates = {name: statistics.median(figures["a second"] for figures in of) for name, of in told.items()}
    province, whole, plain_here, plain_there = ([figures["a second"] for figures in of] for of in told.values())
    return {
        "rates": rates,
        "seconds": {
            f"{name}, {p}": statistics.median(figures[p] for figures in of) / 1e3 for name, of in told.items() for p in ("p50", "p95")
        },
        "ratios": {
            "ours / a plain view with one prepared query (province)": _ratio(province, plain_here),
            "ours / a plain view with one prepared query (country)": _ratio(whole, plain_there),
            "a full-resolution province / the simplified country": _ratio(province, whole),
        },
        "notes": {
            "throttle": "lifted; the plain view says code, name and level alone, nothing of borders, water, days, or what the unit is part of"
        },
    }


def _ratio(ours: list[float], theirs: list[float]) -> float:
    """The median of the rounds' ratios: in a round both had the same machine."""
    return statistics.median(one / other for one, other in zip(ours, theirs, strict=True))


def _country() -> str:
    """The address of a second database, with the units of the whole country; made as a copy of this one, which is still empty."""
    at = settings.DATABASES["default"]
    name = f"{at['NAME']}_country"
    connection.close()
    url = f"{at['USER']}:{at['PASSWORD']}@{at['HOST']}:{at['PORT']}"
    _elsewhere(f'CREATE DATABASE "{name}" TEMPLATE "{at["NAME"]}"')
    address = f"postgis://{url}/{name}"
    around = {**os.environ, "DATABASE_URL": address, "DJANGO_SETTINGS_MODULE": "geoportal.settings"}
    words = [sys.executable, "manage.py", "load_boundaries", *map(str, COUNTRY), "--activate", "-v0"]
    subprocess.run(words, cwd=ROOT, env=around, check=True, timeout=900)  # noqa: S603
    return address


def _without(address: str) -> None:
    _elsewhere(f'DROP DATABASE IF EXISTS "{address.rpartition("/")[2]}" WITH (FORCE)')


def _elsewhere(statement: str) -> None:
    """What cannot be done within the database that it concerns."""
    import psycopg

    at = settings.DATABASES["default"]
    where = {"user": at["USER"], "password": at["PASSWORD"], "host": at["HOST"], "port": at["PORT"]}
    with psycopg.connect(dbname="postgres", autocommit=True, **where) as server:
        server.execute(statement)
