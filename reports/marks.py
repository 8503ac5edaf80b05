"""What a row of the queue says besides state and time: that another body is asked to take a report over, refused to, or has a part in it; that it may be a duplicate."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from reports.case_models import Part, Transfer
from reports.codes import grouped
from reports.duplicates import alike_before
from reports.models import Report
from reports.workflow import UNTOUCHED

Outcome = Transfer.Outcome


@dataclass(frozen=True)
class Mark:
    """A few words with an icon; `warns` where something did not go as it was wanted."""

    icon: str
    text: str
    warns: bool = False


def marks_of(reports: Sequence[Report], bodies: Collection[int]) -> dict[int, list[Mark]]:
    """The marks of the reports of a page, by key, for who works for these bodies; at most three queries however many they are."""
    marks: dict[int, list[Mark]] = defaultdict(list)
    known = {report.pk: report for report in reports}
    offers = Transfer.objects.filter(report__in=list(known), outcome__in=[Outcome.WAITING, Outcome.REFUSED]).select_related("to_body")
    for offer in offers:
        if offer.outcome == Outcome.WAITING:
            marks[offer.report_id].append(Mark("swap", _("offered to %(body)s") % {"body": offer.to_body.name}))
        elif offer.answered_at == known[offer.report_id].changed_at:  # nothing has happened since
            marks[offer.report_id].append(Mark("swap", _("refused by %(body)s") % {"body": offer.to_body.name}, warns=True))
    for part in Part.objects.filter(report__in=list(known), outcome=Part.Outcome.OPEN).select_related("body"):
        marks[part.report_id].append(Mark("share", _("part of %(body)s") % {"body": part.body.name}))
    # Who has taken charge of a report has seen on its page what is alike: the queue says it of those that nobody has
    untouched = [report.pk for report in reports if report.status in UNTOUCHED]
    for pk, code in (alike_before(untouched, bodies) if untouched else {}).items():
        marks[pk].append(Mark("layers", _("perhaps the same as %(code)s") % {"code": grouped(code)}))
    return marks
