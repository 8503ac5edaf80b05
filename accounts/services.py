"""Inviting people: nobody makes an account for himself, and nobody is given a password."""

from __future__ import annotations

from allauth.account import app_settings
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from accounts import tasks
from accounts.models import User

DAYS_GOOD = settings.PASSWORD_RESET_TIMEOUT // (24 * 3600)


@transaction.atomic
def invite(*, user: User) -> bool:
    """Keeps somebody new, or invites again somebody who has no password yet; the mail is sent by a job of the same transaction.

    Whoever has chosen a password, is switched off, or has no address is not invited: False.
    """
    if user.pk is None:
        user.set_unusable_password()
        user.save(force_insert=True)
    if not may_be_invited(user):
        return False
    tasks.send_invitation.defer(user_id=user.pk)
    return True


def may_be_invited(user: User) -> bool:
    """Whether an invitation would be of use."""
    return user.is_active and bool(user.email) and not user.has_usable_password()


def invitation(user: User) -> EmailMultiAlternatives:
    """The mail with the link by which somebody chooses a password, in his or her language."""
    with translation.override(user.language):
        context = {
            "user": user,
            "language": user.language,
            "link": f"{settings.SITE_URL}{_path_to_choose_password(user)}",
            "reset": f"{settings.SITE_URL}{reverse('account_reset_password')}",
            "days": DAYS_GOOD,
            "site": settings.SITE_URL,
        }
        mail = EmailMultiAlternatives(
            subject=_("Your account for the field reports of the province of Cà Mau"),
            body=render_to_string("mail/invitation.txt", context).strip() + "\n",
            to=[user.email],
            headers={"Auto-Submitted": "auto-generated"},
        )
        mail.attach_alternative(render_to_string("mail/invitation.html", context), "text/html")
        return mail


def _path_to_choose_password(user: User) -> str:
    token = app_settings.PASSWORD_RESET_TOKEN_GENERATOR().make_token(user)
    return reverse("account_reset_password_from_key", kwargs={"uidb36": user_pk_to_url_str(user), "key": token})
