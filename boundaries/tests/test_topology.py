"""What check_topology finds: each kind of flaw where it was planted, with its size; and nothing on outlines that fit."""

import gzip
import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import shapely
from django.conf import settings
from django.contrib.gis.geos import GEOSGeometry, MultiPolygon
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from boundaries.models import Edition, TopologyCheck, Unit, UnitShape
from boundaries.outlines import cut_pieces
from boundaries.tests.factories import MERGER, SIZE, SOUTH, WEST, DistrictFactory, EditionFactory, ProvinceFactory, UnitFactory, square
from boundaries.tests.test_editions import DATA, METRES, NEW_FILE, load_files, realdata, undone
from boundaries.topology import runs
from boundaries.topology.findings import Severity, sentence

pytestmark = pytest.mark.django_db

FAR = 0.001  # of a degree: 110 m
THIN = 0.00002  # 2.2 m


def area(width: float, height: float) -> float:
    """Square metres of a box in degrees, computed without the database."""
    return width * METRES[0] * height * METRES[1]


def box(west: float = WEST, south: float = SOUTH, width: float = SIZE, height: float = SIZE) -> MultiPolygon:
    return square(west, south, width, height)


def without(geometry: MultiPolygon, *holes: MultiPolygon) -> MultiPolygon:
    for hole in holes:
        geometry = geometry.difference(hole)
    return geometry if geometry.geom_type == "MultiPolygon" else MultiPolygon(geometry, srid=4326)


def joined(geometry: MultiPolygon, *others: MultiPolygon) -> MultiPolygon:
    for other in others:
        geometry = geometry.union(other)
    return geometry if geometry.geom_type == "MultiPolygon" else MultiPolygon(geometry, srid=4326)


@pytest.fixture
def edition() -> Edition:
    return EditionFactory()


@pytest.fixture
def province(edition) -> Unit:
    """A province of two communes side by side."""
    return ProvinceFactory(code="96", name="Tỉnh Cà Mau", edition=edition, geometry=box(width=2 * SIZE))


def pair(edition: Edition, province: Unit, west: MultiPolygon | None = None, east: MultiPolygon | None = None) -> tuple[Unit, Unit]:
    """Its communes; each may have another outline than its half."""
    return (
        UnitFactory(code="32001", name="Xã Tây", edition=edition, parent=province, geometry=west or box()),
        UnitFactory(code="32002", name="Xã Đông", edition=edition, parent=province, geometry=east or box(WEST + SIZE)),
    )


def found(edition: Edition) -> list[dict]:
    return [one["properties"] | {"geometry": one["geometry"]} for one in runs.run_check(edition=edition).findings]


def summary(edition: Edition) -> list[tuple[str, str, str]]:
    return [(one["kind"], one["what"], one["severity"]) for one in found(edition)]


# --- Each kind --------------------------------------------------------------------------------------------------------


def test_outlines_that_fit_have_no_findings(edition, province):
    pair(edition, province)
    assert found(edition) == []
    check = TopologyCheck.objects.get(edition=edition)
    assert (check.state, check.errors, check.warnings, check.notes, check.step) == ("done", 0, 0, 0, "")


def test_an_overlap_is_found_where_it_is_and_as_large_as_it_is(edition, province):
    pair(edition, province, east=box(WEST + SIZE - FAR, width=SIZE + FAR))
    (one,) = found(edition)
    assert (one["kind"], one["severity"]) == ("overlap", "error")
    assert one["size_m2"] == pytest.approx(area(FAR, SIZE), rel=0.01)
    assert one["width_m"] == pytest.approx(FAR * METRES[0], rel=0.02)  # the ends of the strip count a little
    assert [unit["code"] for unit in one["units"]] == ["32001", "32002"]
    assert WEST + SIZE - FAR < one["lon"] < WEST + SIZE
    assert SOUTH < one["lat"] < SOUTH + SIZE
    assert shapely.from_geojson(json.dumps(one["geometry"])).bounds == pytest.approx((WEST + SIZE - FAR, SOUTH, WEST + SIZE, SOUTH + SIZE))


