"""What is new for somebody at the desk: told to whom it concerns, once, when he or she wants it, and with nothing in it of the reporter."""

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from authorities.deadline_models import DayChange
from authorities.models import Approval
from reports import officer_news, tasks
from reports.desk_models import DeskSettings, OfficerNews, Telling
from reports.models import Message, ReportEvent
from reports.notifications import deliver
from reports.officer_news import tell_daily, tell_officers
from reports.services import Words, take_step
from reports.tests.desk_cases import drafted, file
from reports.tests.worker import forget_jobs, jobs, mail_server, parts, work
from tests.cast import make_person

pytestmark = pytest.mark.django_db
Why = OfficerNews.Why
SETTINGS = reverse("reports:desk_settings")


@pytest.fixture(autouse=True)
def no_jobs(db):
    forget_jobs()


@pytest.fixture
def ground(body_a, body_b, portal, inspectorate, binh, hanh, chi, diep, spot_a, spot_b):
    """Everything that a report of A or B needs, and the people there."""


def told():
    """Tells of every event that has a job, and says to whom of what."""
    OfficerNews.objects.all().delete()
    for job in jobs("tell_officers"):
        tell_officers(job["args"]["event_id"])
    return sorted(OfficerNews.objects.values_list("user__username", "why"))


def wants(user, telling):
    DeskSettings.objects.update_or_create(user=user, defaults={"telling": telling})


def send():
    for message in Message.objects.filter(person__isnull=False, state="waiting"):
        deliver(message.pk)


def test_a_report_that_comes_is_news_for_the_officers_of_its_body(ground, pothole, spot_a):
    file(pothole, spot_a)
    assert told() == [("binh", Why.CAME), ("hanh", Why.CAME)]


def test_what_found_no_body_is_news_for_the_coordinator(ground, pothole, spot_outside):
    file(pothole, spot_outside)
    assert told() == [("diep", Why.TRIAGE)]


def test_what_is_routed_on_is_news_there_and_not_for_who_did_it(ground, diep, body_b, pothole, spot_a):
    report = file(pothole, spot_a)
    forget_jobs()
    take_step(report.pk, step="assign", actor=diep, words=Words(body=body_b))
    assert told() == [("chi", Why.CAME)]


def test_what_is_handed_back_is_news_for_the_coordinator(ground, binh, pothole, spot_a):
    report = file(pothole, spot_a)
    forget_jobs()
    take_step(report.pk, step="to_triage", actor=binh, words=Words(note="Đường của Sở."))
    assert told() == [("diep", Why.TRIAGE)]


def test_who_is_put_in_charge_is_told_and_who_does_it_is_not(ground, binh, hanh, pothole, spot_a):
    report = file(pothole, spot_a)
    forget_jobs()
    take_step(report.pk, step="charge", actor=hanh, words=Words(officer=binh))
    assert told() == [("binh", Why.CHARGED)]


def test_a_draft_is_news_for_who_may_approve_it_and_its_return_for_who_wrote_it(ground, binh, diep, pothole, spot_a):
    report = file(pothole, spot_a)
    forget_jobs()
    drafted(report, binh)
    assert told() == [("diep", Why.REVIEW)]
    forget_jobs()
    take_step(report.pk, step="send_back", actor=diep, words=Words(note="Thiếu ngày."))
    assert told() == [("binh", Why.SENT_BACK)]


def test_where_the_head_approves_the_head_is_told_unless_it_is_the_own_draft(ground, binh, hanh, body_a, pothole, spot_a):
    body_a.approval = Approval.HEAD
    body_a.save()
    first, second = file(pothole, spot_a), file(pothole, spot_a)
    forget_jobs()
    drafted(first, binh)
    assert told() == [("hanh", Why.REVIEW)]
    forget_jobs()
    drafted(second, hanh)
    assert told() == [("diep", Why.REVIEW)]


def test_a_note_of_somebody_else_is_news_for_who_is_in_charge(ground, binh, hanh, pothole, spot_a):
    report = file(pothole, spot_a)
    take_step(report.pk, step="accept", actor=binh)
    forget_jobs()
    take_step(report.pk, step="note", actor=binh, words=Words(note="Cho mình."))
    take_step(report.pk, step="note", actor=hanh, words=Words(note="Gấp."))
    assert told() == [("binh", Why.NOTE)]


def test_the_body_complained_of_is_told_nothing(ground, giang, officials, spot_a):
    file(officials, spot_a)
    assert told() == [("giang", Why.CAME)]


def test_a_step_that_is_rolled_back_is_no_news(ground, binh, hanh, pothole, spot_a):
    report = file(pothole, spot_a)
    take_step(report.pk, step="accept", actor=binh)
    forget_jobs()
    with transaction.atomic():
        take_step(report.pk, step="note", actor=hanh, words=Words(note="Gấp."))
        transaction.set_rollback(True)
    assert jobs("tell_officers") == []


def test_a_job_that_comes_twice_tells_once(ground, binh, pothole, spot_a, mailoutbox):
    wants(binh, Telling.AT_ONCE)
    event = ReportEvent.objects.get(report=file(pothole, spot_a))
    tell_officers(event.pk)
    tell_officers(event.pk)
    send()
    send()
    assert [mail.to for mail in mailoutbox] == [[binh.email]]
    assert OfficerNews.objects.filter(event_id=event.pk, user=binh).count() == 1


