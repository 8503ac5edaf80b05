"""Editions in the administration: what they hold, their verification with its map, the way to the rehearsal."""

import json
import re
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.urls import NoReverseMatch
from django.utils import timezone

import boundaries.admin
from boundaries.models import Edition, TopologyCheck
from boundaries.tests.factories import MERGER, SIZE, WEST, EditionFactory, ProvinceFactory, SuccessionFactory, UnitFactory, square
from boundaries.topology import runs

pytestmark = pytest.mark.django_db


@pytest.fixture
def edition() -> Edition:
    """An edition in which two communes overlap by 2 % of a square."""
    edition = EditionFactory(name="Cà Mau 2025", decree="1655/NQ-UBTVQH15", decree_url="https://example.gov.vn/1655")
    province = ProvinceFactory(code="96", name="Tỉnh Cà Mau", edition=edition, geometry=square(WEST, 9.0, 2 * SIZE, SIZE))
    UnitFactory(code="32001", name="Xã Tây", edition=edition, parent=province)
    UnitFactory(code="32002", name="Xã Đông", edition=edition, parent=province, geometry=square(WEST + 0.98 * SIZE, 9.0, 1.02 * SIZE, SIZE))
    return edition


@pytest.fixture
def admin_client(client):
    client.force_login(get_user_model().objects.create_superuser("root"))
    return client


