"""/reports/new/ and the page after it, as the server answers them: without scripts, with errors, hostile input and limits."""

import re

import pytest
from django.contrib.gis.geos import Point
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from boundaries.tests.factories import SIZE, WEST
from reports.models import Contact, Follow, Report, ReportEvent
from reports.services import Filing, file_report
from reports.tests.photos import encoded, picture
from reports.tokens import is_tracking_token
from reports.tracking import COOKIE
from tests.lasting_cast import *  # noqa: F403

pytestmark = pytest.mark.django_db

URL = "/reports/new/"
WHERE = "/reports/new/where/"
SIMILAR = "/reports/new/similar/"
METRES = 1 / 109_900  # degrees of longitude at 9 °N


@pytest.fixture(autouse=True)
def ground(settings, tmp_path, pothole, law, officials, procedures, body_a, body_b, portal, inspectorate):
    """Categories and bodies, photos in a folder of the test, no limits."""
    settings.MEDIA_ROOT = tmp_path
    settings.THROTTLES = dict.fromkeys(settings.THROTTLES, "")
    settings.SITE_URL = "https://portal.example"


@pytest.fixture
def typed(an):
    """A form that can be sent."""
    return {
        "key": "k1", "lat": "9.05", "lon": "105.05", "category": "pothole", "description": "Ổ gà to giữa đường", "name": an.name,
        "phone": "0912 345 678", "do": "send",
    }  # fmt: skip


def photo(content=None, name="a.jpg"):
    return SimpleUploadedFile(name, content if content is not None else encoded(picture((64, 48))), "image/jpeg")


def errors_in(response):
    """The fields with an error, and the sentences of the summary."""
    assert response.status_code == 422, response.status_code
    return set(response.context["form"].errors)


class TestThePage:
    def test_opens_for_everybody_and_is_kept_by_no_cache(self, client):
        response = client.get(URL)
        assert response.status_code == 200
        assert "no-store" in response.headers["cache-control"]
        assert response.content.decode().count("<h1") == 1

    def test_each_visit_has_a_key_of_its_own(self, client):
        keys = {re.search(r'name="key" value="([\w-]{20,})"', client.get(URL).content.decode())[1] for _ in range(3)}
        assert len(keys) == 3

    def test_every_category_is_a_tile_and_says_its_guidance_before(self, client):
        page = client.get(URL, headers={"cookie": ""}).content.decode()
        for category in ("pothole", "law", "officials", "procedures"):
            assert f'value="{category}"' in page
        assert "Mời bạn hỏi tại Trung tâm Phục vụ hành chính công." in page
        assert page.index("Không tiếp nhận ở đây") < page.index('value="procedures"')

    def test_a_link_can_bring_place_and_category(self, client):
        page = client.get(f"{URL}?lat=9.05&lon=105.05&category=pothole").content.decode()
        assert "UBND phường An Lạc sẽ nhận phản ánh này." in page
        assert 'value="pothole" id="id_category" checked' in page

    @pytest.mark.parametrize(
        "query",
        ["lat=abc&lon=1", "lat=nan&lon=nan", "lat=9999&lon=1", "lat=9.05&lon=105.05&accuracy=nan", "category=<script>", "place_unit='\"--"],
    )
    def test_a_strange_link_breaks_nothing(self, client, query):
        response = client.get(f"{URL}?{query}")
        assert response.status_code == 200
        assert "<script>" not in response.content.decode().split("<main")[1].split("</main")[0]

    def test_other_methods_are_refused(self, client):
        assert client.put(URL).status_code == 405

    def test_a_form_from_elsewhere_is_refused(self, typed):
        assert Client(enforce_csrf_checks=True).post(URL, typed).status_code == 403


