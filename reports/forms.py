"""The form by which people file a report. It reads what was sent and says what is missing; where a report goes is decided elsewhere."""

from __future__ import annotations

import math
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from django import forms
from django.contrib.gis.geos import Point
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from authorities.models import Category
from boundaries.locate import MAX_ACCURACY_M
from boundaries.models import Level, Unit
from boundaries.places import Place, search_places
from gis.bbox import parse_number, parse_point
from gis.errors import PlaceError
from reports.destination import Destination, destination
from reports.services.filing import MAX_DESCRIPTION, MAX_EMAIL, MAX_NAME, MAX_PLACE_NOTE
from reports.words import phone_number, tidy, tidy_line

# Keys of forms are random and open the report that they filed; those of the API's clients may be anything. Neither may stand for the other
KEY_PREFIX = "form:"
MAX_PHOTOS = 5
ROUGH_M = 500  # a spot known no better than this needs words that say where exactly
UNSURE = "unsure"  # the answer "I am not sure" to the question at a border


def new_key() -> str:
    """A random key by which a form files once, however often it is sent."""
    return secrets.token_urlsafe(18)


@dataclass(frozen=True)
class Spot:
    """A place from the search, as a button's value: its middle, how far off a spot in it may lie (m, 0: exact), and its commune of today."""

    lat: float
    lon: float
    reach_m: float = 0
    unit: str = ""

    @classmethod
    def of(cls, place: Place) -> Spot | None:
        """The spot of a place found; None for what is larger than a commune and so is no spot."""
        if place.kind == "coordinates":
            return cls(place.lat, place.lon)
        on = date.fromisoformat(place.on) if place.on else timezone.localdate()
        unit = Unit.objects.in_force(on).of_level(Level.COMMUNE).with_outline(None).filter(code=place.code).first()
        if unit is None:
            return None
        # A former commune is no answer to the question which one it is today; its middle is a beginning
        return cls(place.lat, place.lon, _reach(unit), "" if place.on else unit.code)

    @classmethod
    def parse(cls, text: str) -> Spot | None:
        """The spot in "lat,lon,metres,code"; None where it is none."""
        parts = text.split(",")
        try:
            point = parse_point(parts[0], parts[1])
            reach = parse_number(parts[2], "reach")
        except (PlaceError, IndexError):
            return None
        return cls(point.y, point.x, max(reach, 0), parts[3] if len(parts) == 4 else "")

    def __str__(self) -> str:
        return f"{self.lat:.6f},{self.lon:.6f},{self.reach_m:.0f},{self.unit}"

    def as_typed(self) -> dict[str, str]:
        """The fields of the form that make it the chosen spot."""
        return {
            "lat": f"{self.lat:.6f}",
            "lon": f"{self.lon:.6f}",
            "accuracy": f"{self.reach_m:.0f}" if self.reach_m else "",
            "place_unit": self.unit,
            "unit": "",
        }


def _reach(unit: Unit) -> float:
    """The radius of a circle as large as the unit."""
    area = getattr(unit, "area_m2", None)
    return min(math.sqrt(area / math.pi), MAX_ACCURACY_M) if area else MAX_ACCURACY_M


class SeveralFiles(forms.ClearableFileInput):
    """A file input that takes several."""

    allow_multiple_selected = True

    def value_from_datadict(
        self, data: Mapping[str, Any], files: MultiValueDict[str, UploadedFile[Any]], name: str
    ) -> list[UploadedFile[Any]]:
        """All of them."""
        return files.getlist(name)


class PhotosField(forms.FileField):
    """Up to five files; whether they are photos is looked at later, by their content."""

    widget = SeveralFiles

    def clean(self, data: Any, initial: Any = None) -> Any:
        """The files, empty ones (a browser sends one where nothing was chosen) left out."""
        files = [file for file in data or [] if isinstance(file, UploadedFile) and (file.name or file.size)]
        if len(files) > MAX_PHOTOS:
            raise forms.ValidationError(_("At most %(number)d photos.") % {"number": MAX_PHOTOS})
        return files


