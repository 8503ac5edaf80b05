"""The read side's calls: clusters for the map, figures."""

from __future__ import annotations

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from boundaries.models import Level
from gis.bbox import parse_extent, parse_number
from gis.errors import PlaceError
from gis.open_calls import OpenCall
from insights.clusters import BREAKDOWNS, MAX_ZOOM, Stand, feature_collection, window_of
from insights.conditional import fresh_or_not_modified, pressed
from insights.figures.question import GROUPS, Question
from insights.figures.table import as_json, table
from insights.kept_answers import KeptAnswers, coding_of
from insights.pyramid.read import Mix
from reports.api.filters import words

BY = OpenApiParameter("by", str, description="Of what clusters tell how many of each they hold: category, status, or (default) both")
ATTRIBUTES = [
    OpenApiParameter("category", str, description="Codes, separated by commas"),
    OpenApiParameter("status", str, description="Statuses, or open, closed, separated by commas"),
    OpenApiParameter("since", str, description="Filed from (date in Asia/Ho_Chi_Minh, or ISO 8601)"),
    OpenApiParameter("until", str, description="Filed before"),
    OpenApiParameter("authority", str),
]


KEPT = KeptAnswers()


class ClusterView(OpenCall):
    """Public reports on the map."""

    @extend_schema(
        operation_id="map_clusters",
        parameters=[OpenApiParameter("bbox", str, required=True), OpenApiParameter("zoom", int, required=True), BY, *ATTRIBUTES],
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request) -> HttpResponseBase:
        """Clusters and single reports in the cells that touch the box; their counts add up to the matching reports there.

        Fresh in the next request after a report was committed. Send the `ETag` back as `If-None-Match`: as long as nothing has changed, 304.
        """
        asked = request.query_params.dict()
        extent = parse_extent(asked.get("bbox", ""))
        zoom = parse_number(asked.get("zoom"), "zoom")
        if not 0 <= zoom <= 22:
            sentence = _("zoom must lie between 0 and 22.")
            raise PlaceError(sentence, errors={"zoom": [sentence]})
        by = words(asked.get("by", ",".join(BREAKDOWNS)))
        if set(by) - set(BREAKDOWNS):
            sentence = _("by is one of %(known)s, or both with a comma.") % {"known": ", ".join(BREAKDOWNS)}
            raise PlaceError(sentence, errors={"by": [sentence]})
        window, mix, stand = window_of(extent, min(int(zoom), MAX_ZOOM)), Mix.of(asked), Stand.now()
        # Which body has a report is no fact of the map: no delta tells of it, so there is no version either
        version = stand.version if not mix.bodies else ""

        def made() -> bytes:
            return feature_collection(mix, window, stand, by).encode()

        def answer() -> HttpResponse:
            if not version:
                return HttpResponse(made(), content_type="application/json")
            coding = coding_of(request)
            return pressed(KEPT.get((version, stand.codes_text, window, mix.key, frozenset(by)), made, coding), coding)

        return fresh_or_not_modified(request, version, answer)


class StatisticsView(APIView):
    """Figures by unit, authority, category or month."""

    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="statistics",
        parameters=[
            OpenApiParameter("group", str, enum=list(GROUPS)),
            OpenApiParameter("by", str, enum=list(GROUPS), description="A second group, for a table of two ways"),
            OpenApiParameter(
                "level", str, enum=Level.values, description="Of the units that are grouped by; commune where nothing is said"
            ),
            OpenApiParameter(
                "on_units_of",
                OpenApiTypes.DATE,
                description="Group by the units of that day, by the spot of each report; default: the unit it has now",
            ),
            OpenApiParameter("unit", str),
            OpenApiParameter("on", OpenApiTypes.DATE, description="The day on which `unit` has its code"),
            *ATTRIBUTES,
        ],
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request) -> Response:
        """Rows whose received = open + resolved + returned + duplicate + withdrawn, with totals; all reports count, `not_public` beside them."""
        return Response(as_json(table(Question.of(request.query_params.dict()))))
