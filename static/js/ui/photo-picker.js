// @ts-check
// Photos chosen for a form: shown, removed, made smaller, told.
import { fileSize } from "../lib/format.js";
import { prepared } from "../lib/picture.js";
import { icons } from "./page.js";

/** @typedef {import("../lib/words.js").Words} Words */

const MAX_PHOTOS = 5;

/**
 * @param {HTMLInputElement} input a file input inside the slot that adds photos; the slots of photos are put before it
 * @param {{words: Words, lang: string, told: HTMLElement, onPosition?: (position: {lat: number, lon: number}) => void, onChange?: () => void}} options
 */
export function photoPicker(input, { words, lang, told, onPosition, onChange }) {
  const add = /** @type {HTMLElement} */ (input.closest("label"));
  /** @type {{slot: HTMLElement, file: File, done: Promise<void>}[]} */
  let photos = [];

  input.addEventListener("change", () => {
    const chosen = [...(input.files || [])];
    const room = MAX_PHOTOS - photos.length;
    for (const file of chosen.slice(0, room)) take(file);
    input.value = "";
    tell(chosen.length > room ? words("photosTooMany") : "");
  });

  /**
   * @param {File} file
   * @param {boolean} [isReady] it was prepared before
   */
  function take(file, isReady = false) {
    const slot = document.createElement("div");
    slot.className = "photo-slot photo-slot--filled is-working";
    const image = document.createElement("img");
    image.src = URL.createObjectURL(file);
    image.addEventListener("error", () => {
      image.remove();
      slot.classList.add("is-unread");
      slot.prepend(file.name);
      tell();
    });
    const remove = document.createElement("button");
    remove.type = "button";
    remove.className = "photo-remove";
    remove.innerHTML = `<svg class="icon" aria-hidden="true"><use href="${icons}#close"></use></svg>`;
    slot.append(image, remove);
    add.before(slot);
    const photo = { slot, file, done: Promise.resolve() };
    photos.push(photo);
    remove.addEventListener("click", () => {
      const at = photos.indexOf(photo);
      photos = photos.filter((other) => other !== photo);
      slot.remove();
      URL.revokeObjectURL(image.src);
      name();
      tell();
      onChange?.();
      const next = photos[Math.min(at, photos.length - 1)];
      /** @type {HTMLElement} */ (next ? next.slot.querySelector("button") : input).focus();
    });
    const ready = isReady ? Promise.resolve({ file, position: null }) : prepared(file);
    photo.done = ready.then(({ file: small, position }) => {
      photo.file = small;
      slot.classList.remove("is-working");
      tell();
      if (!photos.includes(photo)) return;
      if (position) onPosition?.(position);
      if (!isReady) onChange?.();
    });
    name();
  }

  function name() {
    for (const [index, { slot }] of photos.entries()) {
      const number = index + 1;
      slot.querySelector("img")?.setAttribute("alt", words("photoAlt", { number }));
      slot.querySelector("button")?.setAttribute("aria-label", words("photoRemove", { number }));
    }
    add.hidden = photos.length >= MAX_PHOTOS;
  }

  /** @param {string} [more] */
  function tell(more = "") {
    const working = photos.some(({ slot }) => slot.classList.contains("is-working"));
    const bytes = photos.reduce((sum, { file }) => sum + file.size, 0);
    const size = fileSize(bytes, lang);
    const unread = photos.some(({ slot }) => slot.classList.contains("is-unread")) ? words("photoUnread") : "";
    const state = working
      ? words("photoWorking")
      : photos.length
        ? words("photosTold", { count: photos.length, size })
        : "";
    told.textContent = [more, state, unread].filter(Boolean).join(" ");
  }

  return {
    /**
     * Shows photos that were kept as they are to be sent.
     * @param {File[]} files
     */
    restore(files) {
      for (const file of files) take(file, true);
    },
    /** The photos as they will be sent, once all are ready. */
    async files() {
      await Promise.all(photos.map(({ done }) => done));
      return photos.map(({ file }) => file);
    },
  };
}
