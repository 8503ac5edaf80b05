"""Who gets a report."""

import json
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.contrib.gis.geos import Point
from django.core.management import call_command
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone, translation

from authorities.models import Body, BodyKind, Category, Rule, Territory
from authorities.routing import RulesOfADay, explain, route
from boundaries.locate import Method, Placement, locate
from boundaries.models import Level, Unit
from boundaries.tests.factories import ProvinceFactory, UnitFactory
from tests.cast import ALWAYS, SINCE, make_body

TODAY = date(2026, 3, 2)
HO_CHI_MINH = ZoneInfo("Asia/Ho_Chi_Minh")


def routed(point, category, on=TODAY, accuracy_m=None):
    return route(locate(point=point, accuracy_m=accuracy_m, on=on), category, on)


def rule(**fields):
    return Rule.objects.create(**{"validity": ALWAYS, **fields})


@pytest.fixture
def police_a(commune_a, province_body):
    return make_body("cong-an-an-lac", "Công an phường An Lạc", BodyKind.POLICE, commune_a, province_body)


def test_the_rules_of_a_day_answer_from_memory_what_the_database_answers(db):
    call_command("load_schematic", verbosity=0)
    call_command("load_authorities", verbosity=0)
    categories = list(Category.objects.fileable())
    answers = 0
    for day in (date(2022, 7, 17), TODAY):
        known = RulesOfADay(day)
        for unit in Unit.objects.in_force(day).of_level(Level.COMMUNE).with_ancestors().order_by("code")[::53]:
            placement = Placement(Point(0, 0), None, day, unit, Method.INSIDE, 0.0, False, [])
            for category in categories:
                assert route(placement, category, day, known) == route(placement, category, day), (unit, category)
                answers += 1
    assert answers > 100


# --- a rule and its body ----------------------------------------------------------------------------------------------


def test_a_report_goes_to_the_committee_of_the_commune_that_its_spot_lies_in(spot_a, spot_b, body_a, body_b, pothole):
    assert routed(spot_a, pothole).body == body_a
    assert routed(spot_b, pothole).body == body_b


def test_a_spot_on_the_border_goes_to_the_committee_of_the_lower_code(spot_on_border, body_a, body_b, pothole):
    assert routed(spot_on_border, pothole).body == body_a


def test_the_lower_priority_number_is_asked_first(spot_a, body_a, department, pothole):
    rule(category=pothole, body=department, priority=901)
    assert routed(spot_a, pothole).body == body_a
    rule(category=pothole, body=department, priority=899)
    assert routed(spot_a, pothole).body == department


def test_at_equal_priority_a_rule_of_the_category_comes_before_one_of_every_category(spot_a, body_a, department, pothole, law):
    rule(category=pothole, body=department, priority=900)  # made after the rule of every category
    assert routed(spot_a, pothole).body == department
    assert routed(spot_a, law).body == body_a


def test_at_equal_priority_the_rule_of_the_nearer_territory_comes_first(
    spot_a, spot_b, province, commune_a, body_a, body_b, department, pothole
):
    rule(category=pothole, territory=province, body=department)
    rule(category=pothole, territory=commune_a, body_kind=BodyKind.COMMUNE_COMMITTEE, level=Level.COMMUNE)
    assert routed(spot_a, pothole).body == body_a
    assert routed(spot_b, pothole).body == department


def test_a_rule_without_territory_comes_after_those_with_one(spot_a, province, body_a, department, pothole):
    rule(category=pothole, body_kind=BodyKind.COMMUNE_COMMITTEE, level=Level.COMMUNE)
    rule(category=pothole, territory=province, body=department)
    assert routed(spot_a, pothole).body == department


def test_a_rule_of_the_category_everywhere_comes_before_one_of_every_category_here(spot_a, commune_a, body_a, department, pothole):
    rule(category=pothole, body=department)
    rule(territory=commune_a, body_kind=BodyKind.COMMUNE_COMMITTEE, level=Level.COMMUNE)
    assert routed(spot_a, pothole).body == department


def test_a_rule_of_the_neighbour_means_nothing_here(spot_a, commune_b, body_a, department, pothole):
    rule(category=pothole, territory=commune_b, body=department, priority=1)
    assert routed(spot_a, pothole).body == body_a


def test_a_rule_leads_to_the_body_of_its_level(spot_a, province, police_a, body_a, law):
    provincial = make_body("a-cong-an-tinh", "Công an tỉnh Phú Hải", BodyKind.POLICE, province)  # sorts before the commune's police
    at_commune = rule(category=law, body_kind=BodyKind.POLICE, level=Level.COMMUNE)
    assert routed(spot_a, law).body == police_a
    at_commune.delete()
    rule(category=law, body_kind=BodyKind.POLICE, level=Level.PROVINCE)
    assert routed(spot_a, law).body == provincial


