"""The form of a survey: a field for each thing that the category asks, typed; and what was found, as it is kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast
from uuid import uuid4

from django import forms
from django.contrib.gis.geos import Point
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from authorities.survey_models import SurveyField
from boundaries.models import WGS84
from reports.forms import PhotosField, SeveralFiles
from reports.media import PhotoRefused, PreparedPhoto, prepare_photo
from reports.models import Report
from reports.services import Surveyed
from reports.survey_models import MAX_NOTE
from reports.tidy_field import TidyField
from reports.words import tidy, tidy_line

MAX_TEXT = 1000
MAX_ACCURACY_M = 100_000
PREFIX = "found_"
YES, NO = "yes", "no"


class SurveyForm(forms.Form):
    """What an officer found. Only `key` and `done_at` are the phone's own; without scripts the server makes them."""

    key = forms.UUIDField(required=False, widget=forms.HiddenInput)
    done_at = forms.DateTimeField(required=False, widget=forms.HiddenInput)
    lat = forms.FloatField(required=False, min_value=-90, max_value=90, widget=forms.HiddenInput)
    lon = forms.FloatField(required=False, min_value=-180, max_value=180, widget=forms.HiddenInput)
    accuracy = forms.FloatField(required=False, min_value=0, max_value=MAX_ACCURACY_M, widget=forms.HiddenInput)
    named = forms.CharField(required=False, max_length=2000, widget=forms.HiddenInput)
    note = TidyField(
        required=False,
        label=gettext_lazy("Note"),
        max_length=MAX_NOTE,
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": MAX_NOTE}),
    )
    photos = PhotosField(
        required=False,
        label=gettext_lazy("Photos"),
        widget=SeveralFiles(attrs={"accept": "image/jpeg,image/png,image/webp"}),
    )

    def __init__(self, data: Any = None, files: Any = None, *, report: Report) -> None:
        super().__init__(data, files, initial={"key": uuid4()})
        self.report = report
        self.asked = {f"{PREFIX}{asked.code}": asked for asked in SurveyField.objects.asked_of(report.category)}
        for name, asked in self.asked.items():
            self.fields[name] = _form_field(asked)
        self.prepared: list[PreparedPhoto] = []
        self.found_before: list[dict[str, Any]] = []

    @property
    def finding_fields(self) -> Iterator[forms.BoundField]:
        """What the category asks."""
        return (self[name] for name in self.asked)

    def clean_done_at(self) -> Any:
        """The phone's time; now where it gave none."""
        return self.cleaned_data["done_at"] or timezone.now()

    def clean_photos(self) -> Any:
        """The photos that came with the words, checked by their content."""
        for number, file in enumerate(cast("list[UploadedFile[bytes]]", self.cleaned_data["photos"]), start=1):
            try:
                self.prepared.append(prepare_photo(file))
            except PhotoRefused as error:
                self.add_error("photos", _("Photo %(number)d: %(reason)s") % {"number": number, "reason": error})
        return self.cleaned_data["photos"]

    def clean(self) -> dict[str, Any]:
        """A position is both numbers, or none; what was found in fields of before can be kept."""
        said = super().clean() or {}
        try:
            self.found_before = list(self._asked_before())
        except ValueError as error:
            raise ValidationError(str(error)) from None
        if (said.get("lat") is None) != (said.get("lon") is None):
            raise ValidationError(_("A position needs latitude and longitude."))
        return said

    def surveyed(self) -> Surveyed:
        """What was said, for the service; the names of photos are those that the phone gave, and of those that came along."""
        said = self.cleaned_data
        named = [*said["named"].split(), *(photo.digest for photo in self.prepared)]
        return Surveyed(
            key=said["key"] or uuid4(),
            done_at=said["done_at"],
            location=Point(said["lon"], said["lat"], srid=WGS84) if said["lat"] is not None else None,
            accuracy_m=said["accuracy"],
            findings=list(self._findings(said)),
            note=said["note"],
            photos_named=list(dict.fromkeys(named)),
        )

    def _findings(self, said: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """The fields that were filled in, with the words in which they were asked: those may change, what was found does not."""
        for name, asked in self.asked.items():
            value = said.get(name)
            if value in (None, ""):
                continue
            values: tuple[Any, Any] = (value, value)
            if asked.kind == SurveyField.Kind.CHOICE:
                values = next(pair for pair in asked.both_choices if pair[0] == value)
            elif asked.kind == SurveyField.Kind.YES_NO:
                values = (value == YES, value == YES)
            yield {
                "code": asked.code,
                "name": asked.name,
                "name_en": asked.name_en,
                "kind": asked.kind,
                "unit": asked.unit,
                "value": values[0],
                "value_en": values[1],
            }
        yield from self.found_before

    def _asked_before(self) -> Iterator[dict[str, Any]]:
        """What was found in fields that are asked no more: the phone had the form of yesterday, and nothing is lost.

        Raises ValueError for what cannot be kept.
        """
        for name in self.data:
            if not name.startswith(PREFIX) or name in self.asked:
                continue
            code, text = tidy_line(name.removeprefix(PREFIX))[:60], tidy(str(self.data[name]))[:MAX_TEXT]
            if text:
                yield {"code": code, "name": code, "name_en": code, "kind": "text", "unit": "", "value": text, "value_en": text}


def _form_field(asked: SurveyField) -> forms.Field:
    label = f"{asked.label} ({asked.unit})" if asked.unit else asked.label
    more: dict[str, Any] = {"label": label, "required": asked.required}
    if asked.kind == SurveyField.Kind.NUMBER:
        attributes = {"inputmode": "decimal", "step": "any"}
        return forms.FloatField(min_value=asked.lowest, max_value=asked.highest, widget=forms.NumberInput(attrs=attributes), **more)
    if asked.kind == SurveyField.Kind.CHOICE:
        return forms.ChoiceField(choices=[("", "–"), *asked.shown_choices], **more)
    if asked.kind == SurveyField.Kind.YES_NO:
        return forms.ChoiceField(choices=[(YES, _("Yes")), (NO, _("No"))], widget=forms.RadioSelect, **more)
    return TidyField(max_length=MAX_TEXT, widget=forms.Textarea(attrs={"rows": 2, "maxlength": MAX_TEXT}), **more)
