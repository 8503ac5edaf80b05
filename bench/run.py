"""Benchmarks side by side: each prints ratios and writes what it measured to .local/bench/. Names of some, or all; --reports for the size."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)  # not this folder: its names are those of modules of Python
DATABASE = f"geoportal_bench_{os.getpid()}"
CALLS = 3000
OF_A_SCENE = ("capacity", "clusters", "exports", "lists", "map", "peers", "queue", "statistics")
MOST_TO_FILE_BESIDE = 100_000  # what is filed hardly knows what is there; making a million takes longer than measuring


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "names",
        nargs="*",
        help="capacity, clusters, exports, filing, hotspots, lists, locate, map, memory, peers, places, planner, queue, replica, reroute, server, soak, statistics, units (default: all)",
    )
    parser.add_argument("--reports", type=int, default=int(os.environ.get("SIZE") or 100_000), help="how many (default $SIZE, or 100000)")
    parser.add_argument("--open", type=int, default=12, metavar="PERCENT", help="how many of them are open (default 12)")
    parser.add_argument("--seconds", type=float, default=120, help="of soaking (default 120)")
    parser.add_argument("--requests", type=int, default=100_000, help="of the memory's bench (default 100000)")
    parser.add_argument(
        "--scene",
        metavar="DATABASE",
        help=f"of {', '.join(OF_A_SCENE)}: an earlier scene on the same server, neither made nor dropped",
    )
    parser.add_argument("--keep", action="store_true", help="keep the last scene, for --scene, and say its name")
    arguments = parser.parse_args()
    if arguments.scene and not (len(arguments.names) == 1 and arguments.names[0] in OF_A_SCENE):
        parser.error(f"--scene is for one of {', '.join(OF_A_SCENE)}")
    os.environ["DATABASE_URL"], fresh = _own_database(os.environ["DATABASE_URL"], arguments.scene)
    os.environ.setdefault("ALLOWED_HOSTS", "localhost")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "geoportal.settings")
    fresh()
    django.setup()
    from django.core.management import call_command

    from bench import (
        capacity,
        clusters,
        exports,
        filing,
        hotspots,
        lists,
        locate,
        map,
        memory,
        peers,
        places,
        planner,
        queue,
        replica,
        reroute,
        server,
        soak,
        statistics,
        units,
    )

    benches: dict[str, Callable[[], dict[str, Any]]] = {
        "capacity": lambda: capacity.run(arguments.reports, arguments.open),
        "clusters": lambda: clusters.run(arguments.reports, arguments.open),
        "exports": lambda: exports.run(arguments.reports, arguments.open),
        "filing": lambda: filing.run(min(arguments.reports, MOST_TO_FILE_BESIDE), arguments.open),
        "hotspots": hotspots.run,
        "lists": lambda: lists.run(arguments.reports, arguments.open),
        "locate": lambda: locate.run(CALLS),
        "map": lambda: map.run(arguments.reports, arguments.open),
        "memory": lambda: memory.run(min(arguments.reports, MOST_TO_FILE_BESIDE), arguments.open, arguments.requests),
        "peers": lambda: peers.run(arguments.reports, arguments.open),
        "places": places.run,
        "planner": lambda: planner.run_bench(arguments.reports, arguments.open),
        "queue": lambda: queue.run(arguments.reports, arguments.open),
        "replica": lambda: replica.run(min(arguments.reports, MOST_TO_FILE_BESIDE), arguments.open),
        "reroute": lambda: reroute.run(arguments.reports, arguments.open),
        "server": lambda: server.run(min(arguments.reports, MOST_TO_FILE_BESIDE), arguments.open),
        "soak": lambda: soak.run(arguments.seconds),
        "statistics": lambda: statistics.run(arguments.reports, arguments.open),
        "units": units.run,
    }
    if unknown := set(arguments.names) - set(benches):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(benches)}")
    for name in arguments.names or benches:
        fresh()
        call_command("migrate", verbosity=0)
        _tell(name, benches[name]())
    if arguments.keep:
        sys.stdout.write(f"The scene is kept: --scene {os.environ['DATABASE_URL'].rpartition('/')[2]}\n")
    else:
        fresh(False)


def _own_database(url: str, scene: str | None) -> tuple[str, Any]:
    """The address of a database of its own on the same server, and what makes it anew, empty; that of a scene stays as it is."""
    import psycopg

    base = url.replace("postgis://", "postgresql://", 1)
    server, _, _ = url.rpartition("/")

    if scene:
        return f"{server}/{scene}", lambda _again=True: None

    def fresh(again: bool = True) -> None:
        if "django.db" in sys.modules:
            from django.db import connections

            connections.close_all()
        with psycopg.connect(base, autocommit=True) as connection:
            for left in range(30, -1, -1):
                try:
                    connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
                    break
                except psycopg.errors.InsufficientPrivilege:  # autovacuum is at work in it, and only a superuser may end that
                    if not left:
                        raise
                    time.sleep(1)
            if again:
                connection.execute(f"CREATE DATABASE {DATABASE}")

    return f"{server}/{DATABASE}", fresh


def _tell(name: str, found: dict[str, Any]) -> None:
    found["machine"] = {"processors": len(os.sched_getaffinity(0)), "load": os.getloadavg()[0], "python": platform.python_version()}
    folder = ROOT / ".local" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n")
    out = sys.stdout.write
    out(f"\n{name}: " + ", ".join(f"{key} {value}" for key, value in found.items() if isinstance(value, int)) + "\n")
    for what, share in found.get("shares", {}).items():
        out(f"  {share:9.1%}      {what}\n")
    if "pages" in found:
        out("        p50        p95     Python        SQL\n")
    for what, page in found.get("pages", {}).items():
        times = (f"{page[part] * 1000:6.0f} ms" for part in ("p50", "p95", "python", "sql"))
        out(f"  {'  '.join(times)}  {page['queries']:3} queries   {what}\n")
    for what, seconds in found["seconds"].items():
        out(f"  {seconds:9.2f} s    {what}\n" if seconds >= 0.1 else f"  {seconds * 1e6:9.0f} µs   {what}\n")
    for what, rate in found.get("rates", {}).items():
        out(f"  {rate:9.0f} /s   {what}\n")
    for what, ratio in found["ratios"].items():
        out(f"  {ratio:9.2f} ×    {what}\n")
    for what, note in found.get("notes", {}).items():
        out(f"  {what}: {note}\n")
    if "memory_mb" in found:
        out(f"  memory {found['memory_mb']['before']:.0f} → {found['memory_mb']['after']:.0f} MB\n")
    out(f"  load of the machine {found['machine']['load']:.1f}\n")


if __name__ == "__main__":
    main()
