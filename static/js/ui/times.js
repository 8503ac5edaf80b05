// @ts-check
// Recent times become relative ("2 giờ trước"); the exact time stays in the title.
import { ago } from "../lib/format.js";

/**
 * @param {ParentNode} root
 * @param {string} lang
 */
export function tellTimes(root, lang) {
  const now = new Date();
  for (const element of root.querySelectorAll("time[data-ago]")) {
    const words = ago(new Date(element.getAttribute("datetime") || ""), now, lang);
    if (words) element.textContent = words;
  }
}
