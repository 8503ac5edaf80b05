"""Plus codes ("7P28QPG4+4R", and short "QPG4+4R" near a place) to coordinates.

Written from the specification of Open Location Code (github.com/google/open-location-code, docs/specification.md); the one package of it for
Python has had no release since 2019.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

DIGITS = "23456789CFGHJMPQRVWX"
SEPARATOR_AT = 8  # digits before the plus of a full code
PAIRS = 10  # digits that come as latitude and longitude in turn; each later one is a cell of a grid
ROWS, COLUMNS = 5, 4
MOST = 15  # later digits say nothing
CODE = re.compile(rf"(?<![0-9A-Z+])([{DIGITS}]{{2,8}}|[{DIGITS}]{{2,6}}0+)\+([{DIGITS}]{{2,7}})?(?![0-9A-Z+])")


@dataclass(frozen=True)
class Cell:
    """The middle of the cell that a code means, and its height (degrees)."""

    lat: float
    lon: float
    height: float


def find_code(text: str) -> tuple[str, str] | None:
    """The first plus code in a text, in capitals, and the text without it; None where there is none."""
    found = CODE.search(text.upper()) if len(text.upper()) == len(text) else None
    if found is None:
        return None
    code = found.group(0)
    return (code, f"{text[: found.start()]} {text[found.end() :]}".strip()) if is_full(code) or _is_short(code) else None


def is_full(code: str) -> bool:
    """Whether a code needs no place beside it: eight digits before the plus, and within the world."""
    head, _plus, tail = code.partition("+")
    if len(head) != SEPARATOR_AT or DIGITS.find(head[0]) >= 9 or DIGITS.find(head[1]) >= 18:
        return False
    return "0" not in head or (not tail and len(head.rstrip("0")) in (2, 4, 6))


def _is_short(code: str) -> bool:
    head, _plus, tail = code.partition("+")
    return len(head) in (2, 4, 6) and "0" not in head and bool(tail)


def decode(code: str) -> Cell:
    """The cell of a full code."""
    digits = code.replace("+", "").rstrip("0")[:MOST]
    south, west, height, width = -90.0, -180.0, 400.0, 400.0
    for lat, lon in zip(digits[:PAIRS:2], digits[1:PAIRS:2], strict=True):
        height, width = height / 20, width / 20
        south += DIGITS.index(lat) * height
        west += DIGITS.index(lon) * width
    for digit in digits[PAIRS:]:
        height, width = height / ROWS, width / COLUMNS
        row, column = divmod(DIGITS.index(digit), COLUMNS)
        south += row * height
        west += column * width
    return Cell(south + height / 2, west + width / 2, height)


def recover(code: str, lat: float, lon: float) -> Cell:
    """The cell of a short code that is nearest to a place (degrees); that of a full code wherever the place."""
    if is_full(code):
        return decode(code)
    missing = SEPARATOR_AT - code.index("+")
    cell = decode(_head(lat, lon)[:missing] + code)
    step = 20.0 ** (2 - missing // 2)  # degrees over which the digits that are missing repeat
    return Cell(_nearest(cell.lat, lat, step, 90), _nearest(cell.lon, lon, step, 180), cell.height)


def _head(lat: float, lon: float) -> str:
    """The first eight digits of the full code of a place."""
    south, west, step = min(max(lat, -90.0), 89.999999) + 90, (lon + 180) % 360, 20.0
    head = ""
    for _pair in range(SEPARATOR_AT // 2):
        head += DIGITS[int(south // step) % 20] + DIGITS[int(west // step) % 20]
        step /= 20
    return head


def _nearest(found: float, wanted: float, step: float, limit: float) -> float:
    if wanted + step / 2 < found and found - step >= -limit:
        return found - step
    if wanted - step / 2 > found and found + step <= limit:
        return found + step
    return found
