"""Who else has a report open at the desk: said every few seconds by the page, forgotten when it is silent, and in nobody's way."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from reports.desk_models import Presence

if TYPE_CHECKING:
    from accounts.models import User
    from reports.models import Report

HEARTBEAT_SECONDS = 15
GONE_AFTER = timedelta(seconds=45)  # two heartbeats may be lost
FORGOTTEN_AFTER = timedelta(hours=1)


def look(report: Report, user: User, *, at: datetime | None = None) -> list[User]:
    """Notes that somebody looks at a report, and returns who else does, by name."""
    at = at or timezone.now()
    Presence.objects.bulk_create(
        [Presence(report=report, user=user, seen_at=at)], update_conflicts=True, unique_fields=["report", "user"], update_fields=["seen_at"]
    )
    others = Presence.objects.filter(report=report, seen_at__gt=at - GONE_AFTER, user__is_active=True).exclude(user=user)
    return [presence.user for presence in others.select_related("user").order_by("user__full_name")]


def leave(report: Report, user: User) -> None:
    """Notes that somebody has closed the page."""
    Presence.objects.filter(report=report, user=user).delete()


def forget(*, now: datetime | None = None) -> int:
    """Deletes what is long over: how many rows."""
    return Presence.objects.filter(seen_at__lt=(now or timezone.now()) - FORGOTTEN_AFTER).delete()[0]
