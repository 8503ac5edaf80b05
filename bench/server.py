"""Which server: gunicorn with processes and threads of several numbers, granian; persistent connections and a pool; prepared statements or not.

Three addresses: a view that returns a constant, the unit of a point, the clusters of a viewport; eight clients with kept connections.
"""

from __future__ import annotations

import random
import tempfile
from typing import Any
from urllib.parse import urlencode

from bench import installed
from bench.clusters import _address
from bench.filing import CLIENTS
from bench.load import load
from bench.scene import make_desk, say
from bench.serving import GUNICORN, memory_mb, served
from insights.pyramid.build import build
from reports.models import Report

SECONDS = 1.5
GRANIAN = (
    "granian",
    "--interface",
    "wsgi",
    "--host",
    "127.0.0.1",
    "--port",
    "{port}",
    "--no-ws",
    "--http",
    "1",
    "geoportal.wsgi:application",
)


def ways() -> dict[str, tuple[tuple[str, ...], dict[str, str]]]:
    """(words, environment) by name; the first is what bin/serve starts on two cores, but for the third process."""

    def gunicorn(workers: int, threads: int, kind: str = "gthread", **env: str) -> tuple[tuple[str, ...], dict[str, str]]:
        words = (*GUNICORN[:-1], "--worker-class", kind, GUNICORN[-1])
        return words, {"WEB_CONCURRENCY": str(workers), "WEB_THREADS": str(threads), **env}

    def granian(workers: int, threads: int) -> tuple[tuple[str, ...], dict[str, str]]:
        words = (*GRANIAN[:-1], "--workers", str(workers), "--blocking-threads", str(threads), GRANIAN[-1])
        return words, {"PYTHONPATH": installed.packages()}

    missing = installed.python()
    if missing:
        say(f"granian: not measured: {missing}")
    return {
        "gunicorn gthread 2 × 4": gunicorn(2, 4),
        **({} if missing else {"granian wsgi 2 × 4": granian(2, 4), "granian wsgi 2 × 1": granian(2, 1)}),
        "gunicorn gthread 2 × 4, without prepared statements": gunicorn(2, 4, PREPARED_STATEMENTS="false"),
        "gunicorn gthread 2 × 4, psycopg pool of 4": gunicorn(2, 4, BENCH_POOL="4"),
        "gunicorn gthread 2 × 4, a connection a request": gunicorn(2, 4, CONN_MAX_AGE="0"),
        "gunicorn sync 4": gunicorn(4, 1, "sync"),
        "gunicorn gthread 2 × 2": gunicorn(2, 2),
        "gunicorn gthread 3 × 4": gunicorn(3, 4),
        "gunicorn gthread 4 × 2": gunicorn(4, 2),
    }


def run(number: int, open_percent: int) -> dict[str, Any]:
    """Requests a second, milliseconds and memory by server and address; ratios to the first."""
    make_desk(number, open_percent)
    build()
    chance = random.Random(1)  # noqa: S311
    spots = [(point.x, point.y) for point in Report.objects.order_by("code").values_list("location", flat=True)[:500]]
    found: dict[str, dict[str, Any]] = {}
    with tempfile.NamedTemporaryFile(suffix=".json") as kept:
        kept.write(b"[" + b"1," * 2000 + b"1]")
        kept.flush()
        asked = {
            "constant": [f"/bench/constant/?{urlencode({'file': kept.name, 'of': 1})}"],
            "unit": [f"/api/v1/units/locate/?lat={lat}&lon={lon}" for lon, lat in spots],
            "clusters": [_address(zoom, chance.choice(spots)) for zoom in (8, 11, 14, 17) for _ in range(20)],
        }
        for name, (words, env) in ways().items():
            with served(env={"THROTTLE_LOCATE": "", **env}, server=words) as port:
                for paths in asked.values():
                    load(port, paths, clients=CLIENTS, seconds=0.5)
                found[name] = {what: load(port, paths, clients=CLIENTS, seconds=SECONDS) for what, paths in asked.items()}
                found[name]["memory_mb"] = memory_mb()
            say(f"{name}: " + ", ".join(f"{what} {found[name][what]['a second']:.0f}/s" for what in asked))
    first = next(iter(found))
    return {
        "reports": Report.objects.count(),
        "by_server": found,
        "seconds": {f"{name}, {what}, p95": figures[what]["p95"] / 1e3 for name, figures in found.items() for what in asked},
        "rates": {f"{name}, {what}": figures[what]["a second"] for name, figures in found.items() for what in asked},
        "ratios": {
            f"{name} / {first}, {what}": figures[what]["a second"] / found[first][what]["a second"]
            for name, figures in found.items()
            if name != first
            for what in asked
        },
    }
