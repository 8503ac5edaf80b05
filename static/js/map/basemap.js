// @ts-check
// The map itself: tiles where a server is set, otherwise a map drawn from our own units, coast and rivers.
import { contains, pad, parse, toQuery } from "../lib/bbox.js";
import { getJson, latest } from "../lib/fetch.js";
import { fitting, zoomsOf } from "../lib/first-view.js";
import { bareName, spotInView } from "../lib/labels.js";
import { labelLayer } from "./label-layer.js";
import { L } from "./leaflet.js";

/** @typedef {import("../lib/bbox.js").Bbox} Bbox */
/** @typedef {import("../lib/words.js").Words} Words */

const COMMUNES_FROM_ZOOM = 7;
const FULL_NAMES_FROM_ZOOM = 12.5;

/** What lies over most maps. */
const NOTHING = { top: 0, bottom: 0 };

/** Colours of the theme, by the name of their token. */
const COLOURS = ["land", "outline", "boundary", "coast", "river", "label", "halo", "selected", "lit"];

/**
 * @typedef {object} BaseOptions
 * @property {Words} words
 * @property {string} lang
 * @property {{lat: number, lon: number, zoom: number} | null} [at] where to begin; without it the extent of the site
 * @property {Bbox | null} [bbox] the box to begin with
 * @property {{top: number, bottom: number}} [covered] pixels at the edges that other things lie over
 * @property {string} [on] the day (YYYY-MM-DD) whose units are drawn; without it today's
 * @property {boolean} [scrollZoom] whether the wheel zooms at once (a map that is not the page would steal the scrolling)
 * @property {(message: string) => void} [onError]
 * @property {{hover: (code: string | null) => void, choose: (code: string) => void}} [onUnit] where units can be pointed at
 */

/**
 * Makes the map in an element that `partials/_map.html` wrote.
 * @param {HTMLElement} element
 * @param {BaseOptions} options
 */
export function createMap(element, { words, lang, at, bbox, covered, on, scrollZoom = true, onError, onUnit }) {
  const { tileUrl = "", tileAttribution = "", extent = "" } = element.dataset;
  const zooms = zoomsOf(Boolean(tileUrl));
  const map = L.map(element, {
    zoomControl: false,
    attributionControl: false,
    minZoom: zooms.min,
    maxZoom: zooms.max,
    zoomSnap: zooms.snap,
    scrollWheelZoom: scrollZoom,
    worldCopyJump: false,
    fadeAnimation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
    zoomAnimation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
  });
  // Sources and scale in one corner, one above the other: side by side they overlap on a small map
  map.attributionControl = L.control.attribution({ position: "bottomleft", prefix: false }).addTo(map);
  L.control.zoom({ position: "topright", zoomInTitle: words("zoomIn"), zoomOutTitle: words("zoomOut") }).addTo(map);
  L.control.scale({ position: "bottomleft", imperial: false }).addTo(map);
  element.setAttribute("role", "application");
  element.setAttribute("aria-label", words("mapLabel"));

  const { lat, lon, zoom } =
    at || fitting(bbox || parse(extent) || [102, 8, 110, 24], map.getSize(), covered || NOTHING, zooms);
  map.setView([lat, lon], zoom);

  if (tileUrl) {
    L.tileLayer(tileUrl, { attribution: tileAttribution, maxZoom: 19 }).addTo(map);
  }
  const base = drawnBase(map, { words, lang, on, onTiles: Boolean(tileUrl), onError, onUnit });
  new ResizeObserver(() => map.invalidateSize({ animate: false })).observe(element);
  return { map, base };
}

/**
 * Shows a box, as large as it fits.
 * @param {any} map
 * @param {Bbox} bbox
 * @param {object} [options] of Leaflet's fitBounds
 */
export function fit(map, [west, south, east, north], options = {}) {
  map.fitBounds(
    [
      [south, west],
      [north, east],
    ],
    { padding: [4, 4], ...options },
  );
}

/**
 * Options of `fit` that keep a box clear of what lies over the map.
 * @param {{top: number, bottom: number}} [covered]
 */
export function insets({ top, bottom } = NOTHING) {
  return { paddingTopLeft: [4, top + 4], paddingBottomRight: [4, bottom + 4] };
}

/**
 * What the map shows.
 * @param {any} map
 * @returns {Bbox}
 */
export function boundsOf(map) {
  const bounds = map.getBounds();
  return [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()];
}

/**
 * The level of detail to ask for: outlines come in four, and two pixels more or less nobody sees in a base map.
 * @param {number} zoom
 */
