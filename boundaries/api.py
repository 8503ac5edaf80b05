"""The API of the territory: look-up by point, lists by date, base layers, places by name."""

from datetime import date
from typing import Any

from django.contrib.gis.geos import Point
from django.db.models import Count, Min
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from boundaries.answering import covering
from boundaries.locate import Placement, locate
from boundaries.models import BaseLayer, Level, Unit, UnitSuccession
from boundaries.places import search_places
from boundaries.places.heirs import heirs_of_units_called
from boundaries.querysets import UnitQuerySet
from boundaries.serializers import LayerFeature, PlacementOut, UnitDetailFeature, UnitFeature, UnitHistoryOut
from boundaries.succession import heirs
from gis.bbox import WGS84, parse_bbox, parse_number, parse_point, parse_position
from gis.errors import PlaceError
from gis.open_calls import OpenCall
from gis.pagination import FeaturePages

DEFAULT_ZOOM = 10
FULL_ZOOM = 22

ON = OpenApiParameter("on", OpenApiTypes.DATE, description="Day in Asia/Ho_Chi_Minh; default today")
ZOOM = OpenApiParameter("zoom", int, description="Web map zoom (0–22) that the outline is simplified for")
BBOX = OpenApiParameter("bbox", str, description="west,south,east,north in degrees")


def parse_day(request: Request) -> date:
    """The `on` parameter, or today in Asia/Ho_Chi_Minh; PlaceError where it is no date."""
    text = request.query_params.get("on")
    if not text:
        return timezone.localdate()
    try:
        day = parse_date(text)
    except ValueError:
        day = None
    if day is None:
        sentence = _("on is not a date: write YYYY-MM-DD, for example 2025-07-01.")
        raise PlaceError(sentence, errors={"on": [sentence]})
    return day


def parse_zoom(request: Request, default: int) -> int:
    """The `zoom` parameter as a whole number from 0 to 22; PlaceError otherwise."""
    text = request.query_params.get("zoom")
    if not text:
        return default
    zoom = parse_number(text, "zoom")
    if not 0 <= zoom <= FULL_ZOOM:
        sentence = _("zoom must lie between 0 and 22.")
        raise PlaceError(sentence, errors={"zoom": [sentence]})
    return int(zoom)


AS_ANSWERED = PlacementOut()  # one for all: to show changes nothing of it, and to make one makes every field anew


class LocateView(OpenCall):
    """Which commune a point lies in, on a day."""

    throttle_scope = "locate"

    @extend_schema(
        operation_id="units_locate",
        parameters=[
            OpenApiParameter("lat", float, required=True),
            OpenApiParameter("lon", float, required=True),
            OpenApiParameter("accuracy", float, description="Radius in metres in which the point truly lies"),
            ON,
        ],
        responses=PlacementOut,
    )
    def get(self, request: Request) -> HttpResponseBase:
        """The commune that covers the point, else the nearest within the limit; candidates with their share of the accuracy circle."""
        lon, lat = parse_position(request.query_params.get("lat"), request.query_params.get("lon"))
        accuracy = request.query_params.get("accuracy")
        metres = parse_number(accuracy, "accuracy") if accuracy else None
        if metres is not None and metres < 0:
            sentence = _("accuracy is a radius in metres, not below zero.")
            raise PlaceError(sentence, errors={"accuracy": [sentence]})
        on = parse_day(request)
        if not metres and (answer := covering(lon, lat, on)):
            return HttpResponse(answer, content_type="application/json")
        placement = locate(point=Point(lon, lat, srid=WGS84), accuracy_m=metres, on=on)
        if placement.unit is None:
            refuse_a_day_without_units(placement)
        return Response(AS_ANSWERED.to_representation(placement))


def refuse_a_day_without_units(placement: Placement) -> None:
    """Raises PlaceError (404) where the place has units on record, but none on that day; a place outside everything passes."""
    known = list(Unit.objects.filter(active=True, level=Level.COMMUNE).covering(placement.point).values_list("validity", flat=True))
    if not known or any(placement.on in period for period in known):
        return
    periods = "; ".join(f"[{period.lower or '…'}, {period.upper or '…'})" for period in known)
    sentence = _("No units are on record here on %(day)s. On record: %(periods)s.") % {"day": placement.on, "periods": periods}
    raise PlaceError(sentence, status=404, errors={"on": [sentence]})