def test_the_digest_tells_the_rest_once(ground, binh, hanh, chi, pothole, spot_a, spot_b, mailoutbox):
    wants(hanh, Telling.NEVER)
    reports = [file(pothole, spot) for spot in (spot_a, spot_a, spot_b)]
    assert told() == [("binh", Why.CAME), ("binh", Why.CAME), ("chi", Why.CAME)]
    assert tell_daily() == 2
    assert tell_daily() == 0
    send()
    assert sorted(mail.to[0] for mail in mailoutbox) == [binh.email, chi.email]
    mine = next(mail for mail in mailoutbox if mail.to == [binh.email])
    assert mine.subject == "2 việc mới dành cho bạn"
    assert all(report.readable_code in mine.body for report in reports[:2])
    assert reports[2].readable_code not in mine.body


def test_a_mail_names_code_category_and_place_and_nothing_that_was_written(ground, binh, hanh, an, pothole, spot_a, mailoutbox):
    for person in (binh, hanh):
        wants(person, Telling.AT_ONCE)
    report = file(pothole, spot_a, name=an.name, phone=an.phone, email=an.email, place_note="Gần nhà ông Sáu")
    take_step(report.pk, step="accept", actor=binh)
    take_step(report.pk, step="note", actor=hanh, words=Words(note="Gọi lại sau 17 giờ"))
    told()
    send()
    assert len(mailoutbox) == 3
    for mail in mailoutbox:
        html = mail.alternatives[0][0]
        for text in (mail.subject + mail.body, html):
            assert report.readable_code in text
            assert pothole.name in text
            assert not [word for word in (an.name, an.phone, an.email, "Ổ gà sâu", "Sáu", "17 giờ") if word in text]
        assert reverse("reports:desk_report", args=[report.code]) in mail.body
        assert SETTINGS in mail.body


def test_what_is_no_longer_visible_or_wanted_is_not_told(ground, binh, hanh, pothole, spot_a, mailoutbox):
    for person in (binh, hanh):
        wants(person, Telling.AT_ONCE)
    file(pothole, spot_a)
    told()
    binh.memberships.all().delete()
    wants(hanh, Telling.NEVER)
    send()
    assert mailoutbox == []
    assert set(Message.objects.filter(person__isnull=False).values_list("state", flat=True)) == {"dropped"}


def test_each_reads_in_the_own_language(ground, binh, pothole, spot_a, mailoutbox):
    binh.language = "en"
    binh.save()
    wants(binh, Telling.AT_ONCE)
    file(pothole, spot_a)
    told()
    send()
    assert "came to your body: Potholes" in mailoutbox[0].subject
    assert "?lang=en" in mailoutbox[0].body


def test_who_has_no_address_or_is_switched_off_is_not_told(ground, binh, hanh, pothole, spot_a):
    binh.email, hanh.is_active = "", False
    binh.save()
    hanh.save()
    file(pothole, spot_a)
    assert told() == []


def test_people_choose_how_they_are_told(ground, client_of, binh):
    client = client_of(binh)
    assert client.get(SETTINGS).context["form"].initial == {"telling": Telling.DAILY}
    assert client.post(SETTINGS, {"telling": "at_once"}).status_code == 302
    assert DeskSettings.objects.get(user=binh).telling == Telling.AT_ONCE
    assert client.post(SETTINGS, {"telling": "nonsense"}).status_code == 422
    assert DeskSettings.objects.get(user=binh).telling == Telling.AT_ONCE
    assert client.get(SETTINGS).context["form"].initial == {"telling": Telling.AT_ONCE}


def test_what_is_long_told_is_deleted(ground, pothole, spot_a):
    file(pothole, spot_a)
    told()
    assert officer_news.forget_told(now=timezone.now()) == 0
    assert officer_news.forget_told(now=timezone.now() + officer_news.KEPT) == 2


def test_a_superior_body_is_not_told_of_each_report_below(ground, lan, pothole, spot_a):
    file(pothole, spot_a)
    assert "lan" not in {who for who, _why in told()}


@pytest.mark.django_db(transaction=True)
def test_from_the_step_to_the_mail_by_the_real_worker_and_a_real_mail_server(ground, settings, body_a, hanh, pothole, spot_a):
    mai = make_person("mai", "Ngô Thị Mai", body_a, "officer")
    wants(mai, Telling.AT_ONCE)
    with mail_server() as sink:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", sink.port, 5
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        report = file(pothole, spot_a)
        take_step(report.pk, step="charge", actor=hanh, words=Words(officer=mai))
        work()
        first, second = sink.to(mai.email)
        assert {"chuyển đến cơ quan của bạn", "nay do bạn phụ trách"} <= {
            word for word in ("chuyển đến cơ quan của bạn", "nay do bạn phụ trách") for mail in (first, second) if word in mail["Subject"]
        }
        assert report.readable_code in parts(first)[0]
        assert sink.to(hanh.email) == []
        DayChange.objects.create(day=timezone.localdate(), works=True)  # whatever day it is
        tasks.tell_officers_daily.defer(timestamp=0)
        work()
        (digest,) = sink.to(hanh.email)
        assert "chuyển đến cơ quan của bạn" in digest["Subject"]
