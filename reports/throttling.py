"""Limits on calls, shared by all processes: one atomic statement on an unlogged table, rates from settings.THROTTLES.

An address is never stored: what is counted is its keyed hash, and an IPv6 caller is counted by its /64, which is what one subscriber holds.
"""

from __future__ import annotations

import hmac
import ipaddress
import math
import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from rest_framework.exceptions import Throttled
from rest_framework.throttling import BaseThrottle

from gis.prepared import one_row
from reports.models import ThrottleCount

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
RATE = re.compile(r"(\d+)/(\d*)([smhd])")
KEPT = timedelta(days=2)  # longer than any window

_COUNT = """
INSERT INTO reports_throttlecount AS counted (key, "window", count) VALUES (%(key)s::text, %(window)s::timestamptz, 1)
ON CONFLICT (key, "window") DO UPDATE SET count = counted.count + 1
RETURNING count
"""


class Throttle(BaseThrottle):
    """Limits the calls of one client in one scope; the scope is given, or stands on the view as `throttle_scope`."""

    def __init__(self, scope: str = "") -> None:
        self.scope = scope

    def allow_request(self, request: Any, view: Any) -> bool:
        """True within the limit, and for a view without scope; otherwise raises TooMany, which says how long to wait."""
        scope = self.scope or getattr(view, "throttle_scope", "")
        wait = throttled(request, scope) if scope else None
        if wait is not None:
            raise TooMany(wait)
        return True


class TooMany(Throttled):
    """429 with Retry-After, in a sentence for people."""

    def __init__(self, wait: int) -> None:
        super().__init__(wait=wait)
        self.extra = {"detail": wait_sentence(wait)}


def throttled(request: Any, scope: str) -> int | None:
    """Counts this call of the client; seconds to wait where it is over the limit of the scope, else None."""
    if not settings.THROTTLES[scope]:
        return None
    return over_limit(client_address(request), scope)


def over_limit(who: str, scope: str) -> int | None:
    """Counts a call of somebody (an address of any kind, kept as a keyed hash) in a scope; seconds to wait over the limit, else None."""
    limit, seconds = parse_rate(settings.THROTTLES[scope])
    if not seconds:
        return None
    now = time.time()
    begun = int(now // seconds * seconds)
    (count,) = one_row(_COUNT, {"key": _key(who, scope), "window": datetime.fromtimestamp(begun, UTC)})
    return max(1, math.ceil(begun + seconds - now)) if count > limit else None


def client_address(request: Any) -> str:
    """The caller's address, through settings.REST_FRAMEWORK["NUM_PROXIES"] proxies as DRF reads it; an IPv6 one cut to its /64."""
    text = (BaseThrottle().get_ident(request) or "").strip()
    try:
        address = ipaddress.ip_address(text.split("%")[0])
    except ValueError:
        return text[:100]
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped) if mapped else str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def parse_rate(rate: str) -> tuple[int, int]:
    """(calls, seconds) of a rate such as "30/h" or "5/10m"; (0, 0), which is no limit, of an empty one. Raises ValueError otherwise."""
    if not rate:
        return 0, 0
    found = RATE.fullmatch(rate.strip())
    seconds = int(found[2] or 1) * SECONDS[found[3]] if found else 0
    if found is None or not 0 < seconds <= SECONDS["d"]:
        raise ValueError(f"{rate!r} is not a rate: write calls/time, for example 30/h or 5/10m, of at most a day.")
    return int(found[1]), seconds


def too_many(request: HttpRequest, wait: int) -> HttpResponse:
    """The page that asks to wait, with status 429 and Retry-After (seconds)."""
    response = render(request, "429.html", {"sentence": wait_sentence(wait)}, status=429)
    response.headers["Retry-After"] = str(wait)
    return response


def wait_sentence(wait: int) -> str:
    """How long to wait, in words."""
    minutes = max(1, round(wait / 60))
    if wait < 90:
        return _("Too many in a short time. Please try again in a minute.")
    return ngettext(
        "Too many in a short time. Please try again in %(minutes)d minute.",
        "Too many in a short time. Please try again in %(minutes)d minutes.",
        minutes,
    ) % {"minutes": minutes}


def forget_old_counts(*, now: datetime | None = None) -> int:
    """Deletes the counts of windows that have ended: how many."""
    deleted, _by_model = ThrottleCount.objects.filter(window__lt=(now or datetime.now(UTC)) - KEPT).delete()
    return deleted


def _key(who: str, scope: str) -> str:
    digest = hmac.digest(settings.SECRET_KEY.encode(), f"throttle\x1f{scope}\x1f{who}".encode(), "sha256")
    return f"{scope}:{digest[:16].hex()}"
