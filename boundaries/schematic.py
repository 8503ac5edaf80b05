"""Schematic outlines for a machine without any boundary file: Voronoi cells, made from the public centres and boxes of vietnamadminunits (MIT).

Not surveyed, and said so wherever they are drawn. The cells of the old communes' centres are clipped by the union of their boxes; districts,
provinces and the new communes are dissolved from them; the old communes that were divided are cut between their successors.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from importlib.resources import as_file, files
from typing import Any

import numpy as np
import shapely
from shapely import affinity

from boundaries.loading import Act
from boundaries.models import Level, UnitSuccession
from boundaries.readers import Layer
from boundaries.succession_list import Row

SOURCE = "schematic outlines from vietnamadminunits (MIT)"
PROVINCE = "96"
OLD_PROVINCES = ("95", "96")  # Bạc Liêu, Cà Mau
PROVINCE_KEY = "tinhcamau"
MERGER = "2025-07-01"
MERGER_ACT = Act(
    source=SOURCE,
    decree="1655/NQ-UBTVQH15",
    decree_date=date(2025, 6, 16),
    decree_url="https://datafiles.chinhphu.vn/cpp/files/vbpq/2025/6/1655-nq.signed.pdf",
)

GRID = 1e-6  # degrees, about 10 cm: all lines are noded on it, so that neighbours share their corners exactly
TOO_CLOSE = 0.003  # degrees, about 300 m: two communes with one centre between them
MAIN_SHARE = (
    0.6  # of a divided commune for its main successor; the others have equal parts of the rest: the real shares are not in the data
)


@dataclass(frozen=True)
class Place:
    """An old commune: where the data puts it, and what became of it (the main successor first)."""

    code: str
    name: str
    district: str
    province: str
    centre: shapely.Point
    box: shapely.Polygon | None
    province_box: shapely.Polygon
    successors: tuple[str, ...]


@dataclass(frozen=True)
class Territory:
    """The names and places that the package knows: old communes, and names (of all units) and published centres (of new communes) by code."""

    places: list[Place]
    names: dict[tuple[str, str], str]  # by level and code, of the old period
    new_names: dict[str, str]  # of communes, by code
    new_centres: dict[str, shapely.Point]
    districts: dict[str, str]  # the province of each district
    province_name: str


@dataclass(frozen=True)
class Part:
    """What one old commune gave to one new commune."""

    old: str
    new: str
    area: shapely.Geometry


def schematic_layers() -> tuple[Layer, Layer]:
    """The units until the merger of 2025 and those since, as layers like those of a file: Cà Mau and Bạc Liêu, then the new Cà Mau."""
    territory = read_territory()
    parts = divided(mended_places(territory.places, territory.new_centres), territory.new_centres)
    old, new = _Rows(valid_to=MERGER), _Rows(valid_from=MERGER)
    places = {place.code: place for place in territory.places}

    def dissolve(rows: _Rows, level: Level, name: Any, parent: Any, key: Any) -> None:
        groups: dict[str, list[shapely.Geometry]] = defaultdict(list)
        for part in parts:
            groups[key(part)].append(part.area)
        for code, areas in sorted(groups.items()):
            rows.add(code, name(code), level, parent(code), shapely.union_all(areas))

    dissolve(old, Level.PROVINCE, lambda code: territory.names["province", code], lambda _: None, lambda part: places[part.old].province)
    dissolve(
        old, Level.DISTRICT, lambda code: territory.names["district", code], territory.districts.get, lambda part: places[part.old].district
    )
    dissolve(old, Level.COMMUNE, lambda code: places[code].name, lambda code: places[code].district, lambda part: part.old)
    dissolve(new, Level.PROVINCE, lambda _: territory.province_name, lambda _: None, lambda _: PROVINCE)
    dissolve(new, Level.COMMUNE, territory.new_names.get, lambda _: PROVINCE, lambda part: part.new)
    return old.layer(), new.layer()


def schematic_list() -> list[Row]:
    """What became of each old commune, as the data says it: which were divided, and between whom, but not the shares."""
    territory = read_territory()
    return [
        Row(
            line=number, old_level=Level.COMMUNE, old_code=place.code, old_name=place.name, old_province=place.province,
            new_code=code, new_name=territory.new_names[code], new_province=PROVINCE,
            transfer=UnitSuccession.Transfer.PARTIAL if len(place.successors) > 1 else UnitSuccession.Transfer.FULL, share=None,
        )
        for number, place in enumerate(territory.places, 1)
        for code in place.successors
    ]  # fmt: skip


class _Rows:
    """Features in the making, column by column."""

    def __init__(self, **dates: str) -> None:
        self.columns: dict[str, list[Any]] = {name: [] for name in ("code", "name", "level", "parent_code", "valid_from", "valid_to")}
        self.outlines: list[shapely.Geometry] = []
        self.dates = dates

    def add(self, code: str, name: str, level: Level, parent: str | None, outline: shapely.Geometry) -> None:
        row = {"code": code, "name": name, "level": str(level), "parent_code": parent, **self.dates}
        for field, values in self.columns.items():
            values.append(row.get(field))
        self.outlines.append(outline)

    def layer(self) -> Layer:
        outlines = np.empty(len(self.outlines), dtype=object)
        outlines[:] = self.outlines
        return Layer("vietnamadminunits", self.columns, outlines)


def read_territory() -> Territory:
    """What the package's data files say; its code is not run."""
    data = files("vietnamadminunits") / "data"
    converter = json.loads((data / "converter_2025.json").read_text(encoding="utf-8"))
    with as_file(data / "dataset.db") as path:
        database = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
        database.row_factory = sqlite3.Row
        marks = ", ".join("?" * len(OLD_PROVINCES))
        old = database.execute(
            f"SELECT * FROM admin_units_legacy WHERE provinceCode IN ({marks}) ORDER BY wardCode",  # noqa: S608  only marks
            OLD_PROVINCES,
        ).fetchall()
        new = database.execute("SELECT * FROM admin_units WHERE provinceCode = ? ORDER BY wardCode", [PROVINCE]).fetchall()
        database.close()
    code_of = {row["wardKey"]: row["wardCode"] for row in new}
    successors = _successors(converter, code_of)
    names = {("province", row["provinceCode"]): row["province"] for row in old}
    names |= {("district", row["districtCode"]): row["district"] for row in old}
    return Territory(
        places=[_place(row, successors) for row in old],
        names=names,
        new_names={row["wardCode"]: row["ward"] for row in new},
        new_centres={row["wardCode"]: shapely.Point(row["wardLon"], row["wardLat"]) for row in new},
        districts={row["districtCode"]: row["provinceCode"] for row in old},
        province_name=new[0]["province"],
    )


