// @ts-check
// What waits on this phone, said on every page of the desk, and sent whenever there is a chance.
import { all, sendAll } from "../lib/outbox.js";
import { wordsFrom } from "../lib/words.js";
import { lang } from "./page.js";
import { toast } from "./toast.js";

const EVERY_MS = 60_000;
const SOON_MS = [1_000, 3_000, 10_000]; // a line that is back often carries nothing in its first moments

/** @typedef {import("../lib/outbox.js").Outcome} Outcome */

const element = document.getElementById("outbox");

/** Sends and tells from now on; one a page, whoever imports it. Null where nobody has signed in. */
export const outbox = element && watch(element);

/** @param {HTMLElement} element holds the words, a text (.outbox-text) and a list of what was refused (.outbox-refused) */
function watch(element) {
  const words = wordsFrom(element.dataset, lang);
  const text = /** @type {HTMLElement} */ (element.querySelector(".outbox-text"));
  const refused = /** @type {HTMLElement} */ (element.querySelector(".outbox-refused"));
  const { user = "" } = element.dataset;

  async function tell() {
    const kept = (await all()).filter((one) => one.user === user);
    const waiting = kept.filter(({ state }) => state === "waiting").length;
    const wrong = kept.filter(({ state }) => state === "refused");
    element.hidden = !waiting && !wrong.length;
    text.textContent = waiting ? words("waits", { count: waiting }) : "";
    refused.replaceChildren(
      ...wrong.map((one) => {
        const item = document.createElement("li");
        const link = document.createElement("a");
        link.href = one.url;
        link.textContent = one.title;
        item.append(link, `: ${one.why || ""}`);
        return item;
      }),
    );
  }

  let missed = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let soon;

  async function attempt() {
    clearTimeout(soon);
    try {
      const { sent, left, offline } = await sendAll();
      missed = offline && left.length ? missed + 1 : 0;
      if (missed && navigator.onLine) soon = setTimeout(attempt, SOON_MS[missed - 1] ?? EVERY_MS);
      await tell();
      if (sent.length) toast(words("sent", { count: sent.length }));
      document.dispatchEvent(new CustomEvent("outbox", { detail: { sent } }));
    } catch {
      // No IndexedDB (a private window): nothing is kept here, nothing waits
    }
  }

  window.addEventListener("online", () => {
    missed = 0;
    attempt();
  });
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && attempt());
  setInterval(attempt, EVERY_MS);
  attempt();
  return { tell, attempt };
}
