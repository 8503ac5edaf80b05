"""The page of figures, and the reports behind each number."""

import csv
import html
import io
import random
import re
from collections import Counter
from datetime import date
from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import reverse
from django.utils import timezone

from authorities.models import Role
from boundaries.models import Unit
from insights.figures import mail
from insights.figures.behind import OF_REPORTS, WHAT, Cell
from insights.figures.charts import columns_of
from insights.figures.page import every_month
from insights.figures.question import Question
from insights.figures.read import Sums
from insights.figures.table import Label, Row, table
from insights.models import FigureReport
from insights.tests.dense import make_dense, random_filter
from reports.models import Handling, Reply, Report
from reports.paper.render import pdf
from reports.rating_models import Rating, Score
from tests.cast import make_person
from tests.lasting_cast import *  # noqa: F403

pytestmark = pytest.mark.django_db
PAGE = "/statistics/"


@pytest.fixture(scope="module")
def dense(province, commune_a, commune_b, body_a, body_b, pothole, law, officials, criteria):
    """The dense database."""
    olds = make_dense(province, [commune_a, commune_b], [body_a, body_b], [pothole, law, officials], criteria)
    Handling.objects.bulk_create(Handling(report=report, body_id=report.authority_id) for report in Report.objects.all())
    return olds


def test_every_number_of_a_table_is_the_length_of_the_list_behind_it(dense):
    chance = random.Random(5)
    for _ in range(15):
        asked = random_filter(chance)
        question = Question.of(asked)
        for row in chance.sample(rows := table(question).rows, min(3, len(rows))):
            for what in chance.sample([name for name in WHAT if name in row.sums.names], 4):
                keys = dict(zip(("key", "by_key"), (label.key for label in row.labels), strict=False))
                assert Cell.of(asked | keys | {"what": what}).number() == row.sums[what], (asked, keys, what)


def test_names_stand_in_the_table_and_on_the_map_as_text(client, dense):
    Unit.objects.filter(code="90001").update(name="""<script>"x"&'y'</script>""")
    page = client.get(PAGE, {"period": "all"}).content.decode()
    assert "<script>&quot;" not in page
    assert page.count("&lt;script&gt;&quot;x&quot;&amp;&#x27;y&#x27;&lt;/script&gt;") == 2


@pytest.mark.parametrize(
    "asked",
    [
        {"period": "all", "show": "response"},
        {"since": "2025-05-01", "until": "2025-08-01", "show": "satisfaction", "on_units_of": "2025-06-30", "level": "district"},
        {"group": "authority", "authority": "ubnd-an-lac", "since": "2025-07-01", "until": "2025-09-01"},
        {"group": "month", "period": "all", "category": "pothole,law", "unit": "90001"},
    ],
)
def test_each_link_of_the_page_says_how_many_it_leads_to(client, dense, settings, asked):
    settings.RATED_FROM = 2
    page = html.unescape(client.get(PAGE, asked).content.decode())
    links = re.findall(r'<a [^>]*href="/statistics/reports/\?([^"]+)"([^>]*)>(.*?)</a>', page, re.DOTALL)
    kinds = Counter()
    for query, attributes, shown in links:
        # "of 12 reports" in its title, or else the number that it shows
        spoken = re.search(r'title="([^"]+)"', attributes) or re.search(r"<title>([^<]+)", shown)
        words = spoken[1].split(": ")[-1] if spoken else re.sub(r"<[^>]+>", " ", shown)
        number = int(re.findall(r"\d+", words)[-1])
        cell = Cell.of({name: values[0] for name, values in parse_qs(query).items()})
        assert cell.number() == number, (query, spoken)
        assert cell.what in OF_REPORTS or cell.reports().count() == number
        kinds[cell.what] += 1
    wanted = {
        "received",
        "resolved",
        "on_time",
        "dated",
        "answerable",
        "to_resolve",
        "took_response",
        "took_work",
        "took_approval",
        "took_whole",
    }
    assert wanted <= kinds.keys()
    assert ("scored" in kinds) == ("rated" in kinds)
    if "show" in asked:
        assert page.count('class="area-link"') == page.count('class="area area--') > 0
    assert page.count('class="column column--received"') == len(
        re.findall(r'<a [^>]*><title>[^<]+</title><rect class="column column--received"', page)
    )


def test_a_report_rated_twice_stands_once_in_the_list_and_counts_twice(client, dense, body_a, criteria):
    report = Report.objects.filter(replies__rating__isnull=False, published_at__isnull=False).first()
    again = Rating.objects.create(reply=Reply.objects.create(report=report, body=body_a, text="Xong", published_at=timezone.now()))
    Score.objects.create(rating=again, criterion=criteria[0], value=5)
    ratings = Rating.objects.count()
    answer = client.get("/statistics/reports/?what=rated")
    assert (answer.context["number"], answer.context["total"]) == (
        ratings,
        Report.objects.filter(replies__rating__isnull=False).distinct().count(),
    )
    assert f"{ratings} lượt" in answer.content.decode()


def test_the_page_shows_the_figures_of_the_call_and_each_number_leads_to_its_reports(client, dense):
    asked = {"group": "category", "since": "2025-04-01", "until": "2025-09-01"}
    page = client.get(PAGE, asked).content.decode()
    totals = client.get(reverse("statistics"), asked).json()["totals"]
    links = dict(re.findall(r'<a class="number" href="([^"]+)">(\d+)</a>', page))
    found = {parse_qs(urlsplit(href.replace("&amp;", "&")).query)["what"][0]: int(number) for href, number in links.items()}
    assert found == {name: totals[name] for name in found}
    assert found["received"] == sum(found[name] for name in ("open", "resolved", "returned", "duplicate", "withdrawn"))
    href = next(href for href in links if "what=resolved" in href).replace("&amp;", "&")
    listed = client.get(href).content.decode()
    shown = Report.objects.public().filter(status="resolved", filed_at__gte="2025-04-01T00:00+07:00", filed_at__lt="2025-09-01T00:00+07:00")
    assert listed.count('class="list-item"') == min(shown.count(), 30)
    assert str(totals["resolved"] - shown.count()) in listed


