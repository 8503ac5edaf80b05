// @ts-check
// Where a map begins, before there is one: what is drawn first stands where Leaflet draws it later. Pure: no document here.
import { latOf, lonOf, tileX, tileY } from "./bbox.js";

/** @typedef {import("./bbox.js").Bbox} Bbox */
/** @typedef {import("./view.js").At} At */
/** @typedef {{x: number, y: number}} Size pixels */
/** @typedef {{top: number, bottom: number}} Covered pixels at the edges that other things lie over */

const TILE = 256;
const MARGIN = 4; // pixels between a box that is fitted and the edge
const LEAST = 64; // pixels that are left of a window in which other things cover all

/**
 * The lowest and the highest zoom, and the steps between: images of a tile server look right at whole zooms only.
 * @param {boolean} onTiles
 */
export function zoomsOf(onTiles) {
  return { min: 5, max: onTiles ? 19 : 20, snap: onTiles ? 1 : 0.25 };
}

/**
 * The clusters for which a map of a zoom asks: cells of 64 pixels and more, so that discs have room.
 * @param {number} zoom
 */
export function clusterZoom(zoom) {
  return Math.max(0, Math.floor(zoom) - 1);
}

/**
 * Middle and zoom at which a box is seen as large as it fits (what Leaflet's fitBounds comes to).
 * @param {Bbox} bbox
 * @param {Size} size of the map
 * @param {Covered} covered
 * @param {{min: number, max: number, snap: number}} zooms
 * @returns {At}
 */
export function fitting([west, south, east, north], size, { top, bottom }, { min, max, snap }) {
  const [left, right, high, low] = [tileX(west, 0), tileX(east, 0), tileY(north, 0), tileY(south, 0)];
  const room = { x: size.x - 2 * MARGIN, y: size.y - top - bottom - 2 * MARGIN };
  const scale = Math.min(Math.max(room.x, LEAST) / (right - left), Math.max(room.y, LEAST) / (low - high));
  const exact = Math.log2(scale / TILE);
  const nearly = Math.round((exact / snap) * 100) / 100; // a hundredth below a step is that step
  const zoom = Math.max(min, Math.min(max, Math.floor(nearly) * snap));
  const y = (low + high) / 2 + (bottom - top) / 2 / TILE / 2 ** zoom;
  return { lat: latOf(y, 0), lon: lonOf((left + right) / 2, 0), zoom };
}

/**
 * The box that a map of a size shows, and where a position of it lies in pixels from its upper left corner.
 * @param {At} view
 * @param {Size} size
 */
export function frameOf({ lat, lon, zoom }, { x, y }) {
  const left = Math.round(TILE * tileX(lon, zoom) - x / 2);
  const top = Math.round(TILE * tileY(lat, zoom) - y / 2);
  /** @type {Bbox} */
  const bbox = [
    lonOf(left / TILE, zoom),
    latOf((top + y) / TILE, zoom),
    lonOf((left + x) / TILE, zoom),
    latOf(top / TILE, zoom),
  ];
  return {
    bbox,
    at: (/** @type {[number, number]} */ [lon, lat]) => ({
      x: Math.round(TILE * tileX(lon, zoom)) - left,
      y: Math.round(TILE * tileY(lat, zoom)) - top,
    }),
  };
}

/**
 * Those of the features of /api/v1/map/clusters/ whose cells touch a box: what that call answers for it.
 * @param {any[]} features of a larger box
 * @param {number} zoom the one that was asked for
 * @param {Bbox} bbox
 */
export function cellsIn(features, zoom, [west, south, east, north]) {
  const z = zoom + 3;
  const column = (/** @type {number} */ lon) => Math.floor(tileX(lon, z));
  const row = (/** @type {number} */ lat) => Math.floor(tileY(lat, z));
  return features.filter(
    ({
      geometry: {
        coordinates: [lon, lat],
      },
    }) => {
      const [x, y] = [column(lon), row(lat)];
      return x >= column(west) && x <= column(east) && y >= row(north) && y <= row(south);
    },
  );
}
