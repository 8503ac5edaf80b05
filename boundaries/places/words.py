"""What somebody may mean by an address as they typed it: readings, each a name to look for and the names it should stand among.

"ấp 3, x. Khánh Bình, h. Trần Văn Thời" is read as the unit "khanh binh", a xã, within "tran van thoi", a huyện; or as that huyện; and what lies
below a commune ("ấp 3") is left out, unless a unit has just that name. Without commas every place between two words may part unit and whole.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Container, Iterator
from dataclasses import dataclass
from enum import StrEnum

from boundaries.models import Kind, Level
from boundaries.querysets import fold

MAX_PARTS = 6
MAX_WORDS = 8  # of one name; the longest of a unit has six
MAX_READINGS = 40
MOST_TAKEN_OUT = 4  # words of a name that is looked for among others

DASH = re.compile(r"\s+[-–—]+\s+")
BETWEEN = re.compile(r"[,;:|/\\()\n\t\r]+|\s+[-–—]+\s+")
DOTTED = re.compile(r"\bt\.\s?([tpx])\b\.?")
WORD = re.compile(r"[^\W_]+")
PLAIN = re.compile(r"[a-z]+[a-z0-9]*|[0-9]+[a-z0-9]*")

# Words for kinds; typed with marks they must have these, for "xà", "quán" and "tịnh" are parts of names
KINDS = {
    "thành phố": Kind.THANH_PHO, "thị trấn": Kind.THI_TRAN, "thị xã": Kind.THI_XA, "đặc khu": Kind.DAC_KHU, "tỉnh": Kind.TINH,
    "quận": Kind.QUAN, "huyện": Kind.HUYEN, "phường": Kind.PHUONG, "xã": Kind.XA,
}  # fmt: skip
SHORT = {
    "p": Kind.PHUONG, "f": Kind.PHUONG, "ph": Kind.PHUONG, "ward": Kind.PHUONG, "x": Kind.XA, "tt": Kind.THI_TRAN, "tx": Kind.THI_XA,
    "tp": Kind.THANH_PHO, "h": Kind.HUYEN, "q": Kind.QUAN, "t": Kind.TINH, "dk": Kind.DAC_KHU,
    "thanhpho": Kind.THANH_PHO, "thitran": Kind.THI_TRAN, "thixa": Kind.THI_XA, "dackhu": Kind.DAC_KHU,
}  # fmt: skip
NUMBERED = re.compile(r"(p|f|ph|phuong|ward|q|quan)(\d{1,2})")  # "p5"
LETTERED = re.compile(r"(tp|tx|tt)([bcdghklmnpqrstvx]{2,4})")  # "tpcm"
JOINED = re.compile(r"(thanhpho|thitran|thixa|phuong|huyen|tinh|quan|tp|tt|tx|xa)([a-z]{4,})")  # "tpcamau", "xatanduyet"
# What lies below a commune, or is a way or a house: no unit, unless it is the whole name of one ("Xã Đường Lâm")
BELOW_WORDS = ["khu phố", "tổ dân phố", "ấp", "khóm", "kp", "tdp", "thôn", "xóm", "đường", "đ", "hẻm", "số", "sn"]
BELOW_NUMBERED = re.compile(r"(?:k|kp|ap|khom|to|hem|so|tdp)\d{1,4}[a-z]?")
BESIDE_WORDS = ["ủy ban nhân dân", "uỷ ban nhân dân", "ubnd", "địa chỉ", "địa bàn", "khu vực", "việt nam", "vietnam", "vn", "tại"]
# After a name, as maps in English have them; before one, only "District 1"
ENGLISH = {
    "city": Kind.THANH_PHO,
    "province": Kind.TINH,
    "district": Kind.HUYEN,
    "commune": Kind.XA,
    "town": Kind.THI_TRAN,
    "township": Kind.THI_TRAN,
}
ENGLISH_BEFORE = {"district": Kind.QUAN}
NOT_UNMARKED = {("d",), ("so",), ("tai",)}  # too common as parts of names to be recognised without marks

KIND_WORDS = {tuple(fold(words).split()): kind for words, kind in KINDS.items()}
UNMARKED_KINDS = {spelling for spelling in KIND_WORDS if len(spelling) == 1}
BELOW, BESIDE = ({tuple(fold(words).split()) for words in listed} for listed in (BELOW_WORDS, BESIDE_WORDS))
MARKED: dict[tuple[str, ...], set[str]] = defaultdict(set)
for _words_of_one in (*KINDS, *BELOW_WORDS, *BESIDE_WORDS):
    MARKED[tuple(fold(_words_of_one).split())].update(_words_of_one.split())
LONGEST = max(map(len, MARKED))

LEVELS = {
    Kind.TINH: [Level.PROVINCE], Kind.THANH_PHO: [Level.PROVINCE, Level.DISTRICT], Kind.QUAN: [Level.DISTRICT], Kind.HUYEN: [Level.DISTRICT],
    Kind.THI_XA: [Level.DISTRICT], Kind.PHUONG: [Level.COMMUNE], Kind.XA: [Level.COMMUNE], Kind.THI_TRAN: [Level.COMMUNE],
    Kind.DAC_KHU: [Level.COMMUNE],
}  # fmt: skip


@dataclass
class Part:
    """Words that belong together: a name, the kind that it was given, and the same with the word for the kind as a part of the name."""

    words: list[str]
    kind: Kind | None = None
    literal: list[str] | None = None
    is_below: bool = False

    @property
    def said(self) -> str:
        """As one of the names around another."""
        return f"{self.kind or ''}:{' '.join(self.words)}"


class Use(StrEnum):
    """How a name came out of what was typed."""

    WHOLE = "whole"  # all that stands together: may be unfinished, misspelt, closed up, initials
    CUT = "cut"  # a part of that, where the rest must be what it is part of
    EXACT = "exact"  # what is no unit, unless one has just this name


@dataclass(frozen=True)
class Reading:
    """A unit called `name`, perhaps of a kind, within units called `within` (kind:name; the rest of a cut comes first).

    `place` counts the parts before it: people write the smallest unit first.
    """

    name: str
    kind: Kind | None = None
    within: tuple[str, ...] = ()
    use: Use = Use.EXACT
    place: int = 0

    @property
    def levels(self) -> list[str]:
        """Levels of the kind."""
        return [str(level) for level in LEVELS.get(self.kind, [])] if self.kind else []


def readings(text: str) -> list[Reading]:
    """All that the text may mean, without repetition; empty where it holds no letter and no digit."""
    found: dict[tuple[str, Kind | None, tuple[str, ...]], Reading] = {}
    for reading in _readings(parts(text)):
        found.setdefault((reading.name, reading.kind, reading.within), reading)
    if DASH.search(text):  # a sign between, or one in a name: "Phan Rang - Tháp Chàm"
        for reading in _readings(parts(DASH.sub(" ", text))):
            if reading.use is Use.WHOLE:
                found.setdefault((reading.name, reading.kind, reading.within), reading)
    return list(found.values())[:MAX_READINGS]


def _readings(found: list[Part]) -> Iterator[Reading]:
    named = [part for part in found if not part.is_below]
    cuts = []
    for place, part in enumerate(found):  # those that are not cut come first: they matter most, should there be too many
        others = tuple(other.said for other in named if other is not part)
        for words, kind in ((part.words, part.kind), (part.literal or [], None)):
            name = " ".join(words)
            if name and (words is part.literal or not part.is_below):
                yield Reading(name, kind, others, Use.EXACT if part.is_below else Use.WHOLE, place)
                cuts += [(words, kind, others, place)] if not part.is_below else []
    for greater_first in (False, True):
        for words, kind, others, place in cuts:
            if greater_first and kind is not None:
                continue
            for cut in range(len(words) - 1, 0, -1):
                first, last = " ".join(words[:cut]), " ".join(words[cut:])
                name, rest = (last, first) if greater_first else (first, last)
                yield Reading(name, kind, (f":{rest}", *others), Use.CUT, place)
    for words, kind, others, place in cuts:  # "opposite the school Tam Giang Đông, Năm Căn": what else stands there is none of ours
        for length in range(min(len(words) - 1, MOST_TAKEN_OUT), 1, -1) if others else ():
            yield Reading(" ".join(words[-length:]), None, others, Use.CUT, place)
            yield Reading(" ".join(words[:length]), kind, others, Use.CUT, place)


@dataclass(frozen=True)
class Word:
    """A word as it was typed, in small letters, and the same without marks."""

    typed: str
    plain: str

    @property
    def is_marked(self) -> bool:
        """Whether it was typed with marks."""
        return self.typed != self.plain


def parts(text: str) -> list[Part]:
    """The text cut at signs and at words for kinds, abbreviations written out; at most six parts, of at most eight words."""
    tidy = unicodedata.normalize("NFC", text).lower().replace("'", "").replace("’", "")
    found = [part for stretch in BETWEEN.split(DOTTED.sub(r"t\1 ", tidy)) for part in _parts_of(_words(stretch))]
    if sum(len(part.words) for part in found) > 1:
        for part in found:
            part.words = [word for word in part.words if not (word.isdigit() and len(word) > 3)]  # postal codes
    return [part for part in found if part.words or part.is_below][:MAX_PARTS]


def _words(stretch: str) -> list[Word]:
    return [Word(word, fold(word)) for word in WORD.findall(stretch)]


def _parts_of(words: list[Word]) -> Iterator[Part]:
    """The parts of a stretch without signs."""
    part, at = Part([]), 0
    while at < len(words):
        word = words[at]
        kind, length = _kind(words, at)
        below = 0 if kind else _longest(BELOW, words, at) or int(bool(BELOW_NUMBERED.fullmatch(word.plain)))
        glued = None if kind or below else _glued(word.plain)
        if kind and part.kind and not part.words and not part.is_below:
            kind = None  # "huyện Quan Sơn"
        if kind and at + length < len(words):
            yield part
            # "quan son" may be Quan Sơn, "tinh bien" Tịnh Biên; "huyện", with its marks, is the word for a kind
            literal = [word.plain] if not word.is_marked and (word.plain,) in UNMARKED_KINDS else None
            part, at = Part([], kind, literal), at + length
            continue
        if below:
            yield part
            part = Part([], literal=[word.plain for word in words[at : at + below]], is_below=True)
        elif glued:
            yield part
            part = Part([glued[1]], glued[0], literal=[word.plain])
        elif word.plain in ENGLISH:
            named = part.words and part.kind is None
            if named:
                part.kind = ENGLISH[word.plain]
            yield part
            part = Part([], None if named else ENGLISH_BEFORE.get(word.plain))
        elif not (below := _longest(BESIDE, words, at)):
            _add(part, word.plain)
        at += below or 1
    yield part


def _add(part: Part, word: str) -> None:
    plain = tidy_words(word)
    if len(part.words) < MAX_WORDS:
        part.words += plain
        if part.literal is not None:
            part.literal += plain


def tidy_words(plain: str) -> list[str]:
    """Letters and digits of a folded word as they stand in plain names."""
    return [word.lstrip("0") or "0" if word.isdigit() else word for word in PLAIN.findall(plain)]


def _kind(words: list[Word], at: int) -> tuple[Kind | None, int]:
    """The kind that the words from here name, and how many words that takes."""
    length = _longest(KIND_WORDS, words, at)
    if length:
        return KIND_WORDS[plain_of(words[at : at + length])], length
    return SHORT.get(words[at].plain) if words[at].typed != "đ" else None, 1


def _glued(word: str) -> tuple[Kind, str] | None:
    """Kind and name of a word that is both: "p5", "tpcm", "tpcamau"."""
    match = NUMBERED.fullmatch(word) or LETTERED.fullmatch(word) or JOINED.fullmatch(word)
    if match is None:
        return None
    return SHORT.get(match[1]) or KIND_WORDS[(match[1],)], tidy_words(match[2])[0]


def plain_of(words: list[Word]) -> tuple[str, ...]:
    """The words without marks."""
    return tuple(word.plain for word in words)


def _longest(spellings: Container[tuple[str, ...]], words: list[Word], at: int) -> int:
    """How many words the longest of the spellings takes that begins here; 0 where none does."""
    for length in range(min(LONGEST, len(words) - at), 0, -1):
        stretch = words[at : at + length]
        plain = plain_of(stretch)
        if plain in spellings and all(word.typed in MARKED[plain] if word.is_marked else plain not in NOT_UNMARKED for word in stretch):
            return length
    return 0


def without_telex(text: str) -> str:
    """What was meant by keys that were typed with no input method on: "Ddaamf Dowi", "Ca2 Mau" → "dam doi", "ca mau"; "" where they were not."""
    plain = fold(text).split()
    meant = [_without_keys(word) for word in plain]
    return " ".join(meant) if meant != plain else ""


def _without_keys(word: str) -> str:
    if NUMBERED.fullmatch(word) or not re.search("[aeiouy]", word):
        return word
    word = re.sub(r"(?<=[a-z])[0-9]+", "", word)
    word = re.sub(r"dd", "d", re.sub(r"([aeo])\1", r"\1", word))
    return re.sub(r"(?<=[aou])w|(?<=[aeiouyw])[sfrxj]|(?<=[a-z])[sfrxj]$", "", word)
