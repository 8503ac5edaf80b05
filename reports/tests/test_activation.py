"""An edition put in force with its bodies, people and rules: rehearsed, done as rehearsed, and taken back while nobody has gone on."""

import csv
import io
from datetime import datetime, timedelta

import pytest
from django.contrib.gis.geos import Point
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from authorities.handover import Question
from authorities.models import Body, BodyKind, BodySuccession, Membership, Role, Rule, Territory
from authorities.routing import route
from boundaries.editions import EditionError
from boundaries.locate import locate
from boundaries.models import Edition, Unit, UnitSuccession
from boundaries.tests.factories import SIZE, WEST, UnitFactory
from reports.models import Activation, Report, ReportEvent, ReportPlace
from reports.services import Filing, Words, file_report, take_step
from reports.territory import RehearsalOutdated, activate_and_reroute, rehearse, reroute_what_is_due, undo_activation
from reports.territory.jobs import ask_for_activation, put_in_force
from reports.territory.listing import COLUMNS, write_csv
from reports.workflow import Status
from tests.cast import ALWAYS, make_body
from tests.merger import FIRST, succeed

pytestmark = pytest.mark.django_db

IN_A, IN_B = Point(WEST + 0.05, 9.05, srid=4326), Point(WEST + SIZE + 0.05, 9.05, srid=4326)
TODAY = timezone.localdate()
CODE_OF_C = f"ubnd-90009-{FIRST.year}"


def file(category, spot=IN_A, **more):
    return file_report(Filing(location=spot, category=category, description="Ổ gà sâu giữa đường.", **more))


def world():
    """All that an activation may change, but for events: those are only ever added."""
    fields = ("unit_id", "method", "distance_m", "ambiguous", "authority_id", "officer_id", "status")
    return {
        "reports": list(Report.objects.order_by("pk").values("pk", *fields)),
        "bodies": list(Body.objects.exclude(code=CODE_OF_C).order_by("pk").values()),
        "territories": list(Territory.objects.exclude(body__code=CODE_OF_C).order_by("pk").values()),
        "memberships": list(Membership.objects.order_by("user", "body", "validity").values("user", "body", "role", "validity")),
        "rules": list(Rule.objects.order_by("pk").values()),
        "successions": list(BodySuccession.objects.order_by("pk").values()),
        "units": list(Unit.objects.order_by("pk").values("pk", "validity", "active")),
        "places": list(ReportPlace.objects.order_by("report", "edition").values("report", "edition", "unit", "method")),
    }


# --- the plan -----------------------------------------------------------------------------------------------------------


def test_a_new_commune_without_a_committee_gets_one_below_the_province(draft, commune_c, pothole, body_a, body_b, portal, province_body):
    report = file(pothole)
    activate_and_reroute(edition=draft)
    body = Body.objects.get(code=CODE_OF_C)
    assert (body.name, body.kind, body.parent) == ("UBND phường Hợp Nhất", BodyKind.COMMUNE_COMMITTEE, province_body)
    assert list(Territory.objects.filter(body=body).values_list("unit", flat=True)) == [commune_c.pk]
    report.refresh_from_db()
    assert (report.authority, report.unit) == (body, commune_c)


def test_what_somebody_has_prepared_is_taken_and_not_made_again(draft, commune_c, body_a, body_b, province_body):
    prepared = make_body("ubnd-hop-nhat", "UBND phường Hợp Nhất", BodyKind.COMMUNE_COMMITTEE, commune_c, province_body)
    plan = rehearse(edition=draft).handover
    assert plan.bodies == []
    assert {(ending.body, ending.main) for ending in plan.endings} == {(body.code, prepared.code) for body in (body_a, body_b)}


