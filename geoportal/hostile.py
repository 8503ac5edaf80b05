"""Input that no honest client sends, refused before it costs anything."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest


class RefuseNullBytes:
    """Refuses null bytes in the address: PostgreSQL has no such letter, and every query would fail. Forms refuse them by themselves."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\x00" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
            return HttpResponseBadRequest("A null byte in the address: remove it.", content_type="text/plain")
        return self.get_response(request)
