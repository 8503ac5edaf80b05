"""What comes in and what goes out are different serializers; outside, a report is its code, never its id."""

from __future__ import annotations

import math
import re
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework_gis.fields import GeometryField
from rest_framework_gis.serializers import GeoFeatureModelSerializer

from authorities.models import Category
from reports.models import Report, ReportEvent
from reports.timeline import sentence
from reports.workflow import Status

MAX_PHOTOS = 5
PHONE = re.compile(r"^(?:\+?84|0)\d{9,10}$")
EXCERPT = 160


class PhoneField(serializers.CharField):
    """A Vietnamese phone number; spaces, dots and dashes are taken out."""

    def to_internal_value(self, data: Any) -> str:
        """The digits, or a sentence that says how to write it."""
        number = re.sub(r"[\s.\-()]", "", super().to_internal_value(data))
        if number and not PHONE.match(number):
            raise serializers.ValidationError(_("This is not a Vietnamese phone number: write it like 0912 345 678."))
        return number


class FiniteField(serializers.FloatField):
    """A number that is one: NaN and infinity pass every comparison otherwise."""

    def to_internal_value(self, data: Any) -> float:
        """The number."""
        number: float = super().to_internal_value(data)
        if not math.isfinite(number):
            self.fail("invalid")
        return number


class ReportIn(serializers.Serializer[Any]):
    """A report as it is sent."""

    lat = FiniteField()
    lon = FiniteField()
    accuracy_m = FiniteField(required=False, allow_null=True, min_value=0, max_value=100_000)
    unit = serializers.CharField(
        required=False, allow_blank=True, max_length=10, help_text="The reporter's answer where the spot is ambiguous"
    )
    category = serializers.SlugRelatedField(slug_field="code", queryset=Category.objects.all())
    description = serializers.CharField(max_length=5000)
    place_note = serializers.CharField(required=False, allow_blank=True, max_length=300)
    observed_at = serializers.DateTimeField(required=False, allow_null=True)
    name = serializers.CharField(required=False, allow_blank=True, max_length=120)
    phone = PhoneField(required=False, allow_blank=True, max_length=30)
    email = serializers.EmailField(required=False, allow_blank=True)
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
        text = " ".join(report.description.split())
        return text if len(text) <= EXCERPT else text[: EXCERPT - 1].rsplit(" ", 1)[0] + "…"

    def get_photo(self, report: Report) -> str | None:
        """Address of the first photo's thumbnail."""
        photos = list(report.photos.all())
        return reverse("reports:photo_thumb", args=[photos[0].key]) if photos else None

    def get_metres_away(self, report: Any) -> float | None:
        """Distance from the point of `near`."""
        metres = getattr(report, "metres_away", None)
        return None if metres is None else round(metres, 1)


class ReportDetail(ReportFeature):
    """A public report with its whole text, photos and published reply."""

    photos = serializers.SerializerMethodField()
    replies = serializers.SerializerMethodField()
    return_reason = serializers.CharField(source="return_reason.label", default=None)

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
        ]

    def get_description(self, report: Report) -> str:
        """The whole text."""
        return report.description

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
            for photo in report.photos.all()
        ]

    def get_replies(self, report: Report) -> list[dict[str, Any]]:
        """What the bodies answered, published only."""
        return [
            {"text": reply.text, "authority_name": reply.body.name, "published_at": reply.published_at}
            for reply in report.replies.filter(published_at__isnull=False).select_related("body")
        ]


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
