"""The query builder as a form of ordinary controls, and the query that it says; the other way round for a saved query."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts.models import User
from authorities.models import Category, Publication
from boundaries.models import Unit
from gis.coordinates import find_coordinates
from insights.planner.language import MAX_CELL, MAX_METRES, MAX_NEAREST, MIN_CELL
from insights.planner.layers import listed_layers
from reports.workflow import Status

MAX_TEXT = 4_000  # of the corners: it stands in the page's address
GROUPS = {
    "": gettext_lazy("each report"),
    "commune": gettext_lazy("commune"),
    "district": gettext_lazy("district"),
    "province": gettext_lazy("province"),
    "month": gettext_lazy("month of filing"),
    "category": gettext_lazy("category"),
    "status": gettext_lazy("status"),
    "cell": gettext_lazy("cell of a grid"),
    "feature": gettext_lazy("feature of the layer"),
}
RELATIONS = {
    "": gettext_lazy("anywhere"),
    "near": gettext_lazy("at most so many metres from"),
    "beyond": gettext_lazy("further than so many metres from"),
    "within": gettext_lazy("within or touching"),
    "outside": gettext_lazy("outside"),
}
STATUSES = [("open", pgettext_lazy("status", "Open")), ("closed", gettext_lazy("closed")), *Status.choices]


class QueryForm(forms.Form):
    """What is asked; `query()` is what it says, once it is valid."""

    category = forms.MultipleChoiceField(label=gettext_lazy("Category"), required=False, widget=forms.CheckboxSelectMultiple)
    status = forms.MultipleChoiceField(label=gettext_lazy("Status"), required=False, choices=STATUSES, widget=forms.CheckboxSelectMultiple)
    since = forms.DateField(
        label=gettext_lazy("Filed from"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    until = forms.DateField(
        label=gettext_lazy("until before"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    area = forms.CharField(
        label=gettext_lazy("Corners of an area"), required=False, max_length=MAX_TEXT, widget=forms.Textarea(attrs={"rows": 2, "class": "input"}),
        help_text=gettext_lazy("Draw it on the map, or write longitude,latitude of each corner: 105.1,9.1 105.2,9.1 105.2,9.2"),
    )  # fmt: skip
    unit = forms.CharField(
        label=gettext_lazy("In a commune, district or province"), required=False, max_length=100, help_text=gettext_lazy("Name or code")
    )
    unit_on = forms.DateField(
        label=gettext_lazy("as on"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    relation = forms.ChoiceField(label=gettext_lazy("Beside a layer"), required=False, choices=list(RELATIONS.items()))
    layer = forms.ChoiceField(label=gettext_lazy("Layer"), required=False)
    feature = forms.CharField(label=gettext_lazy("Only its feature"), required=False, max_length=200)
    metres = forms.FloatField(label=gettext_lazy("Metres"), required=False, min_value=0, max_value=MAX_METRES)
    nearest = forms.IntegerField(label=gettext_lazy("Only the nearest"), required=False, min_value=1, max_value=MAX_NEAREST)
    point = forms.CharField(
        label=gettext_lazy("to the point"), required=False, max_length=100, help_text=gettext_lazy("Latitude, longitude")
    )
    group = forms.ChoiceField(label=gettext_lazy("A row for"), required=False, choices=list(GROUPS.items()))
    group_on = forms.DateField(
        label=gettext_lazy("units as on"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    group_metres = forms.FloatField(
        label=gettext_lazy("Side of a cell, or way to a feature (m)"), required=False, min_value=0, max_value=MAX_CELL
    )

    def __init__(self, *args: Any, user: User | AnonymousUser, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        categories = Category.objects.fileable().exclude(publication=Publication.NEVER)
        self.layers = listed_layers(user)
        self.fields["category"].choices = [(category.code, category.label) for category in categories]  # type: ignore[attr-defined]
        self.fields["layer"].choices = [("", "—"), *((layer.key, layer.name) for layer in self.layers)]  # type: ignore[attr-defined]
        for name in (
            "since",
            "until",
            "unit",
            "unit_on",
            "relation",
            "layer",
            "feature",
            "metres",
            "nearest",
            "point",
            "group",
            "group_on",
            "group_metres",
        ):
            self.fields[name].widget.attrs["class"] = "input"
        self.unit_code = ""

    def clean_area(self) -> list[list[float]]:
        """The corners [lon, lat] of the area, its ring closed; empty where none was given."""
        text = self.cleaned_data["area"].replace(";", " ").split()
        try:
            corners = [[float(lon), float(lat)] for lon, lat in (corner.split(",") for corner in text)]
        except ValueError:
            raise forms.ValidationError(_("Write each corner as longitude,latitude, with a space between corners.")) from None
        if corners and len(corners) < 3:
            raise forms.ValidationError(_("An area needs three corners or more."))
        return [*corners, corners[0]] if corners and corners[0] != corners[-1] else corners

    def clean_point(self) -> list[float]:
        """The point [lon, lat]; empty where none was given."""
        text = self.cleaned_data["point"]
        if not text:
            return []
        found = find_coordinates(text)
        if found is None:
            raise forms.ValidationError(_("These are no coordinates: write latitude, longitude, for example 9.17, 105.15."))
        return [found.lon, found.lat]

    def clean(self) -> dict[str, Any]:
        """What belongs together stands together; a unit's name leads to its code."""
        told: dict[str, Any] = super().clean() or self.cleaned_data
        if told.get("unit") and "unit_on" in told:
            self._find_unit(told)
        needs = told.get("relation") in ("near", "beyond") and told.get("metres") is None
        if needs:
            self.add_error("metres", _("Say how many metres."))
        if (told.get("relation") or told.get("group") == "feature") and not told.get("layer"):
            self.add_error("layer", _("Choose a layer."))
        if told.get("nearest") and "point" in told and not told["point"]:
            self.add_error("point", _("Say to which point."))
        if told.get("group") == "cell" and "group_metres" in told and (told["group_metres"] or 0) < MIN_CELL:
            self.add_error("group_metres", _("A cell has a side of %(least)d m or more.") % {"least": MIN_CELL})
        return told

    def _find_unit(self, told: dict[str, Any]) -> None:
        text, day = told["unit"].strip(), told["unit_on"] or timezone.localdate()
        found = list(Unit.objects.in_force(day).called(text).lowest_first()[:6])
        exact = [unit for unit in found if text.casefold() in (unit.code, unit.name.casefold())]
        if len(exact) != 1 and len(found) != 1:
            names = ", ".join(f"{unit.name} ({unit.code})" for unit in found) or "—"
            self.add_error("unit", _("Write the code of one unit of that day. Of that name: %(names)s.") % {"names": names})
            return
        self.unit_code = (exact if len(exact) == 1 else found)[0].code

    def query(self) -> dict[str, Any]:
        """The query as the API takes it."""
        told = self.cleaned_data
        conditions: list[dict[str, Any]] = [{"field": field, "is": told[field]} for field in ("category", "status") if told[field]]
        if told["since"] or told["until"]:
            conditions.append({"field": "filed"} | {name: f"{told[name]:%Y-%m-%d}" for name in ("since", "until") if told[name]})
        places: list[dict[str, Any]] = []
        if told["area"]:
            places.append({"relation": "within", "area": {"type": "Polygon", "coordinates": [told["area"]]}})
        if self.unit_code:
            places.append(
                {"relation": "within", "unit": self.unit_code} | ({"on": f"{told['unit_on']:%Y-%m-%d}"} if told["unit_on"] else {})
            )
        part = {"layer": told["layer"]} | ({"feature": told["feature"]} if told["feature"] else {})
        if told["relation"]:
            places.append(_beside(told["relation"], part, told["metres"]))
        asked: dict[str, Any] = {name: value for name, value in (("conditions", conditions), ("places", places)) if value}
        if told["nearest"]:
            asked["nearest"] = {"count": told["nearest"], "point": told["point"]}
        if told["group"]:
            asked["group"] = _group(told, part)
        return asked


