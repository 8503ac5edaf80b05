"""What the first visitors would wait for is done before they come: addresses resolved, templates read, translations loaded."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit
from wsgiref.util import setup_testing_defaults

from django.conf import settings

BOX = "{},{},{},{}".format(*settings.MAP_EXTENT)
ADDRESSES = ("/", "/?fragment=list&bbox=" + BOX, "/api/v1/map/clusters/?zoom=8&by=status&bbox=" + BOX, "/reports/new/")
LANGUAGES = ("vi", "en")

logger = logging.getLogger(__name__)


def warm_up(application: Callable[..., Iterable[bytes]]) -> int:
    """Asks the WSGI application for what is asked most, in both languages; how many answered. After one that did not, no more: the site starts without."""
    answered = 0
    for language in LANGUAGES:
        for address in ADDRESSES:
            status = _asked(application, address, language)
            if status != "200 OK":
                logger.warning("Not warmed up: %s answered %s", address.partition("?")[0], status)
                return answered
            answered += 1
    return answered


def _asked(application: Callable[..., Iterable[bytes]], address: str, language: str) -> str:
    path, _, query = address.partition("?")
    environ: dict[str, Any] = {
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "HTTP_HOST": urlsplit(settings.SITE_URL).netloc,
        "HTTP_ACCEPT_ENCODING": "gzip",
        "HTTP_ACCEPT_LANGUAGE": language,  # the API goes by this, pages by the cookie
        "HTTP_COOKIE": f"{settings.LANGUAGE_COOKIE_NAME}={language}",
        "HTTP_X_FORWARDED_PROTO": "https",
        "wsgi.url_scheme": "https",
    }
    setup_testing_defaults(environ)
    told: list[str] = []
    answer = application(environ, lambda status, _headers, _error=None: told.append(status))
    for _part in answer:
        pass
    if close := getattr(answer, "close", None):
        close()
    return told[0]