class TestSending:
    def test_files_and_redirects_to_what_happens_next(self, client, typed, an, commune_a, body_a):
        response = client.post(URL, {**typed, "email": an.email, "accuracy": "12"})
        report = Report.objects.get()
        assert (response.status_code, response["Location"]) == (302, f"/reports/{report.code}/filed/")
        assert (report.unit, report.authority, report.accuracy_m, report.channel, report.language) == (commune_a, body_a, 12, "web", "vi")
        contact = Contact.objects.get()
        assert (contact.name, contact.phone, contact.email) == (an.name, an.phone, an.email)

    def test_in_the_language_of_the_page(self, client, typed):
        client.get(f"{URL}?lang=en")
        client.post(URL, typed)
        assert Report.objects.get().language == "en"

    def test_a_script_is_answered_with_the_address(self, client, typed):
        response = client.post(URL, typed, headers={"x-requested-with": "fetch"})
        assert (response.status_code, response.json()) == (201, {"url": f"/reports/{Report.objects.get().code}/filed/"})
        assert COOKIE in response.cookies

    def test_the_same_form_again_is_the_same_report(self, client, typed):
        first, second = client.post(URL, typed), client.post(URL, typed)
        assert first["Location"] == second["Location"]
        assert Report.objects.count() == 1

    def test_changed_and_sent_again_leads_to_the_first_and_says_so(self, client, typed):
        client.post(URL, typed)
        response = client.post(URL, {**typed, "description": "Khác hẳn"}, follow=True)
        assert Report.objects.get().description == "Ổ gà to giữa đường"
        assert "Phản ánh đã đến từ trước" in response.content.decode()

    def test_a_guessed_key_of_an_api_client_opens_nothing(self, client, typed, an):
        api = {"lat": 9.05, "lon": 105.05, "category": "pothole", "description": "Của người khác", "name": "Khác", "phone": "0987654321"}
        assert client.post("/api/v1/reports/", api, content_type="application/json", headers={"idempotency-key": "1"}).status_code == 201
        first = Report.objects.get()
        response = Client().post(URL, {**typed, "key": "1"})
        assert first.code not in response["Location"]
        assert Report.objects.count() == 2

    def test_with_photos(self, client, typed):
        client.post(URL, {**typed, "photos": [photo(), photo(encoded(picture((70, 50))))]})
        assert Report.objects.get().photos.count() == 2

    def test_windows_line_ends_do_not_count_twice(self, client, typed):
        text = "\r\n".join(["a" * 99] * 50)  # 4,999 characters with single line ends
        client.post(URL, {**typed, "description": text})
        assert Report.objects.get().description == text.replace("\r\n", "\n")

    def test_a_check_files_nothing(self, client, typed):
        assert client.post(URL, {**typed, "do": "check"}).status_code == 204
        assert client.post(URL, {**typed, "do": "check", "name": ""}).status_code == 422
        assert not Report.objects.exists()

    def test_anonymously_where_the_category_allows(self, client, typed):
        client.post(URL, {**typed, "category": "officials", "name": "", "phone": ""})
        assert not Contact.objects.exists()
        assert Report.objects.get().authority.code == "thanh-tra-phu-hai"

    def test_a_digital_team_files_for_somebody_else_and_is_told_so(self, client_of, typed, to, binh):
        team = client_of(to)
        assert "Bạn đang gửi thay cho người khác" in team.get(URL).content.decode()
        team.post(URL, typed)
        report = Report.objects.get()
        assert (report.channel, report.filed_by) == ("team", to)
        assert ReportEvent.objects.get().actor_id == to.pk
        officer = client_of(binh)
        assert "Bạn đang gửi thay" not in officer.get(URL).content.decode()
        officer.post(URL, {**typed, "key": "k2", "not_these": report.code})
        assert Report.objects.latest("pk").filed_by is None


