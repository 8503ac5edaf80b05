"""The rows of an export: what the public page says of each report, read by the thousand, in the order of their keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from reports.masking import public_text
from reports.querysets import ReportQuerySet
from reports.workflow import Status

CHUNK = 2000  # reports in memory at a time


@dataclass(frozen=True)
class Field:
    """A column: its name in the file (ten letters at most, or a Shapefile cuts it), its kind, and what it means."""

    name: str
    kind: str  # text, moment, number
    meaning: str | Promise
    width: int = 100  # of a text


FIELDS = (
    Field("code", "text", _("Code of the report; its page is /reports/CODE/"), 10),
    Field("category", "text", _("Code of the category"), 60),
    Field("cat_name", "text", _("Name of the category, in Vietnamese"), 120),
    Field(
        "status",
        "text",
        _("State: new, triage, accepted, surveying, in_progress, waiting, reply_review, resolved, returned, duplicate"),
        15,
    ),
    Field(
        "unit",
        "text",
        _(
            "Code of the unit in which the spot lies now (empty: outside all); means something with unit_since only. A text: zeros at its front count, and a spreadsheet that opens the CSV drops them, so import the column as text or take the Excel file"
        ),
        10,
    ),
    Field("unit_name", "text", _("Name of the unit"), 150),
    Field("unit_since", "text", _("First day of the unit"), 10),
    Field("authority", "text", _("Code of the body that has the report or ended it"), 100),
    Field("auth_name", "text", _("Name of the body"), 200),
    Field("filed_at", "moment", _("When it was sent")),
    Field("due_at", "moment", _("By when it is to be answered")),
    Field("closed_at", "moment", _("When it ended")),
    Field("lon", "number", _("Longitude of the spot, WGS 84, to about a decimetre")),
    Field("lat", "number", _("Latitude of the spot")),
    Field("text", "text", _("What was written, personal data masked"), 250),
)
_VALUES = (
    "pk", "code", "category__code", "category__name", "status", "unit__code", "unit__name", "unit__validity", "authority__code", "authority__name",
    "filed_at", "due_at", "closed_at", "location", "description", "masks",
)  # fmt: skip


def rows(reports: ReportQuerySet) -> Iterator[list[Any]]:
    """A list of values as FIELDS says for each of these reports that is public: whoever calls cannot forget it. Moments in Asia/Ho_Chi_Minh."""
    public = reports.public().order_by("pk")
    last = 0
    while chunk := list(public.filter(pk__gt=last).values_list(*_VALUES)[:CHUNK]):
        for row in chunk:
            yield _row(row)
        last = chunk[-1][0]


def _row(row: tuple[Any, ...]) -> list[Any]:
    _pk, code, category, category_name, status, unit, unit_name, validity, body, body_name, filed, due, closed, spot, text, masks = row
    moments = [timezone.localtime(moment).replace(microsecond=0) if moment else None for moment in (filed, due, closed)]
    since = validity.lower.isoformat() if validity and validity.lower else None
    return [
        code, category, category_name, Status(status).value, unit, unit_name, since, body, body_name, *moments, round(spot.x, 6), round(spot.y, 6),
        public_text(text, (masks or {}).get("description")),
    ]  # fmt: skip
