"""Why a report is where it is: the spot, the act by which its unit exists, the rule, and who moved it since; for the public page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib.gis.geos import Point
from django.db.models import Value
from django.db.models.functions import Coalesce

from authorities.routing import explain
from boundaries.models import Level, Unit, UnitShape
from gis.functions import Boundary, GeodesicDistance, NearestPoint
from reports.models import Report, ReportEvent
from reports.timeline import sentence

MOVES = frozenset(
    {"assign", "accept_transfer", "relocate", "to_triage", "recategorise", "reopen", "not_fixed", "rerouted", "reroute_undone"}
)


@dataclass(frozen=True)
class Move:
    """One change of who has the report: when, in a sentence, and (where rules decided) why."""

    at: datetime
    text: str
    reasons: list[dict[str, str]]


@dataclass(frozen=True)
class Border:
    """The nearest border (or shore) of the unit: how far in metres, and where (WGS 84)."""

    metres: float
    point: Point


@dataclass(frozen=True)
class Why:
    """`reasons` are the sentences of the first routing, `edition` the act (name, decree, decree_url) and `candidates` of its trace."""

    reasons: list[dict[str, str]]
    edition: dict[str, Any] | None
    decree_day: date | None
    candidates: list[dict[str, Any]]
    border: Border | None
    moves: list[Move]


def why_here(report: Report, events: list[ReportEvent]) -> Why:
    """The answer for a report and its public events, the earliest first. Two queries: the periods of the units, the distance to the nearest border."""
    traces = with_periods([event.data.get("trace") for event in events], report.unit)
    first = next((trace for event, trace in zip(events, traces, strict=True) if event.kind == "filed" and trace), None)
    edition = first["edition"] if first else None
    day = edition.get("decree_date") if edition else None
    return Why(
        reasons=explain(first) if first else [],
        edition=edition,
        decree_day=date.fromisoformat(day) if day else None,
        candidates=first["candidates"] if first and len(first["candidates"]) > 1 else [],
        border=nearest_border(report.unit, report) if report.unit else None,
        moves=[_move(event, trace) for event, trace in zip(events, traces, strict=True) if event.kind in MOVES and _changed_hands(event)],
    )


def nearest_border(unit: Unit, report: Report) -> Border | None:
    """The nearest border (or shore) of a report's unit to its spot; None where the unit has no outline."""
    line = Boundary("geometry")
    metres = Coalesce(GeodesicDistance(line, report.location), Value(0.0))
    found = UnitShape.objects.filter(unit=unit, current=True).values_list(metres, NearestPoint(line, report.location)).first()
    return Border(*found) if found and found[1] is not None else None


def _changed_hands(event: ReportEvent) -> bool:
    return event.data.get("from") != event.data.get("to") or event.kind in {"assign", "to_triage"}


def with_periods(traces: Sequence[dict[str, Any] | None], unit: Unit | None) -> list[dict[str, Any] | None]:
    """The traces with the period in the names of units that are no longer in force; one query where they name others than a known one."""
    known = [unit] if unit else []
    others = {found["code"] for trace in traces if trace for found in _named(trace) if unit is None or not _is(unit, found)}
    if others:
        known += Unit.objects.filter(active=True, level=Level.COMMUNE, code__in=others)

    def dated(found: dict[str, Any], day: date) -> dict[str, Any]:
        unit = next((unit for unit in known if _is(unit, found) and unit.in_force_on(day)), None)
        return {**found, "name": unit.dated_name + found["name"][len(unit.name) :]} if unit else found

    def of(trace: dict[str, Any]) -> dict[str, Any]:
        day = date.fromisoformat(trace["on"])
        unit, candidates = trace["unit"], trace["candidates"]
        return {**trace, "unit": dated(unit, day) if unit else None, "candidates": [dated(found, day) for found in candidates]}

    return [of(trace) if trace else None for trace in traces]


def _named(trace: dict[str, Any]) -> list[dict[str, Any]]:
    return [*trace["candidates"], *([trace["unit"]] if trace["unit"] else [])]


def _is(unit: Unit, found: dict[str, Any]) -> bool:
    """Whether a trace means the unit, by its name alone or with what it was part of."""
    return bool(found["code"] == unit.code and f"{found['name']}, ".startswith(f"{unit.name}, "))


def _move(event: ReportEvent, trace: dict[str, Any] | None) -> Move:
    return Move(event.at, sentence(event), explain(trace) if trace else [])