def test_a_small_overlap_is_a_warning_and_a_thin_one_a_sliver(edition, province):
    pair(edition, province, east=joined(box(WEST + SIZE), box(WEST + SIZE - 0.0005, SOUTH + 0.05, 0.0006, 0.0005)))
    assert summary(edition) == [("overlap", "", "warning")]
    Unit.objects.filter(edition=edition, level="commune").delete()
    pair(edition, province, east=box(WEST + SIZE - THIN, width=SIZE + THIN))
    (one,) = found(edition)
    assert (one["kind"], one["what"], one["severity"]) == ("sliver", "overlap", "warning")  # 2 m × 11 km are 2.4 ha
    assert one["size_m2"] == pytest.approx(area(THIN, SIZE), rel=0.01)


def twice_over() -> MultiPolygon:
    """The eastern commune with two squares of 0.002° in the western one."""
    return joined(box(WEST + SIZE), *(box(WEST + SIZE - 0.002, south, 0.0021, 0.002) for south in (SOUTH + 0.02, SOUTH + 0.06)))


def test_several_overlaps_of_a_pair_are_each_a_place_of_its_own(edition, province):
    pair(edition, province, east=twice_over())
    places = found(edition)
    assert [one["kind"] for one in places] == ["overlap", "overlap"]
    assert [one["size_m2"] for one in places] == pytest.approx([area(0.002, 0.002)] * 2, rel=0.01)


def test_a_gap_inside_is_found_once_with_its_neighbours(edition, province):
    hole = box(WEST + SIZE - FAR, SOUTH + 0.05, 2 * FAR, FAR)
    pair(edition, province, without(box(), hole), without(box(WEST + SIZE), hole))
    (one,) = found(edition)
    assert (one["kind"], one["severity"]) == ("gap", "warning")
    assert one["size_m2"] == pytest.approx(area(2 * FAR, FAR), rel=0.01)
    assert [unit["name"] for unit in one["units"]] == ["Xã Tây", "Xã Đông"]


def test_a_gap_in_which_a_report_would_find_no_unit_is_an_error(edition, province):
    width = 2.2 * settings.SNAP_DISTANCE_M / METRES[0]
    hole = box(WEST + 0.02, SOUTH + 0.02, width, width)
    pair(edition, province, without(box(), hole))
    assert summary(edition) == [("gap", "", "error")]


def test_a_thin_gap_is_a_sliver(edition, province):
    hole = box(WEST + SIZE - THIN, SOUTH + 0.05, THIN, 0.01)
    pair(edition, province, without(box(), hole))
    (one,) = found(edition)
    assert (one["kind"], one["what"], one["severity"]) == ("sliver", "gap", "note")
    assert one["size_m2"] == pytest.approx(area(THIN, 0.01), rel=0.01)


def test_an_opening_to_the_outside_is_told_by_the_whole(edition, province):
    notch = box(WEST + 0.05, SOUTH + SIZE - FAR, FAR, FAR)
    pair(edition, province, without(box(), notch))
    (one,) = found(edition)
    assert (one["kind"], one["severity"], one["units"][0]["code"]) == ("uncovered", "warning", "96")
    assert one["size_m2"] == pytest.approx(area(FAR, FAR), rel=0.01)


def test_a_whole_of_which_a_large_place_has_no_part_is_an_error(edition, province):
    UnitFactory(edition=edition, parent=province, geometry=box())
    (one,) = found(edition)
    assert (one["kind"], one["severity"]) == ("uncovered", "error")
    assert one["size_m2"] == pytest.approx(area(SIZE, SIZE), rel=0.01)


def test_a_part_beyond_its_whole_is_found(edition, province):
    pair(edition, province, east=box(WEST + SIZE, width=SIZE + FAR))
    (one,) = found(edition)
    assert (one["kind"], one["severity"], [unit["code"] for unit in one["units"]]) == ("outside", "error", ["32002", "96"])
    assert one["size_m2"] == pytest.approx(area(FAR, SIZE), rel=0.01)


def test_a_part_that_lies_elsewhere_altogether_is_found_whole(edition, province):
    pair(edition, province)
    UnitFactory(code="32003", edition=edition, parent=province, geometry=box(WEST + 5 * SIZE))
    (one,) = found(edition)
    assert (one["kind"], one["size_m2"]) == ("outside", pytest.approx(area(SIZE, SIZE), rel=0.01))


def test_districts_are_compared_with_both_sides(edition):
    province = ProvinceFactory(edition=edition, geometry=box(width=2 * SIZE))
    district = DistrictFactory(edition=edition, parent=province, geometry=box(width=2 * SIZE + FAR), valid_from=MERGER, valid_to=None)
    pair(edition, district)
    assert {(one["kind"], one["units"][0]["level"]) for one in found(edition)} == {("outside", "district"), ("uncovered", "district")}


