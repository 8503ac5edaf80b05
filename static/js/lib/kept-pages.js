// @ts-check
// Pages of the field kept on the phone, so that they open without a line: the survey pages of the reports at hand, and the route of the day.

export const PAGES = "field-pages";
export const FILES = "field-files";
const HASHED = /\.[0-9a-f]{12}\.\w+$/;

/**
 * Whether a page opens without a line once it was seen or fetched ahead.
 * @param {string} path
 */
export function isKept(path) {
  return /^\/desk\/(route|reports\/[^/]+\/survey)\/$/.test(path);
}

/**
 * Whether a file never changes under its name.
 * @param {string} path
 */
export function isFixed(path) {
  return path.startsWith("/static/") && HASHED.test(path);
}

/**
 * Fetches a page and the files that it names, one after the other: a weak line is for the reader first. Nothing is said where it fails.
 * @param {string} url
 */
export async function keepPage(url) {
  if (!globalThis.caches || !navigator.serviceWorker) return;
  try {
    const answer = await fetch(url, { headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) return;
    const text = await answer.clone().text();
    await (await caches.open(PAGES)).put(new URL(answer.url).pathname, answer);
    const files = await caches.open(FILES);
    for (const file of filesOf(text)) if (!(await files.match(file))) await files.add(file);
  } catch {
    // The line: the next look at the page tries again
  }
}

/**
 * The files of ours that a page names.
 * @param {string} html
 */
export function filesOf(html) {
  const named = [...html.matchAll(/(?:href|src|data-icons)="(\/static\/[^"#]+)"/g)].map(([, file]) => file);
  return [...new Set(named)].filter(isFixed);
}

/** Forgets the pages: they are of whoever was signed in. What waits to be sent stays. */
export function forgetPages() {
  return globalThis.caches ? caches.delete(PAGES) : Promise.resolve(false);
}
