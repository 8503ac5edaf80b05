"""What somebody at the desk chooses for himself or herself: how to be told of what is new."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from reports.desk_models import DeskSettings, Telling
from reports.queue import Desk
from reports.views.desk import elsewhere, user_of


class DeskSettingsForm(forms.Form):
    """How to be told."""

    telling = forms.ChoiceField(choices=Telling, widget=forms.RadioSelect)

    def __init__(self, *arguments: object, **more: object) -> None:
        super().__init__(*arguments, **more)  # type: ignore[arg-type]
        self.fields["telling"].label = _("How shall we tell you what is new for you?")


@require_http_methods(["GET", "HEAD", "POST"])
def desk_settings(request: HttpRequest) -> HttpResponse:
    """The page of the choice."""
    mine = Desk.of(user_of(request))
    if not mine.is_open:
        return elsewhere(request, mine)
    chosen = DeskSettings.objects.filter(user=mine.user).first()
    form = DeskSettingsForm(request.POST or None, initial={"telling": chosen.telling if chosen else Telling.DAILY})
    if request.method == "POST" and form.is_valid():
        DeskSettings.objects.update_or_create(user=mine.user, defaults={"telling": form.cleaned_data["telling"]})
        messages.success(request, _("Your choice is saved."))
        return redirect("reports:desk_settings")
    context = {"form": form, "address": mine.user.email}
    return render(request, "desk/settings.html", context, status=422 if form.errors else 200)
