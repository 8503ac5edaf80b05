"""The map's clusters: the query by mix and zoom, beside ST_SnapToGrid over the reports; over HTTP beside a bare view that returns the same bytes."""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.db import connection
from django.test import Client
from django.utils import timezone

from bench.scene import make_desk, say
from bench.serving import Caller, opened, served
from insights.clusters import window_of
from insights.pyramid.build import build
from insights.pyramid.fold import fold
from insights.pyramid.models import Pyramid
from insights.pyramid.read import Mix, rows
from insights.pyramid.words import month_of, start_of_month
from reports.models import Report

CALLS = 40
ZOOMS = (8, 11, 14, 17, 19)
VIEWPORTS, MAP_ZOOMS = 500, (7, 20)
VIEW = (2.5, 1.6)  # tiles of the zoom that the map asks for, on a desk of 1280 × 800
AS_THE_MAP = ", by status as the map asks"
NAIVE = """
SELECT ST_SnapToGrid(location, %(size)s) AS cell, category_id, status, count(*), avg(ST_X(location)), avg(ST_Y(location)) FROM reports_report
WHERE published_at IS NOT NULL AND location && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326) GROUP BY 1, 2, 3
"""


def run(number: int, open_percent: int) -> dict[str, Any]:
    """Percentiles in seconds of queries and requests; ratios to the naive query, and to the bare view; bytes of an answer."""
    make_desk(number, open_percent)
    seconds: dict[str, float] = {}
    if not Pyramid.objects.exists():  # of a scene it may stand already
        seconds["building"] = _took(build)
    chance = random.Random(1)  # noqa: S311
    spots = [(point.x, point.y) for point in Report.objects.order_by("code").values_list("location", flat=True)[:2000]]
    seconds["folding 1,500 changes"] = _folding()
    by_mix: dict[str, dict[str, float]] = {}
    ratios: dict[str, float] = {}
    for name, asked in mixes().items():
        by_category = AS_THE_MAP not in name
        views = [(zoom, chance.choice(spots)) for zoom in ZOOMS for _ in range(CALLS)]
        # The first time PostgreSQL fetches what nobody has read lately from the disk or the system; the second it has all of it
        first = [_query(Mix.of(asked), zoom, spot, by_category) for zoom, spot in views]
        again = [_query(Mix.of(asked), zoom, spot, by_category) for zoom, spot in views]
        for place, zoom in enumerate(ZOOMS):
            seconds[f"query, {name}, zoom {zoom}, p95"] = _p(again[place * CALLS : (place + 1) * CALLS], 95)
        by_mix[name] = {f"p{percent}": _p(again, percent) for percent in (50, 95, 99)} | {"first p95": _p(first, 95)}
        say(f"{name}: " + ", ".join(f"{what} {spent * 1e3:.1f} ms" for what, spent in by_mix[name].items()))
    for zoom in ZOOMS[:3]:
        naive = statistics.median(_naive(zoom, chance.choice(spots)) for _ in range(3))
        seconds[f"ST_SnapToGrid, zoom {zoom}, p50"] = naive
        ratios[f"query / ST_SnapToGrid, zoom {zoom}"] = (
            statistics.median(_query(Mix.of({}), zoom, chance.choice(spots)) for _ in range(9)) / naive
        )
    viewports = _bytes(spots)
    http, more, sizes = _over_http(spots, chance)
    return {
        "reports": Report.objects.count(),
        "by_mix": by_mix,
        "bytes": sizes,
        "largest_answer": max(sizes.values()),
        "bytes_of_viewports": viewports,
        **{f"bytes, {what}, {p}": size for what, found in viewports.items() for p, size in found.items()},
        "seconds": seconds | http,
        "ratios": ratios | more,
    }


def mixes() -> dict[str, dict[str, str]]:
    """What people choose on the map, by name."""
    now = Report.objects.newest_first().values_list("filed_at", flat=True)[0]
    month = month_of(now)
    body = Report.objects.order_by("pk").values_list("authority__code", flat=True)[0]
    whole = {"since": start_of_month(month - 12).isoformat(), "until": start_of_month(month).isoformat()}
    month_alone = {"since": start_of_month(month - 3).isoformat(), "until": start_of_month(month - 2).isoformat()}
    return {
        f"all{AS_THE_MAP}": {},
        "all": {},
        "open": {"status": "open"},
        "a category": {"category": "pothole"},
        "a category, open": {"category": "pothole", "status": "open"},
        "a status": {"status": "accepted"},
        f"a whole month{AS_THE_MAP}": month_alone,
        "a whole month": month_alone,
        f"twelve whole months{AS_THE_MAP}": whole,
        "twelve whole months": whole,
        "the last 30 days": {"since": (timezone.localtime(now) - timedelta(days=30)).date().isoformat()},
        "a category, twelve months": {**whole, "category": "pothole"},
        "a body": {"authority": body},
    }


