"""What a new edition of units does to bodies, people and rules: prepared as a plan that can be read, carried out as it was read, and undone.

A committee or a commune's police ends with its unit, and the new unit gets one of its own unless somebody has prepared it; bodies of wider territory
go on with the new units. Whoever served in a body that ends serves in its main successor: the one whose unit got at least half of the old unit.
What has no main successor is a question for people, and nothing is guessed.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import F, Model, Q

from authorities.loading import within_a_sentence
from authorities.models import Body, BodyKind, BodySuccession, Membership, Rule, Territory
from authorities.routing import with_those_above
from boundaries.models import Edition, Level, Unit, UnitSuccession
from boundaries.succession_derived import common_areas, derived

MAIN = 0.5  # of the old unit's area: its successor in everything that cannot be divided
COMMITTEES = {Level.COMMUNE: BodyKind.COMMUNE_COMMITTEE, Level.DISTRICT: BodyKind.DISTRICT_COMMITTEE}
LOCAL = frozenset({BodyKind.COMMUNE_COMMITTEE, BodyKind.DISTRICT_COMMITTEE})
NAMES = {
    BodyKind.COMMUNE_COMMITTEE: ("ubnd", "UBND"),
    BodyKind.DISTRICT_COMMITTEE: ("ubnd", "UBND"),
    BodyKind.POLICE: ("cong-an", "Công an"),
}


@dataclass(frozen=True)
class NewBody:
    """A body that is made for a new unit; `heir_of`: the codes of those whose units went into it."""

    code: str
    name: str
    kind: str
    parent: str
    unit: int
    hotline: str
    heir_of: tuple[str, ...]


@dataclass(frozen=True)
class Cover:
    """A body that goes on, and takes a new unit; `all_of_it` is False where it had only a part of what went into the unit."""

    body: str
    unit: int
    unit_name: str
    all_of_it: bool


@dataclass(frozen=True)
class Ending:
    """A body that ends: who takes over, each with the share of the old unit (None: unknown), and who takes what cannot be divided."""

    body: str
    name: str
    hotline: str
    successors: tuple[tuple[str, float | None], ...]
    main: str


@dataclass(frozen=True)
class Appointment:
    """Somebody who goes with the territory: the membership that ends, and the body of the next."""

    membership: int
    user: int
    role: str
    former: str
    next: str


@dataclass(frozen=True)
class RuleChange:
    """A rule that goes on for another unit or body: the key of the rule that ends, and what the next one names."""

    rule: int
    text: str
    territory: int | None
    territory_name: str
    body: str


class Question(StrEnum):
    """What people have to decide."""

    NO_SUCCESSOR = "no_successor"  # a body ends, and nobody takes over
    DIVIDED = "divided"  # a body ends with people in it, and no successor has half of its unit
    RULE_DIVIDED = "rule_divided"  # a rule for a unit of which no successor has half
    RULE_WITHOUT_BODY = "rule_without_body"  # a rule names a body that ends without a main successor
    PART_ONLY = "part_only"  # a body that goes on covers only a part of what went into a new unit


@dataclass(frozen=True)
class Open:
    """A question: what kind, whom it is about, and between whom it is."""

    question: Question
    about: str
    between: tuple[str, ...] = ()
    people: int = 0


@dataclass
class Handover:
    """The plan of one day, plain data."""

    on: date
    bodies: list[NewBody] = field(default_factory=list)
    covers: list[Cover] = field(default_factory=list)
    endings: list[Ending] = field(default_factory=list)
    appointments: list[Appointment] = field(default_factory=list)
    rules: list[RuleChange] = field(default_factory=list)
    questions: list[Open] = field(default_factory=list)

    def digest(self) -> str:
        """SHA-256 of the whole plan: the same plan, the same digest."""
        return hashlib.sha256(json.dumps(asdict(self), default=str, sort_keys=True).encode()).hexdigest()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do and nothing to ask."""
        return not (self.bodies or self.covers or self.endings or self.appointments or self.rules or self.questions)


def prepare(edition: Edition, on: date) -> Handover:
    """The plan for an edition that begins on a day. The edition must be active (rehearsals activate it and roll back); changes nothing.

    What became of each unit is taken from `UnitSuccession`, and where that says nothing, from the outlines.
    """
    return _Preparation(edition, on).plan()


