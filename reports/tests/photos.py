"""Photos for tests, made here: honest ones with EXIF, and the tricks that strangers send."""

import io
import struct
import zlib

from PIL import Image, ImageDraw

ASCII, SHORT, LONG, RATIONAL = 2, 3, 4, 5
SIZES = {ASCII: 1, SHORT: 2, LONG: 4, RATIONAL: 8}


def picture(size: tuple[int, int] = (640, 480), mode: str = "RGB") -> Image.Image:
    """A picture whose upper left corner is red, so that one sees how it was turned."""
    image = Image.new("RGB", size, "steelblue")
    ImageDraw.Draw(image).rectangle((0, 0, size[0] // 4, size[1] // 4), fill="red")
    return image.convert(mode)


def encoded(image: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    """The bytes of a picture."""
    written = io.BytesIO()
    image.save(written, kind, **options)
    return written.getvalue()


def directory(entries: list[tuple[int, int, int, bytes]], start: int) -> bytes:
    """A TIFF directory (little endian) at an offset, with its values behind it: entries are (tag, type, count, value)."""
    head, tail = struct.pack("<H", len(entries)), b""
    behind = start + 2 + 12 * len(entries) + 4
    for tag, kind, count, value in entries:
        if len(value) <= 4:
            place = value.ljust(4, b"\0")
        else:
            place = struct.pack("<I", behind + len(tail))
            tail += value
        head += struct.pack("<HHI", tag, kind, count) + place
    return head + b"\0\0\0\0" + tail


def rationals(*parts: tuple[int, int]) -> bytes:
    """Fractions as TIFF writes them."""
    return b"".join(struct.pack("<II", *part) for part in parts)


def exif(
    *,
    taken: str = "2025:08:01 09:30:00",
    offset: str = "",
    orientation: int = 1,
    lat: tuple[tuple[int, int], ...] = ((9, 1), (10, 1), (3600, 100)),
    lon: tuple[tuple[int, int], ...] = ((105, 1), (9, 1), (0, 1)),
    refs: str = "NE",
    more: int = 0,
) -> bytes:
    """An EXIF block (TIFF): by default 9°10'36" N, 105°09' E, on 2025-08-01 at 9:30; `more` tags of nonsense in front."""
    camera = [(0x9003, ASCII, len(taken) + 1, taken.encode() + b"\0")]
    if offset:
        camera.append((0x9011, ASCII, len(offset) + 1, offset.encode() + b"\0"))
    place = [
        (1, ASCII, 2, refs[0].encode() + b"\0"),
        (2, RATIONAL, len(lat), rationals(*lat)),
        (3, ASCII, 2, refs[1].encode() + b"\0"),
        (4, RATIONAL, len(lon), rationals(*lon)),
    ]
    fill = [(0xA000 + number % 0x4000, LONG, 1, struct.pack("<I", number)) for number in range(more)]
    for_size = [*fill, (0x0112, SHORT, 1, b""), (0x8769, LONG, 1, b""), (0x8825, LONG, 1, b"")]
    first = len(directory(for_size, 8))
    camera_at = 8 + first
    place_at = camera_at + len(directory(camera, camera_at))
    main = [
        *fill,
        (0x0112, SHORT, 1, struct.pack("<H", orientation)),
        (0x8769, LONG, 1, struct.pack("<I", camera_at)),
        (0x8825, LONG, 1, struct.pack("<I", place_at)),
    ]
    return b"II*\0" + struct.pack("<I", 8) + directory(main, 8) + directory(camera, camera_at) + directory(place, place_at)


def jpeg_with(block: bytes, image: Image.Image | None = None) -> bytes:
    """A JPEG that carries an EXIF block, a comment and an XMP note."""
    plain = encoded(image or picture(), comment=b"PLANTED-COMMENT")
    xmp = b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>PLANTED-XMP</x:xmpmeta>"
    return plain[:2] + segment(0xE1, b"Exif\0\0" + block) + segment(0xE1, xmp) + plain[2:]


def segment(marker: int, body: bytes) -> bytes:
    """A JPEG segment."""
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def png_chunk(kind: bytes, body: bytes) -> bytes:
    """A PNG chunk with its checksum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_claiming(width: int, height: int) -> bytes:
    """A small PNG that says it is large: what it unpacks to is as many zeros."""
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * min((width // 8 + 1) * height, 5_000_000), 9)
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", rows) + png_chunk(b"IEND", b"")


def jpeg_of_many_scans(number: int) -> bytes:
    """A progressive JPEG of 16 MP in a few kilobytes whose last scan is repeated: each repetition is decoded over the whole picture."""
    plain = encoded(Image.new("RGB", (4000, 4000), "red"), progressive=True, quality=30)
    last = plain[plain.rfind(b"\xff\xda") : -2]
    return plain[:-2] + last * number + b"\xff\xd9"
