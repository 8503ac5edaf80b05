"""By when: which rule says so, and what steps do to the clock. Times are those of Vietnam, in November 2026 unless they are said."""

from datetime import datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from authorities.deadline_models import DayChange, DeadlineRule
from authorities.models import ReturnReason
from reports.models import Report
from reports.services import Filing, Opinion, Words, file_report, rate, take_reporters_step, take_step
from tests.cast import ALWAYS

pytestmark = pytest.mark.django_db


def at(text: str) -> datetime:
    """ "12 09:00": a day of November 2026; Thursday the 12th is followed by a weekend, Tuesday the 24th is a holiday."""
    text = f"2026-11-{text}" if len(text) < 10 else text
    return datetime.fromisoformat(text).replace(tzinfo=timezone.get_default_timezone())


def rule(stage, amount, measure="hours", danger=None, **of):
    return DeadlineRule.objects.create(stage=stage, amount=amount, measure=measure, amount_in_danger=danger, validity=ALWAYS, **of)


@pytest.fixture
def file(pothole, body_a, body_b, portal, spot_a):
    def filed(when="12 09:00", **more):
        return file_report(Filing(location=spot_a, category=pothole, description="Ổ gà sâu.", **more), at=at(when))

    return filed


@pytest.fixture
def steps(db):
    """A deadline for each step."""
    rule("accept", 8, danger=2)
    rule("survey", 2, "days")
    rule("reply", 4, "days")
    rule("approval", 8)
    rule("answer", 5, "days")


def step(report, name, when, actor, **words):
    return take_step(report.pk, step=name, actor=actor, words=Words(**words), at=at(when))


# --- rules --------------------------------------------------------------------------------------------------------------


def test_without_a_rule_the_category_says_by_when_and_no_step_has_a_deadline(file):
    report = file()
    assert (report.due_at, report.stage_due_at, report.stage_since) == (at("23 17:00"), None, at("12 09:00"))


def test_the_most_specific_rule_wins(file, pothole, law, body_a, body_b):
    rule("whole", 6, "days")
    assert file().due_at == at("20 17:00")
    rule("whole", 5, "days", body=body_a)
    rule("whole", 1, "days", body=body_b)
    assert file().due_at == at("19 17:00")
    rule("whole", 4, "days", category=pothole)
    rule("whole", 1, "days", category=law)
    assert file().due_at == at("18 17:00")
    rule("whole", 3, "days", category=pothole, body=body_a)
    assert file().due_at == at("17 17:00")


def test_danger_shortens_and_never_lengthens(file):
    rule("whole", 10, "hours", danger=3)
    assert file(severity=2).due_at == at("13 11:30")
    assert file(severity=3).due_at == at("12 14:00")
    with pytest.raises(IntegrityError), transaction.atomic():
        rule("accept", 2, danger=3)


def test_rules_are_dated_and_there_is_one_at_a_time(file, pothole):
    DeadlineRule.objects.create(stage="whole", amount=2, validity=("2020-01-01", "2026-11-12"))
    DeadlineRule.objects.create(stage="whole", amount=3, validity=("2026-11-12", None))
    assert file("11 09:00").due_at == at("13 17:00")
    assert file("12 09:00").due_at == at("17 17:00")
    with pytest.raises(ValidationError, match="giai đoạn"):
        DeadlineRule(stage="whole", amount=5, measure="days", validity=("2026-12-01", None)).full_clean()


def test_over_tet_and_over_swapped_days(file):
    rule("whole", 2, "days")
    assert file("2026-02-13 15:00").due_at == at("2026-02-24 17:00")  # Tết is 16 to 20 February
    assert file("2026-08-20 15:00").due_at == at("2026-08-22 17:00")  # a Saturday, worked for Monday the 31st
    DayChange.objects.create(day="2026-08-22", works=False)
    assert file("2026-08-20 15:00").due_at == at("2026-08-24 17:00")


# --- steps --------------------------------------------------------------------------------------------------------------


def test_each_step_has_its_own_deadline_and_the_last_are_the_whole(steps, file, binh, diep):
    report = file()
    assert report.stage_due_at == at("13 09:30")
    report = step(report, "accept", "12 10:00", binh)
    assert (report.stage_due_at, report.due_at) == (at("16 17:00"), at("23 17:00"))
    report = step(report, "survey", "13 08:00", binh)
    assert report.stage_due_at == at("19 17:00")
    report = step(report, "work", "16 08:00", binh)
    assert (report.stage_due_at, report.stage_since) == (at("19 17:00"), at("13 08:00"))  # still on the way to the reply
    report = step(report, "note", "17 08:00", binh, note="Chờ vật tư")
    report = step(report, "draft_reply", "20 08:00", binh, reply="Đã vá xong.")
    assert report.stage_due_at == at("23 08:30")
    report = step(report, "send_back", "23 10:00", diep, note="Thiếu ngày")
    assert report.stage_due_at is None  # the whole is due before
    report = step(report, "draft_reply", "23 11:00", binh, reply="Đã vá xong.")
    report = step(report, "publish_reply", "23 14:00", diep, reply="Đã vá xong.")
    assert (report.stage_due_at, report.due_at) == (None, at("23 17:00"))


