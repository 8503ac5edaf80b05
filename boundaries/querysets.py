"""How we speak of units: in force on a day, covering a point, of a level, called something."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Any, Self

from django.contrib.gis.db import models
from django.contrib.gis.db.models.functions import Envelope
from django.contrib.gis.geos import GEOSGeometry, Point, Polygon
from django.db.models import Case, Exists, F, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce, Collate
from django.utils import timezone

from gis.functions import Intersection, SimplifyPreserveTopology

if TYPE_CHECKING:
    from boundaries.models import BaseLayer, Unit, UnitSuccession  # noqa: F401  named in the class's base


def fold(text: str) -> str:
    """Text without case and tone marks ("Lý Văn Lâm" → "ly van lam"); does what the SQL function `folded` does."""
    decomposed = unicodedata.normalize("NFD", text.lower())
    return "".join(letter for letter in decomposed if not "\u0300" <= letter <= "\u036f").replace("đ", "d")


class UnitQuerySet(models.QuerySet["Unit"]):
    """Chains; nothing here remembers anything between requests, so a change of territory is seen at once."""

    def in_force(self, on: date | None = None) -> Self:
        """Active units in force on that day (default: today in Asia/Ho_Chi_Minh)."""
        return self.filter(active=True, validity__contains=on or timezone.localdate())

    def of_level(self, level: str) -> Self:
        """Units of one level: province, district or commune."""
        return self.filter(level=level)

    def covering(self, point: Point) -> Self:
        """Units whose outline covers the point, borders included, the lower code first: a pin on a border always goes to the same unit."""
        from boundaries.models import UnitPiece

        return self.filter(Exists(UnitPiece.objects.filter(unit=OuterRef("pk"), geometry__covers=point))).order_by("code")

    def touching(self, area: GEOSGeometry) -> Self:
        """Units that share at least a point with the area (WGS 84)."""
        from boundaries.models import UnitPiece

        return self.filter(Exists(UnitPiece.objects.filter(unit=OuterRef("pk"), geometry__intersects=area)))

    def below(self, unit: Unit) -> Self:
        """Units that are part of this one, directly or through a district."""
        return self.filter(Q(parent=unit) | Q(parent__parent=unit))

    def below_code(self, code: str, on: date) -> Self:
        """Units that are part of the district or province that has this code on that day."""
        from boundaries.models import BaseLayer, Unit  # noqa: F401  named in the class's base

        above = Unit.objects.in_force(on).filter(code=code).exclude(level="commune")
        return self.filter(Q(parent__in=above) | Q(parent__parent__in=above))

    def called(self, text: str) -> Self:
        """Units whose name contains the text, whatever its case and tone marks, or whose code it is."""
        return self.filter(Q(folded_name__contains=fold(text.strip())) | Q(code=text.strip()))

    def by_name(self) -> Self:
        """Sorted as in a Vietnamese dictionary; equal names by code."""
        return self.order_by(Collate("name", "vi-x-icu"), "code")

    def lowest_first(self) -> Self:
        """Communes before districts before provinces; a code may stand at two levels."""
        return self.order_by(Case(When(level="commune", then=0), When(level="district", then=1), default=2), "code")

    def with_outline(self, zoom: int | None) -> Self:
        """Annotates `outline` (WGS 84, simplified for a web map zoom; None leaves it out).

        With it come `label_point`, `extent` (both WGS 84), `area_m2` and `schematic`.
        """
        from boundaries.models import UnitOutline, UnitShape

        shape = UnitShape.objects.filter(unit=OuterRef("pk"), current=True)
        outline: Any = Value(None, output_field=models.MultiPolygonField(srid=4326))
        if zoom is not None:
            simplified = UnitOutline.objects.filter(unit=OuterRef("pk"), max_zoom__gte=zoom).order_by("max_zoom").values("geometry")[:1]
            outline = Coalesce(
                Subquery(simplified), Subquery(shape.values("geometry")[:1]), output_field=models.MultiPolygonField(srid=4326)
            )
        return self.annotate(
            outline=outline,
            label_point=Subquery(shape.values("label_point")[:1], output_field=models.PointField(srid=4326)),
            extent=Subquery(shape.annotate(box=Envelope("geometry")).values("box")[:1]),
            area_m2=Subquery(shape.values("area_m2")[:1]),
            schematic=Coalesce(Subquery(shape.values("schematic")[:1]), Value(False)),
        )

    def with_ancestors(self) -> Self:
        """Fetches district and province with each unit, in the same query."""
        return self.select_related("parent__parent", "edition")

    def succeeding(self, units: Iterable[Unit] | UnitQuerySet) -> Self:
        """Units to which all or a part of these went, in one step."""
        return self.filter(pk__in=_successions().filter(old__in=units).values("new"))

    def preceding(self, units: Iterable[Unit] | UnitQuerySet) -> Self:
        """Units of which all or a part went to these, in one step."""
        return self.filter(pk__in=_successions().filter(new__in=units).values("old"))


def _successions() -> UnitSuccessionQuerySet:
    from boundaries.models import UnitSuccession

    return UnitSuccession.objects.all()


class UnitSuccessionQuerySet(models.QuerySet["UnitSuccession"]):
    """Which unit went to which."""

    def settled(self) -> Self:
        """Between units that took effect; what a draft would bring is left out."""
        return self.filter(old__active=True, new__active=True)

    def with_units(self) -> Self:
        """Fetches both units with those they are part of and their editions, in the same query."""
        return self.select_related("old__parent__parent", "old__edition", "new__parent__parent", "new__edition")

    def largest_first(self) -> Self:
        """The largest share first, an unknown one last; equal ones by the codes of the units."""
        return self.order_by(F("share").desc(nulls_last=True), "new__code", "old__code", "pk")


class BaseLayerQuerySet(models.QuerySet["BaseLayer"]):
    """Features of the base map."""

    def drawn(self, zoom: int, box: Polygon | None) -> Self:
        """Annotates `outline`: simplified to half a pixel of the zoom and cut to the box (WGS 84)."""
        half_a_pixel = 360 / (256 * 2**zoom) / 2
        outline: Any = SimplifyPreserveTopology("geometry", half_a_pixel)
        layer = self
        if box is not None:
            layer = layer.filter(geometry__intersects=box)
            outline = Intersection(outline, box)
        return layer.annotate(outline=outline).order_by("pk")
