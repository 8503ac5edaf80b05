"""A field of forms for what people write."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from reports.words import tidy


class TidyField(forms.CharField):
    """Text as the services keep it: one line break is one character, whatever the browser sends; no control characters."""

    def to_python(self, value: Any) -> str:
        """The tidied text."""
        try:
            return tidy(super().to_python(value) or "")
        except ValueError as error:
            raise ValidationError(str(error)) from None
