"""The call for hot spots."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from insights.hotspots.asking import parse_ask
from insights.hotspots.finding import find
from insights.hotspots.results import Findings
from insights.planner.api import PlannerView


class HotspotsView(PlannerView):
    """What stands out beyond chance."""

    @extend_schema(operation_id="planner_hotspots", request=OpenApiTypes.OBJECT, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request) -> Response:
        """Areas by their p-values with method, parameters, n and seed; `kind` says in which way a marked one stands out."""
        return Response(as_data(find(parse_ask(request.data), request.user)))


def as_data(findings: Findings) -> dict[str, Any]:
    """The answer of the API."""
    return {
        "method": findings.method,
        "parameters": findings.parameters,
        "n": findings.n,
        "marked": findings.marked,
        "notes": findings.notes,
        "rows": findings.rows,
    }
