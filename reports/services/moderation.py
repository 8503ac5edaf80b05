"""What a coordinator decides about the public side of a report: which words of its texts are masked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from reports.masking import Span, find, spans_of
from reports.models import Reply, Report, ReportEvent
from reports.services.casework import roles_on
from reports.services.errors import NotAllowed, ReportChangedMeanwhile
from reports.workflow import PUBLISHERS

if TYPE_CHECKING:
    from accounts.models import User

FIELDS = ("description", "place_note")


def chosen_masks(report: Report, name: str) -> list[Span]:
    """What is masked in a text of a report now: `description`, `place_note`."""
    stored = (report.masks or {}).get(name)
    return find(getattr(report, name)) if stored is None else spans_of(stored)


def masks_of_reply(reply: Reply) -> list[Span]:
    """What is masked in a published reply now."""
    return _found_in_reply(reply) if reply.masks is None else spans_of(reply.masks)


def _found_in_reply(reply: Reply) -> list[Span]:
    return find(reply.text, allowed=(reply.body.hotline, reply.body.email))


@transaction.atomic
def choose_masks(
    report_id: int,
    *,
    actor: User,
    texts: Mapping[str, Sequence[Span]],
    replies: Mapping[int, Sequence[Span]] | None = None,
    version: int | None = None,
    at: datetime | None = None,
) -> Report:
    """Masks in the texts of a report, by field, and in its published replies, by key, exactly these words; an event says how many, not which.

    Where the choice is what is found by rule nothing is kept, so that better rules count. Raises Report.DoesNotExist for a stranger, NotAllowed
    for whoever is no coordinator of the report, ReportChangedMeanwhile for a stale page, ValidationError for words outside the text.
    """
    Report.objects.select_for_update().only("pk").get(pk=report_id)
    report = Report.objects.visible_to(actor).select_related("category", "authority", "unit").get(pk=report_id)
    if not roles_on(actor, report) & PUBLISHERS:
        raise NotAllowed
    if version is not None and version != report.version:
        raise ReportChangedMeanwhile(report)
    at = at or timezone.now()
    kept = dict(report.masks or {})
    changes: dict[str, dict[str, int]] = {}
    for name in FIELDS:
        if name in texts:
            text = getattr(report, name)
            wanted = _fitting(text, texts[name], name)
            _note_change(changes, name, chosen_masks(report, name), wanted)
            kept = {key: value for key, value in kept.items() if key != name}
            if wanted != find(text):
                kept[name] = _stored(wanted)
    report.masks = kept or None
    for reply in report.replies.filter(pk__in=list(replies or {}), published_at__isnull=False).select_related("body"):
        wanted = _fitting(reply.text, (replies or {})[reply.pk], f"reply_{reply.pk}")
        _note_change(changes, f"reply_{reply.pk}", masks_of_reply(reply), wanted)
        reply.masks = None if wanted == _found_in_reply(reply) else _stored(wanted)
        reply.save(update_fields=["masks"])
    if changes:
        remember(report, "masks", actor=actor, data={"texts": changes}, at=at)
    return report


def remember(report: Report, kind: str, *, actor: User, data: dict[str, object], at: datetime) -> None:
    """Writes an event of moderation, which is not public, and saves the locked report; the version counts events."""
    report.changed_at = at
    report.version += 1
    report.save()
    ReportEvent.objects.create(
        report=report,
        at=at,
        kind=kind,
        status_before=report.status,
        status_after=report.status,
        body=report.authority,
        actor_id=actor.pk,
        data=data,
    )


def _fitting(text: str, spans: Sequence[Span], name: str) -> list[Span]:
    wanted = sorted(set(spans))
    overlaps = any(after.start < before.end for before, after in pairwise(wanted))
    if overlaps or any(not 0 <= span.start < span.end <= len(text) for span in wanted):
        raise ValidationError({name: [_("These are no words of the text.")]})
    return wanted


def _note_change(changes: dict[str, dict[str, int]], name: str, before: Sequence[Span], wanted: Sequence[Span]) -> None:
    added, taken = len(set(wanted) - set(before)), len(set(before) - set(wanted))
    if added or taken:
        changes[name] = {"masked": added, "unmasked": taken}


def _stored(spans: Sequence[Span]) -> list[list[object]]:
    return [[span.start, span.end, str(span.kind)] for span in spans]
