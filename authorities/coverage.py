"""Where nobody is responsible: categories and communes without a body, rules that lead to none, bodies without territory."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from authorities.models import Body, BodyKind, Category, Rule, Territory
from authorities.routing import Here, territories_on, with_those_above
from boundaries.models import Level, Unit


@dataclass(frozen=True)
class Gap:
    """A category and the communes in which no body is responsible for it on a day."""

    category: Category
    units: list[Unit]


def gaps(on: date) -> list[Gap]:
    """Each category that can be sent, with the communes in force on a day where a report would end in triage."""
    territories: dict[int, list[Territory]] = defaultdict(list)
    for territory in territories_on(on):
        territories[territory.unit_id].append(territory)
    places = []
    for unit in Unit.objects.in_force(on).of_level(Level.COMMUNE).with_ancestors().order_by("code"):
        units = with_those_above(unit)
        places.append((unit, Here(units, [territory for above in units for territory in territories[above.pk]], on)))
    rules = list(Rule.objects.in_force(on).select_related("body"))
    found = []
    for category in Category.objects.fileable():
        asked = [rule for rule in rules if rule.category_id in (category.pk, None)]
        without = [unit for unit, here in places if not _somebody(category, asked, here)]
        if without:
            found.append(Gap(category, without))
    return found


def _somebody(category: Category, rules: list[Rule], here: Here) -> bool:
    if category.about_officials:
        return any(territory.body.kind == BodyKind.INSPECTORATE for territory in here.covering)
    return any(here.fits(rule) and here.body_of(rule) is not None for rule in rules)


def rules_leading_nowhere(on: date) -> list[Rule]:
    """Rules in force on a day that can never lead to a body."""
    return list(Rule.objects.in_force(on).leading_nowhere().select_related("category", "territory", "body").order_by("priority", "pk"))


def bodies_without_territory(on: date) -> list[Body]:
    """Bodies of a day that cover no unit; the Portal made for want of another is known to have none."""
    return list(Body.objects.existing(on).without_territory().exclude(kind=BodyKind.PORTAL, code="portal").order_by("code"))
