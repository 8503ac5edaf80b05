"""Texts of replies that are written often: placeholders that the report fills, and blanks that the officer must."""

from __future__ import annotations

import re

from django.db.models import Q
from django.utils import timezone, translation
from django.utils.formats import date_format

from reports.models import ReplyTemplate, Report

BLANK = re.compile(r"\{[^{}\n]{1,60}\}")


def templates_for(report: Report) -> list[ReplyTemplate]:
    """The templates that fit a report: of its body and category, or of every one; the more special first."""
    fitting = ReplyTemplate.objects.filter(
        Q(body=report.authority_id) | Q(body__isnull=True), Q(category=report.category_id) | Q(category__isnull=True)
    )
    return sorted(fitting, key=lambda template: (template.body_id is None, template.category_id is None, template.position, template.pk))


def filled(template: ReplyTemplate, report: Report) -> str:
    """The text in the reporter's language, with {code}, {category}, {unit}, {body}, {hotline}, {filed_on} and {today} filled in.

    A blank that is none of these, or of which nothing is known, stays, for the officer to fill in.
    """
    with translation.override(report.language):
        known = {
            "code": report.readable_code,
            "category": report.category.label,
            "unit": report.unit.name if report.unit else "",
            "body": report.authority.name,
            "hotline": report.authority.hotline,
            "filed_on": date_format(timezone.localtime(report.filed_at), "SHORT_DATE_FORMAT"),
            "today": date_format(timezone.localdate(), "SHORT_DATE_FORMAT"),
        }
        text = template.text_in(report.language)
    return BLANK.sub(lambda blank: known.get(blank[0][1:-1].strip()) or blank[0], text)


def blanks(text: str) -> list[str]:
    """What is still open in a reply, as it stands there, each once: at most five."""
    return list(dict.fromkeys(BLANK.findall(text)))[:5]