export function detailOf(zoom) {
  return zoom < 7 ? 6 : zoom < 10 ? 8 : zoom < 12 ? 10 : zoom < 14 ? 12 : 15;
}

/** Our own colours, as the theme of this moment has them. */
export function readColours() {
  const style = getComputedStyle(document.documentElement);
  /** @type {Record<string, string>} */
  const colours = {};
  for (const name of COLOURS) colours[name] = style.getPropertyValue(`--map-${name}`).trim();
  return colours;
}

/**
 * Runs at every change between light and dark.
 * @param {() => void} redraw
 */
export function onTheme(redraw) {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
}

/**
 * All features of a paged FeatureCollection.
 * @param {string} url
 * @param {AbortSignal} signal
 * @param {string} lang
 */
async function allFeatures(url, signal, lang) {
  /** @type {any[]} */
  const features = [];
  /** @type {string | null} */
  let next = url;
  for (let page = 0; next && page < 5; page += 1) {
    const answer = await getJson(next, { signal, lang });
    features.push(...answer.features);
    next = answer.next ? sameOrigin(answer.next) : null;
  }
  return features;
}

/**
 * The address without its origin: behind a proxy the API may think it has another.
 * @param {string} url
 */
function sameOrigin(url) {
  const { pathname, search } = new URL(url, location.href);
  return pathname + search;
}

/**
 * Units, coast, rivers and names under everything else.
 * @param {any} map
 * @param {{words: Words, lang: string, on?: string, onTiles: boolean} & Pick<BaseOptions, "onError" | "onUnit">} options
 */
