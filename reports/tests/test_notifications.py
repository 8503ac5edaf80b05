"""Telling followers: a mail if and only if the change was committed, once each, tried again while that helps, and nothing in it for the wrong eyes."""

import logging
import re
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, connections, transaction
from django.test import Client
from django.utils import timezone

from authorities.models import ReturnReason
from reports import notifications, tasks
from reports.models import Follow, Message, Reply, Report, ReportEvent
from reports.services import Filing, Words, file_report, take_step
from reports.tests.worker import forget_jobs, jobs, mail_server, make_due, parts, work
from reports.tokens import tracking_token
from reports.workflow import STEPS, Status

DESCRIPTION = "Ổ gà sâu trước nhà ông Sáu"
NEIGHBOUR = "hang.xom@hopthu.example"
REPLY = "Đã vá <mặt đường> & kiểm tra lại ngày 3/8."


@pytest.fixture(autouse=True)
def no_jobs(db):
    forget_jobs()


@pytest.fixture
def filing(body_a, pothole, spot_a, portal, an) -> Filing:
    return Filing(location=spot_a, category=pothole, description=DESCRIPTION, name=an.name, phone=an.phone, email=an.email)


@pytest.fixture
def report(filing) -> Report:
    return file_report(filing)


@pytest.fixture
def neighbour(report) -> Follow:
    return Follow.objects.create(report=report, email=NEIGHBOUR, confirmed_at=timezone.now())


@pytest.fixture
def step(report) -> ReportEvent:
    """A public step, of which all followers are told."""
    return ReportEvent.objects.create(
        report=report, kind="work", status_before="accepted", status_after="in_progress", body=report.authority, public=True
    )


@pytest.fixture
def sink(settings):
    with mail_server() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", server.port, 5
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        yield server


@pytest.fixture
def tell(mailoutbox):
    """Does what the jobs of the events so far would do, and gives the mails since the last call."""

    def told() -> list:
        before = len(mailoutbox)
        for event in ReportEvent.objects.order_by("pk"):
            notifications.tell_followers(event.pk)
        for message in Message.objects.filter(state="waiting").order_by("pk"):
            notifications.deliver(message.pk)
        return mailoutbox[before:]

    return told


def whole(mail) -> str:
    return "\n".join([mail.subject, mail.body, mail.alternatives[0][0], *mail.extra_headers.values()])


def states() -> list[str]:
    return list(Message.objects.order_by("pk").values_list("state", flat=True))


def hide(report: Report) -> None:
    Report.objects.filter(pk=report.pk).update(published_at=None)


# --- if and only if -----------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_step_that_is_rolled_back_leaves_no_job_and_one_that_is_committed_does(filing, binh):
    with pytest.raises(IntegrityError), transaction.atomic():  # noqa: PT012
        file_report(filing)
        assert len(jobs("tell_followers")) == 1
        raise IntegrityError
    assert (Report.objects.count(), jobs("tell_followers")) == (0, [])
    report = file_report(filing)
    assert len(jobs("tell_followers")) == 1
    with pytest.raises(IntegrityError), transaction.atomic():  # noqa: PT012
        take_step(report.pk, step="accept", actor=binh)
        raise IntegrityError
    assert len(jobs("tell_followers")) == 1
    take_step(report.pk, step="accept", actor=binh)
    assert len(jobs("tell_followers")) == 2


