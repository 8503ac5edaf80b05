"""The embedded database, made and used for real in a clone of its own."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.embedded import ROOT, Embedded

SERVERS = list(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
pytestmark = [
    pytest.mark.skipif(not SERVERS, reason="PostgreSQL's server is not on this machine"),
    pytest.mark.xdist_group("embedded-postgis"),
]


@pytest.fixture(scope="module")
def stopped() -> Iterator[Embedded]:
    """One cluster for this module: making one takes longer than any of its tests."""
    with tempfile.TemporaryDirectory(prefix="clone-") as folder:
        Path(folder).chmod(0o755)
        embedded = Embedded(Path(folder))
        assert embedded("status")[0] == 3
        (embedded.home / "data.new").mkdir()  # as an interrupted first start leaves it
        (embedded.home / "data.new/PG_VERSION").touch()
        yield embedded
        embedded("stop")
        home = embedded.home
        if home.parent == Path("/var/lib/geoportal"):
            shutil.rmtree(home)


@pytest.fixture
def embedded(stopped: Embedded) -> Embedded:
    code, output = stopped("start")
    assert code == 0, output
    return stopped


def test_it_is_a_postgis_that_keeps_what_it_is_told(embedded: Embedded) -> None:
    assert embedded.ask("SELECT postgis_lib_version() >= '3.3'") == "True"
    for setting, value in {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on", "data_checksums": "on"}.items():
        assert embedded.ask(f"SELECT current_setting('{setting}')") == value
    assert embedded.ask("SELECT pg_encoding_to_char(encoding) FROM pg_database WHERE datname = current_database()") == "UTF8"


def test_it_listens_on_loopback_only_and_never_on_the_systems_port(embedded: Embedded) -> None:
    assert embedded.ask("SELECT current_setting('listen_addresses')") == "127.0.0.1"
    assert int(embedded.ask("SELECT current_setting('port')")) >= 54320
    sockets = Path((embedded.home / "data/postmaster.pid").read_text().splitlines()[4])
    assert sockets.stat().st_mode & 0o077 == 0


def test_the_portals_role_is_no_superuser_and_wants_its_password(embedded: Embedded) -> None:
    assert embedded.ask("SELECT current_setting('is_superuser')") == "off"
    assert embedded.ask("SELECT rolcreatedb FROM pg_roles WHERE rolname = current_user") == "True"  # the tests make databases
    name, _, place = embedded.url.rpartition("@")
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(f"{name.rpartition(':')[0]}:wrong@{place}")


def test_secrets_and_data_are_closed_to_others(embedded: Embedded) -> None:
    for name in ("password", "data", "."):
        assert (embedded.home / name).stat().st_mode & 0o077 == 0
    assert Path(f"/proc/{embedded.pid()}").stat().st_uid != 0


def test_data_outlive_a_stop(embedded: Embedded) -> None:
    with psycopg.connect(embedded.url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept AS SELECT 42 AS answer")

    assert embedded("stop")[0] == 0
    assert embedded("status")[0] == 3
    assert embedded("start")[0] == 0
    assert embedded("status")[0] == 0
    assert embedded.ask("SELECT answer FROM kept") == "42"


def test_it_recovers_when_its_server_is_killed(embedded: Embedded) -> None:
    os.kill(embedded.pid(), signal.SIGKILL)
    owner = embedded.home.stat().st_uid if os.geteuid() == 0 else None
    with subprocess.Popen(["sleep", "120"], user=owner, extra_groups=None if owner is None else []) as other:  # has its number by now
        (embedded.home / "data/postmaster.pid").write_text(f"{other.pid}\n")

        code, output = embedded("start")
        other.kill()

    assert code == 0, output
    assert "already" not in output
    assert embedded.ask("SELECT 1") == "1"


def test_it_moves_when_somebody_took_its_port(embedded: Embedded) -> None:
    before = embedded.url
    embedded("stop")
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", int((embedded.home / "port").read_text())))
        taken.listen()
        assert embedded("start")[0] == 0
        assert embedded.url != before
        assert embedded.ask("SELECT 1") == "1"


def test_starting_twice_does_no_harm(embedded: Embedded) -> None:
    pid = embedded.pid()
    code, output = embedded("start")

    assert (code, embedded.pid()) == (0, pid)
    assert "already running" in output


def test_a_server_without_postgis_is_told_how_to_get_it(embedded: Embedded) -> None:
    with psycopg.connect(embedded.url) as connection:  # a server whose list of extensions is empty, to those who look first in this schema
        connection.execute("CREATE SCHEMA IF NOT EXISTS bare")
        connection.execute(
            "CREATE OR REPLACE VIEW bare.pg_available_extensions AS SELECT * FROM pg_catalog.pg_available_extensions WHERE false"
        )
    url = embedded.url.replace("postgresql://", "postgis://") + "?options=-csearch_path%3Dbare%2Cpg_catalog"
    done = subprocess.run(
        [sys.executable, "bin/prepare", "files"], cwd=ROOT, env={**os.environ, "DATABASE_URL": url}, capture_output=True, text=True
    )

    assert done.returncode == 1
    assert "has no PostGIS: install it there (on Debian: apt install postgresql-" in done.stderr
