"""When an answer is due: working days of Vietnam, Monday to Friday, ending at 17:00 Asia/Ho_Chi_Minh."""

from datetime import datetime, time, timedelta

from django.utils import timezone

END_OF_DAY = time(17, 0)
SATURDAY = 5


def due_after(start: datetime, working_days: int) -> datetime:
    """The end of the n-th working day after the day of `start` (aware; the answer is in Asia/Ho_Chi_Minh); weekends do not count."""
    day = timezone.localtime(start).date()
    left = working_days
    while left:
        day += timedelta(days=1)
        if day.weekday() < SATURDAY:
            left -= 1
    return datetime.combine(day, END_OF_DAY, tzinfo=timezone.get_default_timezone())
