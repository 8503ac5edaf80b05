"""A report's history in words, for the public and for the desk."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from authorities.deadline_models import Stage
from reports.models import Report, ReportEvent
from reports.workflow import STEPS, Status


@dataclass(frozen=True)
class Moment:
    """One step as shown: the event, its sentence, and how long it took since the step before."""

    event: ReportEvent
    text: str
    after: timedelta | None

    @property
    def due(self) -> datetime | None:
        """By when the answer is due from then on, where it changed that; of what the clock says, the due date that it speaks of."""
        due = self.event.data.get("due_at")
        return datetime.fromisoformat(due) if due else None


def public_timeline(report: Report) -> list[Moment]:
    """The public steps of a report, the earliest first."""
    return _with_durations(list(report.events.filter(public=True).select_related("body")))


def full_timeline(report: Report) -> list[Moment]:
    """Every step, for those who work on the report."""
    return _with_durations(list(report.events.select_related("body")))


def _with_durations(events: list[ReportEvent]) -> list[Moment]:
    moments: list[Moment] = []
    for event in events:
        after = event.at - moments[-1].event.at if moments else None
        moments.append(Moment(event, sentence(event), after))
    return moments


def next_step(status: str, body: str) -> str:
    """What happens next to an open report, in a sentence of the reader's language; "" for one that has ended."""
    wording = {
        Status.NEW: _("%(body)s looks at the report and accepts it."),
        Status.TRIAGE: _("The Portal finds the body that is responsible."),
        Status.ACCEPTED: _("%(body)s looks at the spot and begins the work."),
        Status.SURVEYING: _("After the survey %(body)s says what will be done."),
        Status.IN_PROGRESS: _("When the work is done %(body)s writes its reply."),
        Status.WAITING: _("%(body)s goes on as soon as the missing information is there."),
        Status.REPLY_REVIEW: _("The reply is checked, and then published."),
    }.get(Status(status) if status in Status.values else Status.RESOLVED)
    return wording % {"body": body} if wording else ""


def sentence(event: ReportEvent) -> str:
    """The event in one sentence of the reader's language; names bodies, never people."""
    body = event.body.name if event.body else ""
    wording = {
        "filed": _("Split off from another report, and sent to %(body)s")
        if "split_from" in event.data
        else _("Reported, and sent to %(body)s"),
        "accept": _("Accepted by %(body)s"),
        "survey": _("%(body)s began the survey on site"),
        "work": _("%(body)s began the work"),
        "charge": _("Accepted by %(body)s") if event.status_before != event.status_after else _("%(body)s put somebody in charge"),
        "surveyed": _("%(body)s surveyed the spot"),
        "left_behind": _("Nobody is in charge any more: the officer has left"),
        "ask": _("%(body)s asked the reporter a question"),
        "answer": _("The reporter answered: opened again, with %(body)s")
        if event.status_before == Status.RETURNED
        else _("The reporter answered"),
        "silence": _("Closed: the question of %(body)s had no answer in time"),
        "reminder": _("The reporter was reminded of the question"),
        "due_moved": _("Working days have changed, and with them the due date"),
        "due_soon": _("Due soon: %(stage)s"),
        "overdue": _("Overdue: %(stage)s"),
        "escalated": _("Passed up to the head: %(stage)s is overdue"),
        "withdraw": _("Withdrawn by the reporter"),
        "duplicate": _("Recognised as a report of the same matter as another"),
        "undo": _("The last step was taken back; with %(body)s as before"),
        "draft_reply": _("%(body)s wrote a reply, to be approved"),
        "publish_reply": _("Resolved: the reply of %(body)s was published"),
        "send_back": _("The draft went back to %(body)s, to be mended"),
        "return": _("Returned by %(body)s"),
        "to_triage": _("Handed to %(body)s to be routed"),
        "recategorise": _("Category corrected; now with %(body)s"),
        "assign": _("Sent to %(body)s"),
        "transfer": _("%(body)s offered the report to another body"),
        "withdraw_transfer": _("%(body)s withdrew the offer"),
        "accept_transfer": _("Taken over by %(body)s"),
        "refuse_transfer": _("The other body refused; the report stays with %(body)s"),
        "ask_help": _("%(body)s asked another body to do a part"),
        "answer_part": _("Another body answered its part"),
        "drop_part": _("%(body)s no longer needs the part of another body"),
        "relocate": _("The place was corrected; now with %(body)s") if "to" in event.data else _("The place was corrected"),
        "split": _("Two problems in one: the other has a report of its own now"),
        "rerouted": _("The territory changed; now with %(body)s"),
        "reroute_undone": _("The change of territory was taken back; with %(body)s as before"),
        "show": _("Made public"),
        "hide": _("Taken out of public view"),
        "note": _("Note"),
        "reopen": _("Reopened"),
        "not_fixed": _("Several followers say that it is not fixed: reopened, now with %(body)s")
        if event.data.get("by") == "followers"
        else _("The reporter says that it is not fixed: reopened, now with %(body)s"),
        "masks": _("What is masked in public was changed"),
        "photo_blurred": _("A photo was blurred for the public"),
        "photo_unblurred": _("A photo is shown to the public as it was taken"),
        "rated": _("The reporter rated the reply of %(body)s"),
        "comment_shown": _("The reporter's comment was made public"),
        "comment_refused": _("The reporter's comment was kept out of public view"),
    }.get(event.kind)
    if event.kind == "draft_reply" and event.status_after == "resolved":
        wording = _("Resolved: %(body)s published its reply")
    if wording is None:
        step = STEPS.get(event.kind)
        return str(step.label) if step else event.kind
    return wording % {"body": body, "stage": _stage(event)}


def _stage(event: ReportEvent) -> str:
    """What the deadline of an event was for; "" where it was for none."""
    stage = event.data.get("stage", "")
    return str(Stage(stage).label) if stage in Stage.values else ""
