"""Splitting: two problems came in one report; the second becomes a report of its own, for the same reporter."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db.models.fields.files import FieldFile
from django.utils import timezone
from django.utils.translation import gettext as _

from authorities.models import Category, Publication
from authorities.routing import route
from reports.case_models import Split
from reports.media import note_new_file
from reports.models import Contact, Follow, Photo, Report
from reports.services.filing import MAX_DESCRIPTION, begin_life, note_filed, placed_again
from reports.services.said import Words
from reports.words import tidy

if TYPE_CHECKING:
    from accounts.models import User

FILES = ("image", "thumbnail", "public_image", "public_thumbnail")


def split(report: Report, words: Words, actor: User | None, at: datetime) -> dict[str, Any]:
    """Files the second problem at the same spot with the chosen photos, the contact and the reporter's wish to be told; the rules say whose it is.

    It counts as received on the day of the split, and its time to answer begins then; the first keeps its own. In the transaction of the
    step, and by a version that was seen: pressing twice makes one.
    """
    category = words.category
    assert category is not None  # noqa: S101  require saw to it
    text = tidy(words.description)
    if len(text) > MAX_DESCRIPTION:
        raise ValidationError({"description": [_("At most %(limit)d characters.") % {"limit": MAX_DESCRIPTION}]})
    if not category.in_scope:
        raise ValidationError({"category": [_("This category is out of scope: return the report with the right channel instead.")]})
    if any(photo.report_id != report.pk or photo.kind != Photo.Kind.REPORT for photo in words.photos):
        raise ValidationError({"photos": [_("Choose photos of this report.")]})
    made = _filed(report, category, text, at)
    Split.objects.create(report=made, original=report, at=at)
    for position, photo in enumerate(words.photos):
        _copy(photo, made, position, at)
    return {"into": made.code}


def _filed(report: Report, category: Category, text: str, at: datetime) -> Report:
    on = timezone.localdate(at)
    placement = placed_again(report, on)
    routing = route(placement, category, on)
    # What somebody chose to mask or to hide in the first may stand in the second: then somebody has to look first
    is_open = category.publication == Publication.AT_ONCE and report.is_public and not report.masks
    made = Report(
        category=category,
        description=text,
        place_note=report.place_note,
        masks={"place_note": report.masks["place_note"]} if report.masks and "place_note" in report.masks else None,
        location=report.location,
        accuracy_m=report.accuracy_m,
        severity=report.severity,
        published_at=at if is_open else None,
        observed_at=report.observed_at or report.filed_at,
        channel=report.channel,
        language=report.language,
        filed_by=report.filed_by,
    )
    begin_life(made, placement, routing, at)
    contact = Contact.objects.filter(report=report).first()
    if contact is not None:
        Contact.objects.create(report=made, name=contact.name, phone=contact.phone, email=contact.email)
    for follow in Follow.objects.filter(report=report, is_reporter=True, ended_at=None):
        Follow.objects.create(
            report=made, email=follow.email, language=follow.language, since=at, confirmed_at=follow.confirmed_at, is_reporter=True
        )
    note_filed(made, data={"trace": routing.trace, "split_from": report.code})
    return made


def _copy(photo: Photo, made: Report, position: int, at: datetime) -> None:
    """The photo once more, with what is blurred in it for the public."""
    copy = Photo(
        key=uuid4(),
        report=made,
        kind=photo.kind,
        width=photo.width,
        height=photo.height,
        position=position,
        added_at=at,
        digest=photo.digest,
        taken_at=photo.taken_at,
        taken_where=photo.taken_where,
        blurs=photo.blurs,
        blur_version=photo.blur_version,
    )
    for name in FILES:
        kept: FieldFile = getattr(photo, name)
        if kept:
            with kept.open("rb") as content:
                ending = f"-{copy.blur_version}-{'large' if name == 'public_image' else 'small'}" if name.startswith("public") else ""
                field: FieldFile = getattr(copy, name)
                field.save(f"{copy.key.hex}{ending}.jpg", ContentFile(content.read()), save=False)
                note_new_file(str(field.name))
    copy.save(force_insert=True)
