"""Files from outside: the formats that we read, and one clear sentence for each that we do not."""

import ast
import contextlib
import gzip
import json
import math
import sqlite3
import tempfile
import time
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely
from django.contrib.gis.gdal import CoordTransform, SpatialReference
from django.contrib.gis.geos import Point
from django.utils import translation
from django.utils.translation import gettext

from boundaries import reader_child, readers
from boundaries.reader_words import REFUSALS
from boundaries.readers import UnreadableFile, read_layers
from boundaries.tests.files import SIZE, SOUTH, WEST, box, commune, feature, geojson, gpkg, outline, province, shapefile

UNITS = [province(), commune(), commune("32002", "Phường An Xuyên", WEST + SIZE)]


def zipped(path: Path) -> Path:
    """A Shapefile in one zip file, as it is sent by mail."""
    archive = path.with_suffix(".shp.zip")
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for part in path.parent.glob(f"{path.stem}.*"):
            if part != archive:
                file.write(part, part.name)
                file.writestr(f"__MACOSX/._{part.name}", b"leftovers of another system")
    return archive


def refusal(path: Path) -> str:
    """The one sentence about a file that is not read."""
    with pytest.raises(UnreadableFile) as refused:
        read_layers(path)
    sentence = str(refused.value)
    assert path.name in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


@pytest.mark.parametrize("kind", ["geojson", "geojson.gz", "gpkg", "shp", "shp.zip"])
def test_every_format_says_the_same(tmp_path, kind):
    path = tmp_path / f"units.{kind}"
    if "geojson" in kind:
        geojson(path, *UNITS)
    elif kind == "gpkg":
        gpkg(path, *UNITS)
    else:
        shapefile(tmp_path / "units.shp", *UNITS)
        path = zipped(tmp_path / "units.shp") if kind == "shp.zip" else path
    (layer,) = read_layers(path)
    assert layer.label == path.name
    assert layer.columns["code"] == ["96", "32001", "32002"]
    assert layer.columns["name"] == ["Tỉnh Cà Mau", "Xã Tây", "Phường An Xuyên"]
    assert layer.columns["parent_cod" if "shp" in kind else "parent_code"] == [None, "96", "96"]
    assert layer.columns["valid_from"][0] == "2025-07-01"
    squares = [shapely.box(WEST, SOUTH, WEST + 1, SOUTH + 1), shapely.box(WEST, SOUTH, 105.1, 9.1), shapely.box(105.1, SOUTH, 105.2, 9.1)]
    assert all(shapely.equals_exact(layer.outlines, squares, 1e-9, normalize=True))


def test_what_a_file_is_is_told_by_its_content_not_by_its_name(tmp_path):
    path = gpkg(tmp_path / "units.gpkg", *UNITS).rename(tmp_path / "units.geojson")
    assert len(read_layers(path)[0]) == 3


def test_a_geopackage_gives_each_of_its_layers(tmp_path):
    path = gpkg(tmp_path / "two.gpkg", province(), layer="provinces")
    gpkg(path, commune(), layer="communes", append=True)
    assert [(layer.label, len(layer)) for layer in read_layers(path)] == [("two.gpkg, layer provinces", 1), ("two.gpkg, layer communes", 1)]


def test_a_byte_order_mark_does_no_harm(tmp_path):
    path = geojson(tmp_path / "units.geojson", *UNITS)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert len(read_layers(path)[0]) == 3


# --- Coordinate systems -----------------------------------------------------------------------------------------------


def wgs84_of_vn2000(lon: float, lat: float) -> tuple[float, float]:
    """The seven published parameters from VN-2000 to WGS 84, worked out here by hand: PROJ is what is tested."""
    axis, flattening = 6378137.0, 1 / 298.257223563
    e2 = flattening * (2 - flattening)
    phi, lam = math.radians(lat), math.radians(lon)
    normal = axis / math.sqrt(1 - e2 * math.sin(phi) ** 2)
    x, y, z = normal * math.cos(phi) * math.cos(lam), normal * math.cos(phi) * math.sin(lam), normal * (1 - e2) * math.sin(phi)
    rx, ry, rz = (math.radians(seconds / 3600) for seconds in (-0.00928836, 0.01975479, -0.00427372))
    scale = 1 + 0.252906278e-6
    new_x = -191.90441429 + scale * (x - rz * y + ry * z)
    new_y = -39.30318279 + scale * (rz * x + y - rx * z)
    new_z = -111.45032835 + scale * (-ry * x + rx * y + z)
    across = math.hypot(new_x, new_y)
    phi = math.atan2(new_z, across * (1 - e2))
    for _ in range(10):
        normal = axis / math.sqrt(1 - e2 * math.sin(phi) ** 2)
        phi = math.atan2(new_z + e2 * normal * math.sin(phi), across)
    return math.degrees(math.atan2(new_y, new_x)), math.degrees(phi)


