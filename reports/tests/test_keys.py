"""How long the key of a report is known."""

from datetime import timedelta

import pytest
from django.utils import timezone

from reports import keys
from reports.models import IdempotencyKey, Report
from reports.services.filing import Filing, file_report

pytestmark = pytest.mark.django_db


@pytest.fixture
def report(body_a, pothole, spot_a, portal, an) -> Report:
    return file_report(Filing(location=spot_a, category=pothole, description="Ổ gà sâu", name=an.name, phone=an.phone))


def made(report, count, days):
    at = timezone.now() - timedelta(days=days)
    IdempotencyKey.objects.bulk_create(IdempotencyKey(key=f"{days}-{n}", digest="", report=report, at=at) for n in range(count))


def test_old_keys_are_forgotten_and_their_reports_stay(report, monkeypatch, django_assert_max_num_queries):
    monkeypatch.setattr(keys, "BATCH", 4)
    IdempotencyKey.objects.all().delete()
    made(report, 10, days=91)
    made(report, 3, days=89)
    with django_assert_max_num_queries(6):  # three batches
        assert keys.forget_old_keys() == 10
    assert set(IdempotencyKey.objects.values_list("key", flat=True)) == {"89-0", "89-1", "89-2"}
    assert Report.objects.filter(pk=report.pk).exists()
    assert keys.forget_old_keys() == 0