def _successors(converter: dict[str, Any], code_of: dict[str, str]) -> dict[str, tuple[str, ...]]:
    """Codes of the new communes by the key of the old one, the main successor first."""
    found: dict[str, tuple[str, ...]] = {
        old: (code_of[key],) for key, olds in converter["DICT_PROVINCE_WARD_NO_DIVIDED"][PROVINCE_KEY].items() for old in olds
    }
    for old, heirs in converter["DICT_PROVINCE_WARD_DIVIDED"][PROVINCE_KEY].items():
        found[old] = tuple(code_of[heir["newWardKey"]] for heir in sorted(heirs, key=lambda heir: not heir["isDefaultNewWard"]))
    return found


def _place(row: sqlite3.Row, successors: dict[str, tuple[str, ...]]) -> Place:
    return Place(
        code=row["wardCode"],
        name=row["ward"],
        district=row["districtCode"],
        province=row["provinceCode"],
        centre=shapely.Point(row["wardLon"], row["wardLat"]),
        box=_box(row["wardBounds"]),
        province_box=_box(row["provinceBounds"]),
        successors=successors["_".join((row["provinceKey"], row["districtKey"], row["wardKey"]))],
    )


def _box(text: str) -> shapely.Polygon:
    """The box in "south,west – north,east"."""
    south, west, north, east = (float(number) for number in re.split(r"[,–]", text))
    return shapely.box(west, south, east, north)


