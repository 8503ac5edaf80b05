"""Figures by e-mail: a PDF with charts of what a leader's bodies did in the last whole week or month, for whoever asks for it."""

from __future__ import annotations

from datetime import date, timedelta

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from authorities.models import Body
from insights.figures.models import FigureReport
from insights.figures.page import Page, months_back
from insights.figures.question import Question
from insights.figures.table import table
from insights.filters import start_of
from reports.mails import LANGUAGES
from reports.paper.render import pdf
from reports.sight import Sight

MOST_NAMED = 3  # bodies; of more their number is told


def last_period(every: str, today: date) -> tuple[date, date]:
    """The last whole week (from Monday) or month before a day: its first day, and the first day after it."""
    if every == FigureReport.Every.WEEK:
        end = today - timedelta(days=today.weekday())
        return end - timedelta(days=7), end
    end = today.replace(day=1)
    return months_back(end, 1), end


def defer_due(today: date | None = None) -> int:
    """Defers a mail for everybody whose period has ended since the last one; how many."""
    from insights import tasks

    today = today or timezone.localdate()
    due = [wanted.pk for wanted in FigureReport.objects.all() if last_period(wanted.every, today)[1] > wanted.told_until]
    for key in due:
        tasks.mail_figures.defer(wanted_id=key)
    return len(due)


@transaction.atomic
def send(wanted_id: int, today: date | None = None) -> bool:
    """Sends the mail of a period, once: its row is locked until it is out. Whether one was sent."""
    wanted = FigureReport.objects.select_for_update().select_related("person").filter(pk=wanted_id).first()
    if wanted is None:
        return False
    since, until = last_period(wanted.every, today or timezone.localdate())
    if until <= wanted.told_until:
        return False
    wanted.told_until = until
    wanted.save(update_fields=["told_until"])
    mail = compose(wanted.person, since, until)
    if mail is None:
        return False
    mail.send()
    return True


def compose(person: User, since: date, until: date) -> EmailMessage | None:
    """The mail; None for who has no address or, by now, no body."""
    bodies = Sight.of(person).in_hand
    if not bodies or not person.is_active or not person.email:
        return None
    with translation.override(person.language if person.language in LANGUAGES else settings.LANGUAGE_CODE):
        span = f"{date_format(since, 'SHORT_DATE_FORMAT')} – {date_format(until - timedelta(days=1), 'SHORT_DATE_FORMAT')}"
        title = _("Figures %(span)s") % {"span": span}
        groups = ("authority",) if len(bodies) > 1 else ("category",)
        question = Question(groups, start_of(since), start_of(until), bodies=bodies)
        page = Page({}, question, table(question))
        year = Question(("month",), start_of(months_back(until.replace(day=1), 12)), start_of(until), bodies=bodies)
        months = Page({}, year, table(year)).months
        pictures = {"parts": render_to_string("paper/figures_parts.svg", {"page": page}).encode()}
        if months:
            pictures["months"] = render_to_string("paper/figures_months.svg", {"drawn": months}).encode()
        names = [str(name) for name in Body.objects.filter(pk__in=bodies).order_by("name").values_list("name", flat=True)]
        of = ", ".join(names) if len(names) <= MOST_NAMED else ngettext("%(n)s body", "%(n)s bodies", len(names)) % {"n": len(names)}
        context = {"title": title, "of": of, "page": page, "has_months": bool(months), "made_at": timezone.localtime(), "made_by": ""}
        address = f"{settings.SITE_URL}{reverse('insights:statistics')}?mine=1"
        text = render_to_string("mail/figures.txt", context | {"address": address, "site": settings.SITE_URL}).strip() + "\n"
        mail = EmailMessage(subject=title, body=text, to=[person.email], headers={"Auto-Submitted": "auto-generated"})
        mail.attach(f"so-lieu-{since}.pdf", pdf("paper/figures.html", context, pictures), "application/pdf")
        return mail