def test_the_clock_stands_still_while_the_reporter_is_asked(steps, file, binh):
    report = step(file(), "accept", "12 10:00", binh)
    report = step(report, "ask", "12 15:00", binh, question="Bên nào?")
    assert (report.due_at, report.stage_due_at) == (None, at("19 17:00"))  # theirs is the time until the fifth day
    assert not Report.objects.overdue(at("30 09:00")).exists()
    report = take_reporters_step(report.pk, step="answer", words=Words(answer="Bên trái."), at=at("17 15:00"))
    # Stood still from Thursday 15:00 to Tuesday 15:00: three working days, and the holiday of the 24th lies on the way
    assert (report.due_at, report.stage_due_at, report.held) == (at("27 17:00"), at("19 17:00"), None)
    assert report.stage_since == at("12 10:00")
    assert report.paused_s == 3 * 7.5 * 3600
    assert datetime.fromisoformat(report.events.last().data["due_at"]) == at("27 17:00")


def test_what_was_late_when_it_stood_still_is_as_late_afterwards(steps, file, binh):
    report = step(file(), "accept", "12 10:00", binh)
    report = step(report, "ask", "25 08:00", binh, question="Bên nào?")
    report = take_reporters_step(report.pk, step="answer", words=Words(answer="Trái."), at=at("26 08:00"))
    assert report.due_at == at("25 17:00")  # half an hour late before, half an hour late now
    assert report.is_overdue(at("26 08:00"))


def test_going_on_without_an_answer_begins_the_next_step(steps, file, binh):
    report = step(file(), "accept", "12 10:00", binh)
    report = step(report, "ask", "12 15:00", binh, question="Bên nào?")
    report = step(report, "work", "13 15:00", binh)
    assert (report.due_at, report.stage_due_at) == (at("25 17:00"), at("19 17:00"))


def test_handing_on_keeps_the_promise_and_begins_the_step(steps, file, binh, diep, department):
    report = step(file(), "accept", "12 10:00", binh)
    report = step(report, "to_triage", "16 08:00", binh, note="Của Sở")
    assert (report.due_at, report.stage_due_at) == (at("23 17:00"), at("17 08:30"))
    report = step(report, "assign", "16 10:00", diep, body=department)
    assert (report.due_at, report.stage_due_at) == (at("23 17:00"), at("17 10:30"))


def test_handing_on_what_waits_takes_what_was_left_along(steps, file, binh, diep, department):
    report = step(file(), "accept", "12 10:00", binh)
    report = step(report, "ask", "12 15:00", binh, question="Bên nào?")
    report = step(report, "assign", "17 15:00", diep, body=department)
    assert (report.due_at, report.held) == (at("27 17:00"), None)


def test_another_category_has_its_own_time_from_the_same_beginning(file, binh, law):
    rule("whole", 4, "days", category=law)
    report = step(file(), "accept", "12 10:00", binh)
    report = step(report, "ask", "12 15:00", binh, question="Bên nào?")
    waiting = step(report, "recategorise", "13 15:00", binh, category=law)
    assert (waiting.status, waiting.due_at) == ("waiting", None)
    report = take_reporters_step(report.pk, step="answer", words=Words(answer="Trái."), at=at("17 15:00"))
    assert report.due_at == at("23 17:00")  # the 18th, and three days more
    assert report.due_set_at == at("13 15:00")


def test_a_report_opened_again_has_the_time_of_a_new_one(steps, file, binh, diep):
    report = step(file(), "accept", "12 10:00", binh)
    report = step(report, "draft_reply", "12 11:00", binh, reply="Đã vá xong.")
    report = step(report, "publish_reply", "12 14:00", diep, reply="Đã vá xong.")
    report = rate(report.pk, opinion=Opinion(is_fixed=False, problem="Vẫn còn"), at=at("16 09:00"))
    assert (report.due_at, report.stage_due_at, report.term_since) == (at("26 17:00"), at("18 17:00"), at("16 09:00"))


