"""Queries that are asked all day in the same words, compiled once a process: Django takes two to fifteen milliseconds to find the same SQL again."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Expression, Field, QuerySet

MOST = 2000  # kept at once: some ten for each person at the desk
COUNT = "SELECT count(*) FROM (%s) AS counted"
_kept: dict[Hashable, Compiled] = {}


class Given(Expression):
    """A value of a compiled query that is told when it is asked."""

    def __init__(self, name: str, output_field: Field[Any, Any]) -> None:
        super().__init__(output_field=output_field)
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        """A place for the value, which stands there itself until it is told."""
        return "%s", (self,)


@dataclass(frozen=True)
class Compiled:
    """The SQL of a query with its values, some of them still `Given`."""

    sql: str
    values: tuple[Any, ...]

    @classmethod
    def of(cls, query: QuerySet[Any, Any], around: str = "%s") -> Compiled:
        """That of a query of columns that need no conversion (numbers, texts, times), or of what is asked `around` it; "" where nothing can be found."""
        try:
            sql, values = query.query.get_compiler(DEFAULT_DB_ALIAS).as_sql()
        except EmptyResultSet:
            return cls("", ())
        return cls(around.replace("%s", sql, 1), tuple(values))

    def rows(self, **told: Any) -> list[tuple[Any, ...]]:
        """Asks it, with every value that it wants to be told."""
        if not self.sql:
            return []
        with connection.cursor() as cursor:
            cursor.execute(self.sql, [told[value.name] if isinstance(value, Given) else value for value in self.values])
            rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def compiled(key: Hashable, query: Callable[[], QuerySet[Any, Any]], around: str = "%s") -> Compiled:
    """The compiled query of a key, which has to name everything that the query depends on besides what it is told."""
    found = _kept.get(key)
    return found if found is not None else _keep(key, Compiled.of(query(), around))


def numbers_of(key: Hashable, queries: Callable[[], Sequence[QuerySet[Any, Any]]]) -> Compiled:
    """The compiled query of one row: how many rows each of some queries has."""
    found = _kept.get(key)
    return found if found is not None else _keep(key, _numbers([Compiled.of(query, COUNT) for query in queries()]))


def _numbers(counted: Sequence[Compiled]) -> Compiled:
    values = tuple(value for number in counted for value in number.values)
    return Compiled("SELECT " + ", ".join(f"({number.sql or 'SELECT 0'})" for number in counted), values)


def _keep(key: Hashable, query: Compiled) -> Compiled:
    if len(_kept) >= MOST:
        _kept.clear()  # seldom, and soon filled again
    _kept[key] = query
    return query


def one_of(name: str, output_field: Field[Any, Any], many: int) -> list[Any]:
    """Places for up to so many values of one list, for `__in`."""
    return [Given(f"{name}{number}", output_field) for number in range(many)]


def told(name: str, values: Sequence[Any], many: int) -> dict[str, Any]:
    """The values for these places; the places that are left over hold nothing."""
    if len(values) > many:
        raise ValueError(f"{len(values)} values for {many} places")
    return {f"{name}{number}": values[number] if number < len(values) else None for number in range(many)}
