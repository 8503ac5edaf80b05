"""The calendar as the administration changes it: what is changed counts from the next question on."""

from datetime import date, datetime

import pytest
from django.urls import reverse
from django.utils import timezone

from audit.models import Change
from authorities.deadline_models import DayChange
from reports.working_days import calendar

pytestmark = pytest.mark.django_db
FRIDAY = datetime(2026, 11, 20, 16, 0, tzinfo=timezone.get_default_timezone())


def due() -> date:
    return calendar().end_of_day_after(FRIDAY, 1).date()


def test_a_day_that_an_administrator_changes_counts_at_once_and_is_recorded(client_of, admin_user):
    client = client_of(admin_user)
    assert due() == date(2026, 11, 23)
    new = {"day": "2026-11-23", "note": "Bão số 15"}
    assert client.post(reverse("admin:authorities_daychange_add"), new).status_code == 302
    assert due() == date(2026, 11, 25)  # the 24th is the Day of Vietnamese Culture
    worked = DayChange.objects.create(day="2026-11-21", works=True, note="Làm bù")
    assert due() == date(2026, 11, 21)
    worked.delete()
    DayChange.objects.filter(day="2026-11-23").update(works=True)
    assert due() == date(2026, 11, 23)
    assert set(Change.objects.filter(subject="authorities_daychange").values_list("actor_id", flat=True)) >= {admin_user.pk}


def test_the_calendar_costs_one_query(django_assert_num_queries):
    with django_assert_num_queries(1):
        calendar().end_of_day_after(FRIDAY, 30)


def test_hours_are_a_setting(settings):
    settings.WORKING_HOURS = "8:00-12:00"
    assert timezone.localtime(calendar().end_of_day_after(FRIDAY, 1)).hour == 12
