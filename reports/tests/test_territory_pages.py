"""The pages on which a change of territory is rehearsed, put in force and taken back."""

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from boundaries.models import Edition
from reports.models import Activation, Report
from reports.territory import rehearse
from reports.territory.jobs import put_in_force
from reports.tests.test_activation import file
from reports.tests.worker import jobs
from tests.merger import FIRST

pytestmark = pytest.mark.django_db


@pytest.fixture
def ready(draft, commune_c, pothole, body_a, body_b, portal, binh):
    """A draft with a report that would change hands."""
    file(pothole)
    return draft


def pages(edition):
    return [
        reverse("reports:editions"),
        reverse("reports:rehearsal", args=[edition.pk]),
        reverse("reports:rehearsal_csv", args=[edition.pk]),
    ]


def test_administrators_and_coordinators_look_and_nobody_else(ready, client, client_of, admin_user, diep, binh, dung):
    for url in pages(ready):
        assert client_of(admin_user).get(url).status_code == 200, url
        assert client_of(diep).get(url).status_code == 200, url
        assert client.get(url).status_code == 302, url
        for person in (binh, dung):
            assert client_of(person).get(url).status_code == 404, url


def test_a_coordinator_decides_nothing(ready, client_of, diep):
    at = reverse("reports:rehearsal", args=[ready.pk])
    assert reverse("reports:activate", args=[ready.pk]) not in client_of(diep).get(at).content.decode()
    sent = {"on": FIRST.isoformat(), "digest": rehearse(edition=ready).digest()}
    assert client_of(diep).post(reverse("reports:activate", args=[ready.pk]), sent).status_code == 404
    assert not Activation.objects.exists()


def test_the_page_says_what_would_happen(ready, client_of, diep):
    text = client_of(diep).get(reverse("reports:rehearsal", args=[ready.pk])).content.decode()
    for said in ("UBND phường Hợp Nhất", "UBND phường An Lạc", "Trần Văn Bình", "kế thừa chính"):
        assert said in text, said
    assert Edition.objects.get(pk=ready.pk).state == Edition.State.DRAFT


def test_from_the_page_to_the_activation_and_back(ready, client_of, binh, body_a):
    binh.is_staff = True
    binh.save()
    binh.user_permissions.add(Permission.objects.get(codename="change_edition"))
    client, report = client_of(binh), Report.objects.get()
    page = client.get(reverse("reports:rehearsal", args=[ready.pk]))
    sent = {"on": page.context["rehearsal"].on.isoformat(), "digest": page.context["digest"]}
    answer = client.post(reverse("reports:activate", args=[ready.pk]), sent, follow=True)
    at = answer.request["PATH_INFO"]
    assert answer["Refresh"] == "2"
    put_in_force(jobs("put_in_force")[0]["args"]["activation_id"])
    answer = client.get(at)
    assert "Refresh" not in answer
    assert "Đang có hiệu lực" in answer.content.decode()
    report.refresh_from_db()
    assert report.authority != body_a
    answer = client.post(reverse("reports:undo_activation", args=[Activation.objects.get().pk]), follow=True)
    assert "Đã hoàn lại" in answer.content.decode()
    report.refresh_from_db()
    assert report.authority == body_a


@pytest.mark.parametrize("sent", [{}, {"on": "2025-13-45", "digest": "0" * 64}, {"on": FIRST.isoformat(), "digest": "x"}])
def test_a_broken_request_changes_nothing_and_is_told(ready, client_of, admin_user, sent):
    answer = client_of(admin_user).post(reverse("reports:activate", args=[ready.pk]), sent, follow=True)
    assert "chưa đầy đủ" in answer.content.decode()
    assert not Activation.objects.exists()


@pytest.mark.parametrize("on", ["gestern", "2025-02-30", "9999999", "<script>"])
def test_a_wrong_day_is_told(ready, client_of, admin_user, on):
    for url in pages(ready)[1:]:
        answer = client_of(admin_user).get(url, {"on": on})
        assert answer.status_code == 400
        assert "<script>" not in answer.content.decode() or answer["Content-Type"].startswith("text/plain")


def test_an_edition_that_cannot_be_put_in_force_says_why(ready, client_of, admin_user):
    Edition.objects.filter(pk=ready.pk).update(valid_to=FIRST.replace(year=FIRST.year + 1))
    answer = client_of(admin_user).get(reverse("reports:rehearsal", args=[ready.pk]), {"on": f"{FIRST.year + 2}-01-01"})
    assert answer.status_code == 200
    assert "error-summary" in answer.content.decode()
