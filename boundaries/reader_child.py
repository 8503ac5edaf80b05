"""A program of its own: reads one geographic file with GDAL inside limits and writes what it says to standard output.

Run by boundaries/readers.py as `python -I reader_child.py '{"path": …}'`. It knows neither Django's settings nor the database, sets its limits
before it touches the file, and answers with one line of JSON followed by the outlines as WKB. What it cannot read it refuses with a sentence.
"""

from __future__ import annotations

import codecs
import contextlib
import csv
import glob
import gzip
import io
import json
import math
import re
import resource
import struct
import sys
import tempfile
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import IO, Any, NoReturn

CHUNK = 1 << 20
DRIVERS = {"GeoJSON", "GPKG", "ESRI Shapefile"}
SHAPEFILE_PARTS = {".shp", ".shx", ".dbf", ".prj", ".cpg", ".cst", ".qix", ".sbn", ".sbx", ".xml", ".txt"}
WGS84 = ("EPSG:4326", "OGC:CRS84", "EPSG:4979")  # 4979: with heights, which are dropped later
CRS_MEMBER = re.compile(rb'"crs"\s*:\s*(\{[^{}]*(?:\{[^{}]*\}[^{}]*)?\})')
LONGITUDES = {"lon", "lng", "long", "longitude", "kinh độ", "kinh_do", "x"}
LATITUDES = {"lat", "latitude", "vĩ độ", "vi_do", "y"}
NOT_A_GEO_FILE = "is not a GeoJSON, GeoPackage or Shapefile"


class RefusedFile(Exception):
    """Why the file cannot be read: a sentence that continues after the file's name, with places for values, as boundaries/reader_words.py translates it."""

    def __init__(self, words: str, **values: object) -> None:
        self.words, self.values = words, {name: str(value) for name, value in values.items()}
        super().__init__(words % self.values)


def main() -> None:
    """Reads the file named in the first argument; exits with 0 whether it was read or refused."""
    task = json.loads(sys.argv[1])
    restrict(task)
    answer(task, sys.stdout.buffer)


def restrict(task: dict[str, Any]) -> None:
    """Sets hard limits on memory, processor time and written bytes for this process."""
    for kind, limit in (
        (resource.RLIMIT_AS, task["memory"]),
        (resource.RLIMIT_CPU, task["seconds"]),
        (resource.RLIMIT_FSIZE, 2 * task["limit"]),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 64),
    ):
        resource.setrlimit(kind, (limit, limit))


def answer(task: dict[str, Any], out: IO[bytes]) -> None:
    """Writes what the file says: a line of JSON (the lengths of the outlines included), then the outlines; or one with the reason for a refusal."""
    outlines: list[bytes | None] = []
    head: dict[str, Any]
    try:
        layers = read(Path(task["path"]), task)
        outlines = [outline for _, layer in layers for outline in layer]
        head = {"layers": [layer for layer, _ in layers]}
    except RefusedFile as refusal:
        head = {"refused": refusal.words, "values": refusal.values}
    except MemoryError:
        head = {"refused": "needs more memory than a boundary file may", "values": {}}
    head["lengths"] = [None if outline is None else len(outline) for outline in outlines]
    out.write(json.dumps(head, default=str).encode() + b"\n")
    for outline in outlines:
        out.write(outline or b"")
    out.flush()


Layer = tuple[dict[str, Any], list[bytes | None]]


def read(path: Path, task: dict[str, Any]) -> list[Layer]:
    """All layers of the file, by what its first bytes say that it is; the name counts for nothing."""
    limit = int(task["limit"])
    with path.open("rb") as file:
        start = file.read(16)
    if start.startswith(b"\x1f\x8b"):
        return read_geojson(unzipped(path, task), task)
    if path.stat().st_size > limit:
        too_large(task)
    if start.startswith(b"PK\x03\x04"):
        with tempfile.TemporaryDirectory() as folder:
            return read_shapefile(unpacked(path, Path(folder), task), task)
    if start.startswith(b"SQLite format 3\0"):
        return read_with_gdal(path, task)
    if start.startswith(b"\x00\x00\x27\x0a"):
        return read_shapefile(path, task)
    if not start:
        raise RefusedFile("is empty")
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise RefusedFile("is text in UTF-16; save it as UTF-8")
    content = path.read_bytes()
    if task["tables"] and not content.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"{"):
        return read_table(content)
    return read_geojson(content, task)


