"""Why a report is where it is: the spot, the act by which its unit exists, the rule, and who moved it since; for the public page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib.gis.geos import Point
from django.db.models import Value
from django.db.models.functions import Coalesce

from authorities.routing import explain
from boundaries.models import Unit, UnitShape
from gis.functions import Boundary, GeodesicDistance, NearestPoint
from reports.models import Report, ReportEvent
from reports.timeline import sentence

MOVES = frozenset({"assign", "to_triage", "recategorise", "reopen", "rerouted", "reroute_undone"})


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
    """The answer for a report and its public events, the earliest first. One query: the distance to the nearest border."""
    first = next((event.data["trace"] for event in events if event.kind == "filed" and "trace" in event.data), None)
    edition = first["edition"] if first else None
    day = edition.get("decree_date") if edition else None
    return Why(
        reasons=explain(first) if first else [],
        edition=edition,
        decree_day=date.fromisoformat(day) if day else None,
        candidates=first["candidates"] if first and len(first["candidates"]) > 1 else [],
        border=nearest_border(report.unit, report) if report.unit else None,
        moves=[_move(event) for event in events if event.kind in MOVES and _changed_hands(event)],
    )


def nearest_border(unit: Unit, report: Report) -> Border | None:
    """The nearest border (or shore) of a report's unit to its spot; None where the unit has no outline."""
    line = Boundary("geometry")
    metres = Coalesce(GeodesicDistance(line, report.location), Value(0.0))
    found = UnitShape.objects.filter(unit=unit, current=True).values_list(metres, NearestPoint(line, report.location)).first()
    return Border(*found) if found and found[1] is not None else None


def _changed_hands(event: ReportEvent) -> bool:
    return event.data.get("from") != event.data.get("to") or event.kind in {"assign", "to_triage"}


def _move(event: ReportEvent) -> Move:
    trace = event.data.get("trace")
    return Move(event.at, sentence(event), explain(trace) if trace else [])
