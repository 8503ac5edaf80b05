"""Behind a pooler that hands out connections for one transaction, nothing may be left on a connection that the next transaction could not find, or would."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

APPS = ("accounts", "audit", "authorities", "boundaries", "geoportal", "gis", "insights", "reports")
LEFT_BEHIND = {
    "an advisory lock of the session": r"\bpg_(?:try_)?advisory_(?!xact_)(?:un)?lock",
    "a setting of the session": r"[\"';]\s*SET\s+(?!LOCAL\b|TRANSACTION\b|CONSTRAINTS\b|\()[a-z_.]+\s*(?:=|TO\b)",
    "a setting of the session by a function": r"set_config\([^()]*(?:\([^()]*\)[^()]*)*,\s*false\s*\)",
    "a table of the session": r"CREATE\s+TEMP(?:ORARY)?\s+TABLE(?![^;]*ON COMMIT DROP)",
    "a cursor of the session": r"\bWITH HOLD\b",
    "a channel": r"[\"']\s*(?:UN)?LISTEN\s",
    "a connection of its own, with statements prepared": r"\bpsycopg\.(?:Async)?(?:connect|Connection)\b",
}
SOURCES = [
    file
    for app in APPS
    for file in Path(settings.BASE_DIR, app).rglob("*.py")
    if not {"tests", "migrations"} & {part.name for part in file.parents}
]


@pytest.mark.parametrize("what", LEFT_BEHIND)
def test_nothing_is_left_on_a_connection(what):
    found = [file.name for file in SOURCES if re.search(LEFT_BEHIND[what], file.read_text())]
    assert found == []


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("an advisory lock of the session", "SELECT pg_try_advisory_lock(%s)"),
        ("a setting of the session", "\"SET work_mem = '256MB'\""),
        ("a setting of the session by a function", "set_config('TimeZone', %s, false)"),
        ("a table of the session", "CREATE TEMP TABLE found (id bigint)"),
        ("a channel", "'LISTEN jobs'"),
    ],
)
def test_what_would_be_left_is_found(what, text):
    assert re.search(LEFT_BEHIND[what], text)


def test_the_worker_listens_to_no_channel():
    assert "--no-listen-notify" in Path(settings.BASE_DIR, "bin/serve").read_text()
