"""Marks that stand on a page many times, rendered once a process: icons and states; and lists of many options."""

from collections.abc import Iterable
from functools import cache
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from reports import pieces

register = template.Library()


@register.simple_tag
def icon(name: str) -> SafeString:
    """A symbol of icons.svg, hidden from screen readers."""
    return _icon(name)


@register.simple_tag
def status_mark(status: str, overdue: bool = False) -> SafeString:
    """A state as colour, shape and word, in the language of the page."""
    return _status_mark(str(status), overdue, get_language())


@register.simple_tag
def options(pairs: Iterable[tuple[Any, Any]], chosen: str) -> SafeString:
    """The options of a list, of their values and labels."""
    return pieces.options(pairs, {chosen})


@cache
def _icon(name: str) -> SafeString:
    return render_to_string("partials/_icon.html", {"name": name})


@cache
def _status_mark(status: str, overdue: bool, _language: str | None) -> SafeString:
    return render_to_string("reports/_status.html", {"status": status, "overdue": overdue})
