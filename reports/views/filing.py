"""Filing a report: one page that works with and without scripts, and the page that says what happens next."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import segno
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from authorities.models import Category, Membership, Role
from reports.codes import normalised
from reports.duplicates import ASK, Candidate, Matter, candidates
from reports.forms import KEY_PREFIX, FilingForm, Spot, new_key
from reports.media import PhotoRefused, PreparedPhoto, prepare_photo
from reports.models import Channel, Follow, Report
from reports.services import Filing, KeyUsedForAnotherReport, file_once
from reports.services.filing import MAX_DESCRIPTION, is_filed
from reports.throttling import throttled, wait_sentence
from reports.timeline import next_step
from reports.tokens import tracking_token
from reports.tracking import is_reporter, let_in

SIMILAR_SHOWN = 3
PREFILLED = ("lat", "lon", "accuracy", "category", "place", "place_unit")
FIELD_OF = {"lat": "place", "accuracy_m": "place", "media": "photos"}  # what the service calls otherwise than the form


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def new_report(request: HttpRequest) -> HttpResponse:
    """The page. A POST does what its button says: find a place, take one that was found, check (for our script), or send."""
    if request.method != "POST":
        return _page(request, FilingForm(initial={"key": new_key(), **{name: request.GET.get(name, "")[:200] for name in PREFILLED}}))
    if "spot" in request.POST:
        return _with_place(request, Spot.parse(request.POST["spot"]))
    if request.POST.get("do") == "find":
        return _with_places_found(request)
    form = FilingForm(request.POST, request.FILES)
    if not form.is_valid():
        if "place" in form.errors and form.typed("place"):
            return _page(request, form, status=422, found=form.found_places())
        return _page(request, form, status=422)
    if request.POST.get("do") == "check":
        return HttpResponse(status=204)
    return _send(request, form)


def _with_places_found(request: HttpRequest) -> HttpResponse:
    typed = FilingForm(request.POST)
    found = typed.found_places()
    swapped = any(place.swapped for place, _spot in found)  # then they are offered the right way round, not taken
    exact = [spot for place, spot in found if place.kind == "coordinates"]
    if exact and not swapped:
        return _with_place(request, exact[0])
    return _page(request, _unvalidated(request), found=found, swapped=swapped)


def _with_place(request: HttpRequest, spot: Spot | None) -> HttpResponse:
    return _page(request, _unvalidated(request, spot.as_typed() if spot else {}))


def _unvalidated(request: HttpRequest, changes: dict[str, str] | None = None) -> FilingForm:
    """The form as it was typed so far, without a word about what is still missing."""
    return FilingForm(initial={**request.POST.dict(), **(changes or {})})


def _send(request: HttpRequest, form: FilingForm) -> HttpResponse:
    wait = throttled(request, "file")
    if wait is not None:  # not the page of 429: it would lose what was typed
        form.add_error(None, wait_sentence(wait))
        return _page(request, form, status=429)
    photos = _prepared(form, form.cleaned_data["photos"])
    if not form.is_valid():
        return _page(request, form, status=422)
    if not _is_script(request) and not is_filed(KEY_PREFIX + form.cleaned_data["key"]):  # with scripts they stand beside the text
        shown = form.typed("not_these").split(",")
        asked = _similar(form)
        if any(candidate.report.code not in shown for candidate in asked):
            return _page(request, form, asked=asked)
    try:
        report, _is_new = file_once(_filing(request, form, photos), key=KEY_PREFIX + form.cleaned_data["key"])
    except KeyUsedForAnotherReport as error:  # sent, changed after a lost answer, and sent again
        return _answer(request, error.report, "already")
    except ValidationError as error:
        for name, sentences in error.message_dict.items():
            field = FIELD_OF.get(name, name)
            form.add_error(field if field in form.fields else None, sentences)
        return _page(request, form, status=422)
    return _answer(request, report, "filed")


def _answer(request: HttpRequest, report: Report, how: str) -> HttpResponse:
    """To the page after filing, by a redirect; our script follows it by itself."""
    address = reverse("reports:filed", args=[report.code]) + ("?changed" if how == "already" else "")
    response = JsonResponse({"url": address}, status=201) if _is_script(request) else HttpResponseRedirect(address)
    return let_in(request, response, report)


def _is_script(request: HttpRequest) -> bool:
    return request.headers.get("X-Requested-With") == "fetch"


def _filing(request: HttpRequest, form: FilingForm, photos: list[PreparedPhoto]) -> Filing:
    asked = form.cleaned_data
    team = files_for_others(request.user)
    assert form.point is not None  # noqa: S101  the form saw to it
    return Filing(
        location=form.point,
        category=asked["category"],
        description=asked["description"],
        accuracy_m=form.accuracy_m,
        place_note=asked["place_note"],
        name=asked["name"],
        phone=asked["phone"],
        email=asked["email"],
        photos=photos,
        chosen_unit=asked["place_unit"] or asked["unit"],
        channel=Channel.TEAM if team else Channel.WEB,
        language=get_language() or "vi",
        filed_by=request.user if team and isinstance(request.user, User) else None,
    )


def files_for_others(user: Any) -> bool:
    """Whether somebody is signed in as a community digital team, which files for those who cannot."""
    return Membership.objects.held_by(user).filter(role=Role.TEAM).exists()


def _prepared(form: FilingForm, files: Iterable[UploadedFile[Any]]) -> list[PreparedPhoto]:
    photos = []
    for number, file in enumerate(files, start=1):
        try:
            photos.append(prepare_photo(file))
        except PhotoRefused as error:
            form.add_error("photos", _("Photo %(number)d: %(reason)s") % {"number": number, "reason": error})
    return photos


def _page(
    request: HttpRequest,
    form: FilingForm,
    *,
    status: int = 200,
    found: Any = None,
    swapped: bool = False,
    asked: list[Candidate] | None = None,
) -> HttpResponse:
    """The form as it stands; `asked`: the question whether it is one of these comes before it is sent."""
    context = {
        "asked": asked,
        "not_these": ",".join(candidate.report.code for candidate in asked) if asked else form.typed("not_these"),
        "similar": [] if asked else _similar(form),
        "form": form,
        "found": found,
        "swapped": swapped,
        "categories": Category.objects.fileable(),
        "out_of_scope": Category.objects.filter(in_scope=False),
        "team": files_for_others(request.user),
        "photos_lost": bool(request.FILES.getlist("photos")) and not _is_script(request),
        **_where(form),
    }
    return render(request, "reports/new.html", context, status=status)


@login_not_required
@never_cache
@require_safe
def where(request: HttpRequest) -> HttpResponse:
    """The part of the page that follows the pin: who gets the report, the question at a border, similar reports. For our script."""
    wait = throttled(request, "locate")
    if wait is not None:
        return HttpResponse(status=429, headers={"Retry-After": str(wait)})
    form = FilingForm(initial={name: request.GET.get(name, "")[:200] for name in (*PREFILLED, "unit")})
    return render(request, "reports/_where.html", {"form": form, **_where(form)})


def _where(form: FilingForm) -> dict[str, Any]:
    return {"destination": form.destination}


@login_not_required
@never_cache
@require_POST
def similar(request: HttpRequest) -> HttpResponse:
    """Public reports that may be of the same matter, as it is written so far. For our script; a POST, since what people write stands in no log."""
    wait = throttled(request, "locate")
    if wait is not None:
        return HttpResponse(status=429, headers={"Retry-After": str(wait)})
    form = FilingForm(initial={name: request.POST.get(name, "")[:MAX_DESCRIPTION] for name in ("lat", "lon", "category", "description")})
    return render(request, "reports/_similar.html", {"similar": _similar(form)})


def _similar(form: FilingForm) -> list[Candidate]:
    """Open public reports that may be of the same matter: perhaps this one was filed before."""
    category = form.chosen_category
    if form.point is None or category is None or "\x00" in form.typed("description"):
        return []
    matter = Matter(form.point, category, form.typed("description"), timezone.now())
    return candidates(matter, among=Report.objects.public().open(), least=ASK, most=SIMILAR_SHOWN)


@login_not_required
@never_cache
@require_safe
def filed(request: HttpRequest, code: str) -> HttpResponse:
    """What happens next, and the private link to keep; for the browser that filed the report, and nobody else."""
    report = Report.objects.for_list().filter(code=normalised(code) or "").first()
    if report is None or not is_reporter(request, report):
        raise Http404
    link = f"{settings.SITE_URL}{report.get_absolute_url()}?token={tracking_token(report.code, report.token_generation)}"
    context = {
        "report": report,
        "next_step": next_step(report.status, report.authority.name),
        "link": link,
        "qr": segno.make(link, error="m").svg_data_uri(scale=4, border=4, light="#fff"),
        "changed": "changed" in request.GET,
        "follows": Follow.objects.filter(report=report, is_reporter=True, ended_at__isnull=True).exists(),
    }
    response = render(request, "reports/filed.html", context)
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
