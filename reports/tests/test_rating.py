"""Rating an answer: who may, when, what is public of it, and how “not fixed” opens a report again."""

import json
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from authorities.models import Criterion
from reports.models import Report, ReportEvent
from reports.rating_models import Rating
from reports.services import CommentChanged, NotRatable, judge_comment
from reports.tests.desk_cases import page
from reports.tests.rating_cases import GOOD, POOR, answer, answered, not_fixed, rated, reporter_of, token_of
from reports.tests.test_casework import while_first_is_unfinished
from reports.workflow import Status

pytestmark = pytest.mark.django_db


@pytest.fixture
def report(body_a, portal, pothole, spot_a, binh, diep, an, criteria) -> Report:
    return answered(pothole, spot_a, binh, diep, name=an.name, phone=an.phone, email=an.email)


def form(report, **said):
    """What a browser sends."""
    return {"reply": "1", "fixed": "yes", **{f"score_{code}": value for code, value in GOOD.items()}, "comment": "", "problem": "", **said}


def rating_page(report):
    return f"/reports/{report.code}/rating/"


def call(client, report, **said):
    """The API, with what was said as JSON."""
    return client.post(f"/api/v1/reports/{report.code}/rating/", json.dumps(said), content_type="application/json")


# --- who may, and when ----------------------------------------------------------------------------------------------------


def test_the_reporter_rates_by_the_private_link_and_nobody_else_finds_the_page(report, client_of, binh, diep, admin_user):
    address = rating_page(report)
    assert reporter_of(report).get(address).status_code == 200
    for stranger in (Client(), client_of(binh), client_of(diep), client_of(admin_user)):
        assert stranger.get(address).status_code == 404
        assert stranger.post(address, form(report)).status_code == 404
    assert not Rating.objects.exists()


def test_the_link_in_the_mail_opens_the_form_and_leaves_no_token_in_the_address(report):
    answer = Client().get(rating_page(report), {"token": token_of(report)})
    assert (answer.status_code, answer.headers["Location"]) == (302, rating_page(report))
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_a_rating_belongs_to_the_reply_and_its_body_and_stands_in_the_history(report, body_a):
    answer = reporter_of(report).post(rating_page(report), form(report, comment="Cảm ơn phường."))
    assert (answer.status_code, answer.headers["Location"]) == (302, report.get_absolute_url())
    rating = Rating.objects.get()
    assert (rating.reply.report, rating.reply.body) == (report, body_a)
    assert {score.criterion.code: score.value for score in rating.scores.all()} == GOOD
    event = ReportEvent.objects.filter(report=report).latest("pk")
    assert (event.kind, event.actor_id, event.data["by"], event.public) == ("rated", None, "reporter", True)
    report.refresh_from_db()
    assert (report.status, report.version) == (Status.RESOLVED, report.events.count())


@pytest.mark.parametrize("left_out", sorted(GOOD))
def test_every_criterion_is_answered_or_nothing_is_kept(report, left_out):
    said = form(report, comment="Tạm được")
    del said[f"score_{left_out}"]
    answer = reporter_of(report).post(rating_page(report), said)
    assert answer.status_code == 422
    assert "Tạm được" in answer.content.decode()
    assert not Rating.objects.exists()


def test_a_report_without_a_published_reply_cannot_be_rated(body_a, portal, pothole, spot_a, an, criteria):
    from reports.services import Filing, file_report

    fresh = file_report(Filing(location=spot_a, category=pothole, description="Ổ gà"))
    assert "score_" not in reporter_of(fresh).get(rating_page(fresh)).content.decode()
    assert reporter_of(fresh).post(rating_page(fresh), form(fresh)).status_code == 409
    with pytest.raises(NotRatable):
        rated(fresh)


def test_a_rating_may_be_changed_for_a_week_and_then_stands(report):
    given = timezone.now()
    rated(report, at=given)
    rated(report, POOR, at=given + timedelta(days=6))
    assert [score.value for score in Rating.objects.get().scores.all()] == [1, 2, 1]
    with pytest.raises(NotRatable):
        rated(report, GOOD, at=given + timedelta(days=8))
    assert [score.value for score in Rating.objects.get().scores.all()] == [1, 2, 1]
    assert list(report.events.filter(kind="rated").values_list("public", flat=True)) == [True, False]


