"""Filing: a spot and a story become a report with a place, a body, a history and its jobs, in one transaction."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib.gis.geos import Point
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, connection, transaction
from django.db.models import Model
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from authorities.models import Category, Publication
from authorities.routing import Routing, RulesOfADay, route
from authorities.shelf import shelf_of
from boundaries.locate import Method, Place, Placement, locate, place_in_every_edition, placement
from boundaries.models import Unit
from gis.bbox import DECIMALS
from reports import tasks
from reports.codes import new_code
from reports.deadlines import begin
from reports.deadlines.terms import Terms
from reports.media import PreparedPhoto, files_undone_on_error, keep_photos
from reports.models import Channel, Conflict, Contact, Follow, Handling, IdempotencyKey, Report, ReportEvent, ReportPlace
from reports.services.errors import KeyUsedForAnotherReport, SettingsHaveChanged
from reports.sql import look_up, write_at_once
from reports.words import phone_number, tidy, tidy_line
from reports.workflow import Status

MAX_DESCRIPTION = 5000
MAX_PLACE_NOTE = 300
MAX_NAME = 120
MAX_EMAIL = 254
CLOCKS_DIFFER = timedelta(minutes=10)
SEEN_WITHIN = timedelta(days=5 * 365)  # what was seen longer ago is a mistyped year or a camera's unset clock


@dataclass(frozen=True)
class Filing:
    """What is filed: the spot (WGS 84), the radius in which it truly lies (metres), the story, and the contact, which is kept apart.

    `settings_version` is that of the shelf which the category was taken from; None where it was read from the database.
    """

    location: Point
    category: Category
    description: str
    accuracy_m: float | None = None
    place_note: str = ""
    observed_at: datetime | None = None
    name: str = ""
    phone: str = ""
    email: str = ""
    photos: Sequence[PreparedPhoto] = ()
    chosen_unit: str = ""
    channel: str = Channel.WEB
    language: str = "vi"
    filed_by: User | None = None
    severity: int = 2
    settings_version: Decimal | None = None

    def digest(self) -> str:
        """SHA-256 of the content, by which a repeated request is known."""
        content = [
            round(self.location.x, 7),
            round(self.location.y, 7),
            self.category.code,
            self.description,
            self.accuracy_m,
            self.place_note,
            self.observed_at.isoformat() if self.observed_at else None,
            self.name,
            self.phone,
            self.email,
            self.chosen_unit,
            [photo.digest for photo in self.photos],
        ]
        return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()


def file_report(filing: Filing, *, at: datetime | None = None) -> Report:
    """Files a report at a time (default now; earlier for demonstrations) and gives it to the body responsible there on that day.

    Writes the report, its place in every edition, contact, follower, photos and events, and defers the jobs, all or nothing. Raises
    ValidationError for content that the database would refuse.
    """
    return _file(filing, at or timezone.now())


def file_once(filing: Filing, *, key: str, at: datetime | None = None) -> tuple[Report, bool]:
    """Files a report unless this key did so before: (report, whether it is new).

    Raises KeyUsedForAnotherReport where the key came with another content. Of two calls at the same moment one files, the other waits and
    gets the first one's report.
    """
    digest = filing.digest()
    known = None if _goes_at_once(filing) else _filed_with(key, digest)  # at once: it is asked for together with the place
    if known is not None:
        return known, False
    try:
        return _file(filing, at or timezone.now(), IdempotencyKey(key=key, digest=digest)), True
    except (IntegrityError, ValidationError, _KeyIsKnown):  # what was taken once may be refused by now: it is still filed
        known = _filed_with(key, digest)
        if known is None:
            raise
        return known, False


class _KeyIsKnown(Exception):
    """A report was filed with this key."""


def _goes_at_once(filing: Filing) -> bool:
    return bool(settings.FILING_AT_ONCE) and not filing.photos


@files_undone_on_error()
def _file(filing: Filing, at: datetime, key: IdempotencyKey | None = None) -> Report:
    filing = _fit_to_be_kept(filing, at)
    if _goes_at_once(filing):
        # One statement is a transaction of its own; within another, what fails has to leave that one usable
        with transaction.atomic() if connection.in_atomic_block else nullcontext():
            return _file_at_once(filing, at, key)
    with transaction.atomic():
        return _file_in_steps(filing, at, key)


def _file_in_steps(filing: Filing, at: datetime, key: IdempotencyKey | None) -> Report:
    """Everything by its model, one after the other."""
    on = timezone.localdate(at)
    placement = placed_in(filing.chosen_unit, locate(point=filing.location, accuracy_m=filing.accuracy_m, on=on))
    routing = route(placement, filing.category, on)
    report = _report_of(filing, at)
    begin_life(report, placement, routing, at)
    for part in _parts_of(report, filing, at, key):
        part.save(force_insert=True)
    if filing.photos:
        keep_photos(report, filing.photos, at=at)
    note_filed(report, actor=filing.filed_by, data={"trace": routing.trace})
    return report


def _file_at_once(filing: Filing, at: datetime, key: IdempotencyKey | None) -> Report:
    """The same by two statements, with rules, terms and units of the shelf."""
    on = timezone.localdate(at)
    found = look_up(filing.location, filing.accuracy_m, on, key=key.key if key else "")
    if found.key_is_known:
        raise _KeyIsKnown
    kept = shelf_of(found.version)
    if filing.settings_version not in (None, found.version):
        raise SettingsHaveChanged
    if found.rows:
        units = {pk: kept.get(("unit", pk), partial(_unit, pk)) for pk, _, _ in found.rows}
        placed = placement(filing.location, filing.accuracy_m, on, found.rows, units)
    else:  # on water, or outside: the nearest are looked for
        placed = locate(point=filing.location, accuracy_m=filing.accuracy_m, on=on)
    placed = placed_in(filing.chosen_unit, placed)
    routing = route(placed, filing.category, on, kept.get(("rules", on), lambda: RulesOfADay(on)))
    report = _report_of(filing, at)
    terms = kept.get(("terms", on, timezone.localdate().year, settings.WORKING_HOURS), lambda: Terms.of_all(at))
    parts = _begun(report, placed, routing, at, places=found.places, terms=terms)
    event = _filed_event(report, filing.filed_by, {"trace": routing.trace})
    write_at_once(report, [*parts, *_parts_of(report, filing, at, key)], event)
    return report


def _unit(pk: int) -> Unit:
    return Unit.objects.with_ancestors().get(pk=pk)


def _report_of(filing: Filing, at: datetime) -> Report:
    return Report(
        category=filing.category,
        description=filing.description,
        place_note=filing.place_note,
        location=filing.location,
        accuracy_m=filing.accuracy_m,
        severity=filing.severity,
        published_at=at if filing.category.publication == Publication.AT_ONCE else None,
        observed_at=filing.observed_at,
        channel=filing.channel,
        language=filing.language,
        filed_by=filing.filed_by,
    )


def _parts_of(report: Report, filing: Filing, at: datetime, key: IdempotencyKey | None) -> list[Model]:
    """What the filing adds to the report, not yet written: who reported, who is to be told, and the key that came with it."""
    parts: list[Model] = []
    if filing.name or filing.phone or filing.email:
        parts.append(Contact(report=report, name=filing.name, phone=filing.phone, email=filing.email))
    if filing.email:
        follow = Follow(report=report, email=filing.email, language=filing.language, is_reporter=True, since=at, confirmed_at=at)
        parts.append(follow)
    if key is not None:
        key.report = report
        parts.append(key)
    return parts


def begin_life(report: Report, placement: Placement, routing: Routing, at: datetime) -> None:
    """Saves a report that is new at a moment: where it lies in every edition, with whom and by when, and of whom it complains."""
    parts = _begun(report, placement, routing, at, places=place_in_every_edition(point=report.location), terms=None)
    report.save(force_insert=True)
    for part in parts:
        part.save(force_insert=True)


def _begun(
    report: Report, placement: Placement, routing: Routing, at: datetime, *, places: Sequence[Place], terms: Terms | None
) -> list[Model]:
    """Fills in what a new report has from its beginning; what hangs on it, not yet written."""
    report.code = new_code()
    report.location_at_filing, report.unit_at_filing = report.location, placement.unit
    report.unit, report.method, report.distance_m = placement.unit, placement.method, placement.distance_m
    report.ambiguous = placement.ambiguous
    report.authority = routing.body
    report.status = Status.TRIAGE if routing.needs_triage else Status.NEW
    report.filed_at = report.changed_at = at
    begin(report, at, terms)
    report.trace_at_filing = routing.trace
    handling = Handling(report=report, body=routing.body, since=at)
    return [*_places_of(report, places), handling, *(Conflict(report=report, body=body) for body in routing.conflicts)]


def note_filed(report: Report, *, actor: User | None = None, data: dict[str, Any]) -> None:
    """The first event of a new report, and its jobs; once those who are to be told stand in the database."""
    event = _filed_event(report, actor, data)
    event.save(force_insert=True)
    tasks.tell_followers.defer(event_id=event.pk)
    tasks.tell_officers.defer(event_id=event.pk)


def _filed_event(report: Report, actor: User | None, data: dict[str, Any]) -> ReportEvent:
    return ReportEvent(
        report=report,
        at=report.filed_at,
        kind="filed",
        status_after=report.status,
        body=report.authority,
        actor_id=actor.pk if actor else None,
        public=True,
        data=data,
    )


def is_filed(key: str) -> bool:
    """Whether a report was filed with a key."""
    return IdempotencyKey.objects.filter(key=key).exists()


def _filed_with(key: str, digest: str) -> Report | None:
    known = IdempotencyKey.objects.select_related("report__unit", "report__authority", "report__category").filter(key=key).first()
    if known is None:
        return None
    if known.digest != digest:
        raise KeyUsedForAnotherReport(known.report)
    return known.report


def _fit_to_be_kept(filing: Filing, at: datetime) -> Filing:
    """The filing with its texts tidied; ValidationError, by field, names everything that cannot be kept or cannot be true."""
    wrong: dict[str, list[str]] = {}

    def tidied(name: str, how: Any) -> str:
        try:
            return str(how(getattr(filing, name)))
        except ValueError as error:
            wrong[name] = [str(error)]
            return ""

    texts = {name: tidied(name, how) for name, how in _TEXTS.items()}
    if "description" not in wrong and not texts["description"]:
        wrong["description"] = [_("This is required.")]
    for name, limit in _LIMITS.items():
        if len(texts[name]) > limit:
            wrong[name] = [_("At most %(limit)d characters; you wrote %(count)d.") % {"limit": limit, "count": len(texts[name])}]
    if texts["email"] and "email" not in wrong:
        try:
            validate_email(texts["email"])
        except ValidationError as error:
            wrong["email"] = list(error.messages)
    x, y = filing.location.coords  # each look at a coordinate is several calls of GEOS
    if not (abs(x) <= 180 and abs(y) <= 90):  # false for NaN too
        wrong["lat"] = [_("This is no spot on earth.")]
    if filing.accuracy_m is not None and not (math.isfinite(filing.accuracy_m) and filing.accuracy_m >= 0):
        wrong["accuracy_m"] = [_("accuracy is a radius in metres, not below zero.")]
    if filing.observed_at is not None:
        if filing.observed_at > at + CLOCKS_DIFFER:
            wrong["observed_at"] = [_("This lies in the future.")]
        elif filing.observed_at < at - SEEN_WITHIN:
            wrong["observed_at"] = [_("This is more than five years ago. Leave it empty, or correct the year.")]
    if wrong:
        raise ValidationError(wrong)
    rounded = round(x, DECIMALS), round(y, DECIMALS)
    spot = filing.location if rounded == (x, y) else Point(*rounded, srid=filing.location.srid)
    changed: dict[str, Any] = {**texts, "location": spot}
    return replace(filing, **changed)


_TEXTS = {"description": tidy, "place_note": tidy_line, "name": tidy_line, "phone": phone_number, "email": str.strip}
_LIMITS = {"description": MAX_DESCRIPTION, "place_note": MAX_PLACE_NOTE, "name": MAX_NAME, "email": MAX_EMAIL}


def placed_in(code: str, placement: Placement) -> Placement:
    """The placement, with the answer that was given where the circle touches several units and one of them (its code) was chosen."""
    chosen = next((found for found in placement.candidates if found.unit.code == code), None)
    if chosen is None or placement.unit is None or chosen.unit == placement.unit:
        return replace(placement, ambiguous=False) if chosen is not None else placement
    method = Method.INSIDE if chosen.distance_m == 0 else Method.SNAPPED
    return replace(placement, unit=chosen.unit, method=method, distance_m=chosen.distance_m, ambiguous=False)


def placed_again(report: Report, on: date) -> Placement:
    """Where a report lies by the units of a day; the unit that was chosen on a border is kept while it lasts."""
    code = report.unit.code if report.unit else ""
    return placed_in(code, locate(point=report.location, accuracy_m=report.accuracy_m, on=on))


def places_of(report: Report) -> list[ReportPlace]:
    """The report's place in every active edition; in the edition of its unit it is where the report says that it is (a reporter's answer counts)."""
    return _places_of(report, place_in_every_edition(point=report.location))


def _places_of(report: Report, places: Sequence[Place]) -> list[ReportPlace]:
    here = report.unit
    return [
        ReportPlace(report=report, edition_id=place.edition_id, unit=here, method=report.method, distance_m=report.distance_m)
        if here is not None and here.edition_id == place.edition_id
        else ReportPlace(
            report=report, edition_id=place.edition_id, unit_id=place.unit_id, method=place.method, distance_m=place.distance_m
        )
        for place in places
    ]
