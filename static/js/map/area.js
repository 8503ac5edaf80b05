// @ts-check
// One unit's outline, laid over the base map.
import { getJson } from "../lib/fetch.js";
import { detailOf, onTheme, readColours } from "./basemap.js";
import { L } from "./leaflet.js";

/**
 * A layer that shows one unit at a time.
 * @param {any} map
 * @param {{fill?: boolean}} [options] without fill only the line is drawn: for a map that lies within the unit
 */
export function areaLayer(map, { fill = true } = {}) {
  map.createPane("area").style.zIndex = "300";
  map.getPane("area").style.pointerEvents = "none";
  const renderer = L.svg({ pane: "area", padding: 0.3 });
  const style = () => {
    const colours = readColours();
    return {
      color: colours.selected,
      weight: 2.5,
      fill,
      fillColor: colours.selected,
      fillOpacity: 0.12,
      dashArray: dashed ? "6 5" : undefined,
    };
  };
  let dashed = false;
  const layer = L.geoJSON(null, { interactive: false, renderer, style, pane: "area" }).addTo(map);
  onTheme(() => layer.setStyle(style()));
  /** @type {AbortController | null} */
  let asking = null;

  return {
    /**
     * Draws a unit; an outline that is only schematic is dashed.
     * @param {string} code
     * @param {{on?: string | null, level?: string, lang: string}} options
     */
    async show(code, { on, level, lang }) {
      asking?.abort();
      asking = new AbortController();
      const day = (on ? `&on=${on}` : "") + (level ? `&level=${level}` : "");
      const detail = Math.max(level === "province" ? 8 : level === "district" ? 10 : 12, detailOf(map.getZoom()));
      const feature = await getJson(`/api/v1/units/${encodeURIComponent(code)}/?zoom=${detail}${day}`, {
        signal: asking.signal,
        lang,
      });
      dashed = Boolean(feature.properties.schematic);
      layer.clearLayers().addData(feature);
      return feature;
    },
    clear() {
      asking?.abort();
      layer.clearLayers();
    },
  };
}
