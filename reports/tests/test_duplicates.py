"""A duplicate ends in the report that goes on: its followers hear of that, its photos are shown there, and all that is separated again by an undo."""

import pytest
from django.urls import reverse

from reports.mails import Purpose, compose
from reports.marks import marks_of
from reports.media import prepare_photo
from reports.models import Follow, Message, Report
from reports.notifications import tell_followers
from reports.services import Words, take_step
from reports.tests.desk_cases import drafted, file, page, step
from reports.tests.photos import encoded, picture
from tests.lasting_cast import *  # noqa: F403

pytestmark = pytest.mark.django_db
NEW, SIMILAR = reverse("reports:new_report"), reverse("reports:filing_similar")
TEXT = "Ổ gà sâu trước cổng trường."


@pytest.fixture
def original(body_a, body_b, portal, inspectorate, binh, diep, pothole, spot_a):
    return file(pothole, spot_a)


@pytest.fixture
def again(original, pothole, spot_a, an, settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path)
    photos = [prepare_photo(encoded(picture()))]
    return file(
        pothole, spot_a, description="Trước cổng trường có ổ gà sâu lắm.", name=an.name, phone=an.phone, email=an.email, photos=photos
    )


def merge(again, binh, original):
    return take_step(again.pk, step="duplicate", actor=binh, words=Words(original=original))


def mails(event):
    """Who is told of an event, and what the mail says."""
    tell_followers(event.pk)
    told = (
        Message.objects.filter(event_id=event.pk, purpose=Purpose.STEP).order_by("follow__email").select_related("follow__report__category")
    )
    return {message.follow.email: mail for message in told if (mail := compose(message)) is not None}


def test_who_follows_the_duplicate_hears_of_the_other_and_learns_nothing_private(original, again, binh, diep, an):
    Follow.objects.create(report=original, email="x@mail.example", confirmed_at=original.filed_at)
    merge(again, binh, original)
    drafted(original, binh, "Đã vá xong. Hỏi thêm xin gọi 0912345678.")
    done = take_step(original.pk, step="publish_reply", actor=diep, words=Words(reply="Đã vá xong. Hỏi thêm xin gọi 0912345678."))
    told = mails(done.events.last())
    assert set(told) == {"x@mail.example", an.email}
    said = told[an.email].body
    assert again.readable_code in said  # why this mail comes
    assert original.get_absolute_url() in said
    assert "token=" not in said.replace("/unsubscribe/", "")
    assert "0912345678" not in said


def test_an_address_that_follows_both_is_told_once(original, again, binh, an):
    merge(again, binh, original)
    Follow.objects.create(report=original, email=an.email.upper(), confirmed_at=original.filed_at)
    event = take_step(original.pk, step="accept", actor=binh).events.last()
    mails(event)
    mails(event)
    assert Message.objects.filter(event_id=event.pk).count() == 1
    assert Message.objects.get(event_id=event.pk).follow.report == original


def test_an_undo_separates_them_again_and_nothing_comes_of_mails_on_their_way(original, again, binh, an, client):
    merge(again, binh, original)
    event = take_step(original.pk, step="accept", actor=binh).events.last()
    tell_followers(event.pk)
    take_step(again.pk, step="undo", actor=binh)
    assert compose(Message.objects.get(event_id=event.pk)) is None
    assert Report.objects.get(pk=again.pk).status == "new"
    photo = again.photos.get()
    assert str(photo.key) not in client.get(original.get_absolute_url()).content.decode()


def test_its_photos_are_shown_with_the_other_and_its_code_leads_there(original, again, binh, client):
    merge(again, binh, original)
    said = client.get(original.get_absolute_url()).content.decode()
    assert str(again.photos.get().key) in said
    assert original.get_absolute_url() in client.get(again.get_absolute_url()).content.decode()
    detail = client.get(f"/api/v1/reports/{original.code}/").json()["properties"]
    assert detail["duplicates"] == [again.code]
    assert client.get(f"/api/v1/reports/{again.code}/").json()["properties"]["duplicate_of"] == original.code
    Report.objects.filter(pk=again.pk).update(published_at=None)
    assert str(again.photos.get().key) not in client.get(original.get_absolute_url()).content.decode()
    assert client.get(f"/api/v1/reports/{original.code}/").json()["properties"]["duplicates"] == []


