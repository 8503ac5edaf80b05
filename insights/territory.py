"""What pages say of a unit: who is responsible there, since when it stands, what it was before, and where it comes in an alphabet."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from django.db.models import F, Func, TextField, Value
from django.db.models.functions import Collate
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from authorities.models import Body, BodyKind
from boundaries.models import Edition, Kind, Unit
from boundaries.querysets import UnitQuerySet
from boundaries.succession import heirs
from gis.errors import PlaceError

# Grave, acute, tilde, hook, dot: they do not make another letter; the signs of Ă, Â, Ê, Ô, Ơ, Ư do
TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")
KIND_WORDS = "|".join(kind.label for kind in Kind if kind is not Kind.OTHER)
DIGITS = "0–9"
SMALL = 0.01  # of an area: told as "less than a hundredth"


def parse_on(text: str | None, default: date) -> date:
    """The day in an `on` parameter, or the default; PlaceError where it is no date."""
    if not text:
        return default
    try:
        day = parse_date(text)
    except ValueError:
        day = None
    if day is None:
        raise PlaceError(_("“%(text)s” is not a date. Write year-month-day, for example 2025-06-30.") % {"text": text[:20]})
    return day


def committee_of(unit: Unit, on: date) -> Body | None:
    """The People's Committee that answers for a unit on a day: its own, else that of the district or province it is part of."""
    bodies = Body.objects.existing(on).covering([unit, *unit.ancestors()], on)
    committees = {body.kind: body for body in bodies.order_by("-code")}
    for kind in (BodyKind.COMMUNE_COMMITTEE, BodyKind.DISTRICT_COMMITTEE, BodyKind.PROVINCE_COMMITTEE):
        if kind in committees:
            return committees[kind]
    return None


@dataclass(frozen=True)
class Period:
    """A span of days as people say it: first and last day; None is open."""

    first: date | None
    last: date | None

    @classmethod
    def of(cls, unit: Unit) -> Period:
        """The days on which a unit is or was in force."""
        return cls(unit.valid_from, unit.valid_to - timedelta(days=1) if unit.valid_to else None)


def other_periods(unit: Unit) -> list[tuple[Unit, Period]]:
    """What else the code of a unit means at other times, the latest first."""
    others = Unit.objects.filter(active=True, level=unit.level, code=unit.code).exclude(pk=unit.pk).select_related("parent")
    return [(other, Period.of(other)) for other in others.order_by("-validity")]


@dataclass(frozen=True)
class Side:
    """A unit before or after a change, with how much of the former one is meant in words; empty for all of it."""

    unit: Unit
    portion: str


@dataclass(frozen=True)
class History:
    """What a unit was formed from and what became of it, the largest part first; of a former one, whose its territory is now."""

    formed_from: list[Side]
    became: list[Side]
    act: Edition | None  # that ended it
    now: list[Side]


def history_of(unit: Unit, today: date) -> History:
    """What is known of a unit's beginning and end; three queries, and one for each reform between its end and today."""
    before = [Side(row.old, portion(row.share)) for row in unit.succeeds.settled().with_units().largest_first()]
    after = list(unit.succeeded_by.settled().with_units().largest_first())
    now = heirs(unit, today) if after and not unit.in_force_on(today) else []
    return History(
        formed_from=before,
        became=[Side(row.new, portion(row.share)) for row in after],
        act=after[0].new.edition if after else None,
        now=[Side(heir, portion(share)) for heir, share in now],
    )


def portion(share: float | None) -> str:
    """How much of a former unit is meant; empty for all of it."""
    if share is None:
        return _("a part of it")
    if share == 1:
        return ""
    if share < SMALL:
        return _("less than a hundredth of its area")
    return _("%(percent)s %% of its area") % {"percent": min(round(share * 100), 99)}


def alphabetical(units: UnitQuerySet) -> UnitQuerySet:
    """Sorted by the name without its kind, as in a Vietnamese dictionary; annotates it as `bare_name`."""
    bare = Func(F("name"), Value(rf"^({KIND_WORDS}) (?=\D)"), Value(""), function="regexp_replace", output_field=TextField())
    return units.annotate(bare_name=bare).order_by(Collate("bare_name", "vi-x-icu"), "code")


def by_initial(units: Iterable[Unit]) -> list[tuple[str, list[Unit]]]:
    """Units of `alphabetical()` under their letters."""
    return [(letter, list(group)) for letter, group in groupby(units, key=lambda unit: initial(unit.bare_name))]  # type: ignore[attr-defined]


def initial(name: str) -> str:
    """The letter of the Vietnamese alphabet that a name begins with: "Ấp" → "Â"; digits stand together."""
    letters = unicodedata.normalize("NFD", name[:1].upper())
    letter = unicodedata.normalize("NFC", "".join(sign for sign in letters if sign not in TONES))
    return letter if letter.isalpha() else DIGITS
