"""Finding places as people write them: names with and without tone marks, abbreviations, former units, codes, coordinates."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any

from django.contrib.postgres.search import TrigramWordSimilarity
from django.db.models import Case, F, FloatField, Q, Value, When
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from boundaries.models import Unit
from boundaries.querysets import fold
from gis.bbox import parse_point
from gis.errors import PlaceError

LIMIT = 10
EXACT = 1.5  # the code, the whole name, or the name without its kind
ENOUGH = 0.45  # word similarity below this is another name, not a misspelling

COORDINATES = re.compile(r"^\s*(-?\d{1,3}(?:[.]\d+)?)\s*[,;\s]\s*(-?\d{1,3}(?:[.]\d+)?)\s*$")
ABBREVIATIONS = [
    (re.compile(r"\bp\.?\s*(?=\d)"), "phuong "),
    (re.compile(r"\bp\.\s*"), "phuong "),
    (re.compile(r"\bx\.\s*"), "xa "),
    (re.compile(r"\btt\.?\s+"), "thi tran "),
    (re.compile(r"\btx\.?\s+"), "thi xa "),
    (re.compile(r"\btp\.?\s*"), "thanh pho "),
    (re.compile(r"\bh\.\s*"), "huyen "),
    (re.compile(r"\bq\.\s*"), "quan "),
]


@dataclass(frozen=True)
class Place:
    """A place found: `kind` unit or coordinates, a label, what it is part of or became, and where to put the map (degrees)."""

    kind: str
    label: str
    detail: str
    lat: float
    lon: float
    code: str | None = None
    on: str | None = None
    bbox: list[float] | None = None

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def search_places(text: str) -> list[Place]:
    """The best ten places for what somebody typed; an empty list where nothing fits."""
    text = text.strip()
    if not text:
        return []
    return _coordinates(text) or _units(text)


def _coordinates(text: str) -> list[Place]:
    match = COORDINATES.match(text)
    if not match:
        return []
    first, second = match.groups()
    try:
        point = parse_point(first, second)
    except PlaceError as error:
        suggestion = error.extra.get("suggestion")
        if not suggestion:
            return []
        point = parse_point(suggestion["lat"], suggestion["lon"])
    return [Place("coordinates", f"{point.y:.6g}, {point.x:.6g}", _("Coordinates (latitude, longitude)"), point.y, point.x)]


def expand(text: str) -> str:
    """What was typed, folded, with abbreviations written out ("P.5" → "phuong 5")."""
    folded = fold(text)
    for pattern, full in ABBREVIATIONS:
        folded = pattern.sub(full, folded)
    return " ".join(folded.split())


def _units(text: str) -> list[Place]:
    words = expand(text)
    today = timezone.localdate()
    name, _comma, rest = words.partition(",")
    units: Any = (
        Unit.objects.filter(active=True)
        .with_outline(None)
        .with_ancestors()
        .annotate(
            likeness=Case(
                When(code=text, then=Value(3.0)),
                When(folded_name=name.strip(), then=Value(2.0)),
                When(folded_name__endswith=" " + name.strip(), then=Value(EXACT)),
                default=TrigramWordSimilarity(name.strip(), "folded_name"),
                output_field=FloatField(),
            ),
            today=Case(When(validity__contains=today, then=Value(1)), default=Value(0)),
        )
        .filter(Q(code=text) | Q(folded_name__trigram_word_similar=name.strip()) | Q(folded_name__contains=name.strip()))
        .filter(likeness__gte=ENOUGH)
        .order_by("-likeness", "-today", F("validity").desc(), "code")[: LIMIT * 3]
    )
    found = list(units)
    if found and found[0].likeness >= EXACT:
        found = [unit for unit in found if unit.likeness >= EXACT]
    if rest.strip():
        within = [unit for unit in found if all(word in fold(unit.full_name()) for word in rest.replace(",", " ").split())]
        found = within or found
    return [_place(unit, today) for unit in found[:LIMIT]]


def _place(unit: Any, today: Any) -> Place:
    part_of = ", ".join(above.name for above in unit.ancestors())
    current = unit.in_force_on(today)
    former = "" if current else _("until %(day)s") % {"day": date_format(unit.a_day_in_force(), "SHORT_DATE_FORMAT")}
    return Place(
        kind="unit",
        label=unit.name,
        detail=" · ".join(part for part in (part_of, former) if part),
        lat=round(unit.label_point.y, 6),
        lon=round(unit.label_point.x, 6),
        code=unit.code,
        on=None if current else unit.a_day_in_force().isoformat(),
        bbox=[round(number, 5) for number in unit.extent.extent] if unit.extent else None,
    )
