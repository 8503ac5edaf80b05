"""Figures that add up: received = open + resolved + returned + duplicate + withdrawn, in every row and in the totals."""

from __future__ import annotations

from typing import Any

from django.db.models import Avg, Count, DurationField, ExpressionWrapper, F, Q, QuerySet
from django.db.models.functions import TruncMonth
from django.utils import timezone
from django.utils.translation import get_language

from authorities.models import Publication
from reports.models import Report
from reports.workflow import CLOSED, Status

GROUPS = {
    "unit": ("unit__code", "unit__name"),
    "authority": ("authority__code", "authority__name"),
    "category": ("category__code", "category__name"),
    "month": ("month", "month"),
}
COUNTS = {
    "received": Count("pk"),
    "open": Count("pk", filter=~Q(status__in=sorted(CLOSED))),
    "resolved": Count("pk", filter=Q(status=Status.RESOLVED)),
    "returned": Count("pk", filter=Q(status=Status.RETURNED)),
    "duplicate": Count("pk", filter=Q(status=Status.DUPLICATE)),
    "withdrawn": Count("pk", filter=Q(status=Status.WITHDRAWN)),
    "not_public": Count("pk", filter=Q(published_at__isnull=True) | Q(category__publication=Publication.NEVER)),
}


def figures(reports: QuerySet[Report]) -> dict[str, Any]:
    """The counts of these reports (all of them, public or not; `not_public` says how many are not), and the mean days to the end."""
    took = ExpressionWrapper(F("closed_at") - F("filed_at"), output_field=DurationField())
    overdue = Count("pk", filter=~Q(status__in=sorted(CLOSED)) & Q(due_at__lt=timezone.now()))
    row = reports.order_by().aggregate(**COUNTS, overdue=overdue, took=Avg(took, filter=Q(status=Status.RESOLVED)))
    mean = row.pop("took")
    return {**row, "mean_days_to_resolve": round(mean.total_seconds() / 86_400, 1) if mean is not None else None}


def table(reports: QuerySet[Report], *, group: str) -> dict[str, Any]:
    """Rows of counts by unit, authority, category or month of filing (Asia/Ho_Chi_Minh), with their totals.

    Reports outside every unit form a row of their own, with key null.
    """
    key, name = GROUPS[group]
    if group == "category" and get_language() == "en":
        name = "category__name_en"
    if group == "month":
        reports = reports.annotate(month=TruncMonth("filed_at", tzinfo=timezone.get_default_timezone()))
    rows = [
        {"key": _key(row[key]), "name": _key(row[name]), **{count: row[count] for count in COUNTS}}
        for row in reports.order_by().values(*{key, name}).annotate(**COUNTS).order_by(key)
    ]
    totals = {count: sum(row[count] for row in rows) for count in COUNTS}
    return {"rows": rows, "totals": totals}


def _key(value: Any) -> str | None:
    return f"{value:%Y-%m}" if hasattr(value, "strftime") else value
