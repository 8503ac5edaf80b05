"""PDFs: a case for the desk, the route of the day, and a slip for whoever reported."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import segno
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from reports.codes import normalised
from reports.models import Report
from reports.paper import Busy, pdf
from reports.paper.photos import for_paper
from reports.paper.sketch import Mark, sketch
from reports.queue import Desk
from reports.surveys import shown_surveys
from reports.throttling import over_limit, throttled, too_many
from reports.timeline import next_step
from reports.tokens import tracking_token
from reports.tracking import is_reporter
from reports.urgency import Urgency, soon_until
from reports.views.desk import elsewhere, user_of
from reports.views.desk_report import lines_of, report_at_desk, shown_contact
from reports.views.route import has_route, planned

BUSY_SECONDS = 30


@require_safe
@cache_control(private=True, no_store=True)
def case(request: HttpRequest, code: str) -> HttpResponse:
    """All that the desk knows of a report, to those at whose desk it is visible; the reporter's name to those who may call."""
    mine = Desk.of(user_of(request))
    if not mine.is_open:
        return elsewhere(request, mine)
    report = report_at_desk(mine.sight, code)
    wait = over_limit(f"user {mine.user.pk}", "paper")
    if wait is not None:
        return too_many(request, wait)
    now = timezone.now()
    may_call = Report.objects.filter(pk=report.pk).with_contact_open_to(mine.sight).exists()
    photos = list(report.photos.all())
    pictures = for_paper(photos)
    context = {
        "title": _("Case %(code)s") % {"code": report.readable_code},
        "report": report,
        "urgency": Urgency(report, now, soon_until(now)),
        "contact": shown_contact(mine.user, report) if may_call else None,
        "photos": [photo for photo in photos if photo.key.hex in pictures],
        "left_out": len(photos) - len(pictures),
        "surveys": shown_surveys(report),
        "replies": report.replies.select_related("body", "drafted_by", "published_by"),
        "parts": report.parts.select_related("body", "asked_by_body"),
        "questions": report.questions.all() if may_call else [],
        "lines": lines_of(report),
        "made_at": now,
        "made_by": mine.user,
    }
    mark = Mark((report.location.x, report.location.y), accuracy_m=report.accuracy_m or 0)
    return _sent(request, f"{report.code}.pdf", "paper/case.html", context, {"map": sketch([mark], unit=report.unit), **pictures})


@require_safe
@cache_control(private=True, no_store=True)
def day_route(request: HttpRequest) -> HttpResponse:
    """The stops of the page, in its order, for the same address."""
    mine = Desk.of(user_of(request))
    if not has_route(mine):
        return elsewhere(request, mine)
    wait = over_limit(f"user {mine.user.pk}", "paper")
    if wait is not None:
        return too_many(request, wait)
    context = planned(request, mine) | {"title": _("Route of the day"), "made_at": timezone.now(), "made_by": mine.user}
    pictures = {}
    if context["stops"]:
        marks = [
            Mark((stop.report.location.x, stop.report.location.y), str(number)) for number, stop in enumerate(context["stops"], start=1)
        ]
        pictures["map"] = sketch(marks, start=context["start"].spot)
    return _sent(request, f"route-{context['today']:%Y-%m-%d}.pdf", "paper/route.html", context, pictures)


@login_not_required
@require_safe
@cache_control(private=True, no_store=True)
def slip(request: HttpRequest, code: str) -> HttpResponse:
    """What was sent and what happens next, for the browser that has the private link; with `link=1` the link itself stands on it."""
    report = Report.objects.for_list().filter(code=normalised(code) or "").first()
    if report is None or not is_reporter(request, report):
        raise Http404
    wait = throttled(request, "paper")
    if wait is not None:
        return too_many(request, wait)
    address = f"{settings.SITE_URL}{report.get_absolute_url()}"
    link = f"{address}?token={tracking_token(report.code, report.token_generation)}" if request.GET.get("link") == "1" else ""
    shown = link or (address if report.is_public else "")  # nobody else can open the page of a report that is not public
    context = {
        "title": _("Slip for report %(code)s") % {"code": report.readable_code},
        "report": report,
        "next_step": next_step(report.status, report.authority.name),
        "link": link,
        "address": shown,
        "photos": len(report.reporters_photos),
        "made_at": timezone.now(),
    }
    return _sent(request, f"{report.code}-slip.pdf", "paper/slip.html", context, {"qr": _qr(shown)} if shown else {})


def _qr(text: str) -> bytes:
    written = io.BytesIO()
    segno.make(text, error="m").save(written, kind="svg", scale=4, border=2, light="#fff")
    return written.getvalue()


def _sent(request: HttpRequest, name: str, template: str, context: dict[str, Any], pictures: Mapping[str, bytes]) -> HttpResponse:
    try:
        made = pdf(template, context | {"site_url": settings.SITE_URL}, pictures)
    except Busy:
        return too_many(request, BUSY_SECONDS)
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }
    return HttpResponse(made, content_type="application/pdf", headers=headers)
