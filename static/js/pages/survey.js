// @ts-check
// A survey on the spot: whatever is typed or photographed is on the phone's disk at once; finished, it waits there until the server has it.
import { metresBetween } from "../lib/distance.js";
import { distance } from "../lib/format.js";
import { all, put, remove, sha256 } from "../lib/outbox.js";
import { createMap } from "../map/basemap.js";
import { hasLeaflet } from "../map/leaflet.js";
import { pin } from "../map/pin.js";
import { positionMark } from "../map/position.js";
import { outbox } from "../ui/outbox-state.js";
import { icons, lang, pageConfig, pageWords } from "../ui/page.js";
import { photoPicker } from "../ui/photo-picker.js";
import { askPosition } from "../ui/position.js";

/** @typedef {import("../lib/outbox.js").Kept} Kept */

const KEEP_AFTER_MS = 300;
const NOT_KEPT = new Set(["csrfmiddlewaretoken", "photos", "key", "named"]);

const words = pageWords("map-words", "survey-words");
const { code, title, user, url, back, ...spot } = pageConfig("survey-config");
const byId = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const form = /** @type {HTMLFormElement} */ (byId("survey"));
const draftTold = byId("draft-told");

/** @type {string} */
let key = crypto.randomUUID?.() || field("key").value;
let keeps = true; // false once the phone has refused to keep something
/** @type {Map<File, import("../lib/outbox.js").KeptPhoto>} */
const known = new Map();

/** @param {string} name */
function field(name) {
  return /** @type {HTMLInputElement} */ (form.elements.namedItem(name));
}

// --- where the officer stands --------------------------------------------------------------------------------------------

const element = byId("map");
/** @type {ReturnType<typeof positionMark> | null} */
let mark = null;
if (hasLeaflet && element) {
  const { map, base } = createMap(element, {
    words,
    lang,
    at: { lat: spot.lat, lon: spot.lon, zoom: element.dataset.tileUrl ? 17 : 15 },
    scrollZoom: false,
  });
  pin(map, { lat: spot.lat, lon: spot.lon, accuracy: spot.accuracy, icons });
  base.avoid([{ lat: spot.lat, lon: spot.lon, size: 50 }]);
  mark = positionMark(map);
}

function showPosition() {
  if (!field("lat").value) return;
  const here = { lat: Number(field("lat").value), lon: Number(field("lon").value) };
  const accuracy = Number(field("accuracy").value) || null;
  mark?.({ ...here, accuracy });
  byId("position-told").textContent = words("positionAt", {
    distance: distance(metresBetween(here, spot), lang),
    metres: distance(accuracy || 0, lang),
  });
}

async function locate() {
  const button = byId("locate");
  button.setAttribute("aria-busy", "true");
  byId("position-told").textContent = words("positionWait");
  try {
    const here = await askPosition(words);
    field("lat").value = here.lat.toFixed(7);
    field("lon").value = here.lon.toFixed(7);
    field("accuracy").value = String(here.accuracy);
    showPosition();
    keepSoon();
  } catch (error) {
    byId("position-told").textContent = error instanceof Error ? error.message : String(error);
  } finally {
    button.removeAttribute("aria-busy");
  }
}
byId("locate").addEventListener("click", locate);

// --- photos, and all of it kept --------------------------------------------------------------------------------------------

const picker = photoPicker(/** @type {HTMLInputElement} */ (byId("id_photos")), {
  words,
  lang,
  told: byId("photos-told"),
  onChange: keepSoon,
});

/** @type {ReturnType<typeof setTimeout> | undefined} */
let later;
/** @type {Promise<unknown>} */
let keeping = Promise.resolve();

function keepSoon() {
  clearTimeout(later);
  draftTold.textContent = ""; // said again once it is true again
  later = setTimeout(() => keep("draft"), KEEP_AFTER_MS);
}
// The phone rings, the tab goes: what was typed this moment is written too
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden" && later && !form.hidden) keep("draft");
});

/**
 * Writes the survey to the disk, one write after the other; whether it stands there.
 * @param {"draft" | "waiting"} state
 * @returns {Promise<boolean>}
 */
