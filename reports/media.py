"""Photos: checked by content, re-encoded, stripped of what the camera wrote, and kept; files never outlive the report that they came with.

HEIC is refused with a way out: pages ask for JPEG, PNG and WebP, for which iPhones convert by themselves, and a decoder of HEVC (pi-heif: LGPL,
patents, a long list of holes; pillow-heif brings the GPL's x265) is no door to leave open to everybody.
"""

from __future__ import annotations

import hashlib
import io
import logging
import math
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID, uuid4

from django.contrib.gis.geos import Point
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from PIL import Image, ImageFile

from reports.exif import Taken, read_exif
from reports.models import Photo, Report
from reports.pictures import PhotoRefused, Picture, find_picture, incomplete

__all__ = [
    "PhotoRefused",
    "PreparedPhoto",
    "files_undone_on_error",
    "keep_photo",
    "keep_photos",
    "prepare_photo",
    "read_exif_offer",
    "sweep_media",
]

MAX_BYTES = 20_000_000
MAX_PIXELS = 50 * 1024 * 1024  # "50 megapixels" of telephones reach 50.3 million
MAX_PHOTOS = 5
MAX_SIDE = 2048
STRIP = 128  # rows
THUMBNAIL = (480, 960)  # 480 wide; a very tall picture is bounded too
QUALITY = 82
SWEPT_AFTER = timedelta(days=1)
SWEPT_AT_ONCE = 1000
SWEPT_DAYS = 7  # folders of days further back were swept before

# Two at once: each may take 400 MB (measured: 50 megapixels, progressive), and a weak server must not fall to a handful of large pictures
decoding = threading.BoundedSemaphore(2)
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
Image.MAX_IMAGE_PIXELS = MAX_PIXELS  # Pillow's own check, after ours
_new_files: ContextVar[list[str] | None] = ContextVar("new_files", default=None)
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class PreparedPhoto:
    """A photo ready to be kept: two JPEGs without metadata, their size in pixels, and what its EXIF said, kept apart and private.

    `digest` is the SHA-256 of what was uploaded, in hexadecimal.
    """

    image: bytes
    thumbnail: bytes
    width: int
    height: int
    digest: str
    taken_at: datetime | None = None
    taken_where: Point | None = None


def prepare_photo(upload: UploadedFile[bytes] | bytes) -> PreparedPhoto:
    """Checks a photo by its content and encodes it anew: upright, RGB, at most 2048 px a side, and a thumbnail.

    Raises PhotoRefused with a sentence for the person. The name and the declared type of the upload are not looked at.
    """
    data = _bytes_of(upload)
    picture = _checked(data)
    taken = read_exif(picture.exif)
    with decoding:
        image = _decoded(picture, taken)
        large = shrunk(image, (MAX_SIDE, MAX_SIDE))
        small = shrunk(large, THUMBNAIL)
        return PreparedPhoto(
            image=as_jpeg(large),
            thumbnail=as_jpeg(small),
            width=large.width,
            height=large.height,
            digest=hashlib.sha256(data).hexdigest(),
            taken_at=taken.at,
            taken_where=taken.where,
        )


def read_exif_offer(upload: UploadedFile[bytes] | bytes) -> dict[str, Any] | None:
    """When (ISO 8601) and where (degrees) a photo says it was taken, to be offered to whoever files; None where it says neither.

    Decodes nothing; raises PhotoRefused for what is no photo.
    """
    taken = read_exif(_checked(_bytes_of(upload)).exif)
    return offer(taken.at, taken.where) if taken.at or taken.where else None


def offer(at: datetime | None, where: Point | None) -> dict[str, Any]:
    """What a photo says of itself, in words of the API."""
    return {
        "taken_at": timezone.localtime(at).isoformat() if at else None,
        "lat": round(where.y, 6) if where else None,
        "lon": round(where.x, 6) if where else None,
    }


def _bytes_of(upload: UploadedFile[bytes] | bytes) -> bytes:
    if isinstance(upload, bytes):
        data = upload[: MAX_BYTES + 1]
    else:
        upload.seek(0)
        data = upload.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise PhotoRefused(_("The photo is larger than 20 MB. Choose another one, or a smaller size in the camera."))
    if not data:
        raise PhotoRefused(_("The file is empty. Choose the photo again."))
    return data


def _checked(data: bytes) -> Picture:
    picture = find_picture(data)
    _refuse_too_many_pixels(picture.width, picture.height)
    return picture


