"""A report's life. What is public stands on Report; personal data stand in tables of their own and never leave by a public door."""

import uuid
from datetime import datetime
from typing import Any

from django.contrib.gis.db import models
from django.contrib.postgres.indexes import GinIndex, GistIndex, OpClass
from django.db.models import CheckConstraint, F, Q, UniqueConstraint
from django.db.models.functions import Lower, Reverse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from authorities.models import Body, Category, Publication, ReturnReason
from boundaries.models import WGS84, Edition, Unit
from gis.cells import CellCode, CellX, CellY
from gis.functions import Folded
from reports.codes import grouped
from reports.masking import public_text
from reports.querysets import ActivationQuerySet, FollowQuerySet, ReportQuerySet
from reports.searching import ReportWords
from reports.workflow import CLOSED, Status

QUEUE_INDEX = (F("due_at").asc(), F("severity").desc(), F("followers").desc(), F("filed_at").asc(), F("id").asc())
MAX_REPLY = 10_000  # characters
MAX_QUESTION = 2_000


class Channel(models.TextChoices):
    """The way by which a report came in."""

    WEB = "web", _("this site")
    API = "api", _("API")
    TEAM = "team", _("community digital team")
    PHONE = "phone", _("hotline")


class Report(models.Model):
    """What somebody saw on the spot, where, and how it stands."""

    code = models.CharField(_("code"), max_length=10, unique=True)
    category = models.ForeignKey(Category, verbose_name=_("category"), on_delete=models.PROTECT, related_name="reports")
    description = models.TextField(_("description"), max_length=5000)
    place_note = models.CharField(_("where exactly"), max_length=300, blank=True)
    masks = models.JSONField(
        null=True, blank=True, help_text="By field, what a coordinator chose to mask: [start, end, kind]; empty: what is found by rule"
    )
    folded_text = models.GeneratedField(expression=Folded("description"), output_field=models.TextField(), db_persist=True)

    location_at_filing = models.PointField(_("spot as filed"), srid=WGS84, spatial_index=False)  # nobody looks for it
    location = models.PointField(_("spot"), srid=WGS84)
    cell_x = models.GeneratedField(expression=CellX("location"), output_field=models.IntegerField(), db_persist=True)
    cell_y = models.GeneratedField(expression=CellY("location"), output_field=models.IntegerField(), db_persist=True)
    accuracy_m = models.FloatField(_("accuracy (m)"), null=True, blank=True)
    unit_at_filing = models.ForeignKey(
        Unit, verbose_name=_("unit as filed"), null=True, blank=True, on_delete=models.PROTECT, related_name="reports_filed"
    )
    unit = models.ForeignKey(  # without an index where one that begins with it stands below: here, and with what hangs on a report
        Unit, verbose_name=_("unit"), null=True, blank=True, on_delete=models.PROTECT, related_name="reports", db_index=False
    )
    method = models.CharField(
        _("found by"), max_length=10, choices=[("inside", _("inside")), ("snapped", _("nearest")), ("none", _("outside"))]
    )
    distance_m = models.FloatField(_("distance to the unit (m)"), default=0)
    ambiguous = models.BooleanField(_("close to a border"), default=False)

    authority = models.ForeignKey(Body, verbose_name=_("responsible body"), on_delete=models.PROTECT, related_name="reports")
    authority_at_closing = models.ForeignKey(
        Body,
        verbose_name=_("body at closing"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="reports_closed",
        db_index=False,
    )
    officer = models.ForeignKey(User, verbose_name=_("officer"), null=True, blank=True, on_delete=models.SET_NULL, related_name="reports")

    status = models.CharField(_("status"), max_length=15, choices=Status.choices, default=Status.NEW)
    severity = models.PositiveSmallIntegerField(_("severity"), default=2, help_text=_("1 low, 2 normal, 3 danger to people"))
    published_at = models.DateTimeField(_("public since"), null=True, blank=True)
    filed_at = models.DateTimeField(_("filed at"), default=timezone.now)
    observed_at = models.DateTimeField(_("seen at"), null=True, blank=True)
    due_at = models.DateTimeField(_("due"), null=True, blank=True)
    term_since = models.DateTimeField(null=True, blank=True, editable=False, help_text="When the time to answer began; empty: at filing")
    due_set_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When a rule last set the due date; empty: at filing"
    )
    paused_s = models.FloatField(null=True, blank=True, editable=False, help_text="Working seconds that the clock stood still since then")
    stage_since = models.DateTimeField(null=True, blank=True, editable=False, help_text="When the present step began; empty: to be set")
    stage_due_at = models.DateTimeField(_("present step due"), null=True, blank=True)
    held = models.JSONField(
        null=True, blank=True, editable=False, help_text="While the clock stands still: what is left, in working seconds"
    )
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    changed_at = models.DateTimeField(_("last change"), default=timezone.now)
    version = models.PositiveIntegerField(_("version"), default=1)
    followers = models.PositiveIntegerField(
        _("followers"), default=0, db_default=0, editable=False, help_text="Those who are told, the reporter not counted; kept by a trigger"
    )

    return_reason = models.ForeignKey(
        ReturnReason, verbose_name=_("reason for returning"), null=True, blank=True, on_delete=models.PROTECT, related_name="reports"
    )
    duplicate_of = models.ForeignKey(
        "self", verbose_name=_("duplicate of"), null=True, blank=True, on_delete=models.PROTECT, related_name="duplicates"
    )
    channel = models.CharField(_("channel"), max_length=10, choices=Channel.choices, default=Channel.WEB)
    language = models.CharField(_("language"), max_length=5, default="vi")
    filed_by = models.ForeignKey(
        User, verbose_name=_("filed by"), null=True, blank=True, on_delete=models.SET_NULL, related_name="reports_filed"
    )
    token_generation = models.PositiveSmallIntegerField(default=1)

    trace_at_filing: dict[str, Any] | None = None  # why it went where it went, for whoever has just filed it; kept with the first event

    objects = ReportQuerySet.as_manager()

    class Meta:
        verbose_name = _("report")
        verbose_name_plural = _("reports")
        constraints = [
            CheckConstraint(condition=Q(status__in=Status.values), name="report_status_is_known"),
            CheckConstraint(
                condition=Q(status__in=sorted(CLOSED), closed_at__isnull=False, authority_at_closing__isnull=False)
                | (~Q(status__in=sorted(CLOSED)) & Q(closed_at__isnull=True, authority_at_closing__isnull=True)),
                name="report_closed_at_iff_closed",
                violation_error_message=_("A closed report needs a closing time and the body that closed it; an open one has neither."),
            ),
            CheckConstraint(
                condition=Q(status="returned", return_reason__isnull=False) | ~Q(status="returned"), name="report_returned_says_why"
            ),
            CheckConstraint(
                condition=Q(status="duplicate", duplicate_of__isnull=False) | (~Q(status="duplicate") & Q(duplicate_of__isnull=True)),
                name="report_duplicate_says_of_which",
            ),
            CheckConstraint(condition=~Q(duplicate_of=F("id")), name="report_is_no_duplicate_of_itself"),
            CheckConstraint(condition=Q(description__regex=r"\S"), name="report_says_something"),
            CheckConstraint(condition=Q(severity__range=(1, 3)), name="report_severity_is_known"),
            CheckConstraint(condition=Q(accuracy_m__isnull=True) | Q(accuracy_m__gte=0), name="report_accuracy_is_a_radius"),
            CheckConstraint(
                condition=Q(held__isnull=True) | Q(status="waiting", due_at__isnull=True),
                name="report_clock_stands_still_only_while_it_waits",
            ),
            CheckConstraint(
                condition=Q(unit__isnull=True, method="none") | Q(unit__isnull=False, method__in=["inside", "snapped"]),
                name="report_unit_iff_found",
            ),
        ]
        indexes = [
            models.Index(F("filed_at").desc(), F("id").desc(), name="report_newest"),
            models.Index(F("filed_at").desc(), F("id").desc(), condition=Q(published_at__isnull=False), name="report_newest_public"),
            # The desk's order (querysets.QUEUE_ORDER): of a body; and of everything, for who has many bodies
            models.Index("authority", *QUEUE_INDEX, condition=~Q(status__in=sorted(CLOSED)), name="report_queue_of_body"),
            models.Index(*QUEUE_INDEX, condition=~Q(status__in=sorted(CLOSED)), name="report_queue"),
            # ... of a state: what waits to be routed or approved in a whole province is little among what is open
            models.Index("status", *QUEUE_INDEX, condition=~Q(status__in=sorted(CLOSED)), name="report_queue_of_status"),
            # The counts and the state of the desk, from the index alone
            models.Index(
                fields=["authority"],
                include=["id", "status", "officer", "due_at", "version", "changed_at"],
                condition=~Q(status__in=sorted(CLOSED)),
                name="report_open_counted",
            ),
            # What may be a report of the same matter
            GistIndex(fields=["location", "filed_at"], condition=~Q(status__in=sorted(CLOSED)), name="report_open_spot"),
            # Among these stands what has to be looked at; few, while what is open may be very many
            models.Index("category", condition=Q(published_at__isnull=True) & ~Q(status__in=sorted(CLOSED)), name="report_open_not_public"),
            # What the job that watches the deadlines asks for
            models.Index(
                fields=["stage_due_at"], condition=Q(stage_due_at__isnull=False) & ~Q(status__in=sorted(CLOSED)), name="report_stage_due"
            ),
            models.Index(fields=["id"], condition=Q(stage_since__isnull=True) & ~Q(status__in=sorted(CLOSED)), name="report_without_stage"),
            models.Index("unit", F("filed_at").desc(), name="report_by_unit"),
            models.Index(fields=["changed_at"], name="report_changed"),  # what is new at a desk
            models.Index("published_at", condition=Q(published_at__isnull=False), name="report_published"),
            models.Index(F("closed_at").desc(), F("id").desc(), condition=Q(closed_at__isnull=False), name="report_closed_last"),
            models.Index(
                "authority", F("closed_at").desc(), F("id").desc(), condition=Q(closed_at__isnull=False), name="report_closed_last_of_body"
            ),
            GinIndex(ReportWords(), name="report_words"),
            # What the map counts of some time, from the index alone
            models.Index(
                fields=["category", "filed_at"],
                include=["id", "cell_x", "cell_y", "status", "location"],
                condition=Q(published_at__isnull=False),
                name="report_public_counted",
            ),
            # ... and of some place
            models.Index(
                CellCode("cell_x", "cell_y"),
                include=["id", "cell_x", "cell_y", "category", "status", "filed_at", "authority", "location"],
                condition=Q(published_at__isnull=False),
                name="report_by_cell",
            ),
        ]

    def __str__(self) -> str:
        return self.readable_code

    def get_absolute_url(self) -> str:
        """The public page."""
        return reverse("reports:report", args=[self.code])

    @property
    def readable_code(self) -> str:
        """The code, grouped for reading."""
        return grouped(self.code)

    @property
    def public_description(self) -> str:
        """The description as everybody may read it, personal data masked."""
        return public_text(self.description, (self.masks or {}).get("description"))

    @property
    def public_place_note(self) -> str:
        """Where exactly, as everybody may read it."""
        return public_text(self.place_note, (self.masks or {}).get("place_note"))

    @property
    def hides_something(self) -> bool:
        """Whether the public reads less than was written."""
        return self.public_description != self.description or self.public_place_note != self.place_note

    @property
    def shown_photos(self) -> list["Photo"]:
        """The photos that whoever may see the report may see: the reporter's, and the body's once they are published."""
        return [photo for photo in self.photos.all() if photo.is_shown]

    @property
    def reporters_photos(self) -> list["Photo"]:
        """The photos that came with the report."""
        return [photo for photo in self.photos.all() if photo.kind == Photo.Kind.REPORT]

    @property
    def is_closed(self) -> bool:
        """Whether it has ended: resolved, returned, duplicate or withdrawn."""
        return Status(self.status) in CLOSED

    @property
    def is_public(self) -> bool:
        """Whether everybody may see it; a category that is never published stays closed whatever stands here."""
        return self.published_at is not None and self.category.publication != Publication.NEVER

    def is_overdue(self, at: datetime | None = None) -> bool:
        """Whether it is open after its due date; a mark on top of the status, never a status."""
        return not self.is_closed and self.due_at is not None and self.due_at < (at or timezone.now())


