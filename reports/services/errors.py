"""What may stand in the way of a change, in sentences for the person who wanted it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from reports.workflow import Status, Step

if TYPE_CHECKING:
    from reports.models import Report


class CaseworkError(Exception):
    """A change that cannot be made; nothing was changed."""


class SettingsHaveChanged(Exception):
    """What was checked by the settings that a process keeps has to be checked again: others have come since."""


class StepNotAllowed(CaseworkError):
    """The step does not start from this state, or not for this person; `allowed` are the steps that do."""

    def __init__(self, report: Report, allowed: list[Step]) -> None:
        self.allowed = allowed
        names = ", ".join(str(step.label) for step in allowed) or _("none")
        sentence = _("This cannot be done while the report is “%(status)s”. Possible now: %(steps)s.")
        super().__init__(sentence % {"status": Status(report.status).label, "steps": names})


class ReportChangedMeanwhile(CaseworkError):
    """Somebody else changed the report after the form was opened."""

    def __init__(self, report: Report) -> None:
        self.report = report
        super().__init__(
            _(
                "Somebody else changed this report meanwhile: it is now “%(status)s”. Your text is still here; look again and send it once more."
            )
            % {"status": Status(report.status).label}
        )


class KeyUsedForAnotherReport(CaseworkError):
    """The idempotency key came before with another content; `report` is the one that was filed with it."""

    def __init__(self, report: Report) -> None:
        self.report = report
        super().__init__(_("This Idempotency-Key was used for another report. Use a new key for a new report."))


class KeyUsedForAnotherSurvey(CaseworkError):
    """The key of a survey came before with another content, of another officer or report."""

    def __init__(self) -> None:
        super().__init__(_("A survey with this key is kept already, and says something else."))


class NotRatable(CaseworkError):
    """The answer cannot be rated (any more), or the report not be reopened by its reporter; the sentence says why."""


class CommentChanged(CaseworkError):
    """The reporter changed the comment after it was read."""

    def __init__(self) -> None:
        super().__init__(_("The reporter changed the comment meanwhile. Please read it again."))


class NotAllowed(CaseworkError):
    """Somebody who may see a report may not do this with it."""

    def __init__(self) -> None:
        super().__init__(_("This is for others to decide."))


class PhotoChangedMeanwhile(CaseworkError):
    """Somebody else blurred the photo after the page was opened."""

    def __init__(self) -> None:
        super().__init__(_("Somebody else changed this photo meanwhile. Please look again."))