def test_a_rule_that_finds_no_body_of_its_kind_here_is_passed_over(spot_a, spot_b, police_a, body_a, body_b, law):
    rule(category=law, body_kind=BodyKind.POLICE, level=Level.COMMUNE)
    assert routed(spot_a, law).body == police_a
    in_b = routed(spot_b, law)
    assert (in_b.body, in_b.trace["rule"]["kind"]) == (body_b, BodyKind.COMMUNE_COMMITTEE)


def test_a_rule_that_names_its_body_holds_where_the_body_covers_the_place(
    spot_a, spot_b, commune_a, body_a, body_b, province_body, pothole
):
    water_a = make_body("cap-nuoc-a", "Công ty Cấp nước A", BodyKind.UTILITY, commune_a, province_body)
    rule(category=pothole, body=water_a)
    assert routed(spot_a, pothole).body == water_a
    assert routed(spot_b, pothole).body == body_b


def test_a_rule_that_names_its_body_and_a_territory_holds_in_that_territory(spot_a, spot_b, commune_b, body_a, body_b, pothole):
    rule(category=pothole, territory=commune_b, body=body_a)
    assert routed(spot_b, pothole).body == body_a


# --- the day ----------------------------------------------------------------------------------------------------------


def test_a_rule_holds_until_midnight_in_ho_chi_minh_of_its_last_day(spot_a, body_a, department, pothole):
    rule(category=pothole, body=department, validity=(SINCE, date(2025, 7, 1)))
    last_minute = datetime(2025, 6, 30, 23, 59, tzinfo=HO_CHI_MINH)  # still 30 June in UTC, too
    first_minute = datetime(2025, 7, 1, 0, 0, tzinfo=HO_CHI_MINH)  # 17:00 of 30 June in UTC
    assert routed(spot_a, pothole, timezone.localdate(last_minute)).body == department
    assert routed(spot_a, pothole, timezone.localdate(first_minute)).body == body_a


def test_a_rule_holds_from_its_first_day(spot_a, body_a, department, pothole):
    rule(category=pothole, body=department, validity=(date(2025, 7, 1), None))
    assert routed(spot_a, pothole, date(2025, 6, 30)).body == body_a
    assert routed(spot_a, pothole, date(2025, 7, 1)).body == department


def test_a_named_body_that_no_longer_exists_is_passed_over(spot_a, province, body_a, department, pothole):
    rule(category=pothole, territory=province, body=department)
    Body.objects.filter(pk=department.pk).update(validity=DateRange(SINCE, TODAY))
    assert routed(spot_a, pothole, TODAY - timedelta(days=1)).body == department
    assert routed(spot_a, pothole).body == body_a


def test_a_body_of_the_kind_that_no_longer_exists_is_passed_over(spot_a, commune_a, province_body, body_a, pothole):
    Body.objects.filter(pk=body_a.pk).update(validity=DateRange(SINCE, TODAY))
    successor = make_body("ubnd-an-lac-moi", "UBND phường An Lạc", BodyKind.COMMUNE_COMMITTEE, commune_a, province_body)
    Body.objects.filter(pk=successor.pk).update(validity=DateRange(TODAY, None))
    assert routed(spot_a, pothole, TODAY - timedelta(days=1)).body == body_a
    assert routed(spot_a, pothole).body == successor


def test_a_body_that_no_longer_covers_the_place_is_passed_over(spot_a, body_a, portal, pothole):
    Territory.objects.filter(body=body_a).update(validity=DateRange(SINCE, TODAY))
    assert routed(spot_a, pothole, TODAY - timedelta(days=1)).body == body_a
    routing = routed(spot_a, pothole)
    assert (routing.body, routing.needs_triage) == (portal, True)


# --- triage -----------------------------------------------------------------------------------------------------------


def test_without_a_rule_it_is_the_portals_triage(spot_a, commune_a, portal, pothole):
    routing = routed(spot_a, pothole)
    assert (routing.body, routing.needs_triage, routing.trace["reason"]) == (portal, True, "no_rule")


def test_outside_every_unit_it_is_the_portals_triage(spot_outside, body_a, portal, pothole):
    routing = routed(spot_outside, pothole)
    assert (routing.body, routing.needs_triage, routing.trace["reason"]) == (portal, True, "outside")


