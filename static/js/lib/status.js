// @ts-check
// Statuses as people see them: eleven states of the workflow in six groups, each with a colour and a shape.

/** @typedef {{className: string, size: number, html: string}} Mark on the map; pixels of its square */

/** The groups in the order of a report's life; ring segments and legends keep it. */
export const GROUPS = ["new", "triage", "progress", "waiting", "resolved", "returned"];

/** @type {Record<string, string>} */
const GROUP_OF = {
  new: "new",
  triage: "triage",
  accepted: "progress",
  surveying: "progress",
  in_progress: "progress",
  reply_review: "progress",
  waiting: "waiting",
  resolved: "resolved",
  returned: "returned",
  duplicate: "returned",
  withdrawn: "returned",
};

/**
 * The group of a status; what we do not know counts as being worked on, never as done.
 * @param {string} status
 */
export function groupOf(status) {
  return GROUP_OF[status] || "progress";
}

/**
 * The symbol of icons.svg that marks a report of this status on the map.
 * @param {string} status
 */
export function markerOf(status) {
  return `marker-${status === "duplicate" || status === "withdrawn" ? status : groupOf(status)}`;
}

/**
 * A single report as it is drawn.
 * @param {{status: string}} properties
 * @param {string} icons address of the icon sprite
 * @returns {Mark}
 */
export function singleMark({ status }, icons) {
  const name = markerOf(status);
  const html = `<svg class="${name}" width="28" height="28" aria-hidden="true"><use href="${icons}#${name}"></use></svg>`;
  return { className: "map-single", size: 28, html };
}

/**
 * Counts by status summed by group, in the order of GROUPS, without empty ones.
 * @param {Record<string, number> | null | undefined} byStatus
 * @returns {{group: string, count: number}[]}
 */
export function byGroup(byStatus) {
  /** @type {Record<string, number>} */
  const sums = {};
  for (const [status, count] of Object.entries(byStatus || {})) {
    const group = groupOf(status);
    sums[group] = (sums[group] || 0) + count;
  }
  return GROUPS.filter((group) => sums[group] > 0).map((group) => ({ group, count: sums[group] }));
}