def in_system(epsg: int, datum: int) -> dict:
    """A square whose corners are given in another coordinate system of the same datum."""
    way = CoordTransform(SpatialReference(datum), SpatialReference(epsg))
    corners = []
    for lon, lat in box()["coordinates"][0]:
        point = Point(lon, lat, srid=datum)
        point.transform(way)
        corners.append((point.x, point.y))
    return outline(corners)


@pytest.mark.parametrize("write", [gpkg, shapefile])
def test_utm_is_moved_to_wgs84(tmp_path, write):
    path = write(tmp_path / ("a.gpkg" if write is gpkg else "a.shp"), commune(geometry=in_system(32648, 4326)), crs="EPSG:32648")
    (layer,) = read_layers(path)
    assert layer.outlines[0].bounds == pytest.approx((WEST, SOUTH, WEST + SIZE, SOUTH + SIZE), abs=1e-8)


@pytest.mark.parametrize("write", [gpkg, shapefile])
@pytest.mark.parametrize("epsg", [3405, 9210])
def test_vn2000_is_moved_by_its_datum_too_which_is_200_metres(tmp_path, write, epsg):
    path = write(tmp_path / ("a.gpkg" if write is gpkg else "a.shp"), commune(geometry=in_system(epsg, 4756)), crs=f"EPSG:{epsg}")
    (layer,) = read_layers(path)
    west, south = layer.outlines[0].bounds[:2]
    assert (west, south) == pytest.approx(wgs84_of_vn2000(WEST, SOUTH), abs=1e-5)  # about a metre: there are several sets of parameters
    assert west - WEST > 0.001


def test_a_named_system_in_geojson_is_believed(tmp_path):
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32648"}}
    path = geojson(tmp_path / "a.geojson", commune(geometry=in_system(32648, 4326)), crs=crs)
    assert read_layers(path)[0].outlines[0].bounds[:2] == pytest.approx((WEST, SOUTH), abs=1e-8)