def _refuse_too_many_pixels(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise PhotoRefused(_("The photo has more than 50 megapixels. Choose a smaller size in the camera."))


def _decoded(picture: Picture, taken: Taken) -> Image.Image:
    """The picture upright, in RGB, not much larger than MAX_SIDE."""
    try:
        # Of the bytes we cut out, by the decoder of the kind that we saw, and by no other
        image: Image.Image = Image.open(io.BytesIO(picture.data), formats=[picture.kind])
        _refuse_too_many_pixels(*image.size)
        ImageFile.LOAD_TRUNCATED_IMAGES = False  # WeasyPrint turns it on for the whole process when it is imported
        image.draft("RGB", (MAX_SIDE, MAX_SIDE))  # a JPEG is decoded at a half, a quarter, an eighth
        image.load()
        image = _in_rgb(image)
        return image.transpose(_TURNS[taken.orientation]) if taken.orientation in _TURNS else image
    except PhotoRefused:
        raise
    except Exception as error:  # a decoder may raise anything at a broken picture
        logger.info("A %s picture could not be decoded: %s", picture.kind, type(error).__name__)
        raise incomplete() from None


def _in_rgb(image: Image.Image) -> Image.Image:
    """The picture on white, at most twice as large as will be kept; strip by strip, for each change of a whole large picture copies it."""
    factor = max(1, max(image.size) // MAX_SIDE)
    rgb = Image.new("RGB", (math.ceil(image.width / factor), math.ceil(image.height / factor)), "white")
    for top in range(0, image.height, STRIP * factor):
        strip = image.crop((0, top, image.width, min(image.height, top + STRIP * factor)))
        if strip.mode.startswith("I"):  # 16 bits of grey
            strip = strip.convert("I").point([value >> 8 for value in range(65536)], "L")
        strip = strip.convert("RGBA" if strip.has_transparency_data else "RGB").reduce(factor)
        rgb.paste(strip, (0, top // factor), strip if strip.mode == "RGBA" else None)
    return rgb


def shrunk(image: Image.Image, box: tuple[int, int]) -> Image.Image:
    """The picture, no larger than the box (pixels)."""
    scale = min(box[0] / image.width, box[1] / image.height)
    if scale >= 1:
        return image
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def as_jpeg(image: Image.Image) -> bytes:
    """An RGB picture as a JPEG that holds nothing but pixels."""
    bare = Image.frombytes("RGB", image.size, image.tobytes())  # nothing but pixels
    written = io.BytesIO()
    bare.save(written, "JPEG", quality=QUALITY, progressive=True, optimize=True)
    return written.getvalue()


# --- keeping ------------------------------------------------------------------------------------------------------------


def keep_photos(report: Report, photos: Sequence[PreparedPhoto], *, at: datetime, kind: str = Photo.Kind.REPORT) -> list[Photo]:
    """Keeps photos with a report; one that it has already is passed over. At most five of a kind, else ValidationError.

    Writes files, which no rollback takes back: call it inside `files_undone_on_error`, which the services do.
    """
    known = set(report.photos.values_list("digest", flat=True))
    fresh = list({photo.digest: photo for photo in photos if photo.digest not in known}.values())
    before = report.photos.filter(kind=kind).count()
    if before + len(fresh) > MAX_PHOTOS:
        raise ValidationError({"media": [_("At most %(number)d photos.") % {"number": MAX_PHOTOS}]})
    with files_undone_on_error(), transaction.atomic():
        return [_keep(report, photo, before + number, at, kind) for number, photo in enumerate(fresh)]


def keep_photo(report: Report, prepared: PreparedPhoto, *, at: datetime, kind: str, position: int = 0) -> Photo:
    """Keeps one photo with a report, or finds the one that it has already, whatever its kind. Call it inside `files_undone_on_error`."""
    known = report.photos.filter(digest=prepared.digest).first()
    return known or _keep(report, prepared, position, at, kind)


def _keep(report: Report, prepared: PreparedPhoto, position: int, at: datetime, kind: str) -> Photo:
    photo = Photo(
        key=uuid4(),
        report=report,
        kind=kind,
        width=prepared.width,
        height=prepared.height,
        position=position,
        added_at=at,
        digest=prepared.digest,
        taken_at=prepared.taken_at,
        taken_where=prepared.taken_where,
    )
    for field, content in ((photo.image, prepared.image), (photo.thumbnail, prepared.thumbnail)):
        field.save(f"{photo.key.hex}.jpg", ContentFile(content), save=False)
        note_new_file(str(field.name))
    photo.save(force_insert=True)
    return photo


@contextmanager
def files_undone_on_error() -> Iterator[None]:
    """Deletes the files that keep_photos writes inside the block, should an exception leave it; put it around the transaction.

    Blocks nest: the outer one answers for the files of the inner ones. What a killed process leaves is swept up by `sweep_media`.
    """
    outer = _new_files.get()
    mine: list[str] = []
    token = _new_files.set(mine)
    try:
        yield
    except BaseException:
        for name in mine:
            try:
                default_storage.delete(name)
            except Exception:
                logger.warning("A photo's file could not be undone; it will be swept", exc_info=True)
        raise
    finally:
        _new_files.reset(token)
    if outer is not None:
        outer.extend(mine)


def note_new_file(name: str) -> None:
    """Remembers a file that was written, to be deleted should the block of `files_undone_on_error` fail."""
    files = _new_files.get()
    if files is not None:
        files.append(name)


def sweep_media(*, now: datetime | None = None) -> int:
    """Deletes files of photos that no report has, older than a day: how many. Looks at the folders of the last days only."""
    now = now or timezone.now()
    swept = 0
    for folder in _recent_folders(timezone.localdate(now)):
        for path in _orphans(folder):
            if default_storage.get_modified_time(path) < now - SWEPT_AFTER:
                default_storage.delete(path)
                swept += 1
    if swept:
        logger.info("Swept %d files of photos that no report has", swept)
    return swept


def _orphans(folder: str) -> Iterator[str]:
    keys = {name: key for name in _files_in(folder) if (key := _key_of(name))}
    names = list(keys)
    for start in range(0, len(names), SWEPT_AT_ONCE):
        some = names[start : start + SWEPT_AT_ONCE]
        kept = set(Photo.objects.filter(key__in=[keys[name] for name in some]).values_list("key", flat=True))
        yield from (f"{folder}/{name}" for name in some if keys[name] not in kept)


def _recent_folders(today: date) -> list[str]:
    days = [today - timedelta(days=back) for back in range(SWEPT_DAYS + 1)]
    return [day.strftime(f"{root}/%Y/%m/%d") for root in ("photos", "thumbnails") for day in days]


def _files_in(folder: str) -> list[str]:
    try:
        return default_storage.listdir(folder)[1]
    except FileNotFoundError:
        return []


def _key_of(name: str) -> UUID | None:
    try:
        return UUID(hex=PurePosixPath(name).stem)
    except ValueError:
        return None
