"""What everybody may see of a report's chain, checked on the way: public events in full, of the others only that they stand there."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection
from django.db.models import Q

from reports.history.chain import Link, first_break
from reports.history.models import HistoryNode, HistoryRoot
from reports.history.tree import WIDTH, climb, leaf, leaf_line, path
from reports.models import Report, ReportEvent

LEVELS = 6  # more than all keys of reports need
NEWEST = 3

LINKS = """
SELECT event.number, event.hash, history_content(%(code)s, event), event.public, history_open_text(
         %(code)s, event.number, event.at, event.kind, event.status_before, event.status_after, event.body_id, event.public
       ), history_closed_digest(event.salt, event.actor_id, event.data)
FROM reports_reportevent AS event WHERE event.report_id = %(report)s ORDER BY event.number
"""


@dataclass(frozen=True)
class Proof:
    """That a root holds a chain up to an event: the leaf, its place in the tree, and the hashes beside its way up."""

    root: HistoryRoot
    number: int
    line: str
    place: int
    beside: list[bytes]
    fits: bool  # the leaf is the one that the tree holds, and climbs to the root


@dataclass(frozen=True)
class History:
    """A report's chain as everybody may see it; from which event on it cannot be followed, if so; and what the newest root holds of it."""

    report: Report
    links: list[Link]
    broken_at: int | None
    proof: Proof | None

    @property
    def is_whole(self) -> bool:
        """Whether nothing speaks against it."""
        return self.broken_at is None and (self.proof is None or self.proof.fits)

    @property
    def later(self) -> int:
        """How many events came after the newest root."""
        return len(self.links) - (self.proof.number if self.proof else 0)


def history_of(report: Report) -> History:
    """The chain of a report, checked, with its proof."""
    with connection.cursor() as cursor:
        cursor.execute(LINKS, {"code": report.code, "report": report.pk})
        links = [
            Link(number, bytes(found), bytes(content), line if public else "", bytes(closed) if public else b"")
            for number, found, content, public, line, closed in cursor.fetchall()
        ]
    return History(report, links, first_break(links), _proof(report, links))


def public_events(report: Report) -> dict[int, ReportEvent]:
    """The public events of a report by their number."""
    return {event.number: event for event in report.events.filter(public=True).select_related("body")}


def _proof(report: Report, links: list[Link]) -> Proof | None:
    """What the newest root holds of a chain; None while it holds nothing of it."""
    places = [report.pk // WIDTH ** (level + 1) for level in range(LEVELS)]
    way = Q()
    for level, place in enumerate(places):
        way |= Q(level=level, place=place)
    nodes = list(HistoryNode.objects.filter(way).order_by("level"))  # one statement: all as of one root
    if not nodes or nodes[0].level != 0:
        return None
    number = (nodes[0].numbers or [])[report.pk % WIDTH]
    root = next((root for root in HistoryRoot.objects.all()[:NEWEST] if bytes(root.tree) == bytes(nodes[-1].hash)), None)
    if number is None or root is None:
        return None
    beside: list[bytes] = []
    for node, below in zip(nodes, [report.pk, *places], strict=False):
        children = [None if child is None else bytes(child) for child in node.children]
        beside += path(children, below % WIDTH, node.level)
    head = next((link.hash for link in links if link.number == number), b"")
    line = leaf_line(report.code, number, head)
    place = report.pk % WIDTH ** len(nodes)
    return Proof(root, number, line, place, beside, climb(leaf(line), place, beside) == bytes(root.tree))
