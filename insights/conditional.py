"""Answers that are kept by whoever asks, and asked for again with their version."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response, patch_vary_headers
from rest_framework.request import Request

KEPT_BUT_ASKED = "public, no-cache"  # may be kept by all, and is asked for before each use: a committed report shows in the next answer


def pressed(content: bytes, coding: str, content_type: str = "application/json") -> HttpResponse:
    """An answer that is pressed already (kept_answers.coding_of says how). It is public: its length tells nothing."""
    response = HttpResponse(content, content_type=content_type)
    if coding:
        response.headers["Content-Encoding"] = coding
    patch_vary_headers(response, ["Accept-Encoding"])
    return response


def etag_of(version: str) -> str | None:
    """The ETag of a version of the data (empty: not known). Weak: the same data, pressed by gzip or not."""
    return f'W/"{version}"' if version else None


def fresh_or_not_modified(request: Request, version: str, answer: Callable[[], HttpResponse]) -> HttpResponseBase:
    """304 where the asker has this version of the data (empty: not known), else what `answer` gives, with its ETag.

    The version has to be read before the answer: then what is kept under it is never older.
    """
    etag = etag_of(version)
    response = get_conditional_response(request._request, etag=etag, response=None) if etag else None
    if response is None:
        response = answer()
    if etag:
        response.headers["ETag"] = etag
    response.headers["Cache-Control"] = KEPT_BUT_ASKED
    return response
