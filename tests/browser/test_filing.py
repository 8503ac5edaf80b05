"""A citizen files a report: on a phone, without scripts, at a border, over a line that breaks."""

import io
import re

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

from boundaries.tests.factories import SIZE, WEST
from reports.models import Report
from reports.tests.photos import encoded, exif, jpeg_with, picture
from tests.browser.conftest import PHONE

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("browser-filing")]

METRES = 1 / 109_900  # degrees of longitude at 9 °N


@pytest.fixture(autouse=True)
def territory(transactional_db, body_a, body_b, portal, inspectorate, pothole, officials, procedures, settings):
    """The cast, with bodies and categories; and no limit on filing."""
    settings.THROTTLES = dict.fromkeys(settings.THROTTLES, "")


def photo_of(size=(640, 480), kind="JPEG"):
    return encoded(picture(size), kind)


def fill_in(page: Page, an, text="Ổ gà to giữa đường, xe máy hay ngã.") -> None:
    page.locator("#id_description").fill(text)
    page.locator("#id_name").fill(an.name)
    page.locator("#id_phone").fill("0912 345 678")


def drag_map(page: Page, dx: int, dy: int) -> None:
    box = page.locator("#map").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + dx / 2, y + dy / 2, steps=4)
    page.mouse.move(x + dx, y + dy, steps=4)
    page.wait_for_timeout(150)  # no fling
    page.mouse.up()


def test_a_citizen_pins_a_pothole_with_a_photo_on_a_phone(site, phone, axe, an, commune_a, body_a):
    phone.goto(f"{site}/reports/new/")
    expect(phone.locator(".where-card")).to_contain_text("Khi có vị trí")
    phone.get_by_role("button", name="Dùng vị trí của tôi").tap()
    card = phone.locator(".where-card")
    expect(card).to_contain_text("Phường An Lạc")
    expect(card).to_contain_text("UBND phường An Lạc")
    expect(phone.locator("#spot-told")).to_contain_text("sai số 12")
    expect(phone.locator("path.map-accuracy")).to_have_count(1)

    phone.get_by_role("radio", name="Ổ gà, hư hỏng mặt đường").tap()
    expect(card).to_contain_text("UBND phường An Lạc sẽ nhận phản ánh này.")
    phone.locator("#id_photos").set_input_files([{"name": "ổ gà.jpg", "mimeType": "image/jpeg", "buffer": photo_of((3000, 2000))}])
    expect(phone.locator("#photos-told")).to_have_text(re.compile(r"1 ảnh, \d+ kB"))
    fill_in(phone, an)
    axe(phone)
    phone.get_by_role("button", name="Gửi phản ánh").tap()

    phone.wait_for_url(re.compile(r"/reports/\w{10}/filed/$"))
    report = Report.objects.get()
    expect(phone.get_by_role("heading", level=1)).to_have_text("Phản ánh đã được gửi")
    expect(phone.locator(".big-code")).to_have_text(report.readable_code)
    expect(phone.locator(".lead")).to_contain_text("UBND phường An Lạc")
    axe(phone)
    assert (report.unit, report.authority, report.channel, report.accuracy_m) == (commune_a, body_a, "web", 12)
    assert (round(report.location.y, 4), round(report.location.x, 4)) == (9.05, 105.05)
    assert (report.contact.name, report.contact.phone) == (an.name, an.phone)
    photo = report.photos.get()
    assert max(photo.width, photo.height) == 2048  # made smaller before it was sent

    phone.get_by_role("link", name="Mở phản ánh").tap()
    expect(phone.get_by_role("heading", level=1)).to_contain_text("Ổ gà, hư hỏng mặt đường")
    expect(phone.get_by_text("Đây là phản ánh của bạn")).to_be_visible()
    expect(phone.locator(".photos img")).to_have_count(1)
    axe(phone)
    assert an.name not in phone.content()


