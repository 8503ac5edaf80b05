"""A demonstration sends no mail: the jobs of a made-up past are taken and forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from procrastinate.connector import BaseConnector
from procrastinate.contrib.django import app


class Forgetful(BaseConnector):
    """A queue that takes every job and keeps none."""

    def get_sync_connector(self) -> BaseConnector:
        """Itself: what it does takes no time."""
        return self

    def execute_query_all(self, query: str, **arguments: Any) -> list[dict[str, Any]]:
        """Numbers for the jobs that are deferred; the one query that a service makes."""
        return [{"id": number} for number, _job in enumerate(arguments["jobs"], start=1)]


@contextmanager
def without_jobs() -> Iterator[None]:
    """Services defer their jobs inside as always, and nothing comes of it."""
    with app.replace_connector(Forgetful()):
        yield
