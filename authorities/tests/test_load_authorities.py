"""The data files of Cà Mau, and the command that loads them."""

import csv
import json
import re
import shutil
from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db.backends.postgresql.psycopg_any import DateRange

from authorities.coverage import bodies_without_territory, gaps, rules_leading_nowhere
from authorities.models import Body, BodySuccession, Category, ReturnReason, Rule, Territory
from boundaries.models import Edition
from boundaries.tests.factories import MERGER, DistrictFactory, EditionFactory, ProvinceFactory, UnitFactory

FIXTURES = settings.BASE_DIR / "fixtures"
DAYS = [date(2022, 7, 17), date(2023, 3, 15), date(2025, 3, 1), date(2025, 6, 30), date(2025, 7, 1), date(2025, 7, 2)]


def load(*options):
    out = StringIO()
    call_command("load_authorities", *options, stdout=out)
    return out.getvalue()


@pytest.fixture
def today_units(db):
    """Cà Mau since the merger, with two of its communes."""
    edition = EditionFactory()
    province = ProvinceFactory(code="96", name="Tỉnh Cà Mau", edition=edition)
    return [
        UnitFactory(code="32002", name="Phường An Xuyên", parent=province, edition=edition),
        UnitFactory(code="32014", name="Phường Lý Văn Lâm", parent=province, edition=edition, west=105.1),
    ]


@pytest.fixture
def old_units(db):
    """Cà Mau until the merger: a city with a ward whose code is used again, and a commune."""
    edition = EditionFactory(valid_from=None, valid_to=MERGER)
    province = ProvinceFactory(code="96", name="Tỉnh Cà Mau", edition=edition, valid_from=None, valid_to=MERGER)
    city = DistrictFactory(code="964", name="Thành phố Cà Mau", edition=edition, parent=province)
    period = {"edition": edition, "valid_from": None, "valid_to": MERGER, "parent": city}
    return [UnitFactory(code="32002", name="Phường 2", **period), UnitFactory(code="32032", name="Xã Lý Văn Lâm", west=105.1, **period)]


@pytest.fixture
def folder(tmp_path):
    """A copy of the data files, to be broken."""
    return Path(shutil.copytree(FIXTURES, tmp_path / "fixtures"))


# --- the files --------------------------------------------------------------------------------------------------------


def read(name):
    path = FIXTURES / name
    return list(csv.DictReader(path.open(encoding="utf-8"))) if name.endswith(".csv") else json.loads(path.read_text(encoding="utf-8"))


def test_each_of_the_twelve_fields_of_the_decision_has_a_category():
    groups = {category["group"] for category in read("categories.json") if category["in_scope"]}
    assert groups == {
        "An ninh trật tự", "Hạ tầng đô thị", "Giao thông", "Vệ sinh môi trường", "Điện chiếu sáng", "Cấp thoát nước", "Y tế – sức khỏe",
        "Giáo dục – đào tạo", "Vi phạm pháp luật", "Cán bộ, công chức", "Góp ý – hiến kế", "Khác",
    }  # fmt: skip


def test_what_is_out_of_scope_names_another_channel_in_both_languages():
    for category in read("categories.json"):
        if not category["in_scope"]:
            assert "xin" in category["guidance"].lower()
            assert "please" in category["guidance_en"].lower()


def test_every_sentence_of_the_files_is_there_in_both_languages_and_ends():
    pairs = [(row["guidance"], row["guidance_en"]) for row in read("categories.json")]
    pairs += [(row["channel"], row["channel_en"]) for row in read("return_reasons.json")]
    pairs += [(row["note"], row["note_en"]) for row in read("rules.json")]
    for vietnamese, english in pairs:
        assert vietnamese.endswith(".")
        assert english.endswith(".")
        assert vietnamese != english


def test_telephone_numbers_and_addresses_of_the_files_are_made_up():
    for row in [*read("bodies.csv"), *read("bodies_of_units.json")]:
        assert re.fullmatch(r"029[01] 000 [\d {}a-z]+|1022|113", row["hotline"])
        assert row["email"].endswith(".example")


# --- what they make of the units --------------------------------------------------------------------------------------


def nobody_is_missing():
    for on in DAYS:
        assert gaps(on) == []
        assert rules_leading_nowhere(on) == []
        assert bodies_without_territory(on) == []


def test_on_schematic_units_somebody_is_responsible_for_every_category_in_every_commune_of_both_periods(db):
    call_command("load_schematic", verbosity=0)
    load()
    nobody_is_missing()
    assert Body.objects.existing(date(2025, 7, 1)).filter(kind="commune_committee").count() == 64
    assert Body.objects.existing(date(2025, 6, 30)).filter(kind="commune_committee").count() == 164
    assert Body.objects.existing(date(2025, 6, 30)).filter(kind="district_committee").count() == 16


@pytest.mark.realdata
def test_on_real_units_somebody_is_responsible_for_every_category_in_every_commune_of_both_periods(real_units):
    nobody_is_missing()


