"""Coordinates as people paste them: decimal with a point or a comma, degrees and minutes, with or without letters, and addresses of maps.

"9.17, 105.15" · "9,17 105,15" · 9°10'12"N 105°09'E · "9°10′B, 105°9′Đ" · "vĩ độ 9.17, kinh độ 105.15" · geo:9.17,105.15 · …/@9.17,105.15,17z
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

MOST = 400  # characters: an address of a map is long, coordinates are not
WHOLE_LON = 90  # two whole numbers alone are coordinates only where one can be nothing but a longitude ("9, 105")

PAIR = r"(-?\d{1,3}(?:\.\d{1,17})?)"
# Where map services write the point into their addresses; a pin comes before the middle of the view
ADDRESSES = [
    re.compile(rf"!3d{PAIR}!4d{PAIR}"),
    re.compile(rf"[?&](?:q|query|ll|daddr|destination)=(?:loc:)?{PAIR}(?:,|%2c)(?:\+|%20|\s)?{PAIR}"),
    re.compile(rf"[?&]mlat={PAIR}&mlon={PAIR}"),
    re.compile(rf"#map=\d+(?:\.\d+)?/{PAIR}/{PAIR}"),
    re.compile(rf"/@?{PAIR},\+?{PAIR}"),
]
IS_ADDRESS = re.compile(r"^(?:https?://|www\.|maps\.)")
GEO = re.compile(rf"^geo:{PAIR},{PAIR}")

# Words and signs, without case and marks, as one sign each; sides are n, s, e, w, and @ says that a latitude (@y) or longitude (@x) follows
SIGNS = [
    (re.compile(r"\b(?:latitude|lat|vi do|vd)\b\s*[:=]?"), " @y "),
    (re.compile(r"\b(?:longitude|long|lon|lng|kinh do|kd)\b\s*[:=]?"), " @x "),
    (re.compile(r"\b(?:toa do|gps|wgs ?84)\b\s*[:=]?"), " "),
    (re.compile(r"\b(?:north|bac)\b|\bn\b|(?<=[\d°'\"])n\b|\bn(?=\d)|(?<=[\d°'\"])b\b|\bb\b"), " n "),
    (re.compile(r"\b(?:south|nam)\b|\bs\b|(?<=[\d°'\"])s\b|\bs(?=\d)"), " s "),
    (re.compile(r"\b(?:east|dong)\b|\be\b|(?<=[\d°'\"])e\b|\be(?=\d)|(?<=[\d°'\"])d\b|\bd\b"), " e "),
    (re.compile(r"\b(?:west|tay)\b|\bw\b|(?<=[\d°'\"])w\b|\bw(?=\d)"), " w "),
    (re.compile(r"\b(?:do|deg)\b|[º˚]"), "°"),
    (re.compile(r"''|[″”“]|\bgiay\b"), '"'),
    (re.compile(r"[′’‘´`]|\bphut\b"), "'"),
    (re.compile(r"[−–]"), "-"),
    (re.compile(r"[()\[\]{}]"), " "),
]
TOKEN = re.compile(
    r"\s*(?:(?P<number>[-+]?\d{1,3}(?:\.\d{1,17})?)(?![\d.])\s*(?P<sign>[°'\"])?|(?P<side>[nsew])(?![a-z])|@(?P<axis>[xy])|[,;/|])\s*"
)
SIDE = {"n": ("y", 1), "s": ("y", -1), "e": ("x", 1), "w": ("x", -1)}
PARTS = {"°": 0, "'": 1, '"': 2}
TIGHT_COMMA = re.compile(r"(?<=\d),(?=\d)")


@dataclass(frozen=True)
class Coordinates:
    """A point (degrees, WGS 84); `swapped` where the numbers make sense only in the other order than they were written."""

    lat: float
    lon: float
    swapped: bool = False


def find_coordinates(text: str) -> Coordinates | None:
    """The point that a text means; None where it is anything but coordinates."""
    text = text.strip()[:MOST].lower()
    if not any(letter.isdigit() for letter in text):
        return None
    if match := GEO.match(text):
        return _checked("", float(match[1]), float(match[2]))
    if IS_ADDRESS.match(text):
        found = next((match for pattern in ADDRESSES if (match := pattern.search(text))), None)
        return _checked("", float(found[1]), float(found[2])) if found else None
    return _written(text)


def _written(text: str) -> Coordinates | None:
    plain = "".join(sign for sign in unicodedata.normalize("NFD", text) if not "\u0300" <= sign <= "\u036f").replace("đ", "d")
    for pattern, sign in SIGNS:
        plain = pattern.sub(sign, plain)
    numbers: list[tuple[float, str | None]] = []
    sides: list[str] = []
    axes: list[str] = []
    at, plain = 0, _with_points(plain.strip())
    while at < len(plain):
        token = TOKEN.match(plain, at)
        if token is None:
            return None
        at = token.end()
        if token["number"]:
            numbers.append((float(token["number"]), token["sign"]))
        elif token["side"]:
            sides.append(token["side"])
        elif token["axis"]:
            axes.append(token["axis"])
    angles = _angles(numbers)
    if angles is None or len(sides) not in (0, 2) or len(axes) not in (0, 2):
        return None
    if not sides and not axes and not any(sign for _, sign in numbers) and not _are_exact(numbers):
        return None
    if sides:
        angles = [angle * SIDE[side][1] for angle, side in zip(angles, sides, strict=True)]
    named = "".join(SIDE[side][0] for side in sides) or "".join(axes)
    return _checked(named, *angles)


def _with_points(text: str) -> str:
    """The text with decimal points, where commas stand for them: two or more between digits, and no point at all."""
    commas = list(TIGHT_COMMA.finditer(text))
    if "." in text or len(commas) < 2:
        return text
    decimal = {comma.start() for comma in (commas[::2] if len(commas) == 3 else commas)}  # "9,17,105,15": the middle one parts them
    return "".join("." if at in decimal else sign for at, sign in enumerate(text))


def _are_exact(numbers: list[tuple[float, str | None]]) -> bool:
    return len(numbers) > 2 or any(number % 1 or abs(number) > WHOLE_LON for number, _ in numbers)


def _angles(numbers: list[tuple[float, str | None]]) -> list[float] | None:
    """Two angles in degrees, each of one to three numbers; None where the numbers are no two angles."""
    if any(sign == "°" for _, sign in numbers):
        starts = [at for at, (_, sign) in enumerate(numbers) if sign == "°"]
    else:
        starts = [0, len(numbers) // 2]
    if len(starts) != 2 or starts[0] != 0 or len(numbers) > 6:
        return None
    parts = [numbers[: starts[1]], numbers[starts[1] :]]
    if not all(1 <= len(part) <= 3 for part in parts) or (len(parts[0]) != len(parts[1]) and not any(sign for _, sign in numbers)):
        return None
    angles = [_angle(part) for part in parts]
    return None if None in angles else [angle for angle in angles if angle is not None]


def _angle(part: list[tuple[float, str | None]]) -> float | None:
    degrees, *smaller = part
    total = abs(degrees[0])
    for place, (number, sign) in enumerate(smaller, start=1):
        if not 0 <= number < 60 or PARTS.get(sign or "", place) != place:
            return None
        total += number / 60**place
    return -total if degrees[0] < 0 else total


def _checked(axes: str, first: float, second: float) -> Coordinates | None:
    """The point of two angles, the first a latitude unless `axes` says otherwise or it cannot be one."""
    if axes not in ("", "yx", "xy"):
        return None
    swapped = not axes and abs(first) > 90 >= abs(second)
    lat, lon = (second, first) if swapped or axes == "xy" else (first, second)
    return Coordinates(lat, lon, swapped) if abs(lat) <= 90 and abs(lon) <= 180 else None
