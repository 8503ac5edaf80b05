// @ts-check
// Where the reader is: a button on the map, a dot and the circle of its accuracy.
import { askPosition } from "../ui/position.js";
import { L } from "./leaflet.js";

/** @typedef {import("../lib/words.js").Words} Words */

/**
 * Draws a position with its accuracy; returns a function that draws another.
 * @param {any} map
 */
export function positionMark(map) {
  const circle = L.circle([0, 0], { radius: 0, className: "map-accuracy", interactive: false });
  const dot = L.marker([0, 0], {
    icon: L.divIcon({ className: "map-here", iconSize: [18, 18], html: "" }),
    keyboard: false,
    interactive: false,
  });
  return (/** @type {{lat: number, lon: number, accuracy?: number | null}} */ { lat, lon, accuracy }) => {
    dot.setLatLng([lat, lon]).addTo(map);
    if (accuracy) circle.setLatLng([lat, lon]).setRadius(accuracy).addTo(map);
    else circle.remove();
  };
}

/**
 * A button that moves the map to where the reader is.
 * @param {any} map
 * @param {{words: Words, icons: string, onError: (message: string) => void, onFound?: (here: {lat: number, lon: number, accuracy: number}) => void}} options
 */
export function positionButton(map, { words, icons, onError, onFound }) {
  const mark = positionMark(map);
  const Control = L.Control.extend({
    options: { position: "topright" },
    onAdd() {
      const bar = L.DomUtil.create("div", "leaflet-bar");
      const button = L.DomUtil.create("button", "map-button", bar);
      button.type = "button";
      button.title = words("locateMe");
      button.setAttribute("aria-label", words("locateMe"));
      button.innerHTML = `<svg class="icon" aria-hidden="true"><use href="${icons}#locate"></use></svg>`;
      L.DomEvent.disableClickPropagation(bar);
      button.addEventListener("click", async () => {
        button.setAttribute("aria-busy", "true");
        try {
          const here = await askPosition(words);
          mark(here);
          map.flyTo([here.lat, here.lon], Math.max(map.getZoom(), here.accuracy > 500 ? 13 : 15), { duration: 0.6 });
          onFound?.(here);
        } catch (error) {
          onError(error instanceof Error ? error.message : String(error));
        } finally {
          button.removeAttribute("aria-busy");
        }
      });
      return bar;
    },
  });
  return new Control().addTo(map);
}
