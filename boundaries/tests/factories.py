"""Units as small squares: two neighbours make every border case legible. In Cà Mau, 0.1° wide, so that a degree of thought is enough."""

from datetime import date

import factory
from django.contrib.gis.geos import MultiPolygon, Polygon
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from boundaries.models import Edition, Kind, Level, Unit, UnitShape, UnitSuccession
from boundaries.outlines import cut_pieces

WEST, SOUTH, SIZE = 105.0, 9.0, 0.1
MERGER = date(2025, 7, 1)


def square(west: float = WEST, south: float = SOUTH, size: float = SIZE, height: float | None = None) -> MultiPolygon:
    """A square (or a box of another height) in degrees, WGS 84, by its south-western corner."""
    box = Polygon.from_bbox((west, south, west + size, south + (height or size)))
    return MultiPolygon(box, srid=4326)


class EditionFactory(factory.django.DjangoModelFactory):
    """An edition in force since the merger."""

    class Meta:
        model = Edition

    name = factory.Sequence(lambda n: f"Edition {n}")
    source = "test squares"
    valid_from = MERGER
    state = Edition.State.ACTIVE
    activated_at = factory.LazyAttribute(lambda edition: timezone.now() if edition.state == Edition.State.ACTIVE else None)


class UnitFactory(factory.django.DjangoModelFactory):
    """An active commune in force since the merger, a square with its shape and pieces.

    `west`, `south`, `size` place it (degrees); `geometry` takes any MultiPolygon instead; `valid_from`, `valid_to` are its period;
    `schematic` is that of its outline. A commune comes with a province around it unless `parent` is given; a province has none.
    """

    class Meta:
        model = Unit

    class Params:
        west = WEST
        south = SOUTH
        size = SIZE
        valid_from = MERGER
        valid_to = None

    level = Level.COMMUNE
    code = factory.Sequence(lambda n: f"{70000 + n:05d}")
    name = factory.LazyAttribute(lambda unit: f"Xã {unit.code}")
    kind = factory.LazyAttribute(lambda unit: Kind.of_name(unit.name))
    edition = factory.SubFactory(
        EditionFactory, valid_from=factory.SelfAttribute("..valid_from"), valid_to=factory.SelfAttribute("..valid_to")
    )
    validity = factory.LazyAttribute(lambda unit: DateRange(unit.valid_from, unit.valid_to))
    active = True
    parent = None
    geometry = factory.LazyAttribute(lambda unit: square(unit.west, unit.south, unit.size))
    schematic = False
    source = "test squares"

    @classmethod
    def _create(cls, model_class: type[Unit], *args: object, **fields: object) -> Unit:
        shape = {name: fields.pop(name) for name in ("geometry", "schematic", "source")}
        unit = super()._create(model_class, *args, **fields)
        UnitShape.objects.create(unit=unit, **shape)
        cut_pieces([unit.pk])
        return unit


class ProvinceFactory(UnitFactory):
    """A province of ten by ten communes; its code is under 80, those that tests give themselves (96 is Cà Mau) are not."""

    level = Level.PROVINCE
    code = factory.Sequence(lambda n: f"{10 + n % 70}")
    name = factory.LazyAttribute(lambda unit: f"Tỉnh {unit.code}")

    class Params:
        size = 10 * SIZE


class DistrictFactory(UnitFactory):
    """A district, in force until the merger; its code is from 400 to 699, which no test gives itself."""

    level = Level.DISTRICT
    code = factory.Sequence(lambda n: f"{400 + n % 300}")
    name = factory.LazyAttribute(lambda unit: f"Huyện {unit.code}")

    class Params:
        size = 5 * SIZE
        valid_from = None
        valid_to = MERGER


def neighbours(**fields: object) -> tuple[Unit, Unit]:
    """Two communes side by side, the lower code in the west; they share the border at 105.1° E."""
    edition = fields.pop("edition", None) or EditionFactory()
    west = UnitFactory(code="32001", name="Xã Tây", edition=edition, **fields)
    east = UnitFactory(code="32002", name="Xã Đông", west=WEST + SIZE, edition=edition, **fields)
    return west, east


class SuccessionFactory(factory.django.DjangoModelFactory):
    """Half of `old` that went to `new`, as a list says; `full` makes it all of it."""

    class Meta:
        model = UnitSuccession

    class Params:
        full = factory.Trait(transfer="full", share=1.0)

    old = factory.SubFactory(UnitFactory, valid_from=None, valid_to=MERGER)
    new = factory.SubFactory(UnitFactory)
    transfer = UnitSuccession.Transfer.PARTIAL
    share = 0.5
    source = UnitSuccession.Source.LISTED
