"""What a mail says, in the follower's language, as text and as HTML; nothing of the reporter stands in a mail to somebody else."""

from __future__ import annotations

import hmac
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db.models import TextChoices
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from authorities.models import ReturnReason
from reports.models import Follow, Message, Reply, Report, ReportEvent
from reports.timeline import next_step, sentence
from reports.tokens import follow_token, tracking_token
from reports.workflow import CLOSED

LANGUAGES = frozenset(code for code, _name in settings.LANGUAGES)


class Purpose(TextChoices):
    """What a mail is for; those that ask carry the word which their token is made for."""

    STEP = "step"
    CONFIRM = "confirm"
    CONFIRM_REPORTER = "confirm_reporter"


def compose(message: Message) -> EmailMultiAlternatives | None:
    """The mail, ready to be sent; None where nobody wants it any more: unsubscribed, or no longer public."""
    follow = message.follow
    if follow is None or not _is_wanted(message, follow):
        return None
    language = follow.language if follow.language in LANGUAGES else settings.LANGUAGE_CODE
    with translation.override(language):
        context = _of_every_mail(follow)
        if message.purpose == Purpose.STEP:
            event = ReportEvent.objects.select_related("body").get(pk=message.event_id or 0)
            context |= _of_a_step(event, follow)
        else:
            context |= _of_a_question(follow, Purpose(message.purpose))
        mail = EmailMultiAlternatives(
            subject=" ".join(f"[{follow.report.readable_code}] {context['subject']}".split()),
            body=render_to_string(f"mail/{context['template']}.txt", context).strip() + "\n",
            to=[follow.email],
            headers=_headers(message, follow, context),
        )
        mail.attach_alternative(render_to_string(f"mail/{context['template']}.html", context), "text/html")
        return mail


def page_address(follow: Follow) -> str:
    """The page that a follower is led to: the public one, or for the reporter the private tracking link."""
    report = follow.report
    query = {"token": tracking_token(report.code, report.token_generation)} if follow.is_reporter else {}
    if follow.language != settings.LANGUAGE_CODE:
        query["lang"] = follow.language
    return f"{settings.SITE_URL}{report.get_absolute_url()}" + (f"?{urlencode(query)}" if query else "")


def token_address(name: str, follow: Follow, purpose: str) -> str:
    """The address in a mail by which its reader confirms or unsubscribes."""
    return f"{settings.SITE_URL}{reverse(name, args=[follow.pk, follow_token(purpose, follow.pk)])}"


def _is_wanted(message: Message, follow: Follow) -> bool:
    if message.purpose == Purpose.CONFIRM_REPORTER:
        return True
    if message.purpose == Purpose.CONFIRM:
        return follow.report.is_public
    is_active = follow.confirmed_at is not None and follow.ended_at is None
    return is_active and (follow.is_reporter or follow.report.is_public)


def _of_every_mail(follow: Follow) -> dict[str, Any]:
    report = follow.report
    return {
        "report": report,
        "title": _title(report),
        "site": settings.SITE_URL,
        "language": translation.get_language(),
        "is_reporter": follow.is_reporter,
        "page": page_address(follow),
        "unsubscribe": token_address("reports:unsubscribe", follow, "unsubscribe"),
    }


def _of_a_step(event: ReportEvent, follow: Follow) -> dict[str, Any]:
    report, body = follow.report, event.body.name if event.body else ""
    is_open = event.status_after not in CLOSED
    reply = Reply.objects.select_related("body").filter(pk=event.data.get("reply"), report=report, published_at__isnull=False).first()
    happened = sentence(event)
    return {
        "template": "filed" if event.kind == "filed" else "step",
        "subject": _("We have your report: %(title)s") % {"title": _title(report)}
        if event.kind == "filed"
        else f"{happened} – {_title(report)}",
        "happened": happened,
        "at": event.at,
        "body": body,
        "reply": reply,
        "reason": ReturnReason.objects.filter(code=event.data.get("reason")).first() if event.data.get("reason") else None,
        "next_step": next_step(event.status_after, body),
        "due_at": report.due_at if is_open else None,
    }


def _of_a_question(follow: Follow, purpose: Purpose) -> dict[str, Any]:
    return {
        "template": "confirm",
        "subject": _("Please confirm that you want to follow this report"),
        "as_reporter": purpose == Purpose.CONFIRM_REPORTER,
        "confirm": token_address("reports:follow_confirm", follow, purpose),
    }


def _title(report: Report) -> str:
    where = report.unit.dated_name if report.unit else _("outside all communes")
    return f"{report.category.label} – {where}"


def _headers(message: Message, follow: Follow, context: dict[str, Any]) -> dict[str, str]:
    host = urlsplit(settings.SITE_URL).hostname or "localhost"
    thread = f"<{follow.report.code.lower()}.{_mark(f'thread {follow.pk}')}@{host}>"
    return {
        # The same at every try: should a mail go out twice, mail programs show it once
        "Message-ID": f"<{message.pk}.{_mark(f'{message.pk} {message.created_at.timestamp()}')}@{host}>",
        "References": thread,
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "List-Unsubscribe": f"<{context['unsubscribe']}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def _mark(text: str) -> str:
    return hmac.digest(settings.SECRET_KEY.encode(), f"mail\x1f{text}".encode(), "sha256").hex()[:16]
