"""What the reporter does from the page of the own report: answers a question, withdraws it."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_POST

from reports.reporter_forms import AnswerForm
from reports.services import StepNotAllowed, Words, take_reporters_step
from reports.tracking import is_reporter, readable_report
from reports.views.pages import report_context
from reports.workflow import STEPS


@login_not_required
@require_POST
@cache_control(private=True, no_store=True)
def reporter_step(request: HttpRequest, code: str, step: str) -> HttpResponse:
    """Takes a step of the reporter, known by the cookie of the private link; to anybody else there is no such address."""
    report = readable_report(request, code)
    if step not in STEPS or not STEPS[step].by_reporter or not is_reporter(request, report):
        raise Http404
    form = AnswerForm(request.POST) if step == "answer" else None
    if form is None or form.is_valid():
        try:
            take_reporters_step(report.pk, step=step, words=Words(answer=form.cleaned_data["answer"]) if form else None)
        except StepNotAllowed as error:
            typed = form.cleaned_data["answer"] if form else ""
            return render(
                request, "reports/report.html", report_context(request, report) | {"refused": str(error), "typed": typed}, status=409
            )
        except ValidationError as error:
            assert form is not None  # noqa: S101  only an answer needs words
            form.add_error(None, [sentence for sentences in error.message_dict.values() for sentence in sentences])
        else:
            messages.success(request, _("Thank you: the body in charge has your answer.") if form else _("Your report is withdrawn."))
            return redirect(report.get_absolute_url())
    return render(request, "reports/report.html", report_context(request, report, form), status=422)
