"""The filters that lists, map and figures share, read from query parameters."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import TYPE_CHECKING

from django.contrib.gis.gdal import GDALException
from django.contrib.gis.geos import GEOSException, GEOSGeometry, MultiPolygon, Polygon
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _

from authorities.models import Body, Category
from boundaries.models import Unit
from gis.bbox import parse_bbox, parse_number, parse_point
from gis.errors import PlaceError
from reports.workflow import GROUPS, Status

if TYPE_CHECKING:
    from reports.querysets import ReportQuerySet

MAX_NEAR_M = 50_000
MAX_POLYGON_CORNERS = 5_000
MAX_POLYGON_TEXT = 200_000


def filtered(reports: ReportQuerySet, asked: Mapping[str, str]) -> ReportQuerySet:
    """The reports that fit bbox, unit, authority, category, status, since, until, near and within; PlaceError names what is not right."""
    reports = by_attributes(reports, asked)
    if box := asked.get("bbox"):
        reports = reports.in_area(parse_bbox(box))
    if near := asked.get("near"):
        reports = _near(reports, near)
    parse_on(asked.get("on", ""))  # refused also where no unit is asked for
    if within := asked.get("within"):
        reports = _within(reports, within, asked.get("on", ""))
    if unit := asked.get("unit"):
        reports = reports.in_unit(unit_of(unit, asked.get("on", ""), "unit"))
    return reports


def by_attributes(reports: ReportQuerySet, asked: Mapping[str, str]) -> ReportQuerySet:
    """The reports that fit authority, category, status, since and until.

    The keys of bodies and categories are read first: of keys PostgreSQL knows how many reports have them, of codes it does not, and would go
    through the whole table for one that hardly any has.
    """
    if authorities := words(asked.get("authority", "")):
        reports = reports.filter(authority__in=list(Body.objects.filter(code__in=authorities).values_list("pk", flat=True)))
    if categories := words(asked.get("category", "")):
        reports = reports.filter(category__in=list(Category.objects.filter(code__in=categories).values_list("pk", flat=True)))
    if statuses := asked_statuses(asked.get("status", "")):
        reports = reports.of_status(statuses)
    return reports.filed_between(parse_moment(asked.get("since", ""), "since"), parse_moment(asked.get("until", ""), "until"))


def asked_statuses(text: str) -> list[str]:
    """Statuses and groups of them, separated by commas; PlaceError names one that there is not."""
    statuses = words(text)
    if unknown := [name for name in statuses if name not in Status.values and name not in GROUPS]:
        sentence = _("%(name)s is no status. Known: %(known)s.") % {"name": unknown[0][:40], "known": ", ".join([*Status.values, *GROUPS])}
        raise PlaceError(sentence, errors={"status": [sentence]})
    return statuses


def parse_moment(text: str, name: str) -> datetime | None:
    """A moment from ISO 8601; a plain date is the beginning of that day in Asia/Ho_Chi_Minh; None where nothing was given."""
    if not text:
        return None
    try:
        moment = parse_datetime(text)
        day = None if moment else parse_date(text)
    except ValueError:
        moment = day = None
    if moment is None and day is None:
        sentence = _("%(name)s is not a date or time: write 2025-07-01 or 2025-07-01T08:00:00+07:00.") % {"name": name}
        raise PlaceError(sentence, errors={name: [sentence]})
    if moment is None:
        moment = datetime.combine(day or date.min, time.min)
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)


def unit_of(code: str, on: str, name: str) -> Unit:
    """The unit that has a code on a day (text, default today); PlaceError where none has."""
    day = parse_on(on)
    unit = Unit.objects.in_force(day).filter(code=code).lowest_first().first()
    if unit is None:
        sentence = _("No unit has the code %(code)s on %(day)s.") % {"code": code[:20], "day": day}
        raise PlaceError(sentence, errors={name: [sentence]})
    return unit


def parse_on(text: str) -> date:
    """The day of which units are meant, default today; PlaceError for what is no date."""
    try:
        day = parse_date(text) if text else timezone.localdate()
    except ValueError:
        day = None
    if day is None:
        sentence = _("on is not a date: write YYYY-MM-DD, for example 2025-07-01.")
        raise PlaceError(sentence, errors={"on": [sentence]})
    return day


def words(text: str) -> list[str]:
    """What stands between commas; at most 50."""
    return [word for word in (part.strip() for part in text.split(",")) if word][:50]


def _near(reports: ReportQuerySet, text: str) -> ReportQuerySet:
    parts = text.split(",")
    if len(parts) != 3:
        sentence = _("near takes three numbers: lat,lon,metres.")
        raise PlaceError(sentence, errors={"near": [sentence]})
    point = parse_point(parts[0], parts[1])
    metres = parse_number(parts[2], "near")
    if not 0 < metres <= MAX_NEAR_M:
        sentence = _("near takes at most %(limit)d metres.") % {"limit": MAX_NEAR_M}
        raise PlaceError(sentence, errors={"near": [sentence]})
    return reports.near(point, metres)


def _within(reports: ReportQuerySet, text: str, on: str) -> ReportQuerySet:
    if not text.lstrip().startswith("{"):
        return reports.in_unit(unit_of(text.strip(), on, "within"))
    return reports.in_area(parse_area(text))


def parse_area(text: str) -> GEOSGeometry:
    """A valid WGS 84 polygon from GeoJSON; PlaceError for anything else, too many corners, crossing itself or out of range."""

    def refuse(sentence: str) -> PlaceError:
        return PlaceError(sentence, errors={"within": [sentence]})

    if len(text) > MAX_POLYGON_TEXT:
        raise refuse(_("The polygon is too long; give at most %(limit)d corners.") % {"limit": MAX_POLYGON_CORNERS})
    try:
        content = json.loads(text)
        area = GEOSGeometry(json.dumps({"type": content["type"], "coordinates": content["coordinates"]}))
    except (ValueError, KeyError, TypeError, RecursionError, GEOSException, GDALException) as error:
        raise refuse(_("within is neither a unit code nor a GeoJSON polygon.")) from error
    if not isinstance(area, Polygon | MultiPolygon) or area.empty:
        raise refuse(_("within takes a Polygon or MultiPolygon."))
    if area.num_coords > MAX_POLYGON_CORNERS:
        raise refuse(_("The polygon is too long; give at most %(limit)d corners.") % {"limit": MAX_POLYGON_CORNERS})
    west, south, east, north = area.extent
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise refuse(_("The polygon leaves the range of longitude and latitude; coordinates are [lon, lat]."))
    if not area.valid:
        raise refuse(_("The polygon crosses itself: %(reason)s.") % {"reason": area.valid_reason})
    area.srid = 4326
    return area
