"""Who moves when the territory, the bodies or the rules have changed, told one by one; nearly all are moved in sets, by `sweep`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone
from procrastinate.types import JSONDict

from authorities.models import Body, BodySuccession, Category
from authorities.routing import Routing, RulesOfADay, route, route_by_hand, route_like, with_those_above
from boundaries.locate import Placement, Spot, locate_many
from boundaries.models import Unit
from reports import tasks
from reports.models import Activation, Conflict, Follow, Handling, Report, ReportEvent, ReportPlace
from reports.querysets import ReportQuerySet
from reports.services.filing import placed_in
from reports.territory.places import chosen_on_a_border, write_places
from reports.territory.sweep import Sweep, swept_bodies
from reports.workflow import AT_WORK, UNTOUCHED, Status

BATCH = 1000
KIND = "rerouted"
HANDED_OVER = Q(kind__in=["filed", "recategorise", "assign", "accept_transfer", "to_triage", KIND]) | Q(
    kind__in=["reopen", "not_fixed", "relocate"], data__has_key="to"
)
BY_HAND = frozenset({"assign", "accept_transfer", "to_triage"})
KEPT_BY_HAND = frozenset({"by_hand", "succession"})  # why a re-routing left, or followed, the body that a person had chosen


@dataclass
class Rerouting:
    """What a re-routing did, or would do: the day, how many open reports were looked at, and who hands how many to whom."""

    on: date
    looked_at: int = 0
    handed_over: Counter[tuple[Body, Body]] = field(default_factory=Counter)
    units_only: int = 0  # lie in another unit, and stay with their body
    followers: int = 0  # who follow a report that changes hands, and are told
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
    *,
    at: datetime | None = None,
    dry_run: bool = False,
    among: ReportQuerySet | None = None,
    renew_places: bool = False,
    actor_id: int | None = None,
    more: dict[str, Any] | None = None,
) -> Rerouting:
    """Gives each open report to the unit and the body of a day (default: today), each with an event; and places for editions that lack them.

    A report moves when its spot lies in another unit than it has, when its body is no more, or when the rules name another body. A body that a
    person chose stays as long as it exists and covers the spot; its one successor follows it. What lay with the old body is new for the next
    one; what waits for the coordinator or for the reporter goes on waiting. `renew_places` also corrects places, after outlines were revised.
    `actor_id` and `more` stand in each event: who caused it, and by what.
    """
    at = at or timezone.now()
    done = Rerouting(timezone.localdate(at))
    writing = _Writing(at, actor_id, more or {})
    if not dry_run:  # first: what moves corrects its own
        done.places = write_places(None if among is None else list(among.values_list("pk", flat=True)), renew=renew_places)
    for moves in _planned(among, done, None if dry_run else writing):
        if not dry_run:
            _carry_out(moves, writing)
    return done


def bodies_on(day: date) -> dict[int, int]:
    """The bodies that would get the open reports which change hands on a day: keys of bodies by keys of reports; changes nothing."""
    found = {move.report.pk: move.routing.body.pk for moves in _planned(None, Rerouting(day), None) for move in moves if move.changes_hands}
    return found | swept_bodies()


# --- who belongs where --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Writing:
    """What the events of one re-routing have in common."""

    at: datetime
    actor_id: int | None
    more: dict[str, Any]


def _planned(among: ReportQuerySet | None, done: Rerouting, writing: _Writing | None) -> Iterator[list[Move]]:
    """Counts what moves in `done`, and yields in batches the moves of open reports that are looked at one by one; with `writing` rows are locked,
    and what moves in sets is written.
    """
    ids = _swept(done, writing) if among is None else list(among.open().order_by("pk").values_list("pk", flat=True))
    answers = _Answers(done.on)
    for start in range(0, len(ids), BATCH):
        batch = Report.objects.filter(pk__in=ids[start : start + BATCH]).open().order_by("pk")
        if writing is not None:
            list(batch.select_for_update(of=("self",)).only("pk"))  # read anew below: whoever waited judges by what the winner left
        here = list(batch.select_related("category", "authority", "unit"))
        done.looked_at += len(here)
        moves = _moves(here, answers)
        for move in moves:
            if move.changes_hands:
                done.handed_over[move.report.authority, move.routing.body] += 1
            else:
                done.units_only += 1
        done.followers += Follow.objects.told().filter(report__in=[move.report.pk for move in moves if move.changes_hands]).count()
        yield moves


def _swept(done: Rerouting, writing: _Writing | None) -> list[int]:
    """Re-routes in sets; the keys of the open reports that are left."""
    sweep = Sweep(done.on)
    found = sweep.find(locked=writing is not None)
    done.looked_at += found.looked_at
    done.handed_over += found.handed_over
    done.units_only += found.units_only
    done.followers += found.followers
    if writing is not None:
        _defer_mails(sweep.carry_out(kind=KIND, at=writing.at, actor_id=writing.actor_id, more=writing.more))
    return found.rest


def _moves(reports: Sequence[Report], answers: _Answers) -> list[Move]:
    placements = locate_many([Spot(report.location, report.accuracy_m) for report in reports], on=answers.on)
    by_hand, conflicts = _put_by_hand(reports), _conflicts(reports)
    chosen = chosen_on_a_border([report.pk for report in reports])
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
        self._rules = RulesOfADay(on)
        self._known: dict[tuple[int, int], Routing] = {}
        self._covering: dict[int, frozenset[int]] = {}
        self._heirs: dict[int, Body | None] = {}

    def by_rule(self, placement: Placement, category: Category) -> Routing:
        """Whom the rules name."""
        if placement.unit is None or category.about_officials:  # there the candidates have a say
            return route(placement, category, self.on)
        key = placement.unit.pk, category.pk
        if key not in self._known:
            self._known[key] = route(placement, category, self.on, self._rules)
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
    undone = list(Activation.objects.filter(state=Activation.State.UNDONE).values_list("pk", flat=True))
    handed_over = ReportEvent.objects.filter(HANDED_OVER, report__in=reports).exclude(kind=KIND, data__activation__in=undone)
    last = handed_over.order_by("report", "-at", "-pk").distinct("report").values_list("report_id", "kind", "data__trace__reason")
    return {report for report, kind, reason in last if kind in BY_HAND or (kind == KIND and reason in KEPT_BY_HAND)}


def _conflicts(reports: Sequence[Report]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {}
    for report, body in Conflict.objects.filter(report__in=reports).values_list("report_id", "body_id"):
        found.setdefault(report, set()).add(body)
    return found


# --- moving -------------------------------------------------------------------------------------------------------------


def _carry_out(moves: Sequence[Move], writing: _Writing) -> None:
    """Writes the moves of a batch: reports, places, handlings, conflicts, events, jobs; a statement for each kind."""
    at = writing.at
    events, conflicts = [], []
    for move in moves:
        report, placement, routing = move.report, move.placement, move.routing
        former, before = report.authority, report.status
        data: dict[str, Any] = {
            "from": former.code,
            "to": routing.body.code,
            "trace": routing.trace,
            "before": _before(report),
            **writing.more,
        }
        if placement.unit != report.unit:
            data["unit_before"] = report.unit.code if report.unit else None
        report.unit, report.method, report.distance_m = placement.unit, placement.method, placement.distance_m
        report.ambiguous = placement.ambiguous
        if move.changes_hands:
            report.authority, report.officer = routing.body, None
            if report.status in UNTOUCHED | AT_WORK:
                report.stage_since = report.stage_due_at = None  # the next body's step begins: deadlines.watch sets its time
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
                actor_id=writing.actor_id,
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


def _before(report: Report) -> dict[str, Any]:
    """What an undoing gives back; keys, so for the database only."""
    return {
        "unit": report.unit_id,
        "method": report.method,
        "distance_m": report.distance_m,
        "ambiguous": report.ambiguous,
        "body": report.authority_id,
        "officer": report.officer_id,
        "version": report.version,
    }


SAVE = """
UPDATE reports_report AS report
SET unit_id = moved.unit, method = moved.method, distance_m = moved.distance, ambiguous = moved.ambiguous, authority_id = moved.body,
    officer_id = moved.officer, status = moved.status, stage_since = moved.stage_since, stage_due_at = moved.stage_due,
    changed_at = moved.at, version = moved.version
FROM unnest(
  %s::bigint[], %s::bigint[], %s::text[], %s::float8[], %s::boolean[], %s::bigint[], %s::bigint[], %s::text[], %s::timestamptz[],
  %s::timestamptz[], %s::timestamptz[], %s::int[]
) AS moved (id, unit, method, distance, ambiguous, body, officer, status, stage_since, stage_due, at, version)
WHERE report.id = moved.id
"""
SAVED = (
    "pk",
    "unit_id",
    "method",
    "distance_m",
    "ambiguous",
    "authority_id",
    "officer_id",
    "status",
    "stage_since",
    "stage_due_at",
    "changed_at",
    "version",
)


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
    _defer_mails([event.pk for event in events if event.report_id in followed])


def _defer_mails(events: Sequence[int]) -> None:
    for start in range(0, len(events), BATCH):
        jobs: list[JSONDict] = [{"event_id": event} for event in events[start : start + BATCH]]
        tasks.tell_followers.batch_defer(*jobs)
