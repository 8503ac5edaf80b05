"""The embedded database of a clone of its own, for tests that stop and kill it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import psycopg

ROOT = Path(__file__).resolve().parent.parent


class Embedded:
    """bin/postgis of a clone, called as a user calls it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(ROOT / "bin", folder / "bin", ignore=shutil.ignore_patterns("__pycache__"))

    def __call__(self, verb: str) -> tuple[int, str]:
        command = [sys.executable, self.folder / "bin/postgis", verb]
        env = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)
        return done.returncode, (done.stdout + done.stderr).strip()

    @property
    def home(self) -> Path:
        return (self.folder / ".local/postgis").resolve()

    @property
    def url(self) -> str:
        return self("url")[1].replace("postgis://", "postgresql://")

    def pid(self) -> int:
        return int((self.home / "data/postmaster.pid").read_text().split()[0])

    def ask(self, sql: str) -> str:
        with psycopg.connect(self.url) as connection:
            (answer,) = connection.execute(sql).fetchone() or (None,)
        return str(answer)
