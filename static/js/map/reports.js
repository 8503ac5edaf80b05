// @ts-check
// Reports on the map: clusters as discs with a ring of status groups, single reports as markers in the shape of their status.
import { number } from "../lib/format.js";
import { merged } from "../lib/merge.js";
import { clusterMark, placeOf, radius, rise } from "../lib/ring.js";
import { byGroup, GROUPS, singleMark } from "../lib/status.js";
import { L } from "./leaflet.js";

/** @typedef {import("../lib/words.js").Words} Words */

const ABOVE_ALL = 10_000;

/** @type {Record<string, string>} */
const GROUP_WORDS = Object.fromEntries(
  GROUPS.map((group) => [group, `group${group[0].toUpperCase()}${group.slice(1)}`]),
);

/**
 * A layer of reports. `show()` takes the features of /api/v1/map/clusters/; `light()` marks one by its code.
 * @param {any} map
 * @param {object} options
 * @param {Words} options.words
 * @param {string} options.lang
 * @param {string} options.icons address of the icon sprite
 * @param {(code: string) => void} options.onChoose
 * @param {(code: string | null) => void} options.onHover
 * @param {(feature: any) => void} options.onCluster
 */
export function reportLayer(map, { words, lang, icons, onChoose, onHover, onCluster }) {
  const group = L.layerGroup().addTo(map);
  /** @type {Map<string, any>} */
  let shown = new Map();
  /** @type {Map<string, any>} */
  const markers = new Map();
  /** @type {any} */
  let spot = null;
  let asked = 0;

  /**
   * Takes the map to these features: markers of what has not changed stay as they are.
   * @param {any[]} features
   * @param {number} zoom the one that was asked for
   */
  function show(features, zoom) {
    asked = zoom;
    const { next, gone, come } = merged(shown, features, zoom);
    shown = next;
    for (const key of gone) remove(key);
    for (const [key, feature] of come) {
      const standing = markers.get(key);
      if (standing) change(standing, feature);
      else add(key, feature);
    }
  }

  /** @param {any} feature */
  const spotOf = (feature) => {
    const [lon, lat] = placeOf(feature, asked);
    return [lat, lon];
  };

  /** @param {any} properties */
  const iconOf = (properties) =>
    icon(properties.cluster ? clusterMark(properties, lang) : singleMark(properties, icons));

  /**
   * @param {string} key
   * @param {any} feature
   */
  function add(key, feature) {
    const { properties } = feature;
    // Not in the tab order: the list beside the map says the same, in order, to keyboards and screen readers.
    const marker = L.marker(spotOf(feature), {
      icon: iconOf(properties),
      keyboard: false,
      title: properties.cluster ? clusterTitle(properties) : "",
      zIndexOffset: rise(properties.count),
      riseOnHover: true,
    });
    if (properties.cluster) {
      marker.on("click", () => onCluster(shown.get(key)));
    } else {
      marker.on("click", () => onChoose(properties.code));
      marker.on("mouseover", () => onHover(properties.code));
      marker.on("mouseout", () => onHover(null));
    }
    markers.set(key, marker);
    group.addLayer(marker);
  }

  /**
   * @param {any} marker
   * @param {any} feature
   */
  function change(marker, feature) {
    const { properties } = feature;
    marker.setLatLng(spotOf(feature));
    marker.options.title = properties.cluster ? clusterTitle(properties) : "";
    marker.setIcon(iconOf(properties));
    marker.setZIndexOffset(rise(properties.count));
  }

  /** @param {string} key */
  function remove(key) {
    group.removeLayer(markers.get(key));
    markers.delete(key);
  }

  /**
   * What the ring says in colours, in words.
   * @param {any} properties
   */
  function clusterTitle({ count, by_status: byStatus }) {
    const parts = byGroup(byStatus).map((part) => `${words(GROUP_WORDS[part.group])} ${number(part.count, lang)}`);
    return [words("clusterTitle", { count, shown: number(count, lang) }), ...parts].join("\n");
  }

  /**
   * Marks a report; where it hides in a cluster, its own spot.
   * @param {string | null} code
   * @param {{lat: number, lon: number}} [where]
   */
  function light(code, where) {
    for (const [key, marker] of markers) {
      const lit = key === code;
      marker.getElement()?.classList.toggle("is-lit", lit);
      marker.setZIndexOffset(lit ? ABOVE_ALL : rise(shown.get(key)?.properties.count));
    }
    spot?.remove();
    spot = null;
    if (code && where && !markers.has(code)) {
      spot = L.marker([where.lat, where.lon], {
        icon: L.divIcon({ className: "map-spot", iconSize: [24, 24], html: "" }),
        keyboard: false,
        interactive: false,
        zIndexOffset: ABOVE_ALL,
      }).addTo(map);
    }
  }

  /** Where the discs and markers lie, and how wide they are. */
  const obstacles = () =>
    [...shown.values()].map((feature) => {
      const [lon, lat] = placeOf(feature, asked);
      const { cluster, count } = feature.properties;
      return { lon, lat, size: cluster ? 2 * radius(count) : 28 };
    });

  return {
    show,
    light,
    obstacles,
    count: () => [...shown.values()].reduce((sum, { properties }) => sum + (properties.count ?? 1), 0),
  };
}

/**
 * @param {import("../lib/status.js").Mark} mark
 */
function icon({ className, size, html }) {
  return L.divIcon({ className, iconSize: [size, size], html });
}
