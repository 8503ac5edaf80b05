// @ts-check
// Surveys kept on the phone until the server has them: words and the bytes of photos, in IndexedDB. Knows no page, so that a service worker sends too.

/**
 * @typedef {object} KeptPhoto
 * @property {string} sha SHA-256 of the bytes, in hexadecimal
 * @property {string} name
 * @property {string} type
 * @property {ArrayBuffer} bytes
 *
 * @typedef {object} Kept a survey: a draft, finished and waiting for the line, or refused by the server
 * @property {string} key a UUID, by which the server counts it once
 * @property {string} user mark of the officer
 * @property {string} code of the report
 * @property {string} title
 * @property {string} url to which its words go
 * @property {"draft" | "waiting" | "refused"} state
 * @property {[string, string][]} fields
 * @property {KeptPhoto[]} photos
 * @property {number} at milliseconds
 * @property {string} [why] what the server said
 *
 * @typedef {{sent: Kept[], left: Kept[], signedOut: boolean, offline: boolean}} Outcome
 */

const STORE = "surveys";
const WHO = "/desk/surveys/who/";

/** @returns {Promise<IDBDatabase>} */
function opened() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open("field", 1);
    request.addEventListener("upgradeneeded", () => request.result.createObjectStore(STORE, { keyPath: "key" }));
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(request.error));
  });
}

/**
 * One transaction; resolves once it is written to the disk.
 * @template T
 * @param {IDBTransactionMode} mode
 * @param {(store: IDBObjectStore) => IDBRequest<T>} act
 * @returns {Promise<T>}
 */
async function within(mode, act) {
  const base = await opened();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = base.transaction(STORE, mode, { durability: "strict" });
      const request = act(transaction.objectStore(STORE));
      transaction.addEventListener("complete", () => resolve(request.result));
      for (const event of ["error", "abort"]) transaction.addEventListener(event, () => reject(transaction.error));
    });
  } finally {
    base.close();
  }
}

/** @returns {Promise<Kept[]>} */
export async function all() {
  const kept = await within("readonly", (store) => store.getAll());
  return kept.sort((a, b) => a.at - b.at);
}

/** @param {Kept} kept */
export function put(kept) {
  return within("readwrite", (store) => store.put(kept));
}

/** @param {string} key */
export function remove(key) {
  return within("readwrite", (store) => store.delete(key));
}

/**
 * SHA-256 in hexadecimal.
 * @param {ArrayBuffer} bytes
 */
export async function sha256(bytes) {
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Whether an answer is about the line or the server's moment, not about the survey: it is tried again later.
 * @param {number} status 0: nothing came back
 */
export function isPassing(status) {
  return status === 0 || status === 401 || status === 408 || status === 429 || status >= 500;
}

/**
 * Sends whatever of an officer waits, one after the other. Two tabs, or a page and the service worker, take turns where the browser knows locks;
 * where it does not, the server counts each once all the same.
 * @param {{fetch?: typeof fetch, store?: {all: typeof all, put: typeof put, remove: typeof remove}}} [parts] others in tests
 * @returns {Promise<Outcome>}
 */
export function sendAll(parts = {}) {
  const run = () => send(parts.fetch || fetch.bind(globalThis), parts.store || { all, put, remove });
  return globalThis.navigator?.locks ? navigator.locks.request("surveys", run) : run();
}

/**
 * @param {typeof fetch} ask
 * @param {{all: typeof all, put: typeof put, remove: typeof remove}} store
 * @returns {Promise<Outcome>}
 */
async function send(ask, store) {
  const waiting = (await store.all()).filter(({ state }) => state === "waiting");
  /** @type {Outcome} */
  const outcome = { sent: [], left: waiting, signedOut: false, offline: false };
  if (!waiting.length) return outcome;
  const who = await call(ask, WHO, { redirect: "manual" });
  outcome.offline = who.status === 0 && !who.away;
  outcome.signedOut = who.away || who.status === 403;
  if (who.status !== 200) return outcome;
  const { user, token } = who.said;
  for (const kept of waiting.filter((one) => one.user === user)) {
    const answer = await sendOne(ask, kept, token);
    if (answer.status === 200) {
      await store.remove(kept.key);
      outcome.sent.push(kept);
    } else if (isPassing(answer.status)) {
      outcome.offline = answer.status === 0;
      break; // the next would fare no better
    } else {
      await store.put({ ...kept, state: "refused", why: answer.said.detail || String(answer.status) });
    }
  }
  outcome.left = (await store.all()).filter(({ state }) => state === "waiting");
  return outcome;
}

/**
 * The words, then each photo that the server misses: what arrived before the line broke is not sent again.
 * @param {typeof fetch} ask
 * @param {Kept} kept
 * @param {string} token
 */
async function sendOne(ask, kept, token) {
  const headers = { "X-CSRFToken": token, Accept: "application/json" };
  const words = new FormData();
  for (const [name, value] of kept.fields) words.append(name, value);
  words.set("key", kept.key);
  words.set("named", kept.photos.map(({ sha }) => sha).join(" "));
  let answer = await call(ask, kept.url, { method: "POST", headers, body: words });
  if (answer.status !== 200 && answer.status !== 201) return answer;
  for (const sha of answer.said.missing) {
    const photo = kept.photos.find((one) => one.sha === sha);
    if (!photo) continue;
    const body = new FormData();
    body.append("photo", new Blob([photo.bytes], { type: photo.type }), photo.name);
    answer = await call(ask, `/desk/surveys/${kept.key}/photos/`, { method: "POST", headers, body });
    if (answer.status !== 200) return answer;
  }
  return { ...answer, status: 200 };
}

/**
 * An answer in JSON; status 0 where nothing came back, `away` where we were sent to sign in.
 * @param {typeof fetch} ask
 * @param {string} url
 * @param {RequestInit} options
 * @returns {Promise<{status: number, said: any, away: boolean}>}
 */
async function call(ask, url, options) {
  try {
    const answer = await ask(url, { credentials: "same-origin", redirect: "manual", ...options });
    if (answer.type === "opaqueredirect" || answer.redirected) return { status: 401, said: {}, away: true };
    return { status: answer.status, said: await answer.json().catch(() => ({})), away: false };
  } catch {
    return { status: 0, said: {}, away: false };
  }
}
