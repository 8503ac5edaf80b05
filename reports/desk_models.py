"""What the desk keeps for the people who work there: their saved filters, who looks at what, and what is new for whom."""

from __future__ import annotations

from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from authorities.models import Body


class SavedFilter(models.Model):
    """What somebody often asks the queue for, under a name of his or her own; nobody else sees it.

    `query` are the parameters of the queue's address, in the form that the desk itself writes: no page, and no search for a phone number.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="saved_filters")
    name = models.CharField(_("name"), max_length=40)
    query = models.CharField(max_length=600)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            UniqueConstraint(
                "user", Lower("name"), name="saved_filter_name_once", violation_error_message=_("You have a filter of this name already.")
            )
        ]


class Presence(models.Model):
    """Somebody has a report open at the desk: said again every few seconds, forgotten soon after. The table is unlogged.

    Without foreign keys in the database: a heartbeat must never wait for the lock under which a step is taken.
    """

    report = models.ForeignKey("reports.Report", on_delete=models.CASCADE, related_name="presences", db_constraint=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_constraint=False)
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [UniqueConstraint(fields=["report", "user"], name="presence_once_a_person")]
        indexes = [models.Index(fields=["seen_at"], name="presence_by_time")]


class Telling(models.TextChoices):
    """How somebody is told of what is new for him or her."""

    AT_ONCE = "at_once", _("At once, an e-mail each time")
    DAILY = "daily", _("Once a day, at 7:30 on working days")
    NEVER = "never", _("Not by e-mail")


class DeskSettings(models.Model):
    """What somebody has chosen for work at the desk; who has chosen nothing has no row."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="desk_settings")
    telling = models.CharField(_("e-mail about new work"), max_length=10, choices=Telling.choices, default=Telling.DAILY)

    class Meta:
        constraints = [CheckConstraint(condition=Q(telling__in=Telling.values), name="desk_telling_is_known")]


class OfficerNews(models.Model):
    """An event that is news for somebody at the desk, and the mail in which it is told; no mail yet: the next digest tells it.

    Nothing points at events by foreign key.
    """

    class Why(models.TextChoices):
        CAME = "came", _("came to your body")
        TRIAGE = "triage", _("to be routed")
        CHARGED = "charged", _("you are in charge now")
        SENT_BACK = "sent_back", _("a draft came back to you")
        REVIEW = "review", _("a reply waits for approval")
        NOTE = "note", _("somebody else added a note")
        ANSWERED = "answered", _("the reporter has answered")
        OFFERED = "offered", _("another body offers it to yours")
        TAKEN = "taken", _("another body took it over")
        REFUSED = "refused", _("another body refused to take it over")
        PART = "part", _("another body asks for your part")
        PART_DONE = "part_done", _("another body answered its part")
        SOON = "soon", _("due soon")
        OVERDUE = "overdue", _("overdue")
        ESCALATED = "escalated", _("overdue, and passed up to you")
        SILENT = "silent", _("closed: the reporter did not answer")

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    report = models.ForeignKey("reports.Report", on_delete=models.CASCADE, related_name="+")
    event_id = models.BigIntegerField()
    why = models.CharField(max_length=10, choices=Why.choices)
    at = models.DateTimeField(default=timezone.now)
    message = models.ForeignKey("reports.Message", null=True, on_delete=models.CASCADE, related_name="officer_news")

    class Meta:
        constraints = [UniqueConstraint(fields=["event_id", "user"], name="officer_news_once_an_event")]
        indexes = [models.Index(fields=["user"], condition=Q(message__isnull=True), name="officer_news_untold")]


class OpenWork(models.Model):
    """A number of open reports of a body and state, to be added to the others of these; negative where more has gone than come."""

    # Without constraint and index: a line is written with every step, and there are a few thousand at most
    body = models.ForeignKey(Body, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False)
    status = models.CharField(max_length=15)
    number = models.IntegerField()
