"""How people come to have an account: by invitation of an administrator, never by themselves."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class InvitedOnly(DefaultAccountAdapter):
    """allauth's rules, with sign-up closed."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never: officers are invited."""
        return False
