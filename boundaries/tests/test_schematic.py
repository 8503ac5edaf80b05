"""Schematic units: a valid coverage of both periods, made from public centres and boxes, and never taken for a survey."""

import csv
import json
from datetime import date
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
import shapely
from django.conf import settings
from django.contrib.gis.geos import Point
from django.core.management import call_command

from boundaries import schematic
from boundaries.locate import locate
from boundaries.models import Edition, Level, Unit, UnitShape, UnitSuccession
from boundaries.schematic import Place, divided, mended_places, read_territory, schematic_layers
from boundaries.tests.files import commune, geojson, province

DATA = Path(settings.BASE_DIR).parent / "shared" / "data"
MERGER = date(2025, 7, 1)
KILOMETRE = 0.009  # degrees


def load() -> str:
    """Calls the command; what it says."""
    out = StringIO()
    call_command("load_schematic", stdout=out)
    return out.getvalue()


@pytest.fixture(scope="module")
def layers():
    """The units of both periods, made once."""
    return schematic_layers()


def of_level(layer, level) -> dict[str, shapely.Geometry]:
    """The outlines of a level, by code."""
    rows = zip(layer.columns["code"], layer.columns["level"], layer.outlines, strict=True)
    return {code: outline for code, its_level, outline in rows if its_level == level}


def test_both_periods_have_all_units(layers):
    old, new = layers
    assert [len(of_level(old, level)) for level in Level] == [2, 16, 164]
    assert [len(of_level(new, level)) for level in Level] == [1, 0, 64]


def test_units_of_a_level_neither_overlap_nor_gape_and_nest_in_their_parents(layers):
    territory = shapely.union_all(list(of_level(layers[1], "province").values()))
    for layer in layers:
        for level in Level:
            outlines = list(of_level(layer, level).values())
            if outlines:
                assert shapely.coverage_is_valid(outlines)
                assert all(shapely.is_valid(outlines))
                assert min(shapely.area(outlines)) > KILOMETRE**2
                assert shapely.equals(shapely.union_all(outlines), territory)
        whole = {**of_level(layer, "province"), **of_level(layer, "district")}
        for outline, parent in zip(layer.outlines, layer.columns["parent_code"], strict=True):
            assert parent is None or shapely.covers(whole[parent].buffer(1e-9), outline)


def test_an_old_commune_lies_in_its_successors_and_in_nothing_else(layers):
    old, new = of_level(layers[0], "commune"), of_level(layers[1], "commune")
    for place in read_territory().places:
        shares = {code: shapely.intersection(new[code], old[place.code]).area / old[place.code].area for code in place.successors}
        assert sum(shares.values()) == pytest.approx(1)
        assert min(shares.values()) > 0.1
        assert max(shares, key=shares.__getitem__) == place.successors[0]


def test_nineteen_communes_were_divided_three_of_them_in_three(layers):
    divided_ones = [place for place in read_territory().places if len(place.successors) > 1]
    assert len(divided_ones) == 19
    three = {place.name: set(place.successors) for place in divided_ones if len(place.successors) == 3}
    assert three == {
        "Xã Nguyễn Phích": {"32044", "32059", "32062"},
        "Xã Lợi An": {"32014", "32095", "32134"},
        "Xã Hòa Mỹ": {"32137", "32140", "32214"},
    }
    main = {place.name: place.successors[0] for place in divided_ones}
    assert (main["Xã Nguyễn Phích"], main["Xã Lợi An"], main["Xã Hòa Mỹ"]) == ("32044", "32134", "32140")


def place(
    code: str, x: float, y: float, box: shapely.Polygon | None = None, successors: tuple[str, ...] = ("new",), district: str = "964"
) -> Place:
    """An old commune in the plane, with a box of a tenth of a degree."""
    box = box or shapely.box(x - 0.05, y - 0.05, x + 0.05, y + 0.05)
    return Place(code, f"Xã {code}", district, "96", shapely.Point(x, y), box, shapely.box(105, 9, 106, 10), successors)


def moved(places, new_centre=(105.8, 9.8)) -> list[str]:
    """The codes of those that are not left where the data puts them."""
    mended = mended_places(places, {"new": shapely.Point(new_centre)})
    return [after.code for before, after in zip(places, mended, strict=True) if after is not before]


def test_of_two_communes_on_one_spot_the_lower_code_keeps_it():
    assert moved([place("1", 105.1, 9.1), place("2", 105.101, 9.1), place("3", 105.3, 9.3)]) == ["2"]


def test_a_commune_whose_box_is_that_of_its_district_is_not_believed():
    others = [place("1", 105.1, 9.1), place("2", 105.3, 9.1), place("3", 105.3, 9.3)]
    assert moved([*others, place("4", 105.2, 9.2, shapely.box(105, 9, 105.4, 9.4))]) == ["4"]


def test_a_centre_outside_its_province_is_not_believed():
    assert moved([place("1", 105.1, 9.1), place("2", 104.5, 9.1)]) == ["2"]


def test_a_commune_stays_where_its_successors_centre_is_taken():
    assert moved([place("1", 105.1, 9.1), place("2", 105.101, 9.1), place("3", 105.3, 9.3)], new_centre=(105.3, 9.3)) == []