def _beside(relation: str, part: dict[str, Any], metres: float | None) -> dict[str, Any]:
    turned = {"not": True} if relation in ("beyond", "outside") else {}
    if relation in ("near", "beyond"):
        return {"relation": "near", **part, "metres": metres, **turned}
    return {"relation": "intersects", **part, **turned}


def _group(told: Mapping[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    by, metres = told["group"], told["group_metres"]
    if by in ("commune", "district", "province"):
        return {"by": "unit", "level": by} | ({"on": f"{told['group_on']:%Y-%m-%d}"} if told["group_on"] else {})
    if by == "cell":
        return {"by": by, "metres": metres}
    return {"by": by, **part} | ({"metres": metres} if metres else {}) if by == "feature" else {"by": by}


def as_fields(query: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that say a query; what the form has no field for is left out (see `says_all`)."""
    fields: dict[str, Any] = {}
    for condition in query.get("conditions") or []:
        if condition["field"] in ("category", "status"):
            fields[condition["field"]] = condition.get("is")
        elif condition["field"] == "filed":
            fields |= {name: condition[name] for name in ("since", "until") if condition.get(name)}
    for place in query.get("places") or []:
        if place.get("area") and place["area"].get("type") == "Polygon":
            fields["area"] = " ".join(f"{lon},{lat}" for lon, lat in place["area"]["coordinates"][0])
        elif place.get("unit"):
            fields |= {"unit": place["unit"], "unit_on": place.get("on", "")}
        elif place.get("layer"):
            near, turned = place["relation"] == "near", place.get("not")
            relation = ("beyond" if turned else "near") if near else ("outside" if turned else "within")
            fields |= {
                "relation": relation,
                "layer": place["layer"],
                "feature": place.get("feature", ""),
                "metres": place.get("metres", ""),
            }
    if nearest := query.get("nearest"):
        point = nearest.get("point")
        fields |= {"nearest": nearest["count"], "point": f"{point[1]}, {point[0]}" if point else ""}
    if group := query.get("group"):
        by = group["by"]
        fields |= {"group": group.get("level", "commune") if by == "unit" else by, "group_on": group.get("on", "")}
        fields["group_metres"] = group.get("metres", "")
        if by == "feature":
            fields |= {"layer": group["layer"], "feature": group.get("feature", fields.get("feature", ""))}
    return fields


def says_all(form: QueryForm, query: Mapping[str, Any]) -> bool:
    """Whether the form, filled from a query, says all of it."""
    return form.is_valid() and form.query() == {name: value for name, value in query.items() if name != "source" and value}
