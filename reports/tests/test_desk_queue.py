"""The queue: its views and counts, its order, search, filters, pages, and how it stays fresh."""

import json
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from authorities.models import Membership, Role
from reports.case_models import Part
from reports.models import Report
from reports.queue import PAGE, Desk
from reports.services import Words, take_step
from reports.tests.desk_cases import drafted, file
from reports.urgency import Urgency, soon_until, span
from tests.cast import make_person
from tests.lasting_cast import *  # noqa: F403

pytestmark = pytest.mark.django_db

DESK, QUEUE = reverse("reports:desk"), reverse("reports:desk_queue")


@pytest.fixture
def ground(body_a, body_b, portal, inspectorate, spot_a, spot_b):
    """Everything that a report of A or B needs."""


def codes(response):
    return [row.report.code for row in response.context["rows"]]


def counts(response):
    return {item["view"].name: item["count"] for item in response.context["views"]}


def test_views_count_what_waits(ground, client_of, binh, hanh, diep, pothole, law, spot_a, spot_b, spot_outside):
    long_ago = timezone.now() - timedelta(days=60)
    mine, new, late, reviewed = (file(pothole, spot_a, at=at) for at in (None, None, long_ago, None))
    file(pothole, spot_b)
    file(pothole, spot_outside)
    looked_at = file(law, spot_a)
    take_step(mine.pk, step="accept", actor=binh)
    drafted(reviewed, hanh)
    at_a = client_of(binh).get(DESK, {"view": "open"})
    assert counts(at_a) == {
        "mine": 1,
        "new": 3,
        "asked": 0,
        "review": 1,
        "soon": 0,
        "overdue": 1,
        "open": 5,
        "closed": None,
        "elsewhere": None,
    }
    assert codes(client_of(binh).get(DESK, {"view": "overdue"})) == [late.code]
    assert set(codes(client_of(binh).get(DESK, {"view": "new"}))) == {new.code, late.code, looked_at.code}
    everywhere = counts(client_of(diep).get(DESK))
    assert everywhere == {"triage": 1, "review": 1, "look": 1, "soon": 0, "overdue": 1, "open": 7, "closed": None}
    assert codes(client_of(diep).get(DESK, {"view": "look"})) == [looked_at.code]


def test_all_counts_come_in_two_queries(ground, diep, pothole, spot_a, django_assert_num_queries):
    file(pothole, spot_a)
    desk = Desk.of(diep)
    assert desk.in_hand  # read once for all that the page asks
    assert desk.soon  # likewise
    with django_assert_num_queries(2):  # one of them for what has to be looked at
        desk.counts(timezone.now())


def test_the_desk_opens_where_something_waits(ground, client_of, binh, pothole, spot_a):
    client = client_of(binh)
    assert client.get(DESK).context["view"].name == "mine"
    assert "Không có phản ánh nào đang chờ bạn." in client.get(DESK).content.decode()
    report = file(pothole, spot_a)
    assert client.get(DESK).context["view"].name == "new"
    take_step(report.pk, step="accept", actor=binh)
    assert client.get(DESK).context["view"].name == "mine"


def test_an_empty_view_leads_to_where_something_waits(ground, client_of, binh, pothole, spot_a):
    file(pothole, spot_a)
    response = client_of(binh).get(DESK, {"view": "mine"})
    assert [item["href"] for item in response.context["elsewhere"]] == [f"{DESK}?view=new"]


def test_the_most_urgent_comes_first(ground, client_of, binh, pothole, spot_a):
    at = timezone.now() - timedelta(days=3)
    later = file(pothole, spot_a, at=at + timedelta(days=2))
    harmless = file(pothole, spot_a, at=at, severity=1)
    danger = file(pothole, spot_a, at=at + timedelta(minutes=5), severity=3)
    without = file(pothole, spot_a, at=at)
    Report.objects.update(due_at=timezone.now() + timedelta(days=1))
    Report.objects.filter(pk=later.pk).update(due_at=timezone.now() + timedelta(days=2))
    Report.objects.filter(pk=without.pk).update(due_at=None)
    assert codes(client_of(binh).get(DESK, {"view": "open"})) == [danger.code, harmless.code, later.code, without.code]


