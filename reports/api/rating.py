"""Rating an answer through the API, with the token that came with the report; and the ratings of a public report."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from reports.api.parsers import BoundedJSON
from reports.api.views import public_report
from reports.codes import normalised
from reports.models import Report
from reports.rating_models import HIGHEST, LOWEST, MAX_COMMENT, Rating
from reports.services import Opinion, rate
from reports.services.rating import MAX_PROBLEM
from reports.throttling import Throttle
from reports.tokens import is_tracking_token


class RatingIn(serializers.Serializer[Any]):
    """What the reporter says of the newest published reply."""

    token = serializers.CharField(max_length=100, help_text="`tracking_token` of the answer to filing")
    scores = serializers.DictField(
        child=serializers.IntegerField(min_value=LOWEST, max_value=HIGHEST),
        required=False,
        help_text="1 to 5 by code of criterion; `/api/v1/ratings/` names them. Needed unless `fixed` is false",
    )
    comment = serializers.CharField(required=False, allow_blank=True, max_length=MAX_COMMENT, help_text="Public after a coordinator's look")
    fixed = serializers.BooleanField(required=False, default=True, help_text="false reopens the report")
    problem = serializers.CharField(
        required=False, allow_blank=True, max_length=MAX_PROBLEM, help_text="What is not fixed; for the body, never public"
    )


class ScoreOut(serializers.Serializer[Any]):
    """One criterion of a rating."""

    code = serializers.CharField(source="criterion.code")
    name = serializers.CharField(source="criterion.label")
    value = serializers.IntegerField()


class RatingOut(serializers.ModelSerializer[Rating]):
    """A rating as everybody may see it: the comment only after somebody let it through."""

    authority_name = serializers.CharField(source="reply.body.name")
    replied_at = serializers.DateTimeField(source="reply.published_at")
    scores = ScoreOut(many=True)
    comment = serializers.CharField(source="shown_comment")

    class Meta:
        model = Rating
        fields = ["authority_name", "replied_at", "given_at", "scores", "comment"]


class ReportRating(APIView):
    """How the replies to a report were rated."""

    permission_classes = [AllowAny]
    authentication_classes = []  # the token is the authority, not a session
    parser_classes = [BoundedJSON]

    def get_throttles(self) -> list[Any]:
        """Rating is limited, and with it guessing tokens; reading is not."""
        return [Throttle("rate")] if self.request.method == "POST" else []

    @extend_schema(operation_id="reports_ratings", responses=RatingOut(many=True))
    def get(self, request: Request, code: str) -> Response:
        """The ratings of a public report, the earliest first; each belongs to one reply."""
        report = public_report(code)
        ratings = Rating.objects.filter(reply__report=report).select_related("reply__body").prefetch_related("scores__criterion")
        return Response({"results": RatingOut(ratings, many=True).data})

    @extend_schema(operation_id="reports_rate", request=RatingIn, responses={200: OpenApiTypes.OBJECT})
    def post(self, request: Request, code: str) -> Response:
        """Rates the newest published reply, or changes the rating; `fixed: false` reopens the report.

        403 for a wrong token (404 where the report is not public either), 409 where nothing can be rated now.
        """
        report = Report.objects.select_related("category").filter(code=normalised(code) or "").first()
        asked = RatingIn(data=request.data)
        asked.is_valid(raise_exception=True)
        said = asked.validated_data
        if report is None or not is_tracking_token(said["token"], report.code, report.token_generation):
            if report is None or not report.is_public:
                raise Http404
            raise PermissionDenied(_("The token does not belong to this report."))
        opinion = Opinion(
            scores=said.get("scores", {}), comment=said.get("comment", ""), is_fixed=said["fixed"], problem=said.get("problem", "")
        )
        done = rate(report.pk, opinion=opinion)
        return Response({"code": done.code, "status": done.status, "due_at": done.due_at}, status=status.HTTP_200_OK)