class ReportPlace(models.Model):
    """Where a report lies in an edition: written at filing for every active edition, back-filled at activation.

    Outside every unit is a row without a unit, not a missing row.
    """

    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="places", db_index=False)
    edition = models.ForeignKey(Edition, on_delete=models.CASCADE, related_name="+")
    unit = models.ForeignKey(Unit, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    method = models.CharField(max_length=10)
    distance_m = models.FloatField(default=0)

    class Meta:
        constraints = [
            UniqueConstraint(fields=["report", "edition"], name="place_once_an_edition"),
            CheckConstraint(
                condition=Q(unit__isnull=True, method="none") | Q(unit__isnull=False, method__in=["inside", "snapped"]),
                name="place_unit_iff_found",
            ),
        ]


class Handling(models.Model):
    """A body that handles a report now or did before: what its officers may see."""

    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="handlings", db_index=False)
    body = models.ForeignKey(Body, on_delete=models.PROTECT, related_name="handlings")
    since = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [UniqueConstraint(fields=["report", "body"], name="handling_body_once_a_report")]


class Conflict(models.Model):
    """A body that must not see a report because it is about its people."""

    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="conflicts")
    body = models.ForeignKey(Body, on_delete=models.PROTECT, related_name="conflicts")

    class Meta:
        constraints = [UniqueConstraint(fields=["report", "body"], name="conflict_body_once_a_report")]


