"""Drawing over faces and plates on a photo, at the desk."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods

from reports.blurring import Area, parse_areas
from reports.models import Photo, Report
from reports.services import CaseworkError, roles_on
from reports.services.photos import blur_photo, may_blur
from reports.views.desk import user_of
from reports.workflow import PUBLISHERS

WHOLE: Area = (0.0, 0.0, 1.0, 1.0)


@require_http_methods(["GET", "HEAD", "POST"])
@cache_control(private=True, no_store=True)
def blur(request: HttpRequest, key: UUID) -> HttpResponse:
    """The photo with its areas, for whoever handles the report now and its coordinator; of others there is no such page."""
    user = user_of(request)
    photo = Photo.objects.select_related("report__category", "report__unit", "report__authority").filter(key=key).first()
    if photo is None or not Report.objects.visible_to(user).filter(pk=photo.report_id).exists() or not may_blur(user, photo.report):
        raise Http404
    if request.method != "POST":
        return _page(request, photo)
    wanted = {"whole": [WHOLE], "none": []}.get(request.POST.get("decision", ""))
    try:
        areas = parse_areas(request.POST.get("areas", "")) if wanted is None else wanted
    except ValueError as error:
        return _page(request, photo, error=str(error), status=422)
    version = request.POST.get("version", "")
    try:
        blur_photo(photo.pk, areas=areas, actor=user, version=int(version) if version.isascii() and version.isdigit() else -1)
    except CaseworkError as error:
        photo.refresh_from_db()
        return _page(request, photo, error=str(error), status=409)
    messages.success(request, _("The photo is blurred for the public.") if areas else _("The photo is shown as it was taken."))
    of_coordinator = bool(roles_on(user, photo.report) & PUBLISHERS)
    return redirect("reports:look" if of_coordinator else "reports:desk_report", code=photo.report.code)


def _page(request: HttpRequest, photo: Photo, *, error: str = "", status: int = 200) -> HttpResponse:
    context = {
        "photo": photo,
        "report": photo.report,
        "error": error,
        "is_coordinator": bool(roles_on(user_of(request), photo.report) & PUBLISHERS),
    }
    return render(request, "desk/blur.html", context, status=status)
