"""Statements that PostgreSQL plans once a connection: for the few that are asked at every request and are long to plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.postgresql.base import ServerBindingCursor
from psycopg.types.numeric import Int4


class _Prepared(ServerBindingCursor):
    """Binds parameters on the server, and prepares what it executes, unless settings.PREPARED_STATEMENTS forbids it to the connection."""

    how: ClassVar[dict[str, bool]] = {"prepare": True}

    def execute(self, query: Any, params: Any = None) -> Any:
        """Executes the statement; the types of its parameters belong to it."""
        return super().execute(query, params, **self.how)  # type: ignore[misc]  # Django's types know psycopg 2 alone


class _Binary(_Prepared):
    """The same, with an answer in PostgreSQL's own format: whole numbers and bytes need no reading."""

    how: ClassVar[dict[str, bool]] = {"prepare": True, "binary": True}


class _PlannedAnew(_Prepared):
    how: ClassVar[dict[str, bool]] = {"prepare": False, "binary": True}


def one_row(sql: str, parameters: Mapping[str, Any]) -> tuple[Any, ...]:
    """The one row of a statement whose text is one of a few constants."""
    with _cursor(_Prepared) as cursor:
        cursor.execute(sql, parameters)
        row: tuple[Any, ...] = cursor.fetchone()
        return row


def all_rows(sql: str, parameters: Mapping[str, Any], *, prepare: bool = True) -> list[tuple[Any, ...]]:
    """The rows of a statement with columns of whole numbers, texts and bytes; without `prepare` it is planned for these very values.

    Whole numbers among the parameters are `integer`, however small: their type belongs to the statement.
    """
    with _cursor(_Binary if prepare else _PlannedAnew) as cursor:
        cursor.execute(sql, {name: _typed(value) for name, value in parameters.items()})
        return list(cursor.fetchall())


def _typed(value: Any) -> Any:
    if type(value) is int:
        return Int4(value)
    return list(map(Int4, value)) if type(value) is list and value and type(value[0]) is int else value


@contextmanager
def _cursor(kind: type[_Prepared]) -> Iterator[Any]:
    """As connection.cursor() does, with another kind of cursor."""
    database: Any = connections[DEFAULT_DB_ALIAS]  # once: each word to `connection` looks it up anew
    database.close_if_health_check_failed()
    database.ensure_connection()
    with database.wrap_database_errors:
        raw: Any = kind(database.connection)  # type: ignore[call-arg]
    with database._prepare_cursor(raw) as cursor:
        yield cursor
