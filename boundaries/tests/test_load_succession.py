"""Loading what became of units: from lists, good and broken; from outlines; and both compared."""

import csv
import itertools
from datetime import date
from pathlib import Path

import pytest
import shapely
from django.contrib.gis.geos import GEOSGeometry, MultiPolygon
from django.core.management import call_command
from django.core.management.base import CommandError

from boundaries.models import Edition, Unit, UnitSuccession
from boundaries.succession import predecessors, successors
from boundaries.tests.factories import (
    MERGER,
    SIZE,
    SOUTH,
    WEST,
    DistrictFactory,
    EditionFactory,
    ProvinceFactory,
    UnitFactory,
    square,
)  # fmt: skip
from boundaries.tests.test_editions import DATA, NEW_FILE, OLD_FILE, load_files, realdata

pytestmark = pytest.mark.django_db

LIST = DATA / "old_to_new_communes_vietnam_2025.csv"
HEADER = "old_code,old_name,old_province_code,new_code,new_name,new_province_code,transfer,area_share_est"


@pytest.fixture
def old_province() -> Unit:
    return ProvinceFactory(code="96", name="Tỉnh Cà Mau", valid_from=None, valid_to=MERGER)


@pytest.fixture
def new_province() -> Unit:
    return ProvinceFactory(code="96", name="Tỉnh Cà Mau")


@pytest.fixture
def olds(old_province) -> list[Unit]:
    """Three communes in a row, west to east, that ended with the merger."""
    return [
        UnitFactory(code=f"3200{n}", name=f"Phường {n}", west=WEST + (n - 1) * SIZE, valid_from=None, valid_to=MERGER, parent=old_province, edition=old_province.edition)
        for n in (1, 2, 3)
    ]  # fmt: skip


@pytest.fixture
def news(new_province) -> list[Unit]:
    """Two communes that began then: one of 1 and a half of 2, one of the rest; the first has the code that Phường 2 had."""
    return [
        UnitFactory(code=code, name=name, geometry=square(west, SOUTH, 1.5 * SIZE, SIZE), parent=new_province, edition=new_province.edition)
        for code, name, west in (("32002", "Phường An Xuyên", WEST), ("32009", "Phường Tân Thành", WEST + 1.5 * SIZE))
    ]  # fmt: skip


TRUE_LINES = (
    "32001,Phường 1,96,32002,Phường An Xuyên,96,full,",
    "32002,Phường 2,96,32002,Phường An Xuyên,96,partial,0.5",
    "32002,Phường 2,96,32009,Phường Tân Thành,96,partial,0.5",
    "32003,Phường 3,96,32009,Phường Tân Thành,96,full,1.0",
)


def listed(folder: Path, *lines: str, header: str = HEADER) -> Path:
    path = folder / "list.csv"
    path.write_text("\n".join((header, *lines)) + "\n", encoding="utf-8")
    return path


def load(*arguments: object, **options: object) -> None:
    call_command("load_succession", *map(str, arguments), verbosity=0, **options)


def told(capsys: pytest.CaptureFixture[str], *arguments: object, **options: object) -> str:
    call_command("load_succession", *map(str, arguments), **options)
    return capsys.readouterr().out


def stored() -> set[tuple[str, str, str, float | None, str]]:
    rows = UnitSuccession.objects.values_list("old__name", "new__name", "transfer", "share", "source")
    return {(old, new, transfer, None if share is None else round(share, 3), source) for old, new, transfer, share, source in rows}


WHAT_IS_LISTED = {
    ("Phường 1", "Phường An Xuyên", "full", 1.0, "listed"),
    ("Phường 2", "Phường An Xuyên", "partial", 0.5, "listed"),
    ("Phường 2", "Phường Tân Thành", "partial", 0.5, "listed"),
    ("Phường 3", "Phường Tân Thành", "full", 1.0, "listed"),
}


# --- Lists ------------------------------------------------------------------------------------------------------------


def test_a_list_tells_what_became_of_each_unit_by_code_and_date(olds, news, tmp_path):
    load(listed(tmp_path, *TRUE_LINES))
    assert stored() == WHAT_IS_LISTED
    assert [old.name for old, _ in predecessors(news[0])] == ["Phường 1", "Phường 2"]
    assert [new.name for new, _ in successors(olds[1])] == ["Phường An Xuyên", "Phường Tân Thành"]


