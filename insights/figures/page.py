"""What the page of statistics shows: figures with what they are compared with, and the way from each number to its reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import quote_plus, urlencode

from django.conf import settings
from django.db.models import Max
from django.urls import reverse_lazy
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from authorities.models import Body, Criterion
from boundaries.models import Level, Unit
from insights.figures.behind import WHAT
from insights.figures.charts import Columns, Map, Part, columns_of, map_of, parts_of
from insights.figures.measures import CRITERION, STEPS, Measure, mean_with_interval
from insights.figures.question import Question
from insights.figures.read import PARTS, Sums
from insights.figures.table import RATES, Label, Rate, Row, Spent, Table, ranks, rate, spent, table
from insights.filters import start_of
from reports.sight import Sight

COLUMNS = (*PARTS, "overdue", "reopened", "transferred", "not_public")
MOST_ROWS = 200
REPORTS = reverse_lazy("insights:figure_reports")
PERIODS: dict[str, tuple[str | Promise, int]] = {  # months, the present one included
    "1m": (gettext_lazy("This month"), 1),
    "3m": (gettext_lazy("Last 3 months"), 3),
    "12m": (gettext_lazy("Last 12 months"), 12),
    "36m": (gettext_lazy("Last 3 years"), 36),
    "all": (gettext_lazy("All time"), 0),
}
GROUP_LABELS = {
    "unit": gettext_lazy("Unit"),
    "authority": gettext_lazy("Body"),
    "category": gettext_lazy("Category"),
    "month": gettext_lazy("Month"),
}
STEP_LABELS = {
    Measure.RESPONSE: gettext_lazy("From filing to the first response"),
    Measure.WORK: gettext_lazy("From the response to the draft of the reply"),
    Measure.APPROVAL: gettext_lazy("From the draft to the published reply"),
    Measure.WHOLE: gettext_lazy("From filing to the end"),
}
RATE_LABELS = {
    "response": gettext_lazy("Response in time"),
    "resolution": gettext_lazy("Resolution"),
    "satisfaction": gettext_lazy("Satisfaction"),
}
SHOWN = {**RATE_LABELS, "received": gettext_lazy("Number of reports")}
BEHIND_RATES = {"response": "answerable", "resolution": "to_resolve", "satisfaction": "rated"}  # of what a rate is a share


@dataclass(frozen=True)
class Number:
    """A number and the list behind it."""

    name: str
    label: str | Promise
    value: int
    href: str
    before: int | None = None
    before_href: str = ""


@dataclass(frozen=True)
class Step:
    """How long a step took, and the list of those that took it."""

    label: str | Promise
    spent: Spent
    href: str


@dataclass(frozen=True)
class ToldRate:
    """A rate as the page shows it: its name, the list of what it is a share of, its rank among the rows."""

    label: str | Promise
    own: Rate
    href: str
    rank: int | None = None


@dataclass(frozen=True)
class Opinion:
    """What was said by a criterion: how often, the mean with its interval (None of too few), and the list of what was rated."""

    criterion: Criterion
    number: int
    told: tuple[float, float, float] | None
    href: str


@dataclass(frozen=True)
class Line:
    """A row of the table: its name, its list, and its numbers; days and rates beside them."""

    row: Row
    name: str
    href: str
    numbers: list[Number]
    whole: Step
    rates: list[ToldRate]


def months_back(first: date, months: int) -> date:
    """The first day of the month so many months before."""
    number = first.year * 12 + first.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)


def asked_of(query: Mapping[str, str], user: Any) -> tuple[dict[str, str], str]:
    """The parameters of the question, with the period in words turned into its first day; and the period."""
    asked = {name: value for name, value in query.items() if value}
    period = asked.pop("period", "")
    if "since" not in asked and "until" not in asked:
        period = period if period in PERIODS else "12m"
        months = PERIODS[period][1]
        if months:
            asked["since"] = months_back(timezone.localdate().replace(day=1), months - 1).isoformat()
    else:
        period = ""
    if "mine" in asked:
        codes = Body.objects.filter(pk__in=Sight.of(user).in_hand).order_by("code").values_list("code", flat=True)
        asked["authority"] = ",".join(codes[:50]) or "-"
    return asked, period


@dataclass
class Page:
    """The figures of a question with all that stands around them."""

    asked: dict[str, str]
    question: Question
    found: Table

    @classmethod
    def of(cls, asked: dict[str, str]) -> Page:
        """Reads the figures."""
        question = Question.of({name: value for name, value in asked.items() if name != "by"})
        return cls(asked, question, table(question))

    def address(self, what: str, row: Row | None = None, **other: str) -> str:
        """The list behind a number of a row (None: of all together); `other` parameters replace those of the question, "" takes one away."""
        start = self._address if not other else _address(self.question.asked | other)
        key = "" if row is None or row is self.found.totals else f"&key={quote_plus(row.labels[0].key)}"
        return f"{start}what={what}{key}"

    @cached_property
    def _address(self) -> str:
        return _address(self.question.asked)

    def number(self, what: str, row: Row, before: Row | None = None) -> Number:
        """One number of a row."""
        return Number(what, WHAT[what], row.sums[what], self.address(what, row))

    def _line(self, name: str, row: Row, places: Mapping[str, int | None]) -> Line:
        return Line(
            row,
            name,
            self.address("received", row),
            [self.number(what, row) for what in COLUMNS],
            self._step(Measure.WHOLE, row),
            [self._rate(what, row, rank=places.get(what)) for what in RATES],
        )

    def _step(self, measure: Measure, row: Row) -> Step:
        return Step(STEP_LABELS[measure], spent(row.sums, measure), self.address(f"took_{STEPS[measure]}", row))

    def _rate(self, name: str, row: Row, rank: int | None = None) -> ToldRate:
        return ToldRate(RATE_LABELS[name], rate(row.sums, name), self.address(BEHIND_RATES[name], row), rank)

    @property
    def key_figures(self) -> list[Number]:
        """Received and what became of it, each beside the same of the period before."""
        numbers = [self.number(name, self.found.totals) for name in ("received", *PARTS, "overdue", "reopened", "not_public")]
        if self.before is None:
            return numbers
        found, _words = self.before
        span = {"since": _day_of(found.question.since), "until": _day_of(found.question.until)}
        return [
            replace(number, before=found.totals.sums[number.name], before_href=self.address(number.name, None, **span))
            for number in numbers
        ]

    @property
    def before(self) -> tuple[Table, str] | None:
        """The figures of the whole months before, as many as asked for, and what that period is called."""
        if not hasattr(self, "_before"):
            self._before = self._read_before()
        return self._before

    def _read_before(self) -> tuple[Table, str] | None:
        since, until = self.question.since, self.question.until
        if since is None:
            return None
        first = timezone.localdate(since)
        last = timezone.localdate(until) if until else months_back(timezone.localdate().replace(day=1), -1)
        months = (last.year - first.year) * 12 + last.month - first.month
        if first.day != 1 or last.day != 1 or months < 1:
            return None
        start = months_back(first, months)
        words = f"{date_format(start, 'SHORT_DATE_FORMAT')} – {date_format(first - timedelta(days=1), 'SHORT_DATE_FORMAT')}"
        groups = ("category",) if self.question.categories is not None else ("month",)
        return table(replace(self.question, groups=groups, since=start_of(start), until=since)), words

    @property
    def parts(self) -> list[tuple[Part, Number]]:
        """The bar of parts, each with its number."""
        return [(part, self.number(part.name, self.found.totals)) for part in parts_of(self.found.totals.sums)]

    @cached_property
    def lines(self) -> list[Line]:
        """The rows, those with the most reports first; months in their order."""
        rows = self.found.rows
        places = {name: ranks(rows, name) for name in RATES}
        lines = [
            self._line(name_of(row, self.question.groups[0]), row, {name: places[name].get(place) for name in RATES})
            for place, row in enumerate(rows)
        ]
        if self.question.groups[0] != "month":
            lines.sort(key=lambda line: (line.row.labels[0].code is None, -line.row.sums["received"]))
        return lines[:MOST_ROWS]

    @property
    def totals(self) -> Line:
        """All rows together."""
        return self._line(_("All together"), self.found.totals, {})

    @property
    def steps(self) -> list[Step]:
        """How long each step took."""
        return [self._step(measure, self.found.totals) for measure in STEPS]

    @property
    def on_time(self) -> tuple[Number, Number]:
        """How many were resolved by their due date, and of how many."""
        return self.number("on_time", self.found.totals), self.number("dated", self.found.totals)

    @property
    def rates(self) -> list[ToldRate]:
        """The three rates of all."""
        return [self._rate(name, self.found.totals) for name in RATES]

    @property
    def opinions(self) -> list[Opinion]:
        """By criterion, those that anybody rated."""
        found = []
        for criterion in Criterion.objects.all():
            counts = self.found.totals.sums.spreads.get(CRITERION + criterion.pk, [])[:5]
            if number := sum(counts):
                told = mean_with_interval(counts) if number >= settings.RATED_FROM else None
                found.append(Opinion(criterion, number, told, self.address("scored", criterion=criterion.code)))
        return found

    @property
    def months(self) -> Columns | None:
        """The course over the months; none of a single one."""
        same = self.question.groups == ("month",)
        rows = (self.found if same else table(replace(self.question, groups=("month",)))).rows
        rows = every_month([row for row in rows if row.sums["received"]])
        return columns_of(rows, lambda what, row: self.address(what, row, group="month")) if len(rows) > 1 else None

    def map(self, shown: str) -> Map | None:
        """The units by class of what is shown."""
        if self.question.groups != ("unit",):
            return None
        if shown == "received":
            return map_of(
                self.found.rows,
                lambda row: (float(row.sums["received"]), row.sums["received"], self.address("received", row)),
                is_share=False,
            )

        def share(row: Row) -> tuple[float | None, int, str]:
            told = self._rate(shown, row)
            return told.own.share, told.own.whole, told.href

        return map_of(self.found.rows, share, is_share=True)

    @property
    def elsewhere(self) -> list[ToldRate] | None:
        """The rates of all units and bodies, where only some are asked for."""
        if self.question.bodies is None and self.question.units is None:
            return None
        groups = ("category",) if self.question.categories is not None else ("month",)
        others = table(replace(self.question, groups=groups, bodies=None, unit=None, units=None)).totals
        return [replace(self._rate(name, others), href=self.address(BEHIND_RATES[name], authority="", unit="", on="")) for name in RATES]

    @property
    def boundary_change(self) -> date | None:
        """The day within the period on which other units came into force, where rows are units."""
        if "unit" not in self.question.groups:
            return None
        ended = Unit.objects.filter(active=True, level=Level.COMMUNE, validity__endswith__lte=timezone.localdate(self.question.until))
        if self.question.since:
            ended = ended.filter(validity__endswith__gt=timezone.localdate(self.question.since))
        last: date | None = ended.aggregate(last=Max("validity__endswith"))["last"]
        return last

    @property
    def is_mixed(self) -> bool:
        """Whether the rows hold units that never stood side by side: of before and of after a change."""
        units = [row.labels[0].unit for row in self.found.rows if row.labels[0].unit]
        starts = [unit.valid_from for unit in units if unit.valid_from]
        ends = [unit.valid_to for unit in units if unit.valid_to]
        return bool(starts and ends and max(starts) >= min(ends))


def _address(asked: Mapping[str, str]) -> str:
    """Where the lists of a question begin."""
    told = urlencode({name: value for name, value in asked.items() if value})
    return f"{REPORTS}?{told}&" if told else f"{REPORTS}?"


def _day_of(moment: datetime | None) -> str:
    return timezone.localdate(moment).isoformat() if moment else ""


def name_of(row: Row, group: str) -> str:
    """The name of a row as people read it."""
    label = row.labels[0]
    if group == "month" and label.code:
        return f"{label.code[5:]}/{label.code[:4]}"
    if label.unit is not None:
        return str(label.unit.dated_name)
    return label.name or _("outside all communes")


def every_month(rows: list[Row]) -> list[Row]:
    """Rows by month with those of the months between them in which nothing was received: a course over time leaves none out."""
    told = {row.labels[0].code: row for row in rows}
    if not told:
        return []
    month, last = (date.fromisoformat(f"{code}-01") for code in (min(map(str, told)), max(map(str, told))))
    found = []
    while month <= last:
        code = f"{month:%Y-%m}"
        found.append(told.get(code) or Row((Label(code, code, code),), Sums()))
        month = months_back(month, -1)
    return found


def former_day() -> date | None:
    """The last day of the units of before, where there were others."""
    ended: date | None = Unit.objects.filter(active=True, level=Level.COMMUNE, validity__endswith__lte=timezone.localdate()).aggregate(
        last=Max("validity__endswith")
    )["last"]
    return ended - timedelta(days=1) if ended else None


def leads(user: Any) -> bool:
    """Whether somebody has figures of his or her own bodies."""
    return bool(Sight.of(user).in_hand)
