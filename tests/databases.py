"""The migrated database that every process's test database is copied from: the migrations run once, and again when one of them changes.

    python -m tests.databases     # makes it ahead of the tests (bin/test does, beside other things)

It lies beside the database of DATABASE_URL, and its name says of which migrations and packages it was made.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql

ROOT = Path(__file__).resolve().parent.parent
PREFIX = "test_migrated_"
LOCK = 20250701  # two processes make one database


def name() -> str:
    """Its name: what the migrations say, what they import of ours, and the packages that bring migrations of their own."""
    digest = hashlib.sha256()
    folders = [*ROOT.glob("*/migrations"), ROOT / "audit", ROOT / "gis"]
    files = {file for folder in folders for file in folder.rglob("*.py") if "tests" not in file.parts}
    for file in [*sorted(files), ROOT / "requirements/dev.txt", Path(__file__)]:
        digest.update(f"{file.relative_to(ROOT)}\n".encode() + file.read_bytes())
    return PREFIX + digest.hexdigest()[:16]


def migrated(url: str) -> str:
    """The name of the migrated database on the server of this URL; made where it is not there yet, others of its kind dropped."""
    wanted = name()
    with psycopg.connect(url.replace("postgis://", "postgresql://", 1), autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [LOCK])  # goes with the connection
        there = {found for (found,) in connection.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [PREFIX])}
        if wanted not in there:
            for old in there:
                connection.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(old)))
            draft = sql.Identifier(PREFIX + "draft")
            connection.execute(sql.SQL("CREATE DATABASE {}").format(draft))
            _migrate(url, PREFIX + "draft")
            _without_autovacuum(url, PREFIX + "draft")
            connection.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(draft, sql.Identifier(wanted)))
    return wanted


def copy_migrated(url: str) -> None:
    """The migrated database in an empty one of another server, both as libpq writes addresses."""
    named = _named(os.environ["DATABASE_URL"], migrated(os.environ["DATABASE_URL"])).replace("postgis://", "postgresql://", 1)
    as_ours = ["--no-owner", "--no-acl", "--no-comments", "--exclude-table-data=*.spatial_ref_sys"]  # the extension brings it
    dumped = subprocess.run(["pg_dump", *as_ours, named], check=True, capture_output=True)
    words = ["psql", "--quiet", "--output", os.devnull, "--set", "ON_ERROR_STOP=1", url]
    copied = subprocess.run(words, input=dumped.stdout, capture_output=True)
    assert copied.returncode == 0, copied.stderr.decode()


def _without_autovacuum(url: str, database: str) -> None:
    """Whether it has looked at a table that seems empty, as a test's rows are not committed, decides on plans: the same test took ms or minutes.

    Not so with units: who loads them has them analysed, and what thousands of rolled-back outlines leave in an index has to be cleared away.
    """
    with psycopg.connect(_named(url, database).replace("postgis://", "postgresql://", 1)) as connection:
        mine = "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND relowner = current_user::regrole AND relnamespace = 'public'::regnamespace"
        for (table,) in connection.execute(f"{mine} AND NOT starts_with(relname, 'boundaries_')").fetchall():
            connection.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = false)")


def _named(url: str, database: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


def _migrate(url: str, database: str) -> None:
    env = {**os.environ, "DATABASE_URL": _named(url, database)}
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity=0"],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode:
        raise RuntimeError(f"The migrations do not run on an empty database:\n{done.stderr}")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None, django_db_use_migrations: bool) -> None:
    """Test databases begin as copies of the migrated one. (`migrate` still runs on them, and finds nothing to do.)"""
    from django.conf import settings

    database = settings.DATABASES["default"]
    # No test database outlives its run: a commit need not wait for the disk. Clusters that tests kill are clusters of their own
    database.setdefault("OPTIONS", {})["options"] = "-c synchronous_commit=off"
    if django_db_use_migrations:
        database.setdefault("TEST", {})["TEMPLATE"] = migrated(os.environ["DATABASE_URL"])


if __name__ == "__main__":
    migrated(os.environ["DATABASE_URL"])