def too_large(task: dict[str, Any], unpacked: bool = False) -> NoReturn:
    """Raises the refusal of a file beyond the limit, as it is or unpacked."""
    limit, setting = f"{task['limit'] / 1_000_000:,.0f}", task["setting"]
    if unpacked:
        raise RefusedFile("unpacks to something larger than the limit of %(limit)s MB (%(setting)s)", limit=limit, setting=setting)
    raise RefusedFile("is larger than the limit of %(limit)s MB (%(setting)s)", limit=limit, setting=setting)


def unzipped(path: Path, task: dict[str, Any]) -> bytes:
    """The content of a gzip file, never more than the limit."""
    content, limit = io.BytesIO(), int(task["limit"])
    try:
        with gzip.open(path) as file:
            while chunk := file.read(CHUNK):
                if content.tell() + len(chunk) > limit:
                    too_large(task, unpacked=True)
                content.write(chunk)
    except EOFError:
        raise RefusedFile("is a gzip file that is cut off: copy or download it again") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise RefusedFile("is a damaged gzip file (%(error)s): copy or download it again", error=error) from None
    return content.getvalue()


def unpacked(path: Path, folder: Path, task: dict[str, Any]) -> Path:
    """The .shp of a zipped Shapefile, its parts unpacked to the folder; what the archive says of sizes is not believed."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = [member for member in archive.infolist() if is_shapefile_part(member)]
            shapes = [member for member in members if member.filename.lower().endswith(".shp")]
            if len(shapes) != 1:
                raise RefusedFile("is a zip file with %(count)s Shapefiles; one is needed", count=len(shapes))
            stem = shapes[0].filename[:-4]
            left = int(task["limit"])
            for member in members:
                suffix = Path(member.filename).suffix
                if member.filename != stem + suffix:
                    continue
                with archive.open(member) as source, (folder / f"layer{suffix.lower()}").open("wb") as target:
                    while chunk := source.read(CHUNK):
                        left -= len(chunk)
                        if left < 0:
                            too_large(task, unpacked=True)
                        target.write(chunk)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise RefusedFile("is a damaged or locked zip file (%(error)s): copy or download it again", error=error) from None
    return folder / "layer.shp"


def is_shapefile_part(member: zipfile.ZipInfo) -> bool:
    """Whether an archive member belongs to a Shapefile; macOS' resource forks (._name) do not."""
    name = Path(member.filename)
    return name.suffix.lower() in SHAPEFILE_PARTS and not name.name.startswith("._")


