"""Others beside us in one run: supercluster, leaflet.markercluster, represent-boundaries, tipg; bare SQL and a bare Django view. Each row a ratio.

What cannot be installed here is named with the reason.
"""

from __future__ import annotations

import functools
import json
import os
import random
import shutil
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db import connection
from playwright.sync_api import sync_playwright

from bench import installed
from bench.clusters import ZOOMS, _address, _box, _query
from bench.load import load, percentile
from bench.map import ARGUMENTS, _cold
from bench.scene import make_desk, say
from bench.serving import Caller, free_port, opened, served
from gis.cells import cell_of
from gis.tiles import Tile
from insights.pyramid.build import build
from insights.pyramid.read import Mix
from insights.tiles.layers import reports_tile
from reports.models import Report

SECONDS = 2.0
UNIT_ROUNDS = 5
CLIENTS = 8
IN_THE_PAGE = 50_000
MARKER = """() => new Promise((done, failed) => {
  setTimeout(() => failed(new Error("no marker within a minute")), 60000);
  const look = () => document.querySelector(".leaflet-marker-icon") ? done(performance.now()) : requestAnimationFrame(look);
  look();
})"""
BARE_TILE = """
SELECT ST_AsMVT(tile, 'reports', 4096, 'geom') FROM (
  SELECT ST_AsMVTGeom(ST_Transform(location, 3857), ST_TileEnvelope(%(z)s, %(x)s, %(y)s), 4096, 64, true) AS geom, report.code, status, category.code AS kind
  FROM reports_report AS report JOIN authorities_category AS category ON category.id = report.category_id
  WHERE location && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326) AND published_at IS NOT NULL
) AS tile
"""
TILES_AT = (16, 17, 18)
REPRESENTED = """
INSERT INTO represent.boundaries_boundaryset (slug, name, singular, authority, domain, last_updated, source_url, notes, licence_url, extra)
VALUES ('communes', 'Communes', 'Commune', '', '', now(), '', '', '', '{}');
INSERT INTO represent.boundaries_boundary (set_id, set_name, slug, external_id, name, metadata, shape, simple_shape, centroid)
SELECT 'communes', 'Commune', unit.code, unit.code, unit.name, '{}', ST_Multi(shape.geometry), ST_Multi(ST_Simplify(shape.geometry, 0.0002)),
       ST_Centroid(shape.geometry)
FROM boundaries_unitshape AS shape JOIN boundaries_unit AS unit ON unit.id = shape.unit_id
WHERE shape.current AND unit.active AND unit.level = 'commune'
"""


