"""What a change of territory does to reports: who moves, who stays, what is written; and what may not be put in force past them."""

from datetime import date, datetime, timedelta
from io import StringIO
from random import Random

import pytest
from django.contrib.gis.geos import Point
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from authorities.models import Body, BodyKind, BodySuccession, ReturnReason, Rule, Territory
from boundaries.editions import EditionError, activate
from boundaries.models import Edition, Level, Unit, UnitShape
from boundaries.outlines import cut_pieces
from boundaries.tests.factories import SIZE, SOUTH, WEST, EditionFactory, UnitFactory, square
from reports.models import Conflict, Handling, Report, ReportEvent, ReportPlace
from reports.services import Filing, Words, file_report, take_step
from reports.territory import activate_and_reroute, rehearse, reroute_open_reports
from reports.territory.sweep import Sweep
from reports.timeline import public_timeline
from reports.workflow import Status
from tests.cast import ALWAYS, SINCE, make_body

pytestmark = pytest.mark.django_db

NEAR_BORDER = Point(round(WEST + SIZE - 0.01, 6), 9.05, srid=4326)  # in A; in B once the border is moved
BORDER_AFTER = WEST + SIZE - 0.02


def file(category, spot=NEAR_BORDER, **more):
    return file_report(Filing(location=spot, category=category, description="Ổ gà sâu giữa đường.", **more))


def redraw(unit, geometry):
    """A better outline for a unit that stands, as load_boundaries brings it."""
    UnitShape.objects.filter(unit=unit, current=True).update(current=False)
    UnitShape.objects.create(unit=unit, revision=unit.shapes.count() + 1, source="surveyed", geometry=geometry)
    cut_pieces([unit.pk])


@pytest.fixture
def move_border(commune_a, commune_b):
    """Gives a strip of A to B by a revision of both outlines."""

    def move() -> None:
        redraw(commune_a, square(WEST, SOUTH, SIZE - 0.02, SIZE))
        redraw(commune_b, square(BORDER_AFTER, SOUTH, SIZE + 0.02, SIZE))

    return move


@pytest.fixture
def report(pothole, body_a, body_b, portal):
    """A pothole near the border, with A."""
    return file(pothole)


def snapshot():
    """Everything that a re-routing might write."""
    return {
        model.__name__: list(model.objects.order_by("pk").values())
        for model in (Report, ReportEvent, ReportPlace, Handling, Conflict, ProcrastinateJob)
    }


# --- who moves ----------------------------------------------------------------------------------------------------------


def test_an_open_report_follows_its_spot_into_the_next_commune(report, move_border, binh, body_a, body_b, commune_a, commune_b):
    take_step(report.pk, step="accept", actor=binh)
    move_border()
    done = reroute_open_reports()
    report.refresh_from_db()
    assert (report.unit, report.method, report.authority) == (commune_b, "inside", body_b)
    assert (report.officer, report.status) == (None, Status.NEW)
    assert (report.unit_at_filing, report.location_at_filing) == (commune_a, NEAR_BORDER)
    assert (done.looked_at, done.moved, dict(done.handed_over)) == (1, 1, {(body_a, body_b): 1})


def test_the_move_is_a_public_event_with_its_trace(report, move_border, body_b):
    move_border()
    at = timezone.now()
    reroute_open_reports(at=at)
    report.refresh_from_db()
    event = report.events.last()
    assert (event.kind, event.at, event.public, event.actor_id, event.body) == ("rerouted", at, True, None, body_b)
    assert (event.status_before, event.status_after) == ("new", "new")
    assert (event.data["from"], event.data["to"], event.data["unit_before"]) == ("ubnd-an-lac", "ubnd-binh-yen", "90001")
    assert (event.data["trace"]["unit"]["code"], event.data["trace"]["body"]["code"]) == ("90002", "ubnd-binh-yen")
    assert report.version == report.events.count() == 2
    assert report.changed_at == at
    assert "UBND xã Bình Yên" in public_timeline(report)[-1].text


