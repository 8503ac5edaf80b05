"""Who gets a report: route(placement, category, on) gives a body and the trace of why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from typing import Any

from django.db.models import QuerySet
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from authorities.models import Body, BodyKind, Category, Rule, Territory
from boundaries.locate import Method, Placement
from boundaries.models import Unit

MAX_ALTERNATIVES = 5
MOST_KEPT = 5_000  # answers, by category and unit
LOCAL = (BodyKind.COMMUNE_COMMITTEE, BodyKind.DISTRICT_COMMITTEE, BodyKind.POLICE)


@dataclass(frozen=True)
class Routing:
    """The body that gets the report, the trace of why (plain data, no personal data), and the bodies that must not see it."""

    body: Body
    trace: dict[str, Any]
    needs_triage: bool
    conflicts: list[Body] = field(default_factory=list)


def route(placement: Placement, category: Category, on: date, known: RulesOfADay | None = None) -> Routing:
    """The body responsible at a place for a category on a day, never None: without rule or unit it is the Portal's triage.

    `known` are the rules of that day, already read; with them many places cost no query each.

    A report about officials goes to the inspectorate, and the local bodies of the place, and of every place that comes into question, are
    named as conflicts: they must not see it.
    """
    units = with_those_above(placement.unit)
    if category.about_officials:
        return _route_about_officials(placement, category, units, on)
    if not units:
        return _triage(placement, category, units, on, "outside")
    answers = known.of_each_body(category, units) if known else _one_a_body(_answers(category, units, on))
    if not answers:
        return _triage(placement, category, units, on, "no_rule")
    (rule, body), *others = answers
    alternatives = [{"body": _body(other), "rule": str(other_rule.pk)} for other_rule, other in others[:MAX_ALTERNATIVES]]
    trace = _trace(placement, category, on, "rule", body) | {"rule": _rule(rule), "alternatives": alternatives}
    return Routing(body, trace, needs_triage=False)


def route_like(routing: Routing, placement: Placement) -> Routing:
    """The answer for another spot of the same unit, category and day: the same body by the same rule, with the trace of that spot."""
    return replace(routing, trace=routing.trace | _spot(placement))


def route_by_hand(placement: Placement, category: Category, on: date, body: Body, *, succeeded: bool) -> Routing:
    """The answer where a person chose the body before, or (`succeeded`) a body that it took over from: no rule is asked."""
    return Routing(body, _trace(placement, category, on, "succession" if succeeded else "by_hand", body), needs_triage=False)


def _route_about_officials(placement: Placement, category: Category, units: list[Unit], on: date) -> Routing:
    conflicts = _complained_of(placement, on)
    inspectorates = Body.objects.existing(on).filter(kind=BodyKind.INSPECTORATE).order_by("code")
    # Outside everything nobody knows whose officials are meant: with several inspectorates a coordinator decides
    found = list(inspectorates.covering(units, on) if units else inspectorates[:2])
    if not found or (not units and len(found) > 1):
        return _triage(placement, category, units, on, "no_inspectorate", conflicts)
    return Routing(found[0], _trace(placement, category, on, "officials", found[0]), needs_triage=False, conflicts=conflicts)


def _triage(
    placement: Placement, category: Category, units: list[Unit], on: date, reason: str, conflicts: list[Body] | None = None
) -> Routing:
    """To the coordinators: of the place, or of the nearest that comes into question."""
    if not units and placement.candidates:
        nearest = min(placement.candidates, key=lambda candidate: (candidate.distance_m, candidate.unit.code))
        units = with_those_above(nearest.unit)
    portal = Body.objects.portal_for(units, on)
    return Routing(portal, _trace(placement, category, on, reason, portal), needs_triage=True, conflicts=conflicts or [])


def with_those_above(unit: Unit | None) -> list[Unit]:
    """A unit and those that it is part of, the nearest first."""
    return [unit, *unit.ancestors()] if unit else []


@dataclass(frozen=True)
class Here:
    """A place on a day: its unit and those above, and the territories of existing bodies that cover it, in the order of the bodies' codes."""

    units: list[Unit]
    covering: list[Territory]
    on: date

    def fits(self, rule: Rule) -> bool:
        """Whether the rule holds here."""
        return rule.territory_id is None or any(unit.pk == rule.territory_id for unit in self.units)

    def body_of(self, rule: Rule) -> Body | None:
        """The body that a fitting rule leads to.

        A rule of a kind leads to the body of that kind whose territory is the unit of its level; a rule that names its body, to that body where
        the rule's territory is, or (without one) where the body covers the place. Bodies that do not exist on the day are passed over.
        """
        if rule.body is not None:
            covered = rule.territory_id is not None or any(territory.body_id == rule.body_id for territory in self.covering)
            return rule.body if covered and self.on in rule.body.validity else None
        level_of = {unit.pk: unit.level for unit in self.units}
        of_kind = (territory for territory in self.covering if territory.body.kind == rule.body_kind)
        return next((territory.body for territory in of_kind if level_of[territory.unit_id] == rule.level), None)


