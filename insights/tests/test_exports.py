"""What is taken away: the right letters and types, nothing personal, and the same reports as the figures count."""

import csv
import hashlib
import io
import json
import random
import re
import zipfile
from datetime import UTC, datetime

import numpy as np
import pyogrio
import pytest
from django.urls import reverse

from insights.exports.files import FORMATS, write
from insights.exports.making import make, make_tonights
from insights.exports.models import DataFile
from insights.exports.rows import FIELDS, rows
from insights.exports.streams import harmless
from insights.figures.question import Question
from insights.figures.table import table
from insights.tests.dense import make_dense, random_filter
from reports.models import Report
from reports.services import Filing, file_report

pytestmark = pytest.mark.django_db
NAMES = [field.name for field in FIELDS]
WRITTEN = '=HYPERLINK("http://x") Ổ gà ở Đầm Dơi & <b>\n0912345678'


@pytest.fixture
def one(pothole, spot_a, body_a, portal, an):
    """A public report whose text is all that a file has to bear."""
    filing = Filing(location=spot_a, category=pothole, description=WRITTEN, name=an.name, phone=an.phone)
    report = file_report(filing, at=datetime(2026, 3, 4, 17, 30, tzinfo=UTC))
    Report.objects.filter(pk=report.pk).update(published_at=report.filed_at)
    return Report.objects.get(pk=report.pk)


@pytest.fixture
def dense(province, commune_a, commune_b, body_a, body_b, pothole, law, officials, criteria):
    """The dense database."""
    return make_dense(province, [commune_a, commune_b], [body_a, body_b], [pothole, law, officials], criteria)


def streamed(client, kind, **asked):
    """What the stream of a format holds."""
    answer = client.get(reverse("insights:data_stream", args=[kind]), asked)
    assert answer.status_code == 200
    return b"".join(answer.streaming_content).decode()


def in_csv(text):
    """The rows of a CSV as dictionaries."""
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text[1:], newline="")))


def test_a_csv_opens_with_vietnamese_letters_and_without_a_formula(client, one, an):
    (row,) = in_csv(streamed(client, "csv"))
    assert row["text"].startswith("'=HYPERLINK")
    assert "Ổ gà ở Đầm Dơi & <b>\n" in row["text"]
    assert an.phone not in row["text"]
    assert row["filed_at"] == "2026-03-05 00:30:00"
    assert row["code"] == one.readable_code  # a spreadsheet takes no such text for a number
    assert (row["unit_name"], row["cat_name"]) == ("Phường An Lạc", "Ổ gà, hư hỏng mặt đường")
    assert [harmless(text) for text in ("+1", "-1", "@x", "\tx", "1-1", 5)] == ["'+1", "'-1", "'@x", "'\tx", "1-1", 5]


def test_a_csv_says_to_programs_what_its_columns_hold(client, one):
    answer = client.get(reverse("insights:data_stream", args=["csv"]))
    address = re.fullmatch(r'<(/data/reports.csv-metadata.json)>; rel="describedby"; type="application/csvm\+json"', answer["Link"])[1]
    told = client.get(address)
    assert told["Content-Type"] == "application/csvm+json"
    assert told.json()["url"] == "reports.csv"
    columns = {column["titles"]: column["datatype"] for column in told.json()["tableSchema"]["columns"]}
    assert list(columns) == list(in_csv(b"".join(answer.streaming_content).decode())[0])
    assert (columns["unit"], columns["lon"], columns["filed_at"]["base"]) == ("string", "number", "dateTime")
    assert address in client.get("/data/").content.decode()


def test_a_geojson_is_one_and_gdal_reads_it(client, one, tmp_path):
    text = streamed(client, "geojson")
    (feature,) = json.loads(text)["features"]
    assert feature["geometry"] == {"type": "Point", "coordinates": [105.05, 9.05]}
    assert (feature["id"], feature["properties"]["cat_name"]) == (one.code, "Ổ gà, hư hỏng mặt đường")
    (tmp_path / "x.geojson").write_text(text)
    assert pyogrio.read_info(tmp_path / "x.geojson")["features"] == 1
    assert json.loads(streamed(client, "geojson", status="withdrawn"))["features"] == []


