"""Personal data in what people write: found by rule, and masked in everything that is public (docs/adr/0012-masking.md).

Found are telephone numbers, numbers of identity papers, vehicle plates, e-mail addresses and bank accounts as they are written in Vietnam. What only
looks like one is left alone: coordinates, dates, amounts, house numbers, roads, kilometre posts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy


class Kind(TextChoices):
    """What was found."""

    PHONE = "phone", gettext_lazy("phone number")
    PAPER = "paper", gettext_lazy("identity paper")
    PLATE = "plate", gettext_lazy("vehicle plate")
    EMAIL = "email", gettext_lazy("e-mail address")
    ACCOUNT = "account", gettext_lazy("bank account")
    OTHER = "other", gettext_lazy("masked by hand")


@dataclass(frozen=True, order=True)
class Span:
    """Characters [start, end) of a text that are not for the public, and what they are."""

    start: int
    end: int
    kind: str = Kind.OTHER


SEPARATED = r"[ \u00a0.\-–]{0,2}"
_AT = re.compile(r"@|[(\[]at[)\]]")
_THREE_DIGITS = re.compile(r"\d\D{0,4}\d\D{0,4}\d")
_PHONE = re.compile(
    rf"(?<!\d)(?<!\d[.,])(?P<prefix>\(?(?:\+|\b00)\s?\(?84\)?(?:{SEPARATED}\(0\))?|\b84|\(0|(?<!\w)[oO]|0)\)?(?P<rest>(?:{SEPARATED}\)?{SEPARATED}\d){{9,10}})(?!\d|[.,]\d)"
)
_BARE_PHONE = re.compile(rf"(?<!\d)(?<!\d[.,])[35789](?:{SEPARATED}\d){{8}}(?!\d|[.,]\d)")
_PAPER = re.compile(r"(?<!\d)(?<!\d[.,])0(?:[ .\-]?\d){11}(?!\d|[.,]\d)")
_NUMBER = re.compile(r"(?<![\d/])(?<!\d[.,])\d(?:[ .\-]?\d){7,18}(?![\d/]|[.,]\d)")
_PASSPORT = re.compile(r"\b[A-Z]\d{7,8}\b")
_PLATE = re.compile(
    r"(?<![\w.,/])(?P<where>[1-9]\d)[ ]?[-–.]?[ ]?(?P<series>[A-Za-zĐđ]{1,2}\d?|[A-Za-z]\d)(?P<between>[ ]?[-–.]?[ ]?)"
    r"(?P<number>\d{3}[. ]?\d{2}|\d{4})(?![\w/]|[.,]\d)"
)
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}(?: ?@ ?| ?[(\[]at[)\]] ?)[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,}(?!\w)")

_PHONE_WORD = re.compile(
    r"(?:đt|sđt|sdt|điện thoại|dien thoai|di động|zalo|viber|phone|tel|hotline|gọi|goi|alo|liên hệ|lien he|lh|dđ)\W*(?:\w+\W+){0,3}$",
    re.IGNORECASE,
)
_PAPER_WORD = re.compile(r"(?:cmnd|cmtnd|cmt|cccd|chứng minh|chung minh|căn cước|can cuoc|định danh|\bid)\b[^\d\n]{0,30}$", re.IGNORECASE)
_PASSPORT_WORD = re.compile(r"(?:hộ chiếu|ho chieu|passport)\b[^\d\n]{0,20}$", re.IGNORECASE)
_PLATE_WORD = re.compile(r"(?:biển|bien so|biển số|bks|\bbs|\bxe)\b[^\d\n]{0,40}$", re.IGNORECASE)
_ACCOUNT_WORD = re.compile(r"(?:stk|tài khoản|tai khoan|\btk|account)\b[^\d\n]{0,40}$", re.IGNORECASE)
_AMOUNT = re.compile(
    r"\s*(?:đồng|dong|vnđ|vnd|đ\b|d\b|tỷ|ty\b|triệu|trieu|ngàn|nghìn|usd|kg|km|ha\b|m2|m²|m\b|lít|người|hộ\b)", re.IGNORECASE
)
_DATE = re.compile(r"\d{1,2}[ .\-–]{1,3}\d{1,2}[ .\-–]{1,3}(?:19|20)\d\d")
_NOT_A_PERSON = re.compile(r"\.gov\.vn$", re.IGNORECASE)
_MOBILE = re.compile(r"[35789]\d{8}")
_LANDLINE = re.compile(r"2\d{9}")
# An identity number: province of birth (001 to 096), sex and century, year, six more
_CITIZEN = re.compile(r"0(?:0[1-9]|[1-8]\d|9[0-6])[0-3]\d{8}")
BEFORE = 48  # characters in which a word may say what a number is


def find(text: str, *, allowed: Iterable[str] = ()) -> list[Span]:
    """The personal data in a text, in order, none overlapping; what is `allowed` (numbers and addresses of a body) is left out."""
    spans = list(_emails(text)) if _AT.search(text) else []
    if _THREE_DIGITS.search(text):
        spans += [*_papers(text), *_phones(text), *_plates(text), *_accounts(text)]
    known = {_bare(one) for one in allowed if one}
    found: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if _bare(text[span.start : span.end]) in known or (found and span.start < found[-1].end):
            continue
        found.append(span)
    return found


def masked(text: str, spans: Sequence[Span]) -> str:
    """The text with a word in place of each span, in the reader's language; spans out of its bounds are cut."""
    parts, position = [], 0
    for span in sorted(spans):
        start, end = max(span.start, position), min(span.end, len(text))
        if start >= end:
            continue
        parts += [text[position:start], word_for(span.kind)]
        position = end
    return "".join([*parts, text[position:]])


