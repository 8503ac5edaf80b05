"""Photos of a report, to those who may see the report; the storage itself is served to nobody."""

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.db.models.fields.files import FieldFile
from django.http import FileResponse, Http404, HttpRequest, HttpResponseBase, HttpResponseNotModified
from django.shortcuts import get_object_or_404
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from reports.models import Photo, Report
from reports.tracking import may_read

PUBLIC_SECONDS = 300  # how long a copy may live on after a report was taken out of view


@login_not_required
@require_safe
def photo(request: HttpRequest, key: UUID) -> HttpResponseBase:
    """The photo."""
    return _served(request, key, "image")


@login_not_required
@require_safe
def photo_thumb(request: HttpRequest, key: UUID) -> HttpResponseBase:
    """Its thumbnail."""
    return _served(request, key, "thumbnail")


@require_safe
def photo_original(request: HttpRequest, key: UUID) -> HttpResponseBase:
    """The photo without what is blurred in it, at the desk of those who work on the report; for everybody else there is none."""
    photo = get_object_or_404(Photo.objects.select_related("report"), key=key)
    if not _is_at_desk(request, photo):
        raise Http404
    return _sent(photo.image, {"Cache-Control": "private, no-store"})


def _served(request: HttpRequest, key: UUID, field: str) -> HttpResponseBase:
    """The photo as the public sees it: with what was blurred, whoever asks."""
    photo = get_object_or_404(Photo.objects.select_related("report__category"), key=key)
    allowed = may_read(request, photo.report) if photo.is_shown else _is_at_desk(request, photo)
    if not allowed:
        raise Http404
    headers: dict[str, Any] = {
        "ETag": f'"{key.hex}-{field}-{photo.blur_version}"',
        "Cache-Control": f"public, max-age={PUBLIC_SECONDS}" if photo.report.is_public and photo.is_shown else "private, no-cache",
    }
    if get_conditional_response(request, etag=headers["ETag"]) is not None:
        return HttpResponseNotModified(headers=headers)
    return _sent(getattr(photo, f"public_{field}" if photo.blurs else field), headers)


def _is_at_desk(request: HttpRequest, photo: Photo) -> bool:
    return Report.objects.visible_to(request.user).filter(pk=photo.report_id).exists()


def _sent(file: FieldFile, headers: dict[str, Any]) -> HttpResponseBase:
    try:
        content = file.open("rb")
    except FileNotFoundError:
        raise Http404 from None
    response = FileResponse(content, content_type="image/jpeg", headers=headers)
    response.headers["Content-Disposition"] = "inline"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
