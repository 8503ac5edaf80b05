"""When and where a photo was taken: the few tags of its EXIF block that we ask for, every bound checked, nothing else read."""

from __future__ import annotations

import math
import re
import struct
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo

from django.contrib.gis.geos import Point
from django.utils import timezone as django_timezone

WGS84 = 4326
FIRST_YEAR = 1990
LARGEST_OFFSET = 14 * 60  # minutes from UTC

_ORIENTATION, _EXIF_DIRECTORY, _GPS_DIRECTORY = 0x0112, 0x8769, 0x8825
_TAKEN, _TAKEN_OFFSET = 0x9003, 0x9011
_LAT_REF, _LAT, _LON_REF, _LON = 1, 2, 3, 4
_ASCII, _SHORT, _LONG, _RATIONAL = 2, 3, 4, 5
_BYTES = {_ASCII: 1, _SHORT: 2, _LONG: 4, _RATIONAL: 8}
_TIME = re.compile(r"(\d{4}):(\d\d):(\d\d) (\d\d):(\d\d):(\d\d)")
_OFFSET = re.compile(r"([+-])(\d\d):(\d\d)")


@dataclass(frozen=True)
class Taken:
    """What a camera wrote of a photo: how it was held (EXIF orientation 1–8), when (aware), where (WGS 84). Any of it may be wrong."""

    orientation: int = 1
    at: datetime | None = None
    where: Point | None = None


def read_exif(block: bytes) -> Taken:
    """What a TIFF-formatted EXIF block says; whatever cannot be read or cannot be true is left out, and nothing is raised.

    A time without offset is taken as Asia/Ho_Chi_Minh.
    """
    directory = _Directory.first(block)
    orientation = directory.number(_ORIENTATION) or 1
    at, where = _time(directory.below(_EXIF_DIRECTORY)), _place(directory.below(_GPS_DIRECTORY))
    return Taken(orientation if 1 <= orientation <= 8 else 1, at, where)


@dataclass(frozen=True)
class _Directory:
    """One directory of a TIFF block: tag → (type, count, where its value stands). What stands out of bounds reads as absent."""

    block: bytes
    order: str
    entries: dict[int, tuple[int, int, int]]

    @classmethod
    def first(cls, block: bytes) -> _Directory:
        empty = cls(block, {b"II*\0": "<", b"MM\0*": ">"}.get(block[:4], ""), {})
        start = empty._unpack("I", 4) if empty.order else None
        return empty._at(start[0]) if start else empty

    def below(self, tag: int) -> _Directory:
        start = self.number(tag)
        return self._at(start) if start else _Directory(self.block, self.order, {})

    def _at(self, start: int) -> _Directory:
        entries: dict[int, tuple[int, int, int]] = {}
        (count,) = self._unpack("H", start) or (0,)
        for position in range(start + 2, start + 2 + 12 * count, 12):
            entry = self._unpack("HHI", position)
            if entry is None:
                break
            tag, kind, length = entry
            size = _BYTES.get(kind, 0) * length
            if 0 < size <= 4:
                entries.setdefault(tag, (kind, length, position + 8))
            elif size:
                (value,) = self._unpack("I", position + 8) or (len(self.block),)
                entries.setdefault(tag, (kind, length, value))
        return _Directory(self.block, self.order, entries)

    def number(self, tag: int) -> int | None:
        kind, _length, at = self.entries.get(tag, (0, 0, 0))
        found = self._unpack("H" if kind == _SHORT else "I", at) if kind in (_SHORT, _LONG) else None
        return found[0] if found else None

    def text(self, tag: int) -> str:
        kind, length, at = self.entries.get(tag, (0, 0, 0))
        return self.block[at : at + min(length, 40)].decode("ascii", "ignore").strip("\0 ") if kind == _ASCII else ""

    def rationals(self, tag: int) -> list[float]:
        kind, length, at = self.entries.get(tag, (0, 0, 0))
        parts = self._unpack(f"{2 * length}I", at) if kind == _RATIONAL and 1 <= length <= 3 else None
        return [top / bottom if bottom else math.nan for top, bottom in zip(parts[::2], parts[1::2], strict=True)] if parts else []

    def _unpack(self, form: str, at: int) -> tuple[int, ...] | None:
        try:
            return struct.unpack_from(self.order + form, self.block, at)
        except struct.error:
            return None


def _time(camera: _Directory) -> datetime | None:
    found = _TIME.fullmatch(camera.text(_TAKEN))
    offset = _OFFSET.fullmatch(camera.text(_TAKEN_OFFSET))
    if found is None:
        return None
    zone: tzinfo = django_timezone.get_default_timezone()
    if offset is not None:
        minutes = int(offset[1] + "1") * (int(offset[2]) * 60 + int(offset[3]))
        if abs(minutes) > LARGEST_OFFSET:
            return None
        zone = timezone(timedelta(minutes=minutes))
    year, month, day, hour, minute, second = (int(part) for part in found.groups())
    try:
        taken = datetime(year, month, day, hour, minute, second, tzinfo=zone)
    except ValueError:
        return None
    return taken if year >= FIRST_YEAR and taken <= django_timezone.now() + timedelta(days=1) else None


def _place(place: _Directory) -> Point | None:
    lat = _degrees(place.rationals(_LAT), place.text(_LAT_REF), "N", "S")
    lon = _degrees(place.rationals(_LON), place.text(_LON_REF), "E", "W")
    if lat is None or lon is None or abs(lat) > 90 or abs(lon) > 180 or (lat == 0 and lon == 0):  # phones without a fix write zeros
        return None
    return Point(lon, lat, srid=WGS84)


def _degrees(parts: list[float], ref: str, plus: str, minus: str) -> float | None:
    if not parts or ref not in (plus, minus):
        return None
    total = math.fsum(part / (1, 60, 3600)[power] for power, part in enumerate(parts))
    if not math.isfinite(total):
        return None
    return -total if ref == minus else total
