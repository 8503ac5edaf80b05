"""What is done to reports: each a verb, keyword-only, in one transaction, with its event and its jobs."""

from reports.services.casework import end_for_silence, offered_steps, open_to_reporter, roles_on, take_reporters_step, take_step
from reports.services.effects import waiting_draft
from reports.services.errors import (
    CaseworkError,
    CommentChanged,
    KeyUsedForAnotherReport,
    KeyUsedForAnotherSurvey,
    NotAllowed,
    NotRatable,
    ReportChangedMeanwhile,
    StepNotAllowed,
)
from reports.services.filing import Filing, file_once, file_report
from reports.services.proof import needs_proof
from reports.services.rating import Opinion, judge_comment, ratable, rate
from reports.services.said import Words
from reports.services.survey import Surveyed, keep_survey, keep_survey_photo, may_survey

__all__ = [
    "CaseworkError",
    "CommentChanged",
    "Filing",
    "KeyUsedForAnotherReport",
    "KeyUsedForAnotherSurvey",
    "NotAllowed",
    "NotRatable",
    "Opinion",
    "ReportChangedMeanwhile",
    "StepNotAllowed",
    "Surveyed",
    "Words",
    "end_for_silence",
    "file_once",
    "file_report",
    "judge_comment",
    "keep_survey",
    "keep_survey_photo",
    "may_survey",
    "needs_proof",
    "offered_steps",
    "open_to_reporter",
    "ratable",
    "rate",
    "roles_on",
    "take_reporters_step",
    "take_step",
    "waiting_draft",
]