def test_the_next_report_follows_the_order_of_the_queue(ground, client_of, binh, pothole, spot_a):
    now = timezone.now()
    reports = [file(pothole, spot_a, severity=severity) for severity in (2, 3, 2, 1, 2)]
    for report, days in zip(reports, (1, 2, 2, 2, None), strict=True):
        Report.objects.filter(pk=report.pk).update(due_at=now + timedelta(days=days) if days else None)
    order = codes(client_of(binh).get(DESK, {"view": "open"}))
    client = client_of(binh)
    for number, code in enumerate(order):
        context = client.get(reverse("reports:desk_report", args=[code]), {"view": "open"}).context
        found = [neighbour.code if neighbour else None for neighbour in (context["before"], context["after"])]
        assert found == [order[number - 1] if number else None, order[number + 1] if number + 1 < len(order) else None]


def test_who_finished_a_report_is_led_to_the_one_after_it(ground, client_of, binh, pothole, spot_a):
    first, second, _third = (file(pothole, spot_a) for _ in range(3))
    client = client_of(binh)
    address = reverse("reports:desk_step", args=[first.code, "accept"]) + "?view=new"
    response = client.post(address, {"version": 1}, follow=True)
    assert response.context["after"] == second
    assert second.code in response.content.decode()


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("ổ gà", True),
        ("o ga", True),
        ("Ổ GÀ SÂU", True),
        ("ga truong", True),  # all words, in any order and distance
        ("truong o", True),
        ("binh yen", True),  # the unit
        ("ba teo", True),  # where exactly
        ("ngập", False),
        ("o gac", False),  # syllables, not letters
        ("uong", False),
        ("100%", False),
        ("_ ga", True),  # only words count
        ("(", False),
        ("\\", False),
        ("0912 345 678", True),
        ("+84912345678", True),
        ("345678", True),
        ("0987654321", False),
        ("84..0", False),  # nothing of a number is left, which every number ends with
        ("+84 0", False),
        ("8408", False),  # the last digits, not a country and an 8
        ("7--8", False),  # two digits tell of too many
    ],
)
def test_search_by_words_place_and_phone_with_and_without_tone_marks(asked, found, ground, client_of, chi, pothole, spot_b, an):
    report = file(pothole, spot_b, place_note="Gần quán Ba Tèo", phone=an.phone, name=an.name)
    response = client_of(chi).get(DESK, {"q": asked})
    assert codes(response) == ([report.code] if found else [])
    assert asked in response.context["asked"].q


def test_search_by_code_leads_to_the_report_and_by_its_beginning_to_the_list(ground, client_of, binh, pothole, spot_a):
    report = file(pothole, spot_a)
    whole = client_of(binh).get(DESK, {"q": f" {report.readable_code.lower()} "})
    assert whole.headers["Location"] == reverse("reports:desk_report", args=[report.code])
    assert report.code in codes(client_of(binh).get(DESK, {"q": report.readable_code[:6]}))


def test_search_finds_what_is_closed_and_what_was_handed_on_after_what_is_open(ground, client_of, binh, diep, body_b, pothole, spot_a):
    done, gone, waits = (file(pothole, spot_a) for _ in range(3))
    drafted(done, binh)
    take_step(done.pk, step="publish_reply", actor=diep, words=Words(reply="Xong."))
    take_step(gone.pk, step="assign", actor=diep, words=Words(body=body_b))
    found = codes(client_of(binh).get(DESK, {"q": "ổ gà"}))
    assert set(found) == {done.code, gone.code, waits.code}
    assert found[-1] == done.code


