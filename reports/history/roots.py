"""Publishing a root over all chains: only the nodes above what has changed are computed anew."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from audit import chain as audit
from reports.history.chain import NOTHING
from reports.history.models import HistoryNode, HistoryRoot
from reports.history.tree import WIDTH, fold, leaf, leaf_line

logger = logging.getLogger(__name__)

AT_ONCE = 200  # nodes in memory

CHANGED = """
WITH taken AS (DELETE FROM reports_historychange RETURNING bucket) SELECT DISTINCT bucket FROM taken ORDER BY bucket
"""
# The last link of each chain, and what the link is now that the newest root holds. Key by key, whatever the planner thinks of arrays:
# OFFSET 0 leaves it no way but the indexes
HEADS = """
SELECT known.report_id, report.code, head.number, head.hash, held.hash
FROM unnest(%(keys)s::bigint[], %(numbers)s::int[]) AS known (report_id, number)
CROSS JOIN LATERAL (SELECT found.code FROM reports_report AS found WHERE found.id = known.report_id OFFSET 0) AS report
CROSS JOIN LATERAL (
  SELECT event.number, event.hash FROM reports_reportevent AS event WHERE event.report_id = known.report_id ORDER BY event.number DESC LIMIT 1
) AS head
LEFT JOIN LATERAL (
  SELECT event.hash FROM reports_reportevent AS event WHERE event.report_id = known.report_id AND event.number = known.number OFFSET 0
) AS held ON true
"""
KEEP = """
INSERT INTO reports_historynode (level, place, children, numbers, filled, hash)
VALUES (%(level)s, %(place)s, %(children)s::bytea[], %(numbers)s::int[], %(filled)s, %(hash)s)
ON CONFLICT (level, place) DO UPDATE
SET children = excluded.children, numbers = excluded.numbers, filled = excluded.filled, hash = excluded.hash
WHERE reports_historynode.hash <> excluded.hash
"""


@dataclass
class Node:
    """A node of the tree in memory."""

    level: int
    place: int
    children: list[bytes | None]
    counts: list[int]  # level 0: numbers of the last events; above: how many reports stand below each child

    @property
    def filled(self) -> int:
        """How many reports stand below."""
        return sum(child is not None for child in self.children) if self.level == 0 else sum(self.counts)


@transaction.atomic
def publish_root(*, at: datetime | None = None) -> HistoryRoot | None:
    """Publishes a root over all chains; None where nothing has changed since the newest one. A second call at the same time waits for the first."""
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE reports_historyroot IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute(CHANGED)
        places = [bucket for (bucket,) in cursor.fetchall()]
    for some in _in_parts(places):
        _renew_buckets(some)
    _renew_above(places)
    top = top_node()
    administration = audit.renew_heads()
    last = HistoryRoot.objects.order_by("number").last()
    if top is None or (last is not None and (bytes(last.tree), bytes(last.administration)) == (bytes(top.hash), administration)):
        return None
    root = HistoryRoot(
        number=last.number + 1 if last else 1,
        at=at or timezone.now(),
        tree=bytes(top.hash),
        reports=top.filled,
        administration=administration,
        previous=bytes(last.hash) if last else NOTHING,
    )
    root.hash = root.computed_hash()
    root.save(force_insert=True)
    return root


def top_node() -> HistoryNode | None:
    """The node over all; None while there is none."""
    return HistoryNode.objects.order_by("level").last()


def _in_parts(places: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(places), AT_ONCE):
        yield places[start : start + AT_ONCE]


def _renew_buckets(places: list[int]) -> None:
    """The leaves of some buckets anew. What a root holds is only ever gone on from: a chain that was cut or rewritten keeps its leaf, so that
    the break goes on showing.
    """
    nodes = {place: Node(0, place, [None] * WIDTH, [0] * WIDTH) for place in places}
    for known in HistoryNode.objects.filter(level=0, place__in=places):
        nodes[known.place] = Node(0, known.place, _bytes(known.children), [number or 0 for number in known.numbers or ()])
    with connection.cursor() as cursor:
        keys = [place * WIDTH + at for place in places for at in range(WIDTH)]
        numbers = [number for place in places for number in nodes[place].counts]
        cursor.execute(HEADS, {"keys": keys, "numbers": numbers})
        for pk, code, number, head, held in cursor.fetchall():
            node, at = nodes[pk // WIDTH], pk % WIDTH
            published = node.children[at]
            if published is not None and (held is None or leaf(leaf_line(code, node.counts[at], bytes(held))) != published):
                logger.error("The history of report %s is not the one that was published: run verify_history", code)
                continue
            node.children[at], node.counts[at] = leaf(leaf_line(code, number, bytes(head))), number
    _keep(nodes.values())


def _renew_above(places: list[int]) -> None:
    """The nodes above some buckets anew; the first of each level always, for it is the only one of a level that is just beginning."""
    level = 0
    while HistoryNode.objects.filter(level=level, place__gt=0).exists():
        level += 1
        places = sorted({0} | {place // WIDTH for place in places})
        for some in _in_parts(places):
            _keep(_node_above(level, place) for place in some)


def _node_above(level: int, place: int) -> Node:
    node = Node(level, place, [None] * WIDTH, [0] * WIDTH)
    below = HistoryNode.objects.filter(level=level - 1, place__gte=place * WIDTH, place__lt=(place + 1) * WIDTH)
    for child, found, filled in below.values_list("place", "hash", "filled"):
        node.children[child % WIDTH], node.counts[child % WIDTH] = bytes(found), filled
    return node


def _keep(nodes: Iterable[Node]) -> None:
    rows: list[dict[str, Any]] = [
        {
            "level": node.level,
            "place": node.place,
            "children": node.children,
            "numbers": [count or None for count in node.counts] if node.level == 0 else None,
            "filled": node.filled,
            "hash": fold(node.children, node.level),
        }
        for node in nodes
    ]
    with connection.cursor() as cursor:
        cursor.executemany(KEEP, rows)


def _bytes(children: Iterable[Any]) -> list[bytes | None]:
    return [None if child is None else bytes(child) for child in children]