class Rows:
    """What was measured: seconds, ratios of ours to another's, and why another could not be measured."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.rates: dict[str, float] = {}
        self.ratios: dict[str, float] = {}
        self.notes: dict[str, str] = {}

    def attempt(self, name: str, work: Callable[[], None]) -> None:
        """Measures a peer; where it cannot be, the reason stands in its row."""
        try:
            work()
        except Exception as error:  # any peer may fail in any way, and the others are measured all the same
            self.notes[name] = f"not measured: {type(error).__name__}: {str(error)[:300]}"
            say(f"{name}: {self.notes[name]}")


def run(number: int, open_percent: int) -> dict[str, Any]:
    """Seconds, rates and ratios of each comparison."""
    make_desk(number, open_percent)
    rows = Rows()
    start = time.perf_counter()
    build()
    rows.seconds["pyramid, building"] = time.perf_counter() - start
    with connection.cursor() as cursor:  # now, and not by itself while something is measured
        for table in ("insights_cellcount", "insights_celltotal", "insights_delta"):
            cursor.execute(f"VACUUM ANALYZE {table}")
    chance = random.Random(1)  # noqa: S311
    spots = [(point.x, point.y) for point in Report.objects.order_by("code").values_list("location", flat=True)[:2000]]
    missing = {"python": installed.python(), "node": installed.node()}
    rows.notes |= {f"packages for {name}": why for name, why in missing.items() if why}
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright's event loop runs in this thread
    with served(env={"THROTTLE_LOCATE": ""}) as port:
        _clusters(rows, port, spots, chance)
        rows.attempt("represent-boundaries", lambda: _units(rows, port, spots))
        rows.attempt("tipg", lambda: _tiles(rows, port, spots))
        rows.attempt("leaflet.markercluster", lambda: _page(rows, port))
    rows.attempt("supercluster", lambda: _supercluster(rows, spots, chance))
    return {
        "reports": Report.objects.count(),
        "seconds": rows.seconds,
        "rates": rows.rates,
        "ratios": rows.ratios,
        "notes": rows.notes,
    }


def _clusters(rows: Rows, port: int, spots: list[tuple[float, float]], chance: random.Random) -> None:
    """Over HTTP beside a view that returns as many bytes: the very first answer, then by one client and by eight."""
    addresses = [_address(zoom, chance.choice(spots)) for zoom in (8, 11, 14, 17) for _ in range(20)]
    caller = Caller(port)
    rows.seconds["clusters over HTTP, the first of all (cold)"] = caller.get(addresses[0])[0]
    sizes = [len(opened(caller.get(address)[2])) for address in addresses]
    with tempfile.NamedTemporaryFile(suffix=".json") as kept:
        kept.write(b"[" + b"1," * (int(statistics.median(sizes)) // 2) + b"1]")
        kept.flush()
        constant = [f"/bench/constant/?{urlencode({'file': kept.name, 'of': 1})}"]
        for clients in (1, CLIENTS):
            load(port, addresses, clients=clients, seconds=1, headers="Accept-Encoding: gzip, br\r\n")
            ours = load(port, addresses, clients=clients, seconds=SECONDS, headers="Accept-Encoding: gzip, br\r\n")
            bare = load(port, constant, clients=clients, seconds=SECONDS, headers="Accept-Encoding: gzip, br\r\n")
            many = f"{clients} client{'s' * (clients > 1)}"
            for p in ("p50", "p95"):
                rows.seconds[f"clusters over HTTP, {many}, {p}"] = ours[p] / 1e3
                rows.seconds[f"bare view of the same size, {many}, {p}"] = bare[p] / 1e3
                rows.ratios[f"clusters / bare view, {many}, {p}"] = ours[p] / bare[p]


def _units(rows: Rows, port: int, spots: list[tuple[float, float]]) -> None:
    """Requests a second in turns, the median of five rounds: ours, a plain view with one query, represent-boundaries."""
    ours, plain = "ours", "a plain view with one prepared query behind the same middleware"
    with _represent() as other:
        ways = {
            ours: (port, [f"/api/v1/units/locate/?lat={lat}&lon={lon}" for lon, lat in spots]),
            plain: (port, [f"/bench/unit/?lat={lat}&lon={lon}" for lon, lat in spots]),
            "represent-boundaries": (other, [f"/boundaries/?contains={lat},{lon}" for lon, lat in spots]),
        }
        told: dict[str, list[float]] = {name: [] for name in ways}
        for number in range(UNIT_ROUNDS + 1):
            for name, (where, paths) in ways.items():
                rate = load(where, paths, clients=CLIENTS, seconds=1)["a second"]
                told[name] += [rate] if number else []  # the first warms up
    for name, rates in told.items():
        rows.rates[f"unit of a point, {name}"] = statistics.median(rates)
        if name != ours:
            each = [mine / other for mine, other in zip(told[ours], rates, strict=True)]
            rows.ratios[f"unit of a point: ours / {name}, requests a second"] = statistics.median(each)


@contextmanager
def _represent() -> Iterator[int]:
    """represent-boundaries by gunicorn with as many processes and threads as ours, over the same communes."""
    with connection.cursor() as cursor:
        # Of a scene it may stand from before; its migrations are written down beside ours, whose app has the same name
        cursor.execute("DROP SCHEMA IF EXISTS represent CASCADE")
        cursor.execute("CREATE SCHEMA represent")
        cursor.execute("CREATE TABLE represent.django_migrations (LIKE public.django_migrations INCLUDING ALL)")
    env = _around() | {"PYTHONPATH": str(installed.BESIDE)}
    migrate = [str(installed.PYTHON), str(installed.BESIDE / "represent_site.py"), "migrate", "-v", "0"]
    done = subprocess.run(migrate, env=env, capture_output=True, text=True, timeout=120)  # noqa: S603
    if done.returncode:
        raise RuntimeError(done.stderr[-300:])
    with connection.cursor() as cursor:
        cursor.execute(REPRESENTED)
        cursor.execute("ANALYZE represent.boundaries_boundary")
    port = free_port()
    words = [
        "-m",
        "gunicorn",
        "--workers",
        "2",
        "--threads",
        "4",
        "--keep-alive",
        "5",
        "--bind",
        f"127.0.0.1:{port}",
        "represent_site:application",
    ]
    with _running([str(installed.PYTHON), *words], env, port, "/boundaries/?limit=1"):
        yield port


def _tiles(rows: Rows, port: int, spots: list[tuple[float, float]]) -> None:
    """Tiles of single reports: our query beside bare ST_AsMVT on the same rows, then over HTTP beside a bare view of as many bytes, and tipg's."""
    ours: list[float] = []
    bare: list[float] = []
    for zoom in TILES_AT:
        for lon, lat in spots[:60]:
            tile = Tile(zoom, *cell_of(lon, lat, zoom))
            west, south, east, north = tile.box.extent
            given = {"z": tile.z, "x": tile.x, "y": tile.y, "west": west, "south": south, "east": east, "north": north}
            for spent, work in ((bare, lambda given=given: _bare_tile(given)), (ours, lambda tile=tile: reports_tile(tile, built=True))):
                spent.append(min(_took(work) for _ in range(3)))
    for name, spent in (("bare ST_AsMVT on the same rows", bare), ("our query", ours)):
        rows.seconds |= {f"tile, {name}, p50": percentile(spent, 50), f"tile, {name}, p95": percentile(spent, 95)}
    for p in (50, 95):
        rows.ratios[f"tile: our query / bare ST_AsMVT on the same rows, p{p}"] = percentile(ours, p) / percentile(bare, p)
    places = sorted({cell_of(lon, lat, 16) for lon, lat in spots[:60]})
    paths = [f"/api/v1/tiles/reports/16/{x}/{y}.mvt" for x, y in places]
    caller = Caller(port)
    sizes = [len(opened(caller.get(path)[2])) for path in paths]
    rows.notes["largest tile"] = f"{_largest_tile(caller, spots)} bytes, of all zooms"
    over_http = load(port, paths, clients=1, seconds=SECONDS, headers="Accept-Encoding: gzip, br\r\n")
    with tempfile.NamedTemporaryFile() as kept:
        kept.write(os.urandom(int(statistics.median(sizes))))
        kept.flush()
        constant = [f"/bench/constant/?{urlencode({'file': kept.name, 'of': 'tile'})}"]
        constantly = load(port, constant, clients=1, seconds=SECONDS, headers="Accept-Encoding: gzip, br\r\n")
    rows.seconds |= {"tile over HTTP, ours, p50": over_http["p50"] / 1e3, "a bare view of as many bytes, p50": constantly["p50"] / 1e3}
    rows.ratios["tile over HTTP: ours / a bare view of as many bytes, p50"] = over_http["p50"] / constantly["p50"]
    other = free_port()
    env = _around() | {"DATABASE_URL": connection_url(), "TIPG_DB_SCHEMAS": '["public"]', "TIPG_CATALOG_TTL": "100000"}
    words = [str(installed.PYTHON), "-m", "uvicorn", "tipg.main:app", "--port", str(other), "--log-level", "warning"]
    with _running(words, env, other, "/healthz"):
        paths = [f"/collections/public.reports_report/tiles/WebMercatorQuad/16/{x}/{y}?geom-column=location&limit=10000" for x, y in places]
        theirs = load(other, paths, clients=1, seconds=SECONDS)
    rows.seconds["tile over HTTP, tipg, p50"] = theirs["p50"] / 1e3
    rows.ratios["tile over HTTP: ours / tipg, p50"] = over_http["p50"] / theirs["p50"]


