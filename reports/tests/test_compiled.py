"""Queries that are compiled once a process: the same answers as Django's, with what is told each time."""

from datetime import timedelta

import pytest
from django.db.models import BigIntegerField, DateTimeField
from django.utils import timezone

from reports.compiled import Compiled, Given, compiled, one_of, told
from reports.models import Report
from reports.queue import Desk
from reports.tests.desk_cases import file

pytestmark = pytest.mark.django_db


def test_a_compiled_query_answers_for_what_it_is_told(body_a, pothole, spot_a):
    now = timezone.now()
    early, late = (file(pothole, spot_a, at=now - timedelta(days=days)) for days in (9, 1))
    query = Compiled.of(Report.objects.filter(filed_at__gte=Given("since", DateTimeField())).order_by("pk").values_list("pk"))
    assert query.rows(since=now - timedelta(days=20)) == [(early.pk,), (late.pk,)]
    assert query.rows(since=now - timedelta(days=2)) == [(late.pk,)]


def test_a_list_that_is_told_may_be_shorter_than_its_places_but_no_longer(body_a, pothole, spot_a):
    one, two, _three = (file(pothole, spot_a) for _ in range(3))
    query = Compiled.of(Report.objects.filter(pk__in=one_of("pk", BigIntegerField(), 2)).order_by("pk").values_list("pk"))
    assert query.rows(**told("pk", [one.pk], 2)) == [(one.pk,)]
    assert query.rows(**told("pk", [one.pk, two.pk], 2)) == [(one.pk,), (two.pk,)]
    with pytest.raises(ValueError, match="3 values for 2 places"):
        told("pk", [1, 2, 3], 2)


def test_where_nothing_can_be_found_nothing_is_asked(django_assert_num_queries):
    query = compiled("a test", lambda: Report.objects.filter(pk__in=[]).values_list("pk"))
    with django_assert_num_queries(0):
        assert query.rows() == []


def test_no_two_people_with_other_rights_share_a_compiled_query(binh, hanh, chi, diep):
    desks = [Desk.of(person) for person in (binh, hanh, chi, diep)]
    assert len({desk._key for desk in desks}) == len(desks)
