"""What the reporter does from the own page: answers, withdraws; and what others see of it."""

import pytest
from django.urls import reverse

from reports.models import Question, Report
from reports.services import Filing, Words, file_report, take_step
from reports.tokens import tracking_token
from reports.workflow import Status
from tests.lasting_cast import *  # noqa: F403

pytestmark = pytest.mark.django_db
QUESTION, ANSWER = "Ổ gà ở bên nào của cầu?", "Bên phía chợ, trước nhà số 5."


@pytest.fixture
def report(pothole, body_a, body_b, portal, spot_a, an):
    return file_report(Filing(location=spot_a, category=pothole, description="Ổ gà sâu.", name=an.name, phone=an.phone, email=an.email))


@pytest.fixture
def reporter(client, report):
    """A browser that came by the private link."""
    client.get(report.get_absolute_url(), {"token": tracking_token(report.code, report.token_generation)})
    return client


@pytest.fixture
def asked(report, binh):
    take_step(report.pk, step="accept", actor=binh)
    return take_step(report.pk, step="ask", actor=binh, words=Words(question=QUESTION))


def address(report, step):
    return reverse("reports:reporter_step", args=[report.code, step])


def text_of(response):
    return response.content.decode()


def test_the_reporter_reads_the_question_answers_it_and_the_work_goes_on(reporter, asked, client_of, binh):
    assert QUESTION in text_of(reporter.get(asked.get_absolute_url()))
    response = reporter.post(address(asked, "answer"), {"answer": f"  {ANSWER}\r\n"}, follow=True)
    assert "Cảm ơn bạn" in text_of(response)
    asked.refresh_from_db()
    assert (asked.status, Question.objects.get().answer) == (Status.ACCEPTED, ANSWER)
    assert ANSWER in text_of(client_of(binh).get(reverse("reports:desk_report", args=[asked.code])))


def test_question_and_answer_are_read_by_the_two_alone(reporter, asked, client_of, chi, lan, hanh):
    reporter.post(address(asked, "answer"), {"answer": ANSWER})
    from django.test import Client

    for client in (Client(), client_of(chi), client_of(lan)):
        for page in (asked.get_absolute_url(), f"/api/v1/reports/{asked.code}/", f"/api/v1/reports/{asked.code}/events/"):
            answer = text_of(client.get(page))
            assert QUESTION not in answer
            assert ANSWER not in answer
    assert QUESTION not in text_of(client_of(lan).get(reverse("reports:desk_report", args=[asked.code])))
    assert QUESTION in text_of(client_of(hanh).get(reverse("reports:desk_report", args=[asked.code])))


@pytest.mark.parametrize("step", ["answer", "withdraw"])
def test_without_the_private_link_there_is_no_such_step(client, client_of, binh, asked, step):
    for browser in (client, client_of(binh)):
        assert browser.post(address(asked, step), {"answer": ANSWER}).status_code == 404
    asked.refresh_from_db()
    assert asked.status == Status.WAITING


def test_a_step_of_officers_is_none_of_the_reporters(reporter, report):
    for step in ("accept", "publish_reply", "nonsense"):
        assert reporter.post(address(report, step)).status_code == 404
    assert reporter.get(address(report, "withdraw")).status_code == 405


@pytest.mark.parametrize("answer", ["", "  \n", "x" * 2001, "a\x00b"])
def test_an_answer_that_is_none_is_refused_in_words_and_kept(reporter, asked, answer):
    response = reporter.post(address(asked, "answer"), {"answer": answer})
    assert response.status_code in {400, 422}
    asked.refresh_from_db()
    assert asked.status == Status.WAITING


def test_an_answer_that_comes_too_late_is_not_lost(reporter, asked, binh):
    take_step(asked.pk, step="work", actor=binh)
    response = reporter.post(address(asked, "answer"), {"answer": ANSWER})
    assert response.status_code == 409
    assert ANSWER in text_of(response)


def test_a_report_withdrawn_is_at_its_end_and_says_so(reporter, report):
    assert "Rút phản ánh" in text_of(reporter.get(report.get_absolute_url()))
    reporter.post(address(report, "withdraw"))
    report.refresh_from_db()
    assert (report.status, report.closed_at is None) == (Status.WITHDRAWN, False)
    assert "Rút phản ánh" not in text_of(reporter.get(report.get_absolute_url()))
    assert reporter.post(address(report, "withdraw")).status_code == 409


def test_scripts_in_question_and_answer_show_as_text(reporter, report, binh):
    take_step(report.pk, step="accept", actor=binh)
    take_step(report.pk, step="ask", actor=binh, words=Words(question="<script>alert(1)</script>"))
    page = text_of(reporter.get(report.get_absolute_url()))
    assert "<script>alert(1)</script>" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_a_duplicate_leads_to_the_other_report_and_a_hidden_one_is_not_named(client, report, pothole, spot_b, body_b, binh, diep):
    other = file_report(Filing(location=spot_b, category=pothole, description="Ổ gà to."))
    take_step(report.pk, step="accept", actor=binh)
    take_step(report.pk, step="duplicate", actor=binh, words=Words(original=other))
    assert other.readable_code in text_of(client.get(report.get_absolute_url()))
    Report.objects.filter(pk=other.pk).update(published_at=None)
    assert other.readable_code not in text_of(client.get(report.get_absolute_url()))
