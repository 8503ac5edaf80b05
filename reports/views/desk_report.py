"""A report at the desk: what was said, where, what has happened, and what may be done next."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from authorities.models import Body
from authorities.routing import explain
from gis.functions import GeodesicDistance
from reports.case_models import Split
from reports.codes import normalised
from reports.desk_forms import StepForm, return_texts, template_texts
from reports.duplicates import ALIKE, Candidate, Matter, candidates
from reports.models import Contact, Note, Photo, Report
from reports.presence import HEARTBEAT_SECONDS
from reports.queue import Desk, Queue
from reports.same_reporter import others_of_reporter
from reports.services import ReportChangedMeanwhile, StepNotAllowed, may_survey, offered_steps, take_step
from reports.sight import Sight
from reports.surveys import shown_proof, shown_surveys
from reports.timeline import Moment, full_timeline
from reports.urgency import Urgency
from reports.views.desk import asked_queue, desk_address, elsewhere, user_of
from reports.workflow import STEPS

if TYPE_CHECKING:
    from django.db.models import QuerySet

logger = logging.getLogger(__name__)

NEARBY_METRES = 500
MAX_NEARBY = 6
MAX_ALIKE = 4
OTHERS = ("offered_to", "part_of")  # where an event names another body than the responsible one


@dataclass(frozen=True)
class Line:
    """One line of the internal timeline: the step, who took it for which body, and what was noted with it."""

    moment: Moment
    who: str
    acting: str
    note: Note | None
    other: str = ""  # the body that was asked


@dataclass(frozen=True)
class Refused:
    """Why a step was not taken, for the page that keeps what was typed."""

    sentence: str
    form: StepForm | None
    changes: list[Line]
    is_stale: bool

    @property
    def typed(self) -> list[tuple[str, str]]:
        """Texts that have no form left to stand in."""
        return self.form.typed if self.form else []


@require_safe
@cache_control(private=True, no_store=True)
def desk_report(request: HttpRequest, code: str) -> HttpResponse:
    """The report, if it is visible at this desk; otherwise there is none."""
    mine = Desk.of(user_of(request))
    if not mine.is_open:
        return elsewhere(request, mine)
    report = report_at_desk(mine.sight, code)
    if code != report.code:
        return redirect("reports:desk_report", code=report.code)
    return _page(request, mine, report)


@require_POST
@cache_control(private=True, no_store=True)
def desk_step(request: HttpRequest, code: str, step: str) -> HttpResponse:
    """Takes a step; what stands in its way is said on the same page, beside what was typed."""
    mine = Desk.of(user_of(request))
    if not mine.is_open:
        return elsewhere(request, mine)
    wanted = STEPS.get(step)
    if wanted is None or not wanted.roles:  # what is the reporter's is on no desk
        raise Http404
    report = report_at_desk(mine.sight, code)
    form = StepForm(request.POST, files=request.FILES, step=wanted, report=report, user=mine.user)
    # Whether the step is open comes first: who lost a race is told so, not that a field is missing
    offered = offered_steps(mine.sight, report)
    if form.is_valid() or _is_stale(form, report) or wanted not in offered:
        version = form.cleaned_data.get("version")
        words = form.words() if form.is_valid() else None
        try:
            take_step(report.pk, step=step, actor=mine.user, words=words, version=version)
        except ReportChangedMeanwhile as error:
            return _refused(request, mine, code, form, str(error), since=version)
        except StepNotAllowed as error:
            return _refused(request, mine, code, form, str(error))
        except Report.DoesNotExist:
            raise Http404 from None
        except ValidationError as error:
            form.refuse(error)
        else:
            return _done(request, mine, report, form)
    return _page(request, mine, report, shown_form=form, status=422)


def report_at_desk(who: User | Sight, code: str) -> Report:
    """The report that a code (as people type it) names, if it is visible at somebody's desk; Http404 otherwise."""
    known = normalised(code)
    reports = Report.objects.visible_to(who).select_related("category", "unit", "authority", "officer", "return_reason")
    report = reports.filter(code=known).first() if known else None
    if report is None:
        raise Http404
    return report


def _is_stale(form: StepForm, report: Report) -> bool:
    return bool(form.cleaned_data.get("version", report.version) != report.version)


