// @ts-check
// The circle in which a spot truly lies, as the reporter's device gave it.
import { L } from "./leaflet.js";

/**
 * @param {any} map
 * @param {{lat: number, lon: number}} spot
 * @param {number} metres
 */
export function accuracyCircle(map, { lat, lon }, metres) {
  return L.circle([lat, lon], { radius: metres, className: "map-accuracy", interactive: false }).addTo(map);
}
