"""Holds the counts that are kept against the reports themselves."""

from __future__ import annotations

import logging
from datetime import date

from django.db import connection

from insights.figures.facts import ZONE
from insights.figures.fold import one_view
from insights.models import FigureChange

logger = logging.getLogger(__name__)
# By slice and state; slices that have changed since are counted from the reports anyway
TABLES = {"insights_figurecell": "sum(reports)", "insights_figurecellofall": "sum(reports)", "insights_figurefact": "count(*)"}
DIFFERENCES = f"""
WITH real AS (
  SELECT date_trunc('month', filed_at AT TIME ZONE '{ZONE}')::date AS month, COALESCE(unit_id, 0) AS unit_id, status, count(*) AS reports
  FROM reports_report GROUP BY 1, 2, 3
)
{
    " UNION ".join(
        f"SELECT month, unit_id FROM (SELECT month, unit_id, status, {number} AS reports FROM {table} GROUP BY month, unit_id, status) AS kept"
        " FULL JOIN real USING (month, unit_id, status) WHERE kept.reports IS DISTINCT FROM real.reports"
        for table, number in TABLES.items()
    )
}
UNION SELECT month, unit_id FROM insights_figurecell WHERE month IN (
  SELECT month FROM (SELECT month, category_id, status, sum(reports) AS reports FROM insights_figurecellofmonth GROUP BY 1, 2, 3) AS added_up
  FULL JOIN (SELECT month, category_id, status, sum(reports) AS reports FROM insights_figurecell GROUP BY 1, 2, 3) AS kept
    USING (month, category_id, status)
  WHERE kept.reports IS DISTINCT FROM added_up.reports
)
UNION SELECT month, unit_id FROM insights_figurecell WHERE (date_trunc('year', month)::date, unit_id) IN (
  SELECT month, unit_id FROM (
    SELECT date_trunc('year', month)::date AS month, unit_id, category_id, status, sum(reports) AS reports FROM insights_figurecell GROUP BY 1, 2, 3, 4
  ) AS kept
  FULL JOIN (
    SELECT date_trunc('year', month)::date AS month, unit_id, category_id, status, sum(reports) FILTER (WHERE months = 3) AS of_quarters,
           sum(reports) FILTER (WHERE months = 12) AS of_years
    FROM insights_figurecellofspan GROUP BY 1, 2, 3, 4
  ) AS added_up USING (month, unit_id, category_id, status)
  WHERE kept.reports IS DISTINCT FROM added_up.of_quarters OR kept.reports IS DISTINCT FROM added_up.of_years
)
EXCEPT SELECT month, unit_id FROM insights_figurechange
"""  # noqa: S608  constants only


def check() -> list[tuple[date, int]]:
    """The slices (month, key of the unit) whose kept counts are not those of the reports, by state; they are marked, so no figure shows them."""
    with one_view(), connection.cursor() as cursor:
        cursor.execute(DIFFERENCES)
        wrong: list[tuple[date, int]] = cursor.fetchall()
        FigureChange.objects.bulk_create(FigureChange(month=month, unit=unit) for month, unit in wrong)
    if wrong:
        logger.error("Figures of %d slices did not add up and are counted anew: %s", len(wrong), wrong[:5])
    return wrong
