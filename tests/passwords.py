"""Passwords are hashed quickly: half a second of the processor for each sign-in would prove nothing about what is tested."""

from collections.abc import Iterator

import pytest
from django.test import override_settings


@pytest.fixture(autouse=True, scope="session")
def quick_passwords() -> Iterator[None]:
    """In place of the slow hash of production."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield
