"""The planner's workbench: the builder, the map, the answer; saved queries and layers of one's own."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from insights.planner.downloads import FORMATS, download
from insights.planner.forms import QueryForm, as_fields, says_all
from insights.planner.language import QueryError, parse_query, read_json
from insights.planner.models import OwnLayer, SavedQuery, Sharing
from insights.planner.querysets import body_of_planner, may_plan
from insights.planner.running import Answer, run
from insights.planner.uploads import upload_layer
from reports.throttling import throttled, too_many

ROWS = 200  # on the page; the files have all
BAR = 120  # units of width of the longest bar


class SaveForm(forms.Form):
    """The name of a query and who may open it."""

    name = forms.CharField(max_length=100)
    sharing = forms.ChoiceField(choices=Sharing.choices)


class LayerForm(forms.Form):
    """A file to upload."""

    name = forms.CharField(label=gettext_lazy("Name of the layer"), max_length=100)
    attribution = forms.CharField(label=gettext_lazy("Who made the data"), max_length=300)
    sharing = forms.ChoiceField(label=gettext_lazy("Shared with"), choices=OwnLayer.Sharing.choices, initial=OwnLayer.Sharing.BODY)
    file = forms.FileField(
        label=gettext_lazy("File"), help_text=gettext_lazy("GeoJSON, GeoPackage, zipped Shapefile, or CSV with lat and lon; at most 20 MB")
    )


def planner_of(request: HttpRequest) -> User:
    """Whoever asks, if he or she may plan; PermissionDenied otherwise."""
    if not isinstance(request.user, User) or not may_plan(request.user):
        raise PermissionDenied
    return request.user


@require_safe
def planner(request: HttpRequest) -> HttpResponse:
    """The builder; with an answer where the address says a query. `as` gives the answer as a file."""
    user = planner_of(request)
    if not request.GET.get("ask"):
        return _page(request, QueryForm(user=user, initial=_beginning(request.GET)))
    if wait := throttled(request, "plan"):
        return too_many(request, wait)
    form = QueryForm(request.GET, user=user)
    if not form.is_valid():
        return _page(request, form, status=422)
    return _answered(request, form, form.query())


@require_safe
def saved_query(request: HttpRequest, key: str) -> HttpResponse:
    """A saved query with its answer of now, for whom it is shared with."""
    user = planner_of(request)
    saved = get_object_or_404(SavedQuery.objects.open_to(user), key=key)
    form = QueryForm(_query_dict(as_fields(saved.query)), user=user)
    whole = says_all(form, saved.query)
    if not whole:
        form = QueryForm(user=user, initial=as_fields(saved.query))
    return _answered(request, form, saved.query, saved=saved, partly=not whole)


@require_POST
def save(request: HttpRequest) -> HttpResponse:
    """Keeps the query that was answered, under a name."""
    user = planner_of(request)
    form = SaveForm(request.POST)
    try:
        query = read_json(request.POST.get("query", "").encode())
        parse_query(query)
    except QueryError as error:
        messages.error(request, str(error))
        return redirect("insights:planner")
    if not form.is_valid():
        return _answered(request, QueryForm(user=user, initial=as_fields(query)), query, save_form=form)
    saved = SavedQuery.objects.create(owner=user, body=body_of_planner(user), query=query, **form.cleaned_data)
    messages.success(request, _("“%(name)s” is saved.") % {"name": saved.name})
    return redirect("insights:saved_query", key=saved.key)


@require_POST
def delete_saved(request: HttpRequest, key: str) -> HttpResponse:
    """Forgets a query of one's own."""
    saved = get_object_or_404(SavedQuery.objects.owned_by(planner_of(request)), key=key)
    saved.delete()
    messages.success(request, _("“%(name)s” is deleted.") % {"name": saved.name})
    return redirect("insights:planner")


@require_POST
def upload(request: HttpRequest) -> HttpResponse:
    """Keeps a layer of one's own, or says what is wrong with the file."""
    user = planner_of(request)
    if wait := throttled(request, "layer"):
        return too_many(request, wait)
    form = LayerForm(request.POST, request.FILES)
    if form.is_valid():
        told = form.cleaned_data
        file = told.pop("file")
        try:
            layer = upload_layer(owner=user, file=file, file_name=file.name, size=file.size, **told)
        except ValidationError as error:
            form.add_error(None, error.messages)
        else:
            messages.success(
                request,
                _("“%(name)s”: %(count)d features were read, %(repaired)d of them repaired.")
                % {"name": layer.name, "count": layer.features_count, "repaired": layer.repaired_count},
            )
            return redirect("insights:planner")
    return _page(request, QueryForm(user=user), layer_form=form, status=422)


