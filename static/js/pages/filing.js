// @ts-check
// Filing a report: the pin under the map, who gets it, photos, a draft that survives a crash, and sending over a weak line.
import { metresBetween } from "../lib/distance.js";
import { pack, unpack } from "../lib/draft.js";
import { getText, isAbort, latest } from "../lib/fetch.js";
import { distance } from "../lib/format.js";
import { send } from "../lib/send.js";
import { areaLayer } from "../map/area.js";
import { createMap } from "../map/basemap.js";
import { hasLeaflet } from "../map/leaflet.js";
import { positionMark } from "../map/position.js";
import { forgive, takeErrors } from "../ui/form-errors.js";
import { lang, pageWords } from "../ui/page.js";
import { photoPicker } from "../ui/photo-picker.js";
import { placeSearch } from "../ui/place-search.js";
import { askPosition } from "../ui/position.js";

/**
 * @typedef {object} Spot where the pin stands
 * @property {number} lat
 * @property {number} lon
 * @property {number | null} [accuracy] radius in metres; null: exact
 * @property {string} [unit] the commune that was chosen by its name
 * @property {string} [name] its name
 */

const DRAFT = "report-draft";
const CONTACT = "report-contact";
const KEPT = ["category", "description", "place_note", "place", "lat", "lon", "accuracy", "place_unit"];
const CONTACT_FIELDS = ["name", "phone", "email"];
const MAX_DESCRIPTION = 5000;
const NEAR_ENOUGH_M = 30;
const ROUGH_ZOOM = 12;
const PIN_ZOOM = byTiles() ? 16 : 14; // our own map has no streets: further in there is nothing to see

const words = pageWords("map-words", "filing-words");

function byTiles() {
  return Boolean(document.getElementById("map")?.dataset.tileUrl);
}

const byId = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const form = /** @type {HTMLFormElement} */ (byId("filing"));
const where = byId("where");
const gpsError = byId("gps-error");
const spotTold = byId("spot-told");
const sendButton = /** @type {HTMLButtonElement} */ (byId("send"));
const search = /** @type {HTMLInputElement} */ (byId("id_place"));
const description = /** @type {HTMLTextAreaElement} */ (byId("id_description"));
const remember = /** @type {HTMLInputElement} */ (byId("remember"));
const offer = byId("photo-offer");

// --- the form's fields --------------------------------------------------------------------------------------------------

/** @param {string} name */
function value(name) {
  return String(new FormData(form).get(name) || "");
}

/**
 * @param {string} name
 * @param {string} text
 */
function setValue(name, text) {
  const field = form.elements.namedItem(name);
  if (field instanceof RadioNodeList) field.value = text;
  else if (field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement) {
    if (field instanceof HTMLInputElement && field.type === "radio") field.checked = field.value === text;
    else field.value = text;
  }
}

/** @returns {Spot | null} */
function spot() {
  const [lat, lon] = [value("lat"), value("lon")].map(Number);
  if (!value("lat") || !Number.isFinite(lat) || !Number.isFinite(lon)) return null;
  return { lat, lon, accuracy: Number(value("accuracy")) || null, unit: value("place_unit") };
}

// --- the pin ------------------------------------------------------------------------------------------------------------

const map = hasLeaflet ? beginMap() : null;
if (!map) {
  byId("filing-map").hidden = true;
  say(words("noMap"));
}

/** @param {Spot} chosen */
function putPin(chosen) {
  setValue("lat", chosen.lat.toFixed(6));
  setValue("lon", chosen.lon.toFixed(6));
  setValue("accuracy", chosen.accuracy ? String(Math.round(chosen.accuracy)) : "");
  setValue("place_unit", chosen.unit || "");
  forgive("place");
  tellSpot(chosen);
  byId("filing-map").classList.remove("is-unset");
  askWhere();
  askSimilar();
  keepDraft();
}

/** @param {Spot} chosen */
function tellSpot({ lat, lon, accuracy, name }) {
  const at = { lat: lat.toFixed(5), lon: lon.toFixed(5) };
  if (name) spotTold.textContent = words("pinCommune", { name });
  else if (accuracy) spotTold.textContent = words("pinWithin", { ...at, metres: distance(accuracy, lang) });
  else spotTold.textContent = words("pinAt", at);
  spotTold.hidden = false;
}

