"""Figures for everybody, and of their own bodies for leaders; and the reports behind each number."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from authorities.models import Body, Category
from boundaries.models import Level
from gis.errors import PlaceError
from insights.figures.behind import WHAT, Cell
from insights.figures.page import COLUMNS, GROUP_LABELS, PERIODS, SHOWN, Page, asked_of, former_day, leads
from insights.figures.table import method

ROWS = 30


@require_safe
@login_not_required
def statistics(request: HttpRequest) -> HttpResponse:
    """The page of figures."""
    asked, period = asked_of(request.GET.dict(), request.user)
    context: dict[str, Any] = {
        "asked": asked,
        "period": period,
        "periods": [(key, label) for key, (label, _months) in PERIODS.items()],
        "groups": GROUP_LABELS.items(),
        "levels": [level for level in Level if level != Level.PROVINCE],
        "former_day": former_day(),
        "categories": Category.objects.fileable(),
        "bodies": Body.objects.existing().order_by("name"),
        "shown": SHOWN.items(),
        "show": request.GET.get("show") if request.GET.get("show") in SHOWN else "response",
        "leads": leads(request.user),
        "mine": "mine" in request.GET,
        "method": method(),
        "columns": [(name, WHAT[name]) for name in COLUMNS],
    }
    try:
        context["page"] = page = Page.of(asked)
        context["map"] = page.map(context["show"])
    except PlaceError as error:
        return render(request, "insights/statistics.html", context | {"error": str(error)}, status=400)
    return render(request, "insights/statistics.html", context)


@require_safe
@login_not_required
def figure_reports(request: HttpRequest) -> HttpResponse:
    """The reports behind a number, as far as the reader may see them, and how many are withheld."""
    try:
        cell = Cell.of(request.GET.dict())
        reports = cell.reports()
    except PlaceError as error:
        return render(request, "insights/figure_reports.html", {"error": str(error)}, status=400)
    total = reports.count()
    paginator = Paginator(reports.public_or_visible_to(request.user).for_list().newest_first(), ROWS)
    page = paginator.get_page(request.GET.get("page"))
    context = {
        "what": WHAT[cell.what],
        "total": total,
        "withheld": total - paginator.count,
        "page": page,
        "rows": page,
        "back": "&".join(f"{name}={value}" for name, value in cell.question.asked.items()),
    }
    return render(request, "insights/figure_reports.html", context)