class TestMistakes:
    def test_an_empty_form_names_everything_and_stays_422(self, client):
        response = client.post(URL, {"do": "send"})
        assert errors_in(response) == {"place", "category", "description", "name", "phone"}
        page = response.content.decode()
        assert page.index("<h1") < page.index('class="error-summary"') < page.index("<form class")
        for anchor in ("id_place", "id_category", "id_description", "id_name", "id_phone"):
            assert f'href="#{anchor}"' in page
            assert f'id="{anchor}"' in page
        assert "Lỗi:" in page.split("</title>")[0]

    def test_nothing_typed_is_lost(self, client, typed, an):
        response = client.post(URL, {**typed, "phone": "12", "place_note": "Trước <chợ>", "email": an.email, "place": "an lac"})
        assert errors_in(response) == {"phone"}
        page = response.content.decode()
        for text in (
            "Ổ gà to giữa đường",
            "Trước &lt;chợ&gt;",
            an.name,
            an.email,
            'value="12"',
            'value="9.05"',
            'value="k1"',
            'value="an lac"',
        ):
            assert text in page, text
        assert 'value="pothole" id="id_category" checked' in page
        assert "UBND phường An Lạc sẽ nhận phản ánh này." in page

    def test_a_refused_photo_loses_no_text_and_asks_for_the_photos_again(self, client, typed):
        response = client.post(URL, {**typed, "photos": [photo(), photo(b"not a photo", "b.jpg")]})
        assert errors_in(response) == {"photos"}
        assert "Ảnh 2:" in str(response.context["form"].errors["photos"])
        assert "Xin chọn lại ảnh" in response.content.decode()
        assert "Ổ gà to" in response.content.decode()
        assert not Report.objects.exists()

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("description", "a" * 5001), ("description", "\u200b \n"), ("description", "a\x00b"), ("place_note", "a" * 301), ("name", "a" * 121),
            ("name", "\u200b"), ("phone", "٠٩١٢٣٤٥٦٧٨"), ("phone", "1" * 31), ("email", "nobody"), ("email", "a@b.example\r\nBcc: c@d.example"),
            ("category", "nothing"), ("category", "procedures"), ("category", "\x00"),
        ],
    )  # fmt: skip
    def test_what_cannot_be_kept_is_named(self, client, typed, field, value):
        assert field in errors_in(client.post(URL, {**typed, field: value}))
        assert not Report.objects.exists()

    @pytest.mark.parametrize(
        ("lat", "lon"), [("", ""), ("nan", "105"), ("9", ""), ("abc", "105"), ("91", "200"), ("\x00", "1"), ("9" * 50, "1")]
    )
    def test_a_spot_that_is_none_is_asked_for(self, client, typed, lat, lon):
        assert {"place", "lat"} & errors_in(client.post(URL, {**typed, "lat": lat, "lon": lon}))

    def test_out_of_scope_is_answered_with_its_guidance(self, client, typed):
        response = client.post(URL, {**typed, "category": "procedures"})
        assert "Mời bạn hỏi tại Trung tâm" in str(response.context["form"].errors["category"])

    def test_six_photos_are_too_many(self, client, typed):
        files = [photo(encoded(picture((60 + number, 40)))) for number in range(6)]
        assert errors_in(client.post(URL, {**typed, "photos": files})) == {"photos"}

    @pytest.mark.parametrize("key", ["", "k" * 101, "khóa", "a\tb"])
    def test_a_strange_key_files_all_the_same_or_is_named(self, client, typed, key):
        response = client.post(URL, {**typed, "key": key})
        assert response.status_code in {302, 422}

    def test_the_limit_loses_no_text_either(self, client, typed, settings):
        settings.THROTTLES = {**settings.THROTTLES, "file": "1/h"}
        client.post(URL, typed)
        response = client.post(URL, {**typed, "key": "k2"})
        assert response.status_code == 429
        assert "Ổ gà to giữa đường" in response.content.decode()
        assert 'class="error-summary"' in response.content.decode()
        assert Report.objects.count() == 1

    def test_mistakes_do_not_count_against_the_limit(self, client, typed, settings):
        settings.THROTTLES = {**settings.THROTTLES, "file": "1/h"}
        for _ in range(3):
            client.post(URL, {**typed, "name": ""})
        assert client.post(URL, typed).status_code == 302


