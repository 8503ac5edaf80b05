"""When time runs out: what is said, to whom, and that it is said once, whatever happens to clocks and workers."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.conf import settings as django_settings
from django.core import mail
from django.db import connection, connections
from django.urls import reverse
from django.utils import timezone

from authorities.deadline_models import DayChange
from authorities.models import Body, ReturnReason, Role, Territory
from reports import notifications, officer_news, tasks
from reports.deadline_models import Notice
from reports.deadlines import watch as watching
from reports.deadlines.watch import watch
from reports.desk_models import DeskSettings, OfficerNews
from reports.models import Message, Question, Report, ReportEvent
from reports.services import Filing, Words, end_for_silence, file_report, take_reporters_step, take_step
from reports.territory import activate_and_reroute
from reports.tests.test_deadlines import at, rule, step
from reports.tests.worker import forget_jobs, jobs, make_due, work
from reports.tokens import tracking_token
from tests.cast import ALWAYS, make_person

pytestmark = pytest.mark.django_db
CLOCK = ("due_soon", "overdue", "escalated", "reminder", "silence")


@pytest.fixture
def file(pothole, body_a, body_b, portal, spot_a):
    def filed(when="12 09:00", **more):
        moment = when if isinstance(when, datetime) else at(when)
        return file_report(Filing(location=spot_a, category=pothole, description="Ổ gà sâu.", **more), at=moment)

    return filed


@pytest.fixture
def asked(file, binh, an):
    """Asked on Thursday the 12th at 15:00, with five working days to answer: until the 19th, 17:00."""
    rule("answer", 5, "days")
    report = step(file(email=an.email), "accept", "12 10:00", binh)
    report.follows.update(confirmed_at=at("12 09:10"))
    return step(report, "ask", "12 15:00", binh, question="Bên nào?")


def said(report=None):
    """What the clock said, and when."""
    events = ReportEvent.objects.filter(kind__in=CLOCK) if report is None else report.events.filter(kind__in=CLOCK)
    return [(event.kind, event.data.get("stage", ""), f"{timezone.localtime(event.at):%d %H:%M}") for event in events]


def watch_at(*moments):
    for moment in moments:
        watch(at=at(moment))


def tell():
    """Does what the jobs would."""
    for job in jobs("tell_officers"):
        officer_news.tell_officers(job["args"]["event_id"])
    for message in Message.objects.filter(state="waiting"):
        notifications.deliver(message.pk)


# --- what is said, and when --------------------------------------------------------------------------------------------


def test_warned_overdue_and_passed_up_once_each(file):
    report = file()  # due on Monday the 23rd at 17:00; the 24th is a holiday
    watch_at(
        "20 16:00", "20 17:00", "20 17:05", "22 09:00", "23 16:55", "23 17:00", "23 17:05", "24 09:00", "25 09:00", "25 17:00", "26 08:00"
    )
    assert said(report) == [("due_soon", "whole", "20 17:00"), ("overdue", "whole", "23 17:05"), ("escalated", "whole", "25 17:00")]
    report.refresh_from_db()
    assert report.version == report.events.count() == 4
    assert [event.public for event in report.events.filter(kind__in=CLOCK)] == [False, True, False]
    assert len(jobs("tell_officers")) == 4  # of the filing too


def test_over_tet_nobody_is_warned_or_passed_up(file):
    rule("whole", 2, "days")
    report = file("2026-02-13 15:00")
    assert report.due_at == at("2026-02-24 17:00")
    days = [f"2026-02-{day} {hour}" for day in (13, 16, 17, 18, 19, 20, 22, 23, 24, 25) for hour in ("08:00", "16:59", "17:30")]
    watch_at(*days)
    assert said(report) == [("due_soon", "whole", "23 17:30"), ("overdue", "whole", "24 17:30"), ("escalated", "whole", "25 17:30")]


def test_the_next_step_has_its_own_warning_and_silence_where_the_whole_speaks(file, binh):
    rule("accept", 15)
    rule("survey", 1)
    report = file("12 07:30")
    watch_at("12 16:00", "13 08:00", "13 17:01", "16 09:00", "16 17:00", "17 08:00")
    assert said(report) == [("due_soon", "accept", "13 08:00"), ("overdue", "accept", "13 17:01"), ("escalated", "accept", "16 17:00")]
    assert Report.objects.escalated().get() == report
    step(report, "accept", "17 08:30", binh)
    assert not Report.objects.escalated().exists()  # that step is taken
    watch_at("17 10:00")
    assert said(report)[3:] == [("overdue", "survey", "17 10:00")]
    watch_at("30 09:00")
    assert [what[:2] for what in said(report)[4:]] == [("overdue", "whole"), ("escalated", "whole")]  # of the survey no more


def test_after_days_without_a_worker_only_what_is_so_now_is_said(file):
    report = file()
    watch_at("30 09:00")
    assert [what[0] for what in said(report)] == ["overdue", "escalated"]


def test_a_clock_that_jumps_forward_and_back_says_nothing_twice(file, time_machine):
    report = file()
    for moment in ("20 17:30", "25 09:00", "20 17:40", "19 09:00", "23 17:30", "26 09:00", "20 17:45", "26 10:00"):
        time_machine.move_to(at(moment), tick=False)
        watch()
    assert Counter(what[0] for what in said(report)) == {"due_soon": 1, "overdue": 1, "escalated": 1}


def test_a_pause_moves_what_was_warned_of_and_a_new_deadline_is_told_anew(file, binh, law, diep):
    report = step(file(), "accept", "12 10:00", binh)
    watch_at("23 09:00")
    step(report, "ask", "23 10:00", binh, question="Bên nào?")
    take_reporters_step(report.pk, step="answer", words=Words(answer="Trái."), at=at("26 10:00"))
    watch_at("26 11:00")
    assert [what[0] for what in said(report)] == ["due_soon"]  # warned already, and no less time is left
    step(report, "recategorise", "26 14:00", binh, category=law)
    watch_at("27 09:00")
    assert [what[0] for what in said(report)] == ["due_soon", "overdue"]


def test_what_has_ended_is_not_spoken_of(file, binh, diep):
    report = step(file(), "accept", "12 10:00", binh)
    step(report, "draft_reply", "13 10:00", binh, reply="Đã vá xong.")
    step(report, "publish_reply", "13 11:00", diep, reply="Đã vá xong.")
    watch_at("30 09:00")
    assert said() == []


# --- once, whatever happens ---------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_four_workers_at_once_say_each_thing_once(file, monkeypatch):
    monkeypatch.setattr(watching, "AT_ONCE", 4)
    for _number in range(18):
        file()

    def one(_worker):
        try:
            watch(at=at("26 09:00"))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as workers:
        list(workers.map(one, range(4)))
    assert Counter(what[0] for what in said()) == {"overdue": 18, "escalated": 18}
    assert Notice.objects.count() == 36
    assert Counter(job["args"]["event_id"] for job in jobs("tell_officers")).most_common(1)[0][1] == 1
    forget_jobs()


SLOWLY = """
import django
django.setup()
from django.core.management import call_command
call_command("procrastinate", "worker", "-q", "deadlines", "-c", "1", "-p", "0.1")
"""


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_in_the_middle_has_said_nothing_and_the_next_says_all_once(file, binh):
    long_ago = timezone.now() - timedelta(days=90)
    reports = [file(long_ago) for _number in range(3)]
    forget_jobs()
    tasks.watch_deadlines.defer(timestamp=0)
    address = urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}"))
    dsn = address.replace("postgis://", "postgresql://")
    holder = psycopg.connect(dsn)
    holder.execute("LOCK TABLE reports_reportevent IN SHARE MODE")  # it comes as far as the event, with the notices written
    env = {**os.environ, "DATABASE_URL": address, "DJANGO_SETTINGS_MODULE": "geoportal.settings"}
    worker = subprocess.Popen([sys.executable, "-c", SLOWLY], cwd=Path(django_settings.BASE_DIR), env=env, stderr=subprocess.PIPE)
    try:
        with psycopg.connect(dsn, autocommit=True) as watcher:
            wait_until_it_waits(watcher, worker)
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.communicate()
        holder.close()
    assert said() == []
    assert Notice.objects.count() == 0
    with connection.cursor() as cursor:  # its sign of life is old; what else it found to be done is not of this test
        cursor.execute("DELETE FROM procrastinate_jobs WHERE task_name NOT LIKE '%watch_deadlines'")
        cursor.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 hour'")
    tasks.retry_stalled_jobs.defer(timestamp=0)
    work()
    make_due()
    work()
    watch()
    assert Counter(ReportEvent.objects.filter(kind__in=CLOCK).values_list("report", "kind")) == {
        (report.pk, kind): 1 for report in reports for kind in ("overdue", "escalated")
    }
    forget_jobs()


def wait_until_it_waits(watcher, worker):
    for _ in range(300):
        found = watcher.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%reports_reportevent%'"
        ).fetchone()
        if found[0]:
            return
        assert worker.poll() is None, worker.stderr.read()
        time.sleep(0.1)
    raise AssertionError("the worker never came to the event")


# --- who is told --------------------------------------------------------------------------------------------------------


def why_of():
    return {(news.user.username, news.why) for news in OfficerNews.objects.exclude(why="came").select_related("user")}


def test_who_is_in_charge_is_told_then_the_head(file, binh, hanh, diep, body_a):
    make_person("mai", "Ngô Thị Mai", body_a, Role.OFFICER)
    DeskSettings.objects.create(user=hanh, telling="at_once")
    step(file(), "accept", "12 10:00", binh)
    forget_jobs()  # of the filing
    watch_at("23 09:00")
    tell()
    assert why_of() == {("binh", "soon")}
    watch_at("23 18:00", "26 09:00")
    tell()
    assert why_of() == {("binh", "soon"), ("binh", "overdue"), ("hanh", "escalated")}
    assert [message.to for message in mail.outbox] == [[hanh.email]]  # the others read it in the digest
    assert "chuyển lên" in mail.outbox[0].subject


def test_of_what_nobody_is_in_charge_of_all_are_told_and_without_a_head_the_coordinators(file, binh, diep, body_a):
    make_person("mai", "Ngô Thị Mai", body_a, Role.OFFICER)
    file()
    watch_at("26 09:00")
    tell()
    assert why_of() == {("binh", "overdue"), ("mai", "overdue"), ("diep", "escalated")}


def test_a_draft_that_waits_for_the_portal_is_the_portals_to_hurry(file, binh, hanh, diep):
    report = step(file(), "accept", "12 10:00", binh)
    step(report, "draft_reply", "13 10:00", binh, reply="Đã vá xong.")
    watch_at("26 09:00")
    tell()
    assert why_of() == {("diep", "review"), ("diep", "overdue"), ("diep", "escalated")}


def test_what_has_gone_on_since_is_told_to_nobody(file, binh, hanh):
    report = file()
    watch_at("26 09:00")
    step(report, "accept", "26 09:30", binh)
    tell()
    assert why_of() == set()


def test_digests_are_written_on_working_days_only(time_machine, monkeypatch):
    told = []
    monkeypatch.setattr(officer_news, "tell_daily", lambda: told.append(timezone.localdate()))
    for day in ("20", "21", "23", "24", "25"):
        time_machine.move_to(at(f"{day} 07:30"), tick=False)
        tasks.tell_officers_daily(timestamp=0)
    DayChange.objects.create(day=date(2026, 11, 21), works=True)
    time_machine.move_to(at("21 07:30"), tick=False)
    tasks.tell_officers_daily(timestamp=0)
    assert [day.day for day in told] == [20, 23, 25, 21]


def test_the_desk_and_the_page_show_it(file, binh, hanh, client, client_of, time_machine):
    rule("reply", 3, "days")
    report = step(file(), "accept", "12 10:00", binh)
    report = step(report, "work", "12 11:00", binh)
    time_machine.move_to(at("13 09:00"), tick=False)
    queue = client_of(binh).get(reverse("reports:desk"), {"view": "open"}).content.decode()
    assert "trả lời trong vòng 4 ngày" in queue
    time_machine.move_to(at("26 09:00"), tick=False)
    watch()
    for page in (reverse("reports:desk"), reverse("reports:desk_report", args=[report.code])):
        text = client_of(hanh).get(page, {"view": "open"}).content.decode()
        assert "đã chuyển lên" in text
    public = client.get(report.get_absolute_url()).content.decode()
    assert "Quá hạn: toàn bộ phản ánh" in public
    assert "đã chuyển lên" not in public


# --- the reporter's silence ------------------------------------------------------------------------------------------------


def test_silence_is_reminded_of_once_then_ends_the_report_once(asked, an):
    watch_at("16 09:00", "17 09:00", "17 09:05")
    tell()
    watch_at("19 16:00", "19 17:01", "19 17:06", "20 09:00")
    assert said(asked) == [("reminder", "answer", "17 09:00"), ("silence", "", "19 17:01")]
    asked.refresh_from_db()
    assert (asked.status, asked.return_reason.code, asked.closed_at) == ("returned", "no-answer", at("19 17:01"))
    reminders = [message for message in mail.outbox if "đang chờ câu trả lời của bạn" in message.subject]
    assert [message.to for message in reminders] == [[an.email]]
    assert "hết ngày 19" in reminders[0].body


def test_nobody_is_ended_without_having_been_reminded(asked):
    watch_at("25 09:00", "25 09:05", "25 14:00")
    assert said(asked) == [("reminder", "answer", "25 09:00")]  # no worker had run for days
    watch_at("26 09:05")
    assert said(asked)[1:] == [("silence", "", "26 09:05")]


def test_a_late_answer_opens_the_report_again(asked, client, binh):
    watch_at("17 09:00", "19 17:01")
    client.get(asked.get_absolute_url(), {"token": tracking_token(asked.code, asked.token_generation)})
    assert "không có câu trả lời" in client.get(asked.get_absolute_url()).content.decode()
    response = client.post(reverse("reports:reporter_step", args=[asked.code, "answer"]), {"answer": "Bên trái."})
    assert response.status_code == 302
    asked.refresh_from_db()
    assert (asked.status, asked.officer, asked.return_reason, asked.closed_at) == ("accepted", binh, None, None)
    assert asked.due_at > timezone.now() - timedelta(days=1)
    assert Question.objects.get().answer == "Bên trái."


def test_what_was_returned_by_a_person_no_answer_opens(file, binh, client):
    report = step(file(), "accept", "12 10:00", binh)
    report = step(report, "ask", "12 15:00", binh, question="Bên nào?")
    reason = ReturnReason.objects.create(code="x", name="Thủ tục", name_en="A procedure", channel="1022", channel_en="1022")
    report = step(report, "return", "13 15:00", binh, reason=reason, reply="Xin gọi 1022.")
    client.get(report.get_absolute_url(), {"token": tracking_token(report.code, report.token_generation)})
    assert client.post(reverse("reports:reporter_step", args=[report.code, "answer"]), {"answer": "Trái."}).status_code == 409


def test_an_answer_and_the_end_of_the_silence_cannot_both_win(asked):
    assert take_reporters_step(asked.pk, step="answer", words=Words(answer="Trái."), at=at("19 17:02")).status == "accepted"
    assert end_for_silence(asked.pk, at=at("19 17:03")) is False


def test_a_setting_ends_no_silence(file, binh, settings):
    settings.ANSWER_DAYS = 0
    report = step(file(), "accept", "12 10:00", binh)
    step(report, "ask", "12 15:00", binh, question="Bên nào?")
    watch_at("30 09:00", "2027-03-01 09:00", "2027-03-03 09:00")
    assert said(report) == []


# --- what was open before, and what a merger moves ------------------------------------------------------------------------


def test_what_was_open_before_steps_had_deadlines_gets_its_time_from_now_on(file, binh):
    rule("accept", 8)
    new, waiting = file(), step(file(), "accept", "12 10:00", binh)
    waiting = step(waiting, "ask", "12 15:00", binh, question="Bên nào?")
    Report.objects.filter(pk=waiting.pk).update(held=None, due_at=at("23 17:00"), stage_since=None, stage_due_at=None)
    Report.objects.filter(pk=new.pk).update(stage_since=None, stage_due_at=None)
    watch_at("16 09:00")
    new.refresh_from_db()
    waiting.refresh_from_db()
    assert (new.stage_since, new.stage_due_at) == (at("16 09:00"), at("17 09:30"))
    assert (waiting.due_at, waiting.held["left"]) == (None, (5 * 7.5 + 6) * 3600)
    assert said() == []


def test_over_a_merger_the_promise_stands_and_the_next_body_has_time_to_accept(file, binh, diep, commune_c, draft, province_body):
    rule("accept", 8)
    body = Body.objects.create(
        code="ubnd-hop-nhat", name="UBND phường Hợp Nhất", kind="commune_committee", parent=province_body, validity=ALWAYS
    )
    Territory.objects.create(body=body, unit=commune_c, validity=(draft.valid_from, None))
    now = timezone.now()
    report = file(now - timedelta(days=3))
    take_step(report.pk, step="accept", actor=binh, at=now - timedelta(days=2))
    asked = file(now - timedelta(days=3))
    take_step(asked.pk, step="accept", actor=binh, at=now - timedelta(days=2))
    asked = take_step(asked.pk, step="ask", actor=binh, words=Words(question="Ở đâu?"), at=now - timedelta(days=1))
    due = Report.objects.get(pk=report.pk).due_at
    activate_and_reroute(edition=draft)
    moment = timezone.now()
    watch(at=moment)
    report.refresh_from_db()
    assert (report.authority, report.status, report.due_at) == (body, "new", due)
    assert report.stage_since == moment
    assert report.stage_due_at is None or now < report.stage_due_at < due
    left = asked.held
    asked.refresh_from_db()
    assert (asked.authority, asked.status, asked.held) == (body, "waiting", left)  # goes on waiting, with what it had left
