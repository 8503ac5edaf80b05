"""The reporter's private access: a token becomes a cookie at once, and says nothing to whoever guesses."""

import pytest
from django.core import signing
from django.test import Client, RequestFactory
from django.urls import reverse

from reports.codes import new_code
from reports.models import Report
from reports.services import Filing, file_report
from reports.tests.photos import encoded, picture
from reports.tokens import tracking_token
from reports.tracking import COOKIE, MAX_KEPT, SALT, is_reporter, let_in
from tests.lasting_cast import *  # noqa: F403

pytestmark = pytest.mark.django_db


@pytest.fixture
def report(body_a, pothole, spot_a, portal, an) -> Report:
    return file_report(Filing(location=spot_a, category=pothole, description="Ổ gà sâu", name=an.name, phone=an.phone))


def token_of(report: Report) -> str:
    return tracking_token(report.code, report.token_generation)


def browser_of(report: Report) -> Client:
    browser = Client()
    assert browser.get(report.get_absolute_url(), {"token": token_of(report)}).status_code == 302
    return browser


def known(browser: Client, report: Report) -> bool:
    request = RequestFactory().get("/")
    request.COOKIES = {name: morsel.value for name, morsel in browser.cookies.items()}
    return is_reporter(request, report)


def hide(report: Report) -> None:
    Report.objects.filter(pk=report.pk).update(published_at=None)


def test_a_right_token_becomes_a_cookie_and_leaves_the_address(client, report):
    answer = client.get(report.get_absolute_url(), {"token": token_of(report), "lang": "en"})
    assert answer.status_code == 302
    assert answer.headers["Location"] == f"{report.get_absolute_url()}?lang=en"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "no-store" in answer.headers["Cache-Control"]
    assert known(client, report)


@pytest.mark.parametrize("https", [True, False])
def test_the_cookie_is_for_this_site_alone_and_out_of_reach_of_scripts(client, report, settings, https):
    settings.HTTPS = https
    cookie = client.get(report.get_absolute_url(), {"token": token_of(report)}).cookies[COOKIE]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], bool(cookie["secure"])) == (True, "Lax", "/", https)
    assert token_of(report) not in cookie.value


@pytest.mark.parametrize("token", ["", "x", "é\udcff".encode("utf-8", "replace").decode(), "A" * 24, "../../etc"])
def test_a_wrong_token_changes_nothing(client, report, token):
    plain = client.get(report.get_absolute_url())
    answer = client.get(report.get_absolute_url(), {"token": token})
    assert (answer.status_code, COOKIE in answer.cookies) == (plain.status_code, False)
    assert not known(client, report)


def test_of_a_hidden_report_a_wrong_token_looks_like_no_report(client, report):
    hide(report)
    other = new_code()
    missing = client.get(reverse("reports:report", args=[other]), {"token": "A" * 24})
    hidden = client.get(report.get_absolute_url(), {"token": "A" * 24})
    assert hidden.status_code == missing.status_code == 404
    assert hidden.content.decode().replace(report.code, other) == missing.content.decode()
    assert dict(hidden.headers.items()) == dict(missing.headers.items())


def test_the_reporter_sees_a_hidden_report_and_its_photos(report, settings, tmp_path):
    from django.utils import timezone

    from reports.media import keep_photos, prepare_photo

    settings.MEDIA_ROOT = tmp_path
    (photo,) = keep_photos(report, [prepare_photo(encoded(picture()))], at=timezone.now())
    hide(report)
    mine, stranger = browser_of(report), Client()
    for address in (
        report.get_absolute_url(),
        reverse("reports:photo", args=[photo.key]),
        reverse("reports:photo_thumb", args=[photo.key]),
    ):
        assert mine.get(address).status_code == 200
        assert stranger.get(address).status_code == 404
    assert mine.get(reverse("reports:photo", args=[photo.key])).headers["Cache-Control"] == "private, no-cache"


def test_a_new_generation_makes_former_links_and_cookies_void(client, report):
    former = token_of(report)
    mine = browser_of(report)
    report.token_generation += 1
    report.save(update_fields=["token_generation"])
    assert not known(mine, report)
    client.get(report.get_absolute_url(), {"token": former})
    assert not known(client, report)
    assert known(browser_of(report), report)


def test_a_token_is_good_for_one_report_only(client, report, pothole, spot_a):
    other = file_report(Filing(location=spot_a, category=pothole, description="Khác", name="B", phone="0911111111"))
    client.get(other.get_absolute_url(), {"token": token_of(report)})
    assert not known(client, other)


def test_a_cookie_that_was_made_elsewhere_says_nothing(report):
    for value in (
        "x",
        signing.dumps([[report.code, 1]], salt="other"),
        signing.dumps({"a": 1}, salt=SALT),
        signing.dumps([[], 3, None], salt=SALT),
    ):
        request = RequestFactory().get("/")
        request.COOKIES = {COOKIE: value}
        assert not is_reporter(request, report)


def test_the_newest_twenty_reports_are_kept(report):
    request, answer = RequestFactory().get("/"), None
    from django.http import HttpResponse

    reports = [Report(code=new_code(), token_generation=1) for _number in range(MAX_KEPT + 5)]
    for each in reports:
        answer = let_in(request, HttpResponse(), each)
        request.COOKIES = {COOKIE: answer.cookies[COOKIE].value}
    assert [is_reporter(request, each) for each in reports] == [False] * 5 + [True] * MAX_KEPT
    assert len(answer.cookies[COOKIE].value) < 1000
    let_in(request, HttpResponse(), reports[-1])
