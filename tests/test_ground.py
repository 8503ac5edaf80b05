"""What a newcomer meets: the commands in bin/, run as a user runs them, in a clone of their own."""

import ast
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SYSTEM_PYTHON = "/usr/bin/python3"  # one that other users may run too


class Clone:
    """A folder with the commands of this project, and what running one of them gave."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(ROOT / "bin", folder / "bin", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(ROOT / "requirements", folder / "requirements")

    def run(self, script: str, *arguments: str, python: str = sys.executable, user: str | None = None, **env: str) -> tuple[int, str]:
        settings = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", **env}
        done = subprocess.run(
            [python, self.folder / "bin" / script, *arguments],
            env=settings, cwd=self.folder, user=user, extra_groups=[] if user else None,
            capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr


@pytest.fixture
def clone() -> Iterator[Clone]:
    with tempfile.TemporaryDirectory(prefix="clone-") as folder:  # not tmp_path: no other user may enter that
        Path(folder).chmod(0o755)
        yield Clone(Path(folder))


def one_sentence(output: str) -> str:
    """What was said on the way out; a traceback or a second sentence is a failure."""
    assert "Traceback" not in output
    last = output.strip().splitlines()[-1]
    assert last.startswith("✗ ")
    assert last.endswith(".")
    return last


needs_another_user = pytest.mark.skipif(os.geteuid() != 0 or not Path(SYSTEM_PYTHON).exists(), reason="needs root, to be somebody else")


# --- What is in the way is said in one sentence -----------------------------------------------------------------------
def test_an_old_python_is_told_before_anything_else() -> None:
    code = "import sys; sys.version_info = (3, 10, 4); sys.path.insert(0, 'bin'); import ground"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)

    assert done.returncode == 1
    assert done.stderr.startswith("Python 3.11 or newer is needed and this is 3.10: ")


@pytest.mark.parametrize("path", sorted((ROOT / "bin").rglob("*")), ids=str)
def test_an_old_python_can_read_the_commands_so_far_as_to_say_so(path: Path) -> None:
    if path.suffix == ".py" or (path.is_file() and path.read_bytes().startswith(b"#!/usr/bin/env python3")):
        ast.parse(path.read_text(), feature_version=(3, 8))


def test_a_taken_port_is_found_before_the_long_steps(clone: Clone) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, output = clone.run("run", PORT=str(port))

    assert code == 1
    assert (
        one_sentence(output)
        == f"✗ Port {port} is taken by another program: end that one, or take another port with `make run PORT={port + 1}`."
    )
    assert not (clone.folder / ".venv").exists()


@pytest.mark.parametrize("port", ["http", "0", "65536", "-1"])
def test_a_port_that_is_none_is_refused(clone: Clone, port: str) -> None:
    code, output = clone.run("run", PORT=port)

    assert code == 1
    assert "is not a port" in one_sentence(output)


def test_a_missing_boundary_file_is_found_before_the_long_steps(clone: Clone) -> None:
    code, output = clone.run("run", PORT="18999", BOUNDARIES="communes.geojson")

    assert code == 1
    assert "There is no boundary file" in one_sentence(output)
    assert not (clone.folder / ".venv").exists()


def test_a_second_site_of_the_same_clone_is_refused(clone: Clone) -> None:
    (clone.folder / ".local").mkdir()
    with open(clone.folder / ".local/run.lock", "w") as first:
        fcntl.flock(first, fcntl.LOCK_EX)
        first.write("process 4711, http://127.0.0.1:8000\n")
        first.flush()
        code, output = clone.run("run")

    assert code == 1
    assert "running already (process 4711, http://127.0.0.1:8000)" in one_sentence(output)


def test_a_machine_without_apt_is_told_what_it_lacks(clone: Clone) -> None:
    code, output = clone.run("setup", "lint", PATH=str(clone.folder))

    assert code == 1
    assert "lacks gettext, and packages are installed here only with apt" in one_sentence(output)


@needs_another_user
def test_a_user_without_sudo_is_told_whom_to_ask(clone: Clone) -> None:
    (clone.folder / "apt-get").symlink_to("/bin/true")
    shutil.chown(clone.folder, "nobody")
    code, output = clone.run("setup", "lint", python=SYSTEM_PYTHON, user="nobody", PATH=str(clone.folder))

    assert code == 1
    assert "lacks gettext, and this user has no sudo to install packages: an administrator has to install them" in one_sentence(output)


@needs_another_user
@pytest.mark.parametrize("used_before", [False, True])
def test_a_clone_that_this_user_may_not_write_to_is_told(clone: Clone, used_before: bool) -> None:
    if used_before:
        (clone.folder / ".local/log").mkdir(parents=True)
    code, output = clone.run("run", python=SYSTEM_PYTHON, user="nobody")

    assert code == 1
    assert f"This user cannot write to {clone.folder}" in one_sentence(output)


def test_a_full_disk_is_told_with_what_is_needed(clone: Clone) -> None:
    code = "from ground import command, room_for; command(lambda _: room_for(10**6))"
    done = subprocess.run([sys.executable, "-c", code], cwd=clone.folder, env={"PYTHONPATH": "bin"}, capture_output=True, text=True)

    assert done.returncode == 1
    assert "1e+06 GB are needed: free some space" in one_sentence(done.stderr)


def test_a_database_url_without_postgis_in_its_scheme_is_refused(clone: Clone) -> None:
    code, output = clone.run("env", "true", DATABASE_URL="postgres://me@127.0.0.1/portal")

    assert code == 1
    assert "DATABASE_URL must begin with postgis://" in one_sentence(output)


def test_a_database_server_that_does_not_answer_is_told_without_its_password() -> None:
    url = "postgis://portal:very-secret@127.0.0.1:1/portal"
    done = subprocess.run(
        [sys.executable, "bin/prepare", "files"], cwd=ROOT, env={**os.environ, "DATABASE_URL": url}, capture_output=True, text=True
    )

    assert done.returncode == 1
    assert "The database 127.0.0.1:1/portal cannot be used" in one_sentence(done.stdout + done.stderr)
    assert "very-secret" not in done.stdout + done.stderr


# --- The commands agree with each other and with the server's files ---------------------------------------------------
def test_make_help_names_every_target() -> None:
    listed = subprocess.run(["make", "help"], cwd=ROOT, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=True).stdout
    phony = next(line for line in (ROOT / "Makefile").read_text().splitlines() if line.startswith(".PHONY:"))

    assert [line.split()[1] for line in listed.splitlines()] == phony.split()[1:]


@pytest.mark.parametrize(("lint", "test", "code"), [(0, 0, 0), (1, 0, 1), (0, 1, 1), (1, 1, 1)])
def test_continuous_integration_runs_both_and_fails_when_one_does(tmp_path: Path, lint: int, test: int, code: int) -> None:
    make = tmp_path / "make"
    make.write_text(f"#!/bin/sh\necho $1\n[ $1 = lint ] && exit {lint}\nexit {test}\n")
    make.chmod(0o755)
    done = subprocess.run([ROOT / ".ci/run"], env={"PATH": f"{tmp_path}:{os.environ['PATH']}"}, capture_output=True, text=True)

    assert done.returncode == code
    assert done.stdout.splitlines()[:2] == ["lint", "test"]


def compose(**env: str) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("docker-compose")
    command = [program, "config", "--format", "json"]
    return subprocess.run(command, cwd=ROOT, env={"PATH": os.environ["PATH"], **env}, capture_output=True, text=True)


SECRETS = {
    "DJANGO_SECRET_KEY": "x", "DATABASE_PASSWORD": "x", "POSTGRES_PASSWORD": "x", "SITE_HOST": "portal.example", "EMAIL_URL": "smtp://mail",
}  # fmt: skip


@pytest.mark.parametrize("missing", SECRETS)
def test_a_server_does_not_start_without_its_secrets(missing: str) -> None:
    assert compose(**SECRETS).returncode == 0
    refused = compose(**{name: value for name, value in SECRETS.items() if name != missing})

    assert refused.returncode != 0
    assert missing in refused.stderr


def test_a_server_runs_the_same_processes_as_make_run() -> None:
    services = json.loads(compose(**SECRETS).stdout)["services"]
    ours = {name: service["command"] for name, service in services.items() if "build" in service}
    words = subprocess.run(["bin/serve", "?"], cwd=ROOT, capture_output=True, text=True).stderr

    assert ours == {"web": ["web"], "worker": ["worker"], "migrate": ["migrate"]}
    assert words == "usage: bin/serve web | worker | migrate\n"
    assert 'ENTRYPOINT ["bin/serve"]' in (ROOT / "Dockerfile").read_text()
    assert '"bin/serve", name' in (ROOT / "bin/run").read_text()


def test_the_image_gets_every_app_and_no_secret() -> None:
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    apps = {path.parent.name for path in ROOT.glob("*/apps.py")} | {"gis"}

    assert apps <= let_in
    assert not {".local", ".env", ".git"} & let_in


def test_the_lock_file_of_npm_ties_nobody_to_an_address() -> None:
    assert '"resolved"' not in (ROOT / "package-lock.json").read_text()
    assert '"integrity"' in (ROOT / "package-lock.json").read_text()


def test_geodjango_loads_the_libraries_of_the_wheels_and_not_the_systems() -> None:
    import pyogrio
    import shapely
    from django.contrib.gis.gdal import GDAL_VERSION
    from django.contrib.gis.geos.libgeos import geos_version_tuple

    assert pyogrio.__gdal_version__ == GDAL_VERSION
    assert geos_version_tuple()[:3] == shapely.geos_version


# --- Secrets and processes --------------------------------------------------------------------------------------------
def test_the_demonstration_makes_its_secrets_once_and_for_its_owner_only(clone: Clone) -> None:
    def secret() -> str:
        code, output = clone.run("env", "printenv", "DJANGO_SECRET_KEY", DATABASE_URL="postgis://me@127.0.0.1/portal")
        assert code == 0
        return output.strip()

    first = secret()

    assert len(first) >= 50
    assert secret() == first
    assert (clone.folder / ".local/secrets.env").stat().st_mode & 0o777 == 0o600


SERVE = """
import importlib.machinery, importlib.util, pathlib, sys, time
loader = importlib.machinery.SourceFileLoader("site_run", "bin/run")
run = importlib.util.module_from_spec(importlib.util.spec_from_loader("site_run", loader))
loader.exec_module(run)
run.answers = lambda port: False
import ground, os
ground.command(lambda _: run.serve(dict(os.environ), 1, time.monotonic()))
"""


class Site:
    """bin/run at the point where it keeps web and worker, which here do nothing but tell their process ids."""

    def __init__(self, clone: Clone, *, worker_fails: bool = False) -> None:
        self.folder = clone.folder
        worker = "while [ ! -s web.pid ]; do sleep 0.05; done; exit 3" if worker_fails else "exec sleep 60"
        (self.folder / "bin/serve").write_text(f'#!/bin/sh\necho $$ >"$1.pid"\n[ $1 = worker ] && {{ {worker}; }}\nexec sleep 60\n')
        env = {**os.environ, "PYTHONPATH": "bin"}
        self.process = subprocess.Popen([sys.executable, "-c", SERVE], cwd=self.folder, env=env, stdout=subprocess.PIPE, text=True)

    def pids(self) -> list[int]:
        """The process ids of web and worker, once both run."""
        files = [self.folder / f"{name}.pid" for name in ("web", "worker")]
        assert soon(lambda: all(file.exists() and file.read_text().strip() for file in files))
        return [int(file.read_text()) for file in files]

    def end(self, how: int | None = None) -> str:
        if how is not None:
            self.process.send_signal(how)
        return self.process.communicate(timeout=30)[0]


def soon(true: Callable[[], bool]) -> bool:
    """Whether it becomes true within ten seconds."""
    deadline = time.monotonic() + 10
    while not true() and time.monotonic() < deadline:
        time.sleep(0.05)
    return true()


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_when_the_worker_dies_the_web_process_is_stopped_and_it_is_said(clone: Clone) -> None:
    site = Site(clone, worker_fails=True)
    pids = site.pids()
    output = site.end()

    assert site.process.returncode == 1
    assert "The worker process ended with exit code 3" in output
    assert all(gone(pid) for pid in pids)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_web_and_worker(clone: Clone, how: signal.Signals) -> None:
    site = Site(clone)
    pids = site.pids()
    site.end(how)

    assert site.process.returncode == 0
    assert soon(lambda: all(gone(pid) for pid in pids))  # one that was being started is ended by the kernel, a moment later


def test_web_and_worker_end_even_when_make_run_is_killed(clone: Clone) -> None:
    site = Site(clone)
    pids = site.pids()
    site.end(signal.SIGKILL)

    assert soon(lambda: all(gone(pid) for pid in pids))
