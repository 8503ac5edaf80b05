"""Filing by one statement writes what the models write one by one, row by row, and uses the settings as they stand."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.gis.geos import Point
from django.db import connection, transaction

from authorities.deadline_models import DayChange
from authorities.models import Publication, Rule
from boundaries.tests.factories import SIZE, WEST
from reports.history.verify import verify
from reports.models import Channel, Report
from reports.services import Filing, file_once, file_report, filing

pytestmark = pytest.mark.django_db

AT = datetime(2025, 8, 4, 3, 0, tzinfo=UTC)
COVERS_A_TOO = (
    "INSERT INTO authorities_territory (body_id, unit_id, validity) SELECT %s, id, '(,)' FROM boundaries_unit WHERE code = '90001'"
)
BY_CHANCE = {"reports_reportevent": ["hash", "salt"], "reports_idempotencykey": ["at"], "procrastinate_events": ["at"]}
ROWS = "SELECT to_jsonb(line) - %s::text[] FROM {table} AS line ORDER BY 1"


def drafts(categories, to):
    """Forty filings: inside, on a border, on water, far outside; with and without circle, answer, contact, address, time and helper."""
    chance = random.Random(7)
    for number in range(40):
        x = chance.choice([WEST + chance.random() * SIZE, WEST + SIZE - 0.0002, WEST + SIZE, WEST - 0.002, WEST - 1])
        yield Filing(
            location=Point(x, 9 + chance.random() * SIZE, srid=4326),
            category=chance.choice(categories),
            description=chance.choice(["Ổ gà to\ngiữa đường", "“Cống” 'vỡ' \\n \\\\ %s %(given)s", "👩\u200d🌾 ngập {nặng}"])
            + f" {number}",
            accuracy_m=chance.choice([None, 3.5, 80.0, 700.0]),
            place_note=chance.choice(["", "Trước chợ"]),
            observed_at=chance.choice([None, AT - timedelta(hours=3, microseconds=7)]),
            name=chance.choice(["", "Nguyễn Văn An"]),
            phone=chance.choice(["", "0912345678"]),
            email=chance.choice(["", "an@example.org"]),
            chosen_unit=chance.choice(["", "90001", "90002", "99999"]),
            channel=chance.choice([Channel.API, Channel.WEB]),
            language=chance.choice(["vi", "en"]),
            filed_by=chance.choice([None, to]),
            severity=chance.choice([1, 2, 3]),
        )


@pytest.fixture
def written(settings, monkeypatch):
    """All rows of all tables after filing in one of the ways, which is then taken back; codes and keys are counted anew each time."""

    def way(filings, *, at_once):
        settings.FILING_AT_ONCE = at_once
        numbers = iter(range(100))
        monkeypatch.setattr(filing, "new_code", lambda: f"{next(numbers):010d}")
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT setval(oid::regclass, 5000) FROM pg_class WHERE relkind = 'S'")
            for number, draft in enumerate(filings):
                file_once(draft, key=f"k{number}", at=AT) if number % 3 else file_report(draft, at=AT)
            assert verify().breaks == []
            found = _all_rows()
            transaction.set_rollback(True)
        return found

    return way


def _all_rows():
    with connection.cursor() as cursor:
        tables = [name for name in connection.introspection.table_names(cursor) if name not in {"spatial_ref_sys", "boundaries_unitpiece"}]
        found = {}
        for table in tables:
            cursor.execute(ROWS.format(table=connection.ops.quote_name(table)), [BY_CHANCE.get(table, [])])
            found[table] = [json.loads(row) for (row,) in cursor.fetchall()]
    return found


@pytest.mark.usefixtures("inspectorate", "portal", "body_a", "body_b")
def test_one_statement_writes_what_the_models_write(written, pothole, officials, to):
    look = type(pothole).objects.create(code="look", name="x", name_en="x", group="x", group_en="x", publication=Publication.AFTER_A_LOOK)
    filings = list(drafts([pothole, officials, look], to))
    in_steps, at_once = written(filings, at_once=False), written(filings, at_once=True)
    assert {name: rows for name, rows in at_once.items() if rows != in_steps[name]} == {}
    assert (len(in_steps["reports_report"]), len(in_steps["procrastinate_jobs"])) == (40, 80)
    assert in_steps["reports_conflict"]
    assert in_steps["reports_follow"]
    assert {row["method"] for row in in_steps["reports_reportplace"]} == {"inside", "snapped", "none"}


class TestSettings:
    @pytest.fixture
    def draft(self, spot_a, pothole, an, body_a, body_b, portal):
        return Filing(location=spot_a, category=pothole, description="Ổ gà", name=an.name, phone=an.phone)

    @pytest.mark.django_db(transaction=True)
    def test_a_rule_that_another_connection_has_committed_counts_from_the_next_filing_on(self, draft, body_a, body_b):
        assert file_report(draft).authority == body_a
        other = connection.copy()
        with other.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("UPDATE authorities_rule SET body_id = %s, body_kind = '', level = '', territory_id = NULL", [body_b.pk])
            cursor.execute(COVERS_A_TOO, [body_b.pk])
            assert file_report(draft).authority == body_a
            cursor.execute("COMMIT")
        other.close()
        assert file_report(draft).authority == body_b

    def test_a_rule_whose_change_was_taken_back_counts_again(self, draft, body_a, portal):
        with transaction.atomic():
            Rule.objects.all().delete()
            assert file_report(draft).authority == portal
            transaction.set_rollback(True)
        assert file_report(draft).authority == body_a

    def test_a_day_off_that_is_entered_moves_the_due_date_of_the_next_report(self, draft):
        first = file_report(draft, at=AT)
        DayChange.objects.create(day="2025-08-06", works=False)
        assert file_report(draft, at=AT).due_at > first.due_at


class TestSettingsThatThisProcessSawLast:
    """The door checks a category by what was kept; the version that stands in the database has the last word."""

    @pytest.fixture
    def send(self, client, spot_a, an, body_a, portal):
        def send(category, key=""):
            content = {"lat": spot_a.y, "lon": spot_a.x, "category": category, "description": "Ổ gà", "name": an.name, "phone": an.phone}
            headers = {"Idempotency-Key": key} if key else {}
            return client.post("/api/v1/reports/", content, content_type="application/json", headers=headers)

        return send

    def test_a_category_that_went_out_of_scope_is_refused_by_the_next_request(self, send, pothole):
        assert send(pothole.code).status_code == 201
        type(pothole).objects.filter(pk=pothole.pk).update(in_scope=False)
        assert send(pothole.code).status_code == 400
        assert Report.objects.count() == 1

    def test_a_new_category_is_known_to_the_next_request(self, send, pothole):
        assert send(pothole.code).status_code == 201
        type(pothole).objects.create(code="new", name="x", name_en="x", group="x", group_en="x")
        assert send("new").status_code == 201

    def test_a_category_of_another_publication_is_taken_as_it_stands_now(self, send, pothole):
        assert send(pothole.code).status_code == 201
        type(pothole).objects.filter(pk=pothole.pk).update(publication=Publication.NEVER)
        assert send(pothole.code).status_code == 201
        assert Report.objects.filter(published_at__isnull=True).count() == 1

    def test_where_nothing_has_changed_a_request_asks_the_same_each_time(self, send, pothole, django_assert_num_queries):
        send(pothole.code)
        with django_assert_num_queries(5):  # throttle, savepoint, place, statement, savepoint
            send(pothole.code)
        with django_assert_num_queries(2):  # throttle, and whether the settings are others by now
            assert send("").status_code == 400

    def test_what_was_taken_once_is_answered_again_though_it_would_be_refused_by_now(self, pothole, spot_a, an, body_a, portal):
        draft = Filing(location=spot_a, category=pothole, description="Ổ gà", name=an.name, phone=an.phone, observed_at=AT)
        report, _new = file_once(draft, key="k", at=AT)
        assert file_once(draft, key="k", at=AT + timedelta(days=3000)) == (report, False)


def test_filing_asks_little(spot_a, pothole, an, body_a, portal, django_assert_num_queries):
    draft = Filing(location=spot_a, category=pothole, description="Ổ gà", name=an.name, phone=an.phone)
    file_once(draft, key="first")
    with django_assert_num_queries(4):  # savepoint, place with key and version, statement, savepoint
        file_once(draft, key="second")
    assert Report.objects.count() == 2