@pytest.mark.parametrize(
    "crs",
    [
        {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::999999"}},
        {"type": "name", "properties": {"name": "the ministry's own"}},
        {"type": "link", "properties": {"href": "http://127.0.0.1:9/crs"}},
    ],
)
def test_an_unknown_system_in_geojson_is_refused_not_taken_for_wgs84(tmp_path, crs):
    assert "names a coordinate system that is not understood" in refusal(geojson(tmp_path / "a.geojson", commune(), crs=crs))


@pytest.mark.parametrize("name", ["urn:ogc:def:crs:OGC:1.3:CRS84", "EPSG:4326", "urn:ogc:def:crs:EPSG::4326", None])
def test_wgs84_may_be_named_or_not(tmp_path, name):
    crs = {"type": "name", "properties": {"name": name}} if name else None
    (layer,) = read_layers(geojson(tmp_path / "a.geojson", commune(), crs=crs))
    assert layer.outlines[0].bounds[0] == WEST


def test_a_shapefile_without_prj_is_refused(tmp_path):
    path = shapefile(tmp_path / "a.shp", commune())
    path.with_suffix(".prj").unlink()
    assert "names no coordinate system (CRS)" in refusal(path)


def test_a_geopackage_without_a_system_is_refused(tmp_path):
    assert "names no coordinate system (CRS)" in refusal(gpkg(tmp_path / "a.gpkg", commune(), crs=None))


def test_a_datum_without_a_known_way_to_wgs84_is_refused_not_guessed(tmp_path):
    path = shapefile(tmp_path / "a.shp", commune(geometry=in_system(32648, 4326)), crs="EPSG:32648")
    prj = path.with_suffix(".prj")
    prj.write_text(
        prj.read_text()
        .replace("D_WGS_1984", "D_Somewhere")
        .replace("GCS_WGS_1984", "GCS_Somewhere")
        .replace("WGS_1984_UTM_Zone_48N", "Mine")
    )
    assert "no known way to WGS 84" in refusal(path)


# --- Encodings --------------------------------------------------------------------------------------------------------


def test_geojson_that_is_not_utf8_is_refused_with_feature_and_place(tmp_path):
    path = geojson(tmp_path / "a.geojson", commune(), commune("32002", "Xã Tà"))
    path.write_bytes(path.read_bytes().replace("Xã Tà".encode(), "Xã Tà".encode("latin-1")))
    sentence = refusal(path)
    assert "is not UTF-8 text: feature 2, byte " in sentence
    assert "32002" in sentence


def test_utf16_is_refused_by_name(tmp_path):
    path = geojson(tmp_path / "a.geojson", commune())
    path.write_bytes(path.read_text().encode("utf-16"))
    assert "UTF-16" in refusal(path)


def test_a_shapefile_in_another_encoding_is_read_by_its_cpg(tmp_path):
    path = shapefile(tmp_path / "a.shp", commune(name="Xã Tà"), encoding="ISO-8859-1")
    assert path.with_suffix(".cpg").read_text() == "ISO-8859-1"
    assert read_layers(path)[0].columns["name"] == ["Xã Tà"]


def test_a_shapefile_in_another_encoding_that_does_not_say_so_is_refused(tmp_path):
    path = shapefile(tmp_path / "a.shp", commune(), commune("32002", "Xã Tà"), encoding="ISO-8859-1")
    path.with_suffix(".cpg").unlink()
    assert "is not in UTF-8: feature 1, “Xã Tây”" in refusal(path)


def test_a_shapefile_without_cpg_is_read_as_utf8(tmp_path):
    path = shapefile(tmp_path / "a.shp", commune(name="Phường An Xuyên"))
    path.with_suffix(".cpg").unlink()
    assert read_layers(path)[0].columns["name"] == ["Phường An Xuyên"]


def test_a_geopackage_with_bytes_that_are_no_text_is_refused_with_the_feature(tmp_path):
    path = gpkg(tmp_path / "a.gpkg", commune(), commune("32002"), layer="units")
    with contextlib.closing(sqlite3.connect(path)) as database:
        for (trigger,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f'DROP TRIGGER "{trigger}"')
        database.execute("UPDATE units SET name = CAST(x'58e32054e0' AS TEXT) WHERE code = '32002'")
        database.commit()
    assert "has text that is not UTF-8: feature 2" in refusal(path)


def test_a_geopackage_without_outlines_is_refused(tmp_path):
    path = tmp_path / "a.gpkg"
    with warnings.catch_warnings(action="ignore"):
        pyogrio.raw.write(str(path), None, [np.array(["1"], dtype=object)], ["code"], geometry_type=None, driver="GPKG", crs=None)
    assert "holds no layer with outlines" in refusal(path)


def test_an_unknown_cpg_is_refused(tmp_path):
    path = shapefile(tmp_path / "a.shp", commune())
    path.with_suffix(".cpg").write_text("KLINGON-1")
    assert "“KLINGON-1”" in refusal(path)


# --- What is no geographic file ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.geojson", b"", "is empty"),
        ("a.geojson", b" \n", "is empty"),
        ("a.geojson", b"Phuong 2, 105, 9", "is not a GeoJSON, GeoPackage or Shapefile"),
        ("a.geojson", b'{"hello": 1}', "is not a GeoJSON, GeoPackage or Shapefile"),
        ("a.geojson", b"{bad", "is not a GeoJSON, GeoPackage or Shapefile"),
        ("a.png", b"\x89PNG\r\n\x1a\n" + bytes(50), "is not a GeoJSON, GeoPackage or Shapefile"),
        ("a.gpkg", b"SQLite format 3\0" + bytes(500), "cannot be read"),
        ("a.zip", b"PK\x03\x04" + bytes(500), "is a damaged or locked zip file"),
        ("a.geojson.gz", b"\x1f\x8b\x08" + bytes(30), "gzip file"),
    ],
)
def test_what_is_not_a_geographic_file_is_refused(tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)
    assert words in refusal(tmp_path / name)


def test_a_file_that_is_cut_off_is_refused(tmp_path):
    path = geojson(tmp_path / "a.geojson", *UNITS)
    path.write_bytes(path.read_bytes()[:-60])
    assert "cannot be read" in refusal(path)


