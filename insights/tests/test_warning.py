"""Early warning: what rises here more than elsewhere and more than last year is told to the head the same day, once."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from django.contrib.gis.geos import Point
from django.core import mail
from django.utils import timezone

from insights import tasks
from insights.hotspots.models import EarlyWarning, WarningMail
from insights.hotspots.simulation import binomial_bounds, share_of_quiet_weeks_warned, share_of_rises_warned
from insights.hotspots.warning import ALPHA, rises, send, warn
from reports.codes import new_code
from reports.models import Report

pytestmark = pytest.mark.django_db
SPOT = Point(105.05, 9.05, srid=4326)
NOW = timezone.now()


@pytest.fixture(autouse=True)
def deferred(monkeypatch):
    """The mails that are to be sent, by their keys."""
    found: list[int] = []
    monkeypatch.setattr(tasks.send_warnings, "defer", lambda mail_id: found.append(mail_id))
    return found


def many(category, body, number, first, last):
    """So many reports, filed evenly between so many days ago."""
    chance = random.Random(number)
    Report.objects.bulk_create(
        Report(
            code=new_code(), category=category, description="x", location=SPOT, location_at_filing=SPOT, method="none", authority=body,
            filed_at=NOW - timedelta(days=chance.uniform(last, first)),
        )
        for _ in range(number)
    )  # fmt: skip


@pytest.fixture
def steady(pothole, body_a, body_b, portal, province_body):
    """Both bodies: three potholes a week for eight weeks, as last year; and elsewhere thirty a week."""
    for body, a_week in ((body_a, 3), (body_b, 3), (province_body, 30)):
        many(pothole, body, 8 * a_week, 63, 7)
        many(pothole, body, 5 * a_week, 364 + 21, 364 - 14)
        many(pothole, body, a_week, 7, 0)


def test_nothing_is_told_while_nothing_changes(steady):
    assert rises(NOW) == []
    assert warn(at=NOW) == 0


def test_what_rises_with_one_body_is_told_to_its_head_once(steady, deferred, pothole, body_a, hanh, binh, chi, lan):
    many(pothole, body_a, 17, 7, 0)
    assert warn(at=NOW) == 1
    warning = EarlyWarning.objects.get()
    assert (warning.body, warning.category, warning.recent) == (body_a, pothole, 20)
    assert 1.5 < warning.expected < 5
    assert warning.q <= 0.01
    assert send(deferred[0])
    assert not send(deferred[0])
    (letter,) = mail.outbox
    assert letter.to == [hanh.email]
    assert "20 phản ánh" in letter.body
    assert warn(at=NOW) == 0
    assert warn(at=NOW + timedelta(days=1)) == 0
    assert WarningMail.objects.count() == 1


def test_what_rises_everywhere_is_the_season_and_no_warning(steady, pothole, body_a, body_b, province_body):
    for body, more in ((body_a, 6), (body_b, 6), (province_body, 60)):
        many(pothole, body, more, 7, 0)
    assert rises(NOW) == []


def test_what_rises_here_each_year_at_this_time_is_no_warning(steady, pothole, body_a):
    many(pothole, body_a, 17, 7, 0)
    many(pothole, body_a, 85, 364 + 21, 364 - 14)
    assert rises(NOW) == []


def test_complaints_about_officials_are_told_to_nobody(steady, officials, pothole, body_a, body_b):
    many(officials, body_b, 40, 63, 7)
    many(officials, body_a, 30, 7, 0)
    assert rises(NOW) == []


def test_planners_read_the_warnings_on_the_page(steady, client_of, dung, pothole, body_a):
    many(pothole, body_a, 17, 7, 0)
    warn(at=NOW)
    assert "UBND phường An Lạc" in client_of(dung).get("/planner/hotspots/").content.decode()


def test_in_quiet_weeks_it_warns_no_oftener_than_it_says():
    """200 weeks of noise in which the season moves all bodies alike: within the 99 % binomial bounds of α."""
    low, high = binomial_bounds(200, ALPHA)
    alarms = 200 * share_of_quiet_weeks_warned(seeds=range(200), bodies=12, categories=6, mean=4)
    assert low <= alarms <= high
    assert share_of_rises_warned(seeds=range(10), bodies=12, categories=6, mean=4, factor=6) >= 0.9
