// @ts-check
// The first reports on the map: drawn as soon as the page is there, where Leaflet draws them when it has come; home.js then takes these away.
// Only when they are to be seen are Leaflet and home.js begun with: to read them takes a phone longer than all before.
import { parse } from "../lib/bbox.js";
import { clusterZoom, fitting, frameOf, zoomsOf } from "../lib/first-view.js";
import { clusterMark, placeOf, rise } from "../lib/ring.js";
import { singleMark } from "../lib/status.js";
import { broughtFor, covered } from "../ui/first-map.js";

const { lang, dataset } = document.documentElement;
const map = /** @type {HTMLElement} */ (document.getElementById("map"));
const extent = parse(map.dataset.extent);
let isDrawn = false;
try {
  if (extent && map.clientWidth && !new URLSearchParams(location.search).has("at")) isDrawn = draw(extent);
} finally {
  if (isDrawn) afterPainting(begin);
  else begin();
}

/** Scripts run one after the other, as if they stood in the page: where one does not arrive, js/boot.js is told. */
function begin() {
  const template = /** @type {HTMLTemplateElement} */ (document.getElementById("scripts"));
  document.body.append(
    ...[...template.content.children].map((element) => {
      if (!(element instanceof HTMLScriptElement)) return document.importNode(element);
      const { src, type } = element;
      return Object.assign(document.createElement("script"), { src, type, async: false });
    }),
  );
}

/**
 * A page that is not seen is not painted: it does not wait for that.
 * @param {() => void} then
 */
function afterPainting(then) {
  if (document.hidden) then();
  else requestAnimationFrame(() => setTimeout(then));
}

/**
 * Whether there was something to draw.
 * @param {import("../lib/bbox.js").Bbox} extent
 */
function draw(extent) {
  const size = { x: map.clientWidth, y: map.clientHeight };
  const view = fitting(extent, size, covered(), zoomsOf(Boolean(map.dataset.tileUrl)));
  const { bbox, at } = frameOf(view, size);
  const zoom = clusterZoom(view.zoom);
  const first = broughtFor(zoom, bbox);
  if (!first) return false;
  const holder = document.createElement("div");
  holder.id = "first-marks";
  holder.className = "first-marks";
  holder.setAttribute("aria-hidden", "true"); // the list says the same
  holder.append(
    ...first.features.map((/** @type {any} */ feature) => {
      const { properties } = feature;
      const { className, size, html } = properties.cluster
        ? clusterMark(properties, lang)
        : singleMark(properties, dataset.icons || "");
      const mark = document.createElement("div");
      const { x, y } = at(placeOf(feature, zoom));
      mark.className = className;
      mark.style.transform = `translate(${x - size / 2}px, ${y - size / 2}px)`;
      mark.style.zIndex = String(y + rise(properties.count));
      mark.innerHTML = html;
      return mark;
    }),
  );
  map.append(holder);
  return true;
}
