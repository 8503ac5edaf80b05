"""A planner's own layer: a file is read by a process of its own, every feature checked, and kept as rows; all of it or nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import shapely
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from boundaries.layers import LABELS
from boundaries.names import tidied
from boundaries.outlines import is_same_area, to_django
from boundaries.readers import Layer, Limits, UnreadableFile, read_layers
from insights.planner.models import OwnFeature, OwnLayer
from insights.planner.querysets import body_of_planner

MOST_LAYERS = 30  # a person's
MOST_FEATURES = 20_000
MOST_CORNERS = 300_000
MOST_FIELDS = 50
MOST_TEXT = 500  # characters of a value
MOST_TOLD = 5  # problems
READ_SECONDS = 20
READ_MEMORY = 3_000_000_000  # bytes of address space, GDAL's own libraries included
FAR = 15.0  # degrees from the middle of the map, beyond which nothing of the province lies
NAMES = (*LABELS, "ten", "tên")


@transaction.atomic
def upload_layer(*, owner: User, name: str, attribution: str, sharing: str, file: BinaryIO, file_name: str, size: int) -> OwnLayer:
    """Keeps a layer of somebody: GeoJSON (also .gz), GeoPackage, zipped Shapefile, or CSV with lat and lon, in WGS 84 or a named system.

    Raises ValidationError with sentences: too large, unreadable, a feature that is broken or lies elsewhere (by its number), too many.
    """
    User.objects.select_for_update(no_key=True).get(pk=owner.pk)  # two tabs at once make no thirty-first
    if OwnLayer.objects.owned_by(owner).count() >= MOST_LAYERS:
        raise ValidationError({"file": _("You have %(count)d layers already: delete one first.") % {"count": MOST_LAYERS}})
    layer = OwnLayer(owner=owner, body=body_of_planner(owner), name=tidied(name), attribution=tidied(attribution), sharing=sharing)
    layer.full_clean()
    features = _checked(_read(file, file_name, size))
    layer.features_count = len(features)
    layer.repaired_count = sum(repaired for _feature, repaired in features)
    layer.corners_count = sum(feature.geometry.num_coords for feature, _repaired in features)
    layer.save()
    for feature, _repaired in features:
        feature.layer = layer
    OwnFeature.objects.bulk_create([feature for feature, _repaired in features], batch_size=500)
    return layer


def _read(file: BinaryIO, file_name: str, size: int) -> list[Layer]:
    if size > settings.PLANNER_LAYER_LIMIT:
        limit = settings.PLANNER_LAYER_LIMIT // 1_000_000
        raise ValidationError({"file": _("The file is larger than %(limit)d MB.") % {"limit": limit}})
    limits = Limits(3 * settings.PLANNER_LAYER_LIMIT, "PLANNER_LAYER_LIMIT", READ_SECONDS, READ_MEMORY)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / (Path(file_name).name.replace("\0", "")[-60:].lstrip(".") or "layer")
        with path.open("wb") as target:
            while chunk := file.read(1 << 20):
                target.write(chunk)
        try:
            return read_layers(path, limits=limits, tables=True)
        except UnreadableFile as error:
            raise ValidationError({"file": _("The file could not be read: %(reason)s") % {"reason": error.told}}) from None


def _checked(layers: Sequence[Layer]) -> list[tuple[OwnFeature, bool]]:
    """The features, each with whether it was repaired. Raises ValidationError that names those that are not right."""
    count = sum(len(layer) for layer in layers)
    if not count:
        raise ValidationError({"file": _("The file holds no features.")})
    if count > MOST_FEATURES:
        raise ValidationError({"file": _("The file holds more than %(limit)d features.") % {"limit": MOST_FEATURES}})
    found, problems, corners = [], [], 0
    for number, (geometry, properties) in enumerate(_each(layers), 1):
        label = next((tidied(str(value)) for field, value in properties.items() if field.casefold() in NAMES and value), "") or str(number)
        problem, sound = _sound(geometry)
        if problem or sound is None:
            problems.append(_("Feature %(number)d (%(label)s): %(problem)s") % {"number": number, "label": label[:60], "problem": problem})
            continue
        corners += shapely.get_num_coordinates(sound)
        repaired = not shapely.is_valid(geometry)
        found.append((OwnFeature(number=number, label=label[:200], properties=properties, geometry=to_django(sound)), repaired))
    if problems:
        more = [_("%(count)d features in all are not right.") % {"count": len(problems)}] if len(problems) > MOST_TOLD else []
        raise ValidationError({"file": [*problems[:MOST_TOLD], *more]})
    if corners > MOST_CORNERS:
        raise ValidationError({"file": _("The layer has more than %(limit)d corners: simplify it first.") % {"limit": MOST_CORNERS}})
    return found


def _each(layers: Sequence[Layer]) -> Iterator[tuple[shapely.Geometry | None, dict[str, Any]]]:
    for layer in layers:
        names = list(layer.columns)[:MOST_FIELDS]
        for index, geometry in enumerate(layer.outlines):
            yield geometry, {_text(name): _text(layer.columns[name][index]) for name in names}


def _text(value: Any) -> Any:
    """A value without what PostgreSQL's JSON cannot hold, and no longer than a label."""
    if isinstance(value, str):
        return value.replace("\0", "")[:MOST_TEXT]
    return value if value is None or isinstance(value, bool | int | float) else str(value)[:MOST_TEXT]


def _sound(geometry: shapely.Geometry | None) -> tuple[str, shapely.Geometry | None]:
    """What is wrong with a geometry ("": nothing), and the geometry in two dimensions, repaired where that leaves the same area."""
    if geometry is None or geometry.is_empty:
        return _("it has no geometry that can be read."), None
    flat = shapely.force_2d(geometry)
    west, south, east, north = shapely.bounds(flat)
    x, y = (settings.MAP_EXTENT[0] + settings.MAP_EXTENT[2]) / 2, (settings.MAP_EXTENT[1] + settings.MAP_EXTENT[3]) / 2
    if not (x - FAR <= west <= east <= x + FAR and y - FAR <= south <= north <= y + FAR):
        return _("it lies far from here (%(west)g %(south)g to %(east)g %(north)g): are longitude and latitude swapped, or is it in another system?") % {
            "west": west, "south": south, "east": east, "north": north,
        }, None  # fmt: skip
    if shapely.is_valid(flat):
        return "", flat
    repaired = shapely.make_valid(flat, method="structure", keep_collapsed=False)
    if shapely.get_dimensions(flat) == 2 and is_same_area(flat, repaired):
        return "", repaired
    return _("its geometry is broken and cannot be repaired safely (%(reason)s).") % {"reason": shapely.is_valid_reason(flat)}, None
