"""Where the made-up reports lie: in clusters at markets, schools and bridges, more in wards than in the country; a few by water, on borders, outside."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

from django.conf import settings
from django.contrib.gis.geos import MultiPolygon, Point

from authorities.models import BodyKind
from boundaries.locate import Method, locate
from boundaries.models import WGS84, Kind, Level, Unit, UnitShape
from gis.bbox import METRES_PER_DEGREE

TEXTS = settings.BASE_DIR / "fixtures" / "demo"
WEIGHTS = {Kind.PHUONG: 9.0, Kind.THI_TRAN: 6.0}
CORNERS = (2, 5)  # of a commune: spots where reports gather
TRIES = 12
# At sea, and in the neighbouring provinces: outside while no other units are loaded
FAR_OUT = {
    "sea": ((104.62, 8.78), (104.55, 9.12), (105.38, 8.72), (105.62, 8.95), (104.74, 8.42)),
    "neighbour": ((105.02, 9.72), (105.32, 9.74), (105.98, 9.52), (106.02, 9.38)),
}


@dataclass(frozen=True)
class Area:
    """The names of one stretch of country: roads, hamlets, markets, canals, bridges, schools."""

    roads: tuple[str, ...]
    hamlets: tuple[str, ...]
    markets: tuple[str, ...]
    canals: tuple[str, ...]
    bridges: tuple[str, ...]
    schools: tuple[str, ...]


@dataclass(frozen=True)
class Corner:
    """A spot where reports gather: its centre (degrees), how far they scatter (metres), and what is around it."""

    lon: float
    lat: float
    scatter_m: float
    town: bool
    area: Area

    def near(self, rng: Random) -> Point:
        """A point somewhere around it."""
        return _moved(self.lon, self.lat, rng.gauss(0, self.scatter_m), rng.gauss(0, self.scatter_m))


class NoUnits(Exception):
    """There is nothing to put reports into; one sentence says what to do."""


def read(name: str, folder: Path = TEXTS) -> dict[str, Any]:
    """A data file of the demonstration."""
    found: dict[str, Any] = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    return found


class Places:
    """The places of one demonstration; `begins` is the first day since when communes with bodies are in force."""

    def __init__(self, rng: Random, today: date) -> None:
        self._names = read("places")
        self._rng = rng
        before = date(2025, 6, 30)
        shapes = _shapes(before) if today > before else []
        self.begins = date(2022, 7, 1) if shapes else date(2025, 7, 1)
        shapes = shapes or _shapes(today)
        if not shapes:
            raise NoUnits(
                "No commune with a People's Committee is in force: run `manage.py load_schematic` (or `load_boundaries FILE… --activate`) first."
            )
        self._corners: list[Corner] = []
        self._weights: list[float] = []
        for shape in shapes:
            self._add(shape)
        self._shape_ids = [shape.pk for shape in shapes]

    def _add(self, shape: UnitShape) -> None:
        unit = shape.unit
        kind = Kind(unit.kind)
        town = kind in WEIGHTS
        area = self._area_of(unit)
        reach = min(math.sqrt(shape.area_m2) / 4, 900 if town else 2200)
        weight = WEIGHTS.get(kind, 1.6)
        shares = [self._rng.uniform(0.3, 1) for _ in range(self._rng.randint(*CORNERS))]
        for share in shares:
            centre = _moved(shape.label_point.x, shape.label_point.y, self._rng.gauss(0, reach / 2), self._rng.gauss(0, reach / 2))
            self._corners.append(Corner(centre.x, centre.y, self._rng.uniform(25, 60 if town else 160), town, area))
            self._weights.append(weight * share / sum(shares))

    def _area_of(self, unit: Unit) -> Area:
        district = unit.parent.name if unit.parent and unit.parent.level == Level.DISTRICT else ""
        areas = self._names["areas"]
        found = next((area for area in areas if district in area["districts"] or (not district and unit.name in area["communes"])), None)
        found = found or areas[int(unit.code) % len(areas)]
        return Area(*(tuple(found[name]) for name in ("roads", "hamlets", "markets", "canals", "bridges", "schools")))

    # --- spots ----------------------------------------------------------------------------------------------------------

    def corner(self) -> Corner:
        """One of the corners, the busy ones more often."""
        return self._rng.choices(self._corners, self._weights)[0]

    def on_water(self, on: date) -> Point | None:
        """A point on water or in a gap, near enough to a commune to be its own; None where the outlines leave no such place."""
        for _try in range(TRIES):
            vertex = self._vertex()
            spot = _moved(*vertex, self._rng.uniform(-350, 350), self._rng.uniform(-350, 350))
            if locate(point=spot, on=on).method == Method.SNAPPED:
                return spot
        return None

    def on_border(self, on: date, accuracy_m: float) -> Point | None:
        """A point so close to a border that its circle asks which commune is meant."""
        for _try in range(TRIES):
            vertex = self._vertex()
            spot = _moved(*vertex, self._rng.uniform(-40, 40), self._rng.uniform(-40, 40))
            found = locate(point=spot, accuracy_m=accuracy_m, on=on)
            if found.ambiguous and found.unit is not None:
                return spot
        return None

    def outside(self, where: str, on: date) -> Point | None:
        """A point at sea or in a neighbouring province, where it lies outside every unit."""
        lon, lat = self._rng.choice(FAR_OUT[where])
        spot = _moved(lon, lat, self._rng.uniform(-900, 900), self._rng.uniform(-900, 900))
        return spot if locate(point=spot, on=on).unit is None else None

    def corner_nearest(self, spot: Point) -> Corner:
        """What is around a spot."""
        return min(self._corners, key=lambda corner: (corner.lon - spot.x) ** 2 + (corner.lat - spot.y) ** 2)

    def _vertex(self) -> tuple[float, float]:
        shape = UnitShape.objects.only("geometry").get(pk=self._rng.choice(self._shape_ids))
        outline = shape.geometry
        assert isinstance(outline, MultiPolygon)  # noqa: S101  the field's type
        ring = max(outline.coords, key=lambda polygon: len(polygon[0]))[0]
        lon, lat = ring[self._rng.randrange(len(ring))]
        return lon, lat

    # --- names ----------------------------------------------------------------------------------------------------------

    def words_at(self, corner: Corner) -> dict[str, str]:
        """Names for the slots of a text, chosen once a story so that it speaks of one place."""
        rng, area = self._rng, corner.area
        words = {
            "hamlet": rng.choice(self._names["town_hamlets"] if corner.town else area.hamlets),
            "market": rng.choice(area.markets),
            "canal": rng.choice(area.canals),
            "bridge": rng.choice(area.bridges),
            "school": rng.choice(area.schools),
            "number": str(rng.randint(2, 280)),
            "metres": str(rng.choice((5, 8, 10, 12, 15, 20, 25, 30, 40, 60, 80, 100))),
            "days": rng.choice(("hai", "ba", "bốn", "năm", "sáu", "bảy")),
            "hour": str(rng.randint(6, 20)),
        }
        words["road"] = (
            rng.choice(area.roads) if corner.town or rng.random() < 0.25 else rng.choice(self._names["country_roads"]).format(**words)
        )
        words["spot"] = rng.choice(self._names["spots"]).format(**words)
        return words


def _shapes(on: date) -> list[UnitShape]:
    """Current outlines of the communes of a day that have a People's Committee; not their geometry."""
    units = (
        Unit.objects.in_force(on)
        .of_level(Level.COMMUNE)
        .filter(territories__body__kind=BodyKind.COMMUNE_COMMITTEE, territories__validity__contains=on)
        .distinct()
    )
    shapes = UnitShape.objects.filter(unit__in=units, current=True).select_related("unit__parent").defer("geometry").order_by("unit__code")
    return list(shapes)


def _moved(lon: float, lat: float, east_m: float, north_m: float) -> Point:
    return Point(
        round(lon + east_m / (METRES_PER_DEGREE * math.cos(math.radians(lat))), 6), round(lat + north_m / METRES_PER_DEGREE, 6), srid=WGS84
    )