def read_table(content: bytes) -> list[Layer]:
    """A CSV (comma, semicolon or tab) with a header, as points; numbers may have a decimal comma."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RefusedFile("is not UTF-8 text: byte %(byte)s; save it as CSV UTF-8", byte=error.start) from None
    first = text.split("\n", 1)[0]
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count), strict=True)
    try:
        names = [name.strip() for name in next(rows, [])]
        x, y = (next((at for at, name in enumerate(names) if name.casefold() in known), None) for known in (LONGITUDES, LATITUDES))
        if x is None or y is None:
            raise RefusedFile("is a table without a column lat and a column lon")
        columns: dict[str, list[Any]] = {name: [] for name in names}
        points: list[bytes | None] = []
        for number, row in enumerate(rows, 1):
            if not row:
                continue
            if len(row) != len(names):
                raise RefusedFile(
                    "is a table whose row %(row)s has %(cells)s cells, its header %(names)s", row=number, cells=len(row), names=len(names)
                )
            for name, cell in zip(names, row, strict=True):
                columns[name].append(cell)
            points.append(struct.pack("<BIdd", 1, 1, coordinate(row[x], number), coordinate(row[y], number)))
    except csv.Error as error:
        raise RefusedFile("is no table that can be read: %(error)s", error=error) from None
    return [({"name": "table", "columns": columns, "count": len(points)}, points)]


def coordinate(text: str, number: int) -> float:
    """A finite number of degrees."""
    try:
        degrees = float(text.strip().replace(",", "."))
    except ValueError:
        degrees = math.nan
    if not math.isfinite(degrees):
        raise RefusedFile("has a coordinate that is no number: row %(row)s, “%(text)s”", row=number, text=text[:30])
    return degrees


def read_geojson(content: bytes, task: dict[str, Any]) -> list[Layer]:
    """GeoJSON text, checked to be UTF-8 first: GDAL would stop without saying where."""
    content = content.removeprefix(codecs.BOM_UTF8)
    if not content.strip():
        raise RefusedFile("is empty")
    if not content.lstrip().startswith(b"{"):
        raise RefusedFile(NOT_A_GEO_FILE)
    decoder = codecs.getincrementaldecoder("utf-8")()
    for start in range(0, len(content), CHUNK):
        try:
            decoder.decode(content[start : start + CHUNK], final=start + CHUNK >= len(content))
        except UnicodeDecodeError as error:
            at = max(start + error.start - (len(error.object) - len(content[start : start + CHUNK])), 0)
            number = len(re.findall(rb'"type"\s*:\s*"Feature"', content[:at]))
            near = content[max(at - 25, 0) : at + 25].decode("ascii", "replace").replace("\n", " ")
            raise RefusedFile(
                "is not UTF-8 text: feature %(feature)s, byte %(byte)s, near “%(near)s”; save it as UTF-8",
                feature=max(number, 1),
                byte=at,
                near=near,
            ) from None
    refuse_unknown_system(content)
    return read_with_gdal(content, task, DATE_AS_STRING="YES")  # we say whose date is wrong; GDAL would only say that one is


def refuse_unknown_system(content: bytes) -> None:
    """GeoJSON may still name a coordinate system; one that GDAL does not know it would take for WGS 84 without a word."""
    member = CRS_MEMBER.search(content[:CHUNK]) or CRS_MEMBER.search(content[-CHUNK:])
    if member is None or re.search(rb"4326|4979|CRS84|WGS ?84", member[1], re.IGNORECASE):
        return
    import pyogrio

    with contextlib.suppress(pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError):  # told when the file is read
        if pyogrio.read_info(content)["crs"] in (None, *WGS84):
            system = " ".join(member[1].decode().split())[:100]
            raise RefusedFile("names a coordinate system that is not understood: %(system)s", system=system)


def read_shapefile(path: Path, task: dict[str, Any]) -> list[Layer]:
    """A Shapefile, its text in the encoding that its .cpg names, else UTF-8."""
    missing = [suffix for suffix in (".shx", ".dbf") if not sibling(path, suffix)]
    if sum(part.stat().st_size for part in path.parent.glob(f"{glob.escape(path.stem)}.*")) > task["limit"]:
        too_large(task)
    if missing:
        raise RefusedFile("is a Shapefile without its %(parts)s file: all parts must lie side by side", parts=", ".join(missing))
    cpg = sibling(path, ".cpg")
    declared = cpg.read_bytes()[:40].decode("ascii", "replace").strip() if cpg else "UTF-8"
    declared = f"cp{declared}" if declared.isdigit() and declared != "65001" else declared
    try:
        encoding = codecs.lookup("utf-8" if declared == "65001" else declared.replace("ANSI ", "cp")).name
    except LookupError:
        raise RefusedFile("is a Shapefile whose .cpg names an unknown encoding: “%(encoding)s”", encoding=declared) from None
    # Latin-1 hands every byte through, so that we can say which feature is not in the encoding; GDAL would only say that one is not
    layers = read_with_gdal(path, task, encoding="ISO-8859-1")
    for layer, _ in layers:
        decoded = {}
        for name, values in layer["columns"].items():
            decoded[redecoded(name, encoding, 0)] = [redecoded(value, encoding, n) for n, value in enumerate(values, 1)]
        layer["columns"] = decoded
    return layers


def redecoded(value: Any, encoding: str, number: int) -> Any:
    """A text that was read as Latin-1, in its true encoding."""
    if not isinstance(value, str):
        return value
    try:
        return value.encode("latin-1").decode(encoding)
    except UnicodeDecodeError:
        told = {"encoding": encoding.upper(), "text": value}
        if not number:
            raise RefusedFile(
                "is not in %(encoding)s: the names of its fields, “%(text)s”; save it as UTF-8 with a .cpg file", **told
            ) from None
        raise RefusedFile(
            "is not in %(encoding)s: feature %(feature)s, “%(text)s”; save it as UTF-8 with a .cpg file", feature=number, **told
        ) from None


def sibling(path: Path, suffix: str) -> Path | None:
    """The part of a Shapefile with that suffix, in either case."""
    return next((part for part in (path.with_suffix(suffix), path.with_suffix(suffix.upper())) if part.exists()), None)


def read_with_gdal(source: Path | bytes, task: dict[str, Any], encoding: str | None = None, **options: str) -> list[Layer]:
    """Every layer with outlines, in WGS 84; GDAL's drivers and network are already cut down by the environment."""
    import numpy as np
    import pyogrio
    from pyogrio.errors import DataLayerError, DataSourceError

    if unlisted := set(pyogrio.list_drivers()) - DRIVERS - {"MEM"}:
        raise RefusedFile("is not read: GDAL has drivers that are not on our list (%(drivers)s)", drivers=", ".join(sorted(unlisted)))
    warnings.simplefilter("ignore")
    layers: list[Layer] = []
    try:
        for index, (name, kind) in enumerate(pyogrio.list_layers(source)):
            if kind is None:
                continue
            how = {"layer": index, "encoding": encoding, "datetime_as_string": True, **options}
            try:
                meta, _, outlines, values = pyogrio.raw.read(source, **how)
            except UnicodeDecodeError:
                raise RefusedFile("has text that is not UTF-8: feature %(feature)s", feature=first_garbled(source, how)) from None
            columns = {str(field): plain(column) for field, column in zip(meta["fields"], values, strict=True)}
            wkb = [None if outline is None else bytes(outline) for outline in outlines]
            layers.append(({"name": str(name), "columns": columns, "count": len(wkb)}, to_wgs84(wkb, meta["crs"], task)))
    except (DataSourceError, DataLayerError, ValueError, np.exceptions.DTypePromotionError) as error:
        message = str(error).split("; It might help")[0].replace("\n", " ").rstrip(".")
        if "not recognized" in message:
            raise RefusedFile(NOT_A_GEO_FILE) from None
        raise RefusedFile("cannot be read: %(error)s", error=message) from None
    if not layers:
        raise RefusedFile("holds no layer with outlines")
    return layers