def _done(request: HttpRequest, mine: Desk, report: Report, form: StepForm) -> HttpResponse:
    now = Report.objects.visible_to(mine.sight).filter(pk=report.pk).first()
    messages.success(request, _("Done: %(step)s (%(code)s).") % {"step": form.label, "code": report.readable_code})
    query = request.GET.dict()
    if now is None:  # it is about the own body now, for example
        messages.info(request, _("The report is with another body now and no longer on your desk."))
        return redirect(desk_address("desk", query=query))
    return redirect(desk_address("desk_report", report.code, query=query))


def _refused(request: HttpRequest, mine: Desk, code: str, form: StepForm, sentence: str, *, since: int | None = None) -> HttpResponse:
    """The page as it is now, with the step that was not taken: its form again if it is still open, else its texts to copy."""
    report = report_at_desk(mine.sight, code)
    still_open = form.step in offered_steps(mine.sight, report)
    lines = lines_of(report)
    missed = report.version - since if since is not None else 0
    again: StepForm | None = None
    if still_open:
        again = StepForm({**request.POST.dict(), "version": report.version}, step=form.step, report=report, user=mine.user)
    refused = Refused(sentence, None if still_open else form, lines[-missed:] if missed > 0 else [], is_stale=since is not None)
    return _page(request, mine, report, shown_form=again, refused=refused, lines=lines, status=409)


def _page(
    request: HttpRequest,
    mine: Desk,
    report: Report,
    *,
    shown_form: StepForm | None = None,
    refused: Refused | None = None,
    lines: list[Line] | None = None,
    status: int = 200,
) -> HttpResponse:
    now = timezone.now()
    user = mine.user
    steps = offered_steps(mine.sight, report)
    forms = [shown_form if shown_form and shown_form.step == step else StepForm(step=step, report=report, user=user) for step in steps]
    lines = lines_of(report) if lines is None else lines
    publishes = any(form.step.name == "publish_reply" for form in forms)
    open_step = shown_form.step.name if shown_form else "publish_reply" if publishes and not refused else ""
    replies = list(report.replies.select_related("body", "drafted_by", "published_by", "proof__photo"))
    draft = next((reply for reply in reversed(replies) if reply.published_at is None), None) if publishes else None
    photos = list(report.photos.annotate(metres_away=GeodesicDistance("taken_where", report.location)))
    may_call = Report.objects.filter(pk=report.pk).with_contact_open_to(mine.sight).exists()
    contact = shown_contact(user, report) if may_call else None
    alike = _alike(mine.sight, report) if not report.is_closed else []
    nearby = [near for near in _nearby(mine.sight, report) if near.pk not in {candidate.report.pk for candidate in alike}]
    queue = asked_queue(request, mine, now)
    before, after = queue.next_to(report) if queue else (None, None)
    context = {
        "desk": mine,
        "report": report,
        "urgency": Urgency(report, now, mine.soon),
        "escalated": Report.objects.filter(pk=report.pk).escalated().exists(),
        "contact": contact,
        "same_reporter": list(others_of_reporter(report, contact, mine.sight)) if contact else [],
        "may_call": may_call,
        "photos": [photo for photo in photos if photo.kind == Photo.Kind.REPORT],
        "answer_photos": [photo for photo in photos if photo.kind in {Photo.Kind.ANSWER, Photo.Kind.DRAFT}],
        "replies": [reply for reply in replies if reply != draft],  # a draft to be published stands in its form
        "draft": draft,
        "forms": [form for form in forms if form.step.name != "undo"],
        "undo": next((form for form in forms if form.step.name == "undo"), None),
        "questions": list(report.questions.select_related("asked_by")) if may_call else [],
        "templates": template_texts(report) if any(form.step.name == "draft_reply" for form in forms) else [],
        "may_look": any(step.name in ("show", "hide") for step in steps),
        "may_blur": any(step.name == "note" for step in steps),
        "open_step": open_step,
        "shown_form": shown_form,
        "refused": refused,
        "parts": list(report.parts.select_related("body", "asked_by", "answered_by")),
        "halves": list(_halves(mine.sight, report)),
        "lines": lines,
        "said_last": _said_last(lines),
        "why": _why(lines),
        "nearby": nearby,
        "alike": alike,
        "may_merge": any(step.name == "duplicate" for step in steps),
        "merged": list(
            report.duplicates.visible_to(mine.sight).select_related("category", "authority").prefetch_related("photos").order_by("pk")
        ),
        "query": request.GET.urlencode(),
        "back": _back(queue),
        "before": before,
        "after": after,
        "draft_proof": shown_proof(draft),
        "heartbeat": HEARTBEAT_SECONDS,
        "surveys": shown_surveys(report),
        "may_survey": may_survey(user, report),
        "map": _map(report, [*(candidate.report for candidate in alike), *nearby]),
        "return_texts": return_texts(report.language) if any("reason" in form.step.needs for form in forms) else {},
    }
    return render(request, "desk/report.html", context, status=status)


