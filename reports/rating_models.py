"""What reporters say of an answer: a rating belongs to one published reply, and so to the body that gave it (docs/adr/0011-ratings.md)."""

from __future__ import annotations

from datetime import date
from typing import Self

from django.contrib.auth.models import AnonymousUser
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import CheckConstraint, Exists, OuterRef, Q, UniqueConstraint
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from authorities.models import Criterion
from gis.functions import IsAmong
from reports.masking import public_text
from reports.sight import Sight

MAX_COMMENT = 2000  # characters
LOWEST, HIGHEST = 1, 5


class RatingQuerySet(models.QuerySet["Rating"]):
    """Ratings by who may look at them."""

    def public(self) -> Self:
        """Those of reports that everybody may see."""
        from reports.models import Report

        return self.filter(reply__report__in=Report.objects.public())

    def comments_waiting_for(self, who: User | AnonymousUser | Sight, on: date | None = None) -> Self:
        """Those whose comment somebody may show or refuse, and nobody has: of reports for which he or she coordinates (on a day, default today)."""
        from reports.models import Conflict

        sight = who if isinstance(who, Sight) else Sight.of(who, on)
        waiting = self.filter(comment_state=Rating.Comment.WAITING)
        if sight.is_of_all:
            return waiting
        complained_of = Conflict.objects.filter(report=OuterRef("reply__report"), body__in=sight.own)
        return waiting.filter(IsAmong("reply__report__authority", sight.coordinated)).exclude(Exists(complained_of))


class Rating(models.Model):
    """What the reporter thinks of one published reply."""

    class Comment(models.TextChoices):
        NONE = "none", _("no comment")
        WAITING = "waiting", _("waiting to be looked at")
        SHOWN = "shown", _("shown")
        REFUSED = "refused", _("not shown")

    reply = models.OneToOneField("reports.Reply", on_delete=models.CASCADE, related_name="rating")
    given_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)
    comment = models.TextField(_("comment"), max_length=MAX_COMMENT, blank=True)
    comment_state = models.CharField(max_length=10, choices=Comment.choices, default=Comment.NONE)
    looked_at = models.DateTimeField(null=True, blank=True)
    looked_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    objects = RatingQuerySet.as_manager()

    class Meta:
        verbose_name = _("rating")
        verbose_name_plural = _("ratings")
        ordering = ["given_at", "pk"]
        constraints = [
            CheckConstraint(
                condition=Q(comment="", comment_state="none") | (~Q(comment="") & Q(comment_state__in=["waiting", "shown", "refused"])),
                name="rating_comment_is_looked_at_iff_there_is_one",
            ),
            CheckConstraint(condition=Q(changed_at__gte=models.F("given_at")), name="rating_changed_after_it_was_given"),
        ]
        indexes = [models.Index(fields=["given_at"], condition=Q(comment_state="waiting"), name="rating_comment_waiting")]

    @property
    def shown_comment(self) -> str:
        """The comment as everybody may read it, personal data masked; "" until somebody has let it through."""
        return public_text(self.comment, None) if self.comment_state == self.Comment.SHOWN else ""


class Score(models.Model):
    """How many of five for one criterion."""

    rating = models.ForeignKey(Rating, on_delete=models.CASCADE, related_name="scores")
    criterion = models.ForeignKey(Criterion, on_delete=models.PROTECT, related_name="+")
    value = models.PositiveSmallIntegerField(validators=[MinValueValidator(LOWEST), MaxValueValidator(HIGHEST)])

    class Meta:
        ordering = ["criterion__position", "criterion__code"]
        constraints = [
            UniqueConstraint(fields=["rating", "criterion"], name="score_once_a_criterion"),
            CheckConstraint(condition=Q(value__range=(LOWEST, HIGHEST)), name="score_is_one_to_five"),
        ]
