"""The map of reports, and the list beside it."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from authorities.models import Category, Publication
from insights.filters import PUBLIC_STATUSES, Filters, periods
from insights.first_view import first_clusters
from reports.codes import normalised
from reports.models import Report

ROWS = 20
LAST_PAGE = 50  # nobody reads further; a filter finds it sooner


@require_safe
@login_not_required
def home(request: HttpRequest) -> HttpResponse:
    """The map with its list; `fragment=list` answers with the list alone (rows of a box, a page, or one report)."""
    filters = Filters.of(request.GET)
    context: dict[str, Any] = {"filters": filters, **_rows(request, filters)}
    if request.GET.get("fragment") == "list":
        return render(request, "insights/_report_list.html", context)
    context |= {
        "categories": Category.objects.fileable().exclude(publication=Publication.NEVER),
        "statuses": PUBLIC_STATUSES,
        "periods": periods(),
        "first_clusters": None if "at" in request.GET else first_clusters(filters),  # where the map begins elsewhere, it asks by itself
    }
    return render(request, "insights/home.html", context)


def _rows(request: HttpRequest, filters: Filters) -> dict[str, Any]:
    public = Report.objects.public().for_list()
    if code := normalised(request.GET.get("code", "")):
        return {"reports": list(public.filter(code=code)), "next_page": None}
    page = _page(request.GET.get("page", ""))
    start = (page - 1) * ROWS
    rows = list(filters.applied_to(public).newest_first()[start : start + ROWS + 1])
    return {"reports": rows[:ROWS], "page": page, "next_page": page + 1 if len(rows) > ROWS and page < LAST_PAGE else None}


def _page(text: str) -> int:
    return min(max(int(text), 1), LAST_PAGE) if text.isascii() and text.isdigit() and len(text) < 5 else 1