def shown_contact(user: User, report: Report) -> Contact | None:
    """Who reported; each look is logged, without what was seen."""
    contact = Contact.objects.filter(report=report).first()
    if contact is not None:
        logger.info("contact of report %s shown to user %s", report.code, user.pk)
    return contact


def lines_of(report: Report) -> list[Line]:
    """The timeline with names and notes, the latest last."""
    moments = full_timeline(report)
    people = User.objects.in_bulk({moment.event.actor_id for moment in moments if moment.event.actor_id})
    named = {moment.event.data.get(name, "") for moment in moments for name in ("by", *OTHERS)}
    bodies = {body.code: body.name for body in Body.objects.filter(code__in=named)}
    notes = {note.pk: note for note in report.notes.all()}
    return [
        Line(
            moment=moment,
            who=str(people.get(moment.event.actor_id, "")) if moment.event.actor_id else "",
            acting=bodies.get(moment.event.data.get("by", ""), ""),
            note=notes.get(moment.event.data.get("note", 0)),
            other=next((bodies.get(moment.event.data[name], "") for name in OTHERS if name in moment.event.data), ""),
        )
        for moment in moments
    ]


def _said_last(lines: list[Line]) -> Line | None:
    """The step that brought the report where it stands, if something was said with it: why a draft came back, why it is to be routed."""
    if lines and lines[-1].note and lines[-1].moment.event.kind in {"transfer", "refuse_transfer"}:
        return lines[-1]
    moved = [line for line in lines if line.moment.event.status_before != line.moment.event.status_after]
    return (
        moved[-1]
        if moved and moved[-1].note and moved[-1].moment.event.kind in {"send_back", "to_triage", "assign", "reopen", "not_fixed"}
        else None
    )


def _why(lines: list[Line]) -> list[str]:
    """Why the report is where it is: the latest trace in sentences, then who sent it on by hand."""
    why: list[str] = []
    for line in lines:
        if "trace" in line.moment.event.data:
            why = [step["text"] for step in explain(line.moment.event.data["trace"])]
        elif line.moment.event.kind in {"assign", "accept_transfer", "to_triage"}:
            why.append(f"{line.moment.text}.")
    return why


def _nearby(sight: Sight, report: Report) -> QuerySet[Report]:
    """Reports within half a kilometre that somebody may see, those of the same category first, then the nearest."""
    near = Report.objects.near(report.location, NEARBY_METRES, like=report.category).exclude(pk=report.pk)
    return near.public_or_visible_to(sight).for_list()[:MAX_NEARBY]


def _alike(sight: Sight, report: Report) -> list[Candidate]:
    """What may be of the same matter, among the reports that somebody may see."""
    others = Report.objects.exclude(pk=report.pk).public_or_visible_to(sight)
    return candidates(Matter.of(report), among=others, least=ALIKE, most=MAX_ALIKE)


def _halves(sight: Sight, report: Report) -> QuerySet[Report]:
    """The reports that were split off from this one, or that from which it was, as far as somebody may see them."""
    # Two questions to two indexes: as one with OR, PostgreSQL would go through all reports
    made, came_of = Split.objects.filter(original=report).order_by(), Split.objects.filter(report=report).order_by()
    keys = made.values_list("report", flat=True).union(came_of.values_list("original", flat=True))
    return Report.objects.filter(pk__in=list(keys)).public_or_visible_to(sight).select_related("category", "authority").order_by("pk")


def _back(queue: Queue | None) -> str:
    return desk_address("desk", query=queue.asked.parameters() if queue else None)


def _map(report: Report, nearby: list[Report]) -> dict[str, Any]:
    """Points for the small map: the spot, as filed too where it was moved, and what lies near."""
    return {
        "lat": report.location.y,
        "lon": report.location.x,
        "accuracy": report.accuracy_m,
        "features": [
            {
                "type": "Feature",
                "geometry": {"type": "Point", "coordinates": [round(found.location.x, 6), round(found.location.y, 6)]},
                "properties": {"cluster": False, "code": found.code, "status": found.status},
            }
            for found in (*nearby, report)
        ],
    }
