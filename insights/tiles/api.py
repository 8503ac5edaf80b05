"""GET /api/v1/tiles/{layer}/{z}/{x}/{y}.mvt."""

from __future__ import annotations

import hashlib

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request

from boundaries.api import parse_day
from boundaries.models import Level
from gis.errors import PlaceError
from gis.open_calls import OpenCall
from gis.tiles import CONTENT_TYPE, Tile
from insights.clusters import Stand
from insights.conditional import fresh_or_not_modified
from insights.tiles.layers import reports_tile, units_tile


class TileView(OpenCall):
    """Vector tiles of units and of public reports."""

    @extend_schema(
        operation_id="tiles",
        parameters=[
            OpenApiParameter("layer", str, OpenApiParameter.PATH, enum=["units", "reports"]),
            OpenApiParameter("z", int, OpenApiParameter.PATH),
            OpenApiParameter("x", int, OpenApiParameter.PATH),
            OpenApiParameter("y", int, OpenApiParameter.PATH),
            OpenApiParameter("on", OpenApiTypes.DATE, description="Of units: those in force on that day (default: today)"),
            OpenApiParameter("level", str, enum=Level.values, description="Of units: default province below zoom 8, commune from it on"),
        ],
        responses={(200, CONTENT_TYPE): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, layer: str, z: str, x: str, y: str) -> HttpResponseBase:
        """A tile of at most 500 KB. Keep its `ETag`: as long as nothing has changed, the answer to `If-None-Match` is 304.

        `units`: code, name, level, schematic. `reports`: from zoom 16 on code, kind and status of each (of very many the latest 4,000);
        below it count, open and closed of each of 32 × 32 cells.
        """
        tile = Tile.of(z, x, y)
        if layer == "reports":
            stand = Stand.now()
            return fresh_or_not_modified(request, stand.version, lambda: _answer(reports_tile(tile, built=stand.built)))
        if layer != "units":
            raise Http404
        level = request.query_params.get("level")
        if level and level not in Level.values:
            sentence = _("level is one of %(levels)s.") % {"levels": ", ".join(Level.values)}
            raise PlaceError(sentence, errors={"level": [sentence]})
        content = units_tile(tile, on=parse_day(request), level=level)
        # Units change in many ways, and seldom: what was drawn is its own version
        return fresh_or_not_modified(request, hashlib.sha256(content).hexdigest()[:20], lambda: _answer(content))


def _answer(content: bytes) -> HttpResponse:
    return HttpResponse(content, content_type=CONTENT_TYPE)
