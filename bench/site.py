"""The site with two addresses more, behind the same middleware: a bare view that returns a constant, and one with one prepared query. For benchmarks only."""

from __future__ import annotations

from functools import cache

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path

from geoportal.urls import urlpatterns as of_the_site
from gis.open_calls import opened
from gis.prepared import one_row


@cache
def _body(name: str, of: str) -> bytes:
    with open(name, "rb") as file:
        return file.read()


@opened
def constant(request: HttpRequest) -> HttpResponse:
    """The file that is named, as it is."""
    return HttpResponse(_body(request.GET["file"], request.GET["of"]), content_type="application/json")


UNIT = """
SELECT unit.code, unit.name, unit.level FROM boundaries_unitpiece AS piece JOIN boundaries_unit AS unit ON unit.id = piece.unit_id
WHERE ST_Covers(piece.geometry, ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326)) AND unit.active AND unit.level = 'commune'
  AND unit.validity @> current_date
LIMIT 1
"""


@opened
def unit(request: HttpRequest) -> HttpResponse:
    """The unit of a point as plainly as can be: one prepared query, no throttle, nothing said of borders, water, dates or what it is part of."""
    code, name, level = one_row(UNIT, {"lon": float(request.GET["lon"]), "lat": float(request.GET["lat"])})
    return JsonResponse({"code": code, "name": name, "level": level})


urlpatterns = [path("bench/constant/", constant), path("bench/unit/", unit), *of_the_site]
