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
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from authorities.models import ReturnReason
from reports.models import Follow, Follower, Message, Reply, Report, ReportEvent, UnitFollow
from reports.news import news_of, territory_of
from reports.timeline import next_step, sentence
from reports.tokens import follow_token, tracking_token, voice_token
from reports.workflow import CLOSED, Status

LANGUAGES = frozenset(code for code, _name in settings.LANGUAGES)
MAX_NEWS = 20  # reports that a mail of news names; their number is told


class Purpose(TextChoices):
    """What a mail is for; those that ask carry the word which their token is made for."""

    STEP = "step"
    CONFIRM = "confirm"
    CONFIRM_REPORTER = "confirm_reporter"
    NEWS = "news"
    CONFIRM_UNIT = "confirm_unit"
    OFFICER = "officer"
    UNSUBSCRIBE = "unsubscribe"
    UNSUBSCRIBE_UNIT = "unsubscribe_unit"


def compose(message: Message) -> EmailMultiAlternatives | None:
    """The mail, ready to be sent; None where nobody wants it any more: unsubscribed, no longer public, or nothing of it left to tell."""
    follower = message.follow or message.unit_follow
    if follower is None:
        return None
    with translation.override(follower.language if follower.language in LANGUAGES else settings.LANGUAGE_CODE):
        context = _of_a_report(message, follower) if isinstance(follower, Follow) else _of_a_unit(message, follower)
        if context is None:
            return None
        context |= {"site": settings.SITE_URL, "language": translation.get_language()}
        mail = EmailMultiAlternatives(
            subject=" ".join(f"[{context['about']}] {context['subject']}".split()),
            body=render_to_string(f"mail/{context['template']}.txt", context).strip() + "\n",
            to=[follower.email],
            headers=_headers(message, context),
        )
        mail.attach_alternative(render_to_string(f"mail/{context['template']}.html", context), "text/html")
        return mail


def page_address(follow: Follow) -> str:
    """The page that a follower is led to: the public one, or for the reporter the private tracking link."""
    report = follow.report
    query = {"token": tracking_token(report.code, report.token_generation)} if follow.is_reporter else {}
    return _page(report.get_absolute_url(), follow, query)


def _rating_address(follow: Follow) -> str:
    """The page on which the reporter rates the answer, by the private link."""
    report = follow.report
    query = {"token": tracking_token(report.code, report.token_generation)}
    return _page(reverse("reports:rating", args=[report.code]), follow, query)


def _voice_addresses(follow: Follow, reply: Reply) -> dict[str, str] | None:
    """The two links by which a follower says whether it is fixed; the reporter rates instead."""
    if follow.is_reporter:
        return None
    token = voice_token(follow.pk, reply.pk)
    return {
        word.replace("-", "_"): _page(reverse("reports:voice", args=[follow.pk, token, reply.pk, word]), follow)
        for word in ("fixed", "not-fixed")
    }


def token_address(name: str, follow: Follower, purpose: str) -> str:
    """The address in a mail by which its reader confirms or unsubscribes."""
    return f"{settings.SITE_URL}{reverse(name, args=[follow.pk, follow_token(purpose, follow.pk)])}"


def _is_wanted(message: Message, follow: Follow) -> bool:
    if message.purpose == Purpose.CONFIRM_REPORTER:
        return True
    if message.purpose == Purpose.CONFIRM:
        return follow.report.is_public
    return follow.is_told and (follow.is_reporter or follow.report.is_public)


def _of_a_report(message: Message, follow: Follow) -> dict[str, Any] | None:
    if not _is_wanted(message, follow):
        return None
    event = (
        ReportEvent.objects.select_related("body", "report__category", "report__unit").get(pk=message.event_id or 0)
        if message.event_id
        else None
    )
    goes_on = event.report if event and event.report_id != follow.report_id else None
    if goes_on and not (goes_on.is_public and follow.report.duplicate_of_id == goes_on.pk):  # separated again, or hidden
        return None
    report, is_reporter = goes_on or follow.report, follow.is_reporter and not goes_on
    context = {
        "about": report.readable_code,
        "thread": f"{report.code.lower()}.{mark(f'thread {follow.pk}')}",
        "report": report,
        "title": title_of(report),
        "is_reporter": is_reporter,
        "duplicate": follow.report if goes_on else None,
        "page": _page(report.get_absolute_url(), follow) if goes_on else page_address(follow),
        "unsubscribe": token_address("reports:unsubscribe", follow, Purpose.UNSUBSCRIBE),
    }
    if event is None or message.purpose != Purpose.STEP:
        return context | _of_a_question(follow, Purpose(message.purpose))
    if event.kind == "reminder" and report.status != Status.WAITING:
        return None  # answered meanwhile
    return context | _of_a_step(event, report, follow, is_reporter)


