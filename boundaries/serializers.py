"""What the API says of units."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework_gis.fields import GeometryField
from rest_framework_gis.serializers import GeoFeatureModelSerializer

from boundaries.locate import Placement
from boundaries.models import BaseLayer, Edition, Unit, UnitSuccession


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


class EditionOut(serializers.ModelSerializer[Edition]):
    """The legal act that brought units, and where their outlines come from."""

    class Meta:
        model = Edition
        fields = ["name", "decree", "decree_date", "decree_url", "source"]


class UnitDetailFeature(UnitFeature):
    """One unit with what it is part of, its edition, and the other periods of its code."""

    ancestors = UnitNameOut(many=True)
    edition = EditionOut()
    same_code = serializers.SerializerMethodField()

    class Meta(UnitFeature.Meta):
        fields = [*UnitFeature.Meta.fields, "ancestors", "edition", "same_code"]

    def get_same_code(self, unit: Unit) -> list[dict[str, Any]]:
        """Other units that had or have this code at another time."""
        others = Unit.objects.filter(active=True, level=unit.level, code=unit.code).exclude(pk=unit.pk).order_by("validity")
        return list(UnitNameOut(others, many=True).data)


class SuccessionOut(serializers.Serializer[Any]):
    """A unit on the other side of a change, with what of the former unit's area went to the new one."""

    unit = UnitOut()
    transfer = serializers.ChoiceField(choices=UnitSuccession.Transfer.choices)
    share = serializers.FloatField(allow_null=True, help_text="Of the area of the former unit (0–1); null: unknown")
    known_from = serializers.ChoiceField(
        choices=UnitSuccession.Source.choices, help_text="Whether a list of the reform or the outlines say it"
    )
    edition = EditionOut(help_text="What brought the new unit")


class HeirOut(serializers.Serializer[Any]):
    """A unit that has the territory now, or a part of it."""

    unit = UnitOut()
    share = serializers.FloatField(allow_null=True, help_text="Of the area of the unit asked for (0–1); null: unknown")


class UnitHistoryOut(serializers.Serializer[Any]):
    """What a unit was formed from, what became of it, and whose its territory is today."""

    unit = UnitOut()
    on = serializers.DateField()
    formed_from = SuccessionOut(many=True)
    became = SuccessionOut(many=True)
    today = HeirOut(many=True)


class LayerFeature(GeoFeatureModelSerializer):
    """A line or area of a base layer."""

    outline = Outline(precision=5, remove_duplicates=True)

    class Meta:
        model = BaseLayer
        geo_field = "outline"
        id_field = False
        fields = ["label", "properties"]
