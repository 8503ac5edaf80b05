"""The workbench without a script: a form asks, the address holds the question, the answer is read, kept, shared and taken away."""

from __future__ import annotations

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from insights.planner.forms import QueryForm, as_fields, says_all
from insights.planner.language import parse_query
from insights.planner.models import OwnLayer, SavedQuery
from insights.tests.planner_cases import put
from insights.views.planner import _query_dict

pytestmark = pytest.mark.django_db
PAGE = "/planner/"
ASKED = {
    "ask": "1", "category": ["pothole"], "status": ["open"], "since": "2020-01-01", "area": "105,9 105.1,9 105.1,9.1 105,9.1",
    "unit": "phuong an lac", "relation": "near", "layer": "base:rivers", "feature": "Ông Đốc", "metres": "120", "group": "commune",
}  # fmt: skip


@pytest.fixture
def reports(pothole, body_a, commune_a, commune_b, portal, river):
    return [put(pothole, commune_a, body_a, 105.05, lat) for lat in (9.05, 9.051, 9.06)]


def test_the_form_asks_and_the_page_answers_in_a_sentence_a_table_and_a_call(client_of, dung, reports):
    page = client_of(dung).get(PAGE, ASKED)
    assert page.status_code == 200
    html = page.content.decode()
    assert "trong 120 m quanh “Ông Đốc” của lớp “rivers”" in html
    assert page.context["answer"].total == 2
    assert "POST /api/v1/planner/query/" in html
    told = json.loads(page.context["query_json"])
    again = client_of(dung).post("/api/v1/planner/query/", json.dumps(told), content_type="application/json").json()
    assert again["total"] == 2
    assert again["sentence"] == page.context["answer"].sentence


def test_the_answer_is_taken_away_from_the_same_address(client_of, dung, reports):
    table = client_of(dung).get(PAGE, ASKED | {"as": "csv"})
    assert table["Content-Type"].startswith("text/csv")
    assert "90001,Phường An Lạc,2," in table.content.decode("utf-8-sig")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"area": "105,9 x"}, "area"),
        ({"area": "105,9 105.1,9"}, "area"),
        ({"unit": "không có"}, "unit"),
        ({"relation": "near", "layer": ""}, "layer"),
        ({"relation": "near", "layer": "base:rivers", "metres": ""}, "metres"),
        ({"nearest": "3", "point": ""}, "point"),
        ({"nearest": "3", "point": "đâu đó"}, "point"),
        ({"group": "cell", "group_metres": "1"}, "group_metres"),
        ({"category": "'; DROP TABLE x"}, "category"),
    ],
)
def test_what_the_form_cannot_ask_is_said_at_the_field(client_of, dung, river, wrong, field):
    page = client_of(dung).get(PAGE, {"ask": "1"} | wrong)
    assert page.status_code == 422
    assert field in page.context["form"].errors


def test_an_area_that_crosses_itself_is_refused_in_words(client_of, dung, river):
    page = client_of(dung).get(PAGE, {"ask": "1", "area": "105,9 105.1,9.1 105.1,9 105,9.1"})
    assert page.status_code == 400
    assert "cắt" in page.context["problem"]


def test_a_query_is_kept_opened_by_its_link_and_deleted(client_of, dung, hanh, reports):
    client = client_of(dung)
    query = client.get(PAGE, ASKED).context["query_json"]
    address = client.post("/planner/save/", {"name": "Bờ sông", "sharing": "link", "query": query})["Location"]
    page = client_of(hanh).get(address)
    assert page.context["answer"].total == 2
    assert not page.context["partly"]
    assert page.context["form"]["metres"].value() == "120.0"
    key = SavedQuery.objects.get().key
    assert client_of(hanh).post(f"/planner/q/{key}/delete/").status_code == 404
    client.post(f"/planner/q/{key}/delete/")
    assert client.get(address).status_code == 404


def test_what_the_form_cannot_say_is_answered_whole_and_said_in_part(client_of, dung, reports):
    near = {"relation": "near", "point": [105.05, 9.05], "metres": 10}
    saved = SavedQuery.objects.create(name="Hai nơi", owner=dung, query={"places": [near, near]})
    page = client_of(dung).get(f"{PAGE}q/{saved.key}/")
    assert page.context["partly"]
    assert page.context["answer"].total == 1


@pytest.mark.parametrize(
    "query",
    [
        {"conditions": [{"field": "filed", "since": "2023-01-01", "until": "2024-01-01"}]},
        {"places": [{"relation": "within", "unit": "90001", "on": "2025-06-30"}], "group": {"by": "month"}},
        {"places": [{"relation": "intersects", "layer": "base:rivers", "not": True}]},
        {"nearest": {"count": 5, "point": [105.05, 9.05]}},
        {"group": {"by": "cell", "metres": 500.0}},
        {"group": {"by": "feature", "layer": "base:rivers", "metres": 300.0}},
        {"group": {"by": "unit", "level": "district", "on": "2025-06-30"}},
    ],
)
def test_a_query_that_the_form_can_say_comes_back_the_same(dung, commune_a, river, query):
    parse_query(query)
    form = QueryForm(_query_dict(as_fields(query)), user=dung)
    assert says_all(form, query), (form.errors, form.is_valid() and form.query())


def test_a_layer_is_uploaded_and_deleted_on_the_page(client_of, dung, portal):
    client = client_of(dung)
    told = {"name": "Trường", "attribution": "Sở Giáo dục", "sharing": "body"}
    wrong = client.post("/planner/layers/", told | {"file": SimpleUploadedFile("a.csv", b"name\nx\n")})
    assert wrong.status_code == 422
    assert "lat" in str(wrong.context["layer_form"].errors)
    right = client.post("/planner/layers/", told | {"file": SimpleUploadedFile("a.csv", b"name,lat,lon\nx,9,105\n")}, follow=True)
    assert "Trường" in right.content.decode()
    client.post(f"/planner/layers/{OwnLayer.objects.get().key}/delete/")
    assert not OwnLayer.objects.exists()


def test_who_does_not_plan_is_told_so_and_a_stranger_is_sent_to_sign_in(client, client_of, binh, portal):
    assert client_of(binh).get(PAGE).status_code == 403
    assert client.get(PAGE).status_code == 302