class FilingForm(forms.Form):
    """A report as a person types it: place by pin, search or coordinates; what; who."""

    key = forms.CharField(required=False, max_length=90, widget=forms.HiddenInput)
    lat = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)
    lon = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)
    accuracy = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)
    place_unit = forms.CharField(required=False, max_length=10, widget=forms.HiddenInput)
    not_these = forms.CharField(required=False, max_length=60, widget=forms.HiddenInput)  # codes that were shown: it is none of them
    place = forms.CharField(
        required=False,
        max_length=200,
        label=gettext_lazy("Place"),
        widget=forms.TextInput(attrs={"type": "search", "enterkeyhint": "search", "autocomplete": "off"}),
    )
    unit = forms.CharField(required=False, max_length=10, label=gettext_lazy("Which commune is it?"))
    place_note = forms.CharField(
        required=False,
        max_length=MAX_PLACE_NOTE,
        label=gettext_lazy("Where exactly?"),
        help_text=gettext_lazy("Hamlet, road, house number, or what stands next to it."),
    )
    category = forms.ModelChoiceField(
        Category.objects.all(),
        to_field_name="code",
        label=gettext_lazy("What is it about?"),
        error_messages={
            "required": gettext_lazy("Choose what it is about."),
            "invalid_choice": gettext_lazy("Choose what it is about."),
        },
    )
    description = forms.CharField(
        label=gettext_lazy("What did you see?"),
        widget=forms.Textarea(attrs={"rows": 5}),
        error_messages={"required": gettext_lazy("Write what you saw.")},
        help_text=gettext_lazy("A sentence or two are enough. Everybody can read it: leave names and phone numbers out."),
    )
    photos = PhotosField(required=False, label=gettext_lazy("Photos"))
    name = forms.CharField(
        required=False, label=gettext_lazy("Your name"), max_length=MAX_NAME, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    phone = forms.CharField(
        required=False,
        label=gettext_lazy("Your phone number"),
        max_length=30,
        widget=forms.TextInput(attrs={"type": "tel", "inputmode": "tel", "autocomplete": "tel"}),
        help_text=gettext_lazy("For questions of the officer in charge."),
    )
    email = forms.EmailField(
        required=False,
        label=gettext_lazy("Your e-mail"),
        max_length=MAX_EMAIL,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email"}),
        help_text=gettext_lazy("We tell you about each step."),
    )

    # --- what was typed so far, valid or not; the page shows it ------------------------------------------------------
    def typed(self, name: str) -> str:
        """What stands in a field now."""
        value = self.data.get(name) if self.is_bound else self.initial.get(name)
        return str(value or "").strip()

    @cached_property
    def point(self) -> Point | None:
        """The spot, if there is one."""
        try:
            return parse_point(self.typed("lat"), self.typed("lon"))
        except PlaceError:
            return None

    @cached_property
    def accuracy_m(self) -> float | None:
        """The radius in which the spot truly lies; None where it is exact or unknown."""
        try:
            metres = parse_number(self.typed("accuracy"), "accuracy")
        except PlaceError:
            return None
        return min(metres, 100_000.0) if metres > 0 else None

    @property
    def is_rough(self) -> bool:
        """Whether the spot is known so badly that words must say where it is."""
        return self.accuracy_m is not None and self.accuracy_m > ROUGH_M

    @cached_property
    def chosen_category(self) -> Category | None:
        """The category that is ticked now."""
        code = self.typed("category")
        return Category.objects.filter(code=code).first() if code and "\x00" not in code else None

    @cached_property
    def destination(self) -> Destination | None:
        """Where the report would go as it stands."""
        if self.point is None:
            return None
        answer = self.typed("place_unit") or self.typed("unit")
        return destination(point=self.point, accuracy_m=self.accuracy_m, category=self.chosen_category, chosen_unit=answer)

    @property
    def question(self) -> list[Any]:
        """The units to choose from where the spot is ambiguous; a commune chosen by its name raises no question."""
        return list(self.destination.choices) if self.destination and not self.typed("place_unit") else []

    @property
    def answer(self) -> str:
        """The answer to the question that is ticked: the one given, else the largest share."""
        given = self.typed("unit")
        known = {UNSURE, *(choice.unit.code for choice in self.question)}
        return given if given in known else (self.question[0].unit.code if self.question else "")

    # --- validation --------------------------------------------------------------------------------------------------
    def clean_key(self) -> str:
        """The key, or a new one where it is none that we gave."""
        key: str = self.cleaned_data["key"]
        return key if key and key.isascii() and key.isprintable() else new_key()

    def clean_description(self) -> str:
        """The text, tidied and not too long."""
        text = tidy(self.cleaned_data["description"])
        if not text:
            raise forms.ValidationError(_("Write what you saw."))
        if len(text) > MAX_DESCRIPTION:
            raise forms.ValidationError(
                _("At most %(limit)d characters; you wrote %(count)d.") % {"limit": MAX_DESCRIPTION, "count": len(text)}
            )
        return text

    def clean_place_note(self) -> str:
        """One line."""
        return tidy_line(self.cleaned_data["place_note"])

    def clean_name(self) -> str:
        """One line."""
        return tidy_line(self.cleaned_data["name"])

    def clean_phone(self) -> str:
        """The digits."""
        try:
            return phone_number(self.cleaned_data["phone"])
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None

    def clean_category(self) -> Category:
        """A category in scope; otherwise its guidance says where to go."""
        category: Category = self.cleaned_data["category"]
        if not category.in_scope:
            raise forms.ValidationError(category.guidance_text or _("This is not handled here."))
        return category

    def clean(self) -> dict[str, Any]:
        """What depends on several fields: the spot, its question, and who must say who they are."""
        data = super().clean() or self.cleaned_data
        if self.point is None:
            self.add_error("place", self._why_no_spot())
        elif self.question and not self.typed("unit"):
            self.add_error("unit", _("The spot is close to a border. Choose the commune in which it lies."))
        elif self.is_rough and not data.get("place_note") and "place_note" not in self.errors:
            self.add_error("place_note", _("The spot is known only roughly. Write where exactly it is, or move the pin to it."))
        category = data.get("category")
        if category is None or not category.anonymous_allowed:
            for name, sentence in (("name", _("Write your name.")), ("phone", _("Write your phone number."))):
                if not data.get(name) and name not in self.errors:
                    self.add_error(name, sentence)
        return data

    def _why_no_spot(self) -> str:
        if self.typed("lat") or self.typed("lon"):
            try:
                parse_point(self.typed("lat"), self.typed("lon"))
            except PlaceError as error:
                return str(error)
        if self.typed("place"):
            return _("Press “Search”, and choose the place from the list.")
        return _("Say where it is.")

    # --- the search, for those without scripts -----------------------------------------------------------------------
    def found_places(self) -> list[tuple[Place, Spot]]:
        """The places of the words in the search box that can be a spot."""
        return [(place, spot) for place in search_places(self.typed("place")) if (spot := Spot.of(place)) is not None]
