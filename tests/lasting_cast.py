"""The cast for a whole module: made once, where each test of the module reads it and rolls back only what it does itself.

    from tests.lasting_cast import *  # noqa: F403

The database's clock, now(), stands still for as long: not for tests of time. Nor where a test asks for a fixture by request.getfixturevalue():
it would be made within that test, and rolled back with it.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import transaction
from pytest_django import DjangoDbBlocker

from tests.cast import CAST


@pytest.fixture(scope="module")
def db(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """A transaction around the tests of a module; those of the tests are savepoints in it."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)


LASTING = {name: pytest.fixture(scope="module")(maker) for name, maker in CAST.items()}
globals().update(LASTING)
__all__ = ["db", *LASTING]
