"""How answers were rated: mean and number by body and criterion, all from one query, so that they add up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Aggregate, Count, Q, Sum

from authorities.models import Body, Criterion
from reports.rating_models import Rating


@dataclass(frozen=True)
class Figure:
    """How one criterion was rated: the number of scores and their sum."""

    criterion: Criterion
    number: int
    total: int

    @property
    def mean(self) -> float | None:
        """The mean, 1 to 5; None where too few rated, for then it would say nothing."""
        return self.total / self.number if self.number >= settings.RATED_FROM else None

    @property
    def too_few(self) -> bool:
        """Whether some rated, but too few for a mean."""
        return bool(0 < self.number < settings.RATED_FROM)


@dataclass(frozen=True)
class Row:
    """The ratings of a body, or (no body) of all: how many, and a figure for each criterion."""

    body: Body | None
    ratings: int
    figures: list[Figure]


@dataclass(frozen=True)
class Ratings:
    """A row for each body that was rated, the most rated first, then by name, and all of them together."""

    criteria: list[Criterion]
    rows: list[Row]
    total: Row


def ratings(*, since: datetime | None = None, until: datetime | None = None, bodies: list[str] | None = None) -> Ratings:
    """What was given in [since, until), to these bodies (codes; None: all). Ratings of reports that are not public count too.

    A rating counts for the body that gave the reply, whoever has the report now.
    """
    given = Rating.objects.order_by()
    if since is not None:
        given = given.filter(given_at__gte=since)
    if until is not None:
        given = given.filter(given_at__lt=until)
    if bodies is not None:
        given = given.filter(reply__body__code__in=bodies)
    criteria = list(Criterion.objects.all())
    asked: dict[str, Aggregate] = {"ratings": Count("pk", distinct=True)}
    for criterion in criteria:
        mine = Q(scores__criterion=criterion)
        asked |= {
            f"number_{criterion.pk}": Count("scores", filter=mine),
            f"total_{criterion.pk}": Sum("scores__value", filter=mine, default=0),
        }
    found = list(given.values("reply__body").annotate(**asked))
    counted = {row["reply__body"]: row for row in found}
    rows = [_row(body, counted[body.pk], criteria) for body in Body.objects.filter(pk__in=counted).order_by("name", "pk")]
    rows.sort(key=lambda row: -row.ratings)  # the most rated first: their figures say most; never by the mean, which would be a ranking
    # An ended criterion stands here as long as somebody rated on it
    shown = [criterion for place, criterion in enumerate(criteria) if criterion.is_asked or any(row.figures[place].number for row in rows)]
    places = [criteria.index(criterion) for criterion in shown]
    rows = [Row(row.body, row.ratings, [row.figures[place] for place in places]) for row in rows]
    return Ratings(shown, rows, _together(rows, shown))


def _row(body: Body, counted: Any, criteria: list[Criterion]) -> Row:
    figures = [Figure(criterion, counted[f"number_{criterion.pk}"], counted[f"total_{criterion.pk}"]) for criterion in criteria]
    return Row(body, counted["ratings"], figures)


def _together(rows: list[Row], criteria: list[Criterion]) -> Row:
    """The sum of the rows: no second query could see something else."""
    figures = [
        Figure(criterion, sum(row.figures[place].number for row in rows), sum(row.figures[place].total for row in rows))
        for place, criterion in enumerate(criteria)
    ]
    return Row(None, sum(row.ratings for row in rows), figures)
