"""Blurring photos: the server makes what the public gets from the kept photo, and the kept photo stays with those who work on it."""

import io
import json

import pytest
from django.test import Client
from PIL import Image, ImageChops, ImageStat

from reports.blurring import blurred, parse_areas
from reports.media import prepare_photo
from reports.models import Photo, ReportEvent
from reports.services import Filing, file_report
from reports.services.photos import blur_photo
from reports.tests.photos import encoded
from reports.tests.rating_cases import reporter_of

pytestmark = pytest.mark.django_db


def striped(size=(640, 480)):
    """A picture of fine black and white stripes: whatever is blurred in it turns grey."""
    image = Image.new("RGB", size, "white")
    for x in range(0, size[0], 8):
        image.paste("black", (x, 0, x + 4, size[1]))
    return image


@pytest.fixture
def photo(settings, tmp_path, body_a, portal, pothole, spot_a) -> Photo:
    settings.MEDIA_ROOT = tmp_path
    prepared = prepare_photo(encoded(striped(), quality=95))
    return file_report(Filing(location=spot_a, category=pothole, description="Ổ gà", photos=[prepared])).photos.get()


def opened(client, photo, part=""):
    answer = client.get(f"/photos/{photo.key}/{part}")
    assert answer.status_code == 200
    return Image.open(io.BytesIO(b"".join(answer.streaming_content))).convert("L")


def contrast(image, box):
    """How much an area varies: stripes do, a blurred area does not."""
    left, top, right, bottom = (round(share * side) for share, side in zip(box, image.size * 2, strict=True))
    return ImageStat.Stat(image.crop((left, top, right, bottom))).stddev[0]


def address(photo):
    return f"/desk/photos/{photo.key}/blur/"


def said(photo, areas=None, **more):
    return {"version": photo.blur_version, "decision": "areas", "areas": json.dumps(areas or []), **more}


AREA = [0.25, 0.25, 0.5, 0.5]
INSIDE, OUTSIDE = (0.3, 0.3, 0.7, 0.7), (0.8, 0.0, 1.0, 1.0)


def test_an_area_is_blurred_for_everybody_and_the_rest_stays_sharp(photo, binh, client_of):
    assert client_of(binh).post(address(photo), said(photo, [AREA])).status_code == 302
    for client in (Client(), reporter_of(photo.report), client_of(binh)):
        for part in ("", "thumb/"):
            shown = opened(client, photo, part)
            assert contrast(shown, INSIDE) < 12
            assert contrast(shown, OUTSIDE) > 60


def test_the_photo_as_taken_is_for_those_who_work_on_the_report(photo, binh, chi, diep, to, dung, client_of):
    blur_photo(photo.pk, areas=parse_areas(json.dumps([AREA])), actor=binh)
    for officer in (binh, diep):
        assert contrast(opened(client_of(officer), photo, "original/"), INSIDE) > 60
        assert client_of(officer).get(f"/photos/{photo.key}/original/").headers["Cache-Control"] == "private, no-store"
    for stranger in (chi, to, dung):
        assert client_of(stranger).get(f"/photos/{photo.key}/original/").status_code == 404
    assert reporter_of(photo.report).get(f"/photos/{photo.key}/original/").status_code == 302
    assert Client().get(f"/photos/{photo.key}/original/").status_code == 302


def test_a_blurred_area_keeps_a_handful_of_colours_only():
    """Two photos that differ in what is blurred are the same afterwards: nothing of the detail is left to be made out."""
    one, other = striped(), striped()
    other.paste(ImageChops.invert(striped()).crop((160, 120, 480, 360)), (160, 120))
    rendered = [Image.open(io.BytesIO(blurred(encoded(image, quality=95), [(0.25, 0.25, 0.5, 0.5)])[0])) for image in (one, other)]
    inside = [image.crop((200, 160, 440, 320)) for image in rendered]
    assert max(ImageStat.Stat(ImageChops.difference(*inside)).mean) < 12  # of 255; the stripes differ by 255


def test_it_can_be_undone_and_the_kept_photo_never_changes(photo, binh):
    before = photo.image.read()
    blur_photo(photo.pk, areas=parse_areas("[[0,0,1,1]]"), actor=binh)
    blur_photo(photo.pk, areas=[], actor=binh)
    photo.refresh_from_db()
    assert (photo.blurs, photo.public_image.name, photo.blur_version) == ([], "", 2)
    assert contrast(opened(Client(), photo), INSIDE) > 60
    assert photo.image.open().read() == before
    assert list(photo.report.events.order_by("pk").values_list("kind", flat=True)) == ["filed", "photo_blurred", "photo_unblurred"]


