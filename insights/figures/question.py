"""What is asked of the figures: of which reports, counted by what, on the units of which day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from authorities.models import Body, Category
from boundaries.models import Level, Unit
from gis.errors import PlaceError
from reports.api.filters import asked_statuses, parse_moment, unit_of, words
from reports.workflow import GROUPS as STATUS_GROUPS

GROUPS = ("unit", "authority", "category", "month")


@dataclass(frozen=True)
class Question:
    """A choice of reports, and what their figures are grouped by. None chooses all; an empty list none.

    `on` groups by the units of that day, at a `level`; None by the unit that each report has now.
    """

    groups: tuple[str, ...] = ("unit",)
    since: datetime | None = None
    until: datetime | None = None
    categories: list[int] | None = None
    statuses: list[str] | None = None
    bodies: list[int] | None = None
    unit: Unit | None = None
    units: list[int] | None = None  # of the filter: the unit and what is below it
    on: date | None = None
    level: str = Level.COMMUNE
    asked: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> Question:
        """The question in query parameters; PlaceError names what is not right."""
        on = _day(asked.get("on_units_of", ""))
        unit = unit_of(asked["unit"], asked.get("on") or asked.get("on_units_of", ""), "unit") if asked.get("unit") else None
        level = asked.get("level") or Level.COMMUNE
        if level not in Level.values:
            raise _refused("level", _("level is one of %(known)s.") % {"known": ", ".join(Level.values)})
        names = asked_statuses(asked.get("status", ""))
        categories, bodies = words(asked.get("category", "")), words(asked.get("authority", ""))
        return cls(
            groups=_groups(asked),
            since=parse_moment(asked.get("since", ""), "since"),
            until=parse_moment(asked.get("until", ""), "until"),
            categories=list(Category.objects.filter(code__in=categories).order_by("pk").values_list("pk", flat=True))
            if categories
            else None,
            bodies=list(Body.objects.filter(code__in=bodies).order_by("pk").values_list("pk", flat=True)) if bodies else None,
            statuses=sorted(_states(names)) if names else None,
            unit=unit,
            units=[unit.pk, *Unit.objects.below(unit).values_list("pk", flat=True)] if unit else None,
            on=on,
            level=level,
            asked={name: asked[name] for name in PARAMETERS if asked.get(name)},
        )


PARAMETERS = ("group", "by", "level", "on_units_of", "since", "until", "category", "status", "authority", "unit", "on")


def _groups(asked: Mapping[str, str]) -> tuple[str, ...]:
    group, by = asked.get("group") or "unit", asked.get("by", "")
    for name, value in (("group", group), ("by", by)):
        if value and value not in GROUPS:
            raise _refused(name, _("%(name)s is one of %(groups)s.") % {"name": name, "groups": ", ".join(GROUPS)})
    return (group, by) if by and by != group else (group,)


def _states(names: list[str]) -> set[str]:
    return {str(state) for name in names for state in STATUS_GROUPS.get(name, frozenset({name}))}


def _day(text: str) -> date | None:
    moment = parse_moment(text, "on_units_of")
    return timezone.localdate(moment) if moment else None


def _refused(name: str, sentence: str) -> PlaceError:
    return PlaceError(sentence, errors={name: [sentence]})