def _of_a_step(event: ReportEvent, report: Report, follow: Follow, is_reporter: bool) -> dict[str, Any]:
    body = event.body.name if event.body else ""
    is_open = event.status_after not in CLOSED
    reply = Reply.objects.select_related("body").filter(pk=event.data.get("reply"), report=report, published_at__isnull=False).first()
    original = report.duplicate_of if event.kind == "duplicate" else None
    happened = _("%(body)s is waiting for your answer") % {"body": body} if event.kind == "reminder" else sentence(event)
    return {
        "template": "filed" if event.kind == "filed" else "step",
        "subject": _("We have your report: %(title)s") % {"title": title_of(report)}
        if event.kind == "filed"
        else f"{happened} – {title_of(report)}",
        "happened": happened,
        "at": event.at,
        "body": body,
        "reply": reply,
        # A number that the body gives is for the reporter; whoever else follows reads what everybody does
        "voices": _voice_addresses(follow, reply)
        if reply and follow.report_id == report.pk and event.status_after == Status.RESOLVED
        else None,
        "reply_text": "" if reply is None else reply.text if is_reporter else reply.public_text,
        "rating": _rating_address(follow) if is_reporter and reply and event.status_after == Status.RESOLVED else "",
        "reason": ReturnReason.objects.filter(code=event.data.get("reason")).first() if event.data.get("reason") else None,
        "next_step": next_step(event.status_after, body),
        "due_at": report.due_at if is_open else None,
        "is_asked": event.kind in {"ask", "reminder"} and is_reporter,
        "answer_by": report.stage_due_at if report.status == Status.WAITING and is_reporter else None,
        "original": original if original is not None and original.is_public else None,
        "original_page": _page(original.get_absolute_url(), follow) if original is not None and original.is_public else "",
    }


def _of_a_question(follow: Follow, purpose: Purpose) -> dict[str, Any]:
    return {
        "template": "confirm",
        "subject": _("Please confirm that you want to follow this report"),
        "as_reporter": purpose == Purpose.CONFIRM_REPORTER,
        "confirm": token_address("reports:follow_confirm", follow, purpose),
    }


def _of_a_unit(message: Message, follow: UnitFollow) -> dict[str, Any] | None:
    unit = follow.unit
    context = {
        "about": unit.name,
        "thread": f"{unit.code}.{mark(f'unit thread {follow.pk}')}",
        "territory": territory_of(unit),
        "is_former": not unit.in_force_on(timezone.localdate()),
        "page": _page(unit.get_absolute_url(), follow),
        "unsubscribe": token_address("reports:unit_unsubscribe", follow, Purpose.UNSUBSCRIBE_UNIT),
    }
    if message.purpose == Purpose.CONFIRM_UNIT:
        return context | {
            "template": "confirm_unit",
            "subject": _("Please confirm that you want to follow this territory"),
            "confirm": token_address("reports:unit_follow_confirm", follow, Purpose.CONFIRM_UNIT),
        }
    news = _of_news(message, follow) if follow.is_told else None
    return context | news if news else None


def _of_news(message: Message, follow: UnitFollow) -> dict[str, Any] | None:
    """What is new; looked up as the mail goes out, so that nothing is told which was hidden meanwhile. None where nothing is left."""
    if message.news_since is None or message.news_until is None:
        return None
    news = news_of(follow.unit, message.news_since, message.news_until)
    published, resolved = news.published.count(), news.resolved.count()
    if not published + resolved:
        return None
    parts, left = [], MAX_NEWS
    for reports, count, heading in (
        (news.published, published, ngettext("%(count)d new report", "%(count)d new reports", published)),
        (news.resolved, resolved, ngettext("%(count)d report resolved", "%(count)d reports resolved", resolved)),
    ):
        rows = (
            [_row(report, follow) for report in reports.select_related("category", "unit").newest_first()[:left]] if count and left else []
        )
        left -= len(rows)
        if count:
            parts.append({"heading": heading % {"count": count}, "rows": rows})
    more = published + resolved - MAX_NEWS + left
    return {
        "template": "news",
        "subject": ", ".join(str(part["heading"]) for part in parts),
        "parts": parts,
        "more": ngettext("And %(count)d more: see all on our page.", "And %(count)d more: see all on our page.", more) % {"count": more}
        if more
        else "",
    }


def _row(report: Report, follow: UnitFollow) -> dict[str, str]:
    """A report in a mail of news: nothing that the reporter wrote."""
    return {
        "title": title_of(report),
        "code": report.readable_code,
        "status": report.get_status_display(),
        "page": _page(report.get_absolute_url(), follow),
    }


def _page(address: str, follower: Follower, query: dict[str, str] | None = None) -> str:
    """A page of ours as a link in a mail, in the follower's language; `query` goes first."""
    query = dict(query or {})
    if follower.language != settings.LANGUAGE_CODE:
        query["lang"] = follower.language
    if not query:
        return f"{settings.SITE_URL}{address}"
    return f"{settings.SITE_URL}{address}{'&' if '?' in address else '?'}{urlencode(query)}"


def title_of(report: Report) -> str:
    """A report in a mail: category and place."""
    where = report.unit.dated_name if report.unit else _("outside all communes")
    return f"{report.category.label} – {where}"


def _headers(message: Message, context: dict[str, Any]) -> dict[str, str]:
    host = urlsplit(settings.SITE_URL).hostname or "localhost"
    return {
        # The same at every try: should a mail go out twice, mail programs show it once
        "Message-ID": f"<{message.pk}.{mark(f'{message.pk} {message.created_at.timestamp()}')}@{host}>",
        "References": f"<{context['thread']}@{host}>",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "List-Unsubscribe": f"<{context['unsubscribe']}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def mark(text: str) -> str:
    """A word that nobody else can make up, for the names of mails and threads."""
    return hmac.digest(settings.SECRET_KEY.encode(), f"mail\x1f{text}".encode(), "sha256").hex()[:16]
