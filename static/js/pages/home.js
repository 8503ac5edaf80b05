// @ts-check
// The map of reports and the list beside it: one view, told by the address.
import { pad, parse, toQuery, wholeCells } from "../lib/bbox.js";
import { getFresh, getText, isAbort, latest, Problem } from "../lib/fetch.js";
import { clusterZoom } from "../lib/first-view.js";
import { number } from "../lib/format.js";
import { formatAt, parseAt, withParams } from "../lib/view.js";
import { areaLayer } from "../map/area.js";
import { boundsOf, createMap, fit, insets } from "../map/basemap.js";
import { hasLeaflet } from "../map/leaflet.js";
import { openList } from "../map/list-popup.js";
import { positionButton } from "../map/position.js";
import { reportLayer } from "../map/reports.js";
import { bottomSheet } from "../ui/bottom-sheet.js";
import { broughtFor, covered } from "../ui/first-map.js";
import { icons, lang, pageWords } from "../ui/page.js";
import { placeSearch } from "../ui/place-search.js";
import { tellTimes } from "../ui/times.js";
import { toast } from "../ui/toast.js";

const SLOW_MS = 900;
const FRESH_MS = 4000; // what somebody else has just sent is seen within five seconds
const ROWS = 20; // of the list's first page
const ONE_SPOT = 21; // the expansion zoom of reports that no zoom takes apart

const words = pageWords("map-words", "home-words");
const byId = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const list = byId("list");
const rows = byId("rows");
const count = byId("count");
const note = byId("map-note");
const filters = /** @type {HTMLFormElement} */ (byId("filters"));
const selects = [...filters.querySelectorAll("select")];
const head = byId("sheet-head");
const tools = /** @type {HTMLElement} */ (document.querySelector(".home-tools"));

const sheet = bottomSheet(byId("sheet"), {
  handle: /** @type {HTMLButtonElement} */ (byId("sheet-handle")),
  grip: head,
  peek: head,
  room: () => (tools.parentElement?.clientHeight || 0) - 64,
});
// A count of a million takes a second line on a small phone: what is to be pressed under it stays in sight
new ResizeObserver(() => {
  document.documentElement.style.setProperty("--peek", `${head.offsetHeight + 4}px`);
  if (sheet.stop() === "peek") sheet.rest("peek");
}).observe(head);
tellTimes(rows, lang);

if (hasLeaflet) begin();
else toast(words("noMap"), { action: words("retry"), onAction: () => location.reload() });

