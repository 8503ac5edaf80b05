"""The pyramid: what it answers is what a count of the reports gives, whatever was folded, and whoever writes."""

import json
import os
import random
import re
import threading
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.gis.geos import Point
from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction

from authorities.models import Publication
from gis.cells import cell_of
from insights.clusters import BREAKDOWNS, Stand, feature_collection, window_of
from insights.pyramid.build import build, differences
from insights.pyramid.fold import fold
from insights.pyramid.models import CellCount, CellTotal, Delta, DenseCell, Pyramid
from insights.pyramid.read import Mix, question
from insights.pyramid.words import BOTH, NUMBER, STATUSES, month_of, start_of_month
from reports.codes import new_code
from reports.models import Report
from reports.workflow import CLOSED, GROUPS, Status

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 18, 9, 0, tzinfo=UTC)
ALL = "104,8,106,10"


@pytest.fixture
def write(body_a, commune_a, pothole):
    """Makes a report at a place, not yet saved."""

    def made(lon, lat, *, category=pothole, status=Status.NEW, public=True, filed_at=NOW):
        closed, spot = status in CLOSED, Point(lon, lat, srid=4326)
        return Report(
            code=new_code(), category=category, description="x", location=spot, location_at_filing=spot, unit=commune_a, unit_at_filing=commune_a,
            method="inside", authority=body_a, status=status, filed_at=filed_at, published_at=filed_at if public else None,
            closed_at=filed_at if closed else None, authority_at_closing=body_a if closed else None,
        )  # fmt: skip

    return made


@pytest.fixture
def file(write):
    def saved(*args, **kwargs):
        report = write(*args, **kwargs)
        report.save()
        return report

    return saved


def ask(client, **asked):
    response = client.get("/api/v1/map/clusters/", {"bbox": ALL, "zoom": 8} | asked)
    assert response.status_code == 200, response.content
    return response.json()["features"]


def clusters(mix, window, stand, by=BREAKDOWNS):
    return json.loads(feature_collection(mix, window, stand, by))["features"]


def total(features):
    return sum(feature["properties"].get("count", 1) for feature in features)


SOME = [Status.NEW, Status.ACCEPTED, Status.WAITING, Status.WITHDRAWN]


def crowd(write, categories, many, seed=7):
    """Reports around a dozen places and elsewhere, of three years, some of them not public; some on one spot."""
    chance = random.Random(seed)
    places = [(chance.uniform(104.6, 105.8), chance.uniform(8.6, 9.5)) for _ in range(12)]
    made = []
    for number in range(many):
        west, south = chance.choice(places)
        spread = chance.choice([0, 0.0003, 0.004, 0.2])
        made.append(
            write(
                west + chance.uniform(-spread, spread),
                south + chance.uniform(-spread, spread),
                category=chance.choice(categories),
                status=chance.choice(SOME),
                public=number % 10 > 0,
                filed_at=NOW - timedelta(minutes=chance.randint(0, 3 * 365 * 24 * 60)),
            )
        )
    return Report.objects.bulk_create(made)


RECOUNT = """
SELECT cell_x >> %(bits)s, cell_y >> %(bits)s, count(*), min(reports_report.code), avg(ST_X(location)), avg(ST_Y(location)), array_agg(category.code), array_agg(status)
FROM reports_report JOIN authorities_category AS category ON category.id = category_id
WHERE published_at IS NOT NULL AND category.publication <> 'never' AND cell_x >> %(bits)s BETWEEN %(x1)s AND %(x2)s AND cell_y >> %(bits)s BETWEEN %(y1)s AND %(y2)s
  AND (%(category)s = '' OR category.code = %(category)s) AND (%(statuses)s::text[] = '{}' OR status = ANY(%(statuses)s))
  AND filed_at >= coalesce(nullif(%(since)s, '')::timestamptz, '-infinity') AND filed_at < coalesce(nullif(%(until)s, '')::timestamptz, 'infinity')
GROUP BY 1, 2 ORDER BY 1, 2
"""


