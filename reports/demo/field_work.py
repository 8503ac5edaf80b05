"""What made-up officers find on the spot, and with what they prove that it was repaired: drawn pictures, taken where and when they should be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from django.contrib.gis.geos import Point

from accounts.models import User
from authorities.survey_models import SurveyField
from boundaries.models import WGS84
from reports.demo.pictures import VARIANTS, Pictures
from reports.demo.stories import SCENE_OF_ANYTHING, Stories
from reports.media import PreparedPhoto
from reports.models import Report
from reports.services import Surveyed, Words, keep_survey, keep_survey_photo

PROVED = 0.65  # of the physical reports with a scene to draw; the others say why there is no photo
SURVEYED, PHOTOGRAPHED, FAR = 0.8, 0.7, 0.1
DEGREES = 0.0002  # some twenty metres


class FieldWork:
    """The field work of one demonstration."""

    def __init__(self, pictures: Pictures, stories: Stories) -> None:
        self._pictures = pictures
        self._stories = stories
        self._fields = list(SurveyField.objects.select_related("category"))

    def survey(self, report: Report, officer: User, scene: str, chance: Random, at: datetime, now: datetime) -> datetime:
        """Some surveys come in on the same day, some waited for a line: when it came, the time of the step where there is none."""
        done = at + timedelta(hours=chance.uniform(0.5, 4))
        received = done + timedelta(hours=chance.choice((0, 0, 0, 2, 7)), minutes=1)
        if received >= now or chance.random() >= SURVEYED:
            return at
        photos = []
        if scene != SCENE_OF_ANYTHING and chance.random() < PHOTOGRAPHED:
            spread = DEGREES if chance.random() > FAR else DEGREES * 20
            photos = [taken(photo, report, chance, done, spread) for photo in self._fresh(report, scene, done=False)][:1]
        said = Surveyed(
            key=UUID(int=chance.getrandbits(128)),
            done_at=done,
            location=_near(report, chance, DEGREES),
            accuracy_m=chance.choice((4, 6, 9, 15, 30)),
            findings=list(self._findings(report, chance)),
            note=self._stories.note("survey", chance) if chance.random() < 0.5 else "",
            photos_named=[photo.digest for photo in photos],
        )
        survey, _is_new = keep_survey(report.pk, said=said, actor=officer, at=received)
        for photo in photos:
            keep_survey_photo(survey.key, photo=photo, actor=officer, at=received)
        return received

    def proven(self, words: Words, report: Report, scene: str, chance: Random, at: datetime) -> Words:
        """The words of a reply with a photo of the spot after the work, or the reason why there is none."""
        if not report.category.physical:
            return words
        fresh = self._fresh(report, scene, done=True) if scene != SCENE_OF_ANYTHING and chance.random() < PROVED else iter(())
        photo = next(fresh, None)
        if photo is None:
            return replace(words, why_none=self._stories.note("no_photo", chance))
        return replace(words, after=(taken(photo, report, chance, at, DEGREES),))

    def _fresh(self, report: Report, scene: str, *, done: bool) -> Iterator[PreparedPhoto]:
        """Pictures of the scene that the report has not; after the work, the place that the reporter photographed comes first."""
        known = list(report.photos.order_by("position", "pk").values_list("digest", flat=True))
        before = [self._pictures.photo(scene, variant).digest for variant in range(VARIANTS)] if known else []
        same = next((before.index(digest) for digest in known if digest in before), 0)
        for variant in range(same, same + VARIANTS):
            photo = self._pictures.photo(scene, variant, done=done)
            if photo.digest not in known:
                yield photo

    def _findings(self, report: Report, chance: Random) -> Iterator[dict[str, Any]]:
        for asked in self._fields:
            if asked.category not in (None, report.category) or not (asked.required or chance.random() < 0.6):
                continue
            values: tuple[Any, Any]
            if asked.kind == SurveyField.Kind.NUMBER:
                number = chance.randrange(2, 60) * (500_000 if asked.unit == "đồng" else 1)
                values = number, number
            elif asked.kind == SurveyField.Kind.CHOICE:
                values = chance.choice(asked.both_choices)
            elif asked.kind == SurveyField.Kind.YES_NO:
                values = (chance.random() < 0.3,) * 2
            else:
                values = (self._stories.note("proposal", chance),) * 2
            yield {
                "code": asked.code, "name": asked.name, "name_en": asked.name_en, "kind": asked.kind, "unit": asked.unit,
                "value": values[0], "value_en": values[1],
            }  # fmt: skip


def taken(photo: PreparedPhoto, report: Report, chance: Random, at: datetime, spread: float) -> PreparedPhoto:
    """A picture as if taken near a report's spot at a time."""
    return replace(photo, taken_at=at, taken_where=_near(report, chance, spread))


def _near(report: Report, chance: Random, spread: float) -> Point:
    return Point(report.location.x + chance.uniform(-spread, spread), report.location.y + chance.uniform(-spread, spread), srid=WGS84)