class TestThePlaceWithoutScripts:
    def test_a_search_shows_places_as_buttons_and_keeps_what_was_typed(self, client, typed):
        del typed["lat"], typed["lon"]
        response = client.post(URL, {**typed, "place": "binh yen", "do": "find"})
        assert response.status_code == 200
        page = response.content.decode()
        assert 'name="spot"' in page
        assert "Xã Bình Yên" in page
        assert "Ổ gà to giữa đường" in page
        assert 'class="error-summary"' not in page

    def test_a_commune_is_a_spot_with_its_reach_and_raises_no_question(self, client, typed):
        del typed["lat"], typed["lon"]
        page = client.post(URL, {**typed, "place": "binh yen", "do": "find"}).content.decode()
        spot = re.search(r'name="spot" value="([^"]+)"', page)[1]
        assert spot.endswith(",90002")
        response = client.post(URL, {**typed, "spot": spot})
        form = response.context["form"]
        assert (form.typed("place_unit"), form.typed("accuracy")) == ("90002", "5000")
        assert "UBND xã Bình Yên sẽ nhận phản ánh này." in response.content.decode()
        known = {name: form.typed(name) for name in ("lat", "lon", "accuracy", "place_unit")}
        assert errors_in(client.post(URL, {**typed, **known})) == {"place_note"}
        client.post(URL, {**typed, **known, "place_note": "Cạnh chợ"})
        report = Report.objects.get()
        assert (report.unit.code, report.ambiguous) == ("90002", False)

    def test_coordinates_are_taken_at_once_and_swapped_ones_offered(self, client, typed):
        del typed["lat"], typed["lon"]
        response = client.post(URL, {**typed, "place": "9.05, 105.05", "do": "find"})
        assert response.context["form"].point.coords == (105.05, 9.05)
        swapped = client.post(URL, {**typed, "place": "105.05, 9.05", "do": "find"})
        assert swapped.context["form"].point is None
        assert "bị đảo" in swapped.content.decode()
        assert 'name="spot" value="9.050000,105.050000,0,"' in swapped.content.decode()

    def test_sent_with_a_place_typed_but_not_chosen_shows_the_places(self, client, typed):
        del typed["lat"], typed["lon"]
        response = client.post(URL, {**typed, "place": "an lac"})
        assert errors_in(response) == {"place"}
        assert 'name="spot"' in response.content.decode()

    def test_a_province_is_no_spot(self, client, typed):
        page = client.post(URL, {**typed, "place": "Phú Hải", "do": "find"}).content.decode()
        assert 'name="spot"' not in page

    @pytest.mark.parametrize("spot", ["", "a,b,c,d", "9", "9,105,nan,1", "999,999,0,", "9.05,105.05,-5,90001", "9.05,105.05,0,' OR 1=1"])
    def test_a_strange_spot_breaks_nothing(self, client, typed, spot):
        assert client.post(URL, {**typed, "spot": spot}).status_code == 200

    def test_swapped_hidden_coordinates_say_how_they_are_meant(self, client, typed):
        response = client.post(URL, {**typed, "lat": "105.05", "lon": "9.05"})
        assert errors_in(response) == {"place"}
        assert "vĩ độ 9.05, kinh độ 105.05" in str(response.context["form"].errors["place"])


class TestTheQuestionAtABorder:
    @pytest.fixture
    def on_border(self, typed):
        return {**typed, "lon": f"{WEST + SIZE - 30 * METRES:.6f}", "accuracy": "100"}

    def test_is_asked_where_it_was_not_answered(self, client, on_border):
        response = client.post(URL, on_border)
        assert errors_in(response) == {"unit"}
        page = response.content.decode()
        assert re.search(r'value="90001" id="id_unit" checked', page)  # the largest share
        assert 'name="unit" value="90002"' in page

    @pytest.mark.parametrize(
        ("answer", "unit", "ambiguous"), [("90002", "90002", False), ("90001", "90001", False), ("unsure", "90001", True)]
    )
    def test_its_answer_decides(self, client, on_border, answer, unit, ambiguous):
        client.post(URL, {**on_border, "unit": answer})
        report = Report.objects.get()
        assert (report.unit.code, report.ambiguous) == (unit, ambiguous)

    def test_away_from_borders_there_is_no_question(self, client, typed):
        assert client.post(URL, {**typed, "accuracy": "100"}).status_code == 302

    def test_the_part_for_scripts_keeps_the_answer(self, client, on_border):
        asked = {name: on_border[name] for name in ("lat", "lon", "accuracy", "category")}
        page = client.get(WHERE, {**asked, "unit": "90002"}).content.decode()
        assert "UBND xã Bình Yên sẽ nhận phản ánh này." in page
        assert re.search(r'value="90002" checked', page)
        assert "<html" not in page


