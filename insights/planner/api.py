"""The planner's calls: ask a query, keep it, list layers, upload one and delete it."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from gis.bbox import parse_number
from insights.planner.downloads import FORMATS, as_data, download
from insights.planner.language import MAX_BYTES, parse_query, read_json, too_long
from insights.planner.layers import drawn_features, listed_layers
from insights.planner.models import OwnLayer, SavedQuery
from insights.planner.querysets import body_of_planner, may_plan
from insights.planner.running import run
from insights.planner.uploads import upload_layer
from reports.throttling import Throttle


class QueryParser(BaseParser):
    """JSON of a size and of numbers that a query may have."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """The JSON; a request that says that it is longer is not read at all."""
        length = parser_context["request"].META.get("CONTENT_LENGTH") or "0"
        if not length.isdigit() or int(length) > MAX_BYTES:
            raise too_long()
        return read_json(stream.read(MAX_BYTES + 1))


class IsPlanner(BasePermission):
    """Planners, and those who lead, coordinate or inspect."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Whether the person may plan."""
        return may_plan(request.user)


class PlannerView(APIView):
    """What all calls of the workbench share."""

    permission_classes = [IsPlanner]
    parser_classes = [QueryParser]
    throttle_scope = "plan"


FORMAT = OpenApiParameter("as", str, enum=list(FORMATS), description="csv or geojson: as a file")


class QueryView(PlannerView):
    """Ask a query."""

    @extend_schema(operation_id="planner_query", parameters=[FORMAT], request=OpenApiTypes.OBJECT, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request) -> Response | HttpResponse:
        """The answer to a query: its sentence, the total of reports, and rows; `group` says what a row stands for."""
        query = parse_query(request.data)
        return answered(request, query)


class SavedOut(serializers.ModelSerializer[SavedQuery]):
    """A saved query as its list and itself show it."""

    mine = serializers.SerializerMethodField()
    url = serializers.SerializerMethodField()
    result = serializers.SerializerMethodField()

    class Meta:
        model = SavedQuery
        fields = ("key", "name", "sharing", "made_at", "mine", "url", "result", "query")
        read_only_fields = ("key", "made_at")

    def get_mine(self, saved: SavedQuery) -> bool:
        """Whether whoever asks may change it."""
        return bool(saved.owner_id == self.context["request"].user.pk)

    def get_url(self, saved: SavedQuery) -> str:
        """The page to share."""
        return str(self.context["request"].build_absolute_uri(reverse("insights:saved_query", args=[saved.key])))

    def get_result(self, saved: SavedQuery) -> str:
        """The call that answers it."""
        return str(self.context["request"].build_absolute_uri(reverse("planner-result", args=[saved.key])))

    def validate_query(self, data: Any) -> Any:
        """Only what is a query is kept."""
        parse_query(data)
        return data


class SavedList(PlannerView):
    """Saved queries."""

    @extend_schema(operation_id="planner_saved_list", responses=SavedOut(many=True))
    def get(self, request: Request) -> Response:
        """One's own, and those that one's body shares."""
        rows = SavedQuery.objects.listed_for(request.user)
        return Response(SavedOut(rows, many=True, context={"request": request}).data)

    @extend_schema(operation_id="planner_saved_create", request=SavedOut, responses={201: SavedOut})
    def post(self, request: Request) -> Response:
        """Keeps a query under a name."""
        form = SavedOut(data=request.data, context={"request": request})
        form.is_valid(raise_exception=True)
        owner = planner_of(request)
        form.save(owner=owner, body=body_of_planner(owner))
        return Response(form.data, status=201)