def test_a_report_that_was_reopened_and_answered_again_is_rated_anew_and_both_ratings_count(report, binh, diep):
    rated(report, POOR)
    answer(not_fixed(report), binh, diep)
    rated(report, GOOD)
    assert Rating.objects.count() == 2
    assert [rating.reply.text for rating in Rating.objects.order_by("pk")] == [
        "Đã vá xong ngày 17/7.",
        "Đã vá lại, lần này bằng nhựa nóng.",
    ]


def test_what_was_written_about_one_reply_is_not_taken_for_the_next(report, binh, diep):
    browser = reporter_of(report)
    answer(not_fixed(report), binh, diep)
    response = browser.post(rating_page(report), form(report, reply="1", comment="Về câu trả lời trước"))
    assert response.status_code == 409
    assert "Về câu trả lời trước" in response.content.decode()
    assert not Rating.objects.exists()


def test_criteria_are_those_of_the_day(report):
    today = timezone.localdate()
    Criterion.objects.filter(code="attitude").update(validity=(None, today))
    with pytest.raises(ValidationError):
        rated(report, GOOD)
    rated(report, {"timeliness": 5, "result": 5})
    assert "score_attitude" not in reporter_of(report).get(rating_page(report)).content.decode()


@pytest.mark.parametrize("value", [0, 6, -1, True, 4.5, float("nan"), "5", None])
def test_a_score_is_a_whole_number_from_one_to_five(report, value):
    with pytest.raises(ValidationError) as refused:
        rated(report, {**GOOD, "result": value})
    assert list(refused.value.message_dict) == ["scores.result"]


def test_a_comment_of_ten_thousand_characters_is_refused_and_not_lost(report):
    answer = reporter_of(report).post(rating_page(report), form(report, comment="ă" * 10_000))
    assert answer.status_code == 422
    assert "ă" * 10_000 in answer.content.decode()
    assert not Rating.objects.exists()


# --- not fixed ------------------------------------------------------------------------------------------------------------


def test_not_fixed_opens_the_report_again_at_the_body_that_answered(report, binh, body_a):
    answer = reporter_of(report).post(rating_page(report), {"reply": "1", "fixed": "no", "problem": "Mưa một trận là lún lại."})
    assert answer.status_code == 302
    report.refresh_from_db()
    assert (report.status, report.authority, report.officer, report.closed_at) == (Status.ACCEPTED, body_a, binh, None)
    assert report.due_at > timezone.now()
    event = ReportEvent.objects.filter(report=report).latest("pk")
    assert (event.kind, event.status_before, event.status_after) == ("not_fixed", "resolved", "accepted")
    assert (event.actor_id, event.data["by"], event.public) == (None, "reporter", True)
    assert not Rating.objects.exists()


def test_what_is_not_fixed_has_to_be_said(report):
    answer = reporter_of(report).post(rating_page(report), {"reply": "1", "fixed": "no", "problem": "  \n"})
    assert answer.status_code == 422
    report.refresh_from_db()
    assert report.status == Status.RESOLVED


def test_the_words_of_not_fixed_are_for_the_body_and_never_public(report, client_of, binh):
    words = "Hố vẫn sâu, gọi cho tôi buổi tối"
    not_fixed(report, words)
    assert words in client_of(binh).get(page(report)).content.decode()
    for address in (report.get_absolute_url(), f"/api/v1/reports/{report.code}/", f"/api/v1/reports/{report.code}/events/"):
        assert words not in Client().get(address).content.decode()
    assert words not in json.dumps(list(ReportEvent.objects.values_list("data", flat=True)), ensure_ascii=False)


def test_not_fixed_may_come_with_a_rating(report):
    reporter_of(report).post(rating_page(report), form(report, fixed="no", problem="Còn lún"))
    report.refresh_from_db()
    assert (report.status, Rating.objects.count(), report.version) == (Status.ACCEPTED, 1, report.events.count())


def test_after_thirty_days_a_reply_is_final(report, settings):
    late = timezone.now() + timedelta(days=31)
    with pytest.raises(NotRatable):
        not_fixed(report, at=late)
    rated(report, at=late)


def test_the_third_not_fixed_goes_to_the_coordinator(report, binh, diep, portal, settings):
    for _time in range(settings.NOT_FIXED_TIMES):
        answer(not_fixed(report), binh, diep)
    done = not_fixed(report)
    assert (done.status, done.authority, done.officer) == (Status.TRIAGE, portal, None)
    event = ReportEvent.objects.filter(report=report).latest("pk")
    assert (event.kind, event.data["from"], event.data["to"]) == ("not_fixed", "ubnd-an-lac", portal.code)


