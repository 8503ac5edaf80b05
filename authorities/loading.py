"""Brings the data files of `fixtures/` into the database: categories, reasons for returning, criteria of ratings, fields of surveys, bodies with their
territory, rules, deadlines.

What is missing is made; what stands keeps what an administrator has changed, unless the files are to overwrite it. Territory follows the
units: what was loaded since is covered, units of withdrawn editions are let go.
"""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import Q

from authorities.deadline_models import DeadlineRule
from authorities.models import Body, BodySuccession, Category, Criterion, ReturnReason, Rule, Territory
from authorities.survey_models import SurveyField
from boundaries.models import Edition, Kind, Level, Unit

Period = tuple[date | None, date | None]
CodedRow = Category | Criterion | ReturnReason | SurveyField | Body | Rule | DeadlineRule
Coded = TypeVar("Coded", Category, Criterion, ReturnReason, SurveyField, Body, Rule, DeadlineRule)

# Drafts count, so that the bodies of an edition stand when it is rehearsed: a territory in a draft leads nowhere until that is in force
ACTIVE_OR_DRAFT = Q(active=True) | Q(edition__state=Edition.State.DRAFT)

BODY_COLUMNS = ("code", "name", "kind", "parent", "valid_from", "valid_to", "territory", "hotline", "email", "address")


class FixtureError(Exception):
    """What is wrong in a data file, in one sentence; nothing has been changed."""


@dataclass
class Tally:
    """How many of a kind were made, changed, and left as they are."""

    new: int = 0
    changed: int = 0
    kept: int = 0


@dataclass
class Loaded:
    """What a call did, and what it left out and why."""

    tallies: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    left_out: list[str] = field(default_factory=list)


@transaction.atomic
def load_authorities(folder: Path, *, overwrite: bool = False) -> Loaded:
    """Loads all data files of a folder, all or nothing; what names units that are not loaded is left out and said."""
    return _Loader(folder, overwrite).load()


