"""Outlines: mended on the way in, cut to pieces for look-ups, simplified for zooms."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from django.contrib.gis.db.models.functions import AsWKB
from django.contrib.gis.geos import GEOSGeometry
from django.db import connection

from boundaries.models import WGS84, UnitOutline, UnitShape

Outlines = npt.NDArray[np.object_]

# No unit of Vietnam lies outside, islands included: [west, south, east, north]
VIETNAM = (101.0, 6.0, 119.0, 24.5)
REPAIR_TOLERANCE = 1e-4  # share of the area that a repair may change
PIECE_VERTICES = 256  # measured: docs/adr/0003-pieces.md
METRES_PER_DEGREE = 111_320.0
TOLERANCES_M = {12: 20, 10: 75, 8: 300, 6: 1000}  # by the largest zoom that they are good for, finest first
WORTH_KEEPING = 0.8  # a level of detail with more than this share of the next finer one's vertices is left out


def mended(outlines: Outlines) -> tuple[Outlines, dict[int, str], dict[int, list[str]]]:
    """Outlines as valid MultiPolygons in two dimensions, counter-clockwise; by index what is broken beyond safe repair, and what was repaired."""
    broken: dict[int, str] = {}
    repairs: dict[int, list[str]] = {}
    outlines = outlines.copy()
    for index, outline in enumerate(outlines):
        if wrong := unusable(outline):
            broken[index] = wrong
            continue
        mended_one, notes = mend(outline)
        if mended_one is None:
            reason = shapely.is_valid_reason(outline).replace("[", " at ").replace("]", "")
            broken[index] = f"its outline is broken and cannot be repaired safely ({reason})"
            continue
        outlines[index] = mended_one
        if notes:
            repairs[index] = notes
    return outlines, broken, repairs


def unusable(outline: shapely.Geometry | None) -> str | None:
    """Why something is no outline of a unit at all: not an area, empty, no numbers, or elsewhere; None where it may be one."""
    if outline is None:
        return "its outline is absent, or cannot be read"
    if outline.geom_type not in ("Polygon", "MultiPolygon"):
        return f"its outline is a {outline.geom_type}, not an area"
    if outline.is_empty:
        return "its outline is empty"
    if not np.isfinite(shapely.get_coordinates(outline)).all():
        return "its outline holds coordinates that are not finite numbers"
    return misplaced(*outline.bounds)


def misplaced(west: float, south: float, east: float, north: float) -> str | None:
    """What is wrong with the place of an outline of a unit, given its box in degrees; None where it lies in Vietnam."""
    if VIETNAM[0] <= west and east <= VIETNAM[2] and VIETNAM[1] <= south and north <= VIETNAM[3]:
        return None
    where = f"{west:g} {south:g} to {east:g} {north:g}"
    return no_degrees(west, south, east, north) or f"it lies outside Vietnam ({where}): is its coordinate system right?"


def no_degrees(west: float, south: float, east: float, north: float) -> str | None:
    """What shows that a box is not [lon, lat] in degrees: swapped, or out of range; None where nothing does."""
    where = f"{west:g} {south:g} to {east:g} {north:g}"
    if VIETNAM[1] <= west and east <= VIETNAM[3] and VIETNAM[0] <= south and north <= VIETNAM[2]:
        return f"latitude and longitude are swapped ({where}); GeoJSON is [lon, lat]"
    if west < -180 or east > 180 or south < -90 or north > 90:
        return f"its coordinates are not degrees ({where}): they belong to another coordinate system than the file says"
    return None


def mend(outline: shapely.Geometry) -> tuple[shapely.MultiPolygon | None, list[str]]:
    """One outline as a valid MultiPolygon and what was repaired; None where no repair leaves it the same area."""
    notes = []
    if shapely.has_z(outline) or shapely.has_m(outline):
        outline = shapely.force_2d(outline)
        notes.append("heights dropped")
    try:
        single = shapely.remove_repeated_points(outline, 0)
    except shapely.GEOSException:  # a ring that is hardly more than one point
        return None, []
    if shapely.get_num_coordinates(single) != shapely.get_num_coordinates(outline):
        notes.append("duplicate points")
        outline = single
    if not shapely.is_valid(outline):
        repaired = with_rings_in_order(outline)
        if shapely.is_valid(repaired):
            notes.append("ring order")
        else:
            repaired = shapely.make_valid(outline, method="structure", keep_collapsed=False)
            if not is_same_area(outline, repaired):
                return None, []
            notes.append("self-touch")
        outline = repaired
    turned = shapely.orient_polygons(outline)
    if not notes and not shapely.equals_exact(turned, outline, 0):
        notes.append("direction of rings")
    return as_multi(turned), notes


def with_rings_in_order(outline: shapely.Geometry) -> shapely.Geometry:
    """The outline with the largest ring of each polygon as its shell: some files put a hole first."""
    polygons = []
    for polygon in shapely.get_parts(outline):
        rings = sorted(shapely.get_rings(polygon), key=lambda ring: -shapely.area(shapely.Polygon(ring)))
        polygons.append(shapely.Polygon(rings[0], rings[1:]))
    return shapely.MultiPolygon(polygons)


def is_same_area(before: shapely.Geometry, after: shapely.Geometry) -> bool:
    """Whether a repair stayed an area, and (nearly) the same one."""
    if after.geom_type not in ("Polygon", "MultiPolygon") or after.is_empty or not after.is_valid:
        return False
    return bool(abs(after.area - before.area) <= REPAIR_TOLERANCE * max(before.area, after.area))


def as_multi(outline: shapely.Geometry) -> shapely.MultiPolygon:
    """A Polygon as a MultiPolygon of one; a MultiPolygon as it is."""
    return outline if outline.geom_type == "MultiPolygon" else shapely.MultiPolygon([outline])


def to_django(geometry: shapely.Geometry) -> Any:
    """A shapely geometry in WGS 84 as GeoDjango's, of the class that fits."""
    return GEOSGeometry(memoryview(shapely.to_wkb(geometry)), srid=WGS84)


