"""A report's chain, computed anew from what is shown of it: the same hashes as the database's, for those who do not want to believe it.

Each event's hash is SHA-256(hash of the event before ‖ content), the first one's before it are 32 zero bytes. The content is
SHA-256(open text ‖ closed digest): the open text is a line of JSON; the closed digest hides, behind a random salt, who acted and the data.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

NOTHING = bytes(32)


def open_text(
    code: str, number: int, at: datetime, kind: str, status_before: str, status_after: str, body_id: int | None, public: bool
) -> str:
    """The line of JSON that everybody may read, exactly as PostgreSQL writes it; the time in UTC with microseconds."""
    time = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return json.dumps([code, number, time, kind, status_before, status_after, body_id, public], ensure_ascii=False)


def content(line: str, closed_digest: bytes) -> bytes:
    """The digest of an event's content."""
    return hashlib.sha256(line.encode() + closed_digest).digest()


def link(previous: bytes, content: bytes) -> bytes:
    """The hash of an event."""
    return hashlib.sha256(previous + content).digest()


@dataclass(frozen=True)
class Link:
    """One event of a chain as it is shown: of events that are not public only the content's digest."""

    number: int
    hash: bytes
    content: bytes
    line: str = ""
    closed_digest: bytes = b""

    @property
    def is_public(self) -> bool:
        """Whether its line may be read."""
        return bool(self.line)


def first_break(links: Sequence[Link]) -> int | None:
    """The number of the first event from which on a chain cannot be followed; None for a whole one."""
    previous = NOTHING
    for number, found in enumerate(links, start=1):
        shown = content(found.line, found.closed_digest) if found.is_public else found.content
        if found.number != number or shown != found.content or link(previous, shown) != found.hash:
            return number
        previous = found.hash
    return None
