"""What the page of a check shows: the result that is kept, filtered, with words."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _

from boundaries.models import Edition, TopologyCheck
from boundaries.topology.findings import Kind, Severity, kind_word, sentence, severity_word, size_text
from boundaries.topology.runs import is_stale, is_under_way

ROWS = 200  # on the page and on its map; the file has all
SIGNS = {"error": "✕", "warning": "▲", "note": "●"}  # with the colour, for those who do not see it


@dataclass(frozen=True)
class Filter:
    """One choice of a filter: what it is called, how many it finds, where it leads, and whether it is the one that is shown."""

    word: str
    count: int
    query: str
    chosen: bool


def page_of(edition: Edition, asked: QueryDict) -> dict[str, Any]:
    """The context of the page of an edition's check."""
    check = TopologyCheck.objects.filter(edition=edition).first()
    features = check.findings if check else []
    severity, kind = (asked.get(name, "") for name in ("severity", "kind"))
    shown = [one for one in features if severity in ("", one["properties"]["severity"]) and kind in ("", one["properties"]["kind"])]
    rows = [_row(number, one["properties"]) for number, one in enumerate(shown[:ROWS], 1)]
    return {
        "check": check,
        "under_way": check is not None and is_under_way(check),
        "stale": check is not None and check.state == TopologyCheck.State.DONE and is_stale(check),
        "seconds": _seconds(check),
        "step_word": step_word(check.step) if check else "",
        "severities": _filters(features, "severity", [(str(one), severity_word(one)) for one in Severity], severity, {"kind": kind}),
        "kinds": _filters(features, "kind", [(str(one), kind_word(one)) for one in Kind], kind, {"severity": severity}),
        "rows": rows,
        "total": len(shown),
        "left_off": check.left_off if check else 0,
        "map_config": {"on": _day(edition), "findings": [_drawn(row, one) for row, one in zip(rows, shown, strict=False)]},
    }


def _row(number: int, properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "number": number,
        "severity": properties["severity"],
        "severity_word": severity_word(properties["severity"]),
        "sign": SIGNS[properties["severity"]],
        "kind_word": kind_word(properties["kind"]),
        "sentence": sentence(properties),
        "size": size_text(properties["size_m2"]),
        "width_m": properties["width_m"],
        "lat": properties["lat"],
        "lon": properties["lon"],
    }


def _drawn(row: dict[str, Any], feature: dict[str, Any]) -> dict[str, Any]:
    """A finding as the map wants it."""
    told = {name: row[name] for name in ("number", "severity", "sign", "sentence", "lat", "lon")}
    return {"type": "Feature", "geometry": feature["geometry"], "properties": told}


def _filters(features: list[dict[str, Any]], name: str, choices: list[tuple[str, str]], chosen: str, other: dict[str, str]) -> list[Filter]:
    """All, and each choice that finds something; each keeps what the other filter has chosen."""
    [(other_name, other_value)] = other.items()
    within = [one["properties"][name] for one in features if other_value in ("", one["properties"][other_name])]
    counts = Counter(within)
    links = [("", _("All"), len(within)), *((value, word, counts[value]) for value, word in choices if counts[value] or value == chosen)]
    return [Filter(word, count, _query({name: value, **other}), value == chosen) for value, word, count in links]


def _query(values: dict[str, str]) -> str:
    query = QueryDict(mutable=True)
    query.update({name: value for name, value in sorted(values.items()) if value})
    return f"?{query.urlencode()}"


def _seconds(check: TopologyCheck | None) -> int | None:
    if check is None or check.started_at is None or check.finished_at is None or check.finished_at < check.started_at:
        return None
    return max(1, round((check.finished_at - check.started_at).total_seconds()))


def _day(edition: Edition) -> str | None:
    """The day whose units the map draws: one on which an edition that has ended was in force, else today."""
    ended = edition.state == Edition.State.ACTIVE and edition.valid_to is not None and edition.valid_to <= timezone.localdate()
    return edition.valid_to.fromordinal(edition.valid_to.toordinal() - 1).isoformat() if ended and edition.valid_to else None


def step_word(step: str) -> str:
    """What a check is doing, for people."""
    words = {
        "overlaps": _("looking for overlaps"),
        "outside": _("looking for parts beyond their whole"),
        "coverage": _("looking for gaps"),
        "small_parts": _("looking for small parts"),
        "areas": _("comparing areas"),
        "names": _("comparing names"),
    }
    return words.get(step, "")
