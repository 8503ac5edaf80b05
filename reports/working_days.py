"""The calendar by which bodies work: Monday to Friday, the public holidays of Vietnam, and what the administration has changed."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from django.conf import settings
from django.utils import timezone

from authorities.deadline_models import DayChange
from reports.clock import Calendar, Hours, hours_from

FIRST_YEAR = 2015  # since then the package knows the days that were swapped
YEARS_AHEAD = 3


def calendar() -> Calendar:
    """The calendar as it stands now: one query, kept nowhere, so that no change is missed."""
    changed = dict(_public_days(timezone.localdate().year + YEARS_AHEAD))
    changed |= DayChange.objects.values_list("day", "works")
    return Calendar(_hours(settings.WORKING_HOURS), changed)


@lru_cache(maxsize=4)
def _public_days(last_year: int) -> dict[date, bool]:
    """Public holidays with Tết, days off that make up for one on a weekend, and days that were swapped, as far as the package knows them."""
    from holidays.countries.vietnam import Vietnam  # importing costs half a second: not where nobody asks

    known = Vietnam(years=range(FIRST_YEAR, last_year + 1))  # type: ignore[no-untyped-call]
    return dict.fromkeys(known, False) | dict.fromkeys(known.weekend_workdays, True)


@lru_cache(maxsize=4)
def _hours(text: str) -> Hours:
    return hours_from(text)