def recount(zoom, box, *, category="", status="", since="", until=""):
    """Plain SQL, knowing nothing of the pyramid: (count, code of a single, longitude, latitude, how many by category, by status) by cell."""
    west, south, east, north = box
    (x1, y1), (x2, y2) = cell_of(west, north, zoom + 3), cell_of(east, south, zoom + 3)
    given = {"bits": 21 - zoom, "x1": x1, "x2": x2, "y1": y1, "y2": y2, "category": category, "since": since, "until": until}
    with connection.cursor() as cursor:
        cursor.execute(RECOUNT, given | {"statuses": sorted(GROUPS.get(status, [status])) if status else []})
        return [
            (count, code if count == 1 else None, round(lon, 5), round(lat, 5), Counter(categories), Counter(statuses))
            for _x, _y, count, code, lon, lat, categories, statuses in cursor.fetchall()
        ]


def answered(features):
    return [
        (
            feature["properties"].get("count", 1),
            feature["properties"].get("code"),
            *(round(number, 5) for number in feature["geometry"]["coordinates"]),
            *(Counter(feature["properties"].get(f"by_{name}") or [feature["properties"].get(name)]) for name in ("category", "status")),
        )
        for feature in features
    ]


TIMES = [
    "2023-07-01T00:00:00+07:00",
    "2024-02-11T10:00:00+07:00",
    "2025-01-01T00:00:00+07:00",
    "2025-02-01T00:00:00+07:00",
    "2026-03-01T00:00:00+07:00",
    "2026-03-11T00:00:00+07:00",
]


VIEWS = int(os.environ.get("PYRAMID_VIEWS", "120"))


def test_random_views_and_mixes_equal_a_plain_recount(write, pothole, law, health):
    first = crowd(write, [pothole, law, health], 900)
    build()
    later = crowd(write, [pothole, law, health], 60, seed=8)
    Report.objects.filter(pk__in=[report.pk for report in later[::2]]).update(
        status=Status.SURVEYING, closed_at=None, authority_at_closing=None
    )
    Report.objects.filter(pk__in=[report.pk for report in later[::7]]).delete()
    chance, stand = random.Random(11), Stand.now()
    for number in range(VIEWS):
        if number == VIEWS // 2:
            assert fold() > 0
        zoom = chance.randint(6, 21)
        width = 360 / 2**zoom * chance.uniform(0.5, 4)
        west, south = chance.uniform(104.5, 105.8), chance.uniform(8.5, 9.5)
        if chance.random() < 0.7:  # where something lies
            west, south = (number - width / 3 for number in chance.choice(first).location.coords)
        box = (west, south, west + width, south + width * 0.7)
        mix = {"category": chance.choice(["", "", "pothole", "law"]), "status": chance.choice(["", "", "open", "closed", "new", "waiting"])}
        since, until = sorted([chance.choice(TIMES), chance.choice(TIMES)])
        if chance.random() < 0.5:
            mix |= {"since": since, "until": chance.choice(["", until])}
        by = chance.choice([("category", "status"), ("status",), ("status",), ("category",)])
        features = clusters(Mix.of(mix), window_of(box, zoom), stand, by)
        found, wanted = answered(features), recount(zoom, box, **mix)
        assert [row[:2] for row in found] == [row[:2] for row in wanted], (zoom, box, mix)
        for (count, _, lon, lat, *told), (_, _, true_lon, true_lat, *true) in zip(found, wanted, strict=True):
            assert abs(lon - true_lon) < 3e-5, (zoom, box, mix)
            assert abs(lat - true_lat) < 3e-5, (zoom, box, mix)
            for name, numbers, true_numbers in zip(("category", "status"), told, true, strict=True):
                assert (count > 1 and name not in by) or numbers == true_numbers, (zoom, box, mix, by)
        together = [feature for feature in features if feature["properties"]["cluster"]]
        assert len({cell_of(*feature["geometry"]["coordinates"], zoom + 3) for feature in together}) == len(together), (zoom, box)
        for feature in features:
            if feature["properties"]["cluster"]:
                (lon, lat), (west, south, east, north) = feature["geometry"]["coordinates"], feature["properties"]["bbox"]
                assert west <= lon <= east
                assert south <= lat <= north
                assert east - west < 360 / 2 ** (zoom + 3) * 1.3


