"""Errors of the API as application/problem+json (RFC 9457), in the reader's language."""

from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation, ValidationError
from django.http import Http404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import set_rollback

from gis.errors import PlaceError
from reports.services.errors import CaseworkError, KeyUsedForAnotherReport, StepNotAllowed

CONTENT_TYPE = "application/problem+json"


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """The answer to an error raised in an API view; None for what is nobody's fault but ours (then 500, and a log entry)."""
    if isinstance(error, PlaceError):
        error = _Place(error)
    elif isinstance(error, CaseworkError):
        error = _Casework(error)
    elif isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    elif isinstance(error, RequestDataTooBig):
        error = _TooLarge()
    elif isinstance(error, SuspiciousOperation):  # too many fields or files, a name of a path…
        error = exceptions.ParseError(_("The request could not be read: too many fields or files, or a broken encoding."))
    elif isinstance(error, ValidationError):
        error = exceptions.ValidationError(error.message_dict if hasattr(error, "error_dict") else {"non_field_errors": error.messages})
    if not isinstance(error, exceptions.APIException):
        return None
    set_rollback()
    headers = {}
    if getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = error.auth_header  # type: ignore[attr-defined]
    if getattr(error, "wait", None):
        headers["Retry-After"] = str(int(error.wait))  # type: ignore[attr-defined]
    return problem(error.status_code, **_content(error), headers=headers)


def problem(code: int, *, title: str, detail: str = "", headers: dict[str, str] | None = None, **extra: Any) -> Response:
    """A problem document; `extra` are its extension members."""
    body = {"type": "about:blank", "title": title, "status": code, "detail": detail, **extra}
    return Response(body, status=code, headers=headers, content_type=CONTENT_TYPE)


class _TooLarge(exceptions.APIException):
    """413."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = gettext_lazy("The request is too large.")


class _Place(exceptions.APIException):
    """A PlaceError dressed as DRF's."""

    def __init__(self, error: PlaceError) -> None:
        self.status_code = error.status
        self.extra = error.extra
        super().__init__(detail=str(error))


class _Casework(exceptions.APIException):
    """A CaseworkError dressed as DRF's; what is allowed instead goes along."""

    def __init__(self, error: CaseworkError) -> None:
        self.status_code = 422 if isinstance(error, KeyUsedForAnotherReport) else 409
        self.extra = {"allowed": [step.name for step in error.allowed]} if isinstance(error, StepNotAllowed) else {}
        super().__init__(detail=str(error))


def _content(error: exceptions.APIException) -> dict[str, Any]:
    if isinstance(error, exceptions.ValidationError):
        errors = error.detail if isinstance(error.detail, dict) else {"non_field_errors": error.detail}
        first = _first_sentence(errors)
        return {"title": _("The request is not right."), "detail": first, "errors": errors}
    title = {
        status.HTTP_400_BAD_REQUEST: _("The request is not right."),
        status.HTTP_401_UNAUTHORIZED: _("Sign in first."),
        status.HTTP_403_FORBIDDEN: _("You may not do this."),
        status.HTTP_404_NOT_FOUND: _("There is nothing here."),
        status.HTTP_405_METHOD_NOT_ALLOWED: _("This address does not take that method."),
        status.HTTP_409_CONFLICT: _("It was changed meanwhile."),
        status.HTTP_429_TOO_MANY_REQUESTS: _("Too many requests."),
    }.get(error.status_code, _("The request could not be carried out."))
    return {"title": title, "detail": str(error.detail), **getattr(error, "extra", {})}


def _first_sentence(errors: Any) -> str:
    if isinstance(errors, dict):
        return next((_first_sentence(value) for value in errors.values()), "")
    if isinstance(errors, list | tuple):
        return _first_sentence(errors[0]) if errors else ""
    return str(errors)
