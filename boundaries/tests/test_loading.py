"""load_boundaries: what is refused and how it is said, what is repaired, and what happens to units that stand. Real files on a real disk."""

import math
import unicodedata
from datetime import date

import pyogrio
import pytest
import shapely
from django.contrib.gis.geos import Point
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from boundaries import loading, reader_child, readers
from boundaries.features import Findings, Given, read_features
from boundaries.locate import locate
from boundaries.models import Edition, Kind, Level, Unit, UnitOutline, UnitPiece, UnitShape
from boundaries.outlines import mend, simplified
from boundaries.tests.factories import ProvinceFactory, neighbours
from boundaries.tests.files import SIZE, SOUTH, WEST, box, commune, district, feature, geojson, gpkg, outline, province, shapefile

pytestmark = pytest.mark.django_db

MERGER = date(2025, 7, 1)
E = WEST + SIZE
N = SOUTH + SIZE


def load(*files, **options) -> str:
    """Calls the command; what it says."""
    from io import StringIO

    out = StringIO()
    call_command("load_boundaries", *map(str, files), stdout=out, **options)
    return out.getvalue()


def refusal(*files, **options) -> str:
    """Calls the command, which must refuse and change nothing; what it says."""
    before = contents()
    with pytest.raises(CommandError) as refused:
        load(*files, **options)
    assert refused.value.returncode != 0
    assert contents() == before
    sentence = str(refused.value)
    assert sentence.startswith("Nothing was changed.\n")
    return sentence.removeprefix("Nothing was changed.\n")


def contents() -> list:
    """Everything that loading could change."""
    return [
        list(Edition.objects.order_by("pk").values()),
        list(Unit.objects.order_by("pk").values()),
        list(UnitShape.objects.order_by("pk").values()),
        list(UnitPiece.objects.order_by("pk").values()),
        list(UnitOutline.objects.order_by("pk").values()),
    ]


@pytest.fixture
def file(tmp_path):
    """Writes features to a GeoJSON file; each call another file."""
    count = iter(range(100))

    def write(*features, name=None):
        return geojson(tmp_path / (name or f"file{next(count)}.geojson"), *features)

    return write


@pytest.fixture
def own_process():
    """Asks for the real reader."""


@pytest.fixture(autouse=True)
def _read_in_this_process(request, monkeypatch):
    """Spares most tests the start of a process for each file; test_readers.py has them all."""
    if "own_process" in request.fixturenames:
        return

    def answer(path, out, err, limits, tables):
        reader_child.answer({"path": str(path), "limit": limits.size, "setting": limits.setting, "tables": tables}, out)
        return 0

    monkeypatch.setattr(reader_child, "DRIVERS", set(pyogrio.list_drivers()))
    monkeypatch.setattr(readers, "_run_child", answer)


# --- What comes in ----------------------------------------------------------------------------------------------------


def test_new_units_are_drafts_of_a_new_edition(file):
    said = load(file(province(source="the ministry"), commune(), commune("32002", "Phường An Xuyên", E)), decree="1655/NQ-UBTVQH15")
    edition = Edition.objects.get()
    assert (edition.state, edition.valid_from, edition.valid_to) == ("draft", MERGER, None)
    assert (edition.decree, edition.scope, edition.name) == ("1655/NQ-UBTVQH15", "Tỉnh Cà Mau", "Tỉnh Cà Mau (từ 01/07/2025)")
    assert "the ministry" in edition.source
    ward = edition.units.get(code="32002")
    assert (ward.name, ward.kind, ward.level, ward.parent.code) == ("Phường An Xuyên", Kind.PHUONG, Level.COMMUNE, "96")
    assert (ward.valid_from, ward.valid_to, ward.active) == (MERGER, None, False)
    shape = ward.shapes.get()
    assert (shape.current, shape.revision, shape.schematic) == (True, 1, False)
    assert shape.geometry.geom_type == "MultiPolygon"
    assert ward.pieces.exists()
    assert not Unit.objects.in_force().exists()
    assert "Units: 3 new, 0 revised, 0 unchanged" in said
    assert f"Edition {edition.pk}: Tỉnh Cà Mau (từ 01/07/2025): a draft" in said


