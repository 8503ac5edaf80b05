// @ts-check
// The way of a day on the map: a line through numbered stops.
import { L } from "./leaflet.js";

/**
 * Draws the way from its start through all stops, and shows the whole of it.
 * @param {any} map
 * @param {[number, number]} start [lon, lat]
 * @param {[number, number][]} stops each [lon, lat]
 * @param {(index: number) => void} onChoose a stop was pressed
 */
export function showWay(map, start, stops, onChoose) {
  const way = [start, ...stops].map(([lon, lat]) => [lat, lon]);
  L.polyline(way, { className: "route-line", interactive: false }).addTo(map);
  for (const [index, [lon, lat]] of stops.entries()) {
    const icon = L.divIcon({ className: "route-pin", iconSize: [30, 30], html: String(index + 1) });
    L.marker([lat, lon], { icon, keyboard: false })
      .on("click", () => onChoose(index))
      .addTo(map);
  }
  map.fitBounds(L.latLngBounds(way), { padding: [30, 30], maxZoom: 15, animate: false });
}
