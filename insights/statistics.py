"""Figures that add up: received = open + resolved + returned + duplicate + withdrawn, in every row and in the totals.

Transfers stand apart, or passing on would look like success: each is counted once, out of one body and into another.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Avg, Count, DurationField, ExpressionWrapper, F, Q, QuerySet
from django.db.models.functions import TruncMonth
from django.utils import timezone
from django.utils.translation import get_language

from authorities.models import Publication
from reports.case_models import Transfer
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
    "received_by_split": Count("split_from"),
    "not_public": Count("pk", filter=Q(published_at__isnull=True) | Q(category__publication=Publication.NEVER)),
}


TRANSFERS = {"transferred_in": "to_body", "transferred_out": "from_body"}


def figures(reports: QuerySet[Report]) -> dict[str, Any]:
    """The counts of these reports (all of them, public or not; `not_public` says how many are not), and the mean days to the end."""
    took = ExpressionWrapper(F("closed_at") - F("filed_at"), output_field=DurationField())
    overdue = Count("pk", filter=~Q(status__in=sorted(CLOSED)) & Q(due_at__lt=timezone.now()))
    row = reports.order_by().aggregate(**COUNTS, overdue=overdue, took=Avg(took, filter=Q(status=Status.RESOLVED)))
    mean = row.pop("took")
    return {**row, "mean_days_to_resolve": round(mean.total_seconds() / 86_400, 1) if mean is not None else None}


def table(reports: QuerySet[Report], *, group: str) -> dict[str, Any]:
    """Rows of counts by unit, authority, category or month of filing (Asia/Ho_Chi_Minh), with their totals.

    Reports outside every unit form a row of their own, with key null. `received_by_split` are those that were split off from another report.
    `transferred` is how often the row's reports went from one body to another; by authority also how often into and out of each, so that a
    body may have a row without a report. In the totals the three are the same number.
    """
    key, name = GROUPS[group]
    if group == "category" and get_language() == "en":
        name = "category__name_en"
    if group == "month":
        reports = reports.annotate(month=TruncMonth("filed_at", tzinfo=timezone.get_default_timezone()))
    rows = {
        row[key]: {"key": _key(row[key]), "name": _key(row[name]), **{count: row[count] for count in COUNTS}}
        for row in reports.order_by().values(*{key, name}).annotate(**COUNTS).order_by(key)
    }
    transfers = _transfers(reports, group)
    counts = [*COUNTS, *transfers]
    for count, found in transfers.items():
        for at, label, number in found:
            rows.setdefault(at, {"key": _key(at), "name": _key(label)})[count] = number
    ordered = [dict.fromkeys(counts, 0) | rows[at] for at in sorted(rows, key=lambda at: (at is None, str(at)))]
    return {"rows": ordered, "totals": {count: sum(row[count] for row in ordered) for count in counts}}


def _transfers(reports: QuerySet[Report], group: str) -> dict[str, list[tuple[Any, Any, int]]]:
    """By column: key, name and number of transfers."""
    done = Transfer.objects.filter(outcome=Transfer.Outcome.ACCEPTED, report__in=reports.order_by().values("pk")).order_by()
    if group == "month":
        done = done.annotate(report__month=TruncMonth("report__filed_at", tzinfo=timezone.get_default_timezone()))
    key, name = GROUPS[group]
    sides = {"transferred": (f"report__{key}", f"report__{name}")}
    if group == "authority":
        sides |= {count: (f"{body}__code", f"{body}__name") for count, body in TRANSFERS.items()}
    return {
        count: [(row[at], row[label], row["number"]) for row in done.values(*{at, label}).annotate(number=Count("pk"))]
        for count, (at, label) in sides.items()
    }


def _key(value: Any) -> str | None:
    return f"{value:%Y-%m}" if hasattr(value, "strftime") else value