@pytest.fixture
def reader_client(client):
    """Somebody who may look at editions and change nothing."""
    user = get_user_model().objects.create_user("reader", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_edition"))
    client.force_login(user)
    return client


def page(edition: Edition) -> str:
    return f"/admin/boundaries/edition/{edition.pk}/topology/"


def text_of(client, address: str, status: int = 200, **query: str) -> str:
    answer = client.get(address, query)
    assert answer.status_code == status
    return answer.content.decode()


def jobs() -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE task_name LIKE '%%check_topology' AND status = 'todo'")
        return cursor.fetchone()[0]


def test_the_page_of_an_edition_shows_its_act_its_units_and_what_can_be_done(admin_client, edition):
    text = text_of(admin_client, f"/admin/boundaries/edition/{edition.pk}/change/")
    assert "1655/NQ-UBTVQH15" in text
    assert re.search(r'href="[^"]*edition__id__exact=\d+&amp;level__exact=commune">2 xã', text)
    assert page(edition) in text
    assert f"/desk/territory/{edition.pk}/" in text
    assert "chưa kiểm tra" in text
    runs.run_check(edition=edition)
    assert "1 lỗi, 0 cảnh báo, 0 lưu ý" in text_of(admin_client, f"/admin/boundaries/edition/{edition.pk}/change/")


def test_a_site_without_rehearsal_has_no_way_to_it(admin_client, edition, monkeypatch):
    def nowhere(name: str, *args: object, **kwargs: object) -> str:
        if name == "reports:rehearsal":
            raise NoReverseMatch
        return "/"

    monkeypatch.setattr(boundaries.admin, "reverse", nowhere)
    assert boundaries.admin.rehearsal_url(edition.pk) is None
    assert f"/desk/territory/{edition.pk}/" not in text_of(admin_client, page(edition))


def test_a_check_is_asked_for_once_and_done_by_a_worker(admin_client, edition):
    assert "Các ranh giới này chưa được kiểm tra" in text_of(admin_client, page(edition))
    for _twice in range(2):
        assert admin_client.post(page(edition)).status_code == 302
    assert jobs() == 1
    waiting = admin_client.get(page(edition))
    assert (waiting["Refresh"], "đang chờ xử lý" in waiting.content.decode()) == ("3", True)
    runs.run_check(edition=edition)
    done = admin_client.get(page(edition))
    assert "Refresh" not in done
    text = done.content.decode()
    assert "Xã Tây (32001) và Xã Đông (32002) chồng lấn nhau." in text
    assert re.search(r">2,4\d km²<", text)
    assert 'data-finding="1">9.05000, 105.09900' in text  # coordinates are written for machines, in every language


def test_a_check_whose_worker_is_lost_can_be_asked_for_again(admin_client, edition):
    admin_client.post(page(edition))
    TopologyCheck.objects.update(asked_at=timezone.now() - timedelta(hours=1))
    admin_client.post(page(edition))
    assert jobs() == 2


def test_findings_are_filtered_by_severity_and_kind(admin_client, edition):
    UnitFactory(code="32001", name="Phường 1", valid_from=None, valid_to=MERGER)
    runs.run_check(edition=edition)
    text = text_of(admin_client, page(edition))
    assert text.count('<tr id="finding-') == 2
    assert 'href="?severity=error"' in text
    filtered = text_of(admin_client, page(edition), severity="note", kind="name")
    assert filtered.count('<tr id="finding-') == 1
    assert "trước đây mang tên “Phường 1”" in filtered
    assert 'href="?severity=note" aria-current="true"' not in filtered
    assert 'href="?kind=name&amp;severity=note" aria-current="true"' in filtered
    assert "Không phát hiện gì thuộc loại này" in text_of(admin_client, page(edition), severity="warning")


def test_what_the_map_draws_is_what_the_page_lists(admin_client, edition):
    runs.run_check(edition=edition)
    text = text_of(admin_client, page(edition), lang="en")
    config = json.loads(re.search(r'<script id="map-config" type="application/json">(.*?)</script>', text)[1])
    (one,) = config["findings"]
    assert (one["properties"]["severity"], one["geometry"]["type"]) == ("error", "MultiPolygon")
    assert one["properties"]["sentence"] in text
    assert "style=" not in text
    assert not re.search(r"<script(?![^>]*(src=|application/json))", text)


def test_a_clean_edition_says_so_and_a_changed_one_asks_for_another_check(admin_client):
    edition = UnitFactory(parent=None).edition
    runs.run_check(edition=edition)
    assert "Không có gì sai" in text_of(admin_client, page(edition))
    UnitFactory(edition=edition, parent=None, west=WEST + SIZE)
    assert "hãy kiểm tra lại" in text_of(admin_client, page(edition))


def test_a_check_that_failed_says_why(admin_client, edition):
    TopologyCheck.objects.create(edition=edition, state="failed", problem="no more power")
    assert "no more power" in text_of(admin_client, page(edition))


def test_the_findings_are_a_file_for_qgis(admin_client, edition):
    runs.run_check(edition=edition)
    answer = admin_client.get(f"/admin/boundaries/edition/{edition.pk}/topology.geojson")
    assert answer["Content-Type"] == "application/geo+json"
    assert f"topology-{edition.pk}.geojson" in answer["Content-Disposition"]
    assert answer.json()["features"][0]["properties"]["units"] == "32001 Xã Tây; 32002 Xã Đông"


def test_who_may_only_look_cannot_ask_for_a_check(reader_client, edition):
    runs.run_check(edition=edition)
    assert 'type="submit">Kiểm tra' not in text_of(reader_client, page(edition))
    assert reader_client.post(page(edition)).status_code == 403
    assert jobs() == 0


@pytest.mark.parametrize("address", ["topology/", "topology.geojson"])
def test_nobody_else_sees_a_verification(client, edition, address):
    runs.run_check(edition=edition)
    address = f"/admin/boundaries/edition/{edition.pk}/{address}"
    assert client.get(address).status_code == 302
    client.force_login(get_user_model().objects.create_user("staff", is_staff=True))
    assert client.get(address).status_code == 403


def test_the_page_costs_the_same_for_one_finding_and_for_many(admin_client, edition, django_assert_max_num_queries):
    runs.run_check(edition=edition)
    check = TopologyCheck.objects.get()
    TopologyCheck.objects.update(findings=check.findings * 300, errors=300)
    with django_assert_max_num_queries(9):
        text = text_of(admin_client, page(edition))
    assert text.count('<tr id="finding-') == 200
    assert "Hiển thị 200 trên tổng số 300" in text


def test_successions_are_read_in_the_administration_and_not_changed(admin_client):
    row = SuccessionFactory(
        old=UnitFactory(code="32053", name="Xã Nguyễn Phích", valid_from=None, valid_to=MERGER), new=UnitFactory(), share=0.4014
    )
    text = text_of(admin_client, "/admin/boundaries/unitsuccession/", q="Nguyễn")
    assert "40,14 %" in text
    assert admin_client.get("/admin/boundaries/unitsuccession/add/").status_code == 403
    assert admin_client.post(f"/admin/boundaries/unitsuccession/{row.pk}/delete/", {"post": "yes"}).status_code == 403
