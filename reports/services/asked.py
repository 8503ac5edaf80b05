"""Other bodies at a report: who is asked to take it over or to do a part, and what may be done about that now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from authorities.models import Body, Membership, Role
from reports.case_models import Part, Transfer
from reports.models import Handling, Report
from reports.workflow import CLOSED, TRANSFERABLE

if TYPE_CHECKING:
    from accounts.models import User

Standing = list[tuple[Role, Body]]
Outcome = Transfer.Outcome
NAMES = frozenset({"transfer", "withdraw_transfer", "accept_transfer", "refuse_transfer", "answer_part", "drop_part"})


@dataclass(frozen=True)
class Asked:
    """What is asked of other bodies on a report, the offer that waits and the open parts; and whose people read it without being responsible."""

    offer: Transfer | None
    parts: list[Part]
    standing: Standing

    @classmethod
    def of(cls, report: Report, held: Sequence[Membership]) -> Asked:
        """Three queries. Of bodies that had the report before too: who handed it on, or answered, by mistake may take that back."""
        bodies = [membership.body_id for membership in held]
        handled = Handling.objects.filter(report=report, body__in=bodies).exclude(report__conflicts__body__in=bodies)
        reading = set(handled.values_list("body", flat=True)) - {report.authority_id}
        return cls(
            offer=Transfer.objects.filter(report=report, outcome=Outcome.WAITING).select_related("from_body", "to_body").first(),
            parts=list(Part.objects.filter(report=report, outcome=Part.Outcome.OPEN).select_related("body")),
            standing=[
                (Role(membership.role), membership.body)
                for membership in held
                if membership.body_id in reading and membership.role != Role.COORDINATOR
            ],
        )

    def makes_sense(self, step: str, report: Report, user: User) -> bool:
        """Whether one of the steps that are about other bodies has anything to be about, for this person."""
        mine = {body.pk for _role, body in self.standing}
        if step == "transfer":
            return self.offer is None
        if step == "withdraw_transfer":
            return self.offer is not None
        if step in {"accept_transfer", "refuse_transfer"}:
            return (
                self.offer is not None and (user.is_superuser or self.offer.to_body_id in mine) and self.offer.to_body != report.authority
            )
        if step == "answer_part":
            return any(user.is_superuser or part.body_id in mine for part in self.parts)
        return bool(self.parts)


def exists(body: Body, on: date) -> bool:
    """Whether a body exists on a day."""
    return Body.objects.existing(on).filter(pk=body.pk).exists()


def let_lapse(report: Report, body_before: int, at: datetime) -> None:
    """Ends what is asked of others where the report has ended, and an offer where the report went elsewhere or its reply is drafted."""
    if report.status in CLOSED:
        Part.objects.filter(report=report, outcome=Part.Outcome.OPEN).update(outcome=Part.Outcome.DROPPED, ended_at=at)
    if report.authority_id != body_before or report.status not in TRANSFERABLE:
        Transfer.objects.filter(report=report, outcome=Outcome.WAITING).update(outcome=Outcome.LAPSED, answered_at=at)


def ask_again(report: Report, kind: str, wrong_body: int, at: datetime) -> None:
    """Puts back what the step taken at a moment changed of offers, hand-overs and parts: an undo."""
    if kind == "transfer":
        Transfer.objects.filter(report=report, at=at, outcome=Outcome.WAITING).delete()
    if kind == "ask_help":
        Part.objects.filter(report=report, asked_at=at, outcome=Part.Outcome.OPEN).delete()
    if kind in {"transfer", "ask_help"} or report.authority_id != wrong_body:
        # They got the report by mistake; a body that had it before goes on seeing it
        Handling.objects.filter(report=report, since=at).exclude(body=report.authority).delete()
    ended = Transfer.objects.filter(report=report, answered_at=at)
    ended.filter(how=Transfer.How.OFFERED).update(outcome=Outcome.WAITING, answered_at=None)
    ended.exclude(how=Transfer.How.OFFERED).delete()
    Part.objects.filter(report=report, ended_at=at).update(outcome=Part.Outcome.OPEN, ended_at=None, answer="", answered_by=None)


def note_hand_over(report: Report, former: Body, how: str, at: datetime) -> None:
    """Writes down that a report went from one body to another, for the figures; an offer that was accepted has its row."""
    if former != report.authority:
        Transfer.objects.create(
            report=report, from_body=former, to_body=report.authority, how=how, at=at, answered_at=at, outcome=Outcome.ACCEPTED
        )


def answered(offer: Transfer, outcome: str, at: datetime) -> dict[str, Any]:
    """The offer with its answer; what the event says of it."""
    offer.outcome, offer.answered_at = outcome, at
    offer.save(update_fields=["outcome", "answered_at"])
    return {"transfer": offer.pk, "offered_to": offer.to_body.code}
