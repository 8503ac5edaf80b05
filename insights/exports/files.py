"""Files that are made whole before they are sent: XLSX by hand, row by row; GeoPackage and Shapefile by GDAL, a thousand rows at a time."""

from __future__ import annotations

import itertools
import zipfile
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
import shapely

from insights.exports.rows import CHUNK, FIELDS
from insights.exports.streams import LON, csv_lines, geojson_lines

EPOCH = datetime(1899, 12, 30)  # of a spreadsheet's days
UTC_FLAG = 100  # GDAL's for UTC
MOST_SHEET_ROWS = 1_048_575  # a sheet holds one more, its head
Tell = Callable[[int], None]

_XLSX = {
    "[Content_Types].xml": """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/><Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/></Types>""",
    "_rels/.rels": """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>""",
    "xl/_rels/workbook.xml.rels": """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>""",
    "xl/workbook.xml": """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="reports" sheetId="1" r:id="rId1"/></sheets></workbook>""",
    "xl/styles.xml": """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/></numFmts><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders><cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="3"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/><xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/><xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/></cellXfs></styleSheet>""",
}


def write(kind: str, path: Path, rows: Iterable[list[Any]], tell: Tell) -> int:
    """Writes the rows in a format (FORMATS) to a path; how many. `tell` hears now and then how many are done."""
    counted = _Counted(rows, tell)
    FORMATS[kind][0](path, counted)
    return counted.number


class _Counted:
    """Rows that are counted as they pass."""

    def __init__(self, rows: Iterable[list[Any]], tell: Tell) -> None:
        self._rows, self._tell, self.number = rows, tell, 0

    def __iter__(self) -> Iterator[list[Any]]:
        for row in self._rows:
            self.number += 1
            if self.number % (5 * CHUNK) == 0:
                self._tell(self.number)
            yield row


def _csv(path: Path, rows: Iterable[list[Any]]) -> None:
    with path.open("wb") as out:
        out.writelines(csv_lines(rows))


def _geojson(path: Path, rows: Iterable[list[Any]]) -> None:
    with path.open("wb") as out:
        out.writelines(geojson_lines(rows))


def _xlsx(path: Path, rows: Iterable[list[Any]]) -> None:
    """A workbook of one sheet, with texts in their cells: no table of texts has to be kept in memory. Times as in Vietnam, without an offset."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as book:
        for name, text in _XLSX.items():
            book.writestr(name, text)
        with book.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            sheet.write(
                b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
                b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetViews><sheetView workbookViewId="0">'
                b'<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><sheetData>'
            )
            sheet.write(f"<row>{''.join(_cell(field.name, 2) for field in FIELDS)}</row>".encode())
            for row in itertools.islice(rows, MOST_SHEET_ROWS):
                sheet.write(f"<row>{''.join(map(_cell, row))}</row>".encode())
            sheet.write(b"</sheetData></worksheet>")


def _cell(value: Any, style: int = 0) -> str:
    if value is None or value == "":
        return "<c/>"
    if isinstance(value, datetime):
        return f'<c s="1"><v>{(value.replace(tzinfo=None) - EPOCH).total_seconds() / 86400!r}</v></c>'
    if isinstance(value, float | int):
        return f"<c><v>{value!r}</v></c>"
    kept = "".join(letter for letter in value if letter in "\t\n" or letter >= " ")[
        :32_000
    ]  # the rest no XML may hold; a cell ends at 32,767
    return f'<c s="{style}" t="inlineStr"><is><t xml:space="preserve">{escape(kept)}</t></is></c>'


def _gpkg(path: Path, rows: Iterable[list[Any]]) -> None:
    # 1.3, and times in UTC: older readers warn of anything else
    _by_gdal(path, rows, "GPKG", layer="reports", VERSION="1.3")


def _shapefile(path: Path, rows: Iterable[list[Any]]) -> None:
    """A zipped Shapefile in UTF-8; its texts end at 250 bytes."""
    folder = path.with_suffix(".parts")
    folder.mkdir()
    try:
        _by_gdal(folder / "reports.shp", rows, "ESRI Shapefile", encoding="UTF-8")
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as bundle:
            for part in sorted(folder.iterdir()):
                bundle.write(part, part.name)
    finally:
        for part in folder.iterdir():
            part.unlink()
        folder.rmdir()


def _by_gdal(path: Path, rows: Iterable[list[Any]], driver: str, **options: Any) -> None:
    import pyogrio.raw  # brings pandas where that is installed: seconds for every process that only might write

    stream = iter(rows)
    is_first = True
    while (chunk := list(itertools.islice(stream, 5 * CHUNK))) or is_first:
        columns = list(zip(*chunk, strict=True)) if chunk else [()] * len(FIELDS)
        spots = shapely.points(np.array(columns[LON], dtype=float), np.array(columns[LON + 1], dtype=float))
        kept = [(place, field) for place, field in enumerate(FIELDS) if field.name not in ("lon", "lat")]
        pyogrio.raw.write(
            path,
            geometry=shapely.to_wkb(spots),
            field_data=[_column(columns[place], field.kind, driver, field.width) for place, field in kept],
            fields=np.array([field.name for _place, field in kept]),
            geometry_type="Point",
            crs="EPSG:4326",
            driver=driver,
            append=not is_first,
            gdal_tz_offsets={field.name: np.full(len(chunk), UTC_FLAG) for _place, field in kept if field.kind == "moment"}
            if driver == "GPKG"
            else None,
            **options,
        )
        is_first = False


def _column(values: tuple[Any, ...], kind: str, driver: str, width: int) -> Any:
    if kind == "moment" and driver == "GPKG":
        return np.array([value.astimezone(UTC).replace(tzinfo=None) if value else None for value in values], dtype="datetime64[ms]")
    texts = [value.strftime("%Y-%m-%dT%H:%M:%S%z") if isinstance(value, datetime) else value for value in values]
    if driver != "GPKG":
        texts = [text.encode()[:width].decode(errors="ignore") if text else text for text in texts]
    return np.array(texts, dtype=object)


FORMATS: dict[str, tuple[Callable[[Path, Iterable[list[Any]]], None], str, str]] = {
    "csv": (_csv, ".csv", "text/csv; charset=utf-8"),
    "geojson": (_geojson, ".geojson", "application/geo+json"),
    "xlsx": (_xlsx, ".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "gpkg": (_gpkg, ".gpkg", "application/geopackage+sqlite3"),
    "shp": (_shapefile, ".shp.zip", "application/zip"),
}