def test_committees_end_with_their_units_and_are_succeeded(draft, commune_c, body_a, body_b, portal, province_body):
    activate_and_reroute(edition=draft)
    new = Body.objects.get(code=CODE_OF_C)
    for body in (body_a, body_b):
        body.refresh_from_db()
        assert body.validity.upper == FIRST
        assert BodySuccession.objects.get(old=body).new == new
    for body in (portal, province_body):  # they go on
        body.refresh_from_db()
        assert body.validity.upper is None


def test_officers_go_with_the_territory_and_may_act_there(draft, commune_c, pothole, body_a, body_b, portal, binh, chi):
    report = file(pothole, IN_B)
    activate_and_reroute(edition=draft)
    for person in (binh, chi):
        assert {(m.body.code, m.role) for m in Membership.objects.held_by(person).select_related("body")} == {(CODE_OF_C, Role.OFFICER)}
    take_step(report.pk, step="accept", actor=binh)  # who was of the other commune before
    assert Membership.objects.get(user=binh, body=body_a).validity.upper == FIRST


def test_a_stand_in_until_a_day_goes_only_until_that_day(draft, commune_c, body_a, body_b, binh):
    until = TODAY + timedelta(days=9)
    Membership.objects.filter(user=binh).update(validity=DateRange(FIRST - timedelta(days=90), until))
    activate_and_reroute(edition=draft)
    assert Membership.objects.get(user=binh, body__code=CODE_OF_C).validity == DateRange(FIRST, until)


def test_rules_for_a_unit_or_a_body_that_ends_go_on(draft, commune_c, pothole, health, body_a, body_b, department, commune_a):
    Rule.objects.create(category=pothole, territory=commune_a, body=department, priority=5, validity=ALWAYS, code="of-the-files")
    Rule.objects.create(category=health, body=body_b, priority=6, validity=ALWAYS)
    activate_and_reroute(edition=draft)
    placement = locate(point=IN_B)
    assert route(placement, pothole, TODAY).body == department
    assert route(placement, health, TODAY).body.code == CODE_OF_C
    old = Rule.objects.get(code="of-the-files")
    assert (old.validity.upper, old.territory) == (FIRST, commune_a)


def test_bodies_of_wider_territory_go_on_with_the_new_units(draft, commune_c, body_a, body_b, province_body, commune_a, commune_b):
    whole = make_body("nuoc", "Cấp nước", BodyKind.UTILITY, commune_a, province_body)
    Territory.objects.create(body=whole, unit=commune_b, validity=ALWAYS)
    part = make_body("dien", "Điện lực", BodyKind.UTILITY, commune_a, province_body)
    plan = rehearse(edition=draft).handover
    assert {(cover.body, cover.all_of_it) for cover in plan.covers} == {("nuoc", True), ("dien", False)}
    assert [(question.question, question.about) for question in plan.questions] == [(Question.PART_ONLY, "dien")]
    activate_and_reroute(edition=draft)
    assert all(Territory.objects.filter(body=body, unit=commune_c).exists() for body in (whole, part))


def test_people_of_a_divided_commune_go_where_at_least_half_of_it_went(draft, divided, body_a, portal, binh):
    divided()
    activate_and_reroute(edition=draft)
    assert Membership.objects.held_by(binh).get().body.name == "UBND xã Phần Đông"


def test_where_no_part_is_half_nobody_is_moved_and_people_are_asked(draft, divided, body_a, portal, binh):
    divided(share=0.4)
    plan = rehearse(edition=draft).handover
    assert [(question.question, question.about, question.people) for question in plan.questions] == [(Question.DIVIDED, body_a.name, 1)]
    assert plan.appointments == []
    activate_and_reroute(edition=draft)
    assert Membership.objects.get(user=binh).body == body_a


def test_what_became_of_a_unit_is_read_from_the_outlines_where_no_list_says_it(draft, commune_c, commune_a, body_a, body_b):
    UnitSuccession.objects.filter(old=commune_a).delete()
    plan = rehearse(edition=draft).handover
    assert {(ending.body, ending.main) for ending in plan.endings} == {(body_a.code, CODE_OF_C), (body_b.code, CODE_OF_C)}
    assert plan.questions == []


