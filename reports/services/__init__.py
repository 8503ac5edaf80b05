"""What is done to reports: each a verb, keyword-only, in one transaction, with its event and its jobs."""

from reports.services.casework import Words, offered_steps, roles_on, take_step, waiting_draft
from reports.services.errors import CaseworkError, KeyUsedForAnotherReport, ReportChangedMeanwhile, StepNotAllowed
from reports.services.filing import Filing, file_once, file_report

__all__ = [
    "CaseworkError",
    "Filing",
    "KeyUsedForAnotherReport",
    "ReportChangedMeanwhile",
    "StepNotAllowed",
    "Words",
    "file_once",
    "file_report",
    "offered_steps",
    "roles_on",
    "take_step",
    "waiting_draft",
]