def test_activate_puts_them_in_force(file):
    assert "in force" in load(file(province(), commune()), activate=True)
    assert locate(point=Point(105.05, 9.05, srid=4326), on=MERGER).unit.code == "32001"


def test_a_draft_is_activated_by_a_later_call_with_the_same_file(file):
    path = file(province(), commune())
    load(path)
    said = load(path, activate=True)
    assert "0 new, 0 revised, 2 unchanged" in said
    assert Unit.objects.in_force(MERGER).count() == 2


@pytest.mark.usefixtures("own_process")
@pytest.mark.parametrize("kind", ["gpkg", "shp"])
def test_tables_are_loaded_with_their_short_field_names(tmp_path, kind):
    write = gpkg if kind == "gpkg" else shapefile
    load(write(tmp_path / f"units.{kind}", province(), commune(name="Xã Đất Mũi")))
    assert Unit.objects.get(level="commune").full_name() == "Xã Đất Mũi, Tỉnh Cà Mau"


def test_field_names_may_be_in_capitals_and_levels_too(file):
    capitals = commune()
    capitals["properties"] = {name.upper(): value for name, value in capitals["properties"].items()} | {"LEVEL": "Commune"}
    load(file(province()), file(capitals))
    assert Unit.objects.filter(level="commune").count() == 1


def test_codes_that_a_table_took_for_numbers_get_their_zeros_back(file):
    said = load(file(province(code=1, name="Thành phố Hà Nội"), commune(code=4, parent_code=1)))
    assert set(Unit.objects.values_list("code", "parent__code")) == {("01", None), ("00004", "01")}
    assert "leading zeros" in said


def test_a_number_that_a_province_and_a_district_have_is_no_parent(file):
    places = [province(valid_from=None, code="01"), district(code="001", valid_to=None, parent_code="01")]
    said = refusal(file(*places), file(commune(parent_code=1, valid_from=None)))
    assert "a number that a province and a district have" in said


def test_options_fill_in_what_features_leave_open(file):
    load(file(province(valid_from=None), commune(valid_from=None)), valid_from=MERGER, valid_to=date(2026, 1, 1), source="by hand")
    unit = Unit.objects.get(level="commune")
    assert (unit.valid_from, unit.valid_to) == (MERGER, date(2026, 1, 1))
    assert unit.shapes.get().source == "by hand"
    assert Edition.objects.get().source == "by hand"


def test_an_option_that_contradicts_a_feature_is_refused(file):
    said = refusal(file(province(), commune()), valid_from=date(2024, 1, 1))
    assert "file0.geojson, feature 2 (32001 Xã Tây): its valid_from is 2025-07-01, but the call says 2024-01-01." in said


def test_one_call_may_hold_several_periods_an_edition_each(file):
    old = [
        province(valid_from=None, valid_to="2025-07-01", size=0.5),
        district(),
        commune(parent_code="964", valid_from=None, valid_to="2025-07-01"),
    ]
    load(file(*old), file(province(), commune(name="Phường An Xuyên")), activate=True)
    assert list(Edition.objects.values_list("valid_from", "valid_to", "state")) == [
        (MERGER, None, "active"),
        (None, MERGER, "active"),
    ]
    assert locate(point=Point(105.05, 9.05, srid=4326), on=date(2025, 6, 30)).unit.full_name() == "Xã Tây, Huyện Đông, Tỉnh Cà Mau"
    assert locate(point=Point(105.05, 9.05, srid=4326), on=MERGER).unit.full_name() == "Phường An Xuyên, Tỉnh Cà Mau"


def test_parents_are_found_in_another_file_whatever_the_order(file):
    load(file(commune()), file(province()))
    assert Unit.objects.get(level="commune").parent.code == "96"


def test_parents_are_found_in_the_database(file):
    load(file(province()))
    load(file(commune()))
    assert Unit.objects.get(level="commune").parent == Unit.objects.get(level="province")


