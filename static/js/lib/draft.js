// @ts-check
// A report that was begun: kept on the device for a week, so that a crash or a dead battery loses no words.

const VERSION = 1;
const KEPT_MS = 7 * 86_400_000;

/**
 * @param {Record<string, string>} values
 * @param {number} now milliseconds
 */
export function pack(values, now) {
  const filled = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ""));
  return Object.keys(filled).length ? JSON.stringify({ version: VERSION, at: now, values: filled }) : "";
}

/**
 * The values of a draft; null for none, one too old, and anything that is none.
 * @param {string | null} text
 * @param {number} now milliseconds
 * @returns {Record<string, string> | null}
 */
export function unpack(text, now) {
  try {
    const { version, at, values } = JSON.parse(text || "null") || {};
    if (version !== VERSION || typeof at !== "number" || now - at > KEPT_MS || at > now + KEPT_MS) return null;
    const strings = Object.entries(values).filter(([, value]) => typeof value === "string" && value !== "");
    return strings.length ? Object.fromEntries(strings) : null;
  } catch {
    return null;
  }
}
