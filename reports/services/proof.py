"""Proof of repair: a reply of a physical category shows the spot after the work, or says why it does not."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.gis.db.models.fields import PointField
from django.core.exceptions import ValidationError
from django.db.models import Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from gis.functions import GeodesicDistance
from reports.media import PreparedPhoto, keep_photo
from reports.models import Photo, Reply, Report
from reports.survey_models import Proof

if TYPE_CHECKING:
    from reports.services.said import Words

REOPENINGS = ("reopen", "not_fixed")


def needs_proof(report: Report, draft: Reply | None) -> bool:
    """Whether a reply that resolves the report has to be proved, and the draft, if there is one, is not."""
    return report.category.physical and (draft is None or not Proof.objects.filter(reply=draft).exists())


def keep_proof(report: Report, reply: Reply, words: Words, at: datetime) -> None:
    """Keeps the photos that were given, not public before the reply is, and the one that proves it; or the reason why none does.

    A photo proves where it was taken within settings.PROOF_DISTANCE_M of the spot, and after the report was filed (reopened, if it was): by
    its EXIF, else by where and when the phone chose it. A redraft may rest on the photo of the draft that was sent back. Raises
    ValidationError where nothing proves and no reason is given.
    """
    since = _since(report)
    given = [_kept(report, photo, number, at) for number, photo in enumerate(words.after)]
    place = Coalesce("taken_where", Value(words.where, PointField(srid=4326))) if words.where else "taken_where"
    found = Photo.objects.filter(pk__in=[photo.pk for photo in given]).annotate(metres_away=GeodesicDistance(place, report.location))
    wrong: list[str] = []
    for photo in found.order_by("metres_away", "pk"):
        taken_at = photo.taken_at or at
        where = photo.taken_where or words.where
        if where is None:
            wrong.append(_("The photo does not say where it was taken, nor did the phone."))
        elif photo.metres_away > settings.PROOF_DISTANCE_M:
            wrong.append(
                _("The photo was taken %(metres)d m from the spot; at most %(limit)d m are near enough.")
                % {"metres": round(photo.metres_away), "limit": settings.PROOF_DISTANCE_M}
            )
        elif taken_at < since:
            wrong.append(_("The photo was taken before the report was filed or reopened."))
        else:
            Proof.objects.create(
                reply=reply, photo=photo, where=where, metres_away=photo.metres_away, taken_at=taken_at, by_phone=photo.taken_where is None
            )
            return
    former = Proof.objects.filter(reply__report=report, photo__kind=Photo.Kind.DRAFT, taken_at__gte=since).order_by("pk").last()
    if words.why_none:
        Proof.objects.create(reply=reply, why_none=words.why_none)
    elif former is not None and not given:
        former.pk, former.reply = None, reply
        former.save(force_insert=True)
    else:
        missing = _("Add a photo of the spot after the work, or say why there is none.")
        raise ValidationError(
            {"after": [*(wrong or [missing]), *([_("Choose another photo, or say why there is none.")] if wrong else [])]}
        )


def publish_photos(report: Report) -> list[str]:
    """Shows the photos of the reply that is published now: their keys."""
    drafts = Photo.objects.filter(report=report, kind=Photo.Kind.DRAFT)
    keys = [key.hex for key in drafts.values_list("key", flat=True)]
    drafts.update(kind=Photo.Kind.ANSWER)
    return keys


def unpublish_photos(report: Report, keys: list[str]) -> None:
    """Takes them back, with the reply that is a draft again."""
    Photo.objects.filter(report=report, key__in=keys).update(kind=Photo.Kind.DRAFT)


def _since(report: Report) -> datetime:
    reopened = report.events.filter(kind__in=REOPENINGS).order_by("at").last()
    return reopened.at if reopened else report.filed_at


def _kept(report: Report, prepared: PreparedPhoto, position: int, at: datetime) -> Photo:
    photo = keep_photo(report, prepared, at=at, kind=Photo.Kind.DRAFT, position=position)
    if photo.kind == Photo.Kind.REPORT:
        raise ValidationError({"after": [_("This is a photo that came with the report.")]})
    if photo.kind == Photo.Kind.SURVEY:  # taken on a survey after the work: it will be public now
        photo.kind = Photo.Kind.DRAFT
        photo.save(update_fields=["kind"])
    return photo
