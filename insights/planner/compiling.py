"""A query becomes one statement: what is public by the ORM's vocabulary, what is near and how it is counted by fixed texts; every value bound.

Distances and cells are measured in the metric reference system settings.METRIC_SRID (VN-2000); "within" and "intersects" in WGS 84.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.models import User
from authorities.models import Body, Category
from boundaries.models import Unit
from insights.planner.language import CODES, Choice, Drawn, LayerPart, Overdue, Period, Place, Query, Spot, UnitOn, refuse
from insights.planner.layers import Found, found_layer
from reports.api.filters import unit_of
from reports.models import Report, ReportPlace
from reports.querysets import ReportQuerySet

CORNERS = 64  # of a piece: small boxes, so that the index of reports finds few that are not near
COLUMNS = ("id", "code", "category_id", "status", "unit_id", "filed_at", "closed_at", "location")
FIGURES = """count(*) AS count, count(*) FILTER (WHERE closed_at IS NULL) AS open, count(*) FILTER (WHERE status = 'resolved') AS resolved,
 round((percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM closed_at - filed_at)) FILTER (WHERE status = 'resolved') / 86400)::numeric, 2)
 AS median_days"""

# Pieces of a layer in metres, each with the box (WGS 84) that holds everything within the distance. The box is of straight lines in metres,
# which are curves in degrees: half a percent of its size to spare
PIECES = """SELECT label, metric, ST_Transform(ST_Expand(metric, %s * 1.01 + 10
   + 0.005 * GREATEST(ST_XMax(metric) - ST_XMin(metric), ST_YMax(metric) - ST_YMin(metric))), 4326) AS box
 FROM (SELECT label, ST_Subdivide(ST_Transform(geometry, %s), %s) AS metric FROM ({features}) AS feature) AS piece"""
NEAR = "SELECT report.id{label} FROM {part} AS part JOIN reports_report AS report ON report.location && part.box AND ST_DWithin(ST_Transform(report.location, %s), part.metric, %s)"
TOUCHING = "SELECT report.id{label} FROM {part} AS part JOIN reports_report AS report ON ST_Intersects(report.location, part.geometry)"
WHOLE = "SELECT label, ST_Subdivide(geometry, %s) AS geometry FROM ({features}) AS feature"

UNIT_OF_DAY = """SELECT DISTINCT ON (place.report_id) place.report_id, lowest.id, lowest.parent_id, middle.parent_id AS top_id
 FROM reports_reportplace AS place JOIN chosen ON chosen.id = place.report_id
 JOIN boundaries_unit AS lowest ON lowest.id = place.unit_id AND lowest.active AND lowest.validity @> %s::date
 LEFT JOIN boundaries_unit AS middle ON middle.id = lowest.parent_id
 ORDER BY place.report_id, lowest.code"""
OUTLINE = """SELECT ST_AsGeoJSON(COALESCE(
   (SELECT geometry FROM boundaries_unitoutline WHERE unit_id = unit.id AND max_zoom >= 10 ORDER BY max_zoom LIMIT 1),
   (SELECT geometry FROM boundaries_unitshape WHERE unit_id = unit.id AND current)), 5)"""


@dataclass
class Statement:
    """The one statement of a query: texts of fixed words, and the values that are bound, in the order of the texts."""

    sql: str = ""
    params: tuple[Any, ...] = ()
    layers: list[Found] = field(default_factory=list)
    units: list[Unit] = field(default_factory=list)


@dataclass
class _Parts:
    """Common table expressions in their order."""

    texts: list[str] = field(default_factory=list)
    params: list[Any] = field(default_factory=list)

    def add(self, name: str, sql: str, *params: Any) -> str:
        self.texts.append(f"{name} AS MATERIALIZED ({sql})")
        self.params.extend(params)
        return name

    def pieces(self, found: Found, metres: float) -> str:
        sql = PIECES.replace("{features}", found.sql)
        return self.add(f"part_{len(self.texts)}", sql, metres, settings.METRIC_SRID, CORNERS, *found.params)

    def whole(self, found: Found) -> str:
        return self.add(f"part_{len(self.texts)}", WHOLE.replace("{features}", found.sql), CORNERS, *found.params)


def compiled(query: Query, user: User | AnonymousUser, rows: int) -> Statement:
    """The statement that answers a query with at most so many rows. Raises QueryError for codes and layers that there are not."""
    statement, parts = Statement(), _Parts()
    reports = _by_attributes(Report.objects.public(), query)
    others: list[tuple[str, list[Any]]] = []
    for number, place in enumerate(query.places):
        where = f"places.{number}"
        if isinstance(place.target, UnitOn):
            reports = _in_unit(reports, place, place.target, where, statement)
        elif isinstance(place.target, Drawn) and place.relation != "near":
            area = {"location__coveredby": place.target.area}
            reports = reports.exclude(**area) if place.negated else reports.filter(**area)
        else:
            others.append(_beside(place, user, where, parts, statement))
    base = reports.order_by().values_list(*COLUMNS)
    base.query.subquery = True  # so that a location comes as a geometry, not as bytes
    sql, params = base.query.sql_with_params()
    texts, bound = [f"SELECT * FROM ({sql}) AS base"], [*params]  # noqa: S608  the ORM's, bound
    for number, (text, more) in enumerate(others):
        texts.append(f"{'AND' if number else 'WHERE'} base.id {text}")
        bound += more
    distance = query.nearest is not None
    parts.add("chosen" if not distance else "fitting", " ".join(texts), *bound)
    if query.nearest is not None:
        _nearest(query, user, parts, statement)
    rows_sql, rows_params = _rows(query, user, parts, statement, rows)
    statement.sql = (
        f"WITH {', '.join(parts.texts)}, answer AS ({rows_sql}) "  # noqa: S608  fixed texts; the ORM's are bound
        "SELECT (SELECT count(*) FROM chosen) AS total, answer.* FROM (SELECT 1) AS once LEFT JOIN answer ON true ORDER BY answer.position"
    )
    statement.params = (*parts.params, *rows_params)
    return statement


def _by_attributes(reports: ReportQuerySet, query: Query) -> ReportQuerySet:
    for number, condition in enumerate(query.conditions):
        where = f"conditions.{number}.is"
        if isinstance(condition, Period):
            name = "filed_at" if condition.field == "filed" else "closed_at"
            if condition.since is not None:
                reports = reports.filter(**{f"{name}__gte": condition.since})
            if condition.until is not None:
                reports = reports.filter(**{f"{name}__lt": condition.until})
        elif isinstance(condition, Overdue):
            reports = reports.overdue() if condition.wanted else reports.exclude(pk__in=Report.objects.overdue().values("pk"))
        else:
            reports = _chosen(reports, condition, where)
    return reports


def _chosen(reports: ReportQuerySet, condition: Choice, where: str) -> ReportQuerySet:
    if condition.field == "status":
        of_status = Report.objects.of_status(list(condition.values)).values("pk")
        return reports.exclude(pk__in=of_status) if condition.negated else reports.of_status(list(condition.values))
    held: dict[str, list[Any]]
    if condition.field in CODES:
        model = Category if condition.field == "category" else Body
        found = dict(model._default_manager.filter(code__in=condition.values).values_list("code", "pk"))
        if unknown := [value for value in condition.values if value not in found]:
            sentence = _("There is no category “%(code)s”.") if condition.field == "category" else _("There is no body “%(code)s”.")
            refuse(where, sentence % {"code": unknown[0][:60]})
        held = {f"{condition.field}__in": list(found.values())}
    else:
        held = {f"{condition.field}__in": [*condition.values]}
    return reports.exclude(**held) if condition.negated else reports.filter(**held)


def _in_unit(reports: ReportQuerySet, place: Place, target: UnitOn, where: str, statement: Statement) -> ReportQuerySet:
    unit = unit_of(target.code, f"{target.on:%Y-%m-%d}" if target.on else "", f"{where}.unit")
    statement.units.append(unit)
    # As in_unit() finds them, but with the keys of the units read first: an index then leads to their places
    units = Unit.objects.filter(Q(pk=unit.pk) | Q(parent=unit.pk) | Q(parent__parent=unit.pk)).order_by().values_list("pk", flat=True)
    there = ReportPlace.objects.filter(unit__in=list(units)).values("report")
    return reports.exclude(pk__in=there) if place.negated else reports.filter(pk__in=there)


def _beside(place: Place, user: User | AnonymousUser, where: str, parts: _Parts, statement: Statement) -> tuple[str, list[Any]]:
    """What follows `base.id`: that it is among those near or in a layer, a point or an area."""
    kind = "NOT IN" if place.negated else "IN"
    found = _found(place.target, user, where, statement)
    params: list[Any] = []
    if place.relation == "near":
        near, params = NEAR.format(part=parts.pieces(found, place.metres), label=""), [settings.METRIC_SRID, place.metres]
    else:
        near = TOUCHING.format(part=parts.whole(found), label="")
    beside = parts.add(f"part_{len(parts.texts)}", near, *params)
    # Apart, for the cost of finding them would hide from PostgreSQL that a loop over them costs more than a hash
    return f"{kind} (SELECT id FROM {beside})", []  # noqa: S608  a name of ours


def _found(target: Any, user: User | AnonymousUser, where: str, statement: Statement) -> Found:
    if isinstance(target, LayerPart):
        found = found_layer(target, user, where)
        statement.layers.append(found)
        return found
    if isinstance(target, Spot):
        return Found("", "", "", "", "SELECT '' AS label, ST_SetSRID(ST_MakePoint(%s, %s), 4326) AS geometry", (target.lon, target.lat))
    return Found("", "", "", "", "SELECT '' AS label, ST_GeomFromEWKB(%s) AS geometry", (bytes(target.area.ewkb),))


def _nearest(query: Query, user: User | AnonymousUser, parts: _Parts, statement: Statement) -> None:
    assert query.nearest is not None  # noqa: S101  asked by the caller
    part = parts.pieces(_found(query.nearest.target, user, "nearest", statement), 0)
    away = f"SELECT min(ST_Distance(spot.metric, part.metric)) FROM {part} AS part"  # noqa: S608  fixed texts
    parts.add(
        "chosen",
        f"SELECT fitting.*, ({away}) AS distance FROM fitting CROSS JOIN LATERAL (SELECT ST_Transform(fitting.location, %s) AS metric OFFSET 0)"  # noqa: S608
        " AS spot ORDER BY distance, code LIMIT %s",
        settings.METRIC_SRID,
        query.nearest.count,
    )


def _rows(query: Query, user: User | AnonymousUser, parts: _Parts, statement: Statement, rows: int) -> tuple[str, list[Any]]:
    """The text of the answer's rows, each with its position."""
    name = "category.name_en" if get_language() == "en" else "category.name"
    group = query.group
    if not group.by:
        distance = "round(chosen.distance::numeric, 1)" if query.nearest else "NULL"
        order = "chosen.distance, chosen.code" if query.nearest else "chosen.filed_at DESC, chosen.code"
        return (
            f"SELECT row_number() OVER (ORDER BY {order}) AS position, chosen.code AS key, {name} AS name, category.code AS category, chosen.status,"  # noqa: S608
            f" chosen.filed_at, chosen.closed_at, unit.name AS unit, {distance} AS distance_m, ST_AsGeoJSON(chosen.location, 7) AS geometry"
            " FROM chosen JOIN authorities_category AS category ON category.id = chosen.category_id"
            " LEFT JOIN boundaries_unit AS unit ON unit.id = chosen.unit_id ORDER BY 1 LIMIT %s",
            [rows],
        )
    sql, bound, order = _grouped(query, user, parts, statement, name)
    numbered = f"SELECT row_number() OVER (ORDER BY {order}) AS position, grouped.* FROM ({sql}) AS grouped ORDER BY 1 LIMIT %s"  # noqa: S608
    return numbered, [*bound, rows]


