"""The desk: the queue of reports that wait for somebody, beside its map."""

from __future__ import annotations

from datetime import date, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlencode

from allauth.mfa.utils import is_mfa_enabled
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from authorities.models import Role
from boundaries.models import Unit
from boundaries.places import search_places
from reports.bulk import bulk_steps
from reports.codes import normalised
from reports.desk_models import SavedFilter
from reports.marks import marks_of
from reports.models import Report
from reports.queue import PAGE, Asked, Desk, Queue, View, filter_choices
from reports.rating_models import Rating
from reports.saved import may_be_saved, saved_query
from reports.urgency import Urgency
from reports.views.queue_rows import Row, cut, photos_of
from reports.workflow import CLOSED, GROUPS, OPEN, PUBLISHERS, Status

if TYPE_CHECKING:
    from accounts.models import User

MAX_SEARCH = 100
MAX_PAGE = 200
MAX_PLACES = 4
ANY_CODE = "ANY-CODE"
ROW_PLACE = 80  # characters of the place of a row


def user_of(request: HttpRequest) -> User:
    """Who has signed in; LoginRequiredMiddleware saw to it."""
    return cast("User", request.user)


@require_safe
@cache_control(private=True, no_cache=True)
def desk(request: HttpRequest) -> HttpResponse:
    """The queue and its map."""
    mine = Desk.of(user_of(request))
    if not mine.is_open:
        return elsewhere(request, mine)
    code = normalised(request.GET.get("q", ""))
    if code and Report.objects.visible_to(mine.sight).filter(code=code).exists():
        return redirect("reports:desk_report", code=code)
    shown = _shown(request, mine)
    return render(
        request,
        "desk/desk.html",
        {
            **shown,
            "choices": filter_choices(mine),
            "statuses": _with_counts(_status_choices(shown["view"]), shown),
            "offers_mfa": not is_mfa_enabled(mine.user),
            "hidden": _filters_left_out(shown["asked"]),
            "places": _places(shown["asked"]),
            "may_save": shown["saved_now"] is None and may_be_saved(shown["asked"]),
        },
    )


@require_safe
@cache_control(private=True, no_cache=True)
def desk_queue(request: HttpRequest) -> HttpResponseBase:
    """The same rows and counts as JSON with HTML in it, asked every few seconds; 304 while nothing has changed."""
    mine = Desk.of(user_of(request))
    if not mine.is_open:
        return JsonResponse({}, status=403)
    queue = Queue(mine, _asked(request, mine), timezone.now())
    etag = _etag(queue, mine.state(queue.now))
    unchanged = get_conditional_response(request, etag=etag)
    if unchanged is not None:
        return unchanged
    shown = _shown(request, mine)
    answer = {
        "rows": render_to_string("desk/_rows.html", shown, request),
        "views": render_to_string("desk/_views.html", shown, request),
        "features": shown["features"],
    }
    return JsonResponse(answer, headers={"ETag": etag})


def elsewhere(request: HttpRequest, mine: Desk) -> HttpResponse:
    """For those who have an account and nothing to do at the desk: what they may do instead."""
    return render(request, "desk/elsewhere.html", {"roles": sorted(mine.roles), "plans": Role.PLANNER in mine.roles}, status=403)


def asked_of(request: HttpRequest, mine: Desk) -> Asked:
    """What the address of a request asks the queue for."""
    return _asked(request, mine)


def asked_queue(request: HttpRequest, mine: Desk, now: datetime) -> Queue | None:
    """The queue that a report was opened from, as its address says; None where it says none."""
    asked = _asked(request, mine)
    return Queue(mine, asked, now) if asked.view or asked.q or asked.place else None


def _shown(request: HttpRequest, mine: Desk) -> dict[str, Any]:
    now = timezone.now()
    state = mine.state(now)  # from before the rows are read: what changes in between is asked for again
    counts = mine.counts(now)
    asked = _asked(request, mine)
    if asked.view is None and not asked.q and not asked.place:
        asked = _asked(request, mine, mine.first_view(counts))
    saved = list(SavedFilter.objects.filter(user=mine.user))
    saved_now = next((kept for kept in saved if kept.query == saved_query(asked)), None)
    is_state = saved_now is None and asked.status in OPEN and asked.parameters(page=1) == {"view": "open", "status": asked.status}
    queue = Queue(mine, asked, now)
    etag = _etag(queue, state)
    reports, has_more = queue.page()
    bulk = bulk_steps(mine.roles, _status_choices(None if asked.q else asked.view))
    rows = _rows(reports, asked, now, mine, has_boxes=bool(bulk))
    return {
        "desk": mine,
        "asked": asked,
        "view": None if asked.q else asked.view,
        "without_place": desk_address("desk", query=asked.parameters(place="", page="")),
        "views": [
            {
                "view": view,
                "count": counts.views.get(view.name),
                "href": desk_address("desk", query=asked.parameters(view=view.name, q="", place="", page="")),
                "is_current": view == asked.view and not asked.q and saved_now is None and not is_state,
            }
            for view in mine.views
        ],
        "comments": Rating.objects.comments_waiting_for(mine.sight).count() if mine.roles & PUBLISHERS else None,
        "states": [
            {
                "status": state,
                "count": count,
                "href": desk_address("desk", query={"view": "open", "status": state}),
                "is_current": is_state and state == asked.status,
            }
            for state, count in counts.states.items()
            if count and mine.view_called("open")
        ],
        "saved": [{"filter": kept, "href": f"{reverse('reports:desk')}?{kept.query}", "is_current": kept == saved_now} for kept in saved],
        "saved_now": saved_now,
        "elsewhere": _with_work(mine, counts.views, asked.view),
        "rows": rows,
        "bulk": bulk,
        "query": urlencode(asked.parameters()),
        "first": (asked.page - 1) * PAGE + 1,
        "last": (asked.page - 1) * PAGE + len(rows),
        "previous": desk_address("desk", query=asked.parameters(page=asked.page - 1)) if asked.page > 1 else "",
        "next": desk_address("desk", query=asked.parameters(page=asked.page + 1)) if has_more else "",
        "clear_href": desk_address("desk", query={"view": asked.view.name} if asked.view else None),
        "etag": etag,
        "poll": desk_address("desk_queue", query=asked.parameters()),
        "features": [row.feature for row in rows],
    }


