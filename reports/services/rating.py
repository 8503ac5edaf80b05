"""What the reporter says of an answer: scores, a comment that a coordinator looks at before it is public, and “not fixed”, which reopens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from authorities.models import Criterion
from reports import tasks
from reports.deadlines import keep_time
from reports.models import Note, Reply, Report, ReportEvent
from reports.rating_models import HIGHEST, LOWEST, MAX_COMMENT, Rating, Score
from reports.services.effects import reopen_by_rule
from reports.services.errors import CommentChanged, NotRatable
from reports.services.undo import snapshot
from reports.words import tidy
from reports.workflow import Status

if TYPE_CHECKING:
    from accounts.models import User

MAX_PROBLEM = 5000  # characters, as a note has


@dataclass(frozen=True)
class Opinion:
    """What the reporter says: a score (1 to 5) by criterion code, a comment, and, where it is not fixed, what is still wrong.

    Scores stand for all criteria of the day; none at all are needed with what is not fixed.
    """

    scores: Mapping[str, int] = field(default_factory=dict)
    comment: str = ""
    is_fixed: bool = True
    problem: str = ""


@dataclass(frozen=True)
class Ratable:
    """What the reporter may say of a report's answer at a moment: the published reply, whether it may be rated, whether “not fixed” reopens."""

    reply: Reply
    number: int
    rating: Rating | None
    may_rate: bool
    may_say_not_fixed: bool
    goes_to_portal: bool

    @property
    def is_open(self) -> bool:
        """Whether anything may be said."""
        return self.may_rate or self.may_say_not_fixed


def ratable(report: Report, at: datetime | None = None) -> Ratable | None:
    """What the reporter may say now; None while no reply resolves the report.

    A rating may be given while the report is resolved and changed for some days (settings.RATING_CHANGE_DAYS).
    """
    if report.status != Status.RESOLVED:
        return None
    at = at or timezone.now()
    replies = list(report.replies.filter(published_at__isnull=False).select_related("body").order_by("published_at", "pk"))
    if not replies or replies[-1].published_at is None:
        return None
    reply = replies[-1]
    rating = Rating.objects.filter(reply=reply).first()
    reopened = ReportEvent.objects.filter(report=report, kind="not_fixed").count()
    return Ratable(
        reply=reply,
        number=len(replies),
        rating=rating,
        may_rate=rating is None or at <= rating.given_at + timedelta(days=settings.RATING_CHANGE_DAYS),
        may_say_not_fixed=at <= replies[-1].published_at + timedelta(days=settings.NOT_FIXED_DAYS),
        goes_to_portal=reopened >= settings.NOT_FIXED_TIMES,
    )


@transaction.atomic
def rate(report_id: int, *, opinion: Opinion, number: int | None = None, at: datetime | None = None) -> Report:
    """Keeps what the reporter says of the newest published reply, and reopens the report where it is not fixed.

    That whoever calls is the reporter, the door has to know. `number` counts the published replies that the form was opened with: of another
    one nothing is said. Raises NotRatable where nothing may be said (any more), ValidationError, by field, for what cannot be kept.
    """
    Report.objects.select_for_update().only("pk").get(pk=report_id)
    report = Report.objects.select_related("category", "authority", "unit", "officer").get(pk=report_id)  # as the winner left it
    at = at or timezone.now()
    open_now = ratable(report, at)
    if open_now is None or not open_now.is_open:
        raise NotRatable(_("There is no reply that can be rated now."))
    if number is not None and number != open_now.number:
        raise NotRatable(_("Another reply was published meanwhile. Please read it first."))
    criteria = list(Criterion.objects.asked(timezone.localdate(at)))
    opinion = _fit_to_be_kept(opinion, criteria, open_now)
    if opinion.scores or opinion.comment:
        _keep(report, opinion, criteria, open_now, at)
    if not opinion.is_fixed:
        _reopen(report, opinion, open_now, at)
    report.save()
    return report


