"""Every page and call, for everybody: who sees what, and that what was told in confidence shows nowhere else.

Three reports of Nguyễn Văn An lie in A: one public at once, one that nobody has looked at yet, one about officials.
"""

from __future__ import annotations

import io

import pytest
from django.test import Client, override_settings
from PIL import Image

from reports import notifications
from reports.media import prepare_photo
from reports.models import Follow, Message, Report, UnitFollow
from reports.services import Filing, Words, file_report, take_step
from reports.tests.rating_cases import answer, not_fixed, rated
from reports.tokens import tracking_token
from tests.lasting_cast import *  # noqa: F403

pytestmark = pytest.mark.django_db

EVERYBODY = ("anonymous", "reporter", "binh", "chi", "hanh", "diep", "giang", "dung", "lan", "to")
SECRET_NOTE = "Ghi chú nội bộ: gọi lại sau 17 giờ"
DRAFT = "Dự thảo: tổ công tác sẽ vá đoạn đường này trong tuần tới"
WRITTEN = ("0977 123 456", "69C1-123.45", "096085001234", "ong.tu@hopthu.example", "0966.777.888")  # in the text of the public report
NOT_FIXED = "Vẫn còn sâu, gọi tôi buổi tối"
COMMENT = "Chê cán bộ: nhận xét này chưa ai xem"


def picture() -> bytes:
    """A small photo."""
    stream = io.BytesIO()
    Image.new("RGB", (640, 480), "teal").save(stream, "JPEG")
    return stream.getvalue()


@pytest.fixture(scope="module")
def reports(tmp_path_factory, an, binh, diep, criteria, portal, inspectorate, spot_a, pothole, law, officials):
    """The three reports; the public one was answered, rated and is not fixed: an officer has left a note and drafted a new reply."""

    def file(category, text, place_note=""):
        return file_report(
            Filing(
                location=spot_a,
                category=category,
                description=text,
                place_note=place_note,
                name=an.name,
                phone=an.phone,
                email=an.email,
                photos=[prepare_photo(picture())],
            )
        )

    with override_settings(MEDIA_ROOT=tmp_path_factory.mktemp("media")):
        told = f"Ổ gà trước cổng chợ, gọi {WRITTEN[0]}; xe {WRITTEN[1]} cày nát, căn cước {WRITTEN[2]}, thư {WRITTEN[3]}"
        public = file(pothole, told, place_note=f"Cạnh nhà {WRITTEN[4]}")
        answer(public, binh, diep)
        rated(public, comment=COMMENT)
        not_fixed(public, NOT_FIXED)
        take_step(public.pk, step="note", actor=binh, words=Words(note=SECRET_NOTE))
        take_step(public.pk, step="draft_reply", actor=binh, words=Words(reply=DRAFT))
        UnitFollow.objects.create(unit=public.unit, email=an.email, confirmed_at=public.filed_at)
        yield {"public": public, "unseen": file(law, "Bãi cát trái phép ở bến"), "officials": file(officials, "Cán bộ chậm trễ hồ sơ")}


@pytest.fixture(scope="module")
def clients(reports, binh, chi, hanh, diep, giang, dung, lan, to):
    """Everybody's browser, by name; the reporter's has opened all three private links."""
    of = {person.username: Client() for person in (binh, chi, hanh, diep, giang, dung, lan, to)}
    for person in (binh, chi, hanh, diep, giang, dung, lan, to):
        of[person.username].force_login(person)
    reporter = Client()
    for report in reports.values():
        reporter.get(report.get_absolute_url(), {"token": tracking_token(report.code, report.token_generation)})
    return {"anonymous": Client(), "reporter": reporter, **of}


# report → address → who gets 200; everybody else gets 404 (or is sent to sign in, at the desk)
AT_THE_DESK = {
    "public": {"binh", "hanh", "diep", "lan"},
    "unseen": {"binh", "hanh", "diep", "lan"},
    "officials": {"giang", "diep", "lan"},
}
ON_THE_PAGE = {
    "public": set(EVERYBODY),
    "unseen": {"reporter"} | AT_THE_DESK["unseen"],
    "officials": {"reporter"} | AT_THE_DESK["officials"],
}
BY_THE_API = {"public": set(EVERYBODY), "unseen": set(), "officials": set()}


@pytest.mark.parametrize("which", ["public", "unseen", "officials"])
def test_the_public_page_opens_for_whom_it_should(clients, reports, which):
    opened = {who for who, client in clients.items() if client.get(reports[which].get_absolute_url()).status_code == 200}
    assert opened == ON_THE_PAGE[which]


@pytest.mark.parametrize("which", ["public", "unseen", "officials"])
def test_photos_are_seen_by_those_who_see_the_page(clients, reports, which):
    photo = reports[which].photos.get()
    for size in ("", "thumb/"):
        opened = {who for who, client in clients.items() if client.get(f"/photos/{photo.key}/{size}").status_code == 200}
        assert opened == ON_THE_PAGE[which]


@pytest.mark.parametrize("which", ["public", "unseen", "officials"])
@pytest.mark.parametrize("part", ["", "events/", "routing/"])
def test_the_api_gives_public_reports_only_whoever_asks(clients, reports, which, part):
    answers = {who: client.get(f"/api/v1/reports/{reports[which].code}/{part}").status_code for who, client in clients.items()}
    assert {who for who, status in answers.items() if status == 200} == BY_THE_API[which]
    assert set(answers.values()) <= {200, 404}


