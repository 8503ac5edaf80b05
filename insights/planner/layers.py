"""Layers that a query may name: those of the base map ("base:rivers") and uploaded ones ("own:…") that somebody may see."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.contrib.gis.db.models.functions import AsGeoJSON
from django.db import connection
from django.db.models import Count, Min
from django.utils.translation import gettext as _

from accounts.models import User
from boundaries.models import BaseLayer
from gis.functions import SimplifyPreserveTopology
from insights.planner.language import LayerPart, refuse
from insights.planner.models import OwnFeature, OwnLayer

MOST_DRAWN = 5_000  # features

# A feature without a name of its own is called by its number
BASE_FEATURES = """SELECT COALESCE(NULLIF(label, ''), '#' || id) AS label, geometry FROM boundaries_baselayer WHERE name = %s"""
OWN_FEATURES = """SELECT label, geometry FROM insights_ownfeature WHERE layer_id = %s"""


@dataclass(frozen=True)
class Listed:
    """A layer as lists show it; `mine`: may be deleted by who asks."""

    key: str
    name: str
    attribution: str
    features: int
    mine: bool = False
    sharing: str = ""
    owner: str = ""

    @property
    def own_key(self) -> str:
        """The key of an uploaded layer."""
        return self.key.partition(":")[2]


@dataclass(frozen=True)
class Found:
    """A layer that a query names, and what reads its features (label, geometry in WGS 84)."""

    key: str
    name: str
    feature: str
    attribution: str
    sql: str
    params: tuple[Any, ...]


def listed_layers(user: User | AnonymousUser) -> list[Listed]:
    """Every layer that somebody may ask, those of the base map first."""
    base = BaseLayer.objects.order_by("name").values("name").annotate(features=Count("pk"), attribution=Min("attribution"))
    own = OwnLayer.objects.open_to(user).select_related("owner")
    return [
        *(Listed(f"base:{row['name']}", row["name"], row["attribution"], row["features"]) for row in base),
        *(
            Listed(
                f"own:{layer.key}", layer.name, layer.attribution, layer.features_count,
                mine=layer.owner_id == user.pk, sharing=layer.sharing, owner=str(layer.owner),
            )
            for layer in own
        ),
    ]  # fmt: skip


def drawn_features(layer: OwnLayer, zoom: int) -> dict[str, Any]:
    """An uploaded layer as a FeatureCollection for a map, simplified to half a pixel of the zoom."""
    half_a_pixel = 360 / (256 * 2**zoom) / 2
    drawn = AsGeoJSON(SimplifyPreserveTopology("geometry", half_a_pixel), precision=6)
    rows = OwnFeature.objects.filter(layer=layer).order_by("number").annotate(drawn=drawn).values_list("label", "properties", "drawn")
    features = [
        {"type": "Feature", "geometry": json.loads(geometry), "properties": {"label": label, "properties": properties}}
        for label, properties, geometry in rows[:MOST_DRAWN]
    ]
    return {"type": "FeatureCollection", "features": features, "withheld": layer.features_count - len(features)}


def found_layer(part: LayerPart, user: User | AnonymousUser, where: str) -> Found:
    """The layer that a part of a query names. Raises QueryError where there is none that this person may see, or no feature of that name."""
    kind, _colon, name = part.layer.partition(":")
    own = OwnLayer.objects.open_to(user).filter(key=name).first() if kind == "own" else None
    base = BaseLayer.objects.filter(name=name).order_by("pk").first() if kind == "base" else None
    if own is not None:
        found = Found(part.layer, own.name, part.feature, own.attribution, OWN_FEATURES, (own.pk,))
    elif base is not None:
        found = Found(part.layer, name, part.feature, base.attribution, BASE_FEATURES, (name,))
    else:
        refuse(f"{where}.layer", _("There is no layer “%(name)s” that you may see.") % {"name": part.layer[:60]})
    if not part.feature:
        return found
    named = f"SELECT label, geometry FROM ({found.sql}) AS every WHERE label = %s"  # noqa: S608  fixed texts
    if part.feature not in feature_names(found):
        refuse(f"{where}.feature", _("The layer has no feature “%(name)s”.") % {"name": part.feature[:60]})
    return Found(found.key, found.name, part.feature, found.attribution, named, (*found.params, part.feature))


def feature_names(found: Found) -> list[str]:
    """The names of a layer's features, sorted."""
    with connection.cursor() as cursor:
        sql = f'SELECT DISTINCT label COLLATE "vi-x-icu" FROM ({found.sql}) AS every ORDER BY 1'  # noqa: S608  fixed texts
        cursor.execute(sql, found.params)
        return [label for (label,) in cursor.fetchall()]
