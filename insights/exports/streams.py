"""CSV and GeoJSON as they are read, row by row."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.translation import get_language

from insights.exports.rows import CHUNK, FIELDS
from reports.codes import grouped

BOM = "\ufeff"  # without it Excel reads Vietnamese letters as something else
# What a spreadsheet would take for a formula; an apostrophe before it is shown by none of them and makes it text
FORMULA = ("=", "+", "-", "@", "\t", "\r")
LON = next(place for place, field in enumerate(FIELDS) if field.name == "lon")


class _Echo:
    """A file that hands back what is written."""

    def write(self, text: str) -> str:
        """The text itself."""
        return text


def harmless(value: Any) -> Any:
    """A text that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def plain(value: Any) -> Any:
    """A moment as ISO 8601 with its offset; anything else as it is."""
    return value.isoformat() if isinstance(value, datetime) else value


def _for_sheet(value: Any) -> Any:
    """A moment as a spreadsheet knows it, in Vietnam; anything else as it is."""
    return f"{value:%Y-%m-%d %H:%M:%S}" if isinstance(value, datetime) else value


def csv_lines(rows: Iterable[list[Any]]) -> Iterator[bytes]:
    """A table with its head, UTF-8 with a mark, in pieces of many rows.

    Codes are grouped as people read them: without, a spreadsheet takes a few in a million for numbers ("6E12345678").
    """
    writer = csv.writer(_Echo())
    piece = [BOM, writer.writerow([field.name for field in FIELDS])]
    for row in rows:
        piece.append(writer.writerow([grouped(row[0]), *(harmless(_for_sheet(value)) for value in row[1:])]))
        if len(piece) >= CHUNK:
            yield "".join(piece).encode()
            piece = []
    yield "".join(piece).encode()


TYPES = {"text": "string", "moment": {"base": "dateTime", "format": "yyyy-MM-dd HH:mm:ss"}, "number": "number"}


def csv_types(address: str) -> dict[str, Any]:
    """What the CSV at an address holds, for programs: W3C's metadata for CSV on the Web, so that codes stay texts with the zeros at their front."""
    columns = [
        {"name": field.name, "titles": field.name, "datatype": TYPES[field.kind], "dc:description": str(field.meaning)} for field in FIELDS
    ]
    return {
        "@context": ["http://www.w3.org/ns/csvw", {"@language": get_language() or settings.LANGUAGE_CODE}],
        "url": address,
        "dc:license": {"@id": settings.DATA_LICENCE_URL},
        "dialect": {"encoding": "utf-8", "header": True},
        "tableSchema": {"columns": columns, "primaryKey": "code"},
    }


def geojson_lines(rows: Iterable[list[Any]]) -> Iterator[bytes]:
    """A FeatureCollection (RFC 7946), in pieces of many features."""
    piece = ['{"type":"FeatureCollection","features":[\n']
    between = ""
    for row in rows:
        values = {field.name: plain(value) for field, value in zip(FIELDS, row, strict=True) if field.name not in ("lon", "lat")}
        feature = {"type": "Feature", "id": row[0], "geometry": {"type": "Point", "coordinates": row[LON : LON + 2]}, "properties": values}
        piece.append(between + json.dumps(feature, ensure_ascii=False, separators=(",", ":")))
        between = ",\n"
        if len(piece) >= CHUNK:
            yield "".join(piece).encode()
            piece = []
    piece.append("\n]}\n")
    yield "".join(piece).encode()
