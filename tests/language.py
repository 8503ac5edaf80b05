"""Each test begins in the site's language: a request leaves its own one active in the thread, as a server's next request replaces it."""

import pytest
from django.utils import translation


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Forgets what the test before has left."""
    translation.deactivate()