def test_a_list_that_is_loaded_again_changes_nothing_and_a_corrected_one_replaces_it(olds, news, tmp_path, capsys):
    load(listed(tmp_path, *TRUE_LINES))
    assert "0 new, 0 changed, 4 unchanged, 0 removed" in told(capsys, listed(tmp_path, *TRUE_LINES))
    corrected = listed(tmp_path, "32002,Phường 2,96,32009,Phường Tân Thành,96,full,")
    assert "0 new, 1 changed, 0 unchanged, 1 removed" in told(capsys, corrected)
    assert [new.name for new, _ in successors(olds[1])] == ["Phường Tân Thành"]
    assert [new.name for new, _ in successors(olds[0])] == ["Phường An Xuyên"]


def test_lines_of_provinces_that_are_not_loaded_are_counted_and_told(olds, news, tmp_path, capsys):
    elsewhere = ("00001,Phường Phúc Xá,01,00097,Phường Hồng Hà,01,full,", "318,Đảo,,11948,Đặc khu,31,full,")
    assert "not loaded: 2 lines (01 → 01: 1, ? → 31: 1)" in told(capsys, listed(tmp_path, *TRUE_LINES, *elsewhere))
    assert UnitSuccession.objects.count() == 4


def test_an_island_district_may_become_a_commune(old_province, new_province, tmp_path):
    DistrictFactory(code="318", name="Huyện Cát Hải", parent=old_province, edition=old_province.edition)
    UnitFactory(code="11948", name="Đặc khu Cát Hải", parent=new_province, edition=new_province.edition)
    header = "old_code,old_name,old_level,new_code,new_name,transfer"
    load(listed(tmp_path, "318,Huyện Cát Hải,district (island district without communes),11948,Đặc khu Cát Hải,full", header=header))
    assert stored() == {("Huyện Cát Hải", "Đặc khu Cát Hải", "full", 1.0, "listed")}


def test_a_list_may_be_loaded_while_the_new_edition_is_a_draft(tmp_path):
    province = ProvinceFactory(code="96", valid_from=None)
    old = UnitFactory(code="32001", name="Phường 1", valid_from=None, parent=province, edition=province.edition)
    draft = EditionFactory(state=Edition.State.DRAFT)
    new = UnitFactory(code="32001", name="Phường Mới", active=False, edition=draft, parent=province)
    load(listed(tmp_path, "32001,Phường 1,96,32001,Phường Mới,96,full,"))
    assert successors(old, drafts=True) == [(new, 1.0)]


def test_what_a_table_does_to_a_list_is_undone(olds, news, tmp_path):
    path = tmp_path / "excel.csv"
    lines = [line.replace(",", ";").replace("0.5", "0,5").replace("32001", "032001"[1:]) for line in (HEADER.upper(), *TRUE_LINES)]
    path.write_bytes("\ufeff".encode() + "\r\n".join(lines).encode())
    load(path)
    assert stored() == WHAT_IS_LISTED


def test_codes_that_lost_their_zeros_are_understood(tmp_path):
    old = UnitFactory(code="00097", name="Phường Cũ", valid_from=None, valid_to=MERGER)
    new = UnitFactory(code="00004", name="Phường Mới")
    load(listed(tmp_path, "97,4,full", header="old_code,new_code,transfer"))
    assert successors(old) == [(new, 1.0)]


def test_another_spelling_is_told_and_another_reform_refused(olds, news, tmp_path, capsys):
    spelled = [line.replace("Phường Tân Thành", "Phường Tân Thạnh B") for line in TRUE_LINES]
    assert "Other names than the units have: 1 (32009 Phường Tân Thạnh B (here: Phường Tân Thành))" in told(
        capsys, listed(tmp_path, *spelled)
    )
    other = [line.replace("Phường ", "Xã ") for line in TRUE_LINES]
    with pytest.raises(CommandError, match="is it the list of another reform"):
        load(listed(tmp_path, *other))


