"""Static files are looked at once a run: WhiteNoise lists the whole folder for every test client, a fifth of the time of all tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from whitenoise.base import WhiteNoise

Listed = dict[str, Any]


@pytest.fixture(autouse=True, scope="session")
def static_files_listed_once() -> Iterator[None]:
    """The list of a folder is kept until its manifest changes."""
    known: dict[tuple[str, str, int], Listed] = {}
    look = WhiteNoise.update_files_dictionary

    def kept(server: WhiteNoise, root: str, prefix: str) -> None:
        manifest = Path(root, "staticfiles.json")
        key = (root, prefix, manifest.stat().st_mtime_ns if manifest.exists() else 0)
        if key not in known:
            before = server.files
            server.files = {}
            look(server, root, prefix)
            known[key], server.files = server.files, before
        server.files.update(known[key])

    with mock.patch.object(WhiteNoise, "update_files_dictionary", kept):
        yield
