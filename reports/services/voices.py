"""What followers say of an answer: fixed or not, one voice each. Enough of “not fixed” reopens by rule, as the reporter's word does alone."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from reports.models import Follow, Report
from reports.services.errors import NotRatable
from reports.services.rating import Ratable, ratable, reopen_not_fixed
from reports.survey_models import Voice


def may_speak(follow: Follow, reply_id: int, at: datetime | None = None) -> Ratable:
    """The answer of which a follower may speak now.

    Only who followed when it was published: else a crowd could be called together afterwards. Raises NotRatable with a sentence.
    """
    at = at or timezone.now()
    open_now = ratable(follow.report, at)
    published_at = open_now.reply.published_at if open_now else None
    if open_now is None or published_at is None or open_now.reply.pk != reply_id:
        raise NotRatable(_("This answer is not the last one any more: the report went on meanwhile."))
    if not open_now.may_say_not_fixed:
        raise NotRatable(
            _("The reply is older than %(days)d days: please send a new report, and name the code of this one.")
            % {"days": settings.NOT_FIXED_DAYS}
        )
    followed_then = follow.is_told and follow.confirmed_at is not None and follow.confirmed_at <= published_at
    if not followed_then or follow.is_reporter:
        raise NotRatable(_("Only those who followed the report when it was answered are asked."))
    return open_now


@transaction.atomic
def speak(follow_id: int, reply_id: int, *, is_fixed: bool, at: datetime | None = None) -> tuple[Voice, bool]:
    """Counts a follower's voice, or changes it; and whether the report is reopened by it. That the follower speaks, the door has to know.

    Reopened is where at least settings.NOT_FIXED_VOICES say “not fixed”, and more than say “fixed”. Raises NotRatable.
    """
    report_id = Follow.objects.values_list("report_id", flat=True).get(pk=follow_id)
    Report.objects.select_for_update().only("pk").get(pk=report_id)
    follow = Follow.objects.select_related("report__category", "report__authority", "report__unit", "report__officer").get(pk=follow_id)
    at = at or timezone.now()
    open_now = may_speak(follow, reply_id, at)
    voice, is_new = Voice.objects.get_or_create(
        reply=open_now.reply, follow=follow, defaults={"is_fixed": is_fixed, "given_at": at, "changed_at": at}
    )
    if not is_new and voice.is_fixed != is_fixed:
        voice.is_fixed, voice.changed_at = is_fixed, at
        voice.save(update_fields=["is_fixed", "changed_at"])
    told = Voice.objects.filter(reply=open_now.reply, follow__ended_at=None)
    heard = told.aggregate(fixed=Count("pk", filter=Q(is_fixed=True)), not_fixed=Count("pk", filter=Q(is_fixed=False)))
    reopens = not is_fixed and heard["not_fixed"] >= settings.NOT_FIXED_VOICES and heard["not_fixed"] > heard["fixed"]
    if reopens:
        reopen_not_fixed(follow.report, open_now, {"by": "followers", "voices": heard["not_fixed"]}, at)
        follow.report.save()
    return voice, reopens
