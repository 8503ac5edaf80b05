"""Scripts of a page without a bundler: the entry, and its imports announced ahead so that they do not wait for each other on a slow line."""

import posixpath
import re
from functools import cache
from pathlib import Path

from django import template
from django.contrib.staticfiles import finders
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()

IMPORT = re.compile(r'^\s*(?:import|export)\b[^;"]*"(\.{1,2}/[^"]+)";', re.MULTILINE)


@register.simple_tag
def page_script(path: str, blocking: str = "") -> SafeString:
    """The script tag of an entry (`js/pages/home.js`) with a `modulepreload` for every module that it imports.

    `blocking="render"`, in the head: nothing is painted before it has run. For what belongs to the first picture.
    """
    links = format_html_join("\n", '<link rel="modulepreload" href="{}">', ((static(module),) for module in imported_by(path)))
    return format_html(
        '{}\n<script type="module" src="{}"{}></script>', links, static(path), format_html(' blocking="{}"', blocking) if blocking else ""
    )


@cache
def imported_by(path: str) -> tuple[str, ...]:
    """All modules that an entry imports, directly or through others."""
    seen: dict[str, None] = {}
    waiting = [path]
    while waiting:
        module = waiting.pop(0)
        for target in _imports(module):
            if target not in seen:
                seen[target] = None
                waiting.append(target)
    return tuple(seen)


def _imports(path: str) -> list[str]:
    found = finders.find(path)
    text = Path(found).read_text(encoding="utf-8") if isinstance(found, str) else ""
    return [posixpath.normpath(posixpath.join(posixpath.dirname(path), target)) for target in IMPORT.findall(text)]
