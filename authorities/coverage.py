"""Where nobody is responsible: categories and communes without a body, rules that lead to none, bodies without territory."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from authorities.models import Body, BodyKind, Category, Rule
from authorities.routing import RulesOfADay, with_those_above
from boundaries.models import Level, Unit


@dataclass(frozen=True)
class Gap:
    """A category and the communes in which no body is responsible for it on a day."""

    category: Category
    units: list[Unit]


def gaps(on: date) -> list[Gap]:
    """Each category that can be sent, with the communes in force on a day where a report would end in triage."""
    rules = RulesOfADay(on)
    units = Unit.objects.in_force(on).of_level(Level.COMMUNE).with_ancestors().order_by("code")
    places = [(unit, with_those_above(unit)) for unit in units]
    found = []
    for category in Category.objects.fileable():
        without = [unit for unit, with_above in places if not _somebody(category, with_above, rules)]
        if without:
            found.append(Gap(category, without))
    return found


def _somebody(category: Category, units: list[Unit], rules: RulesOfADay) -> bool:
    if category.about_officials:
        return any(territory.body.kind == BodyKind.INSPECTORATE for territory in rules.here(units).covering)
    return next(rules.answers(category, units), None) is not None


def rules_leading_nowhere(on: date) -> list[Rule]:
    """Rules in force on a day that can never lead to a body."""
    return list(Rule.objects.in_force(on).leading_nowhere().select_related("category", "territory", "body").order_by("priority", "pk"))


def bodies_without_territory(on: date) -> list[Body]:
    """Bodies of a day that cover no unit; the Portal made for want of another is known to have none."""
    return list(Body.objects.existing(on).without_territory().exclude(kind=BodyKind.PORTAL, code="portal").order_by("code"))