def test_the_former_body_still_sees_what_it_handled_and_the_next_one_does_too(report, move_border, binh, chi):
    move_border()
    reroute_open_reports()
    assert Report.objects.visible_to(binh).filter(pk=report.pk).exists()
    assert Report.objects.visible_to(chi).filter(pk=report.pk).exists()
    take_step(report.pk, step="accept", actor=chi)


def test_a_report_that_still_lies_where_it_lay_stays(pothole, body_a, body_b, portal, spot_a, move_border):
    report = file(pothole, spot_a)
    move_border()
    before = snapshot()
    assert reroute_open_reports().moved == 0
    assert snapshot() == before
    assert report.events.count() == 1


def test_closed_reports_are_never_touched(report, binh, diep, move_border):
    take_step(report.pk, step="accept", actor=binh)
    take_step(report.pk, step="draft_reply", actor=binh, words=Words(reply="Đã vá xong."))
    take_step(report.pk, step="publish_reply", actor=diep, words=Words(reply="Đã vá xong."))
    move_border()
    before = snapshot()
    assert reroute_open_reports().looked_at == 0
    assert snapshot() == before


def test_a_dry_run_says_the_same_and_changes_nothing(report, move_border):
    move_border()
    before = snapshot()
    would = reroute_open_reports(dry_run=True)
    assert snapshot() == before
    assert would.handed_over == reroute_open_reports().handed_over


def test_twice_is_as_good_as_once(report, move_border):
    move_border()
    reroute_open_reports()
    after_once = snapshot()
    assert reroute_open_reports(renew_places=True).moved == 0
    assert snapshot() == after_once


def test_a_reply_that_waits_for_the_coordinator_goes_on_waiting_and_may_be_published(report, binh, diep, move_border, body_b):
    take_step(report.pk, step="accept", actor=binh)
    take_step(report.pk, step="draft_reply", actor=binh, words=Words(reply="Đã vá xong."))
    move_border()
    reroute_open_reports()
    report.refresh_from_db()
    assert (report.authority, report.status) == (body_b, Status.REPLY_REVIEW)
    done = take_step(report.pk, step="publish_reply", actor=diep, words=Words(reply="Đã vá xong."))
    assert (done.status, done.authority_at_closing) == (Status.RESOLVED, body_b)


def test_a_body_that_is_no_more_gives_way_to_the_one_that_the_rules_name(report, body_a, commune_a, province_body):
    end(body_a, date(2024, 1, 1))
    heir = make_body("ubnd-an-lac-moi", "UBND phường An Lạc (mới)", BodyKind.COMMUNE_COMMITTEE, commune_a, province_body)
    done = reroute_open_reports()
    report.refresh_from_db()
    assert (report.authority, report.unit, done.moved) == (heir, commune_a, 1)
    assert "unit_before" not in report.events.last().data


def test_where_no_rule_leads_to_a_body_the_coordinator_decides(report, body_a, portal):
    end(body_a, date(2024, 1, 1))
    reroute_open_reports()
    report.refresh_from_db()
    assert (report.authority, report.status) == (portal, Status.TRIAGE)


def test_a_report_from_outside_everything_finds_its_commune_when_that_is_loaded(pothole, portal, province, province_body, commune_rule):
    report = file(pothole, Point(104.95, 9.05, srid=4326))
    assert (report.unit, report.status) == (None, Status.TRIAGE)
    commune = UnitFactory(code="90003", edition=province.edition, valid_from=SINCE, parent=province, west=WEST - SIZE)
    body = make_body("ubnd-90003", "UBND xã Mới", BodyKind.COMMUNE_COMMITTEE, commune, province_body)
    reroute_open_reports()
    report.refresh_from_db()
    assert (report.unit, report.authority, report.status, report.unit_at_filing) == (commune, body, Status.NEW, None)


def test_a_rule_that_changed_moves_what_is_open(report, department, pothole, body_a):
    Rule.objects.create(category=pothole, body=department, priority=1, validity=ALWAYS)
    reroute_open_reports()
    report.refresh_from_db()
    assert report.authority == department
    assert Handling.objects.filter(report=report, body__in=[body_a, department]).count() == 2