def test_a_crumb_of_a_unit_is_a_sliver_and_an_island_is_not(edition, province):
    crumb, island = box(WEST - 0.1, SOUTH, 0.00005, 0.00005), box(WEST - 0.2, SOUTH, 0.001, 0.001)
    whole = box(width=2 * SIZE)
    UnitShape.objects.filter(unit=province).update(geometry=joined(whole, crumb, island))
    cut_pieces([province.pk])
    pair(edition, province, joined(box(), crumb, island))
    findings = found(edition)
    assert {(one["kind"], one["what"], one["severity"]) for one in findings} == {("sliver", "part", "note")}
    assert [one["size_m2"] for one in findings] == pytest.approx(
        [area(0.00005, 0.00005)] * 2, rel=0.01
    )  # of the commune, and of the province


def test_a_broken_outline_and_a_missing_one_are_told_and_the_rest_is_still_checked(edition, province):
    pair(edition, province, east=box(WEST + SIZE - FAR, width=SIZE + FAR))
    bare = UnitFactory(code="32003", edition=edition, parent=province, geometry=box(WEST + 5 * SIZE))
    bare.shapes.all().delete()
    bow = f"MULTIPOLYGON((({WEST} 8, {WEST + 1} 9, {WEST + 1} 8, {WEST} 9, {WEST} 8)))"
    with connection.cursor() as cursor:  # the database refuses broken outlines: an older one may have let them in
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE boundaries_unitshape DROP CONSTRAINT shape_geometry_is_valid")
        broken = UnitFactory(code="32004", name="Xã Nơ", edition=edition, parent=province, geometry=box(WEST + 6 * SIZE))
        cursor.execute("UPDATE boundaries_unitshape SET geometry = ST_GeomFromText(%s, 4326) WHERE unit_id = %s", [bow, broken.pk])
    findings = found(edition)
    by_unit = {one["units"][0]["code"]: one for one in findings}
    assert {code: (one["kind"], one["what"]) for code, one in by_unit.items()} == {
        "32003": ("invalid", "missing"), "32004": ("invalid", "geometry"), "32001": ("overlap", ""),
    }  # fmt: skip
    assert len(findings) == 3
    assert (by_unit["32004"]["lon"], by_unit["32004"]["lat"]) == pytest.approx((WEST + 0.5, 8.5))
    assert "Self-intersection" in sentence(by_unit["32004"])


def test_units_beside_an_edition_count_and_those_that_it_would_replace_do_not(edition, province):
    pair(edition, province)
    draft = EditionFactory(state=Edition.State.DRAFT, valid_from=date(2027, 1, 1))
    new = {"edition": draft, "valid_from": date(2027, 1, 1), "active": False, "parent": province}
    UnitFactory(code="32001", name="Xã Tây", geometry=box(width=SIZE / 2), **new)
    UnitFactory(code="32009", name="Xã Giữa", geometry=box(WEST + SIZE / 2, width=SIZE / 2 + FAR), **new)
    (one,) = [one for one in found(draft) if one["kind"] != "name"]
    assert (one["kind"], one["what"], {unit["name"] for unit in one["units"]}) == ("overlap", "", {"Xã Giữa", "Xã Đông"})
    assert one["size_m2"] == pytest.approx(area(FAR, SIZE), rel=0.01)


def test_the_other_parts_of_a_whole_count_however_far_off_and_its_old_flaws_do_not(edition):
    """A later edition brings one of three communes; a fourth is missing since ever, far from it."""
    province = ProvinceFactory(edition=edition, geometry=box(width=5 * SIZE))
    for n in (0, 1, 2):
        UnitFactory(edition=edition, parent=province, west=WEST + n * SIZE, code=f"3200{n}")
    UnitFactory(edition=edition, parent=province, geometry=box(WEST + 4 * SIZE))
    later = EditionFactory(valid_from=date(2027, 1, 1), state=Edition.State.DRAFT)
    new = {"edition": later, "parent": province, "valid_from": date(2027, 1, 1), "active": False, "code": "32000"}
    unit = UnitFactory(**new)
    assert found(later) == []
    UnitShape.objects.filter(unit=unit).update(geometry=box(width=SIZE - FAR))
    cut_pieces([unit.pk])
    (one,) = found(later)
    assert (one["kind"], one["size_m2"]) == ("uncovered", pytest.approx(area(FAR, SIZE), rel=0.01))


