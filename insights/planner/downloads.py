"""An answer as data: JSON of the API, CSV that a spreadsheet opens, GeoJSON for a map."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from insights.planner.language import refuse
from insights.planner.running import Answer

FORMATS = ("csv", "geojson")
FORMULA = "=+-@\t\r"


def as_data(answer: Answer) -> dict[str, Any]:
    """The answer of the API."""
    return {
        "sentence": answer.sentence,
        "phrases": [{"kind": phrase.kind, "text": phrase.text} for phrase in answer.phrases],
        "total": answer.total,
        "grouped": answer.grouped,
        "truncated": answer.truncated,
        "notes": answer.notes,
        "attributions": answer.attributions,
        "rows": answer.rows,
    }


def download(answer: Answer, kind: str) -> HttpResponse:
    """The answer as a file of that kind; QueryError for a kind that there is not."""
    if kind not in FORMATS:
        refuse("as", _("%(where)s is one of: %(known)s.") % {"where": "as", "known": ", ".join(FORMATS)})
    content, media = (_csv(answer), "text/csv; charset=utf-8") if kind == "csv" else (_geojson(answer), "application/geo+json")
    response = HttpResponse(content, content_type=media)
    response["Content-Disposition"] = f'attachment; filename="planner.{kind}"'
    return response


def _csv(answer: Answer) -> str:
    """A header and the rows, with a mark by which spreadsheets know that it is UTF-8; a point as two columns."""
    stream = io.StringIO()
    stream.write("\ufeff")
    names = [name for name in (answer.rows[0] if answer.rows else {}) if name != "geometry"]
    points = any(_point(row) for row in answer.rows)
    out = csv.writer(stream)
    out.writerow([*names, *(["lon", "lat"] if points else [])])
    for row in answer.rows:
        out.writerow([_cell(row[name]) for name in names] + (list(_point(row) or ("", "")) if points else []))
    return stream.getvalue()


def _point(row: dict[str, Any]) -> tuple[float, float] | None:
    geometry = row.get("geometry")
    return tuple(geometry["coordinates"]) if geometry and geometry["type"] == "Point" else None


def _cell(value: Any) -> Any:
    """A value that no spreadsheet takes for a formula."""
    if isinstance(value, datetime):
        return timezone.localtime(value).isoformat(timespec="seconds")
    return f"'{value}" if isinstance(value, str) and value.startswith(tuple(FORMULA)) else value


def _geojson(answer: Answer) -> str:
    features = [
        {
            "type": "Feature",
            "geometry": row.get("geometry"),
            "properties": {name: value for name, value in row.items() if name != "geometry"},
        }
        for row in answer.rows
    ]
    told = {"sentence": answer.sentence, "total": answer.total, "notes": answer.notes, "attributions": answer.attributions}
    return json.dumps({"type": "FeatureCollection", **told, "features": features}, cls=DjangoJSONEncoder, ensure_ascii=False)
