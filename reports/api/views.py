"""The public calls: file a report, list, look at one, its history, and why it went where it went."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, status
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from authorities.models import Category, Membership, Role
from authorities.routing import explain
from authorities.shelf import Shelf, newest, shelf
from gis.bbox import parse_point
from gis.pagination import FeaturePages
from reports.api.filters import filtered
from reports.api.parsers import BoundedJSON
from reports.api.serializers import (
    CategoryOut,
    DestinationIn,
    DestinationOut,
    EventOut,
    FiledOut,
    ReportDetail,
    ReportFeature,
    ReportIn,
    SimilarIn,
    SimilarOut,
)
from reports.codes import normalised
from reports.destination import destination
from reports.duplicates import ASK, Matter, candidates
from reports.forms import KEY_PREFIX
from reports.media import PhotoRefused, PreparedPhoto, prepare_photo
from reports.models import Channel, Report, ReportEvent
from reports.services import Filing, file_once, file_report
from reports.services.errors import SettingsHaveChanged
from reports.throttling import Throttle
from reports.tokens import tracking_token

MAX_KEY = 100
MAX_SIMILAR = 5
AS_SENT = ReportIn()  # one for all: to validate changes nothing of it, and to make one copies every field
NAMES = [str(name) for name in ReportIn._declared_fields if name != "media"]

FILTERS = [
    OpenApiParameter("bbox", str, description="west,south,east,north in degrees"),
    OpenApiParameter("unit", str, description="Code of a unit, with `on`"),
    OpenApiParameter("authority", str),
    OpenApiParameter("category", str, description="Codes, separated by commas"),
    OpenApiParameter("status", str, description="Statuses, or open, closed, separated by commas"),
    OpenApiParameter("since", str, description="Filed from (date in Asia/Ho_Chi_Minh, or ISO 8601)"),
    OpenApiParameter("until", str, description="Filed before"),
    OpenApiParameter("near", str, description="lat,lon,metres"),
    OpenApiParameter("within", str, description="Code of a unit (with `on`) or a GeoJSON polygon"),
    OpenApiParameter("on", OpenApiTypes.DATE, description="Day on which the codes of units are meant"),
]


class ReportPages(FeaturePages):
    """The newest first."""

    page_size = 50
    max_page_size = 500
    ordering = ("-filed_at", "-id")


class ReportList(generics.ListAPIView[Report]):
    """Public reports, and the door by which new ones come in."""

    permission_classes = [AllowAny]
    parser_classes = [BoundedJSON, MultiPartParser]
    serializer_class = ReportFeature
    pagination_class = ReportPages

    def get_throttles(self) -> list[Any]:
        """Filing is limited; reading is not."""
        return [Throttle("file")] if self.request.method == "POST" else []

    @extend_schema(parameters=FILTERS)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A page of public reports, the newest first."""
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Report]:
        """The public reports asked for."""
        return filtered(Report.objects.public(), self.request.query_params.dict()).for_list()

    @extend_schema(
        request={"application/json": ReportIn, "multipart/form-data": ReportIn},
        responses={201: FiledOut, 200: FiledOut},
        parameters=[OpenApiParameter("Idempotency-Key", str, location=OpenApiParameter.HEADER)],
    )
    def post(self, request: Request) -> Response:
        """Files a report: 201; the same key and body again: the same answer, 200; the same key with another body: 422. Keys are known for 90 days."""
        key = request.headers.get("Idempotency-Key", "").strip()
        if len(key) > MAX_KEY or not (key.isascii() and key.isprintable()) or key.startswith(KEY_PREFIX):
            raise ValidationError({"Idempotency-Key": [_("An Idempotency-Key has at most 100 characters, all of them printable ASCII.")]})
        report, is_new = self._filed(request, key)
        return Response(filed_answer(report), status=status.HTTP_201_CREATED if is_new else status.HTTP_200_OK)

    def _filed(self, request: Request, key: str) -> tuple[Report, bool]:
        """The report, and whether it is new. Checked by the settings that this process saw last; where they have changed since, once more."""

        def file(kept: Shelf | None) -> tuple[Report, bool]:
            filing = self._filing(request, kept)
            return file_once(filing, key=key) if key else (file_report(filing), True)

        if settings.FILING_AT_ONCE and not request.FILES:
            kept = newest()
            try:
                return file(kept)
            except (ValidationError, SettingsHaveChanged):
                if shelf() is kept:
                    raise
        else:
            shelf()
        return file(None)

    def _filing(self, request: Request, kept: Shelf | None) -> Filing:
        """What is sent, checked; `kept` is the shelf whose version the database will be asked for, None where it was just asked."""
        data: Any = request.data
        if not hasattr(data, "items"):
            raise ValidationError({"non_field_errors": [_("Send an object with the fields of a report.")]})
        content = {name: data.get(name) for name in NAMES if name in data}
        files = [*request.FILES.getlist("media"), *request.FILES.getlist("media[]")]
        if files or "media" in data:
            content["media"] = files or data["media"]  # what is no file is refused, not passed over
        asked = AS_SENT.run_validation(content)
        if kept and kept.category(asked["category"].code) is not asked["category"]:
            raise SettingsHaveChanged  # another thread has put a shelf in its place meanwhile
        user = request.user if isinstance(request.user, User) else None
        files_for_others = user is not None and Membership.objects.held_by(user).filter(role=Role.TEAM).exists()
        return Filing(
            location=parse_point(asked["lat"], asked["lon"]),
            category=asked["category"],
            description=asked["description"],
            accuracy_m=asked.get("accuracy_m"),
            place_note=asked.get("place_note", ""),
            observed_at=asked.get("observed_at"),
            name=asked.get("name", ""),
            phone=asked.get("phone", ""),
            email=asked.get("email", ""),
            photos=_prepared(asked.get("media", [])),
            chosen_unit=asked.get("unit", ""),
            channel=Channel.TEAM if files_for_others else Channel.API,
            language=get_language() or "vi",
            filed_by=user if files_for_others else None,
            settings_version=kept.version if kept else None,
        )


