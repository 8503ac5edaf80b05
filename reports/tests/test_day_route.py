"""The order of a day's stops, and who sees which."""

from datetime import timedelta
from itertools import permutations
from random import Random

import pytest
from django.contrib.gis.geos import Point
from django.urls import reverse
from django.utils import timezone

from reports.day_route import in_order, legs, metres_between
from reports.models import Report
from reports.services import Surveyed, keep_survey, take_step
from reports.tests.desk_cases import file

ROUTE = "reports:route"
HERE = (105.05, 9.05)


def length(start, stops, order):
    return sum(legs(start, [stops[position] for position in order]))


def test_each_stop_comes_once_and_the_same_stops_give_the_same_order():
    stops = [(105 + Random(seed).random() / 5, 9 + Random(seed + 99).random() / 5) for seed in range(40)]
    order = in_order(HERE, stops)
    assert sorted(order) == list(range(40))
    assert in_order(HERE, stops) == order
    assert in_order(HERE, []) == []
    assert in_order(HERE, [HERE, HERE]) in ([0, 1], [1, 0])


def test_stops_along_a_road_are_visited_along_the_road():
    stops = [(105.05 + step / 100, 9.05) for step in (3, 1, 5, 2, 4)]
    assert [stops[position][0] for position in in_order(HERE, stops)] == sorted(lon for lon, _lat in stops)


@pytest.mark.parametrize("seed", range(20))
def test_no_order_of_six_stops_is_a_tenth_shorter(seed):
    chance = Random(seed)
    stops = [(105 + chance.random() / 5, 9 + chance.random() / 5) for _ in range(6)]
    best = min(length(HERE, stops, order) for order in permutations(range(6)))
    assert length(HERE, stops, in_order(HERE, stops)) <= best * 1.1


def test_metres_on_the_sphere_are_those_on_the_ellipsoid_to_half_a_percent():
    assert metres_between((105.05, 9.05), (105.05, 9.06)) == pytest.approx(1105.9, rel=0.006)


@pytest.fixture
def reports(db, pothole, body_a, body_b, portal, spot_b, binh, hanh):
    """Three of Bình's along a road, one of his colleague's, one of the neighbour's."""
    made = [file(pothole, Point(105.05 + step / 1000, 9.05, srid=4326), description=f"Ổ gà {step}") for step in (9, 3, 6)]
    for report in made:
        take_step(report.pk, step="accept", actor=binh)
    colleague = file(pothole, Point(105.051, 9.05, srid=4326), description="Của Hạnh")
    take_step(colleague.pk, step="accept", actor=hanh)
    return [*made, colleague, file(pothole, spot_b, description="Ở xã bên")]


def shown(response):
    return [stop.report.description for stop in response.context["stops"]]


def test_an_officer_sees_what_he_has_to_go_to_from_where_he_is(reports, client_of, binh):
    answer = client_of(binh).get(reverse(ROUTE), {"lat": "9.05", "lon": "105.05"})
    assert shown(answer) == ["Ổ gà 3", "Ổ gà 6", "Ổ gà 9"]
    assert answer.context["start"].is_here
    assert round(answer.context["total"]) == pytest.approx(990, abs=5)
    assert f"geo:{reports[1].location.y}" in answer.content.decode()
    assert client_of(binh).get(reverse(ROUTE)).context["start"].name == "Phường An Lạc"


def test_what_is_surveyed_and_not_due_is_no_stop_and_what_is_due_is(reports, client_of, binh):
    report = reports[0]
    keep_survey(report.pk, said=Surveyed(key="0d0d4b64-2f7a-4b0c-8f5e-1f4f3b1a9c01", done_at=timezone.now(), note="x"), actor=binh)
    assert "Ổ gà 9" not in shown(client_of(binh).get(reverse(ROUTE)))
    Report.objects.filter(pk=report.pk).update(due_at=timezone.now() - timedelta(hours=1))
    answer = client_of(binh).get(reverse(ROUTE))
    assert "Ổ gà 9" in shown(answer)
    assert "đã khảo sát" in answer.content.decode()


def test_chosen_stops_are_those_and_no_others_and_none_that_is_not_visible(reports, client_of, binh):
    codes = [reports[0].code, reports[3].code, reports[4].code, "khong"]
    assert sorted(shown(client_of(binh).get(reverse(ROUTE), {"code": codes}))) == ["Của Hạnh", "Ổ gà 9"]


@pytest.mark.parametrize("where", [{"lat": "x", "lon": "1"}, {"lat": "91", "lon": "1"}, {"lat": "nan", "lon": "1"}, {"lat": "9"}])
def test_a_place_that_is_none_is_left_out(reports, client_of, binh, where):
    assert not client_of(binh).get(reverse(ROUTE), where).context["start"].is_here


def test_who_handles_nothing_has_no_route(reports, client_of, diep, dung, lan, chi):
    for person, status in ((diep, 403), (dung, 403), (lan, 403), (chi, 200)):
        assert client_of(person).get(reverse(ROUTE)).status_code == status
    assert shown(client_of(chi).get(reverse(ROUTE))) == []
