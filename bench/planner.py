"""Twelve queries of a planner (fixtures/planner/twelve.json) on real outlines: the same answers as geopandas, and their times against bare SQL.

geopandas is no dependency of the site: it is installed beside it, in .local/bench; where it cannot be had only times are told.
"""

# ruff: noqa: S608  fixed texts, no value from outside
from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connection

from accounts.models import User
from bench import installed
from bench.scene import DATA, EVENTS, NEW, OLD, REPORTS, say
from insights.planner.language import parse_query
from insights.planner.models import OwnLayer
from insights.planner.running import Answer, run
from reports.models import Report

TIMES = 5
ZONES = 12
TWELVE = settings.BASE_DIR / "fixtures" / "planner" / "twelve.json"
PLACES = """
INSERT INTO reports_reportplace (report_id, edition_id, unit_id, method, distance_m)
SELECT report.id, edition.id, found.id, CASE WHEN found.id IS NULL THEN 'none' ELSE 'inside' END, 0
FROM reports_report AS report CROSS JOIN boundaries_edition AS edition
LEFT JOIN LATERAL (
  SELECT unit.id FROM boundaries_unitpiece AS piece JOIN boundaries_unit AS unit ON unit.id = piece.unit_id
  WHERE unit.edition_id = edition.id AND unit.level = 'commune' AND ST_Covers(piece.geometry, report.location) ORDER BY unit.code LIMIT 1
) AS found ON true
"""
SRID = 5897
IN_METRES = f"ST_Transform(report.location, {SRID})"
BESIDE = f"ST_DWithin({IN_METRES}, (SELECT ST_Collect(ST_Transform(layer.geometry, {SRID})) FROM boundaries_baselayer AS layer WHERE layer.name = '{{}}'), {{}})"
GANH_HAO = BESIDE.format("rivers' AND label = 'ganh_hao", 500)
AREA = "ST_Covers(ST_MakeEnvelope(105.1, 9.13, 105.22, 9.23, 4326), report.location)"
PUBLIC = "report.published_at IS NOT NULL AND category.publication <> 'never'"
OF = f"FROM reports_report AS report JOIN authorities_category AS category ON category.id = report.category_id WHERE {PUBLIC} AND "
AT = (
    "FROM reports_report AS report JOIN authorities_category AS category ON category.id = report.category_id"
    " JOIN reports_reportplace AS place ON place.report_id = report.id JOIN boundaries_unit AS unit ON unit.id = place.unit_id"
    " AND unit.validity @> date '{}' LEFT JOIN boundaries_unit AS above ON above.id = unit.parent_id WHERE " + PUBLIC + " AND "
)
# What somebody would write by hand, as plainly as can be: only the counts
BY_HAND = [
    f"SELECT above.code, count(*) {AT.format('2025-06-30')} category.code = 'embankment' AND report.filed_at >= '2023-01-01 +07' AND {BESIDE.format('rivers', 300)} GROUP BY 1",
    f"SELECT to_char(report.filed_at AT TIME ZONE 'Asia/Ho_Chi_Minh', 'YYYY-MM'), count(*) {AT.format('2025-07-01')} unit.code = '32002' AND category.code IN ('pothole', 'pavement') GROUP BY 1",
    f"SELECT report.code, 1 {OF} category.code = 'lighting' AND report.closed_at IS NULL AND {AREA}",
    f"SELECT unit.code, count(*) {AT.format('2025-06-30')} category.code = 'drainage' AND report.filed_at < '2025-07-01 +07' AND {GANH_HAO} GROUP BY 1",
    f"SELECT unit.code, count(*) {AT.format('2025-07-01')} category.code = 'drainage' AND report.filed_at >= '2025-07-01 +07' AND {GANH_HAO} GROUP BY 1",
    f"SELECT floor(ST_X({IN_METRES}) / 5000)::bigint || ':' || floor(ST_Y({IN_METRES}) / 5000)::bigint, count(*) {OF} category.code = 'environment' AND {BESIDE.format('coast', 1000)} GROUP BY 1",
    f"SELECT report.code, 1 {OF} category.code = 'pothole' ORDER BY ST_Distance({IN_METRES}, ST_Transform(ST_SetSRID(ST_MakePoint(105.196, 8.99), 4326), {SRID})), code LIMIT 20",
    f"SELECT category.code, count(*) {AT.format('2025-06-30')} above.code = '970' AND report.status = 'resolved' GROUP BY 1",
    f"SELECT unit.code, count(*) {AT.format('2025-07-01')} NOT {BESIDE.format('rivers', 5000)} GROUP BY 1",
    f"SELECT layer.label, count(*) FROM (SELECT label, ST_Transform(geometry, {SRID}) AS metric FROM boundaries_baselayer WHERE name = 'rivers' OFFSET 0) AS layer"
    f" JOIN reports_report AS report ON ST_DWithin({IN_METRES}, layer.metric, 1000)"
    f" JOIN authorities_category AS category ON category.id = report.category_id WHERE {PUBLIC} GROUP BY 1",
    "SELECT layer.label, count(*) FROM insights_ownfeature AS layer JOIN reports_report AS report ON ST_Intersects(report.location, layer.geometry)"
    f" JOIN authorities_category AS category ON category.id = report.category_id WHERE {PUBLIC} GROUP BY 1",
    f"SELECT category.code, count(*) {OF} report.severity = 3 AND report.closed_at IS NULL AND report.due_at < now() AND NOT {AREA} AND {BESIDE.format('coast', 2000)} GROUP BY 1",
]  # fmt: skip


