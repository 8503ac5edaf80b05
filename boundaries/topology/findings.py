"""A finding: what is wrong, where, how large, how grave, and a sentence for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

# Narrower on average than what a good phone is off (about 5 m): a border drawn twice, or rounding. Nobody's report is decided by it.
SLIVER_M = 5.0
NOTHING_M2 = 0.01  # below that it is arithmetic: pieces are cut with an error of about 10⁻⁹ m
# A hectare: some houses with their yards, so that people truly get the wrong body, or are counted in the wrong province
GRAVE_M2 = 10_000.0
AREA_NOTE, AREA_WARNING = 0.03, 0.10  # difference from the published area, as a share of it; water and coasts alone give some per cent
SAME_PLACE = 0.8  # of what two outlines cover together they must have in common, for a unit to be the former one under another name
KEPT = 2_000  # of a kind in one check: more says "all of it is wrong", and nobody reads on


class Severity(StrEnum):
    """How grave a finding is. Errors are to be mended before an edition is put in force."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Kind(StrEnum):
    """What a finding is about, in the order in which it is looked for."""

    INVALID = "invalid"
    OVERLAP = "overlap"
    GAP = "gap"
    OUTSIDE = "outside"
    UNCOVERED = "uncovered"
    SLIVER = "sliver"
    AREA = "area"
    NAME = "name"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong; `place` is [lon, lat] in it, `geometry` GeoJSON (WGS 84), sizes in m², mean width in metres.

    `what` tells kinds apart that have several: of a sliver, what it would be if it were wider.
    """

    kind: Kind
    severity: Severity
    units: Sequence[dict[str, str]]
    what: str = ""
    size_m2: float | None = None
    width_m: float | None = None
    place: Sequence[float] | None = None
    geometry: dict[str, Any] | None = None
    data: dict[str, Any] = field(default_factory=dict)

    def feature(self) -> dict[str, Any]:
        """As a GeoJSON feature, as it is stored and downloaded."""
        return {
            "type": "Feature",
            "geometry": self.geometry or ({"type": "Point", "coordinates": list(self.place)} if self.place else None),
            "properties": {
                "kind": str(self.kind),
                "severity": str(self.severity),
                "what": self.what,
                "units": list(self.units),
                "size_m2": _rounded(self.size_m2, 2),
                "width_m": _rounded(self.width_m, 2),
                "lon": _rounded(self.place[0] if self.place else None, 7),
                "lat": _rounded(self.place[1] if self.place else None, 7),
                **self.data,
            },
        }


def _rounded(number: float | None, digits: int) -> float | None:
    return None if number is None else round(number, digits)


def severity_of(kind: Kind, size_m2: float, reach_m: float | None = None) -> Severity:
    """How grave an area is that should not be.

    `reach_m` is how far its middle lies from the nearest edge: of a gap, more than the snapping distance means that a report there finds no unit.
    """
    if kind is Kind.SLIVER:
        return Severity.NOTE if size_m2 < GRAVE_M2 else Severity.WARNING
    if kind in (Kind.GAP, Kind.UNCOVERED):
        return Severity.ERROR if (reach_m or 0) > settings.SNAP_DISTANCE_M else Severity.WARNING
    return Severity.ERROR if size_m2 >= GRAVE_M2 else Severity.WARNING


def most_grave_first(findings: Iterable[Finding]) -> list[Finding]:
    """Errors before warnings before notes; then by kind, then the largest."""
    severities, kinds = list(Severity), list(Kind)
    return sorted(findings, key=lambda one: (severities.index(one.severity), kinds.index(one.kind), -(one.size_m2 or 0)))


# --- words ------------------------------------------------------------------------------------------------------------


def severity_word(severity: str) -> str:
    """A severity for people."""
    return {"error": _("Error"), "warning": _("Warning"), "note": pgettext("severity", "Note")}.get(severity, severity)


def kind_word(kind: str) -> str:
    """A kind for people."""
    words = {
        "invalid": _("Broken outline"),
        "overlap": _("Overlap"),
        "gap": _("Gap"),
        "outside": _("Outside its whole"),
        "uncovered": _("Whole without part"),
        "sliver": _("Sliver"),
        "area": _("Area"),
        "name": _("Name"),
    }
    return words.get(kind, kind)


def sentence(properties: dict[str, Any]) -> str:
    """What is wrong, in one sentence, from the properties of a stored feature."""
    names = [f"{unit['name']} ({unit['code']})" for unit in properties["units"]]
    told = dict(properties) | {"one": names[0] if names else "", "other": names[1] if len(names) > 1 else _("none")}
    told["names"] = ", ".join(names)
    for name in ("drawn_km2", "published_km2"):
        if name in told:
            told[name] = number_format(told[name], 2)
    kind, what = properties["kind"], properties.get("what", "")
    return (SLIVERS[what]() if kind == "sliver" else SENTENCES[kind, what]()) % told


SENTENCES = {
    ("invalid", "geometry"): lambda: _("The outline of %(one)s is broken: %(reason)s."),
    ("invalid", "missing"): lambda: _("%(one)s has no outline."),
    ("overlap", ""): lambda: _("%(one)s and %(other)s overlap."),
    ("gap", ""): lambda: _("Between %(names)s lies a place that belongs to no unit."),
    ("outside", ""): lambda: _("%(one)s reaches beyond %(other)s, of which it is part."),
    ("uncovered", ""): lambda: _("A place of %(one)s belongs to none of its parts."),
    ("area", ""): lambda: _("%(one)s has %(drawn_km2)s km² in its outline, and %(published_km2)s km² as published (%(percent)s %%)."),
    ("name", "duplicate"): lambda: _("%(names)s have the same name within one unit."),
    ("name", "alike"): lambda: _("%(names)s, within one unit, are told apart by tone marks only."),
    ("name", "spelling"): lambda: _("%(one)s was spelled “%(before)s” before."),
    ("name", "kind"): lambda: _("%(one)s was “%(before)s” before: its kind changed."),
    ("name", "renamed"): lambda: _("%(one)s was called “%(before)s” before, in the same place."),
    ("name", "reused"): lambda: _("The code of %(one)s was that of “%(before)s” before, with another territory."),
}
SLIVERS = {
    "overlap": lambda: _("%(one)s and %(other)s overlap in a thin strip along their border."),
    "gap": lambda: _("Between %(names)s a thin strip belongs to no unit."),
    "outside": lambda: _("%(one)s reaches beyond %(other)s in a thin strip."),
    "uncovered": lambda: _("A thin strip of %(one)s belongs to none of its parts."),
    "part": lambda: _("%(one)s has a separate part that is very small or thin."),
}


def size_text(size_m2: float | None) -> str:
    """An area for people: m², from a tenth of a km² on km²; empty where there is none."""
    if size_m2 is None:
        return ""
    if size_m2 >= 100_000:
        return f"{number_format(size_m2 / 1e6, 2)} km²"
    return f"{number_format(size_m2, 0 if size_m2 >= 10 else 2)} m²"
