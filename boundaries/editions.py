"""An edition's life: activated, it ends the validity of what it replaces; withdrawn, it gives it back. The order in which editions come is nothing.

What is stored is not what one activation did to another, but facts: "edition E replaced unit u" (a `Replacement` row, with the period that u
declared), for every two active editions of which one begins while the other is in force. The validity of a unit follows from its rows: its declared
period, cut where the first active edition that replaces it begins.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from django.conf import settings
from django.db import connection, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import F, Q
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from boundaries.models import Edition, Level, Replacement, Unit


class EditionError(Exception):
    """Why an edition cannot be activated or withdrawn: one sentence. Guards raise it, or a subclass, to refuse."""


# A unit is replaced when it was in force on the day before an edition's first, and lies in the scope of the edition: a unit of the edition has its
# level and code, or a root of the edition (a unit whose parent came with another edition, or has none) covers its point on surface. A root
# replaces what lies below its parent: communes that are parts of a province directly end the districts between, too.
REPLACE = """
INSERT INTO boundaries_replacement (edition_id, unit_id, validity_before)
SELECT edition.id, unit.id, unit.declared
FROM boundaries_edition AS edition
JOIN (
  SELECT unit.id, unit.edition_id, unit.level, unit.code, shape.label_point,
         coalesce((SELECT before.validity_before FROM boundaries_replacement AS before WHERE before.unit_id = unit.id LIMIT 1), unit.validity) AS declared
  FROM boundaries_unit AS unit LEFT JOIN boundaries_unitshape AS shape ON shape.unit_id = unit.id AND shape.current
  WHERE unit.edition_id = ANY(%(replaced)s)
) AS unit ON unit.edition_id <> edition.id
WHERE edition.id = ANY(%(replacing)s) AND edition.valid_from IS NOT NULL
  AND (lower(unit.declared) IS NULL OR lower(unit.declared) < edition.valid_from)
  AND (upper(unit.declared) IS NULL OR upper(unit.declared) > edition.valid_from)
  AND (
    EXISTS (SELECT FROM boundaries_unit AS own WHERE own.edition_id = edition.id AND own.level = unit.level AND own.code = unit.code)
    OR EXISTS (
      SELECT FROM boundaries_unitpiece AS piece
      JOIN boundaries_unit AS root ON root.id = piece.unit_id
      LEFT JOIN boundaries_unit AS whole ON whole.id = root.parent_id
      WHERE ST_Covers(piece.geometry, unit.label_point) AND root.edition_id = edition.id
        AND (whole.id IS NULL OR whole.edition_id <> root.edition_id)
        AND array_position(%(levels)s, unit.level::text)
            >= coalesce(array_position(%(levels)s, whole.level::text) + 1, array_position(%(levels)s, root.level::text))
    )
  )
ON CONFLICT (edition_id, unit_id) DO NOTHING
"""

# The validity of units that are replaced: what they declared, until the first of the editions that replace them begins
SETTLE = """
UPDATE boundaries_unit AS unit SET validity = cut.validity
FROM (
  SELECT row.unit_id, daterange(lower(row.validity_before), least(upper(row.validity_before), min(edition.valid_from))) AS validity
  FROM boundaries_replacement AS row JOIN boundaries_edition AS edition ON edition.id = row.edition_id
  WHERE row.unit_id = ANY(%(units)s)
  GROUP BY row.unit_id, row.validity_before
) AS cut
WHERE unit.id = cut.unit_id AND unit.validity <> cut.validity
"""

# One statement, so that no unit gets more back than is free: the rows of a withdrawn edition go, and its units and those it replaced are settled anew
GIVE_BACK = """
WITH gone AS (
  DELETE FROM boundaries_replacement AS row USING boundaries_unit AS unit
  WHERE unit.id = row.unit_id AND (row.edition_id = %(edition)s OR unit.edition_id = %(edition)s)
  RETURNING row.unit_id, row.validity_before, unit.edition_id
)
UPDATE boundaries_unit AS unit
SET validity = daterange(lower(free.validity_before), least(upper(free.validity_before), free.ends))
FROM (
  SELECT DISTINCT gone.unit_id, gone.validity_before, (
    SELECT min(edition.valid_from)
    FROM boundaries_replacement AS other JOIN boundaries_edition AS edition ON edition.id = other.edition_id
    WHERE other.unit_id = gone.unit_id AND other.edition_id <> %(edition)s AND gone.edition_id <> %(edition)s
  ) AS ends
  FROM gone
) AS free
WHERE unit.id = free.unit_id
"""

# A part whose whole was replaced under it (the province came after its communes) belongs to the unit of the same code that was in force on its first day
REPARENT = """
UPDATE boundaries_unit AS part SET parent_id = heir.id
FROM boundaries_unit AS whole, boundaries_unit AS heir
WHERE part.parent_id = whole.id AND part.active AND heir.active AND heir.id <> whole.id
  AND heir.level = whole.level AND heir.code = whole.code
  AND lower(part.validity) IS NOT NULL AND heir.validity @> lower(part.validity)
  AND (NOT whole.active OR NOT whole.validity @> lower(part.validity))
