"""Keys that clients sent with reports are known for as long as a client may send again, and then forgotten."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from reports.models import IdempotencyKey

KEPT = timedelta(days=90)  # a report may wait on a phone for weeks; who sends it again after a season sends another
BATCH = 1000


def forget_old_keys(*, now: datetime | None = None) -> int:
    """Deletes keys older than KEPT: how many. The oldest first, along the primary key, each batch in a transaction of its own."""
    before, forgotten = (now or timezone.now()) - KEPT, 0
    while True:
        first = IdempotencyKey.objects.order_by("pk").values_list("pk", "at")[:BATCH]
        old = [pk for pk, at in first if at < before]
        forgotten += IdempotencyKey.objects.filter(pk__in=old).delete()[0]
        if len(old) < BATCH:
            return forgotten