def _fit_to_be_kept(opinion: Opinion, criteria: list[Criterion], open_now: Ratable) -> Opinion:
    wrong: dict[str, list[str]] = {}
    texts: dict[str, str] = {}
    for name, limit in (("comment", MAX_COMMENT), ("problem", MAX_PROBLEM)):
        try:
            texts[name] = tidy(getattr(opinion, name))
        except ValueError as error:
            wrong[name] = [str(error)]
            continue
        if len(texts[name]) > limit:
            wrong[name] = [_("At most %(limit)d characters; you wrote %(count)d.") % {"limit": limit, "count": len(texts[name])}]
    asked = {criterion.code for criterion in criteria}
    for code in set(opinion.scores) - asked:
        wrong[f"scores.{code}"] = [_("This is not asked.")]
    for code, value in opinion.scores.items():
        if type(value) is not int or not LOWEST <= value <= HIGHEST:
            wrong[f"scores.{code}"] = [_("Choose a number from 1 to 5.")]
    if opinion.is_fixed or opinion.scores or opinion.comment.strip():
        for code in asked - set(opinion.scores):
            wrong[f"scores.{code}"] = [_("Choose a number from 1 to 5.")]
    if not opinion.is_fixed and "problem" not in wrong and not texts["problem"]:
        wrong["problem"] = [_("Say what is not fixed.")]
    if wrong:
        raise ValidationError(wrong)
    if opinion.scores and not open_now.may_rate:
        raise NotRatable(
            _("A rating can be changed for %(days)d days; yours stands as you gave it.") % {"days": settings.RATING_CHANGE_DAYS}
        )
    if not opinion.is_fixed and not open_now.may_say_not_fixed:
        raise NotRatable(
            _("The reply is older than %(days)d days: please send a new report, and name the code of this one.")
            % {"days": settings.NOT_FIXED_DAYS}
        )
    return Opinion(scores=opinion.scores, comment=texts["comment"], is_fixed=opinion.is_fixed, problem=texts["problem"])


def _keep(report: Report, opinion: Opinion, criteria: list[Criterion], open_now: Ratable, at: datetime) -> None:
    """The rating as it is from now on; a comment that was changed is looked at anew."""
    rating = open_now.rating or Rating(reply=open_now.reply, given_at=at)
    is_new = rating.pk is None
    if is_new or rating.comment != opinion.comment:
        rating.comment = opinion.comment
        rating.comment_state = Rating.Comment.WAITING if opinion.comment else Rating.Comment.NONE
        rating.looked_at = rating.looked_by = None
    rating.changed_at = at
    rating.save()
    rating.scores.all().delete()
    Score.objects.bulk_create(Score(rating=rating, criterion=criterion, value=opinion.scores[criterion.code]) for criterion in criteria)
    # Shown once in the timeline; nobody is written to
    _remember(report, "rated", at, body=open_now.reply, public=is_new, data={"rated": open_now.reply.pk, "changed": not is_new})


def _reopen(report: Report, opinion: Opinion, open_now: Ratable, at: datetime) -> None:
    note = Note.objects.create(report=report, at=at, text=opinion.problem)
    reopen_not_fixed(report, open_now, {"note": note.pk}, at)


def reopen_not_fixed(report: Report, open_now: Ratable, said: dict[str, Any], at: datetime) -> None:
    """Back to the body that answered; after several times to the Portal, where a coordinator decides. The locked report is not saved."""
    before = snapshot(report)
    data = reopen_by_rule(report, to_portal=open_now.goes_to_portal, at=at)
    keep_time(report, before, at)
    event = _remember(report, "not_fixed", at, before=before["status"], public=True, data={"rated": open_now.reply.pk, **data, **said})
    tasks.tell_followers.defer(event_id=event.pk)


def _remember(
    report: Report, kind: str, at: datetime, *, public: bool, data: dict[str, Any], before: str = "", body: Reply | None = None
) -> ReportEvent:
    """Writes an event that the reporter caused; the version counts events."""
    report.changed_at = at
    report.version += 1
    return ReportEvent.objects.create(
        report=report,
        at=at,
        kind=kind,
        status_before=before or report.status,
        status_after=report.status,
        body=body.body if body else report.authority,
        public=public,
        data={"by": "reporter", **data},
    )


@transaction.atomic
def judge_comment(rating_id: int, *, show: bool, actor: User, read: str | None = None, at: datetime | None = None) -> Rating:
    """Lets a waiting comment through to the public, or keeps it out: a coordinator's decision, with an event.

    `read` is the text that was read. Raises Rating.DoesNotExist where none waits for this person, CommentChanged where it reads otherwise now.
    """
    on = timezone.localdate(at) if at else None
    report_id = Rating.objects.comments_waiting_for(actor, on).values_list("reply__report", flat=True).get(pk=rating_id)
    report = Report.objects.select_for_update().get(pk=report_id)
    rating = Rating.objects.comments_waiting_for(actor, on).get(pk=rating_id)
    if read is not None and read != rating.comment:
        raise CommentChanged
    at = at or timezone.now()
    rating.comment_state = Rating.Comment.SHOWN if show else Rating.Comment.REFUSED
    rating.looked_at, rating.looked_by = at, actor
    rating.save(update_fields=["comment_state", "looked_at", "looked_by"])
    report.changed_at = at
    report.version += 1
    report.save(update_fields=["changed_at", "version"])
    ReportEvent.objects.create(
        report=report,
        at=at,
        kind="comment_shown" if show else "comment_refused",
        status_before=report.status,
        status_after=report.status,
        body=report.authority,
        actor_id=actor.pk,
        data={"rated": rating.reply_id},
    )
    return rating
