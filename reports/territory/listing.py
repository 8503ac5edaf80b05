"""A rehearsal as lines of a table: one for each thing that would happen or has to be decided, for CSV and for people who read lists."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from authorities.handover import Question
from authorities.models import Body, Role
from boundaries.models import Unit
from reports.territory.activation import Rehearsal

COLUMNS = ("what", "from_code", "from_name", "to_code", "to_name", "count", "share", "note")
QUESTIONS: dict[Question, str | Promise] = {
    Question.NO_SUCCESSOR: gettext_lazy("It ends, and nobody takes over: give it a successor, or its people another body."),
    Question.DIVIDED: gettext_lazy("Its unit is divided and no part has half of it: say where its people go."),
    Question.RULE_DIVIDED: gettext_lazy("The unit of this rule is divided and no part has half of it: make rules for the new units."),
    Question.RULE_WITHOUT_BODY: gettext_lazy("The body of this rule ends without a main successor: name another."),
    Question.PART_ONLY: gettext_lazy("It covered only a part of what went into this unit: check whether it shall have all of it."),
}


@dataclass(frozen=True)
class Line:
    """One row; what does not apply is empty."""

    what: str
    from_code: str = ""
    from_name: str = ""
    to_code: str = ""
    to_name: str = ""
    count: int | None = None
    share: float | None = None
    note: str = ""

    def cells(self) -> list[str]:
        """The row as text, in the order of COLUMNS; what a spreadsheet would take for a formula is made plain text."""
        return [_plain("" if value is None else str(value)) for value in (getattr(self, name) for name in COLUMNS)]


def lines(rehearsal: Rehearsal) -> Iterator[Line]:
    """All lines, in the order in which people ask: reports, bodies, people, rules, gaps, questions."""
    plan = rehearsal.handover
    names = dict(Body.objects.values_list("code", "name")) | {body.code: body.name for body in plan.bodies}
    hotlines = dict(Body.objects.values_list("code", "hotline")) | {body.code: body.hotline for body in plan.bodies}
    for (old, new), count in rehearsal.reports.handed_over.most_common():
        yield Line("report", old.code, old.name, new.code, new.name, count)
    units = Unit.objects.with_ancestors().in_bulk([body.unit for body in plan.bodies])
    for body in plan.bodies:
        yield Line("new_body", ", ".join(body.heir_of), "", body.code, body.name, note=units[body.unit].full_name())
    for cover in plan.covers:
        yield Line(
            "territory", cover.body, names[cover.body], "", cover.unit_name, note="" if cover.all_of_it else _("a part of it before")
        )
    for ending in plan.endings:
        for code, share in ending.successors or (("", None),):
            note = _("main successor") if code and code == ending.main else ""
            yield Line("body_ends", ending.body, ending.name, code, names.get(code, ""), share=share, note=note)
        if ending.hotline:
            other = hotlines.get(ending.main, "")
            note = (
                _("Hotline %(old)s gives way to %(new)s.") % {"old": ending.hotline, "new": other}
                if other
                else _("Hotline %(old)s has no successor.") % {"old": ending.hotline}
            )
            yield Line("hotline", ending.body, ending.name, ending.main, names.get(ending.main, ""), note=note)
    people = User.objects.in_bulk([one.user for one in plan.appointments])
    for one in plan.appointments:
        note = f"{people[one.user]} · {Role(one.role).label}"
        yield Line("person", one.former, names[one.former], one.next, names[one.next], note=note)
    for change in plan.rules:
        yield Line("rule", str(change.rule), change.text, change.body, names.get(change.body, ""), note=change.territory_name)
    for gap in rehearsal.new_gaps:
        for unit in gap.units:
            yield Line("gap", gap.category.code, gap.category.label, unit.code, unit.full_name())
    for question in plan.questions:
        between = ", ".join(names.get(code, code) for code in question.between)
        yield Line("question", "", question.about, "", between, question.people or None, note=str(QUESTIONS[question.question]))
    if rehearsal.reports.followers:
        yield Line("followers", count=rehearsal.reports.followers, note=_("are told that a report that they follow is with another body"))
    for unit, count in rehearsal.unit_followers:
        yield Line("followers", unit.code, unit.name, count=count, note=_("go on following the same territory; nothing has to be done"))


def write_csv(rehearsal: Rehearsal, file: IO[str]) -> None:
    """The lines as CSV with a heading; opens in a spreadsheet with the right letters, for it begins with a byte order mark."""
    file.write("\ufeff")
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    for line in lines(rehearsal):
        writer.writerow(line.cells())


def _plain(text: str) -> str:
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t") else text
