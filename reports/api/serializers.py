"""What comes in and what goes out are different serializers; outside, a report is its code, never its id."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework_gis.fields import GeometryField
from rest_framework_gis.serializers import GeoFeatureModelSerializer

from authorities.models import Category
from authorities.shelf import Shelf, newest, shelf
from boundaries.serializers import CandidateOut, UnitOut
from reports.models import Report, ReportEvent
from reports.querysets import ReportQuerySet
from reports.services.filing import MAX_DESCRIPTION, MAX_EMAIL, MAX_NAME, MAX_PLACE_NOTE
from reports.timeline import sentence
from reports.words import phone_number, tidy, tidy_line
from reports.workflow import Status

MAX_PHOTOS = 5
EXCERPT = 160
CODE = re.compile(r"[-\w]{1,40}", re.ASCII)


class TidyField(serializers.CharField):
    """Text, tidied by a function before its length is measured."""

    how: Callable[[str], str]

    def __init__(self, how: Callable[[str], str], **options: Any) -> None:
        self.how = how
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> str:
        """The tidied text; the sentence of the function's ValueError otherwise."""
        try:
            text = self.how(super().to_internal_value(data))
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from None
        if not self.allow_blank and not text:
            self.fail("blank")
        return text


class NumberField(serializers.FloatField):
    """A finite number (DRF sees to that); true is none, although Python takes it for 1.0."""

    def to_internal_value(self, data: Any) -> float:
        """The number."""
        if isinstance(data, bool):
            self.fail("invalid")
        return super().to_internal_value(data)


class CategoryField(serializers.SlugRelatedField[Category]):
    """A category by its code, of the shelf that a function gives."""

    def __init__(self, kept: Callable[[], Shelf] = shelf, **options: Any) -> None:
        self._kept = kept
        super().__init__(slug_field="code", queryset=Category.objects.all(), **options)

    def to_internal_value(self, data: Any) -> Category:
        """The category; a sentence where there is none of that code."""
        found = self._kept().category(data) if isinstance(data, str) and CODE.fullmatch(data) else None
        if found is None:
            raise serializers.ValidationError(_("There is no such category; /api/v1/categories/ names them."))
        return found


class MomentField(serializers.DateTimeField):
    """A time; those at the ends of the calendar, which DRF stumbles over, are refused like any other wrong one."""

    def to_internal_value(self, value: Any) -> datetime:
        """The time, aware."""
        try:
            return super().to_internal_value(value)
        except OverflowError:
            self.fail("overflow")


