"""Who else is looking at a report, and what else its reporter has sent: told to the right eyes only."""

from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from reports.desk_models import Presence
from reports.presence import forget, look
from reports.services import Words, take_step
from reports.tests.desk_cases import file, page
from tests.lasting_cast import *  # noqa: F403

pytestmark = pytest.mark.django_db


@pytest.fixture
def report(body_a, body_b, portal, inspectorate, spot_a, pothole, an):
    """A report of A by An."""
    return file(pothole, spot_a, name=an.name, phone=an.phone, email=an.email)


def beat(report):
    return reverse("reports:desk_presence", args=[report.code])


def names(response):
    return response.json()["others"]


def test_two_at_one_report_are_told_of_each_other(report, client_of, binh, hanh):
    assert names(client_of(binh).post(beat(report))) == []
    assert names(client_of(hanh).post(beat(report))) == ["Trần Văn Bình"]
    assert names(client_of(binh).post(beat(report))) == ["Phạm Thị Hạnh"]


def test_who_is_silent_for_45_seconds_is_gone(report, binh, hanh):
    now = timezone.now()
    look(report, binh, at=now - timedelta(seconds=44))
    assert look(report, hanh, at=now) == [binh]
    assert look(report, hanh, at=now + timedelta(seconds=2)) == []


def test_who_leaves_is_gone_at_once(report, client_of, binh, hanh):
    client_of(binh).post(beat(report))
    client_of(binh).post(beat(report), {"leave": "1"})
    assert names(client_of(hanh).post(beat(report))) == []


def test_a_stranger_is_neither_told_nor_shown(report, client_of, binh, chi, dung):
    client_of(binh).post(beat(report))
    for stranger in (chi, dung):
        assert client_of(stranger).post(beat(report)).status_code == 404
    assert list(Presence.objects.values_list("user", flat=True)) == [binh.pk]
    assert client_of(binh).get(beat(report)).status_code == 405


def test_a_heartbeat_does_not_wait_for_a_step(report):
    """No foreign key in the database: its check would wait for the row that a step holds."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT relpersistence::text FROM pg_class WHERE relname = 'reports_presence'")
        assert cursor.fetchone() == ("u",)
        cursor.execute("SELECT count(*) FROM pg_constraint WHERE conrelid = 'reports_presence'::regclass AND contype = 'f'")
        assert cursor.fetchone() == (0,)


def test_what_is_long_over_is_deleted(report, binh, hanh):
    now = timezone.now()
    look(report, binh, at=now - timedelta(hours=2))
    look(report, hanh, at=now)
    assert forget(now=now) == 1


# --- the reporter's other reports -------------------------------------------------------------------------------------


def others(client, report):
    return [other.code for other in client.get(page(report)).context["same_reporter"]]


def test_other_reports_of_the_same_phone_or_address_are_listed_the_latest_first(report, client_of, binh, pothole, spot_a, an):
    now = timezone.now()
    by_phone = file(pothole, spot_a, name="Ai đó", phone="+84 912 345 678", at=now - timedelta(days=3))
    by_mail = file(pothole, spot_a, name="Ai đó", email=an.email.upper(), at=now - timedelta(days=1))
    file(pothole, spot_a, name=an.name, phone="0987654321")  # a name is nobody's alone
    response = client_of(binh).get(page(report))
    assert [other.code for other in response.context["same_reporter"]] == [by_mail.code, by_phone.code]
    assert "2 phản ánh khác của cùng người gửi" in response.content.decode()


def test_only_who_may_call_is_told_and_only_of_reports_at_the_own_desk(
    report, client_of, binh, lan, diep, pothole, officials, spot_a, spot_b, an
):
    elsewhere = file(pothole, spot_b, phone=an.phone)
    about_us = file(officials, spot_a, phone=an.phone)
    assert others(client_of(binh), report) == []
    assert others(client_of(lan), report) == []  # a leader reads, without contacts
    assert set(others(client_of(diep), report)) == {elsewhere.code, about_us.code}


def test_what_was_handed_on_says_no_more_whose_it_is(report, client_of, binh, diep, body_b, pothole, spot_a, an):
    gone = file(pothole, spot_a, phone=an.phone)
    take_step(gone.pk, step="assign", actor=diep, words=Words(body=body_b))
    assert others(client_of(binh), report) == []


def test_a_report_without_contact_has_no_others(body_a, portal, inspectorate, client_of, giang, officials, spot_a):
    first, second = file(officials, spot_a), file(officials, spot_a)
    assert first.pk != second.pk
    assert others(client_of(giang), first) == []


def test_the_page_says_by_when(report, client_of, binh):
    assert "trước 17" in client_of(binh).get(page(report)).content.decode()


def test_sheets_to_print_say_nothing_of_who_reported(report, client_of, binh, chi, an):
    printed = client_of(binh).post(reverse("reports:desk_print"), {"report": [f"{report.code}.1"]}).content.decode()
    assert report.description in printed
    assert not [secret for secret in (an.name, an.phone, an.email) if secret in printed]
    assert client_of(chi).post(reverse("reports:desk_print"), {"report": [f"{report.code}.1"]}).status_code == 302
