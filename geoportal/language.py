"""Vietnamese first: pages change language only by the reader's switch, the API by its header."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation.trans_real import parse_accept_lang_header

KNOWN = frozenset(code for code, _ in settings.LANGUAGES)


class LanguageMiddleware:
    """Sets the language from `?lang=`, then the cookie that the switch sets, then (API only) Accept-Language.

    Phones are often sold with an English interface to people who read Vietnamese, so pages do not follow the browser's language.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        asked = request.GET.get("lang")
        kept = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME)
        is_api = request.path.startswith("/api/")
        if asked in KNOWN:
            language = asked
        elif is_api:
            language = _of_header(request)
        elif kept in KNOWN:
            language = kept
        else:
            language = settings.LANGUAGE_CODE
        translation.activate(language)
        request.LANGUAGE_CODE = language
        response = self.get_response(request)
        if asked in KNOWN and asked != kept and not is_api:
            response.set_cookie(
                settings.LANGUAGE_COOKIE_NAME, asked, max_age=365 * 24 * 3600, samesite="Lax", secure=settings.HTTPS, httponly=True
            )
        patch_vary_headers(response, ["Accept-Language" if is_api else "Cookie"])
        response.headers.setdefault("Content-Language", language)
        return response


def _of_header(request: HttpRequest) -> str:
    header = request.META.get("HTTP_ACCEPT_LANGUAGE", "")  # `request.headers` would read all of them, which no open call needs
    for entry in parse_accept_lang_header(header):
        code: str = entry[0].split("-")[0]
        if code in KNOWN:
            return code
    return settings.LANGUAGE_CODE
