"""Who may take which step, over HTTP: every role × every step × the own body, a foreign one, and one that the report complains of."""

from contextlib import contextmanager

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from authorities.models import Body, BodyKind, ReturnReason, Role
from reports.models import Conflict, Report
from reports.services import Filing, file_report, take_step
from reports.tests.asked_cases import asked_of, is_theirs
from reports.tests.desk_cases import step as address
from reports.views import desk_report
from reports.workflow import CLOSED, STEPS, Status
from tests.cast import ALWAYS, make_person
from tests.lasting_cast import *  # noqa: F403

pytestmark = pytest.mark.django_db
DESK = {Role.OFFICER, Role.HEAD, Role.INSPECTOR, Role.LEADER, Role.COORDINATOR}
OF_THE_REPORTER = {step.name for step in STEPS.values() if not step.roles}


@pytest.fixture(autouse=True)
def no_pages(monkeypatch):
    """Of a refusal the answer counts here; what its page shows is looked at in test_desk_report.py."""
    monkeypatch.setattr(desk_report, "_page", lambda *_, status=200, **__: HttpResponse(status=status))


@pytest.fixture
def said(law, department, binh, body_b, spot_b, pothole, db):
    """What the forms of all steps may send."""
    other = file_report(Filing(location=spot_b, category=pothole, description="Ổ gà khác."))
    reason = ReturnReason.objects.create(code="procedure", name="Thủ tục", name_en="A procedure", channel="Gọi 1022.", channel_en="1022.")
    return {
        "reply": "Đã vá xong.", "note": "Ghi chú.", "question": "Ở đâu?", "category": law.pk, "body": department.pk, "officer": binh.pk,
        "original": other.code, "reason": reason.pk, "task": "Tắt điện đường.", "days": 3, "result": "Đã tắt.", "spot": "9.05, 105.051",
        "description": "Đèn đường cũng hỏng.",
    }  # fmt: skip


@pytest.fixture
def report(said, body_a, portal, pothole, spot_a):
    return file_report(Filing(location=spot_a, category=pothole, description="Ổ gà sâu trước cổng trường."))


@pytest.fixture
def elsewhere(db):
    """A commune's body and a Portal of another province."""

    def body(code, kind, parent=None):
        return Body.objects.create(code=code, name=code, kind=kind, parent=parent, validity=ALWAYS)

    top = body("ubnd-tinh-khac", BodyKind.PROVINCE_COMMITTEE)
    return {"body": body("ubnd-xa-khac", BodyKind.COMMUNE_COMMITTEE, top), "portal": body("portal-khac", BodyKind.PORTAL, top)}


@contextmanager
def undone():
    point = transaction.savepoint()
    yield
    transaction.savepoint_rollback(point)


def ready_for(step, report, person):
    """Puts the report where the step starts from, past every other step; a step to be taken back is taken first, another body is asked."""
    asked_of(Body.objects.get(code="ubnd-binh-yen"), step, report)
    status = next(status for status in (Status.ACCEPTED, *Status) if status in step.sources)
    closed = status in CLOSED
    Report.objects.filter(pk=report.pk).update(
        status=status,
        closed_at=report.filed_at if closed else None,
        authority_at_closing=report.authority if closed else None,
        published_at=report.filed_at if step.name == "hide" else None,
    )
    if step.name == "undo" and person is not None:
        take_step(report.pk, step="accept" if status in STEPS["accept"].sources else "work", actor=person)
    return Report.objects.get(pk=report.pk)


def answers(person, report, said, *, acts=False, turn=None):
    """The status of the answer to each step, each tried on the report as if nothing else had been tried.

    With a `turn`, every third step from there on: where the answer is the same for all, the roles share the steps out among themselves.
    """
    client, found = Client(), {}
    client.force_login(person)
    for step in list(STEPS.values())[slice(None) if turn is None else slice(turn % 3, None, 3)]:
        with undone():
            now = ready_for(step, report, person if acts else None)
            part = now.parts.first() if is_theirs(step) or step.name == "drop_part" else None
            response = client.post(address(now, step.name), {**said, "version": now.version, "part": part.pk if part else ""})
            found[step.name] = response.status_code
            # The version counts events
            written = Report.objects.values_list("version", flat=True).get(pk=report.pk) - now.version
            assert written == (response.status_code == 302), (step.name, response.status_code)
    return found


@pytest.mark.parametrize("role", Role)
def test_in_the_own_body_a_role_takes_the_steps_of_the_table_and_no_other(role, report, said, portal):
    person = make_person("somebody", "Người thử", portal if role == Role.COORDINATOR else report.authority, role)
    found = answers(person, report, said, acts=role in STEPS["accept"].roles)
    for name, status in found.items():
        mine = role in STEPS[name].roles and not is_theirs(STEPS[name])
        mine = mine and not (name == "undo" and role == Role.COORDINATOR)  # took no step before
        expected = 403 if role not in DESK else 404 if name in OF_THE_REPORTER else 302 if mine else 409
        assert status == expected, (role, name)


@pytest.mark.parametrize("role", [role for role in Role if role != Role.COORDINATOR])  # the Portal is no body that can be asked
def test_in_a_body_that_is_asked_a_role_gives_the_answers_of_the_table_and_nothing_else(role, report, said, portal, body_b):
    person = make_person("asked", "Người được hỏi", body_b, role)
    found = answers(person, report, said)
    for name, status in found.items():
        mine = role in STEPS[name].roles and is_theirs(STEPS[name])
        sees = "transfer" in name or "part" in name
        sees = sees and name != "transfer"
        expected = 403 if role not in DESK else 404 if name in OF_THE_REPORTER or not sees else 302 if mine else 409
        assert status == expected, (role, name)


@pytest.mark.parametrize("role", Role)
def test_in_a_foreign_body_no_role_takes_any_step_or_learns_that_there_is_a_report(role, report, said, elsewhere):
    person = make_person("stranger", "Người lạ", elsewhere["portal" if role == Role.COORDINATOR else "body"], role)
    assert set(answers(person, report, said).values()) == {404 if role in DESK else 403}


@pytest.mark.parametrize(("turn", "role"), list(enumerate(sorted(DESK - {Role.COORDINATOR}))))
def test_above_a_role_reads_and_takes_no_step(turn, role, report, said, province_body):
    person = make_person("above", "Cấp trên", province_body, role)
    found = answers(person, report, said, turn=turn)
    assert {status for name, status in found.items() if name not in OF_THE_REPORTER} == {409}
    assert {status for name, status in found.items() if name in OF_THE_REPORTER} <= {404}


@pytest.mark.parametrize(("turn", "role"), list(enumerate(sorted(DESK))))
def test_who_belongs_to_a_body_complained_of_finds_no_report(turn, role, report, said, portal, body_a):
    body = portal if role == Role.COORDINATOR else body_a
    Conflict.objects.create(report=report, body=body)
    person = make_person("involved", "Người liên quan", body, role)
    assert set(answers(person, report, said, turn=turn).values()) == {404}


def test_an_administrator_takes_every_step_of_officers(report, said, admin_user):
    found = answers(admin_user, report, said)
    for name, status in found.items():
        assert status == (404 if name in OF_THE_REPORTER else 302 if name != "undo" else 409), name


def test_strangers_are_asked_to_sign_in_and_the_reporters_steps_are_on_no_desk(client, report, said, binh):
    for name in STEPS:
        assert client.post(address(report, name), said).status_code == 302
        assert client.post(reverse("reports:reporter_step", args=[report.code, name])).status_code == 404
    assert report.events.count() == 1