def test_filters_stand_in_the_address_and_narrow_the_view(ground, client_of, diep, pothole, law, body_a, spot_a, spot_b):
    hole, crime, far = file(pothole, spot_a), file(law, spot_a), file(pothole, spot_b)
    client = client_of(diep)

    def ask(**query):
        return set(codes(client.get(DESK, {"view": "open", **query})))

    assert ask(category="law") == {crime.code}
    assert ask(unit="90002") == {far.code}
    assert ask(body=body_a.code, category="pothole") == {hole.code}
    assert ask(status="triage") == set()
    assert ask(status="open") == {hole.code, crime.code, far.code}
    response = client.get(DESK, {"view": "open", "category": "law", "unit": "90001"})
    assert all("category=law" in item["href"] and "unit=90001" in item["href"] for item in response.context["views"])


@pytest.mark.parametrize(
    "query",
    [
        "view=nonsense",
        "status=nonsense",
        "category=%27%3B--",
        "unit=%20",
        "q=%20",
        "page=0",
        "page=-1",
        "page=%C2%B2",
        "page=999999999",
        "body=x" * 40,
    ],
)
def test_nonsense_in_the_address_is_as_if_absent(query, ground, client_of, binh, pothole, spot_a):
    file(pothole, spot_a)
    assert client_of(binh).get(f"{DESK}?{query}").status_code == 200
    assert client_of(binh).get(f"{QUEUE}?{query}").status_code == 200


def test_what_people_write_stands_in_a_row_as_text(ground, client_of, binh, body_b, pothole, spot_a):
    html = """<script>"x"&'y'</script>"""
    report = file(pothole, spot_a, description=html)
    type(pothole).objects.update(name=html, name_en=html)
    type(body_b).objects.filter(pk=body_b.pk).update(name=html)
    take_step(report.pk, step="accept", actor=binh)
    Part.objects.create(report=report, body=body_b, asked_by_body=report.authority, task="Xem giúp", due_at=timezone.now())
    Report.objects.update(place_note=html, officer=make_person("giang", html, report.authority, Role.OFFICER))
    page = client_of(binh).get(DESK, {"view": "open"}).content.decode()
    row = page.partition('<li class="queue-row"')[2].partition("</li>")[0]
    assert "<script" not in row
    assert row.count("&lt;script&gt;&quot;x&quot;&amp;&#x27;y&#x27;&lt;/script&gt;") >= 4


def test_fifty_rows_a_page(ground, client_of, binh, pothole, spot_a):
    first = file(pothole, spot_a)
    copies = []
    for number in range(PAGE + 4):
        copy = Report.objects.get(pk=first.pk)
        copy.pk, copy.code = None, f"{number:010d}"
        copies.append(copy)
    Report.objects.bulk_create(copies)
    client = client_of(binh)
    page_1, page_2 = (client.get(DESK, {"view": "open", "page": page}) for page in (1, 2))
    assert (len(codes(page_1)), len(codes(page_2))) == (50, 5)
    assert not set(codes(page_1)) & set(codes(page_2))
    assert (page_1.context["next"], page_1.context["previous"]) == (f"{DESK}?view=open&page=2", "")
    assert (page_2.context["next"], page_2.context["previous"]) == ("", f"{DESK}?view=open")


def cost(client, address):
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


@pytest.mark.parametrize("address", [f"{DESK}?view=open", f"{QUEUE}?view=open", f"{DESK}?q=o+ga", f"{DESK}?view=closed"])
def test_the_queue_costs_the_same_for_one_report_and_for_six(
    address, ground, client_of, diep, binh, chi, hanh, pothole, law, spot_a, spot_b
):
    client = client_of(diep)
    client.get(address)  # the session and what it remembers
    take_step(file(pothole, spot_a).pk, step="accept", actor=binh)
    one = cost(client, address)
    for actor, category, spot in (
        (binh, law, spot_a),
        (chi, pothole, spot_b),
        (hanh, law, spot_a),
        (chi, law, spot_b),
        (binh, pothole, spot_a),
    ):
        take_step(file(category, spot, description="Ổ gà khác.").pk, step="accept", actor=actor)
    assert cost(client, address) == one


