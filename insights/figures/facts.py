"""SQL that counts reports themselves: one line per report with all that the figures say of it, and how sizes are spread.

Texts only, composed of constants; whatever comes from outside is bound where they are executed.
"""

from __future__ import annotations

from insights.figures.measures import CRITERION, EDGES, RESPONSE_DAYS, SATISFIED_FROM, Measure

ZONE = "Asia/Ho_Chi_Minh"
DAYS_EDGES = f"ARRAY[{', '.join(map(str, EDGES))}]::float8[]"
# Places as few numbers: the units of all editions in which a report lies
UNITS_OF_REPORT = """
COALESCE((SELECT array_agg(place.unit_id ORDER BY place.unit_id) FROM reports_reportplace AS place
          WHERE place.report_id = report.id AND place.unit_id IS NOT NULL), '{}'::bigint[])
"""
# What of a report the figures are made of: the rest, its text above all, would only fill the memory
_NAMES = ("id", "filed_at", "unit_id", "authority_id", "category_id", "status", "published_at", "closed_at", "due_at")
COLUMNS = ", ".join(f"report.{name}" for name in _NAMES)
# The reports of slices (month and unit), and those filed in spans of time; a slice of unit 0 holds those outside every unit
OF_SLICES = f"""
SELECT {COLUMNS} FROM unnest(%(slice_months)s::date[], %(slice_units)s::bigint[]) AS slice (month, unit)
CROSS JOIN LATERAL (
  SELECT {COLUMNS} FROM reports_report AS report WHERE report.unit_id = slice.unit
    AND report.filed_at >= slice.month::timestamp AT TIME ZONE '{ZONE}' AND report.filed_at < (slice.month + interval '1 month') AT TIME ZONE '{ZONE}'
  UNION ALL
  SELECT {COLUMNS} FROM reports_report AS report WHERE slice.unit = 0 AND report.unit_id IS NULL
    AND report.filed_at >= slice.month::timestamp AT TIME ZONE '{ZONE}' AND report.filed_at < (slice.month + interval '1 month') AT TIME ZONE '{ZONE}'
) AS report
"""  # noqa: S608  constants only
OF_SPANS = f"""
SELECT {COLUMNS} FROM unnest(%(span_starts)s::timestamptz[], %(span_ends)s::timestamptz[]) AS span (since, until)
JOIN reports_report AS report ON report.filed_at >= span.since AND report.filed_at < span.until
"""  # noqa: S608  constants only
MONTH = f"date_trunc('month', report.filed_at AT TIME ZONE '{ZONE}')::date"


def _bucket(start: str, end: str) -> str:
    return f"GREATEST(width_bucket(extract(epoch FROM {end} - {start})::float8 / 86400, {DAYS_EDGES}), 1)"


def facts(reports: str, unit: str, place: str = "0", where: str = "true") -> str:
    """A line for each of these reports (a CTE's name). Steps that did not happen are NULL; the numbers of the others are buckets of days."""
    return f"""
SELECT report.id, report.filed_at, {MONTH} AS month, {unit} AS unit_id, {place} AS place_id, report.authority_id, report.category_id, report.status,
       report.published_at IS NOT NULL AS published,
       CASE WHEN report.closed_at IS NULL THEN date_trunc('month', report.due_at AT TIME ZONE '{ZONE}')::date END AS due,
       EXISTS (SELECT FROM reports_split AS split WHERE split.report_id = report.id)::int AS split,
       COALESCE(history.reopened, 0) AS reopened,
       (SELECT count(*) FROM reports_transfer AS transfer WHERE transfer.report_id = report.id AND transfer.outcome = 'accepted')::int AS transferred,
       (report.status = 'resolved' AND report.due_at IS NOT NULL)::int AS dated,
       (report.status = 'resolved' AND COALESCE(report.closed_at <= report.due_at, false))::int AS on_time,
       CASE WHEN history.responded_at IS NOT NULL THEN {_bucket("report.filed_at", "history.responded_at")} END AS m{Measure.RESPONSE:d},
       CASE WHEN history.drafted_at >= history.responded_at THEN {_bucket("history.responded_at", "history.drafted_at")} END AS m{Measure.WORK:d},
       CASE WHEN report.status = 'resolved' AND history.drafted_at IS NOT NULL
            THEN {_bucket("history.drafted_at", "report.closed_at")} END AS m{Measure.APPROVAL:d},
       CASE WHEN report.status = 'resolved' THEN {_bucket("report.filed_at", "report.closed_at")} END AS m{Measure.WHOLE:d}
FROM {reports} AS report
LEFT JOIN LATERAL (
  SELECT min(event.at) FILTER (WHERE event.status_after NOT IN ('', 'new', 'triage')) AS responded_at,
         min(event.at) FILTER (WHERE event.kind = 'draft_reply') AS drafted_at,
         max((event.kind IN ('reopen', 'not_fixed'))::int) AS reopened
  FROM reports_reportevent AS event WHERE event.report_id = report.id
) AS history ON true
WHERE {where}
"""  # noqa: S608  constants only


