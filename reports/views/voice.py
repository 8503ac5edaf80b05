"""A follower says whether it is fixed, by one of two links in the mail. A link alone counts nothing: mail scanners follow links."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from reports.models import Follow
from reports.services import NotRatable
from reports.services.voices import may_speak, speak
from reports.tokens import is_voice_token
from reports.views.follow import answered


@login_not_required
@csrf_exempt  # the link's token is the authority, not a cookie
@require_http_methods(["GET", "HEAD", "POST"])
def voice(request: HttpRequest, follow_id: int, token: str, reply_id: int, word: str) -> HttpResponse:
    """The page of the link: its button counts the voice; once more changes nothing, the other link changes it."""
    if word not in ("fixed", "not-fixed") or not is_voice_token(token, follow_id, reply_id):
        raise Http404
    follow = Follow.objects.select_related("report__category", "report__unit", "report__authority").filter(pk=follow_id).first()
    if follow is None or not follow.report.is_public:
        raise Http404
    is_fixed = word == "fixed"
    code = {"code": follow.report.readable_code}
    try:
        if request.method != "POST":
            may_speak(follow, reply_id)
            title = _("Is it fixed?") if is_fixed else _("Is it not fixed?")
            text = (
                _("You looked, and what report %(code)s tells of is settled.")
                if is_fixed
                else _(
                    "You looked, and what report %(code)s tells of is not settled. If enough followers say so, the report is opened again."
                )
            )
            return answered(request, title=title, text=text % code, button=_("Yes, it is fixed") if is_fixed else _("No, it is not fixed"))
        _voice, reopens = speak(follow_id, reply_id, is_fixed=is_fixed)
    except NotRatable as error:
        return answered(request, title=_("Thank you, this is not asked any more"), text=str(error), **_link(follow))
    text = _("Enough followers say so: the report is open again.") if reopens else _("The other link in the mail changes it.")
    return answered(request, title=_("Thank you, your voice counts"), text=text, **_link(follow))


def _link(follow: Follow) -> dict[str, str]:
    return {"link": follow.report.get_absolute_url(), "link_word": _("Open the report")}
