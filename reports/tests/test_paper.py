"""PDFs: who may get which, what stands in them, and that they read nothing but what is handed over."""

import re
from random import Random

import pytest
from django.contrib.gis.geos import Point
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from reports.media import keep_photos, prepare_photo
from reports.models import Contact, Note
from reports.paper import pdf, render
from reports.paper.fetcher import Fetcher
from reports.paper.photos import small
from reports.paper.sketch import Frame, Mark, sketch
from reports.services import Words, take_step
from reports.tests.desk_cases import drafted, file
from reports.tests.photos import encoded
from reports.tokens import tracking_token
from reports.views import paper as view

HOSTILE = '<img src="file:///etc/passwd"><script>x</script><link rel=stylesheet href="http://evil.example/x.css">'


@pytest.fixture
def report(pothole, body_a, body_b, portal, spot_a, an):
    """With a contact, at A."""
    made = file(pothole, spot_a, description=f"Ổ gà ở ngõ Nguyễn Trãi, rất nguy hiểm.\n{HOSTILE}")
    Contact.objects.create(report=made, name=an.name, phone=an.phone, email=an.email)
    return made


@pytest.fixture
def html(monkeypatch):
    """What is given to be rendered, instead of rendering it: (template, HTML, pictures) each."""
    given = []

    def keep(template, context, pictures):
        given.append((template, render_to_string(template, {**context, "language": "vi"}), dict(pictures)))
        return b"%PDF-"

    monkeypatch.setattr(view, "pdf", keep)
    return given


def noisy(size, seed):
    """A JPEG that hardly shrinks."""
    return encoded(Image.frombytes("RGB", size, Random(seed).randbytes(size[0] * size[1] * 3)), quality=90)


def case_of(report):
    return reverse("reports:case_pdf", args=[report.code])


def slip_of(report):
    return reverse("reports:slip_pdf", args=[report.code])


def test_a_case_is_for_those_at_whose_desk_it_stands_and_the_contact_for_those_who_may_call(
    client, client_of, report, binh, chi, diep, to, html, an
):
    take_step(report.pk, step="note", actor=binh, words=Words(note="Chỉ nội bộ"))
    answer = client_of(binh).get(case_of(report))
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == f'attachment; filename="{report.code}.pdf"'
    assert "no-store" in answer["Cache-Control"]
    (_template, shown, pictures), *_rest = html
    assert an.name in shown
    assert an.phone in shown
    assert "Ghi chú nội bộ:</strong> Chỉ nội bộ" in shown
    assert pictures["map"].startswith(b"<svg")
    assert client_of(chi).get(case_of(report)).status_code == 404
    assert client.get(case_of(report)).status_code == 302
    assert client_of(to).get(case_of(report)).status_code in {403, 404}
    assert len(html) == 1


def test_who_reads_but_may_not_call_gets_no_contact(client_of, report, lan, html, an):
    assert client_of(lan).get(case_of(report)).status_code == 200
    ((_template, shown, _pictures),) = html
    assert an.name not in shown
    assert an.phone not in shown


def test_a_slip_is_for_the_reporter_and_the_private_link_stands_on_it_only_if_asked(client, client_of, report, binh, html, an):
    assert client.get(slip_of(report)).status_code == 404
    assert client_of(binh).get(slip_of(report)).status_code == 404
    token = tracking_token(report.code, report.token_generation)
    client.get(f"{report.get_absolute_url()}?token={token}")
    assert "no-store" in client.get(slip_of(report))["Cache-Control"]
    client.get(slip_of(report) + "?link=1")
    (_one, plain, _qr), (_two, private, _private_qr) = html
    assert report.readable_code in plain
    assert token not in plain
    assert token in private
    assert an.phone not in plain + private


def test_no_code_leads_to_a_page_that_nobody_else_can_open(client, law, body_a, body_b, portal, spot_a, html):
    report = file(law, spot_a)
    client.get(f"{report.get_absolute_url()}?token={tracking_token(report.code, report.token_generation)}")
    client.get(slip_of(report))
    ((_template, _shown, pictures),) = html
    assert pictures == {}


