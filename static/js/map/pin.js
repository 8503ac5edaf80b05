// @ts-check
// A pin on the map that stays where it is, with the circle in which the spot truly lies.
import { L } from "./leaflet.js";

/**
 * @param {any} map
 * @param {{lat: number, lon: number, accuracy?: number | null, icons: string}} spot
 */
export function pin(map, { lat, lon, accuracy, icons }) {
  if (accuracy) L.circle([lat, lon], { radius: accuracy, className: "map-accuracy", interactive: false }).addTo(map);
  L.marker([lat, lon], {
    icon: L.divIcon({
      className: "map-pin",
      iconSize: [40, 40],
      iconAnchor: [20, 38],
      html: `<svg class="icon" aria-hidden="true"><use href="${icons}#pin"></use></svg>`,
    }),
    keyboard: false,
    interactive: false,
  }).addTo(map);
}
