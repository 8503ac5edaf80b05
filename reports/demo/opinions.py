"""What made-up reporters say of the answers: stars, a few words, and now and then that it is not fixed."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from random import Random

from django.conf import settings
from django.utils import timezone

from accounts.models import User
from authorities.models import Criterion
from reports.models import Report
from reports.rating_models import Rating
from reports.services import NotRatable, Opinion, judge_comment, rate

RATED, COMMENTED, LOOKED_AT, LET_THROUGH = 0.45, 0.5, 0.8, 0.9
MOODS = (("good", 6, (4, 5, 5)), ("fair", 3, (3, 3, 4)), ("bad", 1, (1, 2, 2)))
NOT_FIXED = 0.6  # of the reports that are opened again: by their reporter; the others by a coordinator


class Opinions:
    """The words of a demonstration's reporters."""

    def __init__(self) -> None:
        self._texts = json.loads((settings.BASE_DIR / "fixtures" / "demo" / "opinions.json").read_text(encoding="utf-8"))

    def not_fixed(self, report: Report, chance: Random, at: datetime) -> Report:
        """The reporter says that it is not fixed."""
        return rate(report.pk, opinion=Opinion(is_fixed=False, problem=chance.choice(self._texts["not_fixed"])), at=at)

    def rated(self, report: Report, chance: Random, answered_at: datetime, now: datetime) -> Rating | None:
        """Some rate the answer within some days; the rating, where there is one."""
        at = answered_at + timedelta(hours=chance.uniform(0.5, 120))
        if chance.random() >= RATED or at >= now:
            return None
        mood, _weight, values = chance.choices(MOODS, [weight for _mood, weight, _values in MOODS])[0]
        criteria = Criterion.objects.asked(timezone.localdate(at))
        scores = {criterion.code: chance.choice(values) for criterion in criteria}
        comment = chance.choice(self._texts[mood]) if chance.random() < COMMENTED else ""
        try:
            rate(report.pk, opinion=Opinion(scores=scores, comment=comment), at=at)
        except NotRatable:  # it was returned, not answered
            return None
        return Rating.objects.filter(reply__report=report).latest("pk")

    def looked_at(self, rating: Rating, coordinator: User, chance: Random, now: datetime) -> None:
        """The coordinator lets most comments through; the newest still wait."""
        at = rating.given_at + timedelta(hours=chance.uniform(1, 30))
        if not rating.comment or at >= now or chance.random() >= LOOKED_AT:
            return
        waiting = Rating.objects.comments_waiting_for(coordinator, on=timezone.localdate(at))
        if waiting.filter(pk=rating.pk).exists():
            judge_comment(rating.pk, show=chance.random() < LET_THROUGH, actor=coordinator, at=at)
