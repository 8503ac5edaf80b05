"""The way of a report as one table of data: the buttons, the API, the documentation's diagram and the tests are drawn from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import Flag, auto
from typing import Any

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from authorities.models import Approval, Role


class Status(TextChoices):
    """Where a report stands. Reopened and transferred are events, not states."""

    NEW = "new", _("new")
    TRIAGE = "triage", _("being routed")
    ACCEPTED = "accepted", _("accepted")
    SURVEYING = "surveying", _("on-site survey")
    IN_PROGRESS = "in_progress", _("in progress")
    WAITING = "waiting", _("waiting for the reporter")
    REPLY_REVIEW = "reply_review", _("reply under review")
    RESOLVED = "resolved", _("resolved")
    RETURNED = "returned", _("returned")
    DUPLICATE = "duplicate", _("duplicate")
    WITHDRAWN = "withdrawn", _("withdrawn")


CLOSED = frozenset({Status.RESOLVED, Status.RETURNED, Status.DUPLICATE, Status.WITHDRAWN})
OPEN = frozenset(Status) - CLOSED
GROUPS = {"open": OPEN, "closed": CLOSED}
UNTOUCHED = frozenset({Status.NEW, Status.TRIAGE})
AT_WORK = frozenset({Status.ACCEPTED, Status.SURVEYING, Status.IN_PROGRESS})
IN_HAND = AT_WORK | {Status.WAITING}
TRANSFERABLE = frozenset({Status.NEW}) | IN_HAND

HANDLERS = frozenset({Role.OFFICER, Role.HEAD, Role.INSPECTOR})
PUBLISHERS = frozenset({Role.COORDINATOR})
HEADS = frozenset({Role.HEAD})
EVERYBODY = HANDLERS | PUBLISHERS
# Who may ask queries over public reports: those who plan, lead, coordinate or inspect; whose body it is comes from the first role held
PLANNERS = (Role.PLANNER, Role.LEADER, Role.HEAD, Role.COORDINATOR, Role.INSPECTOR)

UNDO_WITHIN = timedelta(minutes=10)
# What the clock says in a report's history, beside the steps: it changes nothing of the report
CLOCK_EVENTS = frozenset({"due_soon", "overdue", "escalated", "reminder", "due_moved"})


class Whose(Flag):
    """Whose people take a step: of the body that has the report, or of another that reads it, having been asked something or had it before."""

    RESPONSIBLE = auto()
    ASKED = auto()


@dataclass(frozen=True)
class Step:
    """One thing that may be done: from which states, to which, by which roles, and what has to be said with it.

    `to` None: the state stays, or the step itself finds it. `needs` names what has to be said with it, `may` what can be: reply, reason,
    category, body, officer, original, question, answer, note, … (services/said.py). `head_may` adds the head of a body whose replies its head
    approves. `by_reporter`: open to whoever holds the private link. `by_rule`: the clock takes it, and nobody else. `second_person`: not open to
    whoever wrote the draft. `public`: shown to all (a step that changes the state always is). `told`: followers hear of it, if it is public.
    `undoable`: may be taken back by whoever took it, within UNDO_WITHIN.
    `whose`: which body's people take it: the responsible one's, those of another that reads it (asked to take it over, or for a part), or both.
    """

    name: str
    label: str | Promise
    sources: frozenset[Status]
    to: Status | None
    roles: frozenset[Role] = frozenset()
    needs: tuple[str, ...] = ()
    may: tuple[str, ...] = ()
    primary: bool = False
    public: bool = True
    told: bool = True
    second_person: bool = False
    head_may: bool = False
    by_reporter: bool = False
    by_rule: bool = False
    undoable: bool = True
    whose: Whose = Whose.RESPONSIBLE

    def roles_in(self, approval: str) -> frozenset[Role]:
        """The roles that may take it on a report of a body whose replies are approved so."""
        return self.roles | HEADS if self.head_may and approval == Approval.HEAD else self.roles


STEPS: dict[str, Step] = {
    step.name: step
    for step in (
        Step("accept", _("Accept"), UNTOUCHED, Status.ACCEPTED, HANDLERS, may=("note",), primary=True),
        Step(
            "charge",
            _("Put somebody in charge"),
            (UNTOUCHED - {Status.TRIAGE}) | IN_HAND,
            None,
            HEADS,
            needs=("officer",),
            may=("note",),
            public=False,
        ),
        Step(
            "survey",
            _("Begin the survey on site"),
            frozenset({Status.ACCEPTED, Status.IN_PROGRESS}),
            Status.SURVEYING,
            HANDLERS,
            may=("note",),
        ),
        Step("work", _("Begin the work"), IN_HAND - {Status.IN_PROGRESS}, Status.IN_PROGRESS, HANDLERS, may=("note",)),
        Step("ask", _("Ask the reporter"), AT_WORK, Status.WAITING, HANDLERS, needs=("question",), may=("note",)),
        Step(
            "answer",
            _("Answer the question"),
            frozenset({Status.WAITING, Status.RETURNED}),
            None,
            needs=("answer",),
            by_reporter=True,
            told=False,
            undoable=False,
        ),
        Step(
            "silence",
            _("End for want of an answer"),
            frozenset({Status.WAITING}),
            Status.RETURNED,
            by_rule=True,
            undoable=False,
        ),
        Step(
            "draft_reply",
            _("Draft the reply"),
            AT_WORK,
            Status.REPLY_REVIEW,
            HANDLERS,
            needs=("reply",),
            may=("proof", "note"),
            primary=True,
            told=False,
        ),
        Step(
            "publish_reply",
            _("Publish the reply"),
            frozenset({Status.REPLY_REVIEW}),
            Status.RESOLVED,
            PUBLISHERS,
            needs=("reply",),
            may=("proof",),
            primary=True,
            second_person=True,
            head_may=True,
        ),
        Step(
            "send_back",
            _("Send the draft back"),
            frozenset({Status.REPLY_REVIEW}),
            Status.IN_PROGRESS,
            PUBLISHERS,
            needs=("note",),
            told=False,
            second_person=True,
            head_may=True,
        ),
        Step("assign", _("Route to a body"), UNTOUCHED | IN_HAND, Status.NEW, PUBLISHERS, needs=("body",), may=("note",)),
        Step("transfer", _("Offer it to another body"), TRANSFERABLE, None, HANDLERS, needs=("body", "note"), public=False),
        Step("withdraw_transfer", _("Withdraw the offer"), TRANSFERABLE, None, HANDLERS, public=False),
        Step(
            "accept_transfer",
            _("Take it over"),
            TRANSFERABLE,
            Status.ACCEPTED,
            HANDLERS,
            may=("note",),
            primary=True,
            whose=Whose.ASKED,
        ),
        Step(
            "refuse_transfer", _("Refuse to take it over"), TRANSFERABLE, None, HANDLERS, needs=("note",), public=False, whose=Whose.ASKED
        ),
        Step("ask_help", _("Ask another body for a part"), IN_HAND, None, HANDLERS, needs=("body", "task", "days"), public=False),
        Step("drop_part", _("Part no longer needed"), TRANSFERABLE, None, HANDLERS, needs=("part",), may=("note",), public=False),
        Step(
            "answer_part",
            _("Answer your part"),
            TRANSFERABLE | {Status.TRIAGE, Status.REPLY_REVIEW},
            None,
            HANDLERS,
            needs=("result",),
            primary=True,
            public=False,
            whose=Whose.ASKED,
        ),
        Step("relocate", _("Correct the place"), UNTOUCHED | IN_HAND, None, EVERYBODY, needs=("spot",), may=("note",)),
        Step(
            "split",
            _("Split in two"),
            UNTOUCHED | IN_HAND,
            None,
            EVERYBODY,
            needs=("description", "category"),
            may=("photos", "note"),
            undoable=False,
        ),
        Step("recategorise", _("Correct the category"), UNTOUCHED | IN_HAND, None, EVERYBODY, needs=("category",), may=("note",)),
        Step("return", _("Return"), UNTOUCHED | IN_HAND, Status.RETURNED, EVERYBODY, needs=("reason", "reply"), may=("note",)),
        Step("duplicate", _("Mark as a duplicate"), UNTOUCHED | IN_HAND, Status.DUPLICATE, EVERYBODY, needs=("original",), may=("note",)),
        Step("to_triage", _("Hand to the coordinator"), frozenset({Status.NEW}) | IN_HAND, Status.TRIAGE, HANDLERS, needs=("note",)),
        Step("withdraw", _("Withdraw the report"), UNTOUCHED | IN_HAND, Status.WITHDRAWN, by_reporter=True, undoable=False),
        Step("show", _("Make public"), frozenset(Status), None, PUBLISHERS, public=False),
        Step("hide", _("Keep out of public view"), frozenset(Status), None, PUBLISHERS, needs=("note",), public=False),
        Step("note", _("Add a note"), frozenset(Status), None, EVERYBODY, needs=("note",), public=False, undoable=False),
        Step(
            "reopen",
            _("Reopen"),
            frozenset({Status.RESOLVED, Status.RETURNED, Status.DUPLICATE}),
            None,
            PUBLISHERS,
            needs=("note",),
        ),
        Step(
            "undo",
            _("Take the last step back"),
            frozenset(Status),
            None,
            EVERYBODY,
            public=False,
            undoable=False,
            whose=Whose.RESPONSIBLE | Whose.ASKED,
        ),
    )
}


def steps_for(status: Status, roles: frozenset[Role], approval: str = Approval.PORTAL, asked: frozenset[Role] = frozenset()) -> list[Step]:
    """The steps that somebody may take from a state, in the order of the table: with roles in the responsible body, and in bodies that were asked."""
    return [
        step
        for step in STEPS.values()
        if status in step.sources
        and ((Whose.RESPONSIBLE in step.whose and roles & step.roles_in(approval)) or (Whose.ASKED in step.whose and asked & step.roles))
    ]


def reporters_steps(status: Status) -> list[Step]:
    """The steps that the reporter may take from a state, by the private link."""
    return [step for step in STEPS.values() if status in step.sources and step.by_reporter]


def is_told(kind: str, data: dict[str, Any]) -> bool:
    """Whether followers are written to of a public event: of a step as the table says, of a step taken back as of the step."""
    step = STEPS.get(data.get("step", "") if kind == "undo" else kind)
    return step is None or step.told


# From where and to where the steps lead that find the state themselves
FOUND: dict[str, dict[Status, frozenset[Status]]] = {
    "charge": {Status.NEW: frozenset({Status.ACCEPTED})},
    "answer": {Status.WAITING: AT_WORK, Status.RETURNED: AT_WORK | UNTOUCHED},
    "recategorise": dict.fromkeys(UNTOUCHED | IN_HAND, UNTOUCHED),
    "relocate": dict.fromkeys(UNTOUCHED | IN_HAND, UNTOUCHED),
    "reopen": dict.fromkeys(CLOSED, frozenset({Status.ACCEPTED, Status.NEW, Status.TRIAGE})),
}


def leads_to(step: Step, source: Status) -> frozenset[Status]:
    """The states to which a step may lead from one of its sources, besides leaving the report there; taking back leads anywhere and is left out."""
    if step.to is not None:
        return frozenset({step.to})
    return FOUND.get(step.name, {}).get(source, frozenset())


def can_become(status: Status, target: Status) -> bool:
    """Whether some step leads from one state to the other."""
    return any(status in step.sources and target in leads_to(step, status) for step in STEPS.values())
