"""Working time against a slow, obvious count of every minute of three years, with Tết, swapped days and pauses."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest
from django.utils import timezone
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from reports.clock import Calendar, hours_from
from reports.working_days import _public_days

HOURS = "7:30-11:30,13:30-17:00"
FIRST, LAST = date(2024, 1, 1), date(2027, 1, 1)
START = datetime.combine(FIRST, time(), tzinfo=timezone.get_default_timezone())
MINUTE = timedelta(minutes=1)
# Beside what the package knows: a storm on a Tuesday, a Saturday worked in place of a Friday, and a holiday on which people work after all
BY_HAND = {date(2025, 11, 4): False, date(2025, 12, 27): True, date(2025, 12, 26): False, date(2026, 9, 1): True}
CHANGED = _public_days(2030) | BY_HAND
WORK = Calendar(hours_from(HOURS), CHANGED)


def is_day_worked(day: date) -> bool:
    """The obvious rule for a day."""
    return CHANGED.get(day, day.weekday() not in (5, 6))


def is_minute_worked(hour: int, minute: int) -> bool:
    """The obvious rule for a minute of a working day."""
    return (7, 30) <= (hour, minute) < (11, 30) or (13, 30) <= (hour, minute) < (17, 0)


@pytest.fixture(scope="module")
def minutes() -> bytes:
    """Each minute of three years: 1 where it is worked."""
    days = (FIRST + timedelta(days=number) for number in range((LAST - FIRST).days))
    worked = bytes(is_minute_worked(hour, minute) for hour in range(24) for minute in range(60))
    return b"".join(worked if is_day_worked(day) else bytes(24 * 60) for day in days)


def at(minute: int) -> datetime:
    return START + minute * MINUTE


def slow_after(minutes: bytes, start: int, amount: int, paused: range = range(0)) -> int | None:
    """The minute at whose beginning so many minutes were worked and not paused since `start`, counted one by one; None beyond the three years."""
    for minute in range(start, len(minutes)):
        if amount == 0:
            return minute
        if minutes[minute] and minute not in paused:
            amount -= 1
    return None


ANY = st.integers(0, 3 * 365 * 24 * 60)
# The hours before Tết of each year, its days off, and the days around them
AROUND_TET = st.sampled_from([date(2024, 2, 7), date(2025, 1, 24), date(2026, 2, 13)]).flatmap(
    lambda day: st.integers(0, 14 * 24 * 60).map(lambda minute: (day - FIRST).days * 24 * 60 + minute)
)
MOMENT = ANY | AROUND_TET


@settings(max_examples=80, deadline=None)
@given(MOMENT, MOMENT)
@example(0, 3 * 365 * 24 * 60)
def test_the_time_between_two_moments_is_what_counting_each_minute_gives(minutes, one, other):
    start, end = sorted((one, other))
    assert WORK.between(at(start), at(end)) == minutes.count(1, start, end) * MINUTE
    assert WORK.between(at(end), at(start)) == -WORK.between(at(start), at(end))


@settings(max_examples=80, deadline=None)
@given(MOMENT, st.integers(1, 90 * 60 * 5))
def test_a_moment_some_working_time_on_is_the_first_by_which_so_much_was_worked(minutes, start, amount):
    end = WORK.after(at(start), amount * MINUTE)
    minute, rest = divmod(end - START, MINUTE)
    assume(minute <= len(minutes))
    assert not rest
    assert minutes.count(1, start, minute) == amount
    assert minutes[minute - 1]  # the last minute counted: no earlier moment would do
    assert WORK.after(end, -amount * MINUTE) <= at(start)  # and back again; across a night or a holiday to its beginning


@settings(max_examples=60, deadline=None)
@given(MOMENT, st.integers(1, 60 * 60), st.integers(0, 60 * 60), st.integers(0, 20 * 24 * 60))
def test_a_pause_moves_the_end_by_the_working_time_that_it_took(minutes, start, amount, until_pause, length):
    due = WORK.after(at(start), amount * MINUTE)
    asked, answered = start + until_pause, start + until_pause + length
    assume(at(asked) < due)
    expected = slow_after(minutes, start, amount, range(asked, answered))
    assume(expected is not None)
    moved = WORK.after(due, WORK.between(at(asked), at(answered)))
    by_what_was_left = WORK.after(at(answered), WORK.between(at(asked), due))
    assert moved == by_what_was_left
    assert WORK.between(moved, at(expected)) == timedelta()
    assert moved <= at(expected)


@settings(max_examples=50, deadline=None)
@given(MOMENT, st.integers(0, 59), st.integers(0, 999_999))
def test_seconds_and_parts_of_them_count_too(minute, seconds, microseconds):
    moment = at(minute) + timedelta(seconds=seconds, microseconds=microseconds)
    inside = WORK.between(at(minute), at(minute) + MINUTE) == MINUTE
    assert WORK.between(at(minute), moment) == (moment - at(minute) if inside else timedelta())


@settings(max_examples=50, deadline=None)
@given(st.dates(FIRST, date(2026, 10, 1)), st.integers(1, 40))
def test_days_count_from_the_next_working_day_on_and_end_with_it(day, days):
    start = datetime.combine(day, time(10, 15), tzinfo=timezone.get_default_timezone())
    end = WORK.end_of_day_after(start, days)
    after = [day + timedelta(days=number) for number in range(1, 120)]
    worked = [other for other in after if is_day_worked(other)]
    assert (end.date(), end.time()) == (worked[days - 1], time(17))


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2026-11-20 16:00", 2, "2026-11-23 08:30"),  # over a weekend
        ("2026-02-13 16:30", 1, "2026-02-23 08:00"),  # over Tết: Friday before, Monday the week after
        ("2025-04-25 16:30", 1, "2025-04-26 08:00"),  # into a Saturday that is worked
        ("2025-04-29 16:30", 1, "2025-05-05 08:00"),  # over four days, one of them swapped for it
        ("2026-11-21 10:00", 0, "2026-11-21 10:00"),  # nothing to wait for
        ("2026-11-23 07:30", 7.5, "2026-11-23 17:00"),  # up as the day ends, not as the next begins
    ],
)
def test_deadlines_that_can_be_followed_on_a_wall_calendar(start, hours, end):
    def local(text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=timezone.get_default_timezone())

    assert WORK.after(local(start), timedelta(hours=hours)) == local(end)


@pytest.mark.parametrize("text", ["", "7:30", "11:30-7:30", "7:30-12:00,11:00-17:00", "7:30-25:00", "sáng-chiều", "8:00-8:00"])
def test_hours_that_cannot_be_are_refused(text):
    with pytest.raises(ValueError, match="“"):
        hours_from(text)


def test_the_package_knows_tet_compensation_and_swapped_days():
    known = _public_days(2030)
    assert [day for day in (date(2026, 2, number) for number in range(1, 29)) if known.get(day) is False] == [
        date(2026, 2, number) for number in range(16, 21)
    ]
    assert known[date(2026, 4, 27)] is False  # Hùng Kings' day fell on a Sunday
    assert (known[date(2025, 5, 2)], known[date(2025, 4, 26)]) == (False, True)  # a Friday off, the Saturday before worked
