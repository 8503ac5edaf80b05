"""Who gets a report: route(placement, category, on) gives a body and the trace of why."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import F
from django.utils.translation import gettext as _

from authorities.models import Body, BodyKind, Category, Rule
from authorities.querysets import BodyQuerySet
from boundaries.locate import Method, Placement
from boundaries.models import Unit

MAX_ALTERNATIVES = 5
OPEN_ENDED = (None, None)


@dataclass(frozen=True)
class Routing:
    """The body that gets the report, the trace of why (plain data, no personal data), and the bodies that must not see it."""

    body: Body
    trace: dict[str, Any]
    needs_triage: bool
    conflicts: list[Body] = field(default_factory=list)


def route(placement: Placement, category: Category, on: date) -> Routing:
    """The body responsible at a place for a category on a day, never None: without rule or unit it is the Portal's triage.

    A report about officials goes to the inspectorate, and the bodies that cover the place are named as conflicts: they must not see it.
    """
    units = [placement.unit, *placement.unit.ancestors()] if placement.unit else []
    if category.about_officials:
        conflicts = _complained_of(units, on)
        inspectorate = _first(Body.objects.existing(on).filter(kind=BodyKind.INSPECTORATE), units, on)
        if inspectorate and inspectorate not in conflicts:
            return Routing(
                inspectorate, _trace(placement, category, on, "officials", inspectorate), needs_triage=False, conflicts=conflicts
            )
        portal = _portal(units, on)
        return Routing(portal, _trace(placement, category, on, "no_rule", portal), needs_triage=True, conflicts=conflicts)
    if not units:
        portal = _portal(units, on)
        return Routing(portal, _trace(placement, category, on, "outside", portal), needs_triage=True)
    answers = list(_answers(category, units, on))
    if not answers:
        portal = _portal(units, on)
        return Routing(portal, _trace(placement, category, on, "no_rule", portal), needs_triage=True)
    (rule, body), *others = answers
    alternatives = [{"body": _body(other), "rule": str(other_rule.pk)} for other_rule, other in others if other != body][:MAX_ALTERNATIVES]
    trace = _trace(placement, category, on, "rule", body) | {"rule": _rule(rule), "alternatives": alternatives}
    return Routing(body, trace, needs_triage=False)


def _answers(category: Category, units: list[Unit], on: date) -> Any:
    """Each fitting rule that leads to a body, in order."""
    rules = list(Rule.objects.in_force(on).fitting(category, units).select_related("body", "territory", "category"))
    kinds = {rule.body_kind for rule in rules if rule.body_kind}
    of_kind: list[Any] = list(
        Body.objects.existing(on)
        .filter(kind__in=kinds, territories__unit__in=units, territories__validity__contains=on)
        .annotate(unit_covered=F("territories__unit"))
        .order_by("code")
    )
    level_of = {unit.pk: unit.level for unit in units}
    for rule in rules:
        if rule.body is not None:
            if on in rule.body.validity:
                yield rule, rule.body
            continue
        found = next((body for body in of_kind if body.kind == rule.body_kind and level_of[body.unit_covered] == rule.level), None)
        if found is not None:
            yield rule, found


def _complained_of(units: list[Unit], on: date) -> list[Body]:
    """The local bodies at the place: whoever is complained of is one of theirs."""
    local = [BodyKind.COMMUNE_COMMITTEE, BodyKind.DISTRICT_COMMITTEE, BodyKind.POLICE]
    return list(Body.objects.existing(on).filter(kind__in=local).covering(units, on).order_by("code"))


def _first(bodies: BodyQuerySet, units: list[Unit], on: date) -> Body | None:
    """The first of the bodies that covers the place; outside everything, the first there is."""
    return (bodies.covering(units, on) if units else bodies).order_by("code").first()


def _portal(units: list[Unit], on: date) -> Body:
    """The Portal whose coordinators take what nobody else does; made where nobody has set one up, so that no report is ever lost."""
    portals = Body.objects.filter(kind=BodyKind.PORTAL)
    found = _first(portals.existing(on), units, on) or portals.existing(on).order_by("code").first() or portals.order_by("code").first()
    if found is None:
        found, _made = Body.objects.get_or_create(
            code="portal", defaults={"name": "Cổng Thông tin điện tử", "kind": BodyKind.PORTAL, "validity": OPEN_ENDED}
        )
    return found


def _trace(placement: Placement, category: Category, on: date, reason: str, body: Body) -> dict[str, Any]:
    unit = placement.unit
    return {
        "reason": reason,
        "on": on.isoformat(),
        "category": category.code,
        "method": str(placement.method),
        "distance_m": placement.distance_m,
        "accuracy_m": placement.accuracy_m,
        "ambiguous": placement.ambiguous,
        "candidates": [
            {"code": found.unit.code, "name": found.unit.name, "share": found.share, "distance_m": found.distance_m}
            for found in placement.candidates
        ],
        "unit": _unit(unit) if unit else None,
        "edition": _edition(unit) if unit else None,
        "rule": None,
        "body": _body(body),
        "alternatives": [],
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
    }


def _body(body: Body) -> dict[str, Any]:
    return {"code": body.code, "name": body.name}


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def explain(trace: dict[str, Any]) -> list[dict[str, str]]:
    """The trace in sentences of the reader's language: place, border, rule, body; each {step, text}."""
    steps = [{"step": "place", "text": _place_sentence(trace)}]
    if trace["unit"]:
        since = trace["unit"]["valid_from"]
        decree = (trace["edition"] or {}).get("decree") or (trace["edition"] or {}).get("name") or ""
        text = _("Units in force on %(day)s: %(decree)s.") % {"day": _day(trace["on"]), "decree": decree}
        if since:
            text += " " + _("In force since %(day)s.") % {"day": _day(since)}
        steps.append({"step": "edition", "text": text})
    if trace["ambiguous"]:
        names = ", ".join(f"{found['name']} ({found['share']:.0%})" if found["share"] else found["name"] for found in trace["candidates"])
        steps.append({"step": "border", "text": _("The spot is close to a border. In question: %(names)s.") % {"names": names}})
    steps.append({"step": "rule", "text": _rule_sentence(trace)})
    steps.append({"step": "body", "text": _("So it goes to %(body)s.") % {"body": trace["body"]["name"]}})
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


def _rule_sentence(trace: dict[str, Any]) -> str:
    category = Category.objects.filter(code=trace["category"]).first()
    name = category.label if category else trace["category"]
    if trace["reason"] == "officials":
        return _("Reports about officials go to the inspectorate, never to the body concerned.")
    if trace["reason"] in {"no_rule", "outside"}:
        return _("No rule names a body here for “%(category)s”; a coordinator decides.") % {"category": name}
    rule = trace["rule"]
    where = rule["territory"] or _("everywhere")
    text = _("Rule: “%(category)s” in %(where)s.") % {"category": name, "where": where}
    return f"{text} {rule['note']}".strip()


def _day(iso: str) -> str:
    return f"{date.fromisoformat(iso):%d/%m/%Y}"
