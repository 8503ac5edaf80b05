"""Following a report by e-mail: asking, confirming, unsubscribing. All of it works without scripts; a link alone changes nothing, mail scanners follow links."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from reports import following
from reports.mails import Purpose
from reports.models import Follow
from reports.throttling import throttled, too_many
from reports.tokens import is_follow_token
from reports.tracking import is_reporter, readable_report


class FollowForm(forms.Form):
    """The address that wants to be told."""

    email = forms.EmailField(
        label=gettext_lazy("E-mail"),
        max_length=254,
        help_text=gettext_lazy("It is shown to nobody and used for nothing else."),
        widget=forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email"}),
    )


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def follow(request: HttpRequest, code: str) -> HttpResponse:
    """Asks an address whether it wants to follow; the answer is the same whatever we know of the address."""
    report = readable_report(request, code)
    as_reporter = is_reporter(request, report)
    if not (report.is_public or as_reporter):
        raise Http404  # officers have the desk
    form = FollowForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return render(request, "reports/follow.html", {"form": form, "report": report}, status=422 if form.is_bound else 200)
    wait = throttled(request, "follow")
    if wait is not None:
        return too_many(request, wait)
    following.ask_to_follow(report, email=form.cleaned_data["email"], language=get_language() or "vi", as_reporter=as_reporter)
    messages.success(request, _("If the address is right, a mail is on its way to it. Open the mail and confirm."))
    return redirect(report)


@login_not_required
@csrf_exempt  # the link's token is the authority, not a cookie
@require_http_methods(["GET", "HEAD", "POST"])
def follow_confirm(request: HttpRequest, follow_id: int, token: str) -> HttpResponse:
    """The page of the confirmation link: its button begins the mails."""
    purpose = following.asked_for(follow_id, token)
    follow = Follow.objects.select_related("report__category", "report__unit").filter(pk=follow_id).first() if purpose else None
    if purpose is None or follow is None or not (follow.report.is_public or purpose == Purpose.CONFIRM_REPORTER):
        raise Http404
    name = follow.report.readable_code
    if request.method != "POST":
        text = _("You will get a mail at each step of report %(code)s.") % {"code": name}
        return _answer(request, title=_("Follow this report by e-mail?"), text=text, button=_("Yes, follow"))
    following.confirm(follow, purpose)
    text = _("You will get a mail at each step of report %(code)s. Each has a link to end it.") % {"code": name}
    return _answer(
        request, title=_("You follow this report"), text=text, link=follow.report.get_absolute_url(), link_word=_("Open the report")
    )


@login_not_required
@csrf_exempt  # mail programs post here by themselves (RFC 8058), without cookies and without following redirects
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, follow_id: int, token: str) -> HttpResponse:
    """The page of the link in each mail: its button, or the mail program's own, ends the mails."""
    if not is_follow_token(token, "unsubscribe", follow_id):
        raise Http404
    if request.method != "POST":
        text = _("You will get no more mails about this report.")
        return _answer(request, title=_("End these mails?"), text=text, button=_("Yes, end them"))
    following.end(follow_id)
    return _answer(request, title=_("You get no more mails about this report"), text="")


def _answer(request: HttpRequest, **context: str) -> HttpResponse:
    response = render(request, "reports/follow_answer.html", context)
    response.headers["Referrer-Policy"] = "no-referrer"  # the address holds a token
    response.headers["Cache-Control"] = "no-store"
    return response
