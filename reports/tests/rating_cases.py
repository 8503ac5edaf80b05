"""What the tests of ratings share: a report that is answered, what its reporter says, and the browser that holds the private link."""

from django.test import Client

from reports.services import Filing, Opinion, file_report, rate, take_step
from reports.services.casework import Words
from reports.tokens import tracking_token

GOOD = {"timeliness": 4, "attitude": 5, "result": 3}
POOR = {"timeliness": 1, "attitude": 2, "result": 1}


def answered(category, spot, officer, coordinator, *, reply="Đã vá xong ngày 17/7.", at=None, **more):
    """A report whose reply is published: by the officer drafted, by the coordinator let through."""
    filing = Filing(location=spot, category=category, description=more.pop("description", "Ổ gà sâu trước cổng trường."), **more)
    return answer(file_report(filing, at=at), officer, coordinator, reply=reply, at=at)


def answer(report, officer, coordinator, *, reply="Đã vá lại, lần này bằng nhựa nóng.", at=None):
    """The report, worked on and answered (again)."""
    if report.status in ("new", "triage"):
        report = take_step(report.pk, step="accept", actor=officer, at=at)
    take_step(report.pk, step="draft_reply", actor=officer, words=Words(reply=reply), at=at)
    return take_step(report.pk, step="publish_reply", actor=coordinator, words=Words(reply=reply), at=at)


def rated(report, scores=GOOD, comment="", at=None):
    """The report, rated."""
    return rate(report.pk, opinion=Opinion(scores=scores, comment=comment), at=at)


def not_fixed(report, problem="Mưa một trận là lún lại.", at=None):
    """The report, which its reporter says is not fixed."""
    return rate(report.pk, opinion=Opinion(is_fixed=False, problem=problem), at=at)


def token_of(report):
    """The reporter's token."""
    return tracking_token(report.code, report.token_generation)


def reporter_of(*reports):
    """A browser that has opened the private links."""
    client = Client()
    for report in reports:
        client.get(report.get_absolute_url(), {"token": token_of(report)})
    return client
