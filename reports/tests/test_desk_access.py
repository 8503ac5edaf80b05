"""Who may open which page of the desk, over HTTP: every role × own, foreign, handed-on report, and one about officials."""

import pytest
from django.urls import reverse

from authorities.models import Membership, Role
from reports.models import Report
from reports.services import Words, take_step
from reports.tests.desk_cases import file, page, step
from tests.lasting_cast import *  # noqa: F403

pytestmark = pytest.mark.django_db

DESK, QUEUE = reverse("reports:desk"), reverse("reports:desk_queue")
PEOPLE = ("binh", "chi", "hanh", "diep", "giang", "lan", "dung", "to", "admin_user")
SEE_A = {"binh", "hanh", "diep", "lan", "admin_user"}
SEE_OFFICIALS = {"giang", "diep", "lan", "admin_user"}
CALL_A = {"binh", "hanh", "diep", "admin_user"}
NO_DESK = {"dung", "to"}


@pytest.fixture
def people(binh, chi, hanh, diep, giang, lan, dung, to, admin_user):
    return dict(zip(PEOPLE, (binh, chi, hanh, diep, giang, lan, dung, to, admin_user), strict=True))


@pytest.fixture
def report(pothole, body_a, body_b, portal, inspectorate, spot_a, an):
    return file(pothole, spot_a, name=an.name, phone=an.phone, email=an.email)


@pytest.fixture
def about_officials(officials, body_a, portal, inspectorate, spot_a, an):
    return file(officials, spot_a, description="Cán bộ một cửa gây khó dễ.", name=an.name, phone=an.phone)


@pytest.mark.parametrize("name", PEOPLE)
def test_who_has_a_desk(name, people, client_of, report):
    response = client_of(people[name]).get(DESK)
    assert response.status_code == (403 if name in NO_DESK else 200)
    assert client_of(people[name]).get(QUEUE).status_code == response.status_code
    assert response.content.decode().count("<h1") == 1


def test_who_has_an_account_without_a_role_is_told_so(people, client_of, binh):
    Membership.objects.filter(user=binh).delete()
    response = client_of(binh).get(DESK)
    assert response.status_code == 403
    assert "vai trò" in response.content.decode()


@pytest.mark.parametrize("address", [DESK, QUEUE, "/desk/reports/7K3M9Q2XW4/"])
def test_strangers_are_asked_to_sign_in(address, client):
    response = client.get(address)
    assert response.status_code == 302
    assert response.headers["Location"].startswith("/accounts/login/")


def test_a_stranger_takes_no_step(client, report):
    assert client.post(step(report, "accept"), {"version": 1}).status_code == 302
    report.refresh_from_db()
    assert report.version == 1


@pytest.mark.parametrize("name", PEOPLE)
def test_who_sees_a_report_of_a(name, people, client_of, report):
    response = client_of(people[name]).get(page(report))
    expected = 403 if name in NO_DESK else 200 if name in SEE_A else 404
    assert response.status_code == expected
    queue = client_of(people[name]).get(DESK, {"q": "ổ gà"})
    assert (report.code in queue.content.decode()) == (name in SEE_A)


@pytest.mark.parametrize("name", PEOPLE)
def test_who_sees_the_reporters_contact(name, people, client_of, report, an):
    text = client_of(people[name]).get(page(report)).content.decode()
    shown = [secret in text for secret in (an.name, an.phone, an.email)]
    assert shown == [name in CALL_A] * 3


@pytest.mark.parametrize("name", PEOPLE)
def test_who_finds_a_report_by_the_phone_number(name, people, client_of, report, an):
    text = client_of(people[name]).get(DESK, {"q": "+84 912 345 678"}).content.decode()
    assert (report.code in text) == (name in CALL_A)


@pytest.mark.parametrize("name", PEOPLE)
def test_a_report_about_officials_does_not_exist_for_the_local_body(name, people, client_of, about_officials):
    client = client_of(people[name])
    expected = 403 if name in NO_DESK else 200 if name in SEE_OFFICIALS else 404
    assert client.get(page(about_officials)).status_code == expected
    for query in ({"view": "open"}, {"q": "một cửa"}, {"q": about_officials.code}, {"view": "closed"}, {"view": "elsewhere"}):
        found = about_officials.description in client.get(DESK, query, follow=True).content.decode()
        assert not found or name in SEE_OFFICIALS
        if "q" in query or query["view"] == "open":
            assert found == (name in SEE_OFFICIALS)


@pytest.mark.parametrize("name", PEOPLE)
def test_who_takes_the_first_step(name, people, client_of, report):
    response = client_of(people[name]).post(step(report, "accept"), {"version": 1})
    expected = 302 if name in {"binh", "hanh", "admin_user"} else 403 if name in NO_DESK else 409 if name in SEE_A else 404
    assert response.status_code == expected
    assert Report.objects.get(pk=report.pk).version == (2 if expected == 302 else 1)


def test_a_step_is_taken_by_post_only(client_of, binh, report):
    assert client_of(binh).get(step(report, "accept")).status_code == 405
    assert client_of(binh).post(step(report, "no_such_step"), {"version": 1}).status_code == 404


def test_each_look_at_a_contact_is_logged_without_what_was_seen(client_of, binh, report, an, caplog):
    caplog.set_level("INFO", logger="reports.views.desk_report")
    client_of(binh).get(page(report))
    logged = caplog.text
    assert report.code in logged
    assert f"user {binh.pk}" in logged
    assert not any(secret in logged for secret in (an.name, an.phone, an.email))


def test_a_former_body_reads_without_contact_and_without_buttons(client_of, binh, diep, body_b, report, an):
    take_step(report.pk, step="assign", actor=diep, words=Words(body=body_b))
    response = client_of(binh).get(page(report))
    text = response.content.decode()
    assert response.status_code == 200
    assert an.phone not in text
    assert response.context["forms"] == []
    assert report.code in client_of(binh).get(DESK, {"view": "elsewhere"}).content.decode()
    assert report.code not in client_of(binh).get(DESK, {"view": "open"}).content.decode()
    assert client_of(binh).post(step(report, "accept"), {"version": 2}).status_code == 409


def test_who_makes_it_a_report_about_the_own_body_is_led_back_to_the_queue(client_of, binh, report, officials):
    response = client_of(binh).post(step(report, "recategorise"), {"version": 1, "category": officials.pk}, follow=True)
    assert response.redirect_chain == [(DESK, 302)]
    assert "không còn trên bàn làm việc" in response.content.decode()
    assert client_of(binh).get(page(report)).status_code == 404


def test_the_administrator_of_no_body_may_act(client_of, admin_user, report):
    Membership.objects.all().delete()
    assert client_of(admin_user).get(DESK).status_code == 200
    assert client_of(admin_user).post(step(report, "accept"), {"version": 1}).status_code == 302


def test_a_leader_has_no_views_of_work(client_of, lan, report):
    names = {item["view"].name for item in client_of(lan).get(DESK).context["views"]}
    assert names == {"soon", "overdue", "open", "closed"}


def test_a_person_with_two_roles_has_the_views_of_both(client_of, binh, portal, report):
    Membership.objects.create(user=binh, body=portal, role=Role.COORDINATOR, validity=("2020-01-01", None))
    names = {item["view"].name for item in client_of(binh).get(DESK).context["views"]}
    assert {"mine", "new", "triage", "look"} <= names


def test_pages_of_the_desk_are_kept_by_no_shared_cache(client_of, binh, report):
    assert "private" in client_of(binh).get(DESK).headers["Cache-Control"]
    assert "no-store" in client_of(binh).get(page(report)).headers["Cache-Control"]
