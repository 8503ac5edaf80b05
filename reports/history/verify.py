"""Looking for breaks: in every chain, in the tree over them, in the published roots. In sets, in parts, with memory that stays flat."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from audit import chain as audit
from reports.codes import grouped
from reports.history.chain import NOTHING
from reports.history.models import HistoryNode, HistoryRoot
from reports.history.roots import top_node
from reports.history.tree import WIDTH, fold

REPORTS_AT_ONCE = 50 * WIDTH

# Of each event: the number and hash before it in its chain, and whether its own hash follows from that and from its content
LINKS = """
SELECT found.report_id, report.code, found.number, found.number_before, found.id
FROM (
  SELECT event.id, event.report_id, event.number, lag(event.number) OVER chain AS number_before, lag(event.hash) OVER chain AS hash_before
  FROM reports_reportevent AS event WHERE event.report_id >= %(first)s AND event.report_id < %(after)s
  WINDOW chain AS (PARTITION BY event.report_id ORDER BY event.number)
) AS found
JOIN reports_reportevent AS event ON event.id = found.id
LEFT JOIN reports_report AS report ON report.id = found.report_id
WHERE report.id IS NULL OR found.number <> coalesce(found.number_before, 0) + 1
   OR event.hash <> history_link(found.hash_before, history_content(report.code, event))
ORDER BY found.report_id, found.number
"""
# As which number, after which hash, an event that does not fit was written
ELSEWHERE = """
SELECT place.number FROM reports_reportevent AS event
JOIN reports_report AS report ON report.id = event.report_id
CROSS JOIN LATERAL (SELECT other.number FROM reports_reportevent AS other WHERE other.report_id = event.report_id) AS place
CROSS JOIN LATERAL (
  SELECT other.hash FROM reports_reportevent AS other WHERE other.report_id = event.report_id UNION ALL SELECT NULL
) AS before
WHERE event.id = %(event)s AND place.number <> event.number AND event.hash = history_link(
  before.hash, sha256(
    convert_to(
      history_open_text(
        report.code, place.number, event.at, event.kind, event.status_before, event.status_after, event.body_id, event.public
      ), 'UTF8'
    ) || history_closed_digest(event.salt, event.actor_id, event.data)
  )
)
LIMIT 1
"""
COUNTED = """
SELECT count(DISTINCT report_id), count(*) FROM reports_reportevent WHERE report_id >= %(first)s AND report_id < %(after)s
"""
# What the newest root holds of each report, where the chain is not (or no longer) what it says
LEAVES = """
SELECT held.report_id, report.code, held.number, event.id IS NULL AS cut,
       (SELECT max(last.number) FROM reports_reportevent AS last WHERE last.report_id = held.report_id) AS last
