// @ts-check
// Where the phone is as somebody chooses a photo of the spot after the work: it counts where the photo itself does not say.
import { askPosition } from "./position.js";

/** @typedef {import("../lib/words.js").Words} Words */

/**
 * @param {HTMLFormElement} form with the file input `after` and the hidden fields lat, lon, accuracy
 * @param {Words} words
 */
export function proofPosition(form, words) {
  const field = (/** @type {string} */ name) => /** @type {HTMLInputElement | null} */ (form.elements.namedItem(name));
  const input = field("after");
  if (!input) return;
  const told = document.createElement("p");
  told.className = "small quiet";
  told.setAttribute("role", "status");
  input.after(told);
  input.addEventListener("change", async () => {
    if (!input.files?.length) return;
    try {
      const here = await askPosition(words);
      for (const [name, value] of [
        ["lat", here.lat.toFixed(7)],
        ["lon", here.lon.toFixed(7)],
        ["accuracy", String(here.accuracy)],
      ]) {
        const target = field(name);
        if (target) target.value = value;
      }
      told.textContent = words("proofHere", { metres: here.accuracy });
    } catch {
      told.textContent = words("proofNotHere");
    }
  });
}
