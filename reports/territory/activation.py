"""An edition put in force together with what follows from it; rehearsed before, and undone while nobody has gone on from it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import ngettext

from boundaries.editions import EditionError, activate
from boundaries.models import Edition
from reports.territory.rerouting import Rerouting, bodies_on, reroute_open_reports

_reports_follow: ContextVar[bool] = ContextVar("reports_follow", default=False)


@transaction.atomic
def activate_and_reroute(*, edition: Edition, on: date | None = None) -> Rerouting:
    """Puts an edition in force, and gives the open reports to the units and bodies of today; both, or (EditionError) neither.

    An edition that begins in the future moves nothing yet: on its first day `reroute_open_reports` does.
    """
    with _reports_following():
        activate(edition=edition, on=on)
    return reroute_open_reports()


def rehearse(*, edition: Edition, on: date | None = None) -> Rerouting:
    """What `activate_and_reroute` would do, or (for an edition that begins in the future) re-routing on its first day; changes nothing.

    Raises EditionError where the edition cannot be put in force.
    """
    day = max(timezone.localdate(), on or edition.valid_from or date.min)
    with transaction.atomic():
        with _reports_following():
            activate(edition=edition, on=on)
        found = reroute_open_reports(at=_noon(day), dry_run=True)
        transaction.set_rollback(True)
    return found


def refuse_while_open_reports_change_hands(edition: Edition, on: date | None) -> None:
    """A guard of activation: EditionError while an edition would take open reports from the body that has them, and what to do instead."""
    if _reports_follow.get():
        return
    count = _handed_over_by(edition, on)
    if count:
        raise EditionError(
            ngettext(
                "“%(name)s” would give %(count)d open report to another body. Load it without --activate, see who gets what with"
                " `manage.py reroute --activate EDITION --dry-run`, and let `manage.py reroute --activate EDITION` do both in one step.",
                "“%(name)s” would give %(count)d open reports to other bodies. Load it without --activate, see who gets what with"
                " `manage.py reroute --activate EDITION --dry-run`, and let `manage.py reroute --activate EDITION` do both in one step.",
                count,
            )
            % {"name": edition.name, "count": count}
        )


def _handed_over_by(edition: Edition, on: date | None) -> int:
    """How many open reports belong to another body with the edition in force than without it, on the day of the change."""
    day = max(timezone.localdate(), on or edition.valid_from or date.min)
    with transaction.atomic():
        without = bodies_on(day)
    with transaction.atomic():
        with _reports_following():
            activate(edition=edition, on=on)
        with_it = bodies_on(day)
        transaction.set_rollback(True)
    return sum(with_it.get(report) != without.get(report) for report in with_it.keys() | without.keys())


@contextmanager
def _reports_following() -> Iterator[None]:
    """Activations inside need no guard: the open reports are seen to."""
    token = _reports_follow.set(True)
    try:
        yield
    finally:
        _reports_follow.reset(token)


def _noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=timezone.get_default_timezone())
