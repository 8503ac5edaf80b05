"""What is said with a step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.contrib.gis.geos import Point
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from reports.case_models import Part
from reports.models import MAX_QUESTION, Note, Reply
from reports.survey_models import MAX_REASON
from reports.templates import blanks
from reports.workflow import Step

if TYPE_CHECKING:
    from accounts.models import User
    from authorities.models import Body, Category, ReturnReason
    from reports.media import PreparedPhoto
    from reports.models import Photo, Report

TEXTS = ("reply", "note", "question", "answer", "task", "result", "description", "why_none")


@dataclass(frozen=True)
class Words:
    """What was said with a step; which of these a step needs stands in the table."""

    reply: str = ""
    note: str = ""
    question: str = ""
    answer: str = ""
    reason: ReturnReason | None = None
    category: Category | None = None
    body: Body | None = None
    officer: User | None = None
    original: Report | None = None
    after: tuple[PreparedPhoto, ...] = ()  # of the spot after the work
    where: Point | None = None  # WGS 84, of the phone as it chose them, known well enough
    why_none: str = ""
    task: str = ""
    days: int | None = None
    result: str = ""
    part: Part | None = None
    spot: Point | None = None
    description: str = ""
    photos: Sequence[Photo] = ()


def stripped(words: Words) -> Words:
    """The same without space around the texts."""
    return replace(words, **{name: getattr(words, name).strip() for name in TEXTS})


def require(step: Step, words: Words) -> None:
    """Raises ValidationError where words are missing, too long, or a reply still has blanks of its template."""
    wrong = {name: [_("This is required.")] for name in step.needs if not getattr(words, name)}
    if len(words.reply) > (Reply._meta.get_field("text").max_length or 0):
        wrong["reply"] = [_("A reply has at most 10,000 characters.")]
    elif open_ones := blanks(words.reply):
        wrong["reply"] = [_("Fill in what the template leaves open: %(blanks)s.") % {"blanks": ", ".join(open_ones)}]
    if len(words.note) > (Note._meta.get_field("text").max_length or 0):
        wrong["note"] = [_("A note has at most 5,000 characters.")]
    for name in ("question", "answer", "task", "result"):
        if len(getattr(words, name)) > MAX_QUESTION:
            wrong[name] = [_("At most 2,000 characters.")]
    if len(words.why_none) > MAX_REASON:
        wrong["why_none"] = [_("At most %(limit)d characters; you wrote %(count)d.") % {"limit": MAX_REASON, "count": len(words.why_none)}]
    if wrong:
        raise ValidationError(wrong)
