"""Hot spots: planted ones are found, noise is left alone as often as promised, and the same question has the same answer to the last digit."""

from __future__ import annotations

import json
import math
from datetime import timedelta

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from boundaries.layers import LayerError
from boundaries.models import BaseLayer
from boundaries.population import load_population
from boundaries.tests.factories import UnitFactory
from insights.hotspots.methods import (
    benjamini_hochberg,
    binomial_tails,
    density_surface,
    getis_ord,
    hypergeometric_upper,
    local_moran,
    residuals,
)
from insights.hotspots.simulation import lattice, planted, share_of_noise_marked
from insights.tests.planner_cases import put

HOTSPOTS = "/api/v1/planner/hotspots/"


def test_gi_star_is_that_of_the_formula_of_getis_and_ord():
    """A line of five areas, worked by hand: Gi* of the second is (1+2+9 - 3·3.8) / (s √((5·3-9)/4))."""
    values = np.array([1.0, 2.0, 9.0, 3.0, 4.0])
    beside = [np.array([1]), np.array([0, 2]), np.array([1, 3]), np.array([2, 4]), np.array([3])]
    spread = math.sqrt(((values - 3.8) ** 2).mean())
    found = getis_ord(values, beside, seed=1, permutations=999)
    assert found.score[1] == pytest.approx((12 - 3 * 3.8) / (spread * math.sqrt((5 * 3 - 9) / 4)))
    assert found.score[4] == pytest.approx((7 - 2 * 3.8) / (spread * math.sqrt((5 * 2 - 4) / 4)))


def test_local_moran_is_that_of_the_formula_of_anselin():
    values = np.array([1.0, 2.0, 9.0, 3.0, 4.0])
    beside = [np.array([1]), np.array([0, 2]), np.array([1, 3]), np.array([2, 4]), np.array([], dtype=int)]
    z = values - 3.8
    found = local_moran(values, beside, seed=1, permutations=999)
    assert found.statistic[1] == pytest.approx(z[1] * (z[0] + z[2]) / 2 / ((z**2).sum() / 4))
    assert found.p[4] == 1.0


def test_p_values_of_permutations_are_those_of_all_orders():
    """Six values on a ring: the sum of three of six has twenty outcomes, each counted."""
    values = np.array([1.0, 2.0, 4.0, 8.0, 16.0, 32.0])
    beside = [np.array([(i - 1) % 6, (i + 1) % 6]) for i in range(6)]
    found = getis_ord(values, beside, seed=3, permutations=99_999)
    assert found.p[4] == pytest.approx(2 / 20, abs=0.005)  # 8 + 16 + 32 is the largest of all


def test_false_discoveries_are_corrected_as_benjamini_and_hochberg_say():
    assert benjamini_hochberg(np.array([0.01, 0.04, 0.03, 0.5])) == pytest.approx([0.04, 0.16 / 3, 0.16 / 3, 0.5])


def test_tails_of_counts_are_exact():
    lower, upper = binomial_tails(3, 10, 0.2)
    assert lower == pytest.approx(sum(math.comb(10, k) * 0.2**k * 0.8 ** (10 - k) for k in range(4)))
    assert upper == pytest.approx(1 - sum(math.comb(10, k) * 0.2**k * 0.8 ** (10 - k) for k in range(3)))
    assert hypergeometric_upper(3, 4, 5, 12) == pytest.approx(
        (math.comb(4, 3) * math.comb(8, 2) + math.comb(4, 4) * math.comb(8, 1)) / math.comb(12, 5)
    )


def test_density_counts_every_spot_once():
    points = np.array([[500_000.0, 1_000_000.0], [500_300.0, 1_000_300.0], [503_000.0, 1_001_000.0]])
    surface, _corner = density_surface(points, cell=200, bandwidth=400)
    assert surface.sum() * 0.2**2 == pytest.approx(3, rel=0.01)


@pytest.mark.parametrize("method", ["gi", "moran"])
def test_a_planted_hot_spot_is_found_among_noise(method):
    """Nine of a hundred areas report twice as much as expected, 40 each: at least one of them is marked, and nothing far from them."""
    counts, expected, beside, hot = planted(side=10, mean=40, factor=2.0, seed=7)
    statistic = {"gi": getis_ord, "moran": local_moran}[method]
    found = statistic(residuals(counts, expected), beside, seed=1, permutations=9_999)
    marked = set(np.flatnonzero(benjamini_hochberg(found.p) <= 0.05).tolist())
    around = hot | {int(other) for at in hot for other in beside[at]}
    assert marked & hot
    assert marked <= around


