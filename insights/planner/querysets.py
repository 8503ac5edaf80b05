"""How we speak of what planners keep: open to somebody, owned by somebody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q

from authorities.models import Body, Membership, Role
from reports.workflow import PLANNERS

if TYPE_CHECKING:
    from accounts.models import User
    from insights.planner.models import OwnLayer, SavedQuery  # noqa: F401  named in the classes' bases


def may_plan(user: User | AnonymousUser) -> bool:
    """Whether somebody may use the workbench: planners, and those who lead, coordinate or inspect."""
    if not user.is_authenticated or not user.is_active:
        return False
    return bool(user.is_superuser) or Membership.objects.held_by(user).filter(role__in=PLANNERS).exists()


def body_of_planner(user: User) -> Body | None:
    """The body for which somebody plans, to which what he or she keeps belongs; None for an administrator without an office."""
    held = Membership.objects.held_by(user).filter(role__in=PLANNERS).select_related("body")
    return next((membership.body for membership in sorted(held, key=lambda one: (PLANNERS.index(Role(one.role)), one.pk))), None)


class SavedQueryQuerySet(models.QuerySet["SavedQuery"]):
    """Saved queries."""

    def owned_by(self, user: User | AnonymousUser) -> Self:
        """Those that somebody may change."""
        return self.filter(owner=user) if user.is_authenticated else self.none()

    def listed_for(self, user: User | AnonymousUser) -> Self:
        """His or her own, and those shared within the same body: what a list shows."""
        if not may_plan(user):
            return self.none()
        bodies = Body.objects.of(user, *PLANNERS)
        return self.filter(Q(owner=user.pk) | Q(sharing="body", body__in=bodies))

    def open_to(self, user: User | AnonymousUser) -> Self:
        """Those, and what is shared by link."""
        if not may_plan(user):
            return self.none()
        bodies = Body.objects.of(user, *PLANNERS)
        return self.filter(Q(owner=user.pk) | Q(sharing="body", body__in=bodies) | Q(sharing="link"))


class OwnLayerQuerySet(models.QuerySet["OwnLayer"]):
    """Uploaded layers."""

    def owned_by(self, user: User | AnonymousUser) -> Self:
        """Those that somebody may delete."""
        return self.filter(owner=user) if user.is_authenticated else self.none()

    def open_to(self, user: User | AnonymousUser) -> Self:
        """Those that somebody may see and ask."""
        if not may_plan(user):
            return self.none()
        bodies = Body.objects.of(user, *PLANNERS)
        return self.filter(Q(owner=user.pk) | Q(sharing="body", body__in=bodies) | Q(sharing="all"))