def first_garbled(source: Path | bytes, how: dict[str, Any]) -> int:
    """The number of the first feature whose text cannot be decoded."""
    import pyogrio

    number = 0
    with contextlib.suppress(UnicodeDecodeError):
        while True:
            pyogrio.raw.read(source, skip_features=number, max_features=1, **how)
            number += 1
    return number + 1


def plain(column: Any) -> list[Any]:
    """A column as plain values of JSON: text, numbers, True and False, None."""
    return [plain_value(value) for value in column.tolist()]


def plain_value(value: Any) -> Any:
    if isinstance(value, float):
        return None if value != value else int(value) if value.is_integer() else value
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray)):
        return None
    if hasattr(value, "tolist"):
        return [plain_value(item) for item in value.tolist()]
    return value


def to_wgs84(outlines: list[bytes | None], crs: str | None, task: dict[str, Any]) -> list[bytes | None]:
    """The outlines in WGS 84 [lon, lat]; a file without a coordinate system is refused, and so is one that only a guess leads to WGS 84."""
    if not outlines:
        return outlines
    if crs in WGS84:
        return outlines
    if crs is None:
        raise RefusedFile("names no coordinate system (CRS): add its .prj, or save it in WGS 84 (EPSG:4326)")
    return list(transformed(outlines, crs, task))


def transformed(outlines: list[bytes | None], crs: str, task: dict[str, Any]) -> Iterator[bytes | None]:
    """Each outline moved from a named coordinate system to WGS 84."""
    from ctypes import c_int, c_void_p

    from django.conf import settings

    settings.configure(GDAL_LIBRARY_PATH=task["gdal"], GEOS_LIBRARY_PATH=task["geos"])
    from django.contrib.gis.gdal import GDALException, OGRGeometry, SpatialReference
    from django.contrib.gis.gdal.libgdal import lgdal

    new_options, new_way = lgdal.OCTNewCoordinateTransformationOptions, lgdal.OCTNewCoordinateTransformationEx
    refuse_guesses = lgdal.OCTCoordinateTransformationOptionsSetBallparkAllowed
    new_options.argtypes, new_options.restype = [], c_void_p
    new_way.argtypes, new_way.restype = [c_void_p, c_void_p, c_void_p], c_void_p
    refuse_guesses.argtypes = [c_void_p, c_int]
    try:
        code = re.fullmatch(r"EPSG:(\d+)", crs)
        source = SpatialReference(int(code[1])) if code else SpatialReference(crs, srs_type="wkt")
        options = new_options()
        # A ballpark transformation ignores the datum: VN-2000 would come to lie 200 m off
        refuse_guesses(options, 0)
        target = SpatialReference(4326)
        way = new_way(source.ptr, target.ptr, options)
    except GDALException as error:
        raise RefusedFile(
            "names a coordinate system that is not understood (%(system)s): %(error)s", system=crs[:80], error=error
        ) from None
    if not way:
        raise RefusedFile("is in a coordinate system that has no known way to WGS 84: %(system)s", system=crs[:80])
    for number, outline in enumerate(outlines, 1):
        if outline is None:
            yield None
            continue
        geometry = OGRGeometry(memoryview(outline))
        try:
            lgdal.OGR_G_Transform(geometry.ptr, way)  # Django's own prototype raises where it fails
        except GDALException:
            raise RefusedFile(
                "cannot be moved from %(system)s to WGS 84: the coordinates of feature %(feature)s do not belong to that system",
                system=crs[:80],
                feature=number,
            ) from None
        yield bytes(geometry.wkb)


if __name__ == "__main__":
    main()
