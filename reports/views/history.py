"""Pages on which everybody can check that history was not changed."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from reports.history.models import HistoryRoot
from reports.history.shown import history_of, public_events
from reports.timeline import sentence
from reports.tracking import readable_report

ROOTS_ON_A_PAGE = 50
COLUMNS = ("number", "at", "tree", "reports", "administration", "previous", "hash")


@login_not_required
@require_safe
def report_history(request: HttpRequest, code: str) -> HttpResponse:
    """The chain of a report, checked while it is looked at."""
    report = readable_report(request, code)
    if code != report.code:
        query = f"?{request.META['QUERY_STRING']}" if request.META.get("QUERY_STRING") else ""
        return redirect(f"{reverse('reports:history', args=[report.code])}{query}", permanent=True)
    history = history_of(report)
    events = public_events(report)
    lines: list[dict[str, Any]] = [
        {
            "link": link,
            "event": events.get(link.number),
            "text": sentence(events[link.number]) if link.number in events else "",
            "broken": history.broken_at == link.number,
        }
        for link in history.links
    ]
    return render(request, "reports/history.html", {"report": report, "history": history, "lines": lines})


@login_not_required
@require_safe
def roots(request: HttpRequest) -> HttpResponse:
    """The published roots, the newest first; `before` a number, the older ones."""
    found = list(HistoryRoot.objects.before(request.GET.get("before", ""))[: ROOTS_ON_A_PAGE + 1])
    older = found[ROOTS_ON_A_PAGE - 1].number if len(found) > ROOTS_ON_A_PAGE else None
    return render(request, "reports/roots.html", {"roots": found[:ROOTS_ON_A_PAGE], "older": older})


@login_not_required
@require_safe
def roots_csv(request: HttpRequest) -> StreamingHttpResponse:
    """All published roots, the oldest first, to be kept by whoever wants to compare later."""
    response = StreamingHttpResponse(_csv_lines(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="history-roots.csv"'
    return response


class _Line:
    """What a csv.writer writes to: it gives the line back."""

    def write(self, line: str) -> str:
        return line


def _csv_lines() -> Iterator[str]:
    writer = csv.writer(_Line(), lineterminator="\n")
    yield str(writer.writerow(COLUMNS))
    for root in HistoryRoot.objects.order_by("number").iterator():
        yield str(writer.writerow([root.fields[name] for name in COLUMNS]))
