// @ts-check
// The bottom sheet: where it comes to rest.

/** @typedef {"peek" | "half" | "full"} Stop */

/**
 * Heights in pixels of the three stops for a room of this height.
 * @param {number} room height that the sheet may take
 * @param {number} peek height of what always stays in sight
 * @returns {Record<Stop, number>}
 */
export function stops(room, peek) {
  return { peek: Math.min(peek, room), half: Math.max(Math.min(peek, room), Math.round(room * 0.55)), full: room };
}

/**
 * Where a sheet comes to rest that was let go at a height with a speed (pixels a millisecond, upwards positive).
 * @param {number} height
 * @param {number} speed
 * @param {Record<Stop, number>} at
 * @returns {Stop}
 */
export function restOf(height, speed, at) {
  const aim = height + speed * 180;
  const names = /** @type {Stop[]} */ (["peek", "half", "full"]);
  return names.reduce((best, name) => (Math.abs(at[name] - aim) < Math.abs(at[best] - aim) ? name : best));
}

/**
 * The next stop when the handle is pressed: peek → half → full → peek.
 * @param {Stop} stop
 * @returns {Stop}
 */
export function nextStop(stop) {
  return stop === "peek" ? "half" : stop === "half" ? "full" : "peek";
}