def test_units_that_ended_and_are_not_in_the_list_are_told(olds, news, tmp_path, capsys):
    assert "Ended, and not in the list: 1 (32003 Phường 3)" in told(capsys, listed(tmp_path, *TRUE_LINES[:3]))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("32003,", "32999,"), "line 5: no commune 32999 Phường 3 was in force on the day before 2025-07-01"),
        ((",32009,", ",32777,"), "line 4: no commune 32777 Phường Tân Thành is in force on 2025-07-01"),
        (("partial,0.5", "partial,0.4"), "line 4: the shares of 32002 Phường 2 add up to 0.8, not to 1"),
        (("partial,0.5", "partial,0.9"), "line 4: the shares of 32002 Phường 2 add up to 1.8"),
        (("partial,0.5", "full,"), "line 3: 32002 Phường 2 went to 32002 in full, but to 32009 too"),
        (("32001,Phường 1,96,32002,Phường An Xuyên,96,full", "32001,Phường 1,96,32002,Phường An Xuyên,96,partial"), "line 2: only a part of 32001"),
        (("full,1.0", "full,0.7"), "line 5: its transfer is full, but its share is 0.7"),
        (("full,1.0", "whole,1.0"), "line 5: its transfer is “whole”, not full or partial"),
        (("full,1.0", "full,all"), "line 5: its share is “all”, not a number above 0 and at most 1"),
        (("full,1.0", "full,-0.5"), "line 5: its share is “-0.5”"),
        (("full,1.0", "full,nan"), "line 5: its share is “nan”"),
        (("32003,", ","), "line 5: its old_code is empty"),
        (("32003,", "P3,"), "line 5: its old_code is “P3”, not a number"),
        (("full,1.0", "full,1.0,more"), "line 5: it has more fields than there are columns"),
        (("Phường Tân Thành", "PhÆ°á»ng"), "line 4: its new_name is garbled by a wrong encoding"),
        (("Phường 3", '"Phường 3'), "it is no CSV"),
        (("transfer,", "how,"), "it has no column transfer"),
    ],
)  # fmt: skip
def test_a_line_that_breaks_a_rule_is_named_and_nothing_is_changed(olds, news, tmp_path, change, words):
    load(listed(tmp_path, *TRUE_LINES[:1]))
    text = "\n".join((HEADER, *TRUE_LINES)).replace(*change)
    with pytest.raises(CommandError) as refused:
        load(listed(tmp_path, *text.split("\n")[1:], header=text.split("\n")[0]))
    assert words in str(refused.value)
    assert "Nothing was changed" in str(refused.value)
    assert UnitSuccession.objects.count() == 1


def test_a_pair_that_stands_twice_is_named_with_both_lines(olds, news, tmp_path):
    with pytest.raises(CommandError, match="line 6: that 32001 Phường 1 went to 32002 stands in line 2 already"):
        load(listed(tmp_path, *TRUE_LINES, TRUE_LINES[0]))


def test_a_unit_that_did_not_end_is_named(olds, news, tmp_path):
    Unit.objects.filter(pk=olds[0].pk).update(validity=(None, None))
    with pytest.raises(CommandError, match="line 2: 32001 Phường 1 did not end on 2025-07-01: it is in force until further notice"):
        load(listed(tmp_path, *TRUE_LINES))


def test_a_new_unit_that_did_not_begin_is_named(olds, news, tmp_path):
    Unit.objects.filter(pk=news[1].pk).update(validity=(date(2020, 1, 1), None))
    with pytest.raises(CommandError, match="line 4: 32009 Phường Tân Thành does not begin on 2025-07-01: it is in force since 2020-01-01"):
        load(listed(tmp_path, *TRUE_LINES), on=MERGER)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "it has no column old_code and no new_code and no transfer (its columns: none)"),
        (HEADER.encode(), "it holds no lines"),
        (("old_code,new_code,transfer\n1,2,full\nPh\u01b0").encode("utf-16"), "it is UTF-16, or no text at all"),
        (b"old_code,new_code,transfer\n1,2,full\n3,4,Ph\xb0", "line 3: it is not UTF-8"),
    ],
)
def test_what_is_no_list_is_refused(tmp_path, content, words):
    path = tmp_path / "list.csv"
    path.write_bytes(content)
    with pytest.raises(CommandError) as refused:
        load(path)
    assert words in str(refused.value)


