"""Hot spots as a page: a question by ordinary controls, its answer as a map, a table and sentences on how to read it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from authorities.models import Category, Publication
from insights.hotspots.api import as_data
from insights.hotspots.asking import parse_ask
from insights.hotspots.finding import METHODS, find
from insights.hotspots.models import EarlyWarning
from insights.hotspots.results import Findings
from insights.planner.language import MAX_CELL, QueryError
from insights.views.planner import planner_of
from reports.throttling import throttled, too_many

ROWS = 100
SHOWN = timedelta(days=30)  # of early warnings
EXPECTED = {
    "habit": gettext_lazy("what else is reported there"),
    "population": gettext_lazy("the people who live there"),
    "equal": gettext_lazy("the same everywhere"),
}
AREAS = {"commune": gettext_lazy("commune"), "district": gettext_lazy("district"), "cell": gettext_lazy("cell of a grid")}


class HotspotForm(forms.Form):
    """What is asked; `question()` is what it says, once it is valid."""

    method = forms.ChoiceField(label=gettext_lazy("Method"), choices=list(METHODS.items()))
    category = forms.ChoiceField(label=gettext_lazy("Category"))
    since = forms.DateField(
        label=gettext_lazy("Filed from"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    until = forms.DateField(
        label=gettext_lazy("until before"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    areas = forms.ChoiceField(label=gettext_lazy("Areas"), choices=list(AREAS.items()), required=False)
    on = forms.DateField(
        label=gettext_lazy("units as on"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    cell = forms.FloatField(label=gettext_lazy("Side of a cell (m)"), required=False, min_value=500, max_value=MAX_CELL)
    expected = forms.ChoiceField(label=gettext_lazy("Compared with"), choices=list(EXPECTED.items()), required=False)
    metres = forms.FloatField(label=gettext_lazy("Radius (m), of clusters and density"), required=False, min_value=10, max_value=20_000)
    seed = forms.IntegerField(label=gettext_lazy("Seed, to compute an answer again"), required=False, min_value=0)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        categories = Category.objects.fileable().exclude(publication=Publication.NEVER)
        self.fields["category"].choices = [(category.code, category.label) for category in categories]  # type: ignore[attr-defined]
        for field in self.fields.values():
            field.widget.attrs["class"] = "input"

    def question(self) -> dict[str, Any]:
        """The question as the API takes it."""
        told = self.cleaned_data
        conditions: list[dict[str, Any]] = [{"field": "category", "is": [told["category"]]}]
        if told["since"] or told["until"]:
            conditions.append({"field": "filed"} | {name: f"{told[name]:%Y-%m-%d}" for name in ("since", "until") if told[name]})
        group: dict[str, Any] = {"by": "cell", "metres": told["cell"] or 5_000.0}
        if told["areas"] != "cell":
            group = {"by": "unit", "level": told["areas"] or "commune"} | ({"on": f"{told['on']:%Y-%m-%d}"} if told["on"] else {})
        asked = {"method": told["method"], "query": {"conditions": conditions, "group": group}, "expected": told["expected"] or "habit"}
        return asked | {name: told[name] for name in ("metres", "seed") if told[name] is not None}


@require_safe
def hotspots(request: HttpRequest) -> HttpResponse:
    """The question, and with `method` in the address its answer."""
    user = planner_of(request)
    if "method" not in request.GET:
        since = timezone.localdate() - SHOWN
        warnings = EarlyWarning.objects.filter(day__gt=since).select_related("body", "category")[:ROWS]
        return render(request, "insights/hotspots.html", {"form": HotspotForm(), "map_config": {"on": None}, "warnings": warnings})
    if wait := throttled(request, "plan"):
        return too_many(request, wait)
    form = HotspotForm(request.GET)
    if not form.is_valid():
        return render(request, "insights/hotspots.html", {"form": form, "map_config": {"on": None}}, status=422)
    question = form.question()
    day = form.cleaned_data["on"]
    context: dict[str, Any] = {
        "form": form,
        "map_config": {"on": f"{day:%Y-%m-%d}" if day else None},
        "question": json.dumps(question, ensure_ascii=False, indent=2),
    }
    try:
        found = find(parse_ask(question), user)
    except QueryError as error:
        return render(request, "insights/hotspots.html", context | {"problem": str(error)}, status=error.status)
    context |= {
        "found": found,
        "rows": found.rows[:ROWS],
        "method": METHODS[found.method],
        "parameters": _told(found),
        "result": _result(found),
    }
    return render(request, "insights/hotspots.html", context)


def _told(found: Findings) -> list[tuple[str, Any]]:
    """The parameters that the method has."""
    return [(name, value) for name, value in as_data(found)["parameters"].items() if value is not None]


def _result(found: Findings) -> dict[str, Any]:
    """What the map draws."""
    features = [
        {"type": "Feature", "geometry": row["geometry"], "properties": {"name": row["name"], "count": row["count"], "kind": row["kind"]}}
        for row in found.rows
        if row["geometry"]
    ]
    return {"type": "FeatureCollection", "features": features}
