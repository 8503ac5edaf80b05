// @ts-check
// What a map page shows, as its address says it: `at=lat,lon,zoom` and the filters.

/** @typedef {{lat: number, lon: number, zoom: number}} At */

/**
 * The place in `at=`, or null where it is absent or nonsense.
 * @param {string | null} text
 * @returns {At | null}
 */
export function parseAt(text) {
  const parts = (text || "").split(",");
  if (parts.length !== 3 || parts.some((part) => part.trim() === "")) return null;
  const [lat, lon, zoom] = parts.map(Number);
  const sane = Math.abs(lat) <= 85 && Math.abs(lon) <= 180 && zoom >= 0 && zoom <= 22;
  return sane ? { lat, lon, zoom } : null;
}

/**
 * @param {At} at
 */
export function formatAt({ lat, lon, zoom }) {
  const decimals = zoom < 10 ? 3 : zoom < 14 ? 4 : 5;
  return `${Number(lat.toFixed(decimals))},${Number(lon.toFixed(decimals))},${Number(zoom.toFixed(2))}`;
}

/**
 * An address with some parameters set; empty ones are left out. The others are kept.
 * @param {string} address path and query
 * @param {Record<string, string | null | undefined>} values
 */
export function withParams(address, values) {
  const [path, query = ""] = address.split("?");
  const params = new URLSearchParams(query);
  for (const [name, value] of Object.entries(values)) {
    if (value) params.set(name, value);
    else params.delete(name);
  }
  const text = params.toString().replaceAll("%2C", ",");
  return text ? `${path}?${text}` : path;
}

/**
 * A position as people type it: "9.1768, 105.1524" or "9,1768 105,1524"; null where it is none.
 * @param {string} text
 * @returns {{lat: number, lon: number} | null}
 */
export function parsePosition(text) {
  const match =
    text.trim().match(/^(-?\d{1,3}(?:\.\d+)?)\s*[,;\s]\s*(-?\d{1,3}(?:\.\d+)?)$/) ||
    text.trim().match(/^(-?\d{1,3}(?:,\d+)?)\s*[;\s]\s*(-?\d{1,3}(?:,\d+)?)$/);
  if (!match) return null;
  const [lat, lon] = [match[1], match[2]].map((part) => Number(part.replace(",", ".")));
  return Math.abs(lat) <= 90 && Math.abs(lon) <= 180 ? { lat, lon } : null;
}