class UnitList(generics.ListAPIView[Unit]):
    """Units in force on a day, as GeoJSON."""

    permission_classes = [AllowAny]
    serializer_class = UnitFeature
    pagination_class = FeaturePages

    @extend_schema(
        parameters=[
            ON,
            OpenApiParameter("level", str, enum=Level.values),
            OpenApiParameter("parent", str, description="Code of the district or province that they are part of"),
            OpenApiParameter("q", str, description="Part of the name, present or former, with or without tone marks, or the code"),
            BBOX,
            ZOOM,
            OpenApiParameter("geometry", str, enum=["none"], description="`none` leaves the outlines out"),
        ]
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A page of the units asked for."""
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> UnitQuerySet:
        """The units asked for; PlaceError for a parameter that is not right."""
        asked = self.request.query_params
        on = parse_day(self.request)
        units = Unit.objects.in_force(on).select_related("parent")
        if level := asked.get("level"):
            if level not in Level.values:
                sentence = _("level is one of %(levels)s.") % {"levels": ", ".join(Level.values)}
                raise PlaceError(sentence, errors={"level": [sentence]})
            units = units.of_level(level)
        if parent := asked.get("parent"):
            units = units.below_code(parent, on)
        if text := asked.get("q"):
            units = units.called(text[:100]) | units.filter(pk__in=heirs_of_units_called(text[:100], on))
        if box := asked.get("bbox"):
            units = units.touching(parse_bbox(box))
        return units.with_outline(None if asked.get("geometry") == "none" else parse_zoom(self.request, DEFAULT_ZOOM))


class UnitDetail(generics.RetrieveAPIView[Unit]):
    """One unit on a day."""

    permission_classes = [AllowAny]
    serializer_class = UnitDetailFeature

    @extend_schema(parameters=[ON, ZOOM, OpenApiParameter("level", str, enum=Level.values)])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The unit that has the code on that day; the lowest level where several have it."""
        return super().get(request, *args, **kwargs)

    def get_object(self) -> Unit:
        """The unit, with its outline."""
        return unit_asked_for(self.request, self.kwargs["code"], Unit.objects.with_outline(parse_zoom(self.request, FULL_ZOOM)))


def unit_asked_for(request: Request, code: str, units: UnitQuerySet) -> Unit:
    """The unit that has a code on the day asked for, with its ancestors; PlaceError (404) says when the code was in force where it was not."""
    on = parse_day(request)
    units = units.filter(code=code, active=True)
    if level := request.query_params.get("level"):
        units = units.of_level(level)
    unit = units.in_force(on).with_ancestors().lowest_first().first()
    if unit is not None:
        return unit
    known = [f"{other.name} [{other.valid_from or '…'}, {other.valid_to or '…'})" for other in units.order_by("validity")]
    if known:
        sentence = _("Code %(code)s was not in force on %(day)s. On record: %(periods)s.") % {
            "code": code,
            "day": on,
            "periods": "; ".join(known),
        }
    else:
        sentence = _("No unit has the code %(code)s.") % {"code": code}
    raise PlaceError(sentence, status=404)


class UnitHistory(APIView):
    """What became of a unit, and what it was formed from."""

    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="units_succession", parameters=[ON, OpenApiParameter("level", str, enum=Level.values)], responses=UnitHistoryOut
    )
    def get(self, request: Request, code: str) -> Response:
        """The units before and after the one that has the code on that day, one change away, and those that have its territory today."""
        unit = unit_asked_for(request, code, Unit.objects.all())
        history = {
            "unit": unit,
            "on": parse_day(request),
            "formed_from": [_side(row, row.old) for row in unit.succeeds.settled().with_units().largest_first()],
            "became": [_side(row, row.new) for row in unit.succeeded_by.settled().with_units().largest_first()],
            "today": [{"unit": heir, "share": share} for heir, share in heirs(unit)],
        }
        return Response(UnitHistoryOut(history).data)


def _side(row: UnitSuccession, unit: Unit) -> dict[str, Any]:
    """One side of a succession, as SuccessionOut wants it."""
    return {"unit": unit, "transfer": row.transfer, "share": row.share, "known_from": row.source, "edition": row.new.edition}


class LayerList(APIView):
    """The base layers that the map can be drawn from."""

    permission_classes = [AllowAny]

    @extend_schema(operation_id="layers_list", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """Name, number of features and attribution of each layer."""
        layers = BaseLayer.objects.values("name").annotate(features=Count("pk"), attribution=Min("attribution")).order_by("name")
        return Response(list(layers))


class LayerDetail(APIView):
    """A base layer's features in a box."""

    permission_classes = [AllowAny]
    cap = 2000

    @extend_schema(operation_id="layers_retrieve", parameters=[BBOX, ZOOM], responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, name: str) -> Response:
        """A FeatureCollection simplified for the zoom, cut to the box; at most 2,000 features, the rest counted in `withheld`."""
        features = BaseLayer.objects.filter(name=name)
        if not features.exists():
            raise PlaceError(_("There is no layer called %(name)s.") % {"name": name}, status=404)
        box = parse_bbox(request.query_params["bbox"]) if request.query_params.get("bbox") else None
        drawn = features.drawn(parse_zoom(request, DEFAULT_ZOOM), box)
        total = drawn.count()
        return Response({**LayerFeature(drawn[: self.cap], many=True).data, "withheld": max(0, total - self.cap)})


class PlaceSearch(APIView):
    """Places as people write them."""

    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="places_list",
        parameters=[
            OpenApiParameter(
                "q", str, required=True, description="A name of today or of former days, an address, a code, coordinates, a plus code"
            ),
            OpenApiParameter("lat", float, description="With lon: of places that fit alike, those nearer to this point come first"),
            OpenApiParameter("lon", float),
        ],
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request) -> Response:
        """The best ten; those of former days say until when they were in force and what they are part of now."""
        asked = request.query_params
        near = parse_point(asked.get("lat"), asked.get("lon")) if asked.get("lat") or asked.get("lon") else None
        return Response({"results": [place.as_dict() for place in search_places(asked.get("q", ""), near=near)]})