def test_a_gzip_file_that_is_cut_off_is_refused(tmp_path):
    path = geojson(tmp_path / "a.geojson.gz", *UNITS)
    path.write_bytes(path.read_bytes()[:-20])
    assert "is a gzip file that is cut off" in refusal(path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    assert "there is no such file" in refusal(tmp_path / "none.geojson")
    assert "is not a file" in refusal(tmp_path)


def test_a_shapefile_without_its_table_is_refused(tmp_path):
    path = shapefile(tmp_path / "a.shp", commune())
    path.with_suffix(".dbf").unlink()
    assert "without its .dbf file" in refusal(path)


def test_a_zip_file_with_two_shapefiles_is_refused(tmp_path):
    shapefile(tmp_path / "a.shp", commune())
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in ("a.shp", "b.shp"):
            archive.write(tmp_path / "a.shp", name)
    assert "with 2 Shapefiles; one is needed" in refusal(tmp_path / "a.zip")


# --- Files that mean harm ---------------------------------------------------------------------------------------------


def test_a_gzip_bomb_is_refused_before_it_unpacks(tmp_path, settings):
    settings.BOUNDARY_FILE_LIMIT = 1_000_000
    path = tmp_path / "bomb.geojson.gz"
    path.write_bytes(gzip.compress(b" " * 50_000_000))
    assert "unpacks to something larger than the limit of 1 MB" in refusal(path)


def test_a_zip_bomb_is_refused_before_it_unpacks(tmp_path, settings):
    settings.BOUNDARY_FILE_LIMIT = 1_000_000
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.shp", bytes(50_000_000))
    assert "unpacks to something larger than the limit of 1 MB" in refusal(tmp_path / "bomb.zip")


def test_a_zip_file_writes_nothing_outside_its_folder(tmp_path):
    path = shapefile(tmp_path / "a.shp", *UNITS)
    archive = zipped(path)
    with zipfile.ZipFile(archive, "a") as file:
        file.writestr("a./../../evil.dbf", b"evil")
        file.writestr("../evil.shx", b"evil")
    assert len(read_layers(archive)[0]) == 3
    assert not Path(tempfile.gettempdir(), "evil.dbf").exists()


def test_a_large_file_is_refused(tmp_path, settings):
    path = geojson(tmp_path / "a.geojson", *UNITS)
    settings.BOUNDARY_FILE_LIMIT = 100
    assert "is larger than the limit" in refusal(path)


def test_a_file_that_points_at_others_is_not_followed(tmp_path):
    target = geojson(tmp_path / "secret.geojson", *UNITS)
    path = tmp_path / "a.geojson"
    path.write_text(
        f'<OGRVRTDataSource><OGRVRTLayer name="secret"><SrcDataSource>{target}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>'
    )
    assert "is not a GeoJSON, GeoPackage or Shapefile" in refusal(path)


def child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str) -> Path:
    """Puts another program in the reader's place, and gives a file for it."""
    (tmp_path / "child.py").write_text(program)
    monkeypatch.setattr(readers, "CHILD", tmp_path / "child.py")
    return geojson(tmp_path / "a.geojson", *UNITS)


def test_the_reader_gets_no_secrets_and_only_the_drivers_on_our_list(tmp_path, monkeypatch):
    program = """
import json, os, pyogrio
print(json.dumps({"refused": json.dumps([sorted(os.environ), sorted(pyogrio.list_drivers())])}))
"""
    with pytest.raises(UnreadableFile) as told:
        read_layers(child(tmp_path, monkeypatch, program))
    names, drivers = json.loads(str(told.value).removeprefix("a.geojson ").removesuffix("."))
    assert not [name for name in names if "DJANGO" in name or "DATABASE" in name]
    assert drivers == ["ESRI Shapefile", "GPKG", "GeoJSON"] or drivers == ["ESRI Shapefile", "GPKG", "GeoJSON", "MEM"]


def test_a_reader_that_takes_too_long_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(readers, "READ_SECONDS", 1)
    start = time.monotonic()
    assert "was not read within 1 seconds" in refusal(child(tmp_path, monkeypatch, "import time; time.sleep(60)"))
    assert time.monotonic() - start < 20


def test_each_refusal_of_the_reader_is_listed_for_translation():
    calls = [node for node in ast.walk(ast.parse(readers.CHILD.read_text())) if isinstance(node, ast.Call)]
    said = [call.args[0] for call in calls if isinstance(call.func, ast.Name) and call.func.id == "RefusedFile"]
    words = {one.value for one in said if isinstance(one, ast.Constant)} | {reader_child.NOT_A_GEO_FILE}
    assert {ast.unparse(one) for one in said if not isinstance(one, ast.Constant)} == {"NOT_A_GEO_FILE"}
    assert words <= set(REFUSALS)
    with translation.override("vi"):
        assert not [sentence for sentence in REFUSALS if gettext(sentence) == sentence]


def test_a_reader_that_wants_too_much_memory_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(readers, "READ_MEMORY", 40_000_000)
    sentence = refusal(geojson(tmp_path / "a.geojson", *UNITS))
    assert "memory" in sentence or "the reader stopped" in sentence


def test_a_reader_that_crashes_is_told(tmp_path, monkeypatch):
    sentence = refusal(child(tmp_path, monkeypatch, "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"))
    assert "the reader stopped (SIGSEGV)" in sentence


def test_outlines_that_make_no_ring_do_not_stop_the_reading_of_others(tmp_path):
    path = geojson(
        tmp_path / "a.geojson", feature(outline([(105, 9), (105.1, 9)])), feature(outline([(105, 9), (105.1, 9), (105.1, 9.1)])), feature()
    )
    (layer,) = read_layers(path)
    assert not shapely.is_valid(layer.outlines[0])  # its feature is refused, by name, when it is checked
    assert layer.outlines[1].area == pytest.approx(0.005)  # a ring left open is closed
    assert layer.outlines[2].area == pytest.approx(0.01)
