"""A planner's own layers: read, checked, asked, drawn, shared, deleted."""

from __future__ import annotations

import io
import json
import zipfile

import numpy as np
import pyogrio
import pytest
import shapely
from django.contrib.gis.geos import Point
from django.core.files.uploadedfile import SimpleUploadedFile

from insights.planner.models import OwnFeature, OwnLayer
from insights.tests.planner_cases import put

pytestmark = pytest.mark.django_db
LAYERS = "/api/v1/planner/layers/"
SQUARE = shapely.box(105.04, 9.04, 105.06, 9.06)
BOWTIE = {"type": "Polygon", "coordinates": [[[105, 9], [105.1, 9.1], [105.1, 9], [105, 9.1], [105, 9]]]}


def geojson(*geometries: dict, name: str = "Khu A") -> bytes:
    features = [{"type": "Feature", "properties": {"name": name}, "geometry": geometry} for geometry in geometries]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def written(tmp_path, driver: str, suffix: str, crs: str = "EPSG:4326") -> bytes:
    path = tmp_path / f"zones{suffix}"
    pyogrio.raw.write(
        path, np.array([shapely.to_wkb(SQUARE)], dtype=object), [np.array(["Khu A"], dtype=object)], ["name"], crs=crs, driver=driver, geometry_type="Polygon", encoding="UTF-8"
    )  # fmt: skip
    if suffix != ".shp":
        return path.read_bytes()
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for part in tmp_path.glob("zones.*"):
            archive.write(part, part.name)
    return content.getvalue()


@pytest.fixture
def upload(client_of, dung):
    """Uploads a file as Dũng."""
    client = client_of(dung)

    def uploaded(content: bytes, name: str = "zones.geojson", **more):
        told = {"name": "Vùng quy hoạch", "attribution": "Sở Xây dựng", "sharing": "body"} | more
        return client.post(LAYERS, {"file": SimpleUploadedFile(name, content), **told})

    return uploaded


@pytest.fixture
def layer(dung, province_body):
    """A layer of one point that Dũng has; its key."""

    def kept(sharing: str) -> str:
        own = OwnLayer.objects.create(name="Điểm", attribution="x", owner=dung, body=province_body, sharing=sharing, features_count=1)
        OwnFeature.objects.create(layer=own, number=1, label="1", geometry=Point(105, 9, srid=4326))
        return own.key

    return kept


def test_a_layer_of_every_kind_of_file_is_kept_and_asked(upload, ask, tmp_path, pothole, body_a, commune_a, portal):
    inside, _outside = (put(pothole, commune_a, body_a, lon, 9.05) for lon in (105.05, 105.09))
    files = {
        "a.gpkg": written(tmp_path, "GPKG", ".gpkg"),
        "a.zip": written(tmp_path, "ESRI Shapefile", ".shp"),
    }
    for name, content in files.items():
        response = upload(content, name)
        assert response.status_code == 201, response.content
        answer = ask({"places": [{"relation": "within", "layer": response.json()["key"], "feature": "Khu A"}]})
        assert [row["key"] for row in answer["rows"]] == [inside.code], name
        assert answer["attributions"] == ["Sở Xây dựng"]


def test_a_table_with_coordinates_is_a_layer_of_points(upload, ask, pothole, body_a, commune_a, portal):
    put(pothole, commune_a, body_a, 105.05, 9.05)
    table = "tên;vĩ độ;kinh độ\nTrường học;9,0501;105,05\nChợ;9,09;105,09\n"
    key = upload(table.encode("utf-8-sig"), "schools.csv").json()["key"]
    answer = ask({"group": {"by": "feature", "layer": key, "metres": 50}})
    assert [(row["key"], row["count"]) for row in answer["rows"]] == [("Trường học", 1)]


@pytest.mark.parametrize(
    ("content", "name", "told"),
    [
        (geojson(), "a.geojson", "không có đối tượng"),
        (geojson({"type": "Point", "coordinates": [9, 105]}), "a.geojson", "Đối tượng 1 (Khu A)"),
        (geojson({"type": "Point", "coordinates": [105, 9]}, BOWTIE), "a.geojson", "Đối tượng 2 (Khu A)"),
        (b"\x00\x01garbage", "a.gpkg", "Không đọc được tệp"),
        (b"name,lat\nx,9\n", "a.csv", "a.csv là bảng không có cột lat và cột lon."),
        (b"name,lat,lon\nx,9,NaN\n", "a.csv", "a.csv có tọa độ không phải là số: dòng 1, “NaN”."),
        (
            b'<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>/etc/passwd</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>',
            "a.vrt",
            "tệp",
        ),
    ],
)
def test_what_is_no_sound_layer_is_refused_with_its_reason_and_nothing_is_kept(upload, content, name, told, settings):
    response = upload(content, name)
    assert response.status_code == 400
    assert told in str(response.json()["errors"]["file"])
    assert not OwnLayer.objects.exists()


def test_a_layer_that_is_too_large_is_refused_before_it_is_read(upload, settings):
    settings.PLANNER_LAYER_LIMIT = 1_000
    assert upload(b" " * 1_001).status_code == 400
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in (".shp", ".shx", ".dbf"):
            archive.writestr(f"a{part}", b"\0" * 100_000)
    response = upload(bomb.getvalue(), "a.zip")
    assert response.status_code == 400
    assert "PLANNER_LAYER_LIMIT" in str(response.json()["errors"])


def test_a_break_that_leaves_the_area_the_same_is_repaired_and_told(upload):
    spike = [[105, 9], [105.1, 9], [105.1, 9.1], [105.05, 9.1], [105.05, 9.2], [105.05, 9.1], [105, 9.1], [105, 9]]
    response = upload(geojson({"type": "Polygon", "coordinates": [spike]}))
    assert response.json()["repaired"] == 1
    assert OwnFeature.objects.get().geometry.valid


def test_a_layer_is_seen_by_whom_it_is_shared_with_and_deleted_by_its_owner_alone(layer, client_of, dung, lan, hanh, binh, portal):
    seen = {}
    for sharing in ("private", "body", "all"):
        key = layer(sharing)
        seen[sharing] = {
            person.username for person in (dung, lan, hanh, binh) if client_of(person).get(f"{LAYERS}{key}/").status_code == 200
        }
    assert seen == {"private": {"dung"}, "body": {"dung", "lan"}, "all": {"dung", "lan", "hanh"}}
    assert client_of(lan).delete(f"{LAYERS}{key}/").status_code == 403
    assert client_of(dung).delete(f"{LAYERS}{key}/").status_code == 204
    assert OwnFeature.objects.count() == 2
    names = {layer["key"] for layer in client_of(hanh).get(LAYERS).json()}
    assert names == set()


def test_a_query_over_a_layer_that_is_not_shared_is_refused(layer, client_of, hanh, portal):
    query = {"places": [{"relation": "near", "layer": f"own:{layer('private')}", "metres": 5}]}
    response = client_of(hanh).post("/api/v1/planner/query/", json.dumps(query), content_type="application/json")
    assert response.status_code == 400
