"""Rating an answer, by the private link and without scripts; and the coordinator's look at comments before they are public."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from authorities.models import Criterion
from reports.codes import normalised
from reports.models import Report
from reports.queue import Desk
from reports.rating_models import MAX_COMMENT, Rating
from reports.services import CaseworkError, NotRatable, Opinion, judge_comment, ratable, rate
from reports.services.rating import MAX_PROBLEM, Ratable
from reports.throttling import throttled, too_many
from reports.tidy_field import TidyField
from reports.tracking import is_reporter, readable_report, swap_token
from reports.views.desk import elsewhere, user_of
from reports.workflow import PUBLISHERS

SCORES = (
    (1, gettext_lazy("very bad")),
    (2, gettext_lazy("bad")),
    (3, gettext_lazy("fair")),
    (4, gettext_lazy("good")),
    (5, gettext_lazy("very good")),
)
WAITING_AT_ONCE = 50


class RatingForm(forms.Form):
    """What a reporter may say of an answer at this moment; the service judges it."""

    reply = forms.IntegerField(widget=forms.HiddenInput, min_value=1)
    fixed = forms.ChoiceField(
        label=gettext_lazy("Is it settled?"),
        choices=[("yes", gettext_lazy("Yes, it is settled")), ("no", gettext_lazy("No, it is not fixed"))],
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose yes or no.")},
    )
    problem = TidyField(
        label=gettext_lazy("What is not fixed?"),
        max_length=MAX_PROBLEM,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    comment = TidyField(
        label=gettext_lazy("Comment"),
        max_length=MAX_COMMENT,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("Everybody can read it, after somebody has looked at it. Write no names and phone numbers."),
    )

    def __init__(self, data: Any = None, *, open_now: Ratable) -> None:
        self.criteria = list(Criterion.objects.asked(timezone.localdate()))
        former = open_now.rating
        given = {score.criterion_id: score.value for score in former.scores.all()} if former else {}
        first: dict[str, Any] = {"reply": open_now.number, "comment": former.comment if former else ""}
        first |= {f"score_{criterion.code}": given.get(criterion.pk) for criterion in self.criteria}
        super().__init__(data, auto_id="%s", initial=first)
        if not open_now.may_say_not_fixed:
            del self.fields["fixed"], self.fields["problem"]
        if not open_now.may_rate:
            del self.fields["comment"]
            self.criteria = []
        for criterion in self.criteria:
            self.fields[f"score_{criterion.code}"] = forms.TypedChoiceField(
                label=criterion.question_text,
                choices=SCORES,
                coerce=int,
                empty_value=None,
                required=False,
                widget=forms.RadioSelect,
                error_messages={"invalid_choice": _("Choose a number from 1 to 5.")},
            )

    @property
    def scores(self) -> list[forms.BoundField]:
        """The fields of the criteria, in their order."""
        return [self[f"score_{criterion.code}"] for criterion in self.criteria]

    def opinion(self) -> Opinion:
        """What was said, for the service."""
        said = self.cleaned_data
        given = {criterion.code: said.get(f"score_{criterion.code}") for criterion in self.criteria}
        return Opinion(
            scores={code: value for code, value in given.items() if value is not None},
            comment=said.get("comment", ""),
            is_fixed=said.get("fixed", "yes") == "yes",
            problem=said.get("problem", ""),
        )

    def refuse(self, error: ValidationError) -> None:
        """Puts what the service refused beside the fields."""
        for name, sentences in error.message_dict.items():
            field = name.replace("scores.", "score_", 1)
            self.add_error(field if field in self.fields else None, list(sentences))


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
@cache_control(private=True, no_store=True)
def rating(request: HttpRequest, code: str) -> HttpResponse:
    """The form of the reporter, known by the private link; of anybody else's there is no such page."""
    named = Report.objects.filter(code=normalised(code) or "").first()
    swapped = swap_token(request, named) if named and request.method != "POST" else None
    if swapped is not None:
        return swapped
    report = readable_report(request, code)
    if not is_reporter(request, report):
        raise Http404
    open_now = ratable(report)
    if open_now is None or not open_now.is_open:
        return _nothing_to_say(request, report, 409 if request.method == "POST" else 200)
    form = RatingForm(request.POST if request.method == "POST" else None, open_now=open_now)
    if not form.is_valid():
        return _form_page(request, report, open_now, form)
    wait = throttled(request, "rate")
    if wait is not None:
        return too_many(request, wait)
    opinion = form.opinion()
    try:
        rate(report.pk, opinion=opinion, number=form.cleaned_data["reply"])
    except NotRatable as error:
        form.add_error(None, str(error))
        return _form_page(request, report, open_now, form, status=409)
    except ValidationError as error:
        form.refuse(error)
        return _form_page(request, report, open_now, form)
    messages.success(request, _said(opinion, open_now))
    return redirect(report)


