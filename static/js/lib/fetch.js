// @ts-check
// Asking the API: answers as JSON, errors as sentences, and only the latest question counts.

export class Problem extends Error {
  /**
   * @param {string} message a sentence for people ("" where we have none)
   * @param {number} status HTTP status; 0 where nothing came back
   * @param {Record<string, any>} [body] the problem document
   */
  constructor(message, status, body = {}) {
    super(message);
    this.status = status;
    this.body = body;
  }

  /** Whether the line, not the server, is to blame. */
  get isOffline() {
    return this.status === 0;
  }
}

/**
 * The JSON at an address. Throws Problem; an aborted request throws the AbortError of fetch.
 * @param {string} url
 * @param {{signal?: AbortSignal, lang?: string}} [options]
 * @returns {Promise<any>}
 */
export async function getJson(url, { signal, lang } = {}) {
  const response = await ask(url, { signal, lang, accept: "application/json" });
  try {
    return await response.json();
  } catch (error) {
    if (isAbort(error)) throw error;
    throw new Problem("", 0);
  }
}

/**
 * The JSON at an address, unless it is still the version that one has: then null. The browser sends its kept version along, and the server
 * answers in a few bytes while nothing has changed.
 * @param {string} url
 * @param {{signal?: AbortSignal, lang?: string, known?: string | null}} [options] `known`: the version (ETag) that one has
 * @returns {Promise<{body: any, version: string | null}>}
 */
export async function getFresh(url, { signal, lang, known } = {}) {
  const response = await ask(url, { signal, lang, accept: "application/json" });
  const version = response.headers.get("ETag");
  try {
    return { body: known && version === known ? null : await response.json(), version };
  } catch (error) {
    if (isAbort(error)) throw error;
    throw new Problem("", 0);
  }
}

/**
 * The text (a fragment of a page) at an address; with a body it is asked for by POST.
 * @param {string} url
 * @param {{signal?: AbortSignal, lang?: string, body?: FormData}} [options]
 */
export async function getText(url, { signal, lang, body } = {}) {
  return (await ask(url, { signal, lang, body, accept: "text/html" })).text();
}

/**
 * @param {string} url
 * @param {{signal?: AbortSignal, lang?: string, body?: FormData, accept: string}} options
 */
async function ask(url, { signal, lang, body: sent, accept }) {
  let response;
  try {
    response = await fetch(url, {
      signal,
      method: sent ? "POST" : "GET",
      body: sent,
      headers: { Accept: accept, ...(lang ? { "Accept-Language": lang } : {}) },
    });
  } catch (error) {
    if (isAbort(error)) throw error;
    throw new Problem("", 0);
  }
  if (response.ok) return response;
  /** @type {Record<string, any>} */
  let body = {};
  try {
    body = await response.json();
  } catch {
    // not a problem document: the status has to do
  }
  throw new Problem(body.detail || body.title || "", response.status, body);
}

/**
 * Whether an error says that we gave up a request ourselves.
 * @param {unknown} error
 */
export function isAbort(error) {
  return error instanceof Error && error.name === "AbortError";
}

/**
 * A task that starts `wait` ms after the last call and aborts the run before: of quick changes only the last is asked for. `now` does not wait.
 * @template {any[]} A
 * @param {(signal: AbortSignal, ...args: A) => Promise<void>} task
 * @param {number} wait
 * @returns {((...args: A) => void) & {now: (...args: A) => void}}
 */
export function latest(task, wait) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** @type {AbortController | undefined} */
  let running;
  const now = (/** @type {A} */ ...args) => {
    clearTimeout(timer);
    running?.abort();
    running = new AbortController();
    task(running.signal, ...args).catch((error) => {
      if (!isAbort(error)) throw error;
    });
  };
  const soon = (/** @type {A} */ ...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => now(...args), wait);
  };
  return Object.assign(soon, { now });
}
