"""Statements that PostgreSQL plans once a connection: for the few that are asked at every request and are long to plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import connection
from django.db.backends.postgresql.base import ServerBindingCursor


class _Prepared(ServerBindingCursor):
    """Binds parameters on the server, and prepares what it executes, unless settings.PREPARED_STATEMENTS forbids it to the connection."""

    def execute(self, query: Any, params: Any = None) -> Any:
        """Executes the statement; the types of its parameters belong to it."""
        return super().execute(query, params, prepare=True)  # type: ignore[misc]  # Django's types know psycopg 2 alone


def one_row(sql: str, parameters: Mapping[str, Any]) -> tuple[Any, ...]:
    """The one row of a statement whose text is one of a few constants."""
    connection.ensure_connection()
    with connection.wrap_database_errors:
        raw: Any = _Prepared(connection.connection)  # type: ignore[call-arg]
    with connection._prepare_cursor(raw) as cursor:  # type: ignore[attr-defined]
        cursor.execute(sql, parameters)
        row: tuple[Any, ...] = cursor.fetchone()
        return row
