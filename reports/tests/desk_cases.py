"""What the tests of the desk share: a report is filed in a line, and its pages are asked for by name."""

from django.db import connection
from django.urls import reverse

from reports.services import Filing, Words, file_report, take_step


def file(category, spot, **more):
    """A filed report."""
    at = more.pop("at", None)
    return file_report(
        Filing(location=spot, category=category, description=more.pop("description", "Ổ gà sâu trước cổng trường."), **more), at=at
    )


def page(report, query=""):
    """The address of a report at the desk."""
    return reverse("reports:desk_report", args=[report.code]) + query


def step(report, name):
    """The address that takes a step."""
    return reverse("reports:desk_step", args=[report.code, name])


def drafted(report, officer, text="Đã vá xong ngày 17/7."):
    """The report, accepted and with a draft that waits for the coordinator."""
    take_step(report.pk, step="accept", actor=officer)
    return take_step(report.pk, step="draft_reply", actor=officer, words=Words(reply=text))


def waiting_for_a_lock():
    """How many connections of this database wait for a lock at this moment."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # inside a transaction it would be the same for ever
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
        return cursor.fetchone()[0]
