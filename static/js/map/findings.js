// @ts-check
// Findings of a check of outlines: their areas, and a sign at each, for most are too small to be seen from afar.
import { L } from "./leaflet.js";

/** @typedef {import("../lib/bbox.js").Bbox} Bbox */

const COLOURS = /** @type {Record<string, string>} */ ({ error: "--danger", warning: "--warning", note: "--info" });
const CLOSE = 17;

/**
 * @param {any} map
 * @param {any[]} features with number, severity, sign, sentence, lat, lon
 * @param {(number: number, scroll: boolean) => void} onChoose
 */
export function findingsLayer(map, features, onChoose) {
  const style = (/** @type {any} */ feature) => {
    const color = getComputedStyle(document.documentElement)
      .getPropertyValue(COLOURS[feature.properties.severity])
      .trim();
    return { color, weight: 2, fillColor: color, fillOpacity: 0.35 };
  };
  const areas = L.geoJSON(
    features.filter(({ geometry }) => geometry && geometry.type !== "Point"),
    { style, interactive: false },
  ).addTo(map);
  /** @type {Map<number, any>} */
  const signs = new Map();
  // The gravest are drawn last, over the others
  for (const { geometry, properties } of [...features].reverse()) {
    if (properties.lat === null) continue;
    const marker = L.marker([properties.lat, properties.lon], {
      icon: L.divIcon({
        className: `topology-sign topology-sign--${properties.severity}`,
        html: properties.sign,
        iconSize: [24, 24],
      }),
      alt: properties.sentence,
      title: properties.sentence,
    });
    const text = document.createElement("span");
    text.textContent = properties.sentence;
    marker
      .bindPopup(text)
      .on("click", () => onChoose(properties.number, true))
      .addTo(map);
    signs.set(properties.number, { marker, geometry });
  }
  const bounds = L.latLngBounds([...signs.values()].map(({ marker }) => marker.getLatLng()));

  return {
    /** The box around all of them; null where there are none. @type {Bbox | null} */
    bbox: bounds.isValid() ? [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()] : null,
    redraw: () => areas.setStyle(style),
    /**
     * Moves the map to a finding and says what it is.
     * @param {number} number
     */
    show(number) {
      const found = signs.get(number);
      if (!found) return;
      const { marker, geometry } = found;
      if (geometry && geometry.type !== "Point") {
        map.fitBounds(L.geoJSON(geometry).getBounds(), { maxZoom: CLOSE, padding: [40, 40], animate: false });
      } else {
        map.setView(marker.getLatLng(), 13, { animate: false });
      }
      marker.openPopup();
    },
  };
}
