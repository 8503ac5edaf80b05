"""Answers of the map that this process has given lately: most people look at the same few views."""

from __future__ import annotations

import gzip
import re
import zlib
from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock

import brotli
from django.http import HttpRequest

MOST = 128  # answers of some 10 KB
LEVEL = 5
MEMORY = 9  # the most that zlib takes
GZIP = 31  # what zlib calls gzip, with the largest window
BROTLI = 5  # a sixth smaller than gzip, for a quarter of a millisecond more; the next levels save a hundredth for twice the time and more

NEVER = re.compile(r"q=0(\.0{0,3})?")  # the weight of a coding that an asker does not take (RFC 9110, 12.4.2)


def coding_of(request: HttpRequest) -> str:
    """How an answer is pressed for this asker: br, gzip, or empty: not at all."""
    asked = (part.partition(";") for part in request.headers.get("Accept-Encoding", "").lower().split(","))
    taken = {name.strip() for name, _, weight in asked if not NEVER.fullmatch(weight.strip())}
    return "br" if "br" in taken else "gzip" if "gzip" in taken else ""


def press(content: bytes, coding: str) -> bytes:
    """In brotli, or in gzip. zlib's filter is for what is mostly digits: six hundredths smaller, at two thirds of the time of what a server takes by itself."""
    if coding == "br":
        return brotli.compress(content, quality=BROTLI)  # type: ignore[no-any-return,unused-ignore]
    pressing = zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP, MEMORY, zlib.Z_FILTERED)
    return pressing.compress(content) + pressing.flush()


class KeptAnswers:
    """The latest answers, pressed, by what was asked and the version of the data: another version is another answer."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, bytes] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable, make: Callable[[], bytes], coding: str) -> bytes:
        """The answer to `key` as coding_of() says; what `make` gives is kept, pressed. Who takes nothing pressed gets what is in gzip, opened."""
        if not coding:
            return gzip.decompress(self.get(key, make, "gzip"))
        key = (key, coding)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        pressed = press(make(), coding)
        with self._lock:
            self._kept[key] = pressed
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return pressed