def test_noise_is_marked_as_seldom_as_promised():
    """Twenty seeds here; two hundred by `make bench ARGS=hotspots`. More than five of twenty at 5 % has a chance of 0.03 %."""
    marked = share_of_noise_marked("gi", seeds=range(20), side=8, permutations=1_999)
    assert marked * 20 <= 5


def test_the_same_seed_gives_the_same_digits_and_another_one_others():
    counts, expected, beside, _hot = planted(side=8, mean=20, factor=1.5, seed=5)
    values = residuals(counts, expected)
    for statistic in (getis_ord, local_moran):
        first, again, other = (statistic(values, beside, seed=seed, permutations=999).p for seed in (4, 4, 5))
        assert (first == again).all()
        assert (first != other).any()


def test_cells_of_a_lattice_have_their_neighbours():
    beside = lattice(3)
    assert sorted(beside[4].tolist()) == [0, 1, 2, 3, 5, 6, 7, 8]
    assert sorted(beside[0].tolist()) == [1, 3, 4]


# --- on the reports ---------------------------------------------------------------------------------------------------


@pytest.fixture
def many(province, pothole, law, body_a, portal):
    """Sixteen communes in a square; in each as many reports of law; potholes: four in each, sixteen in the four of the south-west."""
    now, units = timezone.now() - timedelta(days=3), []
    for number in range(16):
        west, south = 105 + 0.02 * (number % 4), 8.5 + 0.02 * (number // 4)
        units.append(
            UnitFactory(
                code=f"{91000 + number}", name=f"Xã {number}", edition=province.edition, valid_from=province.valid_from, parent=province,
                west=west, south=south, size=0.02,
            )
        )  # fmt: skip
        here = 16 if number in (0, 1, 4, 5) else 4
        for count in range(here + 6):
            put(pothole if count < here else law, units[-1], body_a, west + 0.003 + 0.0005 * count, south + 0.01, filed=now)
    return units


def ask(client, **more):
    body = {"method": "gi", "query": {"conditions": [{"field": "category", "is": ["pothole"]}], "group": {"by": "unit"}}} | more
    return client.post(HOTSPOTS, json.dumps(body), content_type="application/json")


@pytest.mark.django_db
def test_a_planner_finds_hot_communes_and_reads_how(client_of, dung, many):
    client = client_of(dung)
    body = ask(client).json()
    assert {row["key"] for row in body["rows"] if row["kind"] == "hot"} <= {"91000", "91001", "91004", "91005"}
    assert body["marked"] >= 1
    assert body["n"] == 4 * 16 + 12 * 4
    assert body["parameters"]["permutations"] == 99_999
    assert body["parameters"]["areas"] == 16
    assert body["notes"]
    again = ask(client, seed=body["parameters"]["seed"]).json()
    assert again["rows"] == body["rows"]
    for method in ("moran", "binomial", "silence", "dbscan", "density"):
        assert ask(client, method=method).status_code == 200, method
    assert ask(client, method="dbscan").json()["marked"] >= 1


@pytest.mark.django_db
def test_population_from_a_table_is_that_of_the_unit_of_its_day_and_all_or_nothing(client_of, dung, many, commune_a, tmp_path):
    units, table = [*many, commune_a], tmp_path / "people.csv"

    def load(*lines):
        table.write_text("\n".join(["code;on;year;people;source", *lines]), encoding="utf-8-sig")
        call_command("load_population", str(table), verbosity=0)

    good = [f"{unit.code};{timezone.localdate()};2025;1000;Chi cục Thống kê" for unit in units]
    with pytest.raises(CommandError) as told:
        load(
            *good,
            good[0],
            f"99999;{timezone.localdate()};2025;1;x",
            f"{units[0].code};2025-13-01;2025;1;x",
            f"{units[1].code};{timezone.localdate()};25;1.5;",
        )
    sentence = str(told.value)
    assert [f"Line {number}:" in sentence for number in range(len(good) + 1, len(good) + 6)] == [False, True, True, True, True]
    assert not BaseLayer.objects.exists()
    load(*good)
    client = client_of(dung)
    assert ask(client, expected="population", method="binomial").status_code == 200
    BaseLayer.objects.filter(properties__code="91003").update(properties={"code": "91003", "population": 1000, "since": "1999-01-01"})
    assert ask(client, expected="population").status_code == 400  # of another unit that had the code


@pytest.mark.django_db
def test_a_hostile_table_of_people_is_refused_by_its_line_and_changes_nothing(commune_a):
    day, code = timezone.localdate(), commune_a.code
    before = BaseLayer.objects.create(name="population", attribution="x", geometry=commune_a.shapes.get().label_point, properties={})
    for wrong in (
        f"a\0b;{day};2025;1000;x", f"{code}'; DROP TABLE boundaries_unit --;{day};2025;1000;x", f"{code};{day};2025;{'9' * 9000};x", f"{code};{day};2025;999999999999;x",
        f"{code};{day};{'2' * 9000};1000;x", f"{code};{day};2025;-1;x", f"{code};{day};2025;1e3;x", f"{code};{day};2025;٣٣;x", f"{code};{day};2025;NaN;x",
        f"{code};0000-00-00;2025;1000;x", f"{code};{day};2025;1000;{'x' * 9000}", f"{code};{day};2025;1000;{'x' * 200_000}", f"{code};{day}",
    ):  # fmt: skip
        with pytest.raises(LayerError) as told:
            load_population(["code;on;year;people;source\n", wrong + "\n"])
        assert told.value.problems[0].startswith("Line "), wrong[:50]
        assert len(told.value.problems[0]) < 300
    assert BaseLayer.objects.get() == before


@pytest.mark.django_db
def test_population_is_taken_only_where_it_is_plausible_for_every_area(client_of, dung, many, commune_a):
    client = client_of(dung)
    assert ask(client, expected="population").status_code == 400
    for unit in (*many, commune_a):
        spot = unit.shapes.get().label_point
        BaseLayer.objects.create(name="population", attribution="x", geometry=spot, properties={"code": unit.code, "population": 1000})
    rows = ask(client, expected="population", method="binomial").json()["rows"]
    assert {row["key"] for row in rows if row["kind"] == "hot"} == {"91000", "91001", "91004", "91005"}
    BaseLayer.objects.filter(properties__code="91003").update(properties={"code": "91003", "population": 1000, "plausible": False})
    assert "1" in ask(client, expected="population").json()["detail"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "wrong",
    [
        {"method": "astrology"}, {"expected": "faith"}, {"alpha": 2}, {"permutations": 10**9}, {"seed": "x"}, {"metres": -1}, {"fewest": 0}, {"more": 1},
        {"query": {"group": {"by": "month"}}}, {"query": {"group": {"by": "unit"}}}, {"query": []}, {"query": {"group": {"by": "unit", "level": "province"}}},
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused_with_a_reason(client_of, dung, pothole, wrong):
    response = ask(client_of(dung), **wrong)
    assert response.status_code == 400
    assert response.json()["detail"]


@pytest.mark.django_db
def test_who_does_not_plan_finds_no_hot_spots(client_of, binh, portal):
    assert ask(client_of(binh)).status_code == 403


@pytest.mark.django_db
def test_the_page_asks_and_says_method_n_seed_and_what_it_does_not_show(client_of, dung, many):
    client = client_of(dung)
    assert client.get("/planner/hotspots/").status_code == 200
    page = client.get("/planner/hotspots/", {"method": "gi", "category": "pothole", "areas": "commune"})
    html = page.content.decode()
    assert page.context["found"].marked >= 1
    assert "điểm nóng" in html
    assert "Benjamini" in html
    assert str(page.context["found"].parameters["seed"]) in html
    assert client.get("/planner/hotspots/", {"method": "gi", "category": "x"}).status_code == 422
    assert (
        client.get("/planner/hotspots/", {"method": "gi", "category": "law", "since": "2000-01-01", "until": "2001-01-01"}).status_code
        == 400
    )


@pytest.mark.django_db
def test_a_commune_in_which_reports_emerge_is_found_and_what_rises_everywhere_is_not(client_of, dung, many, pothole, body_a):
    """All filed three days ago; forty days before, as many everywhere but in 91010, which had none: there they emerge."""
    before = timezone.now() - timedelta(days=43)
    for number, unit in enumerate(many):
        for count in range(0 if number == 10 else 16 if number in (0, 1, 4, 5) else 4):
            put(pothole, unit, body_a, 105.001 + 0.0001 * count, 8.5, filed=before)
    for count in range(20):
        put(pothole, many[10], body_a, 105.001 + 0.0001 * count, 8.5)
    query = {
        "conditions": [
            {"field": "category", "is": ["pothole"]},
            {"field": "filed", "since": f"{timezone.localdate() - timedelta(days=50)}"},
        ],
        "group": {"by": "unit"},
    }
    body = ask(client_of(dung), method="change", query=query).json()
    assert [(row["key"], row["kind"], row["before"]) for row in body["rows"] if row["kind"]] == [("91010", "emerging", 0)]
    assert ask(client_of(dung), method="change").status_code == 400