def current_outlines(unit_ids: Collection[int]) -> dict[int, shapely.MultiPolygon]:
    """The current outline of each of these units, by the unit's id."""
    rows = list(
        UnitShape.objects.filter(unit__in=unit_ids, current=True).annotate(wkb=AsWKB("geometry")).values_list("unit_id", "wkb").iterator()
    )
    geometries = shapely.from_wkb([bytes(wkb) for _, wkb in rows])
    return dict(zip((unit for unit, _ in rows), geometries, strict=True))


CUT = """
INSERT INTO boundaries_unitpiece (unit_id, geometry)
SELECT unit_id, piece.geom
FROM boundaries_unitshape AS shape, ST_Subdivide(shape.geometry, %(vertices)s) AS part, ST_Dump(part) AS piece
WHERE shape.current AND shape.unit_id = ANY(%(units)s) AND ST_Dimension(piece.geom) = 2
"""


def cut_pieces(unit_ids: Sequence[int]) -> None:
    """Cuts the current outlines of these units to pieces of few corners, in place of the pieces that they have."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM boundaries_unitpiece WHERE unit_id = ANY(%s)", [list(unit_ids)])
        cursor.execute(CUT, {"vertices": PIECE_VERTICES, "units": list(unit_ids)})


def simplified(outlines: Sequence[shapely.Geometry]) -> Iterator[tuple[int, Outlines]]:
    """Levels of detail of neighbouring outlines, finest first: the largest zoom that each is good for, and the outlines, still touching.

    A level that would hardly be smaller than the one before is left out.
    """
    finer: Outlines = np.array(outlines, dtype=object)
    for max_zoom, metres in TOLERANCES_M.items():
        coarse = shapely.coverage_simplify(finer, metres / METRES_PER_DEGREE)
        if corners(coarse) > WORTH_KEEPING * corners(finer) or not usable(coarse):
            continue
        finer = coarse
        yield max_zoom, coarse


def corners(outlines: Outlines) -> int:
    """How many corners the outlines have together."""
    return int(np.sum(shapely.get_num_coordinates(outlines)))


def usable(outlines: Outlines) -> bool:
    """Whether every outline is still a valid area."""
    return bool(np.all(shapely.is_valid(outlines)) and not np.any(shapely.is_empty(outlines)))


def draw_outlines(unit_ids: Collection[int]) -> None:
    """Simplifies the outlines of these units together, in place of the simplified ones that they have; give it all units of a level of an edition."""
    outlines = current_outlines(unit_ids)
    UnitOutline.objects.filter(unit__in=unit_ids).delete()
    rows: Iterable[UnitOutline] = (
        UnitOutline(unit_id=unit, max_zoom=max_zoom, geometry=to_django(as_multi(geometry)))
        for max_zoom, coarse in simplified(list(outlines.values()))
        for unit, geometry in zip(outlines, coarse, strict=True)
    )
    UnitOutline.objects.bulk_create(rows, batch_size=500)