class Contact(models.Model):
    """Who reported. Personal data, here only: no public page, call, export or log reads this table."""

    report = models.OneToOneField(Report, on_delete=models.CASCADE, related_name="contact")
    name = models.CharField(_("name"), max_length=120, blank=True)
    phone = models.CharField(_("phone"), max_length=20, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        indexes = [
            models.Index("phone", condition=~Q(phone=""), name="contact_phone"),
            models.Index(OpClass(Reverse("phone"), name="text_pattern_ops"), condition=~Q(phone=""), name="contact_phone_by_its_end"),
            models.Index(Lower("email"), condition=~Q(email=""), name="contact_email"),
        ]


class Photo(models.Model):
    """A photo, re-encoded without what the camera wrote into it; where and when it was taken is kept apart from what is shown."""

    class Kind(models.TextChoices):
        REPORT = "report", _("by the reporter")
        ANSWER = "answer", _("by the body")
        DRAFT = "draft", _("by the body, not published yet")
        SURVEY = "survey", _("of a survey")

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="photos")
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.REPORT)
    image = models.FileField(upload_to="photos/%Y/%m/%d/")
    thumbnail = models.FileField(upload_to="thumbnails/%Y/%m/%d/")
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    position = models.PositiveSmallIntegerField(default=0)
    added_at = models.DateTimeField(default=timezone.now)
    digest = models.CharField(max_length=64, help_text="SHA-256 of what was uploaded")
    taken_at = models.DateTimeField(null=True, blank=True)
    taken_where = models.PointField(srid=WGS84, null=True, blank=True)
    blurs = models.JSONField(default=list, help_text="Areas blurred for the public: [left, top, width, height], shares of the sides")
    blur_version = models.PositiveIntegerField(default=0)
    public_image = models.FileField(upload_to="blurred/%Y/%m/%d/", blank=True)
    public_thumbnail = models.FileField(upload_to="blurred/%Y/%m/%d/", blank=True)

    class Meta:
        ordering = ["position", "pk"]
        constraints = [UniqueConstraint(fields=["report", "digest"], name="photo_once_a_report")]

    @property
    def is_shown(self) -> bool:
        """Whether it is for all who may see the report; the others are for the desk: of a draft, of a survey."""
        return self.kind in SHOWN_PHOTOS