def test_the_route_on_paper_has_the_stops_of_the_page_in_its_order(client_of, pothole, body_a, portal, binh, html):
    for step in (9, 3, 6):
        made = file(pothole, Point(105.05 + step / 1000, 9.05, srid=4326), description=f"Ổ gà {step}")
        take_step(made.pk, step="accept", actor=binh)
    page = client_of(binh).get(reverse("reports:route"), {"lat": "9.05", "lon": "105.05"})
    assert f"{reverse('reports:route_pdf')}?lat=9.05&amp;lon=105.05" in page.content.decode()
    client_of(binh).get(reverse("reports:route_pdf"), {"lat": "9.05", "lon": "105.05"})
    ((_template, shown, pictures),) = html
    order = [stop.report.description for stop in page.context["stops"]]
    assert re.findall(r"<p>(Ổ gà \d)</p>", shown) == order == ["Ổ gà 3", "Ổ gà 6", "Ổ gà 9"]
    assert re.findall(r'middle">(\d)</text>', pictures["map"].decode()) == ["3", "2", "1"]  # the first is drawn last, on top


def test_a_case_of_five_photos_and_forty_events_is_small_tagged_and_in_vietnamese(report, binh, client_of, monkeypatch, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    keep_photos(report, [prepare_photo(noisy((900, 700), seed)) for seed in range(5)], at=timezone.now())
    drafted(report, binh)
    for number in range(38):
        take_step(report.pk, step="note", actor=binh, words=Words(note=f"Ghi chú {number}"))
    assert report.events.count() >= 40
    monkeypatch.setattr(view, "pdf", lambda *given: pdf(*given, readable=True))
    answer = client_of(binh).get(case_of(report))
    made = answer.content
    assert answer.status_code == 200
    assert len(made) < 2_000_000
    assert len(re.findall(rb"/Subtype /Image", made)) == 5
    assert len(re.findall(rb"/Type /Page\b(?!s)", made)) >= 3
    assert b"/Lang (vi)" in made
    assert b"/MarkInfo" in made
    assert b"DejaVu-Sans" in made
    assert b"/FontFile2" in made  # the font is embedded
    assert "Hồ sơ".encode("utf-16-be") in made or "Hồ sơ".encode() in made  # the title
    for letter in "Ổễấể":
        assert f"<{ord(letter):04x}>".encode() in made.lower()  # and says which letters its glyphs are
    assert b"evil.example" not in re.sub(rb"BT.*?ET", b"", made, flags=re.S)


def test_hostile_text_is_text(client_of, report, binh, html):
    Note.objects.create(report=report, text=HOSTILE, at=timezone.now())
    client_of(binh).get(case_of(report))
    ((_template, shown, _pictures),) = html
    assert "<script" not in shown
    assert "&lt;script&gt;" in shown
    assert set(re.findall(r'(?:src|href)="([^"]*)"', shown)) == {"static:css/paper.css", "picture:map"}


@pytest.mark.parametrize(
    "address",
    ["http://evil.example/", "https://evil.example/", "file:///etc/passwd", "static:../pyproject.toml", "static:css/base.css",
     "picture:other", "data:text/css,*{}", "ftp://evil.example/x", "/etc/passwd", ""],
)  # fmt: skip
def test_nothing_else_is_read(address):
    fetcher = Fetcher({"map": b"<svg/>"})
    for read in (fetcher.fetch, fetcher.open, fetcher):
        with pytest.raises(ValueError, match="reads nothing"):
            read(address)
    assert fetcher.fetch("picture:map").read() == b"<svg/>"
    assert b"@page" in fetcher.fetch("static:css/paper.css").read()


def test_who_waits_too_long_is_asked_to_come_back(client_of, report, binh, monkeypatch):
    monkeypatch.setattr(render, "WAIT_SECONDS", 0.01)
    with render._one_at_a_time:
        answer = client_of(binh).get(case_of(report))
    assert answer.status_code == 429
    assert answer["Retry-After"]


def test_a_photo_is_made_smaller_until_it_fits():
    data = noisy((1600, 1200), 1)
    assert len(small(data, 200_000)) <= 200_000 < len(data)


def test_the_map_shows_the_whole_unit_the_spot_and_a_round_scale(commune_a, spot_a):
    drawn = sketch([Mark((spot_a.x, spot_a.y))], unit=commune_a).decode()
    assert "Phường An Lạc" in drawn
    assert re.search(r">[125]0* k?m</text>", drawn)
    frame = Frame.around([(105.0, 9.0), (105.1, 9.1)])
    for corner in [(105.0, 9.0), (105.1, 9.1)]:
        right, down = frame.place(corner)
        assert 0 < right < 680
        assert 0 < down < 400
