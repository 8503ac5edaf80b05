"""Following by e-mail: nobody is told without having asked, nobody learns who follows, one click ends it."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from reports import following, notifications
from reports.mails import Purpose
from reports.models import Follow, Message, Report
from reports.services import Filing, file_report
from reports.tests.worker import forget_jobs, jobs
from reports.tokens import follow_token, tracking_token

pytestmark = pytest.mark.django_db

MAIL = "theo.doi@hopthu.example"


@pytest.fixture(autouse=True)
def no_jobs(db):
    forget_jobs()


@pytest.fixture
def report(body_a, pothole, spot_a, portal, an) -> Report:
    return file_report(
        Filing(location=spot_a, category=pothole, description="Ổ gà sâu trước nhà", name=an.name, phone=an.phone, email=an.email)
    )


@pytest.fixture
def mailbox_of(mailoutbox):
    def sent_to(address: str) -> list:
        """Sends what is waiting, and gives what somebody got."""
        for message in Message.objects.filter(state="waiting").order_by("pk"):
            notifications.deliver(message.pk)
        return [mail for mail in mailoutbox if mail.to == [address]]

    return sent_to


def ask(client: Client, report: Report, email: str = MAIL, **more):
    return client.post(reverse("reports:follow", args=[report.code]), {"email": email}, follow=True, **more)


def reporter_of(report: Report) -> Client:
    browser = Client()
    browser.get(report.get_absolute_url(), {"token": tracking_token(report.code, report.token_generation)})
    return browser


def link_in(mail, word: str) -> str:
    return re.search(rf"https?://\S+/{word}/", mail.body)[0]


def test_a_follower_begins_by_confirming_a_mail(client, report, mailbox_of):
    answer = ask(client, report)
    assert answer.status_code == 200
    (mail,) = mailbox_of(MAIL)
    link = link_in(mail, "confirm")
    assert Follow.objects.get(email=MAIL).confirmed_at is None
    assert Client(enforce_csrf_checks=True).get(link).status_code == 200
    assert Follow.objects.get(email=MAIL).confirmed_at is None  # scanners of mails follow links
    for _again in range(2):
        assert Client(enforce_csrf_checks=True).post(link).status_code == 200
    follow = Follow.objects.get(email=MAIL)
    assert follow.confirmed_at is not None
    assert not follow.is_reporter


@pytest.mark.parametrize("known", ["nobody", "asked", "confirmed", "ended", "declined", "reporter"])
def test_the_answer_is_the_same_whatever_is_known_of_an_address(client, report, an, known):
    email = an.email if known == "reporter" else MAIL
    if known not in ("nobody", "reporter"):
        now = timezone.now()
        Follow.objects.create(
            report=report,
            email=MAIL,
            confirmed_at=now if known in ("confirmed", "ended") else None,
            ended_at=now if known in ("ended", "declined") else None,
        )
    answer = ask(client, report, email.upper())
    assert answer.redirect_chain == [(report.get_absolute_url(), 302)]
    assert [str(message) for message in answer.context["messages"]] == [
        str(message) for message in ask(Client(), report, "neu@moi.example").context["messages"]
    ]


@pytest.mark.parametrize(("known", "asked"), [("nobody", 1), ("confirmed", 0), ("ended", 1), ("declined", 0)])
def test_only_who_does_not_follow_and_has_not_declined_is_asked(client, report, mailbox_of, known, asked):
    now = timezone.now()
    if known != "nobody":
        Follow.objects.create(
            report=report, email=MAIL, confirmed_at=None if known == "declined" else now, ended_at=None if known == "confirmed" else now
        )
    ask(client, report)
    assert len(mailbox_of(MAIL)) == asked


def test_one_address_is_asked_once_an_hour_for_a_report(client, report, mailbox_of):
    begun = timezone.now()
    for minutes in (0, 1, 59, 61, 62):
        following.ask_to_follow(report, email=MAIL, language="vi", at=begun + timedelta(minutes=minutes))
        mailbox_of(MAIL)
    assert len(mailbox_of(MAIL)) == 2
    first, second = mailbox_of(MAIL)
    assert first.extra_headers["Message-ID"] != second.extra_headers["Message-ID"]


def test_one_address_is_asked_a_few_times_a_day_over_all_reports(report, pothole, spot_a, settings, mailbox_of):
    settings.THROTTLES = {**settings.THROTTLES, "follow_address": "2/d"}
    for number in range(4):
        other = file_report(Filing(location=spot_a, category=pothole, description=f"Số {number}"))
        following.ask_to_follow(other, email=MAIL if number % 2 else MAIL.upper(), language="vi")
    assert len(mailbox_of(MAIL) + mailbox_of(MAIL.upper())) == 2


def test_one_client_may_not_ask_for_many(client, report, settings):
    settings.THROTTLES = {**settings.THROTTLES, "follow": "3/h"}
    statuses = [
        client.post(reverse("reports:follow", args=[report.code]), {"email": f"a{number}@b.example"}).status_code for number in range(5)
    ]
    assert statuses == [302, 302, 302, 429, 429]
    assert Follow.objects.filter(is_reporter=False).count() == 3


def test_what_is_no_address_is_said_so(client, report):
    answer = client.post(reverse("reports:follow", args=[report.code]), {"email": "an at hopthu"})
    assert answer.status_code == 422
    assert client.get(reverse("reports:follow", args=[report.code])).status_code == 200
    assert Follow.objects.filter(is_reporter=False).count() == 0


def test_a_report_that_is_not_public_is_followed_by_its_reporter_only(client, report, binh, client_of, mailbox_of):
    Report.objects.filter(pk=report.pk).update(published_at=None)
    assert ask(client, report).status_code == 404
    assert ask(client_of(binh), report).status_code == 404
    assert ask(reporter_of(report), report).status_code == 200
    (mail,) = mailbox_of(MAIL)
    assert Client().post(link_in(mail, "confirm")).status_code == 200
    assert Follow.objects.get(email=MAIL).is_reporter


def test_a_report_about_officials_cannot_be_followed_by_others(client, officials, inspectorate, body_a, spot_a):
    report = file_report(Filing(location=spot_a, category=officials, description="Nhũng nhiễu"))
    Report.objects.filter(pk=report.pk).update(published_at=timezone.now())
    assert ask(client, report).status_code == 404


def test_only_the_reporters_own_browser_makes_a_reporter(client, report, mailbox_of):
    """Otherwise the private link would go to whoever knows the code."""
    ask(client, report)
    (mail,) = mailbox_of(MAIL)
    Client().post(link_in(mail, "confirm"))
    assert not Follow.objects.get(email=MAIL).is_reporter
    ask(reporter_of(report), report)  # asked within the hour: nothing is sent
    assert len(mailbox_of(MAIL)) == 1
    following.ask_to_follow(report, email=MAIL, language="vi", as_reporter=True, at=timezone.now() + timedelta(hours=2))
    mail = mailbox_of(MAIL)[1]
    assert not Follow.objects.get(email=MAIL).is_reporter
    Client().post(link_in(mail, "confirm"))
    assert Follow.objects.get(email=MAIL).is_reporter


def test_a_confirmation_for_one_purpose_is_not_good_for_another(report):
    follow = Follow.objects.create(report=report, email=MAIL)
    for purpose in ("unsubscribe", "x"):
        address = reverse("reports:follow_confirm", args=[follow.pk, follow_token(purpose, follow.pk)])
        assert Client().post(address).status_code == 404
    other = reverse("reports:follow_confirm", args=[follow.pk + 1, follow_token("confirm", follow.pk)])
    assert Client().post(other).status_code == 404
    assert Client().post(reverse("reports:unsubscribe", args=[follow.pk, follow_token("confirm", follow.pk)])).status_code == 404
    follow.refresh_from_db()
    assert (follow.confirmed_at, follow.ended_at) == (None, None)


def test_a_link_to_confirm_a_report_that_was_hidden_meanwhile_is_not_found(report):
    follow = Follow.objects.create(report=report, email=MAIL)
    Report.objects.filter(pk=report.pk).update(published_at=None)
    assert Client().post(reverse("reports:follow_confirm", args=[follow.pk, follow_token(Purpose.CONFIRM, follow.pk)])).status_code == 404


def unsubscribe_address(follow: Follow) -> str:
    return reverse("reports:unsubscribe", args=[follow.pk, follow_token("unsubscribe", follow.pk)])


def test_one_click_ends_the_mails_without_cookies_or_redirects(report):
    follow = Follow.objects.create(report=report, email=MAIL, confirmed_at=timezone.now())
    answer = Client(enforce_csrf_checks=True).post(
        unsubscribe_address(follow), "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded"
    )
    assert answer.status_code == 200
    follow.refresh_from_db()
    assert follow.ended_at is not None
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_looking_at_the_page_that_ends_the_mails_ends_nothing(report):
    follow = Follow.objects.create(report=report, email=MAIL, confirmed_at=timezone.now())
    answer = Client().get(unsubscribe_address(follow))
    assert b"<button" in answer.content
    assert MAIL.encode() not in answer.content
    follow.refresh_from_db()
    assert follow.ended_at is None


def test_ending_twice_or_after_the_address_was_erased_is_no_error(report):
    follow = Follow.objects.create(report=report, email=MAIL, confirmed_at=timezone.now())
    address = unsubscribe_address(follow)
    assert [Client().post(address).status_code for _time in range(2)] == [200, 200]
    follow.delete()
    assert [Client().post(address).status_code, Client().get(address).status_code] == [200, 200]


def test_who_ended_the_mails_may_begin_again_by_confirming(client, report, mailbox_of):
    now = timezone.now()
    follow = Follow.objects.create(report=report, email=MAIL, confirmed_at=now, ended_at=now)
    ask(client, report)
    follow.refresh_from_db()
    assert follow.ended_at is not None
    Client().post(link_in(mailbox_of(MAIL)[0], "confirm"))
    follow.refresh_from_db()
    assert follow.ended_at is None


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_question_is_asked_in_the_language_of_the_page(report, mailbox_of, language):
    browser = Client()
    browser.get("/", {"lang": language})
    ask(browser, report)
    (mail,) = mailbox_of(MAIL)
    with translation.override(language):
        assert report.category.label in mail.body
    assert f'lang="{language}"' in mail.alternatives[0][0]


def test_the_question_says_nothing_that_the_reporter_wrote(client, report, an, mailbox_of):
    ask(client, report)
    (mail,) = mailbox_of(MAIL)
    whole = mail.message().as_string() + mail.body + mail.alternatives[0][0]
    for secret in (an.name, an.phone, an.email, "trước nhà", tracking_token(report.code, 1)):
        assert secret not in whole


def test_no_address_stands_in_the_job_table(client, report):
    ask(client, report)
    assert "hopthu" not in str(jobs())


def test_addresses_that_nobody_wants_any_more_are_erased(report):
    now = timezone.now()

    def one(number: int, **more) -> None:
        Follow.objects.create(report=report, email=f"{number}@b.example", **{"since": now - timedelta(days=100), **more})

    one(1, confirmed_at=now)
    one(2, confirmed_at=now, ended_at=now - timedelta(days=29))
    one(3, ended_at=now)  # declined
    one(4, since=now - timedelta(days=6))
    one(5, since=now - timedelta(days=8))
    one(6, confirmed_at=now, ended_at=now - timedelta(days=31))
    following.forget_ended(now=now)
    left = set(Follow.objects.filter(is_reporter=False).values_list("email", flat=True))
    assert left == {f"{number}@b.example" for number in (1, 2, 3, 4)}
