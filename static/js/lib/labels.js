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

const KINDS = /^(Phường|Xã|Thị trấn|Đặc khu|Tỉnh|Thành phố|Thị xã|Quận|Huyện) (?=\D)/u;

/**
 * A unit's name without its kind ("Phường An Xuyên" → "An Xuyên"); "Phường 2" keeps it, for "2" says nothing.
 * @param {string} name
 */
export function bareName(name) {
  return name.replace(KINDS, "");
}
