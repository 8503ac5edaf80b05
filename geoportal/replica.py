"""Reading from a replica, only where it is asked for, and never what the reader has just written.

Closed by default: everything goes to the primary but the queries of models in the public pages of PUBLIC, asked for by somebody who is nobody: GET,
no cookie that tells who it is, no transaction open. SQL by hand goes to the primary always. Who has sent something gets a cookie with the place in
the primary's log that was reached then, and reads from the replica when it has come so far.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connections
from django.http import HttpRequest, HttpResponse

REPLICA = "replica"
COOKIE, KEPT_S = "written", 60  # a replica that is farther behind is not asked by anybody
PUBLIC = frozenset({"reports-list", "reports-one", "reports-history", "reports:report", "reports:history"})
ASKED_EVERY_S = 1.0  # how long a process believes what it was told of the replica
LEFT_ALONE_S = 5.0  # after it failed

_HOW_FAR = "SELECT pg_is_in_recovery(), pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')"
_REACHED = "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')"

_reads_there: ContextVar[bool] = ContextVar("reads_there", default=False)


class Router:
    """Models are read from the replica while the middleware says so and no transaction is open; they are written to the primary."""

    def db_for_read(self, model: Any, **hints: Any) -> str:
        """The replica or the primary."""
        return REPLICA if _reads_there.get() and not connections["default"].in_atomic_block else "default"

    def db_for_write(self, model: Any, **hints: Any) -> str:
        """The primary; what is read after it in the same request is read there too."""
        _reads_there.set(False)
        return "default"

    def allow_relation(self, one: Any, other: Any, **hints: Any) -> bool:
        """They are the same database."""
        return True

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        """A replica gets its tables with everything else."""
        return db != REPLICA


@dataclass
class _Known:
    """What this process last heard: when, how far the primary's log went then, and whether the replica may be asked."""

    at: float = -1e9
    reached: int = 0
    usable: bool = False


_known = _Known()


def forget() -> None:
    """Nothing is known of the replica any more."""
    global _known
    _known = _Known()


def is_usable(now: float | None = None) -> bool:
    """Whether the replica follows the primary, at most about settings.REPLICA_LAG_S behind. Asked at most once a second."""
    global _known
    now = time.monotonic() if now is None else now
    before = _known
    if now - before.at < ASKED_EVERY_S:
        return before.usable
    try:
        reached, replayed = _reached(), _replayed()
    except (DatabaseError, InterfaceError):
        _known = _Known(now + LEFT_ALONE_S - ASKED_EVERY_S, 0, False)
        return False
    # What the primary had at the last question is enough, unless that was long ago
    enough = before.reached if now - before.at <= settings.REPLICA_LAG_S else reached
    _known = _Known(now, reached, replayed is not None and replayed >= enough)
    return _known.usable


def has(place: str) -> bool:
    """Whether the replica has come to a place of the log, as the cookie says it; False for what is no number."""
    if not (place.isascii() and place.isdigit() and len(place) < 21):
        return False
    try:
        replayed = _replayed()
    except (DatabaseError, InterfaceError):
        return False
    return replayed is not None and replayed >= int(place)


def _reached() -> int:
    with connections["default"].cursor() as cursor:
        cursor.execute(_REACHED)
        return int(cursor.fetchone()[0])


def _replayed() -> int | None:
    """How far the replica is in the primary's log; None where it is no replica, or one no more: a database of its own is never read."""
    with connections[REPLICA].cursor() as cursor:
        cursor.execute(_HOW_FAR)
        follows, place = cursor.fetchone()
        return int(place) if follows and place is not None else None


class ReadsFromReplica:
    """Lets the public pages be read from the replica, and gives those who have sent something their cookie. For sites with settings.REPLICA_URL."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        before = _reads_there.set(False)
        try:
            response = self.get_response(request)
        finally:
            _reads_there.reset(before)
        if request.method not in {"GET", "HEAD", "OPTIONS"}:
            with suppress(DatabaseError, InterfaceError):  # what was asked is done, and is not to be asked again for the sake of a cookie
                response.set_cookie(COOKIE, str(_reached()), max_age=KEPT_S, samesite="Lax", secure=settings.HTTPS, httponly=True)
        return response

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        """Decides, once it is known what is asked for."""
        _reads_there.set(_may_read_there(request))

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Asks the primary where the replica failed: it ended, or it threw out the query for what it had to replay."""
        match = request.resolver_match
        if not (_reads_there.get() and isinstance(error, DatabaseError | InterfaceError) and match):
            return None
        global _known
        _known = _Known(time.monotonic() + LEFT_ALONE_S - ASKED_EVERY_S, 0, False)
        _reads_there.set(False)
        answer: HttpResponse = match.func(request, *match.args, **match.kwargs)
        return answer


def _may_read_there(request: HttpRequest) -> bool:
    match = request.resolver_match
    if request.method not in {"GET", "HEAD"} or match is None or match.view_name not in PUBLIC:
        return False
    if "token" in request.GET or set(request.COOKIES) - {settings.LANGUAGE_COOKIE_NAME, settings.CSRF_COOKIE_NAME, COOKIE}:
        return False
    written = request.COOKIES.get(COOKIE)
    return is_usable() and (written is None or has(written))
