"""The workflow as a page of the documentation: diagram and tables, drawn from the table that the code goes by."""

from __future__ import annotations

from collections import defaultdict

from django.utils import translation

from authorities.models import Role
from reports.workflow import CLOSED, EVERYBODY, STEPS, UNDO_WITHIN, Status, Step, Whose, leads_to

HEAD = """# The way of a report

Written by `manage.py describe_workflow` from `reports/workflow.py`: change the table there, then run it again. `make lint` sees to it.

The buttons of the desk, the page of the reporter, the API's answers and the tests are drawn from the same table. A step locks the report's row, asks the table,
writes its event and defers its jobs in one transaction; a step that the table does not hold is refused (409) with those that it does. *Reopened* and *transferred* are
events, not states.
"""


def page() -> str:
    """The whole page, in English."""
    with translation.override("en"):
        parts = (
            HEAD,
            "## States and steps",
            diagram(),
            "## Steps",
            steps_table(),
            NOTES,
            "## Who may take which step",
            roles_table(),
            WHERE,
        )
        return "\n\n".join(part.strip() for part in parts) + "\n"


def targets(step: Step) -> list[Status]:
    """The states to which a step may lead, in their order."""
    return [status for status in Status if any(status in leads_to(step, source) for source in step.sources)]


def diagram() -> str:
    """The states and what leads from one to the other, for Mermaid."""
    arrows: dict[tuple[Status, Status], list[str]] = defaultdict(list)
    for step in STEPS.values():
        for source in Status:
            for target in leads_to(step, source):
                if source in step.sources and source != target:
                    arrows[source, target].append(step.name)
    order = list(Status)
    lines = [
        f"  {one} --> {other}: {', '.join(names)}"
        for (one, other), names in sorted(arrows.items(), key=lambda arrow: [order.index(s) for s in arrow[0]])
    ]
    ends = [f"  {status} --> [*]" for status in order if status in CLOSED]
    return "\n".join(
        ["```mermaid", "stateDiagram-v2", "  [*] --> new: filed", "  [*] --> triage: filed, no body found", *lines, *ends, "```"]
    )


def steps_table() -> str:
    """One row a step: from where to where, what has to be said, who hears of it."""
    rows = [
        "| step | on the button | from | to | has to be said | public | followers told | can be taken back |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for step in STEPS.values():
        sources = "any" if step.sources == frozenset(Status) else ", ".join(status for status in Status if status in step.sources)
        found = ", ".join(targets(step)) if step.to is None else ""
        to = step.to or (f"{found} ¹" if found else "as before ²" if step.name == "undo" else "stays")
        public = "yes" if step.public else "if the state changes" if targets(step) else "no"
        cells = (
            f"`{step.name}`",
            step.label,
            sources,
            to,
            ", ".join(step.needs) or "–",
            public,
            _yes(step.told and public != "no"),
            _yes(step.undoable),
        )
        rows.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    return "\n".join(rows)


def roles_table() -> str:
    """Roles by steps."""
    roles = [role for role in Role if role in EVERYBODY]
    rows = ["| step | " + " | ".join(str(role.label) for role in roles) + " | reporter | the clock |", "|---" * (len(roles) + 3) + "|"]
    for step in STEPS.values():
        cells = ["yes" if role in step.roles else "if set ³" if role == Role.HEAD and step.head_may else "" for role in roles]
        asked = "" if step.whose == Whose.RESPONSIBLE else " ⁴" if step.whose == Whose.ASKED else " ⁵"
        others = f" | {'yes' if step.by_reporter else ''} | {'yes' if step.by_rule else ''} |"
        rows.append(f"| `{step.name}`{asked} | " + " | ".join(cells) + others)
    return "\n".join(rows)


def _yes(true: bool) -> str:
    return "yes" if true else "no"


NOTES = f"""
¹ The step finds the state: `charge` accepts what is new; `answer` goes on where the question was asked, and opens again what `silence` ended; `recategorise`, `relocate` and `reopen` ask the rules where the report belongs.
² By whoever took the last step, within {int(UNDO_WITHIN.total_seconds() // 60)} minutes, while nobody took another.
"""
WHERE = """
³ Where the body is set to have its replies approved by its head. Nobody approves a reply that he or she drafted. A body may also be set to publish at once: drafting then
resolves.
⁴ Of the people of a body that was asked, to take the report over or to do a part of it. ⁵ Of theirs too.

A role counts in the body that has the report now; a coordinator's in all bodies of the province. Leaders, planners and digital teams take no step; a person who belongs to a
body that a report complains of sees and does nothing with it, whatever the role. A stand-in has the role of whom he or she stands in for, on the days of the leave. The clock ends
what its reporter was asked and did not answer in time ([deadlines](deadlines.md)). An administrator may do everything, and every step is written down with its actor.
"""
