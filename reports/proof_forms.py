"""What is asked with a reply that says “repaired”: a photo of the spot after the work, or why there is none."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.gis.geos import Point
from django.utils.translation import gettext as _

from boundaries.models import WGS84
from reports.forms import PhotosField, SeveralFiles
from reports.models import Photo, Report
from reports.survey_models import MAX_REASON
from reports.tidy_field import TidyField

OF_THE_PHONE = ("lat", "lon", "accuracy")


def proof_fields(report: Report) -> dict[str, forms.Field]:
    """The fields; the position is the phone's, as it chose the photos."""
    hint = _(
        "Taken within %(metres)d m of the pin and after the report. It is public with the reply; blur people and number plates before."
    )
    if report.photos.filter(kind=Photo.Kind.DRAFT).exists():
        hint += " " + _("The photo of your last draft still counts.")
    number: dict[str, Any] = {"required": False, "widget": forms.HiddenInput}
    return {
        "after": PhotosField(
            required=False,
            label=_("Photo after the work"),
            help_text=hint % {"metres": settings.PROOF_DISTANCE_M},
            widget=SeveralFiles(attrs={"accept": "image/jpeg,image/png,image/webp"}),
        ),
        "why_none": TidyField(
            required=False,
            label=_("Or why there is no photo"),
            help_text=_("Public with the reply, for example: the work lies under water."),
            max_length=MAX_REASON,
            widget=forms.Textarea(attrs={"rows": 2, "maxlength": MAX_REASON}),
        ),
        "lat": forms.FloatField(min_value=-90, max_value=90, **number),
        "lon": forms.FloatField(min_value=-180, max_value=180, **number),
        "accuracy": forms.FloatField(min_value=0, **number),
    }


def proof_said(said: dict[str, Any]) -> dict[str, Any]:
    """What was said, as the service takes it: a phone that does not know well enough where it is says nothing."""
    lat, lon, accuracy = (said[name] for name in OF_THE_PHONE)
    known = lat is not None and lon is not None and (accuracy or 0) <= settings.PROOF_DISTANCE_M
    return {name: value for name, value in said.items() if name not in OF_THE_PHONE} | {
        "where": Point(lon, lat, srid=WGS84) if known else None
    }
