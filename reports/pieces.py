"""HTML that stands on a page many times, put together by Python where a template would take most of the page's time; every value is escaped."""

from __future__ import annotations

from collections.abc import Container, Iterable
from html import escape
from typing import TYPE_CHECKING, Any

from django import forms
from django.forms.utils import flatatt
from django.utils.safestring import SafeString, mark_safe

if TYPE_CHECKING:
    from django.forms.renderers import BaseRenderer

OPTION = '<option value="{value}"{chosen}>{label}</option>\n'
SELECT = '<select name="{name}"{attributes}>\n{options}</select>'
CHOSEN, NOTHING = mark_safe(" selected"), mark_safe("")


def filled(shape: str, **values: str) -> SafeString:
    """A piece of HTML with its values, escaped where they are not safe: what format_html does, for strings only and in a third of its time."""
    told = {name: value if isinstance(value, SafeString) else escape(value) for name, value in values.items()}
    return mark_safe(shape.format(**told))  # noqa: S308  escaped in the line above


def joined(pieces: Iterable[SafeString]) -> SafeString:
    """Pieces one after the other."""
    return mark_safe("".join(pieces))  # noqa: S308  each is safe


def options(pairs: Iterable[tuple[Any, Any]], chosen: Container[str]) -> SafeString:
    """The options of a list, of their values and labels."""
    told = ((str(value), str(label)) for value, label in pairs)
    return joined(filled(OPTION, value=value, label=label, chosen=CHOSEN if value in chosen else NOTHING) for value, label in told)


class LongSelect(forms.Select):
    """A list without groups, of any length: Django renders two templates for each option."""

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: BaseRenderer | None = None) -> SafeString:
        """The list as HTML, as Django's own."""
        attributes = flatatt(self.build_attrs(self.attrs, attrs))
        return filled(SELECT, name=name, attributes=attributes, options=options(self.choices, self.format_value(value)))
