"""How we speak of bodies, memberships, categories and rules."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Self

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

if TYPE_CHECKING:
    from accounts.models import User
    from authorities.deadline_models import DeadlineRule  # noqa: F401  named in the class's base
    from authorities.models import Body, Category, Criterion, Membership, Rule  # noqa: F401  named in the class's base
    from authorities.survey_models import SurveyField  # noqa: F401
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

    def below(self, tops: models.QuerySet[Any, Any] | list[int]) -> Self:
        """Bodies that are one of these or stand below one; `tops` are keys, or a subquery of keys (the flatter, the sooner Django compiles it)."""
        found = Q(pk__in=tops)
        for depth in range(1, DEPTH):
            found |= Q(**{"__".join(["parent"] * depth) + "__in": tops})
        return self.filter(found)

    def of_the_province_of(self, body: Body) -> Self:
        """A body, what stands above it, and all else that stands below the same top."""
        return self.below([_top_of(body).pk])

    def portal_of(self, body: Body, on: date) -> Body:
        """The Portal that coordinates for a body on a day: the one under the same province committee; never None."""
        from authorities.models import BodyKind

        top = _top_of(body)
        near = self.filter(kind=BodyKind.PORTAL).existing(on).filter(Q(parent=top) | Q(pk=top.pk)).order_by("code").first()
        return near or self.any_portal(on)

    def portal_for(self, units: list[Unit], on: date) -> Body:
        """The Portal that coordinates for a place (its unit and those above) on a day; outside everything any; never None."""
        from authorities.models import BodyKind

        return self.filter(kind=BodyKind.PORTAL).existing(on).covering(units, on).order_by("code").first() or self.any_portal(on)

    def any_portal(self, on: date) -> Body:
        """A Portal of the day, else of any day; made where nobody has set one up, so that no report is ever lost."""
        from authorities.models import BodyKind

        portals = self.filter(kind=BodyKind.PORTAL).order_by("code")
        found = portals.existing(on).first() or portals.first()
        if found is None:
            found, _made = self.get_or_create(
                code="portal", defaults={"name": "Cổng Thông tin điện tử", "kind": BodyKind.PORTAL, "validity": (None, None)}
            )
        return found

    def without_territory(self) -> Self:
        """Bodies that cover no unit on any day of their existence: no rule of a kind can lead to them."""
        from authorities.models import Territory

        return self.exclude(Exists(Territory.objects.filter(body=OuterRef("pk"), validity__overlap=OuterRef("validity"))))

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

    def tops(self) -> models.QuerySet[Membership, Any]:
        """The bodies from which each reaches downwards, as a subquery of keys; the same as Membership.top_id."""
        from authorities.models import Role

        superior = When(role=Role.COORDINATOR, then=Coalesce("body__parent", "body"))
        return self.values(top=Case(superior, default="body"))


class CategoryQuerySet(models.QuerySet["Category"]):
    """Categories."""

    def fileable(self) -> Self:
        """Categories in which a report can be sent."""
        return self.filter(in_scope=True)


class CriterionQuerySet(models.QuerySet["Criterion"]):
    """What answers are rated on."""

    def asked(self, on: date) -> Self:
        """Criteria that are asked on a day, in their order."""
        return self.filter(validity__contains=on)


class SurveyFieldQuerySet(models.QuerySet["SurveyField"]):
    """What surveys find out."""

    def asked_of(self, category: Category) -> Self:
        """The fields of a category, its own before those of every category."""
        return self.filter(Q(category=category) | Q(category=None)).order_by(F("category").asc(nulls_last=True), "position", "code")


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

    def leading_nowhere(self) -> Self:
        """Rules that can never lead to a body: on no day of theirs is there a body of the kind, or does the named body cover anything."""
        from authorities.models import Territory

        dated = Territory.objects.filter(validity__overlap=OuterRef("validity"), body__validity__overlap=OuterRef("validity"))
        of_kind = dated.filter(body__kind=OuterRef("body_kind"), unit__level=OuterRef("level"))
        here = OuterRef("territory")
        below_or_above = of_kind.filter(
            Q(unit=here) | Q(unit__parent=here) | Q(unit__parent__parent=here) | Q(unit__children=here) | Q(unit__children__children=here)
        )
        kind_somewhere = Q(body=None, territory=None) & Exists(of_kind)
        kind_there = Q(body=None, territory__isnull=False) & Exists(below_or_above)
        named_there = Q(body__validity__overlap=F("validity"), territory__isnull=False)
        named_somewhere = Q(body__validity__overlap=F("validity"), territory=None) & Exists(dated.filter(body=OuterRef("body")))
        in_time = Q(territory=None) | Q(territory__active=True, territory__validity__overlap=F("validity"))
        leading = self.model.objects.filter(in_time & (kind_somewhere | kind_there | named_there | named_somewhere))
        return self.exclude(pk__in=leading.values("pk"))


class DeadlineRuleQuerySet(models.QuerySet["DeadlineRule"]):
    """How long something may take."""

    def in_force(self, on: date) -> Self:
        """Deadlines that hold on a day, the most specific first: of category and body, of the category, of the body, of all."""
        return self.filter(validity__contains=on).order_by(F("category").asc(nulls_last=True), F("body").asc(nulls_last=True), "pk")

    def fitting(self, category_id: int, body_id: int) -> Self:
        """Those that may be asked for a category and a body."""
        return self.filter(Q(category=None) | Q(category=category_id), Q(body=None) | Q(body=body_id))


def _top_of(body: Body) -> Body:
    top = body
    for _step in range(1, DEPTH):
        top = top.parent or top
    return top
