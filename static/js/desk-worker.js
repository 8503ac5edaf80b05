// @ts-check
/// <reference lib="webworker" />
// The service worker of the desk: opens the pages of the field without a line, and sends what waits when the browser says that the line is back.
// Nothing depends on it: without it pages need a line to open, and send themselves what waits.
import { FILES, isFixed, isKept, PAGES } from "./lib/kept-pages.js";
import { sendAll } from "./lib/outbox.js";

const worker = /** @type {any} */ (globalThis);

let isAnother = false; // version of the site, whose pages name other files
worker.addEventListener("install", () => {
  isAnother = Boolean(worker.registration.active);
  worker.skipWaiting();
});
worker.addEventListener("activate", (/** @type {any} */ event) =>
  event.waitUntil(
    Promise.all([worker.clients.claim(), ...(isAnother ? [caches.delete(PAGES), caches.delete(FILES)] : [])]),
  ),
);
worker.addEventListener("sync", (/** @type {any} */ event) => {
  if (event.tag === "surveys") event.waitUntil(sent());
});
worker.addEventListener("fetch", (/** @type {any} */ event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== worker.location.origin) return;
  if (request.mode === "navigate" && isKept(pathname)) event.respondWith(page(request, pathname));
  else if (isFixed(pathname)) event.respondWith(file(request));
});

/** Rejects while something is left, so that the browser asks again. */
async function sent() {
  const { left } = await sendAll();
  if (left.length) throw new Error("not all is sent");
}

/**
 * The page as it is now; without a line as it was kept.
 * @param {Request} request
 * @param {string} path
 */
async function page(request, path) {
  const pages = await caches.open(PAGES);
  try {
    const answer = await fetch(request);
    if (answer.ok && !answer.redirected) await pages.put(path, answer.clone());
    return answer;
  } catch (error) {
    const kept = await pages.match(path);
    if (!kept) throw error;
    return kept;
  }
}

/** @param {Request} request */
async function file(request) {
  const files = await caches.open(FILES);
  const kept = await files.match(request.url);
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok) await files.put(request.url, answer.clone());
  return answer;
}
