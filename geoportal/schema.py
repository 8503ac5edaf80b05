"""OpenAPI for features whose outline is annotated (simplified for a zoom) and so is no field of the model."""

from typing import Any

from django.contrib.gis.db.models import GeometryField
from drf_spectacular.contrib.rest_framework_gis import GeoFeatureModelSerializerExtension, build_geo_schema
from drf_spectacular.plumbing import build_object_type


class AnnotatedFeatureExtension(GeoFeatureModelSerializerExtension):  # type: ignore[no-untyped-call]
    """As drf-spectacular's own, but it does not look the geometry up on the model."""

    priority = 1

    def map_geo_feature_model_serializer(self, serializer: Any, base_schema: dict[str, Any]) -> dict[str, Any]:
        """A GeoJSON Feature with the serializer's other fields as its properties."""
        properties = base_schema["properties"]
        feature: dict[str, Any] = {"type": {"type": "string", "enum": ["Feature"]}}
        if serializer.Meta.id_field:
            feature["id"] = properties.pop(serializer.Meta.id_field)
        properties.pop(serializer.Meta.geo_field)
        feature["geometry"] = build_geo_schema(GeometryField())  # type: ignore[no-untyped-call]
        base_schema.pop("required", None)
        return build_object_type(properties={**feature, "properties": base_schema}, description=base_schema.pop("description", None))