def test_a_workbook_holds_text_as_text_and_times_as_times(one, tmp_path):
    Report.objects.filter(pk=one.pk).update(description=f"{WRITTEN}\x0b {'dài ' * 9000}")
    type(one.unit).objects.filter(pk=one.unit_id).update(code="00123")
    assert write("xlsx", tmp_path / "x.xlsx", rows(Report.objects.all()), lambda number: None) == 1
    with zipfile.ZipFile(tmp_path / "x.xlsx") as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    cells = dict(re.findall(r'<c r="([A-O])2"[^>]*>(.*?)</c>', sheet, re.DOTALL))
    cell = {name: cells.get(chr(ord("A") + place)) for place, name in enumerate(NAMES)}
    assert '=HYPERLINK("http://x") Ổ gà ở Đầm Dơi &amp; &lt;b&gt;' in cell["text"]
    assert "<f>" not in sheet
    assert "\x0b" not in sheet
    assert len(cell["text"]) < 32_767
    assert re.search(r'r="E2"[^>]*t="inlineStr"><is><t>00123</t>', sheet)  # the code of a unit keeps its zeros
    days = float(re.search(r"<v>(.*)</v>", cell["filed_at"])[1])
    assert round((days - 46086) * 24, 3) == 0.5  # the 5th of March 2026, half past midnight in Vietnam
    assert cell["lon"] == "<v>105.05</v>"
    assert cell["closed_at"] is None


@pytest.mark.filterwarnings("ignore:The 'generic' unit for NumPy timedelta:DeprecationWarning")  # pyogrio's own, where it reads times
@pytest.mark.parametrize("kind", ["gpkg", "shp"])
def test_gdal_writes_and_reads_a_layer_with_its_letters(dense, tmp_path, kind):
    path = tmp_path / f"x{FORMATS[kind][1]}"
    number = write(kind, path, rows(Report.objects.all()), lambda number: None)
    source = f"/vsizip/{path}" if kind == "shp" else path
    info = pyogrio.read_info(source)
    assert (info["features"], info["crs"], info["geometry_type"]) == (number, "EPSG:4326", "Point")
    assert number == Report.objects.public().count()
    _meta, _fids, _spots, values = pyogrio.raw.read(source)
    columns = dict(zip(info["fields"], values, strict=True))
    assert set(columns["cat_name"]) <= {"Ổ gà, hư hỏng mặt đường", "Vi phạm pháp luật"}
    if kind == "gpkg":
        assert columns["filed_at"].dtype.kind == "M"
        assert path.read_bytes()[60:64] == (10300).to_bytes(4)  # version 1.3, which older readers know
    assert write(kind, tmp_path / f"y{FORMATS[kind][1]}", rows(Report.objects.none()), lambda number: None) == 0
    assert isinstance(values[0], np.ndarray)


def test_figures_page_call_and_export_agree_over_random_filters(client, dense):
    chance = random.Random(11)
    for _ in range(10):
        asked = random_filter(chance)
        answer = table(Question.of(asked))
        call = client.get(reverse("statistics"), asked).json()["totals"]
        page = client.get("/statistics/", {"period": "all"} | asked).context["page"]
        assert call["received"] == answer.totals.sums["received"] == page.found.totals.sums["received"]
        exported = in_csv(streamed(client, "csv", **asked))
        assert len(exported) == call["received"] - call["not_public"]
        if rows_ := [row for row in answer.rows if row.sums["received"]]:
            row = chance.choice(rows_)
            keys = dict(zip(("key", "by_key"), (label.key for label in row.labels), strict=False))
            listed = client.get("/statistics/reports/", asked | keys).context
            assert listed["total"] == row.sums["received"]
            assert (
                len(in_csv(streamed(client, "csv", **asked, **keys)))
                == listed["total"] - row.sums["not_public"]
                == listed["total"] - listed["withheld"]
            )


def test_a_file_is_made_by_a_job_and_its_page_leads_to_it(client, one, settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path)
    answer = client.post(reverse("insights:order_file"), {"kind": "xlsx", "status": "open"})
    waiting = client.get(answer.url)
    assert waiting["Refresh"] == "3"
    made = DataFile.objects.get()
    make(made.pk)
    page = client.get(answer.url)
    assert "Refresh" not in page
    content = b"".join(client.get(reverse("insights:download_file", args=[made.key])).streaming_content)
    assert hashlib.sha256(content).hexdigest() in page.content.decode()
    assert client.post(reverse("insights:order_file"), {"kind": "xlsx", "status": "nonsense"}).status_code == 400


def test_the_files_of_the_night_stand_on_the_open_data_page_with_their_checksums(client, one, settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path)
    make_tonights()
    for file in DataFile.objects.all():
        make(file.pk)
    page = client.get("/data/").content.decode()
    assert page.count('class="digest"') == 3
    for file in DataFile.objects.all():
        assert file.digest in page
    assert "CC BY 4.0" in page


def test_changes_are_told_as_atom_and_since_a_moment(client, one):
    assert one.code in client.get("/data/feed.atom").content.decode()
    (change,) = client.get("/data/changes.json", {"since": "2026-03-01"}).json()["changes"]
    assert (change["code"], change["status"]) == (one.code, "new")
    assert client.get("/data/changes.json", {"since": "2027-03-01"}).json() == {"changes": [], "next": None}
    assert client.get("/data/changes.json", {"since": "soon"}).status_code == 400
