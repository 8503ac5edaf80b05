// @ts-check
// The desk: rows and map linked both ways, worked by keyboard, and kept fresh while somebody looks.
import { boundsOf, createMap, fit } from "../map/basemap.js";
import { hasLeaflet } from "../map/leaflet.js";
import { reportLayer } from "../map/reports.js";
import { shortcuts } from "../ui/desk-keys.js";
import { tickBoxes } from "../ui/desk-ticks.js";
import { icons, lang, pageConfig, pageWords } from "../ui/page.js";

const EVERY = 5_000; // milliseconds between two questions whether anything has changed
const SELDOM = 60_000; // while no answer comes, at last

const words = pageWords("map-words", "desk-words");
const byId = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const desk = byId("desk");
const rows = byId("rows");
const views = byId("views");
const note = byId("note");
const peek = byId("peek");
const peekShape = /** @type {HTMLTemplateElement} */ (byId("peek-shape"));
const filters = /** @type {HTMLFormElement} */ (byId("filters"));
const toggle = byId("toggle");
const wide = matchMedia("(min-width: 60rem)");

/** @type {any[]} */
let features = pageConfig("features");
/** @type {string | null} */
let chosen = null;
/** @type {{map: any, reports: any} | null} */
let shown = null;

// --- rows ------------------------------------------------------------------------------------------------------------
const allRows = () => /** @type {HTMLElement[]} */ ([...rows.querySelectorAll("[data-code]")]);
const rowOf = (/** @type {string | null} */ code) =>
  code ? allRows().find((row) => row.dataset.code === code) : undefined;
const linkOf = (/** @type {HTMLElement | undefined} */ row) =>
  /** @type {HTMLAnchorElement | null} */ (row?.querySelector("a.queue-link"));

/** @param {string | null} code */
function choose(code) {
  chosen = code;
  const row = rowOf(code);
  for (const other of allRows()) other.classList.toggle("is-chosen", other === row);
  peek.hidden = !row;
  if (row) preview(row);
  light(code);
  if (row && shown) {
    const { lat, lon } = placeOf(row);
    const [west, south, east, north] = boundsOf(shown.map);
    if (lon < west || lon > east || lat < south || lat > north) shown.map.panTo([lat, lon]);
  }
}

/**
 * What the row has no room for, beside the map.
 * @param {HTMLElement} row
 */
function preview(row) {
  const told = features.find(({ properties }) => properties.code === row.dataset.code)?.properties.preview;
  const filled = /** @type {DocumentFragment} */ (peekShape.content.cloneNode(true));
  const part = (/** @type {string} */ name) =>
    /** @type {HTMLElement} */ (filled.querySelector(`[data-part="${name}"]`));
  part("category").textContent = row.querySelector(".queue-icon")?.textContent || "";
  part("code").textContent = row.querySelector(".queue-code")?.textContent || "";
  for (const name of ["text", "note", "with"]) part(name).textContent = told?.[name] || "";
  part("place").hidden = !told?.note;
  part("photos").hidden = !told?.photos.length;
  part("photos").append(...(told?.photos || []).map(thumbnail));
  /** @type {HTMLAnchorElement} */ (part("open")).href = linkOf(row)?.href || "";
  peek.replaceChildren(filled);
}

/**
 * @param {string} src
 * @param {number} index
 */
function thumbnail(src, index) {
  const photo = Object.assign(new Image(96, 72), { src, alt: words("photo", { number: index + 1 }) });
  const item = document.createElement("li");
  item.append(photo);
  return item;
}

/** @param {string | null} code */
function light(code) {
  const row = rowOf(code);
  for (const other of allRows()) other.classList.toggle("is-lit", other === row);
  shown?.reports.light(code, row && placeOf(row));
}

/** @param {HTMLElement} row */
function placeOf(row) {
  return { lat: Number(row.dataset.lat), lon: Number(row.dataset.lon) };
}

/** @param {number} by */
function step(by) {
  const list = allRows();
  if (!list.length) return;
  const at = list.findIndex((row) => row.dataset.code === chosen);
  const next = at < 0 ? (by > 0 ? 0 : list.length - 1) : Math.min(Math.max(at + by, 0), list.length - 1);
  linkOf(list[next])?.focus();
}

rows.addEventListener("focusin", (event) => {
  const row = /** @type {HTMLElement} */ (event.target).closest("[data-code]");
  if (row instanceof HTMLElement && row.dataset.code !== chosen) choose(row.dataset.code || null);
});
rows.addEventListener("mouseover", (event) => {
  const row = /** @type {HTMLElement} */ (event.target).closest("[data-code]");
  if (row instanceof HTMLElement) light(row.dataset.code || null);
});
rows.addEventListener("mouseleave", () => light(chosen));

