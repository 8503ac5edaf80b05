"""Runs a query: read only, stopped after settings.PLANNER_TIMEOUT_MS, at most settings.PLANNER_ROWS rows."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import OperationalError, connection, transaction
from django.utils.translation import gettext as _
from psycopg.errors import QueryCanceled

from accounts.models import User
from insights.planner.compiling import compiled
from insights.planner.language import Query, QueryError
from insights.planner.sentence import Phrase, phrases
from reports.workflow import Status

FIGURES = ("count", "open", "resolved", "median_days")


@dataclass(frozen=True)
class Answer:
    """What a query found: rows (plain values, `geometry` as GeoJSON or None), and of how many reports; `notes` say what to know of it."""

    phrases: list[Phrase]
    total: int
    rows: list[dict[str, Any]]
    grouped: bool
    truncated: bool
    notes: list[str]
    attributions: list[str]

    @property
    def sentence(self) -> str:
        """The query in words."""
        return ", ".join(phrase.text for phrase in self.phrases) + "."


def run(query: Query, user: User | AnonymousUser) -> Answer:
    """Answers a query of somebody. Raises QueryError where it names what is not there (400), or takes too long (503)."""
    statement = compiled(query, user, settings.PLANNER_ROWS + 1)
    said = phrases(query, statement)
    try:
        # A savepoint where the caller is in a transaction already; rolled back, for nothing is to be kept, and so the two settings end here
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL transaction_read_only = on")
            cursor.execute("SET LOCAL jit = off")  # compiling a statement of many parts takes longer than most of these run
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(settings.PLANNER_TIMEOUT_MS)])
            cursor.execute(statement.sql, statement.params)
            names = [column.name for column in cursor.description or ()]
            found = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
            transaction.set_rollback(True)
    except OperationalError as error:
        if not isinstance(error.__cause__, QueryCanceled):
            raise
        sentence = _("The query took longer than %(seconds)s seconds and was stopped: ask for a shorter period, a smaller area or a smaller layer.") % {
            "seconds": f"{settings.PLANNER_TIMEOUT_MS / 1000:g}"
        }  # fmt: skip
        raise QueryError(sentence, status=503, errors={"query": [sentence]}) from None
    total = found[0]["total"]
    grouped = bool(query.group.by)
    rows = [_row(row, query) for row in found if row["position"] is not None]
    truncated = len(rows) > settings.PLANNER_ROWS
    rows = rows[: settings.PLANNER_ROWS]
    attributions = list(dict.fromkeys(layer.attribution for layer in statement.layers))
    return Answer(said, total, rows, grouped, truncated, _notes(query, truncated), attributions)


def _row(row: dict[str, Any], query: Query) -> dict[str, Any]:
    plain = {name: value for name, value in row.items() if name not in ("total", "position")}
    if plain.get("geometry"):
        plain["geometry"] = json.loads(plain["geometry"])
    for name in ("median_days", "distance_m"):
        if plain.get(name) is not None:
            plain[name] = float(plain[name])
    if query.group.by == "status":
        plain["name"] = str(Status(plain["key"]).label)
    return plain


def _notes(query: Query, truncated: bool) -> list[str]:
    notes = [_("Only reports that everybody may see are counted.")]
    measured = query.nearest or query.group.by == "cell" or query.group.metres or any(place.relation == "near" for place in query.places)
    if measured:
        notes.append(_("Distances and cells are measured in %(system)s (EPSG:%(srid)d).") % {
            "system": settings.METRIC_SYSTEM, "srid": settings.METRIC_SRID,
        })  # fmt: skip
    if query.group.by == "feature":
        notes.append(_("A report that fits several features counts at each of them: the rows may add up to more than the total."))
    if query.group.by == "unit":
        notes.append(_("By the place that each report has among the units of that day, not by sharing out areas."))
    if truncated:
        notes.append(_("Only the first %(rows)d rows are shown; the total counts all.") % {"rows": settings.PLANNER_ROWS})
    return notes
