// @ts-check
// Why a report is where it is, on a small map: the spot with its circle, the unit, the nearest border, and who else came into question.
import { getJson } from "../lib/fetch.js";
import { areaLayer } from "./area.js";
import { createMap, onTheme, readColours } from "./basemap.js";
import { L } from "./leaflet.js";
import { pin } from "./pin.js";

/**
 * Draws the map; called once, when it is first seen.
 * @param {HTMLElement} element
 * @param {{lat: number, lon: number, accuracy?: number | null, code?: string | null, on?: string | null, border?: [number, number] | null,
 *   others: {code: string, on: string}[]}} spot
 * @param {{words: import("../lib/words.js").Words, lang: string, icons: string}} page
 */
export function whyMap(element, spot, { words, lang, icons }) {
  const { lat, lon, accuracy } = spot;
  const { map } = createMap(element, {
    words,
    lang,
    at: { lat, lon, zoom: 14 },
    on: spot.on || undefined,
    scrollZoom: false,
  });
  const seen = L.latLngBounds([lat, lon], [lat, lon]);
  if (accuracy) seen.extend(L.latLng(lat, lon).toBounds(2 * accuracy));
  if (spot.border) {
    const [borderLon, borderLat] = spot.border;
    L.polyline(
      [
        [lat, lon],
        [borderLat, borderLon],
      ],
      { className: "map-to-border", interactive: false },
    ).addTo(map);
    const side = borderLon < lon ? "left" : "right";
    L.circleMarker([borderLat, borderLon], { radius: 4, className: "map-to-border", interactive: false })
      .bindTooltip(words("toBorder"), {
        permanent: true,
        direction: side,
        offset: [side === "left" ? -6 : 6, 0],
        className: "map-to-border-label",
      })
      .addTo(map);
    seen.extend([borderLat, borderLon]);
  }
  pin(map, { lat, lon, accuracy, icons });
  if (spot.code)
    areaLayer(map, { fill: true })
      .show(spot.code, { on: spot.on, lang })
      .catch(() => {});
  // The unit of the filing where that was another, and the others that came into question then: lines only
  const style = () => ({ color: readColours().label, weight: 1.5, fill: false, dashArray: "2 5" });
  const others = L.geoJSON(null, { interactive: false, style }).addTo(map);
  onTheme(() => others.setStyle(style()));
  for (const { code, on } of spot.others) {
    getJson(`/api/v1/units/${encodeURIComponent(code)}/?zoom=12&on=${on}`, { lang })
      .then((feature) => others.addData(feature))
      .catch(() => {});
  }
  map.fitBounds(seen.pad(0.6), { maxZoom: 16, animate: false });
}