def test_a_unit_that_goes_under_is_a_question(draft, commune_c, commune_a, commune_b, body_a, body_b):
    UnitSuccession.objects.all().delete()
    succeed(commune_b, commune_c)
    far_away = UnitFactory(code="90077", name="Xã Chìm", edition=commune_a.edition, parent=commune_a.parent, west=WEST + 5 * SIZE)
    UnitFactory(code="90077", name="Xã Nổi", edition=draft, valid_from=FIRST, parent=commune_a.parent, active=False, west=WEST + 8 * SIZE)
    make_body("ubnd-chim", "UBND xã Chìm", BodyKind.COMMUNE_COMMITTEE, far_away)
    questions = rehearse(edition=draft).handover.questions
    assert (Question.NO_SUCCESSOR, "UBND xã Chìm") in {(question.question, question.about) for question in questions}


def test_categories_for_which_nobody_is_responsible_any_more_are_told(draft, commune_c, pothole, body_a, body_b, portal, province_body):
    assert rehearse(edition=draft).new_gaps == []
    Rule.objects.all().delete()
    Rule.objects.create(
        category=pothole,
        body=body_a,
        territory=Unit.objects.get(code=body_a.territories.get().unit.code),
        priority=1,
        validity=DateRange(None, FIRST),
    )
    gaps = rehearse(edition=draft).new_gaps
    assert [(gap.category, [unit.name for unit in gap.units]) for gap in gaps] == [(pothole, ["Phường Hợp Nhất"])]


# --- rehearsed, then done -----------------------------------------------------------------------------------------------


def test_a_rehearsal_changes_nothing(draft, commune_c, pothole, body_a, body_b, portal, binh):
    file(pothole)
    before, events = world(), ReportEvent.objects.count()
    rehearse(edition=draft)
    assert (world(), ReportEvent.objects.count()) == (before, events)


def test_what_was_rehearsed_is_done_and_nothing_else(draft, commune_c, pothole, body_a, body_b, portal, binh):
    file(pothole)
    digest = rehearse(edition=draft).digest()
    assert rehearse(edition=draft).digest() == digest
    file(pothole)  # one more changes hands
    before = world()
    with pytest.raises(RehearsalOutdated):
        activate_and_reroute(edition=draft, digest=digest)
    assert world() == before
    activate_and_reroute(edition=draft, digest=rehearse(edition=draft).digest())
    assert Activation.objects.get().state == Activation.State.DONE