def territories_on(on: date) -> QuerySet[Territory]:
    """Territories of a day, of bodies that exist on it."""
    return Territory.objects.filter(validity__contains=on, body__validity__contains=on).select_related("body").order_by("body__code", "pk")


class RulesOfADay:
    """The rules and territories of one day, read once: who answers for any category and place is then found in memory."""

    def __init__(self, on: date) -> None:
        self.on = on
        self._kept: dict[tuple[int, int], list[tuple[Rule, Body]]] = {}
        self._territories: dict[int, list[tuple[int, Territory]]] = defaultdict(list)
        for position, territory in enumerate(territories_on(on)):
            self._territories[territory.unit_id].append((position, territory))
        self._rules: dict[int | None, list[Rule]] = defaultdict(list)
        for rule in Rule.objects.in_force(on).select_related("body", "territory", "category").order_by("priority", "pk"):
            self._rules[rule.category_id].append(rule)

    def of_each_body(self, category: Category, units: list[Unit]) -> list[tuple[Rule, Body]]:
        """The first answer of each body; kept, since many reports come from one unit."""
        asked = category.pk, units[0].pk
        kept = self._kept.get(asked)
        if kept is None:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            kept = self._kept[asked] = _one_a_body(self.answers(category, units))
        return kept

    def here(self, units: list[Unit]) -> Here:
        """A place by its unit and those above."""
        covering = sorted((row for unit in units for row in self._territories.get(unit.pk, ())), key=lambda row: row[0])
        return Here(units, [territory for _, territory in covering], self.on)

    def answers(self, category: Category, units: list[Unit]) -> Iterator[tuple[Rule, Body]]:
        """Each fitting rule that leads to a body, in the order of `Rule.objects.fitting`."""
        here = self.here(units)
        nearness = {unit.pk: step for step, unit in enumerate(units)}
        fitting = [rule for rule in (*self._rules[category.pk], *self._rules[None]) if here.fits(rule)]
        fitting.sort(key=lambda rule: (rule.priority, rule.category_id is None, nearness.get(rule.territory_id or 0, len(units)), rule.pk))
        for rule in fitting:
            body = here.body_of(rule)
            if body is not None:
                yield rule, body


def _answers(category: Category, units: list[Unit], on: date) -> Iterator[tuple[Rule, Body]]:
    """Each fitting rule that leads to a body, in order."""
    here = Here(units, list(territories_on(on).filter(unit__in=units)), on)
    for rule in Rule.objects.in_force(on).fitting(category, units).select_related("body", "territory", "category"):
        body = here.body_of(rule)
        if body is not None:
            yield rule, body


def _one_a_body(answers: Iterator[tuple[Rule, Body]]) -> list[tuple[Rule, Body]]:
    """The first answer of each body."""
    first: dict[int, tuple[Rule, Body]] = {}
    for rule, body in answers:
        first.setdefault(body.pk, (rule, body))
    return list(first.values())


def _complained_of(placement: Placement, on: date) -> list[Body]:
    """The local bodies of every unit that comes into question: whoever is complained of is one of theirs."""
    asked = [placement.unit, *(candidate.unit for candidate in placement.candidates)]
    units = {above.pk: above for unit in asked for above in with_those_above(unit)}
    return list(Body.objects.existing(on).filter(kind__in=LOCAL).covering(list(units.values()), on).order_by("code"))


# --- the trace: plain data that is kept with the report --------------------------------------------------------------


def _trace(placement: Placement, category: Category, on: date, reason: str, body: Body) -> dict[str, Any]:
    unit = placement.unit
    return {
        "reason": reason,
        "on": on.isoformat(),
        "category": category.code,
        **_spot(placement),
        "unit": _unit(unit) if unit else None,
        "edition": _edition(unit) if unit else None,
        "rule": None,
        "body": _body(body),
        "alternatives": [],
    }


def _spot(placement: Placement) -> dict[str, Any]:
    """What differs between two spots of one unit."""
    return {
        "method": str(placement.method),
        "distance_m": placement.distance_m,
        "accuracy_m": placement.accuracy_m,
        "ambiguous": placement.ambiguous,
        "candidates": [
            {"code": found.unit.code, "name": found.unit.name, "share": float(found.share), "distance_m": float(found.distance_m)}
            for found in placement.candidates
        ],
    }


def _unit(unit: Unit) -> dict[str, Any]:
    return {"code": unit.code, "name": unit.full_name(), "valid_from": _iso(unit.valid_from), "valid_to": _iso(unit.valid_to)}


