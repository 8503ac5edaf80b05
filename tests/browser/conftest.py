"""A real Chromium before a live server that serves the site as production does: the WSGI application, with WhiteNoise's hashed files.

    def test_something(site, phone, axe):
        phone.goto(f"{site}/reports/new/")
        ...
        axe(phone)

No request leaves the machine; an error in the console, an exception in a page or a request to another host fails the test.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import call_command
from django.db import connection
from django.test import Client, override_settings
from django.test.testcases import LiveServerThread
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect, sync_playwright

from accounts.models import User
from geoportal.staticfiles import HashedModules

# Playwright's event loop runs in the test's own thread; Django's ORM is only used between its calls
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking", "--no-first-run"]
ARGUMENTS += ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
DESK = {"viewport": {"width": 1440, "height": 900}}
PATIENCE_MS = 10_000
expect.set_options(timeout=PATIENCE_MS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All that stands in this folder needs Chromium."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def static_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The collected, hashed static files: once for all processes of a run, and not compressed, which would take the longest."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    root = shared / "static"
    with (shared / "static.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (shared / "static.collected").exists():
            with override_settings(STATIC_ROOT=str(root)), mock.patch.object(HashedModules, "compress_files", return_value=()):
                call_command("collectstatic", interactive=False, verbosity=0)
            (shared / "static.collected").touch()
    return root


@pytest.fixture(scope="session")
def server(static_root: Path, django_db_setup: None) -> Iterator[LiveServerThread]:
    """The live server: a thread with a port of its own."""
    with override_settings(STATIC_ROOT=str(static_root)):
        application = WSGIHandler()  # WhiteNoise reads its files here
    thread = LiveServerThread("127.0.0.1", static_handler=lambda _django_s_own: application)
    thread.daemon = True
    thread.start()
    thread.is_ready.wait()
    if thread.error:
        raise thread.error
    yield thread
    thread.terminate()


@pytest.fixture
def site(server: LiveServerThread, static_root: Path, tmp_path: Path, transactional_db: None) -> Iterator[str]:
    """The address of the site, over a database that really commits; photos go to a folder of the test."""
    with connection.cursor() as cursor:  # procrastinate's tables are unmanaged: Django's flush leaves them
        cursor.execute("TRUNCATE procrastinate_jobs CASCADE")
    url = f"http://127.0.0.1:{server.port}"
    with override_settings(STATIC_ROOT=str(static_root), MEDIA_ROOT=str(tmp_path / "media"), SITE_URL=url, ALLOWED_HOSTS=["127.0.0.1"]):
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium. One a module: while it runs, an event loop runs in this thread, and asyncio.run() would refuse (workers!)."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=os.environ.get("CHROMIUM") or "/usr/bin/chromium", args=ARGUMENTS)
        yield chromium
        chromium.close()


class Console:
    """What went wrong in the pages of a test; `forgive` names what a test provokes itself."""

    def __init__(self) -> None:
        self.errors: list[str] = []
        self.forgiven = ["error occurred when fetching the script"]  # a worker that looks for its next version without a line

    def forgive(self, pattern: str) -> None:
        """Errors that match this regular expression are meant, for example "status of 422"."""
        self.forgiven.append(pattern)

    def watch(self, context: BrowserContext, site: str) -> None:
        """Collects errors of all pages of a context, and every request to another host."""

        def asked(request: Request) -> None:
            if request.url.startswith("http") and not request.url.startswith(site):
                self.errors.append(f"request left the machine: {request.url}")

        # Chromium itself finds no other host (ARGUMENTS). A route would look at every request on its way, and switch the cache off
        context.on("request", asked)
        context.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        context.on("weberror", lambda error: self.errors.append(str(error.error)))

    @property
    def unforgiven(self) -> list[str]:
        """The errors that nobody meant."""
        return [error for error in self.errors if not any(re.search(pattern, error) for pattern in self.forgiven)]


@pytest.fixture
def console() -> Iterator[Console]:
    """Fails the test where a page had an error that the test did not forgive."""
    watched = Console()
    yield watched
    assert not watched.unforgiven


@pytest.fixture
def visit(browser: Browser, site: str, console: Console) -> Iterator[Callable[..., Page]]:
    """Opens a browser of its own: `visit()` a desk, `visit(**PHONE)` a phone, `visit(java_script_enabled=False)`, `visit(user=binh)`."""
    contexts: list[BrowserContext] = []

    def open_page(user: User | None = None, **options: Any) -> Page:
        context = browser.new_context(
            **{
                **DESK,
                "locale": "vi-VN",
                "timezone_id": "Asia/Ho_Chi_Minh",
                "geolocation": {"latitude": 9.05, "longitude": 105.05, "accuracy": 12},
                "permissions": ["geolocation"],
                **options,
            }
        )
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        console.watch(context, site)
        if user is not None:
            sign_in(context, user, site)
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()


def sign_in(context: BrowserContext, user: User, site: str) -> None:
    """Gives a browser the session of somebody who has signed in."""
    client = Client()
    client.force_login(user)
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": client.cookies[settings.SESSION_COOKIE_NAME].value, "url": site}])


@pytest.fixture
def phone(visit: Callable[..., Page]) -> Page:
    """A page on a phone of 360 × 740 points with touch, in Cà Mau, in Vietnamese."""
    return visit(**PHONE)


@pytest.fixture
def desk(visit: Callable[..., Page]) -> Page:
    """A page on a desk of 1440 × 900 points."""
    return visit()


@pytest.fixture
def axe() -> Callable[[Page], None]:
    """Fails where axe-core finds something in a page that somebody could not use."""

    def check(page: Page) -> None:
        found = Axe().run(page).response["violations"]
        assert not found, "\n".join(f"{rule['id']}: {[node['html'] for node in rule['nodes']]}" for rule in found)

    return check