class _Loader:
    """One call: what is known by code, and what has been done."""

    def __init__(self, folder: Path, overwrite: bool) -> None:
        self.folder = folder
        self.overwrite = overwrite
        self.done = Loaded()
        self.units: dict[tuple[str, str], list[Unit]] = defaultdict(list)
        for unit in Unit.objects.filter(ACTIVE_OR_DRAFT).select_related("parent__parent").order_by("validity", "active", "pk"):
            self.units[unit.level, unit.code].append(unit)
        self.categories = {category.code: category for category in Category.objects.all()}
        self.reasons = {reason.code: reason for reason in ReturnReason.objects.all()}
        self.criteria = {criterion.code: criterion for criterion in Criterion.objects.all()}
        self.survey_fields = {found.code: found for found in SurveyField.objects.all()}
        self.bodies = {body.code: body for body in Body.objects.all()}
        self.rules = {rule.code: rule for rule in Rule.objects.exclude(code="").select_related("territory__edition")}
        self.deadlines = {rule.code: rule for rule in DeadlineRule.objects.exclude(code="")}
        self.wanted: dict[str, dict[Unit, Period]] = {}  # by the body's code
        self.unsaved: list[tuple[str, CodedRow]] = []

    def load(self) -> Loaded:
        for row in self._json("categories.json"):
            self._put("categories", Category, self.categories, row["code"], row)
        self._save()
        for row in self._json("return_reasons.json"):
            self._put("reasons for returning", ReturnReason, self.reasons, row["code"], row)
        self._save()
        for row in self._json("rating_criteria.json"):
            period = _period(row, f"rating_criteria.json, “{row['code']}”")
            fields = {name: value for name, value in row.items() if name not in ("valid_from", "valid_to")}
            self._put("criteria of ratings", Criterion, self.criteria, row["code"], {**fields, "validity": DateRange(*period)})
        self._save()
        for row in self._json("survey_fields.json"):
            self._load_survey_field(row)
        self._save()
        for row in self._csv("bodies.csv", BODY_COLUMNS):
            self._load_body(row)
        for row in self._json("bodies_of_units.json"):
            self._load_bodies_of_units(row)
        self._save()
        self._cover()
        for row in self._csv("body_successions.csv", ("old", "new", "on")):
            self._load_succession(row)
        for row in self._json("rules.json"):
            self._load_rules(row)
        self._save()
        for row in self._json("deadlines.json"):
            self._load_deadline(row)
        self._save()
        return self.done

    # --- files --------------------------------------------------------------------------------------------------------

    def _json(self, name: str) -> list[dict[str, Any]]:
        try:
            rows = json.loads((self.folder / name).read_text(encoding="utf-8"))
        except OSError as error:
            raise FixtureError(f"{name} cannot be read: {error.strerror}.") from None
        except ValueError as error:
            raise FixtureError(f"{name} is not JSON: {error}.") from None
        if not isinstance(rows, list) or not all(isinstance(row, dict) and "code" in row for row in rows):
            raise FixtureError(f"{name} must be a list of entries, each with a code.")
        return rows

    def _csv(self, name: str, columns: tuple[str, ...]) -> list[dict[str, str]]:
        try:
            with (self.folder / name).open(encoding="utf-8-sig", newline="") as lines:  # spreadsheets put a mark before the first column
                reader = csv.DictReader(lines)
                if tuple(reader.fieldnames or ()) != columns:
                    raise FixtureError(f"{name} must have the columns {', '.join(columns)}.")
                rows = list(reader)
        except OSError as error:
            raise FixtureError(f"{name} cannot be read: {error.strerror}.") from None
        if uneven := next((row for row in rows if None in row or None in row.values()), None):
            raise FixtureError(f"{name}: the line of “{uneven[columns[0]]}” does not have {len(columns)} columns.")
        return rows

    def _put(self, what: str, model: type[Coded], known: dict[str, Coded], code: str, fields: dict[str, Any]) -> Coded:
        """Makes the row of a code, which `_save` writes, or (overwriting) sets its fields."""
        row = known.get(code)
        tally = self.done.tallies[what]
        if row is not None and not self.overwrite:
            tally.kept += 1
            return row
        if row is None:
            tally.new += 1
            row = model(code=code)
        elif all(_same(getattr(row, name), value) for name, value in fields.items()):
            tally.kept += 1
            return row
        else:
            tally.changed += 1
        try:
            for name, value in fields.items():
                model._meta.get_field(name)
                setattr(row, name, value)
            row.clean_fields()
            if row.pk is None:
                self.unsaved.append((what, row))
            else:
                row.save()
        except (ValidationError, IntegrityError) as error:
            raise FixtureError(f"{what}, “{code}”: {_sentence(error)}") from None
        except FieldDoesNotExist as error:
            raise FixtureError(f"{what}, “{code}”: {error}") from None
        known[code] = row
        return row

    def _save(self) -> None:
        """Writes the new rows together: they are of one kind."""
        unsaved, self.unsaved = self.unsaved, []
        if not unsaved:
            return
        try:
            with transaction.atomic():
                _write_together([row for _, row in unsaved])
        except IntegrityError:
            for what, row in unsaved:  # once more, one by one: which is it?
                row.pk = None
                try:
                    row.save()
                except IntegrityError as error:
                    raise FixtureError(f"{what}, “{row.code}”: {_sentence(error)}") from None
            raise

    def _leave_out(self, what: str, why: str) -> None:
        self.done.left_out.append(f"{what}: {why}")

    def _load_survey_field(self, row: dict[str, Any]) -> None:
        """A field for each category that an entry names; `null` is every category."""
        fields = {name: value for name, value in row.items() if name not in ("code", "categories", "choices")}
        choices = "\n".join(" | ".join(pair) for pair in row.get("choices", []))
        for code in row["categories"]:
            if code is not None and code not in self.categories:
                raise FixtureError(f"survey_fields.json, “{row['code']}”: there is no category {code}.")
            category = self.categories[code] if code else None
            name = f"{code}-{row['code']}" if code else row["code"]
            self._put("fields of surveys", SurveyField, self.survey_fields, name, {**fields, "choices": choices, "category": category})

    # --- bodies -------------------------------------------------------------------------------------------------------

    def _load_body(self, row: dict[str, str]) -> None:
        code, period = row["code"], _period(row, f"bodies.csv, “{row['code']}”")
        level, *unit_codes = row["territory"].split() or [""]
        if level not in Level.values or not unit_codes:
            raise FixtureError(f"bodies.csv, “{code}”: territory must be a level (province, district, commune) and codes.")
        territory = {unit: both for unit_code in unit_codes for unit, both in self._in_force(level, unit_code, period)}
        missing = [unit_code for unit_code in unit_codes if not self._in_force(level, unit_code, period)]
        if missing:
            some = ", ".join(missing[:5]) + (" …" if len(missing) > 5 else "")
            self._leave_out(
                code, f"no {level} {some} of {_in_words(period)} is loaded" + (" (the others are covered)" if territory else "")
            )
        if territory:
            fields = {name: row[name] for name in ("name", "kind", "hotline", "email", "address")}
            self._keep_body(code, fields, row["parent"], period, territory)

    def _load_bodies_of_units(self, row: dict[str, Any]) -> None:
        """A body for each unit of a level in some provinces, from templates."""
        period = _period(row, f"bodies_of_units.json, “{row['code']}”")
        found = 0
        for (level, _code), units in list(self.units.items()):
            territory = {
                unit: both for unit in units if _province_of(unit) in row["provinces"] and (both := _common(_bounds(unit), period))
            }
            if level != row["level"] or not territory:
                continue
            found += 1
            latest = max(territory, key=lambda unit: unit.valid_from or date.min)
            words = _words(latest)
            try:
                fields = {name: row[name].format_map(words) for name in ("name", "hotline", "email", "address")}
                body_code, parent = row["code"].format_map(words), row["parent"].format_map(words)
            except KeyError as error:
                raise FixtureError(f"bodies_of_units.json, “{row['code']}”: {error} is no word for a unit.") from None
            lower, upper = _hull(list(territory.values()))
            self._keep_body(body_code, fields | {"kind": row["kind"]}, parent, (lower, upper), territory)
        if not found:
            self._leave_out(
                row["code"], f"no {row['level']} of {_in_words(period)} is loaded in the provinces {', '.join(row['provinces'])}"
            )

    def _keep_body(self, code: str, fields: dict[str, Any], parent: str, period: Period, territory: dict[Unit, Period]) -> None:
        if parent and parent not in self.bodies:
            self._leave_out(code, f"its superior body {parent} is not there")
            return
        above = self.bodies[parent] if parent else None
        if above is not None and above.pk is None:
            self._save()
        self._put("bodies", Body, self.bodies, code, {**fields, "parent": above, "validity": DateRange(*period)})
        self.wanted[code] = territory

    def _cover(self) -> None:
        """Territory as the files and the units of today say.

        Units that a body has a row for already are left to the administrator, whatever its dates; rows of withdrawn editions go. Overwriting,
        all that the files do not say goes too, except for units of drafts.
        """
        tally = self.done.tallies["territories"]
        standing: dict[int, list[Territory]] = defaultdict(list)
        for territory in Territory.objects.filter(body__code__in=self.wanted).select_related("unit__edition"):
            standing[territory.body_id].append(territory)
        fresh, gone = [], []
        for code, wanted in self.wanted.items():
            body, covered = self.bodies[code], set()
            for territory in standing[body.pk]:
                period = wanted.get(territory.unit)
                kept_by_hand = not self.overwrite or territory.unit.edition.state == Edition.State.DRAFT
                as_in_files = period is not None and (territory.validity.lower, territory.validity.upper) == period
                if territory.unit.edition.state == Edition.State.WITHDRAWN or not (kept_by_hand or as_in_files):
                    gone.append(territory.pk)
                else:
                    covered.add(territory.unit)
                    tally.kept += 1
            fresh += [
                Territory(body=body, unit=unit, validity=DateRange(*period)) for unit, period in wanted.items() if unit not in covered
            ]
        Territory.objects.filter(pk__in=gone).delete()
        Territory.objects.bulk_create(fresh)
        tally.new += len(fresh)
        tally.changed += len(gone)

    def _load_succession(self, row: dict[str, str]) -> None:
        old, new = self.bodies.get(row["old"]), self.bodies.get(row["new"])
        if old is None or new is None:
            return  # that the body was left out has been said
        on = _day(row["on"], f"body_successions.csv, “{row['old']}”")
        if on is None:
            raise FixtureError(f"body_successions.csv, “{row['old']}”: a day is needed.")
        tally = self.done.tallies["successions"]
        succession, made = BodySuccession.objects.get_or_create(old=old, new=new, defaults={"on": on})
        if made:
            tally.new += 1
        elif self.overwrite and succession.on != on:
            succession.on = on
            succession.save()
            tally.changed += 1
        else:
            tally.kept += 1

    # --- rules --------------------------------------------------------------------------------------------------------

    def _load_rules(self, row: dict[str, Any]) -> None:
        """A rule for each category, territory and body of an entry."""
        where = f"rules.json, “{row['code']}”"
        period = _period(row, where)
        if unknown := set(row) - {
            "code", "categories", "territories", "kind", "level", "bodies", "priority", "valid_from", "valid_to", "note", "note_en",
        }:  # fmt: skip
            raise FixtureError(f"{where}: {', '.join(sorted(unknown))} means nothing here.")
        for category_code in row["categories"]:
            if category_code is not None and category_code not in self.categories:
                raise FixtureError(f"{where}: there is no category {category_code}.")
            for territory in row.get("territories", [""]):
                for body_code in row.get("bodies", [""]):
                    names = [row["code"], category_code or "", territory.split()[-1] if territory else "", body_code]
                    self._load_rule("-".join(name for name in names if name), row, category_code, territory, body_code, period)

    def _load_rule(self, code: str, row: dict[str, Any], category: str | None, territory: str, body: str, period: Period) -> None:
        unit = None
        if territory:
            level, _separator, unit_code = territory.partition(" ")
            found = [unit for unit, _ in self._in_force(level, unit_code, period)]
            if not found:
                self._leave_out(f"rule {code}", f"no {territory} of {_in_words(period)} is loaded")
                return
            unit = found[-1]
        if body and body not in self.bodies:
            self._leave_out(f"rule {code}", f"the body {body} is not there")
            return
        fields = {
            "category": self.categories[category] if category else None,
            "territory": unit,
            "level": row.get("level", ""),
            "body_kind": row.get("kind", ""),
            "body": self.bodies[body] if body else None,
            "priority": row["priority"],
            "validity": DateRange(*period),
            "note": row["note"],
            "note_en": row["note_en"],
        }
        rule = self._put("rules", Rule, self.rules, code, fields)
        if rule.territory and rule.territory.edition.state == Edition.State.WITHDRAWN:
            rule.territory = unit
            rule.save()

    def _load_deadline(self, row: dict[str, Any]) -> None:
        """How long something may take, of a category or of all."""
        where = f"deadlines.json, “{row['code']}”"
        category = row.get("category")
        if category is not None and category not in self.categories:
            raise FixtureError(f"{where}: there is no category {category}.")
        period = _period(row, where)
        fields = {name: value for name, value in row.items() if name not in ("valid_from", "valid_to")}
        fields |= {"category": self.categories[category] if category else None, "validity": DateRange(*period)}
        self._put("deadlines", DeadlineRule, self.deadlines, row["code"], fields)

    def _in_force(self, level: str, code: str, period: Period) -> list[tuple[Unit, Period]]:
        """The units of a level and code that were in force in a period, the earliest first, each with the days that they share."""
        return [(unit, both) for unit in self.units.get((level, code), []) if (both := _common(_bounds(unit), period))]


