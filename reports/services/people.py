"""Who does whose work: stand-ins during a leave, and the reports of somebody who has left."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from authorities.models import Membership
from reports.models import Report, ReportEvent
from reports.services.casework import take_step
from reports.services.errors import StepNotAllowed
from reports.services.said import Words
from reports.workflow import HANDLERS, IN_HAND

if TYPE_CHECKING:
    from accounts.models import User
    from authorities.models import Body

LONGEST_LEAVE = timedelta(days=400)


@transaction.atomic
def arrange_stand_in(*, body: Body, absent: User, stand_in: User, since: date, until: date) -> list[Membership]:
    """Gives somebody, from one day to another (both included), the roles in which an absent person handles reports for a body.

    Raises ValidationError, by field, where the days are none, or where there is nobody to stand in for.
    """
    if until < since or until - since > LONGEST_LEAVE:
        raise ValidationError({"until": [_("The last day lies before the first, or more than 400 days after it.")]})
    if absent == stand_in:
        raise ValidationError({"stand_in": [_("Nobody stands in for himself or herself.")]})
    held = Membership.objects.filter(
        user=absent, body=body, role__in=HANDLERS, validity__overlap=(since, until + timedelta(days=1)), standing_in_for=None
    )
    roles = sorted(set(held.values_list("role", flat=True)))
    if not roles:
        raise ValidationError({"absent": [_("This person does not handle reports for the body.")]})
    made = [
        Membership(user=stand_in, body=body, role=role, validity=(since, until + timedelta(days=1)), standing_in_for=absent)
        for role in roles
    ]
    for membership in made:
        membership.full_clean()
        membership.save()
    return made


def hand_over_work(*, body: Body, leaver: User, to: User, actor: User, at: datetime | None = None) -> tuple[int, int]:
    """Puts somebody else in charge of every open report of a person in a body, each by a step of its own: how many were, and how many were not."""
    theirs = Report.objects.filter(authority=body, officer=leaver, status__in=IN_HAND).order_by("pk").values_list("pk", flat=True)
    done = refused = 0
    for pk in list(theirs):
        try:
            take_step(pk, step="charge", actor=actor, words=Words(officer=to), at=at)
        except (StepNotAllowed, ValidationError, Report.DoesNotExist):
            refused += 1  # somebody took it, or took it back, meanwhile
        else:
            done += 1
    return done, refused


def release_left_behind(*, at: datetime | None = None) -> int:
    """Open reports in charge of somebody who no longer handles reports for their body have nobody in charge, by an event each; how many.

    They stand under “New” again, where the body finds them.
    """
    at = at or timezone.now()
    on = timezone.localdate(at)
    held = Membership.objects.filter(
        user=OuterRef("officer"), body=OuterRef("authority"), role__in=HANDLERS, validity__contains=on, user__is_active=True
    )
    left = Report.objects.open().filter(officer__isnull=False).exclude(Exists(held)).order_by("pk")
    released = 0
    for pk in list(left.values_list("pk", flat=True)):
        with transaction.atomic():
            report = left.filter(pk=pk).select_for_update(of=("self",)).first()
            if report is None:
                continue
            former, report.officer = report.officer_id, None
            report.changed_at, report.version = at, report.version + 1
            report.save(update_fields=["officer", "changed_at", "version"])
            ReportEvent.objects.create(
                report=report,
                at=at,
                kind="left_behind",
                status_before=report.status,
                status_after=report.status,
                body=report.authority,
                data={"officer_before": former},
            )
            released += 1
    return released
