"""The reporter's private access: the token of the tracking link is swapped for a cookie at once, so that it stays in no address bar."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect

from reports.codes import normalised
from reports.models import Report
from reports.tokens import is_tracking_token

COOKIE = "reports"
SALT = "reports.tracking"
PARAMETER = "token"
MAX_KEPT = 20
MAX_AGE = 400 * 24 * 3600  # seconds; browsers keep nothing longer


def swap_token(request: HttpRequest, report: Report) -> HttpResponse | None:
    """For a right token in the address: a redirect to the same page without it, which sets the cookie. None for a wrong one or for none.

    A wrong token changes nothing: the page is shown, or not found, as for anybody.
    """
    token = request.GET.get(PARAMETER, "")
    if not is_tracking_token(token, report.code, report.token_generation):
        return None
    rest = request.GET.copy()
    del rest[PARAMETER]
    response = HttpResponseRedirect(f"{request.path}?{rest.urlencode()}" if rest else request.path)
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return let_in(request, response, report)


def let_in(request: HttpRequest, response: HttpResponse, report: Report) -> HttpResponse:
    """The response, with the cookie by which the reporter is known from now on; for the page after filing too."""
    mine = [report.code, report.token_generation]
    kept = [mine, *(entry for entry in _kept(request) if entry[0] != report.code)][:MAX_KEPT]
    response.set_cookie(
        COOKIE, signing.dumps(kept, salt=SALT, compress=True), max_age=MAX_AGE, secure=settings.HTTPS, httponly=True, samesite="Lax"
    )
    return response


def is_reporter(request: HttpRequest, report: Report) -> bool:
    """Whether the browser holds this report's cookie of the present generation."""
    return [report.code, report.token_generation] in _kept(request)


def readable_report(request: HttpRequest, code: str) -> Report:
    """The report that a code (as people type it) names, if it is public, the browser's own, or visible to the user; Http404 otherwise."""
    known = normalised(code)
    reports = Report.objects.for_list().select_related("unit_at_filing", "duplicate_of__category")
    report = reports.filter(code=known).first() if known else None
    if report is None or not may_read(request, report):
        raise Http404
    return report


def may_read(request: HttpRequest, report: Report) -> bool:
    """Whether a report may be shown: it is public, the browser's own, or visible to the user."""
    return report.is_public or is_reporter(request, report) or Report.objects.visible_to(request.user).filter(pk=report.pk).exists()


def _kept(request: HttpRequest) -> list[list[Any]]:
    try:
        kept = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT)
    except (signing.BadSignature, json.JSONDecodeError, ValueError):
        return []
    return kept if isinstance(kept, list) else []
