"""The public page of a report, and the reporter's."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from reports.codes import normalised
from reports.models import Report
from reports.tracking import is_reporter, readable_report, swap_token


@login_not_required
@require_safe
def report(request: HttpRequest, code: str) -> HttpResponse:
    """A report, to those who may see it; the token of a tracking link is first swapped for a cookie."""
    named = Report.objects.filter(code=normalised(code) or "").first()
    swapped = swap_token(request, named) if named else None
    if swapped is not None:
        return swapped
    report = readable_report(request, code)
    return render(request, "reports/report.html", {"report": report, "is_reporter": is_reporter(request, report)})
