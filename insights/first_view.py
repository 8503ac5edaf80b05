"""What a visitor sees first of the map, sent along in its page: on a weak line one wait in place of three."""

from __future__ import annotations

import json
import math

from django.conf import settings
from django.utils.safestring import SafeString, mark_safe

from gis.cells import DEPTH, cell_of
from insights.clusters import FINER, Stand, feature_collection, window_of
from insights.conditional import etag_of
from insights.filters import Filters
from insights.kept_answers import KeptAnswers
from insights.pyramid.read import Mix

BY = ("status",)
PHONE = (340, 440)  # pixels of a small phone's map that nothing lies over
TILE = 256
ZOOMS = 2  # a phone's and the next: a common screen's. A larger one asks by itself
AROUND = 2  # times the extent at each side: a phone is far higher than it is wide
MOST = 16
KEPT = KeptAnswers(MOST)
IN_A_SCRIPT = str.maketrans({"<": "\\u003C", ">": "\\u003E", "&": "\\u0026"})  # as json_script has it


def first_clusters(filters: Filters) -> SafeString | None:
    """JSON for the page: clusters, as the API answers them, of a box far around the site's extent at the zooms with which screens begin.

    None where they would have to be counted report by report (no pyramid; the days of a period): the page waits for nothing long, the map asks by
    itself. It is what all may see: the same for every visitor.
    """
    stand = Stand.now()
    if not stand.built or filters.period:
        return None
    asked = {name: value for name, value in (("category", filters.category), ("status", filters.status)) if value}
    mix, box = Mix.of(asked), _around(settings.MAP_EXTENT)
    collections = []
    for zoom in _zooms(settings.MAP_EXTENT):
        window = window_of(box, zoom)

        def made() -> bytes:
            return feature_collection(mix, window, stand, BY).encode()  # noqa: B023  it is called in this turn

        kept = KEPT.get((stand.version, stand.codes_text, window, mix.key), made, "")
        collections.append(f'"{zoom}":{kept.decode()}')
    said = json.dumps({"version": etag_of(stand.version), "box": box, "asked": asked})
    return mark_safe(f'{said[:-1]},"zooms":{{{",".join(collections)}}}}}'.translate(IN_A_SCRIPT))  # noqa: S308


def _around(extent: list[float]) -> tuple[float, float, float, float]:
    west, south, east, north = extent
    dx, dy = AROUND * (east - west), AROUND * (north - south)
    return max(west - dx, -180.0), max(south - dy, -85.0), min(east + dx, 180.0), min(north + dy, 85.0)


def _zooms(extent: list[float]) -> range:
    """The zooms for which a phone and the next larger screen ask at first: one below their own, as static/js/pages/home.js has it."""
    west, south, east, north = extent
    (first_x, first_y), (last_x, last_y) = cell_of(west, north, DEPTH), cell_of(east, south, DEPTH)
    across = min(room / TILE * 2**DEPTH / max(cells, 1) for room, cells in zip(PHONE, (last_x - first_x, last_y - first_y), strict=True))
    lowest = min(max(0, math.floor(math.log2(across)) - 1), DEPTH - FINER - ZOOMS)
    return range(lowest, lowest + ZOOMS)
