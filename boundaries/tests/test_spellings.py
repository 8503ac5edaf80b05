"""How many of the spellings that people use are found; the measured shares stand in docs/adr/0010."""

from collections import Counter

import pytest
from django.conf import settings
from django.contrib.gis.geos import Point
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from boundaries.places import search_places
from boundaries.places.matching import ALIKE_ONLY, WRITTEN_SO, statement
from boundaries.places.words import readings
from boundaries.tests.country import load_country
from boundaries.tests.spelling import ranks, read_spellings, share

DATA = settings.BASE_DIR.parent / "shared" / "data"


def missed(found) -> list[str]:
    """What was not found first, for the report of a failing test."""
    return [
        f"{spelling.text!r} ({spelling.code} {spelling.period}): {rank or 'not found'}" for spelling, rank in found.items() if rank != 1
    ]


def explain(fits, asked, **options) -> list[str]:
    """How PostgreSQL goes about a statement of the search."""
    sql, parameters = statement(fits, asked, **options)
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {sql}", parameters)
        return [line for (line,) in cursor.fetchall()]


def test_the_list_is_long_and_of_many_kinds():
    spellings = read_spellings()
    assert len(spellings) >= 300
    assert len({spelling.text for spelling in spellings}) == len(spellings)
    assert len(Counter(spelling.difficulty for spelling in spellings)) >= 20


@pytest.mark.django_db
def test_what_people_write_in_ca_mau_and_bac_lieu_is_found_first():
    call_command("load_schematic", verbosity=0)
    found = ranks(read_spellings("camau"), search_places)
    assert share(found, 1) >= 0.99, missed(found)
    assert share(found, 3) >= 0.99, missed(found)


@pytest.mark.django_db
def test_it_is_found_among_the_names_of_the_whole_country_too():
    load_country()
    # At home every third, as all of them are asked for there above
    home, elsewhere = ranks(read_spellings("camau")[::3], search_places), ranks(read_spellings("country"), search_places)
    assert share(home, 1) >= 0.97, missed(home)
    assert share(home, 3) >= 0.99, missed(home)
    assert share(elsewhere, 1) >= 0.95, missed(elsewhere)
    # And by indexes: of 14,000 units none is looked at that is not like what was typed
    for fits, text in ((WRITTEN_SO, "P5, TP Cà Mau"), (WRITTEN_SO, "tan hung"), (WRITTEN_SO, "tpcm"), (ALIKE_ONLY, "tan duyec dam doi")):
        plan = "\n".join(explain(fits, readings(text), near=Point(105.2, 9.1, srid=4326), today=timezone.localdate(), limit=10))
        assert "Seq Scan on boundaries_unit" not in plan, plan


@pytest.mark.realdata
@pytest.mark.skipif(not DATA.is_dir(), reason="no real boundary files: ../shared/data is absent")
@pytest.mark.django_db
def test_it_is_found_among_real_units_too():
    for name in ("camau_baclieu_pre2025_15m.geojson", "camau_2025_15m.geojson"):
        call_command("load_boundaries", str(DATA / name), activate=True, source="test", verbosity=0)
    found = ranks(read_spellings("camau")[1::3], search_places)
    assert share(found, 1) >= 0.99, missed(found)