# --- what a person decided ----------------------------------------------------------------------------------------------


def test_a_body_that_a_coordinator_chose_stays_though_the_unit_changes(report, diep, department, move_border, commune_b):
    take_step(report.pk, step="assign", actor=diep, words=Words(body=department))
    move_border()
    done = reroute_open_reports()
    report.refresh_from_db()
    assert (report.authority, report.unit, report.status) == (department, commune_b, Status.NEW)
    assert (done.moved, done.units_only) == (0, 1)
    assert report.events.last().data["trace"]["reason"] == "by_hand"


def test_a_body_that_a_coordinator_chose_stays_however_often_the_units_change(report, diep, department, move_border):
    take_step(report.pk, step="assign", actor=diep, words=Words(body=department, note="Đường tỉnh"))
    move_border()
    assert reroute_open_reports().units_only == 1
    again = reroute_open_reports()
    report.refresh_from_db()
    assert (again.moved, again.units_only, report.authority) == (0, 0, department)


def test_a_chosen_body_that_does_not_cover_the_new_unit_gives_way_to_the_rules(report, diep, body_a, body_b, department, move_border):
    take_step(report.pk, step="assign", actor=diep, words=Words(body=department))
    take_step(report.pk, step="assign", actor=diep, words=Words(body=body_a))
    move_border()
    reroute_open_reports()
    report.refresh_from_db()
    assert report.authority == body_b


def test_the_one_successor_of_a_chosen_body_takes_over(report, diep, department, province, province_body):
    take_step(report.pk, step="assign", actor=diep, words=Words(body=department))
    heir = make_body("so-moi", "Sở Mới", BodyKind.DEPARTMENT, province, province_body)
    end(department, date(2024, 1, 1))
    BodySuccession.objects.create(old=department, new=heir, on=date(2024, 1, 1))
    reroute_open_reports()
    report.refresh_from_db()
    assert report.authority == heir
    assert report.events.last().data["trace"]["reason"] == "succession"


def test_of_two_successors_none_is_guessed(report, diep, department, province, province_body, body_a):
    take_step(report.pk, step="assign", actor=diep, words=Words(body=department))
    end(department, date(2024, 1, 1))
    for code in ("so-mot", "so-hai"):
        heir = make_body(code, code, BodyKind.DEPARTMENT, province, province_body)
        BodySuccession.objects.create(old=department, new=heir, on=date(2024, 1, 1))
    reroute_open_reports()
    report.refresh_from_db()
    assert report.authority == body_a


def test_what_an_officer_handed_to_the_coordinator_stays_there(report, binh, portal, move_border, commune_b):
    take_step(report.pk, step="to_triage", actor=binh, words=Words(note="Không thuộc phường."))
    move_border()
    reroute_open_reports()
    report.refresh_from_db()
    assert (report.authority, report.status, report.unit) == (portal, Status.TRIAGE, commune_b)


def test_the_unit_that_a_reporter_named_on_a_border_is_kept(pothole, body_a, body_b, portal, commune_b):
    spot = Point(WEST + SIZE - 0.0005, 9.05, srid=4326)
    report = file(pothole, spot, accuracy_m=200.0, chosen_unit="90002")
    assert report.unit == commune_b
    before = snapshot()
    assert reroute_open_reports(renew_places=True).moved == 0
    assert snapshot() == before


def test_a_number_that_was_used_again_is_not_taken_for_the_unit_that_was_chosen(pothole, body_a, body_b, portal, commune_a, commune_b):
    """The reporter named B; later B's code stands for a new unit elsewhere, as 32002 does."""
    spot = Point(WEST + SIZE - 0.0005, 9.05, srid=4326)
    report = file(pothole, spot, accuracy_m=200.0, chosen_unit="90002")
    Unit.objects.filter(pk=commune_b.pk).update(validity=DateRange(SINCE, date(2024, 1, 1)))
    UnitFactory(
        code="90002", edition=EditionFactory(valid_from=date(2024, 1, 1)), valid_from=date(2024, 1, 1), west=WEST + SIZE, parent=None
    )
    reroute_open_reports()
    report.refresh_from_db()
    assert report.unit == commune_a


