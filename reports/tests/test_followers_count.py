"""How many follow a report: exact whatever writes, and part of the order in the queue."""

from datetime import timedelta

import pytest
from django.utils import timezone

from reports.following import confirm, end
from reports.mails import Purpose
from reports.models import Follow, Report
from reports.services import Words, take_step
from reports.tests.desk_cases import file

pytestmark = pytest.mark.django_db


@pytest.fixture
def report(body_a, portal, inspectorate, spot_a, pothole):
    """A report of A."""
    return file(pothole, spot_a)


def counted(report):
    return Report.objects.values_list("followers", flat=True).get(pk=report.pk)


def follow(report, name, **more):
    return Follow.objects.create(report=report, email=f"{name}@hopthu.example", **more)


def test_only_those_who_confirmed_and_are_told_count(report):
    asked = follow(report, "an")
    assert counted(report) == 0
    confirm(asked, Purpose.CONFIRM)
    assert counted(report) == 1
    confirm(asked, Purpose.CONFIRM)
    assert counted(report) == 1
    end(Follow, asked.pk)
    end(Follow, asked.pk)
    assert counted(report) == 0
    confirm(asked, Purpose.CONFIRM)
    assert counted(report) == 1
    Follow.objects.all().delete()
    assert counted(report) == 0


def test_the_reporter_is_no_follower_more(report):
    """Otherwise who left an e-mail address would be served before who left a phone number."""
    own = follow(report, "an", confirmed_at=timezone.now())
    assert counted(report) == 1
    confirm(own, Purpose.CONFIRM_REPORTER)
    assert counted(report) == 0


def test_bulk_changes_count_too(report):
    now = timezone.now()
    Follow.objects.bulk_create(Follow(report=report, email=f"{number}@hopthu.example", confirmed_at=now) for number in range(5))
    assert counted(report) == 5
    Follow.objects.filter(email__in=["0@hopthu.example", "1@hopthu.example"]).update(ended_at=now)
    assert counted(report) == 3


def test_a_step_does_not_lose_a_follower(report, binh):
    """The step saves the whole row, which it read under its lock."""
    follow(report, "an", confirmed_at=timezone.now())
    take_step(report.pk, step="note", actor=binh, words=Words(note="1"))
    assert counted(report) == 1


def test_of_two_equally_urgent_the_more_followed_comes_first(report, pothole, spot_a):
    at = timezone.now() - timedelta(days=2)
    older, followed, dangerous = file(pothole, spot_a, at=at), file(pothole, spot_a), file(pothole, spot_a, severity=3)
    Report.objects.update(due_at=timezone.now() + timedelta(days=1))
    follow(followed, "an", confirmed_at=at)
    order = list(Report.objects.for_queue())
    assert order == [dangerous, followed, older, report]
    for number, one in enumerate(order):
        assert Report.objects.before_in_queue(one) == (order[number - 1] if number else None)
        assert Report.objects.after_in_queue(one) == (order[number + 1] if number < 3 else None)
