"""People come by invitation."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.exceptions import ValidationError
from django.db import transaction
from django.test import Client
from procrastinate.contrib.django.models import ProcrastinateJob

from accounts import tasks
from accounts.models import User
from accounts.services import invite

ADD = "/admin/accounts/user/add/"
LIST = "/admin/accounts/user/"
SOMEBODY = {"username": "nga", "full_name": "Trần Thị Nga", "email": "nga@phuhai.example", "language": "vi"}


def jobs():
    """The ids of the people to whom an invitation is on its way."""
    return [job.args["user_id"] for job in ProcrastinateJob.objects.filter(task_name="accounts.tasks.send_invitation").order_by("id")]


@pytest.fixture
def nga(db):
    user = User(**SOMEBODY)
    invite(user=user)
    return user


def link_of(message):
    return re.search(r"http\S+/password/reset/key/\S+", message.body).group().removeprefix("http://127.0.0.1:8000")


def test_an_invited_person_has_no_password_and_a_mail_on_its_way(nga):
    assert not nga.has_usable_password()
    assert jobs() == [nga.pk]


def test_the_link_of_the_mail_leads_to_a_password_and_that_signs_in(nga, client):
    tasks.send_invitation(nga.pk)
    assert mail.outbox[0].to == ["nga@phuhai.example"]
    chosen = {"password1": "muoi-ba-con-cua", "password2": "muoi-ba-con-cua"}
    page = client.get(link_of(mail.outbox[0]), follow=True)
    client.post(page.request["PATH_INFO"], chosen)
    nga.refresh_from_db()
    assert nga.check_password("muoi-ba-con-cua")
    client.post("/accounts/login/", {"login": "nga@phuhai.example", "password": "muoi-ba-con-cua"})
    assert client.session["_auth_user_id"] == str(nga.pk)


def test_the_link_is_good_once(nga, client):
    tasks.send_invitation(nga.pk)
    link = link_of(mail.outbox[0])
    nga.set_password("muoi-ba-con-cua")
    nga.save()
    assert "token_fail" in client.get(link, follow=True).context


def test_the_mail_is_in_the_language_of_the_person(nga):
    User.objects.filter(pk=nga.pk).update(language="en")
    tasks.send_invitation(nga.pk)
    assert mail.outbox[0].subject == "Your account for the field reports of the province of Cà Mau"
    assert "Dear Trần Thị Nga," in mail.outbox[0].body
    assert "good for 3 days" in mail.outbox[0].body


def test_who_has_chosen_a_password_meanwhile_gets_no_mail(nga):
    nga.set_password("muoi-ba-con-cua")
    nga.save()
    tasks.send_invitation(nga.pk)
    assert mail.outbox == []


def test_who_was_switched_off_or_deleted_meanwhile_gets_no_mail(nga):
    User.objects.filter(pk=nga.pk).update(is_active=False)
    tasks.send_invitation(nga.pk)
    tasks.send_invitation(987654)
    assert mail.outbox == []


def test_nobody_is_kept_and_no_mail_is_on_its_way_when_the_change_is_undone(db):
    with transaction.atomic():
        invite(user=User(**SOMEBODY))
        transaction.set_rollback(True)
    assert jobs() == []
    assert not User.objects.filter(username="nga").exists()


def test_an_e_mail_address_belongs_to_one_person(nga):
    with pytest.raises(ValidationError):
        User(username="nga2", full_name="Nga", email="NGA@phuhai.example", password="!").full_clean()


# --- in the administration --------------------------------------------------------------------------------------------


def test_an_administrator_invites_somebody(client_of, admin_user):
    assert client_of(admin_user).post(ADD, SOMEBODY).status_code == 302
    nga = User.objects.get(username="nga")
    assert jobs() == [nga.pk]
    assert not nga.has_usable_password()
    assert not nga.is_staff


@pytest.mark.parametrize("missing", ["username", "full_name", "email"])
def test_name_and_address_are_needed(client_of, admin_user, missing):
    assert client_of(admin_user).post(ADD, {**SOMEBODY, missing: ""}).status_code == 200
    assert not User.objects.filter(username="nga").exists()


def test_somebody_elses_address_is_refused_with_a_sentence(client_of, admin_user, nga):
    answer = client_of(admin_user).post(ADD + "?lang=en", {**SOMEBODY, "username": "nga2"})
    assert "Somebody has this e-mail address already." in answer.content.decode()


def test_the_administration_is_for_superusers_only(client_of, admin_user, nga):
    page = f"/admin/accounts/user/{nga.pk}/change/"
    client_of(admin_user).post(page, {**SOMEBODY, "is_active": "on", "is_superuser": "on"})
    nga.refresh_from_db()
    assert nga.is_staff
    client_of(admin_user).post(page, {**SOMEBODY, "is_active": "on"})
    nga.refresh_from_db()
    assert not nga.is_staff


def test_an_invitation_can_be_sent_again_to_who_has_no_password(client_of, admin_user, nga, binh):
    binh.set_password("muoi-ba-con-cua")
    binh.save()
    sent = {"action": "invite_again", "_selected_action": [nga.pk, binh.pk]}
    browser = client_of(admin_user)
    browser.cookies["django_language"] = "en"
    answer = browser.post(LIST, sent, follow=True).content.decode()
    assert jobs() == [nga.pk, nga.pk]
    assert "1 invitation is on its way." in answer
    assert "1 person has a password already" in answer


def test_nobody_is_given_a_password_by_somebody_else(client_of, admin_user, nga):
    page = f"/admin/accounts/user/{nga.pk}/password/"
    browser = client_of(admin_user)
    assert browser.get(page).status_code == 403
    assert browser.post(page, {"password1": "muoi-ba-con-cua", "password2": "muoi-ba-con-cua"}).status_code == 403


def test_saving_somebody_does_not_touch_the_password(client_of, admin_user, nga):
    nga.set_password("muoi-ba-con-cua")
    nga.save()
    client_of(admin_user).post(f"/admin/accounts/user/{nga.pk}/change/", {**SOMEBODY, "full_name": "Nga", "is_active": "on"})
    nga.refresh_from_db()
    assert (nga.full_name, nga.check_password("muoi-ba-con-cua")) == ("Nga", True)


def test_a_former_address_no_longer_opens_the_account(client_of, admin_user, nga):
    nga.set_password("muoi-ba-con-cua")
    nga.save()
    EmailAddress.objects.create(user=nga, email=nga.email, verified=True, primary=True)
    page = f"/admin/accounts/user/{nga.pk}/change/"
    client_of(admin_user).post(page, {**SOMEBODY, "email": "nga.moi@phuhai.example", "is_active": "on"})
    for address, user in ((SOMEBODY["email"], None), ("nga.moi@phuhai.example", str(nga.pk))):
        client = Client()
        client.post("/accounts/login/", {"login": address, "password": "muoi-ba-con-cua"})
        assert client.session.get("_auth_user_id") == user