def test_a_gap_between_an_edition_and_the_units_beside_it_is_found(edition):
    province = ProvinceFactory(edition=edition, geometry=box(width=3 * SIZE, height=3 * SIZE))
    middle = box(WEST + SIZE, SOUTH + SIZE)
    UnitFactory(name="Xã Vòng", edition=edition, parent=province, geometry=without(box(width=3 * SIZE, height=3 * SIZE), middle))
    later = EditionFactory(valid_from=date(2027, 1, 1))
    inner = box(WEST + SIZE + FAR, SOUTH + SIZE + FAR, SIZE - 2 * FAR, SIZE - 2 * FAR)
    UnitFactory(name="Xã Lõi", edition=later, parent=province, geometry=inner, valid_from=date(2027, 1, 1))
    (one,) = found(later)
    assert (one["kind"], one["size_m2"]) == ("gap", pytest.approx(area(SIZE, SIZE) - area(SIZE - 2 * FAR, SIZE - 2 * FAR), rel=0.01))


@pytest.mark.parametrize(
    ("published", "expected"), [(1.0, []), (1.02, []), (1.05, ["note"]), (0.7, ["warning"]), (5.0, ["warning"]), (None, [])]
)
def test_an_area_unlike_the_published_one_is_told_and_never_an_error(edition, province, published, expected):
    west, _ = pair(edition, province)
    true = west.shapes.get().area_m2 / 1e6
    Unit.objects.filter(pk=west.pk).update(published_area_km2=published and true * published)
    findings = found(edition)
    assert [(one["kind"], one["severity"]) for one in findings] == [("area", severity) for severity in expected]
    for one in findings:
        assert one["size_m2"] == pytest.approx(abs(1 - published) * true * 1e6, rel=0.01)


def test_schematic_outlines_are_not_compared_with_published_areas(edition, province):
    UnitFactory(edition=edition, parent=province, geometry=box(width=2 * SIZE), schematic=True, published_area_km2=1.0)
    assert found(edition) == []


# --- Names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "now", "width", "what"),
    [
        ("Xã Hòa Mỹ", "Xã Hòa Mỹ", SIZE, None),
        ("Xã Hòa Mỹ", "Xã Hoà Mỹ", SIZE, "spelling"),
        ("Xã Hòa Mỹ", "Phường Hòa Mỹ", SIZE, "kind"),
        ("Xã Hòa Mỹ", "Xã Tân Thành", SIZE, "renamed"),
        ("Phường 2", "Phường An Xuyên", 2 * SIZE, "reused"),
    ],
)
def test_a_name_is_compared_with_the_one_that_the_code_had_before(edition, before, now, width, what):
    UnitFactory(code="32002", name=before, valid_from=None, valid_to=MERGER)
    UnitFactory(code="32002", name=now, edition=edition, geometry=box(width=width))
    findings = found(edition)
    assert [(one["what"], one["severity"]) for one in findings] == ([(what, "note")] if what else [])
    assert all(before in sentence(one) for one in findings)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("Xã Tân Thành", "Xã Tân Thành", [("duplicate", "warning")]),
        ("Xã Hòa Mỹ", "Xã Hoà Mỹ", [("duplicate", "warning")]),
        ("Xã Tân Thành", "Xã Tân Thạnh", [("alike", "note")]),
        ("Xã Tân Thành", "Phường Tân Thành", []),
    ],
)
def test_the_same_name_twice_within_one_unit_is_told(edition, province, first, second, expected):
    west, east = pair(edition, province)
    Unit.objects.filter(pk=west.pk).update(name=first)
    Unit.objects.filter(pk=east.pk).update(name=second)
    assert [(one["what"], one["severity"]) for one in found(edition)] == expected


# --- Coverages --------------------------------------------------------------------------------------------------------

few = hypothesis_settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], derandomize=True
)


def cells(points: list[tuple[float, float]]) -> list[shapely.Polygon]:
    """A coverage of the unit square: the cells of Voronoi."""
    whole = shapely.box(0, 0, 1, 1)
    raw = shapely.get_parts(shapely.voronoi_polygons(shapely.MultiPoint(points), extend_to=whole))
    lines = shapely.union_all([*(shapely.intersection(cell, whole).boundary for cell in raw)], grid_size=1e-6)
    return list(shapely.get_parts(shapely.polygonize([lines])))


