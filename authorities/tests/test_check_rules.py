"""Finding where nobody is responsible."""

from datetime import date
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db.backends.postgresql.psycopg_any import DateRange

from authorities.coverage import bodies_without_territory, gaps, rules_leading_nowhere
from authorities.models import Body, BodyKind, Rule, Territory
from authorities.routing import route
from boundaries.locate import locate
from boundaries.models import Level
from boundaries.tests.factories import ProvinceFactory, UnitFactory
from tests.cast import ALWAYS, SINCE, make_body

TODAY = date(2026, 3, 2)


def check(*options):
    out = StringIO()
    try:
        call_command("check_rules", *options, stdout=out)
    except CommandError as error:
        return f"{out.getvalue()}{error}"
    return out.getvalue()


def test_with_a_body_for_everything_it_says_so(body_a, body_b, inspectorate, pothole, officials, procedures):
    assert check("--on", "2026-03-02") == "Somebody is responsible for every category in every commune on 2026-03-02.\n"


def test_it_names_the_category_and_the_communes_without_a_body(body_a, commune_b, pothole, law):
    Rule.objects.update(category=law)
    said = check("--on", "2026-03-02")
    assert "Nobody is responsible for pothole in Phường An Lạc (90001), Xã Bình Yên (90002).\n" in said
    assert "Nobody is responsible for law in Xã Bình Yên (90002).\n" in said
    assert said.endswith("2 findings on 2026-03-02.")


def test_reports_about_officials_need_an_inspectorate(body_a, pothole, officials):
    assert [(gap.category, [unit.code for unit in gap.units]) for gap in gaps(TODAY)] == [(officials, ["90001"])]


def test_without_units_it_says_so(db):
    assert check("--on", "2026-03-02") == "No commune is in force on 2026-03-02: load units first."


def test_it_agrees_with_routing(body_a, body_b, department, portal, pothole, law, officials, health, spot_a, spot_b, commune_b):
    Rule.objects.filter(category=None).delete()
    Rule.objects.create(category=pothole, territory=commune_b, body_kind=BodyKind.COMMUNE_COMMITTEE, level=Level.COMMUNE, validity=ALWAYS)
    missing = {(gap.category, unit) for gap in gaps(TODAY) for unit in gap.units}
    for point in (spot_a, spot_b):
        placement = locate(point=point, on=TODAY)
        for category in (pothole, law, officials, health):
            assert route(placement, category, TODAY).needs_triage == ((category, placement.unit) in missing)


@pytest.fixture
def elsewhere(db):
    """A commune of another province."""
    province = ProvinceFactory(code="91", west=103.0, valid_from=SINCE)
    return UnitFactory(code="91001", west=103.0, parent=province, edition=province.edition, valid_from=SINCE)


def test_rules_that_lead_to_a_body_are_not_complained_of(body_a, body_b, province, commune_a, department):
    Rule.objects.create(body=department, validity=ALWAYS)
    Rule.objects.create(body=department, territory=commune_a, validity=ALWAYS)
    Rule.objects.create(body_kind=BodyKind.COMMUNE_COMMITTEE, level=Level.COMMUNE, territory=province, validity=ALWAYS)
    Rule.objects.create(body_kind=BodyKind.DEPARTMENT, level=Level.PROVINCE, territory=commune_a, validity=ALWAYS)
    assert rules_leading_nowhere(TODAY) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"body_kind": BodyKind.POLICE, "level": Level.COMMUNE},
        {"body_kind": BodyKind.COMMUNE_COMMITTEE, "level": Level.PROVINCE},
        {"body_kind": BodyKind.COMMUNE_COMMITTEE, "level": Level.COMMUNE, "territory": "elsewhere"},
        {"body_kind": BodyKind.COMMUNE_COMMITTEE, "level": Level.COMMUNE, "validity": DateRange(None, date(2019, 1, 1))},
        {"body": "idle"},
        {"body": "ended"},
        {"body": "ended", "territory": "commune_a"},
    ],
)
def test_a_rule_that_can_never_lead_to_a_body_is_found(body_a, province, commune_a, elsewhere, fields):
    made = {
        "elsewhere": elsewhere,
        "commune_a": commune_a,
        "idle": Body.objects.create(code="idle", name="Idle", kind=BodyKind.DEPARTMENT, validity=ALWAYS),
        "ended": make_body("ended", "Ended", BodyKind.DEPARTMENT, province),
    }
    Body.objects.filter(code="ended").update(validity=DateRange(SINCE, date(2021, 1, 1)))
    values = {name: made.get(value, value) for name, value in fields.items()}
    rule = Rule.objects.create(**{"validity": DateRange(date(2022, 1, 1), None), **values})
    assert rule in Rule.objects.leading_nowhere()


def test_a_rule_for_a_unit_that_was_never_in_force_with_it_is_found(body_a, department):
    abolished = UnitFactory(code="90009", valid_from=None, valid_to=date(2025, 7, 1))
    rule = Rule.objects.create(body=department, territory=abolished, validity=(date(2025, 7, 1), None))
    assert rule in Rule.objects.leading_nowhere()


def test_a_body_without_territory_is_found(body_a, department):
    assert bodies_without_territory(TODAY) == []
    Territory.objects.filter(body=department).delete()
    assert bodies_without_territory(TODAY) == [department]
    assert "Sở Y tế tỉnh Phú Hải (so-y-te-phu-hai) covers no unit." in check("--on", "2026-03-02")
