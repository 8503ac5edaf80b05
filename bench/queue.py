"""The desk's queue as an officer of one commune and as the coordinator of the whole province: the page, a poll, and what each part costs."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from typing import Any

from django.conf import settings
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from authorities.models import Body, BodyKind, Membership, Role
from bench.scene import make_desk
from reports.codes import new_code, normalised
from reports.models import Report
from reports.queue import Asked, Desk, Queue, filter_choices

CALLS, LEAST = 60, 5  # of each page
LONGEST = 10.0  # seconds of each, once the least number is done
ALWAYS = (date(2020, 1, 1), None)
# The least that any queue has to do: one page in order from an index, by hand
LIMIT = """
SELECT id, code, due_at FROM reports_report WHERE authority_id = %(body)s AND status <> ALL(ARRAY['duplicate', 'resolved', 'returned', 'withdrawn'])
ORDER BY due_at, severity DESC, followers DESC, filed_at, id LIMIT 51
"""


def run(number: int, open_percent: int) -> dict[str, Any]:
    """Each page's times in seconds (median and 95th percentile of the whole; medians of Python's and of the database's part) and its queries."""
    make_desk(number, open_percent)
    busiest = Body.objects.filter(kind=BodyKind.COMMUNE_COMMITTEE, reports__isnull=False).order_by("pk").first()
    portal = Body.objects.filter(kind=BodyKind.PORTAL).first()
    assert busiest is not None  # noqa: S101  the scene has one
    assert portal is not None  # noqa: S101  and a Portal
    people = {"officer": _person("officer", busiest, Role.OFFICER), "coordinator": _person("coordinator", portal, Role.COORDINATOR)}
    gc.collect()
    gc.freeze()  # as the server does before its processes fork
    seconds: dict[str, float] = {"bare SQL: one page of one body": _p95(lambda: _execute(LIMIT, {"body": busiest.pk}))}
    pages: dict[str, dict[str, float]] = {}
    for who, user in people.items():
        client = Client(SERVER_NAME=settings.ALLOWED_HOSTS[0], headers={"accept-encoding": "gzip"})
        client.force_login(user)
        for name, address in _addresses(user).items():
            pages[f"{who}: {name}"] = _page(partial(_get, client, address))
        etag = client.get(reverse("reports:desk_queue"), {"view": "open"}).headers["ETag"]
        pages[f"{who}: a poll, nothing new (304)"] = _page(partial(_poll, client, etag))
        seconds |= {f"{who}: {part}": _p95(work) for part, work in _parts(user).items()}
    bare = seconds["bare SQL: one page of one body"]
    return {
        "reports": Report.objects.count(),
        "open": Report.objects.open().count(),
        "of_the_officer": Report.objects.open().filter(authority=busiest).count(),
        "most_queries": max(int(page["queries"]) for page in pages.values()),
        "pages": pages,
        "seconds": seconds,
        "ratios": {f"{who}: the desk, all open / bare": pages[f"{who}: the desk, all open"]["p95"] / bare for who in people},
    }


def _person(name: str, body: Body, role: Role) -> User:
    user, is_new = User.objects.get_or_create(username=name, defaults={"email": f"{name}@bench.example", "full_name": name})
    if is_new:
        Membership.objects.create(user=user, body=body, role=role, validity=ALWAYS)
    return user


def _addresses(user: User) -> dict[str, str]:
    desk, poll = reverse("reports:desk"), reverse("reports:desk_queue")
    some = Report.objects.in_hand_of(user).open().select_related("category", "contact").order_by("pk")[0]
    if normalised(code := some.code) != code:  # those of the scene have no check digit
        Report.objects.filter(pk=some.pk).update(code=(code := new_code()))
    return {
        "the desk, all open": f"{desk}?view=open",
        "the desk, as it opens": desk,
        "overdue, page 5": f"{desk}?view=overdue&page=5",
        "one category": f"{desk}?view=open&category={some.category.code}",
        "accepted ones": f"{desk}?view=open&status=accepted",
        "closed": f"{desk}?view=closed",
        "search for a phone": f"{desk}?q={some.contact.phone}",
        "search for words": f"{desk}?q=thu+so+{str(some.description).rpartition(' ')[2]}",
        "search for words of all": f"{desk}?q=thu+so",
        "a rare category": f"{desk}?view=open&category=procedures",
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


def _page(work: Callable[[], Any]) -> dict[str, float]:
    """What a page costs: seconds of the whole (p50, p95), of Python's work and of waiting for the database (medians), and its queries."""
    measured = Database()
    with connection.execute_wrapper(measured):
        spent = [(wall, python, measured.taken()) for wall, python in _calls(work, before=measured.taken)]
    whole, python, database = zip(*spent, strict=True)
    return {
        "p50": statistics.median(whole),
        "p95": statistics.quantiles(whole, n=20)[-1],
        "python": statistics.median(python),
        "sql": statistics.median(seconds for seconds, _queries in database),
        "queries": max(queries for _seconds, queries in database),
    }


class Database:
    """Counts queries and the seconds that they take."""

    def __init__(self) -> None:
        self.seconds, self.queries = 0.0, 0

    def __call__(self, execute: Callable[..., Any], *arguments: Any) -> Any:
        """Runs one query."""
        start = time.perf_counter()
        try:
            return execute(*arguments)
        finally:
            self.seconds += time.perf_counter() - start
            self.queries += 1

    def taken(self) -> tuple[float, int]:
        """Seconds and queries since the last time this was asked."""
        found = self.seconds, self.queries
        self.seconds, self.queries = 0.0, 0
        return found


def _p95(work: Callable[[], Any]) -> float:
    """The 95th percentile of some calls: seconds."""
    return statistics.quantiles([wall for wall, _python in _calls(work)], n=20)[-1]


def _calls(work: Callable[[], Any], before: Callable[[], Any] = lambda: None) -> Iterator[tuple[float, float]]:
    """Some calls, the first few left out, fewer where they are slow: seconds, and those of this process."""
    for _warm in range(3):
        work()
    end = time.monotonic() + LONGEST
    for call in range(CALLS):
        if call >= LEAST and time.monotonic() > end:
            break
        before()
        start, worked = time.perf_counter(), time.process_time()
        work()
        yield time.perf_counter() - start, time.process_time() - worked
