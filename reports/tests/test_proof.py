"""Proof of repair: a reply of a physical category shows the spot after the work, or says why not; whoever calls."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.contrib.gis.geos import Point
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from reports.media import prepare_photo
from reports.models import Photo, Reply, Report
from reports.services import Words, keep_survey, keep_survey_photo, take_step
from reports.services.survey import Surveyed
from reports.survey_models import Proof
from reports.tests.desk_cases import file, page, step
from reports.tests.photos import encoded, picture
from tests.lasting_cast import *  # noqa: F403

pytestmark = pytest.mark.django_db
METRE = 1 / 109_900  # degrees of longitude at 9 °N
DONE = Words(reply="Đã vá xong.")


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def report(pothole, spot_a, body_a, portal, binh, diep):
    pothole.physical = True
    pothole.save()
    filed = file(pothole, spot_a, at=timezone.now() - timedelta(days=3))
    return take_step(filed.pk, step="accept", actor=binh, at=timezone.now() - timedelta(days=2))


def photo(metres=0.0, hours=-1.0, size=(64, 48), *, silent=False):
    """A photo taken so far east of the spot and so many hours from now."""
    prepared = prepare_photo(encoded(picture(size)))
    if silent:
        return prepared
    return replace(prepared, taken_where=Point(105.05 + metres * METRE, 9.05, srid=4326), taken_at=timezone.now() + timedelta(hours=hours))


def draft(report, officer, **said):
    return take_step(report.pk, step="draft_reply", actor=officer, words=replace(DONE, **said))


def shown(client, photo):
    return client.get(reverse("reports:photo", args=[photo.key])).status_code


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"after": (photo(150),)},
        {"after": (photo(hours=-24 * 4),)},
        {"after": (photo(silent=True),)},
        {"after": (photo(silent=True),), "where": Point(105.06, 9.05, srid=4326)},
        {"after": (photo(150),), "where": Point(105.05, 9.05, srid=4326)},  # the photo's own place counts, not where it was sent from
        {"why_none": "  "},
    ],
    ids=["nothing", "far", "before", "silent", "phone-far", "photo-far", "blank"],
)
def test_without_a_photo_of_the_spot_after_the_report_or_a_reason_nothing_is_drafted(report, binh, said, tmp_path):
    with pytest.raises(ValidationError) as error:
        draft(report, binh, **said)
    assert "after" in error.value.message_dict
    assert not Reply.objects.exists()
    assert not Photo.objects.exists()
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    assert Report.objects.get(pk=report.pk).status == "accepted"


@pytest.mark.parametrize(
    ("said", "by_phone"),
    [
        ({"after": (photo(95),)}, False),
        ({"after": (photo(300), photo(20, size=(80, 60)))}, False),
        ({"after": (photo(silent=True),), "where": Point(105.0501, 9.05, srid=4326)}, True),
    ],
    ids=["near", "one-of-two", "phone-near"],
)
def test_a_photo_near_the_spot_after_the_report_proves_by_itself_or_by_the_phone(report, binh, said, by_phone):
    draft(report, binh, **said)
    proof = Proof.objects.get()
    assert (proof.by_phone, proof.why_none, proof.photo.kind) == (by_phone, "", Photo.Kind.DRAFT)
    assert proof.metres_away < 100


def test_the_photo_is_public_with_the_reply_not_before_and_not_after_it_was_taken_back(report, binh, diep, client_of):
    draft(report, binh, after=(photo(),))
    after = Photo.objects.get()
    assert (shown(Client(), after), shown(client_of(binh), after)) == (404, 200)
    assert str(after.key) not in Client().get(report.get_absolute_url()).content.decode()
    take_step(report.pk, step="publish_reply", actor=diep, words=DONE)
    assert shown(Client(), after) == 200
    text = Client().get(report.get_absolute_url()).content.decode()
    assert str(after.key) in text
    take_step(report.pk, step="undo", actor=diep)
    assert shown(Client(), after) == 404
    take_step(report.pk, step="publish_reply", actor=diep, words=DONE)
    assert shown(Client(), after) == 200


def test_a_reason_is_public_with_the_reply_and_what_is_personal_in_it_is_masked(report, binh, diep):
    draft(report, binh, why_none="Cống nằm dưới nước, hỏi anh Tư 0912345678.")
    assert "Cống nằm" not in Client().get(report.get_absolute_url()).content.decode()
    take_step(report.pk, step="publish_reply", actor=diep, words=DONE)
    text = Client().get(report.get_absolute_url()).content.decode()
    assert "Cống nằm dưới nước" in text
    assert "0912345678" not in text


def test_after_a_reopening_the_photo_of_before_proves_nothing(report, binh, diep):
    draft(report, binh, after=(photo(),))
    take_step(report.pk, step="publish_reply", actor=diep, words=DONE)
    take_step(report.pk, step="reopen", actor=diep, words=Words(note="Lún lại."))
    with pytest.raises(ValidationError):
        draft(report, binh, after=(photo(hours=-2, size=(90, 60)),))
    with pytest.raises(ValidationError):
        draft(report, binh)
    draft(report, binh, after=(photo(hours=0.01, size=(90, 61)),))


def test_the_photo_of_a_draft_that_came_back_still_counts(report, binh, diep):
    draft(report, binh, after=(photo(),))
    take_step(report.pk, step="send_back", actor=diep, words=Words(note="Viết rõ hơn."))
    draft(report, binh)
    first, second = Proof.objects.order_by("pk")
    assert (first.photo, first.metres_away) == (second.photo, second.metres_away)


def test_a_draft_from_before_the_category_was_set_is_proved_as_it_is_published(report, pothole, binh, diep):
    pothole.physical = False
    pothole.save()
    draft(report, binh)
    pothole.physical = True
    pothole.save()
    with pytest.raises(ValidationError):
        take_step(report.pk, step="publish_reply", actor=diep, words=DONE)
    take_step(report.pk, step="publish_reply", actor=diep, words=replace(DONE, why_none="Ảnh chụp rồi mà hỏng máy."))
    assert Proof.objects.get().reply.published_at


def test_a_photo_of_a_survey_becomes_public_when_it_is_given_as_proof_and_the_reporters_is_refused(report, spot_a, pothole, binh, diep):
    taken = photo()
    survey, _new = keep_survey(report.pk, said=Surveyed(key="6f1c9d1e-57b4-4f61-9d55-6a4a9c2b7d11", done_at=timezone.now(), note="x", photos_named=[taken.digest]), actor=binh)  # fmt: skip
    keep_survey_photo(survey.key, photo=taken, actor=binh)
    draft(report, binh, after=(taken,))
    take_step(report.pk, step="publish_reply", actor=diep, words=DONE)
    assert Photo.objects.get().kind == Photo.Kind.ANSWER
    other = file(pothole, spot_a, photos=[taken], at=timezone.now() - timedelta(days=1))
    take_step(other.pk, step="accept", actor=binh)
    with pytest.raises(ValidationError):
        draft(other, binh, after=(taken,))


def test_the_form_asks_for_the_photo_explains_a_refusal_and_shows_the_proof_to_who_publishes(report, binh, diep, client_of):
    client = client_of(binh)
    text = client.get(page(report)).content.decode()
    assert "Ảnh sau khi làm" in text
    said = {"reply": "Đã vá.", "version": report.version, "lat": "", "lon": "", "accuracy": "", "why_none": ""}
    refused = client.post(step(report, "draft_reply"), said)
    assert refused.status_code == 422
    assert "Thêm ảnh chụp vị trí sau khi làm" in refused.content.decode()
    near = {"lat": "9.0501", "lon": "105.05", "accuracy": "2000"}
    image = encoded(picture((70, 50)))
    upload = SimpleUploadedFile("x.jpg", image, "image/jpeg")
    assert client.post(step(report, "draft_reply"), {**said, **near, "after": upload}).status_code == 422  # too rough
    upload = SimpleUploadedFile("x.jpg", image, "image/jpeg")
    assert client.post(step(report, "draft_reply"), {**said, **near, "accuracy": "15", "after": upload}).status_code == 302
    assert "Chụp cách vị trí 11 m" in client_of(diep).get(page(report)).content.decode()


def test_other_categories_are_answered_as_before(report, pothole, binh, diep, client_of):
    pothole.physical = False
    pothole.save()
    assert "Ảnh sau khi làm" not in client_of(binh).get(page(report)).content.decode()
    draft(report, binh)
    take_step(report.pk, step="publish_reply", actor=diep, words=DONE)
    assert not Proof.objects.exists()
