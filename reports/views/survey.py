"""A survey on the spot, phone first: the page, and the doors through which the phone sends what it has kept."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from reports.codes import normalised
from reports.media import PhotoRefused, files_undone_on_error, prepare_photo
from reports.models import Report
from reports.queue import Desk
from reports.services import KeyUsedForAnotherSurvey, NotAllowed, keep_survey, keep_survey_photo, may_survey
from reports.survey_forms import SurveyForm
from reports.survey_models import Survey
from reports.tokens import officer_mark
from reports.views.desk import elsewhere, user_of

if TYPE_CHECKING:
    from accounts.models import User


@require_http_methods(["GET", "HEAD", "POST"])
@cache_control(private=True, no_store=True)
def survey(request: HttpRequest, code: str) -> HttpResponse:
    """The form, and what it sends: by our script words first and photos after, in JSON; without scripts all at once."""
    mine = Desk.of(user_of(request))
    if not mine.is_open:
        return elsewhere(request, mine)
    report = (
        Report.objects.visible_to(mine.user).select_related("category", "unit", "authority").filter(code=normalised(code) or "").first()
    )
    if report is None or not may_survey(mine.user, report):
        raise Http404
    if request.method != "POST":
        return _page(request, report, SurveyForm(report=report))
    form = SurveyForm(request.POST, request.FILES, report=report)
    by_script = not request.accepts("text/html")
    if not form.is_valid():
        return _errors(form) if by_script else _page(request, report, form, status=422)
    try:
        kept, is_new = _kept(form, report, mine.user)
    except KeyUsedForAnotherSurvey as error:
        return JsonResponse({"detail": str(error)}, status=409)
    except NotAllowed as error:
        return JsonResponse({"detail": str(error)}, status=403)
    except Report.DoesNotExist:
        raise Http404 from None
    except ValidationError as error:
        for name, sentences in error.message_dict.items():
            form.add_error(name if name in form.fields else None, sentences)
        return _errors(form) if by_script else _page(request, report, form, status=422)
    if by_script:
        return JsonResponse({"missing": kept.photos_missing}, status=201 if is_new else 200)
    messages.success(request, _("The survey is kept with the report."))
    return redirect(f"{reverse('reports:desk_report', args=[report.code])}#surveys")


@files_undone_on_error()
@transaction.atomic  # a later photo that fails would take the files of the earlier ones with it
def _kept(form: SurveyForm, report: Report, actor: User) -> tuple[Survey, bool]:
    kept, is_new = keep_survey(report.pk, said=form.surveyed(), actor=actor)
    for photo in form.prepared:
        keep_survey_photo(kept.key, photo=photo, actor=actor)
    return kept, is_new


@require_POST
@never_cache
def survey_photo(request: HttpRequest, key: UUID) -> HttpResponse:
    """Takes one photo of a survey; tells by their SHA-256 which are still missing."""
    upload = request.FILES.get("photo")
    if not isinstance(upload, UploadedFile):
        return JsonResponse({"detail": _("This is required.")}, status=422)
    try:
        kept = keep_survey_photo(key, photo=prepare_photo(upload), actor=user_of(request))
    except Survey.DoesNotExist:
        raise Http404 from None
    except PhotoRefused as error:
        return JsonResponse({"detail": str(error)}, status=422)
    except ValidationError as error:
        return JsonResponse({"detail": " ".join(error.messages)}, status=422)
    return JsonResponse({"missing": kept.photos_missing})


@require_safe
@never_cache
def who(request: HttpRequest) -> HttpResponse:
    """Who is signed in (a mark that says nothing to others) and the token for sending: a phone sends what one officer kept as that officer only."""
    return JsonResponse({"user": officer_mark(request.user.pk), "token": get_token(request)})


@login_not_required
@require_safe
@cache_control(public=True, no_cache=True)
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker of the desk. Browsers ask for it without a cookie, and it holds nothing; it is registered for /desk/ only."""
    return HttpResponse(f'import "{static("js/desk-worker.js")}";\n', content_type="text/javascript; charset=utf-8")


def _errors(form: SurveyForm) -> HttpResponse:
    wrong = {name: [str(sentence) for sentence in sentences] for name, sentences in form.errors.items()}
    labels = {name: str(form.fields[name].label or name) for name in wrong if name in form.fields}
    detail = " ".join(f"{labels[name]}: {' '.join(wrong[name])}" if name in labels else " ".join(wrong[name]) for name in wrong)
    return JsonResponse({"detail": detail, "errors": wrong}, status=422)


def _page(request: HttpRequest, report: Report, form: SurveyForm, *, status: int = 200) -> HttpResponse:
    context = {
        "report": report,
        "form": form,
        "config": {
            "code": report.code,
            "title": f"{report.category.label} · {report.readable_code}",
            "user": officer_mark(request.user.pk),
            "lat": report.location.y,
            "lon": report.location.x,
            "accuracy": report.accuracy_m,
            "url": reverse("reports:survey", args=[report.code]),
            "back": f"{reverse('reports:desk_report', args=[report.code])}#surveys",
        },
    }
    return render(request, "desk/survey.html", context, status=status)
