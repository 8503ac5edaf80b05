"""Saved queries: named, kept, shared with nobody, one's body, or whoever has the link."""

from __future__ import annotations

import json

import pytest

from insights.planner.models import SavedQuery
from insights.tests.planner_cases import put
from tests.cast import make_person

pytestmark = pytest.mark.django_db
SAVED = "/api/v1/planner/queries/"
OPEN_ONES = {"conditions": [{"field": "status", "is": ["open"]}]}


def send(client, method: str, address: str, body: object = None):
    return getattr(client, method)(address, json.dumps(body), content_type="application/json")


@pytest.fixture
def keep(client_of, dung):
    """Keeps a query as Dũng."""

    def kept(sharing: str = "private", query: object = OPEN_ONES, name: str = "Đang mở"):
        return send(client_of(dung), "post", SAVED, {"name": name, "sharing": sharing, "query": query})

    return kept


def test_a_query_is_kept_shared_and_read_by_whom_it_is_shared_with(client_of, keep, dung, lan, hanh, binh, portal):
    """Dũng and Lan work for P, Hạnh for A; Bình does not plan."""
    opened = {}
    for sharing in ("private", "body", "link"):
        key = keep(sharing).json()["key"]
        people = (dung, lan, hanh, binh)
        opened[sharing] = {person.username for person in people if client_of(person).get(f"{SAVED}{key}/").status_code == 200}
    assert opened == {"private": {"dung"}, "body": {"dung", "lan"}, "link": {"dung", "lan", "hanh"}}
    assert len(client_of(dung).get(SAVED).json()) == 3
    assert len(client_of(lan).get(SAVED).json()) == 1
    assert client_of(hanh).get(SAVED).json() == []  # what is shared by link is found by the link only


def test_only_its_owner_changes_and_deletes_it(client_of, keep, dung, lan):
    address = f"{SAVED}{keep('body').json()['key']}/"
    assert send(client_of(lan), "patch", address, {"name": "Của tôi"}).status_code == 403
    assert client_of(lan).delete(address).status_code == 403
    assert send(client_of(dung), "patch", address, {"name": "Tên mới", "sharing": "link"}).json()["name"] == "Tên mới"
    assert client_of(dung).delete(address).status_code == 204
    assert not SavedQuery.objects.exists()


def test_a_saved_query_is_answered_as_things_stand_now(client_of, keep, dung, pothole, body_a, commune_a):
    key = keep().json()["key"]
    client = client_of(dung)
    assert client.get(f"{SAVED}{key}/result/").json()["total"] == 0
    put(pothole, commune_a, body_a, 105.05, 9.05)
    assert client.get(f"{SAVED}{key}/result/").json()["total"] == 1
    assert len(client.get(f"{SAVED}{key}/result/?as=csv").content.splitlines()) == 2


def test_what_is_no_query_is_not_kept(keep):
    for query in ({"source": "accounts_user"}, [], "x", {"conditions": [{"field": "status", "is": ["nowhere"]}]}):
        assert keep(query=query).status_code == 400
    assert keep(name=" ").status_code == 400
    assert keep(sharing="everybody").status_code == 400
    assert not SavedQuery.objects.exists()


def test_who_has_left_opens_nothing(client_of, keep, province_body, dung):
    key = keep("link").json()["key"]
    other = make_person("minh", "Lê Minh", province_body, "planner")
    assert client_of(other).get(f"{SAVED}{key}/").status_code == 200
    other.memberships.update(validity=("2020-01-01", "2021-01-01"))
    assert client_of(other).get(f"{SAVED}{key}/").status_code == 403
