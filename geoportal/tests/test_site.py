"""The wiring: health, language, what is open, content policy, system checks."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.db import OperationalError, connection
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from geoportal.checks import working_hours_can_be_read

ROOT = Path(django_settings.BASE_DIR)

# What anybody may open without signing in, by the beginning of its address. Everything else must send a stranger away.
PUBLIC = (
    "", "api/v1/", "communes/", "ratings/", "where/", "reports/", "photos/", "history/", "follow/", "unit-follow/", "accounts/login/", "accounts/password/reset/", "accounts/logout/",
    "accounts/inactive/", "accounts/signup/", "accounts/confirm-email/", "accounts/login/code/confirm/", "accounts/2fa/authenticate/", "statistics/", "data/",
    "accounts/reauthenticate/", "accounts/invitation/", "manifest.webmanifest", "field-worker.js", "robots.txt", "admin/login/", "admin/jsi18n/",
)  # fmt: skip
CLOSED = ("desk", "planner", "admin")


def addresses(patterns, prefix=""):
    for pattern in patterns:
        route = prefix + str(pattern.pattern).lstrip("^").replace("\\Z", "").replace("$", "")
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            yield route, pattern.callback


class TestClosedUnlessOpened:
    def test_every_page_is_closed_unless_it_is_named_public(self):
        wrongly_open = []
        for route, view in addresses(get_resolver().url_patterns):
            named = any(route == name or (name and route.startswith(name)) for name in PUBLIC)
            is_api = hasattr(view, "cls") or hasattr(getattr(view, "view_class", None), "permission_classes")
            asks_for_sign_in = getattr(view, "login_required", True)
            if not named and not is_api and not asks_for_sign_in:
                wrongly_open.append(route)
        assert wrongly_open == []

    def test_every_api_view_says_who_may_call_it(self):
        for route, view in addresses(get_resolver().url_patterns):
            cls = getattr(view, "cls", None) or getattr(view, "view_class", None)
            if cls is not None and hasattr(cls, "permission_classes"):
                assert route.startswith("api/v1/"), route
                assert cls.permission_classes, route

    @pytest.mark.django_db
    @pytest.mark.parametrize("path", ["/desk/", "/admin/"])
    def test_strangers_are_sent_to_sign_in(self, client, path):
        response = client.get(path)
        assert response.status_code == 302
        assert "login" in response["Location"]


@pytest.mark.django_db
class TestHealth:
    def test_live_answers_whatever_the_host_name(self, client):
        assert client.get("/healthz/live", headers={"host": "10.1.2.3"}).json() == {"status": "ok"}

    def test_ready_when_database_and_migrations_are_there(self, client):
        response = client.get("/healthz/ready")
        assert response.status_code == 200
        assert response.json()["postgis"] >= "3.3"

    def test_not_ready_with_a_migration_missing(self, client):
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM django_migrations WHERE app = 'reports' AND name = (SELECT max(name) FROM django_migrations WHERE app = 'reports')"
            )
        response = client.get("/healthz/ready")
        assert response.status_code == 503
        assert response.json()["reason"] == "1 migrations are not applied"

    def test_not_ready_without_a_database_and_says_nothing_of_where_it_is(self, client, monkeypatch):
        def fail():
            raise OperationalError('connection to server at "10.0.0.7" failed')

        monkeypatch.setattr(connection, "cursor", fail)
        response = client.get("/healthz/ready")
        assert response.status_code == 503
        assert b"10.0.0.7" not in response.content


@pytest.mark.django_db
class TestLanguage:
    def test_pages_are_vietnamese_even_on_an_english_phone(self, client):
        response = client.get("/communes/", headers={"accept-language": "en-US"})
        assert response["Content-Language"] == "vi"
        assert '<html lang="vi"' in response.content.decode()

    def test_the_switch_is_kept(self, client):
        assert client.get("/communes/?lang=en")["Content-Language"] == "en"
        assert client.get("/communes/")["Content-Language"] == "en"

    def test_an_unknown_language_changes_nothing(self, client):
        assert client.get("/communes/?lang=xx")["Content-Language"] == "vi"
        assert client.get("/communes/?lang=../../etc/passwd")["Content-Language"] == "vi"

    def test_the_api_follows_its_header_and_sets_no_cookie(self, client):
        response = client.get("/api/v1/categories/?lang=en")
        assert response["Content-Language"] == "en"
        assert not response.cookies
        assert client.get("/api/v1/categories/", headers={"accept-language": "fr, en;q=0.5"})["Content-Language"] == "en"


@pytest.mark.django_db
class TestContentPolicy:
    def test_no_inline_script_and_no_foreign_host_is_allowed(self, client):
        policy = client.get("/communes/")["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy + ";"
        assert "unsafe" not in policy
        assert "http" not in policy

    def test_the_page_of_the_api_tells_every_call_of_the_schema_by_the_same_policy(self, client):
        response = client.get("/api/v1/docs/")
        assert "unsafe" not in response["Content-Security-Policy"]
        page = response.content.decode()
        paths = client.get("/api/v1/schema/?format=json").json()["paths"]
        assert len(paths) >= 20
        for path, methods in paths.items():
            assert f"<code>{path}</code>" in page
            for told in methods.values():
                assert f'id="{told["operationId"]}"' in page
                for parameter in told.get("parameters", []):
                    assert f"<code>{parameter['name']}</code>" in page


class TestStart:
    def run(self, *arguments, **environment):
        known = {
            key: value
            for key, value in os.environ.items()
            if key not in {"DJANGO_SECRET_KEY", "DATABASE_URL", "HTTPS", "TILE_URL", "MAP_EXTENT", "DJANGO_ALLOW_ASYNC_UNSAFE"}
        }
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=known | environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def test_there_is_no_start_without_a_secret_key(self):
        result = self.run("check", DATABASE_URL="postgis://u@127.0.0.1/x")
        assert result.returncode != 0
        assert "DJANGO_SECRET_KEY" in result.stderr

    def test_there_is_no_start_without_a_database(self):
        result = self.run("check", DJANGO_SECRET_KEY="x" * 60)
        assert result.returncode != 0
        assert "DATABASE_URL" in result.stderr

    def test_the_deployment_check_is_clean(self):
        secret = "".join(chr(33 + number % 90) for number in range(7, 80))
        result = self.run(
            "check",
            "--deploy",
            "--fail-level",
            "WARNING",
            DJANGO_SECRET_KEY=secret,
            DATABASE_URL=os.environ["DATABASE_URL"],
            ALLOWED_HOSTS="a.example",
        )
        assert result.returncode == 0, result.stderr

    @pytest.mark.parametrize(("wrong", "said"), [
        ({"MAP_EXTENT": "1,2,3"}, "MAP_EXTENT"), ({"MAP_EXTENT": "106,8,104,9"}, "MAP_EXTENT"), ({"TILE_URL": "https://t.example/{z}/{x}/{y}.png"}, "TILE_ATTRIBUTION"),
        ({"SNAP_DISTANCE_M": "-5"}, "SNAP_DISTANCE_M"),
    ])  # fmt: skip
    def test_settings_that_contradict_each_other_stop_the_start_in_words(self, wrong, said):
        result = self.run("check", DJANGO_SECRET_KEY="x" * 60, DATABASE_URL=os.environ["DATABASE_URL"], **wrong)
        assert result.returncode != 0
        assert said in result.stderr


@pytest.mark.django_db
def test_no_migration_is_missing():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@pytest.mark.django_db
def test_an_error_of_ours_gives_a_page_in_words_and_no_detail(client, monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError("secret detail")

    monkeypatch.setattr("insights.api.feature_collection", fail)
    quiet = Client(raise_request_exception=False)
    response = quiet.get("/api/v1/map/clusters/?bbox=104,8,106,10&zoom=8")
    assert response.status_code == 500
    assert b"secret detail" not in response.content


def test_hours_of_work_that_cannot_be_stop_the_start(settings):
    assert working_hours_can_be_read(None) == []
    settings.WORKING_HOURS = "12:00-8:00"
    assert [error.id for error in working_hours_can_be_read(None)] == ["geoportal.E005"]
