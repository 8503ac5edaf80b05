"""Who does whose work: stand-ins during a leave, and what somebody leaves behind."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from authorities.models import Membership, Role
from reports.models import Report
from reports.queue import Desk
from reports.services import offered_steps, take_step
from reports.services.people import arrange_stand_in, hand_over_work, release_left_behind
from reports.tests.desk_cases import file
from tests.cast import make_person

pytestmark = pytest.mark.django_db
PEOPLE = reverse("reports:people")


@pytest.fixture
def report(pothole, body_a, body_b, portal, spot_a, binh):
    filed = file(pothole, spot_a)
    return take_step(filed.pk, step="accept", actor=binh)


@pytest.fixture
def today():
    return timezone.localdate()


@pytest.fixture
def guest(body_b):
    """An officer of another commune."""
    return make_person("khach", "Lý Thị Khách", body_b, Role.OFFICER)


def mine(user):
    desk = Desk.of(user)
    return set(desk.reports(desk.view_called("mine"), timezone.now()).values_list("code", flat=True))


def test_a_stand_in_does_the_work_of_the_absent_on_the_days_of_the_leave_only(report, body_a, binh, guest, today):
    assert offered_steps(guest, report) == []
    arrange_stand_in(body=body_a, absent=binh, stand_in=guest, since=today, until=today + timedelta(days=2))
    assert mine(guest) == {report.code}
    assert {step.name for step in offered_steps(guest, report)} == {
        step.name for step in offered_steps(binh, report) if step.name != "undo"
    }
    after = timezone.now() + timedelta(days=3)
    with pytest.raises(Report.DoesNotExist):
        take_step(report.pk, step="survey", actor=guest, at=after)
    assert take_step(report.pk, step="survey", actor=guest, at=after - timedelta(days=1)).officer == binh


def test_a_colleague_who_stands_in_keeps_the_own_work(report, body_a, binh, pothole, spot_a, today):
    colleague = make_person("dong-nghiep", "Võ Văn Đồng", body_a, Role.OFFICER)
    own = file(pothole, spot_a)
    take_step(own.pk, step="accept", actor=colleague)
    arrange_stand_in(body=body_a, absent=binh, stand_in=colleague, since=today, until=today)
    assert mine(colleague) == {report.code, own.code}
    assert mine(binh) == {report.code}


@pytest.mark.parametrize(("since", "until"), [(1, 0), (0, 401)])
def test_a_leave_has_days(body_a, binh, hanh, today, since, until):
    with pytest.raises(ValidationError):
        arrange_stand_in(body=body_a, absent=binh, stand_in=hanh, since=today + timedelta(days=since), until=today + timedelta(days=until))
    assert not Membership.objects.filter(standing_in_for=binh).exists()


def test_nobody_stands_in_for_himself_or_for_a_stranger_or_twice(body_a, binh, hanh, guest, today):
    for absent, stand_in in ((binh, binh), (guest, hanh)):
        with pytest.raises(ValidationError):
            arrange_stand_in(body=body_a, absent=absent, stand_in=stand_in, since=today, until=today)
    arrange_stand_in(body=body_a, absent=binh, stand_in=hanh, since=today, until=today)
    with pytest.raises(ValidationError):
        arrange_stand_in(body=body_a, absent=binh, stand_in=hanh, since=today, until=today)


def test_the_reports_of_a_leaver_go_to_whoever_the_head_names_each_with_its_event(report, body_a, binh, hanh):
    heir = make_person("ke-nhiem", "Phan Thị Kế", body_a, Role.OFFICER)
    assert hand_over_work(body=body_a, leaver=binh, to=heir, actor=hanh) == (1, 0)
    report.refresh_from_db()
    event = report.events.last()
    assert (report.officer, event.kind, event.actor_id, event.public) == (heir, "charge", hanh.pk, False)


def test_what_a_leaver_leaves_behind_stands_under_new_the_next_day_once(report, body_a, binh, hanh, today):
    assert release_left_behind() == 0
    Membership.objects.filter(user=binh).update(validity=(date(2020, 1, 1), today))
    assert release_left_behind() == 1
    report.refresh_from_db()
    assert (report.officer, report.version, report.events.last().kind) == (None, report.events.count(), "left_behind")
    desk = Desk.of(hanh)
    assert report in desk.reports(desk.view_called("new"), timezone.now())
    assert release_left_behind() == 0


def test_the_head_arranges_both_on_one_page(client_of, report, body_a, binh, hanh, today):
    client = client_of(hanh)
    page = client.get(PEOPLE).content.decode()
    assert "Trần Văn Bình" in page
    assert PEOPLE in client.get(reverse("reports:desk")).content.decode()
    said = {"form": "stand_in", "absent": binh.pk, "stand_in": hanh.pk, "since": today, "until": today + timedelta(days=7)}
    assert client.post(PEOPLE, said).status_code == 302
    assert Membership.objects.get(standing_in_for=binh).user == hanh
    assert client.post(PEOPLE, {"form": "hand_over", "leaver": binh.pk, "to": hanh.pk}).status_code == 302
    report.refresh_from_db()
    assert report.officer == hanh


@pytest.mark.parametrize("said", [
    {}, {"form": "nonsense"}, {"form": "stand_in"}, {"form": "stand_in", "absent": "x", "stand_in": "0", "since": "32/13/2026", "until": ""},
    {"form": "hand_over", "leaver": "999999999999999999999", "to": ""},
])  # fmt: skip
def test_nonsense_is_refused_in_words_and_changes_nothing(client_of, hanh, body_a, said):
    response = client_of(hanh).post(PEOPLE, said)
    assert response.status_code in {200, 422}
    assert not Membership.objects.filter(standing_in_for__isnull=False).exists()


def test_a_head_arranges_nothing_for_people_of_others(client_of, hanh, chi, binh, today):
    said = {"form": "stand_in", "absent": chi.pk, "stand_in": binh.pk, "since": today, "until": today}
    assert client_of(hanh).post(PEOPLE + "?body=ubnd-binh-yen", said).status_code == 422
    assert not Membership.objects.filter(standing_in_for=chi).exists()


@pytest.mark.parametrize("name", ["binh", "diep", "lan", "dung", "to", "giang"])
def test_to_those_who_head_no_body_there_is_no_such_page(name, request, client_of):
    assert client_of(request.getfixturevalue(name)).get(PEOPLE).status_code == 404
