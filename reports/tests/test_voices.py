"""Followers say whether it is fixed: by a link that counts only when pressed, one voice each, and enough of them reopen."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from reports import notifications
from reports.models import Follow, Message, ReportEvent
from reports.services import NotRatable
from reports.services.voices import speak
from reports.survey_models import Voice
from reports.tests.desk_cases import file
from reports.tests.rating_cases import answer
from reports.tests.worker import forget_jobs

pytestmark = pytest.mark.django_db


@pytest.fixture
def followers(pothole, spot_a, body_a, portal, binh, diep):
    """Five who followed when the answer came, the report answered."""
    forget_jobs()
    report = file(pothole, spot_a)
    follows = [
        Follow.objects.create(report=report, email=f"{number}@hopthu.example", confirmed_at=timezone.now(), since=timezone.now())
        for number in range(5)
    ]
    answer(report, binh, diep, reply="Đã vá.")
    yield follows
    forget_jobs()


@pytest.fixture
def reply(followers):
    return followers[0].report.replies.get()


def status(report):
    report.refresh_from_db()
    return report.status


def links(follow, mailoutbox):
    event = ReportEvent.objects.get(report=follow.report, kind="publish_reply")
    notifications.tell_followers(event.pk)
    for message in Message.objects.filter(follow=follow, state="waiting"):
        notifications.deliver(message.pk)
    (mail,) = [mail for mail in mailoutbox if mail.to == [follow.email]]
    return {word: re.search(rf"https?://[^/]+(/follow/\S+/{word}/)", mail.body)[1] for word in ("fixed", "not-fixed")}


def test_the_link_in_the_mail_counts_nothing_before_its_button_is_pressed_and_the_other_changes_it(followers, mailoutbox):
    follow = followers[0]
    addresses = links(follow, mailoutbox)
    assert Client().get(addresses["not-fixed"]).status_code == 200
    assert not Voice.objects.exists()
    for _again in range(2):
        assert Client(enforce_csrf_checks=True).post(addresses["not-fixed"]).status_code == 200
    assert [voice.is_fixed for voice in Voice.objects.all()] == [False]
    page = Client().get(follow.report.get_absolute_url()).content.decode()
    assert "0 người nói đã xong, 1 người nói chưa" in page
    assert follow.email not in page
    Client().post(addresses["fixed"])
    assert [voice.is_fixed for voice in Voice.objects.all()] == [True]
    assert Client().get(addresses["fixed"].replace("/answers/", "x/answers/")).status_code == 404


def test_three_who_say_not_fixed_reopen_once_and_all_are_told(followers, reply, settings):
    settings.NOT_FIXED_VOICES = 3
    report = followers[0].report
    speak(followers[4].pk, reply.pk, is_fixed=True)
    for follow in followers[:2]:
        assert speak(follow.pk, reply.pk, is_fixed=False)[1] is False
        assert status(report) == "resolved"
    assert speak(followers[2].pk, reply.pk, is_fixed=False)[1] is True
    event = report.events.last()
    assert (event.kind, event.data["by"], event.data["voices"], event.public) == ("not_fixed", "followers", 3, True)
    assert (status(report), report.closed_at, report.version) == ("accepted", None, report.events.count())
    assert "Nhiều người theo dõi" in Client().get(report.get_absolute_url()).content.decode()
    with pytest.raises(NotRatable):  # the answer is void
        speak(followers[3].pk, reply.pk, is_fixed=False)


def test_as_many_who_say_fixed_keep_it_closed(followers, reply, settings):
    settings.NOT_FIXED_VOICES = 2
    for follow, is_fixed in zip(followers, [True, True, False, False], strict=False):
        speak(follow.pk, reply.pk, is_fixed=is_fixed)
    assert status(followers[0].report) == "resolved"
    speak(followers[0].pk, reply.pk, is_fixed=False)  # who changes the voice tips it
    assert status(followers[0].report) == "accepted"


def test_who_came_after_the_answer_left_or_reported_has_no_voice(followers, reply):
    late, gone, reporter, *_rest = followers
    Follow.objects.filter(pk=late.pk).update(confirmed_at=timezone.now() + timedelta(minutes=1))
    Follow.objects.filter(pk=gone.pk).update(ended_at=timezone.now())
    Follow.objects.filter(pk=reporter.pk).update(is_reporter=True)
    for follow in (late, gone, reporter):
        with pytest.raises(NotRatable):
            speak(follow.pk, reply.pk, is_fixed=False)
    assert not Voice.objects.exists()


def test_an_old_answer_is_asked_no_more(followers, reply, settings):
    at = timezone.now() + timedelta(days=settings.NOT_FIXED_DAYS + 1)
    with pytest.raises(NotRatable):
        speak(followers[0].pk, reply.pk, is_fixed=False, at=at)


def test_a_voice_for_an_answer_does_not_count_for_the_next(followers, reply, settings, binh, diep):
    settings.NOT_FIXED_VOICES = 1
    report = followers[0].report
    speak(followers[0].pk, reply.pk, is_fixed=False)
    report.refresh_from_db()
    answer(report, binh, diep)
    again = report.replies.latest("pk")
    settings.NOT_FIXED_VOICES = 2
    speak(followers[1].pk, again.pk, is_fixed=False)
    assert status(report) == "resolved"
