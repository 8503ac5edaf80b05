// @ts-check
// What every entry needs of its page: its language, its words, its icons, its configuration.
import { wordsFrom } from "../lib/words.js";

/** The language of the page: "vi" or "en". */
export const lang = document.documentElement.lang || "vi";

/** Address of the icon sprite, hashed by the server. */
export const icons = document.documentElement.dataset.icons || "/static/icons.svg";

/**
 * The words in the data attributes of elements, later ones over earlier ones.
 * @param {...string} ids
 */
export function pageWords(...ids) {
  return wordsFrom(Object.assign({}, ...ids.map((id) => ({ ...document.getElementById(id)?.dataset }))), lang);
}

/**
 * What the view wrote with `json_script`; an empty object where it wrote nothing.
 * @param {string} id
 * @returns {any}
 */
export function pageConfig(id) {
  return JSON.parse(document.getElementById(id)?.textContent || "{}");
}