class _Preparation:
    """One plan in the making."""

    def __init__(self, edition: Edition, on: date) -> None:
        self.on = on
        self.done = Handover(on)
        self.new = list(edition.units.filter(validity__startswith=on).select_related("parent__parent").order_by("code"))
        self.old = list(
            Unit.objects.filter(replaced_by__edition=edition, validity__endswith=on)
            .select_related("parent__parent")
            .order_by("code")
            .distinct()
        )
        self.parts: dict[int, list[tuple[Unit, float | None]]] = defaultdict(list)
        news = {unit.pk: unit for unit in self.new}
        listed = UnitSuccession.objects.filter(old__in=self.old, new__in=news).order_by(F("share").desc(nulls_last=True), "new__code")
        for row in [*listed, *self._from_outlines({row.old_id for row in listed})]:
            if row.new_id in news:
                self.parts[row.old_id].append((news[row.new_id], row.share))
        self.before: dict[int, list[Body]] = defaultdict(list)  # who covered an old unit until then
        self.after: dict[int, list[Body]] = defaultdict(list)  # who was prepared for a new one
        day_before = date.fromordinal(on.toordinal() - 1)
        covering = Territory.objects.filter(unit__in=[*self.old, *self.new]).select_related("body__parent").order_by("body__code")
        old = {unit.pk for unit in self.old}
        for territory in covering:
            if territory.unit_id in old and day_before in territory.validity and day_before in territory.body.validity:
                self.before[territory.unit_id].append(territory.body)
            elif territory.unit_id in news and on in territory.validity and on in territory.body.validity:
                self.after[territory.unit_id].append(territory.body)
        self.next: dict[str, list[tuple[str, float | None]]] = {}  # by the code of a body that ends: its successors

    def _from_outlines(self, known: set[int]) -> list[UnitSuccession]:
        """What became of the other old units, from the outlines; the largest share first."""
        unknown = {unit.pk for unit in self.old if unit.pk not in known}
        levels = {unit.level for unit in self.old if unit.pk in unknown} & {unit.level for unit in self.new}
        if not levels:
            return []
        rows = [row for row in derived(common_areas(self.on, levels)) if row.old_id in unknown]
        return sorted(rows, key=lambda row: (-(row.share or 0), row.new.code))

    def plan(self) -> Handover:
        self._extend_wide_bodies()
        self._make_local_bodies()
        self._end_local_bodies()
        self._appoint()
        self._carry_rules()
        return self.done

    # --- bodies -------------------------------------------------------------------------------------------------------

    def _is_local(self, body: Body) -> bool:
        """Whether a body is of one unit, and ends with it: a committee of a commune or district, or the police of a commune."""
        return body.kind in LOCAL or (body.kind == BodyKind.POLICE and body.pk in self._commune_police)

    @property
    def _commune_police(self) -> set[int]:
        communes = {unit.pk for unit in self.old if unit.level == Level.COMMUNE}
        return {body.pk for pk in communes for body in self.before[pk] if body.kind == BodyKind.POLICE}

    def _extend_wide_bodies(self) -> None:
        """Bodies that go on take the new units that their old ones went into."""
        olds_of: dict[int, list[Unit]] = defaultdict(list)
        for unit in self.old:
            for new, _share in self.parts[unit.pk]:
                olds_of[new.pk].append(unit)
        for unit in self.new:
            having: dict[str, list[int]] = defaultdict(list)
            for old in olds_of[unit.pk]:
                for body in self.before[old.pk]:
                    if not self._is_local(body) and self.on in body.validity:
                        having[body.code].append(old.pk)
            standing = {body.code for body in self.after[unit.pk]}
            for code, had in sorted(having.items()):
                whole = len(had) == len(olds_of[unit.pk])
                if code not in standing:
                    self.done.covers.append(Cover(code, unit.pk, unit.full_name(), whole))
                    if not whole:
                        self.done.questions.append(Open(Question.PART_ONLY, code, (unit.full_name(),)))

    def _make_local_bodies(self) -> None:
        """Each new commune or district has a committee, and police where there was one."""
        self.made: dict[tuple[int, str], str] = {}
        taken = set(Body.objects.values_list("code", flat=True))
        for unit in self.new:
            formers = [body for old in self.old if any(new == unit for new, _ in self.parts[old.pk]) for body in self.before[old.pk]]
            kinds = [kind for level, kind in COMMITTEES.items() if level == unit.level]
            if unit.level == Level.COMMUNE and any(body.kind == BodyKind.POLICE for body in formers):
                kinds.append(BodyKind.POLICE)
            for kind in kinds:
                standing = next((body for body in self.after[unit.pk] if body.kind == kind), None)
                if standing is not None:
                    self.made[unit.pk, kind] = standing.code
                    continue
                word, name = NAMES[kind]
                code = f"{word}-{unit.code}-{self.on.year}"
                while code in taken:
                    code += "-2"
                taken.add(code)
                self.made[unit.pk, kind] = code
                of_kind = [body for body in formers if body.kind == kind]
                self.done.bodies.append(
                    NewBody(
                        code=code,
                        name=f"{name} {within_a_sentence(unit)}",
                        kind=kind,
                        parent=self._superior(unit, kind),
                        unit=unit.pk,
                        hotline=next((body.hotline for body in of_kind if body.hotline), ""),
                        heir_of=tuple(body.code for body in of_kind),
                    )
                )

    def _superior(self, unit: Unit, kind: str) -> str:
        """The code of the committee (or police) of the province that a body of a new unit stands below; "" where there is none."""
        kind_above = BodyKind.POLICE if kind == BodyKind.POLICE else BodyKind.PROVINCE_COMMITTEE
        above = with_those_above(unit)[1:]
        extended = {cover.body for cover in self.done.covers if cover.unit in {one.pk for one in above}}
        found = Body.objects.existing(self.on).filter(kind=kind_above).exclude(pk__in=self._commune_police)
        found = found.filter(Q(code__in=extended) | Q(territories__unit__in=above, territories__validity__contains=self.on))
        return found.order_by("code").values_list("code", flat=True).first() or ""

    def _end_local_bodies(self) -> None:
        """The bodies of old units end, and those of the units that these went into take over."""
        for unit in self.old:
            for body in self.before[unit.pk]:
                if not self._is_local(body):
                    continue
                successors = [(code, share) for new, share in self.parts[unit.pk] if (code := self.made.get((new.pk, body.kind)))]
                successors = [(code, share) for code, share in successors if code != body.code]
                main = _main(successors)
                self.next[body.code] = successors
                known = set(BodySuccession.objects.filter(old=body).values_list("new__code", flat=True))
                if self.on in body.validity or {code for code, _ in successors} - known:
                    self.done.endings.append(Ending(body.code, body.name, body.hotline, tuple(successors), main))
                people = Membership.objects.filter(body=body, validity__contains=self.on).count()
                if not successors and unit.level != Level.DISTRICT:
                    self.done.questions.append(Open(Question.NO_SUCCESSOR, body.name, people=people))
                elif not main and people:
                    self.done.questions.append(Open(Question.DIVIDED, body.name, tuple(code for code, _ in successors), people))

    # --- people and rules ---------------------------------------------------------------------------------------------

    def _appoint(self) -> None:
        """Whoever serves in a body that ends serves in its main successor."""
        mains = {ending.body: ending.main for ending in self.done.endings if ending.main} | self._mains_of_others()
        serving = Membership.objects.filter(body__code__in=mains, validity__contains=self.on).select_related("body")
        for membership in serving.order_by("pk"):
            code = mains[membership.body.code]
            there = Membership.objects.filter(
                user=membership.user_id,
                role=membership.role,
                body__code=code,
                validity__overlap=DateRange(self.on, membership.validity.upper),
            )
            if not there.exists():
                self.done.appointments.append(Appointment(membership.pk, membership.user_id, membership.role, membership.body.code, code))

    def _mains_of_others(self) -> dict[str, str]:
        """Of bodies without a unit of their own that end on the day, as somebody has prepared: the one that takes over, by code."""
        known = {ending.body for ending in self.done.endings}
        heirs: dict[str, list[tuple[str, float | None]]] = defaultdict(list)
        rows = BodySuccession.objects.filter(old__validity__endswith=self.on).exclude(old__code__in=known)
        for old, new in rows.order_by("new__code").values_list("old__code", "new__code"):
            heirs[old].append((new, None))
        return {old: main for old, successors in heirs.items() if (main := _main(successors))}

    def _carry_rules(self) -> None:
        """Rules for units that end go on for their main successors; rules that name a body that ends, for its main successor."""
        olds = {unit.pk: unit for unit in self.old}
        ended = {ending.body: ending for ending in self.done.endings}
        rules = Rule.objects.in_force(self.on).filter(Q(territory__in=olds) | Q(body__code__in=ended))
        said: set[tuple[Any, ...]] = set()
        for rule in rules.select_related("territory", "body", "category").order_by("priority", "pk"):
            territory, body = rule.territory, rule.body.code if rule.body else ""
            if territory is not None and territory.pk in olds:
                main = _main([(str(new.pk), share) for new, share in self.parts[territory.pk]])
                territory = next((new for new in self.new if str(new.pk) == main), None)
                if territory is None:
                    between = tuple(new.full_name() for new, _ in self.parts[olds[rule.territory_id or 0].pk])
                    self.done.questions.append(Open(Question.RULE_DIVIDED, str(rule), between))
                    continue
            if body in ended:
                if not ended[body].main:
                    self.done.questions.append(
                        Open(Question.RULE_WITHOUT_BODY, str(rule), tuple(code for code, _ in ended[body].successors))
                    )
                    continue
                body = ended[body].main
            change = RuleChange(rule.pk, str(rule), territory.pk if territory else None, territory.full_name() if territory else "", body)
            same = (rule.category_id, rule.body_kind, rule.level, rule.priority, change.territory, body)
            if same not in said:  # the rules of two provinces that became one say the same
                said.add(same)
                self.done.rules.append(change)