// --- map -------------------------------------------------------------------------------------------------------------
function showMap() {
  if (shown) return;
  if (!hasLeaflet) {
    const problem = byId("map-note");
    problem.textContent = words("noMap");
    problem.hidden = false;
    return;
  }
  const { map, base } = createMap(byId("map"), { words, lang });
  const reports = reportLayer(map, {
    words,
    lang,
    icons,
    onChoose: (code) => {
      choose(code);
      rowOf(code)?.scrollIntoView({ block: "nearest", behavior: "smooth" });
      linkOf(rowOf(code))?.focus({ preventScroll: true });
    },
    onHover: (code) => {
      for (const row of allRows()) row.classList.toggle("is-lit", row.dataset.code === (code || chosen));
      rowOf(code)?.scrollIntoView({ block: "nearest" });
    },
    onCluster: () => {},
  });
  shown = { map, reports };
  draw();
  const lons = features.map(({ geometry }) => geometry.coordinates[0]);
  const lats = features.map(({ geometry }) => geometry.coordinates[1]);
  if (features.length) {
    fit(map, [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)], {
      padding: [32, 32],
      maxZoom: byId("map").dataset.tileUrl ? 15 : 12, // our own map has no streets: further in there is nothing to see
      animate: false,
    });
  }
  map.whenReady(() => base.avoid(reports.obstacles()));
}

function draw() {
  shown?.reports.show(features);
  light(chosen);
}

toggle.addEventListener("click", () => {
  const isMap = desk.classList.toggle("is-map");
  if (isMap) showMap();
});
if (wide.matches) showMap();
wide.addEventListener("change", () => wide.matches && showMap());

/** On a phone the views are a strip: the current one is brought into sight. */
function showCurrentView() {
  const strip = views;
  const current = /** @type {HTMLElement | null} */ (strip.querySelector("[aria-current]"));
  if (current && strip.scrollWidth > strip.clientWidth)
    strip.scrollLeft = current.offsetLeft - (strip.clientWidth - current.offsetWidth) / 2;
}
showCurrentView();

// --- filters ---------------------------------------------------------------------------------------------------------
filters.addEventListener("change", (event) => {
  if (event.target instanceof HTMLSelectElement) filters.requestSubmit();
});
filters.addEventListener("submit", () => {
  for (const field of filters.querySelectorAll("input, select")) {
    if ((field instanceof HTMLInputElement || field instanceof HTMLSelectElement) && !field.value)
      field.disabled = true;
  }
});
window.addEventListener("pageshow", () => {
  for (const field of filters.querySelectorAll("input, select")) field.removeAttribute("disabled");
});

// --- fresh while somebody looks --------------------------------------------------------------------------------------
let etag = desk.dataset.etag || "";
let timer = 0;
let wait = EVERY;

async function ask() {
  clearTimeout(timer);
  if (document.hidden) return;
  try {
    const response = await fetch(desk.dataset.poll || "", {
      headers: { Accept: "application/json", ...(etag ? { "If-None-Match": etag } : {}) },
      cache: "no-store",
    });
    if (response.redirected || response.status === 403) {
      note.textContent = words("signedOut");
      return;
    }
    if (response.status === 200) {
      etag = response.headers.get("ETag") || "";
      take(await response.json());
    }
    if (note.dataset.offline) {
      note.textContent = "";
      delete note.dataset.offline;
    }
    wait = response.ok || response.status === 304 ? EVERY : Math.min(wait * 2, SELDOM);
  } catch {
    wait = Math.min(wait * 2, SELDOM);
    note.textContent = words("offline");
    note.dataset.offline = "yes";
  }
  timer = setTimeout(ask, wait);
}

/**
 * Puts the new rows in place of the old ones without taking the focus or the chosen row away.
 * @param {{rows: string, views: string, features: any[]}} answer
 */
