"""A map for paper, drawn by ourselves as SVG: outlines of communes, spots, a scale and north. No tiles, no network."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from django.contrib.gis.geos import Point, Polygon
from django.utils.translation import get_language

from boundaries.models import Level, Unit

WIDTH, HEIGHT = 680, 400  # units of the drawing
MARGIN = 1.12  # of what has to be seen
LEAST_M = 1500  # metres across: nearer there is nothing to draw
MOST_UNITS = 40
METRES_PER_DEGREE = 111_195
FONT = "DejaVu Sans"
Spot = tuple[float, float]  # longitude, latitude (WGS 84)


@dataclass(frozen=True)
class Mark:
    """A spot with what stands in it (a number, or nothing) and how well it is known (metres)."""

    spot: Spot
    text: str = ""
    accuracy_m: float = 0


@dataclass(frozen=True)
class Frame:
    """What the drawing shows: its middle (degrees) and how many metres one unit of the drawing is; flat, which is right to a pixel at this size."""

    lon: float
    lat: float
    scale: float

    @classmethod
    def around(cls, spots: Iterable[Spot]) -> Frame:
        """The frame that holds all spots, of which there is at least one."""
        lons, lats = zip(*spots, strict=True)
        lon, lat = (min(lons) + max(lons)) / 2, (min(lats) + max(lats)) / 2
        wide = (max(lons) - min(lons)) * METRES_PER_DEGREE * math.cos(math.radians(lat))
        high = (max(lats) - min(lats)) * METRES_PER_DEGREE
        return cls(lon, lat, max(wide * MARGIN / WIDTH, high * MARGIN / HEIGHT, LEAST_M / WIDTH))

    def place(self, spot: Spot) -> tuple[float, float]:
        """Where a spot lies on the drawing: right, down."""
        right = (spot[0] - self.lon) * METRES_PER_DEGREE * math.cos(math.radians(self.lat)) / self.scale
        down = (self.lat - spot[1]) * METRES_PER_DEGREE / self.scale
        return round(WIDTH / 2 + right, 1), round(HEIGHT / 2 + down, 1)

    @property
    def box(self) -> Polygon:
        """The frame in WGS 84."""
        high = HEIGHT / 2 * self.scale / METRES_PER_DEGREE
        wide = WIDTH / 2 * self.scale / METRES_PER_DEGREE / math.cos(math.radians(self.lat))
        box = Polygon.from_bbox((self.lon - wide, self.lat - high, self.lon + wide, self.lat + high))
        box.srid = 4326
        return box

    @property
    def zoom(self) -> int:
        """The web map zoom with as many metres a pixel."""
        return max(0, min(22, round(math.log2(156_543 * math.cos(math.radians(self.lat)) / self.scale))))


def sketch(marks: Sequence[Mark], *, unit: Unit | None = None, start: Spot | None = None) -> bytes:
    """SVG with the marks on the communes of today; with `unit` that one is wholly seen, with `start` a way leads from there through all marks.

    One query; one more with `unit`.
    """
    spots = [mark.spot for mark in marks] + ([start] if start else [])
    own: Any = Unit.objects.filter(pk=unit.pk).with_outline(None).first() if unit else None
    if own is not None and own.extent is not None:
        west, south, east, north = own.extent.extent
        spots += [(west, south), (east, north)]
    frame = Frame.around(spots)
    around = Unit.objects.in_force().of_level(Level.COMMUNE).touching(frame.box).order_by("code").with_outline(frame.zoom)
    units: list[Any] = list(around[:MOST_UNITS])
    if own is not None and own not in units:  # of former days
        units += list(Unit.objects.filter(pk=own.pk).with_outline(frame.zoom))
    drawn = [_outline(frame, found.outline, is_own=found == own) for found in units if found.outline is not None]
    drawn += [_name(frame, found.label_point, found.name, spots) for found in units if found.label_point is not None]
    if start:
        drawn.append(_way(frame, [start, *(mark.spot for mark in marks)]))
    drawn.append(_scale_bar(frame))
    drawn += [_mark(frame, mark) for mark in reversed(marks)]  # the first on top
    body = "".join(drawn)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="{FONT}">'
        f'<defs><clipPath id="frame"><rect width="{WIDTH}" height="{HEIGHT}"/></clipPath></defs>'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#eef3f6"/><g clip-path="url(#frame)">{body}</g>'
        f'{_north()}<rect x=".5" y=".5" width="{WIDTH - 1}" height="{HEIGHT - 1}" fill="none" stroke="#5b6770"/></svg>'
    ).encode()


def _outline(frame: Frame, outline: Any, *, is_own: bool) -> str:
    rings = [ring for polygon in outline for ring in polygon]
    path = "".join("M" + "L".join("{:g},{:g}".format(*frame.place((at[0], at[1]))) for at in ring.coords) + "Z" for ring in rings)
    look = 'fill="#fff" stroke="#0b5a8a" stroke-width="2"' if is_own else 'fill="#f8f8f4" stroke="#9aa5ad" stroke-width="1"'
    return f'<path d="{path}" fill-rule="evenodd" stroke-linejoin="round" {look}/>'


def _name(frame: Frame, at: Point, name: str, spots: Sequence[Spot]) -> str:
    right, down = frame.place((at.x, at.y))
    marked = [frame.place(spot) for spot in spots]
    if any(abs(right - mark[0]) < 60 and abs(down - mark[1]) < 16 for mark in marked):
        down -= 24  # above the mark that would hide it
    if not (40 < right < WIDTH - 40 and 12 < down < HEIGHT - 12):
        return ""
    return f'<text x="{right}" y="{down}" font-size="11" fill="#5b6770" text-anchor="middle">{escape(name)}</text>'


def _way(frame: Frame, spots: Sequence[Spot]) -> str:
    points = " ".join("{:g},{:g}".format(*frame.place(spot)) for spot in spots)
    right, down = frame.place(spots[0])
    return (
        f'<polyline points="{points}" fill="none" stroke="#0b5a8a" stroke-width="2" stroke-dasharray="6 4"/>'
        f'<rect x="{right - 6}" y="{down - 6}" width="12" height="12" fill="#fff" stroke="#0b5a8a" stroke-width="3"/>'
    )


def _mark(frame: Frame, mark: Mark) -> str:
    right, down = frame.place(mark.spot)
    known = mark.accuracy_m / frame.scale
    circle = f'<circle cx="{right}" cy="{down}" r="{known:.1f}" fill="#c2410c" fill-opacity=".15"/>' if known > 9 else ""
    spot = f'<circle cx="{right}" cy="{down}" r="{10 if mark.text else 7}" fill="#c2410c" stroke="#fff" stroke-width="2"/>'
    size = 11 if len(mark.text) < 2 else 10
    number = (
        f'<text x="{right}" y="{down + 4}" font-size="{size}" font-weight="700" fill="#fff" text-anchor="middle">{escape(mark.text)}</text>'
    )
    return circle + spot + (number if mark.text else "")


def _scale_bar(frame: Frame) -> str:
    """A round length of at most a quarter of the width."""
    most = WIDTH / 4 * frame.scale
    power = 10 ** math.floor(math.log10(most))
    metres = max(step * power for step in (1, 2, 5) if step * power <= most)
    long = metres / frame.scale
    words = f"{metres / 1000:g} km" if metres >= 1000 else f"{metres:g} m"
    left, down = 16, HEIGHT - 16
    return (
        f'<rect x="{left - 8}" y="{down - 22}" width="{long + 16:.1f}" height="30" fill="#fff" fill-opacity=".85"/>'
        f'<path d="M{left},{down - 5}V{down}H{left + long:.1f}V{down - 5}" fill="none" stroke="#1c2730" stroke-width="1.5"/>'
        f'<text x="{left + long / 2:.1f}" y="{down - 8}" font-size="11" fill="#1c2730" text-anchor="middle">{words}</text>'
    )


def _north() -> str:
    right, letter = WIDTH - 24, "B" if get_language() == "vi" else "N"  # Bắc
    return (
        f'<rect x="{right - 14}" y="10" width="28" height="44" fill="#fff" fill-opacity=".85"/>'
        f'<path d="M{right},14L{right + 7},34L{right},29L{right - 7},34Z" fill="#1c2730"/>'
        f'<text x="{right}" y="49" font-size="12" font-weight="700" fill="#1c2730" text-anchor="middle">{letter}</text>'
    )
