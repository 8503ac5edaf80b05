"""The API of reports: what it takes, what it refuses in which words, what it shows to whom."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.gis.geos import Point
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.test import Client
from django.utils import timezone

from authorities.models import Publication
from boundaries.tests.factories import SIZE, WEST
from reports.codes import new_code
from reports.models import Contact, Report
from reports.services import Filing, Words, file_report, take_step
from reports.tests.photos import encoded, picture
from reports.tokens import is_tracking_token

pytestmark = pytest.mark.django_db

URL = "/api/v1/reports/"
METRES = 1 / 109_900  # degrees of longitude at 9 °N


@pytest.fixture(autouse=True)
def no_limit_and_no_files_left(settings, tmp_path):
    settings.THROTTLES = dict.fromkeys(settings.THROTTLES, "")
    settings.MEDIA_ROOT = tmp_path
    settings.SITE_URL = "https://portal.example"


@pytest.fixture
def body_of_call(pothole, an, body_a, portal):
    """A right request."""
    return {"lat": 9.05, "lon": 105.05, "category": "pothole", "description": "Ổ gà to giữa đường", "name": an.name, "phone": an.phone}


@pytest.fixture
def post(client):
    """POSTs JSON, or with `files` multipart."""

    def send(content, key=None, files=None, accept_language="en", **headers):
        headers = {"accept-language": accept_language, **headers}
        if key is not None:
            headers["idempotency-key"] = key
        if files is not None:
            return client.post(URL, {**content, "media": files}, headers=headers)
        data = content if isinstance(content, bytes | str) else json.dumps(content)
        return client.post(URL, data, content_type="application/json", headers=headers)

    return send


@pytest.fixture
def filed(pothole, an, spot_a, body_a, body_b, portal):
    """Files a report by the service."""

    def make(**changes):
        at = changes.pop("at", None)
        known = {"location": spot_a, "category": pothole, "description": "Ổ gà", "name": an.name, "phone": an.phone, "email": an.email}
        return file_report(Filing(**{**known, **changes}), at=at)

    return make


def photo(name="a.jpg", content=None, kind="image/jpeg"):
    return SimpleUploadedFile(name, content if content is not None else encoded(picture((64, 48))), kind)


def errors_of(response, status=400):
    assert response.status_code == status, response.content[:300]
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == status
    assert problem["title"]
    return problem.get("errors", {})


class TestFiling:
    def test_answers_with_code_link_unit_body_and_why(self, post, body_of_call, commune_a, body_a):
        response = post(body_of_call)
        assert response.status_code == 201
        answer = response.json()
        report = Report.objects.get()
        assert set(answer) == {"code", "tracking_url", "tracking_token", "unit", "authority", "routing", "status", "due_at"}
        assert answer["code"] == report.code
        assert is_tracking_token(answer["tracking_token"], report.code, 1)
        assert answer["tracking_url"] == f"https://portal.example/reports/{report.code}/?token={answer['tracking_token']}"
        assert answer["unit"] == {"code": "90001", "name": "Phường An Lạc"}
        assert answer["authority"] == {"code": "ubnd-an-lac", "name": "UBND phường An Lạc"}
        assert [step["step"] for step in answer["routing"]] == ["place", "edition", "rule", "body"]
        assert answer["status"] == "new"
        assert datetime.fromisoformat(answer["due_at"]) == report.due_at
        assert answer["due_at"].endswith("T17:00:00+07:00")

    def test_says_it_in_the_language_of_the_caller(self, post, body_of_call):
        vi = post(body_of_call, accept_language="vi").json()["routing"][0]["text"]
        en = post(body_of_call, accept_language="en").json()["routing"][0]["text"]
        assert en == "The spot lies in Phường An Lạc, Tỉnh Phú Hải."
        assert Report.objects.filter(language="vi").count() == 1
        assert vi

    def test_takes_every_optional_field(self, post, body_of_call, an):
        seen = timezone.now() - timedelta(hours=3)
        more = {"accuracy_m": 8.5, "email": an.email, "observed_at": seen.isoformat(), "place_note": "Trước chợ"}
        assert post({**body_of_call, **more}).status_code == 201
        report = Report.objects.get()
        assert (report.accuracy_m, report.observed_at, report.place_note, report.channel) == (8.5, seen, "Trước chợ", "api")
        assert report.contact.email == an.email

    def test_takes_photos_as_multipart(self, post, body_of_call):
        assert (
            post(body_of_call, files=[photo("a.jpg"), photo("b.png", encoded(picture((50, 50)), "PNG"), "text/plain")]).status_code == 201
        )
        assert Report.objects.get().photos.count() == 2

    def test_a_refused_photo_refuses_the_call_by_its_number(self, post, body_of_call):
        errors = errors_of(post(body_of_call, files=[photo(), photo("b.jpg", b"GIF89a, but no")]))
        assert list(errors) == ["media"]
        assert errors["media"][0].startswith("Photo 2:")
        assert not Report.objects.exists()

    def test_an_anonymous_report_where_the_category_allows(self, post, body_of_call, officials, inspectorate):
        content = {**body_of_call, "category": "officials"}
        del content["name"], content["phone"]
        assert post(content).status_code == 201
        assert not Contact.objects.exists()

    def test_otherwise_name_and_phone_are_asked_for(self, post, body_of_call):
        del body_of_call["name"], body_of_call["phone"]
        assert set(errors_of(post(body_of_call))) == {"name", "phone"}
        assert set(errors_of(post({**body_of_call, "name": "  ", "phone": " - "}))) == {"name", "phone"}

    def test_what_is_out_of_scope_is_refused_with_its_guidance(self, post, body_of_call, procedures):
        errors = errors_of(post({**body_of_call, "category": "procedures"}))
        assert errors == {"category": ["Please ask at the public service centre."]}

    def test_the_answer_to_the_question_at_a_border(self, post, body_of_call, commune_b, body_b):
        content = {**body_of_call, "lon": WEST + SIZE - 30 * METRES, "accuracy_m": 100, "unit": "90002"}
        assert post(content).json()["authority"]["code"] == "ubnd-binh-yen"

    def test_a_digital_team_files_for_somebody_else(self, client_of, body_of_call, to, binh):
        for user, channel in ((to, "team"), (binh, "api")):
            client = client_of(user)
            assert client.post(URL, body_of_call, content_type="application/json").status_code == 201
            report = Report.objects.latest("pk")
            assert (report.channel, report.filed_by) == (channel, to if user == to else None)

    def test_is_limited(self, post, body_of_call, settings):
        settings.THROTTLES = {**settings.THROTTLES, "file": "2/h"}
        assert [post(body_of_call).status_code for _ in range(3)] == [201, 201, 429]
        assert Report.objects.count() == 2


class TestIdempotency:
    def test_the_same_key_and_body_has_the_same_answer(self, post, body_of_call):
        first, again = post(body_of_call, key="one"), post(body_of_call, key="one")
        assert (first.status_code, again.status_code) == (201, 200)
        assert first.json() == again.json()
        assert Report.objects.count() == 1

    def test_with_photos_too(self, post, body_of_call):
        assert [post(body_of_call, key="one", files=[photo()]).status_code for _ in range(2)] == [201, 200]
        assert errors_of(post(body_of_call, key="one", files=[photo(content=encoded(picture((65, 48))))]), 422) == {}

    def test_the_same_key_with_another_body_is_refused_and_nothing_is_told_of_the_first(self, post, body_of_call):
        first = post(body_of_call, key="one").json()
        response = post({**body_of_call, "description": "Khác"}, key="one")
        errors_of(response, 422)
        assert first["code"] not in response.content.decode()
        assert first["tracking_token"] not in response.content.decode()

    def test_without_a_key_each_call_is_a_report(self, post, body_of_call):
        assert [post(body_of_call).status_code, post(body_of_call, key="  ").status_code] == [201, 201]
        assert Report.objects.count() == 2

    @pytest.mark.parametrize("key", ["a" * 101, "khóa", "a\tb", "a\x00b", "\x7f", "form:abc"])
    def test_an_odd_key_is_refused(self, post, body_of_call, key):
        assert list(errors_of(post(body_of_call, key=key))) == ["Idempotency-Key"]
        assert not Report.objects.exists()

    def test_a_key_of_any_printable_letters_is_taken(self, post, body_of_call):
        assert [post(body_of_call, key='"8e03978e-40d5-43e8"; %s \'').status_code for _ in range(2)] == [201, 200]

    @pytest.mark.django_db(transaction=True)
    def test_simultaneous_calls_file_one_report(self, body_of_call):
        barrier = threading.Barrier(3)

        def send(_):
            barrier.wait()
            try:
                return Client().post(URL, body_of_call, content_type="application/json", headers={"idempotency-key": "together"})
            finally:
                connections.close_all()

        with ThreadPoolExecutor(3) as pool:
            answers = list(pool.map(send, range(3)))
        assert sorted(answer.status_code for answer in answers) == [200, 200, 201]
        assert len({answer.content for answer in answers}) == 1
        assert Report.objects.count() == 1


class TestHostileInput:
    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("description", ""),
            ("description", "   \n"),
            ("description", "a" * 5001),
            ("description", "a\x00b"),
            ("description", "\ud800"),
            ("description", "\u200b"),
            ("description", {"a": 1}),
            ("description", ["a"]),
            ("description", None),
            ("description", True),
            ("lat", "nan"),
            ("lat", "Infinity"),
            ("lat", "1e999"),
            ("lat", 10**400),
            ("lat", True),
            ("lat", None),
            ("lat", [9.05]),
            ("lat", "chín"),
            ("lat", 91),
            ("lon", -181),
            ("lon", ""),
            ("accuracy_m", -1),
            ("accuracy_m", "inf"),
            ("accuracy_m", 100_001),
            ("category", "nothing"),
            ("category", ""),
            ("category", None),
            ("category", {"code": "pothole"}),
            ("category", ["pothole"]),
            ("category", "pot\x00hole"),
            ("category", "\ud800"),
            ("category", 10**30),
            ("observed_at", "yesterday"),
            ("observed_at", "1900-01-01T00:00:00Z"),
            ("observed_at", "0001-01-01T00:00:00"),
            ("observed_at", "9999-12-31T23:59:59Z"),
            ("observed_at", 1700000000),
            ("name", "a" * 121),
            ("name", "An\x00"),
            ("name", {"first": "An"}),
            ("phone", "113"),
            ("phone", "0912345678; DROP TABLE"),
            ("phone", "٠٩١٢٣٤٥٦٧٨"),
            ("email", "nobody"),
            ("email", "a@b.example\nBcc: c@d.example"),
            ("unit", "1" * 11),
            ("unit", {"code": "90001"}),
            ("media", ["https://example.org/a.jpg"]),
            ("media", "data:image/png;base64,AAAA"),
            ("media", [None]),
        ],
    )
    def test_a_wrong_field_is_named(self, post, body_of_call, field, value):
        assert list(errors_of(post({**body_of_call, field: value}))) == [field]
        assert not Report.objects.exists()

    @pytest.mark.parametrize("field", ["lat", "lon", "category", "description"])
    def test_a_missing_field_is_named(self, post, body_of_call, field):
        del body_of_call[field]
        assert field in errors_of(post(body_of_call))

    def test_swapped_coordinates_are_offered_the_right_way_round(self, post, body_of_call):
        response = post({**body_of_call, "lat": 105.05, "lon": 9.05})
        assert response.status_code == 400
        assert response.json()["suggestion"] == {"lat": 9.05, "lon": 105.05}

    @pytest.mark.parametrize(
        "content",
        [
            b"", b"{", b"[]", b"null", b'"text"', b"42", b"[{}]", b"\xff\xfe{}", '{"lat": "Đ"}'.encode("utf-16"), b"NaN", b'{"lat": NaN}',
            b'{"description": "\\u0000"}', b"[" * 100_000, b'{"a":' * 50_000 + b"1" + b"}" * 50_000, b'{"lat": ' + b"9" * 5000 + b"}",
        ],
    )  # fmt: skip
    def test_what_is_no_object_is_refused(self, post, body_of_call, content):
        errors_of(post(content))
        assert not Report.objects.exists()

    def test_ten_megabytes_of_json_are_refused_unread(self, post, body_of_call):
        errors_of(post({**body_of_call, "description": "a" * 10_000_000}), 413)

    def test_ten_megabytes_of_a_form_field_are_refused(self, post, body_of_call):
        errors_of(post({**body_of_call, "description": "a" * 10_000_000}, files=[]), 413)

    def test_six_photos_are_too_many(self, post, body_of_call):
        files = [photo(content=encoded(picture((40 + number, 40)))) for number in range(6)]
        assert list(errors_of(post(body_of_call, files=files))) == ["media"]

    def test_a_hundred_photos_are_too_many_to_be_read(self, post, body_of_call):
        errors_of(post(body_of_call, files=[photo(content=b"x") for _ in range(100)]))

    def test_a_thousand_fields_are_too_many(self, post, body_of_call):
        errors_of(post({**body_of_call, **{f"x{number}": "1" for number in range(1000)}}, files=[]))

    @pytest.mark.parametrize(
        "kind", ["text/plain", "application/xml", "application/x-www-form-urlencoded", "image/jpeg", "", "multipart/form-data"]
    )
    def test_other_kinds_of_content_are_refused(self, client, body_of_call, kind):
        response = client.post(URL, json.dumps(body_of_call), content_type=kind)
        assert response.status_code in {400, 415}
        assert response.headers["content-type"] == "application/problem+json"

    def test_an_unknown_charset_is_harmless(self, client, body_of_call):
        for charset in ("nonsense", "utf-16", "idna", "hex", "unicode_escape"):
            response = client.generic("POST", URL, json.dumps(body_of_call), content_type=f"application/json; charset={charset}")
            assert response.status_code in {201, 400}, charset

    def test_a_broken_multipart_body_is_refused(self, client, body_of_call):
        for content in (b"", b"--x", b'--x\r\nContent-Disposition: form-data; name="lat"\r\n\r\n9.05'):
            response = client.generic("POST", URL, content, content_type="multipart/form-data; boundary=x")
            assert response.status_code == 400
            assert response.headers["content-type"] == "application/problem+json"

    def test_of_a_field_that_comes_twice_the_last_counts(self, client, body_of_call):
        response = client.post(URL, {**body_of_call, "description": ["Một", "Hai"]})
        assert response.status_code == 201
        assert Report.objects.get().description == "Hai"

    def test_what_only_the_server_decides_cannot_be_sent(self, post, body_of_call, admin_user):
        sent = {"status": "resolved", "authority": "x", "code": "AAAAAAAAAA", "published_at": None, "severity": 3, "channel": "phone",
                "filed_by": admin_user.pk, "id": 7, "due_at": "2099-01-01"}  # fmt: skip
        assert post({**body_of_call, **sent}).status_code == 201
        report = Report.objects.get()
        assert (report.status, report.severity, report.channel, report.filed_by) == ("new", 2, "api", None)
        assert report.published_at is not None

    def test_a_text_is_given_back_as_data_not_markup(self, post, client, body_of_call):
        nasty = "<script>alert(1)</script>\n{{ 7*7 }} '; DROP TABLE reports_report; --"
        code = post({**body_of_call, "description": nasty}).json()["code"]
        answer = client.get(f"{URL}{code}/")
        assert answer.json()["properties"]["description"] == nasty
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-content-type-options"] == "nosniff"

    def test_errors_speak_vietnamese_unless_asked_otherwise(self, client, body_of_call):
        del body_of_call["category"]
        vi = client.post(URL, body_of_call, content_type="application/json").headers["content-language"]
        assert vi == "vi"


class TestDestination:
    ADDRESS = "/api/v1/reports/destination/"

    @pytest.fixture
    def ask(self, client, body_a, body_b, portal, pothole):
        return lambda **asked: client.get(self.ADDRESS, asked, headers={"accept-language": "en"})

    def test_names_unit_and_body(self, ask, spot_a):
        answer = ask(lat=9.05, lon=105.05, category="pothole").json()
        assert answer["unit"]["code"] == "90001"
        assert [above["code"] for above in answer["unit"]["ancestors"]] == ["90"]
        assert answer["authority"] == {"code": "ubnd-an-lac", "name": "UBND phường An Lạc"}
        assert (answer["method"], answer["ambiguous"], answer["choices"], answer["needs_triage"]) == ("inside", False, [], False)
        assert answer["text"] == "This spot lies in Phường An Lạc. UBND phường An Lạc will get this report."

    def test_is_where_a_report_really_goes(self, ask, post, body_of_call, health, officials, inspectorate, department):
        for category in ("pothole", "health", "officials"):
            told = ask(lat=9.05, lon=105.05, category=category).json()["authority"]
            assert post({**body_of_call, "category": category}).json()["authority"] == told

    def test_without_a_category_it_names_the_usual_body(self, ask):
        answer = ask(lat=9.05, lon=105.05).json()
        assert answer["authority"]["code"] == "ubnd-an-lac"
        assert "Most reports from here go to" in answer["text"]

    def test_at_a_border_it_gives_the_choices_the_largest_share_first(self, ask):
        answer = ask(lat=9.05, lon=WEST + SIZE - 30 * METRES, accuracy=100, category="pothole").json()
        assert answer["ambiguous"]
        assert [choice["code"] for choice in answer["choices"]] == ["90001", "90002"]
        assert answer["choices"][0]["share"] > answer["choices"][1]["share"] > 0.1
        chosen = ask(lat=9.05, lon=WEST + SIZE - 30 * METRES, accuracy=100, category="pothole", unit="90002").json()
        assert (chosen["authority"]["code"], chosen["ambiguous"]) == ("ubnd-binh-yen", False)
        assert len(chosen["choices"]) == 2  # the question stays

    def test_on_water_it_says_how_far(self, ask):
        answer = ask(lat=9.05, lon=WEST - 100 * METRES, category="pothole").json()
        assert (answer["method"], answer["unit"]["code"]) == ("snapped", "90001")
        assert "100 m away" in answer["text"]

    def test_outside_a_coordinator_decides(self, ask):
        answer = ask(lat=8.5, lon=104.6, category="pothole").json()
        assert (answer["unit"], answer["method"], answer["needs_triage"]) == (None, "none", True)
        assert "A coordinator decides" in answer["text"]

    def test_about_officials_says_who_never_gets_it_and_that_it_is_not_published(self, ask, officials, inspectorate):
        text = ask(lat=9.05, lon=105.05, category="officials").json()["text"]
        assert "Thanh tra tỉnh Phú Hải gets this report, never the body that it is about. It is not published." in text

    @pytest.mark.parametrize(
        "asked",
        [
            {},
            {"lat": "9"},
            {"lat": "nan", "lon": "105"},
            {"lat": "9", "lon": "105", "category": "nothing"},
            {"lat": "9", "lon": "105", "accuracy": "-1"},
        ],
    )
    def test_a_wrong_question_is_refused(self, ask, asked):
        errors_of(ask(**asked))

    def test_swapped_coordinates_carry_the_suggestion(self, ask):
        assert ask(lat="105.05", lon="9.05").json()["suggestion"] == {"lat": 9.05, "lon": 105.05}

    def test_is_limited(self, ask, settings):
        settings.THROTTLES = {**settings.THROTTLES, "locate": "1/h"}
        assert [ask(lat=9.05, lon=105.05).status_code for _ in range(2)] == [200, 429]

    def test_writes_nothing(self, ask):
        ask(lat=9.05, lon=105.05, category="pothole")
        assert not Report.objects.exists()


class TestLists:
    def codes(self, client, **asked):
        response = client.get(URL, asked)
        assert response.status_code == 200, response.content
        return {feature["id"] for feature in response.json()["features"]}

    def test_is_geojson_with_public_fields_only(self, client, filed):
        report = filed()
        answer = client.get(URL).json()
        (feature,) = answer["features"]
        assert (answer["type"], answer["next"]) == ("FeatureCollection", None)
        assert (feature["type"], feature["id"]) == ("Feature", report.code)
        assert feature["geometry"] == {"type": "Point", "coordinates": [105.05, 9.05]}
        assert set(feature["properties"]) == {
            "category", "category_name", "status", "status_name", "unit", "unit_name", "unit_valid_from", "unit_valid_to", "authority", "authority_name", "description", "filed_at",
            "due_at", "closed_at", "photo", "metres_away", "url",
        }  # fmt: skip

    def test_by_place(self, client, filed, spot_b, commune_a, commune_b, body_b):
        a, b = filed().code, filed(location=spot_b).code
        assert self.codes(client, bbox="105.0,9.0,105.1,9.1") == {a}
        assert self.codes(client, unit="90002") == {b}
        assert self.codes(client, unit="90") == {a, b}
        assert self.codes(client, within="90001") == {a}
        assert self.codes(client, near="9.05,105.05,500") == {a}
        assert self.codes(client, near="9.05,105.10,6000") == {a, b}
        box = {"type": "Polygon", "coordinates": [[[105.1, 9], [105.2, 9], [105.2, 9.1], [105.1, 9.1], [105.1, 9]]]}
        assert self.codes(client, within=json.dumps(box)) == {b}
        assert self.codes(client, authority="ubnd-an-lac") == {a}

    def test_the_unit_answered_at_a_border_is_the_one_that_lists_it(self, client, filed):
        code = filed(location=Point(WEST + SIZE - 30 * METRES, 9.05, srid=4326), accuracy_m=100, chosen_unit="90002").code
        assert self.codes(client, unit="90002") == {code}
        assert self.codes(client, unit="90001") == set()

    def test_by_category_status_and_time(self, client, filed, health, binh):
        a = filed(at=datetime(2025, 7, 31, 17, 0, tzinfo=UTC))  # 1 August, 0:00 in Cà Mau
        b = filed(category=health, at=datetime(2025, 8, 2, 1, 0, tzinfo=UTC)).code
        take_step(a.pk, step="accept", actor=binh)
        a = a.code
        assert self.codes(client, category="health") == {b}
        assert self.codes(client, category="health,pothole") == {a, b}
        assert self.codes(client, status="accepted") == {a}
        assert self.codes(client, status="open") == {a, b}
        assert self.codes(client, status="closed") == set()
        assert self.codes(client, since="2025-08-01") == {a, b}
        assert self.codes(client, until="2025-08-01") == set()
        assert self.codes(client, since="2025-08-01", until="2025-08-02") == {a}
        assert self.codes(client, since="2025-07-31T17:00:01Z") == {b}

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("bbox", "1,2,3"), ("bbox", "106,9,105,10"), ("bbox", "nan,9,106,10"), ("unit", "99999"), ("within", "99999"), ("within", "{}"),
            ("within", '{"type": "Point", "coordinates": [105, 9]}'), ("within", '{"type": "Polygon", "coordinates": [[[0,0],[1,1],[1,0],[0,1],[0,0]]]}'),
            ("within", '{"type": "Polygon", "coordinates": []}'), ("within", '{"type": "Polygon", "coordinates": [[["a","b"]]]}'),
            ("within", '{"type": "Polygon", "coordinates": ' + "[" * 3000 + "]" * 3000 + "}"), ("within", '{"type": "Polygon", "coordinates": [[[0,0],[400,0],[400,9],[0,0]]]}'),
            ("near", "9,105"), ("near", "9,105,nan"), ("near", "9,105,-5"), ("near", "9,105,60000"), ("near", "105,9,100"), ("status", "done"),
            ("since", "yesterday"), ("since", "2025-02-30"), ("until", "2025-13-01"), ("on", "nonsense"), ("on", "2025-02-30"), ("cursor", "garbage"),
        ],
    )  # fmt: skip
    def test_a_wrong_filter_is_refused_in_a_sentence(self, client, filed, name, value):
        response = client.get(URL, {name: value})
        assert response.status_code in {400, 404}
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["detail"]

    @pytest.mark.parametrize("since", ["0001-01-01", "9999-12-31", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00"])
    def test_times_at_the_ends_of_the_calendar_break_nothing(self, client, filed, since):
        assert client.get(URL, {"since": since}).status_code in {200, 400}
        assert client.get(URL, {"until": since}).status_code in {200, 400}

    def test_null_bytes_are_refused(self, client):
        for address in (f"{URL}?category=%00", f"{URL}?unit=%00", f"{URL}%00/", f"{URL}?within=%00"):
            assert client.get(address).status_code in {400, 404}

    def test_pages_have_a_cap_and_lose_nothing(self, client, filed):
        codes = {filed(at=datetime(2025, 8, day, tzinfo=UTC)).code for day in range(1, 6)}
        seen, address = [], f"{URL}?limit=2"
        while address:
            answer = client.get(address).json()
            assert len(answer["features"]) <= 2
            seen += [feature["id"] for feature in answer["features"]]
            address = answer["next"]
        assert len(seen) == 5
        assert set(seen) == codes

    def test_the_price_is_the_same_for_one_and_for_six(self, client, filed, django_assert_num_queries):
        filed()
        with django_assert_num_queries(2):  # reports, photos
            client.get(URL)
        for _ in range(5):
            filed()
        with django_assert_num_queries(2):
            client.get(URL)


class TestOne:
    def test_shows_reply_photos_timeline_and_why(self, client, filed, binh, diep):
        from reports.media import prepare_photo

        report = filed(photos=[prepare_photo(encoded(picture()))])
        take_step(report.pk, step="accept", actor=binh)
        take_step(report.pk, step="draft_reply", actor=binh, words=Words(reply="Sẽ vá trong tuần này."))
        assert client.get(f"{URL}{report.code}/").json()["properties"]["replies"] == []  # a draft is nobody's business
        take_step(report.pk, step="publish_reply", actor=diep, words=Words(reply="Đã vá xong."))
        properties = client.get(f"{URL}{report.code}/").json()["properties"]
        assert [(reply["text"], reply["authority_name"]) for reply in properties["replies"]] == [("Đã vá xong.", "UBND phường An Lạc")]
        assert len(properties["photos"]) == 1
        assert properties["status"] == "resolved"
        events = client.get(f"{URL}{report.code}/events/").json()["results"]
        assert [event["kind"] for event in events] == ["filed", "accept", "draft_reply", "publish_reply"]
        assert all("data" not in event and "actor_id" not in event for event in events)
        (routing,) = client.get(f"{URL}{report.code}/routing/").json()["results"]
        assert routing["trace"]["body"]["code"] == "ubnd-an-lac"
        assert [step["step"] for step in routing["text"]] == ["place", "edition", "rule", "body"]

    def test_a_code_is_read_as_people_type_it(self, client, filed):
        report = filed()
        assert client.get(f"{URL}{report.readable_code.lower()}/").json()["id"] == report.code

    @pytest.mark.parametrize("code", ["AAAAAAAAAA", "x", "..", "%2e%2e", "1" * 500])
    def test_what_is_no_report_is_not_found(self, client, db, code):
        for end in ("", "events/", "routing/"):
            assert client.get(f"{URL}{code}/{end}").status_code == 404


class TestWhatNobodyMaySee:
    """Reports that are not public are, for everybody, as if they did not exist; contact data are nowhere at all."""

    CALLS = (
        "/api/v1/reports/", "/api/v1/reports/?status=open", "/api/v1/reports/?near=9.05,105.05,1000", "/api/v1/reports/?unit=90001",
        "/api/v1/reports/?category=pothole,officials,law", "/api/v1/map/clusters/?bbox=104,8,106,10&zoom=6", "/api/v1/map/clusters/?bbox=105.04,9.04,105.06,9.06&zoom=13",
        "/api/v1/statistics/?group=unit", "/api/v1/statistics/?group=authority", "/api/v1/statistics/?group=category", "/api/v1/statistics/?group=month",
        "/api/v1/categories/", "/api/v1/units/locate/?lat=9.05&lon=105.05", "/api/v1/reports/destination/?lat=9.05&lon=105.05&category=officials",
        "/api/v1/places/?q=an", "/api/v1/units/", "/api/v1/units/90001/",
    )  # fmt: skip

    @pytest.fixture
    def hidden(self, filed, officials, law, inspectorate):
        """Reports that are not public: by their category, not looked at yet, and taken out of view."""
        taken_out = filed(description="Bị gỡ")
        Report.objects.filter(pk=taken_out.pk).update(published_at=None)
        shown_by_mistake = filed(category=officials, description="Bí mật")
        Report.objects.filter(pk=shown_by_mistake.pk).update(published_at=timezone.now())
        return [taken_out, shown_by_mistake, filed(category=officials, description="Bí mật"), filed(category=law, description="Chưa xem")]

    def test_hidden_reports_are_in_no_list(self, client, hidden, filed):
        public = filed(description="Công khai")
        for call in self.CALLS:
            text = client.get(call).content.decode()
            for report in hidden:
                assert report.code not in text, call
                assert report.description not in text, call
        assert public.code in client.get(URL).content.decode()

    def test_hidden_reports_answer_like_codes_that_were_never_given(self, client, hidden):
        for end in ("", "events/", "routing/"):
            never = client.get(f"{URL}{new_code()}/{end}")
            for report in hidden:
                found = client.get(f"{URL}{report.code}/{end}")
                assert (found.status_code, found.content) == (404, never.content)

    def test_figures_count_them_and_say_how_many_are_withheld(self, client, hidden, filed):
        filed()
        totals = client.get("/api/v1/statistics/?group=category").json()["totals"]
        assert (totals["received"], totals["not_public"]) == (5, 4)

    def test_clusters_count_public_reports_only(self, client, hidden, filed):
        filed()
        features = client.get("/api/v1/map/clusters/?bbox=104,8,106,10&zoom=6").json()["features"]
        assert sum(feature["properties"].get("count", 1) for feature in features) == 1

    def test_contact_data_are_nowhere(self, client, filed, officials, an, binh, diep):
        report = filed()
        take_step(report.pk, step="accept", actor=binh)
        take_step(report.pk, step="draft_reply", actor=binh, words=Words(reply="Sẽ vá.", note="Đã gọi"))
        take_step(report.pk, step="publish_reply", actor=diep, words=Words(reply="Đã vá."))
        own = [f"{URL}{report.code}/{end}" for end in ("", "events/", "routing/")]
        for call in (*self.CALLS, *own):
            response = client.get(call)
            assert response.status_code == 200, call
            text = response.content.decode()
            for secret in (
                an.name,
                an.phone,
                an.email,
                "Nguyễn Văn An",
                "912345678",
                binh.full_name,
                binh.username,
                diep.full_name,
                "Đã gọi",
            ):
                assert secret not in text, (call, secret)

    def test_the_api_knows_no_cookie_of_a_reporter(self, client, hidden):
        """The tracking cookie opens the page, not the API, which other sites may read."""
        from reports.tokens import tracking_token

        report = hidden[0]
        client.get(f"/reports/{report.code}/?token={tracking_token(report.code, 1)}")
        assert client.get(f"{URL}{report.code}/").status_code == 404

    def test_a_category_that_turns_sensitive_takes_its_reports_along(self, client, filed, pothole):
        report = filed()
        pothole.publication = Publication.NEVER
        pothole.save()
        assert report.code not in client.get(URL).content.decode()
        assert client.get(f"{URL}{report.code}/").status_code == 404