function drawnBase(map, { words, lang, on, onTiles, onError, onUnit }) {
  let colours = readColours();
  for (const [name, order] of /** @type {[string, number][]} */ ([
    ["coast", 205], // under the land: it only shows where we have no units
    ["land", 210],
    ["rivers", 220],
    ["names", 350],
  ])) {
    map.createPane(name).style.zIndex = String(order);
    map.getPane(name).style.pointerEvents = "none";
  }
  const landCanvas = L.canvas({ pane: "land", padding: 0.3 });
  const unitStyle = () => ({
    color: onTiles ? colours.boundary : colours.outline,
    weight: 1,
    opacity: 1,
    fill: !onTiles,
    fillColor: colours.land,
    fillOpacity: 1,
  });
  const lineStyle = (/** @type {string} */ kind) => () => ({
    color: kind === "coast" ? colours.coast : colours.river,
    weight: kind === "coast" ? 1 : 1.6,
    opacity: 1,
    fill: false,
  });
  const units = L.geoJSON(null, {
    interactive: Boolean(onUnit),
    renderer: landCanvas,
    style: unitStyle,
    pane: "land",
    onEachFeature: (/** @type {any} */ { properties: { code } }, /** @type {any} */ layer) => {
      if (!onUnit) return;
      layer.on("mouseover", () => {
        light(code);
        onUnit.hover(code);
      });
      layer.on("mouseout", () => {
        light(null);
        onUnit.hover(null);
      });
      layer.on("click", () => onUnit.choose(code));
    },
  }).addTo(map);
  if (onUnit) map.getPane("land").style.pointerEvents = "auto";

  /** @param {string | null} code */
  function light(code) {
    units.eachLayer((/** @type {any} */ layer) => {
      const lit = layer.feature.properties.code === code;
      if (lit === Boolean(layer.isLit)) return;
      layer.isLit = lit;
      layer.setStyle(lit ? { color: colours.selected, weight: 2.5, fillColor: colours.lit } : unitStyle());
      if (lit) layer.bringToFront();
    });
  }

  /** @type {Record<string, any>} */
  const lines = {};
  for (const [kind, pane] of [
    ["coast", "coast"],
    ["river", "rivers"],
  ]) {
    lines[kind] = L.geoJSON(null, {
      interactive: false,
      renderer: L.canvas({ pane, padding: 0.3 }),
      style: lineStyle(kind),
      pane,
    }).addTo(map);
  }
  const names = labelLayer({ pane: "names", colours: () => colours });
  if (!onTiles) names.addTo(map);

  /** @type {{key: string, covered: Bbox | null}} */
  let have = { key: "", covered: null };
  /** @type {{name: string, attribution: string}[] | null} */
  let layers = null;
  let told = false;

  const load = latest(async (signal) => {
    const zoom = map.getZoom();
    const level = zoom < COMMUNES_FROM_ZOOM ? "province" : "commune";
    const detail = detailOf(zoom);
    const key = `${level} ${detail}`;
    const view = boundsOf(map);
    nameUnits();
    if (have.key === key && contains(have.covered, view)) return;
    const box = pad(view, 0.35);
    try {
      const query = `bbox=${toQuery(box)}&zoom=${detail}`;
      const day = on ? `&on=${on}` : "";
      const [unitFeatures, found] = await Promise.all([
        allFeatures(`/api/v1/units/?level=${level}&${query}${day}&limit=1000`, signal, lang),
        onTiles ? {} : linesIn(query, signal),
      ]);
      have = { key, covered: box };
      units.clearLayers().addData(unitFeatures);
      for (const [kind, layer] of Object.entries(lines)) layer.clearLayers().addData(found[kind] || []);
      tellSources(unitFeatures);
      nameUnits(unitFeatures);
      told = false;
    } catch (error) {
      if (error instanceof Error && error.name === "AbortError") throw error;
      if (!told) onError?.(words("baseFailed"));
      told = true;
    }
  }, 120);

  /**
   * @param {string} query
   * @param {AbortSignal} signal
   */
  async function linesIn(query, signal) {
    layers ??= (await getJson("/api/v1/layers/", { signal, lang })).filter((/** @type {any} */ layer) =>
      kindOf(layer.name),
    );
    /** @type {Record<string, any[]>} */
    const found = { coast: [], river: [] };
    await Promise.all(
      (layers || []).map(async ({ name }) => {
        const { features } = await getJson(`/api/v1/layers/${name}/?${query}`, { signal, lang });
        found[kindOf(name) || "river"].push(...features);
      }),
    );
    return found;
  }

  /** @type {any[]} */
  let named = [];
  /** @param {any[]} [features] */
  function nameUnits(features = named) {
    named = features;
    const full = map.getZoom() >= FULL_NAMES_FROM_ZOOM;
    const view = boundsOf(map);
    const inner = pad(view, -0.08);
    names.setLabels(
      features
        .map(({ properties, geometry }) => ({ ...properties, at: standing(properties.label, geometry) }))
        .filter(({ at }) => at)
        .map(({ name, at, area_km2: area, level, kind }) => ({
          ...at,
          text: full || level !== "commune" ? name : bareName(name),
          // towns first: people look for them; then what is large
          weight: (area || 0) + (kind === "phuong" || kind === "thi_tran" ? 200 : 0),
          strong: kind === "phuong" || level === "province",
        })),
    );

    /**
     * At the label point; close up that is often out of sight, and then amid what is seen of the unit.
     * @param {[number, number] | null} label
     * @param {any} geometry
     */
    function standing(label, geometry) {
      if (!label) return null;
      const [lon, lat] = label;
      return contains(view, [lon, lat, lon, lat]) ? { lon, lat } : spotInView(geometry, inner);
    }
  }

  /** @type {string[]} */
  let sources = [];
  /** @param {any[]} features */
  function tellSources(features) {
    for (const source of sources) map.attributionControl.removeAttribution(source);
    const schematic = features.some(({ properties }) => properties.schematic);
    sources = [
      schematic ? words("schematicOutlines") : words("outlines"),
      ...(layers || []).map(({ attribution }) => escapeHtml(attribution)),
    ];
    for (const source of sources) map.attributionControl.addAttribution(source);
  }

  map.on("moveend", load);
  onTheme(() => {
    colours = readColours();
    units.setStyle(unitStyle());
    for (const [kind, layer] of Object.entries(lines)) layer.setStyle(lineStyle(kind)());
    names.redraw();
  });
  load();
  return {
    /** Asks again, after the line was gone. */
    retry: () => {
      have = { key: "", covered: null };
      load();
    },
    /** Lifts one unit out, or none. */
    light,
    /**
     * Shows or hides a part: "coast", "rivers", or "names".
     * @param {string} part
     * @param {boolean} on
     */
    show: (part, on) => {
      map.getPane(part).style.display = on ? "" : "none";
    },
    /** Where names must not stand: what lies over the map. */
    avoid: (/** @type {{lon: number, lat: number, size: number}[]} */ discs) => names.setObstacles(discs),
  };
}

/**
 * How a layer is drawn, by its name; null: not part of the base map.
 * @param {string} name
 */
function kindOf(name) {
  if (/coast|bo_?bien|bo-bien/.test(name)) return "coast";
  return /river|canal|song|kenh|water/.test(name) ? "river" : null;
}

/** @param {string} text */
function escapeHtml(text) {
  const element = document.createElement("span");
  element.textContent = text;
  return element.innerHTML;
}