def _said(opinion: Opinion, open_now: Ratable) -> str:
    if not opinion.is_fixed and open_now.goes_to_portal:
        return _("Thank you. As it has come back several times, the coordinator now looks at it.")
    if not opinion.is_fixed:
        return _("Thank you. The report is open again, and %(body)s has your words.") % {"body": open_now.reply.body.name}
    if opinion.comment:
        return _("Thank you for your rating. Your comment is shown after somebody has looked at it.")
    return _("Thank you for your rating.")


def _form_page(request: HttpRequest, report: Report, open_now: Ratable, form: RatingForm, status: int | None = None) -> HttpResponse:
    context = {"report": report, "open_now": open_now, "form": form, "reply": open_now.reply}
    return render(request, "reports/rating.html", context, status=status or (422 if form.is_bound else 200))


def _nothing_to_say(request: HttpRequest, report: Report, status: int) -> HttpResponse:
    """There is no reply to be rated, or not any more: a second press of the button too ends here, and is told where the report stands."""
    return render(request, "reports/rating.html", {"report": report}, status=status)


# --- comments, before they are public -----------------------------------------------------------------------------------


@require_safe
@cache_control(private=True, no_store=True)
def comments(request: HttpRequest) -> HttpResponse:
    """Comments that wait for this coordinator, the oldest first."""
    mine = Desk.of(user_of(request))
    if not mine.roles & PUBLISHERS:
        return elsewhere(request, mine)
    return _comments_page(request, mine)


@require_POST
@cache_control(private=True, no_store=True)
def comment(request: HttpRequest, rating_id: int) -> HttpResponse:
    """Shows a comment to everybody, or keeps it out."""
    mine = Desk.of(user_of(request))
    if not mine.roles & PUBLISHERS:
        return elsewhere(request, mine)
    decision = request.POST.get("decision")
    if decision not in ("show", "refuse"):
        raise Http404
    waiting = Rating.objects.comments_waiting_for(mine.user).filter(pk=rating_id).first()
    if waiting is None:
        raise Http404
    read = request.POST.get("read", "").replace("\r\n", "\n")
    try:
        judge_comment(rating_id, show=decision == "show", actor=mine.user, read=read)
    except Rating.DoesNotExist:
        raise Http404 from None
    except CaseworkError as error:
        messages.warning(request, str(error))
        return _comments_page(request, mine, status=409)
    messages.success(request, _("The comment is shown.") if decision == "show" else _("The comment is not shown."))
    return redirect("reports:comments")


def _comments_page(request: HttpRequest, mine: Desk, status: int = 200) -> HttpResponse:
    waiting = Rating.objects.comments_waiting_for(mine.user).order_by("given_at", "pk")
    rows = list(
        waiting.select_related("reply__body", "reply__report__category", "reply__report__unit").prefetch_related("scores__criterion")[
            :WAITING_AT_ONCE
        ]
    )
    return render(request, "desk/comments.html", {"desk": mine, "rows": rows}, status=status)