def test_a_body_that_is_no_more_is_followed_by_the_one_of_today(report, body_a, commune_rule, commune_a):
    from authorities.models import Body, Territory
    from tests.cast import SINCE

    today = timezone.localdate()
    Body.objects.filter(pk=body_a.pk).update(validity=(SINCE, today))
    heir = Body.objects.create(code="moi", name="UBND phường Mới", kind=body_a.kind, parent=body_a.parent, validity=(today, None))
    Territory.objects.create(body=heir, unit=commune_a, validity=(today, None))
    done = not_fixed(report)
    assert (done.authority, done.status) == (heir, Status.NEW)


def test_what_the_inspectorate_answered_comes_back_to_the_inspectorate(
    officials, body_a, inspectorate, portal, spot_a, giang, diep, binh, criteria, client_of
):
    case = answered(officials, spot_a, giang, diep, description="Cán bộ chậm trễ hồ sơ")
    reporter = reporter_of(case)
    assert reporter.post(rating_page(case), {"reply": "1", "fixed": "no", "problem": "Vẫn bị hẹn lại"}).status_code == 302
    case.refresh_from_db()
    assert (case.authority, case.status) == (inspectorate, Status.ACCEPTED)
    assert client_of(binh).get(page(case)).status_code == 404
    assert Client().get(rating_page(case)).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_reopen_once(report):
    won, lost = while_first_is_unfinished(lambda: not_fixed(report), lambda: not_fixed(report))
    assert isinstance(won, Report)
    assert isinstance(lost, NotRatable)
    assert (report.events.filter(kind="not_fixed").count(), report.notes.count()) == (1, 1)


# --- what is public -------------------------------------------------------------------------------------------------------


def test_everybody_sees_the_stars_and_the_comment_only_after_a_look(report, diep):
    words = "Làm nhanh, cảm ơn!"
    rated(report, comment=words)
    address = report.get_absolute_url()
    before = Client().get(address).content.decode()
    assert "stars--4" in before
    assert words not in before
    assert Client().get(f"/api/v1/reports/{report.code}/rating/").json()["results"][0]["comment"] == ""
    judge_comment(Rating.objects.get().pk, show=True, actor=diep)
    assert words in Client().get(address).content.decode()
    assert Client().get(f"/api/v1/reports/{report.code}/rating/").json()["results"][0]["comment"] == words


def test_a_refused_comment_stays_out_and_its_rating_counts(report, diep):
    words = "Thằng cán bộ đó"
    rated(report, comment=words)
    judge_comment(Rating.objects.get().pk, show=False, actor=diep)
    assert words not in Client().get(report.get_absolute_url()).content.decode()
    assert Rating.objects.count() == 1


def test_a_comment_that_was_changed_is_looked_at_anew(report, diep):
    rated(report, comment="Tốt")
    judge_comment(Rating.objects.get().pk, show=True, actor=diep)
    rated(report, comment="Tốt, gọi tôi số 0912 345 678")
    assert Rating.objects.get().shown_comment == ""


def test_what_the_coordinator_did_not_read_is_not_let_through(report, diep):
    rated(report, comment="Khác rồi")
    with pytest.raises(CommentChanged):
        judge_comment(Rating.objects.get().pk, show=True, actor=diep, read="Tốt")
    assert Rating.objects.get().shown_comment == ""


@pytest.mark.parametrize("who", ["diep", "admin_user"])
def test_the_coordinator_finds_the_comment_and_decides(report, request, client_of, who):
    rated(report, comment="Hai dòng\nmột lời")
    client = client_of(request.getfixturevalue(who))
    assert "Hai dòng" in client.get("/desk/comments/").content.decode()
    decided = client.post(f"/desk/comments/{Rating.objects.get().pk}/", {"decision": "show", "read": "Hai dòng\r\nmột lời"})
    assert decided.status_code == 302
    assert Rating.objects.get().comment_state == "shown"
    event = ReportEvent.objects.filter(report=report).latest("pk")
    assert (event.kind, event.public, event.data) == ("comment_shown", False, {"rated": report.replies.get().pk})