# --- reports about officials --------------------------------------------------------------------------------------------


def test_a_report_about_officials_is_hidden_from_the_bodies_of_the_next_unit_too(
    officials, inspectorate, body_a, body_b, portal, move_border, commune_b
):
    report = file(officials)
    move_border()
    reroute_open_reports()
    report.refresh_from_db()
    assert (report.authority, report.unit) == (inspectorate, commune_b)
    assert set(Conflict.objects.filter(report=report).values_list("body", flat=True)) == {body_a.pk, body_b.pk}


# --- mails --------------------------------------------------------------------------------------------------------------


def test_followers_are_told_of_another_body_and_nobody_of_another_unit(pothole, health, body_a, body_b, department, portal, move_border):
    handed_over = file(pothole, email="an@example.com")
    file(health, email="an@example.com")  # stays with the department
    file(pothole)  # nobody follows
    ProcrastinateJob.objects.all()._raw_delete("default")
    move_border()
    reroute_open_reports()
    told = [job["event_id"] for job in ProcrastinateJob.objects.values_list("args", flat=True)]
    assert told == [handed_over.events.get(kind="rerouted").pk]


# --- places -------------------------------------------------------------------------------------------------------------


def test_an_edition_that_comes_later_gets_the_places_of_all_reports_closed_ones_too(report, binh, spot_outside, pothole, portal):
    outside = file(pothole, spot_outside)
    reason = ReturnReason.objects.create(code="x", name="x", name_en="x", channel="x", channel_en="x")
    take_step(report.pk, step="return", actor=binh, words=Words(reason=reason, reply="Ngoài phạm vi."))
    old = EditionFactory(name="before", valid_from=None, valid_to=SINCE)
    unit = UnitFactory(code="90001", edition=old, valid_from=None, valid_to=SINCE, size=2 * SIZE, parent=None)
    assert reroute_open_reports().places == 2
    assert (report.places.get(edition=old).unit, report.places.get(edition=old).method) == (unit, "inside")
    assert (outside.places.get(edition=old).unit, outside.places.get(edition=old).method) == (None, "none")
    assert reroute_open_reports().places == 0


def test_places_in_revised_outlines_are_corrected_when_asked(report, binh, move_border, commune_a, commune_b):
    reason = ReturnReason.objects.create(code="x", name="x", name_en="x", channel="x", channel_en="x")
    take_step(report.pk, step="return", actor=binh, words=Words(reason=reason, reply="Ngoài phạm vi."))
    move_border()
    assert reroute_open_reports().places == 0
    assert report.places.get().unit == commune_a
    assert reroute_open_reports(renew_places=True).places == 1
    assert report.places.get().unit == commune_b
    report.refresh_from_db()
    assert report.unit == commune_a


# --- many ---------------------------------------------------------------------------------------------------------------


def test_many_reports_cost_no_more_statements_than_few(
    pothole, health, body_a, body_b, department, portal, move_border, django_assert_max_num_queries
):
    for number in range(12):
        file((pothole, health)[number % 2], Point(WEST + SIZE - 0.019 + 0.001 * number, 9.05, srid=4326))
    move_border()
    with django_assert_max_num_queries(40):
        assert reroute_open_reports().looked_at == 12
    assert all(report.version == report.events.count() == 2 for report in Report.objects.all())


