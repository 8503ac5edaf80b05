"""What a country would need, computed from what is measured here: processor time and bytes of a report filed, of its later steps, of folding the map.

Filing here is the service, without HTTP; `make bench ARGS=filing` measures the web's part, and its figure is taken where it was run before.
"""

from __future__ import annotations

import json
import random
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from authorities.models import Category
from bench.scene import make_desk, say
from boundaries.models import UnitShape
from reports.models import Report
from reports.services import Filing, file_once

FILED = 2_000
TEXT = "Ổ gà sâu giữa đường, xe máy tránh nhau rất khó, trời mưa không thấy; đề nghị vá sớm. Trước nhà số {}, gần chợ."
TEXT_BYTES = 400  # of a text of that length: as it is, folded, and by its words
YEARLY, YEARS, PEAK = 100_000_000, 10, 100  # reports a year, years that stay in the table, reports a second at the worst
STEPS = 6  # events of a report from filing to the published reply
JOBS_A_STEP, JOB_DAYS = 2, 3
OF_A_REPORT = ("reports_report", "reports_reportplace", "reports_handling", "reports_contact", "reports_idempotencykey")
OF_A_STEP = ("reports_reportevent",)
WEB_MS = 8.0  # of a report, where `filing` was not run here
READS_A_REPORT, READ_MS, READ_DB_MS = 20, 6.0, 3.0  # looks at map, list or page for each report; processor time of one (web, database)


def run(number: int, open_percent: int) -> dict[str, Any]:
    """Milliseconds and bytes that were measured, and the plan for YEARLY reports a year."""
    make_desk(number, open_percent)
    filed_ms, database_ms = _file()
    deltas, fold_ms = _fold()
    size = {table: _bytes_a_row(table) for table in (*OF_A_REPORT, *OF_A_STEP, "procrastinate_jobs", "procrastinate_events")}
    web_ms, database_ms = _of_http(filed_ms, database_ms)
    say(f"{FILED} filed: web {web_ms:.1f}, database {database_ms:.1f} ms each; {deltas} deltas folded, {fold_ms:.2f} ms each")
    report_bytes = sum(size[table] for table in OF_A_REPORT) + TEXT_BYTES  # the scene's texts are short
    event_bytes = sum(size[table] for table in OF_A_STEP)
    job_bytes = size["procrastinate_jobs"] + 3 * size["procrastinate_events"]
    rows = YEARLY * YEARS
    mean = YEARLY / (365 * 86_400)
    deltas_a_report = 1 + 2 * (STEPS - 1)
    jobs = YEARLY / 365 * STEPS * JOBS_A_STEP * JOB_DAYS
    notes = {
        "a report": f"{report_bytes:.0f} bytes with its indexes, places, handling, contact and key; each step {event_bytes:.0f} bytes",
        "disk, reports": f"{rows * report_bytes / 1e12:.2f} TB for {rows / 1e6:.0f} million",
        "disk, events": f"{rows * STEPS * event_bytes / 1e12:.2f} TB",
        "disk, jobs": f"{jobs * job_bytes / 1e9:.0f} GB, {jobs / 1e6:.1f} million rows that are replaced each {JOB_DAYS} days",
        "filing, mean": f"{mean:.1f} a second: {mean * web_ms / 1e3:.2f} processors web, {mean * database_ms / 1e3:.2f} database",
        "filing, peak": f"{PEAK} a second: {PEAK * web_ms / 1e3:.1f} processors web, {PEAK * database_ms / 1e3:.1f} database",
        "steps at the peak": f"{PEAK * (STEPS - 1)} a second at most, if all were worked off as fast: {PEAK * (STEPS - 1) * database_ms / 1e3:.1f} processors database",
        "map at the peak": f"{PEAK * deltas_a_report} deltas a second: {PEAK * deltas_a_report * fold_ms / 1e3:.2f} of the one processor that folds",
        "reading at the peak": f"{PEAK * READS_A_REPORT} a second ({READS_A_REPORT} a report): "
        f"{PEAK * READS_A_REPORT * READ_MS / 1e3:.0f} processors web, {PEAK * READS_A_REPORT * READ_DB_MS / 1e3:.0f} database",
        "memory": f"{YEARLY / 4 * (report_bytes + STEPS * event_bytes) / 1e9:.0f} GB hold the last three months whole",
    }
    return {
        "seconds": {"filing, web": web_ms / 1e3, "filing, database": database_ms / 1e3, "folding a delta, database": fold_ms / 1e3},
        "bytes": size,
        "ratios": {},
        "notes": notes,
        "reports": Report.objects.count(),
    }


def _file() -> tuple[float, float]:
    """Milliseconds of processor that one report costs the calling process and the database."""
    chance = random.Random(5)  # noqa: S311
    spots = [s.label_point for s in UnitShape.objects.filter(current=True, unit__active=True, unit__level="commune")]
    category = Category.objects.get(code="pothole")

    def file(count: int) -> None:
        for number in range(count):
            spot = chance.choice(spots).clone()
            draft = Filing(location=spot, category=category, description=TEXT.format(number), name="Nguyễn Văn An", phone="0912345678")
            file_once(draft, key=f"{count}-{number}")

    file(50)
    ours, theirs = time.process_time(), _database_seconds()
    file(FILED)
    return (time.process_time() - ours) / FILED * 1e3, (_database_seconds() - theirs) / FILED * 1e3


def _fold() -> tuple[int, float]:
    """Deltas that were folded, and milliseconds of the database's processor for each. A step turns a case into two."""
    from insights.pyramid.fold import fold

    while fold():
        pass
    newest = list(Report.objects.order_by("-pk").values_list("pk", flat=True)[:1000])
    folded = 0
    for status in ("accepted", "in_progress"):
        Report.objects.filter(pk__in=newest).update(status=status)
    changed = _database_seconds()
    while count := fold():
        folded += count
    return folded, (_database_seconds() - changed) / max(folded, 1) * 1e3


def _database_seconds() -> float:
    """Processor time so far of the connection that this process has."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / 100


def _of_http(filed_ms: float, database_ms: float) -> tuple[float, float]:
    """What `filing` found for eight clients, where it was run; else the service's part and a guess for what stands around it."""
    found = Path(settings.BASE_DIR, ".local/bench/filing.json")
    if not found.exists():
        return max(WEB_MS, filed_ms), database_ms
    way = json.loads(found.read_text())["by_way"]["one statement, 8 clients"]
    return way["processor, web"], way["processor, database"]


def _bytes_a_row(table: str) -> float:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_total_relation_size('{table}')::float8 / greatest(count(*), 1) FROM {table}")  # noqa: S608
        return float(cursor.fetchone()[0])
