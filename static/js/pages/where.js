// @ts-check
// "Which commune am I in?": the device's position, places by name, and a press on the map all ask the server, whose page answers.
import { pad, parse } from "../lib/bbox.js";
import { areaLayer } from "../map/area.js";
import { createMap } from "../map/basemap.js";
import { hasLeaflet } from "../map/leaflet.js";
import { positionMark } from "../map/position.js";
import { lang, pageConfig, pageWords } from "../ui/page.js";
import { placeSearch } from "../ui/place-search.js";
import { askPosition } from "../ui/position.js";

const words = pageWords("map-words");
const { lat, lon, accuracy, code, on } = pageConfig("map-config");
const button = /** @type {HTMLButtonElement} */ (document.getElementById("gps"));
const problem = /** @type {HTMLElement} */ (document.getElementById("gps-error"));

/** @param {{lat: number, lon: number, accuracy?: number}} spot */
function ask(spot) {
  const params = new URLSearchParams({ lat: spot.lat.toFixed(6), lon: spot.lon.toFixed(6) });
  if (spot.accuracy) params.set("accuracy", String(spot.accuracy));
  location.href = `/where/?${params}`;
}

button.addEventListener("click", async () => {
  problem.hidden = true;
  button.disabled = true;
  button.setAttribute("aria-busy", "true");
  try {
    ask(await askPosition(words));
  } catch (error) {
    problem.textContent = error instanceof Error ? error.message : String(error);
    problem.hidden = false;
  } finally {
    button.disabled = false;
    button.removeAttribute("aria-busy");
  }
});

placeSearch(/** @type {HTMLInputElement} */ (document.getElementById("place")), {
  words,
  lang,
  onChoose: (place) => {
    if (place.code) location.href = `/communes/${place.code}/${place.on ? `?on=${place.on}` : ""}`;
    else ask(place);
  },
});

/**
 * The box of the site made large enough for a spot: where that lies outside, one sees how far.
 * @param {import("../lib/bbox.js").Bbox | null} box
 * @param {{lat: number, lon: number}} spot
 * @returns {import("../lib/bbox.js").Bbox | null}
 */
function withSpot(box, { lat, lon }) {
  return box && pad([Math.min(box[0], lon), Math.min(box[1], lat), Math.max(box[2], lon), Math.max(box[3], lat)], 0.05);
}

const element = document.getElementById("map");
if (element && hasLeaflet) {
  const known = typeof lat === "number";
  const { map } = createMap(element, {
    words,
    lang,
    at: known && code ? { lat, lon, zoom: accuracy > 1500 || !element.dataset.tileUrl ? 12 : 14 } : null,
    bbox: known ? withSpot(parse(element.dataset.extent), { lat, lon }) : null,
    on: on || undefined,
    scrollZoom: false,
  });
  if (known) positionMark(map)({ lat, lon, accuracy });
  if (code)
    areaLayer(map)
      .show(code, { on, lang })
      .catch(() => {});
  map.on("click", (/** @type {any} */ { latlng }) => ask({ lat: latlng.lat, lon: latlng.lng }));
}