coordinates = st.tuples(st.integers(5, 95), st.integers(5, 95)).map(lambda cell: (cell[0] / 100, cell[1] / 100))


@few
@given(points=st.lists(coordinates, min_size=3, max_size=12, unique=True))
def test_nothing_is_found_on_a_coverage_and_each_flaw_that_is_planted_is(points):
    with undone():
        edition = EditionFactory()
        squares = cells(points)
        province = ProvinceFactory(edition=edition, geometry=placed(shapely.union_all(squares)))
        communes = [UnitFactory(edition=edition, parent=province, geometry=placed(cell)) for cell in squares]
        assert found(edition) == []
        largest = max(range(len(squares)), key=lambda n: squares[n].area)
        middle = shapely.maximum_inscribed_circle(squares[largest]).coords[0]
        hole = shapely.box(middle[0] - 0.01, middle[1] - 0.01, middle[0] + 0.01, middle[1] + 0.01)
        set_outline(communes[largest], shapely.difference(squares[largest], hole))
        (gap,) = found(edition)
        assert (gap["kind"], gap["size_m2"]) == ("gap", pytest.approx(area(0.002, 0.002), rel=0.01))
        other = (largest + 1) % len(squares)
        set_outline(communes[largest], squares[largest])
        set_outline(communes[other], shapely.MultiPolygon([squares[other], hole]))
        (overlap,) = found(edition)
        assert (overlap["kind"], overlap["size_m2"]) == ("overlap", pytest.approx(area(0.002, 0.002), rel=0.01))


def placed(shape: shapely.Geometry) -> MultiPolygon:
    """A shape of the unit square, a tenth of a degree wide, in Cà Mau."""
    moved = shapely.transform(shape, lambda xy: np.round(xy * SIZE + (WEST, SOUTH), 9))
    multi = moved if moved.geom_type == "MultiPolygon" else shapely.MultiPolygon([moved])
    return GEOSGeometry(memoryview(shapely.to_wkb(multi)), srid=4326)


def set_outline(unit: Unit, shape: shapely.Geometry) -> None:
    UnitShape.objects.filter(unit=unit).update(geometry=placed(shape))
    cut_pieces([unit.pk])


# --- The command ------------------------------------------------------------------------------------------------------


def check(*arguments: object, **options: object) -> None:
    call_command("check_topology", *map(str, arguments), **{"verbosity": 0, **options})


def test_the_command_ends_with_an_error_where_there_are_errors(edition, province, capsys):
    pair(edition, province, east=box(WEST + SIZE - FAR, width=SIZE + FAR))
    with pytest.raises(CommandError, match=r"^1 error\.$"):
        check(verbosity=1)
    assert "Overlap: 1 error (1.21 km² together)" in capsys.readouterr().out


def test_warnings_and_notes_are_no_failure(edition, province, capsys):
    pair(edition, province, without(box(), box(WEST + 0.05, SOUTH + 0.05, FAR, FAR)))
    check(verbosity=1)
    assert "Warning: Between Xã Tây (32001) lies a place that belongs to no unit. 12,1" in capsys.readouterr().out


def test_findings_are_written_for_qgis(edition, province, tmp_path):
    pair(edition, province, east=box(WEST + SIZE - THIN, width=SIZE + THIN))
    check(geojson=tmp_path / "findings.geojson")
    written = json.loads((tmp_path / "findings.geojson").read_text())
    (one,) = written["features"]
    assert written["type"] == "FeatureCollection"
    assert one["properties"]["units"] == "32001 Xã Tây; 32002 Xã Đông"
    assert shapely.from_geojson(json.dumps(one["geometry"])).is_valid


def test_published_areas_come_from_a_table(edition, province, tmp_path, capsys):
    pair(edition, province)
    path = tmp_path / "areas.csv"
    path.write_text("code,area_km2_published\n32001,12\n32002,\n99999,5\n", encoding="utf-8")
    check(edition.pk, published_areas=path, verbosity=1)
    assert "Published areas: 1 units; codes of no unit: 99999" in capsys.readouterr().out
    assert list(Unit.objects.order_by("code").values_list("published_area_km2", flat=True)) == [12.0, None, None]