def test_a_report_costs_the_same_with_a_long_history_and_many_neighbours(ground, client_of, binh, pothole, spot_a):
    report = file(pothole, spot_a)
    file(pothole, spot_a)
    take_step(report.pk, step="note", actor=binh, words=Words(note="1"))
    client, address = client_of(binh), reverse("reports:desk_report", args=[report.code]) + "?view=open"
    client.get(address)
    before = cost(client, address)
    for number in range(4):
        file(pothole, spot_a)
        take_step(report.pk, step="note", actor=binh, words=Words(note=f"{number}"))
    assert cost(client, address) == before


# --- fresh ------------------------------------------------------------------------------------------------------------


def test_nothing_is_sent_while_nothing_changes(ground, client_of, binh, pothole, spot_a):
    report = file(pothole, spot_a)
    client = client_of(binh)
    etag = client.get(QUEUE, {"view": "open"}).headers["ETag"]
    again = client.get(QUEUE, {"view": "open"}, headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    with CaptureQueriesContext(connection) as queries:
        client.get(QUEUE, {"view": "open"}, headers={"If-None-Match": etag})
    assert len(queries) <= 6  # session, person, memberships, bodies, state, what other bodies ask
    assert client.get(DESK, {"view": "open"}).context["etag"] == etag
    take_step(report.pk, step="accept", actor=binh)
    changed = client.get(QUEUE, {"view": "open"}, headers={"If-None-Match": etag})
    assert changed.status_code == 200
    answer = json.loads(changed.content)
    assert report.code in answer["rows"]
    assert [feature["properties"]["status"] for feature in answer["features"]] == ["accepted"]


def test_each_change_of_what_is_seen_is_told(ground, client_of, binh, diep, body_b, pothole, spot_a):
    client = client_of(binh)
    seen = []

    def look():
        seen.append(client.get(QUEUE, {"view": "open"}).headers["ETag"])

    look()
    first = file(pothole, spot_a)
    look()
    second = file(pothole, spot_a, at=timezone.now() - timedelta(minutes=9))  # committed after others that began later
    look()
    take_step(second.pk, step="note", actor=diep, words=Words(note="Xin xem gấp."), at=timezone.now() - timedelta(minutes=8))
    look()
    take_step(first.pk, step="assign", actor=diep, words=Words(body=body_b))
    look()
    Membership.objects.filter(user=binh).delete()
    assert client.get(QUEUE, {"view": "open"}).status_code == 403
    assert len(set(seen)) == len(seen)


def test_the_state_differs_by_person_language_and_what_is_asked(ground, client_of, binh, hanh, pothole, spot_a):
    file(pothole, spot_a)
    tags = {
        client_of(person).get(QUEUE, query).headers["ETag"]
        for person in (binh, hanh)
        for query in ({"view": "open"}, {"view": "new"}, {"view": "open", "lang": "en"}, {"view": "open", "category": "pothole"})
    }
    assert len(tags) == 8


# --- words and bars ---------------------------------------------------------------------------------------------------

NOON = datetime(2025, 7, 16, 12, tzinfo=timezone.get_default_timezone())  # a Wednesday


@pytest.mark.parametrize(
    ("due", "tone", "words", "used"),
    [
        (NOON - timedelta(days=3), "late", "3 days late", 100),
        (NOON + timedelta(hours=5), "soon", "due today", 95),
        (NOON + timedelta(days=2), "soon", "2 days left", 67),
        (NOON + timedelta(days=12), "calm", "12 days left", 25),
        (None, "none", "no due date", 0),
    ],
)
def test_urgency_in_words_and_as_a_bar(due, tone, words, used):
    urgency = Urgency(Report(filed_at=NOON - timedelta(days=4), due_at=due, status="new"), NOON, soon_until(NOON))
    with override("en"):
        assert (urgency.tone, urgency.words, urgency.used) == (tone, words, used)


@pytest.mark.parametrize(
    ("hours", "words"),
    [(0.5, "less than an hour"), (1, "1 hour"), (47, "47 hours"), (48, "2 days"), (24 * 89, "89 days"), (24 * 100, "3 months")],
)
def test_spans_are_said_in_their_largest_sensible_unit(hours, words):
    with override("en"):
        assert span(NOON - timedelta(hours=hours), NOON) == words


def test_what_has_ended_is_not_urgent():
    closed = Report(filed_at=NOON - timedelta(days=9), due_at=NOON - timedelta(days=3), closed_at=NOON, status="resolved")
    with override("en"):
        assert (Urgency(closed, NOON, NOON).tone, Urgency(closed, NOON, NOON).words, Urgency(closed, NOON, NOON).used) == (
            "ended",
            "took 9 days",
            0,
        )


def test_a_body_with_two_officers_shares_one_queue(ground, client_of, binh, body_a, pothole, spot_a):
    colleague = make_person("mai", "Ngô Thị Mai", body_a, "officer")
    report = file(pothole, spot_a)
    take_step(report.pk, step="accept", actor=colleague)
    assert codes(client_of(binh).get(DESK, {"view": "open"})) == [report.code]
    assert codes(client_of(binh).get(DESK, {"view": "mine"})) == []


class TestPlaces:
    """A search at the desk that names a place offers the reports there, of all times."""

    def test_a_place_that_was_searched_for_is_offered_and_leads_to_its_reports(self, ground, client_of, diep, pothole, spot_a, spot_b):
        here, _there = file(pothole, spot_a), file(pothole, spot_b)
        found = client_of(diep).get(DESK, {"q": "p. an lac"})
        (place,) = found.context["places"]
        assert place["label"] == "Phường An Lạc"
        shown = client_of(diep).get(place["href"])
        assert codes(shown) == [here.code]
        assert shown.context["asked"].place.name == "Phường An Lạc"
        assert "Phường An Lạc" in shown.content.decode()

    def test_reports_of_a_whole_are_those_of_its_parts(self, ground, client_of, diep, pothole, spot_a, spot_b, province):
        both = {file(pothole, spot_a).code, file(pothole, spot_b).code}
        assert set(codes(client_of(diep).get(DESK, {"place": province.code}))) == both

    def test_the_desk_shows_only_what_its_officer_may_see(self, ground, client_of, binh, pothole, spot_b, province):
        file(pothole, spot_b)
        assert codes(client_of(binh).get(DESK, {"place": province.code})) == []

    def test_a_view_and_a_search_are_narrowed_by_a_place_which_later_pages_keep(self, ground, client_of, diep, pothole, spot_a, spot_b):
        here, _there = file(pothole, spot_a), file(pothole, spot_b)
        for query in ({"view": "open"}, {"q": "ổ gà"}):
            shown = client_of(diep).get(DESK, {**query, "place": "90001"})
            assert codes(shown) == [here.code]
            assert shown.context["hidden"]["place"].startswith("90001@")
            assert client_of(diep).get(shown.context["poll"]).status_code == 200

    @pytest.mark.parametrize("text", ["Ổ gà sâu", "an", "lac", "0912345678"])
    def test_words_that_are_no_place_offer_none(self, ground, client_of, diep, text):
        assert client_of(diep).get(DESK, {"q": text}).context["places"] == []

    @pytest.mark.parametrize("text", ["99999", "90001@2019-01-01", "90001@x", "@", "90001@2025-13-45", "' OR 1=1", "x" * 500])
    def test_a_place_that_never_was_is_as_if_absent(self, ground, client_of, diep, text):
        assert client_of(diep).get(DESK, {"view": "open", "place": text}).context["asked"].place is None
