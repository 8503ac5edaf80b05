"""The way of a report as one table of data: the buttons, the API, the documentation's diagram and the tests are drawn from it."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from authorities.models import Role


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

HANDLERS = frozenset({Role.OFFICER, Role.HEAD, Role.INSPECTOR})
PUBLISHERS = frozenset({Role.COORDINATOR})


@dataclass(frozen=True)
class Step:
    """One thing that may be done: from which states, to which, by which roles, and what has to be said with it.

    `to` None leaves the state as it is. `needs` names what has to be said with it, `may` what can be: reply, reason, category, body, note.
    `second_person`: not open to whoever wrote the draft.
    """

    name: str
    label: str | Promise
    sources: frozenset[Status]
    to: Status | None
    roles: frozenset[Role]
    needs: tuple[str, ...] = ()
    may: tuple[str, ...] = ()
    primary: bool = False
    public: bool = True
    second_person: bool = False


STEPS: dict[str, Step] = {
    step.name: step
    for step in (
        Step("accept", _("Accept"), UNTOUCHED, Status.ACCEPTED, HANDLERS, may=("note",), primary=True),
        Step(
            "survey",
            _("Begin the survey on site"),
            frozenset({Status.ACCEPTED, Status.IN_PROGRESS}),
            Status.SURVEYING,
            HANDLERS,
            may=("note",),
        ),
        Step(
            "work",
            _("Begin the work"),
            frozenset({Status.ACCEPTED, Status.SURVEYING, Status.WAITING}),
            Status.IN_PROGRESS,
            HANDLERS,
            may=("note",),
        ),
        Step(
            "draft_reply",
            _("Draft the reply"),
            AT_WORK,
            Status.REPLY_REVIEW,
            HANDLERS,
            needs=("reply",),
            may=("note",),
            primary=True,
            public=False,
        ),
        Step(
            "publish_reply",
            _("Publish the reply"),
            frozenset({Status.REPLY_REVIEW}),
            Status.RESOLVED,
            PUBLISHERS,
            needs=("reply",),
            primary=True,
            second_person=True,
        ),
        Step(
            "send_back",
            _("Send the draft back"),
            frozenset({Status.REPLY_REVIEW}),
            Status.IN_PROGRESS,
            PUBLISHERS,
            needs=("note",),
            public=False,
        ),
        Step(
            "assign",
            _("Route to a body"),
            UNTOUCHED | AT_WORK,
            Status.NEW,
            PUBLISHERS,
            needs=("body",),
            may=("note",),
        ),
        Step(
            "recategorise",
            _("Correct the category"),
            UNTOUCHED | AT_WORK,
            None,
            HANDLERS | PUBLISHERS,
            needs=("category",),
            may=("note",),
        ),
        Step(
            "return",
            _("Return"),
            UNTOUCHED | AT_WORK,
            Status.RETURNED,
            HANDLERS | PUBLISHERS,
            needs=("reason", "reply"),
            may=("note",),
        ),
        Step("to_triage", _("Hand to the coordinator"), frozenset({Status.NEW}) | AT_WORK, Status.TRIAGE, HANDLERS, needs=("note",)),
        Step("show", _("Make public"), frozenset(Status), None, PUBLISHERS, public=False),
        Step("hide", _("Keep out of public view"), frozenset(Status), None, PUBLISHERS, needs=("note",), public=False),
        Step("note", _("Add a note"), frozenset(Status), None, HANDLERS | PUBLISHERS, needs=("note",), public=False),
        Step("reopen", _("Reopen"), frozenset({Status.RESOLVED, Status.RETURNED}), Status.ACCEPTED, PUBLISHERS, needs=("note",)),
    )
}


def steps_for(status: Status, roles: frozenset[Role]) -> list[Step]:
    """The steps that somebody with these roles may take from a state, in the order of the table."""
    return [step for step in STEPS.values() if status in step.sources and roles & step.roles]


def can_become(status: Status, target: Status) -> bool:
    """Whether some step leads from one state to the other."""
    return any(status in step.sources and step.to == target for step in STEPS.values())