def test_a_list_shows_what_its_reader_may_see_and_says_how_many_are_withheld(client, client_of, dense, lan, officials):
    address = "/statistics/reports/?what=not_public"
    for reader, shown in ((client, 0), (client_of(lan), Report.objects.exclude(pk__in=Report.objects.public().values("pk")).count())):
        answer = reader.get(address)
        assert answer.context["page"].paginator.count == shown
        assert answer.context["total"] == shown + answer.context["withheld"]


def test_a_leader_has_the_figures_of_his_or_her_bodies(client, client_of, dense, body_a):
    leader = client_of(make_person("truong", "Trưởng A", body_a, Role.LEADER))
    assert "mine=1" in leader.get(PAGE).content.decode()
    assert "mine=1" not in client.get(PAGE).content.decode()
    page = leader.get(PAGE, {"mine": "1", "period": "all"}).context["page"]
    assert page.found.totals.sums["received"] == Report.objects.filter(authority=body_a).count()
    assert client.get(PAGE, {"mine": "1", "period": "all"}).context["page"].found.totals.sums["received"] == 0


@pytest.mark.parametrize("language", ["vi", "en"])
def test_units_of_before_and_after_stand_with_a_note(client, dense, language):
    page = client.get(PAGE, {"period": "all", "on_units_of": "2025-06-30", "level": "district", "lang": language}).content.decode()
    assert "Huyện 1" in page
    assert 'class="area area--' in page
    assert "notice notice--info" in page


def test_what_makes_no_sense_is_refused_in_words(client, dense):
    for address in (
        f"{PAGE}?level=galaxy",
        f"{PAGE}reports/?what=phone",
        f"{PAGE}reports/?group=unit&key=x@y",
        f"{PAGE}reports/?group=month&key=9",
    ):
        response = client.get(address)
        assert response.status_code == 400
        assert "notice--error" in response.content.decode()


def test_the_wall_refreshes_itself_and_answers_nothing_new_with_nothing(client, dense):
    first = client.get("/statistics/wall/")
    assert first["Refresh"] == "60"
    assert "wall-number" in first.content.decode()
    again = client.get("/statistics/wall/", headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content, again["Refresh"]) == (304, b"", "60")
    Report.objects.filter(status="new", unit__isnull=False).update(filed_at=timezone.now())
    assert client.get("/statistics/wall/", headers={"If-None-Match": first["ETag"]}).status_code == 200


def test_the_table_is_taken_away_as_csv(client, dense):
    asked = {"group": "authority", "period": "all"}
    lines = list(csv.DictReader(io.StringIO(client.get("/statistics/table.csv", asked).content.decode("utf-8-sig"))))
    answer = client.get(reverse("statistics"), {"group": "authority"}).json()
    assert [int(line["received"]) for line in lines] == [row["received"] for row in [*answer["rows"], answer["totals"]]]
    assert [line["rates_response_share"] for line in lines[:-1]] == [str(row["rates"]["response"]["share"] or "") for row in answer["rows"]]


def test_a_month_without_reports_stands_in_the_course_with_nothing():
    def month(code, received):
        return Row((Label(code, code, code),), Sums([received, received, *[0] * 12]))

    found = every_month([month("2025-11", 3), month("2026-02", 1)])
    assert [(row.labels[0].code, row.sums["received"]) for row in found] == [("2025-11", 3), ("2025-12", 0), ("2026-01", 0), ("2026-02", 1)]
    assert every_month([]) == []
    assert [column.name for column in columns_of(found, lambda what, row: what).columns][1] == "12/2025"


def test_a_leader_gets_the_figures_of_a_month_once_as_a_pdf(client, client_of, dense, body_a, mailoutbox, monkeypatch):
    shown = []
    monkeypatch.setattr(mail, "pdf", lambda *asked: shown.append(asked[1]) or pdf(*asked))
    leader = make_person("truong", "Trưởng A", body_a, Role.LEADER)
    assert client.post("/statistics/by-mail/", {"every": "month"}).status_code == 302  # to sign in
    assert FigureReport.objects.count() == 0
    client_of(leader).post("/statistics/by-mail/", {"every": "month"})
    wanted = FigureReport.objects.get()
    FigureReport.objects.update(told_until=date(2025, 6, 1))
    assert mail.send(wanted.pk, date(2025, 7, 4))
    assert not mail.send(wanted.pk, date(2025, 7, 4))
    (message,) = mailoutbox
    expected = Report.objects.filter(
        authority=body_a, filed_at__gte="2025-06-01T00:00+07:00", filed_at__lt="2025-07-01T00:00+07:00"
    ).count()
    assert message.to == [leader.email]
    assert f": {expected} (" in message.body
    name, content, kind = message.attachments[0]
    assert (name, kind, content[:5]) == ("so-lieu-2025-06-01.pdf", "application/pdf", b"%PDF-")
    assert shown[0]["of"] == body_a.name
    assert mail.last_period("week", date(2026, 11, 22)) == (date(2026, 11, 9), date(2026, 11, 16))
    client_of(leader).post("/statistics/by-mail/", {"every": ""})
    assert FigureReport.objects.count() == 0
