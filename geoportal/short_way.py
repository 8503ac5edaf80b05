"""Calls that answer the same whoever asks go a short way: past sessions, sign-in, form tokens and messages (docs/adr/0027)."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import SimpleTemplateResponse
from django.urls import Resolver404, ResolverMatch, get_urlconf, resolve

from gis.open_calls import is_open

READING = frozenset({"GET", "HEAD"})


class ShortWay:
    """Answers what reads from an open view; every other request goes on through settings.MIDDLEWARE.

    It stands behind whatever each answer needs (host, headers of security, policy, language) and before whatever knows people.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._whole_way = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        match = _open_match(request.path_info, get_urlconf()) if request.method in READING else None
        if match is None:
            return self._whole_way(request)
        request.resolver_match = match
        response: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
        return response.render() if isinstance(response, SimpleTemplateResponse) else response


@lru_cache(maxsize=512)  # to find a view takes as long as half of what this way spares; addresses may be long, so it keeps few
def _open_match(path: str, urlconf: str | None) -> ResolverMatch | None:
    """Where an address leads, if that is an open view."""
    try:
        match = resolve(path, urlconf)
    except Resolver404:
        return None
    return match if is_open(match.func) else None
