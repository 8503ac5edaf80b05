"""Checks of an edition: asked for, run, and their last result kept, so that its page opens at once."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from boundaries import tasks
from boundaries.loading import Track, untracked
from boundaries.models import Edition, TopologyCheck, UnitShape
from boundaries.topology.checks import CHECKS, scope_of
from boundaries.topology.findings import KEPT, Finding, Severity, most_grave_first

GIVEN_UP = timedelta(minutes=30)  # a check that says nothing for so long has lost its worker


@transaction.atomic
def ask_for_check(*, edition: Edition) -> TopologyCheck:
    """Lets a worker check an edition; nothing is asked twice while a check is under way."""
    Edition.objects.select_for_update().get(pk=edition.pk)
    check, made = TopologyCheck.objects.get_or_create(edition=edition)
    if not made and is_under_way(check):
        return check
    check.state, check.asked_at, check.step, check.problem = TopologyCheck.State.WAITING, timezone.now(), "", ""
    check.save(update_fields=["state", "asked_at", "step", "problem"])
    tasks.check_topology.defer(edition_id=edition.pk)
    return check


def is_under_way(check: TopologyCheck) -> bool:
    """Whether a worker has it, or will take it."""
    waiting = check.state in (TopologyCheck.State.WAITING, TopologyCheck.State.RUNNING)
    return waiting and timezone.now() - (check.started_at or check.asked_at) < GIVEN_UP


def run_check(*, edition: Edition, track: Track = untracked) -> TopologyCheck:
    """Checks an edition and keeps the result in place of the last one; what goes wrong meanwhile is kept too, and raised."""
    check, _made = TopologyCheck.objects.get_or_create(edition=edition)
    _note(check, state=TopologyCheck.State.RUNNING, started_at=timezone.now(), problem="")
    try:
        found = _find(edition, track, lambda step: _note(check, step=step))
    except Exception as error:
        _note(check, state=TopologyCheck.State.FAILED, finished_at=timezone.now(), problem=str(error)[:500])
        raise
    kept, left_off = _capped(most_grave_first(found))
    counts = Counter(finding.severity for finding in found)
    _note(
        check, state=TopologyCheck.State.DONE, finished_at=timezone.now(), step="", left_off=left_off,
        findings=[finding.feature() for finding in kept],
        errors=counts[Severity.ERROR], warnings=counts[Severity.WARNING], notes=counts[Severity.NOTE],
    )  # fmt: skip
    return check


def _find(edition: Edition, track: Track, tell: Callable[[str], None]) -> list[Finding]:
    found, scope = scope_of(edition)
    for check in CHECKS:
        tell(check.__name__)
        found += check(scope, track)
    return found


def _note(check: TopologyCheck, **fields: Any) -> None:
    for name, value in fields.items():
        setattr(check, name, value)
    check.save(update_fields=list(fields))


def _capped(findings: Iterable[Finding]) -> tuple[list[Finding], int]:
    """The most grave of each kind, and how many are left off."""
    counts: Counter[str] = Counter()
    kept = []
    for finding in findings:
        counts[finding.kind] += 1
        if counts[finding.kind] <= KEPT:
            kept.append(finding)
    return kept, counts.total() - len(kept)


def is_stale(check: TopologyCheck) -> bool:
    """Whether an outline of the edition came after the check began."""
    latest = UnitShape.objects.filter(unit__edition=check.edition_id).aggregate(latest=Max("loaded_at"))["latest"]
    return bool(check.started_at and latest and latest > check.started_at)


def collection(check: TopologyCheck) -> dict[str, Any]:
    """The findings as a GeoJSON FeatureCollection (WGS 84), to open in QGIS; units of a finding as one text."""
    features = [
        {
            **one,
            "properties": {
                **one["properties"],
                "units": "; ".join(f"{unit['code']} {unit['name']}" for unit in one["properties"]["units"]),
            },
        }
        for one in check.findings
    ]
    return {"type": "FeatureCollection", "name": f"topology {check.edition_id}", "features": features}


def write_geojson(path: Path, check: TopologyCheck) -> None:
    """Writes the findings to a file."""
    path.write_text(json.dumps(collection(check), ensure_ascii=False), encoding="utf-8")
