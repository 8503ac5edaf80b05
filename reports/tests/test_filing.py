"""Filing by the service: place, body, history, contact and jobs in one transaction, once."""

import json
import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.gis.geos import Point
from django.core.exceptions import ValidationError
from django.db import connection, connections
from django.utils import timezone

from authorities.models import Publication, Rule
from boundaries.tests.factories import SIZE, WEST, EditionFactory, ProvinceFactory, UnitFactory
from reports import tasks
from reports.codes import normalised
from reports.media import prepare_photo
from reports.models import Channel, Conflict, Contact, Follow, Handling, IdempotencyKey, Photo, Report, ReportEvent, ReportPlace
from reports.services import Filing, KeyUsedForAnotherReport, file_once, file_report
from reports.tests.photos import encoded, picture
from reports.workflow import Status

pytestmark = pytest.mark.django_db

METRES = 1 / 109_900  # degrees of longitude at 9 °N


@pytest.fixture
def filing(spot_a, pothole, an, body_a, body_b, portal):
    """An reports a pothole in A; `filing(location=…)` changes something."""
    known = {"location": spot_a, "category": pothole, "description": "Ổ gà to giữa đường", "name": an.name, "phone": an.phone}

    def make(**changes):
        return Filing(**{**known, **changes})

    return make