@require_POST
def delete_layer(request: HttpRequest, key: str) -> HttpResponse:
    """Deletes a layer of one's own."""
    layer = get_object_or_404(OwnLayer.objects.owned_by(planner_of(request)), key=key)
    layer.delete()
    messages.success(request, _("“%(name)s” is deleted.") % {"name": layer.name})
    return redirect("insights:planner")


def _answered(request: HttpRequest, form: QueryForm, query: dict[str, Any], saved: SavedQuery | None = None, **more: Any) -> HttpResponse:
    try:
        answer = run(parse_query(query), request.user)
    except QueryError as error:
        return _page(request, form, status=error.status, problem=str(error), saved=saved, **more)
    if request.GET.get("as") in FORMATS:
        return download(answer, request.GET["as"])
    told = request.GET.copy()
    told.pop("as", None)
    return _page(
        request, form, saved=saved, answer=answer, rows=_bars(answer), shown=min(ROWS, len(answer.rows)), figures=_figures(answer),
        query_text=json.dumps(query, ensure_ascii=False, indent=2), query_json=json.dumps(query, ensure_ascii=False),
        address=f"{request.path}?{told.urlencode()}&" if told else f"{request.path}?", result=_result(answer), **more,
    )  # fmt: skip


def _page(request: HttpRequest, form: QueryForm, status: int = 200, **more: Any) -> HttpResponse:
    saved: SavedQuery | None = more.get("saved")
    context = {
        "form": form,
        "layers": form.layers,
        "saved_queries": SavedQuery.objects.listed_for(request.user).select_related("owner"),
        "save_form": SaveForm(),
        "layer_form": LayerForm(),
        "mine": saved is not None and saved.owner_id == request.user.pk,
        "link": request.build_absolute_uri(reverse("insights:saved_query", args=[saved.key])) if saved else "",
        "map_config": {"layers": [{"key": layer.key, "name": layer.name} for layer in form.layers], "on": _day(form)},
        **more,
    }
    return render(request, "insights/planner.html", context, status=status)


def _beginning(told: QueryDict) -> dict[str, Any]:
    """What a link from elsewhere fills in: a layer or a unit."""
    return {name: told[name] for name in ("layer", "unit", "group") if name in told}


def _query_dict(fields: dict[str, Any]) -> QueryDict:
    filled = QueryDict(mutable=True)
    for name, value in fields.items():
        filled.setlist(name, [str(one) for one in value] if isinstance(value, list) else [str(value)])
    return filled


def _day(form: QueryForm) -> str | None:
    """The day whose units the map draws: that of the rows, or of the unit."""
    told = form.cleaned_data if form.is_bound and form.is_valid() else {}
    day = told.get("group_on") or told.get("unit_on")
    return f"{day:%Y-%m-%d}" if day else None


def _bars(answer: Answer) -> list[dict[str, Any]]:
    """The rows of the page, each with the width of its bar."""
    most = max((row["count"] for row in answer.rows), default=1) if answer.grouped else 1
    return [row | {"bar": round(BAR * row["count"] / most, 1)} if answer.grouped else row for row in answer.rows[:ROWS]]


def _figures(answer: Answer) -> dict[str, int]:
    """Open and resolved ones of all rows, where the rows hold every report once."""
    if answer.truncated or (answer.grouped and sum(row["count"] for row in answer.rows) != answer.total):
        return {}
    if answer.grouped:
        return {name: sum(row[name] for row in answer.rows) for name in ("open", "resolved")}
    return {
        "open": sum(row["closed_at"] is None for row in answer.rows),
        "resolved": sum(row["status"] == "resolved" for row in answer.rows),
    }


def _result(answer: Answer) -> dict[str, Any]:
    """What the map draws of the answer."""
    features = [
        {
            "type": "Feature",
            "geometry": row["geometry"],
            "properties": {"key": row["key"], "name": row["name"], "count": row.get("count")},
        }
        for row in answer.rows
        if row.get("geometry")
    ]
    return {"type": "FeatureCollection", "features": features}
