"""Empties the database after a test that really commits: only the tables in which something stands, a hundredth of what Django's flush costs.

Content types and permissions stay: migrations made them, and no test changes them. Sequences go on counting, as after Django's flush.
"""

from __future__ import annotations

from collections.abc import Iterator
from unittest import mock

import pytest
from django.db import connections, transaction
from django.test import TransactionTestCase

KEPT = {"django_content_type", "auth_permission", "django_migrations"}


@pytest.fixture(autouse=True, scope="session")
def emptying() -> Iterator[None]:
    """In place of Django's flush, for pytest-django's transactional tests too."""
    with mock.patch.object(TransactionTestCase, "_fixture_teardown", _empty_all):
        yield


def _empty_all(case: TransactionTestCase) -> None:
    for alias in case._databases_names(include_mirrors=False):  # type: ignore[attr-defined]
        empty(alias)


def empty(alias: str = "default") -> None:
    """Deletes every row that a test committed. Foreign keys are checked at the end, so in any order; append-only tables would refuse: their triggers sleep."""
    connection = connections[alias]
    names = set(connection.introspection.django_table_names(only_existing=True, include_views=False)) - KEPT
    tables = [connection.ops.quote_name(name) for name in sorted(names)]
    with transaction.atomic(using=alias), connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(f"SELECT '{table}' WHERE EXISTS (SELECT FROM {table})" for table in tables))
        for (table,) in cursor.fetchall():
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            cursor.execute(f"DELETE FROM {table}")
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SELECT tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'D' GROUP BY 1")
        for (table,) in cursor.fetchall():
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