def test_the_pin_follows_the_map_under_the_crosshair(site, phone, commune_a, commune_b):
    phone.goto(f"{site}/reports/new/?lat=9.05&lon=105.098")
    unit = phone.locator(".where-unit")
    expect(unit).to_have_text("Phường An Lạc")
    phone.wait_for_timeout(300)
    drag_map(phone, -150, 0)  # the map to the left: the pin goes east, over the border
    expect(unit).to_have_text("Xã Bình Yên")
    before = float(phone.locator("#id_lon").input_value())
    assert before > 105.1
    assert phone.locator("#id_accuracy").input_value() == ""
    phone.locator("a.leaflet-control-zoom-in").tap()  # to zoom must not move the pin
    phone.wait_for_timeout(500)
    assert float(phone.locator("#id_lon").input_value()) == before
    box = phone.locator("#map").bounding_box()
    phone.touchscreen.tap(box["x"] + 20, box["y"] + box["height"] / 2)  # a tap west of the pin
    phone.wait_for_function("before => Number(document.querySelector('#id_lon').value) < before", arg=before)


def test_a_commune_is_found_without_tone_marks_and_its_middle_asks_for_words(site, phone, console, an):
    phone.goto(f"{site}/reports/new/")
    phone.locator("#id_place").fill("binh yen")
    phone.get_by_role("option").filter(has_text="Xã Bình Yên").tap()
    expect(phone.locator(".where-unit")).to_have_text("Xã Bình Yên")
    expect(phone.locator("#spot-told")).to_contain_text("Giữa Xã Bình Yên")
    expect(phone.locator("#id_place_unit")).to_have_value("90002")  # who chose a commune by name is not asked which it is
    assert phone.locator("input[name=unit]").count() == 0
    phone.get_by_role("radio", name="Ổ gà, hư hỏng mặt đường").tap()
    fill_in(phone, an)
    console.forgive("status of 422")
    phone.locator("#send").tap()
    expect(phone.locator(".error-summary")).to_contain_text("Vị trí mới chỉ gần đúng")
    assert phone.locator("#id_description").input_value().startswith("Ổ gà to")
    phone.locator("#id_place_note").fill("Trước trạm y tế")
    phone.locator("#send").tap()
    phone.wait_for_url(re.compile("/filed/$"))
    report = Report.objects.get()
    assert (report.unit.code, report.ambiguous, report.place_note) == ("90002", False, "Trước trạm y tế")
    assert report.accuracy_m == 5000


@pytest.mark.parametrize(("typed", "offered"), [("9.05, 105.05", "9.05, 105.05"), ("105.05, 9.05", "9.05, 105.05")])
def test_coordinates_are_taken_and_swapped_ones_offered_the_right_way_round(site, phone, typed, offered):
    phone.goto(f"{site}/reports/new/")
    phone.locator("#id_place").fill(typed)
    phone.get_by_role("option").filter(has_text=offered).tap()
    expect(phone.locator(".where-unit")).to_have_text("Phường An Lạc")


class TestAtABorder:
    def visit_border(self, visit, site):
        spot = {"latitude": 9.05, "longitude": WEST + SIZE - 30 * METRES, "accuracy": 100}
        page = visit(**PHONE, geolocation=spot)
        page.goto(f"{site}/reports/new/")
        page.get_by_role("radio", name="Ổ gà, hư hỏng mặt đường").tap()
        page.get_by_role("button", name="Dùng vị trí của tôi").tap()
        return page

    def test_one_question_is_asked_and_its_answer_decides(self, site, visit, axe, an, commune_b, body_b):
        page = self.visit_border(visit, site)
        question = page.get_by_role("group", name="Vị trí nằm gần ranh giới")
        expect(question).to_be_visible()
        expect(question.get_by_role("radio", name="Phường An Lạc")).to_be_checked()  # the largest share
        axe(page)
        question.get_by_role("radio", name="Xã Bình Yên").check()
        expect(page.locator(".where-card")).to_contain_text("UBND xã Bình Yên sẽ nhận")
        expect(question.get_by_role("radio", name="Xã Bình Yên")).to_be_checked()
        fill_in(page, an)
        page.locator("#send").tap()
        page.wait_for_url(re.compile("/filed/$"))
        report = Report.objects.get()
        assert (report.unit, report.authority, report.ambiguous) == (commune_b, body_b, False)

    def test_who_is_not_sure_leaves_it_to_the_pin_and_a_coordinator(self, site, visit, an, commune_a):
        page = self.visit_border(visit, site)
        page.get_by_role("radio", name="Tôi không chắc").check()
        fill_in(page, an)
        page.locator("#send").tap()
        page.wait_for_url(re.compile("/filed/$"))
        report = Report.objects.get()
        assert (report.unit, report.ambiguous) == (commune_a, True)


