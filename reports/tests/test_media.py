"""Photos: what is taken, what is refused, what is kept and where it may be seen."""

import io
import struct
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from reports import media
from reports.exif import read_exif
from reports.media import PhotoRefused, files_undone_on_error, keep_photos, prepare_photo, read_exif_offer, sweep_media
from reports.models import Photo, Report
from reports.services import Filing, file_once, file_report
from reports.tests.photos import (
    encoded,
    exif,
    jpeg_of_many_scans,
    jpeg_with,
    picture,
    png_chunk,
    png_claiming,
    segment,
)
from reports.tokens import tracking_token

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
HTML = b"<!DOCTYPE html><script>alert(1)</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><rect width="9" height="9"/></svg>'


@pytest.fixture(autouse=True)
def media_root(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT


def files(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


# --- what is taken ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "mode_and_kind", ["RGB JPEG", "L JPEG", "CMYK JPEG", "RGBA PNG", "P PNG", "LA PNG", "1 PNG", "RGB WEBP", "RGBA WEBP", "P GIF"]
)
def test_photos_of_every_usual_kind_become_rgb_jpegs(mode_and_kind):
    mode, kind = mode_and_kind.split()
    photo = prepare_photo(encoded(picture(mode=mode), kind))
    assert (photo.width, photo.height) == (640, 480)
    for data in (photo.image, photo.thumbnail):
        assert opened(data).format == "JPEG"
        assert opened(data).mode == "RGB"
    red, green, blue = opened(photo.image).getpixel((10, 10))
    if mode not in ("L", "LA", "1"):
        assert red > 200
        assert green < 70
        assert blue < 70


def test_a_large_photo_is_shrunk_to_2048_pixels_and_its_thumbnail_to_480_wide():
    photo = prepare_photo(encoded(picture((4000, 3000))))
    assert (photo.width, photo.height) == opened(photo.image).size == (2048, 1536)
    assert opened(photo.thumbnail).size == (480, 360)


def test_a_small_photo_is_not_blown_up():
    photo = prepare_photo(encoded(picture((100, 80))))
    assert opened(photo.image).size == opened(photo.thumbnail).size == (100, 80)


@pytest.mark.parametrize(("orientation", "corner"), [(1, "left top"), (2, "right top"), (3, "right bottom"), (4, "left bottom"),
                                                     (5, "left top"), (6, "right top"), (7, "right bottom"), (8, "left bottom")])  # fmt: skip
def test_a_photo_stands_upright_as_the_camera_was_held(orientation, corner):
    photo = prepare_photo(jpeg_with(exif(orientation=orientation)))
    image = opened(photo.image)
    assert image.size == ((640, 480) if orientation < 5 else (480, 640))
    across, down = corner.split()
    red, _green, blue = image.getpixel((10 if across == "left" else image.width - 10, 10 if down == "top" else image.height - 10))
    assert red > 200 > 100 > blue


def test_transparent_parts_become_white():
    image = Image.new("RGBA", (50, 50), (255, 0, 0, 0))
    assert min(opened(prepare_photo(encoded(image, "PNG")).image).getpixel((25, 25))) > 250


def test_a_grey_png_of_16_bits_keeps_its_shades():
    image = Image.frombytes("I;16", (2, 1), struct.pack("<HH", 0x4000, 0xC000)).resize((64, 32), Image.Resampling.NEAREST)
    dark, bright = (opened(prepare_photo(encoded(image, "PNG")).image).getpixel((x, 10))[0] for x in (5, 60))
    assert (round(dark, -1), round(bright, -1)) == (60, 190)


def test_only_the_first_frame_of_a_moving_gif_is_kept():
    frames = [Image.new("P", (60, 60), colour) for colour in (1, 2, 3)]
    animated = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], comment=b"PLANTED")
    assert opened(prepare_photo(animated).image).size == (60, 60)