function beginMap() {
  const holder = byId("filing-map");
  const known = spot();
  const { map, base } = createMap(byId("map"), {
    words,
    lang,
    at: known
      ? { lat: known.lat, lon: known.lon, zoom: known.accuracy && known.accuracy > 500 ? ROUGH_ZOOM : PIN_ZOOM }
      : null,
    onError: (message) => say(message),
  });
  // The pin stands in the middle: to zoom must not move it
  Object.assign(map.options, { scrollWheelZoom: "center", touchZoom: "center", doubleClickZoom: "center" });
  const mark = positionMark(map);
  const area = areaLayer(map, { fill: false });
  let shown = "";
  let byHand = false;
  /** @type {Spot | null} */
  let target = null;

  holder.classList.toggle("is-unset", !known);
  if (known) {
    tellSpot(known);
    if (known.accuracy) mark(known);
  }

  map.on("dragstart", () => {
    byHand = true;
    target = null;
  });
  map.getContainer().addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key.startsWith("Arrow")) {
      byHand = true;
      target = null;
    }
  });
  map.on("click", (/** @type {any} */ { latlng }) => {
    byHand = true;
    target = null;
    byId("map-hint").hidden = true;
    if (map.getZoom() < ROUGH_ZOOM + 1) map.setView(latlng, ROUGH_ZOOM + 2);
    else map.panTo(latlng);
  });
  map.on("movestart", () => holder.classList.add("is-moving"));
  const aroundPin = () => base.avoid([{ lat: map.getCenter().lat, lon: map.getCenter().lng, size: 50 }]);
  aroundPin();
  map.on("moveend", () => {
    holder.classList.remove("is-moving");
    aroundPin();
    if (target) {
      const reached = target;
      target = null;
      putPin(reached);
    } else if (byHand) {
      byHand = false;
      byId("map-hint").hidden = true;
      const { lat, lng } = map.getCenter();
      putPin({ lat, lon: lng });
    }
  });

  return {
    /**
     * Moves the map so that its pin stands on a spot, and takes that spot.
     * @param {Spot} chosen
     * @param {number[] | null} [bbox] the box to show around it
     */
    goTo(chosen, bbox) {
      byHand = false;
      if (chosen.accuracy) mark(chosen);
      const around = bbox
        ? map.getBoundsZoom([
            [bbox[1], bbox[0]],
            [bbox[3], bbox[2]],
          ])
        : PIN_ZOOM;
      const zoom = bbox ? around : chosen.accuracy && chosen.accuracy > 500 ? ROUGH_ZOOM : PIN_ZOOM;
      const centre = map.getCenter();
      if (centre.distanceTo([chosen.lat, chosen.lon]) < 1 && map.getZoom() === zoom) {
        putPin(chosen);
        return;
      }
      target = chosen;
      map.setView([chosen.lat, chosen.lon], zoom, { animate: false });
    },
    /**
     * Shows a box without a pin, for what is too large to be a spot.
     * @param {number[]} bbox
     */
    show(bbox) {
      map.fitBounds([
        [bbox[1], bbox[0]],
        [bbox[3], bbox[2]],
      ]);
    },
    /**
     * The outline of the commune that was found.
     * @param {string} code
     */
    async outline(code) {
      if (code === shown) return;
      shown = code;
      if (!code) area.clear();
      else await area.show(code, { lang }).catch(() => {});
    },
    middle: () => map.getCenter(),
    /** @param {import("../ui/place-search.js").Place} place */
    unit: (place) => area.show(String(place.code), { on: place.on, lang }),
  };
}

/** @param {string} sentence */
function say(sentence) {
  gpsError.textContent = sentence;
  gpsError.hidden = !sentence;
}

/**
 * @param {Spot} chosen
 * @param {number[] | null} [bbox]
 */
function choose(chosen, bbox) {
  say("");
  if (map) map.goTo(chosen, bbox);
  else putPin(chosen);
}

byId("gps").addEventListener("click", async () => {
  const button = byId("gps");
  button.setAttribute("aria-busy", "true");
  say("");
  try {
    choose(await askPosition(words));
    byId("map-hint").hidden = true;
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
  } finally {
    button.removeAttribute("aria-busy");
  }
});

