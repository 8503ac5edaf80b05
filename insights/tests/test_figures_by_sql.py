"""The page, the call, the export and a plain SQL recount say the same over many random filters: 45 of them, or FIGURES_FILTERS."""

import csv
import html
import io
import os
import random
import re

import pytest
from django.urls import reverse

from insights.figures.fold import fold
from insights.figures.measures import EDGES
from insights.figures.page import COLUMNS
from insights.tests.dense import make_dense, random_filter
from insights.tests.recount import recount
from reports.models import Report
from reports.rating_models import Rating

pytestmark = pytest.mark.django_db
FILTERS = int(os.environ.get("FIGURES_FILTERS", "45"))
COUNTS = (
    "received", "open", "resolved", "returned", "duplicate", "withdrawn", "received_by_split", "not_public", "overdue", "reopened",
    "transferred", "on_time", "transferred_in", "transferred_out",
)  # fmt: skip
STEPS = ("response", "work", "approval", "whole")


@pytest.fixture
def dense(province, commune_a, commune_b, body_a, body_b, pothole, law, officials, criteria, settings):
    """The dense database, and every figure told, however few it is of."""
    settings.RATED_FROM = 1
    make_dense(province, [commune_a, commune_b], [body_a, body_b], [pothole, law, officials], criteria)


@pytest.mark.parametrize(("seed", "folded", "changed"), [(11, 0, 0), (12, 5, 0), (13, 999, 0), (14, 999, 40)])
def test_page_call_and_export_say_what_a_plain_recount_says(client, dense, pothole, seed, folded, changed):
    """Nothing folded, some slices, all; and all but what changed since."""
    chance, rows = random.Random(seed), 0
    if folded:
        fold(folded)
    if changed:
        some = Report.objects.order_by("filed_at").values("pk")[:changed]  # the earliest months lose two categories, and all ratings
        Rating.objects.filter(reply__report__in=some).delete()
        Report.objects.filter(pk__in=some).update(category=pothole)
    for number in range(-(-FILTERS // 4)):
        asked = random_filter(chance)
        expected = recount(asked)
        answer = client.get(reverse("statistics"), asked).json()
        found = {(row["key"], row.get("by")): row for row in answer["rows"]}
        assert found.keys() == expected.keys(), asked
        for key, row in found.items():
            same(row, expected[key], (asked, key))
        table = list(
            csv.DictReader(io.StringIO(client.get(reverse("insights:statistics_csv"), asked | all_time(asked)).content.decode("utf-8-sig")))
        )
        assert [[int(line[name] or 0) for name in COUNTS if name in line] for line in table] == [
            [row[name] for name in COUNTS if name in row] for row in [*answer["rows"], answer["totals"]]
        ], asked
        total = {name: sum(own.get(name, 0) for own in expected.values()) for name in COUNTS}
        assert [answer["totals"][name] for name in COUNTS[:12]] == [total[name] for name in COUNTS[:12]]
        on_page(client, asked, expected, total)
        if number % 4 == 0:
            stream = client.get(reverse("insights:data_stream", args=["csv"]), asked)
            lines = csv.reader(io.StringIO(b"".join(stream.streaming_content).decode(), newline=""))
            assert len(list(lines)) - 1 == total["received"] - total["not_public"], asked
        rows += len(found)
    assert rows > FILTERS / 4


def all_time(asked):
    """The page's own word for no period, where none is asked for."""
    return {} if "since" in asked or "until" in asked else {"period": "all"}


def same(row, own, case):
    """Holds a row of the call against what was counted."""
    assert [row.get(name, 0) for name in COUNTS] == [own.get(name, 0) for name in COUNTS], case
    for name in STEPS:
        days = row["days"][name]
        assert days["n"] == own.get(f"{name}_n", 0), case
        for share in ("median", "p90"):
            exact = own.get(f"{name}_{share}")
            if exact is None:
                assert days[share] is None
            else:  # within the step of days in which the exact one lies
                place = max(sum(exact >= edge for edge in EDGES), 1) - 1  # what ended before it began counts as nothing
                assert EDGES[place] <= days[share] <= (*EDGES, EDGES[-1])[place + 1], (case, name, share)
    rates, resolved = row["rates"], own.get("resolved", 0)
    parts = {
        "response": ("in_time", "answerable"),
        "resolution": (resolved, resolved + own.get("open", 0)),
        "satisfaction": ("satisfied", "rated"),
    }
    for name, counted in parts.items():
        part, whole = (own.get(number, 0) if isinstance(number, str) else number for number in counted)
        assert (rates[name]["n"], rates[name]["part"] or 0) == (whole, part), (case, name)
        assert rates[name]["share"] == (round(part / whole, 4) if whole else None)
    assert row["on_time_share"] == (round(own["on_time"] / own["dated"], 4) if own.get("dated") else None)
    told = {opinion["criterion"]: (opinion["n"], opinion["mean"]) for opinion in row["satisfaction"]}
    assert told == {code: (number, round(mean, 2) if number > 1 else None) for code, (number, mean) in own.get("scores", {}).items()}, case


def on_page(client, asked, expected, total):
    """Holds the numbers of the page's table against what was counted: it has one group, so the second is added up."""
    page = html.unescape(client.get(reverse("insights:statistics"), asked | all_time(asked)).content.decode())
    if not total["received"]:
        assert "figures-table" not in page
        return
    found = {}
    for line in re.findall(r'<tr><th scope="row">.*?</tr>', page[page.index("figures-table") :], re.DOTALL):
        numbers = [int(re.sub(r"<[^>]+>", "", cell)) for cell in re.findall(r'<td class="number">(.*?)</td>', line)[: 1 + len(COLUMNS)]]
        key = re.search(r"[?&]key=([^&\"]+)", line)
        found[key[1] if key else "all"] = numbers
    names = ("received", *COLUMNS)
    wanted = {"all": [total[name] for name in names]}
    for (code, _by), own in expected.items():
        key = next(key for key in found if key.partition("%40")[0] == (code or "-"))
        sums = wanted.setdefault(key, [0] * len(names))
        wanted[key] = [before + own.get(name, 0) for before, name in zip(sums, names, strict=True)]
    assert found == wanted, asked
