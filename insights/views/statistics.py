"""Figures for everybody, and of their own bodies for leaders; and the reports behind each number."""

import csv
import hashlib
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from authorities.models import Body, Category
from boundaries.models import Level
from gis.errors import PlaceError
from insights.exports.streams import BOM, harmless
from insights.figures.behind import WHAT, Cell
from insights.figures.models import FigureReport
from insights.figures.page import COLUMNS, GROUP_LABELS, PERIODS, SHOWN, Page, asked_of, former_day, leads
from insights.figures.question import Question
from insights.figures.table import as_json, method, table
from insights.views.figure_rows import areas, rows

ROWS = 30
MOST_OVERDUE = 8
WALL_SECONDS = 60


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
        "every": FigureReport.Every.choices,
        "wanted": FigureReport.objects.filter(person=request.user).first() if request.user.is_authenticated else None,
        "method": method(),
        "columns": [(name, WHAT[name]) for name in COLUMNS],
    }
    try:
        context["page"] = page = Page.of(asked)
        context["map"] = drawn = page.map(context["show"])
        context |= {"rows": rows(page.lines), "totals": rows([page.totals]), "areas": areas(drawn) if drawn else ""}
        context["taken"] = urlencode(page.question.asked)
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
    total, number = reports.count(), cell.number()
    paginator = Paginator(reports.public_or_visible_to(request.user).for_list().newest_first(), ROWS)
    page = paginator.get_page(request.GET.get("page"))
    context = {
        "what": WHAT[cell.what],
        "total": total,
        "number": number,
        "withheld": total - paginator.count,
        "page": page,
        "rows": page,
        "back": "&".join(f"{name}={value}" for name, value in cell.question.asked.items()),
    }
    return render(request, "insights/figure_reports.html", context)


@require_safe
@login_not_required
def wall(request: HttpRequest) -> HttpResponse:
    """Figures for a screen on a wall. It asks again each minute by itself; where nothing has changed the answer is a 304 without a body."""
    asked, _period = asked_of({"period": "12m"} | request.GET.dict(), request.user)
    asked["group"] = "unit"
    context: dict[str, Any] = {"asked": asked, "now": timezone.localtime()}
    try:
        context["page"] = page = Page.of(asked)
    except PlaceError as error:
        return render(request, "insights/wall.html", context | {"error": str(error)}, status=400)
    context["map"] = page.map("resolution")
    context["of"] = ", ".join(Body.objects.filter(code__in=asked.get("authority", "").split(",")).values_list("name", flat=True)[:2])
    lines = [line for line in page.lines if line.row.sums["overdue"]]
    context["overdue"] = sorted(lines, key=lambda line: -line.row.sums["overdue"])[:MOST_OVERDUE]
    # The clock and the session's tokens are no news: what is told is what the figures are
    told = repr(
        [
            page.found.totals.sums.counts,
            [(line.name, line.row.sums.counts) for line in page.lines],
            asked,
            get_language(),
            leads(request.user),
        ]
    )
    etag = f'W/"{hashlib.sha256(told.encode()).hexdigest()[:32]}"'
    response = get_conditional_response(request, etag=etag) or render(request, "insights/wall.html", context)
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    response["Refresh"] = str(WALL_SECONDS)
    return response


@require_safe
@login_not_required
def statistics_csv(request: HttpRequest) -> HttpResponse:
    """The table of figures as CSV: the same rows and columns as the call, one level deep."""
    asked, _period = asked_of(request.GET.dict(), request.user)
    try:
        answer = as_json(table(Question.of(asked)))
    except PlaceError as error:
        return HttpResponse(str(error), status=400, content_type="text/plain; charset=utf-8")
    response = HttpResponse(BOM, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="so-lieu.csv"'
    lines = [_flat(row) for row in [*answer["rows"], {"key": "", "name": _("All together")} | answer["totals"]]]
    writer = csv.DictWriter(response, list(dict.fromkeys(name for line in lines for name in line)))
    writer.writeheader()
    writer.writerows(lines)
    return response


def _flat(values: dict[str, Any], above: str = "") -> dict[str, Any]:
    """Values with their names joined: days_whole_median, rates_response_share, satisfaction_timeliness_mean."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{above}{name}_")
        elif isinstance(value, list):
            for opinion in value:
                flat |= _flat({key: own for key, own in opinion.items() if key != "criterion"}, f"{above}{name}_{opinion['criterion']}_")
        else:
            flat[f"{above}{name}"] = harmless(value)
    return flat


@require_POST
def figures_by_mail(request: HttpRequest) -> HttpResponse:
    """Begins or ends the figures by e-mail of whoever has signed in."""
    if not leads(request.user):
        raise Http404
    every = request.POST.get("every", "")
    if every in FigureReport.Every.values:
        FigureReport.objects.update_or_create(person_id=request.user.pk, defaults={"every": every})
        messages.success(request, _("The figures come by e-mail."))
    else:
        FigureReport.objects.filter(person_id=request.user.pk).delete()
        messages.success(request, _("No figures come by e-mail any more."))
    return redirect(f"{reverse('insights:statistics')}?mine=1")