@pytest.mark.parametrize(
    "address", ["/api/v1/reports/", "/api/v1/reports/?near=9.05,105.05,1000", "/api/v1/map/clusters/?bbox=104,8,106,10&zoom=8"]
)
def test_lists_and_map_hold_public_reports_only_whoever_asks(clients, reports, address):
    for who, client in clients.items():
        body = client.get(address).content.decode()
        assert reports["public"].code in body, who
        assert reports["unseen"].code not in body, who
        assert reports["officials"].code not in body, who


def test_figures_count_all_and_say_how_many_are_not_public(clients, reports):
    for client in clients.values():
        totals = client.get("/api/v1/statistics/").json()["totals"]
        assert (totals["received"], totals["not_public"]) == (3, 2)


@pytest.mark.parametrize("which", ["public", "unseen", "officials"])
def test_the_desk_opens_a_report_for_its_jurisdiction_and_nobody_else(clients, reports, which):
    answers = {who: client.get(f"/desk/reports/{reports[which].code}/").status_code for who, client in clients.items()}
    assert {who for who, status in answers.items() if status == 200} == AT_THE_DESK[which]
    assert {answers["anonymous"], answers["reporter"]} == {302}
    assert {answers[who] for who in EVERYBODY if who not in AT_THE_DESK[which] | {"anonymous", "reporter"}} <= {403, 404}


@pytest.mark.parametrize("which", ["public", "unseen", "officials"])
def test_a_step_by_somebody_who_may_not_see_the_report_changes_nothing(clients, reports, which):
    report = reports[which]
    for who in set(EVERYBODY) - AT_THE_DESK[which]:
        response = clients[who].post(f"/desk/reports/{report.code}/steps/accept/", {"version": report.version})
        assert response.status_code in {302, 403, 404}, who
    assert Report.objects.get(pk=report.pk).version == Report.objects.get(pk=report.pk).events.count()


@pytest.mark.parametrize("who", ["chi", "giang", "dung", "to"])
def test_the_desk_of_others_does_not_list_the_report(clients, reports, who):
    assert reports["public"].code not in clients[who].get("/desk/").content.decode()


PUBLIC_ADDRESSES = (
    "/", "/reports/new/", "/communes/", "/communes/90001/", "/where/", "/where/?lat=9.05&lon=105.05", "/reports/{code}/",
    "/api/v1/reports/", "/api/v1/reports/{code}/", "/api/v1/reports/{code}/events/", "/api/v1/reports/{code}/routing/", "/api/v1/categories/",
    "/api/v1/map/clusters/?bbox=105.04,9.04,105.06,9.06&zoom=15", "/api/v1/statistics/?group=authority", "/api/v1/units/90001/", "/api/v1/schema/",
    "/ratings/", "/statistics/", "/statistics/?group=authority", "/data/", "/data/feed.atom", "/data/changes.json", "/data/reports.csv", "/data/reports.geojson", "/statistics/reports/?what=open", "/statistics/wall/", "/statistics/table.csv", "/api/v1/ratings/", "/api/v1/reports/{code}/rating/", "/reports/new/where/?lat=9.05&lon=105.05&category=pothole",
    "/api/v1/places/?q=Nguyễn Văn An", "/api/v1/reports/?q=0912345678",
)  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC_ADDRESSES)
def test_nothing_told_in_confidence_shows_in_public(clients, reports, an, address):
    for who in ("anonymous", "chi", "dung", "to"):
        response = clients[who].get(address.format(code=reports["public"].code))
        body = b"".join(response.streaming_content).decode() if response.streaming else response.content.decode()
        assert response.status_code == 200
        for secret in (an.name, an.phone, an.email, SECRET_NOTE, DRAFT, "Trần Văn Bình", "binh@", *WRITTEN, NOT_FIXED, COMMENT):
            if "q=" in address and secret in (an.name, an.phone):
                continue  # what was typed may be repeated to who typed it
            assert secret not in body, (who, secret)


@pytest.mark.parametrize(("who", "sees_contact"), [("binh", True), ("hanh", True), ("diep", True), ("lan", False)])
def test_at_the_desk_contact_is_for_those_who_handle_the_report(clients, reports, an, who, sees_contact):
    body = clients[who].get(f"/desk/reports/{reports['public'].code}/").content.decode()
    digits = "".join(letter for letter in body if letter.isdigit())
    assert (an.phone in digits and an.name in body) is sees_contact


def test_mails_of_other_followers_hold_nothing_of_the_reporter(mailoutbox, reports, an):
    Follow.objects.create(report=reports["public"], email="khac@hopthu.example", confirmed_at=reports["public"].filed_at)
    for event in reports["public"].events.filter(public=True):
        notifications.tell_followers(event.pk)
    for message in Message.objects.filter(state="waiting"):
        notifications.deliver(message.pk)
    assert {an.email, "khac@hopthu.example"} <= {address for mail in mailoutbox for address in mail.to}
    for mail in mailoutbox:
        if mail.to != [an.email]:
            said = " ".join([mail.subject, mail.body, *(text for text, _kind in mail.alternatives), *map(str, mail.extra_headers.values())])
            assert reports["public"].code in said
            for secret in (an.name, an.phone, an.email, NOT_FIXED, *WRITTEN):
                assert secret not in said, secret


def test_what_was_written_and_what_was_said_of_the_answer_is_whole_at_the_desk(clients, reports):
    body = clients["binh"].get(f"/desk/reports/{reports['public'].code}/").content.decode()
    assert not [text for text in (*WRITTEN, NOT_FIXED) if text not in body]


@pytest.mark.parametrize("part", ["original/"])
def test_photos_as_taken_open_at_the_desk_only(clients, reports, part):
    for which, report in reports.items():
        photo = report.photos.get()
        opened = {who for who, client in clients.items() if client.get(f"/photos/{photo.key}/{part}").status_code == 200}
        assert opened == AT_THE_DESK[which]
