// @ts-check
// Names on the map: which of them find room, the more important first.

/** @typedef {{x: number, y: number, width: number, height: number}} Box */
/** @typedef {Box & {text: string, weight: number}} Label */

const ROOM = 4;
const SHIFTS = [0, 20, -20, 38, -38];

/**
 * The labels that find room, each where it stands: its middle, else a little below or above, where it touches no other label, no obstacle,
 * and not the edge of the picture.
 * @template {Label} T
 * @param {T[]} labels
 * @param {{width: number, height: number}} size
 * @param {Box[]} [obstacles]
 * @returns {T[]}
 */
export function withRoom(labels, size, obstacles = []) {
  /** @type {T[]} */
  const placed = [];
  const byWeight = [...labels].sort((a, b) => b.weight - a.weight || a.text.localeCompare(b.text));
  for (const label of byWeight) {
    for (const shift of SHIFTS) {
      const there = { ...label, y: label.y + shift };
      if (!inside(there, size) || [...placed, ...obstacles].some((other) => touch(there, other))) continue;
      placed.push(there);
      break;
    }
  }
  return placed;
}

/**
 * @param {Box} box
 * @param {{width: number, height: number}} size
 */
function inside({ x, y, width, height }, size) {
  return x - width / 2 >= 0 && x + width / 2 <= size.width && y - height / 2 >= 0 && y + height / 2 <= size.height;
}

/**
 * @param {Box} a
 * @param {Box} b
 */
function touch(a, b) {
  return Math.abs(a.x - b.x) < (a.width + b.width) / 2 + ROOM && Math.abs(a.y - b.y) < (a.height + b.height) / 2 + ROOM;
}

const ENOUGH_WIDTH = 0.3;
const ENOUGH_HEIGHT = 0.15;

/**
 * Where the name of an area stands in a view that its own label point lies outside of: amid the widest part that is seen, at half its height;
 * null where only a sliver of it is seen.
 * @param {{type: string, coordinates: any}} geometry a Polygon or MultiPolygon
 * @param {import("./bbox.js").Bbox} view
 * @returns {{lon: number, lat: number, room: number} | null} with how wide the area is there (degrees)
 */
export function spotInView({ type, coordinates }, view) {
  const [west, south, east, north] = view;
  const rings = type === "Polygon" ? [coordinates[0]] : coordinates.map((/** @type {any} */ polygon) => polygon[0]);
  /** @type {{lon: number, lat: number, room: number} | null} */
  let best = null;
  let widest = ENOUGH_WIDTH * (east - west);
  for (const ring of rings) {
    const seen = clip(ring, view);
    if (seen.length < 3) continue;
    const heights = seen.map(([, lat]) => lat);
    const [low, high] = [Math.min(...heights), Math.max(...heights)];
    if (high - low < ENOUGH_HEIGHT * (north - south)) continue;
    const lat = (low + high) / 2;
    const crossings = seen
      .map(([lon, y], index) => ({ lon, y, to: seen[(index + 1) % seen.length] }))
      .filter(({ y, to }) => y > lat !== to[1] > lat)
      .map(({ lon, y, to }) => lon + ((lat - y) / (to[1] - y)) * (to[0] - lon))
      .sort((a, b) => a - b);
    for (let n = 0; n + 1 < crossings.length; n += 2) {
      if (crossings[n + 1] - crossings[n] <= widest) continue;
      widest = crossings[n + 1] - crossings[n];
      best = { lon: (crossings[n] + crossings[n + 1]) / 2, lat, room: widest };
    }
  }
  return best;
}

/**
 * The part of a ring in a box (Sutherland and Hodgman: one side of the box after the other).
 * @param {[number, number][]} ring
 * @param {import("./bbox.js").Bbox} box
 */
function clip(ring, [west, south, east, north]) {
  let left = ring;
  for (const [axis, limit, sign] of [
    [0, west, 1],
    [1, south, 1],
    [0, east, -1],
    [1, north, -1],
  ]) {
    const within = (/** @type {[number, number]} */ point) => sign * (point[axis] - limit) >= 0;
    /** @type {[number, number][]} */
    const kept = [];
    left.forEach((point, index) => {
      const before = left.at(index - 1) || point;
      if (within(point) !== within(before)) {
        const share = (limit - before[axis]) / (point[axis] - before[axis]);
        kept.push([before[0] + share * (point[0] - before[0]), before[1] + share * (point[1] - before[1])]);
      }
      if (within(point)) kept.push(point);
    });
    left = kept;
  }
  return left;
}

const KINDS = /^(Phường|Xã|Thị trấn|Đặc khu|Tỉnh|Thành phố|Thị xã|Quận|Huyện) (?=\D)/u;

/**
 * A unit's name without its kind ("Phường An Xuyên" → "An Xuyên"); "Phường 2" keeps it, for "2" says nothing.
 * @param {string} name
 */
export function bareName(name) {
  return name.replace(KINDS, "");
}
