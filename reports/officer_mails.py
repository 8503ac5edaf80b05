"""The mail that tells somebody at the desk what is new: code, category and place of each report, and the way to it; nothing else."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import ngettext

from reports.desk_models import DeskSettings, OfficerNews, Telling
from reports.mails import LANGUAGES, mark, title_of
from reports.models import Message, Report

MAX_ROWS = 50  # reports that a mail names; their number is told


def compose_for_officer(message: Message) -> EmailMultiAlternatives | None:
    """The mail, ready to be sent; None where nothing is left to tell: switched off, told no more, or no report of it is visible now."""
    person = message.person
    if person is None or not person.is_active or not person.email:
        return None
    if DeskSettings.objects.filter(user=person, telling=Telling.NEVER).exists():
        return None
    news = {(item.report_id, item.why): item for item in message.officer_news.order_by("pk")}
    reports = Report.objects.visible_to(person).filter(pk__in={report for report, _why in news}).select_related("category", "unit")
    visible = {report.pk: report for report in reports}
    left = [(visible[item.report_id], OfficerNews.Why(item.why)) for item in news.values() if item.report_id in visible]
    if not left:
        return None
    with translation.override(person.language if person.language in LANGUAGES else settings.LANGUAGE_CODE):
        query = {"lang": person.language} if person.language != settings.LANGUAGE_CODE else {}
        context: dict[str, Any] = {
            "site": settings.SITE_URL,
            "language": translation.get_language(),
            "subject": _subject(left),
            "parts": _parts(left[:MAX_ROWS], query),
            "more": len(left) - MAX_ROWS if len(left) > MAX_ROWS else 0,
            "page": _page(reverse("reports:desk"), query),
            "settings": _page(reverse("reports:desk_settings"), query),
        }
        mail = EmailMultiAlternatives(
            subject=context["subject"],
            body=render_to_string("mail/officer.txt", context).strip() + "\n",
            to=[person.email],
            headers=_headers(message, context["settings"]),
        )
        mail.attach_alternative(render_to_string("mail/officer.html", context), "text/html")
        return mail


def _subject(left: list[tuple[Report, OfficerNews.Why]]) -> str:
    if len(left) == 1:
        (report, why), *_none = left
        return " ".join(f"[{report.readable_code}] {why.label}: {title_of(report)}".split())
    told = ngettext("%(count)d thing is new for you", "%(count)d things are new for you", len(left))
    return told % {"count": len(left)}


def _parts(left: list[tuple[Report, OfficerNews.Why]], query: dict[str, str]) -> list[dict[str, Any]]:
    """The reports under the reason for which they are told, in the order of the reasons."""
    parts = []
    for why in OfficerNews.Why:
        rows = [
            {
                "title": title_of(report),
                "code": report.readable_code,
                "page": _page(reverse("reports:desk_report", args=[report.code]), query),
            }
            for report, because in left
            if because == why
        ]
        if rows:
            parts.append({"heading": why.label, "rows": rows})
    return parts


def _page(address: str, query: dict[str, str]) -> str:
    return f"{settings.SITE_URL}{address}{'?' if query else ''}{urlencode(query)}"


def _headers(message: Message, choose: str) -> dict[str, str]:
    host = urlsplit(settings.SITE_URL).hostname or "localhost"
    return {
        # The same at every try: should a mail go out twice, mail programs show it once
        "Message-ID": f"<{message.pk}.{mark(f'{message.pk} {message.created_at.timestamp()}')}@{host}>",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "List-Unsubscribe": f"<{choose}>",
    }
