// @ts-check
// Says every few seconds that somebody looks at a report, and shows who else does. Where it cannot, nothing is shown and nothing stops.

/**
 * @param {HTMLElement} element with the address, the seconds and the token; its span shows the names
 * @param {{words: (key: string, values?: Record<string, any>) => string, lang: string}} of
 */
export function sayPresence(element, { words, lang }) {
  const address = element.dataset.address || "";
  const every = Number(element.dataset.every) * 1000;
  const shown = /** @type {HTMLElement} */ (element.querySelector("span"));
  const token =
    /** @type {HTMLInputElement | null} */ (element.querySelector("[name=csrfmiddlewaretoken]"))?.value || "";
  const list = new Intl.ListFormat(lang, { type: "conjunction" });
  let timer = 0;

  /** @param {Record<string, string>} values */
  function said(values) {
    const form = new FormData();
    for (const [name, value] of Object.entries({ csrfmiddlewaretoken: token, ...values })) form.set(name, value);
    return form;
  }

  async function beat() {
    clearTimeout(timer);
    if (document.hidden) return;
    try {
      const response = await fetch(address, {
        method: "POST",
        body: said({}),
        headers: { Accept: "application/json" },
      });
      if (response.ok && !response.redirected) {
        const { others } = await response.json();
        const text = others.length ? words("looks", { count: others.length, who: list.format(others) }) : "";
        if (shown.textContent !== text) shown.textContent = text; // a screen reader is told once
      }
    } catch {
      shown.textContent = "";
    }
    timer = setTimeout(beat, every);
  }

  document.addEventListener("visibilitychange", () => !document.hidden && beat());
  window.addEventListener("pagehide", () => navigator.sendBeacon(address, said({ leave: "1" })));
  beat();
}
