"""Figures of ratings: never a mean without its number, and all of them add up."""

from datetime import timedelta

import pytest
from django.utils import timezone

from authorities.models import Criterion
from insights.ratings import ratings
from reports.rating_models import Rating
from reports.tests.rating_cases import POOR, answered, rated
from tests.lasting_cast import *  # noqa: F403

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def many(body_a, body_b, portal, pothole, spot_a, spot_b, binh, chi, diep, criteria):
    """Six ratings of A, two of B."""
    for number in range(6):
        rated(answered(pothole, spot_a, binh, diep), {"timeliness": 5, "attitude": 4, "result": 1 + number % 5})
    for _number in range(2):
        rated(answered(pothole, spot_b, chi, diep), POOR)


def test_a_mean_never_stands_without_its_number_and_few_are_not_averaged(many, body_a, body_b, client):
    answer = client.get("/api/v1/ratings/").json()
    by_body = {row["authority"]: row for row in answer["rows"]}
    assert by_body[body_a.code]["criteria"]["result"] == {"n": 6, "mean": 2.67}
    assert by_body[body_b.code]["criteria"]["result"] == {"n": 2, "mean": None}
    page = client.get("/ratings/?lang=en", follow=True).content.decode()
    assert page.count("too few") == 3
    assert "2.7" in page


def test_the_figures_add_up_and_come_from_one_query(many, django_assert_max_num_queries):
    with django_assert_max_num_queries(3) as seen:  # criteria, the figures, the names of the bodies
        found = ratings()
    assert sum("reports_score" in query["sql"] for query in seen.captured_queries) == 1
    assert found.total.ratings == sum(row.ratings for row in found.rows) == Rating.objects.count() == 8
    for place, figure in enumerate(found.total.figures):
        assert figure.number == sum(row.figures[place].number for row in found.rows) == 8
        assert figure.total == sum(row.figures[place].total for row in found.rows)


def test_figures_can_be_narrowed_to_a_body_and_a_period(many, body_b, client):
    assert client.get(f"/api/v1/ratings/?authority={body_b.code}").json()["totals"]["ratings"] == 2
    tomorrow = timezone.localdate() + timedelta(days=1)
    assert client.get(f"/api/v1/ratings/?since={tomorrow}").json()["totals"]["ratings"] == 0
    assert client.get("/api/v1/ratings/?since=gestern").status_code == 400


def test_a_criterion_that_ended_stays_in_the_figures(many):
    Criterion.objects.filter(code="attitude").update(validity=(None, timezone.localdate()))
    Criterion.objects.create(code="old", name="Cũ", name_en="Old", question="?", question_en="?", validity=(None, timezone.localdate()))
    assert [criterion.code for criterion in ratings().criteria] == ["timeliness", "attitude", "result"]


def test_the_page_of_a_commune_shows_how_its_body_is_rated(many, commune_a, commune_b, client):
    assert "2,7" in client.get(f"/communes/{commune_a.code}/").content.decode()
    assert "chưa đủ lượt" in client.get(f"/communes/{commune_b.code}/").content.decode()
