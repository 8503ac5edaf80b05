"""How we speak of units: in force on a day, covering a point, of a level, called something."""

from __future__ import annotations

import unicodedata
from datetime import date
from typing import TYPE_CHECKING, Self

from django.contrib.gis.db import models
from django.contrib.gis.geos import GEOSGeometry, Point
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Collate
from django.utils import timezone

if TYPE_CHECKING:
    from boundaries.models import Edition, Unit  # noqa: F401


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
        from boundaries.models import UnitPiece  # noqa: PLC0415

        return self.filter(Exists(UnitPiece.objects.filter(unit=OuterRef("pk"), geometry__covers=point))).order_by("code")

    def touching(self, area: GEOSGeometry) -> Self:
        """Units that share at least a point with the area (WGS 84)."""
        from boundaries.models import UnitPiece  # noqa: PLC0415

        return self.filter(Exists(UnitPiece.objects.filter(unit=OuterRef("pk"), geometry__intersects=area)))

    def below(self, unit: Unit) -> Self:
        """Units that are part of this one, directly or through a district."""
        return self.filter(Q(parent=unit) | Q(parent__parent=unit))

    def called(self, text: str) -> Self:
        """Units whose name contains the text, whatever its case and tone marks, or whose code it is."""
        return self.filter(Q(folded_name__contains=fold(text.strip())) | Q(code=text.strip()))

    def by_name(self) -> Self:
        """Sorted as in a Vietnamese dictionary; equal names by code."""
        return self.order_by(Collate("name", "vi-x-icu"), "code")

    def with_ancestors(self) -> Self:
        """Fetches district and province with each unit, in the same query."""
        return self.select_related("parent__parent", "edition")
