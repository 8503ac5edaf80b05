// @ts-check
// What a planner lays over the base map: the answer, layers, and an area that is drawn corner by corner.
import { onTheme } from "./basemap.js";
import { L } from "./leaflet.js";

const LOWEST = 401; // above Leaflet's own pane for shapes, below that for markers

/** @param {string} token */
const colour = (token) => getComputedStyle(document.documentElement).getPropertyValue(token).trim();

/**
 * Features of a layer or of the answer; with counts, the more the darker. `strong` names the colour of what stands out
 * (null: it does not, and is only outlined; undefined: by count). `pane` is where it lies (stacked).
 * @param {any} map
 * @param {any} collection
 * @param {{token: string, onChoose?: (properties: any) => void, strong?: (properties: any) => string | null | undefined, pane?: string}} options
 */
export function featureLayer(map, collection, { token, onChoose, strong, pane }) {
  const most = Math.max(1e-9, ...collection.features.map(({ properties }) => properties.count || 0));
  const style = (/** @type {any} */ feature) => {
    const own = feature ? strong?.(feature.properties) : undefined;
    const color = colour(own || token);
    if (own === null) return { color, weight: 1, opacity: 0.4, fillOpacity: 0 };
    if (own) return { color, weight: 2.5, fillColor: color, fillOpacity: 0.45 };
    const count = feature?.properties.count;
    return { color, weight: 2, fillColor: color, fillOpacity: count ? 0.1 + 0.6 * (count / most) : 0.12 };
  };
  const layer = L.geoJSON(collection, {
    style,
    ...(pane && { pane }),
    pointToLayer: (/** @type {any} */ feature, /** @type {any} */ at) =>
      L.circleMarker(at, { ...style(feature), radius: 5, fillOpacity: 0.7, ...(pane && { pane }) }),
    onEachFeature: (/** @type {any} */ feature, /** @type {any} */ drawn) => {
      const { name, label, count } = feature.properties;
      const text = document.createElement("span");
      text.textContent = [name ?? label, count].filter((part) => part !== undefined && part !== null).join(": ");
      drawn.bindTooltip(text);
      drawn.on("click", () => onChoose?.(feature.properties));
    },
  }).addTo(map);
  onTheme(() => layer.setStyle(style));
  return layer;
}

/**
 * Lays layers over each other: the first of the names on top. Gives the pane of each.
 * @param {any} map
 * @param {string[]} names
 */
export function stacked(map, names) {
  names.forEach((name, place) => {
    const pane = map.getPane(name) || map.createPane(name);
    pane.dataset.pane = name;
    pane.style.zIndex = String(LOWEST + names.length - place);
  });
}

/**
 * An area drawn by pressing the map at its corners; `set` draws another, `onChange` tells of each corner.
 * @param {any} map
 * @param {(corners: [number, number][]) => void} onChange
 */
export function drawTool(map, onChange) {
  /** @type {[number, number][]} */
  let corners = [];
  let drawing = false;
  const style = () => ({
    color: colour("--danger"),
    weight: 2.5,
    fillOpacity: 0.1,
    dashArray: drawing ? "6 5" : undefined,
  });
  const shape = L.polygon([], { ...style(), interactive: false }).addTo(map);
  const marks = L.layerGroup().addTo(map);
  onTheme(redraw);

  function redraw() {
    shape.setLatLngs(corners.map(([lon, lat]) => [lat, lon])).setStyle(style());
    marks.clearLayers();
    if (drawing || corners.length < 3) {
      for (const [lon, lat] of corners)
        L.circleMarker([lat, lon], { ...style(), radius: 4, fillOpacity: 1, interactive: false }).addTo(marks);
    }
  }

  /** @param {any} at */
  function add(at) {
    corners = [...corners, [at.lng, at.lat]];
    redraw();
    onChange(corners);
  }

  map.on("click", (/** @type {any} */ event) => drawing && add(event.latlng));

  return {
    /** @param {boolean} on */
    draw(on) {
      drawing = on;
      map.getContainer().classList.toggle("is-drawing", on);
      if (on) map.doubleClickZoom.disable();
      else map.doubleClickZoom.enable();
      redraw();
    },
    isDrawing: () => drawing,
    addMiddle: () => add(map.getCenter()),
    undo() {
      corners = corners.slice(0, -1);
      redraw();
      onChange(corners);
    },
    /** @param {[number, number][]} others */
    set(others) {
      corners = others;
      redraw();
    },
    bounds: () => (corners.length ? shape.getBounds() : null),
  };
}
