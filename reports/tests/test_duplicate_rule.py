"""The rule of duplicates, measured on the labelled list: what it finds of the same matter, and how often it is right."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.gis.geos import Point
from django.utils import timezone

from authorities.models import Category
from reports.codes import new_code
from reports.duplicates import ALIKE, ASK, Matter, alike_before, candidates
from reports.models import Conflict, Report
from reports.tests.desk_cases import file

pytestmark = pytest.mark.django_db
LABELLED = Path(__file__).parent / "data" / "duplicates.json"
# As measured; a change of the rule may better them
PRECISION, RECALL = 0.97, 0.94
PRECISION_ASK, RECALL_ASK = 0.81, 0.98


@pytest.fixture(scope="module")
def pairs():
    return json.loads(LABELLED.read_text(encoding="utf-8"))


@pytest.fixture
def categories(db):
    """Those of the list, in their groups."""
    known = json.loads((Path(__file__).parents[2] / "fixtures" / "categories.json").read_text(encoding="utf-8"))
    made = [
        Category(code=row["code"], name=row["name"], name_en=row["name"], group=row["group"], position=row["position"]) for row in known
    ]
    return {category.code: category for category in Category.objects.bulk_create(made)}


def score(pair, categories, body, at):
    """What the rule says of the second beside the first; none where the index does not even bring it near."""
    first, second = (pair["first"], pair["second"])
    spot = Point(first["lon"], first["lat"], srid=4326)
    report = Report(
        code=new_code(), category=categories[first["category"]], description=first["text"], location=spot, location_at_filing=spot, method="none",
        authority=body, filed_at=at - timedelta(days=second["day"]), published_at=at,
    )  # fmt: skip
    report.save()
    there = Point(second["lon"], second["lat"], srid=4326)
    matter = Matter(there, categories[second["category"]], second["text"], at)
    found = candidates(matter, among=Report.objects.filter(pk=report.pk), least=0, most=1)
    return found[0].likeness.score if found else 0.0


def measured(scored, least):
    right = sum(same for value, same in scored if value >= least)
    return right / sum(value >= least for value, _same in scored), right / sum(same for _value, same in scored)


def test_the_rule_is_as_good_as_it_was_measured_on_the_labelled_list(pairs, categories, department):
    at = timezone.now()
    scored = [(score(pair, categories, department, at), pair["same"]) for pair in pairs]
    assert len(pairs) >= 250
    assert sum(pair["same"] for pair in pairs) >= 100
    for least, precision, recall in ((ALIKE, PRECISION, RECALL), (ASK, PRECISION_ASK, RECALL_ASK)):
        found = measured(scored, least)
        print(least, found)  # noqa: T201  what -s shows whoever changes the rule
        assert found[0] >= precision
        assert found[1] >= recall


def test_the_hint_in_the_queue_is_by_the_same_rule(body_a, portal, pothole, law, spot_a):
    at = timezone.now()
    first = file(pothole, spot_a, description="Ổ gà sâu trước cổng trường Phan Bội Châu.", at=at - timedelta(days=3))
    near = Point(spot_a.x + 0.0002, spot_a.y, srid=4326)
    again = file(pothole, near, description="Trước cổng trường Phan Bội Châu có ổ gà sâu.", at=at)
    other = file(law, near, description="Karaoke ồn ào tới khuya.", at=at)
    found = {
        one.report.pk: one.likeness.score
        for one in candidates(Matter.of(again), among=Report.objects.exclude(pk=again.pk), least=0, most=9)
    }
    assert found[first.pk] >= ALIKE > found[other.pk]
    assert alike_before([first.pk, again.pk, other.pk], [body_a.pk]) == {again.pk: first.code}


def test_a_hint_names_nothing_that_complains_of_a_body_or_is_not_public_and_elsewhere(body_a, body_b, portal, law, pothole, spot_a):
    first = file(law, spot_a, description="Xả thải ra kênh sau chợ.")  # not public before somebody has looked
    again = file(law, spot_a, description="Sau chợ có người xả thải ra kênh.")
    assert alike_before([again.pk], [body_b.pk]) == {}
    assert alike_before([again.pk], [body_a.pk]) == {again.pk: first.code}
    Conflict.objects.create(report=first, body=body_b)
    assert alike_before([again.pk], [body_a.pk]) == {}


def test_what_ended_long_ago_is_no_candidate(body_a, portal, pothole, spot_a):
    at = timezone.now()
    first = file(pothole, spot_a, at=at - timedelta(days=45))
    matter = Matter(spot_a, pothole, first.description, at)
    closed = {"status": "resolved", "authority_at_closing": body_a}
    for days, number in ((40, 0), (10, 1)):
        Report.objects.filter(pk=first.pk).update(closed_at=at - timedelta(days=days), **closed)
        assert len(candidates(matter, among=Report.objects.public(), least=ASK, most=3)) == number


def test_without_text_place_category_and_time_are_enough_to_ask(body_a, portal, pothole, law, spot_a):
    first = file(pothole, spot_a)
    at = timezone.now()
    assert [one.report for one in candidates(Matter(spot_a, pothole, "", at), among=Report.objects.public(), least=ASK, most=3)] == [first]
    far = Point(spot_a.x + 0.003, spot_a.y, srid=4326)
    assert candidates(Matter(far, pothole, first.description, at), among=Report.objects.public(), least=0, most=3) == []
