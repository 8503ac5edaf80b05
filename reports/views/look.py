"""The coordinator's look: texts and photos on one page, what shall be masked in them, and whether everybody may see the report."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods

from accounts.models import User
from reports.codes import normalised
from reports.masking import Kind, Span, find
from reports.models import Reply, Report
from reports.queue import Desk
from reports.services import CaseworkError, Words, offered_steps, roles_on, take_step
from reports.services.moderation import FIELDS, choose_masks, chosen_masks, masks_of_reply
from reports.views.desk import user_of
from reports.workflow import PUBLISHERS

ONE = re.compile(r"(\d{1,6})-(\d{1,6})-([a-z]{1,10})")
MAX_WORDS = 20  # lines of words that are to be masked too


@dataclass(frozen=True)
class Part:
    """A piece of a text: plain, or a span that is or may be masked."""

    text: str
    span: Span | None = None
    is_masked: bool = False

    @property
    def value(self) -> str:
        """The span as the form sends it."""
        return f"{self.span.start}-{self.span.end}-{self.span.kind}" if self.span else ""

    @property
    def kind(self) -> str:
        """What was found, in words."""
        return str(Kind(self.span.kind).label) if self.span and self.span.kind in Kind.values else ""


@dataclass(frozen=True)
class Looked:
    """One text on the page: its name in the form, its heading, its pieces, and what was typed beside it."""

    name: str
    heading: str
    text: str
    parts: list[Part]
    also: str = ""
    error: str = ""

    @property
    def spans(self) -> list[Part]:
        """The pieces that are or may be masked."""
        return [part for part in self.parts if part.span]


@require_http_methods(["GET", "HEAD", "POST"])
@cache_control(private=True, no_store=True)
def look(request: HttpRequest, code: str) -> HttpResponse:
    """Shows the report to its coordinator and takes the decision; of anybody else's reports there is no such page."""
    user = user_of(request)
    report = Report.objects.visible_to(user).for_list().filter(code=normalised(code) or "").first()
    if report is None or not roles_on(user, report) & PUBLISHERS:
        raise Http404
    if request.method != "POST":
        return _page(request, user, report)
    replies = _replies(report)
    chosen, wrong = _chosen(request, report, replies)
    if wrong:
        return _page(request, user, report, wrong=wrong, status=422)
    try:
        with transaction.atomic():
            _decide(request, user, report, replies, chosen)
    except CaseworkError as error:
        messages.warning(request, str(error))
        fresh = Report.objects.visible_to(user).for_list().filter(pk=report.pk).first()
        if fresh is None:
            raise Http404 from None
        return _page(request, user, fresh, status=409)
    except ValidationError as error:
        return _page(request, user, report, wrong={name: sentences[0] for name, sentences in error.message_dict.items()}, status=422)
    return _done(request, user, report)


def _decide(request: HttpRequest, user: User, report: Report, replies: list[Reply], chosen: dict[str, list[Span]]) -> None:
    """Masks, then the step: both or neither."""
    version = int(request.POST["version"]) if request.POST.get("version", "").isascii() and request.POST.get("version", "").isdigit() else 0
    changed = choose_masks(
        report.pk,
        actor=user,
        texts={name: chosen[name] for name in FIELDS},
        replies={reply.pk: chosen[f"reply_{reply.pk}"] for reply in replies},
        version=version,
    )
    step = request.POST.get("decision")
    if step in ("show", "hide"):
        take_step(report.pk, step=step, actor=user, words=Words(note=request.POST.get("note", "")), version=changed.version)


def _done(request: HttpRequest, user: User, report: Report) -> HttpResponse:
    decision = request.POST.get("decision")
    if decision not in ("show", "hide"):
        messages.success(request, _("What is masked was saved."))
        return redirect("reports:look", code=report.code)
    said = _("%(code)s is public.") if decision == "show" else _("%(code)s is kept out of public view.")
    messages.success(request, said % {"code": report.readable_code})
    following = next_to_look_at(user, report)
    return redirect("reports:look", code=following.code) if following else redirect("/desk/?view=look")


def next_to_look_at(user: User, report: Report) -> Report | None:
    """The next report that waits for this coordinator's look, the most urgent first."""
    mine = Desk.of(user)
    view = mine.view_called("look")
    return mine.reports(view, timezone.now()).exclude(pk=report.pk).for_queue().first() if view else None


def _replies(report: Report) -> list[Reply]:
    return list(report.replies.filter(published_at__isnull=False).select_related("body"))


def _chosen(request: HttpRequest, report: Report, replies: list[Reply]) -> tuple[dict[str, list[Span]], dict[str, str]]:
    """What the form says is to be masked, by text, and what is wrong with it."""
    chosen, wrong = {}, {}
    texts = {name: getattr(report, name) for name in FIELDS} | {f"reply_{reply.pk}": reply.text for reply in replies}
    for name, text in texts.items():
        spans = [Span(int(found[1]), int(found[2]), found[3]) for one in request.POST.getlist(name) if (found := ONE.fullmatch(one))]
        for line in request.POST.get(f"also_{name}", "").splitlines()[:MAX_WORDS]:
            words = " ".join(line.split())
            if not words:
                continue
            places = [match.span() for match in re.finditer(re.escape(words), text)]
            if not places:
                wrong[name] = _("“%(words)s” does not stand in the text like this.") % {"words": words[:80]}
            spans += [Span(*place) for place in places if not any(span.start < place[1] and place[0] < span.end for span in spans)]
        chosen[name] = spans
    return chosen, wrong


def _page(request: HttpRequest, user: User, report: Report, *, wrong: dict[str, str] | None = None, status: int = 200) -> HttpResponse:
    wrong = wrong or {}
    replies = _replies(report)
    texts = [
        _looked(request, "description", _("What was reported"), report.description, chosen_masks(report, "description"), wrong),
        _looked(request, "place_note", _("Where exactly"), report.place_note, chosen_masks(report, "place_note"), wrong),
    ]
    texts += [
        _looked(request, f"reply_{reply.pk}", _("Reply of %(body)s") % {"body": reply.body.name}, reply.text, masks_of_reply(reply), wrong)
        for reply in replies
    ]
    context: dict[str, Any] = {
        "report": report,
        "texts": [text for text in texts if text.text],
        "wrong": wrong,
        "photos": report.shown_photos,
        "offered": {step.name for step in offered_steps(user, report)} & {"show", "hide"},
        "note": request.POST.get("note", ""),
    }
    return render(request, "desk/look.html", context, status=status)


def _looked(request: HttpRequest, name: str, heading: str, text: str, now: list[Span], wrong: dict[str, str]) -> Looked:
    """A text in pieces: what is masked, and what would be by rule and was let through."""
    spans = sorted({*now, *(span for span in find(text) if not any(one.start < span.end and span.start < one.end for one in now))})
    parts, position = [], 0
    for span in spans:
        parts += [Part(text[position : span.start]), Part(text[span.start : span.end], span, span in now)]
        position = span.end
    parts.append(Part(text[position:]))
    return Looked(
        name,
        heading,
        text,
        [part for part in parts if part.text],
        request.POST.get(f"also_{name}", "") if wrong else "",
        wrong.get(name, ""),
    )
