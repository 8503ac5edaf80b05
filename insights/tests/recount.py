"""The figures counted once more in plain SQL: read from the parameters of the address, sharing nothing with the code that it checks."""

from __future__ import annotations

from collections import defaultdict

from django.db import connection
from django.utils import timezone

# The reports that the parameters choose, whoever has them; with the codes by which they may be grouped
CHOSEN = """
WITH RECURSIVE below AS (
  SELECT u.id FROM boundaries_unit u WHERE u.active AND u.code = %(unit)s AND u.validity @> %(unit_day)s::date
  UNION SELECT u.id FROM boundaries_unit u JOIN below ON u.parent_id = below.id
), chosen AS MATERIALIZED (
  SELECT r.*, c.publication, c.code AS category_code, b.code AS body_code,
    to_char(r.filed_at AT TIME ZONE 'Asia/Ho_Chi_Minh', 'YYYY-MM') AS month_code,
    CASE %(level)s WHEN own.level THEN own.code WHEN mother.level THEN mother.code WHEN grand.level THEN grand.code ELSE own.code END AS unit_code
  FROM reports_report r
  JOIN authorities_category c ON c.id = r.category_id
  JOIN authorities_body b ON b.id = r.authority_id
  LEFT JOIN LATERAL (
    SELECT u.* FROM boundaries_unit u
    WHERE CASE WHEN %(then)s = '' THEN u.id = r.unit_id
          ELSE u.active AND u.validity @> NULLIF(%(then)s, '')::date
               AND u.id IN (SELECT p.unit_id FROM reports_reportplace p WHERE p.report_id = r.id) END
    LIMIT 1
  ) own ON true
  LEFT JOIN boundaries_unit mother ON mother.id = own.parent_id
  LEFT JOIN boundaries_unit grand ON grand.id = mother.parent_id
  WHERE (%(since)s = '' OR r.filed_at >= NULLIF(%(since)s, '')::timestamptz)
    AND (%(until)s = '' OR r.filed_at < NULLIF(%(until)s, '')::timestamptz)
    AND (%(category)s = '' OR c.code = ANY(string_to_array(%(category)s, ',')))
    AND (%(status)s = '' OR r.status = ANY(string_to_array(%(status)s, ','))
         OR (%(status)s = 'closed' AND r.status IN ('resolved', 'returned', 'duplicate', 'withdrawn'))
         OR (%(status)s = 'open' AND r.status NOT IN ('resolved', 'returned', 'duplicate', 'withdrawn')))
    AND (%(unit)s = '' OR r.id IN (SELECT p.report_id FROM reports_reportplace p WHERE p.unit_id IN (SELECT id FROM below)))
)
"""
BY = "CASE %({0})s WHEN 'unit' THEN unit_code WHEN 'category' THEN category_code WHEN 'month' THEN month_code WHEN 'authority' THEN {1} END"
KEYS = f"{BY.format('group', 'body_code')} AS key, {BY.format('by', 'body_code')} AS by_key"
OF_BODIES = "(%(authority)s = '' OR body_code = ANY(string_to_array(%(authority)s, ',')))"
REPORTS = f"""{CHOSEN}, timed AS MATERIALIZED (
  SELECT chosen.*, {KEYS},
    (SELECT min(e.at) FROM reports_reportevent e WHERE e.report_id = chosen.id AND e.status_after NOT IN ('', 'new', 'triage')) AS answered,
    (SELECT min(e.at) FROM reports_reportevent e WHERE e.report_id = chosen.id AND e.kind = 'draft_reply') AS drafted
  FROM chosen WHERE {OF_BODIES}
), spent AS (
  SELECT timed.*,
    extract(epoch FROM answered - filed_at) / 86400 AS response,
    CASE WHEN drafted >= answered THEN extract(epoch FROM drafted - answered) / 86400 END AS work,
    CASE WHEN status = 'resolved' THEN extract(epoch FROM closed_at - drafted) / 86400 END AS approval,
    CASE WHEN status = 'resolved' THEN extract(epoch FROM closed_at - filed_at) / 86400 END AS whole
  FROM timed
)
SELECT key, by_key, count(*) AS received,
  count(*) FILTER (WHERE status NOT IN ('resolved', 'returned', 'duplicate', 'withdrawn')) AS open,
  count(*) FILTER (WHERE status = 'resolved') AS resolved,
  count(*) FILTER (WHERE status = 'returned') AS returned,
  count(*) FILTER (WHERE status = 'duplicate') AS duplicate,
  count(*) FILTER (WHERE status = 'withdrawn') AS withdrawn,
  count(*) FILTER (WHERE id IN (SELECT report_id FROM reports_split)) AS received_by_split,
  count(*) FILTER (WHERE published_at IS NULL OR publication = 'never') AS not_public,
  count(*) FILTER (WHERE due_at < %(now)s AND status NOT IN ('resolved', 'returned', 'duplicate', 'withdrawn')) AS overdue,
  count(*) FILTER (WHERE id IN (SELECT report_id FROM reports_reportevent WHERE kind IN ('reopen', 'not_fixed'))) AS reopened,
  sum((SELECT count(*) FROM reports_transfer t WHERE t.report_id = spent.id AND t.outcome = 'accepted')) AS transferred,
  count(*) FILTER (WHERE status = 'resolved' AND closed_at <= due_at) AS on_time,
  count(*) FILTER (WHERE status = 'resolved' AND due_at IS NOT NULL) AS dated,
  count(response) AS response_n, count(work) AS work_n, count(approval) AS approval_n, count(whole) AS whole_n,
  percentile_disc(0.5) WITHIN GROUP (ORDER BY response) AS response_median, percentile_disc(0.9) WITHIN GROUP (ORDER BY response) AS response_p90,
  percentile_disc(0.5) WITHIN GROUP (ORDER BY work) AS work_median, percentile_disc(0.9) WITHIN GROUP (ORDER BY work) AS work_p90,
  percentile_disc(0.5) WITHIN GROUP (ORDER BY approval) AS approval_median, percentile_disc(0.9) WITHIN GROUP (ORDER BY approval) AS approval_p90,
  percentile_disc(0.5) WITHIN GROUP (ORDER BY whole) AS whole_median, percentile_disc(0.9) WITHIN GROUP (ORDER BY whole) AS whole_p90,
  count(*) FILTER (WHERE response < 3) AS in_time,
  count(*) FILTER (WHERE NOT (status IN ('new', 'triage') AND filed_at >= %(now)s - interval '3 days')) AS answerable
FROM spent GROUP BY key, by_key
"""
# Ratings and transfers belong to the body that answered, took or gave
_OTHERS = KEYS.replace("body_code", "other.code")
_OF_OTHERS = OF_BODIES.replace("body_code", "other.code")
SCORES = f"""{CHOSEN}
SELECT {_OTHERS}, criterion.code, count(*), avg(score.value)
FROM chosen JOIN reports_reply reply ON reply.report_id = chosen.id JOIN authorities_body other ON other.id = reply.body_id
JOIN reports_rating rating ON rating.reply_id = reply.id JOIN reports_score score ON score.rating_id = rating.id
JOIN authorities_criterion criterion ON criterion.id = score.criterion_id
WHERE {_OF_OTHERS} GROUP BY 1, 2, 3
"""
RATINGS = f"""{CHOSEN}
SELECT key, by_key, count(*), count(*) FILTER (WHERE mean >= 4) FROM (
  SELECT {_OTHERS}, rating.id, (SELECT avg(value) FROM reports_score score WHERE score.rating_id = rating.id) AS mean
  FROM chosen JOIN reports_reply reply ON reply.report_id = chosen.id JOIN authorities_body other ON other.id = reply.body_id
  JOIN reports_rating rating ON rating.reply_id = reply.id WHERE {_OF_OTHERS}
) AS rated WHERE mean IS NOT NULL GROUP BY 1, 2
"""
MOVES = f"""{CHOSEN}
SELECT {_OTHERS}, side.name, count(*)
FROM chosen JOIN reports_transfer t ON t.report_id = chosen.id AND t.outcome = 'accepted'
CROSS JOIN LATERAL (VALUES ('transferred_in', t.to_body_id), ('transferred_out', t.from_body_id)) AS side (name, body)
JOIN authorities_body other ON other.id = side.body
WHERE {_OF_OTHERS} GROUP BY 1, 2, 3
"""
PARAMETERS = ("group", "by", "level", "since", "until", "category", "status", "authority", "unit")


