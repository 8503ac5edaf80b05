"""Numbers as figures show them."""

from __future__ import annotations

from django import template
from django.utils.formats import number_format

register = template.Library()


@register.filter
def percent(share: float) -> str:
    """A share as a percentage with one decimal, in the reader's way of writing: 0.949 → 94,9."""
    return number_format(round(100 * share, 1), 1)