function begin() {
  const { map, base } = createMap(byId("map"), {
    words,
    lang,
    covered: covered(),
    at: parseAt(new URLSearchParams(location.search).get("at")),
    onError: (message) => toast(message, { action: words("retry"), onAction: retry }),
  });
  const area = areaLayer(map);
  positionButton(map, { words, icons, onError: (message) => toast(message) });

  /** @type {string | null} */
  let chosen = null;
  const reports = reportLayer(map, {
    words,
    lang,
    icons,
    onChoose: choose,
    onHover: (code) => lightRow(code),
    onCluster: ({ properties, geometry }) => {
      const box = parse((properties.bbox || []).join(","));
      if (box && properties.expansion_zoom >= ONE_SPOT) listOf(box, geometry.coordinates);
      else if (box && map.getZoom() < map.getMaxZoom())
        fit(map, box, { padding: [48, 48], maxZoom: Math.max(map.getZoom() + 2, 17) });
      else
        map.setView([geometry.coordinates[1], geometry.coordinates[0]], Math.min(map.getZoom() + 2, map.getMaxZoom()));
      if (!box) sheet.rest("half");
    },
  });

  // --- what is asked for ---------------------------------------------------------------------------------------------
  function chosenFilters() {
    return Object.fromEntries(selects.map(({ name, value }) => [name, value]));
  }

  function query() {
    const zoom = clusterZoom(map.getZoom());
    const bbox = toQuery(wholeCells(boundsOf(map), zoom));
    const since = selects.find(({ name }) => name === "period")?.selectedOptions[0]?.dataset.since;
    const { category, status, period } = chosenFilters();
    const chosen = { category, status, since };
    return {
      zoom,
      chosen,
      clusters: withParams("/api/v1/map/clusters/", { bbox, zoom: String(zoom), by: "status", ...chosen }),
      rows: withParams("/", { fragment: "list", bbox, category, status, period }),
    };
  }

  /** @type {string | null} */
  let version = null;
  let isLoading = false;
  /** @type {AbortController | undefined} */
  let looking;

  const load = latest(async (signal, /** @type {{version: string | null} | null} */ drawn = null) => {
    const asked = query();
    isLoading = true;
    looking?.abort();
    list.setAttribute("aria-busy", "true");
    // On a weak line the map is empty for seconds: that it is not broken is said in words
    const slow = setTimeout(() => tell(words("loading")), SLOW_MS);
    try {
      const html = getText(asked.rows, { signal, lang });
      html.catch(() => {}); // told below, unless the map's answer has failed already
      if (!drawn) {
        const clusters = await getFresh(asked.clusters, { signal, lang });
        version = clusters.version;
        drawMap(clusters.body.features, asked.zoom); // does not wait for the list, which is longer in coming
      }
      drawRows(await html);
      hush();
    } catch (error) {
      if (isAbort(error)) throw error;
      if (!(error instanceof Problem)) throw error;
      tell(error.isOffline ? words("offline") : error.message || words("failed"), retry);
    } finally {
      clearTimeout(slow);
      if (!signal.aborted) {
        list.removeAttribute("aria-busy");
        isLoading = false;
      }
    }
  }, 220);

  /** What the page brought along is drawn in this very task, in place of what pages/first.js drew of it: nobody sees the change. */
  function begun() {
    const { zoom, chosen } = query();
    const first = broughtFor(zoom, boundsOf(map), chosen);
    if (first) {
      version = first.version;
      drawMap(first.features, zoom);
    }
    document.getElementById("first-marks")?.remove();
    load.now(first);
  }

  /**
   * @param {any[]} features
   * @param {number} zoom
   */
  function drawMap(features, zoom) {
    reports.show(features, zoom);
    base.avoid(reports.obstacles());
    const shown = reports.count();
    const told = shown ? words("count", { count: shown, shown: number(shown, lang) }) : words("none");
    if (count.textContent !== told) count.textContent = byId("list-status").textContent = told;
  }

  /** @param {string} html */
  function drawRows(html) {
    rows.innerHTML = html;
    tellTimes(rows, lang);
    lightAgain();
  }

  // --- what is new meanwhile -------------------------------------------------------------------------------------------
  /** Asks whether anything has changed; a few bytes while nothing has. Says nothing of a bad line: nobody asked. */
  async function lookAgain() {
    if (document.hidden || isLoading || !version) return;
    const asked = query();
    looking = new AbortController();
    const { signal } = looking;
    try {
      const clusters = await getFresh(asked.clusters, { signal, lang, known: version });
      if (!clusters.body || isLoading) return;
      // Whoever reads the list keeps it as it is; the map and the count go on
      const isRead = rows.contains(document.activeElement) || rows.querySelectorAll("li").length > ROWS;
      const html = isRead ? rows.innerHTML : await getText(asked.rows, { signal, lang });
      if (isLoading) return;
      version = clusters.version;
      if (isRead) {
        reports.show(clusters.body.features, asked.zoom);
        lightAgain();
      } else {
        drawMap(clusters.body.features, asked.zoom);
        drawRows(html);
      }
    } catch (error) {
      if (!isAbort(error) && !(error instanceof Problem)) throw error;
    }
  }
  setInterval(lookAgain, FRESH_MS);
  document.addEventListener("visibilitychange", lookAgain);

  function retry() {
    hush();
    base.retry();
    load();
  }

  // --- the address -----------------------------------------------------------------------------------------------------
  function address() {
    const { lat, lng } = map.getCenter();
    const address = new URLSearchParams(location.search).has("lang") ? `/?lang=${lang}` : "/";
    return withParams(address, { ...chosenFilters(), at: formatAt({ lat, lon: lng, zoom: map.getZoom() }) });
  }

  let isRestoring = false;
  map.on("moveend", () => {
    if (!isRestoring) history.replaceState(null, "", address());
    load();
  });
  window.addEventListener("popstate", () => {
    const params = new URLSearchParams(location.search);
    for (const select of selects) select.value = params.get(select.name) || "";
    markFilters();
    const at = parseAt(params.get("at"));
    isRestoring = true;
    if (at) map.setView([at.lat, at.lon], at.zoom, { animate: false });
    isRestoring = false;
    load();
  });
  filters.addEventListener("change", () => {
    markFilters();
    history.pushState(null, "", address());
    load();
  });
  filters.addEventListener("submit", (event) => event.preventDefault());
  byId("clear").addEventListener("click", (event) => {
    event.preventDefault();
    for (const select of selects) select.value = "";
    filters.dispatchEvent(new Event("change"));
    selects[0].focus();
  });

  function markFilters() {
    for (const select of selects) select.classList.toggle("is-set", select.value !== "");
    byId("clear").hidden = selects.every(({ value }) => value === "");
  }

  /**
   * The reports that lie on one spot, as a list there: no zoom takes them apart.
   * @param {import("../lib/bbox.js").Bbox} box
   * @param {[number, number]} spot
   */
  async function listOf(box, spot) {
    const { category, status, period } = chosenFilters();
    const holder = document.createElement("div");
    try {
      const bbox = toQuery(pad(box, 0.1));
      holder.innerHTML = await getText(withParams("/", { fragment: "list", bbox, category, status, period }), { lang });
      tellTimes(holder, lang);
      openList(map, spot, holder);
    } catch {
      toast(words("failed"));
    }
  }

  // --- list and map, linked both ways ----------------------------------------------------------------------------------
  const rowOf = (/** @type {string} */ code) =>
    /** @type {HTMLElement | null} */ (rows.querySelector(`[data-code="${CSS.escape(code)}"]`));

  /** @param {string | null} code */
  function lightRow(code) {
    for (const row of rows.querySelectorAll("[data-code]"))
      row.classList.toggle("is-lit", row.getAttribute("data-code") === code);
  }

  /** @param {Event} event */
  function lightMark(event) {
    const row = /** @type {HTMLElement} */ (event.target).closest("[data-code]");
    if (!(row instanceof HTMLElement)) return;
    reports.light(row.dataset.code || null, { lat: Number(row.dataset.lat), lon: Number(row.dataset.lon) });
  }
  rows.addEventListener("mouseover", lightMark);
  rows.addEventListener("focusin", lightMark);
  rows.addEventListener("mouseleave", lightAgain);
  rows.addEventListener("focusout", lightAgain);

  function lightAgain() {
    for (const row of rows.querySelectorAll("[data-code]"))
      row.classList.toggle("is-chosen", row.getAttribute("data-code") === chosen);
    reports.light(chosen);
  }

  /** @param {string} code */
  async function choose(code) {
    chosen = code;
    if (!rowOf(code)) {
      try {
        const html = await getText(withParams("/", { fragment: "list", code }), { lang });
        const holder = document.createElement("template");
        holder.innerHTML = html;
        const row = holder.content.querySelector("[data-code]");
        if (row) {
          rows.querySelector("ol")?.prepend(row);
          tellTimes(rows, lang);
        }
      } catch {
        toast(words("failed"));
      }
    }
    lightAgain();
    if (sheet.stop() === "peek") sheet.rest("half");
    rowOf(code)?.scrollIntoView({ block: "nearest", behavior: "smooth" });
  }

  rows.addEventListener("click", async (event) => {
    const more = /** @type {HTMLElement} */ (event.target).closest("a[data-page]");
    if (!(more instanceof HTMLElement)) return;
    event.preventDefault();
    more.setAttribute("aria-busy", "true");
    try {
      const html = await getText(withParams(query().rows, { page: more.dataset.page }), { lang });
      const holder = document.createElement("div");
      holder.innerHTML = html;
      const first = holder.querySelector("a");
      more.closest(".list-more")?.replaceWith(...holder.childNodes);
      tellTimes(rows, lang);
      first?.focus();
    } catch (error) {
      more.removeAttribute("aria-busy");
      toast(error instanceof Problem && error.isOffline ? words("offline") : words("failed"));
    }
  });

  // --- places ----------------------------------------------------------------------------------------------------------
  placeSearch(/** @type {HTMLInputElement} */ (byId("place")), {
    words,
    lang,
    near: () => map.getCenter(),
    onChoose: (place) => {
      const box = parse((place.bbox || []).join(","));
      if (box) fit(map, box, insets(covered()));
      else map.setView([place.lat, place.lon], 16);
      if (place.code) area.show(place.code, { on: place.on, lang }).catch(() => area.clear());
      else area.clear();
    },
  });

  window.addEventListener("online", retry);
  window.addEventListener("offline", () => tell(words("offline"), retry));
  begun();
}

/**
 * @param {string} sentence
 * @param {() => void} [again] what a button does that tries once more
 */
function tell(sentence, again) {
  const text = document.createElement("span");
  text.textContent = sentence;
  note.replaceChildren(text);
  note.hidden = false;
  if (!again) return;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button button--small";
  button.textContent = words("retry");
  button.addEventListener("click", again);
  note.append(button);
}

function hush() {
  note.hidden = true;
  note.replaceChildren();
}