placeSearch(search, {
  words,
  lang,
  near: () => map?.middle() || null,
  onChoose: async (place) => {
    if (place.kind === "coordinates" || !place.code || !map) {
      choose(place);
      return;
    }
    try {
      const { properties } = await map.unit(place);
      if (properties.level !== "commune") {
        if (place.bbox) map.show(place.bbox);
        return;
      }
      const reach = Math.sqrt(((properties.area_km2 || 25) * 1_000_000) / Math.PI);
      const unit = place.on ? "" : place.code; // a former commune is no answer to the question which one it is today
      choose({ lat: place.lat, lon: place.lon, accuracy: Math.min(reach, 5000), unit, name: place.label }, place.bbox);
    } catch (error) {
      if (!isAbort(error)) choose(place);
    }
  },
});
search.addEventListener("keydown", (event) => {
  if (event.key === "Enter") event.preventDefault(); // would send the form
});

// --- who gets it --------------------------------------------------------------------------------------------------------

const askWhere = latest(async (signal) => {
  const query = new URLSearchParams();
  for (const name of ["lat", "lon", "accuracy", "place_unit", "unit", "category"]) query.set(name, value(name));
  where.setAttribute("aria-busy", "true");
  try {
    where.innerHTML = await getText(`${form.dataset.where}?${query}`, { signal });
    showOutline();
    where.removeAttribute("aria-busy");
  } catch (error) {
    if (isAbort(error)) throw error;
    where.removeAttribute("aria-busy");
    const note = document.createElement("p");
    note.className = "where-card where-card--empty";
    note.textContent = words("whereFailed");
    where.replaceChildren(note);
  }
}, 250);

// --- what was filed before ------------------------------------------------------------------------------------------------

const similar = byId("similar");
const askSimilar = latest(async (signal) => {
  const asked = new FormData();
  for (const name of ["csrfmiddlewaretoken", "lat", "lon", "category", "description"]) asked.set(name, value(name));
  if (!asked.get("lat") || !asked.get("category")) {
    similar.replaceChildren();
    return;
  }
  try {
    const found = await getText(form.dataset.similar || "", { signal, body: asked });
    if (found.trim() !== similar.innerHTML.trim()) similar.innerHTML = found; // said once, not at each letter
  } catch (error) {
    if (isAbort(error)) throw error; // without a line there is no question: the desk finds it then
  }
}, 700);

function showOutline() {
  map?.outline(where.querySelector("[data-unit]")?.getAttribute("data-unit") || "");
}

where.addEventListener("change", () => askWhere());

// --- what it is ---------------------------------------------------------------------------------------------------------

form.addEventListener("change", ({ target }) => {
  if (target instanceof HTMLInputElement && target.name === "category") {
    categoryChosen();
    askWhere();
    askSimilar();
  }
});

function categoryChosen() {
  const chosen = form.querySelector("input[name=category]:checked");
  byId("anonymous-note").hidden = !chosen?.hasAttribute("data-anonymous");
  const out = Boolean(chosen?.hasAttribute("data-out-of-scope"));
  byId("out-note").hidden = !out;
  sendButton.disabled = out;
}

function countCharacters() {
  const left = MAX_DESCRIPTION - description.value.length;
  const told = byId("count");
  told.hidden = left > 500;
  told.classList.toggle("is-over", left < 0);
  told.textContent = words(left < 0 ? "charactersOver" : "charactersLeft", { count: Math.abs(left) });
}
description.addEventListener("input", countCharacters);
description.addEventListener("input", askSimilar);

const photos = photoPicker(/** @type {HTMLInputElement} */ (byId("id_photos")), {
  words,
  lang,
  told: byId("photos-told"),
  onPosition: offerPlace,
});

/** @param {{lat: number, lon: number}} position where a photo says it was taken */
function offerPlace(position) {
  const pin = spot();
  const metres = pin ? metresBetween(pin, position) : null;
  if (metres !== null && metres < NEAR_ENOUGH_M) return;
  const box = document.createElement("div");
  box.className = "notice filing-offer";
  const sentence = document.createElement("p");
  sentence.textContent =
    metres === null ? words("photoPlaceNoPin") : words("photoPlace", { distance: distance(metres, lang) });
  const use = document.createElement("button");
  use.type = "button";
  use.className = "button button--small";
  use.textContent = words("photoPlaceUse");
  use.addEventListener("click", () => {
    offer.hidden = true;
    choose(position);
    byId("step-where").scrollIntoView({ block: "start" });
  });
  const keep = document.createElement("button");
  keep.type = "button";
  keep.className = "button button--small button--quiet";
  keep.textContent = words("photoPlaceKeep");
  keep.addEventListener("click", () => {
    offer.hidden = true;
  });
  box.append(sentence, use, keep);
  offer.replaceChildren(box);
  offer.hidden = false;
}