# --- small things -----------------------------------------------------------------------------------------------------


def _write_together(rows: list[Any]) -> None:
    type(rows[0])._default_manager.bulk_create(rows)


def _same(one: Any, other: Any) -> bool:
    """Whether two values of a field say the same; PostgreSQL writes the same range with other brackets."""
    if isinstance(one, DateRange) and isinstance(other, DateRange):
        return (one.lower, one.upper) == (other.lower, other.upper)
    return bool(one == other)


def _period(row: dict[str, Any], where: str) -> Period:
    start, end = _day(row["valid_from"], where), _day(row["valid_to"], where)
    if start and end and start >= end:
        raise FixtureError(f"{where}: it must begin before it ends.")
    return start, end


def _day(text: str | None, where: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise FixtureError(f"{where}: “{text}” is not a day written as 2025-07-01.") from None


def _bounds(unit: Unit) -> Period:
    return unit.valid_from, unit.valid_to


def _common(one: Period, other: Period) -> Period | None:
    """The days that two periods share."""
    start = max((day for day in (one[0], other[0]) if day), default=None)
    end = min((day for day in (one[1], other[1]) if day), default=None)
    return None if start and end and start >= end else (start, end)


def _hull(periods: list[Period]) -> Period:
    """From the first day of all to the last."""
    starts, ends = [start for start, _ in periods], [end for _, end in periods]
    return (
        None if None in starts else min(start for start in starts if start),
        None if None in ends else max(end for end in ends if end),
    )


def _in_words(period: Period) -> str:
    start, end = period
    return f"{start or 'the beginning'} – {end or 'today'}"


def _province_of(unit: Unit) -> str:
    while unit.parent is not None:
        unit = unit.parent
    return unit.code


def _words(unit: Unit) -> dict[str, str]:
    """What a template may say of a unit: its code and name, and those of the district above it."""
    digits = unit.code[-4:]
    words = {
        "code": unit.code,
        "unit": within_a_sentence(unit),
        "Unit": _named(unit),
        "digits": " ".join(part for part in (digits[:-2], digits[-2:]) if part),
    }
    if unit.parent is not None:
        words |= {"above": within_a_sentence(unit.parent), "above_code": unit.parent.code}
    return words


def _named(unit: Unit) -> str:
    """The name with its kind written as usual: "Thị trấn Năm Căn", however it was loaded."""
    name = " ".join(unit.name.split())
    kind = Kind.of_name(name)
    return name if kind is Kind.OTHER else kind.label + name[len(kind.label) :]


def within_a_sentence(unit: Unit) -> str:
    """The name as it is written after other words: "phường An Xuyên"."""
    name = _named(unit)
    return name if Kind.of_name(name) is Kind.OTHER else name[0].lower() + name[1:]


def _sentence(error: ValidationError | IntegrityError) -> str:
    if isinstance(error, ValidationError):
        return " ".join(f"{name}: {' '.join(messages)}" for name, messages in error.message_dict.items())
    return str(error).splitlines()[0]