def test_the_data_has_four_centres_that_are_not_believed():
    territory = read_territory()
    mended = mended_places(territory.places, territory.new_centres)
    changed = {before.code for before, after in zip(territory.places, mended, strict=True) if after is not before}
    assert changed == {"31969", "31981", "32022", "32026"}


def test_a_divided_commune_is_cut_towards_its_successors():
    parts = divided(
        [place("1", 105.1, 9.1, successors=("home", "east"))], {"home": shapely.Point(105.0, 9.1), "east": shapely.Point(105.2, 9.1)}
    )
    areas = {part.new: part.area for part in parts}
    assert areas["home"].area == pytest.approx(schematic.MAIN_SHARE * 0.01, rel=0.01)
    assert areas["east"].centroid.x > areas["home"].centroid.x
    assert shapely.coverage_is_valid(list(areas.values()))


@pytest.mark.django_db
def test_load_schematic_puts_both_periods_in_force():
    assert "182 new" in load()
    assert list(Edition.objects.values_list("valid_from", "valid_to", "state", "decree", "source")) == [
        (MERGER, None, "active", "1655/NQ-UBTVQH15", schematic.SOURCE),
        (None, MERGER, "active", "", schematic.SOURCE),
    ]
    assert not UnitShape.objects.filter(schematic=False).exists()
    assert Unit.objects.get(code="32002", validity__contains=date(2025, 6, 30)).full_name() == "Phường 2, Thành phố Cà Mau, Tỉnh Cà Mau"
    assert Unit.objects.get(code="32002", validity__contains=MERGER).full_name() == "Phường An Xuyên, Tỉnh Cà Mau"
    assert Unit.objects.in_force(date(2020, 1, 1)).count() == 182
    assert Unit.objects.in_force(MERGER).count() == 65
    centre = Point(105.178, 9.22461, srid=4326)  # as published for An Xuyên
    assert locate(point=centre, on=MERGER).unit.code == "32002"


@pytest.mark.django_db
def test_load_schematic_twice_changes_nothing():
    load()
    shapes = list(UnitShape.objects.order_by("pk").values_list("pk", flat=True))
    assert "0 new, 0 revised, 182 unchanged; since: 0 new, 0 revised, 65 unchanged" in load()
    assert list(UnitShape.objects.order_by("pk").values_list("pk", flat=True)) == shapes


@pytest.mark.django_db
def test_load_schematic_tells_what_became_of_each_old_commune_and_leaves_a_better_list_alone():
    load()
    rows = UnitSuccession.objects.all()
    assert (rows.values("old").distinct().count(), rows.values("new").distinct().count()) == (164, 64)
    old = Unit.objects.get(code="32053", validity__endswith=MERGER)  # Nguyễn Phích; the data does not have the shares
    assert {(row.new.code, row.transfer, row.share) for row in rows.filter(old=old).select_related("new")} == {
        ("32044", "partial", None), ("32059", "partial", None), ("32062", "partial", None),
    }  # fmt: skip
    rows.filter(old=old, new__code="32062").delete()
    before = rows.count()
    assert "Successions: 0 new" in load()
    assert rows.count() == before


@pytest.mark.django_db
def test_schematic_outlines_give_way_to_surveyed_ones_and_do_not_come_back(tmp_path):
    load()
    unit = Unit.objects.get(code="32002", validity__contains=MERGER)
    path = geojson(tmp_path / "a.geojson", province(size=1.2), commune("32002", "Phường An Xuyên", 105.1, 9.2))
    call_command("load_boundaries", str(path), verbosity=0)
    shape = unit.shapes.get(current=True)
    assert (shape.schematic, shape.revision, Unit.objects.filter(code="32002").count()) == (False, 2, 2)
    load()
    assert unit.shapes.get(current=True) == shape


@pytest.mark.realdata
@pytest.mark.skipif(not DATA.is_dir(), reason="no real boundary files: ../shared/data is absent")
def test_schematic_units_are_those_of_the_real_files(layers):
    for layer, name in zip(layers, ("camau_baclieu_pre2025_15m", "camau_2025_15m"), strict=True):
        features = [feature["properties"] for feature in json.loads((DATA / f"{name}.geojson").read_text())["features"]]
        ours = set(zip(layer.columns["level"], layer.columns["code"], layer.columns["parent_code"], strict=True))
        assert ours == {(feature["level"], feature["code"], feature["parent_code"]) for feature in features}
    with (DATA / "old_to_new_communes_vietnam_2025.csv").open() as file:
        pairs = {(row["old_code"], row["new_code"]) for row in csv.DictReader(file) if row["new_province_code"] == "96"}
    assert pairs == {(place.code, successor) for place in read_territory().places for successor in place.successors}


@pytest.mark.realdata
@pytest.mark.skipif(not DATA.is_dir(), reason="no real boundary files: ../shared/data is absent")
def test_schematic_units_lie_where_the_real_ones_do(layers):
    """Not a survey, but three quarters of the territory fall to the right commune of today."""
    features = json.loads((DATA / "camau_2025_15m.geojson").read_text())["features"]
    real = {one["properties"]["code"]: shapely.from_geojson(json.dumps(one["geometry"])) for one in features}
    drawn = of_level(layers[1], "commune")
    right = sum(shapely.intersection(real[code], drawn[code]).area for code in drawn) / np.sum([real[code].area for code in drawn])
    assert right > 0.75
