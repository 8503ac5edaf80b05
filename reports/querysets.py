"""How we speak of reports: public, visible to somebody, open, near, within."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Self, TypeVar

from django.contrib.auth.models import AnonymousUser
from django.contrib.gis.db import models
from django.contrib.gis.geos import GEOSGeometry, Point, Polygon
from django.db.models import BooleanField, Case, Exists, ExpressionWrapper, F, OuterRef, Q, Value, When
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact
from django.utils import timezone

from authorities.deadline_models import Stage
from authorities.models import Body, Membership, Publication, Role
from authorities.querysets import BodyQuerySet
from gis.bbox import degrees_around
from gis.functions import GeodesicDistance, IsAmong
from reports.searching import ReportWords, keys_if_few, search_condition
from reports.sight import Sight
from reports.workflow import CLOSED, GROUPS, Status

if TYPE_CHECKING:
    from accounts.models import User
    from authorities.models import Category
    from boundaries.models import Unit
    from reports.models import Activation, Follower, Report  # noqa: F401  named in the classes' bases

FollowerT = TypeVar("FollowerT", bound="Follower")
# As the indexes report_queue and report_queue_of_body hold them
QUEUE_ORDER = (F("due_at").asc(nulls_last=True), F("severity").desc(), F("followers").desc(), F("filed_at").asc(), F("pk").asc())


def is_public() -> Q:
    """What `public()` filters by, where it is one condition among others."""
    return Q(published_at__isnull=False) & ~Q(category__publication=Publication.NEVER)


def coordinated_by(user: User | AnonymousUser, on: date | None = None) -> BodyQuerySet:
    """The bodies for which somebody coordinates: all of the province whose Portal he or she works for."""
    return Body.objects.below(Membership.objects.held_by(user, on=on).filter(role=Role.COORDINATOR).tops())


class ReportQuerySet(models.QuerySet["Report"]):
    """The one vocabulary of what may be seen, for pages, API, map, figures and admin."""

    # --- who may see -------------------------------------------------------------------------------------------------
    def public(self) -> Self:
        """What everybody may see: published, and not of a category that never is."""
        return self.filter(is_public())

    def visible_to(self, who: User | AnonymousUser | Sight, on: date | None = None) -> Self:
        """What somebody may see at the desk: handled, now or before, by his or her bodies or those below them, minus conflicts of interest.

        A coordinator sees the whole province of the Portal; a planner and a digital team see nothing here. Memberships are those held on
        a day (default: today in Asia/Ho_Chi_Minh), or of the sight that the caller has read already.
        """
        sight = _sight(who, on)
        if sight.is_of_all:
            return self
        if not sight.seen:
            return self.none()
        return self.filter(Exists(_handled_by(sight.seen))).without_conflicts_of(sight)

    def public_or_visible_to(self, who: User | AnonymousUser | Sight) -> Self:
        """What somebody may read on the public page or at the desk; annotates `at_desk`, whether it is the desk's."""
        sight = _sight(who)
        if sight.is_of_all:
            return self.annotate(at_desk=Value(True))
        if not sight.seen:
            return self.annotate(at_desk=Value(False)).filter(is_public())
        at_desk = Q(Exists(_handled_by(sight.seen))) & ~Q(pk__in=_complaining_of(sight.own))
        return self.annotate(at_desk=ExpressionWrapper(at_desk, output_field=BooleanField())).filter(is_public() | Q(at_desk=True))

    def without_conflicts_of(self, who: User | Sight) -> Self:
        """Those that do not complain of a body for which somebody works, whatever the role there."""
        own = _sight(who).own
        return self.exclude(pk__in=_complaining_of(own)) if own else self

    def in_hand_of(self, who: User | AnonymousUser | Sight) -> Self:
        """What the desk counts as somebody's work: now with a body for which he or she acts, coordinates, or (a leader) answers.

        Narrower than visible_to: what a body has handed on is still seen, but waits for others. By the keys of the bodies PostgreSQL reads
        the queue from its index in order.
        """
        sight = _sight(who)
        if sight.is_of_all:
            return self
        return self.filter(IsAmong("authority", sight.in_hand)).without_conflicts_of(sight) if sight.in_hand else self.none()

    def with_contact_open_to(self, who: User | AnonymousUser | Sight) -> Self:
        """Those whose reporter somebody may call: handlers of the body that has the report now, and its coordinators; no leader, no planner."""
        sight = _sight(who)
        if sight.is_of_all:
            return self
        return self.filter(IsAmong("authority", sight.acted_for)).without_conflicts_of(sight) if sight.acted_for else self.none()

    def to_be_looked_at(self) -> Self:
        """Not public until somebody has looked, and nobody has: neither shown nor kept out of view."""
        from reports.models import ReportEvent

        looked = ReportEvent.objects.filter(report=OuterRef("pk"), kind__in=["show", "hide"])
        return self.filter(published_at__isnull=True, category__publication=Publication.AFTER_A_LOOK).exclude(Exists(looked))

    def matching(self, text: str, who: User | Sight) -> Self:
        """Those that a search of the desk finds by a text (see searching.py); none for a text without a letter or a digit."""
        condition = search_condition(text, who)
        if condition is None:
            return self.none()
        keys = keys_if_few(condition)
        return self.filter(IsAmong("pk", keys)) if keys is not None else self.alias(words=ReportWords()).filter(condition)

    def with_words_among(self, keys: Collection[int], text: str, who: User | Sight) -> Self:
        """Those of these keys that a search finds by a text, looked at one by one and not by the index of words; see `are_common`."""
        condition = search_condition(text, who)
        if condition is None:
            return self.none()
        one_by_one = self.filter(IsAmong("pk", keys)).alias(words=ReportWords(), found=ExpressionWrapper(condition, BooleanField()))
        return one_by_one.filter(Exact(Coalesce("found", False), True))

    # --- state and time ----------------------------------------------------------------------------------------------
    def open(self) -> Self:
        """Not yet ended."""
        return self.exclude(status__in=CLOSED)

    def closed(self) -> Self:
        """Resolved, returned, duplicate or withdrawn."""
        return self.filter(status__in=CLOSED)

    def overdue(self, at: datetime | None = None) -> Self:
        """Open after the due date."""
        return self.open().filter(due_at__lt=at or timezone.now())

    def escalated(self) -> Self:
        """Open, and passed up to the head: for the deadline that runs now, of the whole or of the next step."""
        return self.open().filter(_passed_up())

    def of_status(self, names: list[str]) -> Self:
        """Of these states; the groups `open` and `closed` count as all of theirs."""
        wanted: set[str] = set()
        for name in names:
            wanted |= GROUPS.get(name, frozenset({name}))
        return self.filter(status__in=wanted)

    def filed_between(self, since: datetime | None, until: datetime | None) -> Self:
        """Filed in [since, until)."""
        reports = self
        if since is not None:
            reports = reports.filter(filed_at__gte=since)
        if until is not None:
            reports = reports.filter(filed_at__lt=until)
        return reports

    # --- place -------------------------------------------------------------------------------------------------------
    def in_area(self, area: GEOSGeometry) -> Self:
        """Whose spot lies in the area (WGS 84), its border included."""
        return self.filter(location__coveredby=area)

    def in_unit(self, unit: Unit) -> Self:
        """Whose place in the edition of this unit is the unit or below it: answers for units of any date.

        The keys of the units are read first (one query, none for a commune): an index then leads to their places, whatever else is asked.
        """
        from boundaries.models import Level, Unit
        from reports.models import ReportPlace

        units = [unit.pk]
        if unit.level != Level.COMMUNE:
            units += Unit.objects.below(unit).values_list("pk", flat=True)
        return self.filter(Exists(ReportPlace.objects.filter(report=OuterRef("pk"), unit__in=units)))

    def published_between(self, since: datetime, until: datetime) -> Self:
        """Public since a moment in (since, until]."""
        return self.public().filter(published_at__gt=since, published_at__lte=until)

    def resolved_between(self, since: datetime, until: datetime) -> Self:
        """Public, and resolved in (since, until]."""
        return self.public().filter(status=Status.RESOLVED, closed_at__gt=since, closed_at__lte=until)

    def near(self, point: Point, metres: float, like: Category | None = None) -> Self:
        """Within some metres of a WGS 84 point, those of a category first, then the nearest; annotates `metres_away`."""
        dx, dy = degrees_around(point, metres)
        box = (point.x - dx, point.y - dy, point.x + dx, point.y + dy)
        around = Polygon.from_bbox(box)
        around.srid = 4326
        return (
            self.filter(location__bboverlaps=around)
            .annotate(metres_away=GeodesicDistance("location", point))
            .filter(metres_away__lte=metres)
            .alias(is_other=Case(When(category=like, then=0), default=1) if like else Value(0))
            .order_by("is_other", "metres_away", "pk")
        )

    # --- for a page --------------------------------------------------------------------------------------------------
    def for_list(self) -> Self:
        """With everything that a row shows, in one query."""
        return self.select_related("category", "unit", "authority").prefetch_related("photos")

    def newest_first(self) -> Self:
        """By filing time, the latest first."""
        return self.order_by(F("filed_at").desc(), F("id").desc())

    def for_queue(self) -> Self:
        """The desk's order: the earliest due first, then the more severe, the more followed, the longer waiting."""
        rows = self.select_related("category", "unit", "authority", "officer").annotate(is_escalated=_passed_up())
        return rows.order_by(*QUEUE_ORDER)

    def closed_for_queue(self) -> Self:
        """What has ended, for the desk: the latest first, as the indexes report_closed_last and report_closed_last_of_body hold it."""
        ended = self.closed().filter(closed_at__isnull=False).select_related("category", "unit", "authority", "officer")
        return ended.order_by(F("closed_at").desc(), F("pk").desc())

    def after_in_queue(self, report: Report) -> Report | None:
        """The first that stands behind a report in the desk's order."""
        others = self.exclude(pk=report.pk).filter(_behind(report)).order_by(*QUEUE_ORDER)
        if report.due_at is None:
            return others.first()
        # The bound lets PostgreSQL begin in the middle of the index; what is never due stands at its end
        return others.filter(due_at__gte=report.due_at).first() or others.filter(due_at=None).first()

    def before_in_queue(self, report: Report) -> Report | None:
        """The last that stands before a report in the desk's order."""
        others = self.exclude(pk=report.pk).exclude(_behind(report)).order_by(*QUEUE_ORDER)
        if report.due_at is not None:
            return others.filter(due_at__lte=report.due_at).last()
        return others.filter(due_at=None).last() or others.exclude(due_at=None).last()