"""


@transaction.atomic
def activate(*, edition: Edition, on: date | None = None) -> Edition:
    """Puts a draft (or withdrawn) edition in force from a day: `on`, else its own first day; in the past or in the future.

    Ends the validity of all active units that it replaces, those with abolished codes included, and lets later editions that are active end that
    of its own. Asks every guard in settings.ACTIVATION_GUARDS first. Raises EditionError with a sentence where it cannot be.
    """
    one_at_a_time()
    edition = Edition.objects.get(pk=edition.pk)
    if edition.state == Edition.State.ACTIVE:
        raise EditionError(_("The edition “%(name)s” is in force already.") % {"name": edition.name})
    _refuse_inactive_parents(edition)
    for guard in settings.ACTIVATION_GUARDS:
        import_string(guard)(edition=edition, on=on or edition.valid_from)
    if on is not None and on != edition.valid_from:
        _move_first_day(edition, on)
    others = list(Edition.objects.filter(state=Edition.State.ACTIVE).values_list("pk", flat=True))
    _replace(replacing=[edition.pk], replaced=others)
    _replace(replacing=others, replaced=[edition.pk])
    _refuse_conflicts(edition)
    edition.units.update(active=True)
    edition.state = Edition.State.ACTIVE
    edition.activated_at = timezone.now()
    edition.save(update_fields=["state", "activated_at"])
    _reparent()
    take_stock()
    return edition


@transaction.atomic
def activate_drafts(edition_ids: Iterable[int]) -> list[Edition]:
    """Activates the drafts among these editions from their own first days, the earliest first; raises EditionError, and then none is."""
    drafts = Edition.objects.filter(pk__in=list(edition_ids), state=Edition.State.DRAFT)
    return [activate(edition=draft) for draft in drafts.order_by(F("valid_from").asc(nulls_first=True), "pk")]


@transaction.atomic
def withdraw(*, edition: Edition) -> Edition:
    """Takes an active edition out of force and gives back the validity of what it replaced, where no other active edition replaces it too.

    Raises EditionError where units of other active editions are part of its own and find no other whole.
    """
    one_at_a_time()
    edition = Edition.objects.get(pk=edition.pk)
    if edition.state != Edition.State.ACTIVE:
        raise EditionError(_("The edition “%(name)s” is not in force.") % {"name": edition.name})
    edition.units.update(active=False)
    edition.state = Edition.State.WITHDRAWN
    edition.save(update_fields=["state"])
    with connection.cursor() as cursor:
        cursor.execute(GIVE_BACK, {"edition": edition.pk})
    _reparent()
    orphan = Unit.objects.filter(active=True, parent__edition=edition).select_related("edition").first()
    if orphan is not None:
        raise EditionError(
            _("%(unit)s of the edition “%(other)s” is part of a unit of “%(name)s”: withdraw “%(other)s” first.")
            % {"unit": orphan.name, "other": orphan.edition.name, "name": edition.name}
        )
    take_stock()
    return edition


def take_stock() -> None:
    """Lets look-ups be planned from the units of now: before the country came there were none, and while they were a draft none was in force."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE boundaries_unit, boundaries_unitshape, boundaries_unitpiece")


