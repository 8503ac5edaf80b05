"""Telling followers: one mail for each event and follower of a report, and for each day and follower of a unit.

Each is sent by a job of its own, tried again while that may help, and then shown to administrators.
"""

from __future__ import annotations

import logging
import re
import smtplib
from collections.abc import Iterable
from datetime import datetime
from itertools import islice

from django.db import transaction
from django.db.models import Case, Q, When
from django.db.models.functions import Lower
from django.utils import timezone
from procrastinate.types import JSONDict

from reports import tasks
from reports.mails import Purpose, compose
from reports.models import Follow, Message, Report, ReportEvent, UnitFollow
from reports.news import last_evening, units_with_news
from reports.officer_mails import compose_for_officer
from reports.workflow import is_told

AT_ONCE = 1000  # rows a statement
ADDRESS = re.compile(r"\S+@\S+")
logger = logging.getLogger(__name__)


class NotSentYet(Exception):
    """A mail could not be sent now, and will be tried again."""


@transaction.atomic
def tell_followers(event_id: int) -> None:
    """Writes a mail to each confirmed follower of a public event's report, or of a duplicate of it, who has none yet, and defers the sending of each.

    Of the filing, and of a report that is not public, only its reporter is told. Two workers at the same event take turns, so that each mail has one job.
    """
    event = ReportEvent.objects.filter(pk=event_id, public=True).first()
    if event is None or not is_told(event.kind, event.data):
        return
    report = Report.objects.select_related("category").select_for_update(of=("self",), no_key=True).get(pk=event.report_id)
    told = Message.objects.filter(event_id=event.pk, purpose=Purpose.STEP).annotate(address=Lower("follow__email")).values("address")
    # Who follows a duplicate hears of the report that goes on; an address that follows both is written to once, of its own
    follows = Follow.objects.told().filter(Q(report=report) | Q(report__duplicate_of=report))
    if event.kind == "filed" or not report.is_public:
        follows = follows.filter(report=report, is_reporter=True)
    is_other = Case(When(report=report, then=0), default=1)
    found = follows.annotate(address=Lower("email")).exclude(address__in=told).order_by(is_other, "pk").values_list("address", "pk")
    pks = sorted(dict(reversed(list(found))).values())
    _write(Message(event_id=event.pk, follow_id=pk, purpose=Purpose.STEP) for pk in pks)


def tell_of_news(*, at: datetime | None = None) -> int:
    """Writes a mail to each follower of a unit in whose territory something is new, up to the last 17:55; how many mails.

    In one transaction a follower's mail is written and the day noted as told: a job that comes twice, or again after its worker died, goes on
    where the former stopped.
    """
    until = last_evening(at or timezone.now())
    waiting = UnitFollow.objects.told().filter(told_until__lt=until)
    written = 0
    for since in list(waiting.order_by("told_until").values_list("told_until", flat=True).distinct()):
        units = units_with_news(since, until)
        with transaction.atomic():
            # A second worker waits here, and then finds the day told
            held = waiting.filter(told_until=since).select_for_update(no_key=True).order_by("pk")
            follows = list(held.values_list("pk", "unit"))
            told = [pk for pk, unit in follows if unit in units]
            _write(Message(unit_follow_id=pk, news_since=since, news_until=until, purpose=Purpose.NEWS) for pk in told)
            UnitFollow.objects.filter(pk__in=[pk for pk, _unit in follows]).update(told_until=until)
        written += len(told)
    return written


def _write(messages: Iterable[Message]) -> None:
    """Notes mails and defers the sending of each."""
    waiting = iter(messages)
    while some := list(islice(waiting, AT_ONCE)):
        jobs: list[JSONDict] = [{"message_id": message.pk} for message in Message.objects.bulk_create(some)]
        tasks.send_message.batch_defer(*jobs)


def deliver(message_id: int) -> None:
    """Sends a mail that is waiting; drops it where nobody wants it any more.

    Raises NotSentYet where it is worth another try. A mail that another worker holds, or that is sent, is left alone.
    """
    with transaction.atomic():
        # The lock is held while the mail goes out: a second worker passes by, and a killed one leaves the mail waiting
        message = (
            Message.objects.select_for_update(of=("self",), skip_locked=True)
            .select_related("follow__report__category", "follow__report__unit", "unit_follow__unit", "person")
            .filter(pk=message_id, state=Message.State.WAITING)
            .first()
        )
        if message is None:
            return
        _try_to_send(message)
        message.save(update_fields=["state", "attempts", "error", "sent_at"])
    if message.state == Message.State.FAILED:
        logger.warning("E-mail %d failed for good: %s", message.pk, message.error)
    if message.state == Message.State.WAITING:
        raise NotSentYet(message.error)


def _try_to_send(message: Message) -> None:
    message.attempts += 1
    try:
        with transaction.atomic():
            mail = compose_for_officer(message) if message.person_id else compose(message)
        if mail is None:
            message.state = Message.State.DROPPED
            return
        mail.send()
    except Exception as error:
        message.error = short(error)
        if is_permanent(error) or message.attempts >= tasks.MAIL_ATTEMPTS:
            message.state = Message.State.FAILED
    else:
        message.state, message.sent_at, message.error = Message.State.SENT, timezone.now(), ""


@transaction.atomic
def send_again(message: Message) -> bool:
    """Puts a mail that failed for good back among those waiting; whether it was one."""
    failed = Message.objects.filter(pk=message.pk, state=Message.State.FAILED)
    if not failed.update(state=Message.State.WAITING, attempts=0, error=""):
        return False
    tasks.send_message.defer(message_id=message.pk)
    return True


def ask(follow: Follow | UnitFollow, purpose: Purpose, *, at: datetime) -> None:
    """Sends, or sends again, the mail that asks a follower to confirm. Call it inside a transaction that holds the follow's row."""
    fresh = {"state": Message.State.WAITING, "attempts": 0, "error": "", "created_at": at, "sent_at": None}
    message, _new = follow.messages.update_or_create(event_id=None, purpose=purpose, defaults=fresh)
    tasks.send_message.defer(message_id=message.pk)


def is_permanent(error: Exception) -> bool:
    """Whether the receiving server will never take this mail (5xx). What it says of us (sign-in, our own address) may be mended: not so."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(500 <= code < 600 for code, _text in error.recipients.values())
    if isinstance(error, smtplib.SMTPDataError):
        return 500 <= error.smtp_code < 600
    return isinstance(error, smtplib.SMTPNotSupportedError)  # an address that the server cannot even write


def short(error: Exception) -> str:
    """The error in one line without any address, for administrators and logs."""
    said: bytes | str = str(error)
    code: int | str = type(error).__name__
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, said = next(iter(error.recipients.values()))
    elif isinstance(error, smtplib.SMTPResponseException):
        code, said = error.smtp_code, error.smtp_error
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return ADDRESS.sub("…", " ".join(f"{code} {text}".split()))[:300]
