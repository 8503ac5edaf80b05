"""Wherever a unit is named that is no longer in force, its period is told; where it is the current one, its name stands alone."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from boundaries.models import Unit
from boundaries.places import search_places
from reports.mails import title_of
from reports.tests.desk_cases import file, page

pytestmark = pytest.mark.django_db


@pytest.fixture
def ended(commune_a, body_a, portal, pothole, spot_a):
    """A report of A, filed while A was in force; A ended the day before yesterday. The report and A's name with its period."""
    report = file(pothole, spot_a, at=timezone.now() - timedelta(days=30))
    last = timezone.localdate() - timedelta(days=2)
    Unit.objects.filter(pk=commune_a.pk).update(validity=(commune_a.valid_from, last + timedelta(days=1)))
    report.refresh_from_db()
    return report, f"Phường An Lạc (đến hết {last.day}/{last.month}/{last.year})"


def text_of(response) -> str:
    assert response.status_code == 200
    return response.content.decode()


def test_on_the_page_of_the_report_and_in_why_it_is_there(client, ended):
    report, name = ended
    shown = text_of(client.get(report.get_absolute_url()))
    assert f">{name}</a></li>" in shown  # the way to the page
    assert f">{name}</a><br>" in shown  # the place
    assert f"{name}, Tỉnh Phú Hải." in shown  # why here


def test_in_lists_of_reports(client, ended):
    _report, name = ended
    assert name in text_of(client.get("/"))


def test_on_the_page_of_the_unit(client, ended, commune_a):
    _report, name = ended
    commune_a.refresh_from_db()
    assert f"<h1>{name}</h1>" in text_of(client.get(commune_a.get_absolute_url()))


def test_at_the_desk_in_the_queue_and_on_the_report(client_of, ended, pothole, spot_b, body_b, diep):
    report, name = ended
    file(pothole, spot_b)
    assert name in text_of(client_of(diep).get(reverse("reports:desk"), {"view": "open"}))
    assert name in text_of(client_of(diep).get(page(report)))


def test_in_mails(ended):
    report, name = ended
    assert title_of(report).endswith(name)


def test_in_the_api_beside_the_name(client, ended):
    report, _name = ended
    last = (timezone.localdate() - timedelta(days=1)).isoformat()
    shown = client.get(f"/api/v1/reports/{report.code}/").json()["properties"]
    assert (shown["unit_name"], shown["unit_valid_from"], shown["unit_valid_to"]) == ("Phường An Lạc", "2020-01-01", last)


def test_in_answers_of_the_search(ended):
    assert "đến hết" in search_places("an lạc")[0].detail


def test_a_current_unit_is_named_without_a_period(client, commune_a, body_a, pothole, spot_a):
    report = file(pothole, spot_a)
    shown = text_of(client.get(report.get_absolute_url()))
    assert "Phường An Lạc" in shown
    assert "đến hết" not in shown
