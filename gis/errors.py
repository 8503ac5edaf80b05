"""Errors about a place, with sentences for the person who gave it."""

from typing import Any


class PlaceError(Exception):
    """What is wrong with a coordinate, a box or a date; `extra` is machine-readable, `status` the HTTP status that fits."""

    def __init__(self, message: str, *, status: int = 400, **extra: Any) -> None:
        super().__init__(message)
        self.status = status
        self.extra = extra