class ReportIn(serializers.Serializer[Any]):
    """A report as it is sent."""

    lat = NumberField()
    lon = NumberField()
    accuracy_m = NumberField(required=False, allow_null=True, min_value=0, max_value=100_000)
    unit = serializers.CharField(
        required=False, allow_blank=True, max_length=10, help_text="The reporter's answer where the spot is ambiguous"
    )
    category = CategoryField(newest)  # who files holds its version against the database's
    description = TidyField(tidy, max_length=MAX_DESCRIPTION)
    place_note = TidyField(tidy_line, required=False, allow_blank=True, max_length=MAX_PLACE_NOTE)
    observed_at = MomentField(required=False, allow_null=True)
    name = TidyField(tidy_line, required=False, allow_blank=True, max_length=MAX_NAME)
    phone = TidyField(phone_number, required=False, allow_blank=True)
    email = serializers.EmailField(required=False, allow_blank=True, max_length=MAX_EMAIL)
    media = serializers.ListField(child=serializers.FileField(), required=False, max_length=MAX_PHOTOS)

    def validate_category(self, category: Category) -> Category:
        """Only what is in scope; otherwise the guidance says where to go."""
        if not category.in_scope:
            raise serializers.ValidationError(category.guidance_text or _("This is not handled here."))
        return category

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Name and phone, unless the category may be anonymous."""
        if not attrs["category"].anonymous_allowed:
            missing = {name: [_("This is required.")] for name in ("name", "phone") if not attrs.get(name)}
            if missing:
                raise serializers.ValidationError(missing)
        return attrs


class DestinationIn(serializers.Serializer[Any]):
    """A spot that is asked for."""

    lat = NumberField()
    lon = NumberField()
    accuracy = NumberField(required=False, min_value=0, help_text="Radius in metres in which the spot truly lies")
    category = serializers.SlugRelatedField(
        slug_field="code",
        queryset=Category.objects.all(),
        required=False,
        help_text="Without it the body is the one that gets most reports",
    )
    unit = serializers.CharField(required=False, max_length=10, help_text="The reporter's answer where the spot is ambiguous")


class BodyOut(serializers.Serializer[Any]):
    """A body by name."""

    code = serializers.CharField()
    name = serializers.CharField()


class DestinationOut(serializers.Serializer[Any]):
    """Where a report would go; `choices` are the units to choose from where the spot is ambiguous."""

    unit = UnitOut(source="placement.unit", allow_null=True)
    method = serializers.CharField(source="placement.method")
    distance_m = serializers.FloatField(source="placement.distance_m")
    ambiguous = serializers.BooleanField(source="placement.ambiguous")
    candidates = CandidateOut(source="placement.candidates", many=True)
    choices = CandidateOut(many=True)
    authority = BodyOut(source="body", allow_null=True)
    needs_triage = serializers.BooleanField()
    text = serializers.CharField()


class FiledOut(serializers.Serializer[Any]):
    """The answer to a report: the public code, the private link, where it went and why."""

    code = serializers.CharField()
    tracking_url = serializers.URLField()
    tracking_token = serializers.CharField()
    unit = serializers.DictField(allow_null=True)
    authority = serializers.DictField()
    routing = serializers.ListField(child=serializers.DictField())
    status = serializers.CharField()
    due_at = serializers.DateTimeField()


class ReportFeature(GeoFeatureModelSerializer):
    """A public report in a list."""

    location = GeometryField(precision=6)
    category = serializers.CharField(source="category.code")
    category_name = serializers.CharField(source="category.label")
    unit = serializers.CharField(source="unit.code", default=None)
    unit_name = serializers.CharField(source="unit.name", default=None)
    unit_valid_from = serializers.DateField(source="unit.valid_from", default=None)
    unit_valid_to = serializers.DateField(source="unit.valid_to", default=None)
    authority = serializers.CharField(source="authority.code")
    authority_name = serializers.CharField(source="authority.name")
    status_name = serializers.SerializerMethodField()
    description = serializers.SerializerMethodField()
    photo = serializers.SerializerMethodField()
    metres_away = serializers.SerializerMethodField()
    url = serializers.CharField(source="get_absolute_url")

    class Meta:
        model = Report
        geo_field = "location"
        id_field = "code"
        fields = [
            "code",
            "category",
            "category_name",
            "status",
            "status_name",
            "unit",
            "unit_name",
            "unit_valid_from",
            "unit_valid_to",
            "authority",
            "authority_name",
            "description",
            "filed_at",
            "due_at",
            "closed_at",
            "photo",
            "metres_away",
            "url",
        ]

    def get_status_name(self, report: Report) -> str:
        """The status in the reader's language."""
        return str(Status(report.status).label)

    def get_description(self, report: Report) -> str:
        """The beginning of the text."""
        text = " ".join(report.public_description.split())
        return text if len(text) <= EXCERPT else text[: EXCERPT - 1].rsplit(" ", 1)[0] + "…"

    def get_photo(self, report: Report) -> str | None:
        """Address of the first photo's thumbnail."""
        photos = report.shown_photos
        return reverse("reports:photo_thumb", args=[photos[0].key]) if photos else None

    def get_metres_away(self, report: Any) -> float | None:
        """Distance from the point of `near`."""
        metres = getattr(report, "metres_away", None)
        return None if metres is None else round(metres, 1)


def _codes(reports: ReportQuerySet) -> list[str | None]:
    """Codes of those that are public, the oldest first; None where there is none."""
    return list(reports.public().order_by("pk").values_list("code", flat=True)) or [None]


