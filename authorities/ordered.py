"""Lists of the administration whose order is typed beside each row."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext as _


class PositionForm(forms.ModelForm):  # type: ignore[type-arg]
    """The position of a row, whose field says to a screen reader of which row it is."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "position" in self.fields:
            self.fields["position"].widget.attrs["aria-label"] = _("Position of “%(name)s”") % {"name": self.instance}


class Ordered(admin.ModelAdmin):  # type: ignore[type-arg]
    """A list with a `position` in `list_display`."""

    list_editable = ["position"]

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> type[forms.ModelForm]:  # type: ignore[type-arg]
        """The form of a row."""
        return super().get_changelist_form(request, **{"form": PositionForm, **kwargs})
