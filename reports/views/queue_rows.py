"""The rows of the desk's queue, as HTML and for its map: fifty a page.

A Django template of a row walks some hundred nodes and took two fifths of the page's time. Here a row is put together from pieces of HTML by
`filled`, which escapes every value, as a template would.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import BigIntegerField, ExpressionWrapper, F, QuerySet
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.timezone import localtime
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from reports.compiled import compiled, one_of, told
from reports.marks import Mark
from reports.models import SHOWN_PHOTOS, Photo, Report
from reports.pieces import NOTHING, filled, joined
from reports.queue import PAGE
from reports.templatetags.marks import icon, status_mark
from reports.urgency import Urgency

if TYPE_CHECKING:
    from accounts.models import User

ROW_TEXT, PREVIEW_TEXT, PREVIEW_PHOTOS = 200, 900, 4
DANGER_TO_PEOPLE = 3  # the severity of it

ROW = """<li class="queue-row" data-code="{code}" data-version="{version}" data-lat="{lat}" data-lon="{lon}">{tick}
  <a class="queue-link" href="{href}">
    <span class="queue-icon" title="{category}">{icon}<span class="visually-hidden">{category}</span></span>
    <span class="queue-words">
      <span class="queue-text">{danger}{text}</span>
      <span class="queue-meta"><span class="queue-code">{readable}</span>{where}{officer}</span>{marks}
    </span>
    <span class="queue-time">
      <span class="queue-due queue-due--{tone}"{due}>{late}{words}</span>{step}{escalated}{bar}
      <time class="queue-age" datetime="{filed_iso}" title="{filed}">{ago}</time>
    </span>
    <span class="queue-status">{status}</span>
  </a>