def test_the_parent_is_the_one_that_was_in_force_with_the_child(file):
    load(file(province(valid_from=None, valid_to="2025-07-01"), province(size=2)))
    load(file(commune(), district()))
    assert Unit.objects.get(level="commune").parent.valid_from == MERGER
    assert Unit.objects.get(level="district").parent.valid_from is None


def test_the_province_is_drawn_simpler_for_small_scales_and_neighbours_keep_touching(file):
    west, east = wavy_neighbours()
    load(file(province(), west, east))
    zooms = set(UnitOutline.objects.filter(unit__level="commune").values_list("max_zoom", flat=True))
    assert {12, 10, 8} & zooms
    for zoom in zooms:
        outlines = [shapely.from_wkb(bytes(one.geometry.wkb)) for one in UnitOutline.objects.filter(unit__level="commune", max_zoom=zoom)]
        assert shapely.coverage_is_valid(outlines)
        assert shapely.intersection(*outlines).length > SIZE * 0.9


def wavy_neighbours() -> tuple[dict, dict]:
    """Two communes whose common border is a river of 400 bends."""
    river = [(E + 0.004 * math.sin(n / 6) + 0.0005 * math.sin(2 * n), SOUTH + SIZE * n / 400) for n in range(401)]
    west = outline([(WEST, SOUTH), *river, (WEST, N), (WEST, SOUTH)])
    east = outline([(E + SIZE, SOUTH), (E + SIZE, N), *river[::-1], (E + SIZE, SOUTH)])
    return commune(geometry=west), commune("32002", "Xã Đông", geometry=east)


# --- What is repaired, and told ---------------------------------------------------------------------------------------

HOLE = [
    (WEST + 0.02, SOUTH + 0.02),
    (WEST + 0.02, SOUTH + 0.05),
    (WEST + 0.05, SOUTH + 0.05),
    (WEST + 0.05, SOUTH + 0.02),
    (WEST + 0.02, SOUTH + 0.02),
]
SQUARE = [(WEST, SOUTH), (E, SOUTH), (E, N), (WEST, N), (WEST, SOUTH)]
# A ring that touches itself in its middle, as digitised around an island by one line
TOUCHING = [(WEST, SOUTH), (105.05, SOUTH), (105.04, 9.05), (105.06, 9.05), (105.05, SOUTH), (E, SOUTH), (E, N), (WEST, N), (WEST, SOUTH)]


@pytest.mark.parametrize(
    ("geometry", "told", "area"),
    [
        (outline(HOLE, SQUARE), "ring order", SIZE**2 - 0.03**2),
        (outline(TOUCHING), "self-touch", SIZE**2 - 0.02 * 0.05 / 2),
        (outline(SQUARE[:2] + SQUARE[1:]), "duplicate points", SIZE**2),
        (outline([(*corner, 7.5) for corner in SQUARE]), "heights dropped", SIZE**2),
        (outline(SQUARE[::-1]), "direction of rings", SIZE**2),
    ],
)
def test_what_is_safe_to_repair_is_repaired_and_told(file, geometry, told, area):
    said = load(file(province(), commune(geometry=geometry)))
    assert f"Repaired: {told}: 1 (32001 Xã Tây)" in said
    stored = UnitShape.objects.get(unit__code="32001").geometry
    assert stored.valid
    assert not stored.hasz
    assert stored.area == pytest.approx(area, rel=1e-9)


def test_names_are_composed_and_their_spaces_tidied(file):
    load(file(province(), commune(name=unicodedata.normalize("NFD", " Xã  Đất Mũi "))))
    assert Unit.objects.get(level="commune").name == unicodedata.normalize("NFC", "Xã Đất Mũi")


def test_a_polygon_becomes_a_multipolygon_without_a_word(file):
    assert "Repaired" not in load(file(province(), commune()))


@given(
    corners=st.lists(st.tuples(st.floats(WEST, E), st.floats(SOUTH, N)), min_size=3, max_size=12),
    twice=st.booleans(),
    backwards=st.booleans(),
)
def test_a_mended_outline_is_valid_and_covers_what_it_covered(corners, twice, backwards):
    ring = [*corners, corners[0]][:: -1 if backwards else 1]
    before = shapely.Polygon([corner for corner in ring for _ in range(1 + twice)])
    after, _ = mend(before)
    if after is None:
        assert not before.is_valid
        return
    assert after.is_valid
    assert after.geom_type == "MultiPolygon"
    assert after.area == pytest.approx(before.area, rel=1e-4)
    assert mend(after) == (after, [])


