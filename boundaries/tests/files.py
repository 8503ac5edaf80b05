"""Boundary files as they come from outside, made for one test: units as squares of 0.1° in Cà Mau."""

import gzip
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio.raw
import shapely

WEST, SOUTH, SIZE = 105.0, 9.0, 0.1
FIELDS = ("code", "name", "level", "parent_code", "valid_from", "valid_to", "source")


def box(west: float = WEST, south: float = SOUTH, size: float = SIZE) -> dict[str, Any]:
    """The outline of a square, counter-clockwise."""
    return outline([(west, south), (west + size, south), (west + size, south + size), (west, south + size), (west, south)])


def outline(*rings: list[tuple[float, float]]) -> dict[str, Any]:
    """A polygon of rings of [lon, lat]."""
    return {"type": "Polygon", "coordinates": [[list(corner) for corner in ring] for ring in rings]}


def feature(geometry: dict[str, Any] | None = None, **properties: Any) -> dict[str, Any]:
    """A feature with just these properties."""
    return {"type": "Feature", "properties": properties, "geometry": geometry or box()}


def commune(
    code: str = "32001",
    name: str = "Xã Tây",
    west: float = WEST,
    south: float = SOUTH,
    size: float = SIZE,
    geometry: Any = None,
    **properties: Any,
) -> dict[str, Any]:
    """A commune of province 96, in force since the merger."""
    given = {"code": code, "name": name, "level": "commune", "parent_code": "96", "valid_from": "2025-07-01", "valid_to": None} | properties
    return feature(geometry or box(west, south, size), **given)


def province(
    code: str = "96", name: str = "Tỉnh Cà Mau", west: float = WEST, south: float = SOUTH, size: float = 10 * SIZE, **properties: Any
) -> dict[str, Any]:
    """A province in force since the merger, as large as ten by ten communes."""
    return commune(code, name, west, south, size, **{"level": "province", "parent_code": None} | properties)


def district(
    code: str = "964", name: str = "Huyện Đông", west: float = WEST, south: float = SOUTH, size: float = 5 * SIZE, **properties: Any
) -> dict[str, Any]:
    """A district of province 96, in force until the merger."""
    return commune(code, name, west, south, size, **{"level": "district", "valid_from": None, "valid_to": "2025-07-01"} | properties)


def geojson(path: Path, *features: dict[str, Any], **members: Any) -> Path:
    """Writes a FeatureCollection; compressed where the name ends in .gz."""
    text = json.dumps({"type": "FeatureCollection", **members, "features": list(features)}, ensure_ascii=False).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path


def table(
    path: Path, *features: dict[str, Any], driver: str, crs: str | None = "EPSG:4326", fields: tuple[str, ...] = FIELDS, **options: Any
) -> Path:
    """Writes a GeoPackage or Shapefile."""
    outlines = np.array([shapely.from_geojson(json.dumps(one["geometry"])) for one in features], dtype=object)
    columns = [np.array([one["properties"].get(name) for one in features], dtype=object) for name in fields]
    with warnings.catch_warnings(action="ignore"):  # of what we mean: no coordinate system, an old encoding
        pyogrio.raw.write(
            str(path), shapely.to_wkb(outlines), columns, list(fields), geometry_type="Unknown" if driver == "GPKG" else "Polygon",
            crs=crs, driver=driver, **options,
        )  # fmt: skip
    return path


def gpkg(path: Path, *features: dict[str, Any], **options: Any) -> Path:
    """Writes a GeoPackage."""
    return table(path, *features, driver="GPKG", **options)


def shapefile(path: Path, *features: dict[str, Any], **options: Any) -> Path:
    """Writes a Shapefile; its field names are cut to ten letters."""
    fields = options.pop("fields", tuple(name[:10] for name in FIELDS))
    short = [{**one, "properties": {name[:10]: value for name, value in one["properties"].items()}} for one in features]
    return table(path, *short, driver="ESRI Shapefile", fields=fields, **options)
