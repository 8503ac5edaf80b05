"""What a change of territory does to reports: open ones go to the unit and the body of the day, and every report gets a place in every edition.

Closed reports, and where a report lay at filing, are never touched.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import ngettext
from procrastinate.types import JSONDict

from authorities.models import Body, BodySuccession, Category
from authorities.routing import Routing, route, route_by_hand, route_like, with_those_above
from boundaries.editions import EditionError, activate
from boundaries.locate import Placement, Spot, locate_many
from boundaries.models import Edition, Unit
from gis.bbox import METRES_PER_DEGREE
from reports import tasks
from reports.models import Conflict, Follow, Handling, Report, ReportEvent, ReportPlace
from reports.querysets import ReportQuerySet
from reports.services.filing import placed_in
from reports.workflow import AT_WORK, UNTOUCHED, Status

BATCH = 1000
KIND = "rerouted"
HANDED_OVER = Q(kind__in=["filed", "recategorise", "assign", "to_triage", KIND]) | Q(kind="reopen", data__has_key="to")
BY_HAND = frozenset({"assign", "to_triage"})


@dataclass
class Rerouting:
    """What a re-routing did, or would do: the day, how many open reports were looked at, and who hands how many to whom."""

    on: date
    looked_at: int = 0
    handed_over: Counter[tuple[Body, Body]] = field(default_factory=Counter)
    units_only: int = 0  # lie in another unit, and stay with their body
    places: int = 0  # rows of where a report lies in an edition, written or corrected

    @property
    def moved(self) -> int:
        """How many change hands."""
        return self.handed_over.total()


@dataclass(frozen=True)
class Move:
    """Where one open report belongs on the day: another unit, another body, or both."""

    report: Report
    placement: Placement
    routing: Routing

    @property
    def changes_hands(self) -> bool:
        """Whether another body gets the report."""
        return self.routing.body != self.report.authority


@transaction.atomic
def reroute_open_reports(
    *, at: datetime | None = None, dry_run: bool = False, among: ReportQuerySet | None = None, renew_places: bool = False
) -> Rerouting:
    """Gives each open report to the unit and the body of a day (default: today), each with an event; and places for editions that lack them.

    A report moves when its spot lies in another unit than it has, when its body is no more, or when the rules name another body. A body that a
    person chose stays as long as it exists and covers the spot; its one successor follows it. What lay with the old body is new for the next
    one; what waits for the coordinator or for the reporter goes on waiting. `renew_places` also corrects places, after outlines were revised.
    """
    at = at or timezone.now()
    reports = Report.objects.all() if among is None else among
    done = Rerouting(timezone.localdate(at))
    for moves in _planned(reports, done, locked=not dry_run):
        for move in moves:
            if move.changes_hands:
                done.handed_over[move.report.authority, move.routing.body] += 1
            else:
                done.units_only += 1
        if not dry_run:
            _carry_out(moves, at)
    if not dry_run:
        done.places = _write_places(None if among is None else list(among.values_list("pk", flat=True)), renew_places)
    return done


# --- who belongs where --------------------------------------------------------------------------------------------------


def _planned(reports: ReportQuerySet, done: Rerouting, *, locked: bool) -> Iterator[list[Move]]:
    """The moves of the open reports among these, in batches."""
    answers = _Answers(done.on)
    ids = list(reports.open().order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(ids), BATCH):
        batch = Report.objects.filter(pk__in=ids[start : start + BATCH]).open().order_by("pk")
        if locked:
            list(batch.select_for_update(of=("self",)).only("pk"))  # read anew below: whoever waited judges by what the winner left
        here = list(batch.select_related("category", "authority", "unit"))
        done.looked_at += len(here)
        yield _moves(here, answers)


def _moves(reports: Sequence[Report], answers: _Answers) -> list[Move]:
    placements = locate_many([Spot(report.location, report.accuracy_m) for report in reports], on=answers.on)
    by_hand, chosen, conflicts = _put_by_hand(reports), _chosen_on_a_border(reports), _conflicts(reports)
    moves = []
    for report, placement in zip(reports, placements, strict=True):
        unit = report.unit
        if unit is not None and report.pk in chosen and answers.on in unit.validity:
            placement = placed_in(unit.code, placement)
        routing = None
        if report.pk in by_hand:
            routing = answers.by_hand(placement, report)
        if routing is None or routing.body.pk in conflicts.get(report.pk, ()):
            routing = answers.by_rule(placement, report.category)
        if routing.body != report.authority or placement.unit != unit:
            moves.append(Move(report, placement, routing))
    return moves


class _Answers:
    """The answers of one day, each rule asked once for all spots of a unit and category."""

    def __init__(self, on: date) -> None:
        self.on = on
        self._known: dict[tuple[int, int], Routing] = {}
        self._covering: dict[int, frozenset[int]] = {}
        self._heirs: dict[int, Body | None] = {}

    def by_rule(self, placement: Placement, category: Category) -> Routing:
        """Whom the rules name."""
        if placement.unit is None or category.about_officials:  # there the candidates have a say
            return route(placement, category, self.on)
        key = placement.unit.pk, category.pk
        if key not in self._known:
            self._known[key] = route(placement, category, self.on)
        return route_like(self._known[key], placement)

    def by_hand(self, placement: Placement, report: Report) -> Routing | None:
        """The body that a person chose, or its one successor, where it exists and covers the spot."""
        heir = self._heir(report.authority)
        if heir is None or (placement.unit is not None and heir.pk not in self._covers(placement.unit)):
            return None
        routing = route_by_hand(placement, report.category, self.on, heir, succeeded=heir != report.authority)
        return replace(routing, needs_triage=report.status == Status.TRIAGE)

    def _heir(self, body: Body) -> Body | None:
        """The body itself while it exists; then the one that took over from it, step by step, where there is only one."""
        if body.pk not in self._heirs:
            heirs = {body}
            while heirs and not any(self.on in heir.validity for heir in heirs):
                heirs = {row.new for row in BodySuccession.objects.filter(old__in=heirs, on__lte=self.on).select_related("new")}
            standing = [heir for heir in heirs if self.on in heir.validity]
            self._heirs[body.pk] = standing[0] if len(standing) == 1 else None
        return self._heirs[body.pk]

    def _covers(self, unit: Unit) -> frozenset[int]:
        if unit.pk not in self._covering:
            bodies = Body.objects.existing(self.on).covering(with_those_above(unit), self.on)
            self._covering[unit.pk] = frozenset(bodies.values_list("pk", flat=True))
        return self._covering[unit.pk]


def _put_by_hand(reports: Sequence[Report]) -> set[int]:
    """Those that a person, not a rule, gave to the body that has them."""
    last = ReportEvent.objects.filter(HANDED_OVER, report__in=reports).order_by("report", "-at", "-pk").distinct("report")
    return {report for report, kind in last.values_list("report_id", "kind") if kind in BY_HAND}


def _conflicts(reports: Sequence[Report]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {}
    for report, body in Conflict.objects.filter(report__in=reports).values_list("report_id", "body_id"):
        found.setdefault(report, set()).add(body)
    return found


# Whose reporter named another unit than the nearest: the trace of the filing tells. %(some)s: ids, or NULL for all
CHOSEN = """
SELECT event.report_id FROM reports_reportevent AS event
WHERE event.kind = 'filed' AND (%(some)s::bigint[] IS NULL OR event.report_id = ANY(%(some)s))
  AND event.data #>> '{trace,unit,code}' <> (
    SELECT found ->> 'code' FROM jsonb_array_elements(event.data #> '{trace,candidates}') AS found
    ORDER BY (found ->> 'distance_m')::float8, found ->> 'code' LIMIT 1
  )