def _main(successors: Iterable[tuple[str, float | None]]) -> str:
    """The successor of what cannot be divided: the only one, or the one that got at least half; "" where nobody did."""
    parts = list(successors)
    if len(parts) == 1:
        return parts[0][0]
    return next((code for code, share in parts if share is not None and share >= MAIN), "")


# --- carrying out, and undoing ------------------------------------------------------------------------------------------


def carry_out(plan: Handover) -> dict[str, Any]:
    """Does what a plan says, in the transaction of the caller; gives back what `undo` needs (plain data)."""
    return _Carrying(plan).carry_out()


class _Carrying:
    """One plan being carried out: what was made, and the periods that were cut."""

    def __init__(self, plan: Handover) -> None:
        self.plan = plan
        self.made: list[list[Any]] = []
        self.cut: list[list[Any]] = []

    def carry_out(self) -> dict[str, Any]:
        plan, on = self.plan, self.plan.on
        since = DateRange(on, None)
        bodies = {body.code: body for body in Body.objects.all()}
        for new in plan.bodies:
            bodies[new.code] = body = Body.objects.create(
                code=new.code, name=new.name, kind=new.kind, parent=bodies.get(new.parent), validity=since, hotline=new.hotline
            )
            self._note(body)
            self._note(Territory.objects.create(body=body, unit_id=new.unit, validity=since))
        for cover in plan.covers:
            body = bodies[cover.body]
            self._note(Territory.objects.create(body=body, unit_id=cover.unit, validity=DateRange(on, body.validity.upper)))
        for ending in plan.endings:
            body = bodies[ending.body]
            for code, _share in ending.successors:
                row, is_new = BodySuccession.objects.get_or_create(old=body, new=bodies[code], defaults={"on": on})
                if is_new:
                    self._note(row)
            if on in body.validity:
                self._end(body)
        memberships = Membership.objects.in_bulk([one.membership for one in plan.appointments])
        for one in plan.appointments:
            former = memberships[one.membership]
            upper = former.validity.upper
            self._end(former)
            self._note(Membership.objects.create(user_id=one.user, role=one.role, body=bodies[one.next], validity=DateRange(on, upper)))
        rules = Rule.objects.in_bulk([one.rule for one in plan.rules])
        for change in plan.rules:
            rule = rules[change.rule]
            upper = rule.validity.upper
            self._end(rule)
            rule.pk, rule.code, rule._state.adding = None, "", True
            rule.territory_id, rule.body = change.territory, bodies[change.body] if change.body else None
            rule.validity = DateRange(on, upper)
            rule.save()
            self._note(rule)
        return {"on": on.isoformat(), "made": self.made, "cut": self.cut}

    def _note(self, row: Model) -> None:
        self.made.append([row._meta.label, row.pk])

    def _end(self, row: Body | Membership | Rule) -> None:
        """Lets a row end on the day; one that began on it or later is left, for it never held before."""
        lower, upper = row.validity.lower, row.validity.upper
        if lower is not None and lower >= self.plan.on:
            return
        self.cut.append([row._meta.label, row.pk, upper.isoformat() if upper else None])
        type(row)._default_manager.filter(pk=row.pk).update(validity=DateRange(lower, self.plan.on))


def undo(record: dict[str, Any], *, today: date) -> None:
    """Takes back what `carry_out` did, in the transaction of the caller: rows that it made go, periods are as before.

    A body that it made may stand in a history, which keeps it: it stays, without territory, and ended.
    """
    models: dict[str, Any] = {model._meta.label: model for model in (Body, Territory, BodySuccession, Membership, Rule)}
    made: dict[str, list[int]] = defaultdict(list)
    for label, pk in record["made"]:
        made[label].append(pk)
    for label in ("authorities.Rule", "authorities.Membership", "authorities.BodySuccession", "authorities.Territory"):
        models[label]._default_manager.filter(pk__in=made[label]).delete()
    on = date.fromisoformat(record["on"])
    for body in Body.objects.filter(pk__in=made["authorities.Body"]):
        last = max(date.fromordinal(on.toordinal() + 1), today)
        Body.objects.filter(pk=body.pk).update(validity=DateRange(on, last))
    for label, pk, upper in record["cut"]:
        row = models[label]._default_manager.get(pk=pk)
        restored = DateRange(row.validity.lower, date.fromisoformat(upper) if upper else None)
        models[label]._default_manager.filter(pk=pk).update(validity=restored)