def test_a_list_without_outlines_says_what_to_do_first(tmp_path):
    with pytest.raises(CommandError, match="load their outlines first"):
        load(listed(tmp_path, *TRUE_LINES))
    with pytest.raises(CommandError, match="There are no units of two periods"):
        load(derive=True)
    with pytest.raises(CommandError, match="it cannot be read"):
        load(tmp_path / "none.csv")
    for nothing in ({}, {"compare": True, "derive": True}):
        with pytest.raises(CommandError, match="list"):
            load(**nothing)


# --- Outlines ---------------------------------------------------------------------------------------------------------


def test_without_a_list_the_outlines_tell_the_shares(olds, news):
    load(derive=True)
    communes = {row for row in stored() if row[0] != "Tỉnh Cà Mau"}
    assert communes == {(*row[:4], "derived") for row in WHAT_IS_LISTED}
    assert ("Tỉnh Cà Mau", "Tỉnh Cà Mau", "full", 1.0, "derived") in stored()


def test_a_list_goes_before_the_outlines(olds, news, tmp_path):
    load(listed(tmp_path, "32002,Phường 2,96,32009,Phường Tân Thành,96,full,"), derive=True)
    load(derive=True)
    assert ("Phường 2", "Phường Tân Thành", "full", 1.0, "listed") in stored()
    assert ("Phường 1", "Phường An Xuyên", "full", 1.0, "derived") in stored()
    assert len(successors(olds[1])) == 1


def reformed(old: list[tuple[str, str, float]], new: list[tuple[str, str, float]]) -> None:
    """Units in a row before and after the merger: code, name, and width in squares."""
    for rows, period in ((old, {"valid_from": None, "valid_to": MERGER}), (new, {})):
        edition, west = EditionFactory(**period), WEST
        for code, name, width in rows:
            box = square(west, SOUTH, width * SIZE, SIZE)
            UnitFactory(code=code, name=name, geometry=box, edition=edition, parent=None, **period)
            west += width * SIZE


def derived_pairs() -> dict[tuple[str, str], float]:
    load(derive=True)
    return {(old, new): share for old, new, _, share, _ in stored()}


def test_a_code_renamed_is_a_full_transfer():
    reformed([("32001", "Xã Cũ", 1)], [("32777", "Xã Cũ", 1)])
    assert derived_pairs() == {("Xã Cũ", "Xã Cũ"): 1.0}


def test_a_border_that_was_shifted_is_a_partial_transfer_of_the_strip():
    reformed([("32001", "T", 1), ("32002", "D", 1)], [("32001", "T+", 1.02), ("32002", "D-", 0.98)])
    assert derived_pairs() == {("T", "T+"): 1.0, ("D", "T+"): 0.02, ("D", "D-"): 0.98}


def test_a_border_drawn_twice_is_no_transfer():
    reformed([("32001", "T", 1), ("32002", "D", 1)], [("32001", "T", 1.0003), ("32002", "D", 0.9997)])  # 3.3 m: as wide as a path
    assert derived_pairs() == {("T", "T"): 1.0, ("D", "D"): 1.0}


def test_a_small_field_is_a_transfer_where_a_long_strip_of_the_same_area_is_none():
    """What tells them apart is their width, not their area: 66 m × 66 m here, 11 km × 0.4 m there."""
    old, (new, field_taker) = EditionFactory(valid_from=None, valid_to=MERGER), (EditionFactory(), "32009")
    whole = square()
    UnitFactory(code="32001", name="Xã", valid_from=None, valid_to=MERGER, edition=old, parent=None)
    field = square(WEST, SOUTH, 0.0006)
    rest = MultiPolygon(whole.difference(field), srid=4326)
    UnitFactory(code="32001", name="Xã", edition=new, geometry=rest, parent=None)
    UnitFactory(code=field_taker, name="Phường", edition=new, geometry=field, parent=None)
    load(derive=True)
    shares = dict(UnitSuccession.objects.values_list("new__name", "share"))
    assert {name: round(share * 1e6) for name, share in shares.items()} == {"Xã": 999_964, "Phường": 36}


