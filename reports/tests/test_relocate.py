"""Correcting the place: the pin that was dragged is matched to its unit and routed again; what was filed is never rewritten."""

import pytest
from django.contrib.gis.geos import Point
from django.core.exceptions import ValidationError

from reports.models import Report, ReportPlace
from reports.services import Words, offered_steps, take_step
from reports.tests.desk_cases import file, page, step
from tests.lasting_cast import *  # noqa: F403

pytestmark = pytest.mark.django_db


@pytest.fixture
def report(body_a, body_b, department, portal, inspectorate, binh, chi, diep, pothole, spot_a):
    return take_step(file(pothole, spot_a, accuracy_m=40).pk, step="accept", actor=binh)


def to(report, actor, spot):
    return take_step(report.pk, step="relocate", actor=actor, words=Words(spot=spot))


def now(report):
    return Report.objects.select_related("authority", "unit", "unit_at_filing").get(pk=report.pk)


def test_over_a_border_it_goes_to_the_body_there_and_what_was_filed_stays(
    report, binh, body_a, body_b, commune_a, commune_b, spot_a, spot_b
):
    to(report, binh, spot_b)
    moved = now(report)
    assert (moved.unit, moved.authority, moved.status, moved.officer, moved.accuracy_m) == (commune_b, body_b, "new", None, None)
    assert (moved.location, moved.location_at_filing, moved.unit_at_filing) == (spot_b, spot_a, commune_a)
    assert [place.unit for place in ReportPlace.objects.filter(report=report)] == [commune_b]
    event = moved.events.last()
    told = {name: event.data[name] for name in ("from", "to", "unit_before", "unit_after", "metres")}
    assert told == {"from": body_a.code, "to": body_b.code, "unit_before": "90001", "unit_after": "90002", "metres": 10994}
    assert event.public


def test_it_is_taken_back_by_who_moved_it_though_another_body_has_it_now(report, binh, body_a, commune_a, spot_a, spot_b):
    before = list(ReportPlace.objects.filter(report=report).values_list("edition", "unit", "method"))
    to(report, binh, spot_b)
    assert [step.name for step in offered_steps(binh, now(report))] == ["undo"]
    take_step(report.pk, step="undo", actor=binh)
    back = now(report)
    assert (back.unit, back.authority, back.status, back.officer, back.accuracy_m) == (commune_a, body_a, "accepted", binh, 40)
    assert back.location == spot_a
    assert list(ReportPlace.objects.filter(report=report).values_list("edition", "unit", "method")) == before
    assert not back.transfers.exists()


def test_within_a_commune_it_stays_with_its_body_and_goes_on(report, binh, body_a):
    to(report, binh, Point(105.051, 9.051, srid=4326))
    assert (now(report).authority, now(report).status, now(report).officer) == (body_a, "accepted", binh)
    assert "to" not in now(report).events.last().data


def test_a_body_that_the_coordinator_chose_stays_where_the_rules_say_the_same(report, binh, diep, department):
    take_step(report.pk, step="assign", actor=diep, words=Words(body=department))
    to(report, diep, Point(105.051, 9.051, srid=4326))
    assert now(report).authority == department


def test_of_a_report_about_officials_the_bodies_of_the_new_place_see_nothing(
    body_a, body_b, portal, inspectorate, diep, giang, chi, binh, officials, spot_a, spot_b
):
    report = file(officials, spot_a, description="Cán bộ gây khó dễ.")
    assert not Report.objects.visible_to(binh).filter(pk=report.pk).exists()
    to(report, giang, spot_b)
    assert now(report).authority == inspectorate
    assert list(report.conflicts.values_list("body", flat=True)) == [body_b.pk]
    take_step(report.pk, step="undo", actor=giang)
    assert list(report.conflicts.values_list("body", flat=True)) == [body_a.pk]


def test_out_at_sea_the_coordinator_finds_the_body(report, binh, portal, spot_outside):
    to(report, binh, Point(104.98, 8.9, srid=4326))
    assert (now(report).unit, now(report).authority, now(report).status) == (None, portal, "triage")


@pytest.mark.parametrize("spot", [Point(105.05, 9.05, srid=4326), Point(106.9, 10.7, srid=4326)])
def test_where_it_is_already_or_absurdly_far_is_refused(report, binh, spot):
    with pytest.raises(ValidationError):
        to(report, binh, spot)


def test_the_place_is_corrected_by_typing_it(report, client_of, binh, body_b):
    officer = client_of(binh)
    assert "9.050000, 105.050000" in officer.get(page(report)).content.decode()
    assert officer.post(step(report, "relocate"), {"version": 2, "spot": "abc"}).status_code == 422
    assert officer.post(step(report, "relocate"), {"version": 2, "spot": "9.05, 105.15"}).status_code == 302
    assert now(report).authority == body_b
