"""How much open work there is, by body and state: kept by a trigger (migration 0025), so that nobody counts a hundred thousand reports at each look.

Each change of a report adds a line, +1 where it is now and -1 where it was, in its own transaction: no line is shared, so nobody waits for
anybody, and the sum of the lines is right in the very next query. A job puts them together.
"""

from __future__ import annotations

import logging

from django.db import connection, transaction
from django.db.models import Count, Sum

from reports.desk_models import OpenWork
from reports.models import Report

logger = logging.getLogger(__name__)

FOLD = """
WITH gone AS (DELETE FROM reports_openwork RETURNING body_id, status, number)
INSERT INTO reports_openwork (body_id, status, number)
SELECT body_id, status, sum(number) FROM gone GROUP BY body_id, status HAVING sum(number) <> 0
"""


def fold() -> None:
    """Puts the lines of each body and state together; one statement, so that every reader sees the lines or their sums."""
    with connection.cursor() as cursor:
        cursor.execute(FOLD)


def check() -> list[str]:
    """Holds the lines against the reports; what differs is logged as an error, a sentence each, and counted anew."""
    found = differences()
    for difference in found:
        logger.error("Open work was counted wrongly: %s", difference)
    if found:
        _count_anew()
    return found


def differences() -> list[str]:
    """What is counted otherwise than the reports say, a sentence each; reads all that is open."""
    with connection.cursor() as cursor:  # one statement: both sides as of one moment
        counted = OpenWork.objects.values_list("body", "status").annotate(number=Sum("number"))
        there = Report.objects.open().order_by().values_list("authority", "status").annotate(number=Count("*"))
        (one, of_one), (other, of_other) = counted.query.sql_with_params(), there.query.sql_with_params()
        cursor.execute(COMPARED.format(counted=one, there=other), (*of_one, *of_other))
        return [f"body {body}, {status}: {counted} counted, {there} there" for body, status, counted, there in cursor.fetchall()]


COMPARED = """
SELECT body_id, status, coalesce(counted.number, 0), coalesce(there.number, 0)
FROM ({counted}) AS counted (body_id, status, number) FULL JOIN ({there}) AS there (body_id, status, number) USING (body_id, status)
WHERE coalesce(counted.number, 0) <> coalesce(there.number, 0) ORDER BY body_id, status
"""


def _count_anew() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE reports_report IN SHARE MODE")  # a second in which nobody writes
        OpenWork.objects.all().delete()
        there = Report.objects.open().order_by().values_list("authority", "status").annotate(number=Count("*"))
        OpenWork.objects.bulk_create(OpenWork(body_id=body, status=status, number=number) for body, status, number in there)
