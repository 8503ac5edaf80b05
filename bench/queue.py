"""The desk's queue as an officer of one commune and as the coordinator of the whole province: the page, a poll, and what each part costs."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from authorities.models import Body, BodyKind, Membership, Role
from bench.scene import make_desk
from reports.codes import new_code
from reports.models import Report
from reports.queue import Asked, Desk, Queue, filter_choices

CALLS = 20
ALWAYS = (date(2020, 1, 1), None)
# The least that any queue has to do: one page in order from an index, by hand
LIMIT = """
SELECT id, code, due_at FROM reports_report WHERE authority_id = %(body)s AND status <> ALL(ARRAY['duplicate', 'resolved', 'returned', 'withdrawn'])
ORDER BY due_at, severity DESC, followers DESC, filed_at, id LIMIT 51
"""


def run(number: int, open_percent: int) -> dict[str, Any]:
    """The 95th percentile in seconds of each page, and of its parts; how many queries a page asks."""
    make_desk(number, open_percent)
    busiest = Body.objects.filter(kind=BodyKind.COMMUNE_COMMITTEE, reports__isnull=False).order_by("pk").first()
    portal = Body.objects.filter(kind=BodyKind.PORTAL).first()
    assert busiest is not None  # noqa: S101  the scene has one
    assert portal is not None  # noqa: S101  and a Portal
    people = {"officer": _person("officer", busiest, Role.OFFICER), "coordinator": _person("coordinator", portal, Role.COORDINATOR)}
    seconds: dict[str, float] = {"bare SQL: one page of one body": _p95(lambda: _execute(LIMIT, {"body": busiest.pk}))}
    queries: dict[str, int] = {}
    for who, user in people.items():
        client = Client(SERVER_NAME=settings.ALLOWED_HOSTS[0])
        client.force_login(user)
        for name, address in _addresses(user).items():
            label = f"{who}: {name}"
            seconds[label] = _p95(partial(_get, client, address))
            with CaptureQueriesContext(connection) as asked:
                _get(client, address)
            queries[label] = len(asked)
        etag = client.get(reverse("reports:desk_queue"), {"view": "open"}).headers["ETag"]
        seconds[f"{who}: a poll, nothing new (304)"] = _p95(partial(_poll, client, etag))
        seconds |= {f"{who}:   of it {part}": _p95(work) for part, work in _parts(user).items()}
    bare = seconds["bare SQL: one page of one body"]
    pages = {label: spent for label, spent in seconds.items() if label in queries}
    return {
        "reports": Report.objects.count(),
        "open": Report.objects.open().count(),
        "of_the_officer": Report.objects.open().filter(authority=busiest).count(),
        "most_queries": max(queries.values()),
        "queries": queries,
        "seconds": seconds,
        "ratios": {f"{label} / bare": spent / bare for label, spent in pages.items()},
    }


def _person(name: str, body: Body, role: Role) -> User:
    user = User.objects.create_user(username=name, email=f"{name}@bench.example", full_name=name)
    Membership.objects.create(user=user, body=body, role=role, validity=ALWAYS)
    return user


def _addresses(user: User) -> dict[str, str]:
    desk, poll = reverse("reports:desk"), reverse("reports:desk_queue")
    some = Report.objects.in_hand_of(user).open().select_related("category", "contact")[0]
    Report.objects.filter(pk=some.pk).update(code=(code := new_code()))  # those of the scene have no check digit
    return {
        "the desk, all open": f"{desk}?view=open",
        "the desk, as it opens": desk,
        "overdue, page 5": f"{desk}?view=overdue&page=5",
        "one category": f"{desk}?view=open&category={some.category.code}",
        "accepted ones": f"{desk}?view=open&status=accepted",
        "closed": f"{desk}?view=closed",
        "search for a phone": f"{desk}?q={some.contact.phone}",
        "search for words": f"{desk}?q=thu+so+{str(some.description).rpartition(' ')[2]}",
        "a poll, something new": f"{poll}?view=open",
        "a report": reverse("reports:desk_report", args=[code]) + "?view=open",
    }


def _parts(user: User) -> dict[str, Callable[[], Any]]:
    def fresh() -> Desk:
        return Desk.of(user)

    desk = fresh()
    asked = Asked(view=desk.view_called("open"))
    return {
        "counts": lambda: fresh().counts(timezone.now()),
        "choices of the filters": lambda: filter_choices(fresh()),
        "rows": lambda: Queue(fresh(), asked, timezone.now()).page(),
        "state": lambda: fresh().state(timezone.now()),
    }


def _get(client: Client, address: str) -> None:
    response = client.get(address)
    assert response.status_code in (200, 302), response.status_code  # noqa: S101  a benchmark of errors would be fast


def _poll(client: Client, etag: str) -> None:
    response = client.get(reverse("reports:desk_queue"), {"view": "open"}, headers={"If-None-Match": etag})
    assert response.status_code in (200, 304), response.status_code  # noqa: S101  200 at the turn of a quarter of an hour


def _execute(sql: str, asked: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, asked)
        cursor.fetchall()


def _p95(work: Callable[[], Any]) -> float:
    """The 95th percentile of some calls, the first few left out: seconds."""
    for _warm in range(3):
        work()
    spent = []
    for _call in range(CALLS):
        start = time.perf_counter()
        work()
        spent.append(time.perf_counter() - start)
    return statistics.quantiles(spent, n=20)[-1]
