"""What the steps about other bodies start from: an offer that waits, a part that is open."""

from datetime import timedelta

from reports.case_models import Part, Transfer
from reports.models import Handling
from reports.workflow import Whose


def asked_of(body, step, report):
    """Asks a body what the step is about; nothing for the other steps."""
    if step.name in {"withdraw_transfer", "accept_transfer", "refuse_transfer"}:
        Transfer.objects.create(report=report, from_body=report.authority, to_body=body, how=Transfer.How.OFFERED, at=report.filed_at)
    elif step.name in {"answer_part", "drop_part"}:
        due = report.filed_at + timedelta(days=3)
        Part.objects.create(report=report, body=body, asked_by_body=report.authority, task="Tắt điện đường.", due_at=due)
    else:
        return
    Handling.objects.get_or_create(report=report, body=body)


def is_theirs(step):
    """Whether only the body that was asked takes it."""
    return step.whose == Whose.ASKED
