"""The site as in production, on a port of its own, asked by one client over one kept connection."""

from __future__ import annotations

import gzip
import http.client
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import brotli
from django.conf import settings
from django.core.management import call_command
from django.db import connection

ROOT = Path(__file__).resolve().parent.parent
GUNICORN = ("gunicorn", "--config", "bin/gunicorn_conf.py", "--max-requests", "0", "geoportal.wsgi")


@contextmanager
def served(workers: int = 2, env: Mapping[str, str] | None = None, server: Sequence[str] | None = None) -> Iterator[int]:
    """The port on which gunicorn serves this database, as bin/gunicorn_conf.py says; the address of bench/site.py is there too.

    `env` adds to the environment; `server` are the words that start another server in its place, `{port}` filled in.
    """
    port = free_port()
    with tempfile.TemporaryDirectory() as static:
        settings.STATIC_ROOT = static
        call_command("collectstatic", interactive=False, verbosity=0)
        database = settings.DATABASES["default"]
        url = f"postgis://{database['USER']}:{database['PASSWORD']}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
        around = {
            **os.environ,
            "DATABASE_URL": url,
            "DJANGO_SETTINGS_MODULE": "bench.site_settings",
            "ALLOWED_HOSTS": "127.0.0.1",
            "BIND": f"127.0.0.1:{port}",
            "WEB_CONCURRENCY": str(workers),
            "STATIC_ROOT": static,
            **(env or {}),
        }
        words = [sys.executable, "-m", *(word.format(port=port) for word in server or GUNICORN)]
        process = subprocess.Popen(words, cwd=ROOT, env=around, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
        try:
            _wait(port)
            yield port
        finally:
            process.terminate()
            process.wait(timeout=30)


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def memory_mb() -> float:
    """What the processes below this one hold in memory, what they share counted by its parts (megabytes)."""
    held = 0
    for pid in processes_below():
        with suppress(OSError):
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            held += int(rollup.partition("Pss:")[2].split()[0])
    return held / 1e3


def processes_below() -> list[int]:
    """This process's children, and theirs."""
    below: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            below.setdefault(int(stat.read_text().rpartition(")")[2].split()[1]), []).append(int(stat.parent.name))
    found: list[int] = []
    waiting = list(below.get(os.getpid(), ()))
    while waiting:
        found.append(waiting.pop())
        waiting += below.get(found[-1], ())
    return found


def processor_seconds() -> dict[str, float]:
    """Processor time so far of the web processes (all below this one) and of the database's (those that serve this database, on this machine).

    Unlike a clock it says the same on a machine that others use too. What has ended counts no more.
    """
    web = sum(_spent(pid) for pid in processes_below())
    with connection.cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
        return {"web": web, "database": sum(_spent(pid) for (pid,) in cursor.fetchall())}


def _spent(pid: int) -> float:
    with suppress(OSError):
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def _wait(port: int) -> None:
    for _ in range(300):
        try:
            if Caller(port).get("/healthz/live")[1] == 200:
                return
        except OSError:
            pass
        time.sleep(0.2)
    raise SystemExit("The site did not come up: run gunicorn by hand and read what it says.")


def opened(body: bytes) -> bytes:
    """An answer in gzip, in brotli, or as it is."""
    if body[:2] == b"\x1f\x8b":
        return gzip.decompress(body)
    try:
        return brotli.decompress(body)  # type: ignore[no-any-return,unused-ignore]
    except brotli.error:
        return body


class Caller:
    """A client that keeps its connection, as a browser does."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def get(self, path: str, **headers: str) -> tuple[float, int, bytes, str]:
        """Seconds, status, the body as it came over the line (opened() opens it), and its ETag."""
        start = time.perf_counter()
        self._connection.request("GET", path, headers={"Accept-Encoding": "gzip, br", **headers})
        answer = self._connection.getresponse()
        body = answer.read()
        return time.perf_counter() - start, answer.status, body, answer.headers.get("ETag", "")
