"""Looking at a photo before a report is sent: whether it can be taken, and what it says of when and where."""

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BooleanField, DateTimeField, FloatField, Serializer
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from reports.media import PhotoRefused, offer, prepare_photo
from reports.throttling import Throttle


class PhotoOffer(Serializer[None]):
    """What a photo says of itself."""

    ok = BooleanField()
    taken_at = DateTimeField(allow_null=True)
    lat = FloatField(allow_null=True)
    lon = FloatField(allow_null=True)


class PhotoInspect(APIView):
    """Looks at a photo and keeps nothing."""

    permission_classes = [AllowAny]
    authentication_classes = []
    parser_classes = [MultiPartParser]

    def get_throttles(self) -> list[BaseThrottle]:
        """Decoding costs; it is limited."""
        return [Throttle("photo")]

    @extend_schema(
        operation_id="photos_inspect",
        request={"multipart/form-data": {"type": "object", "properties": {"photo": {"type": "string", "format": "binary"}}}},
        responses={200: PhotoOffer, 400: OpenApiTypes.OBJECT},
    )
    def post(self, request: Request) -> Response:
        """Whether the photo can be taken, and the time and place that it says it was taken at; 400 with the reason where it cannot."""
        upload = request.FILES.get("photo")
        if not isinstance(upload, UploadedFile):
            raise ValidationError({"photo": [_("This is required.")]})
        try:
            photo = prepare_photo(upload)
        except PhotoRefused as error:
            raise ValidationError({"photo": [str(error)]}) from None
        return Response({"ok": True, **offer(photo.taken_at, photo.taken_where)})