class SavedOne(PlannerView):
    """One saved query."""

    @extend_schema(operation_id="planner_saved_one", responses=SavedOut)
    def get(self, request: Request, key: str) -> Response:
        """The query, for whom it is shared with."""
        return Response(SavedOut(_open(request, key), context={"request": request}).data)

    @extend_schema(operation_id="planner_saved_change", request=SavedOut, responses=SavedOut)
    def patch(self, request: Request, key: str) -> Response:
        """Another name, other readers, or another query."""
        form = SavedOut(_own(request, key), data=request.data, partial=True, context={"request": request})
        form.is_valid(raise_exception=True)
        form.save()
        return Response(form.data)

    @extend_schema(operation_id="planner_saved_delete", responses={204: None})
    def delete(self, request: Request, key: str) -> Response:
        """Forgets it."""
        _own(request, key).delete()
        return Response(status=204)


class SavedResult(PlannerView):
    """The answer to a saved query."""

    @extend_schema(operation_id="planner_saved_result", parameters=[FORMAT], responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, key: str) -> Response | HttpResponse:
        """As it is now; a layer that the reader may not see is refused."""
        return answered(request, parse_query(_open(request, key).query))


class LayerIn(serializers.Serializer[Any]):
    """What comes with an upload."""

    file = serializers.FileField()
    name = serializers.CharField(max_length=100)
    attribution = serializers.CharField(max_length=300)
    sharing = serializers.ChoiceField(OwnLayer.Sharing.choices, default=OwnLayer.Sharing.BODY)


class LayerList(PlannerView):
    """Layers that a query may name."""

    parser_classes = [MultiPartParser]

    @extend_schema(operation_id="planner_layers", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """Those of the base map, one's own, and those that are shared."""
        return Response([vars(layer) for layer in listed_layers(request.user)])

    @extend_schema(operation_id="planner_layer_upload", request=LayerIn, responses={201: OpenApiTypes.OBJECT})
    def post(self, request: Request) -> Response:
        """Keeps a layer of one's own: GeoJSON, GeoPackage, zipped Shapefile, or CSV with lat and lon."""
        Throttle("layer").allow_request(request, self)
        form = LayerIn(data=request.data)
        form.is_valid(raise_exception=True)
        told = form.validated_data
        file = told.pop("file")
        layer = upload_layer(owner=planner_of(request), file=file, file_name=file.name or "", size=file.size or 0, **told)
        return Response({"key": f"own:{layer.key}", "features": layer.features_count, "repaired": layer.repaired_count}, status=201)


class LayerOne(PlannerView):
    """One uploaded layer."""

    @extend_schema(operation_id="planner_layer_features", parameters=[OpenApiParameter("zoom", int)], responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, key: str) -> Response:
        """Its features, simplified for the zoom (0–22), at most 5,000, the rest counted in `withheld`."""
        layer = get_object_or_404(OwnLayer.objects.open_to(request.user), key=key)
        zoom = parse_number(request.query_params.get("zoom") or "12", "zoom")
        return Response(drawn_features(layer, min(max(int(zoom), 0), 22)))

    @extend_schema(operation_id="planner_layer_delete", responses={204: None})
    def delete(self, request: Request, key: str) -> Response:
        """Deletes it, with its rows."""
        layer = get_object_or_404(OwnLayer.objects.open_to(request.user), key=key)
        if layer.owner_id != planner_of(request).pk:
            raise PermissionDenied
        layer.delete()
        return Response(status=204)


def answered(request: Request, query: Any) -> Response | HttpResponse:
    """The answer as JSON, or as the file that `as` names."""
    answer = run(query, request.user)
    kind = request.query_params.get("as", "")
    return download(answer, kind) if kind else Response(as_data(answer))


def planner_of(request: Request) -> User:
    """Who asks; IsPlanner has let nobody else through."""
    assert isinstance(request.user, User)  # noqa: S101
    return request.user


def _open(request: Request, key: str) -> SavedQuery:
    found = SavedQuery.objects.open_to(request.user).filter(key=key).first()
    if found is None:
        raise Http404
    return found


def _own(request: Request, key: str) -> SavedQuery:
    found = _open(request, key)
    if not SavedQuery.objects.owned_by(request.user).filter(pk=found.pk).exists():
        raise PermissionDenied
    return found
