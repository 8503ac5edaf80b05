"""Surveys as the desk shows them: what was found in the reader's language, and how far from the spot and how long after the report each photo was taken."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import F
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from authorities.languages import reads_english
from gis.functions import GeodesicDistance
from reports.models import Photo, Reply, Report
from reports.survey_models import Survey, SurveyPhoto
from reports.urgency import span


@dataclass(frozen=True)
class TakenPhoto:
    """A photo, in a sentence where and when it was taken, and in another what speaks against it ("" for nothing)."""

    photo: Photo
    words: str
    warning: str


@dataclass(frozen=True)
class ShownSurvey:
    """A survey: how far from the report's spot the officer stood (metres), the findings as (name, value), the photos, and how many are on their way."""

    survey: Survey
    metres_away: float | None
    findings: list[tuple[str, str]]
    photos: list[TakenPhoto]
    on_their_way: int

    @property
    def is_far(self) -> bool:
        """Whether the officer stood elsewhere, the phone's own doubt granted."""
        return self.metres_away is not None and self.metres_away > settings.PROOF_DISTANCE_M + (self.survey.accuracy_m or 0)

    @property
    def came_later(self) -> bool:
        """Whether it waited on the phone for a line."""
        return self.survey.received_at - self.survey.done_at > timedelta(minutes=10)


def shown_surveys(report: Report) -> list[ShownSurvey]:
    """The surveys of a report, the earliest first; two queries."""
    photos: dict[int, list[Any]] = {}
    for found in SurveyPhoto.objects.filter(survey__report=report).select_related("photo").measured():
        photos.setdefault(found.survey_id, []).append(found)
    surveys = Survey.objects.filter(report=report).select_related("officer", "body")
    away = GeodesicDistance("location", F("report__location"))
    return [
        ShownSurvey(
            survey=survey,
            metres_away=survey.metres_away,
            findings=[shown_finding(found) for found in survey.findings],
            photos=[taken(found.photo, found.metres_away, found.after) for found in photos.get(survey.pk, [])],
            on_their_way=len(survey.photos_named) - len(photos.get(survey.pk, [])),
        )
        for survey in surveys.annotate(metres_away=away)
    ]


def shown_finding(found: dict[str, object]) -> tuple[str, str]:
    """A finding in the reader's language: its name, and its value with the unit."""
    ending = "_en" if reads_english() else ""
    value = found[f"value{ending}"]
    if isinstance(value, bool):
        text = _("Yes") if value else _("No")
    elif isinstance(value, float):
        text = number_format(int(value) if value.is_integer() else value, use_l10n=True)
    else:
        text = str(value)
    return str(found[f"name{ending}"]), f"{text} {found['unit']}".strip()


def taken(photo: Photo, metres_away: float | None, after: timedelta | None) -> TakenPhoto:
    """A photo with the sentences on where and when it was taken, measured from the report's spot and filing."""
    now = timezone.now()
    metres = number_format(round(metres_away), use_l10n=True) if metres_away is not None else ""
    words = warning = ""
    if metres:
        words = _("Taken %(metres)s m from the spot") % {"metres": metres}
    if after is not None:
        time = span(now, now + abs(after))
        when = (_("%(time)s after the report") if after >= timedelta(0) else _("%(time)s before the report")) % {"time": time}
        words = f"{words}, {when}" if words else _("Taken %(when)s") % {"when": when}
    if after is not None and after < timedelta(0):
        warning = _("Taken before the report")
    elif metres_away is not None and metres_away > settings.PROOF_DISTANCE_M:
        warning = _("Far from the spot")
    return TakenPhoto(photo, words or _("The photo does not say when or where it was taken"), warning)


@dataclass(frozen=True)
class ShownProof:
    """What proves a reply: the photo with where and when it was taken, or why there is none."""

    taken: TakenPhoto | None
    by_phone: bool
    why_none: str


def shown_proof(reply: Reply | None) -> ShownProof | None:
    """What proves a reply, for the desk; None where nothing does."""
    proof = getattr(reply, "proof", None)
    if reply is None or proof is None:
        return None
    after = proof.taken_at - reply.report.filed_at if proof.taken_at else None
    return ShownProof(taken(proof.photo, proof.metres_away, after) if proof.photo else None, proof.by_phone, proof.why_none)
