"""A web process is warm before it is forked, and starts also where it cannot be."""

import logging

import pytest
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections

from geoportal.warm import ADDRESSES, LANGUAGES, warm_up


@pytest.fixture
def kept_connection():
    """As the test client does it: the connection of the test is not closed between requests."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.django_db
@pytest.mark.usefixtures("kept_connection")
def test_everything_that_is_asked_ahead_answers_in_both_languages(settings, body_a, pothole):
    settings.ALLOWED_HOSTS = ["testserver"]
    settings.SITE_URL = "https://testserver"
    assert warm_up(get_wsgi_application()) == len(ADDRESSES) * len(LANGUAGES)


def test_a_site_that_does_not_answer_starts_cold_and_says_so(caplog):
    asked = []

    def broken(environ, start_response):
        asked.append(environ["PATH_INFO"])
        start_response("500 Internal Server Error", [])
        return []

    with caplog.at_level(logging.WARNING):
        assert warm_up(broken) == 0
    assert asked == ["/"]  # one that does not answer may take long each time
    assert "/ answered 500" in caplog.text