def test_a_failure_half_way_leaves_everything_as_it_was(draft, commune_c, pothole, body_a, body_b, portal, binh, monkeypatch):
    file(pothole)
    before, events = world(), ReportEvent.objects.count()
    monkeypatch.setattr("reports.territory.rerouting.write_places", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        activate_and_reroute(edition=draft)
    assert (world(), ReportEvent.objects.count(), Activation.objects.count()) == (before, events, 0)


def test_one_event_each_says_by_which_activation(draft, commune_c, pothole, body_a, body_b, portal, binh, admin_user):
    reports = [file(pothole), file(pothole, IN_B)]
    closed = file(pothole)
    take_step(closed.pk, step="accept", actor=binh)
    take_step(closed.pk, step="draft_reply", actor=binh, words=Words(reply="Đã vá."))
    Report.objects.filter(pk=closed.pk).update(status="resolved", closed_at=timezone.now(), authority_at_closing=body_a)
    history = ReportEvent.objects.filter(report=closed).count()
    activate_and_reroute(edition=draft, actor=admin_user)
    activation = Activation.objects.get()
    for report in reports:
        event = report.events.get(kind="rerouted")
        assert (event.data["activation"], event.actor_id) == (activation.pk, admin_user.pk)
    closed.refresh_from_db()
    assert (closed.authority, closed.unit.code, ReportEvent.objects.filter(report=closed).count()) == (body_a, "90001", history)
    assert activation.summary["moved"] == 2


def test_an_edition_of_the_future_moves_reports_on_its_first_day_by_itself(draft, commune_c, pothole, body_a, body_b, portal, binh):
    report = file(pothole)
    tomorrow = TODAY + timedelta(days=1)
    activate_and_reroute(edition=draft, on=tomorrow)
    report.refresh_from_db()
    assert report.authority == body_a
    assert Membership.objects.held_by(binh).get().body == body_a
    midnight = datetime.combine(tomorrow, datetime.min.time(), tzinfo=timezone.get_default_timezone())
    assert reroute_what_is_due(at=midnight - timedelta(minutes=1)) == 0
    assert reroute_what_is_due(at=midnight) == 1
    report.refresh_from_db()
    assert report.authority.name == "UBND phường Hợp Nhất"
    assert Membership.objects.held_by(binh, on=tomorrow).get().body == report.authority
    assert reroute_what_is_due(at=midnight) == 0


# --- taken back ---------------------------------------------------------------------------------------------------------


def test_an_activation_is_taken_back_by_events_and_everything_is_as_before(
    draft, commune_c, pothole, health, body_a, body_b, department, portal, binh, chi, commune_a
):
    Rule.objects.create(category=pothole, territory=commune_a, body=department, priority=999, validity=ALWAYS)
    accepted, fresh, hers = file(pothole), file(pothole), file(health)
    take_step(accepted.pk, step="accept", actor=binh)
    before, history = world(), list(ReportEvent.objects.order_by("pk").values())
    activate_and_reroute(edition=draft)
    late = file(pothole, IN_B)
    assert undo_activation(activation=Activation.objects.get()) == 3
    after = world()
    late.refresh_from_db()
    assert (late.authority, late.unit.code) == (body_b, "90002")
    after["reports"] = [row for row in after["reports"] if row["pk"] != late.pk]
    after["places"] = [row for row in after["places"] if row["report"] != late.pk]
    assert after == before
    events = list(ReportEvent.objects.order_by("pk").values())
    assert events[: len(history)] == history
    kinds = list(accepted.events.order_by("pk").values_list("kind", "status_after", "body"))
    assert kinds[-1] == ("reroute_undone", Status.ACCEPTED, body_a.pk)
    assert hers.events.count() == 3
    assert Activation.objects.get().state == Activation.State.UNDONE
    take_step(accepted.pk, step="survey", actor=binh)
    activate_and_reroute(edition=draft)  # and it can be done again
    fresh.refresh_from_db()
    assert fresh.unit == commune_c


def test_a_body_that_somebody_chose_is_still_the_chosen_one_after_an_undoing(
    draft, commune_c, pothole, body_a, body_b, department, portal, diep
):
    report = file(pothole)
    take_step(report.pk, step="assign", actor=diep, words=Words(body=department, note="Sở nhận sửa đoạn này"))
    activate_and_reroute(edition=draft)
    undo_activation(activation=Activation.objects.get())
    call_command("reroute", verbosity=0)
    report.refresh_from_db()
    assert report.authority == department


def test_after_a_step_there_is_no_way_back(draft, commune_c, pothole, body_a, body_b, portal, binh):
    report = file(pothole)
    activate_and_reroute(edition=draft)
    take_step(report.pk, step="accept", actor=binh)
    before = world()
    with pytest.raises(EditionError, match=report.code):
        undo_activation(activation=Activation.objects.get())
    assert world() == before


def test_a_report_of_the_new_units_that_was_worked_on_is_a_step_too(draft, commune_c, pothole, body_a, body_b, portal, binh):
    activate_and_reroute(edition=draft)
    report = file(pothole)
    take_step(report.pk, step="accept", actor=binh)
    with pytest.raises(EditionError, match=report.code):
        undo_activation(activation=Activation.objects.get())


def test_what_was_taken_back_cannot_be_taken_back_again(draft, commune_c, body_a, body_b, portal):
    activate_and_reroute(edition=draft)
    undo_activation(activation=Activation.objects.get())
    with pytest.raises(EditionError):
        undo_activation(activation=Activation.objects.get())


# --- asked for on a page ------------------------------------------------------------------------------------------------


def test_an_activation_that_was_asked_for_is_done_once(draft, commune_c, pothole, body_a, body_b, portal, admin_user):
    report = file(pothole)
    asked = ask_for_activation(edition=draft, on=FIRST, actor=admin_user, digest=rehearse(edition=draft).digest())
    with pytest.raises(EditionError), transaction.atomic():
        ask_for_activation(edition=draft, on=FIRST, actor=admin_user, digest="")
    put_in_force(asked.pk)
    put_in_force(asked.pk)  # a job may come twice
    asked.refresh_from_db()
    assert (asked.state, asked.summary["moved"]) == (Activation.State.DONE, 1)
    assert report.events.filter(kind="rerouted").count() == 1


def test_a_refusal_is_kept_in_the_language_of_who_asked(draft, commune_c, pothole, body_a, body_b, portal, admin_user):
    asked = ask_for_activation(edition=draft, on=FIRST, actor=admin_user, digest="0" * 64)
    put_in_force(asked.pk)
    asked.refresh_from_db()
    assert asked.state == Activation.State.REFUSED
    assert "xem lại" in asked.error
    draft.refresh_from_db()
    assert draft.state == Edition.State.DRAFT


# --- the table and the command ------------------------------------------------------------------------------------------


def test_the_table_has_a_line_for_each_thing(draft, commune_c, pothole, body_a, body_b, portal, binh, commune_a, an):
    Body.objects.filter(pk=body_a.pk).update(hotline="0290 000 111", name="=HYPERLINK()")
    Rule.objects.create(category=pothole, territory=commune_a, body=body_b, priority=5, validity=ALWAYS)
    file(pothole, IN_B, name=an.name, phone=an.phone, email=an.email)
    file_ = io.StringIO()
    write_csv(rehearse(edition=draft), file_)
    heading, *rows = csv.reader(io.StringIO(file_.getvalue().removeprefix("\ufeff")))
    assert heading == list(COLUMNS)
    kinds = [row[0] for row in rows]
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "report": 1, "new_body": 1, "body_ends": 2, "hotline": 1, "person": 1, "rule": 1, "followers": 1,
    }  # fmt: skip
    assert any("0290 000 111" in row[7] for row in rows)
    assert not any(cell.startswith("=") for row in rows for cell in row)
    assert an.email not in file_.getvalue()


def test_the_command_writes_the_table_activates_and_takes_back(draft, commune_c, pothole, body_a, body_b, portal, tmp_path):
    file(pothole)
    out = io.StringIO()
    table = tmp_path / "rehearsal.csv"
    call_command("reroute", "--activate", str(draft.pk), "--dry-run", "--csv", str(table), stdout=out)
    assert "UBND phường Hợp Nhất" in out.getvalue()
    assert table.read_text(encoding="utf-8-sig").startswith("what,from_code")
    with pytest.raises(CommandError, match="cannot be written"):
        call_command("reroute", "--activate", str(draft.pk), "--dry-run", "--csv", str(tmp_path), stdout=out)
    call_command("reroute", "--activate", str(draft.pk), stdout=out)
    number = Activation.objects.get().pk
    assert f"--undo {number}" in out.getvalue()
    call_command("reroute", "--undo", str(number), stdout=out)
    assert Edition.objects.get(pk=draft.pk).state == Edition.State.WITHDRAWN
    with pytest.raises(CommandError, match="Nothing was changed"):
        call_command("reroute", "--undo", str(number))
    with pytest.raises(CommandError, match="no activation"):
        call_command("reroute", "--undo", "999999")