def _prepared(files: list[Any]) -> list[PreparedPhoto]:
    photos, refused = [], []
    for number, file in enumerate(files, start=1):
        try:
            photos.append(prepare_photo(file))
        except PhotoRefused as error:
            refused.append(_("Photo %(number)d: %(reason)s") % {"number": number, "reason": error})
    if refused:
        raise ValidationError({"media": refused})
    return photos


def filed_answer(report: Report) -> dict[str, Any]:
    """What the reporter is told: code, private link, unit, body, and why."""
    token = tracking_token(report.code, report.token_generation)
    return {
        "code": report.code,
        "tracking_url": f"{settings.SITE_URL}{reverse('reports:report', args=[report.code])}?token={token}",
        "tracking_token": token,
        "unit": {"code": report.unit.code, "name": report.unit.name} if report.unit else None,
        "authority": {"code": report.authority.code, "name": report.authority.name},
        "routing": explain(filing_trace(report), report.category),
        "status": report.status,
        "due_at": timezone.localtime(report.due_at) if report.due_at else None,
    }


def filing_trace(report: Report) -> dict[str, Any]:
    """The trace of why the report first went where it went."""
    if report.trace_at_filing is not None:
        return report.trace_at_filing
    event = ReportEvent.objects.filter(report=report, kind="filed").only("data").get()
    return event.data["trace"]  # type: ignore[no-any-return]


def public_report(code: str) -> Report:
    """The public report that a code (as people type it) names; 404 otherwise."""
    known = normalised(code)
    if known is None:
        raise Http404
    report: Report = get_object_or_404(Report.objects.public().for_list().select_related("return_reason"), code=known)
    return report


class DestinationView(APIView):
    """Where a report would go, before it is sent."""

    permission_classes = [AllowAny]
    throttle_scope = "locate"

    @extend_schema(operation_id="reports_destination", parameters=[DestinationIn], responses=DestinationOut)
    def get(self, request: Request) -> Response:
        """The unit of a spot, the body that would get a report of a category from there, and the question to ask where it is ambiguous."""
        asked = DestinationIn(data=request.query_params)
        asked.is_valid(raise_exception=True)
        given = asked.validated_data
        found = destination(
            point=parse_point(given["lat"], given["lon"]),
            accuracy_m=given.get("accuracy"),
            category=given.get("category"),
            chosen_unit=given.get("unit", ""),
        )
        return Response(DestinationOut(found).data)


class SimilarView(APIView):
    """Public reports that may be of the same matter, before it is filed once more."""

    permission_classes = [AllowAny]
    throttle_scope = "locate"

    @extend_schema(operation_id="reports_similar", request=SimilarIn, responses=SimilarOut(many=True))
    def post(self, request: Request) -> Response:
        """Open public reports near the spot, alike in category, time and words, the likeliest first; a POST, so that no text stands in a log."""
        asked = SimilarIn(data=request.data)
        asked.is_valid(raise_exception=True)
        given = asked.validated_data
        matter = Matter(parse_point(given["lat"], given["lon"]), given["category"], given.get("description", ""), timezone.now())
        found = candidates(matter, among=Report.objects.public().open(), least=ASK, most=MAX_SIMILAR)
        for candidate in found:
            candidate.report.likeness = candidate.likeness  # type: ignore[attr-defined]
        return Response(SimilarOut([candidate.report for candidate in found], many=True).data)


class ReportOne(APIView):
    """One public report."""

    permission_classes = [AllowAny]

    @extend_schema(operation_id="reports_retrieve", responses=ReportDetail)
    def get(self, request: Request, code: str) -> Response:
        """The report as a GeoJSON feature."""
        return Response(ReportDetail(public_report(code)).data)


class ReportEvents(APIView):
    """The public timeline of a report."""

    permission_classes = [AllowAny]

    @extend_schema(operation_id="reports_events", responses=EventOut(many=True))
    def get(self, request: Request, code: str) -> Response:
        """Its public steps, the earliest first."""
        events = public_report(code).events.filter(public=True).select_related("body")
        return Response({"results": EventOut(events, many=True).data})


class ReportRouting(APIView):
    """Why a report went where it went."""

    permission_classes = [AllowAny]

    @extend_schema(operation_id="reports_routing", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, code: str) -> Response:
        """Each time it was routed: when, the trace, and its sentences."""
        traced = [event for event in public_report(code).events.filter(public=True) if "trace" in event.data]
        return Response(
            {"results": [{"at": event.at, "trace": event.data["trace"], "text": explain(event.data["trace"])} for event in traced]}
        )


class CategoryList(APIView):
    """The categories, with what is out of scope and where to go instead."""

    permission_classes = [AllowAny]

    @extend_schema(operation_id="categories_list", responses=CategoryOut(many=True))
    def get(self, request: Request) -> Response:
        """All categories in their order."""
        return Response(CategoryOut(Category.objects.all(), many=True).data)
