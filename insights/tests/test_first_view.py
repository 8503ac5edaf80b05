"""The clusters that the map's page brings along: what the API says at that moment, and no more than all may see."""

import json
import re

import pytest
from django.contrib.gis.geos import Point
from django.utils import timezone

from insights.pyramid.build import build
from reports.codes import new_code
from reports.models import Report
from reports.workflow import Status

pytestmark = pytest.mark.django_db


@pytest.fixture
def file(body_a, commune_a):
    """Writes a report at a place, without the services: what is counted here is rows."""

    def write(lon, lat, category, *, status=Status.NEW, public=True):
        spot, now = Point(lon, lat, srid=4326), timezone.now()
        return Report.objects.create(
            code=new_code(), category=category, description="x", location=spot, location_at_filing=spot, unit=commune_a, unit_at_filing=commune_a,
            method="inside", authority=body_a, status=status, filed_at=now, due_at=now, published_at=now if public else None,
        )  # fmt: skip

    return write


@pytest.fixture
def reports(file, pothole, law):
    """Two that lie together, two that do not, and one that only its officers see."""
    for lon, lat, category in ((105.05, 9.05, pothole), (105.0501, 9.0501, pothole), (104.9, 8.7, law), (105.6, 9.4, pothole)):
        file(lon, lat, category)
    file(105.2, 9.2, pothole, status=Status.TRIAGE, public=False)
    build()


def brought(client, **query):
    """What the page brings, or None."""
    page = client.get("/", query).content.decode()
    found = re.search(r'<script type="application/json" id="first-clusters">(.*?)</script>', page, re.DOTALL)
    return json.loads(found[1]) if found else None


def told(client, zoom, box, **asked):
    """What the API says, as the map asks it: features by their place, and the version."""
    response = client.get("/api/v1/map/clusters/", {"bbox": ",".join(map(str, box)), "zoom": zoom, "by": "status"} | asked)
    return response.json(), response.headers["ETag"]


@pytest.mark.parametrize("chosen", [{}, {"category": "pothole"}, {"status": "open"}, {"category": "pothole", "status": "closed"}])
def test_a_page_brings_what_the_api_says_of_the_same_choice(client, reports, chosen):
    first = brought(client, **chosen)
    assert list(first["zooms"]) == ["7", "8"]
    for zoom, collection in first["zooms"].items():
        assert (collection, first["version"]) == told(client, zoom, first["box"], **first["asked"])
    counts = {sum(feature["properties"].get("count", 1) for feature in of["features"]) for of in first["zooms"].values()}
    assert counts == {{"pothole": 3}.get(chosen.get("category"), 4) if chosen.get("status") != "closed" else 0}


def test_what_was_filed_since_is_brought_by_the_very_next_page(client, reports, file, pothole):
    before = brought(client)
    file(105.3, 9.1, pothole)
    after = brought(client)
    assert after["version"] != before["version"]
    assert len(after["zooms"]["8"]["features"]) == len(before["zooms"]["8"]["features"]) + 1


def test_a_report_that_is_not_public_is_not_brought_to_its_own_officer_either(client_of, binh, reports):
    features = brought(client_of(binh))["zooms"]["8"]["features"]
    assert sum(feature["properties"].get("count", 1) for feature in features) == 4


def test_nothing_is_brought_where_the_map_begins_elsewhere_or_reports_would_have_to_be_counted(client, file, pothole):
    file(105.05, 9.05, pothole)
    assert brought(client) is None  # no pyramid: it would be counted report by report
    build()
    assert brought(client, at="9.05,105.05,14") is None
    assert brought(client, period="7d") is None  # its days are counted report by report
    assert "first-clusters" not in client.get("/", {"fragment": "list"}).content.decode()
    assert brought(client) is not None


def test_what_is_brought_cannot_end_its_own_element(client, file, pothole):
    pothole.code = "</script><b>&"
    pothole.save()
    file(105.05, 9.05, pothole)
    build()
    (single,) = brought(client)["zooms"]["7"]["features"]
    assert single["properties"]["category"] == "</script><b>&"


@pytest.mark.parametrize(
    ("extent", "zooms"),
    [([104.65, 8.5, 105.85, 9.65], ["7", "8"]), ([102.0, 8.0, 110.0, 24.0], ["4", "5"]), ([105.0, 9.0, 105.01, 9.01], ["14", "15"])],
)
def test_the_zooms_fit_the_extent_of_a_commune_a_province_and_the_country(client, reports, settings, extent, zooms):
    settings.MAP_EXTENT = extent
    assert list(brought(client)["zooms"]) == zooms
