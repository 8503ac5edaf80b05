"""What officers find on the spot, and what proves that something was repaired. Where an officer stood is shown at the desk alone."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Self

from django.contrib.gis.db import models
from django.db.models import CheckConstraint, DurationField, ExpressionWrapper, F, Q, UniqueConstraint
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from authorities.models import Body
from boundaries.models import WGS84
from gis.functions import GeodesicDistance
from reports.masking import public_text

if TYPE_CHECKING:
    from reports.models import Photo  # noqa: F401

MAX_NOTE = 5000  # characters
MAX_REASON = 1000


class Survey(models.Model):
    """What an officer found at the spot of a report. The phone makes the key, so that what is sent twice counts once.

    `photos_named` are the SHA-256 of the photos that belong to it, as the phone kept them; they may arrive after the words.
    `findings` are the fields as they were asked: code, name, name_en, kind, unit, value, value_en.
    """

    key = models.UUIDField(default=uuid.uuid4, unique=True)
    report = models.ForeignKey("reports.Report", on_delete=models.CASCADE, related_name="surveys")
    officer = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    body = models.ForeignKey(Body, null=True, on_delete=models.PROTECT, related_name="+")
    done_at = models.DateTimeField(_("surveyed at"))
    received_at = models.DateTimeField(default=timezone.now)
    location = models.PointField(srid=WGS84, null=True, blank=True)
    accuracy_m = models.FloatField(null=True, blank=True)
    findings = models.JSONField(default=list)
    note = models.TextField(max_length=MAX_NOTE, blank=True)
    photos_named = models.JSONField(default=list)
    digest = models.CharField(max_length=64, help_text="SHA-256 of what was said, by which a repeated request is known")

    class Meta:
        ordering = ["done_at", "pk"]
        constraints = [
            CheckConstraint(condition=Q(done_at__lte=F("received_at")), name="survey_done_before_it_is_received"),
            CheckConstraint(condition=Q(accuracy_m__isnull=True) | Q(location__isnull=False), name="survey_accuracy_is_of_a_location"),
        ]

    @property
    def photos_missing(self) -> list[str]:
        """The SHA-256 of the photos that have not arrived yet."""
        here = set(self.photos.values_list("photo__digest", flat=True))
        return [digest for digest in self.photos_named if digest not in here]


class SurveyPhotoQuerySet(models.QuerySet["SurveyPhoto"]):
    """Photos of surveys."""

    def measured(self) -> Self:
        """With `metres_away`, geodesic, from the report's spot, and `after`, the time since it was filed; None where the photo does not say."""
        return self.annotate(
            metres_away=GeodesicDistance("photo__taken_where", F("survey__report__location")),
            after=ExpressionWrapper(F("photo__taken_at") - F("survey__report__filed_at"), output_field=DurationField()),
        )


class SurveyPhoto(models.Model):
    """A photo that belongs to a survey. The same photo may belong to two."""

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="photos")
    photo = models.ForeignKey("reports.Photo", on_delete=models.CASCADE, related_name="in_surveys")

    objects = SurveyPhotoQuerySet.as_manager()

    class Meta:
        ordering = ["photo__position", "pk"]
        constraints = [UniqueConstraint(fields=["survey", "photo"], name="survey_photo_once")]


class Proof(models.Model):
    """Why one may believe a reply that says “repaired”: a photo taken near the spot after the report, or the reason why there is none.

    `where` (private) is the place that counted: the photo's own, or the phone's when it was chosen; `metres_away` from it to the report's spot.
    """

    reply = models.OneToOneField("reports.Reply", on_delete=models.CASCADE, related_name="proof")
    photo = models.ForeignKey("reports.Photo", null=True, blank=True, on_delete=models.SET_NULL, related_name="proves")
    where = models.PointField(srid=WGS84, null=True, blank=True)
    metres_away = models.FloatField(null=True, blank=True)
    taken_at = models.DateTimeField(null=True, blank=True)
    by_phone = models.BooleanField(default=False, help_text="The photo named no place; the phone did")
    why_none = models.TextField(_("why there is no photo"), max_length=MAX_REASON, blank=True)

    class Meta:
        constraints = [
            CheckConstraint(
                condition=Q(why_none="", metres_away__isnull=False, taken_at__isnull=False)
                | (~Q(why_none="") & Q(metres_away__isnull=True)),
                name="proof_is_a_photo_or_a_reason",
            )
        ]

    @property
    def public_reason(self) -> str:
        """Why there is no photo, as everybody may read it."""
        return public_text(self.why_none, None, allowed=(self.reply.body.hotline, self.reply.body.email))


class Voice(models.Model):
    """What a follower says of an answer: fixed or not; one for each reply, which may be changed."""

    reply = models.ForeignKey("reports.Reply", on_delete=models.CASCADE, related_name="voices")
    follow = models.ForeignKey("reports.Follow", on_delete=models.CASCADE, related_name="voices")
    is_fixed = models.BooleanField()
    given_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [UniqueConstraint(fields=["reply", "follow"], name="voice_once_a_reply_and_follower")]