def _rows(reports: list[Report], asked: Asked, now: datetime, mine: Desk, *, has_boxes: bool) -> list[Row]:
    """Rows that say of the place what tells them apart: the body where bodies differ, else the unit, else the spot."""
    bodies_differ = len({report.authority_id for report in reports}) > 1
    units_differ = len({report.unit_id for report in reports}) > 1
    marks, photos = marks_of(reports, mine.in_hand), photos_of(reports)
    address = f"{desk_address('desk_report', ANY_CODE)}?{urlencode(asked.parameters())}"  # found once for all rows
    rows = []
    for report in reports:
        unit, body = report.unit.name if report.unit else _("outside every unit"), report.authority.name
        told = report.unit.dated_name if report.unit else unit
        parts = [body] if bodies_differ else []
        is_former = told != unit  # said always: that the name is that of a body is no more use then
        if is_former or ((units_differ or not report.unit) and unit.casefold() not in body.casefold() * bodies_differ):
            parts.append(told)
        where = cut(" · ".join(parts) or report.place_note, ROW_PLACE)
        href = address.replace(ANY_CODE, report.code, 1)
        rows.append(
            Row(report, Urgency(report, now, mine.soon), href, where, marks.get(report.pk, []), photos[report.pk], mine.user, has_boxes)
        )
    return rows


def _with_work(mine: Desk, counts: dict[str, int], shown: View | None) -> list[dict[str, Any]]:
    """Other views in which something waits, for the one who has just emptied this."""
    names = {"mine", "triage", "new", "asked", "review", "look", "overdue"}
    return [
        {"label": view.label, "count": counts[view.name], "href": desk_address("desk", query={"view": view.name})}
        for view in mine.views
        if view.name in names and view != shown and counts.get(view.name)
    ]


def _asked(request: HttpRequest, mine: Desk, view: View | None = None) -> Asked:
    """What the address asks for; what is not known there is as if absent."""
    said = request.GET
    page = said.get("page", "")
    status = said.get("status", "")
    return Asked(
        view=view or mine.view_called(said.get("view", "")),
        q=" ".join(said.get("q", "").replace("\x00", "").split())[:MAX_SEARCH],
        place=_place(said.get("place", "")),
        status=status if status in GROUPS or status in Status.values else "",
        category=_slug(said.get("category", "")),
        unit=_slug(said.get("unit", "")),
        body=_slug(said.get("body", "")),
        page=min(int(page), MAX_PAGE) if page.isascii() and page.isdigit() and int(page) > 0 else 1,
    )


def _place(text: str) -> Unit | None:
    """The unit of "code@day", a day on which it was in force; without a day, of today."""
    code, _at, day = text[:30].partition("@")
    if not code:
        return None
    try:
        on = date.fromisoformat(day) if day else timezone.localdate()
    except ValueError:
        return None
    return Unit.objects.in_force(on).filter(code=_slug(code)).lowest_first().first()


def _places(asked: Asked) -> list[dict[str, str]]:
    """The places that bear the name that was searched for, with the way to the reports there."""
    found = search_places(asked.q, limit=MAX_PLACES, guess=False) if asked.q and not asked.place else []
    return [
        {
            "label": place.label,
            "detail": place.detail,
            "href": desk_address("desk", query={"place": f"{place.code}@{place.on or timezone.localdate()}"}),
        }
        for place in found
        if place.code
    ]


def _slug(text: str) -> str:
    return text[:60] if text.replace("-", "").replace("_", "").isalnum() else ""


def _status_choices(view: View | None) -> list[Status]:
    """The states that can stand in a view."""
    if view is None or view.name == "elsewhere":
        return list(Status)
    among = CLOSED if view.name == "closed" else OPEN
    return [status for status in Status if status in among]


def _with_counts(states: list[Status], shown: dict[str, Any]) -> list[tuple[Status, int]]:
    """The states with their numbers, where these are the numbers of what is shown: of all that is open, narrowed by nothing else."""
    asked: Asked = shown["asked"]
    is_all = set(asked.parameters(page=1)) <= {"view", "status"} and asked.view is not None and asked.view.name == "open"
    counts = {item["status"]: item["count"] for item in shown["states"]} if is_all else {}
    return [(state, counts.get(state, 0)) for state in states]


def _filters_left_out(asked: Asked) -> dict[str, str]:
    """What the form of the filters must carry besides its own fields."""
    return {name: value for name, value in asked.parameters().items() if name in ("view", "place")}


def _etag(queue: Queue, state: str) -> str:
    """Changes with the state of the work (so every few minutes too: the words of time are drawn anew), and with who looks in which language."""
    held = ",".join(f"{membership.pk}" for membership in queue.desk.memberships)
    parts = (state, queue.asked.parameters(), queue.desk.user.pk, held, get_language())
    return f'"{sha256(repr(parts).encode()).hexdigest()[:32]}"'


def desk_address(name: str, *args: str, query: dict[str, str] | None = None) -> str:
    """The address of a page of the desk."""
    return reverse(f"reports:{name}", args=args, query=query or None)
