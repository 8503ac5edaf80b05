"""The power goes in the middle of an activation: after the restart all of it is there, or nothing."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.databases import copy_migrated
from tests.embedded import ROOT, Embedded

pytestmark = [
    pytest.mark.skipif(not list(Path("/usr/lib/postgresql").glob("*/bin/postgres")), reason="PostgreSQL's server is not on this machine"),
    pytest.mark.xdist_group("embedded-postgis"),
]

REPORTS = 60
# Two communes with a committee each and their reports, and a draft in which they are one
SCENE = f"""
import random
import django
django.setup()
from django.contrib.gis.geos import Point
from authorities.models import Category, Publication, Rule
from boundaries.models import Edition
from boundaries.tests.factories import MERGER, SIZE, SOUTH, WEST, EditionFactory, ProvinceFactory, UnitFactory, square
from reports.services import Filing, file_report
from tests.cast import ALWAYS, make_body
old = EditionFactory(name="old", valid_from=None)
province = ProvinceFactory(code="89", edition=old, valid_from=None)
committee = make_body("tinh", "UBND tỉnh", "province_committee", province)
make_body("cong", "Cổng", "portal", province, committee)
Rule.objects.create(body_kind="commune_committee", level="commune", priority=1, validity=ALWAYS)
category = Category.objects.create(code="pothole", name="Ổ gà", name_en="Pothole", publication=Publication.AT_ONCE, anonymous_allowed=True)
for number, code in enumerate(("90001", "90002")):
    unit = UnitFactory(code=code, edition=old, valid_from=None, parent=province, west=WEST + number * SIZE)
    make_body(f"ubnd-{{code}}", f"UBND {{code}}", "commune_committee", unit, committee)
draft = EditionFactory(name="new", valid_from=MERGER, state=Edition.State.DRAFT, activated_at=None)
UnitFactory(code="90009", name="Phường Mới", edition=draft, parent=province, active=False, geometry=square(WEST, SOUTH, 2 * SIZE, SIZE))
chance = random.Random(1)
for _ in range({REPORTS}):
    spot = Point(WEST + chance.uniform(0.001, 2 * SIZE - 0.001), SOUTH + chance.uniform(0.001, SIZE - 0.001), srid=4326)
    file_report(Filing(location=spot, category=category, description="Ổ gà"))
print(draft.pk)
"""
# What stands for the middle: the first statement that needs it waits, when all before it is done
MIDDLES = {
    "the units are in force, no report has moved": "SELECT FROM reports_report ORDER BY id DESC LIMIT 1 FOR UPDATE",
    "reports have moved, no event tells it": "LOCK TABLE reports_reportevent IN SHARE ROW EXCLUSIVE MODE",
}
STATE = """
SELECT (SELECT state FROM boundaries_edition WHERE name = 'new'),
       (SELECT count(*) FROM boundaries_unit WHERE active AND upper_inf(validity) AND level = 'commune'),
       (SELECT count(*) FROM authorities_body), (SELECT count(*) FROM authorities_body WHERE upper_inf(validity)),
       (SELECT count(*) FROM reports_report AS report JOIN boundaries_unit AS unit ON unit.id = report.unit_id WHERE unit.code = '90009'),
       (SELECT count(*) FROM reports_reportevent WHERE kind = 'rerouted'), (SELECT count(*) FROM reports_reportplace),
       (SELECT count(*) FROM reports_activation)
"""
BEFORE = ("draft", 2, 4, 4, 0, 0, REPORTS, 0)
AFTER = ("active", 1, 5, 3, REPORTS, REPORTS, 2 * REPORTS, 1)


@pytest.fixture
def embedded() -> Iterator[Embedded]:
    with tempfile.TemporaryDirectory(prefix="clone-") as folder:
        Path(folder).chmod(0o755)
        embedded = Embedded(Path(folder))
        code, output = embedded("start")
        assert code == 0, output
        yield embedded
        embedded("stop")
        home = embedded.home
        if home.parent == Path("/var/lib/geoportal"):
            shutil.rmtree(home)


def run(embedded: Embedded, *words: str) -> subprocess.Popen[str]:
    env = {**os.environ, "DATABASE_URL": embedded("url")[1], "DJANGO_SETTINGS_MODULE": "geoportal.settings"}
    return subprocess.Popen(
        [sys.executable, *words], cwd=ROOT, env=env, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def output_of(process: subprocess.Popen[str]) -> str:
    out, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    return out


def state(embedded: Embedded) -> tuple[object, ...]:
    with psycopg.connect(embedded.url) as connection:
        row = connection.execute(STATE).fetchone()
    assert row is not None
    return row


def wait_until_blocked(watcher: psycopg.Connection[tuple[object, ...]]) -> None:
    for _ in range(600):
        found = watcher.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'").fetchone()
        if found and found[0]:
            return
        time.sleep(0.1)
    raise AssertionError("the activation never came to the point at which it was to wait")


@pytest.mark.timeout(300)
def test_after_a_power_cut_an_activation_is_all_there_or_not_at_all(embedded: Embedded) -> None:
    copy_migrated(embedded.url)
    draft = output_of(run(embedded, "-c", SCENE)).strip()
    assert state(embedded) == BEFORE
    for middle, lock in MIDDLES.items():
        holder = psycopg.connect(embedded.url)
        watcher = psycopg.connect(embedded.url, autocommit=True)
        holder.execute(lock)
        activation = run(embedded, "manage.py", "reroute", "--activate", draft)
        wait_until_blocked(watcher)
        os.kill(embedded.pid(), signal.SIGKILL)  # the postmaster; its processes see that and end without tidying up
        _, errors = activation.communicate(timeout=60)
        assert activation.returncode != 0, middle
        assert errors
        for connection in (holder, watcher):
            connection.close()
        code, output = embedded("start")
        assert code == 0, output
        assert state(embedded) == BEFORE, middle
    output_of(run(embedded, "manage.py", "reroute", "--activate", draft))
    os.kill(embedded.pid(), signal.SIGKILL)  # right after the answer
    assert embedded("start")[0] == 0
    assert state(embedded) == AFTER
