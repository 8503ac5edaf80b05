// @ts-check
// The verification of an edition: its findings on the map. A row shows its place, a sign on the map its row.
import { createMap, fit, onTheme } from "../map/basemap.js";
import { findingsLayer } from "../map/findings.js";
import { hasLeaflet } from "../map/leaflet.js";
import { lang, pageConfig, pageWords } from "../ui/page.js";

const words = pageWords("map-words");
const { findings = [], on } = pageConfig("map-config");
const element = document.getElementById("map");

if (element && hasLeaflet) {
  document.documentElement.classList.add("topology-js");
  const { map } = createMap(element, { words, lang, on: on || undefined, scrollZoom: false });
  const layer = findingsLayer(map, findings, choose);
  onTheme(layer.redraw);
  if (layer.bbox) fit(map, layer.bbox, { padding: [30, 30], maxZoom: 15 });

  for (const button of document.querySelectorAll("[data-finding]")) {
    button.addEventListener("click", () => {
      const number = Number(/** @type {HTMLElement} */ (button).dataset.finding);
      layer.show(number);
      choose(number);
      element.scrollIntoView({ block: "nearest" });
    });
  }
}

/**
 * Lifts the row of a finding out.
 * @param {number} number
 * @param {boolean} [scroll] whether to bring it into view: not when the reader is at it
 */
function choose(number, scroll = false) {
  for (const row of document.querySelectorAll("tr.is-chosen")) row.classList.remove("is-chosen");
  const row = document.getElementById(`finding-${number}`);
  row?.classList.add("is-chosen");
  if (scroll) row?.scrollIntoView({ block: "nearest" });
}
