"""Queries over real rivers and coast answer exactly what shapely counts from the files, in the same reference system, moved there by another PROJ.

The twelve queries of docs/planner.md are compared with geopandas by `make bench ARGS=planner` (100,000 reports); here the spatial ones of them, on fewer.
"""

from __future__ import annotations

import json
import math
import random
from datetime import timedelta

import numpy as np
import pytest
import shapely
from django.conf import settings
from django.contrib.gis.gdal import CoordTransform, SpatialReference
from django.contrib.gis.geos import Point
from django.utils import timezone

from boundaries.models import BaseLayer
from boundaries.outlines import to_django
from insights.planner.language import parse_query
from insights.planner.running import run
from reports.models import Report

pytestmark = [pytest.mark.django_db, pytest.mark.realdata]
DATA = settings.BASE_DIR.parent / "shared" / "data"
FILES = {"rivers": DATA / "base_rivers_osm_10main.geojson", "coast": DATA / "base_coastline_gshhg_mekong.geojson"}
NUMBER = 1_000
AROUND = shapely.box(104, 8, 106.5, 10.5)


@pytest.fixture
def layers(db):
    """The rivers and the coast, loaded; and as shapely has them, in degrees, by layer and name."""
    if not all(path.exists() for path in FILES.values()):
        pytest.skip("no base layers: ../shared/data is absent")
    found, rows = {}, []
    for name, path in FILES.items():
        for feature in json.loads(path.read_text())["features"]:
            label, line = feature["properties"].get("id", ""), shapely.geometry.shape(feature["geometry"])
            if not line.intersects(AROUND):
                continue
            found.setdefault((name, label), []).append(line)
            rows.append(BaseLayer(name=name, label=label, attribution="test", geometry=to_django(line)))
    BaseLayer.objects.bulk_create(rows)
    return {key: shapely.geometrycollections(parts) for key, parts in found.items()}


@pytest.fixture
def spots(layers, pothole, body_a, commune_a):
    """Public reports anywhere in Cà Mau, half of them within some 3 km of a river or the coast: code → point in degrees."""
    chance = random.Random(12)
    lines = [line for line in layers.values() if line.intersects(shapely.box(104.7, 8.5, 105.8, 9.6))]
    now, reports = timezone.now(), []
    for number in range(NUMBER):
        lon, lat = chance.uniform(104.7, 105.8), chance.uniform(8.5, 9.6)
        if number % 2:
            line = shapely.intersection(chance.choice(lines), shapely.box(104.7, 8.5, 105.8, 9.6))
            corner = shapely.get_coordinates(line)[chance.randrange(shapely.get_num_coordinates(line))]
            lon, lat = corner[0] + chance.gauss(0, 0.01), corner[1] + chance.gauss(0, 0.01)
        spot = Point(lon, lat, srid=4326)
        reports.append(
            Report(
                code=f"{number:010d}", category=pothole, description="x", location=spot, location_at_filing=spot, method="inside",
                unit=commune_a, unit_at_filing=commune_a, authority=body_a, filed_at=now - timedelta(minutes=number), published_at=now,
            )
        )  # fmt: skip
    Report.objects.bulk_create(reports)
    return {report.code: (report.location.x, report.location.y) for report in reports}


def to_metres(geometry):
    """Moved to VN-2000 by GDAL's PROJ; the database has another one."""
    way = CoordTransform(SpatialReference(4326), SpatialReference(settings.METRIC_SRID))

    def moved(pairs):
        points = to_django(shapely.multipoints(pairs))
        points.transform(way)
        return np.array(points.coords)

    return shapely.transform(geometry, moved)


def test_distances_cells_and_neighbours_are_those_of_shapely(layers, spots, admin_user):
    codes = np.array(list(spots))
    points = to_metres(shapely.points(list(spots.values())))
    metric = {key: to_metres(line) for key, line in layers.items()}
    every = {name: shapely.geometrycollections([line for (layer, _), line in metric.items() if layer == name]) for name in FILES}

    def asked(**query):
        return run(parse_query(query), admin_user)

    for layer, metres in (("rivers", 300), ("rivers", 5_000), ("coast", 1_000), ("coast", 2_000)):
        near = set(codes[shapely.dwithin(points, every[layer], metres)])
        assert near
        place = {"relation": "near", "layer": f"base:{layer}", "metres": metres}
        assert {row["key"] for row in asked(places=[place]).rows} == near
        assert {row["key"] for row in asked(places=[place | {"not": True}]).rows} == set(codes) - near

    by_river = {label: int(shapely.dwithin(points, line, 1_000).sum()) for (layer, label), line in metric.items() if layer == "rivers"}
    grouped = asked(group={"by": "feature", "layer": "base:rivers", "metres": 1_000})
    assert {row["key"]: row["count"] for row in grouped.rows} == {label: count for label, count in by_river.items() if count}

    side = 5_000
    cells: dict[str, int] = {}
    for x, y in shapely.get_coordinates(points):
        key = f"{math.floor(x / side)}:{math.floor(y / side)}"
        cells[key] = cells.get(key, 0) + 1
    assert {row["key"]: row["count"] for row in asked(group={"by": "cell", "metres": side}).rows} == cells

    here = to_metres(shapely.Point(105.196, 8.99))
    away = sorted(zip(shapely.distance(points, here), codes, strict=True))[:20]
    assert [row["key"] for row in asked(nearest={"count": 20, "point": [105.196, 8.99]}).rows] == [code for _metres, code in away]


def test_the_twelve_queries_of_the_documentation_are_queries():
    told = json.loads((settings.BASE_DIR / "fixtures" / "planner" / "twelve.json").read_text())
    documented = (settings.BASE_DIR / "docs" / "planner.md").read_text()
    assert len(told) == 12
    for one in told:
        parse_query(one["query"])
        assert one["en"] in documented
