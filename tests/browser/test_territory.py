"""A change of territory as people see it: the reason of a place on a map, and an edition rehearsed, put in force, and taken back."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

from django.contrib.gis.geos import Point
from playwright.sync_api import expect

from boundaries.models import Edition
from boundaries.tests.factories import SOUTH, UnitFactory, square
from reports.models import Report
from reports.services import Filing, file_report
from reports.territory import activate_and_reroute
from tests.browser.conftest import PHONE
from tests.browser.test_story import work_and_leave
from tests.cast import SIZE, WEST
from tests.merger import FIRST

NEAR_BORDER = Point(WEST + SIZE - 0.0012, 9.05, srid=4326)  # 132 m west of the border of A and B


def file(category, **more):
    return file_report(Filing(location=NEAR_BORDER, category=category, description="Ổ gà sâu giữa đường, ban đêm không thấy.", **more))


def test_the_reasons_show_the_border_on_a_map(site, visit, axe, pothole, body_a, body_b, portal, draft, commune_c):
    report = file(pothole, accuracy_m=250)
    for look in ({}, {**PHONE, "color_scheme": "dark"}):
        page = visit(**look)
        page.goto(f"{site}{report.get_absolute_url()}")
        assert page.locator("#why-map .leaflet-pane").count() == 0  # it costs nothing until somebody asks
        page.locator("#why summary").click()
        expect(page.locator("#why-map .map-to-border-label")).to_have_text(re.compile(r"Cách ranh giới 13\d m"))
        expect(page.locator("#why-map path.map-to-border").first).to_be_attached()
        expect(page.locator("#why-map .map-accuracy")).to_be_attached()
        expect(page.locator("#why-map .leaflet-area-pane path")).to_be_attached()
        axe(page)
    activate_and_reroute(edition=draft)
    page.reload()
    page.locator("#why summary").click()
    expect(page.locator(".report-moves")).to_contain_text("UBND phường Hợp Nhất")
    expect(page.locator("#why-map path[stroke-dasharray='2 5']").first).to_be_attached()  # the commune in which it was filed


def test_an_edition_is_rehearsed_put_in_force_and_taken_back(
    site,
    visit,
    axe,
    pothole,
    body_a,
    body_b,
    portal,
    draft,
    commune_c,
    binh,
    admin_user,
):
    report = file(pothole)
    for look in (PHONE, {}):
        page = visit(user=admin_user, **look)
        page.goto(f"{site}/desk/territory/")
        axe(page)
        page.get_by_role("link", name="Sáp nhập").first.click()
        expect(page.locator(".figures")).to_contain_text("phản ánh đang mở")
        expect(page.locator("main")).to_contain_text("UBND phường Hợp Nhất")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        axe(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Tải bảng (CSV)").click()
    assert "UBND phường Hợp Nhất" in download.value.path().read_text(encoding="utf-8-sig")
    page.get_by_role("button", name=re.compile("Áp dụng từ")).click()
    expect(page.locator("main")).to_contain_text("Đang áp dụng")
    axe(page)
    with ThreadPoolExecutor(1) as other_thread:
        other_thread.submit(work_and_leave).result()
    expect(page.locator("main")).to_contain_text("Đang có hiệu lực, từ ngày", timeout=15_000)
    axe(page)
    report.refresh_from_db()
    assert report.authority.name == "UBND phường Hợp Nhất"
    page.get_by_label("Đúng, hoàn lại lần áp dụng này.").check()
    page.get_by_role("button", name="Hoàn lại").click()
    expect(page.locator("main")).to_contain_text("Đã hoàn lại lúc")
    assert Report.objects.get().authority == body_a
    assert Edition.objects.get(valid_from=FIRST).state == Edition.State.WITHDRAWN


def test_an_edition_is_verified_and_each_flaw_is_shown_where_it_is(site, visit, axe, province, draft, admin_user):
    for code, west, size in (("90011", WEST, 1.02 * SIZE), ("90012", WEST + SIZE, SIZE)):
        UnitFactory(
            code=code, name=f"Xã {code}", edition=draft, valid_from=draft.valid_from, parent=province, active=False,
            geometry=square(west, SOUTH, size, SIZE),
        )  # fmt: skip
    page = visit(user=admin_user)
    page.goto(f"{site}/admin/boundaries/edition/{draft.pk}/change/")
    page.get_by_role("link", name="Kiểm tra ranh giới").first.click()
    expect(page.locator("#content")).to_contain_text("Các ranh giới này chưa được kiểm tra")
    page.get_by_role("button", name="Kiểm tra ngay").click()
    expect(page.get_by_role("status")).to_contain_text("đang chờ xử lý")
    with ThreadPoolExecutor(1) as other_thread:
        other_thread.submit(work_and_leave).result()
    sentence = "Xã 90011 (90011) và Xã 90012 (90012) chồng lấn nhau."
    expect(page.get_by_role("row", name=sentence)).to_be_visible(timeout=15_000)  # the page has loaded itself again
    axe(page)
    page.get_by_role("row", name=sentence).get_by_role("button").click()
    expect(page.locator(".leaflet-popup-content")).to_have_text(sentence)
    expect(page.locator(".leaflet-overlay-pane path").first).to_be_visible()
    page.keyboard.press("Escape")
    page.locator(".leaflet-marker-icon").first.click()
    expect(page.locator("tr.is-chosen")).to_contain_text(sentence)
    with page.expect_download() as download:
        page.get_by_role("link", name="Toàn bộ kết quả cho QGIS").click()
    assert "90011 Xã 90011; 90012 Xã 90012" in download.value.path().read_text(encoding="utf-8")
    for look in ({**PHONE, "color_scheme": "dark"}, {"java_script_enabled": False}):
        other = visit(user=admin_user, **look)
        other.goto(f"{site}/admin/boundaries/edition/{draft.pk}/topology/?severity=error")
        expect(other.locator("#content")).to_contain_text(sentence)
        expect(other.locator("#map")).to_be_visible(visible=look.get("java_script_enabled", True))
        if look.get("java_script_enabled", True):
            assert other.evaluate("document.documentElement.scrollWidth <= innerWidth")
            axe(other)