def test_a_committee_is_called_as_its_unit_and_stands_below_the_province(today_units):
    load()
    body = Body.objects.get(code="ubnd-32002-2025")
    assert (body.name, body.parent.name, body.validity.lower) == ("UBND phường An Xuyên", "UBND tỉnh Cà Mau", MERGER)
    assert [territory.unit for territory in body.territories.all()] == [today_units[0]]


def test_an_old_committee_stands_below_its_district_and_says_so_in_its_name(old_units):
    load()
    body = Body.objects.get(code="ubnd-32002")
    assert (body.name, body.parent.name, body.validity.upper) == ("UBND phường 2, thành phố Cà Mau", "UBND thành phố Cà Mau", MERGER)
    assert body.parent.parent.code == "ubnd-tinh-ca-mau"


def test_a_code_that_is_used_again_gets_a_body_for_each_of_its_units(today_units, old_units):
    load()
    covered = {territory.unit: territory.body.code for territory in Territory.objects.filter(body__kind="commune_committee")}
    assert (covered[today_units[0]], covered[old_units[0]]) == ("ubnd-32002-2025", "ubnd-32002")


def test_departments_portal_and_inspectorate_stand_below_the_province_of_their_time(today_units, old_units):
    load()
    for body in Body.objects.filter(kind__in=["department", "portal", "inspectorate"]):
        assert body.parent.kind == "province_committee"
        assert body.validity.upper is None or body.validity.upper <= MERGER
        assert (body.validity.upper is None) == (body.parent.validity.upper is None)


def test_bodies_follow_each_other_without_a_day_between(today_units, old_units):
    load()
    for succession in BodySuccession.objects.all():
        assert succession.old.validity.upper == succession.on == succession.new.validity.lower


# --- what is not loaded -----------------------------------------------------------------------------------------------


def test_without_units_it_loads_what_needs_none_and_says_what_it_left_out(db):
    said = load("--verbosity", "2")
    assert Category.objects.count() == 21
    assert ReturnReason.objects.count() == 10
    assert not Body.objects.exists()
    assert "ubnd-tinh-ca-mau-2025: no province 96 of 2025-07-01 – today is loaded" in said
    assert "rule today-health-health-so-y-te-ca-mau-2025: the body so-y-te-ca-mau-2025 is not there" in said


def test_with_one_period_it_loads_that_and_says_what_it_left_out(today_units):
    said = load("--verbosity", "2")
    assert Body.objects.filter(code="ubnd-tinh-ca-mau-2025").exists()
    assert not Body.objects.filter(code="ubnd-tinh-ca-mau").exists()
    assert "ubnd-tinh-bac-lieu: no province 95 of the beginning – 2025-07-01 is loaded" in said
    assert gaps(MERGER) == []


def test_units_that_came_later_get_their_bodies_when_it_runs_again(today_units, old_units):
    load()
    late = UnitFactory(code="32025", name="Phường Tân Thành", parent=today_units[0].parent, edition=today_units[0].edition, west=105.2)
    said = load()
    assert Body.objects.get(code="ubnd-32025-2025").territories.get().unit == late
    assert "Bodies: 2 new, 0 changed" in said  # its committee and its police
    assert Body.objects.get(code="cap-nuoc-ca-mau-2025").territories.filter(unit=late).exists()


def test_a_second_run_changes_nothing(today_units, old_units):
    load()
    before = [list(model.objects.order_by("pk").values()) for model in (Category, ReturnReason, Body, Territory, BodySuccession, Rule)]
    said = load()
    after = [list(model.objects.order_by("pk").values()) for model in (Category, ReturnReason, Body, Territory, BodySuccession, Rule)]
    assert before == after
    assert set(re.findall(r"(\d+) new, (\d+) changed", said)) == {("0", "0")}


def test_units_of_a_withdrawn_edition_are_let_go_and_those_in_force_are_covered(today_units):
    load()
    former = today_units[0]
    Edition.objects.filter(pk=former.edition_id).update(state=Edition.State.WITHDRAWN)
    type(former).objects.filter(edition=former.edition_id).update(active=False)
    edition = EditionFactory()
    province = ProvinceFactory(code="96", name="Tỉnh Cà Mau", edition=edition)
    fresh = UnitFactory(code="32002", name="Phường An Xuyên", parent=province, edition=edition)
    load()
    assert [territory.unit for territory in Body.objects.get(code="ubnd-32002-2025").territories.all()] == [fresh]
    assert [territory.unit for territory in Body.objects.get(code="thanh-tra-ca-mau-2025").territories.all()] == [province]


def test_a_rule_of_a_withdrawn_unit_moves_to_the_one_in_force(old_units):
    load()
    city = old_units[0].parent
    Edition.objects.filter(pk=city.edition_id).update(state=Edition.State.WITHDRAWN)
    type(city).objects.filter(edition=city.edition_id).update(active=False)
    edition = EditionFactory(valid_from=None, valid_to=MERGER)
    province = ProvinceFactory(code="96", name="Tỉnh Cà Mau", edition=edition, valid_from=None, valid_to=MERGER)
    fresh = DistrictFactory(code="964", name="Thành phố Cà Mau", edition=edition, parent=province)
    load()
    assert Rule.objects.get(code="city-infrastructure-lighting-964").territory == fresh


