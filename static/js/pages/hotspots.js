// @ts-check
// Hot spots on the map: what stands out in its colour, the rest only outlined; the table beside it says the same in words.
import { createMap } from "../map/basemap.js";
import { hasLeaflet } from "../map/leaflet.js";
import { featureLayer } from "../map/planner.js";
import { lang, pageConfig, pageWords } from "../ui/page.js";

const KINDS = /** @type {Record<string, string>} */ ({
  hot: "--danger",
  cluster: "--danger",
  "high beside low": "--warning",
  "low beside high": "--warning",
  cold: "--info",
  silent: "--info",
  emerging: "--danger",
  vanishing: "--info",
});

const element = document.getElementById("map");
const { on } = pageConfig("map-config");
const found = pageConfig("planner-result");

if (element && hasLeaflet) {
  const { map } = createMap(element, { words: pageWords("map-words"), lang, on: on || undefined, scrollZoom: false });
  if (found.features?.length) {
    const hasKinds = found.features.some(({ properties }) => properties.kind);
    const layer = featureLayer(map, found, {
      token: "--brand",
      strong: ({ kind }) => (hasKinds ? KINDS[kind] || null : undefined),
    });
    if (layer.getBounds().isValid()) map.fitBounds(layer.getBounds(), { padding: [20, 20], animate: false });
  }
}
