"""The site with one address more: a bare view that returns a constant, behind the same middleware. For benchmarks only."""

from __future__ import annotations

from functools import cache

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.urls import path

from geoportal.urls import urlpatterns as of_the_site


@cache
def _body(name: str, of: str) -> bytes:
    with open(name, "rb") as file:
        return file.read()


@login_not_required
def constant(request: HttpRequest) -> HttpResponse:
    """The file that is named, as it is."""
    return HttpResponse(_body(request.GET["file"], request.GET["of"]), content_type="application/json")


urlpatterns = [path("bench/constant/", constant), *of_the_site]
