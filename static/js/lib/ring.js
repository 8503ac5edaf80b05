// @ts-check
// A cluster: a disc whose area grows with the count, with a ring of segments by status group.
import { latOf, lonOf, tileX, tileY } from "./bbox.js";
import { byGroup } from "./status.js";

const SMALLEST = 15;
const LARGEST = 28;
const RING = 4;
const CELL = 64; // pixels of a cell's side, the least with which the map shows it
const OVER = 6; // pixels by which a disc may reach out of its cell: of two that meet none hides a digit of the other
const STEP = 200; // pixels: two marks that touch never lie so far apart

/**
 * Radius of a cluster in pixels: by √count, within what can be read and what does not hide its neighbours.
 * @param {number} count
 */
export function radius(count) {
  return Math.round(Math.min(LARGEST, SMALLEST + 0.9 * Math.sqrt(Math.max(0, count - 2))));
}

/**
 * How far up a mark lies, beside its place from the top of the map: a small disc is never hidden under a larger neighbour.
 * @param {number} [count] of a single report none
 */
export function rise(count = 1) {
  return STEP * (LARGEST - radius(count));
}

/**
 * Where a cluster is drawn: on the middle of its reports, as long as the disc stays nearly within its cell. It always lies over that middle.
 * @param {any} feature of /api/v1/map/clusters/
 * @param {number} zoom the one that was asked for
 * @returns {[number, number]} longitude, latitude
 */
export function placeOf({ geometry: { coordinates }, properties }, zoom) {
  if (!properties.cluster) return coordinates;
  const z = zoom + 3;
  const edge = (radius(properties.count) - OVER) / CELL;
  const within = (/** @type {number} */ place) => {
    const cell = Math.floor(place);
    return Math.min(cell + 1 - edge, Math.max(cell + edge, place));
  };
  const [x, y] = [tileX(coordinates[0], z), tileY(coordinates[1], z)];
  return [
    within(x) === x ? coordinates[0] : lonOf(within(x), z),
    within(y) === y ? coordinates[1] : latOf(within(y), z),
  ];
}

/**
 * A count short enough for a disc: 1.518 → "1,5k" is left to words; here "999", "1k5" would be riddles, so 1.5k.
 * @param {number} count
 * @param {string} [lang]
 */
export function shortCount(count, lang = "vi") {
  if (count < 1000) return String(count);
  const thousands = count < 10_000 ? Math.floor(count / 100) / 10 : Math.floor(count / 1000);
  const [point, comma] = lang === "vi" ? [",", "."] : [".", ","]; // Intl takes its time where it is asked for the first time
  return `${String(thousands)
    .replace(".", point)
    .replace(/\B(?=\d{3}$)/, comma)}k`;
}

/**
 * The segments of a ring as SVG arcs around (0, 0), clockwise from the top.
 * @param {{group: string, count: number}[]} parts
 * @param {number} r radius of the middle of the ring
 * @returns {{group: string, d: string}[]}
 */
export function segments(parts, r) {
  const total = parts.reduce((sum, part) => sum + part.count, 0);
  if (total <= 0) return [];
  if (parts.length === 1) {
    return [{ group: parts[0].group, d: `M0 ${-r}A${r} ${r} 0 1 1 0 ${r}A${r} ${r} 0 1 1 0 ${-r}` }];
  }
  let from = 0;
  return parts.map(({ group, count }) => {
    const to = from + count / total;
    const d = `M${point(from, r)}A${r} ${r} 0 ${to - from > 0.5 ? 1 : 0} 1 ${point(to, r)}`;
    from = to;
    return { group, d };
  });
}

/**
 * @param {number} turn
 * @param {number} r
 */
function point(turn, r) {
  const angle = turn * 2 * Math.PI;
  return `${(r * Math.sin(angle)).toFixed(2)} ${(-r * Math.cos(angle)).toFixed(2)}`;
}

/**
 * A cluster as it is drawn; `properties` of a feature of /api/v1/map/clusters/.
 * @param {{count: number, by_status: Record<string, number>}} properties
 * @param {string} lang
 * @returns {import("./status.js").Mark}
 */
export function clusterMark({ count, by_status: byStatus }, lang) {
  const r = radius(count);
  const size = 2 * (r + 1);
  const ring = segments(byGroup(byStatus), r - RING / 2)
    .map(({ group, d }) => `<path class="ring ring--${group}" d="${d}"/>`)
    .join("");
  const html = `<svg viewBox="${-r - 1} ${-r - 1} ${size} ${size}" width="${size}" height="${size}" aria-hidden="true"><circle class="cluster-disc" r="${r}"/>${
    ring || `<circle class="ring" r="${r - RING / 2}"/>`
  }<text class="cluster-count" text-anchor="middle" dy=".35em">${shortCount(count, lang)}</text></svg>`;
  return { className: "map-cluster", size, html };
}
