"""Blurring a photo for the public: areas are kept, the rendition is made from the kept photo, and everything can be undone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from reports.blurring import Area, blurred
from reports.media import files_undone_on_error, note_new_file
from reports.models import Photo, Report
from reports.services.casework import roles_on
from reports.services.errors import NotAllowed, PhotoChangedMeanwhile
from reports.services.moderation import remember
from reports.workflow import HANDLERS, PUBLISHERS

if TYPE_CHECKING:
    from accounts.models import User


def may_blur(user: User, report: Report) -> bool:
    """Whether somebody may blur a report's photos: who handles it now, and its coordinator."""
    return bool(roles_on(user, report) & (HANDLERS | PUBLISHERS))


@files_undone_on_error()
@transaction.atomic
def blur_photo(photo_id: int, *, areas: Sequence[Area], actor: User, version: int | None = None, at: datetime | None = None) -> Photo:
    """Blurs exactly these areas of a photo for the public; none: the photo is shown as it was taken. The kept photo is never changed.

    Raises Photo.DoesNotExist for a stranger, NotAllowed for whoever only reads, PhotoChangedMeanwhile for a stale page. An event says that it was done.
    """
    report_id = Photo.objects.values_list("report_id", flat=True).get(pk=photo_id)
    Report.objects.select_for_update().only("pk").get(pk=report_id)
    report = Report.objects.visible_to(actor).select_related("category", "authority").filter(pk=report_id).first()
    photo = Photo.objects.get(pk=photo_id)
    if report is None:
        raise Photo.DoesNotExist
    if not may_blur(actor, report):
        raise NotAllowed
    if version is not None and version != photo.blur_version:
        raise PhotoChangedMeanwhile
    wanted = [list(area) for area in areas]
    if wanted == photo.blurs:
        return photo
    former = [str(file.name) for file in (photo.public_image, photo.public_thumbnail) if file]
    photo.blur_version += 1
    photo.blurs = wanted
    if wanted:
        with photo.image.open("rb") as kept:
            image, thumbnail = blurred(kept.read(), areas)
        for field, content, size in ((photo.public_image, image, "large"), (photo.public_thumbnail, thumbnail, "small")):
            field.save(f"{photo.key.hex}-{photo.blur_version}-{size}.jpg", ContentFile(content), save=False)
            note_new_file(str(field.name))
    else:
        photo.public_image = photo.public_thumbnail = ""
    photo.save(update_fields=["blurs", "blur_version", "public_image", "public_thumbnail"])
    data: dict[str, object] = {"photo": photo.key.hex, "areas": len(wanted)}
    remember(report, "photo_blurred" if wanted else "photo_unblurred", actor=actor, data=data, at=at or timezone.now())
    transaction.on_commit(lambda: _delete(former))
    return photo


def _delete(names: list[str]) -> None:
    for name in names:
        default_storage.delete(name)
