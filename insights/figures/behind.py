"""The reports behind a number: the same choice as a query of reports, which then goes through what its reader may see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Exists, F, OuterRef, Q
from django.utils.dateparse import parse_date
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from boundaries.models import Unit
from gis.errors import PlaceError
from insights.figures.measures import RESPONSE_DAYS
from insights.figures.question import Question
from insights.filters import start_of
from reports.case_models import Transfer
from reports.models import Report, ReportEvent, ReportPlace
from reports.querysets import ReportQuerySet, is_public
from reports.rating_models import Rating
from reports.workflow import Status

NONE = "-"  # the key of those outside every unit
WHAT: dict[str, str | Promise] = {
    "received": gettext_lazy("Received"),
    "open": gettext_lazy("Being handled"),
    "resolved": gettext_lazy("Resolved"),
    "returned": gettext_lazy("Returned"),
    "duplicate": gettext_lazy("Duplicates"),
    "withdrawn": gettext_lazy("Withdrawn"),
    "overdue": gettext_lazy("Overdue"),
    "reopened": gettext_lazy("Reopened"),
    "transferred": gettext_lazy("Transferred"),
    "transferred_in": gettext_lazy("Taken over"),
    "transferred_out": gettext_lazy("Handed on"),
    "received_by_split": gettext_lazy("Split off"),
    "not_public": gettext_lazy("Not public"),
    "on_time": gettext_lazy("Resolved on time"),
    "response": gettext_lazy("Responded to in time"),
    "rated": gettext_lazy("Rated"),
}


@dataclass(frozen=True)
class Cell:
    """One number of a table: the row's keys by group, and what is counted there."""

    question: Question
    keys: Mapping[str, str]
    what: str = "received"

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> Cell:
        """The number that an address names: the question's parameters, `key` and `by_key` of the row, `what`."""
        question = Question.of(asked)
        what = asked.get("what") or "received"
        if what not in WHAT:
            sentence = _("what is one of %(known)s.") % {"known": ", ".join(WHAT)}
            raise PlaceError(sentence, errors={"what": [sentence]})
        keys = {group: asked[name] for group, name in zip(question.groups, ("key", "by_key"), strict=False) if asked.get(name)}
        return cls(question, keys, what)

    def reports(self) -> ReportQuerySet:
        """All of them, public or not; in no order."""
        question = self.question
        reports = Report.objects.filed_between(question.since, question.until)
        if question.categories is not None:
            reports = reports.filter(category__in=question.categories)
        if question.statuses is not None:
            reports = reports.filter(status__in=question.statuses)
        if question.bodies is not None and self.what not in ("transferred_in", "transferred_out"):
            reports = reports.filter(authority__in=question.bodies)
        if question.unit is not None:
            reports = reports.in_unit(question.unit)
        for group, key in self.keys.items():
            reports = reports.filter(self._of_key(group, key))
        return reports.filter(self._what())

    def _of_key(self, group: str, key: str) -> Q:
        if group == "category":
            return Q(category__code=key)
        if group == "authority":
            return Q() if self.what in ("transferred_in", "transferred_out") else Q(authority__code=key)
        if group == "month":
            first = _first_of(key)
            return Q(filed_at__gte=start_of(first), filed_at__lt=start_of((first + timedelta(days=32)).replace(day=1)))
        units = None if key == NONE else [unit_of_key(key)]
        if units:
            units += Unit.objects.below(units[0])
        if self.question.on is None:
            return Q(unit__in=units) if units else Q(unit=None)
        places = ReportPlace.objects.filter(report=OuterRef("pk"), unit__active=True, unit__validity__contains=self.question.on)
        return Q(Exists(places.filter(unit__in=units))) if units else ~Q(Exists(places))

    def _what(self) -> Q:
        what = self.what
        if what in Status.values:
            return Q(status=what)
        if what in ("transferred", "transferred_in", "transferred_out"):
            done = Transfer.objects.filter(report=OuterRef("pk"), outcome=Transfer.Outcome.ACCEPTED)
            if what != "transferred" and "authority" in self.keys:
                done = done.filter(**{"to_body__code" if what == "transferred_in" else "from_body__code": self.keys["authority"]})
            return Q(Exists(done))
        events = ReportEvent.objects.filter(report=OuterRef("pk"))
        conditions = {
            "open": Q(pk__in=Report.objects.open().values("pk")),
            "overdue": Q(pk__in=Report.objects.overdue().values("pk")),
            "not_public": ~is_public(),
            "received_by_split": Q(split_from__isnull=False),
            "on_time": Q(status=Status.RESOLVED, closed_at__lte=F("due_at")),
            "reopened": Q(Exists(events.filter(kind__in=["reopen", "not_fixed"]))),
            "response": Q(
                Exists(
                    events.exclude(status_after__in=["", Status.NEW, Status.TRIAGE]).filter(
                        at__lt=OuterRef("filed_at") + timedelta(days=RESPONSE_DAYS)
                    )
                )
            ),
            "rated": Q(Exists(Rating.objects.filter(reply__report=OuterRef("pk")))),
        }
        return conditions.get(what, Q())


def key_of(unit: Unit) -> str:
    """A unit in an address: its code and its first day, for a code alone means nothing."""
    return f"{unit.code}@{unit.valid_from}" if unit.valid_from else f"{unit.code}@"


def unit_of_key(key: str) -> Unit:
    """The unit of such a key, PlaceError where there is none."""
    code, _at, since = key.partition("@")
    day = parse_date(since) if since and len(since) == 10 else None
    units = Unit.objects.filter(active=True, code=code[:10])
    unit = (units.filter(validity__startswith=day) if since else units.filter(validity__startswith=None)).lowest_first().first()
    if unit is None:
        sentence = _("There is no unit %(key)s.") % {"key": key[:30]}
        raise PlaceError(sentence, errors={"key": [sentence]})
    return unit


def _first_of(text: str) -> date:
    try:
        return datetime.strptime(text[:7], "%Y-%m").date()
    except ValueError as error:
        sentence = _("%(key)s is no month: write 2025-07.") % {"key": text[:20]}
        raise PlaceError(sentence, errors={"key": [sentence]}) from error
