"""The desk's queue: which views somebody has there, which reports stand in each, and in what order."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db.models import DateTimeField, Exists, OuterRef, Q, QuerySet, Value
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from authorities.models import Body, Category, Membership, Role, Territory
from authorities.shelf import shelf
from boundaries.models import Level, Unit
from gis.functions import IsAmong
from reports.compiled import Given, compiled, numbers_of
from reports.desk_models import OpenWork
from reports.models import Conflict, Handling, Report
from reports.querysets import ReportQuerySet, asked_of
from reports.searching import are_common
from reports.sight import SEES_ALL_OF_ITS_BODY, Sight
from reports.urgency import soon_until
from reports.workflow import AT_WORK, CLOSED, GROUPS, HANDLERS, IN_HAND, OPEN, PLANNERS, PUBLISHERS, Status

if TYPE_CHECKING:
    from accounts.models import User

DESK_ROLES = SEES_ALL_OF_ITS_BODY | PUBLISHERS
PAGE = 50
STATE = "SELECT max(changed_at), count(*), sum(version) FROM (%s) AS changed"
SUM = "SELECT status, sum(number)::int FROM (%s) AS counted GROUP BY status"
MANY = 10_000  # overdue reports that are counted one by one; of more it is quicker to count what is not
FAR = 500  # rows
FRONT = 1000  # reports that are looked through for words that many hold
STATE_PERIOD = timedelta(minutes=15)  # so often the state is another one though nothing has changed; longer than any step's transaction


class At(NamedTuple):
    """A moment, and what is due soon then; `Given` in a query that is compiled for all moments."""

    now: datetime | Given
    soon: datetime | Given


ANY_TIME = At(Given("now", DateTimeField()), Given("soon", DateTimeField()))


@dataclass(frozen=True)
class View:
    """One view of the desk: its name in the address, for whom it is, which reports stand in it, and what it says when none does.

    `counted` views are parts of the open work in hand; the others are too long to count at each look.
    """

    name: str
    label: str | Promise
    icon: str
    roles: frozenset[Role]
    holds: Callable[[Desk, At], Q]
    empty: str | Promise
    counted: bool = True
    status: Status | None = None  # where the view is all of one state


VIEWS = (
    View(
        "mine",
        _("My work"),
        "user",
        HANDLERS,
        lambda desk, at: Q(officer__in=desk.works_for, status__in=IN_HAND),
        _("No report is waiting for you."),
    ),
    View(
        "triage",
        _("To be routed"),
        "swap",
        PUBLISHERS,
        lambda desk, at: Q(status=Status.TRIAGE),
        _("Every report has found its body."),
        status=Status.TRIAGE,
    ),
    View(
        "new",
        _("New"),
        "inbox",
        HANDLERS,
        lambda desk, at: desk.acted_for & (Q(status=Status.NEW) | Q(status__in=AT_WORK, officer=None)),
        _("Somebody has taken charge of every report."),
    ),
    View(
        "asked",
        _("From other bodies"),
        "swap",
        HANDLERS,
        lambda desk, at: Q(pk__in=desk.asked),
        _("No other body offers you a report or asks for your part."),
    ),
    View(
        "review",
        _("Replies to approve"),
        "send",
        HANDLERS | PUBLISHERS,
        lambda desk, at: Q(status=Status.REPLY_REVIEW),
        _("No draft is waiting for approval."),
        status=Status.REPLY_REVIEW,
    ),
    View(
        "look",
        _("To be looked at"),
        "eye",
        PUBLISHERS,
        lambda desk, at: Q(pk__in=Report.objects.to_be_looked_at().values("pk")),
        _("Everything that must be looked at before it is public has been."),
    ),
    View(
        "soon",
        _("Due soon"),
        "clock",
        DESK_ROLES,
        lambda desk, at: Q(due_at__gte=at.now, due_at__lte=at.soon),
        _("Nothing is due in the next two working days."),
    ),
    View("overdue", _("Overdue"), "warning", DESK_ROLES, lambda desk, at: Q(due_at__lt=at.now), _("Nothing is overdue.")),
    View("open", _("All open"), "list", DESK_ROLES, lambda desk, at: Q(), _("No report is open.")),
    View("closed", _("Closed"), "check", DESK_ROLES, lambda desk, at: Q(), _("No report has been closed yet."), counted=False),
    View(
        "elsewhere",
        _("With other bodies"),
        "share",
        HANDLERS,
        lambda desk, at: Q(),
        _("Your bodies have handed no report on, and none stand below them."),
        counted=False,
    ),
)


@dataclass(frozen=True)
class Counts:
    """How many reports stand in each counted view, and in each state of the open work in hand."""

    views: dict[str, int]
    states: dict[Status, int]


@dataclass(frozen=True)
class Desk:
    """Somebody at the desk: the memberships of today that matter there."""

    user: User
    memberships: tuple[Membership, ...]

    @classmethod
    def of(cls, user: User) -> Desk:
        """The desk of somebody, in one query; of somebody without a role there it is closed."""
        return cls(user, tuple(Membership.objects.held_by(user).select_related("body").order_by("pk")))

    @cached_property
    def roles(self) -> frozenset[Role]:
        """The roles held in any body; an administrator stands in for all."""
        return frozenset(Role) if self.user.is_superuser else frozenset(Role(held.role) for held in self.memberships)

    @property
    def plans(self) -> bool:
        """Whether somebody may use the planner's workbench."""
        return not self.roles.isdisjoint(PLANNERS)

    @property
    def is_open(self) -> bool:
        """Whether somebody has anything to do or to read here."""
        return bool(self.roles & DESK_ROLES)

    @cached_property
    def soon(self) -> datetime:
        """What is due by then is due soon, as of the first look."""
        return soon_until(timezone.now())

    @property
    def sees_many_bodies(self) -> bool:
        """Whether reports of more than one body come together here."""
        return bool(self.roles & (PUBLISHERS | {Role.LEADER})) or len(self.acts_for) > 1

    @cached_property
    def bodies(self) -> list[Body]:
        """The bodies for which somebody is at the desk."""
        return list(dict.fromkeys(held.body for held in self.memberships if Role(held.role) in DESK_ROLES))

    @cached_property
    def works_for(self) -> list[int]:
        """Whose work somebody does: the own, and that of those he or she stands in for today."""
        return [self.user.pk, *{held.standing_in_for_id for held in self.memberships if held.standing_in_for_id is not None}]

    @cached_property
    def acts_for(self) -> list[int]:
        """The bodies whose reports somebody handles."""
        return [held.body_id for held in self.memberships if Role(held.role) in HANDLERS]

    @cached_property
    def sight(self) -> Sight:
        """To which bodies the memberships reach: what every query of a page asks with."""
        return Sight(self.user, self.memberships)

    @property
    def in_hand(self) -> list[int]:
        """The keys of the bodies whose work stands here."""
        return self.sight.in_hand

    @cached_property
    def asked(self) -> list[int]:
        """The reports that other bodies offer to those for which somebody acts, or of which they ask a part: they stand with others still."""
        bodies = self.acts_for
        keys = [pk for (pk,) in compiled(("asked", *bodies), lambda: asked_of(bodies)).rows()] if bodies else []
        if not keys:  # as on most days
            return []
        return list(Report.objects.visible_to(self.sight).open().filter(pk__in=keys).order_by("pk").values_list("pk", flat=True))

    @cached_property
    def _key(self) -> tuple[Hashable, ...]:
        """Everything of somebody on which what stands here depends."""
        return (
            self.sight.is_of_all,
            self.user.is_superuser,
            self.roles,
            *(tuple(keys) for keys in (self.works_for, self.acts_for, self.sight.own, self.in_hand)),
        )

    def at(self, now: datetime) -> At:
        """A moment as the views ask for it."""
        return At(now, self.soon)

    @property
    def work(self) -> ReportQuerySet:
        """The reports that stand here now, open or ended."""
        return Report.objects.in_hand_of(self.sight)

    @property
    def acted_for(self) -> Q:
        """Reports with a body for which somebody acts: a coordinator of the province takes charge of none of them."""
        return Q() if self.user.is_superuser else Q(authority__in=self.acts_for)

    @property
    def views(self) -> list[View]:
        """The views that make sense for the roles, in the order of the rail."""
        return [view for view in VIEWS if view.roles & self.roles]

    def view_called(self, name: str) -> View | None:
        """The view of that name, if somebody has it."""
        return next((view for view in self.views if view.name == name), None)

    def counts(self, now: datetime) -> Counts:
        """All counts in two queries: of the states from what is counted (`OpenWork`), of the views each from an index, together."""
        of_state = dict(compiled(("states", *self._key), self._states, SUM).rows())
        states = {state: of_state.get(state, 0) for state in Status if state in OPEN}
        views = [view for view in self.views if view.counted]
        found = {view.name: states[view.status] for view in views if view.status}
        found |= {"open": sum(states.values()), "asked": len(self.asked)}
        judged = [view for view in views if view.name not in found]
        numbers = numbers_of(("views", *self._key), lambda: [self._in(view) for view in judged])
        found |= dict(zip([view.name for view in judged], numbers.rows(now=now, soon=self.soon)[0], strict=True))
        if found.get("overdue", 0) > MANY:  # then the rest is what is few
            rest = numbers_of(("not overdue", *self._key), self._not_overdue)
            found["overdue"] = max(found["open"] - sum(rest.rows(now=now)[0]), MANY)
        return Counts(views={view.name: found[view.name] for view in views}, states=states)

    def _states(self) -> QuerySet[Any, Any]:
        """Numbers of the open work in hand by state, to be added up; without those that complain of a body for which somebody works."""
        counted = OpenWork.objects.all() if self.sight.is_of_all else OpenWork.objects.filter(IsAmong("body", self.in_hand))
        numbers = counted.values_list("status", "number")
        return numbers if self.sight.is_of_all else numbers.union(self._kept_from().values_list("status", Value(-1)), all=True)

    def _kept_from(self) -> ReportQuerySet:
        """The open reports with the bodies in hand that complain of one for which somebody works; hardly ever any."""
        complaining = Conflict.objects.filter(body__in=self.sight.own).values("report")
        return Report.objects.filter(IsAmong("authority", self.in_hand), pk__in=complaining).open().order_by()

    def _in(self, view: View) -> QuerySet[Any, Any]:
        """The reports to count in a view, at any time; of overdue ones no more than it takes to know that they are many."""
        if view.name == "look":
            return self.work.open().to_be_looked_at().order_by().values("pk")
        reports = self.work.open().filter(view.holds(self, ANY_TIME)).order_by().values("pk")
        return reports[: MANY + 1] if view.name == "overdue" else reports

    def _not_overdue(self) -> list[QuerySet[Any, Any]]:
        reports = self.work.open().order_by().values("pk")
        return [reports.filter(due_at__gte=ANY_TIME.now), reports.filter(due_at=None)]

    def state(self, now: datetime) -> str:
        """A value that changes with any step at a report that stands here or stood here: one cheap query, asked every few seconds.

        What changed since the period before this began says it all: whatever was before is known to who has a state of this period. A step
        that was begun before others and committed after them changes the number or the sum of versions, if not the latest time.
        """
        period = int(now.timestamp() // STATE_PERIOD.total_seconds())
        since = datetime.fromtimestamp((period - 1) * STATE_PERIOD.total_seconds(), tz=UTC)
        ((latest, number, steps),) = compiled(("state", *self._key), self._changed, STATE).rows(since=since) or [(None, 0, None)]
        return ".".join(map(str, [period, latest, number, steps, *self.asked]))

    def _changed(self) -> QuerySet[Any, Any]:
        changed = Report.objects.filter(changed_at__gte=Given("since", DateTimeField())).order_by()
        if not self.user.is_superuser:
            changed = changed.filter(Exists(Handling.objects.filter(IsAmong("body", self.in_hand), report=OuterRef("pk"))))
        return changed.values_list("changed_at", "version")

    def occurring(self) -> list[tuple[int, int | None]]:
        """The pairs of category and unit that occur in the open work in hand."""
        query = compiled(("occurring", *self._key), lambda: self.work.open().order_by().values_list("category_id", "unit_id").distinct())
        return [(category, unit) for category, unit in query.rows()]

    def first_view(self, counts: Counts) -> View:
        """Where to begin: the first view in which something waits, else the first of all."""
        return next((view for view in self.views if counts.views.get(view.name)), self.views[0])

    def reports(self, view: View, now: datetime) -> ReportQuerySet:
        """The reports that stand in a view."""
        if view.name == "closed":
            return self.work.closed()
        if view.name == "asked":
            return Report.objects.filter(view.holds(self, self.at(now)))
        if view.name == "look" and len(keys := list(self._in(view).values_list("pk", flat=True)[: MANY + 1])) <= MANY:
            return self.work.filter(IsAmong("pk", keys))  # few among all that is open, which PostgreSQL would go through
        if view.name == "elsewhere":
            if self.user.is_superuser:
                return Report.objects.none()
            return Report.objects.visible_to(self.sight).exclude(authority__in=self.in_hand)
        return self.work.open().filter(view.holds(self, self.at(now)))


@dataclass(frozen=True)
class Asked:
    """What the address of the queue asks for: a view, or a search (words, a place) through everything that may be seen; filters; a page."""

    view: View | None = None
    q: str = ""
    place: Unit | None = None
    status: str = ""
    category: str = ""
    unit: str = ""
    body: str = ""
    page: int = 1

    @property
    def is_filtered(self) -> bool:
        """Whether any filter is set."""
        return bool(self.place or self.status or self.category or self.unit or self.body)

    def parameters(self, **changed: str | int) -> dict[str, str]:
        """The same as parameters of an address, with some changed; empty ones are left out."""
        named = {
            "view": self.view.name if self.view and not self.q else "",
            "q": self.q,
            "place": f"{self.place.code}@{self.place.a_day_in_force()}" if self.place else "",
            "status": self.status,
            "category": self.category,
            "unit": self.unit,
            "body": self.body,
            "page": self.page,
        } | changed
        return {name: str(value) for name, value in named.items() if value and (name, value) != ("page", 1)}


@dataclass(frozen=True)
class Queue:
    """The reports that the address of a desk asks for, the most urgent first."""

    desk: Desk
    asked: Asked
    now: datetime

    @cached_property
    def reports(self) -> ReportQuerySet:
        """All of them, unordered."""
        return self._among.matching(self.asked.q, self.desk.sight) if self.asked.q else self._among

    @cached_property
    def _among(self) -> ReportQuerySet:
        """Those among which words are looked for, or all where none are asked for."""
        asked = self.asked
        seen = Report.objects.visible_to(self.desk.sight)
        found = seen if asked.q or asked.view is None else self.desk.reports(asked.view, self.now)
        if asked.place:
            found = found.in_unit(asked.place)
        if asked.status:
            found = found.of_status([asked.status])
            if GROUPS.get(asked.status, {asked.status}).isdisjoint(self.states):
                return found.none()  # which PostgreSQL would find out from all rows
        # By keys, which are read first: PostgreSQL knows of a key how rare it is, and of a code in another table it does not
        if asked.category:
            found = found.filter(category__in=_keys(Category.objects.filter(code=asked.category)))
        if asked.unit:
            found = found.filter(unit__in=_keys(Unit.objects.filter(code=asked.unit)))
        if asked.body:
            found = found.filter(authority__in=_keys(Body.objects.filter(code=asked.body)))
        return found

    @property
    def is_of_closed(self) -> bool:
        """Whether what has ended stands here, for which nothing is urgent."""
        return self.asked.view is not None and self.asked.view.name == "closed" and not self.asked.q

    @property
    def states(self) -> Collection[Status]:
        """The states that can stand here."""
        if self.searches or (self.asked.view is not None and self.asked.view.name == "elsewhere"):
            return Status
        return CLOSED if self.is_of_closed else OPEN

    @property
    def searches(self) -> bool:
        """Whether open and ended reports stand here together."""
        return self.asked.view is None or bool(self.asked.q)

    def page(self) -> tuple[list[Report], bool]:
        """The rows of the page asked for, and whether more follow; never counts what a view holds."""
        start = (self.asked.page - 1) * PAGE
        found = self._rows(start, start + PAGE + 1)
        return found[:PAGE], len(found) > PAGE

    def _rows(self, start: int, stop: int) -> list[Report]:
        """The rows from one place to another; each part is read in the order of an index, so open and ended ones one after the other."""
        if self.asked.q and len(front := self._front(stop)) == stop:
            return front[start:]
        reports = self.reports
        if self.is_of_closed:
            return _slice(reports.closed_for_queue(), start, stop)
        if not self.searches:
            return _slice(reports.for_queue(), start, stop)
        found = _slice(reports.open().for_queue(), start, stop)
        if len(found) < stop - start:
            before = start + len(found) if found or not start else reports.open().count()  # of open ones
            found += reports.closed_for_queue()[max(start - before, 0) : stop - before]
        return found

    def _front(self, stop: int) -> list[Report]:
        """Of words that many reports hold: those that hold them among the first open ones, up to some. What all hold is found here at once."""
        if not are_common(self.asked.q):
            return []
        first = list(self._among.open().for_queue().values_list("pk", flat=True)[:FRONT])
        found: list[Report] = []
        for look_at in (2 * stop, FRONT):
            found = list(Report.objects.with_words_among(first[:look_at], self.asked.q, self.desk.sight).for_queue()[:stop])
            if len(found) == stop:
                break
        return found

    def next_to(self, report: Report) -> tuple[Report | None, Report | None]:
        """The open report before and the one after this in the order of the queue, whether or not it stands there itself."""
        if self.is_of_closed or (self.searches and report.is_closed):
            return None, None
        others = replace(self, asked=replace(self.asked, page=1)).reports.open()
        return others.before_in_queue(report), others.after_in_queue(report)


def _slice(rows: ReportQuerySet, start: int, stop: int) -> list[Report]:
    """The rows from one place to another; far behind, their keys first: all that comes before would be joined and judged for nothing."""
    if start < FAR:
        return list(rows[start:stop])
    keys = list(rows.values_list("pk", flat=True)[start:stop])
    return list(rows.filter(pk__in=keys))


def _keys(named: QuerySet[Any, Any]) -> list[int]:
    return list(named.order_by().values_list("pk", flat=True))


def filter_choices(desk: Desk) -> dict[str, list[tuple[str, str]]]:
    """What the open work in hand can be narrowed by: codes and names of the categories, units and bodies that occur in it.

    Where many bodies come together, those that can occur: to look through all the work of a province would cost more than the page.
    """
    if desk.sees_many_bodies:
        today, bodies = timezone.localdate(), None if desk.user.is_superuser else tuple(desk.in_hand)
        return shelf().get(("choices", get_language(), today, bodies), lambda: _possible_choices(bodies, today))
    occurring = desk.occurring()
    categories, found = (frozenset(keys) - {None} for keys in zip(*occurring, strict=True)) if occurring else (frozenset(), frozenset())
    return shelf().get(("choices", get_language(), timezone.localdate(), categories, found), lambda: _choices_of(categories, found))


def _choices_of(categories: Collection[int], units: Collection[int]) -> dict[str, list[tuple[str, str]]]:
    return _named(Category.objects.filter(pk__in=categories), Unit.objects.filter(pk__in=units).by_name(), Body.objects.none())


def _possible_choices(bodies: Collection[int] | None, today: date) -> dict[str, list[tuple[str, str]]]:
    """Names of what can occur in the work of these bodies, or of all."""
    in_hand = Body.objects.all() if bodies is None else Body.objects.filter(IsAmong("pk", bodies))
    covered = Territory.objects.filter(body__in=in_hand.values("pk"), validity__contains=today).values("unit")
    units = Unit.objects.in_force(today).filter(pk__in=covered, level=Level.COMMUNE).by_name()
    return _named(Category.objects.fileable(), units, in_hand.existing(today).order_by("name"))


def _named(categories: Iterable[Category], units: Iterable[Unit], bodies: QuerySet[Body]) -> dict[str, list[tuple[str, str]]]:
    return {
        "categories": [(category.code, str(category.label)) for category in categories],
        "units": [(unit.code, unit.dated_name) for unit in units],
        "bodies": list(bodies.values_list("code", "name")),
    }
