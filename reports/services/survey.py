"""Surveys on the spot: the words first, then photo by photo, in any order of days; whatever comes twice counts once."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib.gis.geos import Point
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from authorities.models import Body, Membership
from gis.bbox import DECIMALS
from reports.media import MAX_PHOTOS, PreparedPhoto, files_undone_on_error, keep_photo
from reports.models import Handling, Photo, Report, ReportEvent
from reports.services.errors import KeyUsedForAnotherSurvey, NotAllowed
from reports.survey_models import MAX_NOTE, Survey, SurveyPhoto
from reports.words import tidy
from reports.workflow import HANDLERS

if TYPE_CHECKING:
    from accounts.models import User

FIRST_SECOND = datetime(1970, 1, 1, tzinfo=UTC)  # of clocks; in other zones the year 1 begins before all years
DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Surveyed:
    """What an officer found: when, where (WGS 84) and how sure the phone was (metres), the findings, a note, and the SHA-256 of each photo."""

    key: UUID
    done_at: datetime
    location: Point | None = None
    accuracy_m: float | None = None
    findings: list[dict[str, Any]] = field(default_factory=list)
    note: str = ""
    photos_named: Sequence[str] = ()

    def digest(self) -> str:
        """SHA-256 of the content, by which a repeated request is known."""
        content = [
            self.done_at.isoformat(),
            [round(self.location.x, DECIMALS), round(self.location.y, DECIMALS)] if self.location else None,
            self.accuracy_m,
            [[found["code"], found["value"]] for found in self.findings],
            self.note,
            sorted(self.photos_named),
        ]
        return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()


def surveys_for(user: User, report: Report, on: date | None = None) -> Body | None:
    """The body for which somebody who sees a report may survey it: one that has it, or had it when the officer set out; None for none."""
    held = Membership.objects.held_by(user, on=on).filter(role__in=HANDLERS).select_related("body").order_by("pk")
    handled = set(Handling.objects.filter(report=report).values_list("body", flat=True))
    bodies = [membership.body for membership in held if membership.body_id in handled]
    return next((body for body in bodies if body == report.authority), bodies[0] if bodies else None)


def may_survey(user: User, report: Report, on: date | None = None) -> bool:
    """Whether somebody who sees a report may survey it."""
    return user.is_superuser or surveys_for(user, report, on) is not None


@transaction.atomic
def keep_survey(report_id: int, *, said: Surveyed, actor: User, at: datetime | None = None) -> tuple[Survey, bool]:
    """Keeps a survey unless it came before: (survey, whether it is new). Its event goes into the report's history; the state is not moved.

    A survey may arrive days after it was made, on a report that went on meanwhile: what was seen was seen, and is kept. Raises
    Report.DoesNotExist for a stranger, NotAllowed for whoever only reads, KeyUsedForAnotherSurvey where the key came with another content,
    ValidationError for what cannot be kept. `at` is when it arrived, for demonstrations.
    """
    on = timezone.localdate(at) if at else None
    Report.objects.select_for_update().only("pk").get(pk=report_id)
    report = Report.objects.visible_to(actor, on).select_related("category", "authority", "unit").get(pk=report_id)
    body = surveys_for(actor, report, on)
    if body is None and not actor.is_superuser:
        raise NotAllowed
    at = at or timezone.now()
    digest = said.digest()
    known = Survey.objects.select_for_update(of=("self",)).filter(key=said.key).first()
    if known is not None:
        if (known.report_id, known.officer_id, known.digest) != (report.pk, actor.pk, digest):
            raise KeyUsedForAnotherSurvey
        return known, False
    survey = Survey.objects.create(
        key=said.key,
        report=report,
        officer=actor,
        body=body,
        done_at=min(max(said.done_at, FIRST_SECOND), at),  # a phone's clock may run fast, or stand anywhere
        received_at=at,
        location=said.location,
        accuracy_m=said.accuracy_m if said.location else None,
        findings=said.findings,
        note=_fit_to_be_kept(said),
        photos_named=list(dict.fromkeys(said.photos_named)),
        digest=digest,
    )
    report.changed_at = at
    report.version += 1
    report.save(update_fields=["changed_at", "version"])
    ReportEvent.objects.create(
        report=report,
        at=at,
        kind="surveyed",
        status_before=report.status,
        status_after=report.status,
        body=body or report.authority,
        actor_id=actor.pk,
        public=True,
        # The photos' digests stand in the chain: none can be exchanged later
        data={
            "survey": survey.pk,
            "done_at": survey.done_at.isoformat(),
            "photos": survey.photos_named,
            **({"by": body.code} if body else {}),
        },
    )
    return survey, True


def _fit_to_be_kept(said: Surveyed) -> str:
    """The note, tidied; ValidationError names everything that cannot be kept."""
    wrong: dict[str, list[str]] = {}
    note = ""
    try:
        note = tidy(said.note)
    except ValueError as error:
        wrong["note"] = [str(error)]
    if len(note) > MAX_NOTE:
        wrong["note"] = [_("A note has at most 5,000 characters.")]
    if len(set(said.photos_named)) > MAX_PHOTOS:
        wrong["photos"] = [_("At most %(number)d photos.") % {"number": MAX_PHOTOS}]
    elif not all(DIGEST.fullmatch(digest) for digest in said.photos_named):
        wrong["photos"] = [_("The names of the photos are no SHA-256.")]
    if not (note or said.findings or said.photos_named or said.location):
        wrong["note"] = [_("Write a few words.")]
    if wrong:
        raise ValidationError(wrong)
    return note


@files_undone_on_error()
@transaction.atomic
def keep_survey_photo(key: UUID, *, photo: PreparedPhoto, actor: User, at: datetime | None = None) -> Survey:
    """Keeps a photo with the survey that names it; one that it has already is passed over. The survey tells what is still missing.

    Raises Survey.DoesNotExist for whoever did not make the survey or sees its report no more, ValidationError for a photo that the survey does not name.
    """
    survey = Survey.objects.select_for_update(of=("self",)).select_related("report").get(key=key, officer=actor)
    if not Report.objects.visible_to(actor, timezone.localdate(at) if at else None).filter(pk=survey.report_id).exists():
        raise Survey.DoesNotExist
    if photo.digest not in survey.photos_named:
        raise ValidationError({"photo": [_("The survey does not name this photo: it arrived damaged, or belongs to another.")]})
    kept = keep_photo(
        survey.report, photo, at=at or timezone.now(), kind=Photo.Kind.SURVEY, position=survey.photos_named.index(photo.digest)
    )
    SurveyPhoto.objects.get_or_create(survey=survey, photo=kept)
    return survey