def test_the_digest_is_that_of_the_upload():
    import hashlib

    data = jpeg_with(exif())
    assert prepare_photo(data).digest == hashlib.sha256(data).hexdigest()


def test_a_photo_of_50_megapixels_is_taken():
    photo = prepare_photo(encoded(picture((8192, 6144)), quality=40))
    assert (photo.width, photo.height) == (2048, 1536)


# --- what the camera wrote ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_time_and_place_are_read_and_kept_apart_and_nothing_of_them_is_left_in_the_files(kind):
    block = exif()
    data = jpeg_with(block) if kind == "JPEG" else encoded(picture(), kind, exif=b"Exif\0\0" + block)
    photo = prepare_photo(data)
    assert photo.taken_at == datetime(2025, 8, 1, 9, 30, tzinfo=VIETNAM)
    assert photo.taken_where.tuple == pytest.approx((105.15, 9.176667), abs=1e-6)
    assert photo.taken_where.srid == 4326
    for written in (photo.image, photo.thumbnail):
        assert not any(word in written for word in (b"Exif", b"PLANTED", b"xmp", b"2025:08:01", b"ICC_PROFILE"))
        assert len(opened(written).getexif()) == 0
        assert set(opened(written).info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density", "dpi", "progressive", "progression"}


def test_a_time_with_offset_is_that_moment():
    assert prepare_photo(jpeg_with(exif(offset="+09:00"))).taken_at == datetime(2025, 8, 1, 0, 30, tzinfo=UTC)


def test_south_and_west_are_below_zero():
    assert read_exif(exif(refs="SW")).where.tuple == pytest.approx((-105.15, -9.176667), abs=1e-6)


@pytest.mark.parametrize(
    "lies",
    [
        {"lat": ((0, 0), (0, 0), (0, 0))},  # not a number
        {"lat": ((9, 0),)},  # infinite
        {"lat": ((4_294_967_295, 1),)},
        {"lon": ((181, 1), (0, 1), (0, 1))},
        {"lat": ((0, 1),), "lon": ((0, 1),)},  # a phone without a fix
        {"refs": "XY"},
    ],
)
def test_a_position_that_cannot_be_true_is_left_out_and_the_rest_kept(lies):
    photo = prepare_photo(jpeg_with(exif(**lies)))
    assert photo.taken_where is None
    assert photo.taken_at is not None


@pytest.mark.parametrize(
    "time", ["2025:13:41 25:61:61", "0000:00:00 00:00:00", "1970:01:01 00:00:00", "2999:01:01 00:00:00", "yesterday", "\x00" * 19]
)
def test_a_time_that_cannot_be_true_is_left_out_and_the_rest_kept(time):
    photo = prepare_photo(jpeg_with(exif(taken=time)))
    assert photo.taken_at is None
    assert photo.taken_where is not None


@pytest.mark.parametrize("offset", ["+99:99", "-15:00", "+7:00", "abc"])
def test_a_strange_offset_breaks_nothing(offset):
    prepare_photo(jpeg_with(exif(offset=offset)))


def test_ten_thousand_tags_are_passed_over_quickly():
    data = encoded(picture(), "PNG", exif=b"Exif\0\0" + exif(more=10_000))
    begun = time.perf_counter()
    photo = prepare_photo(data)
    assert time.perf_counter() - begun < 2
    assert photo.taken_where is not None


def test_an_exif_block_whose_directories_point_at_themselves_ends():
    block = bytearray(exif())
    entries = block.find(struct.pack("<HHI", 0x8769, 4, 1))
    block[entries + 8 : entries + 12] = struct.pack("<I", 8)
    assert read_exif(bytes(block)).at is None


def test_any_broken_exif_block_is_no_more_than_absent():
    whole = exif()
    for cut in range(len(whole)):
        read_exif(whole[:cut])
    for place in range(len(whole)):
        read_exif(whole[:place] + b"\xff\xff\xff\xff" + whole[place + 4 :])


def test_the_position_of_a_photo_is_offered():
    assert read_exif_offer(jpeg_with(exif())) == {"taken_at": "2025-08-01T09:30:00+07:00", "lat": 9.176667, "lon": 105.15}
    assert read_exif_offer(encoded(picture())) is None


# --- what is refused ----------------------------------------------------------------------------------------------------


def refusal(data: bytes, name: str = "photo.jpg", declared: str = "image/jpeg") -> str:
    with pytest.raises(PhotoRefused) as refused:
        prepare_photo(SimpleUploadedFile(name, data, declared))
    return str(refused.value)


@pytest.mark.parametrize(
    "data",
    [HTML, SVG, b"MZ" + b"\0" * 500, b"%PDF-1.7\n", b"PK\x03\x04" + b"\0" * 100, b"GIF89", b"RIFF1234WAVE", b"BM" + b"\0" * 100, b"x"],
)
def test_what_is_no_picture_is_refused_whatever_its_name_says(data):
    refusal(data)


def test_a_photo_is_taken_whatever_its_name_says():
    upload = SimpleUploadedFile("<script>alert(1)</script>.exe", encoded(picture()), "application/x-msdownload")
    assert prepare_photo(upload).width == 640


def test_an_upload_that_was_read_before_is_read_from_its_beginning():
    upload = SimpleUploadedFile("photo.jpg", encoded(picture()), "image/jpeg")
    upload.read()
    assert prepare_photo(upload).width == 640


def test_more_than_20_mb_are_refused():
    assert "20 MB" in refusal(encoded(picture()) + b"\0" * 20_000_000)


def test_an_empty_file_is_refused():
    assert refusal(b"")


def test_a_photo_cut_off_is_refused_after_a_pdf_was_made_too():
    import weasyprint  # noqa: F401  it lets the whole process take what is cut off

    whole = encoded(picture((120, 90)))
    with pytest.raises(PhotoRefused):
        prepare_photo(whole[: len(whole) * 2 // 3])


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_a_photo_cut_off_anywhere_is_refused_or_whole_but_never_an_error(kind):
    whole = encoded(picture((120, 90)), kind)
    for cut in range(0, len(whole) - 2, max(1, len(whole) // 150)):
        with pytest.raises(PhotoRefused):
            prepare_photo(whole[:cut])


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_a_photo_with_damaged_bytes_is_refused_or_taken_but_never_an_error(kind):
    whole = encoded(picture((120, 90)), kind)
    for place in range(0, len(whole) - 4, max(1, len(whole) // 150)):
        try:
            prepare_photo(whole[:place] + b"\xff\xda\x00\x01" + whole[place + 4 :])
        except PhotoRefused:
            continue


@pytest.mark.parametrize(("width", "height"), [(9000, 7000), (50_000, 50_000), (2**31 - 1, 1), (2**31 - 1, 2**31 - 1)])
def test_a_png_that_unpacks_to_too_many_pixels_is_refused_before_it_is_decoded(width, height, monkeypatch):
    monkeypatch.setattr(media, "_decoded", lambda *given: pytest.fail("decoded"))
    assert "50" in refusal(png_claiming(width, height))


def test_a_jpeg_of_too_many_pixels_is_refused_before_it_is_decoded(monkeypatch):
    monkeypatch.setattr(media, "_decoded", lambda *given: pytest.fail("decoded"))
    data = bytearray(encoded(picture((64, 64))))
    size = data.find(b"\xff\xc0")
    data[size + 5 : size + 9] = struct.pack(">HH", 65_500, 65_500)
    assert "50" in refusal(bytes(data))


def test_a_gif_whose_frame_is_larger_than_it_says_is_refused(monkeypatch):
    data = bytearray(encoded(picture((64, 64), "P"), "GIF"))
    frame = data.find(b",\0\0\0\0")
    data[frame + 5 : frame + 9] = struct.pack("<HH", 65_000, 65_000)
    assert "50" in refusal(bytes(data))


def test_a_webp_whose_frame_is_larger_than_its_canvas_says_is_refused():
    data = bytearray(encoded(picture((64, 64)), "WEBP", lossless=True, exif=b"Exif\0\0" + exif()))
    assert data[12:16] == b"VP8X"
    frame = data.find(b"VP8L") + 9
    data[frame : frame + 4] = struct.pack("<I", 16_382 | 16_382 << 14)
    assert "50" in refusal(bytes(data))


def test_a_very_long_and_thin_picture_is_taken():
    assert prepare_photo(encoded(Image.new("RGBA", (60_000, 3)), "PNG")).height == 1


def test_a_jpeg_of_thousands_of_scans_is_refused_quickly():
    data = jpeg_of_many_scans(5000)
    begun = time.perf_counter()
    refusal(data)
    assert time.perf_counter() - begun < 1


def test_a_text_bomb_in_a_png_is_not_unpacked():
    import zlib

    bomb = png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"A" * 60_000_000, 9))
    plain = encoded(picture(), "PNG")
    assert prepare_photo(plain[:33] + bomb * 3 + plain[33:]).width == 640


def test_a_moving_webp_is_refused():
    frames = [picture((60, 60)), picture((60, 60)).rotate(90)]
    data = encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:])
    refusal(data)


def test_heic_and_video_are_refused_with_a_way_out():
    assert "HEIC" in refusal(b"\0\0\0\x18ftypheic" + b"\0" * 100)
    assert "HEIC" not in refusal(b"\0\0\0\x18ftypisom" + b"\0" * 100)


def test_nothing_of_a_polyglot_survives():
    data = encoded(picture(), comment=HTML) + b"PK\x03\x04PLANTED-ZIP" + HTML
    photo = prepare_photo(data)
    assert not any(word in photo.image + photo.thumbnail for word in (b"script", b"PLANTED", b"PK\x03\x04"))


def test_a_picture_in_a_picture_is_not_carried_over():
    inner = encoded(picture((160, 120)))
    data = encoded(picture())
    data = data[:2] + segment(0xE2, b"MPF\0" + inner[:5000]) + data[2:]
    assert prepare_photo(data).image.count(b"\xff\xd8\xff") == 1


# --- what is kept -------------------------------------------------------------------------------------------------------


@pytest.fixture
def filing(body_a, pothole, spot_a, portal, an) -> Filing:
    return Filing(location=spot_a, category=pothole, description="Ổ gà sâu", name=an.name, phone=an.phone)


def some(number: int) -> list:
    return [prepare_photo(encoded(picture((200 + index, 150)))) for index in range(number)]


def with_photos(filing: Filing, photos: list) -> Filing:
    from dataclasses import replace

    return replace(filing, photos=photos)


@pytest.mark.django_db
def test_photos_are_kept_with_a_report_under_random_names(filing, media_root):
    photo = prepare_photo(SimpleUploadedFile("../../<script>.jpg", jpeg_with(exif()), "image/jpeg"))
    report = file_report(with_photos(filing, [photo]))
    kept = report.photos.get()
    assert kept.taken_at == photo.taken_at
    assert kept.taken_where.tuple == pytest.approx(photo.taken_where.tuple)
    day = timezone.localdate()
    assert files(media_root) == [f"{folder}/{day:%Y/%m/%d}/{kept.key.hex}.jpg" for folder in ("photos", "thumbnails")]
    assert kept.image.read() == photo.image


@pytest.mark.django_db
def test_the_same_photo_twice_is_kept_once(filing, media_root):
    (photo,) = some(1)
    report = file_report(with_photos(filing, [photo, photo]))
    keep_photos(report, [photo], at=timezone.now())
    assert report.photos.count() == 1
    assert len(files(media_root)) == 2


@pytest.mark.django_db
def test_a_report_has_at_most_five_photos(filing, media_root):
    report = file_report(with_photos(filing, some(5)))
    assert [photo.position for photo in report.photos.all()] == [0, 1, 2, 3, 4]
    with pytest.raises(ValidationError):
        keep_photos(report, [prepare_photo(encoded(picture((90, 90))))], at=timezone.now())
    assert len(files(media_root)) == 10


@pytest.mark.django_db
def test_photos_of_the_answer_are_counted_apart(filing, media_root):
    report = file_report(with_photos(filing, some(5)))
    (answer,) = keep_photos(report, [prepare_photo(encoded(picture((90, 90))))], at=timezone.now(), kind=Photo.Kind.ANSWER)
    assert answer.kind == "answer"


@pytest.mark.django_db
def test_no_file_is_left_when_one_of_them_cannot_be_written(filing, media_root, monkeypatch):
    report = file_report(filing)
    real, calls = default_storage.save, []

    def breaks_at_the_fourth(name, content, **more):
        calls.append(name)
        if len(calls) == 4:
            raise OSError("disk full")
        return real(name, content, **more)

    monkeypatch.setattr(default_storage._wrapped, "save", breaks_at_the_fourth)
    with pytest.raises(OSError, match="disk full"):
        keep_photos(report, some(3), at=timezone.now())
    assert files(media_root) == []
    assert report.photos.count() == 0


@pytest.mark.django_db(transaction=True)
def test_no_file_is_left_when_the_filing_is_rolled_back(filing, media_root, monkeypatch):
    from reports.services import filing as module

    monkeypatch.setattr(module.ReportEvent, "save", lambda *given, **more: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        file_report(with_photos(filing, some(2)))
    assert Report.objects.count() == 0
    assert files(media_root) == []


@pytest.mark.django_db(transaction=True)
def test_no_file_is_left_of_the_loser_of_two_calls_with_one_key(filing, media_root, monkeypatch):
    from reports.services import filing as module

    winner, _new = file_once(with_photos(filing, some(1)), key="k")
    looks = iter([None, winner])
    monkeypatch.setattr(module, "_filed_with", lambda *given: next(looks))
    assert file_once(with_photos(filing, some(1)), key="k") == (winner, False)
    assert Report.objects.count() == 1
    assert len(files(media_root)) == 2


@pytest.mark.django_db(transaction=True)
def test_files_written_in_an_outer_block_that_fails_later_are_undone(filing, media_root):
    with pytest.raises(IntegrityError), files_undone_on_error(), transaction.atomic():  # noqa: PT012
        file_report(with_photos(filing, some(2)))
        raise IntegrityError
    assert files(media_root) == []


@pytest.mark.django_db
def test_orphans_older_than_a_day_are_swept_and_nothing_else(filing, media_root):
    report = file_report(with_photos(filing, some(1)))
    folder = timezone.localdate().strftime("photos/%Y/%m/%d")
    orphan = default_storage.save(f"{folder}/0123456789abcdef0123456789abcdef.jpg", io.BytesIO(b"x"))
    default_storage.save(f"{folder}/notes.txt", io.BytesIO(b"x"))
    assert sweep_media() == 0
    assert sweep_media(now=timezone.now() + timedelta(days=1, minutes=1)) == 1
    assert not default_storage.exists(orphan)
    assert len(files(media_root)) == 3
    assert report.photos.get().image.read()


# --- looking before sending ---------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_photo_can_be_looked_at_before_sending_and_is_not_kept(client, media_root):
    upload = SimpleUploadedFile("a.jpg", jpeg_with(exif()), "image/jpeg")
    answer = client.post("/api/v1/photos/inspect/", {"photo": upload})
    assert answer.status_code == 200
    assert answer.json() == {"ok": True, "taken_at": "2025-08-01T09:30:00+07:00", "lat": 9.176667, "lon": 105.15}
    assert not media_root.exists()
    assert Photo.objects.count() == 0


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_refused_photo_is_a_problem_with_the_reason(client, language):
    upload = SimpleUploadedFile("a.jpg", HTML, "image/jpeg")
    answer = client.post("/api/v1/photos/inspect/", {"photo": upload}, headers={"Accept-Language": language})
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["errors"]["photo"] == [answer.json()["detail"]]
    assert client.post("/api/v1/photos/inspect/", {}).status_code == 400


@pytest.mark.django_db
def test_looking_at_photos_is_limited(client, settings):
    settings.THROTTLES = {**settings.THROTTLES, "photo": "2/h"}
    statuses = [client.post("/api/v1/photos/inspect/", {}).status_code for _call in range(3)]
    assert statuses == [400, 400, 429]


@pytest.mark.django_db
def test_a_request_over_the_limit_is_refused_before_its_files_are_kept(client, settings, monkeypatch):
    settings.UPLOAD_LIMIT = 1000
    monkeypatch.setattr(media, "prepare_photo", lambda upload: pytest.fail("read"))
    upload = SimpleUploadedFile("a.jpg", b"x" * 2000, "image/jpeg")
    assert client.post("/api/v1/photos/inspect/", {"photo": upload}).status_code in (400, 413)


# --- who may see it -----------------------------------------------------------------------------------------------------


@pytest.fixture
def photo(filing, media_root) -> Photo:
    return file_report(with_photos(filing, some(1))).photos.get()


def addresses(photo: Photo) -> list[str]:
    return [reverse(f"reports:{name}", args=[photo.key]) for name in ("photo", "photo_thumb")]


def hide(photo: Photo) -> None:
    Report.objects.filter(pk=photo.report_id).update(published_at=None)


@pytest.mark.django_db
def test_a_public_photo_is_a_jpeg_and_nothing_else_and_may_be_cached_for_a_while(photo, client):
    for address in addresses(photo):
        answer = client.get(address)
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "image/jpeg"
        assert answer.headers["Content-Disposition"] == "inline"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "public, max-age=300"
        assert opened(b"".join(answer.streaming_content)).format == "JPEG"


@pytest.mark.django_db
def test_a_photo_that_the_browser_has_is_not_sent_again(photo, client):
    address = addresses(photo)[0]
    tag = client.get(address).headers["ETag"]
    again = client.get(address, headers={"If-None-Match": tag})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    assert client.get(addresses(photo)[1], headers={"If-None-Match": tag}).status_code == 200


@pytest.mark.django_db
def test_a_photo_of_a_hidden_report_is_not_found_even_by_who_has_it(photo, client):
    tag = client.get(addresses(photo)[0]).headers["ETag"]
    hide(photo)
    for address in addresses(photo):
        assert client.get(address).status_code == 404
        assert client.get(address, headers={"If-None-Match": tag}).status_code == 404
    assert client.get("/photos/01234567-0123-0123-0123-0123456789ab/").status_code == 404


@pytest.mark.django_db
def test_a_photo_of_a_hidden_report_is_seen_by_its_officer_and_its_reporter_only(photo, binh, chi, diep, dung, client_of):
    hide(photo)
    for address in addresses(photo):
        assert [client_of(user).get(address).status_code for user in (binh, diep, chi, dung)] == [200, 200, 404, 404]
    reporter = Client()
    token = tracking_token(photo.report.code, photo.report.token_generation)
    reporter.get(f"/reports/{photo.report.code}/", {"token": token})
    answer = client_of(binh).get(addresses(photo)[0])
    assert answer.headers["Cache-Control"] == "private, no-cache"


@pytest.mark.django_db
def test_a_photo_without_its_file_is_not_found(photo, client):
    default_storage.delete(photo.image.name)
    assert client.get(addresses(photo)[0]).status_code == 404


@pytest.mark.django_db
def test_the_storage_itself_is_served_to_nobody(photo, client, admin_user, client_of):
    for browser in (client, client_of(admin_user)):
        assert browser.get(f"/media/{photo.image.name}").status_code == 404
    assert client.post(addresses(photo)[0]).status_code == 405