def test_an_event_says_that_it_was_done_and_to_how_many_areas(photo, binh, body_a):
    blur_photo(photo.pk, areas=parse_areas(json.dumps([AREA])), actor=binh)
    event = ReportEvent.objects.filter(report=photo.report).latest("pk")
    assert (event.kind, event.public, event.actor_id, event.data) == ("photo_blurred", False, binh.pk, {"photo": photo.key.hex, "areas": 1})
    photo.report.refresh_from_db()
    assert photo.report.version == photo.report.events.count()


def test_copies_of_before_are_not_taken_for_the_blurred_photo(photo, binh):
    client = Client()
    former = client.get(f"/photos/{photo.key}/").headers["ETag"]
    blur_photo(photo.pk, areas=parse_areas(json.dumps([AREA])), actor=binh)
    assert client.get(f"/photos/{photo.key}/", headers={"if-none-match": former}).status_code == 200
    assert "immutable" not in client.get(f"/photos/{photo.key}/").headers["Cache-Control"]


def test_a_file_that_is_no_longer_shown_is_deleted(photo, binh, django_capture_on_commit_callbacks):
    blur_photo(photo.pk, areas=parse_areas("[[0,0,0.5,0.5]]"), actor=binh)
    photo.refresh_from_db()
    storage, former = photo.public_image.storage, photo.public_image.name
    with django_capture_on_commit_callbacks(execute=True):
        blur_photo(photo.pk, areas=parse_areas("[[0,0,0.6,0.6]]"), actor=binh)
    assert not storage.exists(former)
    photo.refresh_from_db()
    assert storage.exists(photo.public_image.name)


@pytest.mark.parametrize(
    "areas",
    [
        "", "null", "{}", "[1]", "[[0,0,1]]", "[[0,0,1,1,1]]", '[["0","0","1","1"]]', "[[true,0,1,1]]", "[[NaN,0,0.5,0.5]]", "[[0,0,Infinity,1]]",
        "[[0,0,1e999,1]]", "[[-0.1,0,0.5,0.5]]", "[[0.6,0,0.5,0.5]]", "[[0,0,0,0.5]]", "[[0,0,-0.5,0.5]]", "[[0,0,0.5,2]]", "[[5,5,1,1]]",
        "[[" * 5_000, "[" + ",".join(["[0,0,1,1]"] * 51) + "]", "[[0,0,1,1]]" + " " * 30_000, "[[0,0," + "9" * 400 + ",1]]",
    ],
)  # fmt: skip
def test_areas_that_are_none_are_refused_and_change_nothing(photo, binh, client_of, areas):
    answer = client_of(binh).post(address(photo), {"version": 0, "decision": "areas", "areas": areas})
    assert answer.status_code == 422
    photo.refresh_from_db()
    assert (photo.blurs, photo.report.events.count()) == ([], 1)


def test_pixels_that_a_browser_sends_are_not_looked_at(photo, binh, client_of):
    forged = io.BytesIO(encoded(Image.new("RGB", (640, 480), "red")))
    client_of(binh).post(address(photo), said(photo, [AREA], image=forged, public_image=forged))
    shown = opened(Client(), photo)
    assert contrast(shown, OUTSIDE) > 60


def test_of_two_at_the_same_photo_the_second_is_told(photo, binh, diep, client_of):
    page = said(photo, [AREA])
    assert client_of(binh).post(address(photo), page).status_code == 302
    assert client_of(diep).post(address(photo), {**page, "areas": "[[0,0,0.1,0.1]]"}).status_code == 409
    photo.refresh_from_db()
    assert photo.blurs == [AREA]


@pytest.mark.parametrize(("who", "status"), [("chi", 404), ("dung", 404), ("to", 404), ("lan", 404), ("giang", 404), (None, 302)])
def test_only_who_handles_the_report_and_its_coordinator_blur(photo, request, client_of, who, status):
    client = client_of(request.getfixturevalue(who)) if who else Client()
    assert client.get(address(photo)).status_code == status
    assert client.post(address(photo), said(photo, [AREA])).status_code == status
    photo.refresh_from_db()
    assert photo.blurs == []


def test_without_scripts_the_whole_photo_can_be_blurred(photo, diep, client_of):
    assert client_of(diep).post(address(photo), {"version": 0, "decision": "whole"}).status_code == 302
    assert contrast(opened(Client(), photo), (0, 0, 1, 1)) < 12


def test_a_photo_of_a_case_about_officials_is_for_the_inspectorate(
    settings, tmp_path, officials, body_a, inspectorate, portal, spot_a, binh, giang, client_of
):
    settings.MEDIA_ROOT = tmp_path
    case = file_report(Filing(location=spot_a, category=officials, description="Chậm trễ", photos=[prepare_photo(encoded(striped()))]))
    photo = case.photos.get()
    assert client_of(giang).get(address(photo)).status_code == 200
    for part in ("", "original/"):
        assert client_of(binh).get(f"/photos/{photo.key}/{part}").status_code == 404
    assert client_of(binh).get(address(photo)).status_code == 404