def test_outside_every_unit_the_portal_of_the_nearest_one_has_it(body_a, portal, pothole):
    neighbour = ProvinceFactory(code="91", name="Tỉnh Bên Cạnh", west=104.0, valid_from=SINCE)
    UnitFactory(code="91001", west=104.0, parent=neighbour, valid_from=SINCE, edition=neighbour.edition)
    make_body("a-cong-ben-canh", "Cổng của tỉnh bên cạnh", BodyKind.PORTAL, neighbour)  # sorts first
    off_a = Point(104.99, 9.05, srid=4326)  # 1.1 km west of A, which the circle still touches
    placement = locate(point=off_a, accuracy_m=2000, on=TODAY)
    assert placement.unit is None
    assert route(placement, pothole, TODAY).body == portal


def test_of_two_portals_the_one_that_covers_the_place_has_it(spot_a, commune_a, portal, pothole):
    neighbour = ProvinceFactory(code="91", west=103.0, valid_from=SINCE)
    make_body("a-cong-ben-canh", "Cổng của tỉnh bên cạnh", BodyKind.PORTAL, neighbour)
    assert routed(spot_a, pothole).body == portal


def test_where_nobody_set_up_a_portal_there_is_one_all_the_same(spot_outside, pothole):
    first, second = routed(spot_outside, pothole), routed(spot_outside, pothole)
    assert first.body.kind == BodyKind.PORTAL
    assert first.body == second.body


def test_a_portal_that_no_longer_exists_still_keeps_a_report_from_being_lost(spot_outside, portal, pothole):
    Body.objects.filter(pk=portal.pk).update(validity=DateRange(SINCE, TODAY))
    assert routed(spot_outside, pothole).body == portal


# --- about officials --------------------------------------------------------------------------------------------------


def test_a_report_about_officials_goes_to_the_inspectorate_whatever_the_rules_say(spot_a, body_a, inspectorate, officials):
    rule(category=officials, body=body_a, priority=1)
    routing = routed(spot_a, officials)
    assert (routing.body, routing.needs_triage) == (inspectorate, False)


def test_the_local_bodies_must_not_see_a_report_about_officials(
    spot_a, body_a, body_b, police_a, department, inspectorate, portal, officials
):
    assert set(routed(spot_a, officials).conflicts) == {body_a, police_a}


def test_near_a_border_the_neighbours_bodies_must_not_see_it_either(body_a, body_b, inspectorate, officials):
    near_the_border = Point(105.099, 9.05, srid=4326)  # 110 m inside A
    assert routed(near_the_border, officials).conflicts == [body_a]
    assert routed(near_the_border, officials, accuracy_m=300).conflicts == [body_a, body_b]


def test_the_district_must_not_see_a_report_about_officials(spot_a, commune_a, province, province_body, body_a, inspectorate, officials):
    district = UnitFactory(
        level=Level.DISTRICT, code="900", name="Huyện Phú An", parent=province, edition=province.edition, valid_from=SINCE
    )
    commune_a.parent = district
    commune_a.save()
    district_body = make_body("ubnd-phu-an", "UBND huyện Phú An", BodyKind.DISTRICT_COMMITTEE, district, province_body)
    assert routed(spot_a, officials).conflicts == [body_a, district_body]


def test_without_an_inspectorate_a_report_about_officials_is_the_portals_triage_and_hidden_from_the_local_bodies(
    spot_a, body_a, portal, officials
):
    routing = routed(spot_a, officials)
    assert (routing.body, routing.needs_triage, routing.conflicts) == (portal, True, [body_a])


def test_a_report_about_officials_from_outside_goes_to_the_only_inspectorate(spot_outside, inspectorate, portal, officials):
    assert routed(spot_outside, officials).body == inspectorate


def test_a_report_about_officials_from_outside_is_triage_where_several_inspectorates_might_be_meant(
    spot_outside, province, inspectorate, portal, officials
):
    make_body("thanh-tra-khac", "Thanh tra tỉnh khác", BodyKind.INSPECTORATE, province)
    routing = routed(spot_outside, officials)
    assert (routing.body, routing.needs_triage) == (portal, True)


def test_every_other_category_has_no_conflicts(spot_a, body_a, pothole):
    assert routed(spot_a, pothole).conflicts == []


# --- the trace --------------------------------------------------------------------------------------------------------


