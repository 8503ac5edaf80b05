"""How many of the spellings that people use are found; the measured shares stand in docs/adr/0009."""

from collections import Counter

import pytest
from django.conf import settings
from django.core.management import call_command

from boundaries.places import search_places
from boundaries.tests.country import load_country
from boundaries.tests.spelling import ranks, read_spellings, share

DATA = settings.BASE_DIR.parent / "shared" / "data"


def missed(found) -> list[str]:
    """What was not found first, for the report of a failing test."""
    return [
        f"{spelling.text!r} ({spelling.code} {spelling.period}): {rank or 'not found'}" for spelling, rank in found.items() if rank != 1
    ]


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
    home, elsewhere = (ranks(read_spellings(area), search_places) for area in ("camau", "country"))
    assert share(home, 1) >= 0.97, missed(home)
    assert share(home, 3) >= 0.99, missed(home)
    assert share(elsewhere, 1) >= 0.95, missed(elsewhere)


@pytest.mark.realdata
@pytest.mark.skipif(not DATA.is_dir(), reason="no real boundary files: ../shared/data is absent")
@pytest.mark.django_db
def test_it_is_found_among_real_units_too():
    for name in ("camau_baclieu_pre2025_15m.geojson", "camau_2025_15m.geojson"):
        call_command("load_boundaries", str(DATA / name), activate=True, source="test", verbosity=0)
    found = ranks(read_spellings("camau"), search_places)
    assert share(found, 1) >= 0.99, missed(found)