def _box(zoom: int, spot: tuple[float, float]) -> tuple[float, float, float, float]:
    width, height = (360 / 2**zoom * side for side in VIEW)
    lon, lat = (105.2, 9.1) if zoom < 9 else spot
    return lon - width / 2, lat - height / 2, lon + width / 2, lat + height / 2


def _query(mix: Mix, zoom: int, spot: tuple[float, float], by_category: bool = True) -> float:
    window = window_of(_box(zoom, spot), zoom)
    return _took(lambda: rows(mix, window, built=True, by_category=by_category))


def _naive(zoom: int, spot: tuple[float, float]) -> float:
    west, south, east, north = _box(zoom, spot)

    def ask() -> None:
        with connection.cursor() as cursor:
            cursor.execute(NAIVE, {"size": 360 / 2 ** (zoom + 3), "west": west, "south": south, "east": east, "north": north})
            cursor.fetchall()

    return _took(ask)


def _folding() -> float:
    keys = list(Report.objects.order_by("code").values_list("pk", flat=True)[:750])
    Report.objects.filter(pk__in=keys).update(status="surveying", closed_at=None, authority_at_closing=None, return_reason=None)
    return _took(fold)


def _over_http(spots: list[tuple[float, float]], chance: random.Random) -> tuple[dict[str, float], dict[str, float], dict[str, int]]:
    """What a request takes beside a bare view that returns the same bytes; what one costs while nothing has changed; bytes as they come over the line."""
    seconds: dict[str, float] = {}
    ratios: dict[str, float] = {}
    sizes: dict[str, int] = {}
    with served() as port, tempfile.NamedTemporaryFile(suffix=".json") as kept:
        caller = Caller(port)
        for zoom in ZOOMS:
            addresses = [_address(zoom, chance.choice(spots)) for _ in range(CALLS)]
            for address in addresses[:6]:
                caller.get(address)
            answers = [caller.get(address) for address in addresses]
            sizes[f"zoom {zoom}"] = max(len(body) for _seconds, _status, body, _etag in answers)
            body = sorted((opened(body) for _s, _status, body, _e in answers), key=len)[CALLS // 2]
            kept.seek(0)
            kept.truncate()
            kept.write(body)
            kept.flush()
            constant = f"/bench/constant/?{urlencode({'file': kept.name, 'of': zoom})}"
            bare = [caller.get(constant)[0] for _ in range(CALLS + 6)][6:]
            again = [caller.get(address, **{"If-None-Match": answers[0][3]})[0] for address in addresses]
            for what, spent in (
                ("clusters", [answer[0] for answer in answers]),
                ("a bare view", bare),
                ("clusters, nothing new (304)", again),
            ):
                seconds[f"HTTP, {what}, zoom {zoom}, p50"] = _p(spent, 50)
                seconds[f"HTTP, {what}, zoom {zoom}, p95"] = _p(spent, 95)
            for percent in (50, 95):
                ratios[f"HTTP clusters / bare view, zoom {zoom}, p{percent}"] = _p([answer[0] for answer in answers], percent) / _p(
                    bare, percent
                )
    return seconds, ratios, sizes


def _bytes(spots: list[tuple[float, float]]) -> dict[str, dict[str, int]]:
    """Bytes over the line of 500 viewports by chance: as the map asks, and with both breakdowns, which is the default of the call."""
    chance = random.Random(5)  # noqa: S311
    views = [(chance.uniform(*MAP_ZOOMS), chance.choice(spots)) for _ in range(VIEWPORTS)]
    found = {}
    for what, without, coding in (
        ("as the map asks, brotli", "", "br"),
        ("as the map asks, gzip", "", "gzip"),
        ("both breakdowns, brotli", "&by=status", "br"),
    ):
        client = Client(SERVER_NAME="localhost", headers={"accept-encoding": coding})
        sizes = sorted(len(client.get(_address(int(zoom), spot).replace(without, "")).content) for zoom, spot in views)
        found[what] = {"p50": sizes[VIEWPORTS // 2], "p95": sizes[VIEWPORTS * 95 // 100], "max": sizes[-1]}
    return found


def _address(zoom: int, spot: tuple[float, float]) -> str:
    bbox = ",".join(f"{number:.6f}" for number in _box(zoom, spot))
    return f"/api/v1/map/clusters/?{urlencode({'bbox': bbox, 'zoom': zoom, 'by': 'status'})}"


def _took(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _p(spent: list[float], percent: int) -> float:
    return statistics.quantiles(spent, n=100, method="inclusive")[percent - 1]