def _bare_tile(given: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(BARE_TILE, given)
        cursor.fetchone()


def _took(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _largest_tile(caller: Caller, spots: list[tuple[float, float]]) -> int:
    """Bytes, before they are pressed, of the largest tile of either layer around thirty spots, at every zoom."""
    asked = {(layer, zoom, *cell_of(lon, lat, zoom)) for layer in ("reports", "units") for zoom in range(5, 20) for lon, lat in spots[:30]}
    return max(len(opened(caller.get(f"/api/v1/tiles/{layer}/{z}/{x}/{y}.mvt")[2])) for layer, z, x, y in sorted(asked))


def connection_url() -> str:
    """The address of this database as other programs read it."""
    at = settings.DATABASES["default"]
    return f"postgresql://{at['USER']}:{at['PASSWORD']}@{at['HOST']}:{at['PORT']}/{at['NAME']}"


def _around() -> dict[str, str]:
    libraries = {name: str(getattr(settings, name)) for name in ("GDAL_LIBRARY_PATH", "GEOS_LIBRARY_PATH")}
    return {**os.environ, **libraries, "DATABASE_URL": connection_url(), "DJANGO_SETTINGS_MODULE": ""}


@contextmanager
def _running(words: list[str], env: dict[str, str], port: int, path: str) -> Iterator[None]:
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(words, cwd=installed.PLACE, env=env, stdout=said, stderr=said)  # noqa: S603
        try:
            for _ in range(150):
                try:
                    if Caller(port).get(path)[1] == 200:
                        break
                except OSError:
                    time.sleep(0.2)
            else:
                said.seek(0)
                raise RuntimeError(f"it did not answer: {said.read()[-300:].decode()}")
            yield
        finally:
            process.terminate()
            process.wait(timeout=30)


def _supercluster(rows: Rows, spots: list[tuple[float, float]], chance: random.Random) -> None:
    """In memory of Node, without HTTP, beside our query. It cannot filter, and what is filed after loading is not in it: it has to be built anew."""
    boxes = [(_box(zoom, chance.choice(spots)), zoom) for zoom in ZOOMS[:4] for _ in range(40)]
    points = [(p.x, p.y) for p in Report.objects.public().values_list("location", flat=True).iterator()]
    kept = installed.PLACE / "points.json"
    kept.write_text(json.dumps({"points": points, "boxes": boxes}))
    node = shutil.which("node") or "node"
    told = subprocess.run([node, "clusters.mjs", kept.name], cwd=installed.PLACE, capture_output=True, text=True, timeout=300)  # noqa: S603
    if told.returncode:
        raise RuntimeError(told.stderr[-300:])
    found = json.loads(told.stdout)
    ours = [_query(Mix.of({}), zoom, chance.choice(spots)) for zoom in ZOOMS[:4] for _ in range(40)]
    rows.seconds["supercluster, building"] = found["build"] / 1e3
    rows.seconds["supercluster, a viewport, p50"] = found["p50"] / 1e3
    rows.seconds["our query, a viewport, p50"] = percentile(ours, 50)
    rows.ratios["a viewport: our query / supercluster in memory, p50"] = percentile(ours, 50) / (found["p50"] / 1e3)
    rows.ratios["a new report counts: building supercluster / our query"] = found["build"] / 1e3 / percentile(ours, 50)
    rows.notes["supercluster"] = f"no filters; a change needs a new index; {found['memory_mb']:.0f} MB of Node for this table"


def _page(rows: Rows, port: int) -> None:
    """The first marker in the same Chromium: ours with everything in the table, leaflet.markercluster with at most 50,000 points in the page."""
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [round(p.x, 6), round(p.y, 6)]},
            "properties": {"code": code, "status": status},
        }
        for p, code, status in Report.objects.public().values_list("location", "code", "status")[:IN_THE_PAGE]
    ]
    (installed.PLACE / "points.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}, separators=(",", ":")))
    handler = functools.partial(_Quiet, directory=str(installed.PLACE))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=os.environ.get("CHROMIUM") or "/usr/bin/chromium", args=ARGUMENTS)
        ours = [_cold(chromium, f"http://127.0.0.1:{port}/") for _ in range(4)][1:]
        theirs = [_cold(chromium, f"http://127.0.0.1:{server.server_port}/markercluster.html", MARKER) for _ in range(3)][1:]
        chromium.close()
    server.shutdown()
    first, other = statistics.median(ms for ms, _ in ours), statistics.median(ms for ms, _ in theirs)
    rows.seconds |= {
        "first marker, our home page": first / 1e3,
        f"first marker, leaflet.markercluster, {len(features)} points": other / 1e3,
    }
    rows.ratios["first marker: ours / leaflet.markercluster"] = first / other
    rows.ratios["bytes until then: ours / leaflet.markercluster"] = max(size for _, size in ours) / max(size for _, size in theirs)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *given: Any) -> None:
        """Nothing."""
