"""Layers of the base map: lines and areas that are drawn besides units."""

from __future__ import annotations

import re
from collections.abc import Sequence

import shapely
from django.db import transaction

from boundaries.models import BaseLayer
from boundaries.names import tidied
from boundaries.outlines import is_same_area, no_degrees, to_django
from boundaries.readers import Layer

LABELS = ("name", "label", "name_vi", "id")
MAX_NAME = BaseLayer._meta.get_field("name").max_length or 0
MAX_ATTRIBUTION = BaseLayer._meta.get_field("attribution").max_length or 0


class LayerError(Exception):
    """Why a layer was not loaded: one sentence a problem."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(self.problems))


@transaction.atomic
def load_layer(*, name: str, layers: Sequence[Layer], attribution: str) -> tuple[int, int]:
    """Replaces the layer of that name by the features of a file, all properties kept. Returns how many there are, and how many were repaired.

    Raises LayerError: a name that does not fit an address, no attribution, no features, geometries that are absent, broken, swapped or no degrees.
    """
    problems = _refusals(name, attribution, layers)
    rows, repaired = [], 0
    for layer in layers:
        for index, geometry in enumerate(layer.outlines):
            mended_one, problem = _mended(geometry)
            if problem:
                problems.append(f"{layer.label}, feature {index + 1}: {problem}.")
                continue
            repaired += not shapely.is_valid(geometry)
            properties = {field: values[index] for field, values in layer.columns.items()}
            label = next((tidied(str(properties[field])) for field in LABELS if properties.get(field)), "")
            rows.append(
                BaseLayer(name=name, label=label[:200], attribution=attribution, properties=properties, geometry=to_django(mended_one))
            )
    if problems:
        raise LayerError(problems)
    BaseLayer.objects.filter(name=name).delete()
    BaseLayer.objects.bulk_create(rows, batch_size=500)
    return len(rows), repaired


def _refusals(name: str, attribution: str, layers: Sequence[Layer]) -> list[str]:
    problems = []
    if not re.fullmatch(r"[-a-z0-9_]+", name) or len(name) > MAX_NAME:
        problems.append(f"“{name}” is no name for a layer: take small letters, digits and hyphens, at most {MAX_NAME}.")
    if not attribution.strip() or len(attribution) > MAX_ATTRIBUTION:
        problems.append(f"A layer needs an attribution, of at most {MAX_ATTRIBUTION} characters.")
    if not any(len(layer) for layer in layers):
        problems.append("The file holds no features.")
    return problems


def _mended(geometry: shapely.Geometry | None) -> tuple[shapely.Geometry | None, str | None]:
    """The geometry in two dimensions, repaired where that is safe; or what is wrong with it."""
    if geometry is None or geometry.is_empty:
        return None, "its geometry is absent, empty, or cannot be read"
    west, south, east, north = shapely.bounds(geometry)
    if wrong := no_degrees(west, south, east, north):
        return None, wrong
    flat = shapely.force_2d(geometry) if shapely.has_z(geometry) else geometry
    if shapely.is_valid(flat):
        return flat, None
    repaired = shapely.make_valid(flat, method="structure", keep_collapsed=False)
    if shapely.get_dimensions(flat) == 2 and is_same_area(flat, repaired):
        return repaired, None
    return None, f"its geometry is broken and cannot be repaired safely ({shapely.is_valid_reason(flat)})"
