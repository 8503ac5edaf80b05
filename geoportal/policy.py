"""The Content-Security-Policy, put together once: it is the same for every answer that says nothing of its own about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from csp.utils import build_policy
from django.conf import settings

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponseBase

OF_ITS_OWN = ("_csp_config", "_csp_update", "_csp_replace", "_csp_exempt")


class PolicyMadeOnce(CSPMiddleware):
    """django-csp's middleware, which puts the policy together for each answer, kept for those that change the policy or have a nonce."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._policy = build_policy()

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """The answer with the policy of the settings, unless it has one."""
        said = vars(response)
        if settings.DEBUG or getattr(request, "_csp_nonce", None) is not None or any(name in said for name in OF_ITS_OWN):
            return super().process_response(request, response)
        if HEADER not in response:
            response[HEADER] = self._policy
        return response
