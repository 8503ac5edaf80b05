"""Several reports of the queue at once: chosen by check boxes, told apart in the answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_POST

from authorities.models import Category
from reports.bulk import MOST, Chosen, Outcome, Refusal, bulk_steps, chosen_of, take_step_on_each, visible_chosen
from reports.desk_forms import StepForm
from reports.models import Report
from reports.queue import Desk
from reports.services import Words, offered_steps
from reports.urgency import Urgency, soon_until
from reports.views.desk import desk_address, elsewhere, user_of
from reports.workflow import Status, Step

if TYPE_CHECKING:
    from accounts.models import User


@dataclass(frozen=True)
class BulkRow:
    """A chosen report as the page shows it: the value of its check box, and why the step was not taken on it."""

    report: Report | None
    value: str
    sentence: str = ""
    is_open: bool = True
    is_ticked: bool = True


class BulkForm(StepForm):
    """What has to be said with a step, once for all the chosen reports; fields that depend on the report are those of the first."""

    def __init__(self, data: Any = None, *, step: Step, report: Report, user: User) -> None:
        super().__init__(data, step=step, report=report, user=user)
        del self.fields["version"]  # each report has its own, beside its check box

    def _category_field(self) -> forms.Field:
        field = super()._category_field()
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101  for the type checker
        field.queryset = Category.objects.fileable()
        return field


@require_POST
@cache_control(private=True, no_store=True)
def desk_bulk(request: HttpRequest) -> HttpResponse:
    """Asks what has to be said with a step, then takes it on each chosen report; says which were done, and which not and why."""
    mine = Desk.of(user_of(request))
    if not mine.is_open:
        return elsewhere(request, mine)
    step = {step.name: step for step in bulk_steps(mine.roles, Status)}.get(request.POST.get("step", ""))
    if step is None:
        raise Http404
    chosen = chosen_of(request.POST.getlist("report"))
    if not step.needs and len(chosen) <= MOST and not request.accepts("text/html"):
        return _as_json(take_step_on_each(chosen, step=step.name, actor=mine.user, words=Words()))
    listed = chosen_of([*request.POST.getlist("report"), *request.POST.getlist("listed")])
    known = visible_chosen(listed, mine.user)
    if not known or len(listed) > MOST:
        return _none(request, listed)
    first = next(iter(known.values()))
    is_said = "said" in request.POST or not step.needs
    form = BulkForm(request.POST if is_said else None, step=step, report=first, user=mine.user)
    if is_said and not chosen:
        form.add_error(None, _("Choose reports first: tick the boxes at their left."))
    if not is_said or not form.is_valid():
        rows = [BulkRow(known[one.code], f"{one.code}.{one.version}", is_ticked=one in chosen) for one in listed if one.code in known]
        return _page(request, mine, form, rows, status=422 if is_said else 200)
    outcome = take_step_on_each(chosen, step=step.name, actor=mine.user, words=form.words())
    if outcome.done:
        messages.success(request, _done(step, outcome))
    if not outcome.refused:
        return redirect(_back(request))
    return _page(request, mine, form, [_left(refusal, step, mine.user) for refusal in outcome.refused], outcome=outcome, status=409)


@require_POST
@cache_control(private=True, no_store=True)
def desk_print(request: HttpRequest) -> HttpResponse:
    """The chosen reports as sheets to take along: what was said and where, nothing of who said it."""
    mine = Desk.of(user_of(request))
    if not mine.is_open:
        return elsewhere(request, mine)
    chosen = chosen_of(request.POST.getlist("report"))
    known = visible_chosen(chosen[:MOST], mine.user)
    if not known:
        return _none(request, chosen)
    now = timezone.now()
    soon = soon_until(now)
    sheets = [{"report": report, "urgency": Urgency(report, now, soon)} for report in known.values()]
    return render(request, "desk/print.html", {"sheets": sheets, "back": _back(request), "now": now})


def _left(refusal: Refusal, step: Step, user: User) -> BulkRow:
    """A report on which the step was not taken; ticked for another try where the step is open."""
    if refusal.report is None:
        return BulkRow(None, refusal.chosen.code, refusal.sentence, is_open=False)
    return BulkRow(refusal.report, refusal.again, refusal.sentence, is_open=step in offered_steps(user, refusal.report))


def _done(step: Step, outcome: Outcome) -> str:
    count = len(outcome.done)
    told = ngettext("Done: %(step)s (%(count)d report).", "Done: %(step)s (%(count)d reports).", count)
    return told % {"step": step.label, "count": count}


def _none(request: HttpRequest, chosen: list[Chosen]) -> HttpResponse:
    """Nothing to do: why, on the queue."""
    if len(chosen) > MOST:
        messages.error(request, _("At most %(count)d reports at once.") % {"count": MOST})
    else:
        messages.error(request, _("Choose reports first: tick the boxes at their left."))
    return redirect(_back(request))


def _as_json(outcome: Outcome) -> JsonResponse:
    answer = {
        "done": [report.code for report in outcome.done],
        "refused": [{"code": refusal.chosen.code, "sentence": refusal.sentence} for refusal in outcome.refused],
    }
    return JsonResponse(answer, status=409 if outcome.refused else 200)


def _page(
    request: HttpRequest, mine: Desk, form: BulkForm, rows: list[BulkRow], *, outcome: Outcome | None = None, status: int
) -> HttpResponse:
    """The form of the step over the list of what it is for; after a try, those on which it was not taken and why."""
    context = {
        "desk": mine,
        "form": form,
        "rows": rows,
        "outcome": outcome,
        "may_again": any(row.is_open for row in rows),
        "back": _back(request),
        "query": request.GET.urlencode(),
    }
    return render(request, "desk/bulk.html", context, status=status)


def _back(request: HttpRequest) -> str:
    """The queue as it was asked for."""
    return desk_address("desk", query=request.GET.dict())