def recount(asked):
    """By key and second key what there is of each kind, nothing where there is none; satisfaction by criterion as (n, mean)."""
    now = timezone.now()
    bound = {name: asked.get(name, "") for name in PARAMETERS} | {"now": now, "then": asked.get("on_units_of", "")}
    bound["group"] = bound["group"] or "unit"
    bound["by"] = "" if bound["by"] == bound["group"] else bound["by"]
    bound["level"] = bound["level"] or "commune"
    bound["unit_day"] = asked.get("on") or asked.get("on_units_of") or timezone.localdate(now)
    found = defaultdict(dict)
    with connection.cursor() as cursor:
        cursor.execute(REPORTS, bound)
        names = [column.name for column in cursor.description[2:]]
        for row in cursor.fetchall():
            found[row[:2]] |= {name: float(number) for name, number in zip(names, row[2:], strict=True) if number is not None}
        cursor.execute(SCORES, bound)
        for key, by_key, criterion, number, mean in cursor.fetchall():
            found[key, by_key].setdefault("scores", {})[criterion] = (number, float(mean))
        cursor.execute(RATINGS, bound)
        for key, by_key, rated, satisfied in cursor.fetchall():
            found[key, by_key] |= {"rated": rated, "satisfied": satisfied}
        cursor.execute(MOVES, bound)
        for key, by_key, name, number in cursor.fetchall():
            if "authority" in (bound["group"], bound["by"]):
                found[key, by_key][name] = number
            elif (key, by_key) not in found:
                found[key, by_key] = {}
    return dict(found)
