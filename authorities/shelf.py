"""What changes rarely and every filing asks for, kept in each process for as long as its version stands in the database.

Every statement that changes a category, a rule, a territory, a body, a deadline, a working day, a unit or an edition adds a mark (a trigger,
so no writer can forget it); the sum of the marks is the version. It is read in the transaction that uses what is kept, so a change counts from
the next filing on after its commit, and one that is rolled back has never been.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from decimal import Decimal
from typing import TypeVar, cast

from django.db import connection, transaction

from authorities.models import Category, SettingChange

T = TypeVar("T")

VERSION = "SELECT sum(mark) FROM authorities_settingchange"
MOST = 5_000  # things on a shelf: all units of a country are some more, those of a province's day some hundred


class Shelf:
    """Things of one version by name, each made when it is first asked for. Nobody may change what he takes."""

    def __init__(self, version: Decimal | None = None) -> None:
        self.version = version
        self._things: dict[Hashable, object] = {}

    def get(self, name: Hashable, make: Callable[[], T]) -> T:
        """The thing of a name."""
        try:
            return cast("T", self._things[name])
        except KeyError:
            made = make()
        if len(self._things) >= MOST:
            self._things.clear()
        self._things[name] = made
        return made

    def category(self, code: str) -> Category | None:
        """The category of a code; None where there is none."""
        return self.get("categories", _categories).get(code)


_newest = Shelf()


def shelf() -> Shelf:
    """The shelf of the version that stands in the database now; one query."""
    with connection.cursor() as cursor:
        cursor.execute(VERSION)
        return shelf_of(cursor.fetchone()[0])


def newest() -> Shelf:
    """The shelf that this process saw last, without a query; who uses it holds its version against the database's before he writes."""
    kept = _newest
    return kept if kept.version is not None else shelf()


def shelf_of(version: Decimal | None) -> Shelf:
    """The shelf of a version that was just read; without one, an empty one that nobody else will see."""
    global _newest  # replaced as a whole: threads that meet here make a shelf too much, at worst
    if version is None:
        return Shelf()
    kept = _newest
    if kept.version != version:
        kept = _newest = Shelf(version)
    return kept


def put_together() -> int:
    """Replaces the marks by one, which is another version of the same: how many were there."""
    with transaction.atomic():
        marks = list(SettingChange.objects.select_for_update(skip_locked=True))
        if len(marks) > 1:
            SettingChange.objects.filter(pk__in=[mark.pk for mark in marks]).delete()
            SettingChange.objects.create()
    return len(marks)


def _categories() -> dict[str, Category]:
    return {category.code: category for category in Category.objects.all()}
