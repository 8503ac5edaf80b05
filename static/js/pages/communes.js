// @ts-check
// The list of communes and their map, linked both ways.
import { createMap } from "../map/basemap.js";
import { hasLeaflet } from "../map/leaflet.js";
import { lang, pageConfig, pageWords } from "../ui/page.js";

const words = pageWords("map-words");
const list = document.getElementById("communes");
const element = document.getElementById("map");
const { on } = pageConfig("map-config");

if (element && hasLeaflet) {
  const { base } = createMap(element, {
    words,
    lang,
    on: on || undefined,
    scrollZoom: false,
    onUnit: { hover: light, choose: open },
  });

  /** @param {Event} event */
  const show = (event) =>
    base.light(/** @type {HTMLElement} */ (event.target).closest("[data-code]")?.getAttribute("data-code") || null);
  list?.addEventListener("mouseover", show);
  list?.addEventListener("focusin", show);
  list?.addEventListener("mouseleave", () => base.light(null));
  list?.addEventListener("focusout", () => base.light(null));
}

/** @param {string | null} code */
function light(code) {
  for (const item of list?.querySelectorAll("[data-code]") || [])
    item.classList.toggle("is-lit", item.getAttribute("data-code") === code);
}

/** @param {string} code */
function open(code) {
  location.href = `/communes/${code}/${on ? `?on=${on}` : ""}`;
}
