"""Calls of the API that everybody may make, and that answer the same whoever asks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from django.db import OperationalError, connection
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.permissions import AllowAny
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


def opened(view: View) -> View:
    """Marks a view as open: it reads no cookie, session or user, so that whoever may be asking need not be found out (geoportal/short_way.py)."""
    view.answers_all_alike = True  # type: ignore[attr-defined]
    return view


def is_open(view: Callable[..., HttpResponseBase]) -> bool:
    """Whether a view is marked as open."""
    return getattr(view, "answers_all_alike", False)


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

    @classmethod
    def as_view(cls, **given: Any) -> Any:
        """The view, marked as open."""
        return opened(super().as_view(**given))

    def perform_authentication(self, request: Request) -> None:
        """Nothing: there is nobody to find out."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answers; where the kept connection to the database was lost, by a new one: to try it at every request takes as long as asking."""
        connection.health_check_done = True  # type: ignore[attr-defined]  # Django's types leave it out
        try:
            return super().dispatch(request, *args, **kwargs)
        except OperationalError:
            if connection.in_atomic_block or connection.connection is None or connection.is_usable():
                raise
            connection.close()
            return super().dispatch(request, *args, **kwargs)