def one_at_a_time() -> None:
    """Lets no other call load, activate or withdraw until this transaction ends; readers, and reports that point at an edition, do not wait."""
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE boundaries_edition IN SHARE ROW EXCLUSIVE MODE")


def _refuse_inactive_parents(edition: Edition) -> None:
    orphan = edition.units.filter(parent__active=False).exclude(parent__edition=edition).select_related("parent__edition").first()
    if orphan is None or orphan.parent is None:
        return
    raise EditionError(
        _("%(unit)s is part of %(parent)s, which is not in force: activate the edition “%(other)s” first.")
        % {"unit": orphan.name, "parent": orphan.parent.name, "other": orphan.parent.edition.name}
    )


def _move_first_day(edition: Edition, on: date) -> None:
    """Lets the edition, and those of its units that began with it, begin on another day."""
    if edition.units.filter(validity__endswith__lte=on).exists() or (edition.valid_to is not None and edition.valid_to <= on):
        raise EditionError(_("“%(name)s” ends before %(on)s.") % {"name": edition.name, "on": on})
    begins = Q(validity__startswith=edition.valid_from) if edition.valid_from else Q(validity__startswith__isnull=True)
    starting = list(edition.units.filter(begins))
    for unit in starting:
        unit.validity = DateRange(on, unit.validity.upper)
    Unit.objects.bulk_update(starting, ["validity"], batch_size=1000)
    edition.valid_from = on
    edition.save(update_fields=["valid_from"])


def _replace(*, replacing: Sequence[int], replaced: Sequence[int]) -> None:
    sides = {"replacing": list(replacing), "replaced": list(replaced)}
    with connection.cursor() as cursor:
        cursor.execute(REPLACE, {**sides, "levels": Level.values})
    touched = Replacement.objects.filter(edition__in=replacing, unit__edition__in=replaced)
    with connection.cursor() as cursor:
        cursor.execute(SETTLE, {"units": list(touched.values_list("unit_id", flat=True))})


def _reparent() -> None:
    with connection.cursor() as cursor:
        cursor.execute(REPARENT)


def _refuse_conflicts(edition: Edition) -> None:
    """Says which unit is in the way, before the exclusion constraint does it in its own words."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT own.code, own.name, other.name, edition.name FROM boundaries_unit AS own JOIN boundaries_unit AS other"
            " ON other.level = own.level AND other.code = own.code AND other.validity && own.validity AND other.id <> own.id"
            " JOIN boundaries_edition AS edition ON edition.id = other.edition_id"
            " WHERE own.edition_id = %s AND (other.active OR other.edition_id = own.edition_id) ORDER BY own.code LIMIT 1",
            [edition.pk],
        )
        row = cursor.fetchone()
    if row is not None:
        raise EditionError(
            _("%(code)s %(name)s would be in force in the same period as %(other)s of “%(edition)s”: give the edition its first day.")
            % dict(zip(("code", "name", "other", "edition"), row, strict=True))
        )


def declare_validity(*, unit: Unit, period: tuple[date | None, date | None]) -> bool:
    """Fills in bounds that were unknown from a file that knows them; the first day of an active unit stays. Returns whether anything changed."""
    rows = Replacement.objects.filter(unit=unit)
    declared = next(iter(rows.values_list("validity_before", flat=True)), unit.validity)
    start = declared.lower if declared.lower is not None or unit.active else period[0]
    end = declared.upper if declared.upper is not None else period[1]
    if (start, end) == (declared.lower, declared.upper) or (start is not None and end is not None and start >= end):
        return False
    rows.update(validity_before=DateRange(start, end))
    Unit.objects.filter(pk=unit.pk).update(validity=DateRange(start, end))
    if not unit.active:
        Edition.objects.filter(pk=unit.edition_id, valid_from__isnull=True).update(valid_from=start)
        Edition.objects.filter(pk=unit.edition_id, valid_to__isnull=True).update(valid_to=end)
    with connection.cursor() as cursor:
        cursor.execute(SETTLE, {"units": [unit.pk]})
    return True
