"""What an answer about hot spots holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Findings:
    """The answer; `marked` of the rows stand out, `notes` say how to read it."""

    method: str
    parameters: dict[str, Any]
    n: int
    marked: int
    rows: list[dict[str, Any]]
    notes: list[str] = field(default_factory=list)
