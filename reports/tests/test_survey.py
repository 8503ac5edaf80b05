"""Surveys on the spot: what is kept, once however often it is sent, by whom, and what of it nobody else sees."""

import hashlib
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.contrib.gis.geos import Point
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from authorities.survey_models import SurveyField
from reports.history.verify import verify
from reports.models import Conflict, Photo
from reports.services import KeyUsedForAnotherSurvey, NotAllowed, Surveyed, Words, keep_survey, keep_survey_photo, take_step
from reports.survey_models import Survey
from reports.surveys import shown_surveys
from reports.tests.desk_cases import file, page
from reports.tests.photos import encoded, exif, jpeg_with, picture
from tests.lasting_cast import *  # noqa: F403

pytestmark = pytest.mark.django_db
BY_SCRIPT = {"HTTP_ACCEPT": "application/json"}


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def fields(pothole):
    SurveyField.objects.create(
        code="depth", category=pothole, kind="number", name="Độ sâu", name_en="Depth", unit="cm", lowest=0, highest=500, required=True
    )
    SurveyField.objects.create(
        code="surface", category=pothole, kind="choice", name="Mặt đường", name_en="Surface", choices="Nhựa | Asphalt\nBê tông | Concrete"
    )
    SurveyField.objects.create(code="danger", kind="yes_no", name="Có nguy hiểm?", name_en="Dangerous?")
    SurveyField.objects.create(code="plan", kind="text", name="Đề xuất", name_en="Proposal")


@pytest.fixture
def report(pothole, spot_a, body_a, body_b, portal, fields):
    return file(pothole, spot_a, at=timezone.now() - timedelta(days=3, hours=1))


def address(report):
    return reverse("reports:survey", args=[report.code])


def photo_address(key):
    return reverse("reports:survey_photo", args=[key])


def upload(data, name="photo"):
    return {name: SimpleUploadedFile("x.jpg", data, "image/jpeg")}


def said(**more):
    """What the phone sends."""
    return {
        "key": str(uuid4()), "done_at": (timezone.now() - timedelta(hours=3)).isoformat(), "lat": "9.0503", "lon": "105.05", "accuracy": "8",
        "found_depth": "12.5", "found_surface": "Nhựa", "found_danger": "yes", "note": "Sâu hơn mô tả.", **more,
    }  # fmt: skip


def digest(data):
    return hashlib.sha256(data).hexdigest()


def test_choices_are_read_in_the_readers_language_though_the_field_is_called_the_same_in_both(pothole):
    field = SurveyField(code="material", category=pothole, kind="choice", name="Asphalt", name_en="Asphalt", choices="Có | Yes")
    with translation.override("vi"):
        assert field.shown_choices == [("Có", "Có")]
    with translation.override("en"):
        assert field.shown_choices == [("Có", "Yes")]


def test_a_survey_keeps_what_was_found_typed_and_stands_in_the_chain(report, client_of, binh):
    photo = encoded(picture())
    sent = said(named=digest(photo))
    answer = client_of(binh).post(address(report), sent, **BY_SCRIPT)
    assert (answer.status_code, answer.json()) == (201, {"missing": [digest(photo)]})
    survey = Survey.objects.get()
    assert str(survey.key) == sent["key"]
    assert (survey.officer, survey.body, survey.accuracy_m) == (binh, report.authority, 8)
    assert survey.done_at == datetime.fromisoformat(sent["done_at"])
    found = {finding["code"]: (finding["value"], finding["value_en"], finding["unit"]) for finding in survey.findings}
    assert found == {"depth": (12.5, 12.5, "cm"), "surface": ("Nhựa", "Asphalt", ""), "danger": (True, True, "")}
    event = report.events.last()
    report.refresh_from_db()
    assert (event.kind, event.public, event.status_after, report.version) == ("surveyed", True, report.status, 2)
    assert event.data["photos"] == [digest(photo)]
    assert verify().breaks == []


def test_what_is_sent_twice_counts_once_words_and_photos(report, client_of, binh):
    photo = encoded(picture())
    client, sent = client_of(binh), said(named=digest(photo))
    for status in (201, 200, 200):
        assert client.post(address(report), sent, **BY_SCRIPT).status_code == status
        answer = client.post(photo_address(sent["key"]), upload(photo))
        assert (answer.status_code, answer.json()) == (200, {"missing": []})
    kept = Photo.objects.get()
    assert (kept.digest, kept.kind) == (digest(photo), Photo.Kind.SURVEY)
    assert Survey.objects.get().photos.count() == 1
    assert report.events.filter(kind="surveyed").count() == 1


def test_a_key_with_another_content_is_refused_and_changes_nothing(report, client_of, binh, hanh):
    sent = said()
    client_of(binh).post(address(report), sent, **BY_SCRIPT)
    assert client_of(binh).post(address(report), {**sent, "note": "Khác"}, **BY_SCRIPT).status_code == 409
    assert client_of(hanh).post(address(report), sent, **BY_SCRIPT).status_code == 409  # a colleague's
    assert Survey.objects.get().note == "Sâu hơn mô tả."