# --- what administrators changed --------------------------------------------------------------------------------------


def test_what_was_changed_in_the_administration_is_kept(today_units):
    load()
    Body.objects.filter(code="ubnd-32002-2025").update(hotline="0290 3 123 456")
    Category.objects.filter(code="pothole").update(days_to_answer=3)
    Rule.objects.filter(code="police-law").update(priority=5)
    load()
    assert Body.objects.get(code="ubnd-32002-2025").hotline == "0290 3 123 456"
    assert Category.objects.get(code="pothole").days_to_answer == 3
    assert Rule.objects.get(code="police-law").priority == 5


def test_overwriting_sets_it_back_to_what_the_files_say(today_units):
    load()
    body = Body.objects.get(code="ubnd-32002-2025")
    Body.objects.filter(pk=body.pk).update(hotline="0290 3 123 456")
    Rule.objects.filter(code="police-law").update(priority=5)
    Territory.objects.create(body=body, unit=today_units[1], validity=DateRange(MERGER, None))
    said = load("--overwrite")
    assert "Bodies: 0 new, 1 changed" in said
    assert "Rules: 0 new, 1 changed" in said
    assert Body.objects.get(pk=body.pk).hotline == "0290 000 20 02"
    assert Rule.objects.get(code="police-law").priority == 100
    assert [territory.unit for territory in body.territories.all()] == [today_units[0]]


def test_territory_that_was_ended_by_hand_does_not_come_back(today_units):
    load()
    Territory.objects.filter(body__code="moi-truong-do-thi-ca-mau-2025", unit=today_units[0]).update(
        validity=DateRange(MERGER, date(2026, 1, 1))
    )
    load()
    kept = Territory.objects.get(body__code="moi-truong-do-thi-ca-mau-2025", unit=today_units[0])
    assert kept.validity.upper == date(2026, 1, 1)


def test_territory_prepared_for_a_draft_survives_overwriting(today_units):
    load()
    draft = UnitFactory(code="33000", active=False, parent=today_units[0].parent, edition=EditionFactory(state=Edition.State.DRAFT))
    body = Body.objects.get(code="ubnd-32002-2025")
    Territory.objects.create(body=body, unit=draft, validity=DateRange(date(2027, 1, 1), None))
    load("--overwrite")
    assert body.territories.filter(unit=draft).exists()


def test_rules_made_in_the_administration_are_left_alone(today_units):
    load()
    made = Rule.objects.create(body=Body.objects.get(code="ubnd-32002-2025"), validity=DateRange(MERGER, None), priority=1)
    load("--overwrite")
    made.refresh_from_db()
    assert made.priority == 1


# --- broken files -----------------------------------------------------------------------------------------------------


def change(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("rules.json", '"security", "law"', '"security", "lawn"', "rules.json, “police”: there is no category lawn."),
        ("rules.json", '"2025-07-01"', '"1/7/2025"', "“1/7/2025” is not a day written as 2025-07-01."),
        ("rules.json", '"priority"', '"prio"', "prio means nothing here."),
        ("rules.json", '"level": "commune"', '"level": "village"', "“today-roads-pothole”: level: "),
        ("rules.json", "[\n", "", "rules.json is not JSON"),
        ("categories.json", '"position"', '"place"', "“pothole”: Category has no field named 'place'"),
        ("categories.json", '"days_to_answer": 7', '"days_to_answer": "soon"', "“pothole”: days_to_answer: "),
        ("categories.json", '"publication": "never"', '"publication": "at_once"', "category_about_officials_is_never_public_at_once"),
        ("return_reasons.json", '"code": "complaint"', '"id": "complaint"', "must be a list of entries, each with a code."),
        ("bodies.csv", "code,name", "name,code", "bodies.csv must have the columns code, name, kind"),
        ("bodies.csv", ",province_committee,", ",province_comittee,", "“ubnd-tinh-ca-mau-2025”: kind: "),
        ("bodies.csv", ",2025-07-01,,province 96,", ",2025-07-01,2025-07-01,province 96,", "it must begin before it ends."),
        ("bodies.csv", ",,province 96,", ",,96,", "territory must be a level (province, district, commune) and codes."),
        ("bodies.csv", ",,province 96,", ",province 96,", "does not have 10 columns."),
        ("bodies_of_units.json", "UBND {unit}", "UBND {ward}", "'ward' is no word for a unit."),
    ],
)
def test_a_broken_line_is_named_and_nothing_is_changed(today_units, folder, name, old, new, said):
    change(folder / name, old, new)
    with pytest.raises(CommandError, match=re.escape(said)):
        load("--folder", str(folder))
    assert not Category.objects.exists()
    assert not Body.objects.exists()


def test_a_missing_file_is_named(today_units, folder):
    (folder / "bodies.csv").unlink()
    with pytest.raises(CommandError, match=r"bodies\.csv cannot be read"):
        load("--folder", str(folder))


def test_a_file_that_a_spreadsheet_saved_is_read_too(today_units, folder):
    path = folder / "bodies.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    load("--folder", str(folder))
    assert Body.objects.filter(code="thanh-tra-ca-mau-2025").exists()