class TestWhatIsWritten:
    def test_report_place_body_contact_and_event(self, filing, an, commune_a, body_a, edition):
        at = datetime(2025, 8, 4, 3, 0, tzinfo=UTC)  # Monday 10:00 in Cà Mau
        report = file_report(filing(email=an.email, accuracy_m=12, place_note="Trước chợ"), at=at)
        report.refresh_from_db()
        assert normalised(report.code) == report.code
        assert (report.status, report.unit, report.authority) == (Status.NEW, commune_a, body_a)
        assert (report.unit_at_filing, report.location_at_filing) == (report.unit, report.location)
        assert (report.filed_at, report.changed_at, report.published_at) == (at, at, at)
        assert report.due_at == datetime(2025, 8, 13, 10, 0, tzinfo=UTC)  # 7 working days later, 17:00
        place = ReportPlace.objects.get(report=report)
        assert (place.edition, place.unit, place.method, place.distance_m) == (edition, commune_a, "inside", 0)
        assert [handling.body for handling in Handling.objects.filter(report=report)] == [body_a]
        contact = Contact.objects.get(report=report)
        assert (contact.name, contact.phone, contact.email) == (an.name, an.phone, an.email)
        follow = Follow.objects.get(report=report)
        assert follow.is_reporter
        assert follow.confirmed_at == at
        event = ReportEvent.objects.get(report=report)
        assert (event.kind, event.status_after, event.body, event.actor_id, event.public) == ("filed", "new", body_a, None, True)
        assert event.data["trace"]["unit"]["code"] == commune_a.code
        assert an.name not in str(event.data)

    def test_the_job_is_deferred_in_the_same_transaction(self, filing):
        report = file_report(filing())
        event = ReportEvent.objects.get(report=report)
        with connection.cursor() as cursor:
            cursor.execute("SELECT args FROM procrastinate_jobs WHERE task_name = %s", [tasks.tell_followers.name])
            assert [json.loads(args) for (args,) in cursor.fetchall()] == [{"event_id": event.pk}]

    def test_without_contact_no_contact_row(self, filing, officials, inspectorate):
        report = file_report(filing(category=officials, name="", phone=""))
        assert not Contact.objects.filter(report=report).exists()
        assert not Follow.objects.filter(report=report).exists()

    def test_photos_come_with_it(self, filing, settings, tmp_path):
        settings.MEDIA_ROOT = tmp_path
        report = file_report(filing(photos=[prepare_photo(encoded(picture()))]))
        assert report.photos.count() == 1
        assert Photo.objects.get().kind == "report"

    def test_files_of_photos_are_undone_with_the_report(self, filing, settings, tmp_path, monkeypatch):
        settings.MEDIA_ROOT = tmp_path
        monkeypatch.setattr(tasks.tell_followers, "defer", lambda **_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            file_report(filing(photos=[prepare_photo(encoded(picture()))]))
        assert not Report.objects.exists()
        assert [path for path in tmp_path.rglob("*") if path.is_file()] == []

    def test_who_files_for_somebody_else_stands_in_report_and_history(self, filing, to):
        report = file_report(filing(channel=Channel.TEAM, filed_by=to))
        assert report.filed_by == to
        assert ReportEvent.objects.get(report=report).actor_id == to.pk

    @pytest.mark.parametrize(("publication", "public"), [("at_once", True), ("after_a_look", False), ("never", False)])
    def test_only_what_may_be_public_at_once_is(self, filing, pothole, publication, public):
        pothole.publication = publication
        pothole.save()
        report = file_report(filing())
        assert (report.published_at is not None) is public
        assert Report.objects.public().filter(pk=report.pk).exists() is public


class TestWhereItGoes:
    def test_about_officials_goes_to_the_inspectorate_and_local_bodies_are_conflicts(self, filing, officials, inspectorate, body_a):
        report = file_report(filing(category=officials))
        assert report.authority == inspectorate
        assert [conflict.body for conflict in Conflict.objects.filter(report=report)] == [body_a]

    def test_outside_everything_goes_to_triage_and_is_a_row_without_unit(self, filing, spot_outside, portal):
        report = file_report(filing(location=spot_outside))
        assert (report.status, report.authority, report.unit, report.method) == (Status.TRIAGE, portal, None, "none")
        assert [(place.unit, place.method) for place in report.places.all()] == [(None, "none")]

    def test_without_any_rule_it_goes_to_triage(self, filing, portal):
        Rule.objects.all().delete()
        report = file_report(filing())
        assert (report.status, report.authority) == (Status.TRIAGE, portal)

    def test_in_the_past_it_goes_to_the_units_and_bodies_of_that_day(self, filing, spot_a, commune_a):
        before = EditionFactory(valid_from=datetime(2010, 1, 1).date(), valid_to=datetime(2020, 1, 1).date())
        old = UnitFactory(
            code="80001",
            edition=before,
            valid_from=before.valid_from,
            valid_to=before.valid_to,
            parent=ProvinceFactory(code="80", edition=before, valid_from=before.valid_from, valid_to=before.valid_to),
        )
        report = file_report(filing(), at=datetime(2019, 7, 17, 8, 0, tzinfo=UTC))
        assert report.unit == old
        assert {place.unit for place in report.places.all()} == {old, commune_a}

    def test_on_water_it_goes_to_the_nearest_unit_with_its_distance(self, filing, commune_a):
        report = file_report(filing(location=Point(WEST - 100 * METRES, 9.05, srid=4326)))
        assert (report.unit, report.method, report.authority.code) == (commune_a, "snapped", "ubnd-an-lac")
        assert report.distance_m == pytest.approx(100, abs=2)


class TestOnABorder:
    @pytest.fixture
    def on_border(self, filing):
        """30 m inside A, with a circle of 100 m that reaches into B."""
        return lambda **changes: filing(location=Point(WEST + SIZE - 30 * METRES, 9.05, srid=4326), accuracy_m=100, **changes)

    def test_unanswered_it_goes_to_the_unit_that_covers_the_point_and_is_flagged(self, on_border, commune_a, body_a):
        report = file_report(on_border())
        assert (report.unit, report.authority, report.ambiguous, report.method) == (commune_a, body_a, True, "inside")

    def test_the_answer_decides_unit_body_and_place(self, on_border, commune_b, body_b, edition):
        report = file_report(on_border(chosen_unit="90002"))
        assert (report.unit, report.unit_at_filing, report.authority, report.ambiguous) == (commune_b, commune_b, body_b, False)
        assert report.method == "snapped"
        assert report.distance_m == pytest.approx(30, abs=1)
        place = report.places.get(edition=edition)
        assert (place.unit, place.method, place.distance_m) == (commune_b, "snapped", pytest.approx(report.distance_m))

    def test_to_confirm_the_unit_takes_the_flag_away(self, on_border, commune_a):
        report = file_report(on_border(chosen_unit="90001"))
        assert (report.unit, report.ambiguous, report.method) == (commune_a, False, "inside")

    @pytest.mark.parametrize("answer", ["99999", "90", "'; DROP TABLE"])
    def test_an_answer_that_was_never_offered_changes_nothing(self, on_border, commune_a, answer):
        report = file_report(on_border(chosen_unit=answer))
        assert (report.unit, report.ambiguous) == (commune_a, True)

    def test_exactly_on_the_line_it_goes_to_the_lower_code(self, filing, spot_on_border, commune_a):
        report = file_report(filing(location=spot_on_border))
        assert (report.unit, report.ambiguous) == (commune_a, True)


class TestWhatCannotBeKept:
    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("description", ""),
            ("description", " \n\t "),
            ("description", "\u200b\u200c"),
            ("description", "a\x00b"),
            ("description", "a" * 5001),
            ("place_note", "a" * 301),
            ("name", "a" * 121),
            ("name", "Nguyễn\x00An"),
            ("phone", "12345"),
            ("phone", "٠٩١٢٣٤٥٦٧٨"),
            ("phone", "0912345678901"),
            ("email", "an at example"),
            ("email", f"{'a' * 250}@example.org"),
            ("accuracy_m", -1.0),
            ("accuracy_m", float("nan")),
            ("accuracy_m", float("inf")),
        ],
    )
    def test_is_named_and_nothing_is_written(self, filing, field, value):
        with pytest.raises(ValidationError) as refused:
            file_report(filing(**{field: value}))
        assert list(refused.value.message_dict) == [field]
        assert not Report.objects.exists()

    @pytest.mark.parametrize(("x", "y"), [(181, 9), (105, 91), (float("nan"), 9), (105, float("inf"))])
    def test_a_spot_that_is_none(self, filing, x, y):
        with pytest.raises(ValidationError) as refused:
            file_report(filing(location=Point(x, y, srid=4326)))
        assert list(refused.value.message_dict) == ["lat"]

    def test_a_time_in_the_future_or_long_ago(self, filing):
        now = timezone.now()
        for seen in (now + timedelta(hours=1), datetime(1900, 1, 1, tzinfo=UTC), now - timedelta(days=6 * 365)):
            with pytest.raises(ValidationError, match="observed_at"):
                file_report(filing(observed_at=seen), at=now)
        report = file_report(filing(observed_at=now + timedelta(minutes=5)), at=now)  # clocks differ
        assert report.observed_at == now + timedelta(minutes=5)


