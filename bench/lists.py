"""Public lists and the desk's search at the real size: what PostgreSQL itself takes for a page (EXPLAIN ANALYZE), and that no page reads a whole table.

Fails where one does.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone

from accounts.models import User
from authorities.models import Body, BodyKind, Role
from bench.queue import _person
from bench.scene import make_desk, say
from boundaries.models import Level, Unit
from insights.filters import Filters
from reports.api.filters import filtered
from reports.models import Report
from reports.queue import Asked, Desk, Queue

PAGE = 51  # of the API; the home page has 21
CALLS, LONG = 5, 2_000  # milliseconds: what takes longer is asked once
BIG = ("reports_report", "reports_reportplace", "reports_handling", "reports_contact", "reports_reportevent")
MANY = 20_000  # rows from which on a table is big


def run(number: int, open_percent: int) -> dict[str, Any]:
    """Seconds of each page, the median of five with a warm cache (once of what takes seconds); rows of big tables that were read for it, at most."""
    make_desk(number, open_percent)
    seconds: dict[str, float] = {}
    touched: dict[str, int] = {}
    wrong: dict[str, str] = {}
    for name, rows in pages():
        plans = [_explained(rows)]
        plans += [_explained(rows) for _ in range(CALLS - 1 if plans[0]["Execution Time"] < LONG else 0)]
        seconds[name] = statistics.median(plan["Execution Time"] for plan in plans) / 1e3
        nodes = list(_nodes(plans[-1]["Plan"]))
        touched[name] = max((_read(node) for node in nodes if node.get("Relation Name") in BIG), default=0)
        if scanned := [
            node["Relation Name"]
            for node in nodes
            if node["Node Type"] == "Seq Scan" and node["Relation Name"] in BIG and _read(node) > MANY
        ]:
            wrong[name] = f"reads the whole of {', '.join(scanned)}"
        say(f"{seconds[name] * 1e3:8.1f} ms {touched[name]:9} rows  {name}  {wrong.get(name, '')}")
    if wrong:
        raise SystemExit("\n".join(f"{name}: {what}" for name, what in wrong.items()))
    return {
        "reports": Report.objects.count(),
        "seconds": seconds,
        "rows_read": touched,
        "ratios": {"the slowest page / the newest reports": max(seconds.values()) / seconds["API: the newest"]},
    }


def pages() -> Iterator[tuple[str, QuerySet[Any, Any]]]:
    """Queries of pages, by name: the API's list with each filter, at its beginning and far behind; the list beside the map; the desk's search."""
    far = Report.objects.public().order_by("filed_at").values_list("filed_at", flat=True)[Report.objects.count() // 3]
    for name, asked in _asked().items():
        rows = filtered(Report.objects.public(), asked).for_list().order_by("-filed_at", "-id")
        yield f"API: {name}", rows[:PAGE]
        if name in ("the newest", "a category", "within a commune", "a box around a town"):
            yield f"API: {name}, far behind", rows.filter(filed_at__lte=far)[:PAGE]
    spot = Report.objects.order_by("code").values_list("location", flat=True)[0]
    box = f"{spot.x - 0.02},{spot.y - 0.02},{spot.x + 0.02},{spot.y + 0.02}"
    for name, query in {
        "all": {},
        "open in a box": {"bbox": box, "status": "open"},
        "a category in a box": {"bbox": box, "category": "pothole"},
    }.items():
        rows = Filters.of(QueryDict(urlencode(query))).applied_to(Report.objects.public().for_list()).newest_first()
        yield f"home: {name}", rows[:21]
        yield f"home: {name}, page 50", rows[49 * 20 : 50 * 20 + 1]
    for who, person in _people().items():
        desk = Desk.of(person)
        # Words that all reports hold are found otherwise (`are_common`): the bench of the queue measures them
        for text in ("báo cáo 999", "xã không có ở đây", "0912345678", "Phường An Xuyên"):
            queue = Queue(desk, Asked(view=desk.view_called("open"), q=text), timezone.now())
            yield f"desk, {who}: search {text}", queue.reports.for_queue()[:PAGE]


def _asked() -> Mapping[str, dict[str, str]]:
    spot = Report.objects.order_by("code").values_list("location", flat=True)[0]
    body = Report.objects.order_by("pk").values_list("authority__code", flat=True)[0]
    newest = Report.objects.newest_first().values_list("filed_at", flat=True)[0].date()
    commune = Unit.objects.filter(active=True, level=Level.COMMUNE).order_by("code")[0]
    province = Unit.objects.filter(active=True, level=Level.PROVINCE).order_by("code")[0]
    corners = [[spot.x + dx, spot.y + dy] for dx, dy in ((-0.03, -0.03), (0.03, -0.02), (0.02, 0.03), (-0.03, -0.03))]
    return {
        "the newest": {},
        "a category": {"category": "pothole"},
        "a category, open": {"category": "pothole", "status": "open"},
        "open": {"status": "open"},
        "returned": {"status": "returned"},
        "a status that nothing has": {"status": "waiting"},
        "a day": {"since": newest.isoformat()},
        "two days of 2023": {"since": "2023-03-01", "until": "2023-03-03"},
        "a category, two days of 2023": {"since": "2023-03-01", "until": "2023-03-03", "category": "pothole"},
        "a body": {"authority": body},
        "a body, a category, open": {"authority": body, "category": "pothole", "status": "open"},
        "a box around a town": {"bbox": f"{spot.x - 0.02},{spot.y - 0.02},{spot.x + 0.02},{spot.y + 0.02}"},
        "a box around nothing": {"bbox": "104.0,8.0,104.1,8.1"},
        "a box around the province": {"bbox": "104,8,106,10"},
        "near, 300 m": {"near": f"{spot.y},{spot.x},300"},
        "near, 5 km": {"near": f"{spot.y},{spot.x},5000"},
        "near, 50 km": {"near": f"{spot.y},{spot.x},50000"},
        "near, 5 km, open": {"near": f"{spot.y},{spot.x},5000", "status": "open"},
        "within a commune": {"within": commune.code},
        "within a commune, a category, open": {"within": commune.code, "category": "pothole", "status": "open"},
        "within the province": {"within": province.code},
        "within a polygon": {"within": json.dumps({"type": "Polygon", "coordinates": [corners]})},
        "unit, a status": {"unit": commune.code, "status": "returned"},
    }


def _people() -> dict[str, User]:
    busiest = Body.objects.filter(kind=BodyKind.COMMUNE_COMMITTEE, reports__isnull=False).order_by("pk")[0]
    portal = Body.objects.filter(kind=BodyKind.PORTAL)[0]
    return {"officer": _person("officer", busiest, Role.OFFICER), "coordinator": _person("coordinator", portal, Role.COORDINATOR)}


def _explained(rows: QuerySet[Any, Any]) -> dict[str, Any]:
    try:
        sql, given = rows.query.sql_with_params()
    except EmptyResultSet:  # known beforehand
        sql, given = "SELECT", ()
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", given)
        ((told,),) = cursor.fetchall()
    (found,) = told if isinstance(told, list) else json.loads(told)
    plan: dict[str, Any] = found
    return plan


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)


def _read(node: dict[str, Any]) -> int:
    """Rows that a node looked at, over all its loops."""
    removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    return int((node["Actual Rows"] + removed) * node["Actual Loops"])
