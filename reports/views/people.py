"""The people of a body, for its head: what each has in hand, who stands in for whom, and handing over."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods

from authorities.models import Body, Membership, Role
from reports.desk_forms import handlers_of
from reports.services.people import arrange_stand_in, hand_over_work
from reports.views.desk import user_of
from reports.workflow import HANDLERS, IN_HAND

if TYPE_CHECKING:
    from accounts.models import User


class PeopleForm(forms.Form):
    """One of the two forms, for the people of a body."""

    def __init__(self, data: Any = None, *, asked: dict[str, forms.Field]) -> None:
        super().__init__(data, auto_id=f"{type(self).__name__.lower()}_%s")
        self.fields.update(asked)

    def refuse(self, error: ValidationError) -> None:
        """Puts what the service refused beside the fields."""
        for name, sentences in error.message_dict.items():
            self.add_error(name if name in self.fields else None, list(sentences))


def _person(label: str, body: Body) -> forms.Field:
    return forms.ModelChoiceField(
        handlers_of(body), label=label, empty_label=_("Choose a person"), error_messages={"required": _("Choose a person.")}
    )


def _day() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"})


class StandInForm(PeopleForm):
    """Who is away, who stands in, and from when to when."""

    def __init__(self, data: Any = None, *, body: Body) -> None:
        asked = {
            "absent": _person(_("Who is away"), body),
            "stand_in": _person(_("Who stands in"), body),
            "since": forms.DateField(label=_("First day"), initial=timezone.localdate, widget=_day()),
            "until": forms.DateField(label=_("Last day"), widget=_day()),
        }
        super().__init__(data, asked=asked)


class HandOverForm(PeopleForm):
    """Whose open reports go to whom."""

    def __init__(self, data: Any = None, *, body: Body) -> None:
        super().__init__(data, asked={"leaver": _person(_("Whose reports"), body), "to": _person(_("Who takes them on"), body)})


@require_http_methods(["GET", "HEAD", "POST"])
@cache_control(private=True, no_store=True)
def people(request: HttpRequest) -> HttpResponse:
    """The people of the bodies that somebody heads; to anybody else there is no such page."""
    user = user_of(request)
    bodies = list(Body.objects.of(user, Role.HEAD).order_by("name"))
    if not bodies:
        raise Http404
    body = next((body for body in bodies if body.code == request.GET.get("body")), bodies[0])
    posted = request.POST.get("form") if request.method == "POST" else None
    stand_in = StandInForm(request.POST if posted == "stand_in" else None, body=body)
    hand_over = HandOverForm(request.POST if posted == "hand_over" else None, body=body)
    form = {"stand_in": stand_in, "hand_over": hand_over}.get(posted or "")
    if form is not None and form.is_valid():
        try:
            sentence = _arrange(body, form.cleaned_data) if form is stand_in else _hand_over(body, form.cleaned_data, user)
        except ValidationError as error:
            form.refuse(error)
        else:
            messages.success(request, sentence)
            return redirect(request.get_full_path())
    context = {"body": body, "bodies": bodies, "rows": _rows(body), "stand_in": stand_in, "hand_over": hand_over}
    return render(request, "desk/people.html", context, status=422 if form is not None else 200)


def _arrange(body: Body, said: dict[str, Any]) -> str:
    arrange_stand_in(body=body, **said)
    return _("%(stand_in)s stands in for %(absent)s.") % {"stand_in": said["stand_in"], "absent": said["absent"]}


def _hand_over(body: Body, said: dict[str, Any], user: User) -> str:
    done, refused = hand_over_work(body=body, leaver=said["leaver"], to=said["to"], actor=user)
    sentence = ngettext("%(count)d report was handed over.", "%(count)d reports were handed over.", done) % {"count": done}
    if refused:
        sentence += " " + ngettext("%(count)d was not.", "%(count)d were not.", refused) % {"count": refused}
    return sentence


def _rows(body: Body) -> list[dict[str, Any]]:
    """The people of a body, with what they have in hand and whom they stand in for, now or later; three queries."""
    today = timezone.localdate()
    people = handlers_of(body).annotate(in_hand=Count("reports", filter=Q(reports__authority=body, reports__status__in=IN_HAND)))
    held = Membership.objects.filter(body=body, role__in=HANDLERS, user__in=people).exclude(validity__fully_lt=(today, None))
    rows: dict[int, dict[str, Any]] = {person.pk: {"person": person, "roles": [], "stands_in": []} for person in people}
    for membership in held.select_related("standing_in_for").order_by("validity", "pk"):
        row = rows[membership.user_id]
        if membership.standing_in_for is None:
            row["roles"].append(membership.get_role_display())
        else:
            row["stands_in"].append(
                {"absent": membership.standing_in_for, "since": membership.validity.lower, "until": _last_day(membership)}
            )
    return list(rows.values())


def _last_day(membership: Membership) -> date | None:
    upper = membership.validity.upper
    return date.fromordinal(upper.toordinal() - 1) if upper else None