class TestTidying:
    def test_text_is_composed_and_without_control_characters(self, filing):
        report = file_report(
            filing(description="  O\u0302\u0309 ga\u0300\r\nto\x0b \u202eneo\u202c  ", place_note=" trước\n chợ ", name="An\tNguyễn")
        )
        assert report.description == "Ổ gà\nto neo"
        assert report.place_note == "trước chợ"
        assert report.contact.name == "An Nguyễn"

    def test_joiners_of_khmer_and_emoji_stay(self, filing):
        khmer = "ផ្លូវ\u200bខូច 👩\u200d🌾"
        assert file_report(filing(description=khmer)).description == khmer

    @pytest.mark.parametrize("typed", ["0912345678", "+84 912 345 678", "84912.345.678", "(091) 234-5678"])
    def test_a_phone_number_is_kept_as_it_is_dialled(self, filing, typed):
        assert file_report(filing(phone=typed)).contact.phone == "0912345678"


class TestOnce:
    def test_the_same_key_and_content_is_the_same_report(self, filing):
        report, is_new = file_once(filing(), key="k")
        again, is_new_again = file_once(filing(), key="k")
        assert (is_new, is_new_again) == (True, False)
        assert again == report
        assert Report.objects.count() == 1

    @pytest.mark.parametrize(
        "change",
        [
            {"description": "Khác"},
            {"accuracy_m": 5.0},
            {"phone": "0987654321"},
            {"chosen_unit": "90002"},
            {"location": Point(105.0501, 9.05, srid=4326)},
            {"place_note": "x"},
            {"email": "an@example.org"},
        ],
    )
    def test_the_same_key_with_another_content_is_refused_and_names_the_first(self, filing, change):
        report, _ = file_once(filing(), key="k")
        with pytest.raises(KeyUsedForAnotherReport) as refused:
            file_once(filing(**change), key="k")
        assert refused.value.report == report
        assert Report.objects.count() == 1

    def test_other_keys_file_other_reports(self, filing):
        file_once(filing(), key="k")
        file_once(filing(), key="K")
        assert Report.objects.count() == 2

    @pytest.mark.django_db(transaction=True)
    def test_of_simultaneous_calls_one_files_and_all_get_its_report(self, filing):
        content, barrier, answers, errors = filing(), threading.Barrier(4), [], []

        def send():
            try:
                barrier.wait()
                answers.append(file_once(content, key="together"))
            except BaseException as error:
                errors.append(error)
            finally:
                connections.close_all()

        threads = [threading.Thread(target=send) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
        assert sorted(is_new for _, is_new in answers) == [False, False, False, True]
        assert len({report.pk for report, _ in answers}) == 1
        assert (Report.objects.count(), IdempotencyKey.objects.count(), ReportEvent.objects.count()) == (1, 1, 1)


def test_the_price_of_filing_does_not_grow_unnoticed(filing, django_assert_max_num_queries):
    content = filing(accuracy_m=12)
    with django_assert_max_num_queries(20):
        file_report(content)


def test_never_public_whatever_stands_in_published_at(filing, officials, inspectorate):
    report = file_report(filing(category=officials))
    Report.objects.filter(pk=report.pk).update(published_at=timezone.now())
    report.refresh_from_db()
    assert officials.publication == Publication.NEVER
    assert not report.is_public
    assert not Report.objects.public().exists()


def test_a_spot_with_a_number_too_small_for_the_database_is_on_the_equator(filing, portal):
    report = file_report(filing(location=Point(105.05, 5e-324, srid=4326)))
    assert (report.location.y, report.method) == (0.0, "none")
