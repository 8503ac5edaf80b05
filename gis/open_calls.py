"""Calls of the API that everybody may make, and that answer the same whoever asks."""

from __future__ import annotations

from collections.abc import Iterable

from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.permissions import AllowAny
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.views import APIView


class _First(BaseContentNegotiation):
    """The first renderer, whatever is accepted: map programs say all kinds of things, and errors are JSON for all of them."""

    def select_parser(self, request: Request, parsers: Iterable[object]) -> None:
        """None: nothing is sent."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """The renderer, and what it renders."""
        renderer = next(iter(renderers))
        return renderer, renderer.media_type


class OpenCall(APIView):
    """Nobody is recognised, nothing is read but the address, and nothing is negotiated: that takes as long as a short query."""

    permission_classes = [AllowAny]
    authentication_classes = ()
    parser_classes = ()
    content_negotiation_class = _First
