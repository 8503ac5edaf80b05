// Areas of a photo: [left, top, width, height], each a share (0 to 1) of the photo's side. Pure: no document here.

/** @typedef {[number, number, number, number]} Area */

export const SMALLEST = 0.01;

/** The area moved by shares of the sides, kept inside the photo.
 * @param {Area} area @param {number} dx @param {number} dy @returns {Area} */
export function moved([left, top, width, height], dx, dy) {
  return rounded([between(left + dx, 0, 1 - width), between(top + dy, 0, 1 - height), width, height]);
}

/** The area with other sides, its upper left corner kept, inside the photo.
 * @param {Area} area @param {number} dw @param {number} dh @returns {Area} */
export function resized([left, top, width, height], dw, dh) {
  return rounded([left, top, between(width + dw, SMALLEST, 1 - left), between(height + dh, SMALLEST, 1 - top)]);
}

/** The area between two points, in whatever direction it was drawn.
 * @param {{x: number, y: number}} from @param {{x: number, y: number}} to @returns {Area} */
export function drawn(from, to) {
  const [x1, x2] = [between(Math.min(from.x, to.x), 0, 1), between(Math.max(from.x, to.x), 0, 1)];
  const [y1, y2] = [between(Math.min(from.y, to.y), 0, 1), between(Math.max(from.y, to.y), 0, 1)];
  return rounded([x1, y1, x2 - x1, y2 - y1]);
}

/** Whether an area is large enough to have been meant.
 * @param {Area} area */
export function isMeant([, , width, height]) {
  return width >= SMALLEST && height >= SMALLEST;
}

/** @param {number} value @param {number} low @param {number} high */
function between(value, low, high) {
  return Math.min(Math.max(value, low), Math.max(low, high));
}

/** @param {Area} area @returns {Area} */
function rounded(area) {
  return /** @type {Area} */ (area.map((share) => Math.round(share * 10000) / 10000));
}
