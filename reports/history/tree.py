"""A tree of hashes over all chains (a Merkle tree), kept in nodes of 256 children, so that an hour's changes touch few of them.

Leaves stand in the order of filing, at the place of the report's key; places without a report are empty. Within a node its 256 children are
folded in pairs, eight times; so the whole is one perfect binary tree, and a proof is eight hashes a level.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import cache

WIDTH = 256
EMPTY_LEAF = hashlib.sha256(b"\x00").digest()


def leaf_line(code: str, number: int, head: bytes) -> str:
    """What a leaf says: up to which event the chain of a report goes, and that event's hash."""
    return json.dumps([code, number, head.hex()], ensure_ascii=False)


def leaf(line: str) -> bytes:
    """The hash of a leaf; of another kind than that of a pair, so that none can be passed off as the other."""
    return hashlib.sha256(b"\x00" + line.encode()).digest()


def pair(left: bytes, right: bytes) -> bytes:
    """The hash of two that stand side by side."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@cache
def empty(level: int) -> bytes:
    """The hash of a child under which nothing stands: a leaf on level 0, a whole node of the level below above it."""
    if level == 0:
        return EMPTY_LEAF
    found = empty(level - 1)
    for _doubling in range(8):
        found = pair(found, found)
    return found


def fold(children: Sequence[bytes | None], level: int) -> bytes:
    """The hash of a node by its 256 children."""
    return _rows(children, level)[-1][0]


def path(children: Sequence[bytes | None], place: int, level: int) -> list[bytes]:
    """The eight hashes beside the way from a child up to its node, from below."""
    rows = _rows(children, level)
    return [row[(place >> height) ^ 1] for height, row in enumerate(rows[:-1])]


def climb(found: bytes, place: int, beside: Sequence[bytes]) -> bytes:
    """The top that follows from a leaf at a place and the hashes beside its way: equal to the published one if the leaf is in the tree."""
    for other in beside:
        found = pair(other, found) if place & 1 else pair(found, other)
        place >>= 1
    return found


def _rows(children: Sequence[bytes | None], level: int) -> list[list[bytes]]:
    blank = empty(level)
    row = [child if child is not None else blank for child in children]
    rows = [row]
    while len(row) > 1:
        row = [pair(left, right) for left, right in zip(row[::2], row[1::2], strict=True)]
        rows.append(row)
    return rows
