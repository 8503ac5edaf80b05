"""Reports and mails in the administration."""

import pytest
from django.utils import timezone

from reports.models import Contact, Follow, Message, Report, ReportEvent, UnitFollow
from reports.services import Filing, file_report

MAILS = "/admin/reports/message/"


@pytest.fixture
def report(spot_a, body_a, pothole, an):
    """A report of An, who wants to be told by mail."""
    filing = Filing(location=spot_a, category=pothole, description="Ổ gà lớn", name=an.name, phone=an.phone, email=an.email)
    return file_report(filing)


@pytest.fixture
def mails(report):
    """A mail in each state."""
    follow = Follow.objects.get(report=report)
    return {
        state: Message.objects.create(
            event_id=number, follow=follow, purpose="step", state=state, attempts=8, sent_at=timezone.now() if state == "sent" else None
        )
        for number, state in enumerate(Message.State.values)
    }


def listed(browser, **query):
    return set(browser.get(MAILS, query).context["cl"].result_list)


def test_the_mails_that_failed_for_good_are_listed_first(client_of, admin_user, mails):
    browser = client_of(admin_user)
    assert listed(browser) == {mails["failed"]}
    assert listed(browser, state="sent") == {mails["sent"]}
    assert listed(browser, state="all") == set(Message.objects.all())


def test_a_failed_mail_is_sent_again_and_a_sent_one_is_not(client_of, admin_user, mails):
    sent = {"action": "send_chosen_again", "_selected_action": [mail.pk for mail in mails.values()]}
    client_of(admin_user).post(f"{MAILS}?state=all", sent)
    for mail in mails.values():
        mail.refresh_from_db()
    assert (mails["failed"].state, mails["failed"].attempts) == ("waiting", 0)
    assert (mails["sent"].state, mails["sent"].attempts) == ("sent", 8)


def test_who_reported_stands_nowhere_in_the_administration(client_of, admin_user, report, mails, an):
    browser = client_of(admin_user)
    pages = [
        "/admin/", "/admin/reports/report/", f"/admin/reports/report/{report.pk}/change/", MAILS, f"{MAILS}?state=all",
        f"{MAILS}{mails['failed'].pk}/change/",
    ]  # fmt: skip
    for page in pages:
        answer = browser.get(page)
        assert answer.status_code == 200, page
        for planted in (an.name, an.phone, an.email):
            assert planted not in answer.content.decode(), page


def test_who_reported_cannot_be_found_by_name_or_phone(client_of, admin_user, report, an):
    browser = client_of(admin_user)
    for planted in (an.name, an.phone, an.email):
        assert list(browser.get("/admin/reports/report/", {"q": planted}).context["cl"].result_list) == []


def test_a_report_is_read_and_not_changed(client_of, admin_user, report):
    browser = client_of(admin_user)
    page = f"/admin/reports/report/{report.pk}/"
    assert browser.get("/admin/reports/report/add/").status_code == 403
    assert browser.post(f"{page}change/", {"description": "Khác"}).status_code == 403
    assert browser.post(f"{page}delete/", {"post": "yes"}).status_code == 403
    assert Report.objects.get(pk=report.pk).description == "Ổ gà lớn"


def test_neither_contacts_nor_events_can_be_opened(client_of, admin_user, report):
    for model in (Contact, ReportEvent, Follow, UnitFollow):
        assert client_of(admin_user).get(f"/admin/reports/{model._meta.model_name}/").status_code == 404