# From a CTE `facts`: the buckets of the steps
STEPS = f"""
SELECT fact.month, fact.unit_id, fact.place_id, fact.authority_id, fact.category_id, fact.status, step.measure, step.bucket, fact.filed_at
FROM facts AS fact
CROSS JOIN LATERAL (VALUES {", ".join(f"({number}, fact.m{number})" for number in range(1, 5))}) AS step (measure, bucket)
WHERE step.bucket IS NOT NULL
"""  # noqa: S608  constants only


def opinions(reports: str, unit: str, place: str = "0", where: str = "true", bodies: str = "true") -> str:
    """How the answers to these reports were rated, by the body that gave the answer, and their transfers by the bodies between which they went.

    `bodies` is a condition on `said.authority_id`.
    """
    return f"""
SELECT {MONTH} AS month, {unit} AS unit_id, {place} AS place_id, said.authority_id, report.category_id, report.status, said.measure, said.bucket, report.filed_at
FROM {reports} AS report
JOIN (
  SELECT reply.report_id, reply.body_id AS authority_id, {CRITERION} + score.criterion_id AS measure, score.value::int AS bucket
  FROM {reports} AS report JOIN reports_reply AS reply ON reply.report_id = report.id
  JOIN reports_rating AS rating ON rating.reply_id = reply.id JOIN reports_score AS score ON score.rating_id = rating.id
  UNION ALL
  SELECT reply.report_id, reply.body_id, {Measure.RATED:d}, 1 + (avg(score.value) >= {SATISFIED_FROM})::int
  FROM {reports} AS report JOIN reports_reply AS reply ON reply.report_id = report.id
  JOIN reports_rating AS rating ON rating.reply_id = reply.id JOIN reports_score AS score ON score.rating_id = rating.id
  GROUP BY rating.id, reply.report_id, reply.body_id
  UNION ALL
  SELECT transfer.report_id, side.body_id, side.measure, 1
  FROM {reports} AS report JOIN reports_transfer AS transfer ON transfer.report_id = report.id AND transfer.outcome = 'accepted'
  CROSS JOIN LATERAL (VALUES (transfer.to_body_id, {Measure.CAME:d}), (transfer.from_body_id, {Measure.WENT:d})) AS side (body_id, measure)
) AS said ON said.report_id = report.id
WHERE {where} AND {bodies}
"""  # noqa: S608  constants only


BUCKETS = ", ".join(f"b{number}" for number in range(1, len(EDGES) + 1))  # as insights_figurespread holds them


def counted_buckets(alias: str) -> str:
    """How many lines fell into each bucket, one column each."""
    return ", ".join(f"count(*) FILTER (WHERE {alias}.bucket = {number})" for number in range(1, len(EDGES) + 1))


def in_buckets(keys: str, lines: str) -> str:
    """Lines (keys, measure, bucket, number) as numbers by keys and measure, a column for each bucket."""
    numbers = ", ".join(
        f"COALESCE(sum(line.number) FILTER (WHERE line.bucket = {number}), 0)::bigint" for number in range(1, len(EDGES) + 1)
    )
    return f"SELECT {keys}, line.measure, {numbers} FROM ({lines}) AS line GROUP BY {keys}, line.measure"  # noqa: S608  constants only


IN_TIME_BUCKETS = EDGES.index(RESPONSE_DAYS)  # so many of the first buckets are a response in time
