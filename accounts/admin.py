"""People in the administration: they are invited, never given a password."""

from __future__ import annotations

from typing import Any

from allauth.account.decorators import secure_admin_login
from allauth.account.models import EmailAddress
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts import services
from accounts.models import User
from audit.admin import Recorded

# Sign-in to the administration goes by the site's own page, with its limits on attempts and its second factor
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
admin.site.unregister(Group)  # what somebody may do stands on memberships
admin.site.site_header = admin.site.site_title = _("Field reports: administration")
admin.site.index_title = _("What can be set here")


class InvitationForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """Somebody new; the password is chosen by the invited person."""

    class Meta:
        model = User
        fields = ["username", "full_name", "email", "language", "is_superuser"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].required = True
        self.fields["full_name"].required = True


@admin.register(User)
class PersonAdmin(Recorded, UserAdmin):  # type: ignore[type-arg]
    """Users, with what they hold in which body on the page of the body."""

    add_form = InvitationForm
    form = forms.ModelForm
    add_fieldsets = [(None, {"fields": ["username", "full_name", "email", "language", "is_superuser"]})]
    fieldsets = [
        (None, {"fields": ["username", "full_name", "email", "language"]}),
        (_("Access"), {"fields": ["is_active", "is_superuser"]}),
        (_("History"), {"fields": ["last_login", "date_joined", "state"]}),
    ]
    readonly_fields = ["last_login", "date_joined", "state"]
    list_display = ["username", "full_name", "email", "state", "is_superuser", "last_login"]
    list_filter = ["is_active", "is_superuser", "language"]
    search_fields = ["username", "full_name", "email"]
    filter_horizontal = []
    ordering = ["username"]
    actions = ["invite_again"]

    @admin.display(description=_("state"))
    def state(self, user: User) -> str:
        """Where somebody stands with the account."""
        if not user.is_active:
            return str(_("switched off"))
        return str(_("has a password") if user.has_usable_password() else _("invited"))

    @admin.action(description=_("Send the invitation again"))
    def invite_again(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Invites those who have no password yet."""
        sent = sum(services.invite(user=user) for user in queryset)
        rest = len(queryset) - sent
        if sent:
            text = ngettext("%(count)d invitation is on its way.", "%(count)d invitations are on their way.", sent)
            self.message_user(request, text % {"count": sent}, messages.SUCCESS)
        if rest:
            text = ngettext(
                "%(count)d person has a password already, has no e-mail address, or is switched off.",
                "%(count)d people have a password already, have no e-mail address, or are switched off.",
                rest,
            )
            self.message_user(request, text % {"count": rest}, messages.WARNING)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Keeps the person; who is new is invited. The administration is for superusers only."""
        obj.is_staff = obj.is_superuser
        if change:
            super().save_model(request, obj, form, change)
            # A former address must not open the account any longer; allauth keeps addresses of its own
            EmailAddress.objects.filter(user=obj).exclude(email__iexact=obj.email).delete()
        else:
            services.invite(user=obj)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """Refused: a password is known to its owner alone."""
        raise PermissionDenied
