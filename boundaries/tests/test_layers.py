"""load_layer: lines and areas of the base map, replaced by name."""

from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from boundaries.models import BaseLayer
from boundaries.tests.files import box, feature, geojson, outline

pytestmark = pytest.mark.django_db

DATA = Path(settings.BASE_DIR).parent / "shared" / "data"
RIVER = {"type": "LineString", "coordinates": [[105.0, 9.0, 1.5], [105.1, 9.1, 1.5]]}


def load(name: str, path: Path, attribution: str = "© somebody, ODbL") -> str:
    """Calls the command; what it says."""
    out = StringIO()
    call_command("load_layer", name, str(path), attribution=attribution, stdout=out)
    return out.getvalue()


def test_lines_and_areas_are_loaded_with_all_their_properties(tmp_path):
    path = geojson(tmp_path / "a.geojson", feature(RIVER, name="Sông  Cái Lớn", km=12.5), feature(box(), name=None, id="lake"))
    assert load("rivers", path) == "Layer rivers: 2 features\n"
    river, lake = BaseLayer.objects.order_by("pk")
    assert (river.name, river.label, river.attribution) == ("rivers", "Sông Cái Lớn", "© somebody, ODbL")
    assert river.properties["km"] == 12.5
    assert (river.geometry.geom_type, river.geometry.hasz, river.geometry.srid) == ("LineString", False, 4326)
    assert lake.label == "lake"


def test_a_layer_replaces_the_one_of_its_name_and_no_other(tmp_path):
    load("coast", geojson(tmp_path / "a.geojson", feature(RIVER, id=1), feature(RIVER, id=2)))
    load("rivers", geojson(tmp_path / "b.geojson", feature(RIVER, id=3)))
    load("coast", geojson(tmp_path / "c.geojson", feature(RIVER, id=4)))
    assert set(BaseLayer.objects.values_list("name", "label")) == {("rivers", "3"), ("coast", "4")}


def test_an_area_that_touches_itself_is_repaired_and_told(tmp_path):
    ring = [(105, 9), (105.05, 9), (105.04, 9.05), (105.06, 9.05), (105.05, 9), (105.1, 9), (105.1, 9.1), (105, 9.1), (105, 9)]
    assert "1 features, 1 repaired" in load("lakes", geojson(tmp_path / "a.geojson", feature(outline(ring))))
    assert BaseLayer.objects.get().geometry.valid


@pytest.mark.parametrize(
    ("name", "features", "attribution", "words"),
    [
        ("Rivers!", [feature(RIVER)], "x", "“Rivers!” is no name for a layer"),
        ("rivers", [feature(RIVER)], " ", "A layer needs an attribution"),
        ("rivers", [feature(RIVER)], "x" * 301, "of at most 300 characters"),
        ("rivers", [], "x", "The file holds no features."),
        ("rivers", [feature(RIVER), {**feature(), "geometry": None}], "x", "a.geojson, feature 2: its geometry is absent"),
        ("rivers", [feature(outline([(105, 9), (106, 10), (106, 9), (105, 10), (105, 9)]))], "x", "feature 1: its geometry is broken"),
        ("rivers", [feature({"type": "Point", "coordinates": [9, 105]})], "x", "latitude and longitude are swapped"),
    ],
)
def test_what_is_wrong_with_a_layer_is_told_and_the_old_one_stays(tmp_path, name, features, attribution, words):
    load("rivers", geojson(tmp_path / "old.geojson", feature(RIVER, name="Sông Hậu")))
    with pytest.raises(CommandError) as refused:
        load(name, geojson(tmp_path / "a.geojson", *features), attribution)
    assert words in str(refused.value)
    assert BaseLayer.objects.get().label == "Sông Hậu"


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(CommandError, match="there is no such file"):
        load("rivers", tmp_path / "none.geojson")


@pytest.mark.realdata
@pytest.mark.skipif(not DATA.is_dir(), reason="no base layers: ../shared/data is absent")
def test_the_real_coast_and_rivers_are_loaded():
    load("coast", DATA / "base_coastline_gshhg_mekong.geojson")
    load("rivers", DATA / "base_rivers_osm_10main.geojson")
    assert BaseLayer.objects.filter(name="coast").count() == 160
    assert BaseLayer.objects.filter(name="rivers").count() == 10
