"""Following a territory by e-mail: asked for like a report, told once a day, and still the same ground after a merger."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from django.contrib.gis.geos import Point
from django.db import IntegrityError, connections, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from boundaries.tests.factories import SIZE, WEST
from reports import following, mails, notifications, tasks
from reports.models import Message, Report, UnitFollow
from reports.news import last_evening, territory_of
from reports.services import Filing, file_report
from reports.territory import activate_and_reroute, rehearse
from reports.territory.listing import lines
from reports.tests.worker import forget_jobs, jobs, mail_server, work
from reports.tokens import follow_token
from tests.merger import FIRST

pytestmark = pytest.mark.django_db

MAIL = "theo.doi@hopthu.example"
BEFORE = timezone.now() - timedelta(hours=1)
TOMORROW = timezone.now() + timedelta(days=1)


@pytest.fixture(autouse=True)
def no_jobs(db):
    forget_jobs()


@pytest.fixture
def bodies(body_a, body_b, portal):
    """Somebody answers everywhere."""


@pytest.fixture
def file(bodies, pothole):
    """Files a report so many times the width of A east of its western border."""

    def filed(east: float, text: str = "Ổ gà sâu trước nhà ông Sáu", **more) -> Report:
        spot = Point(WEST + east * SIZE, 9.05, srid=4326)
        return file_report(Filing(location=spot, category=pothole, description=text, **more))

    return filed


@pytest.fixture
def tell(mailoutbox):
    """Tells of the news until a moment, and gives the mails that went out."""

    def told(at: datetime = TOMORROW) -> list:
        before = len(mailoutbox)
        notifications.tell_of_news(at=at)
        send()
        return mailoutbox[before:]

    return told


def send() -> None:
    for message in Message.objects.filter(state="waiting", unit_follow__isnull=False).order_by("pk"):
        notifications.deliver(message.pk)


def follower(unit, email: str = MAIL, **more) -> UnitFollow:
    return UnitFollow.objects.create(unit=unit, email=email, **{"confirmed_at": BEFORE, "told_until": BEFORE, **more})


def codes(mail) -> set[str]:
    """The reports that a mail names, the same in text and HTML."""
    text, page = (set(re.findall(r"/reports/(\w+)/", part)) for part in (mail.body, mail.alternatives[0][0]))
    assert text == page
    return text


def whole(mail) -> str:
    return "\n".join([mail.subject, mail.body, mail.alternatives[0][0], *mail.extra_headers.values()])


def ask(client: Client, code: str = "90001", email: str = MAIL, on: str = ""):
    address = reverse("reports:follow_unit", args=[code]) + (f"?on={on}" if on else "")
    return client.post(address, {"email": email}, follow=True)


def link_in(mail, word: str) -> str:
    return re.search(rf"https?://\S+/{word}/", mail.body)[0]


def address_of(follow: UnitFollow, name: str, purpose: str) -> str:
    return reverse(f"reports:{name}", args=[follow.pk, follow_token(purpose, follow.pk)])


# --- the territory, not the row -----------------------------------------------------------------------------------------


def test_after_a_merger_a_follower_of_an_old_commune_is_told_of_the_same_ground(draft, commune_c, commune_a, commune_b, file, tell):
    follow = follower(commune_a)
    activate_and_reroute(edition=draft)
    in_a, in_b = file(0.5), file(1.5)
    assert in_a.unit == in_b.unit == commune_c
    (mail,) = tell()
    assert codes(mail) == {in_a.code}
    assert "Phường An Lạc như đến hết ngày" in mail.body
    assert "Phường Hợp Nhất" in mail.body  # where it lies today
    assert "Ngừng nhận email về địa bàn này" in mail.alternatives[0][0]
    assert "Để ngừng nhận email về địa bàn này" in mail.body
    follow.refresh_from_db()
    assert follow.unit == commune_a


def test_a_follower_of_the_merged_commune_is_told_of_all_of_it(draft, commune_c, file, tell):
    before = file(0.4)
    activate_and_reroute(edition=draft)
    follower(commune_c)
    after = [file(0.5), file(1.5)]
    (mail,) = tell()
    assert codes(mail) == {report.code for report in (before, *after)}
    assert "như đến hết ngày" not in mail.body


def test_after_a_division_followers_of_a_part_are_told_of_that_part_only(draft, divided, commune_a, file, tell):
    west, east = divided()
    activate_and_reroute(edition=draft)
    for unit in (commune_a, west, east):
        follower(unit)
    in_west, in_east = file(0.1), file(0.6)
    by_unit = {mail.subject.split("]")[0][1:]: codes(mail) for mail in tell()}
    assert by_unit == {west.name: {in_west.code}, east.name: {in_east.code}, commune_a.name: {in_west.code, in_east.code}}


def test_a_follower_of_a_province_is_told_of_what_lies_in_its_communes(draft, commune_c, province, file, tell):
    follower(province)
    reports = {file(0.5).code, file(1.5).code}
    assert [codes(mail) for mail in tell()] == [reports]
    activate_and_reroute(edition=draft)
    UnitFollow.objects.update(told_until=BEFORE)
    Message.objects.all().delete()
    assert [codes(mail) for mail in tell()] == [reports]  # once, though they lie in two editions


def test_a_rehearsal_says_that_followers_of_units_that_end_go_on(draft, commune_c, commune_a, commune_b, province, bodies):
    for number in range(2):
        follower(commune_a, f"{number}@b.example")
    follower(commune_b, confirmed_at=None)
    follower(province)
    found = [line for line in lines(rehearse(edition=draft)) if line.what == "followers"]
    assert [(line.from_code, line.from_name, line.count) for line in found] == [("90001", "Phường An Lạc", 2)]


def test_the_page_of_a_rehearsal_names_no_follower(draft, commune_c, commune_a, bodies, client_of, diep):
    follower(commune_a)
    text = client_of(diep).get(reverse("reports:rehearsal", args=[draft.pk])).content.decode()
    assert "Người theo dõi qua email" in text
    assert MAIL not in text


# --- what is told -------------------------------------------------------------------------------------------------------


def test_only_public_reports_are_told(commune_a, file, tell, law, officials, inspectorate, an):
    follower(commune_a)
    public = file(0.5, name=an.name, phone=an.phone, email=an.email)
    for category in (law, officials):
        report = file_report(Filing(location=public.location, category=category, description="Chưa ai xem"))
        if category == officials:
            Report.objects.filter(pk=report.pk).update(published_at=timezone.now())
    (mail,) = tell()
    assert codes(mail) == {public.code}
    for secret in (an.name, an.phone, an.email, "ông Sáu", "Chưa ai xem", "token="):
        assert secret not in whole(mail)


def test_what_is_hidden_before_the_mail_goes_out_is_not_told(commune_a, file, mailoutbox):
    follower(commune_a)
    kept, hidden = file(0.5), file(0.6)
    notifications.tell_of_news(at=TOMORROW)
    Report.objects.filter(pk=hidden.pk).update(published_at=None)
    send()
    assert [codes(mail) for mail in mailoutbox] == [{kept.code}]


def test_a_mail_of_which_nothing_is_left_is_dropped(commune_a, file, mailoutbox):
    follower(commune_a)
    file(0.5)
    notifications.tell_of_news(at=TOMORROW)
    Report.objects.update(published_at=None)
    send()
    assert mailoutbox == []
    assert Message.objects.get(unit_follow__isnull=False).state == "dropped"


def test_resolved_reports_are_told_and_each_report_stands_once(commune_a, file, tell):
    follower(commune_a)
    known, new, returned = file(0.5), file(0.6), file(0.7)
    Report.objects.filter(pk__in=[known.pk, returned.pk]).update(published_at=BEFORE - timedelta(days=9))
    closing = {"closed_at": timezone.now(), "authority_at_closing": known.authority}
    Report.objects.filter(pk__in=[known.pk, new.pk]).update(status="resolved", **closing)
    (mail,) = tell()
    assert "1 phản ánh mới, 1 phản ánh đã giải quyết" in mail.subject
    assert re.findall(r"/reports/(\w+)/", mail.body) == [new.code, known.code]


def test_a_mail_names_at_most_so_many_and_counts_the_rest(commune_a, file, tell, monkeypatch):
    monkeypatch.setattr(mails, "MAX_NEWS", 2)
    follower(commune_a)
    for _number in range(5):
        file(0.5)
    (mail,) = tell()
    assert len(codes(mail)) == 2
    assert "[Phường An Lạc] 5 phản ánh mới" in mail.subject
    assert "Và 3 phản ánh nữa" in mail.body
    assert commune_a.get_absolute_url() in mail.body


def test_without_news_there_is_no_mail(commune_a, commune_b, file, tell):
    follower(commune_a)
    file(1.5)
    assert tell() == []


@pytest.mark.parametrize("state", [{"confirmed_at": None}, {"ended_at": BEFORE}])
def test_who_has_not_confirmed_or_has_ended_it_is_not_told(commune_a, file, tell, state):
    follower(commune_a, **state)
    file(0.5)
    assert tell() == []


def test_who_unsubscribes_before_the_mail_goes_out_does_not_get_it(commune_a, file, mailoutbox):
    follow = follower(commune_a)
    file(0.5)
    notifications.tell_of_news(at=TOMORROW)
    Client().post(address_of(follow, "unit_unsubscribe", "unsubscribe_unit"))
    send()
    assert mailoutbox == []


def test_a_follower_is_told_of_what_came_after_the_confirmation(commune_a, file, tell):
    follow = follower(commune_a, confirmed_at=None)
    file(0.5)
    following.confirm_unit(follow)
    later = file(0.6)
    following.confirm_unit(follow)  # again: nothing is forgotten
    assert [codes(mail) for mail in tell()] == [{later.code}]


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_mail_speaks_the_language_of_its_reader(commune_a, file, tell, language):
    follower(commune_a, language=language)
    report = file(0.5)
    (mail,) = tell()
    with translation.override(language):
        assert report.category.label in mail.body
    assert ("?lang=en" in mail.body) is (language == "en")
    assert ("1 new report" in mail.subject) is (language == "en")
    assert "%(" not in whole(mail)


# --- once a day ---------------------------------------------------------------------------------------------------------


def test_a_job_that_comes_twice_tells_once(commune_a, file, tell):
    follower(commune_a)
    file(0.5)
    assert len(tell()) == 1
    assert tell() == []
    late = file(0.6)
    Report.objects.filter(pk=late.pk).update(published_at=last_evening(TOMORROW) + timedelta(minutes=1))
    assert tell() == []  # of the next day
    assert [codes(mail) for mail in tell(TOMORROW + timedelta(days=1))] == [{late.code}]


def test_a_day_on_which_no_worker_ran_is_told_with_the_next(commune_a, file, tell):
    follower(commune_a)
    reports = {file(0.5).code, file(0.6).code}
    assert [codes(mail) for mail in tell(TOMORROW + timedelta(days=3))] == [reports]


def test_a_job_that_dies_half_way_leaves_nothing_told_and_nothing_lost(commune_a, file, tell, monkeypatch):
    follow = follower(commune_a)
    file(0.5)
    with monkeypatch.context() as broken:
        broken.setattr(tasks.send_message, "batch_defer", lambda *jobs: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            tell()
    follow.refresh_from_db()
    assert (follow.told_until, Message.objects.filter(unit_follow=follow).count()) == (BEFORE, 0)
    assert len(tell()) == 1


@pytest.mark.django_db(transaction=True)
def test_many_workers_at_one_evening_tell_each_follower_once(commune_a, file):
    for number in range(20):
        follower(commune_a, f"{number}@b.example")
    file(0.5)
    forget_jobs()
    start = threading.Barrier(4)

    def tell(_worker: int) -> int:
        start.wait()
        try:
            return notifications.tell_of_news(at=TOMORROW)
        finally:
            connections["default"].close()

    with ThreadPoolExecutor(4) as workers:
        assert sum(workers.map(tell, range(4))) == 20
    assert (Message.objects.filter(unit_follow__isnull=False).count(), len(jobs("send_message"))) == (20, 20)


@pytest.mark.django_db(transaction=True)
def test_by_the_real_worker_and_a_real_mail_server(commune_a, file, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    ago = timezone.now() - timedelta(days=3)
    follower(commune_a, told_until=ago)
    follower(commune_a, "khong.co@hopthu.example", told_until=ago)
    file(0.5)
    Report.objects.update(published_at=timezone.now() - timedelta(days=2))
    forget_jobs()
    with mail_server() as server:
        server.refusals["khong.co@hopthu.example"] = ["550 5.1.1 no such mailbox"]
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", server.port, 5
        for _time in range(2):
            tasks.tell_of_news.defer(timestamp=0)
            work()
    (mail,) = server.to(MAIL)
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "hopthu" not in str(jobs())
    failed = Message.objects.get(state="failed")
    assert failed.unit_follow.email == "khong.co@hopthu.example"
    assert notifications.send_again(failed)


def test_a_mail_goes_to_one_follower_once_a_day(commune_a):
    follow = follower(commune_a)
    news = {"unit_follow": follow, "purpose": "news", "news_since": BEFORE, "news_until": TOMORROW}
    Message.objects.create(**news)
    for wrong in (news, news | {"unit_follow": None}, news | {"news_since": TOMORROW + timedelta(days=1)}, news | {"event_id": 1}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Message.objects.create(**wrong)


@pytest.mark.parametrize(
    ("at", "evening"),
    [
        ("2026-03-05T17:54", "2026-03-04"),
        ("2026-03-05T17:55", "2026-03-05"),
        ("2026-03-05T23:59", "2026-03-05"),
        ("2026-03-06T00:00", "2026-03-05"),
    ],
)
def test_a_day_of_news_ends_at_five_to_six_in_vietnam(at, evening):
    moment = datetime.fromisoformat(f"{at}:00+07:00")
    assert last_evening(moment) == datetime.fromisoformat(f"{evening}T17:55:00+07:00")


def test_finding_the_news_takes_as_many_queries_for_many_followers(commune_a, commune_b, file, django_assert_num_queries):
    first, second = TOMORROW, TOMORROW + timedelta(days=1)
    file(0.5)
    follower(commune_a)
    with django_assert_num_queries(9):
        notifications.tell_of_news(at=first)
    UnitFollow.objects.all().delete()
    UnitFollow.objects.bulk_create(
        UnitFollow(unit=unit, email=f"{number}@b.example", confirmed_at=BEFORE, told_until=BEFORE)
        for unit in (commune_a, commune_b) for number in range(200)
    )  # fmt: skip
    with django_assert_num_queries(9):
        notifications.tell_of_news(at=second)
    assert Message.objects.filter(news_until=last_evening(second)).count() == 200


# --- asking, confirming, ending -----------------------------------------------------------------------------------------


def test_the_page_of_a_commune_asks_and_a_mail_confirms(client, commune_a, mailoutbox):
    page = client.get(commune_a.get_absolute_url()).content.decode()
    assert reverse("reports:follow_unit", args=["90001"]) in page
    assert ask(client).redirect_chain == [(commune_a.get_absolute_url(), 302)]
    send()
    (mail,) = mailoutbox
    link = link_in(mail, "confirm")
    assert "Phường An Lạc" in mail.body
    for looked in (True, False):
        browser = Client(enforce_csrf_checks=True)
        assert (browser.get if looked else browser.post)(link).status_code == 200
        assert (UnitFollow.objects.get().confirmed_at is None) is looked  # scanners of mails follow links
    assert UnitFollow.objects.get().is_told


def test_the_page_of_a_former_unit_says_what_is_followed(client, draft, commune_c, commune_a, bodies, mailoutbox):
    activate_and_reroute(edition=draft)
    commune_a.refresh_from_db()
    last = FIRST - timedelta(days=1)
    said = f"như đến hết ngày {last.day}/{last.month}/{last.year}"
    assert said in client.get(commune_a.get_absolute_url()).content.decode()
    assert ask(client, on=last.isoformat()).status_code == 200
    follow = UnitFollow.objects.get()
    assert follow.unit == commune_a
    send()
    assert said in mailoutbox[0].body
    assert said in Client().get(link_in(mailoutbox[0], "confirm")).content.decode()
    assert said in territory_of(commune_a)


@pytest.mark.parametrize("known", ["nobody", "asked", "confirmed", "ended", "declined"])
def test_the_answer_is_the_same_whatever_is_known_of_an_address(client, commune_a, known):
    if known != "nobody":
        confirmed, ended = known in ("confirmed", "ended"), known in ("ended", "declined")
        follower(commune_a, confirmed_at=BEFORE if confirmed else None, ended_at=BEFORE if ended else None)
    answer, other = ask(client, email=MAIL.upper()), ask(Client(), email="neu@moi.example")
    assert answer.redirect_chain == other.redirect_chain
    assert [str(message) for message in answer.context["messages"]] == [str(message) for message in other.context["messages"]]
    send()
    assert Message.objects.filter(unit_follow__email__iexact=MAIL).count() == (known in ("nobody", "asked", "ended"))


def test_one_address_is_asked_once_an_hour_and_a_few_times_a_day(commune_a, commune_b, settings):
    settings.THROTTLES = {**settings.THROTTLES, "follow_address": "2/d"}
    begun = timezone.now().replace(hour=1)
    for minutes in (0, 59, 61, 130):
        following.ask_to_follow_unit(commune_a, email=MAIL, language="vi", at=begun + timedelta(minutes=minutes))
    following.ask_to_follow_unit(commune_b, email=MAIL, language="vi", at=begun)
    assert len(jobs("send_message")) == 2


def test_one_client_may_not_ask_for_many(client, commune_a, settings):
    settings.THROTTLES = {**settings.THROTTLES, "follow": "2/h"}
    assert [ask(client, email=f"a{number}@b.example").status_code for number in range(3)] == [200, 200, 429]
    assert UnitFollow.objects.count() == 2


def test_what_is_no_address_or_no_unit_is_said_so(client, commune_a, commune_c):
    assert ask(client, email="an at hopthu").status_code == 422
    assert [ask(client, code).status_code for code in ("99999", "90009")] == [404, 404]  # unknown; a draft
    assert [ask(client, on=day).status_code for day in ("2019-12-31", "mai")] == [404, 404]
    assert client.get(reverse("reports:follow_unit", args=["90001"])).status_code == 200
    assert UnitFollow.objects.count() == 0


def test_a_link_is_good_for_one_purpose_and_one_follower(commune_a):
    follow = follower(commune_a, confirmed_at=None)
    for purpose in ("confirm", "unsubscribe", "unsubscribe_unit"):
        assert Client().post(address_of(follow, "unit_follow_confirm", purpose)).status_code == 404
    for purpose in ("confirm_unit", "unsubscribe"):  # one of a report has the same number
        assert Client().post(address_of(follow, "unit_unsubscribe", purpose)).status_code == 404
    other = reverse("reports:unit_follow_confirm", args=[follow.pk + 1, follow_token("confirm_unit", follow.pk)])
    assert Client().post(other).status_code == 404
    follow.refresh_from_db()
    assert (follow.confirmed_at, follow.ended_at) == (None, None)


def test_one_click_ends_the_mails_without_cookies_and_looking_does_not(commune_a):
    follow = follower(commune_a)
    address = address_of(follow, "unit_unsubscribe", "unsubscribe_unit")
    browser = Client(enforce_csrf_checks=True)
    page = browser.get(address)
    assert b"<button" in page.content
    assert MAIL.encode() not in page.content
    assert UnitFollow.objects.get().is_told
    for _time in range(2):
        answer = browser.post(address, "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded")
        assert (answer.status_code, answer.headers["Referrer-Policy"]) == (200, "no-referrer")
    assert not UnitFollow.objects.get().is_told
    follow.delete()
    assert browser.post(address).status_code == 200


def test_addresses_that_nobody_wants_any_more_are_erased_with_their_mails(commune_a):
    now, long_ago = timezone.now(), timezone.now() - timedelta(days=40)
    follower(commune_a, "told@b.example", since=long_ago)
    follower(commune_a, "declined@b.example", since=long_ago, confirmed_at=None, ended_at=now)
    follower(commune_a, "new@b.example", confirmed_at=None)
    for name, state in (("silent", {"confirmed_at": None}), ("ended", {"ended_at": long_ago})):
        gone = follower(commune_a, f"{name}@b.example", since=long_ago, **state)
        Message.objects.create(unit_follow=gone, purpose="confirm_unit")
    following.forget_ended(now=now)
    assert set(UnitFollow.objects.values_list("email", flat=True)) == {f"{name}@b.example" for name in ("told", "declined", "new")}
    assert Message.objects.count() == 0


def test_the_list_of_mails_names_the_unit_and_no_address(commune_a, client_of, admin_user):
    Message.objects.create(unit_follow=follower(commune_a), purpose="news", state="failed", news_since=BEFORE, news_until=TOMORROW)
    text = client_of(admin_user).get("/admin/reports/message/").content.decode()
    assert "Phường An Lạc" in text
    assert MAIL not in text