// --- the draft ----------------------------------------------------------------------------------------------------------

/** @param {(storage: Storage) => void} act */
function withStorage(act) {
  try {
    act(localStorage);
  } catch {
    // no room, or storage is switched off: then there is no draft
  }
}

let sent = false;

function keepDraft() {
  if (sent) return;
  const values = Object.fromEntries(KEPT.map((name) => [name, value(name)]));
  const contact = Object.fromEntries(CONTACT_FIELDS.map((name) => [name, value(name)]));
  withStorage((storage) => {
    storage.setItem(DRAFT, pack(values, Date.now()));
    if (remember.checked) storage.setItem(CONTACT, JSON.stringify(contact));
    else storage.removeItem(CONTACT);
  });
}

const keepSoon = latest(async () => keepDraft(), 400);
form.addEventListener("input", () => keepSoon());
addEventListener("pagehide", keepDraft);

function restore() {
  withStorage((storage) => {
    const contact = JSON.parse(storage.getItem(CONTACT) || "null");
    if (contact && CONTACT_FIELDS.every((name) => !value(name))) {
      remember.checked = true;
      for (const name of CONTACT_FIELDS) setValue(name, String(contact[name] || ""));
    }
  });
  withStorage((storage) => {
    const draft = unpack(storage.getItem(DRAFT), Date.now());
    const isNew = !value("description") && !document.querySelector("#errors .error-summary");
    if (!draft || !isNew) return;
    const hasPlace = spot() !== null;
    for (const [name, text] of Object.entries(draft)) {
      const isPlace = ["lat", "lon", "accuracy", "place_unit", "place"].includes(name);
      if (KEPT.includes(name) && !(isPlace && hasPlace) && !value(name)) setValue(name, text);
    }
    byId("draft-note").hidden = !draft.description;
    const pin = spot();
    if (pin && !hasPlace) choose(pin);
  });
  categoryChosen();
  countCharacters();
}

byId("draft-drop").addEventListener("click", () => {
  sent = true; // or the page would keep it while it goes
  withStorage((storage) => storage.removeItem(DRAFT));
  location.assign(location.pathname);
});

restore();
showOutline();

// --- sending ------------------------------------------------------------------------------------------------------------

const failed = byId("send-failed");
const progress = byId("progress");
const bar = /** @type {HTMLProgressElement} */ (byId("progress-bar"));
let isSending = false;

form.addEventListener("submit", async (event) => {
  // Where another script did not arrive the page works as without any: its search asks the server
  if (event.submitter?.matches("[name=spot], [value=find]")) return;
  event.preventDefault();
  if (isSending || sendButton.disabled) return;
  isSending = true;
  sendButton.setAttribute("aria-busy", "true");
  byId("send-word").textContent = words("sending");
  failed.hidden = true;
  keepDraft();
  try {
    await sendReport();
  } finally {
    isSending = false;
    sendButton.removeAttribute("aria-busy");
    progress.hidden = true;
    byId("send-word").textContent = words(failed.hidden ? "send" : "sendAgain");
  }
});

async function sendReport() {
  const files = await photos.files();
  if (files.length) {
    // What is missing is told before photos go over a weak line
    const checked = await send(form.action, contents("check", []));
    if (checked.status !== 204) return answered(checked);
  }
  progress.hidden = !files.length;
  tellProgress(0);
  return answered(await send(form.action, contents("send", files), files.length ? tellProgress : undefined));
}

/**
 * @param {string} what
 * @param {File[]} files
 */
function contents(what, files) {
  const data = new FormData(form);
  data.delete("photos");
  data.set("do", what);
  for (const file of files) data.append("photos", file, file.name);
  return data;
}

/** @param {number} percent */
function tellProgress(percent) {
  bar.value = percent;
  byId("progress-text").textContent = percent < 100 ? words("sendingPhotos", { percent }) : words("sentWait");
}

/** @param {import("../lib/send.js").Answer} answer */
function answered({ status, text }) {
  if (status === 201) {
    sent = true;
    withStorage((storage) => storage.removeItem(DRAFT));
    location.assign(JSON.parse(text).url);
    return;
  }
  if ((status === 422 || status === 429) && takeErrors(text)) {
    if (!where.querySelector("input[name=unit]")) askWhere();
    return;
  }
  byId("send-failed-text").textContent = words(status === 0 ? "sendOffline" : "sendFailed");
  failed.hidden = false;
}
