"""What an uploaded picture truly is, by its bytes: kind, size, and a copy without anything but the picture itself.

Pillow never sees what a stranger wrote beside the picture. Left alone it parses it all while opening: a few kilobytes of further scans in a
JPEG cost it seconds each, an EXIF block whose tags all point at the same megabytes costs memory without end.
"""

import re
import struct
from dataclasses import dataclass

from django.utils.translation import gettext as _

EXIF_LIMIT = 256 * 1024  # bytes; cameras write at most 64 KB
SCAN_LIMIT = 40  # a progressive JPEG has about ten; every further one is decoded over the whole picture
PART_LIMIT = 100_000  # segments or chunks that one file may have

_NEXT_MARKER = re.compile(rb"\xff+[^\x00\xd0-\xd7\xff]")
_SIZE_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PNG_KEPT = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})
_WEBP_KEPT = frozenset({b"VP8 ", b"VP8L", b"ALPH"})
_WEBP_ALPHA = 0x10


class PhotoRefused(Exception):
    """A photo that cannot be taken, with a sentence for the person who sent it."""


@dataclass(frozen=True)
class Picture:
    """A picture as found in an upload: its kind, size in pixels, the bytes that draw it, and the EXIF block (TIFF) that stood beside them."""

    kind: str
    width: int
    height: int
    data: bytes
    exif: bytes = b""


def not_a_picture() -> PhotoRefused:
    """The refusal of what is no picture, whatever its name says."""
    return PhotoRefused(_("This is not a photo that we can read. Send a JPEG, PNG or WebP picture."))


def incomplete() -> PhotoRefused:
    """The refusal of a picture whose end is missing."""
    return PhotoRefused(_("The photo arrived incomplete. Choose it again."))


def find_picture(data: bytes) -> Picture:
    """The picture that the bytes hold, without what stands beside it; only headers are read, nothing is decoded.

    Raises PhotoRefused for anything but a JPEG, PNG, WebP or GIF picture, for a moving WebP, and for files made to be slow.
    """
    try:
        if data.startswith(b"\xff\xd8\xff"):
            return _jpeg(data)
        if data.startswith(b"\x89PNG\r\n\x1a\n"):
            return _png(data)
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return _webp(data)
        if data[:6] in (b"GIF87a", b"GIF89a"):
            return _gif(data)
    except (struct.error, IndexError):
        raise incomplete() from None
    if data[4:8] == b"ftyp":
        raise _of_the_heif_family(data[8:12])
    raise not_a_picture()


