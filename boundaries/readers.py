"""Geographic files from outside: read by a process of its own, killed at its limits, that knows neither our settings nor our database."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
import shapely
from django.conf import settings
from django.utils.translation import gettext, gettext_noop

from boundaries.reader_child import DRIVERS

CHILD = Path(__file__).with_name("reader_child.py")
READ_SECONDS = 300
READ_MEMORY = 6_000_000_000  # bytes of address space, GDAL's own libraries included

Outlines = npt.NDArray[np.object_]


@dataclass(frozen=True)
class Limits:
    """What the process that reads a file may use: bytes of the file unpacked (and the setting that says so), seconds, bytes of memory."""

    size: int
    setting: str
    seconds: int
    memory: int


class UnreadableFile(Exception):
    """Why a file could not be read: one sentence that begins with its name, in English; `told` in the language of who reads it."""

    def __init__(self, words: str, /, **values: object) -> None:
        self.words, self.values = words, values
        super().__init__(words % values)

    @property
    def told(self) -> str:
        """The sentence in the active language."""
        return gettext(self.words) % self.values


class RefusedByReader(UnreadableFile):
    """What the process that read a file says of it (boundaries/reader_words.py): a sentence that continues after the file's name."""

    def __init__(self, file: str, words: str, values: dict[str, str]) -> None:
        super().__init__("%(file)s %(reason)s.", file=file, reason=words % values)
        self._reason, self._of_reason = words, values

    @property
    def told(self) -> str:
        """The sentence in the active language."""
        return f"{self.values['file']} {gettext(self._reason) % self._of_reason}."


@dataclass(frozen=True)
class Layer:
    """What one layer of a file says: columns of plain values by field name, and as many shapely outlines in WGS 84 (None: absent or broken)."""

    label: str  # the file's name, with the layer's where there are several
    columns: dict[str, list[Any]]
    outlines: Outlines

    def __len__(self) -> int:
        return len(self.outlines)


def read_layers(path: Path, *, limits: Limits | None = None, tables: bool = False) -> list[Layer]:
    """Every layer of a GeoJSON (also .gz), GeoPackage or Shapefile (also zipped), in WGS 84 degrees [lon, lat].

    With `tables` also of a CSV with a column of latitudes and one of longitudes. The limits are those of boundary files unless given.
    Raises UnreadableFile with one sentence: missing, damaged, too large when unpacked, in no known coordinate system, not UTF-8, not a geo file.
    """
    if not path.exists():
        raise UnreadableFile("%(file)s: there is no such file.", file=path)
    if not path.is_file():
        raise UnreadableFile("%(file)s is not a file.", file=path)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        status = _run_child(
            path, out, err, limits or Limits(settings.BOUNDARY_FILE_LIMIT, "BOUNDARY_FILE_LIMIT", READ_SECONDS, READ_MEMORY), tables
        )
        out.seek(0)
        line = out.readline()
        if status != 0 or not line.endswith(b"\n"):
            err.seek(0)
            last_words = err.read()[-2000:].decode("utf-8", "replace").strip().splitlines() or [_signal_name(status)]
            raise UnreadableFile(
                gettext_noop("%(file)s could not be read: the reader stopped (%(words)s)."), file=path.name, words=last_words[-1]
            )
        head: dict[str, Any] = json.loads(line)
        if refused := head.get("refused"):
            raise RefusedByReader(path.name, refused, head.get("values", {}))
        return list(_layers(path.name, head, out))


def _run_child(path: Path, out: IO[bytes], err: IO[bytes], limits: Limits, tables: bool) -> int:
    task = {
        "path": str(path.resolve()),
        "limit": limits.size,
        "setting": limits.setting,
        "memory": limits.memory,
        "seconds": limits.seconds,
        "tables": tables,
        "gdal": settings.GDAL_LIBRARY_PATH,
        "geos": settings.GEOS_LIBRARY_PATH,
    }
    command = [sys.executable, "-I", str(CHILD), json.dumps(task)]
    try:
        return subprocess.run(command, stdout=out, stderr=err, env=_environment(), timeout=limits.seconds, check=False).returncode  # noqa: S603
    except subprocess.TimeoutExpired:
        raise UnreadableFile(
            gettext_noop("%(file)s was not read within %(seconds)s seconds."), file=path.name, seconds=limits.seconds
        ) from None


def _signal_name(code: int) -> str:
    """What ended a process: a signal by its name, or the exit status."""
    return signal.Signals(-code).name if code < 0 else f"exit status {code}"


def _layers(file: str, head: dict[str, Any], out: IO[bytes]) -> list[Layer]:
    raw = [None if length is None else out.read(length) for length in head["lengths"]]
    outlines = np.empty(len(raw), dtype=object)
    # "fix" closes rings that are left open; what is beyond that becomes None and is reported with its feature
    outlines[:] = shapely.from_wkb(np.array(raw, dtype=object), on_invalid="fix") if raw else []
    layers, start = [], 0
    for layer in head["layers"]:
        label = file if len(head["layers"]) == 1 else f"{file}, layer {layer['name']}"
        layers.append(Layer(label, layer["columns"], outlines[start : start + layer["count"]]))
        start += layer["count"]
    return layers


@cache
def _environment() -> dict[str, str]:
    """No secrets, no network, and only the drivers on our list: a file that is named .geojson may be anything, a VRT that points elsewhere too."""
    import pyogrio

    skipped = sorted(set(pyogrio.list_drivers()) - DRIVERS)
    return {
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "OPENBLAS_NUM_THREADS": "1",
        "CPL_LOG": "/dev/null",  # what is wrong comes as an exception
        "GDAL_SKIP": ",".join(skipped),
        "GDAL_NUM_THREADS": "1",
        "GDAL_HTTP_PROXY": "127.0.0.1:9",
        "GDAL_HTTP_TIMEOUT": "1",
        "CPL_VSIL_CURL_ALLOWED_FILENAME": "/nothing",
        "GDAL_DISABLE_READDIR_ON_OPEN": "TRUE",
        "PROJ_NETWORK": "OFF",
        "OGR_GEOJSON_MAX_OBJ_SIZE": "500",
        "SHAPE_RESTORE_SHX": "NO",
        "OGR_ENABLE_PARTIAL_REPROJECTION": "NO",
    }
