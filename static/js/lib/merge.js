// @ts-check
// What changes on a map between two answers: what stays is not drawn anew. Pure: no document here.
import { tileX, tileY } from "./bbox.js";

/**
 * What a feature of /api/v1/map/clusters/ is known by: a single report by its code, a cluster by its cell (a tile of the zoom asked for + 3),
 * in which its middle always lies.
 * @param {any} feature
 * @param {number} zoom
 */
export function keyOf({ geometry, properties }, zoom) {
  if (!properties.cluster) return properties.code;
  const [lon, lat] = geometry.coordinates;
  return `${zoom}/${Math.floor(tileX(lon, zoom + 3))}/${Math.floor(tileY(lat, zoom + 3))}`;
}

/**
 * Keys that are gone, and features that have come, or are no longer what they were.
 * @param {Map<string, any>} shown features by key
 * @param {any[]} features
 * @param {number} zoom
 */
export function merged(shown, features, zoom) {
  const next = new Map(features.map((feature) => [keyOf(feature, zoom), feature]));
  const gone = [...shown.keys()].filter((key) => !next.has(key));
  const come = [...next].filter(([key, feature]) => !same(shown.get(key), feature));
  return { next, gone, come };
}

/**
 * @param {any} one
 * @param {any} other
 */
function same(one, other) {
  return one !== undefined && JSON.stringify(one) === JSON.stringify(other);
}