@pytest.mark.parametrize("who", ["binh", "chi", "hanh", "giang", "dung", "lan", "to"])
def test_nobody_but_a_coordinator_decides_on_comments(report, request, client_of, who):
    rated(report, comment="Một lời")
    client = client_of(request.getfixturevalue(who))
    assert client.get("/desk/comments/").status_code == 403
    assert client.post(f"/desk/comments/{Rating.objects.get().pk}/", {"decision": "show", "read": "Một lời"}).status_code == 403
    assert Rating.objects.get().comment_state == "waiting"


def test_scripts_in_a_comment_show_as_text(report, diep, client_of):
    nasty = '<script>alert("x")</script></textarea><img src=x onerror=alert(1)>'
    rated(report, comment=nasty)
    for client, address in ((client_of(diep), "/desk/comments/"), (reporter_of(report), rating_page(report))):
        body = client.get(address).content.decode()
        assert "&lt;script&gt;alert" in body
        assert "<script>alert" not in body
        assert "<img src=x" not in body


# --- the API --------------------------------------------------------------------------------------------------------------


def test_the_api_takes_a_rating_with_the_token(report, client):
    answer = call(client, report, token=token_of(report), scores=GOOD, comment="Tốt")
    assert (answer.status_code, answer.json()["status"]) == (200, "resolved")
    assert Rating.objects.get().comment == "Tốt"


def test_the_api_reopens_what_is_not_fixed(report, client):
    answer = call(client, report, token=token_of(report), fixed=False, problem="Còn lún")
    assert (answer.status_code, answer.json()["status"]) == (200, "accepted")
    again = call(client, report, token=token_of(report), fixed=False, problem="Còn lún")
    assert (again.status_code, again.headers["Content-Type"]) == (409, "application/problem+json")


@pytest.mark.parametrize(
    "said",
    [
        {"scores": GOOD | {"result": 6}},
        {"scores": GOOD | {"result": "NaN"}},
        {"scores": GOOD | {"result": [5]}},
        {"scores": GOOD | {"colour": 5}},
        {"scores": [5, 5, 5]},
        {"scores": {"result": 5}},
        {"scores": GOOD, "comment": "a" * 10_000},
        {"scores": GOOD, "comment": "a\x00b"},
        {"scores": GOOD, "fixed": False},
        {"fixed": "maybe"},
        {},
    ],
)
def test_what_cannot_be_kept_is_named_by_the_api_and_changes_nothing(report, client, said):
    answer = call(client, report, token=token_of(report), **said)
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/problem+json")
    assert answer.json()["errors"]
    assert not Rating.objects.exists()


def test_a_wrong_token_is_refused_and_tells_nothing_of_a_hidden_report(report, client, officials, inspectorate, spot_a, giang, diep):
    hidden = answered(officials, spot_a, giang, diep, description="Cán bộ chậm trễ hồ sơ")
    for token in ("x", token_of(hidden)):
        assert call(client, report, token=token, scores=GOOD).status_code == 403
    for token in ("x", token_of(report), "é"):
        assert call(client, hidden, token=token, scores=GOOD).status_code == 404
    assert call(client, hidden, token=token_of(hidden), scores=GOOD).status_code == 200
    assert Client().get(f"/api/v1/reports/{hidden.code}/rating/").status_code == 404


def test_ratings_are_limited(report, client, settings):
    settings.THROTTLES = settings.THROTTLES | {"rate": "2/h"}
    codes = [call(client, report, token=token_of(report), scores=GOOD).status_code for _call in range(3)]
    assert codes == [200, 200, 429]


# --- the mail -------------------------------------------------------------------------------------------------------------


def test_the_mail_of_the_reply_leads_the_reporter_and_nobody_else_to_the_rating(report, mailoutbox):
    from reports.models import Follow
    from reports.notifications import tell_followers
    from reports.tests.worker import jobs

    Follow.objects.create(report=report, email="lang.gieng@hopthu.example", confirmed_at=timezone.now())
    event = report.events.get(kind="publish_reply")
    tell_followers(event.pk)
    from reports.notifications import deliver

    for job in jobs("send_message"):
        deliver(job["args"]["message_id"])
    by_reader = {mail.to[0]: mail.body for mail in mailoutbox}
    assert f"/reports/{report.code}/rating/?token={token_of(report)}" in by_reader["an.nguyen@hopthu.example"]
    assert "/rating/" not in by_reader["lang.gieng@hopthu.example"]
