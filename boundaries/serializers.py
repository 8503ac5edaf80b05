"""What the API says of units."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework_gis.fields import GeometryField
from rest_framework_gis.serializers import GeoFeatureModelSerializer

from boundaries.locate import Placement
from boundaries.models import BaseLayer, Unit


@extend_schema_field({"type": ["object", "null"], "description": "GeoJSON geometry, [lon, lat]"})
class Outline(GeometryField):
    """A geometry that was annotated (simplified, cut) and so is no field of the model."""


class UnitNameOut(serializers.ModelSerializer[Unit]):
    """A unit by name and period, without its outline."""

    class Meta:
        model = Unit
        fields = ["code", "name", "level", "kind", "valid_from", "valid_to"]


class UnitOut(UnitNameOut):
    """A unit with what it is part of, the nearest first."""

    ancestors = UnitNameOut(many=True)

    class Meta(UnitNameOut.Meta):
        fields = [*UnitNameOut.Meta.fields, "ancestors"]


class CandidateOut(serializers.Serializer[Any]):
    """A unit that comes into question, with its share of the accuracy circle and its distance from the point."""

    code = serializers.CharField(source="unit.code")
    name = serializers.CharField(source="unit.name")
    share = serializers.FloatField()
    distance_m = serializers.FloatField()


class PlacementOut(serializers.Serializer[Placement]):
    """The answer to "which commune is this?"."""

    unit = UnitOut(allow_null=True)
    method = serializers.ChoiceField(choices=["inside", "snapped", "none"])
    distance_m = serializers.FloatField()
    ambiguous = serializers.BooleanField()
    candidates = CandidateOut(many=True)
    on = serializers.DateField()


class UnitFeature(GeoFeatureModelSerializer):
    """A unit as a GeoJSON feature; `outline`, `label_point`, `schematic`, `area_m2` are annotated by UnitQuerySet.with_outline()."""

    outline = Outline(precision=6, remove_duplicates=True)
    label = serializers.SerializerMethodField()
    parent_code = serializers.CharField(source="parent.code", default=None, allow_null=True)
    schematic = serializers.BooleanField()
    area_km2 = serializers.SerializerMethodField()

    class Meta:
        model = Unit
        geo_field = "outline"
        id_field = False
        fields = ["code", "name", "level", "kind", "parent_code", "valid_from", "valid_to", "schematic", "label", "area_km2"]

    def get_label(self, unit: Any) -> list[float] | None:
        """[lon, lat] of a point surely inside, for the name."""
        return [round(unit.label_point.x, 6), round(unit.label_point.y, 6)] if unit.label_point else None

    def get_area_km2(self, unit: Any) -> float | None:
        """Area of the outline in km², on the ellipsoid."""
        return round(unit.area_m2 / 1e6, 2) if unit.area_m2 else None


class UnitDetailFeature(UnitFeature):
    """One unit with what it is part of, its edition, and the other periods of its code."""

    ancestors = UnitNameOut(many=True)
    edition = serializers.SerializerMethodField()
    same_code = serializers.SerializerMethodField()

    class Meta(UnitFeature.Meta):
        fields = [*UnitFeature.Meta.fields, "ancestors", "edition", "same_code"]

    def get_edition(self, unit: Unit) -> dict[str, Any]:
        """The legal act that brought the unit."""
        edition = unit.edition
        return {
            "name": edition.name,
            "decree": edition.decree,
            "decree_date": edition.decree_date,
            "decree_url": edition.decree_url,
            "source": edition.source,
        }

    def get_same_code(self, unit: Unit) -> list[dict[str, Any]]:
        """Other units that had or have this code at another time."""
        others = Unit.objects.filter(active=True, level=unit.level, code=unit.code).exclude(pk=unit.pk).order_by("validity")
        return list(UnitNameOut(others, many=True).data)


class LayerFeature(GeoFeatureModelSerializer):
    """A line or area of a base layer."""

    outline = Outline(precision=5, remove_duplicates=True)

    class Meta:
        model = BaseLayer
        geo_field = "outline"
        id_field = False
        fields = ["label", "properties"]