def asked_of(bodies: Collection[int]) -> models.QuerySet[Any, Any]:
    """Keys of the reports that another body offers to one of these, or of which it asks a part of one of these; few."""
    from reports.case_models import Part, Transfer

    offers = Transfer.objects.filter(to_body__in=bodies, outcome=Transfer.Outcome.WAITING).order_by().values_list("report", flat=True)
    parts = Part.objects.filter(body__in=bodies, outcome=Part.Outcome.OPEN).order_by().values_list("report", flat=True)
    return offers.union(parts)


def _passed_up() -> Exists:
    from reports.deadline_models import Notice

    of_the_step = Q(since=OuterRef("stage_since")) & ~Q(stage=Stage.WHOLE)
    of_now = of_the_step | Q(stage=Stage.WHOLE, since=Coalesce(OuterRef("due_set_at"), OuterRef("filed_at")))
    return Exists(Notice.objects.filter(of_now, report=OuterRef("pk"), kind=Notice.Kind.ESCALATED))


def _behind(report: Report) -> Q:
    """What stands behind a report in QUEUE_ORDER; no due date comes last."""
    waited_less = Q(filed_at__gt=report.filed_at) | Q(filed_at=report.filed_at, pk__gt=report.pk)
    fewer = Q(followers__lt=report.followers) | (Q(followers=report.followers) & waited_less)
    later = Q(severity__lt=report.severity) | (Q(severity=report.severity) & fewer)
    if report.due_at is None:
        return Q(due_at__isnull=True) & later
    return Q(due_at__gt=report.due_at) | Q(due_at__isnull=True) | (Q(due_at=report.due_at) & later)


def _sight(who: User | AnonymousUser | Sight, on: date | None = None) -> Sight:
    return who if isinstance(who, Sight) else Sight.of(who, on)


def _handled_by(bodies: Collection[int]) -> models.QuerySet[Any]:
    from reports.models import Handling

    return Handling.objects.filter(IsAmong("body", bodies), report=OuterRef("pk"))


def _complaining_of(bodies: Collection[int]) -> models.QuerySet[Any, Any]:
    """Keys of reports; few of any one body, so PostgreSQL reads them once and does not look for a conflict at each row."""
    from reports.models import Conflict

    return Conflict.objects.filter(body__in=bodies).values("report")


class FollowQuerySet(models.QuerySet[FollowerT]):
    """Followers of reports, or of units."""

    def told(self) -> Self:
        """Those who are written to: confirmed, and not unsubscribed."""
        return self.filter(ended_at=None, confirmed_at__isnull=False)


class ActivationQuerySet(models.QuerySet["Activation"]):
    """Activations of editions."""

    def due(self, today: date) -> Self:
        """Those in force whose reports are still with the units and bodies of before, though the first day has come."""
        return self.filter(state="done", rerouted_at=None, on__lte=today).order_by("on", "pk")
