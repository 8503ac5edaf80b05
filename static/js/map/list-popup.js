// @ts-check
// A list that stands at a spot of the map.
import { L } from "./leaflet.js";

/**
 * Opens it; Escape and the cross close it.
 * @param {any} map
 * @param {[number, number]} spot [lon, lat]
 * @param {HTMLElement} content
 */
export function openList(map, [lon, lat], content) {
  content.classList.add("map-list");
  L.popup({ maxWidth: 300, maxHeight: 320, autoPanPadding: [24, 24] })
    .setLatLng([lat, lon])
    .setContent(content)
    .openOn(map);
}
