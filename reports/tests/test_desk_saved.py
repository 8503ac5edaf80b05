"""Saved filters: named, one click away, and nobody else's."""

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from reports.desk_models import SavedFilter
from reports.saved import MOST
from reports.tests.desk_cases import file
from tests.lasting_cast import *  # noqa: F403

pytestmark = pytest.mark.django_db

DESK, SAVE = reverse("reports:desk"), reverse("reports:save_filter")


@pytest.fixture
def ground(body_a, body_b, portal, inspectorate, spot_a, spot_b):
    """Everything that a report of A or B needs."""


def delete(kept):
    return reverse("reports:delete_filter", args=[kept.pk])


def test_a_filter_is_saved_under_a_name_and_asked_again_by_one_click(ground, client_of, binh, pothole, law, spot_a):
    hole, _crime = file(pothole, spot_a), file(law, spot_a)
    client = client_of(binh)
    client.post(f"{SAVE}?category=pothole&view=open&page=3", {"name": "  Ổ gà   của tôi "})
    page = client.get(DESK)
    (item,) = page.context["saved"]
    assert (item["filter"].name, item["filter"].query, item["is_current"]) == ("Ổ gà của tôi", "category=pothole&view=open", False)
    again = client.get(item["href"])
    assert [row.report for row in again.context["rows"]] == [hole]
    assert again.context["saved_now"] == item["filter"]
    assert [view for view in again.context["views"] if view["is_current"]] == []
    assert 'aria-current="page"' in again.content.decode()


def test_it_is_deleted_where_it_is_shown(ground, client_of, binh):
    client = client_of(binh)
    client.post(f"{SAVE}?view=open&status=new", {"name": "Mới"})
    kept = SavedFilter.objects.get()
    assert delete(kept) in client.get(f"{DESK}?view=open&status=new").content.decode()
    client.post(delete(kept))
    assert not SavedFilter.objects.exists()


def test_the_filter_of_another_person_is_not_reachable(ground, client_of, binh, hanh):
    client_of(binh).post(f"{SAVE}?view=open&status=new", {"name": "Của Bình"})
    kept = SavedFilter.objects.get()
    colleague = client_of(hanh)
    assert colleague.post(delete(kept)).status_code == 404
    assert "Của Bình" not in colleague.get(f"{DESK}?view=open&status=new").content.decode()
    assert SavedFilter.objects.get() == kept


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("view=open", "Mọi thứ"),  # a view is there already
        ("", "Không gì"),
        ("view=open&q=0912345678", "Số của ai đó"),  # personal data
        ("view=open&q=%2B84912345678", "Số của ai đó"),
        ("view=open&status=new", ""),
        ("view=open&status=new", "x" * 41),
    ],
)
def test_what_is_none_or_holds_a_phone_number_is_not_saved(query, name, ground, client_of, binh):
    response = client_of(binh).post(f"{SAVE}?{query}", {"name": name}, follow=True)
    assert not SavedFilter.objects.exists()
    assert [message.level_tag for message in response.context["messages"]] == ["error"]


def test_a_name_is_given_once_whatever_its_case(ground, client_of, binh, hanh):
    for person, name in ((binh, "Mới"), (binh, "mới"), (hanh, "Mới")):
        client_of(person).post(f"{SAVE}?view=open&status=new", {"name": name})
    assert sorted(SavedFilter.objects.values_list("user__username", flat=True)) == ["binh", "hanh"]
    with pytest.raises(IntegrityError), transaction.atomic():
        SavedFilter.objects.create(user=binh, name="MỚI", query="x=1")


def test_there_are_at_most_twenty(ground, client_of, binh):
    SavedFilter.objects.bulk_create(SavedFilter(user=binh, name=f"{number}", query=f"q={number}") for number in range(MOST))
    client_of(binh).post(f"{SAVE}?view=open&status=new", {"name": "Một nữa"})
    assert SavedFilter.objects.count() == MOST


def test_who_has_no_desk_saves_nothing(ground, client_of, dung):
    assert client_of(dung).post(f"{SAVE}?view=open&status=new", {"name": "x"}).status_code == 403
    assert not SavedFilter.objects.exists()


def test_each_state_says_how_many_stand_in_it_and_leads_there(ground, client_of, binh, pothole, spot_a):
    reports = [file(pothole, spot_a) for _ in range(3)]
    client = client_of(binh)
    client.post(reverse("reports:desk_bulk"), {"step": "accept", "report": [f"{reports[0].code}.1"]})
    states = client.get(DESK, {"view": "open"}).context["states"]
    assert [(item["status"], item["count"]) for item in states] == [("new", 2), ("accepted", 1)]
    accepted = client.get(states[1]["href"])
    assert [row.report for row in accepted.context["rows"]] == [reports[0]]
    assert [item["is_current"] for item in accepted.context["states"]] == [False, True]
    assert "(2)" in client.get(DESK, {"view": "open"}).content.decode()