SHOWN_PHOTOS = frozenset({Photo.Kind.REPORT, Photo.Kind.ANSWER})  # to all who may see the report


class Reply(models.Model):
    """What the body answers: drafted by one, published by another."""

    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="replies")
    body = models.ForeignKey(Body, verbose_name=_("body"), on_delete=models.PROTECT, related_name="replies")
    text = models.TextField(_("reply"), max_length=MAX_REPLY)
    drafted_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    drafted_at = models.DateTimeField(default=timezone.now)
    published_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    published_at = models.DateTimeField(null=True, blank=True)
    masks = models.JSONField(null=True, blank=True, help_text="What a coordinator chose to mask: [start, end, kind]; empty: found by rule")

    class Meta:
        verbose_name = _("reply")
        verbose_name_plural = _("replies")
        ordering = ["drafted_at", "pk"]

    @property
    def public_text(self) -> str:
        """The reply as everybody may read it: numbers of people are masked, those of the body are not."""
        return public_text(self.text, self.masks, allowed=(self.body.hotline, self.body.email))


class Note(models.Model):
    """What officers write for each other; never public, and apart from the history, which holds no free text."""

    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="notes")
    author = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    body = models.ForeignKey(Body, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    text = models.TextField(max_length=5000)

    class Meta:
        ordering = ["at", "pk"]


class Question(models.Model):
    """What the body asks the reporter, and the answer: read by those two alone, never public."""

    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="questions")
    body = models.ForeignKey(Body, on_delete=models.PROTECT, related_name="+")
    asked_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    question = models.TextField(_("question"), max_length=MAX_QUESTION)
    status_before = models.CharField(max_length=15, help_text="Where the report goes on once it is answered")
    answer = models.TextField(_("answer"), max_length=MAX_QUESTION, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["asked_at", "pk"]


class ReplyTemplate(models.Model):
    """A reply that is written often, with {placeholders}; of one body and category, or of all."""

    name = models.CharField(_("name"), max_length=100)
    body = models.ForeignKey(
        Body, verbose_name=_("body"), null=True, blank=True, on_delete=models.CASCADE, related_name="+", help_text=_("Empty: every body")
    )
    category = models.ForeignKey(
        Category,
        verbose_name=_("category"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="+",
        help_text=_("Empty: every category"),
    )
    text = models.TextField(
        _("text"),
        max_length=MAX_REPLY,
        help_text=_(
            "Filled in: {code}, {category}, {unit}, {body}, {hotline}, {filed_on}, {today}. "
            "Anything else in braces, such as {day of the repair}, the officer has to fill in."
        ),
    )
    text_en = models.TextField(_("text in English"), max_length=MAX_REPLY, blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=100)

    class Meta:
        verbose_name = _("reply template")
        verbose_name_plural = _("reply templates")
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.name

    def text_in(self, language: str) -> str:
        """The text in a language; in Vietnamese where there is no other."""
        return (language == "en" and self.text_en) or self.text


class ReportEvent(models.Model):
    """One line of a report's history. The database refuses to change or delete it; it holds no personal data.

    Number, salt and hash are the link of the report's chain: the database sets them whatever is given, so they stand on what is read, not on
    what has just been written.
    """

    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="events", db_constraint=False, db_index=False)
    number = models.PositiveIntegerField(default=0, editable=False)
    salt = models.UUIDField(default=uuid.UUID(int=0), editable=False)
    hash = models.BinaryField(default=bytes, max_length=32, editable=False)
    at = models.DateTimeField(default=timezone.now)
    kind = models.CharField(max_length=20)
    status_before = models.CharField(max_length=15, blank=True)
    status_after = models.CharField(max_length=15, blank=True)
    body = models.ForeignKey(Body, null=True, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    actor_id = models.BigIntegerField(null=True)
    public = models.BooleanField(default=False)
    data = models.JSONField(default=dict)

    class Meta:
        ordering = ["at", "pk"]
        constraints = [UniqueConstraint(fields=["report", "number"], name="event_number_once_a_report")]
        indexes = [models.Index(fields=["report", "at"], name="event_of_report")]


class IdempotencyKey(models.Model):
    """A key that a client sent with a report: the same key and body get the same answer, the same key with another body is refused."""

    key = models.CharField(max_length=100, unique=True)
    digest = models.CharField(max_length=64)
    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField(default=timezone.now)


class Follower(models.Model):
    """Somebody who is told of something by e-mail, from the confirmation on until the end. Personal data: the address is shown to nobody."""

    email = models.EmailField()
    language = models.CharField(max_length=5, default="vi")
    since = models.DateTimeField(default=timezone.now)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = FollowQuerySet.as_manager()

    class Meta:
        abstract = True

    @property
    def is_told(self) -> bool:
        """Whether mails go out: confirmed, and not unsubscribed."""
        return self.confirmed_at is not None and self.ended_at is None


class Follow(Follower):
    """A follower of a report, told of each public step."""

    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="follows", db_index=False)
    is_reporter = models.BooleanField(default=False)

    class Meta:
        constraints = [UniqueConstraint("report", Lower("email"), name="follow_address_once_a_report")]


class UnitFollow(Follower):
    """A follower of the territory of a unit, told once a day of what is new there.

    The unit is the one that was followed, of whatever date, and stays so: after a merger the territory is still the same.
    """

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="follows")
    told_until = models.DateTimeField(
        default=timezone.now, help_text="What was published or resolved until then is told, or was before the follower came"
    )

    class Meta:
        constraints = [UniqueConstraint("unit", Lower("email"), name="follow_address_once_a_unit")]
        indexes = [
            models.Index(
                fields=["told_until"], condition=Q(confirmed_at__isnull=False, ended_at__isnull=True), name="unit_follow_told_until"
            )
        ]