def test_on_water_and_outside_it_says_so(site, phone):
    phone.goto(f"{site}/reports/new/?lat=9.05&lon={WEST - 100 * METRES:.6f}")
    expect(phone.locator(".where-card")).to_contain_text("cách 100 m")
    phone.goto(f"{site}/reports/new/?lat=8.5&lon=104.6")
    expect(phone.locator(".where-card")).to_contain_text("Điều phối viên sẽ quyết định")


def test_out_of_scope_is_told_before_and_cannot_be_sent(site, phone, axe):
    phone.goto(f"{site}/reports/new/?lat=9.05&lon=105.05")
    phone.get_by_role("radio", name="Thủ tục hành chính").tap()
    expect(phone.locator("#about-procedures")).to_be_visible()
    expect(phone.locator("#about-procedures")).to_contain_text("Trung tâm Phục vụ hành chính công")
    expect(phone.locator("#out-note")).to_be_visible()
    expect(phone.locator("#send")).to_be_disabled()
    axe(phone)
    phone.get_by_role("radio", name="Ổ gà, hư hỏng mặt đường").tap()
    expect(phone.locator("#about-procedures")).to_be_hidden()
    expect(phone.locator("#send")).to_be_enabled()


def test_about_officials_it_says_who_never_gets_it_and_nobody_else_sees_it(site, phone, visit, console):
    phone.goto(f"{site}/reports/new/?lat=9.05&lon=105.05")
    phone.get_by_role("radio", name="Cán bộ, công chức").tap()
    card = phone.locator(".where-card")
    expect(card).to_contain_text("Thanh tra tỉnh Phú Hải sẽ nhận phản ánh này, không bao giờ là cơ quan bị phản ánh.")
    expect(card).to_contain_text("không được công khai")
    expect(phone.locator("#anonymous-note")).to_be_visible()
    phone.locator("#id_description").fill("Cán bộ bắt chờ ba giờ.")
    phone.locator("#send").tap()
    phone.wait_for_url(re.compile("/filed/$"))
    report = Report.objects.get()
    assert not hasattr(report, "contact")
    expect(phone.get_by_text("Phản ánh này không công khai.").first).to_be_visible()
    link = phone.locator("#link").input_value()
    phone.goto(f"{site}{report.get_absolute_url()}")
    expect(phone.get_by_text("Cán bộ bắt chờ ba giờ.")).to_be_visible()
    stranger = visit(**PHONE)
    console.forgive("status of 404")
    assert stranger.goto(f"{site}{report.get_absolute_url()}").status == 404
    assert stranger.goto(f"{site}/reports/{report.code}/filed/").status == 404
    assert stranger.goto(link).status == 200  # who holds the link is the reporter
    assert "token" not in stranger.url