def test_a_unit_split_in_three_has_three_successors_whose_shares_add_up():
    reformed([("32001", "A", 3)], [("32001", "B", 1), ("32002", "C", 1.5), ("32003", "D", 0.5)])
    pairs = derived_pairs()
    assert pairs == {("A", "B"): pytest.approx(1 / 3, abs=1e-3), ("A", "C"): 0.5, ("A", "D"): pytest.approx(1 / 6, abs=1e-3)}
    assert sum(UnitSuccession.objects.values_list("share", flat=True)) == pytest.approx(1, abs=1e-9)


def test_two_units_merged_and_named_back_are_told_step_by_step():
    later = date(2027, 1, 1)
    for number, (rows, period) in enumerate(
        (
            ([("32001", "A", 1), ("32002", "B", 1)], (None, MERGER)),
            ([("32001", "AB", 2)], (MERGER, later)),
            ([("32001", "A'", 1), ("32002", "B'", 1)], (later, None)),
        )
    ):
        edition, west = EditionFactory(name=str(number), valid_from=period[0], valid_to=period[1]), WEST
        for code, name, width in rows:
            box = square(west, SOUTH, width * SIZE, SIZE)
            UnitFactory(code=code, name=name, geometry=box, edition=edition, parent=None, valid_from=period[0], valid_to=period[1])
            west += width * SIZE
    load(derive=True, on=MERGER)
    load(derive=True)
    assert stored() == {
        ("A", "AB", "full", 1.0, "derived"), ("B", "AB", "full", 1.0, "derived"),
        ("AB", "A'", "partial", 0.5, "derived"), ("AB", "B'", "partial", 0.5, "derived"),
    }  # fmt: skip


def test_islands_go_with_their_unit_and_a_lost_coast_takes_nothing_away():
    old, new = EditionFactory(valid_from=None, valid_to=MERGER), EditionFactory()
    land, island = square(), square(WEST, SOUTH - 0.5, 0.01)
    before = GEOSGeometry(land.union(island).wkt, srid=4326)
    eroded = square(WEST, SOUTH, SIZE, 0.9 * SIZE)  # the sea took a tenth
    UnitFactory(code="32001", name="Xã", geometry=before, valid_from=None, valid_to=MERGER, edition=old, parent=None)
    UnitFactory(code="32001", name="Đất liền", geometry=eroded, edition=new, parent=None)
    UnitFactory(code="32002", name="Đảo", geometry=island, edition=new, parent=None)
    assert derived_pairs() == {("Xã", "Đất liền"): pytest.approx(0.989, abs=1e-3), ("Xã", "Đảo"): pytest.approx(0.011, abs=1e-3)}


def test_a_unit_that_went_to_the_sea_or_to_units_that_are_not_loaded_has_no_successor():
    reformed([("32001", "A", 1), ("32002", "B", 1)], [("32001", "C", 1.3)])
    assert derived_pairs() == {("A", "C"): 1.0}


# --- Both, compared ---------------------------------------------------------------------------------------------------


