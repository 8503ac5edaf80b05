"""Two problems in one report: the second has a report of its own, for the same reporter."""

import pytest

from reports.case_models import Split
from reports.mails import Purpose
from reports.media import prepare_photo
from reports.models import Follow, Message, Report
from reports.notifications import tell_followers
from reports.services import Words, take_step
from reports.services.photos import blur_photo
from reports.tests.desk_cases import file, page, step
from reports.tests.photos import encoded, picture
from reports.tests.rating_cases import token_of
from tests.lasting_cast import *  # noqa: F403

pytestmark = pytest.mark.django_db


def photo(size):
    return prepare_photo(encoded(picture(size)))


SECOND = "Đèn đường ngay đó cũng hỏng."


@pytest.fixture
def report(body_a, department, portal, binh, pothole, health, spot_a, an, settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path)
    return file(
        pothole, spot_a, name=an.name, phone=an.phone, email=an.email, photos=[photo((640, 480)), photo((800, 600))], place_note="Gần chợ"
    )


def split(report, actor, category, **more):
    take_step(report.pk, step="split", actor=actor, words=Words(description=SECOND, category=category, **more))
    return Report.objects.select_related("authority").get(split_from__original=report)


def test_the_second_problem_goes_where_the_rules_say_with_contact_and_place(report, binh, health, department, an, body_a):
    made = split(report, binh, health)
    assert (made.authority, made.status, made.description) == (department, "new", SECOND)
    assert (made.location, made.unit, made.place_note) == (report.location, report.unit, "Gần chợ")
    assert (made.contact.name, made.contact.phone) == (an.name, an.phone)
    assert made.code != report.code
    assert Report.objects.get(pk=report.pk).authority == body_a  # the first goes on as it stood


def test_chosen_photos_are_copied_with_what_is_blurred_in_them(report, binh, health):
    _first, second = report.photos.all()
    blur_photo(second.pk, areas=[(0.1, 0.1, 0.2, 0.2)], actor=binh)
    made = split(report, binh, health, photos=[report.photos.get(pk=second.pk)])
    copy = made.photos.get()
    second.refresh_from_db()
    assert (copy.digest, copy.blurs) == (second.digest, second.blurs)
    assert copy.key != second.key
    assert copy.public_image.read() == second.public_image.read()
    assert copy.image.name != second.image.name
    assert report.photos.count() == 2


def test_the_reporter_is_told_of_both_and_finds_the_second_from_the_first(report, client, binh, health):
    made = split(report, binh, health)
    for event in (made.events.get(), report.events.last()):
        tell_followers(event.pk)
    told = Message.objects.filter(purpose=Purpose.STEP).values_list("follow__report", flat=True)
    assert sorted(told) == sorted([made.pk, report.pk])
    client.get(f"{report.get_absolute_url()}?token={token_of(report)}")
    said = client.get(report.get_absolute_url()).content.decode()
    assert f"{made.get_absolute_url()}?token={token_of(made)}" in said


def test_both_pages_lead_to_each_other_for_everybody(report, client, client_of, binh, health):
    made = split(report, binh, health)
    assert made.get_absolute_url() in client.get(report.get_absolute_url()).content.decode()
    assert report.get_absolute_url() in client.get(made.get_absolute_url()).content.decode()
    assert made.readable_code in client_of(binh).get(page(report)).content.decode()


def test_what_was_masked_by_hand_is_looked_at_before_the_second_is_public(report, client, binh, health):
    Report.objects.filter(pk=report.pk).update(masks={"description": [[0, 5, "chosen"]]})
    made = split(report, binh, health)
    assert not made.is_public
    assert made.code not in client.get(report.get_absolute_url()).content.decode()


def test_to_press_twice_makes_one(report, client_of, binh, health):
    sent = {"version": report.version, "description": SECOND, "category": health.pk}
    officer = client_of(binh)
    assert officer.post(step(report, "split"), sent).status_code == 302
    assert officer.post(step(report, "split"), sent).status_code == 409
    assert Split.objects.count() == 1


def test_followers_of_the_first_are_told_that_it_was_split(report, binh, health):
    Follow.objects.create(report=report, email="x@mail.example", confirmed_at=report.filed_at)
    made = split(report, binh, health)
    tell_followers(report.events.last().pk)
    assert Message.objects.filter(follow__email="x@mail.example").count() == 1
    assert not Follow.objects.filter(report=made, email="x@mail.example").exists()  # who wants to, follows that one too
