"""How we speak of bodies, memberships, categories and rules."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Self

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.utils import timezone

if TYPE_CHECKING:
    from accounts.models import User
    from authorities.models import Body, Category, Membership, Rule  # noqa: F401  named in the class's base
    from boundaries.models import Unit

DEPTH = 4  # province committee › department or district › commune › station: no body stands deeper


class BodyQuerySet(models.QuerySet["Body"]):
    """Bodies by time, territory and people."""

    def existing(self, on: date | None = None) -> Self:
        """Bodies that exist on a day (default: today in Asia/Ho_Chi_Minh)."""
        return self.filter(validity__contains=on or timezone.localdate())

    def covering(self, units: list[Unit], on: date) -> Self:
        """Bodies one of whose territories on that day is one of these units."""
        return self.filter(territories__unit__in=units, territories__validity__contains=on).distinct()

    def with_those_below(self) -> BodyQuerySet:
        """These bodies and all that stand below them, as one subquery."""
        mine = self.order_by().values("pk")
        below = Q(pk__in=mine)
        for depth in range(1, DEPTH):
            below |= Q(**{"__".join(["parent"] * depth) + "__in": mine})
        return self.model.objects.filter(below)

    def portal_of(self, body: Body, on: date) -> Body:
        """The Portal that coordinates for a body on a day: the one under the same province committee; never None."""
        from authorities.models import BodyKind

        top = body
        while top.parent is not None:
            top = top.parent
        portals = self.filter(kind=BodyKind.PORTAL)
        near = portals.existing(on).filter(Q(parent=top) | Q(pk=top.pk)).order_by("code").first()
        found = near or portals.existing(on).order_by("code").first() or portals.order_by("code").first()
        if found is None:
            found, _made = self.get_or_create(
                code="portal", defaults={"name": "Cổng Thông tin điện tử", "kind": BodyKind.PORTAL, "validity": (None, None)}
            )
        return found

    def of(self, user: User | AnonymousUser, *roles: str, on: date | None = None) -> Self:
        """Bodies in which somebody holds one of these roles on a day (no role named: any)."""
        if not user.is_authenticated:
            return self.none()
        from authorities.models import Membership

        held = Membership.objects.held_by(user, on=on)
        return self.filter(pk__in=(held.filter(role__in=roles) if roles else held).values("body"))


class MembershipQuerySet(models.QuerySet["Membership"]):
    """Memberships by person and time."""

    def held_by(self, user: User | AnonymousUser, on: date | None = None) -> Self:
        """What somebody holds on a day (default: today in Asia/Ho_Chi_Minh); nothing for strangers and people switched off."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        return self.filter(user=user, validity__contains=on or timezone.localdate())


class CategoryQuerySet(models.QuerySet["Category"]):
    """Categories."""

    def fileable(self) -> Self:
        """Categories in which a report can be sent."""
        return self.filter(in_scope=True)


class RuleQuerySet(models.QuerySet["Rule"]):
    """Responsibility rules in the order in which they are asked."""

    def in_force(self, on: date) -> Self:
        """Rules that hold on a day."""
        return self.filter(validity__contains=on)

    def fitting(self, category: Category, units: list[Unit]) -> Self:
        """Rules for the category at a place (its unit and those above), the first to be asked first.

        The lower priority number first; then rules of the category before those of every category; then the nearer territory.
        """
        nearness = [When(territory=unit, then=Value(step)) for step, unit in enumerate(units)]
        return (
            self.filter(Q(category=category) | Q(category__isnull=True))
            .filter(Q(territory__in=units) | Q(territory__isnull=True))
            .annotate(nearness=Case(*nearness, default=Value(len(units))))
            .order_by("priority", F("category").asc(nulls_last=True), "nearness", "pk")
        )