FROM (
  SELECT node.place * 256 + leaf.place - 1 AS report_id, leaf.hash, leaf.number
  FROM reports_historynode AS node
  CROSS JOIN LATERAL unnest(node.children, node.numbers) WITH ORDINALITY AS leaf (hash, number, place)
  WHERE node.level = 0 AND node.place >= %(first)s / 256 AND node.place < %(after)s / 256 AND leaf.hash IS NOT NULL
) AS held
LEFT JOIN reports_report AS report ON report.id = held.report_id
LEFT JOIN reports_reportevent AS event ON event.report_id = held.report_id AND event.number = held.number
WHERE event.id IS NULL OR report.id IS NULL OR held.hash <> history_leaf(report.code, held.number, event.hash)
ORDER BY held.report_id
"""
SPAN = """
SELECT greatest(
  coalesce((SELECT max(report_id) FROM reports_reportevent), 0),
  coalesce((SELECT max(place) * 256 + 255 FROM reports_historynode WHERE level = 0), 0)
) + 1
"""


@dataclass
class Found:
    """What a verification found: how much was looked at, and a sentence for each break."""

    reports: int = 0
    events: int = 0
    roots: int = 0
    breaks: list[str] = field(default_factory=list)


def verify(reports: Iterable[int] | None = None, *, said: Callable[[int, int], None] | None = None) -> Found:
    """Verifies the chains of some reports (keys), or all chains with the tree; the published roots always.

    `said` is told how far it has come: keys looked at, of how many.
    """
    found = Found()
    if reports is None:
        end = _one(SPAN)
        for first in range(0, end, REPORTS_AT_ONCE):
            _verify_chains(first, first + REPORTS_AT_ONCE, found)
            if said:
                said(min(first + REPORTS_AT_ONCE, end), end)
    else:
        for pk in reports:
            _verify_chains(pk, pk + 1, found)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE reports_historyroot IN SHARE MODE")  # none is published between the look at the tree and at the roots
        if reports is None:
            _verify_tree(found)
            found.breaks += audit.breaks()
        _verify_roots(found)
    return found


def _verify_chains(first: int, after: int, found: Found) -> None:
    asked = {"first": first, "after": after}
    (counted,) = _rows(COUNTED, asked)
    found.reports += counted[0]
    found.events += counted[1]
    broken = set()
    for pk, code, number, number_before, event in _rows(LINKS, asked):
        broken.add(pk)
        found.breaks.append(_of_link(pk, code, number, number_before or 0, event))
    root = HistoryRoot.objects.first()
    leaves = asked if after - first > 1 else {"first": first // WIDTH * WIDTH, "after": (first // WIDTH + 1) * WIDTH}
    for pk, code, number, cut, last in _rows(LEAVES, leaves):
        if first <= pk < after:
            found.breaks.append(_of_leaf(pk, code, number, last, cut=cut, root=root.number if root else 0))


def _of_link(pk: int, code: str | None, number: int, number_before: int, event: int) -> str:
    if code is None:
        return _("№ %(key)d: the report is gone, its history is not.") % {"key": pk}
    named = {"code": grouped(code), "number": number, "missing": number_before + 1}
    if number != number_before + 1:
        return _("%(code)s: event %(missing)d is missing before event %(number)d.") % named
    was = _rows(ELSEWHERE, {"event": event})
    if was:
        return _("%(code)s: event %(number)d was written as event %(was)d; the order was changed.") % {**named, "was": was[0][0]}
    return _("%(code)s: event %(number)d is not what was written; it was changed, or put in place of another.") % named


def _of_leaf(pk: int, code: str | None, number: int, last: int | None, *, cut: bool, root: int) -> str:
    named = {"code": grouped(code) if code else f"№ {pk}", "number": number, "last": last or 0, "root": root}
    if code is None or last is None:
        return _("%(code)s: root %(root)d holds a history of %(number)d events, of which nothing is left.") % named
    if cut:
        return _("%(code)s: the end was cut off; the history ends with event %(last)d, root %(root)d holds event %(number)d.") % named
    return _("%(code)s: event %(number)d is not the one that root %(root)d holds; the history was written anew.") % named


def _verify_tree(found: Found) -> None:
    """Each node follows from its children, each child is the node below."""
    hashes: dict[int, bytes] = {}
    level = 0
    while True:
        below, hashes = hashes, {}
        for node in HistoryNode.objects.filter(level=level).order_by("place").iterator(chunk_size=100):
            children = [None if child is None else bytes(child) for child in node.children]
            hashes[node.place] = bytes(node.hash)
            fits = fold(children, level) == hashes[node.place]
            if level:
                fits = fits and all(below.pop(node.place * WIDTH + place, None) == child for place, child in enumerate(children))
            if not fits:
                found.breaks.append(_tree_sentence(level, node.place))
        found.breaks += [_tree_sentence(level, place // WIDTH) for place in sorted({place // WIDTH for place in below})]
        if not hashes or (len(hashes) == 1 and 0 in hashes):
            break
        level += 1


def _tree_sentence(level: int, place: int) -> str:
    return _("The tree over all histories does not follow from what is below it (level %(level)d, place %(place)d).") % {
        "level": level,
        "place": place,
    }


def _verify_roots(found: Found) -> None:
    """Each root follows from the one before; the newest is the tree's."""
    previous, number = NOTHING, 0
    root = None
    for root in HistoryRoot.objects.order_by("number").iterator():
        if root.number != number + 1:
            found.breaks.append(_("Root %(missing)d is missing before root %(number)d.") % {"missing": number + 1, "number": root.number})
        elif bytes(root.previous) != previous or bytes(root.hash) != root.computed_hash():
            found.breaks.append(_("Root %(number)d is not the one that was published.") % {"number": root.number})
        previous, number = bytes(root.hash), root.number
        found.roots += 1
    top = top_node()
    if (root is None and top is not None) or (root is not None and (top is None or bytes(root.tree) != bytes(top.hash))):
        found.breaks.append(_("The newest root is not that of the tree over all histories."))
    if root is not None and bytes(root.administration) != audit.digest():
        found.breaks.append(_("The newest root is not that of the changes by administrators."))


def _rows(sql: str, asked: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, asked)
        return list(cursor.fetchall())


def _one(sql: str) -> int:
    return int(_rows(sql, {})[0][0])


def against(lines: Iterable[str]) -> Iterator[str]:
    """Sentences for the roots of a downloaded list (CSV: number, time, …, hash last) that are no longer the published ones."""
    ours = {str(root.number): root.hex for root in HistoryRoot.objects.iterator()}
    for line in lines:
        fields = line.strip().split(",")
        if fields[0].isdigit() and ours.get(fields[0]) != fields[-1]:
            yield _("Root %(number)s is not the one of the list.") % {"number": fields[0]}