def test_far_in_months_of_full_cells_and_of_others_add_up_whatever_waits(write, pothole, law, health, monkeypatch):
    monkeypatch.setattr("insights.pyramid.build.DENSE_FROM", {17: 2, 18: 3, 19: 8, 20: 40})
    first = crowd(write, [pothole, law, health], 900)
    build()
    dense = {(x, y): depth for x, y, depth in DenseCell.objects.values_list("x", "y", "depth")}
    assert set(dense.values()) == {17, 18, 19, 20}
    assert {(report.cell_x >> 8, report.cell_y >> 8) for report in Report.objects.all()} - set(dense)
    later = crowd(write, [pothole, law, health], 90, seed=7)
    Report.objects.filter(pk__in=[report.pk for report in first[::5]]).update(
        status=Status.SURVEYING, closed_at=None, authority_at_closing=None
    )
    Report.objects.filter(pk__in=[report.pk for report in later[::3]]).delete()
    changed = first[::5] + later
    chance, both_kinds = random.Random(3), 0
    for step in ("waiting", "folded"):
        assert differences() == []
        for _ in range(VIEWS // 2):
            zoom = chance.randint(14, 17)
            width = 360 / 2**zoom * chance.uniform(1, 5)
            west, south = (number - width * chance.random() for number in chance.choice(changed).location.coords)
            box = (west, south, west + width, south + width * 0.7)
            since, until = sorted(chance.sample(TIMES, 2))
            mix = {"status": chance.choice(["", "open", "closed"]), "since": since, "until": chance.choice(["", until])}
            wanted = recount(zoom, box, **mix)
            assert [row[:2] for row in answered(clusters(Mix.of(mix), window_of(box, zoom), Stand.now()))] == [row[:2] for row in wanted], (
                step,
                zoom,
                box,
                mix,
            )
            (x1, y1), (x2, y2) = cell_of(west, box[3], 16), cell_of(box[2], south, 16)
            kinds = {dense.get((x, y), 16) >= zoom + 3 for x in range(x1, x2 + 1) for y in range(y1, y2 + 1)}
            both_kinds += len(kinds) == 2 and len(wanted) > 3
        fold()
    assert both_kinds > VIEWS // 6


@pytest.mark.parametrize("time", [{}, {"since": "2026-01-01", "until": "2026-04-01"}])
def test_what_is_left_of_a_full_cell_says_its_category_though_only_states_are_asked_for(write, pothole, law, health, time):
    """Of more than eight parts the table holds how many of each status, too; the categories of what has left are not in that."""
    made = Report.objects.bulk_create(
        write(105.05, 9.05, category=category, status=status) for category in (pothole, law, health) for status in SOME
    )
    build()
    Report.objects.exclude(pk=made[6].pk).delete()
    (alone,) = clusters(Mix.of(time), window_of((105, 9, 105.1, 9.1), 10), Stand.now(), ("status",))
    assert alone["properties"] == {"cluster": False, "code": made[6].code, "category": made[6].category.code, "status": made[6].status}


# --- fresh, whatever happens -----------------------------------------------------------------------------------------------


def test_a_change_counts_in_the_very_next_answer_folded_or_not(client, file, pothole, law, commune_b):
    build()
    report = file(105.05, 9.05)
    (single,) = ask(client)
    assert single["properties"] == {"cluster": False, "code": report.code, "category": "pothole", "status": "new"}
    for change in (
        {"status": Status.ACCEPTED},
        {"category": law},
        {"location": Point(105.31, 9.31, srid=4326)},
        {"published_at": None},
        {"published_at": NOW},
    ):
        Report.objects.filter(pk=report.pk).update(**change)
        report.refresh_from_db()
        for _ in range(2):
            found = ask(client)
            assert len(found) == (0 if report.published_at is None else 1), change
            if found:
                assert found[0]["properties"] == {
                    "cluster": False,
                    "code": report.code,
                    "category": report.category.code,
                    "status": report.status,
                }
                assert found[0]["geometry"]["coordinates"] == [report.location.x, report.location.y]
            fold()
    report.delete()
    assert ask(client) == []
    assert fold() > 0
    assert ask(client) == []
    assert not CellCount.objects.exists()
    assert not CellTotal.objects.exists()


def test_what_changes_nothing_on_the_map_writes_no_delta(file, django_assert_num_queries):
    hidden, shown = file(105.05, 9.05, public=False), file(105.05, 9.05)
    Delta.objects.all().delete()
    Report.objects.filter(pk=shown.pk).update(description="y", version=2, severity=3)
    Report.objects.filter(pk=hidden.pk).update(status=Status.ACCEPTED)
    assert not Delta.objects.exists()


def test_a_category_that_is_closed_to_the_public_leaves_the_map_and_comes_back(client, file, law):
    build()
    file(105.05, 9.05, category=law)
    file(105.31, 9.31)
    fold()
    for publication, wanted in ((Publication.NEVER, 1), (Publication.AFTER_A_LOOK, 2), (Publication.AT_ONCE, 2), (Publication.NEVER, 1)):
        law.publication = publication
        law.save()
        assert total(ask(client)) == wanted
        assert total(ask(client, category="law")) == wanted - 1
        fold()
        assert total(ask(client)) == wanted
    assert differences() == []


def test_edges_are_found_again_when_the_outermost_has_left(client, file):
    build()
    near = [file(105.05, 9.05), file(105.0503, 9.0503)]
    far = file(105.1, 9.1)
    fold()
    Report.objects.filter(pk=far.pk).update(published_at=None)
    fold()
    (cluster,) = ask(client)
    west, south, east, north = cluster["properties"]["bbox"]
    assert east - west < 0.001
    assert north - south < 0.001
    around = f"{west - 0.001},{south - 0.001},{east + 0.001},{north + 0.001}"
    assert len(ask(client, zoom=cluster["properties"]["expansion_zoom"], bbox=around)) == len(near)
    assert differences() == []


def test_an_answer_is_asked_for_again_by_its_version(client, file, body_a):
    build()
    file(105.05, 9.05)
    address = {"bbox": ALL, "zoom": 8}
    first = client.get("/api/v1/map/clusters/", address)
    assert "no-cache" in first.headers["Cache-Control"]
    kept = {"headers": {"If-None-Match": first.headers["ETag"]}}
    assert client.get("/api/v1/map/clusters/", address, **kept).status_code == 304
    fold()
    assert client.get("/api/v1/map/clusters/", address, **kept).status_code == 304  # folding changes nothing
    file(105.06, 9.06)
    assert client.get("/api/v1/map/clusters/", address, **kept).status_code == 200
    assert "ETag" not in client.get("/api/v1/map/clusters/", address | {"authority": body_a.code}).headers


def test_verifying_names_the_cell_that_is_wrong(file, capsys):
    build()
    file(105.05, 9.05)
    call_command("verify_clusters", verbosity=0)
    fold()
    call_command("verify_clusters", verbosity=0)
    CellTotal.objects.filter(depth=11, month=0, side=BOTH).update(count=7)
    with pytest.raises(CommandError, match="1 differences"):
        call_command("verify_clusters", verbosity=0)
    assert "depth 11" in capsys.readouterr().err
    call_command("rebuild_clusters", verbosity=0)
    call_command("verify_clusters", verbosity=0)


def test_statuses_have_the_same_numbers_in_sql_and_here(db):
    assert set(STATUSES) == set(Status)
    with connection.cursor() as cursor:
        cursor.execute("SELECT word, status_number(word) FROM unnest(%s::text[]) AS word", [list(NUMBER)])
        assert dict(cursor.fetchall()) == NUMBER


def test_months_are_those_of_vietnam_in_sql_and_here(db):
    for month in (2022 * 12 + 11, 2026 * 12):
        begun = start_of_month(month)
        for moment, wanted in ((begun, month), (begun - timedelta(seconds=1), month - 1)):
            with connection.cursor() as cursor:
                cursor.execute("SELECT month_number(%s)", [moment])
                assert cursor.fetchone() == (month_of(moment),) == (wanted,)


# --- how PostgreSQL reads it -------------------------------------------------------------------------------------------------


def test_no_view_of_a_mix_reads_a_whole_table(write, pothole, law, health):
    crowd(write, [pothole, law, health], 3000)
    build()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE reports_report, insights_cellcount, insights_celltotal")
    small = (105.05, 9.05, 105.06, 9.06)
    months = {"since": "2024-05-10", "until": "2024-07-20"}
    for asked, zoom, wanted in (
        ({}, 13, "insights_celltotal_pkey"),
        ({"status": "open"}, 13, "insights_celltotal_pkey"),
        ({"category": "pothole"}, 13, "insights_cellcount_pkey"),
        ({"category": "pothole", "status": "new"}, 12, "insights_cellcount_pkey"),
        (months, 11, "insights_celltotal_pkey"),
        ({"since": "2024-05-01", "until": "2024-06-01"}, 11, "insights_celltotal_pkey"),
        ({**months, "category": "law"}, 11, "Index"),
        ({}, 19, "report_by_cell"),
        (months, 15, "report_by_cell"),
        ({"status": "open"}, 19, "report_by_cell"),
        ({"since": "2024-05-10", "until": "2024-05-20"}, 16, "report_by_cell"),
    ):
        window = window_of(small, zoom)
        statement, given = question(Mix.of(asked), window, built=True, by_category=False)
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN (COSTS OFF) {statement}", given)
            plan = "\n".join(row[0] for row in cursor.fetchall())
        assert wanted in plan, (asked, zoom, plan)
        if wanted == "insights_celltotal_pkey":  # the whole key, column by column of the view
            assert re.search(r"Index Cond: \(\(depth = \d+\) AND .*\(x = column_of\.x\) AND \(y >= \d+\) AND \(y <= \d+\)\)", plan), plan
        for table in ("reports_report", "insights_cellcount", "insights_celltotal"):
            assert f"Seq Scan on {table}" not in plan, (asked, zoom, plan)


# --- several at once -------------------------------------------------------------------------------------------------------


@contextmanager
def at_once(work, many):
    """Runs a work in threads of their own, and tells what went wrong in them."""
    wrong = []

    def guarded(number):
        try:
            work(number)
        except Exception as error:
            wrong.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=guarded, args=(number,)) for number in range(many)]
    for thread in threads:
        thread.start()
    yield
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.django_db(transaction=True)
def test_whoever_writes_sees_the_own_report_counted_while_others_write_and_a_job_folds(client, write, pothole):
    build()

    def file_and_look(number):
        lon, lat = 104.7 + number * 0.1, 8.6 + number * 0.1
        mix, window, stand = Mix.of({}), window_of((lon - 0.001, lat - 0.001, lon + 0.001, lat + 0.001), 14), Stand.now()
        for filed in range(1, 16):
            write(lon, lat).save()
            assert total(clusters(mix, window, stand)) == filed
        Report.objects.filter(location=Point(lon, lat, srid=4326)).update(status=Status.ACCEPTED)
        (cluster,) = clusters(Mix.of({"status": "accepted"}), window, stand)
        assert cluster["properties"]["by_status"] == {"accepted": 15}

    with at_once(file_and_look, 4):
        for _ in range(12):
            fold()
    assert differences() == []
    fold()
    assert differences() == []
    assert total(ask(client)) == 60


@pytest.mark.django_db(transaction=True)
def test_a_fold_that_is_killed_has_done_nothing(client, file):
    build()
    for number in range(5):
        file(105.05 + number / 100, 9.05)
    fold()
    file(105.2, 9.05)

    with transaction.atomic():
        assert fold() == 1
        transaction.set_rollback(True)
    assert Delta.objects.count() == 1
    assert total(ask(client)) == 6
    assert differences() == []
    assert fold() == 1


@pytest.mark.django_db(transaction=True)
def test_a_table_that_is_emptied_leaves_nothing_on_the_map(client, file):
    build()
    file(105.05, 9.05)
    fold()
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE reports_report CASCADE")
    assert ask(client) == []
    assert not Pyramid.objects.exists()
    file(105.05, 9.05)
    assert total(ask(client)) == 1
    fold()
    assert total(ask(client)) == 1
    assert differences() == []