</li>
"""
TICK = """
  <label class="queue-tick"><input type="checkbox" form="bulk" name="report" value="{value}"><span class="visually-hidden">{says}</span></label>"""
DANGER = '<span class="queue-danger">{icon}{text}</span> '
WHERE = '<span class="queue-where">{text}</span>'
OFFICER = '<span class="queue-officer">{icon}{name}</span>'
MARKS = '<span class="queue-marks">{marks}</span>'
MARK = '<span class="queue-mark{warns}">{icon}{text}</span>'
DUE = ' title="{text}"'
STEP = '<span class="queue-step{late}">{text}</span>'
ESCALATED = '<span class="tag tag--late">{text}</span>'
BAR = (
    '<svg class="due-bar due-bar--{tone}" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">'
    '<rect width="{used}" height="4"></rect></svg>'
)


@dataclass(frozen=True)
class Row:
    """A report in the queue of somebody, with where it leads, how urgent it is, and what is said of its place; `has_box` where it can be chosen."""

    report: Report
    urgency: Urgency
    href: str
    where: str
    marks: list[Mark]
    photos: list[UUID]
    reader: User
    has_box: bool

    @property
    def html(self) -> SafeString:
        """The row as it stands in the list."""
        report, urgency, (lon, lat) = self.report, self.urgency, self.spot
        used = urgency.used
        return filled(
            ROW,
            code=report.code,
            version=str(report.version),
            lat=str(lat),
            lon=str(lon),
            tick=self._tick,
            href=self.href,
            category=report.category.label,
            icon=icon(f"category-{report.category.icon}"),
            danger=filled(DANGER, icon=icon("warning"), text=_("Danger")) if report.severity == DANGER_TO_PEOPLE else NOTHING,
            text=cut(report.description, ROW_TEXT),
            readable=report.readable_code,
            where=filled(WHERE, text=self.where) if self.where else NOTHING,
            officer=self._officer,
            marks=self._marks,
            tone=urgency.tone,
            due=self._due,
            late=icon("status-overdue") if urgency.tone == "late" else NOTHING,
            words=urgency.words,
            step=self._step,
            escalated=filled(ESCALATED, text=_("passed up")) if getattr(report, "is_escalated", False) else NOTHING,
            bar=filled(BAR, tone=urgency.tone, used=str(used)) if used else NOTHING,
            filed_iso=report.filed_at.isoformat(),
            filed=moment(report.filed_at, "DATETIME_FORMAT"),
            ago=_("%(age)s ago") % {"age": urgency.age},
            status=status_mark(report.status),
        )

    @cached_property
    def spot(self) -> tuple[float, float]:
        """Where it is: longitude, latitude (WGS 84)."""
        lon, lat = self.report.location.coords
        return lon, lat

    @property
    def feature(self) -> dict[str, Any]:
        """It on the map, with what the map's side shows of it once it is chosen."""
        report = self.report
        return {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [round(axis, 6) for axis in self.spot]},
            "properties": {"cluster": False, "code": report.code, "status": report.status, "preview": self.preview},
        }

    @property
    def preview(self) -> dict[str, Any]:
        """What the map's side shows of it once it is chosen."""
        report = self.report
        due = _("due %(due)s") % {"due": moment(report.due_at, "SHORT_DATE_FORMAT")} if report.due_at else ""
        return {
            "text": cut(report.description, PREVIEW_TEXT),
            "note": report.place_note,
            "photos": [reverse("reports:photo_thumb", args=[key]) for key in self.photos[:PREVIEW_PHOTOS]],
            "with": " · ".join(filter(None, [report.authority.name, due])),
        }

    @property
    def _tick(self) -> SafeString:
        report = self.report
        says = _("Choose report %(code)s") % {"code": report.readable_code}
        return filled(TICK, value=f"{report.code}.{report.version}", says=says) if self.has_box else NOTHING

    @property
    def _officer(self) -> SafeString:
        officer = self.report.officer
        if officer is None:
            return NOTHING
        return filled(OFFICER, icon=icon("user"), name=_("you") if officer == self.reader else officer.get_short_name())

    @property
    def _marks(self) -> SafeString:
        if not self.marks:
            return NOTHING
        parts = [
            filled(MARK, warns=" queue-mark--warns" if mark.warns else "", icon=icon(mark.icon), text=mark.text) for mark in self.marks
        ]
        return filled(MARKS, marks=joined(parts))

    @property
    def _due(self) -> SafeString:
        """By when an answer is due, while that matters."""
        due_at = self.report.due_at
        if due_at is None or self.report.is_closed:
            return NOTHING
        return filled(DUE, text=_("due %(due)s") % {"due": moment(due_at, "DATETIME_FORMAT")})

    @property
    def _step(self) -> SafeString:
        step = self.urgency.step
        return filled(STEP, late=" queue-due--late" if self.urgency.step_is_late else "", text=step) if step else NOTHING


def photos_of(reports: Sequence[Report]) -> dict[int, list[UUID]]:
    """The keys of the photos that are shown of the reports of a page, by the key of the report; one query."""
    found: dict[int, list[UUID]] = defaultdict(list)
    query = compiled("photos of a page", _photos_of_a_page)
    for report, key in query.rows(**told("pk", [report.pk for report in reports], PAGE)) if reports else ():
        found[report].append(key)
    return found


def _photos_of_a_page() -> QuerySet[Any, Any]:
    of = ExpressionWrapper(F("report"), BigIntegerField())  # a number: a foreign key cannot be among what is told later
    photos = Photo.objects.alias(of=of).filter(of__in=one_of("pk", BigIntegerField(), PAGE), kind__in=sorted(SHOWN_PHOTOS))
    return photos.order_by("position", "pk").values_list("report", "key")


def cut(text: str, characters: int) -> str:
    """The beginning of a text; most are short, and not worth a look at each of their characters."""
    return text if len(text) <= characters else Truncator(text).chars(characters)


def moment(at: datetime, form: str) -> str:
    """A time in Asia/Ho_Chi_Minh, in a form of the language of the page; deadlines end at the same hours, so many are alike."""
    return _moment(at, form, get_language())


@lru_cache(maxsize=2000)
def _moment(at: datetime, form: str, _language: str | None) -> str:
    return date_format(localtime(at), form)
