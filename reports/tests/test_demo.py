"""The demonstration: people, places and reports that went through the services, the same ones each time."""

from datetime import datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.models import Count, Max
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from accounts.models import User
from reports.models import Photo, Reply, Report, ReportEvent
from reports.survey_models import Survey
from reports.workflow import CLOSED, Status

NUMBER = 36


@pytest.fixture
def play(settings, tmp_path):
    """Plays a demonstration on schematic units, and gives back what was said."""
    settings.MEDIA_ROOT = tmp_path
    settings.DEMO_PASSWORD = "mat-khau-trinh-dien"
    call_command("load_schematic", verbosity=0)

    def demo(**options):
        out = StringIO()
        call_command("demo", stdout=out, **{"reports": NUMBER, "jobs": 1, **options})
        return out.getvalue()

    return demo


def told():
    """What a reader could tell two demonstrations apart by."""
    rows = Report.objects.order_by("filed_at", "pk").annotate(
        events_count=Count("events", distinct=True), photos_count=Count("photos", distinct=True)
    )
    return list(rows.values_list("description", "location", "category__code", "authority__code", "status", "events_count", "photos_count"))


@pytest.mark.django_db
def test_reports_of_every_status_went_through_the_services(play):
    said = play()
    assert Report.objects.count() == NUMBER
    assert {Status(status) for status in Report.objects.values_list("status", flat=True)} == set(Status)
    assert f"Reports: {NUMBER} (" in said
    # each has its filing event, its timeline in order, and a status that its events explain
    assert Report.objects.filter(events__kind="filed").distinct().count() == NUMBER
    for report in Report.objects.all():
        events = list(report.events.order_by("pk"))
        assert [event.at for event in events] == sorted(event.at for event in events)
        assert [event.status_after for event in events if event.status_after][-1] == report.status
    assert not ReportEvent.objects.filter(at__gt=timezone.now()).exists()
    assert not Report.objects.filter(status__in=CLOSED, closed_at__isnull=True).exists()
    # the potholes and the embankment of July 2022, then two years and more of others, across the merger
    first, second = Report.objects.order_by("filed_at")[:2]
    assert {first.category.code, second.category.code} == {"pothole", "embankment"}
    assert {timezone.localtime(report.filed_at).date().isoformat() for report in (first, second)} == {"2022-07-11", "2022-07-17"}
    assert Report.objects.aggregate(last=Max("filed_at"))["last"] > timezone.now() - timedelta(days=14)
    assert Photo.objects.exists()
    # surveys on the spot, and every reply of what is repaired on the spot with its proof
    assert Survey.objects.filter(photos__isnull=False).exists()
    repaired = Reply.objects.filter(report__category__physical=True, published_at__isnull=False).exclude(report__status=Status.RETURNED)
    assert repaired.filter(proof__photo__isnull=False).exists()
    assert not repaired.filter(proof=None).exists()
    # whose mail would it be: nobody's
    assert not ProcrastinateJob.objects.exists()


@pytest.mark.django_db
def test_the_logins_of_the_contract_can_sign_in_with_the_password_that_is_set(play, client):
    play(reports=0)
    for name in ("coordinator", "officer", "officer2", "head", "leader", "planner", "inspector", "team", "admin"):
        assert client.login(username=name, password="mat-khau-trinh-dien"), name
    officer, neighbour = (User.objects.get(username=name).memberships.get().body for name in ("officer", "officer2"))
    assert officer != neighbour


@pytest.mark.django_db
def test_a_second_call_changes_nothing_and_more_adds(play):
    play(reports=3)
    before = told()
    assert "nothing was changed" in play()
    assert told() == before
    play(reports=2, more=True)
    assert Report.objects.count() == 5
    assert set(before) <= set(told())


@pytest.mark.django_db
def test_the_same_seed_tells_the_same_stories_and_another_one_others(play, time_machine):
    time_machine.move_to(datetime(2026, 3, 2, 9, tzinfo=timezone.get_default_timezone()), tick=False)
    stories = []
    for seed in ("2022", "2022", "2023"):
        with transaction.atomic():
            play(reports=4, seed=seed)
            stories.append(told())
            transaction.set_rollback(True)
    assert len(stories[0]) == 4
    assert stories[0] == stories[1]
    assert stories[0] != stories[2]


@pytest.mark.django_db
def test_a_demonstration_needs_units_and_a_number():
    with pytest.raises(CommandError, match="load_schematic"):
        call_command("demo", reports=3, jobs=1, verbosity=0)
    with pytest.raises(CommandError, match="0 or more"):
        call_command("demo", reports=-1)
    assert not User.objects.filter(username="admin").exists()
