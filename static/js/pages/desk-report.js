// @ts-check
// A report at the desk: its small map, the forms of the steps, and the keys.
import { keepPage } from "../lib/kept-pages.js";
import { createMap } from "../map/basemap.js";
import { hasLeaflet } from "../map/leaflet.js";
import { movablePin } from "../map/movable-pin.js";
import { reportLayer } from "../map/reports.js";
import { accuracyCircle } from "../map/spot.js";
import { shortcuts } from "../ui/desk-keys.js";
import { sayPresence } from "../ui/desk-presence.js";
import { filterSelect } from "../ui/filter-select.js";
import { icons, lang, pageConfig, pageWords } from "../ui/page.js";
import { proofPosition } from "../ui/proof-position.js";

const words = pageWords("map-words", "case-words");
const byId = (/** @type {string} */ id) => document.getElementById(id);

// --- map -------------------------------------------------------------------------------------------------------------
const place = pageConfig("case-map");
const element = byId("map");
if (hasLeaflet && element) {
  const { map, base } = createMap(element, {
    words,
    lang,
    at: { lat: place.lat, lon: place.lon, zoom: element.dataset.tileUrl ? 16 : 14 },
    scrollZoom: false,
  });
  const own = place.features[place.features.length - 1].properties.code;
  const nearby = /** @type {HTMLElement[]} */ ([...document.querySelectorAll(".nearby-item")]);
  const reports = reportLayer(map, {
    words,
    lang,
    icons,
    onChoose: (code) =>
      nearby
        .find((item) => item.dataset.code === code)
        ?.querySelector("a")
        ?.focus(),
    onHover: (code) => {
      for (const item of nearby) item.classList.toggle("is-lit", item.dataset.code === code);
      reports.light(code || own);
    },
    onCluster: () => {},
  });
  reports.show(place.features);
  reports.light(own);
  base.avoid(reports.obstacles());
  if (place.accuracy) accuracyCircle(map, place, place.accuracy);
  correctPlace(map);
  for (const item of nearby) {
    for (const kind of ["mouseenter", "focusin"])
      item.addEventListener(kind, () => reports.light(item.dataset.code || own));
    for (const kind of ["mouseleave", "focusout"]) item.addEventListener(kind, () => reports.light(own));
  }
}

// --- the survey page, for where there is no line -------------------------------------------------------------------------
const toSurvey = byId("to-survey");
if (toSurvey) window.addEventListener("load", () => keepPage(toSurvey.getAttribute("href") || ""));

/**
 * While the form that corrects the place is open, a second pin is dragged to the right spot; its position stands in the field.
 * @param {any} map
 */
function correctPlace(map) {
  const form = byId("step-relocate");
  const field = /** @type {HTMLInputElement | null} */ (byId("relocate_spot"));
  if (!(form instanceof HTMLDetailsElement) || !field) return;
  const typed = () => {
    const [lat, lon] = field.value.split(",").map(Number);
    return Number.isFinite(lat) && Number.isFinite(lon) ? { lat, lon } : null;
  };
  /** @type {ReturnType<typeof movablePin> | null} */
  let pin = null;
  const toggle = () => {
    if (form.open && !pin) {
      pin = movablePin(map, {
        at: typed() || place,
        icons,
        label: words("moveThePin"),
        onMove: ({ lat, lon }) => {
          field.value = `${lat.toFixed(6)}, ${lon.toFixed(6)}`;
          field.dispatchEvent(new Event("input", { bubbles: true }));
        },
      });
    } else if (!form.open) {
      pin?.remove();
      pin = null;
    }
  };
  form.addEventListener("toggle", toggle);
  toggle();
  field.addEventListener("change", () => {
    const spot = typed();
    if (spot) pin?.put(spot);
  });
}

// --- who else is looking ---------------------------------------------------------------------------------------------
const presence = byId("presence");
if (presence) sayPresence(presence, { words, lang });

// --- forms -----------------------------------------------------------------------------------------------------------
const texts = pageConfig("return-texts");
const reason = /** @type {HTMLSelectElement | null} */ (byId("return_reason"));
const answer = /** @type {HTMLTextAreaElement | null} */ (byId("return_reply"));
let filledIn = "";
reason?.addEventListener("change", () => {
  // What somebody wrote is never replaced
  if (!answer || (answer.value.trim() && answer.value !== filledIn)) return;
  filledIn = texts[reason.value] || "";
  answer.value = filledIn;
  answer.dispatchEvent(new Event("input", { bubbles: true }));
});

// A template goes where nothing was written by hand; its blanks are put under the cursor one after the other
const templates = pageConfig("reply-templates");
const template = /** @type {HTMLSelectElement | null} */ (byId("template"));
const reply = /** @type {HTMLTextAreaElement | null} */ (byId("draft_reply_reply"));
template?.addEventListener("change", () => {
  if (!reply || !template.value) return;
  const { text } = templates[Number(template.value)];
  const untouched =
    !reply.value.trim() || templates.some((/** @type {{text: string}} */ other) => other.text === reply.value);
  reply.value = untouched ? text : `${reply.value.trimEnd()}\n\n${text}`;
  reply.dispatchEvent(new Event("input", { bubbles: true }));
  reply.focus();
  const open = reply.value.search(/\{[^{}\n]{1,60}\}/);
  if (open >= 0) reply.setSelectionRange(open, reply.value.indexOf("}", open) + 1);
});

for (const form of document.querySelectorAll("form.step-form"))
  if (form instanceof HTMLFormElement) proofPosition(form, words);

for (const step of ["assign", "transfer", "ask_help"]) {
  const body = byId(`${step}_body`);
  if (body instanceof HTMLSelectElement) filterSelect(body, words);
}

// A reply half written must not be lost by a wrong press
const written = new Set();
for (const form of document.querySelectorAll("form.step-form")) {
  form.addEventListener("input", () => written.add(form));
  form.addEventListener("submit", () => written.clear());
}
for (const form of document.querySelectorAll("form.step, form.step-form")) {
  form.addEventListener("submit", () => {
    for (const button of form.querySelectorAll("button")) button.setAttribute("aria-busy", "true");
  });
}
window.addEventListener("beforeunload", (event) => {
  if (written.size) event.preventDefault();
});
for (const step of document.querySelectorAll("details.step")) {
  step.addEventListener("toggle", () => {
    if (step instanceof HTMLDetailsElement && step.open && !step.querySelector(".field--error")) {
      /** @type {HTMLElement | null} */ (step.querySelector("textarea, select, input:not([type=hidden])"))?.focus();
    }
  });
}

// The way to what is to be done, at the thumb, while that is out of sight
const jump = /** @type {HTMLElement | null} */ (document.querySelector(".case-jump"));
const steps = document.querySelector(".steps");
if (jump && steps) new IntersectionObserver(([entry]) => (jump.hidden = entry.isIntersecting)).observe(steps);

// --- keyboard --------------------------------------------------------------------------------------------------------
shortcuts({
  j: () => byId("after")?.click(),
  k: () => byId("before")?.click(),
  u: () => byId("back")?.click(),
  a: () => /** @type {HTMLElement | null} */ (document.querySelector(".steps button, .steps summary"))?.focus(),
});
