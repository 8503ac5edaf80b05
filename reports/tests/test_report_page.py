"""/reports/{code}/: what everybody sees, what the reporter and officers see, and what nobody does."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.gis.geos import Point
from django.test import Client
from django.utils import timezone

from authorities.models import Publication, ReturnReason
from boundaries.tests.factories import SIZE, WEST
from reports.codes import new_code
from reports.media import keep_photos, prepare_photo
from reports.models import Report
from reports.services import Filing, Words, file_report, take_step
from reports.tests.photos import encoded, picture
from reports.tokens import tracking_token
from reports.tracking import COOKIE

pytestmark = pytest.mark.django_db

METRES = 1 / 109_900  # degrees of longitude at 9 °N


@pytest.fixture(autouse=True)
def ground(settings, tmp_path):
    """Photos in a folder of the test."""
    settings.MEDIA_ROOT = tmp_path
    settings.SITE_URL = "https://portal.example"


@pytest.fixture
def filed(pothole, an, spot_a, body_a, body_b, portal):
    """Files a report by the service."""

    def make(**changes):
        at = changes.pop("at", timezone.now() - timedelta(hours=3))
        known = {
            "location": spot_a, "category": pothole, "description": "Ổ gà to <b>giữa</b> đường", "name": an.name, "phone": an.phone, "email": an.email,
        }  # fmt: skip
        return file_report(Filing(**{**known, **changes}), at=at)

    return make


def page_of(client, report, **asked):
    response = client.get(report.get_absolute_url(), asked)
    assert response.status_code == 200
    return response.content.decode()


class TestWhatItShows:
    def test_category_place_status_text_and_next_step(self, client, filed):
        report = filed(place_note="Trước chợ")
        page = page_of(client, report)
        heading = re.sub(r"\s+", " ", re.sub("<[^>]+>", "", re.search("<h1>(.*?)</h1>", page, re.DOTALL)[1]))
        assert heading == "Ổ gà, hư hỏng mặt đường – Phường An Lạc"
        assert page.count("<h1") == 1
        assert "status--new" in page
        assert "UBND phường An Lạc xem và tiếp nhận phản ánh." in page
        assert f"{timezone.localtime(report.due_at):%-d/%-m/%Y}" in page
        assert "Ổ gà to &lt;b&gt;giữa&lt;/b&gt; đường" in page
        assert "Trước chợ" in page
        assert report.readable_code in page

    def test_head_for_search_engines_and_for_sharing(self, client, filed):
        report = filed(photos=[prepare_photo(encoded(picture()))])
        page = page_of(client, report)
        assert f'<link rel="canonical" href="https://portal.example/reports/{report.code}/">' in page
        assert '<meta property="og:title" content="Ổ gà, hư hỏng mặt đường – Phường An Lạc">' in page
        assert f'<meta property="og:image" content="https://portal.example/photos/{report.photos.get().key}/">' in page
        assert "noindex" not in page

    def test_the_steps_with_the_time_each_took(self, client, filed, binh, diep):
        start = timezone.now() - timedelta(days=10)
        report = filed(at=start)
        take_step(report.pk, step="accept", actor=binh, at=start + timedelta(hours=5))
        take_step(report.pk, step="draft_reply", actor=binh, words=Words(reply="Sẽ vá."), at=start + timedelta(days=3))
        page = page_of(client, report)
        assert "Sẽ vá." not in page  # a draft is nobody's business
        take_step(report.pk, step="publish_reply", actor=diep, words=Words(reply="Đã vá xong."), at=start + timedelta(days=4))
        page = page_of(client, report)
        assert "sau 5 giờ" in page
        assert "sau 2 ngày" in page
        assert "sau 24 giờ" in page  # from the draft to its approval: both times are public
        assert "Đã vá xong." in page
        assert re.search(r"<strong>UBND phường An Lạc</strong>", page)
        assert "status--resolved" in page
        assert "timeline-step--next" not in page

    def test_a_second_answer_has_a_name_of_its_own(self, client, filed, binh, diep):
        report = filed()
        for step, actor, words in (
            ("accept", binh, Words()),
            ("draft_reply", binh, Words(reply="Đã vá.")),
            ("publish_reply", diep, Words(reply="Đã vá.")),
            ("reopen", diep, Words(note="Lại hỏng.")),
            ("draft_reply", binh, Words(reply="Đã vá lại.")),
            ("publish_reply", diep, Words(reply="Đã vá lại.")),
        ):
            take_step(report.pk, step=step, actor=actor, words=words)
        page = page_of(client, report)
        assert re.findall(r"Trả lời lần \d", page) == ["Trả lời lần 1", "Trả lời lần 2"]
        assert len(set(re.findall(r'aria-labelledby="(reply-\d)"', page))) == 2

    def test_of_a_returned_one_the_reason_and_the_right_channel(self, client, filed, binh):
        reason = ReturnReason.objects.create(
            code="procedure", name="Thủ tục hành chính", name_en="Procedure", channel="Gọi 1022.", channel_en="Call 1022."
        )
        report = filed()
        take_step(report.pk, step="return", actor=binh, words=Words(reason=reason, reply="Không thuộc phạm vi."))
        page = page_of(client, report)
        for text in ("Thủ tục hành chính", "Gọi 1022.", "Không thuộc phạm vi.", "status--returned"):
            assert text in page

    def test_photos_before_and_after_beside_each_other(self, client, filed):
        report = filed(photos=[prepare_photo(encoded(picture()))])
        assert 'class="before-after"' not in page_of(client, report)
        keep_photos(report, [prepare_photo(encoded(picture((300, 200))))], at=timezone.now(), kind="answer")
        assert 'class="before-after"' in page_of(client, report)

    def test_why_here_place_act_border_rule_and_later_moves(self, client, filed, binh, diep, body_b):
        report = filed(location=Point(WEST + SIZE - 30 * METRES, 9.05, srid=4326), accuracy_m=100)
        take_step(report.pk, step="to_triage", actor=binh, words=Words(note="Không phải của chúng tôi"))
        take_step(report.pk, step="assign", actor=diep, words=Words(body=body_b, note="Thuộc xã bên"))
        why = re.search(r'<details class="details" id="why">(.*?)</details>', page_of(client, report), re.DOTALL)[1]
        for text in (
            "Phường An Lạc",
            "1/NQ-UBTVQH",
            "9.05000, 105.09973",
            "cách 30 m",
            "Xã Bình Yên",
            "Cổng Thông tin điện tử tỉnh Phú Hải",
            "UBND xã Bình Yên",
        ):
            assert text in why, text
        assert "Không phải của chúng tôi" not in why  # notes are for officers
        assert "sai số 100 m" in why

    def test_a_unit_that_is_no_more_says_until_when_it_was(self, client, filed, commune_a):
        report = filed()
        commune_a.validity = (datetime(2020, 1, 1).date(), timezone.localdate() - timedelta(days=1))
        commune_a.save()
        day = timezone.localdate() - timedelta(days=2)
        assert f"(đến hết {day:%-d/%-m/%Y})" in page_of(client, report)

    def test_outside_everything_there_is_no_unit_and_no_error(self, client, filed, spot_outside):
        page = page_of(client, filed(location=spot_outside))
        assert "ngoài địa bàn các xã, phường" in page
        assert "status--triage" in page

    def test_in_english_too(self, client, filed):
        page = page_of(client, filed(), lang="en")
        assert "Potholes and damaged roads" in page
        assert "What happened so far" in page

    def test_the_price_does_not_grow_with_the_history(self, client, filed, binh, django_assert_num_queries):
        report = filed(photos=[prepare_photo(encoded(picture()))])
        url = report.get_absolute_url()
        with django_assert_num_queries(9):
            client.get(url)
        for _ in range(4):
            take_step(report.pk, step="accept" if report.status == "new" else "note", actor=binh, words=Words(note="x"))
            report.refresh_from_db()
        with django_assert_num_queries(9):
            client.get(url)


class TestAddresses:
    @pytest.mark.parametrize("how", [str.lower, lambda code: f"{code[:3]}-{code[3:7]}-{code[7:]}", lambda code: code.replace("0", "O")])
    def test_a_code_as_people_type_it_leads_to_the_one_address(self, client, filed, how):
        report = filed()
        while how(report.code) == report.code:
            report = filed()
        response = client.get(f"/reports/{how(report.code)}/?lang=en")
        assert (response.status_code, response["Location"]) == (301, f"/reports/{report.code}/?lang=en")

    def test_a_hidden_report_is_not_betrayed_by_a_redirect(self, client, filed, officials, inspectorate):
        report = filed(category=officials)
        assert client.get(f"/reports/{report.code.lower()}/").status_code == 404

    @pytest.mark.parametrize("code", ["AAAAAAAAAA", "x", "..%2f", "🚧", "1" * 300])
    def test_what_is_no_report_is_not_found(self, client, code):
        assert client.get(f"/reports/{code}/").status_code == 404

    def test_only_reading(self, client, filed):
        assert client.post(filed().get_absolute_url()).status_code == 405


class TestWhoSeesWhatIsNotPublic:
    @pytest.fixture(params=["never", "shown by mistake", "not looked at yet", "taken out of view"])
    def hidden(self, request, filed, officials, law, inspectorate):
        if request.param == "not looked at yet":
            return filed(category=law)
        report = filed(category=officials) if request.param != "taken out of view" else filed()
        Report.objects.filter(pk=report.pk).update(published_at=timezone.now() if request.param == "shown by mistake" else None)
        report.refresh_from_db()
        return report

    def test_to_strangers_it_is_as_if_it_did_not_exist(self, client, hidden, client_of, dung, to):
        never_given = client.get(f"/reports/{new_code()}/")
        response = client.get(hidden.get_absolute_url())
        assert (response.status_code, never_given.status_code) == (404, 404)
        assert response.content.replace(hidden.code.encode(), b"") == never_given.content.replace(
            never_given.wsgi_request.path.split("/")[2].encode(), b""
        )
        for somebody in (dung, to):
            assert client_of(somebody).get(hidden.get_absolute_url()).status_code == 404

    def test_the_reporter_sees_it_by_the_link_and_then_by_the_cookie(self, client, hidden):
        link = f"{hidden.get_absolute_url()}?token={tracking_token(hidden.code, 1)}"
        response = client.get(link)
        assert (response.status_code, response["Location"]) == (302, hidden.get_absolute_url())
        assert COOKIE in response.cookies
        page = page_of(client, hidden)
        assert "Phản ánh không công khai" in page
        assert 'name="robots" content="noindex"' in page
        assert "og:title" not in page
        assert Client().get(hidden.get_absolute_url()).status_code == 404
        assert Client().get(f"{hidden.get_absolute_url()}?token=wrong").status_code == 404

    def test_an_officer_who_handles_it_sees_it_with_a_way_to_the_desk(self, client_of, hidden, giang, binh, diep):
        officer = giang if hidden.category.about_officials else binh
        page = page_of(client_of(officer), hidden)
        assert f"/desk/reports/{hidden.code}/" in page
        assert "Bạn xem được vì cơ quan của bạn có liên quan" in page
        assert 'id="follow"' not in page  # officers have the desk

    def test_a_body_that_is_complained_of_never_sees_it(self, client_of, filed, officials, inspectorate, binh, hanh, chi):
        report = filed(category=officials)
        for somebody in (binh, hanh, chi):
            assert client_of(somebody).get(report.get_absolute_url()).status_code == 404

    def test_a_category_that_turns_sensitive_takes_its_reports_along(self, client, filed, pothole):
        report = filed()
        pothole.publication = Publication.NEVER
        pothole.save()
        assert client.get(report.get_absolute_url()).status_code == 404


class TestPersonalData:
    """Nguyễn Văn An, 0912345678, is nowhere in anything that everybody may open."""

    @pytest.fixture
    def worked_on(self, filed, binh, diep):
        report = filed(photos=[prepare_photo(encoded(picture()))])
        take_step(report.pk, step="accept", actor=binh, words=Words(note="Đã gọi Nguyễn Văn An 0912345678"))
        take_step(report.pk, step="draft_reply", actor=binh, words=Words(reply="Sẽ vá."))
        take_step(report.pk, step="publish_reply", actor=diep, words=Words(reply="Đã vá."))
        return report

    def test_on_no_public_page(self, client, worked_on, an, binh, diep):
        report = worked_on
        pages = (
            report.get_absolute_url(), f"{report.get_absolute_url()}?lang=en", "/", "/?fragment=list", "/reports/new/?lat=9.05&lon=105.05&category=pothole",
            "/reports/new/where/?lat=9.05&lon=105.05&category=pothole", f"/reports/{report.code}/follow/", "/communes/", "/communes/90001/",
            "/where/?lat=9.05&lon=105.05", "/api/v1/schema/",
        )  # fmt: skip
        for path in pages:
            response = client.get(path)
            assert response.status_code == 200, path
            text = response.content.decode()
            for secret in (
                an.name,
                an.phone,
                "912345678",
                "0912 345 678",
                an.email,
                "Nguyễn Văn An",
                binh.full_name,
                diep.full_name,
                binh.email,
            ):
                assert secret not in text, (path, secret)

    def test_not_even_on_the_reporters_own_page(self, client, worked_on, an):
        """A link may be passed on by mistake; what it opens must not name anybody."""
        client.get(f"{worked_on.get_absolute_url()}?token={tracking_token(worked_on.code, 1)}")
        page = page_of(client, worked_on)
        for secret in (an.name, an.phone, an.email):
            assert secret not in page

    def test_not_in_the_history(self, worked_on, an):
        for event in worked_on.events.all():
            for secret in (an.name, an.phone, an.email):
                assert secret not in str(event.data)


def test_an_overdue_report_says_when_the_answer_was_due(client, filed):
    report = filed(at=datetime(2025, 8, 4, 3, 0, tzinfo=UTC))
    page = page_of(client, report)
    assert "status--overdue" in page
    assert "Hạn trả lời là ngày 13/8/2025." in page
