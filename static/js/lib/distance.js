// @ts-check
// Distances on the earth.

const EARTH_M = 6_371_009;
const RADIAN = Math.PI / 180;

/**
 * Metres between two spots (degrees), on a sphere: good to half a percent.
 * @param {{lat: number, lon: number}} a
 * @param {{lat: number, lon: number}} b
 */
export function metresBetween(a, b) {
  const up = Math.sin(((b.lat - a.lat) * RADIAN) / 2);
  const along = Math.sin(((b.lon - a.lon) * RADIAN) / 2);
  const part = up * up + Math.cos(a.lat * RADIAN) * Math.cos(b.lat * RADIAN) * along * along;
  return 2 * EARTH_M * Math.asin(Math.min(1, Math.sqrt(part)));
}
