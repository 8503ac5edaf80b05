"""Texts that are data, not messages: a field in Vietnamese, and its like in English with `_en` behind its name."""

from __future__ import annotations

from django.utils.translation import get_language


def reads_english() -> bool:
    """Whether the reader reads English now; everybody else reads Vietnamese."""
    return get_language() == "en"


def in_readers_language(row: object, name: str) -> str:
    """The text of a field in the reader's language."""
    return str(getattr(row, f"{name}_en" if reads_english() else name))


class NamedInBothLanguages:
    """A model with `name` and `name_en`, known to people by them."""

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """The name in the reader's language."""
        return in_readers_language(self, "name")
