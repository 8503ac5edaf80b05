"""A change of territory: the editions, what putting one in force would do, doing it, and taking it back. For administrators; coordinators may look."""

from __future__ import annotations

from datetime import date
from itertools import groupby

from django.contrib import messages
from django.db.models import Count, F
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from authorities.models import Membership, Role
from boundaries.editions import EditionError
from boundaries.models import Edition
from reports.models import Activation
from reports.territory import Rehearsal, rehearse, undo_activation
from reports.territory.jobs import ask_for_activation
from reports.territory.listing import lines, write_csv
from reports.views.desk import user_of

MAX_ROWS = 200  # of one kind on the page; the table for spreadsheets has all
EVERY_SECONDS = 2  # the page of an activation under way is loaded again


def may_decide(user: User) -> bool:
    """Whether somebody may put editions in force."""
    return user.is_active and user.has_perm("boundaries.change_edition")


def _may_look(user: User) -> bool:
    return may_decide(user) or Membership.objects.held_by(user).filter(role=Role.COORDINATOR).exists()


def _looking(request: HttpRequest) -> User:
    user = user_of(request)
    if not _may_look(user):
        raise Http404
    return user


@require_safe
@never_cache
def editions(request: HttpRequest) -> HttpResponse:
    """All editions, drafts first, and the activations that were asked for."""
    user = _looking(request)
    found = Edition.objects.annotate(count=Count("units")).order_by(F("state").desc(), F("valid_from").desc(nulls_last=True), "name")
    order = {Edition.State.DRAFT: 0, Edition.State.ACTIVE: 1, Edition.State.WITHDRAWN: 2}
    return render(
        request,
        "territory/editions.html",
        {
            "editions": sorted(found, key=lambda edition: order[Edition.State(edition.state)]),
            "activations": Activation.objects.select_related("edition", "asked_by")[:30],
            "may_decide": may_decide(user),
        },
    )


@require_safe
@never_cache
def rehearsal(request: HttpRequest, edition_id: int) -> HttpResponse:
    """What putting an edition in force from a day (`?on=`) would do."""
    user = _looking(request)
    edition = get_object_or_404(Edition, pk=edition_id)
    on, wrong = _day(request)
    found, refused = None, wrong
    if not wrong and edition.state != Edition.State.ACTIVE:
        try:
            found = rehearse(edition=edition, on=on)
        except EditionError as error:
            refused = str(error)
    return render(
        request,
        "territory/rehearsal.html",
        {
            "edition": edition,
            "on": on or edition.valid_from or timezone.localdate(),
            "typed": request.GET.get("on", ""),
            "rehearsal": found,
            "sections": _sections(found) if found else {},
            "digest": found.digest() if found else "",
            "refused": refused,
            "in_force": edition.state == Edition.State.ACTIVE,
            "activation": Activation.objects.filter(edition=edition, state__in=["waiting", "done"]).first(),
            "may_decide": may_decide(user),
            "max_rows": MAX_ROWS,
        },
        status=400 if wrong else 200,
    )


@require_safe
@never_cache
def rehearsal_csv(request: HttpRequest, edition_id: int) -> HttpResponse:
    """The same as a table for spreadsheets."""
    _looking(request)
    edition = get_object_or_404(Edition, pk=edition_id)
    on, wrong = _day(request)
    try:
        if wrong:
            raise EditionError(wrong)
        found = rehearse(edition=edition, on=on)
    except EditionError as error:
        return HttpResponse(str(error), status=400, content_type="text/plain; charset=utf-8")
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="rehearsal-{edition.pk}-{found.on:%Y-%m-%d}.csv"'
    write_csv(found, response)  # type: ignore[arg-type]  # it has `write`, which is all that is needed
    return response


@require_POST
def activate(request: HttpRequest, edition_id: int) -> HttpResponse:
    """Asks for an activation as it was rehearsed; a worker does it."""
    user = user_of(request)
    if not may_decide(user):
        raise Http404
    edition = get_object_or_404(Edition, pk=edition_id)
    digest, day = request.POST.get("digest", ""), _parsed(request.POST.get("on", ""))
    if day is None or len(digest) != 64:
        messages.error(request, _("This page was incomplete: look at the rehearsal once more, then activate."))
        return redirect("reports:rehearsal", edition_id=edition.pk)
    try:
        asked = ask_for_activation(edition=edition, on=day, actor=user, digest=digest)
    except EditionError as error:
        messages.error(request, str(error))
        return redirect("reports:rehearsal", edition_id=edition.pk)
    return redirect("reports:activation", activation_id=asked.pk)


@require_safe
@never_cache
def activation(request: HttpRequest, activation_id: int) -> HttpResponse:
    """How an activation stands; loaded again by itself while a worker is at it."""
    user = _looking(request)
    found = get_object_or_404(Activation.objects.select_related("edition", "asked_by", "undone_by"), pk=activation_id)
    response = render(
        request, "territory/activation.html", {"activation": found, "may_decide": may_decide(user), "today": timezone.localdate()}
    )
    if found.state == Activation.State.WAITING:
        response["Refresh"] = str(EVERY_SECONDS)
    return response


@require_POST
def undo(request: HttpRequest, activation_id: int) -> HttpResponse:
    """Takes an activation back while nobody has taken a step since."""
    user = user_of(request)
    if not may_decide(user):
        raise Http404
    found = get_object_or_404(Activation, pk=activation_id)
    try:
        undo_activation(activation=found, actor=user)
    except EditionError as error:
        messages.error(request, str(error))
    return redirect("reports:activation", activation_id=found.pk)


def _sections(found: Rehearsal) -> dict[str, list[object]]:
    """The lines of a rehearsal by kind."""
    by_kind = sorted(lines(found), key=lambda line: line.what)
    return {kind: list(group) for kind, group in groupby(by_kind, key=lambda line: line.what)}


def _day(request: HttpRequest) -> tuple[date | None, str]:
    text = request.GET.get("on", "").strip()
    day = _parsed(text)
    if text and day is None:
        return None, _("“%(text)s” is not a day; write it as 2025-07-01.") % {"text": text[:20]}
    return day, ""


def _parsed(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
