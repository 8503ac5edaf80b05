"""Areas of a photo made unrecognisable, by ourselves from the kept photo: what a browser shows as a preview is never taken for it."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from PIL import Image, ImageFilter

from reports.media import THUMBNAIL, as_jpeg, decoding, shrunk

Area = tuple[float, float, float, float]
MAX_AREAS = 50
SMALLEST = 0.002  # of a side: a slip of the finger is no area
CELLS = 6  # colours that are left of the longer side of an area: no face and no plate can be made out of 36
MAX_TEXT = 20_000  # characters


def parse_areas(text: str) -> list[Area]:
    """Areas as a page sends them: a JSON list of [left, top, width, height], shares (0 to 1) of the photo's sides.

    Raises ValueError, with a sentence, for anything else: no number, NaN, out of the photo, too many.
    """
    try:
        sent: Any = json.loads(text, parse_constant=_no_number) if len(text) <= MAX_TEXT else None
    except (ValueError, RecursionError):
        sent = None
    if not isinstance(sent, list) or not all(isinstance(area, list) and len(area) == 4 for area in sent):
        raise ValueError(_("The areas could not be read."))
    if len(sent) > MAX_AREAS:
        raise ValueError(_("At most %(number)d areas.") % {"number": MAX_AREAS})
    return [_area(area) for area in sent]


def _no_number(name: str) -> float:
    raise ValueError(name)


def _area(sent: list[Any]) -> Area:
    if not all(isinstance(share, int | float) and not isinstance(share, bool) and abs(share) <= 2 for share in sent):  # 1e999 is infinite
        raise ValueError(_("The areas could not be read."))
    left, top, width, height = (float(share) for share in sent)
    slack = 0.001  # of rounding
    if min(left, top) < -slack or left + width > 1 + slack or top + height > 1 + slack or min(width, height) < SMALLEST:
        raise ValueError(_("An area lies outside the photo, or is too small."))
    left, top = max(left, 0.0), max(top, 0.0)
    return (round(left, 4), round(top, 4), round(min(width, 1 - left), 4), round(min(height, 1 - top), 4))


def blurred(data: bytes, areas: Sequence[Area]) -> tuple[bytes, bytes]:
    """(photo, thumbnail): JPEGs of a kept photo with these areas blurred."""
    with decoding:
        image = Image.open(io.BytesIO(data), formats=["JPEG"]).convert("RGB")
        for area in areas:
            box = _box(area, image.size)
            image.paste(_unrecognisable(image.crop(box)), box)
        return as_jpeg(image), as_jpeg(shrunk(image, THUMBNAIL))


def _box(area: Area, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """The area in pixels: at least one, never less than what was drawn."""
    left, top = math.floor(area[0] * size[0]), math.floor(area[1] * size[1])
    right, bottom = math.ceil((area[0] + area[2]) * size[0]), math.ceil((area[1] + area[3]) * size[1])
    return left, top, min(max(right, left + 1), size[0]), min(max(bottom, top + 1), size[1])


def _unrecognisable(part: Image.Image) -> Image.Image:
    """The mean colours of a few cells, drawn softly: the details are gone, not hidden."""
    longer = max(part.size)
    few = (max(1, round(CELLS * part.width / longer)), max(1, round(CELLS * part.height / longer)))
    soft = part.resize(few, Image.Resampling.BOX).resize(part.size, Image.Resampling.BICUBIC)
    return soft.filter(ImageFilter.GaussianBlur(max(1, longer / 40)))