# --- What is refused: one clear message, and nothing changed ----------------------------------------------------------

BOWTIE = outline([(WEST, SOUTH), (E, N), (E, SOUTH), (WEST, N), (WEST, SOUTH)])
BROKEN = {
    "a broken outline": (
        commune(geometry=BOWTIE),
        "its outline is broken and cannot be repaired safely (Self-intersection at 105.05 9.05)",
    ),
    "a point": (commune(geometry={"type": "Point", "coordinates": [105, 9]}), "its outline is a Point, not an area"),
    "a line": (commune(geometry={"type": "LineString", "coordinates": [[105, 9], [105.1, 9]]}), "its outline is a LineString, not an area"),
    "no outline": ({**commune(), "geometry": None}, "its outline is absent, or cannot be read"),
    "an empty outline": (commune(geometry={"type": "Polygon", "coordinates": []}), "its outline is empty"),
    "a ring of two corners": (commune(geometry=outline([(105, 9), (105.1, 9), (105, 9)])), "its outline"),
    "swapped latitude and longitude": (
        commune(geometry=outline([(lat, lon) for lon, lat in SQUARE])),
        "latitude and longitude are swapped (9 105 to 9.1 105.1); GeoJSON is [lon, lat]",
    ),
    "metres instead of degrees": (
        commune(geometry=outline([(500_000, 1_000_000), (510_000, 1_000_000), (510_000, 1_010_000), (500_000, 1_000_000)])),
        "its coordinates are not degrees",
    ),
    "a place in Africa": (commune(geometry=box(2, 2)), "it lies outside Vietnam (2 2 to 2.1 2.1): is its coordinate system right?"),
    "an empty name": (commune(name="  "), "its name is empty"),
    "no name at all": (commune(name=None), "its name is empty"),
    "a garbled name": (commune(name="XÃ£ TÃ¢y"), "its name is garbled by a wrong encoding: UTF-8 read as cp1252; “Xã Tây” is meant"),
    "a name in an old encoding": (
        commune(name="X· §Êt Mòi"),
        "its name is garbled by a wrong encoding: it holds “§” (U+00A7), “·” (U+00B7)",
    ),
    "a name that lost letters": (commune(name="X? T?y"), "its name is garbled by a wrong encoding: it holds “?” (U+003F)"),
    "a name without end": (commune(name="Xã " + "a" * 200), "its name is longer than 150 characters"),
    "an empty code": (commune(code=""), "its code is empty"),
    "a code of letters": (commune(code="32OO1"), "its code is “32OO1”, not a number of at most 10 digits"),
    "an unknown level": (commune(level="ward"), "its level is “ward”, not one of province, district, commune"),
    "an empty level": (commune(level=None), "its level is empty"),
    "a commune without a parent": (commune(parent_code=None), "a commune needs a parent_code, and has none"),
    "a parent found nowhere": (commune(parent_code="95"), "its parent 95 is found neither in the files nor in the database"),
    "a parent of its own level": (commune(parent_code="32001"), "its parent 32001 is found neither"),
    "a parent that began later": (commune(valid_from="2020-01-01"), "in force at the same time (from 2020-01-01)"),
    "a date that is none": (commune(valid_from="2025-02-30"), "its valid_from is “2025-02-30”, not a date (YYYY-MM-DD)"),
    "a date in words": (commune(valid_to="mai"), "its valid_to is “mai”, not a date (YYYY-MM-DD)"),
    "an end before the beginning": (commune(valid_to="2025-07-01"), "it ends (2025-07-01) before it begins (2025-07-01)"),
    "a source without end": (commune(source="x" * 600), "its source is longer than 500 characters"),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_rule_is_told_with_file_feature_and_rule_and_nothing_is_changed(file, broken):
    load(file(province(), commune("32099", "Xã Cũ", south=N)), activate=True)  # something stands that must not change
    guilty, rule = BROKEN[broken]
    said = refusal(file(province(), commune("32002", "Xã Đông", E), guilty, name="tỉnh.geojson"))
    label = f"tỉnh.geojson, feature 3 ({guilty['properties']['code']} "
    assert said.startswith(label)
    assert rule in said
    assert len(said.splitlines()) == 1


def test_a_province_has_no_parent(file):
    assert "a province has no parent, but parent_code is 96" in refusal(file(province(parent_code="96")))


def test_two_units_of_one_code_and_period_are_refused_across_files(file):
    said = refusal(file(province(), commune()), file(commune(name="Xã Khác", west=E)))
    assert said == (
        "file1.geojson, feature 1 (32001 Xã Khác): level and code are those of file0.geojson, feature 2 (32001 Xã Tây), in the same period"
        " (from 2025-07-01)."
    )


def test_overlapping_periods_of_one_code_are_refused(file):
    said = refusal(file(province(valid_from=None), commune(valid_from=None, valid_to="2025-08-01"), commune(name="Xã Khác")))
    assert "level and code are those of" in said


def test_a_code_that_is_used_again_later_is_no_duplicate(file):
    load(file(province(valid_from=None), commune(valid_from=None, valid_to="2025-07-01"), commune(name="Xã Khác")))
    assert Unit.objects.filter(code="32001").count() == 2


def test_an_empty_file_is_refused(file):
    assert refusal(file()) == "file0.geojson: it holds no features."


def test_missing_properties_are_named_with_those_that_are_there(file):
    said = refusal(file(feature(ma="1", ten="Xã")))
    assert said == "file0.geojson: its features have no code and no name and no level (their properties: ma, ten)."


@pytest.mark.usefixtures("own_process")
def test_unreadable_files_and_broken_features_are_told_together(file, tmp_path):
    said = refusal(tmp_path / "none.geojson", file(commune(name="")))
    assert "none.geojson: there is no such file." in said
    assert "its name is empty" in said


def test_at_most_twenty_problems_are_listed(file):
    said = refusal(file(*[commune(f"{32000 + n}", name="") for n in range(30)]))
    assert len(said.splitlines()) == 21
    assert said.endswith("… and 10 more problems.")


def test_a_database_that_fails_half_way_changes_nothing(file, monkeypatch):
    def power_cut(unit_ids):
        raise RuntimeError("power cut")

    before = contents()
    path = file(province(), commune())
    monkeypatch.setattr(loading, "draw_outlines", power_cut)
    with pytest.raises(RuntimeError):
        load(path)
    assert contents() == before
    findings = Findings()
    features = read_features(readers.read_layers(path)[0], Given(), findings)
    with pytest.raises(RuntimeError):
        loading.load_features(features=features, findings=findings)
    assert contents() == before


# --- Units that stand -------------------------------------------------------------------------------------------------


def finer(west: float = WEST, south: float = SOUTH, size: float = SIZE, corners: int = 40) -> dict:
    """The outline of a square with many corners on its sides."""
    south_side = [(west + size * n / corners, south) for n in range(corners)]
    return outline([*south_side, (west + size, south), (west + size, south + size), (west, south + size), (west, south)])


def test_loading_a_file_again_changes_nothing(file):
    path = file(province(), commune())
    load(path, activate=True)
    before = contents()
    assert "Units: 0 new, 0 revised, 2 unchanged" in load(path, activate=True)
    assert contents() == before


def test_a_better_outline_revises_the_shape_and_leaves_the_unit(file):
    load(file(province(), commune()), activate=True)
    unit = Unit.objects.get(code="32001")
    said = load(file(province(), commune(geometry=finer(size=0.12), source="a survey")))
    assert "Units: 0 new, 1 revised, 1 unchanged" in said
    assert Unit.objects.get(code="32001") == unit
    assert list(unit.shapes.order_by("revision").values_list("revision", "current")) == [(1, False), (2, True)]
    assert unit.shapes.get(current=True).source == "a survey"
    assert locate(point=Point(105.115, 9.05, srid=4326), on=MERGER).unit == unit
    assert sum(piece.geometry.area for piece in unit.pieces.all()) == pytest.approx(0.12**2)
    assert "a survey" in Edition.objects.get().source


def test_simplified_outlines_follow_the_revision(file):
    west, east = wavy_neighbours()
    load(file(province(), west, east), activate=True)
    before = set(UnitOutline.objects.filter(unit__level="commune").values_list("pk", flat=True))
    load(file(province(), commune(geometry=finer()), commune("32002", "Xã Đông", geometry=finer(E))), coarser=True)
    assert not UnitOutline.objects.filter(pk__in=before).exists()


def test_a_much_coarser_outline_is_kept_out_unless_it_is_asked_for(file):
    load(file(province(), commune(geometry=finer())), activate=True)
    coarse = file(province(), commune())
    assert "Outlines kept: 1 (the file's outlines are much coarser; --coarser takes them)" in load(coarse)
    assert UnitShape.objects.filter(unit__code="32001").count() == 1
    assert "1 revised" in load(coarse, coarser=True)
    assert UnitShape.objects.get(unit__code="32001", current=True).geometry.num_coords == 5


def test_whether_outlines_are_coarser_is_decided_for_neighbours_together(file):
    load(file(province(), commune(geometry=finer()), commune("32002", "Xã Đông", E)), activate=True)
    mixed = file(province(), commune(), commune("32002", "Xã Đông", geometry=finer(E, corners=9)))
    assert "Outlines kept: 2" in load(mixed)


def test_a_published_area_is_kept_taken_over_and_told(file):
    load(file(province(), commune(published_area_km2="120.5"), commune("32002", "Xã Đông", WEST + SIZE)))
    assert dict(Unit.objects.filter(level="commune").values_list("code", "published_area_km2")) == {"32001": 120.5, "32002": None}
    assert "Another published area: 1 (32001 Xã Tây)" in load(file(province(), commune(published_area_km2=121)))
    load(file(province(), commune()))  # a file that does not say it takes nothing away
    assert Unit.objects.get(code="32001").published_area_km2 == 121


@pytest.mark.parametrize("area", ["many", 0, -3, 1e9, "nan km"])
def test_what_is_no_area_is_refused(file, area):
    assert "its published_area_km2 is" in refusal(file(province(), commune(published_area_km2=area)))


def test_another_name_is_taken_over_and_told(file):
    load(file(province(), commune(name="Xã Hòa Mỹ")), activate=True)
    assert "Renamed: 1 (32001 Xã Hòa Mỹ → Thị trấn Hoà Mỹ)" in load(file(province(), commune(name="Thị trấn Hoà Mỹ")))
    assert Unit.objects.get(code="32001").kind == Kind.THI_TRAN


def test_an_outline_of_a_unit_ended_by_an_activation_is_revised_and_it_stays_ended(file):
    old = [province(valid_from=None), commune(valid_from=None)]
    load(file(*old), activate=True)
    load(file(province(size=1.5), commune(name="Phường An Xuyên")), activate=True)
    unit = Unit.objects.get(name="Xã Tây")
    assert unit.valid_to == MERGER
    # The file knows the end now; whatever the names, both were in force on the last day
    names = {"valid_from": None, "valid_to": "2025-07-01"}
    said = load(file(province(name="Minh Hải", **names), commune(name="Xã Tây A", geometry=finer(), **names)), activate=True)
    assert "0 new, 1 revised, 1 unchanged" in said
    unit.refresh_from_db()
    assert (unit.valid_to, unit.active, unit.shapes.count()) == (MERGER, True, 2)


def test_a_file_that_knows_the_end_fills_it_in(file):
    load(file(province(valid_from=None), commune(valid_from=None)), activate=True)
    load(file(province(valid_from=None, valid_to="2030-01-01"), commune(valid_from=None, valid_to="2030-01-01")))
    assert Unit.objects.get(code="32001").valid_to == date(2030, 1, 1)
    assert Edition.objects.count() == 1


def test_a_file_that_knows_the_beginning_gives_it_to_a_draft(file):
    load(file(province(valid_from=None), commune(valid_from=None)))
    load(file(province(), commune()), activate=True)
    assert Unit.objects.get(code="32001").valid_from == MERGER
    assert Edition.objects.get().valid_from == MERGER


def test_dates_that_contradict_those_of_units_that_stand_are_kept_and_told(file):
    load(file(province(), commune(valid_to="2030-01-01")), activate=True)
    assert "Dates kept: 1 (the file has others" in load(file(province(), commune(valid_to="2031-01-01")))
    assert Unit.objects.get(code="32001").valid_to == date(2030, 1, 1)


def test_activating_says_which_earlier_drafts_came_into_force(file):
    load(file(province(), commune()))
    assert "Tỉnh Cà Mau (từ 01/07/2025): in force" in load(file(province()), activate=True)
    assert Unit.objects.in_force(MERGER).count() == 2


def test_nothing_is_drawn_where_nobody_watches(file, capfd):
    load(file(province(), commune()))
    assert capfd.readouterr().err == ""


def test_a_file_without_dates_revises_the_units_that_look_like_its_own(file):
    load(file(province(), commune(), commune("32002", "Xã Đông", E)), activate=True)
    said = load(
        file(province(valid_from=None), commune(valid_from=None, geometry=finer()), commune("32002", "Xã Đông", E, valid_from=None))
    )
    assert "0 new, 1 revised, 2 unchanged" in said
    assert Unit.objects.get(code="32001").valid_from == MERGER


def test_a_file_without_dates_that_looks_otherwise_brings_other_units(file):
    """32002 was Phường 2, and is Phường An Xuyên: a stripped file of the old units must not rename the new ones."""
    load(file(province(size=2), commune("32002", "Phường An Xuyên", size=0.3)), activate=True)
    said = load(
        file(province(valid_from=None), district(valid_to=None), commune("32002", "Phường 2", parent_code="964", valid_from=None)),
        activate=True,
    )
    assert "3 new" in said
    assert locate(point=Point(105.05, 9.05, srid=4326), on=date(2025, 6, 30)).unit.name == "Phường 2"
    assert locate(point=Point(105.05, 9.05, srid=4326), on=MERGER).unit.name == "Phường An Xuyên"


def test_a_unit_is_taken_once_when_a_file_splits_its_period(file):
    load(file(province(valid_from=None), commune(valid_from="2020-01-01", valid_to="2030-01-01")), activate=True)
    unit = Unit.objects.get(code="32001")
    parts = [commune(valid_from="2020-01-01", valid_to="2025-07-01"), commune(name="Phường Tây", valid_to="2030-01-01")]
    said = load(file(*parts), activate=True)
    assert "Units: 1 new, 0 revised, 1 unchanged" in said
    unit.refresh_from_db()
    assert (unit.name, unit.valid_to) == ("Xã Tây", MERGER)
    assert locate(point=Point(105.05, 9.05, srid=4326), on=MERGER).unit.name == "Phường Tây"


def test_another_parent_is_taken_over_and_told(file):
    load(file(province(), province("95", "Tỉnh Bạc Liêu"), commune()), activate=True)
    assert "Part of another unit: 1 (32001 Xã Tây → 95 Tỉnh Bạc Liêu)" in load(file(commune(parent_code="95")))
    assert Unit.objects.get(code="32001").parent.code == "95"


def test_units_of_a_withdrawn_edition_do_not_stand(file):
    from boundaries.editions import withdraw

    path = file(province(), commune())
    load(path, activate=True)
    withdraw(edition=Edition.objects.get())
    assert "2 new" in load(path)


def test_simplified_outlines_of_squares_are_left_out():
    assert list(simplified([shapely.box(105, 9, 105.1, 9.1)])) == []


def test_factories_make_units_that_are_found():
    west, east = neighbours(parent=ProvinceFactory())
    assert locate(point=Point(105.05, 9.05, srid=4326)).unit == west
    assert locate(point=Point(105.15, 9.05, srid=4326)).unit == east
    assert locate(point=Point(105.1, 9.05, srid=4326)).unit == west
