"""Photos: checked by content, re-encoded, stripped of what the camera wrote; see prepare_photo."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.gis.geos import Point

from reports.models import Report


@dataclass(frozen=True)
class PreparedPhoto:
    """A photo ready to be kept: re-encoded, with what its EXIF said kept apart."""

    image: bytes
    thumbnail: bytes
    width: int
    height: int
    digest: str
    taken_at: datetime | None = None
    taken_where: Point | None = None


def keep_photos(report: Report, photos: Sequence[PreparedPhoto], *, at: datetime) -> None:
    """Stores photos with a report."""


class PhotoRefused(Exception):
    """A photo that cannot be taken, with a sentence for the person who sent it."""


def prepare_photo(upload: object) -> PreparedPhoto:
    """Checks and re-encodes a photo; raises PhotoRefused."""
    raise PhotoRefused("…")