function take(answer) {
  const before = new Map(allRows().map((row) => [row.dataset.code, row.dataset.version]));
  const holder = document.createElement("template");
  holder.innerHTML = answer.rows;
  const after = new Map(
    /** @type {HTMLElement[]} */ ([...holder.content.querySelectorAll("[data-code]")]).map((row) => [
      row.dataset.code,
      row.dataset.version,
    ]),
  );
  const fresh = [...after].filter(([code, version]) => before.get(code) !== version).map(([code]) => code);
  const gone = [...before.keys()].some((code) => !after.has(code));
  const hadFocus = rows.contains(document.activeElement);
  const held = heldRow();
  const along = views.scrollLeft;
  views.innerHTML = answer.views;
  views.scrollLeft = along;
  ticks.keep(() => rows.replaceChildren(holder.content));
  holdStill(held);
  features = answer.features;
  for (const row of allRows()) row.classList.toggle("is-fresh", fresh.includes(row.dataset.code));
  if (fresh.length) note.textContent = words("fresh", { count: fresh.length });
  else if (gone) note.textContent = words("left");
  draw();
  if (chosen && rowOf(chosen)) {
    choose(chosen);
    if (hadFocus) linkOf(rowOf(chosen))?.focus({ preventScroll: true });
  } else if (chosen) {
    choose(null);
    if (hadFocus) rows.focus({ preventScroll: true });
  }
}

/** Where the row that somebody looks at stands on the screen: the chosen one, the one under the pointer, or the first in sight of a list that was scrolled. */
function heldRow() {
  const edge = wide.matches ? rows.getBoundingClientRect().top : 0;
  const isScrolled = wide.matches ? rows.scrollTop > 0 : rows.getBoundingClientRect().top < 0;
  const looked =
    rowOf(chosen) ||
    allRows().find((row) => row.matches(":hover")) ||
    (isScrolled ? allRows().find((row) => row.getBoundingClientRect().bottom > edge) : undefined);
  return looked && { code: looked.dataset.code || null, top: looked.getBoundingClientRect().top };
}

/**
 * Scrolls so that the row stands where it stood, whatever came or went above it.
 * @param {{code: string | null, top: number} | undefined} held
 */
function holdStill(held) {
  const row = held && rowOf(held.code);
  if (!held || !row) return;
  const moved = row.getBoundingClientRect().top - held.top;
  if (wide.matches) rows.scrollTop += moved;
  else window.scrollBy({ top: moved, behavior: "instant" });
}

document.addEventListener("visibilitychange", () => !document.hidden && ask());
window.addEventListener("online", ask);
timer = setTimeout(ask, EVERY);

// --- several at once -------------------------------------------------------------------------------------------------
const ticks = tickBoxes({ rows, desk, words });

/** Accepts what is ticked, else the chosen report, which makes room for the one after it. */
async function accept() {
  const form = /** @type {HTMLFormElement | null} */ (document.getElementById("bulk"));
  const button = /** @type {HTMLButtonElement | null} */ (form?.querySelector('button[value="accept"]') || null);
  if (!form || !button) return;
  if (ticks.count()) {
    form.requestSubmit(button);
    return;
  }
  const row = rowOf(chosen);
  if (!row) return;
  const at = allRows().indexOf(row);
  const said = new FormData();
  said.set("csrfmiddlewaretoken", new FormData(form).get("csrfmiddlewaretoken") || "");
  said.set("step", "accept");
  said.set("report", `${row.dataset.code}.${row.dataset.version}`);
  row.classList.add("is-busy");
  try {
    const response = await fetch(form.action, { method: "POST", body: said, headers: { Accept: "application/json" } });
    if (response.redirected || response.status === 403) {
      note.textContent = words("signedOut");
      return;
    }
    const { done, refused } = await response.json();
    await ask();
    note.textContent = done.length ? words("accepted") : refused[0].sentence;
    if (done.length && !rowOf(done[0])) linkOf(allRows()[Math.min(at, allRows().length - 1)])?.focus();
  } catch {
    note.textContent = words("offline");
  } finally {
    row.classList.remove("is-busy");
  }
}

// --- keyboard --------------------------------------------------------------------------------------------------------
shortcuts({
  j: () => step(1),
  k: () => step(-1),
  o: () => linkOf(rowOf(chosen))?.click(),
  a: accept,
  x: () => ticks.toggle(rowOf(chosen)),
  b: () => ticks.openMenu(),
  Escape: () => ticks.clear(),
  "/": () => /** @type {HTMLInputElement} */ (byId("q")).select(),
  "?": () => /** @type {HTMLDialogElement} */ (byId("keys")).showModal(),
  ...Object.fromEntries(
    Array.from({ length: 9 }, (_, index) => [
      String(index + 1),
      () => /** @type {HTMLElement | undefined} */ (views.querySelectorAll("a")[index])?.click(),
    ]),
  ),
});
byId("help")?.addEventListener("click", () => /** @type {HTMLDialogElement} */ (byId("keys")).showModal());