def test_the_trace_names_unit_edition_rule_and_body(spot_a, province, body_a, department, pothole):
    held = rule(category=pothole, territory=province, body=department, note="Đường tỉnh.", note_en="A provincial road.")
    trace = routed(spot_a, pothole).trace
    assert trace["unit"] == {"code": "90001", "name": "Phường An Lạc, Tỉnh Phú Hải", "valid_from": "2020-01-01", "valid_to": None}
    assert trace["edition"]["decree"] == "1/NQ-UBTVQH"
    assert (trace["rule"]["id"], trace["rule"]["territory"], trace["rule"]["note_en"]) == (held.pk, "Tỉnh Phú Hải", "A provincial road.")
    assert trace["body"] == {"code": "so-y-te-phu-hai", "name": "Sở Y tế tỉnh Phú Hải"}
    assert json.loads(json.dumps(trace)) == trace


def test_the_trace_names_each_other_body_that_a_rule_leads_to_once(spot_a, body_a, department, police_a, pothole):
    rule(category=pothole, body=department, priority=10)
    rule(category=pothole, body=department, priority=20)
    rule(category=pothole, body=police_a, priority=30)
    rule(category=pothole, body=police_a, priority=40)
    assert [other["body"]["code"] for other in routed(spot_a, pothole).trace["alternatives"]] == ["cong-an-an-lac", "ubnd-an-lac"]


def test_routing_asks_the_database_as_often_for_one_rule_as_for_six(
    spot_a, province, body_a, department, police_a, pothole, django_assert_num_queries
):
    placement = locate(point=spot_a, on=TODAY)
    with django_assert_num_queries(2):
        route(placement, pothole, TODAY)
    for number in range(5):
        rule(category=pothole, body=department, territory=province, priority=number + 1)
    with django_assert_num_queries(2):
        route(placement, pothole, TODAY)


# --- in words ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def every_trace(
    spot_a, spot_on_border, spot_outside, province, body_a, body_b, department, portal, pothole, law, officials, health
):  # fmt: skip
    rule(category=pothole, territory=province, body=department, note="Đường tỉnh", note_en="A provincial road")
    on_water = Point(104.999, 9.05, srid=4326)  # 110 m off A
    traces = [
        routed(spot_a, pothole).trace,
        routed(spot_a, health).trace,
        routed(spot_a, law).trace,
        routed(spot_on_border, pothole).trace,
        routed(Point(105.0999, 9.05, srid=4326), pothole, accuracy_m=100).trace,
        routed(on_water, pothole).trace,
        routed(spot_outside, pothole).trace,
        routed(spot_a, officials).trace,
    ]
    make_body("thanh-tra", "Thanh tra tỉnh Phú Hải", BodyKind.INSPECTORATE, province)
    traces.append(routed(spot_a, officials).trace)
    Rule.objects.all().delete()
    traces.append(routed(spot_a, pothole).trace)
    return traces


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_trace_is_told_in_whole_sentences(every_trace, language):
    with translation.override(language):
        told = [step["text"] for trace in every_trace for step in explain(trace)]
    for text in told:
        assert text[0].isupper()
        assert text.endswith(".")
        assert "None" not in text
        assert "%(" not in text


def test_every_sentence_of_the_trace_is_there_in_vietnamese(every_trace):
    said = {}
    for language in ("vi", "en"):
        with translation.override(language):
            said[language] = {step["text"] for trace in every_trace for step in explain(trace)}
    assert not said["vi"] & said["en"]


def test_the_trace_is_told_in_the_order_place_edition_border_rule_body(every_trace):
    steps = [[step["step"] for step in explain(trace)] for trace in every_trace]
    assert steps[0] == ["place", "edition", "rule", "body"]
    assert steps[3] == ["place", "edition", "border", "rule", "body"]
    assert steps[6] == ["place", "rule", "body"]


def test_the_reason_of_a_rule_is_told_in_the_readers_language(every_trace):
    with translation.override("en"):
        assert explain(every_trace[0])[2]["text"] == "There is a rule for “Potholes and damaged roads” in Tỉnh Phú Hải. A provincial road."
    with translation.override("vi"):
        assert explain(every_trace[0])[2]["text"].endswith("Đường tỉnh.")


def test_a_trace_without_a_reason_in_english_tells_the_vietnamese_one(every_trace):
    every_trace[0]["rule"]["note_en"] = ""
    with translation.override("en"):
        assert explain(every_trace[0])[2]["text"].endswith("Đường tỉnh.")


def test_a_trace_of_a_category_that_was_deleted_can_still_be_told(every_trace):
    every_trace[0]["category"] = "gone"
    with translation.override("en"):
        assert "“gone”" in explain(every_trace[0])[2]["text"]


def test_the_trace_does_not_tell_the_spot(spot_a, body_a, pothole):
    told = json.dumps(routed(spot_a, pothole, accuracy_m=20).trace)
    assert "105.05" not in told
    assert "9.05" not in told
