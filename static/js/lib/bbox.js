// @ts-check
// The order of coordinates is settled here and in gis/bbox.py only: boxes are [west, south, east, north], positions are [lon, lat].

/** @typedef {[number, number, number, number]} Bbox */

/** Web map tiles end here. */
const MAX_LATITUDE = 85.0511;

/**
 * The value of a `bbox=` parameter. Six decimals are a decimetre.
 * @param {Bbox} bbox
 */
export function toQuery(bbox) {
  return bbox.map((degrees) => Number(degrees.toFixed(6))).join(",");
}

/**
 * The box in "west,south,east,north", or null where it is none.
 * @param {string | null | undefined} text
 * @returns {Bbox | null}
 */
export function parse(text) {
  const numbers = (text || "").split(",").map(Number);
  if (numbers.length !== 4 || !numbers.every(Number.isFinite)) return null;
  const [west, south, east, north] = numbers;
  return west < east && south < north ? [west, south, east, north] : null;
}

/**
 * A box larger by a share of its width and height on every side, cut to the world.
 * @param {Bbox} bbox
 * @param {number} share
 * @returns {Bbox}
 */
export function pad([west, south, east, north], share) {
  const dx = (east - west) * share;
  const dy = (north - south) * share;
  return [Math.max(west - dx, -180), Math.max(south - dy, -90), Math.min(east + dx, 180), Math.min(north + dy, 90)];
}

/**
 * Whether one box lies in another.
 * @param {Bbox | null} outer
 * @param {Bbox} inner
 */
export function contains(outer, inner) {
  return outer !== null && outer[0] <= inner[0] && outer[1] <= inner[1] && outer[2] >= inner[2] && outer[3] >= inner[3];
}

/**
 * Column of the web map tile of a longitude, with its fraction.
 * @param {number} lon
 * @param {number} zoom
 */
export function tileX(lon, zoom) {
  return ((lon + 180) / 360) * 2 ** zoom;
}

/**
 * Row of the web map tile of a latitude, with its fraction.
 * @param {number} lat
 * @param {number} zoom
 */
export function tileY(lat, zoom) {
  const phi = (Math.max(-MAX_LATITUDE, Math.min(MAX_LATITUDE, lat)) * Math.PI) / 180;
  return ((1 - Math.asinh(Math.tan(phi)) / Math.PI) / 2) * 2 ** zoom;
}

/**
 * Longitude of a column, with its fraction.
 * @param {number} x
 * @param {number} zoom
 */
export function lonOf(x, zoom) {
  return (x / 2 ** zoom) * 360 - 180;
}

/**
 * Latitude of a row, with its fraction.
 * @param {number} y
 * @param {number} zoom
 */
export function latOf(y, zoom) {
  return (Math.atan(Math.sinh(Math.PI * (1 - (2 * y) / 2 ** zoom))) * 180) / Math.PI;
}

/**
 * The box of the whole cells (tiles of zoom + 3) that a box touches, drawn in by a hair so that it touches no further ones.
 * Clusters count whole cells: with this box the list beside the map counts the same reports.
 * @param {Bbox} bbox
 * @param {number} zoom
 * @returns {Bbox}
 */
export function wholeCells([west, south, east, north], zoom) {
  const z = zoom + 3;
  const hair = 2e-6;
  const clamp = (/** @type {number} */ n) => Math.max(0, Math.min(2 ** z, n));
  return [
    lonOf(clamp(Math.floor(tileX(west, z))), z) + hair,
    latOf(clamp(Math.ceil(tileY(south, z))), z) + hair,
    lonOf(clamp(Math.ceil(tileX(east, z))), z) - hair,
    latOf(clamp(Math.floor(tileY(north, z))), z) - hair,
  ];
}
