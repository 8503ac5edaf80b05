"""What became of a unit, and what it was formed from: questions about `UnitSuccession`, in one step or until a day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from django.utils import timezone

from boundaries.models import Unit, UnitSuccession

MAX_STEPS = 20  # reforms between a unit and a day; more is a circle

Share = float | None  # of the area of the former unit (0–1); None: a part of unknown size
Part = tuple[Unit, Share]


def successors(unit: Unit, *, drafts: bool = False) -> list[Part]:
    """The units that all or a part of this one went to, each with the share of this one's area, the largest first.

    Those of editions that are not in force come only with `drafts`. One query; the units have their parents.
    """
    rows = UnitSuccession.objects.filter(old=unit).with_units().largest_first()
    return [(row.new, row.share) for row in rows if drafts or row.new.active]


def predecessors(unit: Unit, *, drafts: bool = False) -> list[Part]:
    """The units of which all or a part went to this one, each with the share of its own area, the largest share first."""
    rows = UnitSuccession.objects.filter(new=unit).with_units().largest_first()
    return [(row.old, row.share) for row in rows if drafts or row.old.active]


def heirs(unit: Unit, on: date | None = None) -> list[Part]:
    """The units in force on a day (default: today in Asia/Ho_Chi_Minh) that the territory of a unit belongs to, however many reforms later.

    Itself where it is in force. The share of this unit's area is known as long as each later step was a full transfer: how a part of a
    unit that was divided again was divided, only outlines can say. One query a step.
    """
    on = on or timezone.localdate()
    if unit.in_force_on(on):
        return [(unit, 1.0)]
    arrivals: list[Part] = []
    going = successors(unit)
    for _step in range(MAX_STEPS):
        arrivals += [part for part in going if part[0].in_force_on(on)]
        left = {part[0].pk: part[1] for part in going if not part[0].in_force_on(on)}
        if not left:
            break
        rows = UnitSuccession.objects.settled().filter(old__in=left).with_units()
        going = _together((row.new, left[row.old_id] if row.transfer == UnitSuccession.Transfer.FULL else None) for row in rows)
    return sorted(_together(arrivals), key=lambda part: (part[1] is None, -(part[1] or 0), part[0].code))


def _together(parts: Iterable[Part]) -> list[Part]:
    """Each unit once, with the sum of its shares; unknown where one of them is."""
    units: dict[int, Unit] = {}
    shares: dict[int, list[Share]] = defaultdict(list)
    for unit, share in parts:
        units[unit.pk] = unit
        shares[unit.pk].append(share)
    sums = {pk: None if None in known else min(sum(share for share in known if share), 1.0) for pk, known in shares.items()}
    return [(unit, sums[pk]) for pk, unit in units.items()]
