"""What people type, made fit to be kept: text without control characters, phone numbers without decoration."""

from __future__ import annotations

import re
import unicodedata

from django.utils.translation import gettext as _

PHONE = re.compile(r"(?:\+?84|0)([0-9]{9,10})")
DECORATION = re.compile(r"[\s.\-()]")
# Kept although they are "format": joiners of emoji and of Khmer, whose words are parted by U+200B
JOINERS = frozenset("\u200b\u200c\u200d")


def tidy(text: str) -> str:
    """Several lines of text: composed (NFC), lines parted by newlines, without control and direction characters, stripped.

    "" where nothing of it can be seen.
    Raises ValueError for a NUL, which PostgreSQL cannot keep and nobody types.
    """
    if text.isascii() and text.isprintable():  # most numbers and keys: nothing to compose, and nothing that cannot be seen but spaces
        return text.strip()
    if "\x00" in text:
        raise ValueError(_("The text holds a character that cannot be kept (NUL)."))
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " "))
    if not all(line.isprintable() for line in text.split("\n")):
        text = "".join(letter for letter in text if letter == "\n" or letter in JOINERS or not _is_control(letter))
    kept = text.strip()
    return kept if says_something(kept) else ""


def tidy_line(text: str) -> str:
    """One line of text: as `tidy`, with single spaces."""
    return " ".join(tidy(text).split())


def says_something(text: str) -> bool:
    """Whether any character of a text can be seen."""
    return any(unicodedata.category(letter)[0] in "LNPS" for letter in text)


def phone_number(text: str) -> str:
    """A Vietnamese phone number as it is dialled in the country ("+84 912.345.678" → "0912345678"), "" for none; ValueError otherwise."""
    digits = DECORATION.sub("", text)
    if not digits:
        return ""
    found = PHONE.fullmatch(digits)
    if found is None:
        raise ValueError(_("This is not a Vietnamese phone number: write it like 0912 345 678."))
    return f"0{found[1]}"


def _is_control(letter: str) -> bool:
    return unicodedata.category(letter) in {"Cc", "Cf", "Cs", "Co"}
