"""The planner's queries answered by geopandas, from the files themselves and a plain list of reports: an oracle that shares nothing with our SQL."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from django.utils import timezone

from bench.scene import DATA, NEW, OLD
from insights.planner.models import OwnFeature
from reports.models import Report
from reports.workflow import GROUPS

SRID = 5897
HCM = "Asia/Ho_Chi_Minh"


def _read(path: Path) -> Any:
    """A file of outlines in degrees; by json and shapely, for pyogrio, which is imported before geopandas is found, does not look for it again."""
    return gpd.GeoDataFrame.from_features(json.loads(path.read_text()), crs=4326)


class Frames:
    """The reports, units and layers, in degrees and in metres."""

    def __init__(self) -> None:
        names = ("code", "category__code", "status", "severity", "filed_at", "closed_at", "due_at", "location")
        rows = pd.DataFrame(list(Report.objects.public().order_by("code").values(*names)))
        points = gpd.points_from_xy([point.x for point in rows.location], [point.y for point in rows.location], crs=4326)
        self.reports = gpd.GeoDataFrame(rows.drop(columns="location"), geometry=points).set_index("code", drop=False).rename_axis(None)
        self.metric = self.reports.to_crs(SRID)
        self.layers = {
            "base:rivers": _read(DATA / "base_rivers_osm_10main.geojson").rename(columns={"id": "label"}),
            "base:coast": _read(DATA / "base_coastline_gshhg_mekong.geojson").assign(label=""),
            "own:twelve": self._zones(),
        }
        self.units = {"2025-06-30": self._units(OLD), "2025-07-01": self._units(NEW)}

    def _zones(self) -> Any:
        rows = list(OwnFeature.objects.order_by("number").values_list("label", "geometry"))
        return gpd.GeoDataFrame(
            {"label": [label for label, _ in rows]}, geometry=[shapely.from_wkb(bytes(g.wkb)) for _, g in rows], crs=4326
        )

    def _units(self, path: Any) -> Any:
        units = _read(path)
        return units[units.level == "commune"][["code", "parent_code", "geometry"]].rename(columns={"code": "unit"}).sort_values("unit")

    def answered(self, query: dict[str, Any]) -> dict[Any, Any]:
        """Rows by key, as bench.planner tells ours."""
        codes = self._fitting(query)
        if nearest := query.get("nearest"):
            lon, lat = nearest["point"]
            target = gpd.GeoSeries([shapely.Point(lon, lat)], crs=4326).to_crs(SRID).iloc[0]
            away = self.metric.loc[codes].geometry.distance(target)
            ordered = pd.DataFrame({"code": away.index, "away": away.to_numpy()}).sort_values(["away", "code"])
            codes = ordered["code"].head(nearest["count"]).tolist()
            return {code: at for at, code in enumerate(codes)}
        chosen = self.reports.loc[codes]
        if not query.get("group"):
            ordered = chosen.reset_index(drop=True).sort_values(["filed_at", "code"], ascending=[False, True])
            return {code: at for at, code in enumerate(ordered["code"])}
        return _figures(self._keyed(chosen, query["group"]))

    def _fitting(self, query: dict[str, Any]) -> list[str]:
        keep = pd.Series(True, index=self.reports.index)
        for condition in query.get("conditions", []):
            keep &= self._condition(condition)
        for place in query.get("places", []):
            inside = self.reports.index.isin(self._place(place))
            keep &= ~inside if place.get("not") else inside
        return list(self.reports.index[keep])

    def _condition(self, condition: dict[str, Any]) -> Any:
        frame, field = self.reports, condition["field"]
        if field == "filed":
            keep = pd.Series(True, index=frame.index)
            if since := condition.get("since"):
                keep &= frame.filed_at >= pd.Timestamp(since, tz=HCM)
            if until := condition.get("until"):
                keep &= frame.filed_at < pd.Timestamp(until, tz=HCM)
            return keep
        if field == "overdue":
            return frame.closed_at.isna() & (frame.due_at < timezone.now())
        if field == "status":
            return frame.status.isin({status for name in condition["is"] for status in GROUPS.get(name, {name})})
        return frame["category__code" if field == "category" else field].isin(condition["is"])

    def _place(self, place: dict[str, Any]) -> Any:
        if area := place.get("area"):
            return self.reports.index[self.reports.geometry.covered_by(shapely.geometry.shape(area))]
        if unit := place.get("unit"):
            found = self._of_units(self.reports, place["on"])
            return found.index[(found.unit == unit) | (found.parent_code == unit)]
        layer = self.layers[place["layer"]]
        if feature := place.get("feature"):
            layer = layer[layer.label == feature]
        return gpd.sjoin(self.metric, layer.to_crs(SRID), predicate="dwithin", distance=place["metres"]).index.unique()

    def _of_units(self, chosen: Any, on: str) -> Any:
        """Each report with the lower code of the units that it lies in or on the border of."""
        joined = gpd.sjoin(chosen, self.units[on], how="left", predicate="intersects").sort_values("unit")
        return joined[~joined.index.duplicated()]

    def _keyed(self, chosen: Any, group: dict[str, Any]) -> Any:
        by = group["by"]
        if by == "unit":
            found = self._of_units(chosen, group["on"])
            return found.assign(key=found.unit if group["level"] == "commune" else found.parent_code)
        if by == "month":
            return chosen.assign(key=chosen.filed_at.dt.tz_convert(HCM).dt.strftime("%Y-%m"))
        if by == "category":
            return chosen.assign(key=chosen["category__code"])
        if by == "cell":
            metric = self.metric.loc[chosen.index].geometry
            columns, rows = (np.floor(axis / group["metres"]).astype(int) for axis in (metric.x, metric.y))
            return chosen.assign(key=[f"{x}:{y}" for x, y in zip(columns, rows, strict=True)])
        layer = self.layers[group["layer"]]
        if group.get("metres"):
            joined = gpd.sjoin(
                self.metric.loc[chosen.index], layer.to_crs(SRID)[["label", "geometry"]], predicate="dwithin", distance=group["metres"]
            )
        else:
            joined = gpd.sjoin(chosen, layer[["label", "geometry"]], predicate="intersects")
        joined = joined.reset_index(drop=True).drop_duplicates(["code", "label"])
        return joined.assign(key=joined.label)


def _figures(keyed: Any) -> dict[Any, Any]:
    """By key: count, open, resolved, median of the days of what is resolved."""
    found = {}
    for key, rows in keyed.groupby("key", dropna=False):
        days = (rows.closed_at - rows.filed_at)[rows.status == "resolved"].dt.total_seconds() / 86_400
        median = round(float(days.median()), 2) if len(days) else None
        found[None if pd.isna(key) else key] = (len(rows), int(rows.closed_at.isna().sum()), int((rows.status == "resolved").sum()), median)
    return found
