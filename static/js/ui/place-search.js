// @ts-check
// A search box for places with suggestions (ARIA combobox); without scripts the form around it does the same.
import { getJson, latest, Problem } from "../lib/fetch.js";

/** @typedef {{kind: string, label: string, detail: string, now_text: string, lat: number, lon: number, code: string | null, on: string | null, bbox: number[] | null}} Place */
/** @typedef {import("../lib/words.js").Words} Words */

/**
 * @param {HTMLInputElement} input
 * @param {{words: Words, lang: string, near?: () => {lat: number, lng: number} | null, onChoose: (place: Place) => void}} options
 *   `near` tells the middle of the view: of places that fit alike, the nearer come first
 */
export function placeSearch(input, { words, lang, near, onChoose }) {
  const list = document.createElement("ul");
  list.className = "suggestions";
  list.id = `${input.id}-suggestions`;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", words("suggestions"));
  list.hidden = true;
  const note = document.createElement("div");
  note.className = "visually-hidden";
  note.setAttribute("role", "status");
  input.after(list, note);
  for (const [name, value] of [
    ["role", "combobox"],
    ["aria-autocomplete", "list"],
    ["aria-expanded", "false"],
    ["aria-controls", list.id],
    ["autocomplete", "off"],
  ]) {
    input.setAttribute(name, value);
  }

  /** @type {Place[]} */
  let places = [];
  let at = -1;

  const ask = latest(async (signal, /** @type {string} */ text) => {
    try {
      const asked = new URLSearchParams({ q: text });
      const middle = near?.();
      if (middle) {
        asked.set("lat", middle.lat.toFixed(3));
        asked.set("lon", wrapped(middle.lng).toFixed(3));
      }
      const { results } = await getJson(`/api/v1/places/?${asked}`, { signal, lang });
      if (document.activeElement === input && input.value.trim() === text) open(results);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      say(words(error.isOffline ? "searchOffline" : "searchFailed"));
    }
  }, 200);

  input.addEventListener("input", () => {
    if (input.value.trim().length < 2) close();
    else ask(input.value.trim());
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (!places.length) return;
      event.preventDefault();
      move(event.key === "ArrowDown" ? at + 1 : at - 1);
    } else if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      close();
    } else if (event.key === "Enter" && places.length && !list.hidden) {
      event.preventDefault();
      choose(Math.max(at, 0));
    }
  });
  input.addEventListener("blur", () => setTimeout(close, 150));
  list.addEventListener("pointerdown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const option = /** @type {HTMLElement} */ (event.target).closest("[data-index]");
    if (option instanceof HTMLElement) choose(Number(option.dataset.index));
  });

  /** @param {Place[]} results */
  function open(results) {
    places = results;
    at = -1;
    if (!results.length) {
      say(words("searchNothing"));
      return;
    }
    list.replaceChildren(...results.map(optionOf));
    show();
    note.textContent = words("searchFound", { count: results.length });
  }

  /**
   * @param {Place} place
   * @param {number} index
   */
  function optionOf(place, index) {
    const option = document.createElement("li");
    option.className = "suggestion";
    option.id = `${list.id}-${index}`;
    option.dataset.index = String(index);
    option.setAttribute("role", "option");
    option.setAttribute("aria-selected", "false");
    option.append(place.label);
    for (const [name, text] of [
      ["suggestion-detail", place.detail],
      ["suggestion-now", sentence(place.now_text)],
    ]) {
      if (!text) continue;
      const line = document.createElement("span");
      line.className = name;
      line.textContent = text;
      option.append(" ", line); // the space keeps the words apart when the option is read aloud
    }
    return option;
  }

  /** @param {string} sentence */
  function say(sentence) {
    places = [];
    const item = document.createElement("li");
    item.className = "suggestions-note";
    item.setAttribute("role", "option");
    item.setAttribute("aria-disabled", "true");
    item.setAttribute("aria-selected", "false");
    item.textContent = sentence;
    list.replaceChildren(item);
    show();
    note.textContent = sentence;
  }

  /** @param {number} index */
  function move(index) {
    at = (index + places.length) % places.length;
    for (const [position, option] of [...list.children].entries()) {
      option.setAttribute("aria-selected", String(position === at));
      if (position === at) option.scrollIntoView({ block: "nearest" });
    }
    input.setAttribute("aria-activedescendant", `${list.id}-${at}`);
  }

  /** @param {number} index */
  function choose(index) {
    const place = places[index];
    if (!place) return;
    input.value = place.label;
    close();
    onChoose(place);
  }

  function show() {
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    input.removeAttribute("aria-activedescendant");
  }

  function close() {
    list.hidden = true;
    at = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }
}

/** @param {string} text */
function sentence(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/**
 * The map goes on beyond the date line; coordinates do not.
 * @param {number} lon
 */
function wrapped(lon) {
  return ((((lon + 180) % 360) + 360) % 360) - 180;
}