def mended_places(places: Sequence[Place], new_centres: dict[str, shapely.Point]) -> list[Place]:
    """The places with a centre each of its own.

    The geocoder behind the data answered some names with a neighbour, or with the whole district. A centre that a commune with a lower code has
    too (within 300 m), one outside its province's box, or one whose box holds most centres of its district, is not believed: the commune is put on the published
    centre of its main successor, and its box is not used. Where that place is taken as well, it stays where it is.
    """
    mended = {place.code: place for place in places}
    for place in sorted(places, key=lambda place: place.code, reverse=True):
        others = [other for other in mended.values() if other.code != place.code]
        shared = any(place.centre.distance(other.centre) < TOO_CLOSE for other in others)
        if not (shared or _holds_district(place, others) or not place.province_box.covers(place.centre)):
            continue
        successor = new_centres[place.successors[0]]
        if all(successor.distance(other.centre) >= TOO_CLOSE for other in others):
            mended[place.code] = replace(place, centre=successor, box=None)
    return list(mended.values())


def _holds_district(place: Place, others: Sequence[Place]) -> bool:
    """Whether the box of a commune holds most centres of its district: then it is that of the district."""
    centres = [other.centre for other in others if other.district == place.district]
    return place.box is not None and sum(place.box.covers(centre) for centre in centres) > len(centres) / 2


def divided(places: Sequence[Place], new_centres: dict[str, shapely.Point]) -> list[Part]:
    """The territory in parts that nest in old and in new communes, without gap or overlap, all corners shared."""
    territory = shapely.union_all([place.box for place in places if place.box is not None])
    cells = shapely.get_parts(
        shapely.voronoi_polygons(shapely.MultiPoint([place.centre for place in places]), extend_to=territory.buffer(1), ordered=True)
    )
    rough = [
        part for place, cell in zip(places, cells, strict=True) for part in _cut(place, shapely.intersection(cell, territory), new_centres)
    ]
    lines = shapely.union_all([part.area.boundary for part in rough], grid_size=GRID)
    faces = shapely.get_parts(shapely.polygonize([lines]))
    tree = shapely.STRtree([part.area for part in rough])
    owned: dict[int, list[shapely.Geometry]] = defaultdict(list)
    for face in faces:
        inside = face.point_on_surface()
        if shapely.distance(territory, inside) == 0:
            owned[int(tree.nearest(inside))].append(face)
    return [replace(rough[index], area=shapely.union_all(owned[index])) for index in sorted(owned)]


def _cut(place: Place, cell: shapely.Geometry, new_centres: dict[str, shapely.Point]) -> Iterable[Part]:
    """An old commune's cell cut between its successors: on the side where each one's centre lies, across the way to it."""
    main, *others = place.successors
    share = (1 - MAIN_SHARE) / max(len(others), 1) * cell.area
    for code in others:
        towards, origin = new_centres[code], new_centres[main]
        bearing = float(np.degrees(np.arctan2(towards.y - origin.y, towards.x - origin.x)))
        taken = _slice(cell, bearing, share)
        cell = shapely.difference(cell, taken)
        yield Part(place.code, code, taken)
    yield Part(place.code, main, cell)


def _slice(cell: shapely.Geometry, bearing: float, area: float) -> shapely.Geometry:
    """What a straight cut across the bearing (degrees from east) takes off the cell on that side, of about that area."""
    pivot = cell.centroid
    turned = affinity.rotate(cell, -bearing, origin=pivot)
    west, south, east, north = turned.bounds
    low, high = west, east
    for _ in range(30):
        middle = (low + high) / 2
        piece = shapely.clip_by_rect(turned, middle, south - 1, east + 1, north + 1)
        low, high = (middle, high) if piece.area > area else (low, middle)
    knife = affinity.rotate(shapely.box(high, south - 1, east + 1, north + 1), bearing, origin=pivot)
    return shapely.intersection(cell, knife)
