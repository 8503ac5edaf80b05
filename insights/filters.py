"""What of the reports a page shows: category, status, period and place, as its address says them. What makes no sense is left aside."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.contrib.gis.geos import Polygon
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from authorities.models import Category
from gis.bbox import parse_bbox
from gis.errors import PlaceError
from reports.querysets import ReportQuerySet
from reports.workflow import GROUPS, Status

PERIODS = {"7d": (_("Last 7 days"), 7), "30d": (_("Last 30 days"), 30), "90d": (_("Last 90 days"), 90), "12m": (_("Last 12 months"), 365)}
PUBLIC_STATUSES = (
    Status.NEW,
    Status.TRIAGE,
    Status.ACCEPTED,
    Status.SURVEYING,
    Status.IN_PROGRESS,
    Status.WAITING,
    Status.REPLY_REVIEW,
    Status.RESOLVED,
    Status.RETURNED,
    Status.DUPLICATE,
)


@dataclass(frozen=True)
class Filters:
    """A choice of reports; empty strings and None choose all."""

    category: str = ""
    status: str = ""
    period: str = ""
    area: Polygon | None = None

    @classmethod
    def of(cls, query: QueryDict) -> Filters:
        """The filters in an address."""
        category = query.get("category", "")
        if not Category.objects.filter(code=category).exists():
            category = ""
        status = query.get("status", "")
        period = query.get("period", "")
        return cls(
            category=category,
            status=status if status in GROUPS or status in PUBLIC_STATUSES else "",
            period=period if period in PERIODS else "",
            area=_area(query.get("bbox", "")),
        )

    @property
    def are_set(self) -> bool:
        """Whether anything but the place is chosen."""
        return bool(self.category or self.status or self.period)

    def applied_to(self, reports: ReportQuerySet) -> ReportQuerySet:
        """The reports chosen."""
        if self.category:
            reports = reports.filter(category__code=self.category)
        if self.status:
            reports = reports.of_status([self.status])
        if self.period:
            reports = reports.filed_between(start_of(first_day(self.period)), None)
        if self.area is not None:
            reports = reports.in_area(self.area)
        return reports


def first_day(period: str) -> date:
    """The first day of a period that ends today."""
    _label, days = PERIODS[period]
    return timezone.localdate() - timedelta(days=days - 1)


def start_of(day: date) -> datetime:
    """Midnight at its beginning, in Asia/Ho_Chi_Minh."""
    return timezone.make_aware(datetime.combine(day, time.min))


def periods() -> list[tuple[str, str, date]]:
    """The periods to choose from: key, label, first day."""
    return [(key, str(label), first_day(key)) for key, (label, _days) in PERIODS.items()]


def _area(text: str) -> Polygon | None:
    try:
        return parse_bbox(text) if text else None
    except PlaceError:
        return None
