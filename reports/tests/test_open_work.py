"""What is counted of the open work is what the reports say, whatever happens to them."""

import logging
from datetime import timedelta

import pytest
from django.utils import timezone

from reports import open_work
from reports import queue as queues
from reports.desk_models import OpenWork
from reports.models import Conflict, Report
from reports.queue import Desk
from reports.services import Words, take_step
from reports.tests.desk_cases import drafted, file
from reports.workflow import Status
from tests.lasting_cast import *  # noqa: F403

pytestmark = pytest.mark.django_db


@pytest.fixture
def ground(body_a, body_b, portal, inspectorate, spot_a, spot_b):
    """Everything that a report of A or B needs."""


def counts(user):
    return Desk.of(user).counts(timezone.now())


def test_every_step_is_counted_when_it_is_taken(ground, binh, hanh, diep, pothole, spot_a, spot_b, spot_outside):
    reports = [file(pothole, spot) for spot in (spot_a, spot_a, spot_b, spot_outside)]
    assert open_work.differences() == []
    take_step(reports[0].pk, step="accept", actor=binh)
    assert counts(diep).states == {
        **dict.fromkeys(counts(diep).states, 0),
        Status.NEW: 2,
        Status.ACCEPTED: 1,
        Status.TRIAGE: 1,
    }
    drafted(reports[1], hanh)
    take_step(reports[1].pk, step="publish_reply", actor=diep, words=Words(reply="Đã vá xong."))
    assert counts(diep).views["open"] == 3
    assert open_work.differences() == []


def test_what_is_put_together_says_the_same(ground, binh, pothole, spot_a):
    for _number in range(3):
        take_step(file(pothole, spot_a).pk, step="accept", actor=binh)
    before = counts(binh)
    open_work.fold()
    assert counts(binh) == before
    assert list(OpenWork.objects.values_list("status", "number")) == [("accepted", 3)]
    assert open_work.differences() == []


def test_a_line_too_much_is_named_and_counted_anew(ground, body_a, binh, pothole, spot_a, caplog):
    file(pothole, spot_a)
    OpenWork.objects.create(body=body_a, status="new", number=1)
    with caplog.at_level(logging.ERROR):
        assert open_work.check() == [f"body {body_a.pk}, new: 2 counted, 1 there"]
    assert "Open work was counted wrongly" in caplog.text
    assert open_work.check() == []
    assert counts(binh).views["open"] == 1


def test_who_is_complained_of_is_not_told_by_a_count(ground, body_a, binh, pothole, spot_a):
    report = file(pothole, spot_a)
    file(pothole, spot_a)
    Conflict.objects.create(report=report, body=body_a)
    assert counts(binh).states[Status.NEW] == 1
    assert counts(binh).views["open"] == counts(binh).views["new"] == 1


@pytest.mark.parametrize("late", range(5))
def test_many_overdue_ones_are_counted_by_the_others(ground, diep, pothole, spot_a, monkeypatch, late):
    now = timezone.now()
    reports = [file(pothole, spot_a) for _number in range(4)]
    for number, report in enumerate(reports):
        Report.objects.filter(pk=report.pk).update(due_at=now - timedelta(days=1) if number < late else now + timedelta(days=9))
    if late == 2:
        Report.objects.filter(pk=reports[-1].pk).update(due_at=None)
    monkeypatch.setattr(queues, "MANY", 1)
    monkeypatch.setattr("reports.compiled._kept", {})
    assert Desk.of(diep).counts(now).views["overdue"] == late
