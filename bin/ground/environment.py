"""The settings that this clone runs with. What is set outside stays: each of them can be overridden from the shell."""

import os
import secrets
import subprocess
import sys
from pathlib import Path

from ground import LOCAL, PYTHON, ROOT, VENV, Stop, write_private
from ground.cluster import Cluster
from ground.setup import browser

SECRETS = LOCAL / "secrets.env"
ASK_FOR_POSTGIS = "DATABASE_URL must begin with postgis:// (postgis://user:password@host:5432/name): correct it, or unset it to use the embedded database."


def base() -> dict[str, str]:
    """This process's environment, with the project's own programs first."""
    path = f"{VENV / 'bin'}:{os.environ.get('PATH', os.defpath)}"
    env = {**os.environ, "PATH": path, "PYTHONUNBUFFERED": "1", "VIRTUAL_ENV": str(VENV)}
    # Dozens of processes begin here with the same thousand modules, which take seconds to compile: what was compiled is kept
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    return env


def database_url() -> str:
    given = os.environ.get("DATABASE_URL")
    if given and not given.startswith("postgis://"):
        raise Stop(ASK_FOR_POSTGIS)
    return given or Cluster().url()


def _with_defaults(defaults: dict[str, str]) -> dict[str, str]:
    env = base()
    for name, value in defaults.items():
        if not env.get(name):
            env[name] = value
    return env


def demonstration(port: int = 8000) -> dict[str, str]:
    """A production-like site on this machine's loopback address, without TLS and with mail written to files."""
    return _with_defaults(
        {
            "DATABASE_URL": database_url(),
            "DEBUG": "0",
            "HTTPS": "0",
            "DEMO": "1",
            "ALLOWED_HOSTS": "127.0.0.1,localhost,[::1]",
            "SITE_URL": f"http://127.0.0.1:{port}",
            "BIND": f"127.0.0.1:{port}",
            "EMAIL_URL": f"filemail:///{LOCAL / 'mail'}",
            "LOG_FORMAT": "plain",
            **_secrets(),
        }
    )


NO_DATABASE = "postgis://nobody@127.0.0.1:1/none"  # for checks that read the settings only


def tests(database: str) -> dict[str, str]:
    """What the tests and checks run with: nothing secret, nothing sent."""
    return _with_defaults(
        {
            "DATABASE_URL": database,
            "DJANGO_SECRET_KEY": "known-to-all-and-good-for-tests-only-0123456789-abcdefghij",
            "DEBUG": "0",
            "HTTPS": "0",
            "EMAIL_URL": "memorymail://",
            "LOG_FORMAT": "plain",
            "CHROMIUM": browser() or "",
        }
    )


def prepare_static_files() -> None:
    """What can be done as soon as the Python packages are there."""
    prepared = subprocess.run([PYTHON, "bin/prepare", "static"], cwd=ROOT, env=tests(NO_DATABASE), stdin=subprocess.DEVNULL)
    if prepared.returncode:
        sys.exit(prepared.returncode)  # it has said why


def _secrets() -> dict[str, str]:
    """The demonstration's secrets: made once, kept for its owner's eyes."""
    if not SECRETS.exists():
        made = {"DJANGO_SECRET_KEY": secrets.token_urlsafe(50), "DEMO_PASSWORD": secrets.token_urlsafe(9)}
        write_private(SECRETS, "".join(f"{name}={value}\n" for name, value in made.items()))
    return dict(line.split("=", 1) for line in SECRETS.read_text().splitlines() if "=" in line)


def given_boundaries() -> list[Path]:
    """The files named in BOUNDARIES, looked for before anything long begins."""
    files = [Path(name) if Path(name).is_absolute() else ROOT / name for name in os.environ.get("BOUNDARIES", "").split()]
    for file in files:
        if not file.is_file():
            raise Stop(f"There is no boundary file {file}: name files that exist in BOUNDARIES, relative to {ROOT}.")
    return files
