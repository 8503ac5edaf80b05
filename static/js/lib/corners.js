// @ts-check
// The corners of an area as a text "lon,lat lon,lat", as the query builder keeps them.

const DECIMALS = 5; // a metre

/**
 * The corners that a text says; null where it is no list of coordinates.
 * @param {string} text
 * @returns {[number, number][] | null} [lon, lat]
 */
export function readCorners(text) {
  /** @type {[number, number][]} */
  const corners = [];
  for (const part of text.trim().split(/[\s;]+/)) {
    if (!part) continue;
    const numbers = part.split(",").map(Number);
    if (numbers.length !== 2 || part.split(",").includes("") || !numbers.every(Number.isFinite)) return null;
    corners.push([numbers[0], numbers[1]]);
  }
  const [first, last] = [corners[0], corners.at(-1)];
  const isClosed = corners.length > 3 && first[0] === last?.[0] && first[1] === last?.[1];
  return isClosed ? corners.slice(0, -1) : corners;
}

/**
 * @param {[number, number][]} corners
 */
export function writeCorners(corners) {
  return corners.map(([lon, lat]) => `${Number(lon.toFixed(DECIMALS))},${Number(lat.toFixed(DECIMALS))}`).join(" ");
}