class TestAWeakLine:
    def test_what_was_written_survives_a_crash_but_not_the_contact(self, site, phone, an):
        phone.goto(f"{site}/reports/new/")
        phone.get_by_role("button", name="Dùng vị trí của tôi").tap()
        expect(phone.locator(".where-unit")).to_have_text("Phường An Lạc")
        phone.get_by_role("radio", name="Ổ gà, hư hỏng mặt đường").tap()
        fill_in(phone, an)
        phone.wait_for_timeout(700)
        kept = phone.evaluate("JSON.stringify(localStorage)")
        assert an.phone not in kept
        assert an.name not in kept
        phone.goto("about:blank")
        phone.goto(f"{site}/reports/new/")
        expect(phone.locator("#draft-note")).to_be_visible()
        expect(phone.locator("#id_description")).to_have_value(re.compile("Ổ gà to"))
        expect(phone.locator("input[name=category]:checked")).to_have_value("pothole")
        expect(phone.locator(".where-unit")).to_have_text("Phường An Lạc")
        expect(phone.locator("#id_name")).to_have_value("")
        phone.get_by_role("button", name="Viết lại từ đầu").tap()
        expect(phone.locator("#draft-note")).to_be_hidden()
        expect(phone.locator("#id_description")).to_have_value("")

    def test_the_contact_is_remembered_only_where_somebody_ticks_it(self, site, phone, an):
        phone.goto(f"{site}/reports/new/")
        fill_in(phone, an)
        phone.get_by_text("Nhớ liên hệ của tôi").tap()
        phone.wait_for_timeout(700)
        phone.goto("about:blank")
        phone.goto(f"{site}/reports/new/")
        expect(phone.locator("#id_name")).to_have_value(an.name)
        phone.get_by_text("Nhớ liên hệ của tôi").tap()
        phone.wait_for_timeout(700)
        assert an.name not in phone.evaluate("JSON.stringify(localStorage)")

    def test_a_lost_connection_loses_nothing_and_the_retry_files_once(self, site, phone, console, an):
        phone.goto(f"{site}/reports/new/?lat=9.05&lon=105.05&category=pothole")
        fill_in(phone, an)
        phone.locator("#id_photos").set_input_files([{"name": "a.jpg", "mimeType": "image/jpeg", "buffer": photo_of()}])
        expect(phone.locator("#photos-told")).to_contain_text("1 ảnh")
        console.forgive("ERR_FAILED|ERR_INTERNET|ERR_ABORTED")
        lost = []

        def lose_the_answer(route):  # it arrives, and is filed; the answer gets lost
            if "send" in (route.request.post_data_buffer or b"").decode("latin-1").split('name="do"')[-1][:20] and not lost:
                lost.append(route.fetch())
                route.abort()
            else:
                route.continue_()

        phone.route("**/reports/new/", lose_the_answer)
        phone.locator("#send").tap()
        expect(phone.locator("#send-failed")).to_contain_text("mất kết nối")
        expect(phone.locator("#send-word")).to_have_text("Thử gửi lại")
        assert Report.objects.count() == 1
        expect(phone.locator(".photo-slot--filled")).to_have_count(1)
        phone.locator("#send").tap()
        phone.wait_for_url(re.compile("/filed/$"))
        assert Report.objects.count() == 1

    def test_what_was_changed_after_a_lost_answer_is_told_not_filed_twice(self, site, phone, console, an):
        phone.goto(f"{site}/reports/new/?lat=9.05&lon=105.05&category=pothole")
        fill_in(phone, an)
        console.forgive("ERR_FAILED")
        lost = []

        def lose_the_answer(route):
            if lost:
                route.continue_()
            else:
                lost.append(route.fetch())
                route.abort()

        phone.route("**/reports/new/", lose_the_answer)
        phone.locator("#send").tap()
        expect(phone.locator("#send-failed")).to_be_visible()
        phone.locator("#id_description").fill("Khác hẳn")
        phone.locator("#send").tap()
        phone.wait_for_url(re.compile(r"/filed/\?changed$"))
        expect(phone.get_by_text("Phản ánh đã đến từ trước")).to_be_visible()
        assert Report.objects.get().description.startswith("Ổ gà to")

    def test_a_double_tap_files_once(self, site, phone, an):
        phone.goto(f"{site}/reports/new/?lat=9.05&lon=105.05&category=pothole")
        fill_in(phone, an)
        phone.locator("#send").dblclick()
        phone.wait_for_url(re.compile("/filed/$"))
        assert Report.objects.count() == 1

    def test_missing_answers_are_told_before_photos_are_sent(self, site, phone, console, axe):
        sent = []
        phone.on("request", lambda request: sent.append(len(request.post_data_buffer or b"")) if request.method == "POST" else None)
        phone.goto(f"{site}/reports/new/")
        noise = io.BytesIO()
        Image.effect_noise((1500, 1500), 80).convert("RGB").save(noise, "JPEG", quality=60)
        phone.locator("#id_photos").set_input_files([{"name": "a.jpg", "mimeType": "image/jpeg", "buffer": noise.getvalue()}])
        expect(phone.locator("#photos-told")).to_contain_text("1 ảnh")
        console.forgive("status of 422")
        phone.locator("#send").tap()
        summary = phone.locator(".error-summary")
        expect(summary).to_be_focused()
        for sentence in (
            "Hãy cho biết vị trí.",
            "Hãy chọn lĩnh vực.",
            "Hãy viết điều bạn đã thấy.",
            "Hãy viết họ và tên.",
            "Hãy viết số điện thoại.",
        ):
            expect(summary).to_contain_text(sentence)
        expect(phone.locator("[data-field=description] .field-error")).to_have_text("Hãy viết điều bạn đã thấy.")
        assert phone.locator("#id_description").get_attribute("aria-invalid") == "true"
        assert max(sent) < 5_000
        expect(phone.locator(".photo-slot--filled")).to_have_count(1)
        axe(phone)

    def test_a_refused_photo_loses_no_text(self, site, phone, console, an):
        phone.goto(f"{site}/reports/new/?lat=9.05&lon=105.05&category=pothole")
        fill_in(phone, an)
        phone.locator("#id_photos").set_input_files(
            [
                {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": photo_of()},
                {"name": "b.jpg", "mimeType": "image/jpeg", "buffer": b"not a photo at all"},
            ]
        )
        expect(phone.locator("#photos-told")).to_contain_text("2 ảnh")
        console.forgive("status of 422")
        phone.locator("#send").tap()
        expect(phone.locator(".error-summary")).to_contain_text("Ảnh 2:")
        assert not Report.objects.exists()
        phone.get_by_role("button", name="Bỏ ảnh 2").tap()
        expect(phone.locator("#id_description")).to_have_value(re.compile("Ổ gà to"))
        phone.locator("#send").tap()
        phone.wait_for_url(re.compile("/filed/$"))
        assert Report.objects.get().photos.count() == 1


@pytest.mark.parametrize("script", ["**/js/pages/filing.*.js", "**/leaflet/leaflet.*.js"])
def test_where_a_script_does_not_arrive_the_page_works_as_without(site, phone, console, an, commune_b, script):
    console.forgive("ERR_FAILED")
    phone.route(script, lambda route: route.abort())
    phone.goto(f"{site}/reports/new/")
    phone.locator("#id_place").fill("binh yen")
    phone.get_by_role("button", name="Tìm", exact=True).tap()
    phone.get_by_role("button", name="Xã Bình Yên").tap()
    expect(phone.locator(".where-unit")).to_have_text("Xã Bình Yên")
    phone.get_by_role("radio", name="Ổ gà, hư hỏng mặt đường").tap()
    phone.locator("#id_place_note").fill("Cạnh chợ")
    fill_in(phone, an)
    phone.locator("#send").tap()
    phone.wait_for_url(re.compile("/filed/$"))
    assert Report.objects.get().unit == commune_b


class TestPhotos:
    def test_the_position_of_a_photo_is_offered_and_kept_privately(self, site, phone, an):
        noise = io.BytesIO()
        image = Image.new("RGB", (3000, 2000), "steelblue")
        ImageDraw.Draw(image).rectangle((0, 0, 700, 500), fill="red")
        image.save(noise, "JPEG")
        where = exif(lat=((9, 1), (3, 1), (0, 1)), lon=((105, 1), (6, 1), (36, 1)))  # 9.05, 105.11: in B
        with_exif = jpeg_with(where, image)
        phone.goto(f"{site}/reports/new/?lat=9.05&lon=105.05&category=pothole")
        expect(phone.locator(".where-unit")).to_have_text("Phường An Lạc")
        phone.locator("#id_photos").set_input_files([{"name": "a.jpg", "mimeType": "image/jpeg", "buffer": with_exif}])
        expect(phone.locator("#photo-offer")).to_contain_text("cách ghim 6,6 km")
        phone.get_by_role("button", name="Dùng nơi chụp ảnh").tap()
        expect(phone.locator(".where-unit")).to_have_text("Xã Bình Yên")
        fill_in(phone, an)
        phone.locator("#send").tap()
        phone.wait_for_url(re.compile("/filed/$"))
        report = Report.objects.get()
        photo = report.photos.get()
        assert max(photo.width, photo.height) == 2048
        assert (round(photo.taken_where.y, 4), round(photo.taken_where.x, 4)) == (9.05, 105.11)  # carried over to the smaller copy
        assert (round(report.location.y, 4), round(report.location.x, 4)) == (9.05, 105.11)

    def test_at_most_five_and_each_can_be_removed(self, site, phone):
        phone.goto(f"{site}/reports/new/")
        files = [{"name": f"{number}.jpg", "mimeType": "image/jpeg", "buffer": photo_of((100 + number, 80))} for number in range(6)]
        phone.locator("#id_photos").set_input_files(files)
        expect(phone.locator(".photo-slot--filled")).to_have_count(5)
        expect(phone.locator("#photo-add")).to_be_hidden()
        phone.get_by_role("button", name="Bỏ ảnh 1").tap()
        expect(phone.locator(".photo-slot--filled")).to_have_count(4)
        expect(phone.locator("#photo-add")).to_be_visible()
        expect(phone.get_by_role("button", name="Bỏ ảnh 1")).to_be_focused()


class TestWithoutScripts:
    @pytest.fixture
    def page(self, visit):
        return visit(**PHONE, java_script_enabled=False)

    def test_a_citizen_finds_the_commune_and_files(self, site, page, an, commune_b, body_b):
        page.goto(f"{site}/reports/new/")
        page.locator("#id_description").fill("Rác đầy đường")
        page.locator("#id_place").fill("xa binh yen")
        page.get_by_role("button", name="Tìm", exact=True).tap()
        page.get_by_role("button", name="Xã Bình Yên").tap()
        assert page.locator(".where-unit").inner_text() == "Xã Bình Yên"
        assert page.locator("#id_description").input_value() == "Rác đầy đường"
        page.get_by_role("radio", name="Ổ gà, hư hỏng mặt đường").tap()
        page.locator("#id_place_note").fill("Cạnh chợ, ấp 3")
        page.locator("#id_name").fill(an.name)
        page.locator("#id_phone").fill(an.phone)
        page.locator("#id_photos").set_input_files([{"name": "a.jpg", "mimeType": "image/jpeg", "buffer": photo_of()}])
        page.locator("#send").tap()
        page.wait_for_url(re.compile("/filed/$"))
        report = Report.objects.get()
        assert (report.unit, report.authority, report.ambiguous, report.photos.count()) == (commune_b, body_b, False, 1)
        assert page.locator(".big-code").inner_text() == report.readable_code

    def test_by_coordinates_with_a_mistake_on_the_way(self, site, page, console, an, commune_a):
        page.goto(f"{site}/reports/new/")
        page.locator("#id_place").fill("105.05, 9.05")
        page.get_by_role("button", name="Tìm", exact=True).tap()
        assert "bị đảo" in page.locator("#found").inner_text()
        page.get_by_role("button", name="9.05, 105.05").tap()
        assert page.locator(".where-unit").inner_text() == "Phường An Lạc"
        page.locator("#id_description").fill("Ổ gà")
        page.locator("#id_photos").set_input_files([{"name": "a.jpg", "mimeType": "image/jpeg", "buffer": photo_of()}])
        console.forgive("status of 422")
        page.locator("#send").tap()
        summary = page.locator(".error-summary").inner_text()
        assert "Hãy chọn lĩnh vực." in summary
        assert page.get_by_text("Xin chọn lại ảnh").is_visible()
        assert page.locator("#id_description").input_value() == "Ổ gà"
        page.get_by_role("radio", name="Ổ gà, hư hỏng mặt đường").tap()
        page.locator("#id_name").fill(an.name)
        page.locator("#id_phone").fill(an.phone)
        page.locator("#send").tap()
        page.wait_for_url(re.compile("/filed/$"))
        assert Report.objects.get().unit == commune_a
