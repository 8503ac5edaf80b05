"""In whose name rows are changed: said once in a transaction, and the triggers write it down."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction


@contextmanager
def acting(*, actor_id: int | None, cause: str) -> Iterator[None]:
    """A transaction in which changes are somebody's, by way of something (a page, a command).

    The words belong to the transaction, not to the connection: a pooled connection carries them to nobody else.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('audit.actor', true), current_setting('audit.cause', true)")
        former = cursor.fetchone()
        _say(str(actor_id or ""), cause[:100])
        yield
        _say(*(word or "" for word in former))


def _say(actor: str, cause: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('audit.actor', %s, true), set_config('audit.cause', %s, true)", [actor, cause])
