"""The merger of 1 July 2025 from end to end, on the real outlines of both periods: what shapely says of each spot is what becomes of each report."""

import json
import os
from collections import Counter
from datetime import date, datetime, timedelta

import numpy as np
import pytest
import shapely
from django.conf import settings
from django.contrib.gis.geos import Point
from django.core.management import call_command
from django.db.models import Count, F
from django.utils import timezone

from authorities.models import Category
from authorities.routing import route
from boundaries.locate import Spot as Asked
from boundaries.locate import locate_many
from boundaries.models import Edition, Unit
from reports.models import Activation, Report, ReportEvent, ReportPlace
from reports.services import Filing, file_report
from reports.territory import activate_and_reroute, rehearse
from reports.workflow import OPEN

pytestmark = [pytest.mark.realdata, pytest.mark.django_db]

DATA = settings.BASE_DIR.parent / "shared" / "data"
OLD, NEW = DATA / "camau_baclieu_pre2025_15m.geojson", DATA / "camau_2025_15m.geojson"
NUMBER = int(os.environ.get("MERGER_REPORTS", "120"))
MERGER = date(2025, 7, 1)
DIVIDED = {"Xã Nguyễn Phích": 3, "Xã Lợi An": 3}  # into how many


@pytest.fixture(scope="module")
def communes():
    """Code, name and outline of the communes of both files."""
    if not (OLD.exists() and NEW.exists()):
        pytest.skip("no real boundary files: ../shared/data is absent")

    def of(path):
        features = json.loads(path.read_text())["features"]
        found = [one for one in features if one["properties"]["level"] == "commune"]
        outlines = np.array([shapely.geometry.shape(one["geometry"]) for one in found])
        return [(one["properties"]["code"], one["properties"]["name"]) for one in found], outlines

    return of(OLD), of(NEW)


def spots_in(outline, number, rng):
    west, south, east, north = outline.bounds
    points = shapely.points(rng.uniform(west, east, number * 30), rng.uniform(south, north, number * 30))
    return list(points[shapely.contains(outline, points)][:number])


def file_all(communes, rng):
    """Reports all over the province and some off its shore, dated 2022 to 2025; six in ten of them closed."""
    (names, outlines), _ = communes
    land = shapely.union_all(outlines)
    spots = spots_in(land, NUMBER, rng) + spots_in(land.buffer(0.004).difference(land), NUMBER // 20, rng)
    for name in DIVIDED:
        spots += spots_in(outlines[[full for _, full in names].index(name)], 30, rng)
    categories = list(Category.objects.fileable())
    begin = datetime(2022, 7, 1, 8, tzinfo=timezone.get_default_timezone())
    minutes = (datetime(2025, 6, 30, 22, tzinfo=begin.tzinfo) - begin) // timedelta(minutes=1)
    for spot in spots:
        accuracy = rng.choice([None, 6.0, 35.0, 300.0])
        file_report(
            Filing(
                location=Point(spot.x, spot.y, srid=4326),
                category=categories[rng.integers(len(categories))],
                description="Báo cáo thử",
                accuracy_m=accuracy,
            ),
            at=begin + timedelta(minutes=int(rng.integers(minutes))),
        )
    closed = Report.objects.filter(pk__in=list(Report.objects.order_by("?").values_list("pk", flat=True)[: len(spots) * 6 // 10]))
    closed.update(status="resolved", closed_at=F("filed_at"), authority_at_closing=F("authority"))


def rows(reports):
    return {row["id"]: row for row in reports.values()}


def by_old_unit():
    """The series on the units of before, as figures count it."""
    old = Edition.objects.get(valid_to=MERGER)
    return Counter(dict(ReportPlace.objects.filter(edition=old).values_list("unit__code").annotate(Count("pk"))))


def test_the_merger_of_2025_on_real_files(communes):
    rng = np.random.default_rng(2025)
    call_command("load_boundaries", str(OLD), "--activate", verbosity=0)
    call_command("load_authorities", verbosity=0)
    file_all(communes, rng)
    total, series = Report.objects.count(), by_old_unit()
    assert series.total() == total
    before, by_status = rows(Report.objects.all()), Counter(Report.objects.values_list("status", flat=True))
    events = ReportEvent.objects.count()

    call_command("load_boundaries", str(NEW), verbosity=0)
    call_command("load_authorities", verbosity=0)
    edition = Edition.objects.get(state=Edition.State.DRAFT)
    rehearsal = rehearse(edition=edition, on=MERGER)
    assert (rows(Report.objects.all()), ReportEvent.objects.count(), by_old_unit()) == (before, events, series)
    done = activate_and_reroute(edition=edition, on=MERGER, digest=rehearsal.digest())
    assert done.handed_over == rehearsal.reports.handed_over

    # closed ones are untouched, open ones have one event each, and nothing is lost
    after = rows(Report.objects.all())
    still_open = [pk for pk, row in before.items() if row["status"] in OPEN]
    assert {pk: row for pk, row in after.items() if pk not in set(still_open)} == {
        pk: row for pk, row in before.items() if pk not in set(still_open)
    }
    said = Counter(ReportEvent.objects.filter(kind="rerouted").values_list("report_id", flat=True))
    assert said == Counter({pk: 1 for pk in still_open if after[pk]["version"] != before[pk]["version"]})
    outside = [pk for pk in still_open if after[pk]["unit_id"] is None and before[pk]["unit_id"] is None]
    assert len(said) + len(outside) >= len(still_open)
    assert len(after) == total
    assert Counter(row["status"] for row in after.values() if row["closed_at"]) == Counter(
        {status: count for status, count in by_status.items() if status not in OPEN}
    )
    for name in ("unit_at_filing_id", "location_at_filing", "filed_at", "code"):
        assert all(after[pk][name] == before[pk][name] for pk in before)

    # each open report lies where shapely says, and with the body that the rules name there
    names, outlines = communes[1]
    tree = shapely.STRtree(outlines)
    reports = list(Report.objects.filter(pk__in=still_open).select_related("unit", "category", "authority").order_by("pk"))
    points = shapely.points([(report.location.x, report.location.y) for report in reports])
    covering = dict(zip(*tree.query(points, predicate="covered_by"), strict=True))
    today = timezone.localdate()
    placements = locate_many([Asked(report.location, report.accuracy_m) for report in reports], on=today)
    for number, (report, placement) in enumerate(zip(reports, placements, strict=True)):
        if number in covering:
            assert report.unit.code == names[covering[number]][0], report
            assert report.unit.valid_from == MERGER
        else:
            assert report.method in ("snapped", "none"), report
        assert report.authority == route(placement, report.category, today).body, report

    # a place in both editions for every report, and the old series is what it was
    assert ReportPlace.objects.count() == 2 * total
    assert by_old_unit() == series
    for name, parts in DIVIDED.items():
        unit = Unit.objects.get(name=name, validity__endswith=MERGER)
        heirs = ReportPlace.objects.filter(edition=edition, report__places__unit=unit).values("unit").distinct()
        assert heirs.count() == parts, name
    assert Activation.objects.get().summary["moved"] == done.moved
