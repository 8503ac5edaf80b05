"""Files that are made whole before they are sent: XLSX row by row; GeoPackage and Shapefile by GDAL, a thousand rows at a time."""

from __future__ import annotations

import itertools
import zipfile
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from xlsxwriter import Workbook

from insights.exports.rows import CHUNK, FIELDS
from insights.exports.streams import LON, csv_lines, geojson_lines

UTC_FLAG = 100  # GDAL's for UTC
MOST_SHEET_ROWS = 1_048_575  # a sheet holds one more, its head
MOST_CELL_LETTERS = 32_000  # a cell ends at 32,767
WIDTHS = {"moment": 19, "number": 11}  # of columns, in letters
Tell = Callable[[int], None]


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
    """A workbook of one sheet, row by row: texts stand in their cells, so no table of them has to be kept in memory. Times as in Vietnam."""
    options = {"constant_memory": True, "tmpdir": str(path.parent), "remove_timezone": True}
    with Workbook(str(path), options) as book:
        book.use_zip64()
        sheet = book.add_worksheet("reports")
        moments = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        sheet.freeze_panes(1, 0)
        for place, field in enumerate(FIELDS):
            sheet.set_column(place, place, WIDTHS.get(field.kind, 14))
        sheet.write_row(0, 0, [field.name for field in FIELDS], book.add_format({"bold": True}))
        for line, row in enumerate(itertools.islice(rows, MOST_SHEET_ROWS), 1):
            for place, value in enumerate(row):
                if isinstance(value, datetime):
                    sheet.write_datetime(line, place, value, moments)
                elif isinstance(value, float | int):
                    sheet.write_number(line, place, value)
                elif value:  # a text, whatever it looks like: neither a formula, nor a link, nor a number
                    sheet.write_string(line, place, value[:MOST_CELL_LETTERS])


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