def everything_about(reports):
    """What a re-routing may change, without keys and without the reports' own numbers."""
    fields = ("unit_id", "method", "distance_m", "ambiguous", "authority_id", "officer_id", "status", "changed_at", "version")
    return [
        (
            Report.objects.filter(pk=report.pk).values(*fields).get(),
            list(
                ReportEvent.objects.filter(report=report)
                .order_by("pk")
                .values("at", "kind", "status_before", "status_after", "body_id", "data")
            ),
            list(ReportPlace.objects.filter(report=report).order_by("edition").values("edition_id", "unit_id", "method", "distance_m")),
            list(Handling.objects.filter(report=report).order_by("body").values("body_id", "since")),
            list(Conflict.objects.filter(report=report).order_by("body").values("body_id")),
        )
        for report in reports
    ]


def test_many_at_once_go_where_each_would_go_alone(
    pothole, health, officials, inspectorate, body_a, body_b, department, portal, binh, diep, commune_a, move_border
):
    chance = Random(7)
    reports = []
    for number in range(60):
        near = number % 3 == 0  # within reach of the border that is moved
        lon = BORDER_AFTER + chance.uniform(-0.0004, 0.0004) if near else WEST + chance.uniform(-0.004, 2 * SIZE)
        spot = Point(lon, SOUTH + chance.uniform(0.001, SIZE - 0.001), srid=4326)
        category = chance.choice((pothole, pothole, pothole, health, officials))
        reports.append(
            file(category, spot, accuracy_m=chance.choice((None, 0, 8.0, 60.0, 400.0)), email=chance.choice(("", "an@hopthu.example")))
        )
        if number % 7 == 0 and reports[-1].authority == body_a:
            take_step(reports[-1].pk, step="accept", actor=binh)
        if number % 11 == 0 and reports[-1].authority == body_a:
            take_step(reports[-1].pk, step="to_triage", actor=binh, words=Words(note="Không rõ"))
    move_border()
    Rule.objects.create(category=health, body=department, priority=1, validity=ALWAYS)
    at, outcomes, tallies = timezone.now(), [], []
    for among in (None, Report.objects.all()):
        with transaction.atomic():
            done = reroute_open_reports(at=at, among=among)
            tallies.append((done.looked_at, done.moved, done.units_only, done.handed_over))
            outcomes.append((everything_about(reports), ProcrastinateJob.objects.count()))
            transaction.set_rollback(True)
    assert tallies[0] == tallies[1]
    assert outcomes[0] == outcomes[1]
    left = Sweep(timezone.localdate(at)).find(locked=False)
    assert left.looked_at > 15  # of which many did go in sets
    assert len(left.rest) > 15


def test_only_the_reports_that_are_named_are_moved(report, pothole, move_border, body_a, body_b):
    other = file(pothole)
    move_border()
    reroute_open_reports(among=Report.objects.filter(pk=report.pk))
    assert (Report.objects.get(pk=report.pk).authority, Report.objects.get(pk=other.pk).authority) == (body_b, body_a)


# --- putting an edition in force ----------------------------------------------------------------------------------------


def end(body, on):
    """Lets a body, its territory and its people end on a day."""
    Body.objects.filter(pk=body.pk).update(validity=DateRange(SINCE, on))
    Territory.objects.filter(body=body).update(validity=DateRange(SINCE, on))


@pytest.fixture
def merger(commune_a, commune_b, province, province_body):
    """A draft: A and B become one commune, C, since the first of last month, with a body of its own."""
    on = (timezone.localdate().replace(day=1) - timedelta(days=1)).replace(day=1)
    draft = EditionFactory(name="Sáp nhập", valid_from=on, state=Edition.State.DRAFT, activated_at=None)
    commune_c = UnitFactory(
        code="90009",
        name="Phường Hợp Nhất",
        edition=draft,
        valid_from=on,
        parent=province,
        active=False,
        geometry=square(WEST, SOUTH, 2 * SIZE, SIZE),
    )
    make_body("ubnd-hop-nhat", "UBND phường Hợp Nhất", BodyKind.COMMUNE_COMMITTEE, commune_c, province_body)
    return draft


def test_an_edition_is_refused_while_open_reports_would_change_hands(report, merger):
    with pytest.raises(EditionError, match=r"1 .*reroute --activate"):
        activate(edition=merger)
    merger.refresh_from_db()
    assert merger.state == Edition.State.DRAFT
    assert Report.objects.get().events.count() == 1


