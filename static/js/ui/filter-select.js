// @ts-check
// A long select with a search above it: only what matches is listed, whatever case and tone marks are typed.

/** @typedef {import("../lib/words.js").Words} Words */

/**
 * Text without case and tone marks ("Lý Văn Lâm" → "ly van lam"); the server's `fold` does the same.
 * @param {string} text
 */
export function fold(text) {
  return text
    .toLowerCase()
    .normalize("NFD")
    .replace(/[\u0300-\u036f]/g, "")
    .replaceAll("đ", "d");
}

/**
 * @param {HTMLSelectElement} select
 * @param {Words} words with searchBody, found
 */
export function filterSelect(select, words) {
  const options = [...select.options].filter((option) => option.value);
  if (options.length < 8) return;
  const search = document.createElement("input");
  search.type = "search";
  search.id = `${select.id}_search`;
  search.placeholder = words("searchBody");
  search.setAttribute("aria-label", words("searchBody"));
  search.setAttribute("aria-controls", select.id);
  search.autocomplete = "off";
  const found = document.createElement("p");
  found.className = "quiet small";
  found.setAttribute("role", "status");
  select.before(search, found);
  select.size = 7;
  for (const option of [...select.options]) if (!option.value) option.remove();
  search.addEventListener("input", () => {
    const asked = fold(search.value).split(/\s+/).filter(Boolean);
    const matching = options.filter((option) => {
      const name = fold(option.text);
      return asked.every((word) => name.includes(word));
    });
    const chosen = select.value;
    select.replaceChildren(...matching);
    select.value = matching.some((option) => option.value === chosen)
      ? chosen
      : matching.length === 1
        ? matching[0].value
        : "";
    found.textContent = asked.length ? words("found", { count: matching.length }) : "";
  });
  search.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") {
      event.preventDefault();
      if (select.selectedIndex < 0) select.selectedIndex = 0;
      select.focus();
    } else if (event.key === "Enter") event.preventDefault();
  });
}
