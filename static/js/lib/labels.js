// @ts-check
// Names on the map: which of them find room, the more important first.

/** @typedef {{x: number, y: number, width: number, height: number}} Box */
/** @typedef {Box & {text: string, weight: number}} Label */

const ROOM = 4;

/**
 * The labels that can stand without touching another, an obstacle, or leaving the picture; x and y are their middles.
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
    const inside =
      label.x - label.width / 2 >= 0 &&
      label.x + label.width / 2 <= size.width &&
      label.y - label.height / 2 >= 0 &&
      label.y + label.height / 2 <= size.height;
    const free = !placed.some((other) => touch(label, other)) && !obstacles.some((other) => touch(label, other));
    if (inside && free) placed.push(label);
  }
  return placed;
}

/**
 * @param {Box} a
 * @param {Box} b
 */
function touch(a, b) {
  return (
    Math.abs(a.x - b.x) < (a.width + b.width) / 2 + ROOM && Math.abs(a.y - b.y) < (a.height + b.height) / 2 + ROOM
  );
}

const KINDS = /^(Phường|Xã|Thị trấn|Đặc khu|Tỉnh|Thành phố|Thị xã|Quận|Huyện) (?=\D)/u;

/**
 * A unit's name without its kind ("Phường An Xuyên" → "An Xuyên"); "Phường 2" keeps it, for "2" says nothing.
 * @param {string} name
 */
export function bareName(name) {
  return name.replace(KINDS, "");
}
