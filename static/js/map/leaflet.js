// @ts-check
// The one door to Leaflet: the copy that django-leaflet ships, loaded by a plain script tag before our modules.

/** @type {any} */
export const L = /** @type {any} */ (globalThis).L;

/** Whether Leaflet came over the line. */
export const hasLeaflet = Boolean(L);
