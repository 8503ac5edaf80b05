"""Following a report or a territory by e-mail: asked for by anybody, begun only by whoever reads the mail, ended by one click. Addresses are shown to nobody."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TypeVar

from django.db import transaction
from django.db.models import Q, Value
from django.db.models.functions import Lower
from django.utils import timezone

from boundaries.models import Unit
from reports import notifications
from reports.mails import Purpose
from reports.models import Follow, Follower, Report, UnitFollow
from reports.throttling import over_limit
from reports.tokens import is_follow_token

F = TypeVar("F", Follow, UnitFollow)
QUESTIONS = (Purpose.CONFIRM, Purpose.CONFIRM_REPORTER)
ASKED_AGAIN_AFTER = timedelta(hours=1)
UNCONFIRMED_KEPT = timedelta(days=7)
ENDED_KEPT = timedelta(days=30)


@transaction.atomic
def ask_to_follow(report: Report, *, email: str, language: str, as_reporter: bool = False, at: datetime | None = None) -> None:
    """Sends a mail that asks an address whether it wants to follow a report. The caller never learns what became of it.

    Nothing is sent to an address that follows already, that declined before, that was asked within the hour, or that was asked too often
    over all reports and territories.
    """
    at = at or timezone.now()
    follow = _held(Follow(report=report, email=email, language=language, since=at), report=report)
    if not follow.is_told or (as_reporter and not follow.is_reporter):
        _ask(follow, Purpose.CONFIRM_REPORTER if as_reporter else Purpose.CONFIRM, language, at)


@transaction.atomic
def ask_to_follow_unit(unit: Unit, *, email: str, language: str, at: datetime | None = None) -> None:
    """Sends a mail that asks an address whether it wants to follow the territory of a unit, of whatever date; by the same rules."""
    at = at or timezone.now()
    follow = _held(UnitFollow(unit=unit, email=email, language=language, since=at, told_until=at), unit=unit)
    if not follow.is_told:
        _ask(follow, Purpose.CONFIRM_UNIT, language, at)


def _held(new: F, **about: Report | Unit) -> F:
    """The row of an address, locked: as it is, or this one where there is none."""
    rows = type(new).objects
    rows.bulk_create([new], ignore_conflicts=True)
    same = rows.annotate(folded=Lower("email")).filter(folded=Lower(Value(new.email)), **about)
    return same.select_for_update(of=("self",), no_key=True).get()


def _ask(follow: Follow | UnitFollow, purpose: Purpose, language: str, at: datetime) -> None:
    declined = follow.confirmed_at is None and follow.ended_at is not None
    just_asked = follow.messages.filter(event_id=None, news_until=None, created_at__gt=at - ASKED_AGAIN_AFTER).exists()
    if declined or just_asked or over_limit(follow.email.lower(), "follow_address"):
        return
    if follow.language != language:
        follow.language = language
        follow.save(update_fields=["language"])
    notifications.ask(follow, purpose, at=at)


def asked_for(follow_id: int, token: str) -> Purpose | None:
    """What a confirmation link was sent for; None where the token is not right."""
    return next((purpose for purpose in QUESTIONS if is_follow_token(token, purpose, follow_id)), None)


@transaction.atomic
def confirm(follow: Follow, purpose: Purpose, *, at: datetime | None = None) -> None:
    """Begins to tell a follower; from the reporter's own browser, with the private link. Again is no error."""
    follow = Follow.objects.select_for_update(of=("self",), no_key=True).get(pk=follow.pk)
    if follow.confirmed_at is None or follow.ended_at is not None:
        follow.confirmed_at, follow.ended_at = at or timezone.now(), None
    follow.is_reporter = follow.is_reporter or purpose == Purpose.CONFIRM_REPORTER
    follow.save(update_fields=["confirmed_at", "ended_at", "is_reporter"])


@transaction.atomic
def confirm_unit(follow: UnitFollow, *, at: datetime | None = None) -> None:
    """Begins to tell a follower of a territory of what is new from now on. Again is no error."""
    at = at or timezone.now()
    not_yet = UnitFollow.objects.filter(Q(confirmed_at__isnull=True) | Q(ended_at__isnull=False), pk=follow.pk)
    not_yet.update(confirmed_at=at, ended_at=None, told_until=at)


def end(kind: type[Follower], follow_id: int, *, at: datetime | None = None) -> None:
    """Tells a follower no more. Again, or of one that is forgotten, is no error."""
    kind.objects.filter(pk=follow_id, ended_at__isnull=True).update(ended_at=at or timezone.now())


def forget_ended(*, now: datetime | None = None) -> int:
    """Erases the addresses that were not confirmed within a week, and those unsubscribed a month ago, with their mails: how many rows."""
    now = now or timezone.now()
    unconfirmed = Q(confirmed_at__isnull=True, ended_at__isnull=True, since__lt=now - UNCONFIRMED_KEPT)
    gone = unconfirmed | Q(ended_at__lt=now - ENDED_KEPT)
    return sum(kind.objects.filter(gone).delete()[0] for kind in (Follow, UnitFollow))
