"""Open data: what there is to take away, streams, files made by a job, and a feed of changes."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from gis.errors import PlaceError
from insights.exports.files import FORMATS
from insights.exports.making import NIGHTLY, chosen, latest, order
from insights.exports.models import DataFile
from insights.exports.rows import FIELDS, rows
from insights.exports.streams import csv_lines, csv_types, geojson_lines
from reports.api.filters import parse_moment
from reports.models import Report
from reports.throttling import throttled, too_many

STREAMS = {"csv": csv_lines, "geojson": geojson_lines}
MOST_NEWS = 100
MOST_CHANGES = 1000


@require_safe
@login_not_required
def data(request: HttpRequest) -> HttpResponse:
    """What there is, under which licence, and what each field means."""
    context: dict[str, Any] = {
        "files": [file for kind in NIGHTLY if (file := latest(kind))],
        "fields": FIELDS,
        "kinds": list(FORMATS),
        "licence": settings.DATA_LICENCE,
        "licence_url": settings.DATA_LICENCE_URL,
        "metadata": reverse("insights:data_metadata"),
        "asked": request.GET.urlencode(),
        "parameters": request.GET.items(),
    }
    return render(request, "insights/data.html", context)


@require_safe
@login_not_required
def stream(request: HttpRequest, kind: str) -> HttpResponseBase:
    """All chosen public reports, as they are read."""
    if kind not in STREAMS:
        raise Http404
    try:
        reports = chosen(request.GET.dict())
    except PlaceError as error:
        return HttpResponse(str(error), status=400, content_type="text/plain; charset=utf-8")
    response = StreamingHttpResponse(STREAMS[kind](rows(reports)), content_type=FORMATS[kind][2])
    response["Content-Disposition"] = f'attachment; filename="phan-anh-{timezone.localdate()}{FORMATS[kind][1]}"'
    if kind == "csv":
        response["Link"] = f'<{reverse("insights:data_metadata")}>; rel="describedby"; type="application/csvm+json"'
    return response


@require_safe
@login_not_required
def metadata(request: HttpRequest) -> HttpResponse:
    """What the columns of the CSV hold, for programs, where W3C's recommendation lets them look for it."""
    return JsonResponse(csv_types("reports.csv"), content_type="application/csvm+json", json_dumps_params={"ensure_ascii": False})


@require_POST
@login_not_required
def order_file(request: HttpRequest) -> HttpResponse:
    """Orders a file; its page tells how far it is."""
    wait = throttled(request, "export")
    if wait is not None:
        return too_many(request, wait)
    asked = {name: value for name, value in request.POST.dict().items() if name not in ("csrfmiddlewaretoken", "kind") and value}
    kind = request.POST.get("kind", "")
    if kind not in FORMATS:
        raise Http404
    try:
        wanted = order(kind, asked)
    except PlaceError as error:
        return HttpResponse(str(error), status=400, content_type="text/plain; charset=utf-8")
    return redirect("insights:data_file", wanted.key)


@require_safe
@login_not_required
def data_file(request: HttpRequest, key: UUID) -> HttpResponse:
    """How far a file is, and the way to it."""
    wanted = get_object_or_404(DataFile, key=key)
    response = render(request, "insights/data_file.html", {"file": wanted})
    if not wanted.is_ended:
        response["Refresh"] = "3"
    return response


@require_safe
@login_not_required
def download(request: HttpRequest, key: UUID) -> FileResponse:
    """The file itself."""
    wanted = get_object_or_404(DataFile, key=key, state=DataFile.State.DONE)
    return FileResponse(wanted.file.open("rb"), as_attachment=True, filename=wanted.name, content_type=FORMATS[wanted.kind][2])


@require_safe
@login_not_required
def feed(request: HttpRequest) -> HttpResponse:
    """The latest changes of public reports as Atom."""
    atom = Atom1Feed(
        title=_("Changes of public reports"),
        link=request.build_absolute_uri(reverse("insights:data")),
        description="",
        feed_url=request.build_absolute_uri(),
        language="vi",
    )
    for report in Report.objects.public().select_related("category", "unit").order_by("-changed_at", "-pk")[:MOST_NEWS]:
        atom.add_item(
            title=f"{report.category.label}, {report.unit or _('outside all communes')}: {report.get_status_display()}",
            link=request.build_absolute_uri(report.get_absolute_url()),
            description="",
            unique_id=f"urn:report:{report.code}:{report.version}",
            updateddate=report.changed_at,
            pubdate=report.published_at,
        )
    return HttpResponse(atom.writeString("utf-8"), content_type=f"{atom.content_type}")


@require_safe
@login_not_required
def changes(request: HttpRequest) -> HttpResponse:
    """The changes of public reports since a moment, the earliest first; `next` goes on where these end."""
    try:
        since = parse_moment(request.GET.get("since", ""), "since")
    except PlaceError as error:
        return JsonResponse({"detail": str(error)}, status=400)
    reports = Report.objects.public().order_by("changed_at", "code")
    if since is not None:
        reports = reports.filter(changed_at__gte=since)
    if since is not None and (after := request.GET.get("after", "")):
        reports = reports.exclude(changed_at=since, code__lte=after[:10])
    found = list(reports.values_list("code", "status", "version", "changed_at")[:MOST_CHANGES])
    body: dict[str, Any] = {
        "changes": [
            {"code": code, "status": status, "version": version, "changed_at": moment, "url": reverse("reports:report", args=[code])}
            for code, status, version, moment in found
        ],
        "next": None,
    }
    if len(found) == MOST_CHANGES:
        query = urlencode({"since": found[-1][3].isoformat(), "after": found[-1][0]})
        body["next"] = request.build_absolute_uri(f"{reverse('insights:data_changes')}?{query}")
    return JsonResponse(body)