def _of_the_heif_family(brand: bytes) -> PhotoRefused:
    if brand in (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis"):
        sentence = _(
            "Photos in the HEIC or AVIF format cannot be taken. Set the camera to “Most Compatible”, or send a screenshot of the photo."
        )
        return PhotoRefused(sentence)
    return PhotoRefused(_("This is a video. Send a photo, please."))


def _jpeg(data: bytes) -> Picture:
    kept, exif, width, height, scans = [data[:2]], b"", 0, 0, 0
    position = 2
    for _part in range(PART_LIMIT):
        found = _NEXT_MARKER.match(data, position)
        if found is None:
            raise incomplete()
        start, position = found.end() - 2, found.end()
        marker = data[start + 1]
        if marker == 0xD9:
            break
        (length,) = struct.unpack_from(">H", data, position)
        end = position + length
        body = data[position + 2 : end]
        position = end
        if marker in _SIZE_MARKERS and not width:
            height, width = struct.unpack_from(">HH", body, 1)
        if marker == 0xDA:
            scans += 1
            after = _NEXT_MARKER.search(data, end)
            position = after.start() if after else len(data)
            kept.append(data[start:position])
            if after is None:  # the end was cut off: so that the decoder sees it, no end is made up
                return _sized("JPEG", width, height, b"".join(kept), exif)
        elif marker == 0xE1 and body.startswith(b"Exif\0\0"):
            exif = exif or body[6:]
        elif marker in (0xE0, 0xEE) and body.startswith((b"JFIF\0", b"Adobe")):
            kept.append(data[start:end])  # they say how colours are coded
        elif not 0xE0 <= marker <= 0xEF and marker != 0xFE:
            kept.append(data[start:end])
        if scans > SCAN_LIMIT:
            raise not_a_picture()
    else:
        raise not_a_picture()
    if not scans:
        raise incomplete()
    return _sized("JPEG", width, height, b"".join([*kept, b"\xff\xd9"]), exif)


def _sized(kind: str, width: int, height: int, data: bytes, exif: bytes) -> Picture:
    if not (width and height):
        raise incomplete()
    return Picture(kind, width, height, data, exif)


def _png(data: bytes) -> Picture:
    kept, exif = [data[:8]], b""
    width, height = struct.unpack_from(">II", data, 16)
    if data[12:16] != b"IHDR" or not (width and height):
        raise not_a_picture()
    position = 8
    for _part in range(PART_LIMIT):
        length, kind = struct.unpack_from(">I4s", data, position)
        end = position + 12 + length
        if end > len(data):
            raise incomplete()
        if kind in _PNG_KEPT:
            kept.append(data[position:end])
        elif kind == b"eXIf" and length <= EXIF_LIMIT:
            exif = exif or data[position + 8 : end - 4].removeprefix(b"Exif\0\0")
        position = end
        if kind == b"IEND":
            return Picture("PNG", width, height, b"".join(kept), exif)
    raise not_a_picture()


def _webp(data: bytes) -> Picture:
    kept, exif, alpha, sizes = [], b"", 0, []
    position, end_of_file = 12, min(len(data), 8 + struct.unpack_from("<I", data, 4)[0])
    for _part in range(PART_LIMIT):
        if position + 8 > end_of_file:
            break
        kind, length = struct.unpack_from("<4sI", data, position)
        body = data[position + 8 : position + 8 + length]
        if len(body) < length:
            raise incomplete()
        if kind in (b"ANIM", b"ANMF"):
            raise PhotoRefused(_("This is a moving picture. Send a photo, please."))
        if kind == b"VP8X":
            alpha = body[0] & _WEBP_ALPHA
            sizes.append((1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")))
        elif kind == b"VP8 ":
            sizes.append(tuple(side & 0x3FFF for side in struct.unpack_from("<HH", body, 6)))
        elif kind == b"VP8L":
            (bits,) = struct.unpack_from("<I", body, 1)
            sizes.append(((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1))
        elif kind == b"EXIF" and length <= EXIF_LIMIT:
            exif = exif or body.removeprefix(b"Exif\0\0")
        if kind in _WEBP_KEPT:
            kept.append(data[position : position + 8 + length] + b"\0" * (length % 2))
        position += 8 + length + length % 2
    if not kept or not sizes:
        raise incomplete()
    width, height = max(size[0] for size in sizes), max(size[1] for size in sizes)
    if kept[0].startswith(b"ALPH"):
        sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
        kept.insert(0, b"VP8X" + struct.pack("<I", 10) + bytes([alpha, 0, 0, 0]) + sides)
    content = b"WEBP" + b"".join(kept)
    return Picture("WEBP", width, height, b"RIFF" + struct.pack("<I", len(content)) + content, exif)


def _gif(data: bytes) -> Picture:
    """The first frame only."""
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    position = 13 + _colours(flags)
    kept = [data[:position]]
    for _part in range(PART_LIMIT):
        block = data[position]
        if block == 0x21:
            end = _after_blocks(data, position + 2)
            if data[position + 1] == 0xF9:
                kept.append(data[position:end])  # says which colour is transparent
            position = end
        elif block == 0x2C:
            left, top, frame_width, frame_height, flags = struct.unpack_from("<HHHHB", data, position + 1)
            end = _after_blocks(data, position + 10 + _colours(flags) + 1)
            kept.append(data[position:end] + b";")
            return Picture("GIF", max(width, left + frame_width), max(height, top + frame_height), b"".join(kept))
        else:
            raise not_a_picture()
    raise not_a_picture()


def _colours(flags: int) -> int:
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _after_blocks(data: bytes, position: int) -> int:
    while data[position]:
        position += data[position] + 1
    return position + 1
