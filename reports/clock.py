"""Working time as arithmetic: from one moment to another, and the moment at which an amount of it is up.

Pure: no database, no settings. `working_days.calendar()` says which days and hours are worked.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property

from django.utils import timezone

DAYS_A_WEEK, WORKED_A_WEEK = 7, 5
Hours = tuple[tuple[time, time], ...]


@dataclass(frozen=True)
class Calendar:
    """Which time is worked: hours of a working day, Monday to Friday, and the days on which it is otherwise.

    `hours` are the parts of a working day in Asia/Ho_Chi_Minh, in their order and apart. `changed` says of single days whether they are worked.
    Moments are aware; answers are in Asia/Ho_Chi_Minh, whose offset has not changed since 1975.
    """

    hours: Hours
    changed: Mapping[date, bool]

    def works_on(self, day: date) -> bool:
        """Whether people work on a day."""
        return self.changed.get(day, day.weekday() < WORKED_A_WEEK)

    @cached_property
    def day_length(self) -> timedelta:
        """The working time of a working day."""
        return sum((_length(*part) for part in self.hours), timedelta())

    def between(self, start: datetime, end: datetime) -> timedelta:
        """The working time from one moment to another; below zero where the second is the earlier."""
        return self._worked_until(end) - self._worked_until(start)

    def after(self, start: datetime, amount: timedelta) -> datetime:
        """The first moment by which so much working time has passed since `start` (before it, for an amount below zero)."""
        if not amount:
            return timezone.localtime(start)
        days, rest = divmod(self._worked_until(start) + amount, self.day_length)
        if not rest:  # up as the day before ends, not as the next begins
            days, rest = days - 1, self.day_length
        return _at(self._working_day(days), self._time_after(rest))

    def end_of_day_after(self, start: datetime, days: int) -> datetime:
        """The end of the n-th working day after the day of `start`, which does not count itself; n from 1."""
        today = timezone.localtime(start).date().toordinal()
        return _at(self._working_day(self._days_before(today + 1) + days - 1), self.hours[-1][1])

    # --- counting ------------------------------------------------------------------------------------------------------

    @cached_property
    def _off(self) -> list[int]:
        """Monday to Friday, and yet nobody works; ordinals, ascending."""
        return sorted(day.toordinal() for day, works in self.changed.items() if not works and day.weekday() < WORKED_A_WEEK)

    @cached_property
    def _worked(self) -> list[int]:
        """Days of a weekend that are worked; ordinals, ascending."""
        return sorted(day.toordinal() for day, works in self.changed.items() if works and day.weekday() >= WORKED_A_WEEK)

    def _days_before(self, ordinal: int) -> int:
        """How many working days there were before a day, since the Monday that was day 1 of year 1."""
        weeks, rest = divmod(ordinal - 1, DAYS_A_WEEK)
        by_the_week = weeks * WORKED_A_WEEK + min(rest, WORKED_A_WEEK)
        return by_the_week + bisect_left(self._worked, ordinal) - bisect_left(self._off, ordinal)

    def _working_day(self, number: int) -> date:
        """The working day before which there were so many."""
        about = number * DAYS_A_WEEK // WORKED_A_WEEK  # weeks alone; each changed day moves it by at most a weekend and itself
        around = (len(self.changed) + 1) * DAYS_A_WEEK
        last = min(about + around, date.max.toordinal())
        first = max(1, min(about, last) - around)
        return date.fromordinal(first + bisect_left(range(first, last), number + 1, key=lambda day: self._days_before(day + 1)))

    def _worked_until(self, moment: datetime) -> timedelta:
        """All working time before a moment; what counts is the difference of two."""
        local = timezone.localtime(moment)
        whole_days = self._days_before(local.toordinal()) * self.day_length
        if not self.works_on(local.date()):
            return whole_days
        return whole_days + sum(
            (_length(opens, min(closes, local.time())) for opens, closes in self.hours if opens < local.time()), timedelta()
        )

    def _time_after(self, worked: timedelta) -> time:
        """The time of a working day by which so much of it is worked; `worked` is above zero and at most the whole day."""
        for opens, closes in self.hours:
            if worked <= _length(opens, closes):
                return (datetime.combine(date.min, opens) + worked).time()
            worked -= _length(opens, closes)
        raise AssertionError("a day has no more working time than its hours")


def hours_from(text: str) -> Hours:
    """The hours of a working day as a setting writes them: "7:30-11:30,13:30-17:00"; ValueError for what is none."""
    hours = tuple((_time(opens), _time(closes)) for opens, _dash, closes in (part.strip().partition("-") for part in text.split(",")))
    ends = [moment for part in hours for moment in part]
    if ends != sorted(set(ends)):
        raise ValueError(f"“{text}”: each part has to end after it begins, and before the next one begins.")
    return hours


def _time(text: str) -> time:
    hour, _colon, minute = text.strip().partition(":")
    try:
        return time(int(hour), int(minute))
    except ValueError:
        raise ValueError(f"“{text}” is no time written as 7:30.") from None


def _length(opens: time, closes: time) -> timedelta:
    return datetime.combine(date.min, closes) - datetime.combine(date.min, opens)


def _at(day: date, moment: time) -> datetime:
    return datetime.combine(day, moment, tzinfo=timezone.get_default_timezone())
