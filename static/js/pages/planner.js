// @ts-check
// The planner's workbench: layers switched on, an area drawn into the form, the answer on the map. Without it the form works all the same.
import { toQuery } from "../lib/bbox.js";
import { readCorners, writeCorners } from "../lib/corners.js";
import { getJson, latest } from "../lib/fetch.js";
import { boundsOf, createMap, detailOf } from "../map/basemap.js";
import { hasLeaflet } from "../map/leaflet.js";
import { drawTool, featureLayer, stacked } from "../map/planner.js";
import { reportLayer } from "../map/reports.js";
import { icons, lang, pageConfig, pageWords } from "../ui/page.js";

const words = pageWords("map-words", "planner-words");
const element = document.getElementById("map");
const { on } = pageConfig("map-config");
const answer = pageConfig("planner-result");
const field = /** @type {HTMLTextAreaElement} */ (document.getElementById("id_area"));
const featureField = /** @type {HTMLInputElement} */ (document.getElementById("id_feature"));
const layerField = /** @type {HTMLSelectElement} */ (document.getElementById("id_layer"));
const state = /** @type {HTMLElement} */ (document.getElementById("draw-state"));

if (element && hasLeaflet) start(element);

/** @param {HTMLElement} container */
function start(container) {
  const { map, base } = createMap(container, { words, lang, on: on || undefined, scrollZoom: false });
  /** @type {Map<string, any>} */
  const shown = new Map();
  const reports = reportLayer(map, {
    words,
    lang,
    icons,
    onChoose: (code) => {
      location.href = `/reports/${code}/`;
    },
    onHover: () => {},
    onCluster: (feature) => map.setView([...feature.geometry.coordinates].reverse(), map.getZoom() + 2),
  });
  const loadReports = latest(async (signal) => {
    const query = `bbox=${toQuery(boundsOf(map))}&zoom=${Math.round(map.getZoom())}`;
    reports.show((await getJson(`/api/v1/map/clusters/?${query}`, { signal, lang })).features);
  }, 150);
  map.on("moveend", () => shown.has("reports") && loadReports());

  for (const box of document.querySelectorAll("input[data-base]")) {
    const input = /** @type {HTMLInputElement} */ (box);
    const show = () => base.show(input.dataset.base || "", input.checked);
    input.addEventListener("change", show);
    show(); // a browser remembers what was ticked before a reload
  }
  const order = /** @type {HTMLElement} */ (document.getElementById("layer-order"));
  const lines = () => /** @type {HTMLElement[]} */ ([...order.children]);
  const stack = () =>
    stacked(
      map,
      lines().map((line) => line.dataset.key || ""),
    );
  stack();
  tellEnds();
  order.addEventListener("click", ({ target }) => {
    const pressed = /** @type {Element} */ (target).closest("button");
    const line = pressed?.closest("li");
    if (!pressed || !line) return;
    if (pressed.dataset.move === "up") line.previousElementSibling?.before(line);
    else line.nextElementSibling?.after(line);
    stack();
    tellEnds();
    // The button that was pressed keeps the focus; at an end its sister takes it
    const sister = /** @type {HTMLButtonElement} */ (line.querySelector("button:not([disabled])"));
    (pressed.disabled ? sister : pressed).focus();
    const place = lines().indexOf(line) + 1;
    state.textContent = words("moved", { name: line.dataset.name || "", place, total: lines().length });
  });

  function tellEnds() {
    const last = lines().length - 1;
    lines().forEach((line, place) => {
      for (const one of line.querySelectorAll("button")) {
        one.disabled = one.dataset.move === "up" ? place === 0 : place === last;
      }
    });
  }

  for (const box of document.querySelectorAll("input[data-layer]")) {
    const input = /** @type {HTMLInputElement} */ (box);
    input.addEventListener("change", () => toggle(input));
    if (input.checked) toggle(input);
  }

  /** @param {HTMLInputElement} input */
  async function toggle(input) {
    const key = input.dataset.layer || "";
    if (!input.checked) {
      if (key === "reports") reports.show([]);
      else shown.get(key)?.remove();
      shown.delete(key);
      return;
    }
    shown.set(key, null);
    if (key === "reports") return loadReports();
    try {
      const features = key === "answer" ? answer : await loaded(key);
      if (!shown.has(key)) return;
      const layer = featureLayer(map, features, {
        token: key === "answer" ? "--brand" : "--info",
        pane: key,
        onChoose: ({ label }) => key !== "answer" && choose(key, label),
      });
      shown.set(key, layer);
      if (key === "answer" && features.features.length && layer.getBounds().isValid())
        map.fitBounds(layer.getBounds(), { maxZoom: 15, padding: [20, 20], animate: false });
    } catch {
      input.checked = false;
      state.textContent = words("layerFailed");
    }
  }

  /** @param {string} key */
  function loaded(key) {
    const [kind, name] = key.split(":");
    const zoom = detailOf(map.getZoom());
    return kind === "own"
      ? getJson(`/api/v1/planner/layers/${encodeURIComponent(name)}/?zoom=${zoom}`, { lang })
      : getJson(`/api/v1/layers/${encodeURIComponent(name)}/?zoom=${zoom}`, { lang });
  }

  /**
   * A feature that was pressed on the map stands in the form.
   * @param {string} layer
   * @param {string} label
   */
  function choose(layer, label) {
    if (tool.isDrawing()) return;
    layerField.value = layer;
    featureField.value = label || "";
  }

  const tool = drawTool(map, (corners) => {
    field.value = writeCorners(corners);
    tell(corners.length);
  });
  const draw = button("draw");
  const others = ["draw-middle", "draw-undo", "draw-clear"].map(button);

  /** @param {number} count */
  function tell(count) {
    state.textContent =
      count || !tool.isDrawing() ? words("corners", { count, shown: String(count) }) : words("drawing");
    if (!count && !tool.isDrawing()) state.textContent = "";
  }

  /** @param {boolean} drawing */
  function setDrawing(drawing) {
    tool.draw(drawing);
    draw.setAttribute("aria-pressed", String(drawing));
    for (const one of others) one.hidden = !drawing;
    tell(readCorners(field.value)?.length || 0);
  }

  draw.addEventListener("click", () => setDrawing(!tool.isDrawing()));
  others[0].addEventListener("click", () => tool.addMiddle());
  others[1].addEventListener("click", () => tool.undo());
  others[2].addEventListener("click", () => {
    field.value = "";
    tool.set([]);
    tell(0);
  });
  container.addEventListener("keydown", (event) => {
    if (!tool.isDrawing()) return;
    if (event.key === "Enter" || event.key === "Escape") setDrawing(false);
    else if (event.key === "Backspace") tool.undo();
    else return;
    event.preventDefault();
  });
  field.addEventListener("input", () => {
    const corners = readCorners(field.value);
    if (corners) tool.set(corners);
  });
  const drawn = readCorners(field.value);
  if (drawn?.length) tool.set(drawn);
  const around = tool.bounds();
  if (around?.isValid() && !answer.features?.length) map.fitBounds(around, { padding: [20, 20], animate: false });
}

/** @param {string} id */
function button(id) {
  return /** @type {HTMLButtonElement} */ (document.getElementById(id));
}

const link = /** @type {HTMLInputElement | null} */ (document.getElementById("link"));
link?.addEventListener("focus", () => link.select());
