"""An edition put in force together with what follows from it; rehearsed before, and undone while nobody has gone on from it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit.acting import acting
from authorities import handover
from authorities.coverage import Gap, gaps
from authorities.handover import Handover
from boundaries.editions import EditionError, activate, withdraw
from boundaries.models import Edition, Unit
from reports.models import Activation, Report, ReportPlace, UnitFollow
from reports.territory.rerouting import KIND, Rerouting, bodies_on, reroute_open_reports
from reports.workflow import CLOCK_EVENTS

if TYPE_CHECKING:
    from accounts.models import User

UNDONE = "reroute_undone"


@dataclass(frozen=True)
class Rehearsal:
    """What an activation would do: to reports, to bodies, people and rules; where nobody would be responsible any more."""

    edition: Edition
    on: date
    reports: Rerouting
    handover: Handover
    new_gaps: list[Gap]
    unit_followers: list[tuple[Unit, int]]  # how many follow a unit that ends; they go on following its territory

    def digest(self) -> str:
        """SHA-256 of what people decide upon: the plan, and who hands how many reports to whom."""
        pairs = sorted((old.code, new.code, count) for (old, new), count in self.reports.handed_over.items())
        return hashlib.sha256(repr((self.edition.pk, self.on, self.handover.digest(), pairs)).encode()).hexdigest()


class RehearsalOutdated(EditionError):
    """What would be done is no longer what was looked at."""


def rehearse(*, edition: Edition, on: date | None = None) -> Rehearsal:
    """What `activate_and_reroute` would do, or (for an edition that begins in the future) re-routing on its first day; changes nothing.

    Raises EditionError where the edition cannot be put in force.
    """
    first = _first_day(edition, on)
    day = max(timezone.localdate(), first)
    with transaction.atomic():
        before = {(gap.category.pk, unit.pk) for gap in gaps(date.fromordinal(first.toordinal() - 1)) for unit in gap.units}
        with _reports_following():
            activate(edition=edition, on=on)
        plan = handover.prepare(edition, first)
        handover.carry_out(plan)
        found = reroute_open_reports(at=_noon(day), dry_run=True)
        told = UnitFollow.objects.told().filter(unit__replaced_by__edition=edition).values("unit").annotate(count=Count("pk"))
        counts = dict(told.values_list("unit", "count"))
        followers = [(unit, counts[unit.pk]) for unit in Unit.objects.filter(pk__in=counts).order_by("level", "code")]
        missing = [Gap(gap.category, [unit for unit in gap.units if (gap.category.pk, unit.pk) not in before]) for gap in gaps(day)]
        transaction.set_rollback(True)
    return Rehearsal(edition, first, found, plan, [gap for gap in missing if gap.units], followers)


@transaction.atomic
def activate_and_reroute(
    *, edition: Edition, on: date | None = None, actor: User | None = None, digest: str = "", activation: Activation | None = None
) -> Rerouting:
    """Puts an edition in force, hands bodies, people and rules over, and gives the open reports to the units and bodies of today; all, or nothing.

    With a `digest` of a rehearsal nothing but what was rehearsed is done, else RehearsalOutdated is raised; EditionError where the edition cannot
    be put in force. An edition that begins in the future moves no report yet: on its first day `reroute_what_is_due` does.
    """
    first, now = _first_day(edition, on), timezone.now()
    record = activation or Activation(edition=edition, on=first, asked_by=actor, digest=digest)
    if digest and rehearse(edition=edition, on=on).digest() != digest:
        raise RehearsalOutdated(_("Since you looked, something has changed: look at the rehearsal once more, then activate."))
    with _reports_following():
        activate(edition=edition, on=on)
    plan = handover.prepare(edition, first)
    with acting(actor_id=record.asked_by.pk if record.asked_by else None, cause=f"activation: {edition.name}"):
        record.record = handover.carry_out(plan)
    record.state, record.done_at, record.on = Activation.State.DONE, now, first
    record.save()
    done = Rerouting(timezone.localdate(now))
    if first <= timezone.localdate(now):
        done = _reroute(record, now)
    return done


def reroute_what_is_due(*, at: datetime | None = None) -> int:
    """Re-routes for editions whose first day has come since they were activated; returns for how many. Called each few minutes."""
    at = at or timezone.now()
    count = 0
    for pk in Activation.objects.due(timezone.localdate(at)).values_list("pk", flat=True):
        with transaction.atomic():
            record = Activation.objects.select_for_update().get(pk=pk)
            if record.rerouted_at is None and record.state == Activation.State.DONE:
                _reroute(record, at)
                count += 1
    return count


def _reroute(record: Activation, at: datetime) -> Rerouting:
    actor = record.asked_by.pk if record.asked_by else None
    done = reroute_open_reports(at=at, actor_id=actor, more={"activation": record.pk})
    record.rerouted_at = at
    record.summary = {"looked_at": done.looked_at, "moved": done.moved, "units_only": done.units_only, "places": done.places}
    record.save(update_fields=["rerouted_at", "summary"])
    return done


# --- undoing ------------------------------------------------------------------------------------------------------------

MOVED = """
CREATE TEMPORARY TABLE undoing ON COMMIT DROP AS
SELECT event.id AS event_id, event.report_id, event.status_before, event.status_after, event.data -> 'before' AS before,
       (event.data #>> '{before,version}')::int + 1 AS version, event.data ->> 'from' AS former, event.data ->> 'to' AS holder
FROM reports_reportevent AS event
WHERE event.kind = %(moved)s AND event.at >= %(since)s AND event.data @> jsonb_build_object('activation', %(activation)s::bigint)
"""
# Somebody has gone on from it: a step on a report that was moved, or anything but the filing of one that was filed in the new units
GONE_ON = """
SELECT report.code FROM undoing JOIN reports_report AS report ON report.id = undoing.report_id
WHERE report.version <> undoing.version + (
  SELECT count(*) FROM reports_reportevent AS event WHERE event.report_id = report.id AND event.id > undoing.event_id AND event.kind = ANY(%(clock)s)
)
UNION
SELECT report.code FROM reports_report AS report JOIN boundaries_unit AS unit ON unit.id = report.unit_at_filing_id
WHERE unit.edition_id = %(edition)s AND EXISTS (
  SELECT FROM reports_reportevent AS event WHERE event.report_id = report.id AND event.kind NOT IN ('filed', 'note', 'show', 'hide') AND event.kind <> ALL(%(clock)s)
)
ORDER BY 1 LIMIT 6
"""
GIVE_BACK = """
UPDATE reports_report AS report
SET unit_id = (before ->> 'unit')::bigint, method = before ->> 'method', distance_m = (before ->> 'distance_m')::float8,
    ambiguous = (before ->> 'ambiguous')::boolean, authority_id = (before ->> 'body')::bigint, officer_id = (
      SELECT person.id FROM accounts_user AS person WHERE person.id = (before ->> 'officer')::bigint
    ), status = undoing.status_before,
    stage_since = CASE WHEN report.held IS NULL THEN NULL ELSE report.stage_since END,
    stage_due_at = CASE WHEN report.held IS NULL THEN NULL ELSE report.stage_due_at END, changed_at = %(at)s, version = report.version + 1
FROM undoing WHERE undoing.report_id = report.id
"""
TELL = """
INSERT INTO reports_reportevent (report_id, at, kind, status_before, status_after, body_id, actor_id, public, data)
SELECT report_id, %(at)s, %(undone)s, status_after, status_before, (before ->> 'body')::bigint, %(actor)s, true,
       jsonb_build_object('from', holder, 'to', former, 'activation', %(activation)s::bigint, 'undoes', event_id)
FROM undoing
"""


@transaction.atomic
def undo_activation(*, activation: Activation, actor: User | None = None, at: datetime | None = None) -> int:
    """Takes an activation back while nobody has gone on from it: the edition, bodies, people, rules, and reports are as before.

    Nothing is erased: each report that had moved gets an event of its own. Returns how many. Raises EditionError where a step has been taken
    since, or another edition stands on this one.
    """
    at = at or timezone.now()
    activation = Activation.objects.select_for_update().select_related("edition").get(pk=activation.pk)
    if activation.state != Activation.State.DONE:
        raise EditionError(_("This activation is not in force, so there is nothing to undo."))
    edition = activation.edition
    asked: dict[str, Any] = {
        "moved": KIND,
        "undone": UNDONE,
        "since": activation.done_at,
        "activation": activation.pk,
        "edition": edition.pk,
        "clock": sorted(CLOCK_EVENTS),
        "at": at,
        "actor": actor.pk if actor else None,
    }
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE reports_report IN SHARE ROW EXCLUSIVE MODE")  # nobody takes a step between the look and the undoing
        cursor.execute("DROP TABLE IF EXISTS undoing")
        cursor.execute(MOVED, asked)
        cursor.execute(GONE_ON, asked)
        codes = [code for (code,) in cursor.fetchall()]
    if codes:
        raise EditionError(
            _("Work has gone on since: %(codes)s. An activation can be undone only while nobody has taken a step.")
            % {"codes": ", ".join(codes[:5]) + (" …" if len(codes) > 5 else "")}
        )
    withdraw(edition=edition)
    with acting(actor_id=actor.pk if actor else None, cause=f"activation undone: {edition.name}"):
        handover.undo(activation.record, today=timezone.localdate(at))
    with connection.cursor() as cursor:
        cursor.execute(GIVE_BACK, asked)
        cursor.execute(TELL, asked)
        count = int(cursor.rowcount)
    ReportPlace.objects.filter(edition=edition).delete()
    reroute_open_reports(at=at, among=Report.objects.filter(unit__edition=edition), actor_id=asked["actor"], more={"undoes": activation.pk})
    activation.state, activation.undone_at, activation.undone_by = Activation.State.UNDONE, at, actor
    activation.save(update_fields=["state", "undone_at", "undone_by"])
    return count


# --- guards -------------------------------------------------------------------------------------------------------------

_reports_follow: ContextVar[bool] = ContextVar("reports_follow", default=False)


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


def _first_day(edition: Edition, on: date | None) -> date:
    """The first day of an edition; one that has none holds since before our records, and what follows from it follows today."""
    return on or edition.valid_from or timezone.localdate()


def _noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=timezone.get_default_timezone())
