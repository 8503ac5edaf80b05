"""A merger and a division of the cast's communes, as drafts for which nobody has prepared anything."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from boundaries.models import Edition, Unit, UnitSuccession
from boundaries.tests.factories import SIZE, SOUTH, WEST, EditionFactory, UnitFactory, square

FIRST = (timezone.localdate().replace(day=1) - timedelta(days=1)).replace(day=1)  # of last month


def succeed(old: Unit, new: Unit, share: float = 1.0) -> None:
    """Notes that this share of the old unit went to the new one."""
    transfer = UnitSuccession.Transfer.FULL if share == 1.0 else UnitSuccession.Transfer.PARTIAL
    UnitSuccession.objects.create(old=old, new=new, transfer=transfer, share=share, source=UnitSuccession.Source.LISTED)


@pytest.fixture
def draft(province: Unit) -> Edition:
    """An edition of last month, not in force."""
    return EditionFactory(name="Sáp nhập", valid_from=FIRST, state=Edition.State.DRAFT, activated_at=None)


@pytest.fixture
def commune_c(draft: Edition, province: Unit, commune_a: Unit, commune_b: Unit) -> Unit:
    """A and B become C, for which nobody has prepared anything."""
    both = square(WEST, SOUTH, 2 * SIZE, SIZE)
    unit = UnitFactory(
        code="90009", name="Phường Hợp Nhất", edition=draft, valid_from=draft.valid_from, parent=province, active=False, geometry=both
    )
    succeed(commune_a, unit)
    succeed(commune_b, unit)
    return unit


@pytest.fixture
def divided(draft: Edition, province: Unit, commune_a: Unit) -> Callable[..., list[Unit]]:
    """A becomes two communes: three tenths are X, the rest (or `share`) is Y."""

    def divide(share: float = 0.7) -> list[Unit]:
        units = []
        for code, name, west, width in (("90011", "Xã Phần Tây", WEST, 0.3), ("90012", "Xã Phần Đông", WEST + 0.3 * SIZE, 0.7)):
            outline = square(west, SOUTH, width * SIZE, SIZE)
            units.append(
                UnitFactory(code=code, name=name, edition=draft, valid_from=FIRST, parent=province, active=False, geometry=outline)
            )
        succeed(commune_a, units[0], 0.3)
        succeed(commune_a, units[1], share)
        return units

    return divide