@pytest.mark.django_db
def test_mails_that_cannot_all_be_written_are_not_deferred_either(step, neighbour, monkeypatch):
    monkeypatch.setattr(tasks.send_message, "batch_defer", lambda *jobs: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        notifications.tell_followers(step.pk)
    assert Message.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_from_filing_to_the_reply_by_the_real_worker_and_a_real_mail_server(filing, binh, diep, an, sink):
    report = file_report(filing)
    Follow.objects.create(report=report, email=NEIGHBOUR, language="en", confirmed_at=timezone.now())
    work()
    (filed,) = sink.to(an.email)
    for step, actor, reply in (("accept", binh, ""), ("draft_reply", binh, REPLY), ("publish_reply", diep, REPLY)):
        take_step(report.pk, step=step, actor=actor, words=Words(reply=reply))
    work()
    assert states() == ["sent"] * 5
    assert {job["status"] for job in jobs("send_message") + jobs("tell_followers")} == {"succeeded"}
    mails = sorted(sink.to(an.email), key=lambda mail: REPLY in parts(mail)[0])  # two mails at once may overtake each other; the reply last
    assert len(mails) == 3
    assert len(sink.to(NEIGHBOUR)) == 2
    text, html = parts(filed)
    token = tracking_token(report.code, 1)
    assert report.readable_code in filed["Subject"]
    assert all(f"/reports/{report.code}/?token={token}" in part for part in (text, html))
    assert REPLY in parts(mails[2])[0]
    assert "Đã vá &lt;mặt đường&gt; &amp; kiểm tra" in parts(mails[2])[1]
    assert len({mail["Message-ID"] for mail in mails}) == 3
    assert len({mail["References"] for mail in mails}) == 1
    link = re.search(r"<(\S+)>", mails[2]["List-Unsubscribe"])[1]
    assert mails[2]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert Client(enforce_csrf_checks=True).post(link, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert Follow.objects.get(email=an.email).ended_at is not None


# --- once each ----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_job_that_runs_twice_tells_each_follower_once(report, step, neighbour, mailoutbox):
    for _time in range(3):
        notifications.tell_followers(step.pk)
    assert (Message.objects.count(), len(jobs("send_message"))) == (2, 2)
    for _time in range(3):
        for message in Message.objects.all():
            notifications.deliver(message.pk)
    assert sorted(mail.to[0] for mail in mailoutbox) == sorted([NEIGHBOUR, report.follows.get(is_reporter=True).email])


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_one_event_tell_each_follower_once(report, step):
    Follow.objects.bulk_create(Follow(report=report, email=f"{number}@b.example", confirmed_at=timezone.now()) for number in range(20))
    start = threading.Barrier(6)

    def tell(_worker: int) -> None:
        start.wait()
        try:
            notifications.tell_followers(step.pk)
        finally:
            connections["default"].close()

    with ThreadPoolExecutor(6) as workers:
        list(workers.map(tell, range(6)))
    assert (Message.objects.count(), len(jobs("send_message"))) == (21, 21)


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_one_mail_send_it_once(report, sink, monkeypatch):
    notifications.tell_followers(ReportEvent.objects.get().pk)
    message = Message.objects.get()
    start = threading.Barrier(6)

    def deliver(_worker: int) -> None:
        start.wait()
        try:
            notifications.deliver(message.pk)
        finally:
            connections["default"].close()

    with ThreadPoolExecutor(6) as workers:
        list(workers.map(deliver, range(6)))
    assert len(sink.taken) == 1


# --- tried again --------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_server_that_is_busy_is_tried_again_and_others_do_not_wait(report, step, neighbour, an, sink):
    forget_jobs()
    tasks.tell_followers.defer(event_id=step.pk)
    sink.refusals[an.email] = ["451 4.7.1 Greylisted", "450 4.2.1 Busy"]
    work()
    assert sorted(states()) == ["sent", "waiting"]
    (job,) = [job for job in jobs("send_message") if job["status"] == "todo"]
    assert job["scheduled_at"] > timezone.now()
    for _time in range(2):
        make_due()
        work()
    assert states() == ["sent", "sent"]
    assert len(sink.to(an.email)) == len(sink.to(NEIGHBOUR)) == 1
    assert Message.objects.get(follow__email=an.email).attempts == 3


@pytest.mark.django_db(transaction=True)
def test_an_address_that_does_not_exist_fails_at_once_and_can_be_sent_again(report, step, neighbour, an, sink, caplog):
    forget_jobs()
    tasks.tell_followers.defer(event_id=step.pk)
    caplog.set_level(logging.DEBUG, logger="procrastinate")
    sink.refusals[an.email] = [f"550 5.1.1 <{an.email}>: no such mailbox"]
    work()
    failed = Message.objects.get(follow__email=an.email)
    assert (failed.state, failed.attempts) == ("failed", 1)
    assert failed.error.startswith("550 5.1.1")
    assert len(sink.to(NEIGHBOUR)) == 1
    assert {job["status"] for job in jobs("send_message")} == {"succeeded"}
    assert an.email not in failed.error + caplog.text
    assert "failed for good" in caplog.text
    assert notifications.send_again(failed)
    assert not notifications.send_again(Message.objects.get(follow__email=an.email))
    work()
    assert len(sink.to(an.email)) == 1
    assert states() == ["sent", "sent"]


@pytest.mark.django_db(transaction=True)
def test_a_mail_that_is_refused_for_what_it_says_fails_at_once(report, sink):
    sink.data_answers = ["554 5.7.1 Spam"]
    work()
    message = Message.objects.get()
    assert (message.state, message.error) == ("failed", "554 5.7.1 Spam")


@pytest.mark.django_db(transaction=True)
def test_without_a_mail_server_a_mail_waits_and_fails_after_the_last_try(report, settings, an, caplog):
    caplog.set_level(logging.DEBUG, logger="procrastinate")
    with mail_server() as server:
        port = server.port
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", port, 5
    work()
    assert states() == ["waiting"]
    waits = []
    for _time in range(tasks.MAIL_ATTEMPTS + 3):
        waits += [round((job["scheduled_at"] - timezone.now()).total_seconds()) for job in jobs("send_message") if job["status"] == "todo"]
        make_due()
        work()
    message = Message.objects.get()
    assert (message.state, message.attempts) == ("failed", tasks.MAIL_ATTEMPTS)
    assert message.error.startswith("ConnectionRefusedError")
    assert len(waits) == tasks.MAIL_ATTEMPTS - 1
    assert waits == sorted(waits)
    assert sum(waits) > 5 * 3600
    assert an.email not in caplog.text


@pytest.mark.django_db
@pytest.mark.parametrize("attempts", [0, tasks.MAIL_ATTEMPTS - 1])
def test_a_mail_that_cannot_be_written_is_counted_too(report, monkeypatch, attempts):
    notifications.tell_followers(ReportEvent.objects.get().pk)
    Message.objects.update(attempts=attempts)
    message = Message.objects.get()
    monkeypatch.setattr(notifications, "compose", lambda message: ReportEvent.objects.get(pk=1 / 0))
    if attempts:
        notifications.deliver(message.pk)
        assert states() == ["failed"]
    else:
        with pytest.raises(notifications.NotSentYet):
            notifications.deliver(message.pk)
        assert states() == ["waiting"]


@pytest.mark.django_db(transaction=True)
def test_a_job_whose_worker_died_is_given_back(report, sink):
    """As after a power cut: the job is marked as being done, by a worker that gives no sign of life."""
    from django.db import connection

    notifications.tell_followers(ReportEvent.objects.get().pk)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs WHERE task_name LIKE '%tell_followers'")
        cursor.execute("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour') RETURNING id")
        (worker,) = cursor.fetchone()
        cursor.execute("UPDATE procrastinate_jobs SET status = 'doing', worker_id = %s", [worker])
    tasks.retry_stalled_jobs.defer(timestamp=0)
    work()
    make_due()
    work()
    assert states() == ["sent"]
    assert len(sink.taken) == 1


@pytest.mark.django_db(transaction=True)
def test_upkeep_runs_by_the_worker(report):
    for task in (tasks.tidy_up, tasks.forget_old_counts, tasks.forget_done_jobs):
        task.defer(timestamp=0)
    work()
    for name in ("tidy_up", "forget_old_counts", "forget_done_jobs"):
        assert jobs(name)[0]["status"] == "succeeded"


# --- who is told, and what ----------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_mail_to_a_follower_holds_nothing_of_the_reporter(report, neighbour, binh, diep, an, tell):
    for step, actor, reply in (("accept", binh, ""), ("draft_reply", binh, REPLY), ("publish_reply", diep, REPLY)):
        take_step(report.pk, step=step, actor=actor, words=Words(reply=reply, note="Gọi ông Sáu 0900111222" if step == "accept" else ""))
    mails = [mail for mail in tell() if mail.to == [NEIGHBOUR]]
    assert len(mails) == 2
    for mail in mails:
        for secret in (
            an.name,
            an.phone,
            an.email,
            DESCRIPTION,
            "ông Sáu",
            "0900111222",
            tracking_token(report.code, 1),
            "token=",
            binh.full_name,
        ):
            assert secret not in whole(mail)
        assert f"/reports/{report.code}/" in mail.body
        assert "Phường An Lạc" in mail.body
        assert "UBND phường An Lạc" in mail.body


@pytest.mark.django_db
def test_of_the_filing_only_the_reporter_is_told(report, neighbour, an, tell):
    """However late the job comes: the mail holds the private link."""
    assert [mail.to for mail in tell()] == [[an.email]]


@pytest.mark.django_db
def test_of_a_report_that_is_not_public_only_its_reporter_is_told(report, neighbour, binh, an, tell):
    hide(report)
    take_step(report.pk, step="accept", actor=binh)
    assert {mail.to[0] for mail in tell()} == {an.email}
    assert not Message.objects.filter(follow=neighbour).exists()


@pytest.mark.django_db
def test_a_report_that_was_hidden_before_the_mail_went_out_is_not_told_to_others(report, step, neighbour, mailoutbox, an):
    notifications.tell_followers(step.pk)
    hide(report)
    for message in Message.objects.all():
        notifications.deliver(message.pk)
    assert [mail.to for mail in mailoutbox] == [[an.email]]
    assert Message.objects.get(follow=neighbour).state == "dropped"


@pytest.mark.django_db
def test_who_has_not_confirmed_or_has_ended_it_is_not_told(report, binh, tell, an):
    now = timezone.now()
    Follow.objects.create(report=report, email="1@b.example")
    Follow.objects.create(report=report, email="2@b.example", confirmed_at=now, ended_at=now)
    take_step(report.pk, step="accept", actor=binh)
    assert {mail.to[0] for mail in tell()} == {an.email}
    assert set(Message.objects.values_list("follow__is_reporter", flat=True)) == {True}


@pytest.mark.django_db
def test_who_unsubscribes_before_the_mail_goes_out_does_not_get_it(step, neighbour, mailoutbox):
    notifications.tell_followers(step.pk)
    Follow.objects.update(ended_at=timezone.now())
    for message in Message.objects.all():
        notifications.deliver(message.pk)
    assert mailoutbox == []
    assert states() == ["dropped", "dropped"]


@pytest.mark.django_db
def test_steps_that_are_not_public_are_told_to_nobody(report, neighbour, binh, mailoutbox):
    take_step(report.pk, step="note", actor=binh, words=Words(note="Nội bộ"))
    event = ReportEvent.objects.get(kind="note")
    notifications.tell_followers(event.pk)
    notifications.tell_followers(event.pk + 1000)
    assert Message.objects.count() == 0


@pytest.mark.django_db
def test_a_draft_is_not_in_the_mail_before_it_is_published(report, neighbour, binh, diep, tell):
    take_step(report.pk, step="accept", actor=binh)
    take_step(report.pk, step="draft_reply", actor=binh, words=Words(reply="BẢN NHÁP"))
    assert not any("BẢN NHÁP" in whole(mail) for mail in tell())
    take_step(report.pk, step="publish_reply", actor=diep, words=Words(reply=REPLY))
    mails = tell()
    assert len(mails) == 2
    assert all(REPLY in mail.body for mail in mails)


@pytest.mark.django_db
def test_even_a_public_step_does_not_carry_a_reply_that_is_not_published(report, step, body_a, tell):
    draft = Reply.objects.create(report=report, body=body_a, text="BẢN NHÁP")
    other = ReportEvent.objects.create(
        report=report, kind="work", status_after="in_progress", body=body_a, public=True, data={"reply": draft.pk}
    )
    assert not any("BẢN NHÁP" in whole(mail) for mail in tell())
    assert Message.objects.filter(event_id=other.pk).exists()


@pytest.mark.django_db
def test_a_body_that_publishes_itself_tells_its_reply_once(report, binh, body_a, tell, an):
    body_a.approval = "nobody"
    body_a.save()
    take_step(report.pk, step="accept", actor=binh)
    tell()
    take_step(report.pk, step="draft_reply", actor=binh, words=Words(reply=REPLY))
    (mail,) = tell()
    assert REPLY in mail.body


@pytest.mark.django_db
@pytest.mark.parametrize(("language", "channel"), [("vi", "Gọi 1022"), ("en", "Call 1022")])
def test_a_returned_report_says_why_and_where_to_go(report, binh, tell, language, channel):
    Follow.objects.update(language=language)
    reason = ReturnReason.objects.create(
        code="procedure", name="Thủ tục", name_en="A procedure", channel="Gọi 1022", channel_en="Call 1022"
    )
    take_step(report.pk, step="return", actor=binh, words=Words(reply=REPLY, reason=reason))
    mail = tell()[-1]
    for part in (mail.body, mail.alternatives[0][0]):
        assert reason.name in part if language == "vi" else reason.name_en in part
        assert channel in part


@pytest.mark.django_db
def test_the_mail_after_filing_holds_code_link_and_due_date(report, tell):
    (mail,) = tell()
    due = timezone.localtime(report.due_at)
    for part in (mail.body, mail.alternatives[0][0]):
        assert report.readable_code in part
        assert f"token={tracking_token(report.code, 1)}" in part
        assert f"{due.day}/{due.month}/{due.year}" in part
    assert mail.extra_headers["Auto-Submitted"] == "auto-generated"


@pytest.mark.django_db
@pytest.mark.parametrize("kind", [*(name for name, step in STEPS.items() if step.told), "boundary_change"])
@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_kind_of_step_makes_a_mail(report, neighbour, body_a, mailoutbox, kind, language):
    Follow.objects.update(language=language)
    Message.objects.all().delete()
    step = STEPS.get(kind)
    event = ReportEvent.objects.create(
        report=report,
        kind=kind,
        status_before="new",
        status_after=step.to if step and step.to else Status.NEW,
        body=body_a,
        public=True,
        data={},
    )
    notifications.tell_followers(event.pk)
    for message in Message.objects.all():
        notifications.deliver(message.pk)
    assert len(mailoutbox) == 2
    for mail in mailoutbox:
        assert "%(" not in whole(mail)
        assert "None" not in whole(mail)


@pytest.mark.django_db
def test_no_line_break_of_data_enters_a_header(report, pothole, binh, tell):
    pothole.name = "Ổ gà\r\nBcc: all@b.example"
    pothole.save()
    take_step(report.pk, step="accept", actor=binh)
    assert all("\n" not in mail.subject and mail.message()["Bcc"] is None for mail in tell())


@pytest.mark.django_db
def test_no_personal_data_stand_in_the_job_table(report, neighbour, an, binh):
    take_step(report.pk, step="accept", actor=binh)
    notifications.tell_followers(ReportEvent.objects.first().pk)
    assert {frozenset(job["args"]) for job in jobs()} <= {frozenset({"event_id"}), frozenset({"message_id"})}


@pytest.mark.django_db
def test_telling_many_followers_takes_as_many_queries_as_telling_one(report, django_assert_num_queries, binh):
    take_step(report.pk, step="accept", actor=binh)
    take_step(report.pk, step="survey", actor=binh)
    _filed, first, second = ReportEvent.objects.order_by("pk")
    with django_assert_num_queries(7):
        notifications.tell_followers(first.pk)
    Follow.objects.bulk_create(Follow(report=report, email=f"{number}@b.example", confirmed_at=timezone.now()) for number in range(200))
    with django_assert_num_queries(7):
        notifications.tell_followers(second.pk)
    assert Message.objects.filter(event_id=second.pk).count() == 201


# --- errors in words ----------------------------------------------------------------------------------------------------


def test_an_error_is_one_short_line_without_addresses():
    import smtplib

    refused = smtplib.SMTPRecipientsRefused({"an@b.example": (550, b"5.1.1 <an@b.example>\nno\xff such user " + b"x" * 500)})
    text = notifications.short(refused)
    assert text.startswith("550 5.1.1 … no")
    assert len(text) == 300
    assert "@" not in text
    assert notifications.is_permanent(refused)
    assert not notifications.is_permanent(smtplib.SMTPRecipientsRefused({"a@b.example": (450, b"later")}))
    assert not notifications.is_permanent(smtplib.SMTPAuthenticationError(535, b"our password is wrong"))
    assert not notifications.is_permanent(smtplib.SMTPServerDisconnected("gone"))
    assert not notifications.is_permanent(TimeoutError())