"""


def _chosen_on_a_border(reports: Sequence[Report]) -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute(CHOSEN, {"some": [report.pk for report in reports]})
        return {pk for (pk,) in cursor.fetchall()}


# --- moving -------------------------------------------------------------------------------------------------------------


def _carry_out(moves: Sequence[Move], at: datetime) -> None:
    """Writes the moves of a batch: reports, places, handlings, conflicts, events, jobs; a statement for each kind."""
    events, conflicts = [], []
    for move in moves:
        report, placement, routing = move.report, move.placement, move.routing
        former, before = report.authority, report.status
        data: dict[str, Any] = {"from": former.code, "to": routing.body.code, "trace": routing.trace}
        if placement.unit != report.unit:
            data["unit_before"] = report.unit.code if report.unit else None
        report.unit, report.method, report.distance_m = placement.unit, placement.method, placement.distance_m
        report.ambiguous = placement.ambiguous
        if move.changes_hands:
            report.authority, report.officer = routing.body, None
            report.status = _status_with_the_next_body(report, routing)
        report.changed_at = at
        report.version += 1
        conflicts += [Conflict(report=report, body=body) for body in routing.conflicts]
        events.append(
            ReportEvent(
                report=report,
                at=at,
                kind=KIND,
                status_before=before,
                status_after=report.status,
                body=report.authority,
                public=True,
                data=data,
            )
        )
    reports = [move.report for move in moves]
    _save(reports)
    ReportPlace.objects.bulk_create(
        (
            ReportPlace(
                report=report, edition_id=report.unit.edition_id, unit=report.unit, method=report.method, distance_m=report.distance_m
            )
            for report in reports
            if report.unit is not None
        ),
        update_conflicts=True,
        unique_fields=["report", "edition"],
        update_fields=["unit", "method", "distance_m"],
    )
    Handling.objects.bulk_create((Handling(report=report, body=report.authority, since=at) for report in reports), ignore_conflicts=True)
    Conflict.objects.bulk_create(conflicts, ignore_conflicts=True)
    ReportEvent.objects.bulk_create(events)
    _tell([event for event, move in zip(events, moves, strict=True) if event.data["from"] != event.data["to"]])


SAVE = """
UPDATE reports_report AS report
SET unit_id = moved.unit, method = moved.method, distance_m = moved.distance, ambiguous = moved.ambiguous, authority_id = moved.body,
    officer_id = moved.officer, status = moved.status, changed_at = moved.at, version = moved.version
