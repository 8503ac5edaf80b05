// @ts-check
// The route of the day: its stops numbered on a map, from where the officer is, to print.
import { distance } from "../lib/format.js";
import { keepPage } from "../lib/kept-pages.js";
import { createMap } from "../map/basemap.js";
import { hasLeaflet } from "../map/leaflet.js";
import { positionMark } from "../map/position.js";
import { showWay } from "../map/way.js";
import { lang, pageConfig, pageWords } from "../ui/page.js";
import { askPosition } from "../ui/position.js";

const words = pageWords("map-words");
/** @type {{start: [number, number], here: boolean, stops: [number, number][]}} each [lon, lat] */
const { start, here, stops } = pageConfig("route-config");
const byId = (/** @type {string} */ id) => document.getElementById(id);

for (const element of document.querySelectorAll("[data-metres]"))
  element.textContent = distance(Number(element.getAttribute("data-metres")), lang);

const element = byId("map");
if (element && hasLeaflet) {
  const { map } = createMap(element, {
    words,
    lang,
    at: { lat: start[1], lon: start[0], zoom: 12 },
    scrollZoom: false,
  });
  if (here) positionMark(map)({ lat: start[1], lon: start[0] });
  showWay(map, start, stops, (index) =>
    byId(`stop-${index + 1}`)
      ?.querySelector("a")
      ?.focus(),
  );
}

// The pages of the stops, for where there is no line
(async () => {
  for (const link of document.querySelectorAll(".route-survey")) await keepPage(link.getAttribute("href") || "");
})();

byId("print")?.addEventListener("click", () => window.print());
const fromHere = byId("from-here");
fromHere?.addEventListener("click", async () => {
  fromHere.setAttribute("aria-busy", "true");
  try {
    const { lat, lon } = await askPosition(words);
    const address = new URL(location.href);
    address.searchParams.set("lat", lat.toFixed(5));
    address.searchParams.set("lon", lon.toFixed(5));
    location.assign(address);
  } catch (error) {
    const told = byId("route-error");
    if (told) {
      told.textContent = error instanceof Error ? error.message : String(error);
      told.hidden = false;
    }
    fromHere.removeAttribute("aria-busy");
  }
});
