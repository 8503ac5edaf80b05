"""Names of units: as they come from files (composed, single spaces, not garbled by a wrong encoding), and as they are compared in searches."""

from __future__ import annotations

import unicodedata

from django.db.models import Func, TextField

# What Vietnamese letters are made of when decomposed: the tones, and circumflex, breve, horn
MARKS = frozenset("\u0300\u0301\u0303\u0309\u0323\u0302\u0306\u031b")
SIGNS = frozenset(" -–.,'’()/&")
# The words for kinds of units that names begin with, folded, the longer first
KINDS = "thanh pho|thi tran|dac khu|phuong|thi xa|huyen|tinh|quan|xa"
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


class PlainName(Func):
    """What names are compared by: without kind, case, marks, signs and leading zeros ("Phường 05" → "5"); immutable, for a generated column."""

    template = (
        "btrim(regexp_replace(regexp_replace(regexp_replace(translate(folded(%(expressions)s), '''’', ''), '[^a-z0-9]+', ' ', 'g'), "
        rf"'^ ?({KINDS}) ', ''), '(^| )0+(?=[0-9])', '\1', 'g'))"
    )
    output_field = TextField(db_collation="C")


class Initials(Func):
    """The first letters of the words of a plain name: "tran van thoi" → "tvt"."""

    template = r"regexp_replace(%(expressions)s, '([a-z0-9])[a-z0-9]* ?', '\1', 'g')"
    output_field = TextField(db_collation="C")


class Closed(Func):
    """A plain name without its spaces: "ca mau" → "camau"."""

    template = "replace(%(expressions)s, ' ', '')"
    output_field = TextField(db_collation="C")


class Sounds(Func):
    """A plain name as it sounds in the south, where tr is ch, s is x, v is d, final t is c and final ng is n; double letters once. Made by a migration."""

    function = "sounds"
    output_field = TextField(db_collation="C")
