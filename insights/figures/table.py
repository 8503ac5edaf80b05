"""Rows of figures with their names, and what is worked out of the counts: shares, percentiles, satisfaction, the three rates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.conf import settings
from django.utils.translation import gettext as _

from authorities.models import Body, Category, Criterion
from boundaries.models import Unit
from insights.figures.behind import key_of
from insights.figures.facts import IN_TIME_BUCKETS
from insights.figures.measures import CRITERION, RESPONSE_DAYS, STEPS, Measure, mean_with_interval, percentiles, wilson
from insights.figures.question import Question
from insights.figures.read import COUNTS, PARTS, Key, Sums, read

RATES = ("response", "resolution", "satisfaction")


@dataclass(frozen=True)
class Label:
    """What a key is called: its code (of a month 2025-07; None: outside every unit) and its name."""

    code: str | None
    name: str | None
    key: str = "-"  # in the address of a list (behind.py)
    unit: Unit | None = None


@dataclass(frozen=True)
class Row:
    """One line of a table."""

    labels: tuple[Label, ...]
    sums: Sums

    def __post_init__(self) -> None:
        if self.sums["received"] != sum(self.sums[part] for part in PARTS):
            raise DoesNotAddUp(f"{self.labels}: {dict(zip(COUNTS, self.sums.counts, strict=True))}")


class DoesNotAddUp(Exception):
    """Received is not open + resolved + returned + duplicate + withdrawn: a page that says so is better than one that lies."""


@dataclass(frozen=True)
class Table:
    """The rows by code, those outside every unit last, and all of them together."""

    rows: list[Row]
    totals: Row
    question: Question


def table(question: Question, now: datetime | None = None) -> Table:
    """The figures that a question asks for."""
    sums = _at_level(question, read(question, now))
    names = [_labels(group, {key[place] for key in sums}) for place, group in enumerate(question.groups)]
    rows = [Row(tuple(names[place][part] for place, part in enumerate(key)), own) for key, own in sums.items()]
    rows.sort(key=lambda row: [(label.code is None, label.code or "") for label in row.labels])
    return Table(rows, Row(tuple(Label(None, None) for _ in question.groups), Sums.of(row.sums for row in rows)), question)


def _at_level(question: Question, sums: dict[Key, Sums]) -> dict[Key, Sums]:
    """The sums of units gathered by the unit of the level asked for that they are part of; a unit that is part of none stays itself."""
    if "unit" not in question.groups:
        return sums
    place = question.groups.index("unit")
    units = {unit.pk: unit for unit in Unit.objects.filter(pk__in={key[place] for key in sums}).select_related("parent__parent")}
    lines = {key: [unit, *unit.ancestors()] for key, unit in units.items()}
    above = {key: next((other.pk for other in line if other.level == question.level), key) for key, line in lines.items()}
    if all(key == own for key, own in above.items()):
        return sums
    found: dict[Key, Sums] = defaultdict(Sums)
    for key, own in sums.items():
        found[(*key[:place], above.get(key[place], key[place]), *key[place + 1 :])].take(own)
    return dict(found)


def _labels(group: str, keys: set[Any]) -> dict[Any, Label]:
    if group == "month":
        return {month: Label(f"{month:%Y-%m}", f"{month:%Y-%m}", f"{month:%Y-%m}") for month in keys}
    if group == "unit":
        found = {unit.pk: Label(unit.code, unit.name, key_of(unit), unit) for unit in Unit.objects.filter(pk__in=keys)}
        return {key: found.get(key, Label(None, None)) for key in keys}
    if group == "authority":
        return {body.pk: Label(body.code, body.name, body.code) for body in Body.objects.filter(pk__in=keys)}
    return {category.pk: Label(category.code, category.label, category.code) for category in Category.objects.filter(pk__in=keys)}


# --- what is worked out of a row -------------------------------------------------------------------------------------------


class Spent(NamedTuple):
    """The days of a step: of how many reports, the median and the 90th percentile; those None where there are too few to say it of nobody."""

    number: int
    median: float | None
    p90: float | None


class Rate(NamedTuple):
    """A share with its 95 % interval by Wilson; None where there are too few."""

    part: int
    whole: int
    share: float | None
    low: float | None
    high: float | None
    may_be_ranked: bool


def spent(sums: Sums, measure: int, few: int | None = None) -> Spent:
    """How long a step took; `few` is RATED_FROM, for whoever asks thousands of times."""
    counts = sums.spreads.get(measure)
    number = sum(counts) if counts else 0
    if not counts or number < (settings.RATED_FROM if few is None else few):
        return Spent(number, None, None)
    return Spent(number, *percentiles(counts, (0.5, 0.9)))


def rate(sums: Sums, name: str, few: tuple[int, int] | None = None) -> Rate:
    """One of the three rates: response in time, resolution, satisfaction; `few` are RATED_FROM and RANKED_FROM."""
    rated_from, ranked_from = few or (settings.RATED_FROM, settings.RANKED_FROM)
    part, whole = _part_and_whole(sums, name)
    interval = wilson(part, whole) if whole >= rated_from else None
    if interval is None:
        return Rate(part, whole, None, None, None, may_be_ranked=False)
    return Rate(part, whole, part / whole, *interval, may_be_ranked=whole >= ranked_from)


def _part_and_whole(sums: Sums, name: str) -> tuple[int, int]:
    if name == "response":
        return sum(sums.spreads.get(Measure.RESPONSE, [])[:IN_TIME_BUCKETS]), sums["received"] - sums["not_yet_answered"]
    if name == "resolution":
        return sums["resolved"], sums["resolved"] + sums["open"]
    unsatisfied, satisfied = sums.spreads.get(Measure.RATED, [0, 0])[:2]
    return satisfied, satisfied + unsatisfied


def ranks(rows: list[Row], name: str) -> dict[int, int]:
    """The rank of each row (by its place in the list) by a rate, the best first; of none that has too few."""
    return _ranked((place, rate(row.sums, name)) for place, row in enumerate(rows) if row.labels[0].code is not None)


def _ranked(rates: Iterable[tuple[int, Rate]]) -> dict[int, int]:
    ranked = sorted(((place, own.share or 0.0) for place, own in rates if own.may_be_ranked), key=lambda pair: -pair[1])
    first: dict[float, int] = {}
    return {place: first.setdefault(share, number) for number, (place, share) in enumerate(ranked, 1)}


# --- as the API says it ----------------------------------------------------------------------------------------------------


def as_json(found: Table) -> dict[str, Any]:
    """Rows and totals in plain values, with the method in words."""
    criteria = [(criterion.code, CRITERION + criterion.pk) for criterion in Criterion.objects.all()]
    few = settings.RATED_FROM, settings.RANKED_FROM
    rates = [{name: rate(row.sums, name, few) for name in RATES} for row in found.rows]
    named = [place for place, row in enumerate(found.rows) if row.labels[0].code is not None]
    places = {name: _ranked((place, rates[place][name]) for place in named) for name in RATES}
    rows = [
        _keys(found.question, row)
        | _values(
            row.sums, found.question, criteria, {name: _rate(own, places[name].get(place)) for name, own in rates[place].items()}, few[0]
        )
        for place, row in enumerate(found.rows)
    ]
    of_all = {name: _rate(rate(found.totals.sums, name), None) for name in RATES}
    return {"rows": rows, "totals": _values(found.totals.sums, found.question, criteria, of_all, few[0]), "method": method()}


def _keys(question: Question, row: Row) -> dict[str, Any]:
    keys = {"key": row.labels[0].code, "name": row.labels[0].name}
    if len(question.groups) > 1:
        keys |= {"by": row.labels[1].code, "by_name": row.labels[1].name}
    return keys


def _values(sums: Sums, question: Question, criteria: list[tuple[str, int]], rates: dict[str, dict[str, Any]], few: int) -> dict[str, Any]:
    spreads = sums.spreads
    values: dict[str, Any] = dict(zip(COUNTS, sums.counts, strict=True))
    dated = values.pop("dated")
    del values["not_yet_answered"]
    if "authority" in question.groups:
        values |= {"transferred_in": sum(spreads.get(Measure.CAME, [])), "transferred_out": sum(spreads.get(Measure.WENT, []))}
    values["on_time_share"] = round(values["on_time"] / dated, 4) if dated >= few else None
    values["days"] = {name: dict(zip(_DAYS, spent(sums, measure, few), strict=True)) for measure, name in STEPS.items()}
    values["satisfaction"] = [_opinion(code, spreads[measure][:5], few) for code, measure in criteria if measure in spreads]
    values["rates"] = rates
    return values


_DAYS = ("n", "median", "p90")


def _opinion(criterion: str, counts: list[int], few: int) -> dict[str, Any]:
    number = sum(counts)
    told = mean_with_interval(counts) if number >= few else None
    mean, low, high = (round(told[0], 2), round(told[1], 2), round(told[2], 2)) if told else (None, None, None)
    return {"criterion": criterion, "n": number, "mean": mean, "low": low, "high": high}


def _rate(own: Rate, place: int | None) -> dict[str, Any]:
    if own.share is None or own.low is None or own.high is None:  # of one rating the part would tell what somebody said
        return {"n": own.whole, "part": None, "share": None, "low": None, "high": None, "rank": place}
    return {
        "n": own.whole, "part": own.part, "share": round(own.share, 4), "low": round(own.low, 4), "high": round(own.high, 4), "rank": place,
    }  # fmt: skip


def method() -> dict[str, str]:
    """How each figure is made, in one sentence each."""
    return {
        "days": _(
            "Calendar days. Median and 90th percentile from counts in steps of a day (the first eight days) to three months, evenly spread "
            "within a step; from %(few)d reports on."
        )
        % {"few": settings.RATED_FROM},
        "on_time_share": _("Of the reports resolved that had a due date, those resolved by it."),
        "satisfaction": _("Mean score of 1 to 5 by the body that gave the answer, with its 95 %% interval; from %(few)d ratings on.")
        % {"few": settings.RATED_FROM},
        "response": _("Reports to which the body responded within %(days)d days, of all received but those still within that time.")
        % {"days": RESPONSE_DAYS},
        "resolution": _("Resolved, of resolved and open: what was returned, a duplicate or withdrawn was not the body's to resolve."),
        "satisfaction_rate": _("Ratings whose mean score is 4 or more, of all ratings."),
        "rank": _("By the share, the best first; none for fewer than %(few)d. The intervals are Wilson's, 95 %%.")
        % {"few": settings.RANKED_FROM},
    }
