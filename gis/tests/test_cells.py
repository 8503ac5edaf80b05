"""Cells in one order: what lies in a tile of any zoom follows one another, in Python and in the database alike."""

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as some

from gis.cells import DEPTH, MOST_RANGES, ranges_of_codes

WITHIN = 16


def code_of(x, y):
    """Bit by bit, as the definition says."""
    return sum((x >> bit & 1) << 2 * bit | (y >> bit & 1) << 2 * bit + 1 for bit in range(DEPTH))


@some.composite
def windows(draw):
    """First and last column, first and last row, zoom."""
    zoom = draw(some.integers(WITHIN, DEPTH))
    sides = [
        sorted((start, min(2**zoom - 1, start + draw(some.integers(0, 40)))))
        for start in draw(some.tuples(*[some.integers(0, 2**zoom - 1)] * 2))
    ]
    return *sides[0], *sides[1], zoom


@given(windows())
def test_ranges_hold_all_cells_of_a_window_once_and_nothing_else_and_none_leaves_a_tile(window):
    first_x, last_x, first_y, last_y, zoom = window
    starts, ends = ranges_of_codes(*window, within=WITHIN)
    assert all(start <= end for start, end in zip(starts, ends, strict=True))
    assert all(end < start for end, start in zip(ends[:-1], starts[1:], strict=True))
    assert all(start >> 2 * (DEPTH - WITHIN) == end >> 2 * (DEPTH - WITHIN) for start, end in zip(starts, ends, strict=True))
    finest = 4 ** (DEPTH - zoom)
    if len(starts) < MOST_RANGES:
        assert (
            sum(end - start + 1 for start, end in zip(starts, ends, strict=True))
            == (last_x - first_x + 1) * (last_y - first_y + 1) * finest
        )
    for x, y in ((first_x, first_y), (last_x, first_y), (first_x, last_y), (last_x, last_y)):
        code = code_of(x << DEPTH - zoom, y << DEPTH - zoom)
        assert any(start <= code <= end for start, end in zip(starts, ends, strict=True))


def test_of_a_thin_and_long_window_ranges_are_of_coarser_tiles_and_hold_more():
    thin = (13_300_000, 13_300_000, 7_950_000, 7_989_999, DEPTH)
    starts, ends = ranges_of_codes(*thin, within=WITHIN)
    assert len(starts) <= MOST_RANGES
    for y in range(thin[2], thin[3], 997):
        code = code_of(thin[0], y)
        assert any(start <= code <= end for start, end in zip(starts, ends, strict=True))


@pytest.mark.django_db
def test_the_database_numbers_cells_as_the_definition_says():
    some_cells = [(0, 0), (1, 0), (0, 1), (2**DEPTH - 1, 2**DEPTH - 1), (13_267_227, 7_982_457), (2**23, 2**12 - 1)]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT cell_code(x, y) FROM unnest(%s::int[], %s::int[]) AS cell (x, y)", list(map(list, zip(*some_cells, strict=True)))
        )
        assert [code for (code,) in cursor.fetchall()] == [code_of(x, y) for x, y in some_cells]
