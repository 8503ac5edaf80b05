"""A query as a sentence, phrase by phrase: what the page shows as chips."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from authorities.models import Body, Category
from boundaries.models import Level
from insights.planner.language import Choice, Drawn, Group, LayerPart, Overdue, Period, Place, Query, Spot, UnitOn
from reports.models import Channel
from reports.workflow import Status

if TYPE_CHECKING:
    from insights.planner.compiling import Statement


@dataclass(frozen=True)
class Phrase:
    """One part of the sentence; `kind` says of what: subject, condition, place, nearest, group."""

    kind: str
    text: str


def phrases(query: Query, statement: Statement) -> list[Phrase]:
    """The sentence of a query whose units and layers were found, in the reader's language."""
    units, layers = iter(statement.units), iter(statement.layers)
    said = [Phrase("subject", _("Public reports"))]
    said += [Phrase("condition", _condition(condition)) for condition in query.conditions]
    for place in query.places:
        unit = next(units).dated_name if isinstance(place.target, UnitOn) else ""
        layer = _layer(next(layers).name, place.target) if isinstance(place.target, LayerPart) else ""
        said.append(Phrase("place", _place(place, unit or layer)))
    if query.nearest is not None:
        target = query.nearest.target
        what = _spot(target) if isinstance(target, Spot) else _layer(next(layers).name, target)
        count = query.nearest.count
        said.append(
            Phrase(
                "nearest", ngettext("the nearest to %(what)s", "the %(count)d nearest to %(what)s", count) % {"count": count, "what": what}
            )
        )
    if query.group.by:
        layer = _layer(next(layers).name, query.group.part) if query.group.part else ""
        said.append(Phrase("group", _group(query.group, layer)))
    return said


def _condition(condition: Choice | Period | Overdue) -> str:
    if isinstance(condition, Overdue):
        return _("open after the due date") if condition.wanted else _("not overdue")
    if isinstance(condition, Period):
        return _period(condition)
    labels = _alternatives(_labels(condition))
    field = {
        "category": _("of the category %(values)s"),
        "status": _("of the status %(values)s"),
        "authority": _("with %(values)s"),
        "channel": _("that came by %(values)s"),
        "severity": _("of the severity %(values)s"),
    }
    others = {
        "category": _("not of the category %(values)s"),
        "status": _("not of the status %(values)s"),
        "authority": _("not with %(values)s"),
        "channel": _("that did not come by %(values)s"),
        "severity": _("not of the severity %(values)s"),
    }
    return (others if condition.negated else field)[condition.field] % {"values": labels}


def _labels(condition: Choice) -> list[str]:
    if condition.field == "category":
        known = {category.code: category.label for category in Category.objects.filter(code__in=condition.values)}
    elif condition.field == "authority":
        known = dict(Body.objects.filter(code__in=condition.values).values_list("code", "name"))
    elif condition.field == "channel":
        known = {value: str(label) for value, label in Channel.choices}
    elif condition.field == "severity":
        known = {"1": _("low"), "2": _("normal"), "3": _("danger to people")}
    else:
        known = {value: str(label) for value, label in Status.choices} | {"open": _("open"), "closed": _("closed")}
    return [f"“{known.get(value, value)}”" for value in condition.values]


def _alternatives(labels: Iterable[str]) -> str:
    *first, last = labels
    return _("%(first)s or %(last)s") % {"first": ", ".join(first), "last": last} if first else last


def _period(period: Period) -> str:
    filed = period.field == "filed"
    since = date_format(timezone.localtime(period.since)) if period.since else ""
    until = date_format(timezone.localtime(period.until)) if period.until else ""
    if since and until:
        sentence = _("filed from %(since)s until before %(until)s") if filed else _("closed from %(since)s until before %(until)s")
    elif since:
        sentence = _("filed since %(since)s") if filed else _("closed since %(since)s")
    else:
        sentence = _("filed before %(until)s") if filed else _("closed before %(until)s")
    return sentence % {"since": since, "until": until}


def _place(place: Place, name: str) -> str:
    target = place.target
    if isinstance(target, Drawn):
        corners = target.corners
        name = ngettext("the drawn area (%(count)d corner)", "the drawn area (%(count)d corners)", corners) % {"count": corners}
    elif isinstance(target, Spot):
        name = _spot(target)
    if place.relation == "near":
        sentence = _("further than %(metres)s m from %(what)s") if place.negated else _("within %(metres)s m of %(what)s")
        return sentence % {"metres": number_format(place.metres, 0 if place.metres == int(place.metres) else 1), "what": name}
    if place.relation == "intersects":
        return (_("not touching %(what)s") if place.negated else _("touching %(what)s")) % {"what": name}
    return (_("outside %(what)s") if place.negated else _("within %(what)s")) % {"what": name}


def _spot(spot: Spot) -> str:
    return _("the point %(lat)s, %(lon)s") % {"lat": f"{spot.lat:.5f}", "lon": f"{spot.lon:.5f}"}


def _layer(name: str, part: LayerPart) -> str:
    if part.feature:
        return _("“%(feature)s” of the layer “%(layer)s”") % {"feature": part.feature, "layer": name}
    return _("the layer “%(layer)s”") % {"layer": name}


def _group(group: Group, layer: str) -> str:
    if group.by == "unit":
        level = {
            Level.COMMUNE: _("by commune of %(day)s"),
            Level.DISTRICT: _("by district of %(day)s"),
            Level.PROVINCE: _("by province of %(day)s"),
        }[Level(group.level)]
        return level % {"day": date_format(group.on or timezone.localdate())}
    if group.by == "cell":
        return _("by cells of %(metres)s m") % {"metres": number_format(group.metres, 0)}
    if group.by == "feature":
        if group.metres:
            return _("by feature of %(layer)s within %(metres)s m") % {"layer": layer, "metres": number_format(group.metres, 0)}
        return _("by feature of %(layer)s") % {"layer": layer}
    return {"month": _("by month of filing"), "category": _("by category"), "status": _("by status")}[group.by]
