"""The heartbeat of a report's page at the desk."""

from __future__ import annotations

from django.http import Http404, HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from reports.codes import normalised
from reports.models import Report
from reports.presence import leave, look
from reports.views.desk import user_of


@require_POST
@never_cache
def presence(request: HttpRequest, code: str) -> JsonResponse:
    """Says that its user looks, or (`leave`) no longer, and answers who else does: only of a report that he or she may see."""
    user = user_of(request)
    report = Report.objects.visible_to(user).only("pk").filter(code=normalised(code) or "").first()
    if report is None:
        raise Http404
    if "leave" in request.POST:
        leave(report, user)
        return JsonResponse({"others": []})
    return JsonResponse({"others": [str(other) for other in look(report, user)]})
