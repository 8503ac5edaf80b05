"""Which reports may be about the same matter: near, alike in category, time and words; the nearest are found by the index, and then scored.

The rule and its thresholds are measured on a labelled list, `reports/tests/data/duplicates.json` (test_duplicate_rule.py).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.contrib.gis.db.models.functions import GeometryDistance
from django.contrib.gis.geos import Point, Polygon
from django.contrib.postgres.search import TrigramWordSimilarity
from django.db.models import (
    BigIntegerField,
    Case,
    Exists,
    ExpressionWrapper,
    F,
    FloatField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextField,
    Value,
    When,
)
from django.db.models.functions import Extract, Greatest, Left

from boundaries.models import WGS84
from boundaries.querysets import fold
from gis.bbox import METRES_PER_DEGREE, degrees_around
from gis.functions import BoxAround, GeodesicDistance, IsAmong
from reports.compiled import compiled, one_of, told
from reports.models import Conflict, Report
from reports.querysets import ReportQuerySet, is_public
from reports.workflow import CLOSED, Status

if TYPE_CHECKING:
    from authorities.models import Category

REACH_M = 150  # farther apart two reports are of two matters
REACH = timedelta(days=60)  # and filed longer apart too
ENDED_WITHIN = timedelta(days=30)  # what ended longer ago is no longer what somebody sees today
NEAREST = 60  # that are scored
WEIGHTS = {"distance": 0.2, "category": 0.1, "time": 0.2, "text": 0.5}
ALIKE = 0.6  # at the desk: worth a look
ASK = 0.55  # while filing: to ask costs little
OTHER_GROUP, SAME_GROUP = 0.3, 0.6  # people file the same matter under another category
LON_REACH, LAT_REACH = (REACH_M / METRES_PER_DEGREE * spare for spare in (1.2, 1.01))  # in degrees, up to 30 degrees from the equator
WORDS = 300  # characters of a text that are compared
AT_ONCE = 50  # reports of a page


@dataclass(frozen=True)
class Likeness:
    """How alike two reports are, and by what: each part and the score from 0 to 1; without text the other parts count alone."""

    metres: float
    days: float
    category: float
    text: float | None

    @property
    def parts(self) -> dict[str, float]:
        """Each part from 0 to 1."""
        parts = {
            "distance": max(0.0, 1 - self.metres / REACH_M),
            "category": self.category,
            "time": max(0.0, 1 - self.days / REACH.days),
        }
        return parts if self.text is None else {**parts, "text": self.text}

    @property
    def score(self) -> float:
        """The weighted mean of the parts."""
        parts = self.parts
        return sum(WEIGHTS[name] * value for name, value in parts.items()) / sum(WEIGHTS[name] for name in parts)


@dataclass(frozen=True)
class Candidate:
    """A report that may be about the same matter."""

    report: Report
    likeness: Likeness

    @property
    def percent(self) -> int:
        """The score, for people."""
        return round(100 * self.likeness.score)


@dataclass(frozen=True)
class Matter:
    """What is looked for: the spot (WGS 84), the category, the words ("" while there are none) and the day."""

    location: Point
    category: Category
    text: str
    at: datetime

    @classmethod
    def of(cls, report: Report) -> Matter:
        """The matter of a report."""
        return cls(report.location, report.category, report.description, report.filed_at)


def candidates(matter: Matter, *, among: ReportQuerySet, least: float, most: int) -> list[Candidate]:
    """Those among some reports that reach a score, the likeliest first. One query, which reads the nearest from the index.

    What is masked in a report is not compared (one more query then): whoever guesses at it would else be told how near the guess comes.
    """
    if not matter.text.strip():  # then only the category says that it is not another thing at the same spot
        among = among.filter(category=matter.category)
    dx, dy = degrees_around(matter.location, REACH_M)
    x, y = matter.location.x, matter.location.y
    box = Polygon.from_bbox((x - dx, y - dy, x + dx, y + dy))
    box.srid = WGS84
    near = (
        still_seen(among.for_list(), matter.at)
        .filter(location__bboverlaps=box)
        .alias(nearness=GeometryDistance("location", matter.location))
    )
    scored = near.annotate(
        metres_away=GeodesicDistance("location", matter.location), text_alike=_alike(Value(fold(matter.text)[:WORDS]), F("folded_text"))
    )
    rows: list[Any] = list(scored.order_by("nearness")[:NEAREST])
    alike_in_public = _alike_in_public(matter, rows)
    found = [Candidate(row, _likeness(matter, row, alike_in_public.get(row.pk, row.text_alike))) for row in rows]
    likely = [candidate for candidate in found if candidate.likeness.metres <= REACH_M and candidate.likeness.score >= least]
    return sorted(likely, key=lambda candidate: (-candidate.likeness.score, candidate.report.pk))[:most]


def alike_before(pks: Sequence[int], bodies: Collection[int]) -> dict[int, str]:
    """For open reports of a page: the code of the likeliest earlier one that is open too, public or with one of these bodies; one query.

    One that complains of a body is named to nobody. The score is that of `Likeness`, said in SQL (a test holds them together).
    """
    found: dict[int, str] = {}
    query = compiled(("alike", *sorted(bodies)), lambda: _alike_before(bodies))
    for start in range(0, len(pks), AT_ONCE):
        rows = query.rows(**told("pk", pks[start : start + AT_ONCE], AT_ONCE))
        found |= {pk: code for pk, code in rows if code}  # here, not in the query: PostgreSQL would plan and ask the whole twice
    return found


def _alike_before(bodies: Collection[int]) -> QuerySet[Any, Any]:
    """The key of each of the open reports that are told, and the code of what it is like, or nothing."""
    earlier = (
        Report.objects.filter(location__bboverlaps=BoxAround(OuterRef("location"), LON_REACH, LAT_REACH))
        .filter(filed_at__lte=OuterRef("filed_at"), filed_at__gt=OuterRef("filed_at") - REACH)
        .exclude(pk=OuterRef("pk"))
        .open()
        .filter(Q(IsAmong("authority", bodies)) | is_public())
        .exclude(Exists(Conflict.objects.filter(report=OuterRef("pk"))))
    )
    scored = earlier.alias(score=_score()).filter(score__gte=ALIKE).order_by("-score", "pk").values("code")[:1]
    asked = Report.objects.open().filter(pk__in=one_of("pk", BigIntegerField(), AT_ONCE)).order_by()
    return asked.annotate(like=Subquery(scored)).values_list("pk", "like")


def _score() -> Any:
    """The score of a report beside that of an outer query, as an expression."""
    metres = GeodesicDistance("location", OuterRef("location"))
    days = Extract(OuterRef("filed_at") - F("filed_at"), "epoch") / 86_400.0
    near = Greatest(Value(0.0), 1 - metres / REACH_M)
    category = Case(
        When(category=OuterRef("category"), then=1.0), When(category__group=OuterRef("category__group"), then=SAME_GROUP), default=0.0
    )
    soon = Greatest(Value(0.0), 1 - days / REACH.days)
    text = _alike(Left(OuterRef("folded_text"), WORDS), F("folded_text"))
    parts = {"distance": near, "category": category, "time": soon, "text": text}
    whole: Any = Value(0.0)
    for name, part in parts.items():
        whole = whole + ExpressionWrapper(part, FloatField()) * WEIGHTS[name]
    return ExpressionWrapper(whole, FloatField())


def _alike(one: Any, other: Any) -> Any:
    """How much of the shorter text stands in the longer, by groups of three letters: whoever tells less tells of the same matter."""
    return Greatest(TrigramWordSimilarity(one, other), TrigramWordSimilarity(other, one))


def _alike_in_public(matter: Matter, rows: Iterable[Report]) -> dict[int, float]:
    """For those of which the public reads less than was written: how alike what it reads is, by key."""
    read = {row.pk: public for row in rows if (public := row.public_description) != row.description}
    if not read:
        return {}
    texts = Case(*(When(pk=pk, then=Value(fold(text))) for pk, text in read.items()), output_field=TextField())
    alike = Report.objects.filter(pk__in=list(read)).order_by().annotate(alike=_alike(Value(fold(matter.text)[:WORDS]), texts))
    return dict(alike.values_list("pk", "alike"))


def _likeness(matter: Matter, row: Any, text_alike: float) -> Likeness:
    same = row.category_id == matter.category.pk
    group = bool(matter.category.group) and row.category.group == matter.category.group
    return Likeness(
        metres=row.metres_away,
        days=abs((matter.at - row.filed_at).total_seconds()) / 86_400,
        category=1.0 if same else SAME_GROUP if group else OTHER_GROUP,
        text=text_alike if matter.text.strip() else None,
    )


def still_seen(reports: ReportQuerySet, at: datetime) -> ReportQuerySet:
    """Those that stand for a matter of these days: no duplicates themselves, not withdrawn or returned, not ended long before."""
    recent = reports.filter(filed_at__gt=at - REACH, filed_at__lt=at + REACH).exclude(
        status__in=[Status.DUPLICATE, Status.WITHDRAWN, Status.RETURNED]
    )
    return recent.filter(~Q(status__in=sorted(CLOSED)) | Q(closed_at__gt=at - ENDED_WITHIN))
