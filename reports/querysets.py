"""How we speak of reports: public, visible to somebody, open, near, within."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.contrib.auth.models import AnonymousUser
from django.contrib.gis.db import models
from django.contrib.gis.geos import GEOSGeometry, Point, Polygon
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from authorities.models import Body, Publication, Role
from gis.bbox import degrees_around
from gis.functions import GeodesicDistance
from reports.workflow import CLOSED, GROUPS

if TYPE_CHECKING:
    from accounts.models import User
    from boundaries.models import Unit

SEES_ALL_OF_ITS_BODY = (Role.OFFICER, Role.HEAD, Role.INSPECTOR, Role.LEADER)


class ReportQuerySet(models.QuerySet["Report"]):
    """The one vocabulary of what may be seen, for pages, API, map, figures and admin."""

    # --- who may see -------------------------------------------------------------------------------------------------
    def public(self) -> Self:
        """What everybody may see: published, and not of a category that never is."""
        return self.filter(published_at__isnull=False).exclude(category__publication=Publication.NEVER)

    def visible_to(self, user: User | AnonymousUser) -> Self:
        """What somebody may see at the desk: handled, now or before, by his or her bodies or those below them, minus conflicts of interest.

        A coordinator sees the whole province of the Portal; a planner and a digital team see nothing here.
        """
        if not user.is_authenticated or not user.is_active:
            return self.none()
        if user.is_superuser:
            return self
        from reports.models import Conflict, Handling

        mine = Body.objects.of(user)
        seen = Body.objects.of(user, *SEES_ALL_OF_ITS_BODY).with_those_below().values("pk")
        portals = Body.objects.of(user, Role.COORDINATOR)
        coordinated = Body.objects.filter(
            Q(pk__in=portals.values("pk")) | Q(pk__in=portals.exclude(parent=None).values("parent"))
        ).with_those_below()
        handled = Handling.objects.filter(report=OuterRef("pk")).filter(Q(body__in=seen) | Q(body__in=coordinated.values("pk")))
        complained_of = Conflict.objects.filter(report=OuterRef("pk"), body__in=mine.values("pk"))
        return self.filter(Exists(handled)).exclude(Exists(complained_of))

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
        """Whose place in the edition of this unit is the unit or below it: answers for units of any date."""
        from reports.models import ReportPlace

        here = ReportPlace.objects.filter(report=OuterRef("pk")).filter(Q(unit=unit) | Q(unit__parent=unit) | Q(unit__parent__parent=unit))
        return self.filter(Exists(here))

    def near(self, point: Point, metres: float) -> Self:
        """Within some metres of a WGS 84 point, the nearest first; annotates `metres_away`."""
        dx, dy = degrees_around(point, metres)
        box = (point.x - dx, point.y - dy, point.x + dx, point.y + dy)
        around = Polygon.from_bbox(box)
        around.srid = 4326
        return (
            self.filter(location__bboverlaps=around)
            .annotate(metres_away=GeodesicDistance("location", point))
            .filter(metres_away__lte=metres)
            .order_by("metres_away", "pk")
        )

    # --- for a page --------------------------------------------------------------------------------------------------
    def for_list(self) -> Self:
        """With everything that a row shows, in one query."""
        return self.select_related("category", "unit", "authority").prefetch_related("photos")

    def newest_first(self) -> Self:
        """By filing time, the latest first."""
        return self.order_by(F("filed_at").desc(), F("id").desc())

    def for_queue(self) -> Self:
        """The desk's order: the earliest due first, then the more severe, then the longer waiting."""
        return self.select_related("category", "unit", "authority", "officer").order_by(
            F("due_at").asc(nulls_last=True), "-severity", "filed_at", "pk"
        )