function keep(state) {
  clearTimeout(later);
  later = undefined;
  const kept = keeping.then(() => write(state));
  keeping = kept.catch(() => {});
  return kept.then(
    () => true,
    () => {
      keeps = false;
      draftTold.textContent = words("draftFailed");
      return false;
    },
  );
}

/** @param {"draft" | "waiting"} state */
async function write(state) {
  const photos = [];
  for (const file of await picker.files()) photos.push(await keptPhoto(file));
  /** @type {[string, string][]} */
  const fields = [];
  for (const [name, value] of new FormData(form))
    if (typeof value === "string" && value && !NOT_KEPT.has(name)) fields.push([name, value]);
  await put({ key, user, code, title, url, state, fields, photos, at: Date.now() });
  if (state === "draft") draftTold.textContent = words("draftKept");
  byId("discard").hidden = state !== "draft";
}

/** @param {File} file */
async function keptPhoto(file) {
  let photo = known.get(file);
  if (!photo) {
    const bytes = await file.arrayBuffer();
    photo = { sha: await sha256(bytes), name: file.name, type: file.type, bytes };
    known.set(file, photo);
  }
  return photo;
}

async function restore() {
  const kept = (await all()).findLast((one) => one.code === code && one.user === user && one.state !== "waiting");
  if (!kept) return false;
  key = kept.key;
  for (const [name, value] of kept.fields) {
    const control = form.elements.namedItem(name);
    if (control instanceof RadioNodeList) control.value = value;
    else if (control && "value" in control) control.value = value;
  }
  picker.restore(
    kept.photos.map((photo) => {
      const file = new File([photo.bytes], photo.name, { type: photo.type });
      known.set(file, photo);
      return file;
    }),
  );
  showPosition();
  byId("discard").hidden = false;
  draftTold.textContent = words("draftKept");
  if (kept.why) refuse(kept.why);
  return true;
}

/** @param {string} why */
function refuse(why) {
  byId("refused-text").textContent = why;
  byId("refused").hidden = false;
}

// --- finishing ------------------------------------------------------------------------------------------------------------

form.addEventListener("input", keepSoon);
form.addEventListener("submit", async (event) => {
  if (!keeps || !outbox) return; // as without scripts: all at once, now
  event.preventDefault();
  if (!form.reportValidity()) return;
  byId("refused").hidden = true;
  if (!field("done_at").value) field("done_at").value = new Date().toISOString();
  const button = byId("finish");
  button.setAttribute("aria-busy", "true");
  draftTold.textContent = "";
  const stands = await keep("waiting");
  button.removeAttribute("aria-busy");
  if (!stands) return;
  form.hidden = true;
  tellKept(words("sending"));
  askForSync();
  await outbox.attempt();
  const mine = (await all()).find((one) => one.key === key);
  if (!mine) location.assign(back);
  else if (mine.state === "refused") {
    // Mended and sent anew under the same key: the server has kept nothing of it
    form.hidden = false;
    byId("kept").hidden = true;
    field("done_at").value = "";
    refuse(mine.why || "");
  } else tellKept(words("waits"));
});
// Gone from the phone: sent, by this page, by another or by the service worker, which tells nobody
document.addEventListener("outbox", async () => {
  if (form.hidden && !(await all()).some((one) => one.key === key)) location.assign(back);
});

/** @param {string} text */
function tellKept(text) {
  byId("kept-text").textContent = text;
  byId("kept").hidden = false;
}

/** Asks the browser to send in the background when the line is back, where it knows how. */
async function askForSync() {
  const registration = await navigator.serviceWorker?.getRegistration().catch(() => undefined);
  // @ts-expect-error Chromium alone has it
  registration?.sync?.register("surveys").catch(() => {});
}

byId("discard").addEventListener("click", async () => {
  if (!window.confirm(words("askDiscard"))) return;
  clearTimeout(later);
  await keeping;
  await remove(key);
  location.assign(back);
});

form.noValidate = true; // our own call of reportValidity, after all is kept
restore()
  .catch(() => {
    keeps = false;
    draftTold.textContent = words("draftFailed");
    return false;
  })
  .then((found) => {
    if (!found || !field("lat").value) locate();
    navigator.storage?.persist?.().catch(() => {}); // asked once: the browser then does not clear it for want of room
  });
