// @ts-check
// The check boxes of the queue: one by one, a range with Shift, all of the page; kept while the rows are drawn anew.

/**
 * @param {{rows: HTMLElement, desk: HTMLElement, words: (key: string, values?: Record<string, any>) => string}} of
 */
export function tickBoxes({ rows, desk, words }) {
  const form = document.getElementById("bulk");
  const all = /** @type {HTMLInputElement | null} */ (document.getElementById("all"));
  const count = document.getElementById("bulk-count");
  const menu = /** @type {HTMLDetailsElement | null} */ (document.getElementById("bulk-more"));
  const ticking = document.getElementById("ticking");
  const nothing = count?.textContent || "";
  /** @type {string | null} */
  let last = null;

  const boxes = () => /** @type {HTMLInputElement[]} */ ([...rows.querySelectorAll(".queue-tick input")]);
  const ticked = () => boxes().filter((box) => box.checked);
  const codeOf = (/** @type {HTMLElement} */ box) =>
    /** @type {HTMLElement | null} */ (box.closest("[data-code]"))?.dataset.code || null;

  function tell() {
    const number = ticked().length;
    form?.classList.toggle("has-chosen", number > 0);
    if (all) {
      all.checked = number > 0 && number === boxes().length;
      all.indeterminate = number > 0 && number < boxes().length;
    }
    if (count) count.textContent = number ? words("chosen", { count: number }) : nothing;
    for (const button of form?.querySelectorAll("button") || []) button.disabled = !number;
  }

  rows.addEventListener("click", (event) => {
    const box = event.target;
    if (!(box instanceof HTMLInputElement) || !box.closest(".queue-tick")) return;
    const from = boxes().findIndex((other) => codeOf(other) === last);
    if (event.shiftKey && from >= 0) {
      const to = boxes().indexOf(box);
      for (const other of boxes().slice(Math.min(from, to), Math.max(from, to) + 1)) other.checked = box.checked;
    }
    last = codeOf(box);
    tell();
  });
  all?.addEventListener("change", () => {
    for (const box of boxes()) box.checked = all.checked;
    tell();
  });
  ticking?.addEventListener("click", () => {
    const on = desk.classList.toggle("is-ticking");
    ticking.setAttribute("aria-pressed", String(on));
    if (!on) clear();
  });
  menu?.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    menu.open = false;
    menu.querySelector("summary")?.focus();
  });
  document.addEventListener("click", (event) => {
    if (menu?.open && !menu.contains(/** @type {Node} */ (event.target))) menu.open = false;
  });
  window.addEventListener("pageshow", tell); // the browser keeps ticks when somebody comes back

  function clear() {
    for (const box of boxes()) box.checked = false;
    last = null;
    tell();
  }

  tell();
  return {
    clear,
    count: () => ticked().length,

    /** @param {HTMLElement | undefined} row */
    toggle(row) {
      const box = /** @type {HTMLInputElement | null | undefined} */ (row?.querySelector(".queue-tick input"));
      if (box) box.click();
    },

    openMenu() {
      if (!menu || !ticked().length) return;
      menu.open = true;
      /** @type {HTMLElement | null} */ (menu.querySelector(".bulk-menu button"))?.focus();
    },

    /**
     * Keeps the ticks while something draws the rows anew.
     * @param {() => void} draw
     */
    keep(draw) {
      const codes = new Set(ticked().map(codeOf));
      draw();
      for (const box of boxes()) box.checked = codes.has(codeOf(box));
      tell();
    },
  };
}
