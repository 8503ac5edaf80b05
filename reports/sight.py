"""What somebody's memberships of a day reach: read once, in two queries, and then asked by every query of a page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

from authorities.models import Body, Membership, Role
from reports.workflow import HANDLERS

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from accounts.models import User

SEES_ALL_OF_ITS_BODY = frozenset({Role.OFFICER, Role.HEAD, Role.INSPECTOR, Role.LEADER})


@dataclass(frozen=True)
class Sight:
    """Somebody with the memberships of a day, and the keys of the bodies to which they reach.

    Keys in place of subqueries: Django compiles a handful of numbers in a fraction of the time, and PostgreSQL knows how many there are.
    """

    user: User | AnonymousUser
    held: tuple[Membership, ...]

    @classmethod
    def of(cls, user: User | AnonymousUser, on: date | None = None) -> Sight:
        """That of somebody on a day (default: today in Asia/Ho_Chi_Minh); strangers and people switched off hold nothing."""
        if not user.is_authenticated or not user.is_active:
            return cls(user, ())
        return cls(user, tuple(Membership.objects.held_by(user, on=on).select_related("body").order_by("pk")))

    @property
    def is_of_all(self) -> bool:
        """Whether no body limits it: an administrator's."""
        return bool(self.user.is_active and self.user.is_superuser)

    @cached_property
    def own(self) -> list[int]:
        """The bodies for which somebody works, whatever the role."""
        return sorted({membership.body_id for membership in self.held})

    @cached_property
    def seen(self) -> list[int]:
        """The bodies whose reports somebody sees: those of the own ones and below; a coordinator's, the whole province's."""
        return self._below(held for held in self.held if held.role in SEES_ALL_OF_ITS_BODY or held.role == Role.COORDINATOR)

    @cached_property
    def in_hand(self) -> list[int]:
        """The bodies whose work stands on somebody's desk: handled, coordinated, or (of a leader) with those below."""
        below = self._below(held for held in self.held if held.role in {Role.COORDINATOR, Role.LEADER})
        return sorted({*self._handled, *below})

    @cached_property
    def coordinated(self) -> list[int]:
        """The bodies for which somebody coordinates: all of the province whose Portal he or she works for."""
        return self._below(held for held in self.held if held.role == Role.COORDINATOR)

    @property
    def acted_for(self) -> list[int]:
        """The bodies whose reporters somebody may call: handled or coordinated."""
        return sorted({*self._handled, *self.coordinated})

    @property
    def _handled(self) -> list[int]:
        return [held.body_id for held in self.held if held.role in HANDLERS]

    @cached_property
    def _lines(self) -> list[tuple[int | None, ...]]:
        """Each body that is reached from any of those held, with what stands above it."""
        tops = sorted({held.top_id for held in self.held})
        bodies = Body.objects.below(tops).order_by("pk")
        return list(bodies.values_list("pk", "parent", "parent__parent", "parent__parent__parent")) if tops else []

    def _below(self, held: Iterable[Membership]) -> list[int]:
        tops = {membership.top_id for membership in held}
        return [line[0] for line in self._lines if line[0] is not None and not tops.isdisjoint(line)] if tops else []
