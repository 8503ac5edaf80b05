"""The reports behind a number: the same choice as a query of reports, which then goes through what its reader may see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.lookups import GreaterThanOrEqual
from django.utils import timezone
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
from reports.rating_models import Rating, Score
from reports.workflow import CLOSED, UNTOUCHED, Status

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
    "answerable": gettext_lazy("Received, but for those still within the time of the first response"),
    "to_resolve": gettext_lazy("Resolved or being handled"),
    "dated": gettext_lazy("Resolved, with a due date"),
    "took_response": gettext_lazy("Responded to"),
    "took_work": gettext_lazy("With a draft of the reply after the response"),
    "took_approval": gettext_lazy("Resolved, with a draft of the reply"),
    "took_whole": gettext_lazy("Resolved"),
    "rated": gettext_lazy("Rated"),
    "scored": gettext_lazy("Rated by a criterion"),
}
# Of these each counts, however many a report has; the last four go by the body that took, gave or answered, not by the one that has the report
OF_REPORTS = ("transferred", "transferred_in", "transferred_out", "rated", "scored")
BY_OTHER_BODY = OF_REPORTS[1:]


@dataclass(frozen=True)
class Cell:
    """One number of a table: the row's keys by group, and what is counted there."""

    question: Question
    keys: Mapping[str, str]
    what: str = "received"
    criterion: str = ""  # the code, of what is scored

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> Cell:
        """The number that an address names: the question's parameters, `key` and `by_key` of the row, `what`."""
        question = Question.of(asked)
        what = asked.get("what") or "received"
        if what not in WHAT:
            sentence = _("what is one of %(known)s.") % {"known": ", ".join(WHAT)}
            raise PlaceError(sentence, errors={"what": [sentence]})
        keys = {group: asked[name] for group, name in zip(question.groups, ("key", "by_key"), strict=False) if asked.get(name)}
        return cls(question, keys, what, asked.get("criterion", "")[:50])

    def number(self) -> int:
        """What the table shows: as many as there are reports, or transfers, ratings and scores."""
        things = self._things()
        return self.reports().count() if things is None else things[0].filter(**{f"{things[1]}__in": self._chosen()}).count()

    def reports(self) -> ReportQuerySet:
        """All of them, public or not, each once; in no order."""
        things = self._things()
        if things is None:
            return self._chosen().filter(self._what())
        return self._chosen().filter(Exists(things[0].filter(**{things[1]: OuterRef("pk")})))

    def _chosen(self) -> ReportQuerySet:
        """Those of the question and of the row."""
        question = self.question
        reports = Report.objects.filed_between(question.since, question.until)
        if question.categories is not None:
            reports = reports.filter(category__in=question.categories)
        if question.statuses is not None:
            reports = reports.filter(status__in=question.statuses)
        if question.bodies is not None and self.what not in BY_OTHER_BODY:
            reports = reports.filter(authority__in=question.bodies)
        if question.unit is not None:
            reports = reports.in_unit(question.unit)
        for group, key in self.keys.items():
            reports = reports.filter(self._of_key(group, key))
        return reports

    def _things(self) -> tuple[QuerySet[Any], str] | None:
        """What is counted of the reports, and its way to its report; None where the reports are."""
        if self.what not in OF_REPORTS:
            return None
        if self.what.startswith("transferred"):
            done = Transfer.objects.filter(outcome=Transfer.Outcome.ACCEPTED)
            return (
                done if self.what == "transferred" else self._of_bodies(done, "to_body" if self.what == "transferred_in" else "from_body")
            ), "report"
        if self.what == "scored":
            return self._of_bodies(Score.objects.filter(criterion__code=self.criterion), "rating__reply__body"), "rating__reply__report"
        rated = Rating.objects.filter(Exists(Score.objects.filter(rating=OuterRef("pk"))))
        return self._of_bodies(rated, "reply__body"), "reply__report"

    def _of_bodies(self, things: QuerySet[Any], body: str) -> QuerySet[Any]:
        """Those of the bodies asked for, and of the row's."""
        if self.question.bodies is not None:
            things = things.filter(**{f"{body}__in": self.question.bodies})
        return things.filter(**{f"{body}__code": self.keys["authority"]}) if "authority" in self.keys else things

    def _of_key(self, group: str, key: str) -> Q:
        if group == "category":
            return Q(category__code=key)
        if group == "authority":
            return Q() if self.what in BY_OTHER_BODY else Q(authority__code=key)
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
        events = ReportEvent.objects.filter(report=OuterRef("pk"))
        responded = events.exclude(status_after__in=["", Status.NEW, Status.TRIAGE])
        drafted = events.filter(kind="draft_reply")
        conditions = {
            "open": Q(pk__in=Report.objects.open().values("pk")),
            "overdue": Q(pk__in=Report.objects.overdue().values("pk")),
            "not_public": ~is_public(),
            "received_by_split": Q(split_from__isnull=False),
            "on_time": Q(status=Status.RESOLVED, closed_at__lte=F("due_at")),
            "reopened": Q(Exists(events.filter(kind__in=["reopen", "not_fixed"]))),
            "response": Q(Exists(responded.filter(at__lt=OuterRef("filed_at") + timedelta(days=RESPONSE_DAYS)))),
            "answerable": ~Q(status__in=UNTOUCHED, filed_at__gte=timezone.now() - timedelta(days=RESPONSE_DAYS)),
            "to_resolve": Q(status=Status.RESOLVED) | ~Q(status__in=CLOSED),
            "dated": Q(status=Status.RESOLVED, due_at__isnull=False),
            "took_response": Q(Exists(responded)),
            "took_work": Q(GreaterThanOrEqual(_first(drafted), _first(responded))),
            "took_approval": Q(Exists(drafted), status=Status.RESOLVED),
            "took_whole": Q(status=Status.RESOLVED),
        }
        return conditions.get(what, Q())


def _first(events: QuerySet[ReportEvent]) -> Subquery:
    """When the first of them was."""
    return Subquery(events.order_by("at").values("at")[:1])


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
