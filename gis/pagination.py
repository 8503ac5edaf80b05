"""Pages of GeoJSON by cursor: the price of a page does not grow with its number, and a row added meanwhile shifts nothing."""

from typing import Any

from rest_framework.pagination import CursorPagination
from rest_framework.response import Response


class FeaturePages(CursorPagination):
    """A FeatureCollection with `next` (address or null); `limit` up to a hard cap."""

    page_size = 200
    page_size_query_param = "limit"
    max_page_size = 1000
    ordering = ("code", "pk")

    def get_paginated_response(self, data: Any) -> Response:
        """The features of the page, and where the next ones are."""
        features = data["features"] if isinstance(data, dict) else data
        return Response({"type": "FeatureCollection", "features": features, "next": self.get_next_link()})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The OpenAPI schema of a page."""
        return {
            "type": "object",
            "required": ["type", "features"],
            "properties": {
                "type": {"type": "string", "enum": ["FeatureCollection"]},
                "features": {"type": "array", "items": schema.get("properties", {}).get("features", {}).get("items", schema)},
                "next": {"type": ["string", "null"], "format": "uri"},
            },
        }
