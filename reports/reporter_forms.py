"""What the page of a report offers to its reporter, who is known by the private link."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _

from reports.models import MAX_QUESTION, Report
from reports.services import open_to_reporter
from reports.tidy_field import TidyField


class AnswerForm(forms.Form):
    """The answer to what the body asks."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["answer"] = TidyField(
            label=_("Your answer"),
            help_text=_("Only the body in charge reads it."),
            max_length=MAX_QUESTION,
            widget=forms.Textarea(attrs={"rows": 4, "maxlength": MAX_QUESTION}),
            error_messages={"required": _("Write your answer.")},
        )


def reporters_part(report: Report, form: AnswerForm | None = None) -> dict[str, Any]:
    """What the page shows to the reporter alone: the questions, the form for an answer, whether the report may be withdrawn."""
    steps = {step.name for step in open_to_reporter(report)}
    questions = list(report.questions.select_related("body"))
    waits = "answer" in steps and any(asked.answered_at is None for asked in questions)
    return {
        "questions": questions,
        "answer_form": (form or AnswerForm()) if waits else None,
        "may_withdraw": "withdraw" in steps,
        "answer_by": report.stage_due_at if waits and not report.is_closed else None,
    }
