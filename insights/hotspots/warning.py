"""Early warning: a category that rises with a body beyond what season and chance explain, told to its head the same day.

The last seven days are compared with the eight weeks before, and with five weeks around the same days of last year. What rises everywhere, as the
rains make it, is no warning: Fisher's exact test asks whether it rose here more than with the other bodies. Both comparisons must say so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation

from accounts.models import User
from authorities.models import Membership, Role
from insights import tasks
from insights.hotspots.methods import benjamini_hochberg, hypergeometric_upper
from insights.hotspots.models import EarlyWarning, WarningMail
from reports.models import Report

RECENT = timedelta(days=7)
BEFORE = timedelta(days=56)
YEAR = timedelta(days=364)  # whole weeks: the same days of the week
AROUND = timedelta(days=14)
FEWEST = 5  # recent reports, below which nothing is told
ALPHA = 0.01
WINDOWS = ("recent", "before", "season")
QUIET = timedelta(days=14)  # after a warning, in which the same is not told again
LANGUAGES = frozenset(code for code, _name in settings.LANGUAGES)


@dataclass(frozen=True)
class Rise:
    """A category with a body: recent reports, how many were to be expected, and how surprising that is."""

    body_id: int
    category_id: int
    recent: int
    expected: float
    p: float
    q: float


def rises(at: datetime) -> list[Rise]:
    """What rises at a moment, the most surprising first. Reports about officials are left out: they are not their body's to hear of."""
    since, year = at - RECENT, at - YEAR
    windows = {
        "recent": Q(filed_at__gte=since, filed_at__lt=at),
        "before": Q(filed_at__gte=since - BEFORE, filed_at__lt=since),
        "season": Q(filed_at__gte=year - RECENT - AROUND, filed_at__lt=year + AROUND),
    }
    counted: Any = (
        Report.objects.filter(windows["recent"] | windows["before"] | windows["season"])
        .exclude(category__about_officials=True)
        .order_by()
        .values("authority", "category")
        .annotate(**{name: Count("pk", filter=window) for name, window in windows.items()})
    )
    return rising(list(counted))


def rising(rows: list[dict[str, int]]) -> list[Rise]:
    """What rises, of rows that say for an authority and a category how many are `recent`, were `before`, and in the `season`."""
    totals: dict[int, dict[str, int]] = {}
    for row in rows:
        total = totals.setdefault(row["category"], dict.fromkeys(WINDOWS, 0))
        for name in WINDOWS:
            total[name] += row[name]
    asked = [row for row in rows if row["recent"] >= FEWEST]
    p = np.array([_surprise(row, totals[row["category"]]) for row in asked])
    q = benjamini_hochberg(p) if len(p) else p
    found = [
        Rise(row["authority"], row["category"], row["recent"], _expected(row, totals[row["category"]]), float(p[at_]), float(q[at_]))
        for at_, row in enumerate(asked)
        if q[at_] <= ALPHA
    ]
    return sorted(found, key=lambda rise: (rise.q, rise.p, rise.body_id, rise.category_id))


def _surprise(row: dict[str, int], total: dict[str, int]) -> float:
    """The larger of the two p-values: both comparisons must be surprising. Without reports of last year only the first is made."""
    against = ["before", *(["season"] if total["season"] else [])]
    return max(
        hypergeometric_upper(row["recent"], row["recent"] + row[name], total["recent"], total["recent"] + total[name]) for name in against
    )


def _expected(row: dict[str, int], total: dict[str, int]) -> float:
    """The recent reports that the eight weeks before give, with the change that the other bodies saw."""
    others_recent, others_before = total["recent"] - row["recent"], total["before"] - row["before"]
    change = others_recent / others_before if others_before else RECENT / BEFORE
    return round(row["before"] * change, 2)


@transaction.atomic
def warn(*, at: datetime | None = None) -> int:
    """Notes what rises now and was not told in the last two weeks, and writes to the heads; how many warnings. Again on the same day is no error."""
    now = at or timezone.now()
    day = timezone.localdate(now)
    told = set(EarlyWarning.objects.filter(day__gt=day - QUIET).values_list("body", "category"))
    new = [
        EarlyWarning(
            body_id=rise.body_id, category_id=rise.category_id, day=day, recent=rise.recent, expected=rise.expected, p=rise.p, q=rise.q, made_at=now
        )
        for rise in rises(now)
        if (rise.body_id, rise.category_id) not in told
    ]  # fmt: skip
    EarlyWarning.objects.bulk_create(new, ignore_conflicts=True)
    for user, warnings in _heads(EarlyWarning.objects.filter(day=day, mails=None).select_related("body")).items():
        mail, made = WarningMail.objects.get_or_create(user=user, day=day)
        if not made and mail.sent_at is not None:
            continue  # told once today; the page has the rest
        mail.warnings.add(*warnings)
        tasks.send_warnings.defer(mail_id=mail.pk)
    return len(new)


def _heads(warnings: QuerySet[EarlyWarning]) -> dict[User, list[EarlyWarning]]:
    """The warnings of each head who can be written to."""
    found: dict[User, list[EarlyWarning]] = {}
    for warning in warnings:
        held = Membership.objects.filter(body=warning.body_id, role=Role.HEAD, validity__contains=warning.day, user__is_active=True)
        for membership in held.exclude(user__email="").select_related("user").order_by("user"):
            found.setdefault(membership.user, []).append(warning)
    return found


@transaction.atomic
def send(mail_id: int) -> bool:
    """Sends a mail of warnings, once; whether it was sent now."""
    mail = WarningMail.objects.select_for_update(of=("self",)).select_related("user").get(pk=mail_id)
    if mail.sent_at is not None:
        return False
    person = mail.user
    with translation.override(person.language if person.language in LANGUAGES else settings.LANGUAGE_CODE):
        context = {
            "warnings": list(mail.warnings.select_related("body", "category").order_by("q", "pk")),
            "page": settings.SITE_URL + reverse("insights:hotspots"),
            "site": settings.SITE_URL,
        }
        subject = " ".join(render_to_string("mail/warning_subject.txt", context).split())
        body = render_to_string("mail/warning.txt", context).strip() + "\n"
        EmailMessage(subject=subject, body=body, to=[person.email], headers={"Auto-Submitted": "auto-generated"}).send()
    mail.sent_at = timezone.now()
    mail.save(update_fields=["sent_at"])
    return True
