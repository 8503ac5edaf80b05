"""Coordinates from outside, checked. Order is settled here and in static/js/lib/bbox.js only: [west, south, east, north], [lon, lat]."""

import math

from django.contrib.gis.geos import Point, Polygon
from django.utils.translation import gettext as _

from gis.errors import PlaceError

WGS84 = 4326
DECIMALS = 12  # of a degree: far below an atom; numbers so small that PostgreSQL says "underflow" become 0
METRES_PER_DEGREE = 111_320.0  # of latitude, and of longitude at the equator (WGS 84, to 0.5 %)


def parse_number(text: str | float | None, name: str) -> float:
    """A finite number from a query parameter; a decimal comma is accepted.

    Raises PlaceError naming the parameter when it is absent, not a number, or NaN or infinite.
    """
    if text is None or text == "":
        raise PlaceError(_("%(name)s is missing.") % {"name": name}, errors={name: [_("This is required.")]})
    try:
        number = float(str(text).strip().replace(",", "."))
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        sentence = _("%(name)s is not a number: %(text)s") % {"name": name, "text": str(text)[:40]}
        raise PlaceError(sentence, errors={name: [sentence]})
    return round(number, DECIMALS)


def parse_point(lat: str | float | None, lon: str | float | None) -> Point:
    """The same as `parse_position`, as a WGS 84 point."""
    return Point(*parse_position(lat, lon), srid=WGS84)


def parse_position(lat: str | float | None, lon: str | float | None) -> tuple[float, float]:
    """Longitude and latitude (WGS 84 degrees) from two query parameters.

    Raises PlaceError out of range; where latitude and longitude look swapped (Cà Mau is at lat 9, lon 105), it carries `suggestion`.
    """
    y, x = parse_number(lat, "lat"), parse_number(lon, "lon")
    if abs(y) <= 90 and abs(x) <= 180:
        return x, y
    if abs(x) <= 90 and abs(y) <= 180:
        sentence = _(
            "Latitude %(y).8g is out of range. Latitude and longitude look swapped: did you mean latitude %(x).8g, longitude %(y).8g?"
        ) % {
            "y": y,
            "x": x,
        }
        raise PlaceError(sentence, errors={"lat": [sentence]}, suggestion={"lat": x, "lon": y})
    name, value, limit = ("lat", y, 90) if abs(y) > 90 else ("lon", x, 180)
    sentence = _("%(name)s must lie between -%(limit)d and %(limit)d, not %(value)g.") % {"name": name, "limit": limit, "value": value}
    raise PlaceError(sentence, errors={name: [sentence]})


def parse_bbox(text: str) -> Polygon:
    """The same as `parse_extent`, as a WGS 84 polygon."""
    box = Polygon.from_bbox(parse_extent(text))
    box.srid = WGS84
    return box


def parse_extent(text: str) -> tuple[float, float, float, float]:
    """West, south, east, north of a WGS 84 box from "west,south,east,north" in degrees.

    Raises PlaceError for anything but four finite numbers in range and in order; boxes over the antimeridian are refused.
    """
    parts = text.split(",")
    if len(parts) != 4:
        sentence = _("bbox takes four numbers: west,south,east,north.")
        raise PlaceError(sentence, errors={"bbox": [sentence]})
    west, south, east, north = (parse_number(part, "bbox") for part in parts)
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        sentence = _("bbox must be west,south,east,north in degrees, with west < east and south < north.")
        raise PlaceError(sentence, errors={"bbox": [sentence]})
    return west, south, east, north


def degrees_around(point: Point, metres: float) -> tuple[float, float]:
    """How far (degrees of longitude, of latitude) a box must reach to hold everything within `metres` of a WGS 84 point; 1 % to spare."""
    dy = metres / METRES_PER_DEGREE * 1.01
    dx = dy / max(math.cos(math.radians(point.y)), 0.01)
    return dx, dy