FROM unnest(
  %s::bigint[], %s::bigint[], %s::text[], %s::float8[], %s::boolean[], %s::bigint[], %s::bigint[], %s::text[], %s::timestamptz[], %s::int[]
) AS moved (id, unit, method, distance, ambiguous, body, officer, status, at, version)
WHERE report.id = moved.id
"""
SAVED = ("pk", "unit_id", "method", "distance_m", "ambiguous", "authority_id", "officer_id", "status", "changed_at", "version")


def _save(reports: Sequence[Report]) -> None:
    """One UPDATE for all of them."""
    with connection.cursor() as cursor:
        cursor.execute(SAVE, [[getattr(report, name) for report in reports] for name in SAVED])


def _status_with_the_next_body(report: Report, routing: Routing) -> str:
    """What lay with the old body is new for the next; what waits for the coordinator or the reporter goes on waiting."""
    if report.status not in UNTOUCHED | AT_WORK:
        return report.status
    return Status.TRIAGE if routing.needs_triage else Status.NEW


def _tell(events: Sequence[ReportEvent]) -> None:
    """Defers the mails of those events whose reports somebody follows."""
    followed = set(Follow.objects.filter(report__in=[event.report_id for event in events]).values_list("report_id", flat=True))
    jobs: list[JSONDict] = [{"event_id": event.pk} for event in events if event.report_id in followed]
    if jobs:
        tasks.tell_followers.batch_defer(*jobs)


# One statement for all reports and editions. Where the reporter named the unit on a border, that answer stands in the edition of the unit
PLACES = """
INSERT INTO reports_reportplace (report_id, edition_id, unit_id, method, distance_m)
SELECT report.id, edition.id, near.unit_id,
       CASE WHEN near.unit_id IS NULL THEN 'none' WHEN near.distance = 0 THEN 'inside' ELSE 'snapped' END, coalesce(near.distance, 0)
FROM reports_report AS report
LEFT JOIN boundaries_unit AS filed ON filed.id = report.unit_at_filing_id
CROSS JOIN boundaries_edition AS edition
LEFT JOIN reports_reportplace AS place ON place.report_id = report.id AND place.edition_id = edition.id
LEFT JOIN LATERAL (
  SELECT unit.id AS unit_id,
         CASE WHEN ST_Covers(piece.geometry, report.location) THEN 0 ELSE ST_Distance(piece.geometry::geography, report.location::geography) END AS distance
  FROM boundaries_unitpiece AS piece JOIN boundaries_unit AS unit ON unit.id = piece.unit_id
  WHERE piece.geometry && ST_Expand(report.location, %(dy)s / greatest(cos(radians(ST_Y(report.location))), 0.01), %(dy)s)
    AND unit.edition_id = edition.id AND unit.active AND unit.level = 'commune'
  ORDER BY distance, unit.code
  LIMIT 1
) AS near ON near.distance <= %(limit)s
WHERE edition.state = 'active' AND (place.id IS NULL OR %(renew)s)
  AND (%(some)s::bigint[] IS NULL OR report.id = ANY(%(some)s))
  AND (place.id IS NULL OR place.unit_id IS DISTINCT FROM near.unit_id OR abs(place.distance_m - coalesce(near.distance, 0)) > 1)
  AND (place.id IS NULL OR filed.edition_id IS DISTINCT FROM edition.id OR report.id NOT IN (CHOSEN))
ON CONFLICT (report_id, edition_id)
DO UPDATE SET unit_id = excluded.unit_id, method = excluded.method, distance_m = excluded.distance_m
""".replace("CHOSEN", CHOSEN)


def _write_places(some: list[int] | None, renew: bool) -> int:
    """Places of these reports (None: all), open or closed, in the active editions: those that are missing, with `renew` also those that are wrong."""
    asked = {"some": some, "renew": renew, "limit": settings.SNAP_DISTANCE_M, "dy": settings.SNAP_DISTANCE_M / METRES_PER_DEGREE * 1.01}
    with connection.cursor() as cursor:
        cursor.execute(PLACES, asked)
        return int(cursor.rowcount)


# --- activation ---------------------------------------------------------------------------------------------------------

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
    without = _bodies_on(day)
    with transaction.atomic():
        with _reports_following():
            activate(edition=edition, on=on)
        with_it = _bodies_on(day)
        transaction.set_rollback(True)
    return sum(with_it.get(report) != without.get(report) for report in with_it.keys() | without.keys())


def _bodies_on(day: date) -> dict[int, int]:
    """The bodies that would get the open reports which change hands on a day, by report."""
    batches = _planned(Report.objects.all(), Rerouting(day), locked=False)
    return {move.report.pk: move.routing.body.pk for moves in batches for move in moves if move.changes_hands}


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