class ReportDetail(ReportFeature):
    """A public report with its whole text, photos and published reply."""

    place_note = serializers.CharField(source="public_place_note")
    photos = serializers.SerializerMethodField()
    replies = serializers.SerializerMethodField()
    return_reason = serializers.CharField(source="return_reason.label", default=None)
    duplicate_of = serializers.SerializerMethodField()
    duplicates = serializers.SerializerMethodField()
    split_from = serializers.SerializerMethodField()
    split_into = serializers.SerializerMethodField()

    class Meta(ReportFeature.Meta):
        fields = [
            *ReportFeature.Meta.fields,
            "place_note",
            "observed_at",
            "accuracy_m",
            "method",
            "distance_m",
            "photos",
            "replies",
            "return_reason",
            "duplicate_of",
            "duplicates",
            "split_from",
            "split_into",
        ]

    def get_description(self, report: Report) -> str:
        """The whole text, personal data masked."""
        return report.public_description

    def get_photos(self, report: Report) -> list[dict[str, Any]]:
        """Addresses and sizes (pixels) of the photos."""
        return [
            {
                "url": reverse("reports:photo", args=[photo.key]),
                "thumbnail": reverse("reports:photo_thumb", args=[photo.key]),
                "width": photo.width,
                "height": photo.height,
                "kind": photo.kind,
            }
            for photo in report.shown_photos
        ]

    def get_duplicate_of(self, report: Report) -> str | None:
        """Code of the report of the same matter that goes on, if it is public."""
        return _codes(Report.objects.filter(duplicates=report))[0] if report.duplicate_of_id else None

    def get_duplicates(self, report: Report) -> list[str | None]:
        """Codes of the public reports of the same matter that ended in this one."""
        return [code for code in _codes(report.duplicates.all()) if code]

    def get_split_from(self, report: Report) -> str | None:
        """Code of the report that named two problems, of which this is the second, if it is public."""
        return _codes(Report.objects.filter(split_into__report=report))[0]

    def get_split_into(self, report: Report) -> list[str | None]:
        """Codes of the public reports that were split off from this one."""
        return [code for code in _codes(Report.objects.filter(split_from__original=report)) if code]

    def get_replies(self, report: Report) -> list[dict[str, Any]]:
        """What the bodies answered, published only."""
        return [
            {"text": reply.public_text, "authority_name": reply.body.name, "published_at": reply.published_at}
            for reply in report.replies.filter(published_at__isnull=False).select_related("body")
        ]


class SimilarIn(serializers.Serializer[Any]):
    """A matter as it would be filed."""

    lat = NumberField()
    lon = NumberField()
    category = CategoryField()
    description = TidyField(tidy, required=False, allow_blank=True, max_length=MAX_DESCRIPTION)


class SimilarOut(ReportFeature):
    """A public report that may be of the same matter, with how alike it is (0 to 1) and by what."""

    likeness = serializers.SerializerMethodField()

    class Meta(ReportFeature.Meta):
        fields = [*ReportFeature.Meta.fields, "likeness"]

    def get_likeness(self, report: Any) -> dict[str, float]:
        """The score and its parts."""
        found = report.likeness
        return {"score": round(found.score, 3), **{name: round(value, 3) for name, value in found.parts.items()}}


class EventOut(serializers.ModelSerializer[ReportEvent]):
    """A public step of a report's history; who did it is a body, never a person."""

    authority_name = serializers.CharField(source="body.name", default=None)
    text = serializers.SerializerMethodField()

    class Meta:
        model = ReportEvent
        fields = ["at", "kind", "status_before", "status_after", "authority_name", "text"]

    def get_text(self, event: ReportEvent) -> str:
        """The step in a sentence of the reader's language."""
        return sentence(event)


class CategoryOut(serializers.ModelSerializer[Category]):
    """A category as people see it."""

    name = serializers.CharField(source="label")
    group = serializers.CharField(source="group_label")
    guidance = serializers.CharField(source="guidance_text")

    class Meta:
        model = Category
        fields = ["code", "name", "group", "in_scope", "guidance", "icon", "anonymous_allowed", "publication", "days_to_answer"]