def _grouped(query: Query, user: User | AnonymousUser, parts: _Parts, statement: Statement, name: str) -> tuple[str, list[Any], str]:
    group, most_first = query.group, "count DESC, key"
    if group.by == "month":
        month = "date_trunc('month', filed_at AT TIME ZONE 'Asia/Ho_Chi_Minh')"  # written as a text once a month, not once a report
        told = f"to_char({month}, 'YYYY-MM')"
        return f"SELECT {told} AS key, {told} AS name, {FIGURES}, NULL AS geometry FROM chosen GROUP BY {month}", [], "key"  # noqa: S608
    if group.by == "status":
        return f"SELECT status AS key, status AS name, {FIGURES}, NULL AS geometry FROM chosen GROUP BY 1", [], most_first  # noqa: S608
    if group.by == "category":
        return (
            f"SELECT category.code AS key, {name} AS name, {FIGURES}, NULL AS geometry"  # noqa: S608
            " FROM chosen JOIN authorities_category AS category ON category.id = chosen.category_id GROUP BY category.id",
            [],
            most_first,
        )
    if group.by == "cell":
        side = group.metres
        return (
            f"SELECT column_x || ':' || row_y AS key, (column_x * %s)::bigint || ', ' || (row_y * %s)::bigint AS name, {FIGURES},"  # noqa: S608
            " ST_AsGeoJSON(ST_Transform(ST_MakeEnvelope(column_x * %s, row_y * %s, (column_x + 1) * %s, (row_y + 1) * %s, %s), 4326), 6) AS geometry"
            " FROM (SELECT chosen.*, floor(ST_X(metric) / %s)::bigint AS column_x, floor(ST_Y(metric) / %s)::bigint AS row_y FROM chosen"
            " CROSS JOIN LATERAL (SELECT ST_Transform(location, %s) AS metric OFFSET 0) AS spot) AS placed GROUP BY column_x, row_y",
            [*[side] * 6, settings.METRIC_SRID, side, side, settings.METRIC_SRID],
            most_first,
        )
    if group.by == "unit":
        day = group.on or timezone.localdate()
        key = {"commune": "place.id", "district": "place.parent_id", "province": "COALESCE(place.top_id, place.parent_id)"}[group.level]
        return (
            f"SELECT unit.code AS key, unit.name AS name, counted.count, counted.open, counted.resolved, counted.median_days, ({OUTLINE}) AS geometry"  # noqa: S608
            f" FROM (SELECT unit.id, {FIGURES} FROM chosen LEFT JOIN ({UNIT_OF_DAY}) AS place ON place.report_id = chosen.id"
            f" LEFT JOIN boundaries_unit AS unit ON unit.id = {key} AND unit.level = %s GROUP BY unit.id) AS counted"
            " LEFT JOIN boundaries_unit AS unit ON unit.id = counted.id",
            [day, group.level],
            "key IS NULL, count DESC, key",
        )
    assert group.part is not None  # noqa: S101  the language gives one to every grouping by feature
    found = found_layer(group.part, user, "group")
    statement.layers.append(found)
    if group.metres:
        near = NEAR.format(part=parts.pieces(found, group.metres), label=", part.label")
        params: list[Any] = [settings.METRIC_SRID, group.metres]
    else:
        near, params = TOUCHING.format(part=parts.whole(found), label=", part.label"), []
    return (
        f"SELECT label AS key, label AS name, {FIGURES}, (SELECT ST_AsGeoJSON(ST_Simplify(ST_Collect(geometry), 0.0005), 5) FROM ({found.sql}) AS every"  # noqa: S608
        f" WHERE every.label = beside.label) AS geometry FROM chosen JOIN (SELECT DISTINCT id, label FROM ({near}) AS found) AS beside ON beside.id = chosen.id"
        " GROUP BY label",
        [*found.params, *params],
        most_first,
    )
