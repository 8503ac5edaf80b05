"""PostGIS functions that Django lacks, as small Func classes."""

from collections.abc import Collection
from typing import Any

from django.contrib.gis.db.models import GeometryField, PointField
from django.contrib.gis.db.models.functions import GeoFunc
from django.contrib.gis.geos import GEOSGeometry
from django.db.models import BooleanField, FloatField, Func, TextField, Value


def _as_expression(geometry: Any) -> Any:
    """A geometry as a bound parameter; Func alone would hand it to the driver as it is."""
    return Value(geometry, GeometryField(srid=geometry.srid or 4326)) if isinstance(geometry, GEOSGeometry) else geometry


class IsAmong(Func):
    """Whether the key in a column is one of some, as one parameter: `__in` makes each a parameter, and psycopg parses a query of over fifty anew.

    Of one key it is equality: PostgreSQL reads the rows of one body in the order of an index, but not those of an array of one.
    """

    template = "%(expressions)s::bigint[])"
    arg_joiner = " = ANY("
    arity = 2
    output_field = BooleanField()

    def __init__(self, column: str, keys: Collection[int], **extra: Any) -> None:
        if len(keys) == 1:
            self.template, self.arg_joiner = "%(expressions)s", " = "
        super().__init__(column, Value(next(iter(keys)) if len(keys) == 1 else sorted(keys)), **extra)


class GeodesicArea(Func):
    """Area of a WGS 84 geometry in m², on the ellipsoid."""

    function = "ST_Area"
    template = "%(function)s((%(expressions)s)::geography, true)"
    output_field = FloatField()


class GeodesicDistance(Func):
    """Distance of two WGS 84 geometries in metres, on the ellipsoid; each an expression, the name of a field, or a geometry."""

    function = "ST_Distance"
    template = "ST_Distance((%(expressions)s)::geography)"
    arg_joiner = ")::geography, ("
    arity = 2
    output_field = FloatField()

    def __init__(self, *geometries: Any, **extra: Any) -> None:
        super().__init__(*(_as_expression(geometry) for geometry in geometries), **extra)


class BoxAround(Func):
    """The box that reaches some degrees (east and west, north and south) around a WGS 84 geometry: what an index is asked with."""

    function = "ST_Expand"
    arity = 3
    output_field = GeometryField(srid=4326)


class Boundary(Func):
    """The lines around an area."""

    function = "ST_Boundary"
    arity = 1
    output_field = GeometryField(srid=4326)


class NearestPoint(Func):
    """The point of a line that is nearest to another point (in degrees, which over some kilometres errs by metres)."""

    function = "ST_ClosestPoint"
    arity = 2
    output_field = PointField(srid=4326)

    def __init__(self, line: Any, point: Any, **extra: Any) -> None:
        super().__init__(line, _as_expression(point), **extra)


class PointOnSurfaceOf(Func):
    """A point surely inside an area; Django's PointOnSurface cannot stand in a generated column."""

    function = "ST_PointOnSurface"
    arity = 1
    output_field = PointField(srid=4326)


class Folded(Func):
    """Text without case and tone marks ("Lý Văn Lâm" → "ly van lam"); the SQL function is made by boundaries' first migration."""

    function = "folded"
    output_field = TextField()


class Intersection(GeoFunc):
    """What two geometries share."""

    function = "ST_Intersection"
    geom_param_pos = (0, 1)
    arity = 2
    output_field = GeometryField(srid=4326)


class SimplifyPreserveTopology(Func):
    """A line or area with fewer corners (tolerance in the units of its reference system), still valid."""

    function = "ST_SimplifyPreserveTopology"
    arity = 2
    output_field = GeometryField(srid=4326)
