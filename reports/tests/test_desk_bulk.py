"""Several reports at once: one event each, the version that was seen, and an answer that says what was done and what not."""

import pytest
from django.urls import reverse

from authorities.models import ReturnReason
from reports.bulk import MOST, bulk_steps, chosen_of
from reports.models import Note, Report, ReportEvent
from reports.services import Words, take_step
from reports.tests.desk_cases import drafted, file
from reports.workflow import STEPS, Status
from tests.cast import make_person
from tests.lasting_cast import *  # noqa: F403

pytestmark = pytest.mark.django_db

DESK, BULK = reverse("reports:desk"), reverse("reports:desk_bulk")


@pytest.fixture
def ground(body_a, body_b, portal, inspectorate, spot_a, spot_b):
    """Everything that a report of A or B needs."""


def ticked(*reports):
    return [f"{report.code}.{report.version}" for report in reports]


def now(report):
    return Report.objects.get(pk=report.pk)


def last_event(report):
    return ReportEvent.objects.filter(report=report).last()


def test_chosen_reports_are_accepted_in_one_go_with_one_event_each(ground, client_of, binh, pothole, spot_a):
    reports = [file(pothole, spot_a) for _ in range(3)]
    response = client_of(binh).post(f"{BULK}?view=new", {"step": "accept", "report": ticked(*reports)}, follow=True)
    assert response.redirect_chain[0][0] == f"{DESK}?view=new"
    assert "Tiếp nhận (3 phản ánh)" in response.content.decode()
    for report in reports:
        assert (now(report).status, now(report).officer, now(report).version) == ("accepted", binh, 2)
        assert list(ReportEvent.objects.filter(report=report).values_list("kind", "actor_id")) == [("filed", None), ("accept", binh.pk)]


def test_what_is_stale_forbidden_or_invisible_is_said_and_the_rest_is_done(ground, client_of, binh, hanh, pothole, spot_a, spot_b):
    good, stale, forbidden, invisible = (file(pothole, spot) for spot in (spot_a, spot_a, spot_a, spot_b))
    take_step(stale.pk, step="note", actor=hanh, words=Words(note="Gấp."))
    drafted(forbidden, hanh)
    chosen = [*ticked(good, stale), f"{forbidden.code}.3", *ticked(invisible)]
    said = {"step": "to_triage", "said": "1", "note": "Không thuộc phường.", "report": chosen}
    response = client_of(binh).post(BULK, said)
    page = response.content.decode()
    assert response.status_code == 409
    assert [report.pk for report in response.context["outcome"].done] == [good.pk]
    assert [refusal.chosen.code for refusal in response.context["outcome"].refused] == [stale.code, forbidden.code, invisible.code]
    assert now(good).status == "triage"
    assert [now(report).version for report in (stale, forbidden, invisible)] == [2, 3, 1]
    assert "Người khác đã thay đổi" in page
    assert invisible.readable_code not in page
    assert invisible.description not in page.replace(stale.description, "", 2)  # only of those that the officer sees
    assert "Không thuộc phường." in page
    rows = {row.value: (row.is_open, row.report is not None) for row in response.context["rows"]}
    assert rows == {f"{stale.code}.2": (True, True), f"{forbidden.code}.3": (False, True), invisible.code: (False, False)}


def test_who_looked_again_sends_the_rest_once_more(ground, client_of, binh, hanh, pothole, spot_a):
    stale = file(pothole, spot_a)
    take_step(stale.pk, step="note", actor=hanh, words=Words(note="Gấp."))
    said = {"step": "note", "said": "1", "note": "Đã gọi."}
    first = client_of(binh).post(BULK, {**said, "report": ticked(stale)})
    again = client_of(binh).post(BULK, {**said, "report": [row.value for row in first.context["rows"]]})
    assert again.status_code == 302
    assert Note.objects.filter(report=stale, author=binh).count() == 1


def test_a_step_that_needs_words_asks_for_them_once(ground, client_of, diep, body_b, pothole, spot_a):
    reports = [file(pothole, spot_a) for _ in range(2)]
    client = client_of(diep)
    asked = client.post(BULK, {"step": "assign", "report": ticked(*reports)})
    assert asked.status_code == 200
    assert [row.report for row in asked.context["rows"]] == reports
    assert [now(report).version for report in reports] == [1, 1]
    without = client.post(BULK, {"step": "assign", "said": "1", "note": "Nhờ xã xem giúp.", "report": ticked(*reports)})
    assert without.status_code == 422
    assert "Nhờ xã xem giúp." in without.content.decode()
    done = client.post(BULK, {"step": "assign", "said": "1", "body": body_b.pk, "report": ticked(*reports)})
    assert done.status_code == 302
    assert [now(report).authority for report in reports] == [body_b, body_b]
    assert [last_event(report).data["to"] for report in reports] == [body_b.code, body_b.code]


