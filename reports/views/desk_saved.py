"""Saved filters: kept and deleted by the one whose they are; for everybody else there are none."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from reports.desk_models import SavedFilter
from reports.queue import Desk
from reports.saved import save_filter
from reports.views.desk import asked_of, desk_address, elsewhere, user_of


@require_POST
def save(request: HttpRequest) -> HttpResponse:
    """Keeps what the address asks for under the name that was typed."""
    mine = Desk.of(user_of(request))
    if not mine.is_open:
        return elsewhere(request, mine)
    asked = asked_of(request, mine)
    try:
        kept = save_filter(mine.user, name=request.POST.get("name", ""), asked=asked)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, _("Saved: %(name)s.") % {"name": kept.name})
    return redirect(desk_address("desk", query=asked.parameters()))


@require_POST
def delete(request: HttpRequest, filter_id: int) -> HttpResponse:
    """Deletes a filter of one's own; another's does not exist."""
    kept = get_object_or_404(SavedFilter, pk=filter_id, user=user_of(request))
    kept.delete()
    messages.success(request, _("Deleted: %(name)s.") % {"name": kept.name})
    return redirect(f"{desk_address('desk')}?{kept.query}")