def run_bench(number: int, open_percent: int) -> dict[str, Any]:
    """The median seconds of each query, of the same by hand, their ratios; and in how many answers geopandas agrees."""
    user = make_plan(number, open_percent)
    told = json.loads(TWELVE.read_text())
    seconds: dict[str, float] = {}
    ratios: dict[str, float] = {}
    answers: list[Answer] = []
    for at, (one, by_hand) in enumerate(zip(told, BY_HAND, strict=True), 1):
        query = parse_query(one["query"])
        answers.append(run(query, user))
        ours = _median(partial(run, query, user))
        bare, counted = _by_hand(by_hand)
        _agree(at, answers[-1], counted)
        seconds |= {f"{at:2}. {one['en']}": ours, f"{at:2}.   by hand": bare}
        ratios[f"{at:2}. by hand / ours"] = bare / ours
    return {"reports": Report.objects.count(), "agree_with_geopandas": _compared(told, answers), "seconds": seconds, "ratios": ratios}


def make_plan(number: int, open_percent: int) -> User:
    """An empty database becomes a province with the units of both periods, rivers, coast, a planner's layer, and reports with their places; the planner."""
    start = time.monotonic()
    for outlines in (OLD, NEW):
        call_command("load_boundaries", str(outlines), "--activate", verbosity=0)
    call_command("load_authorities", verbosity=0)
    call_command("load_layer", "rivers", str(DATA / "base_rivers_osm_10main.geojson"), "--attribution", "OpenStreetMap", verbosity=0)
    call_command("load_layer", "coast", str(DATA / "base_coastline_gshhg_mekong.geojson"), "--attribution", "GSHHG", verbosity=0)
    of_today = REPORTS.replace("number % 3", "number %% 3").replace("number % 60", "number %% 60")
    of_today = of_today.replace("WHERE unit.active AND", "WHERE unit.active AND upper_inf(unit.validity) AND")
    # Eight months later than the other scenes, so that reports were filed before the merger and after
    of_today = of_today.replace("timestamptz '2022-07-01", "timestamptz '2023-03-01").replace(
        "timestamptz '2025-05-01", "timestamptz '2026-01-01"
    )
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX report_words")
        cursor.execute(of_today, {"each": number / 64, "open": open_percent})
        cursor.execute(PLACES)
        cursor.execute(EVENTS)
        cursor.execute("CREATE INDEX report_words ON reports_report USING gin (report_words(description, place_note))")
        cursor.execute("VACUUM ANALYZE")
    user = User.objects.create_superuser(username="planner", email="planner@example.org", password=None, full_name="Planner")
    layer = OwnLayer.objects.create(key="twelve", name="Khu quy hoạch", owner=user, attribution="bench", features_count=ZONES)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO insights_ownfeature (layer_id, number, label, properties, geometry) SELECT %s, row_number() OVER (ORDER BY code), name, '{}', geometry"
            " FROM (SELECT unit.code, unit.name, shape.geometry FROM boundaries_unit AS unit JOIN boundaries_unitshape AS shape ON shape.unit_id = unit.id"
            " WHERE unit.level = 'commune' AND NOT upper_inf(unit.validity) ORDER BY unit.code LIMIT %s) AS zone",
            [layer.pk, ZONES],
        )
    say(f"{Report.objects.count()} reports made in {time.monotonic() - start:.0f} s")
    return user


def _median(work: Callable[[], Any]) -> float:
    spent = []
    for _time in range(TIMES):
        start = time.perf_counter()
        work()
        spent.append(time.perf_counter() - start)
    return statistics.median(spent)


def _by_hand(sql: str) -> tuple[float, dict[str | None, int]]:
    """Seconds of one run (some take long), and what it counts."""
    with connection.cursor() as cursor:
        start = time.perf_counter()
        cursor.execute(sql)
        rows = cursor.fetchall()
        return time.perf_counter() - start, dict(rows)


def _agree(at: int, answer: Answer, counted: dict[str | None, int]) -> None:
    """Stops where the SQL by hand counts something else; it leaves out what lies outside every unit."""
    ours = {row["key"]: row.get("count", 1) for row in answer.rows if row["key"] is not None}
    if ours != {key: count for key, count in counted.items() if key is not None}:
        raise SystemExit(f"Query {at}: by hand {counted}, ours {ours}")


# --- geopandas --------------------------------------------------------------------------------------------------------


def _compared(told: list[dict[str, Any]], answers: list[Answer]) -> int:
    """In how many of the answers geopandas agrees to the last row and figure; stops at the first in which it does not."""
    if missing := installed.oracles():
        say(f"geopandas is not here, nothing is compared: {missing}")
        return 0
    from bench.planner_geopandas import Frames

    frames = Frames()
    for at, (one, answer) in enumerate(zip(told, answers, strict=True), 1):
        theirs, ours = frames.answered(one["query"]), _plain(answer)
        if theirs != ours:
            raise SystemExit(f"Query {at}: geopandas {theirs}, ours {ours}")
        say(f"{at:2}. {sum(row[0] for row in ours.values()) if answer.grouped else len(ours)} reports, {len(ours)} rows: as geopandas")
    return len(told)


def _plain(answer: Answer) -> dict[Any, Any]:
    """Rows by key: count, open, resolved, median of days; of single reports the place in the order."""
    if not answer.grouped:
        return {row["key"]: at for at, row in enumerate(answer.rows)}
    return {row["key"]: (row["count"], row["open"], row["resolved"], row["median_days"]) for row in answer.rows}
