"""Calls that are the same for all go past what knows people, and lose nothing else on the way."""

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import get_resolver
from rest_framework.permissions import AllowAny

from boundaries.tests.factories import UnitFactory
from geoportal.tests.test_site import addresses
from gis.open_calls import is_open

LOCATE = "/api/v1/units/locate/?lat=9.05&lon=105.05"
BOX = "bbox=105,9,105.2,9.2&zoom=12"
ASKED = (
    LOCATE,
    "/api/v1/units/locate/?lat=200&lon=5&lang=en",  # a problem
    f"/api/v1/map/clusters/?{BOX}",
    "/api/v1/map/clusters/",
    "/api/v1/tiles/units/8/202/121.mvt",
    "/api/v1/tiles/reports/8/202/121.mvt",
    "/api/v1/tiles/neither/8/202/121.mvt",
    "/api/v1/units/locate",  # without its slash
)
SHORT = "geoportal.short_way.ShortWay"


def clients(settings):
    """A client of the site as it is, and one of the site as it would be without the short way."""
    whole = [name for name in settings.MIDDLEWARE if name != SHORT]
    made = []
    for middleware in (settings.MIDDLEWARE, whole):
        settings.MIDDLEWARE = middleware
        made.append(Client())
        made[-1].get("/healthz/live")  # it reads the settings at its first request
    return made


def told(response):
    """Status, body and headers; of Vary without the cookie, which only those who know people read."""
    headers = {name: value for name, value in response.headers.items() if name != "Vary"}
    vary = {name.strip() for name in response.get("Vary", "").split(",")} - {"Cookie"}
    return response.status_code, response.content, headers, vary, response.cookies.output()


def test_only_these_calls_are_open():
    found = {route for route, view in addresses(get_resolver().url_patterns) if is_open(view)}
    assert found == {"api/v1/units/locate/", "api/v1/map/clusters/", "api/v1/tiles/<str:layer>/<str:z>/<str:x>/<str:y>.mvt"}


def test_an_open_call_neither_recognises_anybody_nor_asks_for_leave():
    for _route, view in addresses(get_resolver().url_patterns):
        if is_open(view):
            assert tuple(view.cls.permission_classes) == (AllowAny,)
            assert tuple(view.cls.authentication_classes) == ()


@pytest.mark.django_db
@pytest.mark.parametrize("headers", [{}, {"host": "elsewhere.example"}, {"accept-encoding": "gzip"}, {"accept-language": "en"}])
@pytest.mark.parametrize("redirect", [False, True], ids=["", "all to HTTPS"])
def test_both_ways_say_the_same(settings, monkeypatch, headers, redirect):
    UnitFactory(code="32002")
    monkeypatch.setattr("django.middleware.gzip.GZipMiddleware.max_random_bytes", 0)
    settings.SECURE_SSL_REDIRECT = redirect
    short, whole = clients(settings)
    for address in ASKED:
        for method in ("get", "head", "options"):
            on_short, on_whole = (told(getattr(client, method)(address, headers=headers)) for client in (short, whole))
            assert on_short == on_whole, address


@pytest.mark.django_db
def test_security_headers_are_on_what_goes_the_short_way(client):
    headers = client.get(LOCATE).headers
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert client.get(LOCATE, headers={"host": "elsewhere.example"}).status_code == 400
    assert client.get(LOCATE + "%00").status_code == 400


@pytest.mark.django_db
def test_who_is_signed_in_is_not_looked_up(binh, client_of, django_assert_num_queries):
    client = client_of(binh)
    client.get(LOCATE)
    with django_assert_num_queries(2):  # the throttle's and the unit's, none for session or user
        response = client.get(LOCATE)
    assert not hasattr(response.wsgi_request, "session")
    assert "Cookie" not in response["Vary"]


@pytest.mark.django_db
def test_what_fails_on_the_short_way_is_an_error_as_everywhere(client, monkeypatch):
    def fail(*_given):
        raise RuntimeError("broken")

    monkeypatch.setattr("boundaries.api.covering", fail)
    client.raise_request_exception = False
    response = client.get(LOCATE)
    assert response.status_code == 500
    assert response["X-Frame-Options"] == "DENY"


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/desk/", "/admin/", "/api/v1/planner/queries/"])
def test_what_is_not_open_still_asks_who_is_there(client, path):
    assert client.get(path).status_code in {302, 403}


def test_only_reading_goes_the_short_way(client, monkeypatch):
    monkeypatch.setattr(
        "django.contrib.sessions.middleware.SessionMiddleware.process_request", lambda *_given: HttpResponse("the whole way")
    )
    assert client.post(LOCATE).content == b"the whole way"
    assert client.put(LOCATE).content == b"the whole way"