def test_the_desk_offers_what_may_be_the_same_and_merges_with_one_press(original, again, binh, client_of):
    officer = client_of(binh)
    said = officer.get(page(again))
    assert [candidate.report for candidate in said.context["alike"]] == [original]
    assert original.code in officer.get(reverse("reports:desk"), {"view": "new"}).content.decode()
    sent = {"version": again.version, "original": original.code}
    assert officer.post(step(again, "duplicate"), sent).status_code == 302
    assert officer.get(page(original)).context["merged"] == [again]
    assert officer.get(page(again)).context["alike"] == []


def test_the_queue_names_what_may_be_the_same_until_somebody_takes_charge(original, again, binh):
    bodies = [again.authority_id]
    assert [mark.icon for mark in marks_of([again], bodies)[again.pk]] == ["layers"]
    accepted = take_step(again.pk, step="accept", actor=binh)
    assert marks_of([accepted], bodies) == {}


def test_at_the_desk_a_neighbours_hidden_report_is_not_offered(original, again, chi, binh, client_of, law, spot_a):
    Report.objects.filter(pk=original.pk).update(published_at=None, authority=chi.memberships.get().body)
    original.handlings.update(body=chi.memberships.get().body)
    assert client_of(binh).get(page(again)).context["alike"] == []


# --- while filing --------------------------------------------------------------------------------------------------------


def typed(an, **more):
    return {
        "key": "khoa-1",
        "lat": "9.05",
        "lon": "105.05",
        "category": "pothole",
        "description": TEXT,
        "name": an.name,
        "phone": an.phone,
        **more,
    }


def test_without_scripts_it_is_asked_before_sending_and_no_word_is_lost(client, original, an):
    asked = client.post(NEW, typed(an, do="send"))
    assert asked.status_code == 200
    assert Report.objects.count() == 1
    said = asked.content.decode()
    assert original.get_absolute_url() + "#follow" in said
    assert TEXT in said
    assert an.phone in said
    sent = client.post(NEW, typed(an, do="send", not_these=asked.context["not_these"]))
    assert sent.status_code == 302
    assert Report.objects.count() == 2


def test_with_scripts_it_is_asked_beside_the_text_and_sending_is_never_held_up(client, original, an):
    said = client.post(SIMILAR, typed(an)).content.decode()
    assert original.get_absolute_url() in said
    answer = client.post(NEW, typed(an, do="send"), headers={"X-Requested-With": "fetch"})
    assert answer.status_code == 201


def test_nothing_that_is_not_public_and_open_is_ever_shown(client, original, an, law, officials, spot_a, binh):
    Report.objects.filter(pk=original.pk).update(published_at=None)
    file(law, spot_a, description=TEXT)
    file(officials, spot_a, description=TEXT)
    assert client.post(SIMILAR, typed(an)).content.decode().strip() == ""
    assert client.post("/api/v1/reports/similar/", typed(an), content_type="application/json").json()["features"] == []
    assert client.post(NEW, typed(an, do="send")).status_code == 302


def test_the_api_says_how_alike_and_by_what(client, original, an):
    found = client.post("/api/v1/reports/similar/", typed(an), content_type="application/json").json()["features"]
    (feature,) = found
    assert feature["id"] == original.code
    likeness = feature["properties"]["likeness"]
    assert likeness["score"] > 0.95
    assert set(likeness) == {"score", "distance", "category", "time", "text"}


@pytest.mark.parametrize(
    ("hidden", "other", "masks"),
    [("0912345678", "0987654321", None), ("Tư Đen", "Ba Gác", {"description": [[17, 23, "other"]]})],
    ids=["by-rule", "by-hand"],
)
def test_guessing_what_is_masked_finds_out_nothing(client, original, pothole, spot_a, hidden, other, masks):
    told = file(pothole, spot_a, description=f"Ổ gà to, hỏi anh {hidden} nhé.")

    def likeness(written):
        Report.objects.filter(pk=told.pk).update(description=f"Ổ gà to, hỏi anh {written} nhé.", masks=masks)
        sent = {"lat": "9.05", "lon": "105.05", "category": "pothole", "description": hidden}
        found = client.post("/api/v1/reports/similar/", sent, content_type="application/json").json()["features"]
        return {feature["id"]: feature["properties"]["likeness"]["text"] for feature in found}.get(told.code)

    assert likeness(hidden) == likeness(other)


@pytest.mark.parametrize("text", ["", "\x00", "x" * 9000, "%_\\'\""])
def test_strange_texts_are_no_error(client, original, an, text):
    assert client.post(SIMILAR, typed(an, description=text)).status_code == 200
