"""The call for ratings."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from insights.ratings import Row, ratings
from reports.api.filters import parse_moment


class RatingsView(APIView):
    """How the answers of bodies were rated."""

    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="ratings",
        parameters=[
            OpenApiParameter("authority", str, description="Codes, separated by commas"),
            OpenApiParameter("since", str, description="Given from (date in Asia/Ho_Chi_Minh, or ISO 8601)"),
            OpenApiParameter("until", str, description="Given before"),
        ],
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request) -> Response:
        """A row for each body that was rated: `n` and `mean` by criterion (null below five), and the totals of the rows."""
        asked = request.query_params
        codes = [code for code in asked.get("authority", "").split(",") if code]
        found = ratings(
            since=parse_moment(asked.get("since", ""), "since"), until=parse_moment(asked.get("until", ""), "until"), bodies=codes or None
        )
        return Response(
            {
                "criteria": [{"code": criterion.code, "name": criterion.label} for criterion in found.criteria],
                "rows": [_out(row) for row in found.rows],
                "totals": _out(found.total),
            }
        )


def _out(row: Row) -> dict[str, Any]:
    of = {"authority": row.body.code, "authority_name": row.body.name} if row.body else {}
    figures = {
        figure.criterion.code: {"n": figure.number, "mean": round(figure.mean, 2) if figure.mean is not None else None}
        for figure in row.figures
    }
    return {**of, "ratings": row.ratings, "criteria": figures}