class TestSimilarReports:
    @pytest.fixture
    def filed(self, an, spot_a, pothole):
        def make(**changes):
            return file_report(
                Filing(**{"location": spot_a, "category": pothole, "description": "Ổ gà", "name": an.name, "phone": an.phone, **changes})
            )

        return make

    def shown(self, client, **asked):
        page = client.post(SIMILAR, {"lat": "9.05", "lon": "105.05", "category": "pothole", **asked}).content.decode()
        return re.findall(r"/reports/(\w{10})/#follow", page)

    def test_open_public_ones_of_the_category_close_by_the_nearest_first(self, client, filed):
        far = filed(location=Point(105.05 + 80 * METRES, 9.05, srid=4326)).code
        near = filed(location=Point(105.05 + 20 * METRES, 9.05, srid=4326)).code
        assert self.shown(client) == [near, far]

    def test_no_others(self, client, filed, law, officials):
        too_far = filed(location=Point(105.05 + 160 * METRES, 9.05, srid=4326))
        closed = filed()
        hidden = filed()
        Report.objects.filter(pk=closed.pk).update(status="resolved", closed_at=timezone.now(), authority_at_closing=closed.authority_id)
        Report.objects.filter(pk=hidden.pk).update(published_at=None)
        filed(category=law)
        assert self.shown(client) == []
        assert self.shown(client, category="law") == []
        filed(category=officials)
        assert self.shown(client, category="officials") == []
        assert too_far.code not in client.post(SIMILAR, {"lat": "9.05", "lon": "105.05"}).content.decode()

    def test_at_most_three(self, client, filed):
        for _ in range(4):
            filed()
        assert len(self.shown(client)) == 3

    @pytest.mark.parametrize("query", ["", "lat=x&lon=y", "lat=9.05&lon=105.05&category=x", "lat=9.05&lon=105.05&unit=%27", "accuracy=nan"])
    def test_a_strange_question_breaks_nothing(self, client, query):
        assert client.get(f"{WHERE}?{query}").status_code == 200
        assert client.post(SIMILAR, query, content_type="application/x-www-form-urlencoded").status_code == 200


def test_looking_up_spots_is_limited(client, settings):
    settings.THROTTLES = {**settings.THROTTLES, "locate": "2/m"}
    assert [client.get(WHERE, {"lat": "9.05", "lon": "105.05"}).status_code for _ in range(3)] == [200, 200, 429]


class TestAfterSending:
    @pytest.fixture
    def sent(self, client, typed):
        address = client.post(URL, typed)["Location"]
        return Report.objects.get(), address

    def test_shows_code_next_step_due_date_and_the_private_link(self, client, sent):
        report, address = sent
        page = client.get(address).content.decode()
        assert report.readable_code in page
        assert "UBND phường An Lạc" in page
        assert f"{timezone.localtime(report.due_at):%-d/%-m/%Y}" in page
        link = re.search(r"https://portal\.example/reports/(\w{10})/\?token=([\w-]+)", page)
        assert link[1] == report.code
        assert is_tracking_token(link[2], report.code, 1)
        assert 'src="data:image/svg+xml' in page
        assert page.count("<h1") == 1
        assert 'name="robots" content="noindex"' in page

    def test_nobody_else_may_see_it(self, client, sent, client_of, binh, admin_user):
        _report, address = sent
        assert Client().get(address).status_code == 404
        assert client_of(binh).get(address).status_code == 404
        assert client_of(admin_user).get(address).status_code == 404
        assert client.get("/reports/AAAAAAAAAA/filed/").status_code == 404
        assert client.get("/reports/new/filed/").status_code == 404

    def test_the_link_in_it_stays_here(self, client, sent):
        response = client.get(sent[1])
        assert response.headers["referrer-policy"] == "no-referrer"
        assert "no-store" in response.headers["cache-control"]

    def test_who_gave_an_address_is_told_by_mail_who_did_not_is_asked(self, client, typed, an):
        client.post(URL, {**typed, "key": "k2", "email": an.email})
        report = Report.objects.get()
        page = client.get(f"/reports/{report.code}/filed/").content.decode()
        assert "qua email" in page
        assert f'action="/reports/{report.code}/follow/"' not in page
        Follow.objects.all().delete()
        assert f'action="/reports/{report.code}/follow/"' in client.get(f"/reports/{report.code}/filed/").content.decode()

    def test_speaks_of_no_contact_data(self, client, sent, an):
        page = client.get(sent[1]).content.decode()
        for secret in (an.name, an.phone, "912 345"):
            assert secret not in page

    def test_of_a_report_in_triage_it_says_that_a_coordinator_decides(self, client, typed):
        address = client.post(URL, {**typed, "lat": "8.5", "lon": "104.6"})["Location"]
        assert "Điều phối viên sẽ quyết định" in client.get(address).content.decode()
