"""Names of units as they come from files: composed, with one space between words, and not garbled by a wrong encoding."""

from __future__ import annotations

import unicodedata

# What Vietnamese letters are made of when decomposed: the tones, and circumflex, breve, horn
MARKS = frozenset("\u0300\u0301\u0303\u0309\u0323\u0302\u0306\u031b")
SIGNS = frozenset(" -–.,'’()/&")
LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZđĐ0123456789")


def tidied(text: str) -> str:
    """The name composed (NFC), without spaces at its ends and with single spaces inside."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def garbled(name: str) -> str | None:
    """What shows that a name went through a wrong encoding ("PhÆ°á»ng", "Ph?ng", "Phêng B¹c Liªu"); None where nothing does."""
    for encoding in ("cp1252", "latin-1"):
        try:
            meant = name.encode(encoding).decode("utf-8")
        except UnicodeError:
            continue
        if meant != name:
            return f"UTF-8 read as {encoding}; “{meant}” is meant"
    strange = sorted({letter for letter in unicodedata.normalize("NFD", name) if letter not in LETTERS | MARKS | SIGNS})
    if strange:
        return "it holds " + ", ".join(f"“{letter}” (U+{ord(letter):04X})" for letter in strange[:5])
    return None
