"""What became of a unit, over one reform and over several."""

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from boundaries.models import Unit, UnitSuccession
from boundaries.succession import heirs, predecessors, successors
from boundaries.tests.factories import MERGER, WEST, SuccessionFactory, UnitFactory

pytestmark = pytest.mark.django_db

LATER = date(2027, 1, 1)


def unit(name: str, valid_from: date | None = MERGER, valid_to: date | None = None, **fields: object) -> Unit:
    """A commune of some period, all on the same square: succession asks for no outline."""
    return UnitFactory(name=name, valid_from=valid_from, valid_to=valid_to, **fields)


def names(parts: list[tuple[Unit, float | None]]) -> list[tuple[str, float | None]]:
    return [(one.name, share) for one, share in parts]


def test_a_unit_split_in_three_names_the_largest_part_first_and_the_unknown_last():
    old = unit("Xã Nguyễn Phích", None, MERGER)
    for name, share in (("Xã Khánh An", 0.135), ("Xã Khánh Lâm", 0.464), ("Xã U Minh", None)):
        SuccessionFactory(old=old, new=unit(name), share=share)
    assert names(successors(old)) == [("Xã Khánh Lâm", 0.464), ("Xã Khánh An", 0.135), ("Xã U Minh", None)]


def test_a_unit_formed_from_several_names_them_all():
    new = unit("Phường An Xuyên")
    for number in (2, 5):
        SuccessionFactory(old=unit(f"Phường {number}", None, MERGER, code=f"3200{number}"), new=new, full=True)
    assert names(predecessors(new)) == [("Phường 2", 1.0), ("Phường 5", 1.0)]
    assert successors(new) == []


def test_succession_is_told_with_a_constant_number_of_queries(django_assert_num_queries):
    old = unit("Xã Cũ", None, MERGER)
    for n in range(4):
        SuccessionFactory(old=old, new=unit(f"Xã {n}", west=WEST + n))
    with django_assert_num_queries(1):
        assert len([new.full_name() for new, _ in successors(old)]) == 4


def test_what_a_draft_would_bring_is_told_only_when_asked_for():
    old = unit("Xã Cũ", None, MERGER)
    SuccessionFactory(old=old, new=unit("Xã Mới", active=False), full=True)
    assert successors(old) == []
    assert names(successors(old, drafts=True)) == [("Xã Mới", 1.0)]
    assert heirs(old, MERGER) == []


def test_heirs_are_found_over_a_renaming():
    old, middle, new = unit("Xã A", None, MERGER), unit("Xã B", MERGER, LATER), unit("Phường C", LATER)
    SuccessionFactory(old=old, new=middle, share=0.25)
    SuccessionFactory(old=middle, new=new, full=True)
    assert names(heirs(old, MERGER)) == [("Xã B", 0.25)]
    assert names(heirs(old, LATER)) == [("Phường C", 0.25)]
    assert names(heirs(new, LATER)) == [("Phường C", 1.0)]


def test_two_parts_that_come_together_again_are_added():
    old, west, east, new = unit("Xã A", None, MERGER), unit("W", MERGER, LATER), unit("E", MERGER, LATER), unit("Xã A", LATER)
    for half, share in ((west, 0.3), (east, 0.7)):
        SuccessionFactory(old=old, new=half, share=share)
        SuccessionFactory(old=half, new=new, full=True)
    assert names(heirs(old, LATER)) == [("Xã A", 1.0)]


def test_the_share_is_unknown_where_a_merged_unit_was_divided_again():
    one, merged = unit("Xã A", None, MERGER), unit("Xã A và B", MERGER, LATER)
    SuccessionFactory(old=one, new=merged, full=True)
    for name in ("Xã A", "Xã B"):
        SuccessionFactory(old=merged, new=unit(name, LATER), share=0.5)
    assert [share for _, share in heirs(one, LATER)] == [None, None]


def test_a_circle_of_successions_ends():
    one, other = unit("Xã A", None, MERGER), unit("Xã B", None, MERGER)
    SuccessionFactory(old=one, new=other, full=True)
    SuccessionFactory(old=other, new=one, full=True)
    assert heirs(one, LATER) == []


def test_querysets_speak_of_succession():
    old, new = unit("Xã Cũ", None, MERGER), unit("Xã Mới")
    SuccessionFactory(old=old, new=new, full=True)
    assert list(Unit.objects.succeeding([old])) == [new]
    assert list(Unit.objects.preceding(Unit.objects.filter(pk=new.pk))) == [old]


@pytest.mark.parametrize(
    "wrong",
    [
        {"transfer": "most"},
        {"source": "rumour"},
        {"share": 0.0},
        {"share": 1.1},
        {"transfer": "full", "share": 0.5},
        {"transfer": "full", "share": None},
    ],
)
def test_the_database_refuses_a_succession_that_cannot_be(wrong):
    with pytest.raises(IntegrityError), transaction.atomic():
        SuccessionFactory(**{"old": unit("Xã Cũ", None, MERGER), "new": unit("Xã Mới"), **wrong})


def test_the_database_refuses_what_goes_to_itself_or_wholly_to_two():
    old, new, other = unit("Xã Cũ", None, MERGER), unit("Xã Mới"), unit("Xã Khác")
    SuccessionFactory(old=old, new=new, full=True)
    for wrong in ({"new": old}, {"new": new, "share": 0.5}, {"new": other, "full": True}):
        with pytest.raises(IntegrityError), transaction.atomic():
            SuccessionFactory(**{"old": old, **wrong})
    assert UnitSuccession.objects.count() == 1
