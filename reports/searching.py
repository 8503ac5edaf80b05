"""What a search of the desk asks PostgreSQL: words of the text and of the spot, names of units, codes, phone numbers; each from its index.

Words are whole syllables, with or without tone marks: “o ga” is no part of “to gan”. The last one may be unfinished.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from typing import TYPE_CHECKING

from django.contrib.postgres.search import SearchQuery, SearchVectorField
from django.db import connection, transaction
from django.db.models import F, Func, Q
from django.db.models.functions import Reverse

from boundaries.models import Unit
from boundaries.querysets import fold
from reports.codes import partly_normalised

if TYPE_CHECKING:
    from accounts.models import User
    from reports.sight import Sight

WORD = re.compile(r"[^\W_]+")
PHONE = re.compile(r"[+(]?\d[\d .()-]{2,18}\d")
TELLING_DIGITS = 3  # fewer would find everybody
WHOLE_PHONE = 8  # digits from which on a number can only be a phone's
WITH_COUNTRY = 11  # 84 and nine digits
MAX_WORDS = 8
FEW = 10_000  # reports that are read by their keys; of more of them a page is found soon by going through the queue
GENERIC = 300  # a word in the names of more units (xã, phường) says nothing of a place


class ReportWords(Func):
    """The words of a report's text and of its spot, folded, as a tsvector; the SQL function is made by reports' migration 0022."""

    function = "report_words"
    output_field = SearchVectorField()

    def __init__(self) -> None:
        super().__init__(F("description"), F("place_note"))


def search_condition(text: str, who: User | Sight) -> Q | None:
    """What reports must fulfil to be found by a text: filter with it after `.alias(words=ReportWords())`. None: nothing can be found by it.

    By words of text and spot, or of the name of the unit where they lie; by the beginning of the code; by the end of a phone number,
    among those whose contact the searcher may see.
    """
    found = _by_words(WORD.findall(fold(text))[:MAX_WORDS])
    if PHONE.fullmatch(text.strip()):
        digits = _digits(text)
        if len(digits) >= TELLING_DIGITS:
            by_phone = Q(pk__in=_called(digits, who))
            if len(digits) >= WHOLE_PHONE:
                return by_phone
            found = by_phone if found is None else found | by_phone
    code = partly_normalised(text)
    if code is not None:
        by_code = Q(code__startswith=code)
        found = by_code if found is None else found | by_code
    return found


def are_common(text: str) -> bool:
    """Whether PostgreSQL expects more than FEW reports to hold all these words, as it counted some: told without looking for them."""
    from reports.models import Report

    words = WORD.findall(fold(text))[:MAX_WORDS]
    if not words:
        return False
    query = SearchQuery(" & ".join(f"'{word}'" for word in words), search_type="raw", config="simple")
    plan = Report.objects.alias(words=ReportWords()).filter(words=query).order_by().values("pk").explain(format="json")
    return bool(json.loads(plan)[0]["Plan"]["Plan Rows"] > FEW)


def keys_if_few(condition: Q) -> list[int] | None:
    """The keys of all reports that fulfil a search condition, whoever may see them; None of more than FEW.

    PostgreSQL cannot tell how rare the beginning of a word is, and would go through the whole queue for one that hardly anybody wrote:
    the indexes are asked first, and nothing else.
    """
    from reports.models import Report

    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off")
        keys = list(Report.objects.alias(words=ReportWords()).filter(condition).values_list("pk", flat=True)[: FEW + 1])
        with connection.cursor() as cursor:  # where the transaction goes on, in tests
            cursor.execute("SET LOCAL enable_seqscan = on; SET LOCAL enable_indexscan = on")
    return keys if len(keys) <= FEW else None


def _by_words(words: list[str]) -> Q | None:
    if not words:
        return None
    found = Q(words=_in_text(words, words[-1]))
    for said, units in _named(words).items():
        others = [word for word in words if word not in said]
        here = Q(unit__in=units)
        found |= here & Q(words=_in_text(others, words[-1])) if others else here
    return found


def _in_text(words: list[str], unfinished: str) -> SearchQuery:
    """All of these words; the one that may go on is looked for as a beginning."""
    parts = [f"'{word}':*" if word == unfinished else f"'{word}'" for word in words]
    return SearchQuery(" & ".join(parts), search_type="raw", config="simple")


def _named(words: list[str]) -> dict[frozenset[str], list[int]]:
    """Units by those of the words that stand in their names."""
    asked = Q()
    for word in set(words):
        asked |= Q(folded_name__regex=rf"(^|\W){word}" if word == words[-1] else rf"(^|\W){word}($|\W)")
    telling: dict[str, list[int]] = defaultdict(list)
    for pk, name in Unit.objects.filter(asked).values_list("pk", "folded_name"):
        syllables = WORD.findall(name)
        for word in set(words):
            if word in syllables or (word == words[-1] and any(syllable.startswith(word) for syllable in syllables)):
                telling[word].append(pk)
    said_of: dict[int, set[str]] = defaultdict(set)
    for word, units in telling.items():
        if len(units) <= GENERIC:
            for pk in units:
                said_of[pk].add(word)
    if said_of:  # what is in every name goes with the rest of it: “xã Hồ Thị Kỷ”
        generic = {word for word, units in telling.items() if len(units) > GENERIC}
        for said in said_of.values():
            said |= generic
    named: dict[frozenset[str], list[int]] = defaultdict(list)
    for pk, said in said_of.items():
        named[frozenset(said)].append(pk)
    return named


def _digits(text: str) -> str:
    """The digits of a phone number without the country's code or the 0 in its place."""
    digits = re.sub(r"\D", "", text)
    if text.strip().startswith("+") or len(digits) >= WITH_COUNTRY:
        digits = digits.removeprefix("84")
    return digits.removeprefix("0")


def _called(digits: str, who: User | Sight) -> list[int]:
    """The reports of those whose phone number ends so, as far as somebody may see who they are: keys."""
    from reports.models import Contact, Report

    ending = Contact.objects.exclude(phone="").alias(backwards=Reverse("phone")).filter(backwards__startswith=digits[::-1])
    keys = list(ending.values_list("report", flat=True))
    return list(Report.objects.with_contact_open_to(who).filter(pk__in=keys).values_list("pk", flat=True)) if keys else []
