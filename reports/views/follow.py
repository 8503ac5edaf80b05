"""Following a report or a territory by e-mail: asking, confirming, unsubscribing. All of it works without scripts; a link alone changes nothing, mail scanners follow links."""

from __future__ import annotations

from datetime import date

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from boundaries.models import Unit
from reports import following
from reports.mails import Purpose
from reports.models import Follow, UnitFollow
from reports.news import territory_of
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
        return answered(request, title=_("Follow this report by e-mail?"), text=text, button=_("Yes, follow"))
    following.confirm(follow, purpose)
    text = _("You will get a mail at each step of report %(code)s. Each has a link to end it.") % {"code": name}
    return answered(
        request, title=_("You follow this report"), text=text, link=follow.report.get_absolute_url(), link_word=_("Open the report")
    )


@login_not_required
@csrf_exempt  # mail programs post here by themselves (RFC 8058), without cookies and without following redirects
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, follow_id: int, token: str) -> HttpResponse:
    """The page of the link in each mail: its button, or the mail program's own, ends the mails."""
    if not is_follow_token(token, Purpose.UNSUBSCRIBE, follow_id):
        raise Http404
    if request.method != "POST":
        text = _("You will get no more mails about this report.")
        return answered(request, title=_("End these mails?"), text=text, button=_("Yes, end them"))
    following.end(Follow, follow_id)
    return answered(request, title=_("You get no more mails about this report"), text="")


# --- territories --------------------------------------------------------------------------------------------------------


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def follow_unit(request: HttpRequest, code: str) -> HttpResponse:
    """Asks an address whether it wants to follow the territory of the unit that has the code on a day (`?on=`, default: today)."""
    try:
        day = date.fromisoformat(request.GET["on"]) if request.GET.get("on") else timezone.localdate()
    except ValueError:
        raise Http404 from None
    unit = Unit.objects.in_force(day).filter(code=code).lowest_first().first()
    if unit is None:
        raise Http404
    form = FollowForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        context = {"form": form, "unit": unit, "territory": territory_of(unit)}
        return render(request, "reports/follow_unit.html", context, status=422 if form.is_bound else 200)
    wait = throttled(request, "follow")
    if wait is not None:
        return too_many(request, wait)
    following.ask_to_follow_unit(unit, email=form.cleaned_data["email"], language=get_language() or "vi")
    messages.success(request, _("If the address is right, a mail is on its way to it. Open the mail and confirm."))
    return redirect(unit)


@login_not_required
@csrf_exempt  # the link's token is the authority, not a cookie
@require_http_methods(["GET", "HEAD", "POST"])
def unit_follow_confirm(request: HttpRequest, follow_id: int, token: str) -> HttpResponse:
    """The page of the confirmation link: its button begins the mails."""
    found = UnitFollow.objects.select_related("unit").filter(pk=follow_id)
    follow = found.first() if is_follow_token(token, Purpose.CONFIRM_UNIT, follow_id) else None
    if follow is None:
        raise Http404
    territory = territory_of(follow.unit)
    if request.method != "POST":
        text = _("At most one mail a day will tell you of new and resolved reports in this territory: %(territory)s.") % {
            "territory": territory
        }
        return answered(request, title=_("Follow this territory by e-mail?"), text=text, button=_("Yes, follow"))
    following.confirm_unit(follow)
    text = _("At most one mail a day will tell you of new and resolved reports there. Each has a link to end it.")
    return answered(
        request,
        title=_("You follow the territory of %(territory)s") % {"territory": territory},
        text=text,
        link=follow.unit.get_absolute_url(),
        link_word=_("To its page"),
    )


@login_not_required
@csrf_exempt  # mail programs post here by themselves (RFC 8058), without cookies and without following redirects
@require_http_methods(["GET", "HEAD", "POST"])
def unit_unsubscribe(request: HttpRequest, follow_id: int, token: str) -> HttpResponse:
    """The page of the link in each mail: its button, or the mail program's own, ends the mails."""
    if not is_follow_token(token, Purpose.UNSUBSCRIBE_UNIT, follow_id):
        raise Http404
    if request.method != "POST":
        text = _("You will get no more mails about this territory.")
        return answered(request, title=_("End these mails?"), text=text, button=_("Yes, end them"))
    following.end(UnitFollow, follow_id)
    return answered(request, title=_("You get no more mails about this territory"), text="")


def answered(request: HttpRequest, **context: str) -> HttpResponse:
    """One question with one button, or the answer; nothing of the address goes on to others."""
    response = render(request, "reports/follow_answer.html", context)
    response.headers["Referrer-Policy"] = "no-referrer"  # the address holds a token
    response.headers["Cache-Control"] = "no-store"
    return response