def _edition(unit: Unit) -> dict[str, Any]:
    edition = unit.edition
    return {"name": edition.name, "decree": edition.decree, "decree_date": _iso(edition.decree_date), "decree_url": edition.decree_url}


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.pk,
        "category": rule.category.code if rule.category else None,
        "territory": rule.territory.name if rule.territory else None,
        "level": rule.level,
        "kind": rule.body_kind,
        "note": rule.note,
        "note_en": rule.note_en,
    }


def _body(body: Body) -> dict[str, Any]:
    return {"code": body.code, "name": body.name}


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


# --- the trace in words -----------------------------------------------------------------------------------------------


def explain(trace: dict[str, Any], category: Category | None = None) -> list[dict[str, str]]:
    """The trace in sentences of the reader's language: place, edition, border, rule, body; each {step, text}.

    `category` is the report's, where it is at hand; another than the trace's is passed over.
    """
    steps = [{"step": "place", "text": _place_sentence(trace)}]
    if trace["unit"]:
        steps.append({"step": "edition", "text": _edition_sentence(trace)})
    if trace["ambiguous"] and trace["candidates"]:
        names = ", ".join(_candidate(found) for found in trace["candidates"])
        steps.append({"step": "border", "text": _("The spot is close to a border; in question are %(names)s.") % {"names": names}})
    steps.append({"step": "rule", "text": _rule_sentence(trace, category)})
    steps.append({"step": "body", "text": _("So the report goes to %(body)s.") % {"body": trace["body"]["name"]}})
    return steps


def _place_sentence(trace: dict[str, Any]) -> str:
    if not trace["unit"]:
        return _("The spot lies outside every unit that we know.")
    if trace["method"] == Method.SNAPPED:
        return _("The spot lies in no unit (on water, or in a gap); the nearest is %(unit)s, %(metres)d m away.") % {
            "unit": trace["unit"]["name"],
            "metres": round(trace["distance_m"]),
        }
    return _("The spot lies in %(unit)s.") % {"unit": trace["unit"]["name"]}


def _edition_sentence(trace: dict[str, Any]) -> str:
    decree, since = trace["edition"]["decree"], trace["unit"]["valid_from"]
    if decree:
        text = _("The units are those in force on %(day)s, by %(decree)s.") % {"day": _day(trace["on"]), "decree": decree}
    else:
        text = _("The units are those in force on %(day)s.") % {"day": _day(trace["on"])}
    if not since:
        return text
    return text + " " + _("This unit has been in force since %(day)s.") % {"day": _day(since)}  # xgettext reads no f-string


def _candidate(found: dict[str, Any]) -> str:
    if not found["share"]:
        return str(found["name"])
    return _("%(unit)s (%(percent)d%% of the circle)") % {"unit": found["name"], "percent": max(round(100 * found["share"]), 1)}


def _rule_sentence(trace: dict[str, Any], category: Category | None) -> str:
    if trace["reason"] == "officials":
        return _("Reports about officials go to the inspectorate, never to the body concerned.")
    if trace["reason"] == "no_inspectorate":
        return _("Reports about officials never go to the body concerned; which inspectorate is meant here, a coordinator decides.")
    if trace["reason"] == "outside":
        return _("Outside the units that we know, a coordinator decides who is responsible.")
    if trace["reason"] == "by_hand":
        return _("A coordinator has chosen the body before, and it still stands here.")
    if trace["reason"] == "succession":
        return _("This body took over from the one that a coordinator had chosen.")
    name = category.label if category and category.code == trace["category"] else _category_name(trace["category"])
    if trace["reason"] == "no_rule":
        return _("No rule names a body here for “%(category)s”; a coordinator decides.") % {"category": name}
    rule = trace["rule"]
    if rule["category"] is None:
        text = _("For “%(category)s” there is no rule of its own here; the rule for every category holds.") % {"category": name}
    elif rule["territory"]:
        text = _("There is a rule for “%(category)s” in %(territory)s.") % {"category": name, "territory": rule["territory"]}
    else:
        text = _("There is a rule for “%(category)s”.") % {"category": name}
    note = (rule.get("note_en") or rule["note"]) if get_language() == "en" else rule["note"]
    return f"{text} {note}{'' if note.endswith(('.', '!', '?')) else '.'}" if note else text


def _category_name(code: str) -> str:
    category = Category.objects.filter(code=code).first()
    return category.label if category else code


def _day(iso: str) -> str:
    return _day_in(iso, get_language())


@lru_cache(maxsize=1_000)
def _day_in(iso: str, language: str | None) -> str:
    """A day as it is written in a language, which is the active one."""
    return date_format(date.fromisoformat(iso), "SHORT_DATE_FORMAT")
