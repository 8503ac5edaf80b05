"""A small territory for planners: reports at chosen spots of A and B, and the address that answers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib.gis.geos import Point
from django.utils import timezone

from authorities.models import Body, Category
from boundaries.models import Unit
from reports.codes import new_code
from reports.models import Report, ReportPlace

QUERY = "/api/v1/planner/query/"


def put(
    category: Category, unit: Unit | None, body: Body, lon: float, lat: float, *, status: str = "new", filed: datetime | None = None,
    public: bool = True, days: int = 2, **more: Any,
) -> Report:  # fmt: skip
    """A report at a spot, as if filed then; resolved after so many days."""
    spot, filed = Point(lon, lat, srid=4326), filed or timezone.now()
    closed = filed + timedelta(days=days) if status == "resolved" else None
    report = Report.objects.create(
        code=new_code(), category=category, description="Thử", location=spot, location_at_filing=spot, unit=unit, unit_at_filing=unit,
        method="inside" if unit else "none", authority=body, status=status, filed_at=filed, published_at=filed if public else None,
        closed_at=closed, authority_at_closing=body if closed else None, **more,
    )  # fmt: skip
    if unit is not None:
        ReportPlace.objects.create(report=report, edition=unit.edition, unit=unit, method="inside")
    return report