def test_a_damaged_photo_and_one_that_is_not_named_are_refused(report, client_of, binh):
    photo = encoded(picture())
    sent = said(named=digest(photo))
    client = client_of(binh)
    client.post(address(report), sent, **BY_SCRIPT)
    assert client.post(photo_address(sent["key"]), upload(photo[: len(photo) // 2])).status_code == 422
    assert client.post(photo_address(sent["key"]), upload(encoded(picture((100, 80))))).status_code == 422
    assert not Photo.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [("found_depth", "600"), ("found_depth", "sâu"), ("found_depth", ""), ("found_surface", "Vàng"), ("lat", "91"), ("named", "abc")],
)
def test_what_cannot_be_is_refused_by_name_and_nothing_is_kept(report, client_of, binh, field, value):
    answer = client_of(binh).post(address(report), said(**{field: value}), **BY_SCRIPT)
    assert answer.status_code == 422
    assert answer.json()["detail"]
    assert not Survey.objects.exists()


def test_a_field_that_is_asked_no_more_is_kept_as_it_was_written(report, client_of, binh):
    sent = said(found_width="3")
    assert client_of(binh).post(address(report), sent, **BY_SCRIPT).status_code == 201
    assert [found["value"] for found in Survey.objects.get().findings if found["code"] == "width"] == ["3"]


def test_a_survey_that_arrives_after_the_report_was_answered_is_kept_all_the_same(report, client_of, binh, diep):
    take_step(report.pk, step="accept", actor=binh)
    take_step(report.pk, step="draft_reply", actor=binh, words=Words(reply="Đã vá."))
    take_step(report.pk, step="publish_reply", actor=diep, words=Words(reply="Đã vá."))
    assert client_of(binh).post(address(report), said(), **BY_SCRIPT).status_code == 201
    report.refresh_from_db()
    assert report.status == "resolved"


def test_a_survey_that_arrives_after_the_report_was_handed_on_is_kept_all_the_same(report, client_of, binh, diep, body_b):
    take_step(report.pk, step="assign", actor=diep, words=Words(body=body_b))
    assert client_of(binh).post(address(report), said(), **BY_SCRIPT).status_code == 201
    assert Survey.objects.get().body == binh.memberships.get().body


def test_who_does_not_handle_the_report_surveys_nothing(report, client_of, chi, diep, lan, dung, to, body_a, binh):
    for person, status in ((chi, 404), (diep, 404), (lan, 404), (dung, 403), (to, 403)):
        for method in ("get", "post"):
            assert getattr(client_of(person), method)(address(report), said(), **BY_SCRIPT).status_code == status, person
    with pytest.raises(NotAllowed):
        keep_survey(report.pk, said=Surveyed(key=uuid4(), done_at=timezone.now(), note="x"), actor=diep)
    Conflict.objects.create(report=report, body=body_a)
    assert client_of(binh).post(address(report), said()).status_code == 404
    assert Client().post(address(report), said()).status_code == 302
    assert not Survey.objects.exists()


def test_a_colleague_cannot_add_a_photo_to_somebodys_survey(report, client_of, binh, hanh):
    photo = encoded(picture())
    sent = said(named=digest(photo))
    client_of(binh).post(address(report), sent, **BY_SCRIPT)
    assert client_of(hanh).post(photo_address(sent["key"]), upload(photo)).status_code == 404


def test_photos_and_findings_are_for_the_desk_alone(report, client_of, binh, chi):
    photo = encoded(picture())
    sent = said(named=digest(photo))
    client_of(binh).post(address(report), sent, **BY_SCRIPT)
    client_of(binh).post(photo_address(sent["key"]), upload(photo))
    kept = Photo.objects.get()
    for name in ("photo", "photo_thumb"):
        shown = reverse(f"reports:{name}", args=[kept.key])
        assert Client().get(shown).status_code == 404
        assert client_of(chi).get(shown).status_code == 404
        answer = client_of(binh).get(shown)
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "private, no-cache")
    code = report.code
    for public in (f"/reports/{code}/", f"/reports/{code}/history/", f"/api/v1/reports/{code}/", f"/api/v1/reports/{code}/events/"):
        text = Client().get(public).content.decode()
        for private in (kept.key.hex, str(kept.key), "Sâu hơn", "9.0503", "Nhựa", sent["key"], binh.full_name):
            assert private not in text, public
    assert "đã khảo sát" in Client().get(f"/reports/{code}/").content.decode()


def test_a_photo_says_how_far_from_the_spot_and_how_long_after_the_report_it_was_taken(report, binh, client_of):
    """The spot is 105.05 E, 9.05 N; measured on the ellipsoid."""
    now = timezone.localtime()
    near = jpeg_with(exif(taken=f"{now:%Y:%m:%d %H:%M:%S}", lat=((9, 1), (3, 1), (1, 1)), lon=((105, 1), (3, 1), (0, 1))))
    far = jpeg_with(exif(taken="2020:01:01 00:00:00"), picture((320, 240)))
    silent = encoded(picture((200, 200)))
    sent = said(named=" ".join(map(digest, (near, far, silent))))
    client_of(binh).post(address(report), sent, **BY_SCRIPT)
    for photo in (near, far, silent):
        assert client_of(binh).post(photo_address(sent["key"]), upload(photo)).status_code == 200
    (shown,) = shown_surveys(report)
    assert [(taken.words, taken.warning) for taken in shown.photos] == [
        ("Chụp cách vị trí 31 m, sau phản ánh 3 ngày", ""),
        (shown.photos[1].words, "Chụp trước khi có phản ánh"),
        ("Ảnh không cho biết được chụp lúc nào, ở đâu", ""),
    ]
    assert round(shown.metres_away) == 33
    text = client_of(binh).get(page(report)).content.decode()
    for words in ("Chụp cách vị trí 31 m", "12,5 cm", "Sâu hơn mô tả.", "Nhựa"):
        assert words in text


def test_without_scripts_the_form_sends_all_at_once(report, client_of, binh):
    photo = encoded(picture())
    plain = {name: value for name, value in said().items() if name not in ("done_at", "lat", "lon", "accuracy")}
    answer = client_of(binh).post(address(report), {**plain, **upload(photo, "photos")})
    assert (answer.status_code, answer.headers["Location"]) == (302, page(report, "#surveys"))
    survey = Survey.objects.get()
    assert (survey.photos_named, survey.photos_missing, survey.location) == ([digest(photo)], [], None)
    assert client_of(binh).post(address(report), {**plain, "key": str(uuid4()), "found_depth": ""}).status_code == 422


def test_the_form_asks_what_the_category_asks_in_the_readers_language(report, client_of, binh):
    assert "Độ sâu (cm)" in client_of(binh).get(address(report)).content.decode()
    text = client_of(binh).get(address(report), {"lang": "en"}, follow=True).content.decode()
    assert "Depth (cm)" in text
    assert "Asphalt" in text


def test_a_phones_clock_that_runs_fast_does_not_put_a_survey_into_the_future(report, binh):
    ahead = Surveyed(key=uuid4(), done_at=timezone.now() + timedelta(days=1), note="x", location=Point(105.05, 9.05, srid=4326))
    survey, _new = keep_survey(report.pk, said=ahead, actor=binh)
    assert survey.done_at == survey.received_at
    with pytest.raises(KeyUsedForAnotherSurvey):
        keep_survey(report.pk, said=Surveyed(key=ahead.key, done_at=ahead.done_at, note="y"), actor=binh)


def test_who_is_signed_in_is_a_mark_and_nothing_for_strangers(client_of, binh, hanh):
    where = reverse("reports:survey_who")
    marks = {client_of(person).get(where).json()["user"] for person in (binh, hanh)}
    assert len(marks) == 2
    assert all(len(mark) == 16 for mark in marks)
    assert Client().get(where).status_code == 302


@pytest.mark.parametrize("more", [{"found_former": "a\x00b"}, {"found_former\x00": "x"}], ids=["value", "name"])
def test_what_cannot_be_kept_in_a_field_of_yesterdays_form_is_refused_with_a_sentence(report, client_of, binh, more):
    answer = client_of(binh).post(address(report), said(**more), **BY_SCRIPT)
    assert answer.status_code == 422
    assert "NUL" in answer.json()["detail"]
    assert not Survey.objects.exists()


@pytest.mark.parametrize("when", ["0001-01-01T00:00", "0001-01-01T00:00+14:00"])
def test_a_clock_that_stands_before_all_clocks_breaks_no_page(report, client_of, binh, when):
    officer, sent = client_of(binh), said(done_at=when)
    assert [officer.post(address(report), sent, **BY_SCRIPT).status_code for _again in range(2)] == [201, 200]
    assert officer.get(page(report)).status_code == 200


def test_of_a_survey_sent_at_once_everything_is_kept_or_nothing(report, client_of, binh, monkeypatch, tmp_path):
    kept = []

    def on_a_full_disk(*args, **more):
        if kept:
            raise OSError("No space left on device")
        kept.append(keep_survey_photo(*args, **more))

    monkeypatch.setattr("reports.views.survey.keep_survey_photo", on_a_full_disk)
    photos = [SimpleUploadedFile("x.jpg", encoded(picture(size)), "image/jpeg") for size in ((64, 48), (80, 60))]
    with pytest.raises(OSError, match="No space left"):
        client_of(binh).post(address(report), {**said(), "photos": photos})
    assert kept
    assert not Survey.objects.exists()
    assert not Photo.objects.exists()
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