def test_who_unticked_all_keeps_what_was_typed(ground, client_of, binh, pothole, spot_a):
    report = file(pothole, spot_a)
    response = client_of(binh).post(BULK, {"step": "note", "said": "1", "note": "Đừng mất.", "listed": ticked(report)})
    assert response.status_code == 422
    assert "Đừng mất." in response.content.decode()
    assert [row.is_ticked for row in response.context["rows"]] == [False]
    assert now(report).version == 1


def test_a_category_is_corrected_where_it_is_not_right_already(ground, client_of, binh, pothole, law, spot_a):
    wrong, right = file(pothole, spot_a), file(law, spot_a)
    said = {"step": "recategorise", "said": "1", "category": law.pk, "report": ticked(wrong, right)}
    response = client_of(binh).post(BULK, said)
    assert [report.pk for report in response.context["outcome"].done] == [wrong.pk]
    assert [refusal.sentence for refusal in response.context["outcome"].refused] == ["Phản ánh đã thuộc lĩnh vực này."]


@pytest.mark.parametrize(
    "boxes", [[], ["nonsense"], ["ABC.x"], ["ABC."], ["../../etc.1"], ["A" * 500 + ".1"], ["ABCDEFGHJK.99999999999999"]]
)
def test_nothing_chosen_is_said_on_the_queue(boxes, ground, client_of, binh):
    response = client_of(binh).post(BULK, {"step": "accept", "report": boxes}, follow=True)
    assert response.redirect_chain[0][0] == DESK
    assert "Hãy chọn phản ánh trước" in response.content.decode()


def test_more_than_a_page_of_pages_at_once_is_refused(ground, client_of, binh, pothole, spot_a):
    report = file(pothole, spot_a)
    boxes = [*ticked(report), *(f"{number:010d}.1" for number in range(MOST))]
    client_of(binh).post(BULK, {"step": "accept", "report": boxes})
    assert now(report).version == 1


def test_a_report_ticked_twice_is_one(ground):
    assert [one.code for one in chosen_of(["AB.1", "AB.2", "CD.1"])] == ["AB", "CD"]


def test_steps_for_several_are_those_of_the_table_that_say_the_same_to_all(ground, binh, hanh, diep):
    everybody = frozenset(role for step in STEPS.values() for role in step.roles)
    offered = {step.name for step in bulk_steps(everybody, Status)}
    assert {"accept", "to_triage", "assign", "recategorise", "note"} <= offered
    assert not {"draft_reply", "publish_reply", "return"} & offered
    assert {step.name for step in bulk_steps(everybody, [Status.RETURNED])} <= {"note", "show", "hide", "reopen"} | offered - {"accept"}


@pytest.mark.parametrize("step", ["return", "draft_reply", "nonsense", ""])
def test_a_step_that_is_for_one_report_only_is_not_there(step, ground, client_of, binh, pothole, spot_a):
    ReturnReason.objects.create(code="a", name="Lý do", name_en="a", channel="x", channel_en="x")
    report = file(pothole, spot_a)
    assert client_of(binh).post(BULK, {"step": step, "report": ticked(report)}).status_code == 404
    assert now(report).version == 1


def test_a_leader_reads_and_ticks_nothing(ground, client_of, lan, pothole, spot_a):
    report = file(pothole, spot_a)
    client = client_of(lan)
    assert 'name="report"' not in client.get(DESK, {"view": "open"}).content.decode()
    assert client.post(BULK, {"step": "accept", "report": ticked(report)}).status_code == 404
    assert now(report).version == 1


def test_who_has_no_desk_does_nothing_here(ground, client_of, dung, pothole, spot_a):
    report = file(pothole, spot_a)
    assert client_of(dung).post(BULK, {"step": "accept", "report": ticked(report)}).status_code == 403
    assert now(report).version == 1


def test_the_key_gets_its_answer_as_json(ground, client_of, binh, pothole, spot_a):
    report = file(pothole, spot_a)
    client = client_of(binh)
    said, asking = {"step": "accept", "report": ticked(report)}, {"Accept": "application/json"}
    assert client.post(BULK, said, headers=asking).json() == {"done": [report.code], "refused": []}
    second = client.post(BULK, said, headers=asking)
    assert second.status_code == 409
    assert [refused["code"] for refused in second.json()["refused"]] == [report.code]
    assert now(report).version == 2


def test_rows_have_boxes_without_scripts_too(ground, client_of, binh, pothole, spot_a):
    report = file(pothole, spot_a)
    page = client_of(binh).get(DESK, {"view": "new"}).content.decode()
    assert f'form="bulk" name="report" value="{report.code}.1"' in page
    assert 'name="step" value="accept"' in page


def test_a_colleague_is_no_stranger_to_what_was_chosen_by_the_first(ground, client_of, body_a, binh, pothole, spot_a):
    """Two officers press at once: the second is told by whom it is not, and the report has one event."""
    mai = make_person("mai", "Ngô Thị Mai", body_a, "officer")
    report = file(pothole, spot_a)
    client_of(binh).post(BULK, {"step": "accept", "report": ticked(report)})
    late = client_of(mai).post(BULK, {"step": "accept", "report": ticked(report)})
    assert late.status_code == 409
    assert now(report).officer == binh
