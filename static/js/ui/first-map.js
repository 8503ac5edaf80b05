// @ts-check
// The home page's map before and at its start: what lies over it, and the clusters that the page brought along.
import { contains, wholeCells } from "../lib/bbox.js";
import { cellsIn } from "../lib/first-view.js";

/** @typedef {import("../lib/bbox.js").Bbox} Bbox */

/** On phones the search lies over the map's top, the sheet over its foot. */
export function covered() {
  const isNarrow = matchMedia("(max-width: 59.99rem)").matches;
  const height = (/** @type {string} */ selector) =>
    /** @type {HTMLElement | null} */ (document.querySelector(selector))?.offsetHeight || 0;
  return isNarrow ? { top: height(".home-tools"), bottom: height("#sheet-head") + 40 } : { top: 0, bottom: 0 };
}

/** @type {any} */
let brought;

/**
 * What the page brought of /api/v1/map/clusters/ for a view; null where that is not all, or is older than another answer.
 * @param {number} zoom
 * @param {Bbox} view
 * @param {Record<string, string | undefined>} [asked] category, status, since; without it as the page's address says
 * @returns {{features: any[], version: string | null} | null}
 */
export function broughtFor(zoom, view, asked) {
  brought ??= JSON.parse(document.getElementById("first-clusters")?.textContent || "{}");
  const collection = brought.zooms?.[zoom];
  const cells = wholeCells(view, zoom);
  if (!collection || !contains(brought.box, cells)) return null;
  if (asked && Object.entries(asked).some(([name, value]) => (value || "") !== (brought.asked[name] || "")))
    return null;
  return { features: cellsIn(collection.features, zoom, cells), version: brought.version };
}
