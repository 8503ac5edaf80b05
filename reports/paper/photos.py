"""Photos for paper: as the public sees them, and small enough that all of them together stay within a bound."""

from __future__ import annotations

import io
from collections.abc import Sequence

from PIL import Image

from reports.media import decoding, shrunk
from reports.models import Photo

MOST = 15
ALL_BYTES = 1_500_000
STEPS = ((1200, 78), (1000, 70), (800, 62), (640, 50), (480, 40))  # pixels of the longer side, quality: until it fits


def for_paper(photos: Sequence[Photo]) -> dict[str, bytes]:
    """The JPEG of each photo by its key, with what was blurred; a file that is lost is left out. At most MOST are looked at."""
    chosen = photos[:MOST]
    made = {}
    for photo in chosen:
        file = photo.public_image if photo.blurs else photo.image
        try:
            with file.open("rb") as opened:
                made[photo.key.hex] = small(opened.read(), ALL_BYTES // len(chosen))
        except FileNotFoundError:
            continue
    return made


def small(data: bytes, most: int) -> bytes:
    """A kept photo as a JPEG of at most so many bytes, where the last of the steps reaches that."""
    written = b""
    with decoding:
        image: Image.Image = Image.open(io.BytesIO(data), formats=["JPEG"])
        image.draft("RGB", (STEPS[0][0], STEPS[0][0]))
        image = image.convert("RGB")
        for side, quality in STEPS:
            image = shrunk(image, (side, side))
            into = io.BytesIO()
            image.save(into, "JPEG", quality=quality, optimize=True)
            written = into.getvalue()
            if len(written) <= most:
                break
    return written
