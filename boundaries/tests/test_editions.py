"""Activation and withdrawal; and that the order in which editions come is nothing."""

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import shapely
import time_machine
from django.conf import settings
from django.contrib.gis.geos import Point
from django.core.management import call_command
from django.db import transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from boundaries.editions import EditionError, activate, activate_drafts, withdraw
from boundaries.features import Findings, Given, read_features
from boundaries.loading import load_features
from boundaries.locate import Spot, locate, locate_many
from boundaries.models import Edition, Level, Replacement, Unit
from boundaries.readers import Layer
from boundaries.tests.factories import DistrictFactory, EditionFactory, ProvinceFactory, UnitFactory
from boundaries.tests.files import SIZE, SOUTH, WEST, commune, district, province

pytestmark = pytest.mark.django_db

MERGER = date(2025, 7, 1)
BEFORE = date(2025, 6, 30)
SAIGON = ZoneInfo("Asia/Ho_Chi_Minh")

few = hypothesis_settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], derandomize=True
)


@contextmanager
def undone() -> Iterator[None]:
    """Lets each example begin with the same database."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def draft(valid_from: date | None = MERGER, valid_to: date | None = None) -> Edition:
    """An edition that is loaded and not in force."""
    return EditionFactory(valid_from=valid_from, valid_to=valid_to, state=Edition.State.DRAFT)


def draft_unit(edition: Edition, factory: type = UnitFactory, **fields: object) -> Unit:
    """A unit of a draft, in force as long as its edition."""
    period = {"valid_from": edition.valid_from, "valid_to": edition.valid_to}
    return factory(edition=edition, active=False, **{**period, **fields})


def where(west: float = WEST + 0.05, south: float = SOUTH + 0.05, on: date = MERGER, level: str = "commune") -> str | None:
    """The name of the unit that covers a point on a day."""
    unit = locate(point=Point(west, south, srid=4326), on=on, level=level).unit
    return unit.name if unit else None


# --- Activation -------------------------------------------------------------------------------------------------------


def test_activation_ends_what_it_replaces_and_begins_on_the_day():
    old, new = draft(valid_from=None), draft()
    before = draft_unit(old, name="Phường 2", code="32002")
    after = draft_unit(new, name="Phường An Xuyên", code="32002")
    activate(edition=old)
    activate(edition=new)
    before.refresh_from_db()
    after.refresh_from_db()
    assert (before.active, before.valid_to) == (True, MERGER)
    assert (after.active, after.valid_from, after.valid_to) == (True, MERGER, None)
    assert [where(on=BEFORE), where(on=MERGER)] == ["Phường 2", "Phường An Xuyên"]
    new.refresh_from_db()
    assert (new.state, new.activated_at is not None) == (Edition.State.ACTIVE, True)


def test_the_change_takes_effect_at_midnight_in_ho_chi_minh_city_by_itself():
    old, new = draft(valid_from=None), draft()
    draft_unit(old, name="Phường 2", code="32002")
    draft_unit(new, name="Phường An Xuyên", code="32002")
    with time_machine.travel(datetime(2025, 5, 1, tzinfo=SAIGON)):
        activate(edition=old)
        activate(edition=new)
    here = Point(WEST + 0.05, SOUTH + 0.05, srid=4326)
    with time_machine.travel(datetime(2025, 6, 30, 23, 59, 59, tzinfo=SAIGON), tick=False):
        assert locate(point=here).unit.name == "Phường 2"
    with time_machine.travel(datetime(2025, 7, 1, 0, 0, tzinfo=SAIGON), tick=False):
        assert locate(point=here).unit.name == "Phường An Xuyên"


def test_abolished_codes_end_too_by_their_place():
    old, new = draft(valid_from=None), draft()
    for n in range(3):
        draft_unit(old, code=f"3200{n}", west=WEST + n * SIZE, name=f"Phường {n}")
    draft_unit(new, code="32009", size=2 * SIZE, name="Phường An Xuyên")  # the higher code: it would lose where an old one is left
    activate_drafts([new.pk, old.pk])
    assert [where(WEST + n * SIZE + 0.05) for n in range(3)] == ["Phường An Xuyên", "Phường An Xuyên", "Phường 2"]


def test_communes_of_a_province_end_the_districts_between_them():
    old, new = draft(valid_from=None), draft()
    top = draft_unit(old, ProvinceFactory, code="96")
    middle = draft_unit(old, DistrictFactory, parent=top)
    draft_unit(old, parent=middle, name="Xã Cũ")
    after = draft_unit(new, ProvinceFactory, code="96")
    draft_unit(new, parent=after, name="Xã Mới", size=5 * SIZE)
    activate_drafts([old.pk, new.pk])
    middle.refresh_from_db()
    assert middle.valid_to == MERGER
    assert not Unit.objects.in_force(MERGER).of_level(Level.DISTRICT).exists()


def test_communes_alone_end_the_districts_too_when_they_are_parts_of_a_province():
    old, new = draft(valid_from=None), draft()
    top = draft_unit(old, ProvinceFactory)
    middle = draft_unit(old, DistrictFactory, parent=top)
    draft_unit(new, parent=top, size=10 * SIZE)
    activate_drafts([old.pk])
    activate_drafts([new.pk])
    middle.refresh_from_db()
    top.refresh_from_db()
    assert (middle.valid_to, top.valid_to) == (MERGER, None)


def test_communes_of_a_district_leave_the_district_in_force():
    old, new = draft(valid_from=None), draft(valid_from=date(2020, 1, 1))
    middle = draft_unit(old, DistrictFactory, parent=draft_unit(old, ProvinceFactory))
    draft_unit(old, parent=middle, name="Xã Cũ")
    draft_unit(new, parent=middle, name="Xã Mới", size=5 * SIZE)
    activate_drafts([old.pk])
    activate_drafts([new.pk])
    middle.refresh_from_db()
    assert middle.valid_to is None
    assert where() == "Xã Mới"


def test_units_outside_its_scope_are_left_alone():
    old, new = draft(valid_from=None), draft()
    elsewhere = draft_unit(old, west=WEST + 0.5, code="31801")
    draft_unit(new)
    activate_drafts([old.pk, new.pk])
    elsewhere.refresh_from_db()
    assert elsewhere.valid_to is None


def test_an_older_edition_activated_later_is_ended_by_the_newer():
    old, new = draft(valid_from=None), draft()
    draft_unit(old, name="Phường 2", code="32002")
    draft_unit(new, name="Phường An Xuyên", code="32001")
    activate(edition=new)
    activate(edition=old)
    assert [where(on=BEFORE), where(on=MERGER)] == ["Phường 2", "Phường An Xuyên"]


def test_a_day_may_be_given_and_moves_the_edition():
    old, new = draft(valid_from=None), draft(valid_from=None)
    draft_unit(old, name="Phường 2", code="32002")
    after = draft_unit(new, name="Phường An Xuyên", code="32002")
    activate(edition=old)
    activate(edition=new, on=MERGER)
    after.refresh_from_db()
    new.refresh_from_db()
    assert (after.valid_from, new.valid_from) == (MERGER, MERGER)
    assert where(on=BEFORE) == "Phường 2"


def test_a_day_after_its_end_is_refused():
    edition = draft(valid_from=date(2020, 1, 1), valid_to=MERGER)
    draft_unit(edition)
    with pytest.raises(EditionError, match="2025-07-01"):
        activate(edition=edition, on=MERGER)


def test_an_edition_without_a_first_day_is_refused_where_others_are_in_force():
    old, new = draft(valid_from=None), draft(valid_from=None)
    draft_unit(old, name="Phường 2", code="32002")
    draft_unit(new, name="Phường An Xuyên", code="32002")
    activate(edition=old)
    with pytest.raises(EditionError, match="32002"):
        activate(edition=new)
    new.refresh_from_db()
    assert new.state == Edition.State.DRAFT


def test_what_is_in_force_is_not_activated_again():
    edition = draft()
    activate(edition=edition)
    with pytest.raises(EditionError):
        activate(edition=edition)


def test_parts_of_a_draft_wait_for_the_whole():
    whole, part = draft(), draft()
    draft_unit(part, parent=draft_unit(whole, ProvinceFactory))
    with pytest.raises(EditionError, match=whole.name):
        activate(edition=part)


def test_a_whole_that_comes_after_its_parts_takes_them_over():
    old, communes, provinces = draft(valid_from=None), draft(), draft()
    former = draft_unit(old, ProvinceFactory, code="96")
    part = draft_unit(communes, parent=former)
    whole = draft_unit(provinces, ProvinceFactory, code="96")
    for edition in (old, communes, provinces):
        activate(edition=edition)
    part.refresh_from_db()
    assert part.parent == whole
    withdraw(edition=provinces)
    part.refresh_from_db()
    assert part.parent == former


asked: list[tuple[Edition, date | None]] = []


def guard(*, edition: Edition, on: date | None) -> None:
    """Stands for the guard of another app: refuses what it finds forbidden, after it has seen everything as it was."""
    asked.append((edition, on))
    if edition.name == "forbidden":
        raise EditionError("12 open reports would change hands: rehearse first.")


def test_guards_are_asked_before_anything_changes(monkeypatch):
    monkeypatch.setattr("boundaries.editions.import_string", {"somewhere.guard": guard}.__getitem__)
    monkeypatch.setattr(settings, "ACTIVATION_GUARDS", ["somewhere.guard"])
    edition = draft()
    unit = draft_unit(edition)
    Edition.objects.filter(pk=edition.pk).update(name="forbidden")
    with pytest.raises(EditionError, match="12 open reports"):
        activate(edition=edition)
    assert asked.pop() == (edition, MERGER)
    unit.refresh_from_db()
    assert not unit.active
    Edition.objects.filter(pk=edition.pk).update(name="allowed")
    activate(edition=edition, on=date(2026, 1, 1))
    assert asked.pop() == (edition, date(2026, 1, 1))


# --- Withdrawal -------------------------------------------------------------------------------------------------------


def test_withdrawal_gives_back_what_was_ended():
    old, new = draft(valid_from=None), draft()
    before = draft_unit(old, name="Phường 2")
    after = draft_unit(new, name="Phường An Xuyên")
    activate_drafts([old.pk, new.pk])
    withdraw(edition=new)
    before.refresh_from_db()
    after.refresh_from_db()
    new.refresh_from_db()
    assert (before.valid_to, after.active, new.state) == (None, False, Edition.State.WITHDRAWN)
    assert where() == "Phường 2"
    assert not Replacement.objects.exists()


def test_a_withdrawn_edition_may_be_activated_again():
    old, new = draft(valid_from=None), draft()
    draft_unit(old, name="Phường 2")
    draft_unit(new, name="Phường An Xuyên")
    activate_drafts([old.pk, new.pk])
    withdraw(edition=new)
    activate(edition=new)
    assert [where(on=BEFORE), where()] == ["Phường 2", "Phường An Xuyên"]


def test_what_another_edition_ends_too_stays_ended():
    old, first, second = draft(valid_from=None), draft(), draft(valid_from=date(2026, 7, 1))
    for edition, name in ((old, "một"), (first, "hai"), (second, "ba")):
        draft_unit(edition, name=name)
        activate(edition=edition)
    withdraw(edition=first)
    assert [where(on=day) for day in (BEFORE, MERGER, date(2026, 7, 1))] == ["một", "một", "ba"]


def test_a_draft_cannot_be_withdrawn():
    with pytest.raises(EditionError):
        withdraw(edition=draft())


def test_a_whole_with_parts_in_force_cannot_be_withdrawn():
    whole, part = draft(), draft()
    draft_unit(part, parent=draft_unit(whole, ProvinceFactory))
    activate_drafts([whole.pk])
    activate_drafts([part.pk])
    with pytest.raises(EditionError, match=part.name):
        withdraw(edition=whole)
    assert where(level="province") is not None


# --- The order is nothing ---------------------------------------------------------------------------------------------

CELLS = [WEST, WEST + SIZE, WEST + 2 * SIZE]
DAYS = [date(year, 1, 1) for year in range(2000, 2009)]


@dataclass(frozen=True)
class Reform:
    """An edition in the making: when it begins and ends, and in which cells it brings a unit, under the old code or another."""

    start: date | None
    end: date | None
    cells: dict[int, bool]


@st.composite
def reforms(draw: st.DrawFn) -> list[Reform]:
    """Up to five reforms of three cells, each beginning on another day, the first perhaps at an unknown one."""
    starts: list[date | None] = draw(st.lists(st.sampled_from([None, *DAYS[1:6]]), min_size=1, max_size=5, unique=True))
    made = []
    for start in starts:
        ends = st.sampled_from([None, *[day for day in DAYS if start is None or day > start]])
        cells = draw(st.dictionaries(st.integers(0, 2), st.booleans(), min_size=1))
        made.append(Reform(start, draw(ends), cells))
    return made


def in_force(made: list[Reform], active: set[int], cell: int, day: date) -> int | None:
    """What should be: of the active reforms of the cell, the last that has begun, if it has not ended."""

    def key(n: int) -> date:
        return made[n].start or date.min

    begun = [n for n in active if cell in made[n].cells and key(n) <= day]
    last = max(begun, key=key, default=None)
    return last if last is not None and (made[last].end is None or day < made[last].end) else None


@few
@given(made=reforms(), data=st.data())
def test_any_order_of_activations_and_withdrawals_leaves_the_same_units_in_force(made, data):
    with undone():
        editions = [draft(reform.start, reform.end) for reform in made]
        for n, reform in enumerate(made):
            for cell, same_code in reform.cells.items():
                code = f"3200{cell}" if same_code else f"{31000 + 10 * n + cell}"
                draft_unit(editions[n], code=code, name=f"reform {n}", west=CELLS[cell])
        active: set[int] = set()
        for n in data.draw(st.lists(st.integers(0, len(made) - 1), max_size=8)):
            (withdraw if n in active else activate)(edition=editions[n])
            active ^= {n}
        spots = [Spot(Point(west + 0.05, SOUTH + 0.05, srid=4326)) for west in CELLS]
        for day in DAYS:
            found = [placement.unit.name if placement.unit else None for placement in locate_many(spots, on=day)]
            last = [in_force(made, active, cell, day) for cell in range(3)]
            assert found == [None if n is None else f"reform {n}" for n in last], day


OLD = [
    province("96", "Tỉnh Cà Mau", size=0.2),
    province("95", "Tỉnh Bạc Liêu", WEST + 0.2, size=0.2),
    district("964", "Thành phố Cà Mau", size=0.2),
    district("954", "Thành phố Bạc Liêu", WEST + 0.2, size=0.2, parent_code="95"),
    commune("32001", "Phường 1", parent_code="964"),
    commune("32002", "Phường 2", WEST + 0.1, parent_code="964"),
    commune("31801", "Xã Vĩnh Lợi", WEST + 0.2, parent_code="954"),
    commune("31802", "Xã Hưng Hội", WEST + 0.3, parent_code="954"),
]
NEW = [
    province("96", "Tỉnh Cà Mau", size=0.4),
    commune("32002", "Phường An Xuyên", size=0.2),
    commune("31801", "Xã Vĩnh Lợi", WEST + 0.2),
    commune("31802", "Xã Hưng Hội", WEST + 0.3),
]


def answers() -> list:
    """Who is where, with all ancestors, at four places on four days."""
    found: list = []
    spots = [Spot(Point(WEST + n * SIZE + 0.05, SOUTH + 0.05, srid=4326)) for n in range(4)]
    for day in (date(2020, 1, 1), BEFORE, MERGER, date(2030, 1, 1)):
        units = [placement.unit for placement in locate_many(spots, on=day)]
        found += [[(one.code, one.name) for one in (unit, *unit.ancestors())] if unit else None for unit in units]
        found.append(sorted(Unit.objects.in_force(day).values_list("level", "code")))
    return found


def layer_of(features: list[dict]) -> Layer:
    """Features as a file would give them."""
    names = ("code", "name", "level", "parent_code", "valid_from", "valid_to")
    columns = {name: [one["properties"].get(name) for one in features] for name in names}
    return Layer("a file", columns, np.array([shapely.from_geojson(json.dumps(one["geometry"])) for one in features], dtype=object))


def load(features: list[dict]) -> None:
    """One call of load_boundaries --activate."""
    findings = Findings()
    read = read_features(layer_of(features), Given(source="a file"), findings)
    activate_drafts(load_features(features=read, findings=findings).touched)


def of_period(features: list[dict], valid_from: str | None, valid_to: str | None) -> list[dict]:
    return [{**one, "properties": {**one["properties"], "valid_from": valid_from, "valid_to": valid_to}} for one in features]


def expected_answers() -> list:
    old, new = [], []
    for n in range(4):
        code, name = [("32001", "Phường 1"), ("32002", "Phường 2"), ("31801", "Xã Vĩnh Lợi"), ("31802", "Xã Hưng Hội")][n]
        above = [("964", "Thành phố Cà Mau"), ("96", "Tỉnh Cà Mau")] if n < 2 else [("954", "Thành phố Bạc Liêu"), ("95", "Tỉnh Bạc Liêu")]
        old.append([(code, name), *above])
        new.append([("32002", "Phường An Xuyên") if n < 2 else (code, name), ("96", "Tỉnh Cà Mau")])
    old.append(sorted((one["properties"]["level"], one["properties"]["code"]) for one in OLD))
    new.append(sorted((one["properties"]["level"], one["properties"]["code"]) for one in NEW))
    return [*old, *old, *new, *new]


@few
@given(data=st.data(), stripped=st.booleans(), old_calls=st.integers(1, 3), new_calls=st.integers(1, 3), together=st.booleans())
def test_any_split_into_calls_and_any_order_of_them_gives_the_same_answers(data, stripped, old_calls, new_calls, together):
    """Old and new files, with or without the end of the old ones, in one call or in many, parents never after their children."""
    old = of_period(OLD, None, None if stripped else "2025-07-01")
    new = of_period(NEW, "2025-07-01", None)
    batches = [[] for _ in range(old_calls + new_calls)]
    for features, first, count in ((old, 0, old_calls), (new, old_calls, new_calls)):
        call_of: dict[str, int] = {}
        for one in features:
            parent = one["properties"]["parent_code"]
            # The old provinces come together: one alone, undated, cannot be told from the new one of that code
            lowest = call_of.get(parent, 0) if one["properties"]["level"] != "province" else count
            call = 0 if lowest == count else data.draw(st.integers(lowest, count - 1))
            call_of[one["properties"]["code"]] = call
            batches[first + call].append(one)
    queues = [batches[:old_calls], batches[old_calls:]]
    with undone():
        if together:
            load(data.draw(st.permutations(old + new)))
        else:
            while any(queues):
                queue = data.draw(st.sampled_from([queue for queue in queues if queue]))
                if batch := queue.pop(0):
                    load(data.draw(st.permutations(batch)))
        assert answers() == expected_answers()


def test_withdrawing_the_new_units_brings_the_old_ones_back():
    load(of_period(OLD, None, None))
    before = answers()
    load(of_period(NEW, "2025-07-01", None))
    withdraw(edition=Edition.objects.get(valid_from=MERGER))
    assert answers() == before


# --- Real files -------------------------------------------------------------------------------------------------------

DATA = Path(settings.BASE_DIR).parent / "shared" / "data"
OLD_FILE, NEW_FILE = DATA / "camau_baclieu_pre2025_15m.geojson", DATA / "camau_2025_15m.geojson"


def realdata(test: Any) -> Any:
    """Marks a test that needs the real files."""
    return pytest.mark.realdata(pytest.mark.skipif(not DATA.is_dir(), reason="no real boundary files: ../shared/data is absent")(test))


def load_files(*paths: Path) -> None:
    call_command("load_boundaries", *map(str, paths), activate=True, verbosity=0)


def communes_in(path: Path) -> dict[str, shapely.Geometry]:
    features = json.loads(path.read_text())["features"]
    return {
        one["properties"]["code"]: shapely.from_geojson(json.dumps(one["geometry"]))
        for one in features
        if one["properties"]["level"] == "commune"
    }


def random_points(path: Path, count: int) -> np.ndarray:
    """Points anywhere in the territory of a file."""
    territory = shapely.union_all(list(communes_in(path).values()))
    shapely.prepare(territory)
    west, south, east, north = territory.bounds
    points = np.random.default_rng(20250701).uniform((west, south), (east, north), (4 * count, 2))
    return points[shapely.contains_xy(territory, points)][:count]


def found_codes(points: np.ndarray, on: date) -> list[str | None]:
    """The commune that covers each point, nearest ones left out."""
    placements = locate_many([Spot(Point(x, y, srid=4326)) for x, y in points.tolist()], on=on)
    return [placement.unit.code if placement.unit and placement.method == "inside" else None for placement in placements]


def shapely_codes(points: np.ndarray, path: Path) -> list[str | None]:
    """The same, told by shapely from the file."""
    communes = communes_in(path)
    codes = sorted(communes)
    tree = shapely.STRtree([communes[code] for code in codes])
    point, unit = tree.query(shapely.points(points), predicate="intersects")
    found: dict[int, str] = {}
    for n, u in zip(point.tolist(), unit.tolist(), strict=True):
        found[n] = min(found.get(n, "99999"), codes[u])
    return [found.get(n) for n in range(len(points))]


METRES = (111_320 * math.cos(math.radians(9.2)), 110_620)  # of a degree of longitude and of latitude in Cà Mau


def points_in_water(territory: shapely.Geometry, count: int) -> np.ndarray:
    """Points outside every commune, at most 490 m off, in metres from 0° N 0° E."""
    strip = shapely.difference(shapely.buffer(territory, 490), territory)
    shapely.prepare(strip)
    west, south, east, north = strip.bounds
    points = np.random.default_rng(1).uniform((west, south), (east, north), (100 * count, 2))
    return points[shapely.contains_xy(strip, points)][:count]


def stripped_of_its_end(path: Path, folder: Path) -> Path:
    """The same file without any valid_to."""
    collection = json.loads(path.read_text())
    for one in collection["features"]:
        one["properties"]["valid_to"] = None
    target = folder / "stripped.geojson"
    target.write_text(json.dumps(collection))
    return target


@realdata
class TestBothFiles:
    """What only asks, after both were loaded once."""

    @pytest.fixture(scope="class")
    @classmethod
    def both(cls, django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
        """Both files, loaded once for the tests that only ask."""
        with django_db_blocker.unblock(), undone():
            load_files(OLD_FILE, NEW_FILE)
            yield

    def test_ten_thousand_points_agree_with_shapely_on_both_dates(self, both):
        for day, path in ((date(2022, 7, 17), OLD_FILE), (date(2025, 7, 2), NEW_FILE)):
            points = random_points(path, 10_000)
            assert len(points) == 10_000
            assert found_codes(points, day) == shapely_codes(points, path)

    def test_a_thousand_points_in_water_go_to_the_nearest_commune(self, both):
        communes = communes_in(NEW_FILE)
        codes = sorted(communes)
        outlines = shapely.transform([communes[code] for code in codes], lambda degrees: degrees * METRES)
        points = points_in_water(shapely.union_all(outlines), 1_000)
        assert len(points) == 1_000
        placements = locate_many([Spot(Point(*(point / METRES).tolist(), srid=4326)) for point in points], on=date(2025, 7, 2))
        for point, placement in zip(points, placements, strict=True):
            assert placement.method == "snapped"
            distances = shapely.distance(outlines, shapely.Point(point))
            # A metre is what the plane may differ from the ellipsoid in half a kilometre
            assert distances[codes.index(placement.unit.code)] < distances.min() + 1
            assert placement.distance_m == pytest.approx(distances.min(), abs=2)


@realdata
@pytest.mark.parametrize("order", ["new, old", "stripped, new"])
def test_real_files_in_any_order_give_the_same_answers(order, tmp_path):
    stripped = stripped_of_its_end(OLD_FILE, tmp_path)
    files = {"old": OLD_FILE, "new": NEW_FILE, "stripped": stripped}
    for name in order.split(", "):
        load_files(files[name])
    points = random_points(NEW_FILE, 1_500)
    assert found_codes(points, BEFORE) == shapely_codes(points, OLD_FILE)
    assert found_codes(points, MERGER) == shapely_codes(points, NEW_FILE)
    assert Unit.objects.in_force(BEFORE).count() == 182
    assert Unit.objects.in_force(MERGER).count() == 65
    here = communes_in(OLD_FILE)["32002"].point_on_surface()
    with time_machine.travel(datetime(2025, 6, 30, 23, 59, tzinfo=SAIGON), tick=False):
        assert locate(point=Point(here.x, here.y, srid=4326)).unit.full_name() == "Phường 2, Thành phố Cà Mau, Tỉnh Cà Mau"
    with time_machine.travel(datetime(2025, 7, 1, 0, 0, tzinfo=SAIGON), tick=False):
        assert locate(point=Point(here.x, here.y, srid=4326)).unit.full_name() == "Phường An Xuyên, Tỉnh Cà Mau"
