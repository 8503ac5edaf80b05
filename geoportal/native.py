"""Where the GDAL and GEOS inside the pinned wheels lie, so that GeoDjango loads those and not a system's older ones."""

from importlib.util import find_spec
from pathlib import Path


def _bundled(package: str, pattern: str) -> str | None:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        return None
    site_packages = Path(spec.origin).parent.parent
    found = sorted((site_packages / f"{package}.libs").glob(pattern))
    return str(found[0]) if found else None


def gdal_library() -> str | None:
    """Path of pyogrio's libgdal, or None where its wheel brings none (Django then looks for a system library)."""
    return _bundled("pyogrio", "libgdal*.so*")


def geos_library() -> str | None:
    """Path of shapely's libgeos_c, or None where its wheel brings none."""
    return _bundled("shapely", "libgeos_c*.so*")