def test_a_step_taken_back_never_touched_the_clock(steps, file, binh, law):
    rule("whole", 2, "days", category=law)
    report = step(file(), "accept", "12 10:00", binh)
    kept = ("due_at", "stage_due_at", "stage_since", "due_set_at", "paused_s", "held")
    before = [getattr(report, name) for name in kept]
    for hour, name, words in ((14, "ask", {"question": "Bên nào?"}), (15, "recategorise", {"category": law}), (16, "work", {})):
        step(report, name, f"12 {hour}:00", binh, **words)
        report = step(report, "undo", f"12 {hour}:05", binh)
        assert [getattr(report, name) for name in kept] == before
    report = step(report, "ask", "12 16:10", binh, question="Bên nào?")
    waiting = [getattr(report, name) for name in kept]
    step(report, "work", "13 15:00", binh)
    report = step(report, "undo", "13 15:05", binh)
    assert [getattr(Report.objects.get(), name) for name in kept] == waiting


def test_what_ends_while_it_waits_has_the_due_date_that_it_would_have_had(file, binh):
    reason = ReturnReason.objects.create(code="x", name="Thủ tục", name_en="A procedure", channel="1022", channel_en="1022")
    report = step(file(), "accept", "12 10:00", binh)
    report = step(report, "ask", "12 15:00", binh, question="Bên nào?")
    report = step(report, "return", "17 15:00", binh, reason=reason, reply="Xin gọi 1022.")
    assert (report.due_at, report.stage_due_at, report.held) == (at("26 17:00") + timedelta(days=1), None, None)


def test_the_database_refuses_a_clock_that_stands_still_without_waiting(file):
    report = file()
    with pytest.raises(IntegrityError), transaction.atomic():
        Report.objects.filter(pk=report.pk).update(held={"left": 1})


def test_a_step_that_changes_nothing_of_time_asks_nothing_of_it(file, binh, django_assert_max_num_queries):
    report = step(file(), "accept", "12 10:00", binh)
    before = Report.objects.get().due_at
    step(report, "note", "12 11:00", binh, note="Ghi chú")
    assert Report.objects.get().due_at == before
    assert "before" in report.events.last().data


def test_an_administrator_sets_deadlines_and_a_wrong_one_is_refused_in_words(client_of, admin_user, file):
    client = client_of(admin_user)
    new = {
        "stage": "whole",
        "amount": "3",
        "measure": "days",
        "amount_in_danger": "5",
        "valid_from": "",
        "valid_to": "",
        "note": "QĐ 17/2022",
    }
    address = reverse("admin:authorities_deadlinerule_add")
    assert "Khi nguy hiểm chỉ có thể rút ngắn" in client.post(address, new).content.decode()
    assert client.post(address, new | {"amount_in_danger": ""}).status_code == 302
    assert file().due_at == at("17 17:00")
    assert "3 ngày làm việc" in client.get(reverse("admin:authorities_deadlinerule_changelist")).content.decode()


def test_a_changed_working_day_moves_what_is_due_by_it_and_nothing_else(client_of, admin_user, file, binh, time_machine):
    rule("accept", 15)
    time_machine.move_to(at("13 10:00"), tick=False)
    late, near, far = file("2026-11-02 09:00"), file("10 09:00"), file("12 09:00")
    waiting = step(file("12 09:00"), "accept", "12 10:00", binh)
    waiting = step(waiting, "ask", "12 15:00", binh, question="Bên nào?")
    assert (late.due_at, near.due_at, far.due_at) == (at("11 17:00"), at("19 17:00"), at("23 17:00"))
    client = client_of(admin_user)
    new = {"day": "2026-11-20", "note": "Bão số 15"}
    assert client.post(reverse("admin:authorities_daychange_add"), new).status_code == 302
    dues = dict(Report.objects.values_list("pk", "due_at"))
    assert dues == {late.pk: late.due_at, near.pk: near.due_at, far.pk: at("25 17:00"), waiting.pk: None}  # the 24th is a holiday
    event = far.events.last()
    assert (event.kind, event.public, event.data["due_at"]) == ("due_moved", True, at("25 17:00").isoformat())
    assert Report.objects.get(pk=far.pk).version == far.events.count()
    answered = take_reporters_step(waiting.pk, step="answer", words=Words(answer="Trái."), at=at("13 15:00"))
    assert answered.due_at == at("26 17:00")
    day = DayChange.objects.get()
    assert client.post(reverse("admin:authorities_daychange_delete", args=[day.pk]), {"post": "yes"}).status_code == 302
    assert Report.objects.get(pk=far.pk).due_at == far.due_at