def test_an_edition_that_begins_in_the_future_is_refused_too(report, merger):
    with pytest.raises(EditionError):
        activate(edition=merger, on=timezone.localdate() + timedelta(days=30))


def test_an_edition_is_put_in_force_when_no_open_report_changes_hands(report, binh, merger):
    reason = ReturnReason.objects.create(code="x", name="x", name_en="x", channel="x", channel_en="x")
    take_step(report.pk, step="return", actor=binh, words=Words(reason=reason, reply="Ngoài phạm vi."))
    assert activate(edition=merger).state == Edition.State.ACTIVE


def test_what_was_to_be_re_routed_anyway_is_no_reason_to_refuse(report, move_border):
    """Outlines were revised, and reroute has not run yet: a former edition may come all the same."""
    move_border()
    old = EditionFactory(name="before", valid_from=None, valid_to=SINCE, state=Edition.State.DRAFT, activated_at=None)
    UnitFactory(code="90001", edition=old, valid_from=None, valid_to=SINCE, parent=None, active=False)
    assert activate(edition=old).state == Edition.State.ACTIVE


def test_a_rehearsal_tells_who_gets_what_and_changes_nothing(report, merger, body_a):
    before = snapshot()
    found = rehearse(edition=merger)
    assert [(former, body.code, count) for (former, body), count in found.reports.handed_over.items()] == [(body_a, "ubnd-hop-nhat", 1)]
    assert snapshot() == before
    merger.refresh_from_db()
    assert merger.state == Edition.State.DRAFT
    assert Unit.objects.in_force().of_level(Level.COMMUNE).count() == 2


def test_edition_and_reports_go_in_one_step(report, merger):
    done = activate_and_reroute(edition=merger)
    report.refresh_from_db()
    merger.refresh_from_db()
    assert (merger.state, done.moved, report.authority.code, report.unit.code) == ("active", 1, "ubnd-hop-nhat", "90009")
    assert report.unit_at_filing.code == "90001"
    assert set(report.places.values_list("unit__code", flat=True)) == {"90001", "90009"}


def test_an_edition_of_the_future_moves_nothing_before_its_first_day(report, merger, body_a):
    on = timezone.localdate() + timedelta(days=30)
    done = activate_and_reroute(edition=merger, on=on)
    report.refresh_from_db()
    assert (done.moved, report.authority) == (0, body_a)
    reroute_open_reports(at=timezone.make_aware(datetime(on.year, on.month, on.day, 8)))
    report.refresh_from_db()
    assert report.authority.code == "ubnd-hop-nhat"


# --- the command --------------------------------------------------------------------------------------------------------


def run(*arguments):
    out = StringIO()
    call_command("reroute", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_lists_who_gets_how_many_from_whom(report, move_border):
    move_border()
    would = run("--dry-run")
    assert "1  UBND phường An Lạc → UBND xã Bình Yên" in would
    assert "Nothing was changed" in would
    assert report.events.count() == 1
    assert "1 went to another body" in run()
    assert report.events.count() == 2


def test_the_command_rehearses_and_activates_an_edition(report, merger):
    assert "UBND phường Hợp Nhất" in run("--activate", str(merger.pk), "--dry-run")
    merger.refresh_from_db()
    assert merger.state == Edition.State.DRAFT
    run("--activate", str(merger.pk))
    merger.refresh_from_db()
    assert merger.state == Edition.State.ACTIVE


@pytest.mark.parametrize(("arguments", "says"), [(["--activate", "999999"], "no edition 999999"), (["--on", "2025-07-01"], "--activate")])
def test_the_command_says_what_is_wrong_with_its_arguments(db, arguments, says):
    with pytest.raises(CommandError, match=says):
        run(*arguments)


def test_the_command_says_why_an_edition_cannot_be_put_in_force(merger):
    activate(edition=merger)
    with pytest.raises(CommandError, match="Nothing was changed"):
        run("--activate", str(merger.pk))