@pytest.mark.parametrize(
    ("text", "words"), [("code,x\n1,2\n", "it needs the column code"), ("code,area_km2\n32001,many\n", "line 2: the area of 32001")]
)
def test_a_table_of_areas_that_is_wrong_is_refused(edition, province, tmp_path, text, words):
    pair(edition, province)
    path = tmp_path / "areas.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CommandError) as refused:
        check(published_areas=path)
    assert words in str(refused.value)


def test_what_cannot_be_checked_is_told(edition, tmp_path):
    with pytest.raises(CommandError, match="There is no edition 99"):
        check(99)
    EditionFactory()
    for option in ("geojson", "published_areas"):
        with pytest.raises(CommandError, match="one edition: name it"):
            check(**{option: tmp_path / "x"})
    Edition.objects.update(state=Edition.State.WITHDRAWN)
    with pytest.raises(CommandError, match="There is no edition: load"):
        check()


def test_a_failed_check_says_why_and_keeps_what_the_last_one_found(edition, province, monkeypatch):
    pair(edition, province, east=box(WEST + SIZE - FAR, width=SIZE + FAR))
    runs.run_check(edition=edition)

    def breaks(*_: object) -> None:
        raise ZeroDivisionError("no more power")

    monkeypatch.setattr(runs, "CHECKS", (breaks,))
    with pytest.raises(ZeroDivisionError):
        runs.run_check(edition=edition)
    check = TopologyCheck.objects.get()
    assert (check.state, check.problem, check.errors, len(check.findings)) == ("failed", "no more power", 1, 1)


def test_a_check_is_stale_once_an_outline_came_after_it(edition, province):
    west, _ = pair(edition, province)
    check = runs.run_check(edition=edition)
    assert not runs.is_stale(check)
    UnitShape.objects.filter(unit=west).update(current=False)
    UnitShape.objects.create(unit=west, revision=2, geometry=box(), source="later")
    assert runs.is_stale(check)


def test_what_is_left_off_is_counted(edition, province, monkeypatch):
    monkeypatch.setattr(runs, "KEPT", 1)
    pair(edition, province, east=twice_over())
    check = runs.run_check(edition=edition)
    assert (len(check.findings), check.left_off, check.errors) == (1, 1, 2)


# --- Real files -------------------------------------------------------------------------------------------------------


@realdata
def test_the_files_of_ca_mau_have_no_overlap_and_no_gap():
    load_files(NEW_FILE)
    edition = Edition.objects.get()
    check = runs.run_check(edition=edition)
    assert (check.state, check.errors, check.warnings) == ("done", 0, 0)
    # The province was simplified to 15 m by itself: centimetres at its edge, where communes are
    assert {(one["properties"]["kind"], one["properties"]["what"]) for one in check.findings} <= {
        ("sliver", "outside"),
        ("sliver", "uncovered"),
    }
    assert max(one["properties"]["width_m"] for one in check.findings) < 0.5
    call_command("check_topology", str(edition.pk), published_areas=DATA / "camau_64_units.csv", verbosity=0)
    check.refresh_from_db()
    areas = [one["properties"]["severity"] for one in check.findings if one["properties"]["kind"] == "area"]
    assert (check.errors, areas.count("warning"), areas.count("note")) == (0, 27, 8)


@realdata
def test_the_national_file_overlaps_by_six_ten_thousandths_of_a_square_kilometre(tmp_path: Path):
    """Of the 3,321 communes those of the province with the largest overlaps, and their province; the whole file is measured in docs/boundaries.md."""
    files = {}
    for name in ("vietnam_communes_2025_60m", "vietnam_provinces_2025_60m"):
        with gzip.open(DATA / f"{name}.geojson.gz", "rt") as file:
            collection = json.load(file)
        collection["features"] = [
            one for one in collection["features"] if "44" in (one["properties"]["code"], one["properties"]["parent_code"])
        ]
        files[name] = tmp_path / f"{name}.geojson"
        files[name].write_text(json.dumps(collection))
    load_files(*files.values())
    overlaps = [one for one in found(Edition.objects.get()) if one["what"] == "overlap"]
    assert {one["severity"] for one in overlaps} == {Severity.NOTE}
    assert sum(one["size_m2"] for one in overlaps) == pytest.approx(486.3, rel=0.01)