def differences(path: Path) -> list[tuple[str, str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [(row["difference"], row["old_name"], row["new_name"]) for row in csv.DictReader(file)]


def compare(tmp_path: Path, *lines: str) -> list[tuple[str, str, str]]:
    load(listed(tmp_path, *lines), compare=True, differences=tmp_path / "differences.csv")
    assert not UnitSuccession.objects.exists()
    return differences(tmp_path / "differences.csv")


def test_a_list_that_agrees_with_the_outlines_has_no_differences(olds, news, tmp_path, capsys):
    assert compare(tmp_path, *TRUE_LINES) == []
    assert "Pairs that agree: 4 of 4" in told(capsys, listed(tmp_path, *TRUE_LINES), compare=True)


def test_each_kind_of_difference_is_found_and_named(olds, news, tmp_path, capsys):
    lines = (
        "32001,Phường 1,96,32002,Phường An Xuyên,96,partial,",  # the outlines give all of it
        "32001,Phường 1,96,32009,Phường Tân Thành,96,partial,",  # and nothing here
        "32002,Phường 2,96,32002,Phường An Xuyên,96,full,",  # the outlines give half, and the rest to a unit that is not listed
    )
    assert compare(tmp_path, *lines) == [
        ("not in the outlines", "Phường 1", "Phường Tân Thành"),
        ("not in the list", "Phường 2", "Phường Tân Thành"),
        ("partial in the list, all of it in the outlines", "Phường 1", "Phường An Xuyên"),
        ("full in the list, a part of it in the outlines", "Phường 2", "Phường An Xuyên"),
        ("old unit not in the list", "Phường 3", ""),
    ]
    text = told(capsys, listed(tmp_path, *lines), compare=True)
    assert "Pairs that agree: 0 of 3" in text
    assert "Phường 2 → 32009 Phường Tân Thành: – – in the list, 50.00 % in the outlines" in text


def test_shares_that_differ_or_are_open_are_found(olds, news, tmp_path):
    other = [
        line.replace("An Xuyên,96,partial,0.5", "An Xuyên,96,partial,0.7").replace("Thành,96,partial,0.5", "Thành,96,partial,0.3")
        for line in TRUE_LINES
    ]
    assert {kind for kind, _, _ in compare(tmp_path, *other)} == {"other share"}
    assert {kind for kind, _, _ in compare(tmp_path, *(line.replace("0.5", "") for line in TRUE_LINES))} == {"no share in the list"}


def test_a_border_drawn_twice_is_listed_as_a_strip(tmp_path, capsys):
    reformed([("32001", "T", 1), ("32002", "D", 1)], [("32001", "T", 1.0003), ("32002", "D", 0.9997)])
    lines = ("32001,T,,32001,T,,full,", "32002,D,,32002,D,,full,")
    assert compare(tmp_path, *lines) == [("strip", "D", "T")]
    assert "Strip: 1" in told(capsys, listed(tmp_path, *lines), compare=True)
    lines = (lines[0], "32002,D,,32002,D,,partial,", "32002,D,,32001,T,,partial,")
    assert [kind for kind, _, _ in compare(tmp_path, *lines)] == [
        "a strip only in the outlines",
        "partial in the list, all of it in the outlines",
    ]


# --- The real merger --------------------------------------------------------------------------------------------------


@realdata
def test_the_list_and_the_outlines_of_ca_mau_differ_where_the_list_says_so_itself(tmp_path):
    load_files(OLD_FILE, NEW_FILE)
    load(LIST, compare=True, differences=tmp_path / "differences.csv")
    assert differences(tmp_path / "differences.csv") == [
        ("not in the outlines", "Xã Hoà Mỹ", "Xã Phú Mỹ"),
        ("not in the outlines", "Xã Đông Thới", "Xã Tân Hưng"),
        ("partial in the list, all of it in the outlines", "Xã Đông Thới", "Xã Cái Nước"),
    ]
    load(LIST, derive=True)
    assert UnitSuccession.objects.filter(source="listed").count() == 186
    assert UnitSuccession.objects.filter(source="derived").count() == 2  # the two provinces
    for code, heirs in (("32053", ["Khánh Lâm", "Nguyễn Phích", "Khánh An"]), ("32122", ["Lương Thế Trân", "Lý Văn Lâm", "Trần Văn Thời"])):
        old = Unit.objects.get(code=code, validity__endswith=MERGER)
        parts = successors(old)
        assert [new.name.split(" ", 1)[1] for new, _ in parts] == heirs
        assert sum(share for _, share in parts) == pytest.approx(1, abs=0.001)
    olds = Unit.objects.filter(level="commune", validity__endswith=MERGER)
    assert not olds.filter(succeeded_by__isnull=True).exists()
    assert not Unit.objects.in_force(MERGER).filter(level="commune", succeeds__isnull=True).exists()


@realdata
def test_shares_from_the_outlines_are_those_that_shapely_computes():
    load_files(OLD_FILE, NEW_FILE)
    load(derive=True)
    shapes = {
        shape.unit_id: shapely.from_wkb(bytes(shape.geometry.wkb))
        for shape in Unit.shapes.rel.related_model.objects.filter(current=True).select_related("unit")
    }
    rows = list(UnitSuccession.objects.filter(old__level="commune"))
    for row in itertools.islice(sorted(rows, key=lambda row: row.share), 25):
        area = shapely.intersection(shapes[row.old_id], shapes[row.new_id]).area
        assert row.share == pytest.approx(area / shapes[row.old_id].area, abs=0.002)