def word_for(kind: str) -> str:
    """What stands in place of something masked."""
    return {
        Kind.PHONE: _("[phone number hidden]"),
        Kind.PAPER: _("[identity number hidden]"),
        Kind.PLATE: _("[vehicle plate hidden]"),
        Kind.EMAIL: _("[e-mail hidden]"),
        Kind.ACCOUNT: _("[account number hidden]"),
    }.get(Kind(kind) if kind in Kind.values else Kind.OTHER, _("[hidden]"))


def public_text(text: str, stored: Sequence[Sequence[object]] | None, *, allowed: Iterable[str] = ()) -> str:
    """A text as everybody may read it: with the masks that a coordinator chose, or (None) those found by rule."""
    return masked(text, spans_of(stored) if stored is not None else find(text, allowed=allowed))


def spans_of(stored: Sequence[Sequence[object]]) -> list[Span]:
    """Spans as they are kept in the database: [start, end, kind] each."""
    return [Span(int(str(start)), int(str(end)), str(kind)) for start, end, kind in stored]


def _bare(text: str) -> str:
    return re.sub(r"[\s.\-–()]", "", text).lower()


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def _phones(text: str) -> Iterator[Span]:
    for match in _PHONE.finditer(text):
        for end in _ends(match.group("rest")):
            rest = match.group("rest")[:end]
            whole = text[match.start() : match.start("rest") + end]
            number = _digits(rest)
            if not (_MOBILE.fullmatch(number) or _LANDLINE.fullmatch(number)):
                continue
            after = text[match.start("rest") + end :]
            if after[:1].isdigit() or _AMOUNT.match(after) or _DATE.match(whole):
                continue
            if _is_grouped(whole) or _PHONE_WORD.search(text[max(0, match.start() - BEFORE) : match.start()]):
                yield Span(match.start(), match.start() + len(whole), Kind.PHONE)
                break
    for match in _BARE_PHONE.finditer(text):
        if _PHONE_WORD.search(text[max(0, match.start() - BEFORE) : match.start()]) and not _AMOUNT.match(text, match.end()):
            yield Span(*match.span(), Kind.PHONE)


def _ends(rest: str) -> Iterator[int]:
    """Where a number of ten digits, or else of nine, ends: what follows it may be another number."""
    places = [place + 1 for place, letter in enumerate(rest) if letter.isdigit()]
    if len(places) > 9:
        yield places[9]
    if len(places) > 8:
        yield places[8]


def _is_grouped(whole: str) -> bool:
    """Whether digits stand together as in a telephone number: at once, in groups of three or more, or each alone; pairs are rather a list."""
    groups = [len(group) for group in re.split(r"\D+", whole) if group]
    return max(groups) >= 3 or set(groups) == {1}


def _papers(text: str) -> Iterator[Span]:
    for match in _PAPER.finditer(text):
        groups = {len(group) for group in re.split(r"\D", match[0])}
        if _CITIZEN.fullmatch(_digits(match[0])) and groups in ({12}, {3}) and not _AMOUNT.match(text, match.end()):
            yield Span(*match.span(), Kind.PAPER)
    for match in _NUMBER.finditer(text):
        said = _PAPER_WORD.search(text[max(0, match.start() - BEFORE) : match.start()])
        if said and len(_digits(match[0])) in (9, 12):
            yield Span(*match.span(), Kind.PAPER)
    for match in _PASSPORT.finditer(text):
        if _PASSPORT_WORD.search(text[max(0, match.start() - BEFORE) : match.start()]):
            yield Span(*match.span(), Kind.PAPER)


def _plates(text: str) -> Iterator[Span]:
    for match in _PLATE.finditer(text):
        said = _PLATE_WORD.search(text[max(0, match.start() - BEFORE) : match.start()])
        series, number, between = match["series"], match["number"], match["between"]
        is_short = len(number) == 4
        looks_like_one = (
            series[0].isupper()
            and (not is_short or "-" in between or (len(series) > 1 and series[1].isdigit()))
            and not (is_short and number[:2] in ("19", "20") and "-" not in between)
        )
        if (said or looks_like_one) and not _AMOUNT.match(text, match.end()):
            yield Span(*match.span(), Kind.PLATE)


def _emails(text: str) -> Iterator[Span]:
    for match in _EMAIL.finditer(text):
        if not _NOT_A_PERSON.search(match[0]):
            yield Span(*match.span(), Kind.EMAIL)


def _accounts(text: str) -> Iterator[Span]:
    for match in _NUMBER.finditer(text):
        said = _ACCOUNT_WORD.search(text[max(0, match.start() - BEFORE) : match.start()])
        if said and not _AMOUNT.match(text, match.end()) and not _DATE.match(match[0]):
            yield Span(*match.span(), Kind.ACCOUNT)