class Message(models.Model):
    """A mail that is to be sent or was: one for each event and follower of a report, one for each day and follower of a unit, whatever happens to the job.

    To somebody at the desk it tells the officer news that point at it.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        SENT = "sent", _("sent")
        FAILED = "failed", _("failed for good")
        DROPPED = "dropped", _("no longer wanted")

    event_id = models.BigIntegerField(null=True)
    follow = models.ForeignKey(Follow, null=True, on_delete=models.CASCADE, related_name="messages")
    unit_follow = models.ForeignKey(UnitFollow, null=True, on_delete=models.CASCADE, related_name="messages")
    person = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="+", help_text="Somebody at the desk")
    news_since = models.DateTimeField(null=True)
    news_until = models.DateTimeField(null=True)
    purpose = models.CharField(max_length=20)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    error = models.CharField(_("last error"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("made at"), default=timezone.now)
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)

    class Meta:
        verbose_name = _("e-mail")
        verbose_name_plural = _("e-mails")
        constraints = [
            CheckConstraint(
                condition=Q(follow__isnull=False, unit_follow__isnull=True, person__isnull=True)
                | Q(follow__isnull=True, unit_follow__isnull=False, person__isnull=True)
                | Q(follow__isnull=True, unit_follow__isnull=True, person__isnull=False),
                name="message_goes_to_one_reader",
            ),
            CheckConstraint(
                condition=Q(news_since__isnull=True, news_until__isnull=True)
                | Q(unit_follow__isnull=False, event_id__isnull=True, news_since__lt=F("news_until")),
                name="message_of_news_says_of_when",
            ),
            UniqueConstraint(
                fields=["event_id", "follow", "purpose"],
                condition=Q(follow__isnull=False),
                name="message_once_an_event_and_follower",
                nulls_distinct=False,
            ),
            UniqueConstraint(
                fields=["unit_follow", "news_until", "purpose"],
                condition=Q(unit_follow__isnull=False),
                name="message_once_a_day_and_follower",
                nulls_distinct=False,
            ),
            CheckConstraint(condition=Q(state__in=["waiting", "sent", "failed", "dropped"]), name="message_state_is_known"),
            CheckConstraint(condition=Q(state="sent", sent_at__isnull=False) | ~Q(state="sent"), name="message_sent_says_when"),
        ]
        indexes = [models.Index(fields=["state", "created_at"], condition=~Q(state="sent"), name="message_not_sent")]


class Activation(models.Model):
    """An edition put in force with what followed: asked for, done in one transaction or refused as a whole, and perhaps undone."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        DONE = "done", _("done")
        REFUSED = "refused", _("refused")
        UNDONE = "undone", _("undone")

    edition = models.ForeignKey(Edition, verbose_name=_("edition"), on_delete=models.PROTECT, related_name="activations")
    on = models.DateField(_("from"))
    digest = models.CharField(max_length=64, blank=True, help_text="Of the rehearsal that was looked at; empty: whatever comes of it")
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.WAITING)
    asked_by = models.ForeignKey(User, verbose_name=_("asked for by"), null=True, on_delete=models.SET_NULL, related_name="+")
    asked_at = models.DateTimeField(_("asked for at"), default=timezone.now)
    done_at = models.DateTimeField(_("done at"), null=True, blank=True)
    rerouted_at = models.DateTimeField(_("reports re-routed at"), null=True, blank=True)
    undone_at = models.DateTimeField(_("undone at"), null=True, blank=True)
    undone_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    error = models.TextField(_("why it was refused"), blank=True)
    record = models.JSONField(default=dict, help_text="What was made and cut of bodies, people and rules; for undoing")
    summary = models.JSONField(default=dict, help_text="What was done, in numbers")

    objects = ActivationQuerySet.as_manager()

    class Meta:
        verbose_name = _("activation")
        verbose_name_plural = _("activations")
        ordering = ["-asked_at"]
        constraints = [
            CheckConstraint(condition=Q(state__in=["waiting", "done", "refused", "undone"]), name="activation_state_is_known"),
            UniqueConstraint(fields=["edition"], condition=Q(state__in=["waiting", "done"]), name="activation_one_at_a_time_an_edition"),
        ]

    def __str__(self) -> str:
        return f"{self.edition} ({self.on})"


class ThrottleCount(models.Model):
    """Calls of one client within one window; an unlogged table that all processes share."""

    key = models.CharField(max_length=120)
    window = models.DateTimeField()
    count = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [UniqueConstraint(fields=["key", "window"], name="throttle_key_once_a_window")]


import reports.case_models  # noqa: E402  and here
import reports.deadline_models  # noqa: E402  and here
import reports.desk_models  # noqa: E402  and here
import reports.history.models  # noqa: E402  and here
import reports.rating_models  # noqa: E402  Django looks for models here; theirs name Reply, which stands above
import reports.survey_models  # noqa: E402, F401  and here
