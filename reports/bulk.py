"""One step on several reports at once: each in a transaction of its own, with its own event, and with the version that was seen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from reports.models import Report
from reports.services import ReportChangedMeanwhile, StepNotAllowed, Words, take_step
from reports.workflow import STEPS, Status, Step, Whose

if TYPE_CHECKING:
    from accounts.models import User
    from authorities.models import Role

MOST = 100  # reports at once: a page holds 50
SAID_FOR_ALL = frozenset({"note", "body", "officer", "category"})  # a reply or a reason is for one report only


@dataclass(frozen=True)
class Chosen:
    """A report that was chosen, in the version that was seen."""

    code: str
    version: int


@dataclass(frozen=True)
class Refusal:
    """A report on which the step was not taken, and why; `report` as it is now, None for whom there is none."""

    chosen: Chosen
    report: Report | None
    sentence: str

    @property
    def again(self) -> str:
        """The value of its check box on the next try: with the version of now, which the page shows."""
        return f"{self.chosen.code}.{self.report.version if self.report else self.chosen.version}"


@dataclass
class Outcome:
    """What became of each."""

    done: list[Report] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)


def bulk_steps(roles: frozenset[Role], among: Iterable[Status]) -> list[Step]:
    """The steps that somebody with these roles may take on several reports in these states, in the order of the table."""
    states = frozenset(among)
    return [
        step
        for step in STEPS.values()
        if step.roles & roles
        and step.sources & states
        and set(step.needs) <= SAID_FOR_ALL
        and not step.second_person
        and step.name not in {"undo", "withdraw_transfer"}
        and Whose.RESPONSIBLE in step.whose
    ]


def chosen_of(values: Iterable[str]) -> list[Chosen]:
    """What the check boxes of a queue sent ("code.version"), each report once; what is no such value is left out."""
    found: dict[str, Chosen] = {}
    for value in values:
        code, _dot, version = value.partition(".")
        if code.isalnum() and len(code) <= 10 and version.isascii() and version.isdigit() and len(version) < 10:
            found.setdefault(code, Chosen(code, int(version)))
    return list(found.values())


def visible_chosen(chosen: list[Chosen], user: User) -> dict[str, Report]:
    """The chosen reports that somebody may see, by code, in the order in which they were chosen."""
    reports = Report.objects.visible_to(user).select_related("category", "unit", "authority", "officer")
    known = {report.code: report for report in reports.filter(code__in=[one.code for one in chosen])}
    return {one.code: known[one.code] for one in chosen if one.code in known}


def take_step_on_each(chosen: list[Chosen], *, step: str, actor: User, words: Words) -> Outcome:
    """Takes a step on each report; what stands in the way of one stands in nobody else's."""
    outcome = Outcome()
    known = visible_chosen(chosen, actor)
    for one in chosen:
        report = known.get(one.code)
        if report is None:
            outcome.refused.append(Refusal(one, None, _("There is no such report on your desk.")))
            continue
        try:
            outcome.done.append(take_step(report.pk, step=step, actor=actor, words=words, version=one.version))
        except ReportChangedMeanwhile as error:
            sentence = _("Somebody else changed this report meanwhile: it is now “%(status)s”.")
            outcome.refused.append(Refusal(one, error.report, sentence % {"status": Status(error.report.status).label}))
        except StepNotAllowed as error:
            outcome.refused.append(Refusal(one, report, str(error)))
        except Report.DoesNotExist:
            outcome.refused.append(Refusal(one, None, _("There is no such report on your desk.")))
        except ValidationError as error:
            outcome.refused.append(Refusal(one, report, " ".join(error.messages)))
    return outcome
